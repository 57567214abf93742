//! The rules: what an electrode's features mean, in a verdict and a reason.
//!
//! Takes [`Features`] twice, as they were in the last two seconds (*recent*) and over the last four seconds
//! (*steady*), both medians over half-overlapping seconds; gives [`Verdict`] and [`Reason`]. Pure: no memory, no time, no
//! rate. What makes an electrode unusable is judged by the recent ones, so that a lost contact shows at once; what only asks
//! for care by the steady ones, so that a blink or a clenched jaw does not. The first rule that holds decides, and they stand
//! in the order of what must be mended first.
//!
//! Where the thresholds come from stands with each. How often they are right was counted by `tests/live/quality.rs` on
//! recordings of people, with faults put on one electrode after the other: 26 s pieces of three SSVEP sessions (8 wet
//! electrodes, 256 Hz), a P300 session (17, 128 Hz), 13 runs with four dry electrodes (256 Hz) and a BDF of 8 channels. Share of
//! verdicts that give this reason, six seconds after the fault and later:
//!
//! | Fault | SSVEP | P300 | dry | BDF |
//! |---|---|---|---|---|
//! | off: 1.5 mV of hum, or a level that walks 1.5 or 5 mV a second | 100 % | 100 % | 100 % | 100 % |
//! | off: a walk of 0.5 mV a second (else *drift*: none was called good) | 7 % | 7 % | 7 % | 8 % |
//! | railed | 100 % | 100 % | 100 % | 100 % |
//! | line noise of 5 / 10 / 20 / 100 µV | 1 / 94 / 100 / 100 % | 28 / 91 / 98 / 100 % | 46 / 96 / 99 / 100 % | 48 / 92 / 100 / 100 % |
//! | drift of 300 / 450 / 800 µV in 4 to 8 s | 0 / 100 / 100 % | 0 / 100 / 100 % | 1 / 90 / 96 % | 2 / 100 / 100 % |
//! | muscle of 8 / 12 / 20 / 80 µV | 4 / 93 / 100 / 100 % | 0 / 78 / 99 / 100 % | 25 / 100 / 100 / 100 % | 0 / 100 / 100 / 100 % |
//! | flat: noise of 0.02 / 0.3 µV | 100 / 100 % | 100 / 100 % | 100 / 100 % | 100 / 100 % |
//! | bridged: 80 / 95 / 100 % of the signal shared | 57 / 100 / 100 % | 11 / 90 / 100 % | 2 / 74 / 77 % | 18 / 90 / 100 % |
//!
//! False alarms on electrodes with nothing put on them: 0.1 %, 0.2 % and 0 % of verdicts; 24 % with the dry ones, of which two
//! hum with 10 to 50 µV in half the runs. A fault on one electrode never changed the verdict on another. The simulated wearer,
//! at 125, 250 and 1000 Hz: none.

/// Less than an amplifier's own noise: the input gives nothing. (PREP, Bigdely-Shamlo et al. 2015, calls a channel flat below
/// 10⁻⁹ µV; a real input that is shorted or switched off still shows its converter's last bits.)
pub const FLAT_UV: f32 = 0.1;
/// EEG is oddly quiet below this: an electrode on the reference, or an input at its noise floor.
pub const QUIET_UV: f32 = 0.5;
/// Above this there is more than EEG: awake and at rest its standard deviation is 5 to 30 µV, so that ±100 µV, the usual limit
/// of epochs, is two deviations.
pub const LOUD_UV: f32 = 50.0;
/// Above this there is no EEG to be seen: four times the usual limit of epochs.
pub const BAD_UV: f32 = 200.0;
/// Mains of this share of the power below 100 Hz: more of the room than of the brain.
pub const LINE_SHARE: f32 = 0.5;
/// Mains below this do no harm, whatever their share: the notch takes them out, and the amplifier's own noise is as large.
pub const LINE_UV: f32 = 3.0;
/// Mains as large as this come from an input that floats: body and cable couple to the room through some picofarads
/// (Huhta & Webster 1973), which gives microvolts through a good contact and millivolts through none. Below it hum asks for
/// care only, whatever its share: dry electrodes with 60 to 370 µV of it still show blinks and alpha behind the notch
/// (OpenBCI's own sample recordings).
pub const FLOATING_LINE_UV: f32 = 500.0;
/// Slope of log power over log frequency from 7 to 75 Hz above which a signal is muscle. Of the recordings of people who were
/// paralysed, none was flatter (Fitzgibbon et al. 2016; the limit of RELAX, Bailey et al. 2023).
pub const MUSCLE_SLOPE: f32 = -0.31;
/// As flat, and larger than this in 20–75 Hz: muscle, not the amplifier's noise. EEG itself has 1 to 3 µV there.
pub const MUSCLE_UV: f32 = 8.0;
/// Muscle over which no EEG can be seen.
pub const BAD_MUSCLE_UV: f32 = 40.0;
/// How far the level may wander in eight seconds. Sweat and settling electrodes move by tens of µV (Picton & Hillyard 1972;
/// Kappenman & Luck 2010); the high-pass takes out what is slow, not what this comes with.
pub const DRIFT_UV: f32 = 300.0;
/// A level that wanders as far as this belongs to an input without a skin: offsets of Ag/AgCl on skin are of this size in all.
pub const OFF_DRIFT_UV: f32 = 10_000.0;
/// Temporal variance of the difference of two electrodes, µV², below which a gel bridge may join them: the electrical
/// distance of Tenke & Kayser 2001, with the limit of EEGLAB's eBridge (Alschuler et al. 2014; MNE-Python looks up to 16).
pub const BRIDGE_UV2: f32 = 5.0;
/// The same in parts of what both have: of quiet EEG alone 5 µV² would be half. A bridge leaves only the amplifiers' noise.
pub const BRIDGE_SHARE: f32 = 0.01;
/// Impedance up to which a contact is good: the vendor's own program calls so its dry electrodes (OpenBCI GUI, Cyton impedance, default
/// limits). With gel less is usual (5 kΩ by clinical guidelines, 10 to 20 kΩ by vendors of caps), but amplifiers of today do not need it.
pub const GOOD_KOHM: f32 = 750.0;
/// Impedance above which there is no contact, by the same.
pub const BAD_KOHM: f32 = 2500.0;

