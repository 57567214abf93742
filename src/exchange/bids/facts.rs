//! What a data set says of a recording that the recording does not.

/// Facts that recordings seldom carry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Frequency of the mains, in Hz.
    pub mains_hz: Option<f64>,
    /// Reference electrodes.
    pub reference: Option<String>,
}
