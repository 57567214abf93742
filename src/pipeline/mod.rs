//! Wires the stages together: the only module that spawns threads.
//!
//! ```text
//! acquire ─ ring ─► process ─ slot ─► decode ─► Snapshot
//!    └───── ring ─► record       └─ ring ─► traces
//! ```
//!
//! [`Pipeline::start`] returns at once; connecting and loading happen on the threads and show in the
//! [`Snapshot`]. [`Pipeline::stop`] ends the source, lets every stage drain, joins every thread.
//! [`run_offline`] runs the same stages on one thread, as fast as possible, with the same bits out.

pub mod record;

use std::path::PathBuf;
use std::sync::Arc;

use crate::hop::ring::FrameConsumer;
use crate::snapshot::Snapshot;
use crate::source::SourceSpec;
use crate::units::SampleRate;

/// Which windows the decoder gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowMode {
    /// Locked to picture onsets where the source has markers, free-running otherwise.
    #[default]
    Auto,
    /// One window per picture onset.
    Locked,
    /// The newest stretch of signal, as often as the decoder is free.
    Free,
}

/// The filter of the traces on screen. It never touches what the decoder sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DisplayFilter {
    /// High-pass corner in Hz; 0 is off.
    pub high_pass_hz: f64,
    /// Low-pass corner in Hz; 0 is off.
    pub low_pass_hz: f64,
    /// Mains notch in Hz; 0 is off.
    pub notch_hz: f64,
}

impl Default for DisplayFilter {
    fn default() -> Self {
        Self { high_pass_hz: 0.5, low_pass_hz: 40.0, notch_hz: 50.0 }
    }
}

/// What a viewer may ask of a running pipeline.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Changes the filter of the traces on screen.
    SetDisplayFilter(DisplayFilter),
    /// Changes which windows are decoded.
    SetMode(WindowMode),
    /// Changes the generator's steps; refused with a notice when the pack does not allow them.
    SetSteps(u32),
    /// Switches the null twin on or off.
    SetTwin(bool),
    /// Starts recording into this file, which must not exist.
    StartRecording(PathBuf),
    /// Ends the recording.
    StopRecording,
    /// Says when a picture reached the screen: window number and seconds on the program's clock.
    PictureShown {
        /// Number of the window.
        window: u64,
        /// Seconds on the program's clock.
        at_secs: f64,
    },
}