/// A verdict on one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Not known yet.
    #[default]
    Unknown,
    /// Looks like EEG.
    Good,
    /// Usable with care.
    Fair,
    /// Not usable.
    Bad,
}

/// Why an electrode is not good, in the order of what must be mended first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// At the end of the amplifier's range.
    Railed,
    /// Not connected: drifts far, swings wildly, or picks up nothing but the room.
    Off,
    /// Gives nothing.
    Flat,
    /// Muscle, or noise that looks like it.
    Muscle,
    /// Hum of the mains.
    LineNoise,
    /// A wandering level, or movement.
    Drift,
    /// Shows what another electrode shows: gel joins them, or they touch.
    Copy,
    /// Its impedance was measured, and is high.
    Impedance,
}

/// What is known of one electrode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features {
    /// Standard deviation after notch and band-pass, µV; not a number where the signal is not.
    pub std_uv: f32,
    /// Root mean square of the raw signal at the mains' frequency ± 1 Hz, µV.
    pub mains_uv: f32,
    /// Its share of the raw power in 1–100 Hz, or up to half the rate.
    pub mains_share: f32,
    /// Root mean square in 20–75 Hz without the mains, µV, from the mean density of what the rate can hold of that band.
    pub fast_uv: f32,
    /// Slope of log power over log frequency in 7–75 Hz, without the mains, or of what the rate can hold.
    pub slope: f32,
    /// How far the level has wandered, µV, from its 10th to its 90th percentile.
    pub drift_uv: f32,
    /// At the end of the amplifier's range within the last second.
    pub railed: bool,
    /// Another electrode showed the same in most of the last comparisons.
    pub copy: bool,
    /// Impedance, where it was measured, kΩ.
    pub impedance_kohm: Option<f32>,
}

impl Default for Features {
    /// Those of an electrode of which nothing bad is known.
    fn default() -> Self {
        Self {
            std_uv: 10.0,
            mains_uv: 0.0,
            mains_share: 0.0,
            fast_uv: 0.0,
            slope: -1.0,
            drift_uv: 0.0,
            railed: false,
            copy: false,
            impedance_kohm: None,
        }
    }
}

/// The verdict, and the reason where it is not good.
pub fn judge(recent: &Features, steady: &Features) -> (Verdict, Option<Reason>) {
    if let Some(reason) = unusable(recent) {
        return (Verdict::Bad, Some(reason));
    }
    match doubtful(steady) {
        Some(reason) => (Verdict::Fair, Some(reason)),
        None => (Verdict::Good, None),
    }
}

