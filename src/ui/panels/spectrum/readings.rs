//! What a spectrum says in words: the alpha rhythm, and the hum of the mains.
//!
//! Pure: a density in µV²/Hz in, figures out.

use crate::dsp::bands::{ALPHA, bins_of};

/// Where alpha is compared with what lies beside it, Hz.
const FLANKS_HZ: [[f64; 2]; 2] = [[5.0, 7.0], [14.0, 17.0]];

/// A rhythm, or a hum, stands out from this many dB on: in spectra of noise averaged over 8 s, one in a hundred does by
/// chance (tests/vectors/spectrum/chance.py).
pub const STANDS_OUT_DB: f64 = 5.0;

/// Mains frequencies.
const MAINS_HZ: [f64; 2] = [50.0, 60.0];

/// How far beside the mains its neighbours begin and end, Hz.
const BESIDE_HZ: [f64; 2] = [2.0, 6.0];

/// The highest point in the alpha band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Where, Hz.
    pub hz: f64,
    /// How high, µV²/Hz.
    pub density: f64,
    /// Above what lies beside it, dB.
    pub above_db: f64,
}

/// The alpha peak against its flanks (mean of 5–7 and 14–17 Hz), if the density reaches so far.
pub fn alpha(density: &[f32], bin_hz: f64) -> Option<Peak> {
    let bins = bins_of([ALPHA.hz[0], ALPHA.hz[1] + bin_hz / 2.0], bin_hz, density.len());
    let at = bins.max_by(|a, b| density[*a].total_cmp(&density[*b]))?;
    let beside = FLANKS_HZ.map(|flank| mean(density, bin_hz, flank));
    peak(density, bin_hz, at, 0.5 * (beside[0]? + beside[1]?))
}

/// The stronger of 50 and 60 Hz against its neighbours 2–6 Hz beside it.
pub fn mains(density: &[f32], bin_hz: f64) -> Option<Peak> {
    let at_one = |hz: f64| {
        let bins = bins_of([hz - 1.0, hz + 1.0 + bin_hz / 2.0], bin_hz, density.len());
        let at = bins.max_by(|a, b| density[*a].total_cmp(&density[*b]))?;
        let [from, to] = BESIDE_HZ;
        let beside = [[hz - to, hz - from], [hz + from, hz + to]].map(|f| mean(density, bin_hz, f));
        peak(density, bin_hz, at, 0.5 * (beside[0]? + beside[1]?))
    };
    let found = MAINS_HZ.into_iter().filter_map(at_one);
    found.max_by(|a, b| a.above_db.total_cmp(&b.above_db))
}

fn peak(density: &[f32], bin_hz: f64, at: usize, beside: f64) -> Option<Peak> {
    let height = f64::from(density[at]);
    let above_db = 10.0 * (height / beside).log10();
    above_db.is_finite().then_some(Peak { hz: at as f64 * bin_hz, density: height, above_db })
}

fn mean(density: &[f32], bin_hz: f64, hz: [f64; 2]) -> Option<f64> {
    let bins = bins_of(hz, bin_hz, density.len());
    let count = bins.len() as f64;
    let sum: f64 = density[bins].iter().map(|v| f64::from(*v)).sum();
    (count > 0.0).then_some(sum / count)
}

/// A density in a few words.
pub fn density_words(density: f64) -> String {
    match density {
        d if !d.is_finite() => "–".into(),
        d if (0.01..1000.0).contains(&d) => format!("{d:.2} µV²/Hz"),
        d => format!("{d:.1e} µV²/Hz"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rhythm_and_hum_are_found_where_they_are_and_nothing_where_nothing_is() {
        // 1/f from 0 to 100 Hz in steps of 0.5 Hz, alpha at 10.5 Hz, hum at 50 Hz.
        let mut density: Vec<f32> = (0..=200).map(|i| 10.0 / (0.5 * i as f32).max(0.5)).collect();
        let alpha_now = alpha(&density, 0.5).unwrap();
        assert!(alpha_now.above_db < STANDS_OUT_DB, "{alpha_now:?}");
        assert!(mains(&density, 0.5).unwrap().above_db < STANDS_OUT_DB);
        density[21] = 20.0;
        density[100] = 40.0;
        let peak = alpha(&density, 0.5).unwrap();
        assert_eq!((peak.hz, peak.density), (10.5, 20.0));
        assert!(peak.above_db > 10.0);
        let hum = mains(&density, 0.5).unwrap();
        assert_eq!((hum.hz, hum.above_db > 20.0), (50.0, true));
        density[120] = 4000.0;
        assert_eq!(mains(&density, 0.5).unwrap().hz, 60.0);
        assert_eq!(mains(&density[..90], 0.5), None, "it does not reach so far");
        assert_eq!(alpha(&[], 0.5), None);
        assert_eq!(alpha(&[f32::NAN; 300], 0.5), None);
    }
}
