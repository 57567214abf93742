//! How numbers are worked on fast: on all cores, and eight matrices at a time. Knows nothing of what the numbers mean.

pub mod beside;
pub mod lockstep;
pub mod workers;
