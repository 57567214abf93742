//! What temperatures are where a fit says itself how surely it answers: a law of the number of trials.
//!
//! Found on simulated development wearers by `benches/peers/answer_law.py`; see [`ROWS`].

use crate::pack::answers::Temperature;

/// Temperatures by the number of trials: k, told, remembered. At these, encoders that this program fitted to one and to four
/// sessions of wearers 2101–2110 surprised least on later sessions, at the strengths `demo` and `published`. Beyond the last
/// row nothing was looked at, and it is said.
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
