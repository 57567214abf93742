//! What temperatures are where a fit says itself how surely it answers: a law of the number of trials.
//!
//! Found on simulated development wearers by `benches/peers/answer_law.py`; see [`ROWS`].

use crate::pack::answers::Temperature;

/// Temperatures by the number of trials: k, told, remembered. Found with encoders that this program fitted to wearers
/// 2101–2110, on later sessions. At the strength `published` the shown picture surprised least at 1.19 up to twenty looks and
/// 1.09 from forty after one session, at 1.09 and 1.00 after four. That was before the noise's covariance was enlarged for the
/// few trials that it comes from, by about 1.10 and 1.03: the rows are what is left. At the strength `demo` it was 1.41 at
/// one look and 1.30 at two and three; the wearer's own factor finds what of that the law leaves out. Beyond the last row nothing was
/// looked at, and it is said.
const ROWS: [(u32, f64, f64); 8] = [
    (1, 1.05, 1.0),
    (2, 1.05, 1.0),
    (3, 1.05, 1.0),
    (5, 1.05, 1.0),
    (10, 1.05, 1.0),
    (20, 1.05, 1.0),
    (40, 1.02, 1.0),
    (80, 1.00, 1.0),
];

/// The law for a wearer whose temperatures are so many times as high. Of what lies beyond the told pictures "something
/// else" is judged as those are, and never more sharply than the model says.
pub(super) fn temperatures(factor: f64) -> Vec<Temperature> {
    let row = |(k, told, remembered): (u32, f64, f64)| Temperature {
        k,
        told: told * factor,
        remembered: remembered * factor,
        open: (told * factor).max(1.0),
    };
    ROWS.map(row).to_vec()
}
