//! What an XDF file holds, once it is read: streams with their stamps, values and clock offsets.

use std::ops::Range;

use super::header::{FileHeader, Footer, StreamHeader};
use super::samples::Values;
use crate::formats::recording::StampFaults;
use crate::time::offsets::ClockOffset;
use crate::time::stretches::Jump;

/// A stream of a file.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Number in the file.
    pub id: u32,
    /// What its first chunk says of it.
    pub header: StreamHeader,
    /// One stamp per sample, in seconds.
    pub stamps: Vec<f64>,
    /// `[samples, channels]`, row-major.
    pub values: Values,
    /// Measurements of its clock, in order.
    pub clock_offsets: Vec<ClockOffset>,
    /// What the recorder says it wrote.
    pub footer: Option<Footer>,
    /// Runs of samples between breaks in the stamps; one run when the stamps were not looked at.
    pub segments: Vec<Range<usize>>,
    /// Runs of samples between resets of the stream's clock; empty when it was not synchronised.
    pub clock_segments: Vec<Range<usize>>,
    /// Measured rate in Hz; zero where it cannot be measured.
    pub effective_rate_hz: f64,
    /// Drift of its clock against the recorder's in parts per million, and how far single offsets lie from the line through
    /// them (standard deviation, in seconds); zero where nothing was measured.
    pub clock_drift_ppm: f64,
    /// See [`Stream::clock_drift_ppm`].
    pub clock_error_secs: f64,
    /// What was wrong with its stamps.
    pub stamp_faults: StampFaults,
    /// Where the sender's clock stepped back; what lies behind was moved on.
    pub steps_back: Vec<Jump>,
    /// True for events whose clock has no second in common with the signal's: their times mean nothing beside it.
    pub is_apart: bool,
}

/// A chunk of samples in the order of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// Counts all chunks of samples.
    pub number: usize,
    /// Samples of its stream before it.
    pub first_sample: usize,
}

/// A file in memory.
#[derive(Clone, Debug, Default)]
pub struct XdfFile {
    /// What the file says of itself.
    pub header: FileHeader,
    /// Its streams, in order of appearance.
    pub streams: Vec<Stream>,
    /// What was wrong and how it was dealt with.
    pub warnings: Vec<String>,
    /// True when the file ends inside a chunk, as after a crash of the recorder.
    pub cut: bool,
    /// Chunks of each stream, in the order in which they arrived.
    pub(super) arrivals: Vec<Vec<Arrival>>,
}
