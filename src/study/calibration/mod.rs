//! A calibration session on disk and how it is held: plan, runs, fit, score.
//!
//! ```text
//! calibration/sub-01/ses-01/
//!   protocol.toml                                  what is shown when, seed, hashes of pictures and pack
//!   sub-01_ses-01_task-calib_run-01.xdf            signal, markers and decodes of a training run
//!   sub-01_ses-01_task-calib_run-01_timing.csv     when every trial was due and when it was seen
//!   sub-01_ses-01_task-test_run-01.xdf             a run with pictures that no training run shows
//!   stimuli/                                       pictures of the user's own, with their embeddings
//!   held.json                                      timing of all runs, display, attention task
//!   encoder.onnx  fit.toml                         the personal encoder, and how it was made
//!   evaluation.json  report.html                   what it is worth
//! ```
//!
//! | file | does |
//! |---|---|
//! | `session` | the plan, names, `protocol.toml`, timing tables |
//! | `headless` | holds every run with the virtual subject before a virtual display |
//! | `conclude` | fits, scores, writes |
//! | `pictures` | pictures of the user's own, embedded |
//! | `worth` | what so many minutes buy, said before they are given |
//! | `report` | gathers what the page shows |

pub mod conclude;
pub mod headless;
pub mod pictures;
pub mod report;
mod session;
pub mod worth;

pub use crate::study::folder::{Display, Held};
pub use session::{MOST_EARLIER, Session};
