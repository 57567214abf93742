//! Cleaning: artefact subspaces as asrpy finds them, interpolation as MNE does it, the same for any cutting into blocks,
//! nothing invented, nothing allocated.

mod asr;
mod signal;
