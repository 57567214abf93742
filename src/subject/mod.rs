//! A virtual person who sees pictures: for trying everything without a headset. Always simulated, and said so.
//!
//! | file | holds |
//! |---|---|
//! | `params`, `strength` | what can be asked for; levels beside recorded people |
//! | `sequence` | the random sequences of a session |
//! | `schedule` | which picture is shown when |
//! | `anatomy`, `forward`, `noise` | a person's own, physics of the head, shapes of noise |
//! | `background`, `artefacts`, `evoked` | what the brain does by itself, what disturbs, what a picture does |
//! | `attention` | looking for a picture on a page of flashes |
//! | `person` | all of it together, sample by sample |
//!
//! The signal is the same bits for the same parameters, whatever the pace. How it becomes a source:
//! [`crate::source::simulator`].

mod anatomy;
mod artefacts;
pub mod attention;
mod background;
pub mod evoked;
mod forward;
mod noise;
pub mod params;
mod person;
pub mod schedule;
mod sequence;
pub mod strength;

pub use attention::{Wanted, Wish};
pub use params::{SimParams, Speed};
pub use person::{Event, PRESENTED, VirtualSubject};
pub use schedule::{Schedule, Trial};
pub use strength::DEFAULT_SNR_DB;
