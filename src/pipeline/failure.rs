//! How a run ends: what it came to, or what went wrong.

use super::kept::PValues;
use crate::snapshot::{Percentiles, Snapshot};

/// A run that is over.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The last snapshot.
    pub snapshot: Snapshot,
    /// Seconds from the first sample to the end.
    pub seconds: f64,
    /// Pictures per second over the whole run.
    pub images_per_s: f64,
    /// p-values of all decodes that had one.
    pub p_values: PValues,
    /// p-values of the shown picture.
    pub p_shown: PValues,
    /// SHA-256 over every embedding, window number and stimulus, in order.
    pub decode_hash: String,
    /// From [`super::Pipeline::start`] to the first picture.
    pub first_picture_secs: Option<f64>,
    /// From a sample's own time stamp to the end of the filters, in milliseconds; the worst of each pass.
    /// `None` where that was not measured.
    pub sample_to_filtered: Option<Percentiles>,
    /// Processor time of acquisition and filtering as a share of one core.
    pub acquire_and_filter_cpu_share: Option<f64>,
    /// What went wrong while stopping, if anything.
    pub failure: Option<RunFailure>,
}

/// Something that went wrong in a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFailure {
    /// In plain words.
    pub message: String,
    /// The command line's exit code for it.
    pub exit_code: u8,
}