/// Why nothing can be made of it.
fn unusable(f: &Features) -> Option<Reason> {
    if f.railed {
        return Some(Reason::Railed);
    }
    // Hum first: behind the notch an electrode that hears nothing else looks flat.
    if f.mains_uv > FLOATING_LINE_UV && f.mains_share > LINE_SHARE {
        return Some(Reason::Off);
    }
    if !f.std_uv.is_finite() || f.drift_uv > OFF_DRIFT_UV {
        return Some(Reason::Off);
    }
    if f.std_uv < FLAT_UV {
        return Some(Reason::Flat);
    }
    if is_muscle(f) && f.fast_uv > BAD_MUSCLE_UV {
        return Some(Reason::Muscle);
    }
    if f.std_uv > BAD_UV {
        return Some(Reason::Off);
    }
    f.impedance_kohm.is_some_and(|kohm| kohm > BAD_KOHM).then_some(Reason::Impedance)
}

/// Why it asks for care.
fn doubtful(f: &Features) -> Option<Reason> {
    if f.std_uv < QUIET_UV {
        return Some(Reason::Flat);
    }
    if is_muscle(f) {
        return Some(Reason::Muscle);
    }
    if f.mains_share > LINE_SHARE && f.mains_uv > LINE_UV {
        return Some(Reason::LineNoise);
    }
    if f.std_uv > LOUD_UV || f.drift_uv > DRIFT_UV {
        return Some(Reason::Drift);
    }
    if f.copy {
        return Some(Reason::Copy);
    }
    f.impedance_kohm.is_some_and(|kohm| kohm > GOOD_KOHM).then_some(Reason::Impedance)
}

fn is_muscle(f: &Features) -> bool {
    f.slope > MUSCLE_SLOPE && f.fast_uv > MUSCLE_UV
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(change: impl Fn(&mut Features)) -> (Verdict, Option<Reason>) {
        let mut features = Features::default();
        change(&mut features);
        judge(&features, &features)
    }

    #[test]
    fn each_rule_has_its_verdict_and_reason() {
        use Reason::*;
        let (good, fair, bad) = (Verdict::Good, Verdict::Fair, Verdict::Bad);
        let hum = |uv, share| move |f: &mut Features| (f.mains_uv, f.mains_share) = (uv, share);
        let fast = |uv, slope| move |f: &mut Features| (f.fast_uv, f.slope) = (uv, slope);
        assert_eq!(said(|_| ()), (good, None));
        assert_eq!(said(|f| f.railed = true), (bad, Some(Railed)));
        assert_eq!(said(hum(600.0, 0.99)), (bad, Some(Off)));
        assert_eq!(said(hum(300.0, 0.99)), (fair, Some(LineNoise)));
        assert_eq!(said(hum(2.0, 0.9)), (good, None), "too small to matter");
        assert_eq!(said(hum(20.0, 0.4)), (good, None), "less than the brain's");
        assert_eq!(said(|f| f.std_uv = 0.05), (bad, Some(Flat)));
        assert_eq!(said(|f| f.std_uv = 0.3), (fair, Some(Flat)));
        assert_eq!(said(|f| f.std_uv = 80.0), (fair, Some(Drift)));
        assert_eq!(said(|f| f.std_uv = 300.0), (bad, Some(Off)));
        assert_eq!(said(|f| f.std_uv = f32::NAN), (bad, Some(Off)));
        assert_eq!(said(|f| f.drift_uv = 500.0), (fair, Some(Drift)));
        assert_eq!(said(|f| f.drift_uv = 20_000.0), (bad, Some(Off)));
        assert_eq!(said(fast(12.0, 0.0)), (fair, Some(Muscle)));
        assert_eq!(said(fast(60.0, 0.0)), (bad, Some(Muscle)));
        assert_eq!(said(fast(12.0, -1.0)), (good, None), "falls as the brain's does");
        assert_eq!(said(fast(5.0, 0.0)), (good, None), "the amplifier's noise");
        assert_eq!(said(|f| f.copy = true), (fair, Some(Copy)));
        assert_eq!(said(|f| f.impedance_kohm = Some(12.0)), (good, None));
        assert_eq!(said(|f| f.impedance_kohm = Some(900.0)), (fair, Some(Impedance)));
        assert_eq!(said(|f| f.impedance_kohm = Some(2600.0)), (bad, Some(Impedance)));
    }

    #[test]
    fn a_moment_makes_bad_and_only_what_lasts_makes_fair() {
        let loud = Features { std_uv: 120.0, ..Features::default() };
        let calm = Features::default();
        assert_eq!(judge(&loud, &calm), (Verdict::Good, None));
        assert_eq!(judge(&calm, &loud), (Verdict::Fair, Some(Reason::Drift)));
        let gone = Features { std_uv: 0.0, ..Features::default() };
        assert_eq!(judge(&gone, &calm), (Verdict::Bad, Some(Reason::Flat)));
        assert_eq!(judge(&calm, &gone), (Verdict::Fair, Some(Reason::Flat)));
    }
}
