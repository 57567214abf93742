//! Where decodes go besides the screen.

use crate::snapshot::DecodeView;
use crate::source::{SourceInfo, SourceKind};

/// What a sink learns before the first decode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunFacts {
    /// The signal does not come from a person.
    pub simulated: bool,
    /// Nominal rate of the source.
    pub rate_hz: f64,
    /// Whether frames are stamped with the time at which they were taken just now, not long ago.
    pub stamps_are_live: bool,
}

impl RunFacts {
    /// What a source's description says.
    pub fn of(info: &SourceInfo) -> Self {
        Self {
            simulated: info.simulated,
            rate_hz: info.rate.hz(),
            stamps_are_live: info.kind != SourceKind::File,
        }
    }
}

/// Gets every decode, in order, on the decode thread.
pub trait DecodeSink: Send {
    /// The run begins.
    fn begin(&mut self, run: &RunFacts);

    /// One decode, abstentions included.
    ///
    /// # Errors
    /// Whatever keeps the decode from being stored, in plain words; the run then ends with exit code 5.
    fn decode(&mut self, decode: &DecodeView) -> Result<(), String>;

    /// The run is over.
    ///
    /// # Errors
    /// As for `decode`.
    fn finish(&mut self) -> Result<(), String>;
}
