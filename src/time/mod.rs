//! Everything about time in one place: the clock, and when each sample was really taken.
//!
//! | file | question |
//! |---|---|
//! | [`clock`] | what time is it now? The only place that reads it |
//! | [`arrival`] | how far is a device's own clock from ours, seen through delays? |
//! | [`counted`] | when was a frame of a device that counts its packages taken, and what is missing before it? |
//! | [`gaps`] | what is missing where nobody counts, by the sender's stamps alone? |
//! | [`health`] | how well does a stream keep time: rate, jitter, drift, chunks, loss of the last minute? |
//! | [`offsets`] | how does a recorded stream's clock run against the recorder's? |
//! | [`silence`] | how long may a stream be silent before that is odd? |
//! | [`stretches`] | where do a recording's stamps go on, where is something missing, and when was each sample taken? |
//! | [`mod@line`] | which straight line do stamps lie on? |
//!
//! All of it is arithmetic on seconds (`f64`) and counts; nothing here knows a device, a file or a stream, and what the
//! live path uses allocates nothing.

pub mod arrival;
pub mod clock;
pub mod counted;
pub mod gaps;
pub mod health;
pub mod line;
pub mod offsets;
pub mod silence;
pub mod stretches;
