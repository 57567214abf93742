//! Electrode positions and maps between montages.

/// Electrode positions by 10-05 name.
#[derive(Clone, Debug, Default)]
pub struct Montage;
