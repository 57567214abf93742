//! The classical bands of EEG, and how much power lies in each.
//!
//! Takes a power density `[bins]`, µV²/Hz; gives µV² for each band. Limits after the IFCN's recommendations (Babiloni et
//! al. 2020, Clin. Neurophysiol. 131:285), gamma only up to 45 Hz: above lie mains and muscle.

/// A band: its lower limit belongs to it, its upper one to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Its name.
    pub name: &'static str,
    /// Its limits, Hz.
    pub hz: [f64; 2],
}

/// Number of bands.
pub const COUNT: usize = 5;

/// The bands, lowest first; they touch one another.
pub const BANDS: [Band; COUNT] = [
    Band { name: "delta", hz: [0.5, 4.0] },
    Band { name: "theta", hz: [4.0, 8.0] },
    Band { name: "alpha", hz: [8.0, 13.0] },
    Band { name: "beta", hz: [13.0, 30.0] },
    Band { name: "gamma", hz: [30.0, 45.0] },
];

/// The band of [`BANDS`] called alpha.
pub const ALPHA: Band = BANDS[2];

/// The bins of a density that lie from `low` up to but without `high`, of `bins` bins.
pub fn bins_of([low_hz, high_hz]: [f64; 2], bin_hz: f64, bins: usize) -> std::ops::Range<usize> {
    // A hair of room, so that a bin that should lie exactly on an edge does.
    let at = |hz: f64| (hz / bin_hz - 1e-9).ceil().max(0.0) as usize;
    let end = at(high_hz).min(bins);
    at(low_hz).min(end)..end
}

/// Power of every band, µV²: the sum of its bins times their distance. A band of which no bin is given has NaN.
pub fn powers(density: &[f32], bin_hz: f64) -> [f64; COUNT] {
    BANDS.map(|band| {
        let bins = bins_of(band.hz, bin_hz, density.len());
        match bins.is_empty() {
            true => f64::NAN,
            false => density[bins].iter().map(|v| f64::from(*v)).sum::<f64>() * bin_hz,
        }
    })
}

/// Each band's share of the power of all bands, 0–1; bands that are not known count as nothing.
pub fn shares(powers: [f64; COUNT]) -> [f64; COUNT] {
    let all: f64 = powers.iter().filter(|power| power.is_finite()).sum();
    powers.map(|power| power / all)
}

#[cfg(test)]
mod tests {
    use super::super::spectrum::tests::vectors;
    use super::*;

    #[test]
    fn powers_are_those_of_numpy_over_scipys_density() {
        for case in vectors().welch {
            let density: Vec<f32> = case.density.iter().map(|v| *v as f32).collect();
            let got = powers(&density, case.rate_hz / case.length as f64);
            for (got, expected) in got.iter().zip(case.bands) {
                assert!((got - expected).abs() < 1e-6 * expected, "{got} for {expected}");
            }
            assert!((shares(got).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_wave_lies_in_its_band_and_a_band_beyond_the_density_is_not_known() {
        let mut density = vec![0.0_f32; 21];
        density[10] = 3.0;
        let got = powers(&density, 1.0);
        assert_eq!(got[..4], [0.0, 0.0, 3.0, 0.0]);
        assert!(got[4].is_nan());
        assert_eq!(shares(got)[2], 1.0);
        assert_eq!(bins_of([8.0, 13.0], 1.0, 21), 8..13);
    }
}
