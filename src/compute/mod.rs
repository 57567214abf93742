//! How numbers are worked on fast: on all cores, eight matrices at a time, in large pages. Knows nothing of what the numbers mean.

pub mod beside;
pub mod lockstep;
pub mod pages;
pub mod workers;
