//! Wires the stages together: the only module that spawns threads.
//!
//! ```text
//! acquire ─ ring ─► process ─ slot ─► decode ─► Snapshot
//!    └───── ring ─► record       └─ ring ─► traces
//! ```
//!
//! [`Pipeline::start`] returns at once; connecting and loading happen on the threads and show in the
//! [`crate::snapshot::Snapshot`]. [`Pipeline::stop`] ends the source, lets every stage drain, and joins
//! every thread. A source that waits for nobody runs through [`offline`], the same stages on one thread.

use std::path::PathBuf;
use std::sync::Arc;

use crate::decode::Steadying;
use crate::signal::{Screen, StimulusSet};
use crate::source::SourceSpec;
use crate::source::file::Transport;

pub mod acquire;
pub mod background;
pub mod calibration;
pub mod class_pack;
pub mod contract;
pub mod decoding;
pub mod epochs;
pub mod evaluation;
pub mod handle;
pub mod labelled;
pub mod ledger;
pub mod offline;
pub mod personal;
pub mod population;
pub mod process;
pub mod provenance;
pub mod record;
pub mod scores;
pub mod sessions;
pub mod shared;
pub mod sources;
mod threads;

pub use decoding::{DecodeSink, RunFacts};
pub use handle::{Pipeline, RunReport};

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
    /// Changes how pictures follow one another.
    SetSteadying(Steadying),
    /// Starts recording.
    StartRecording(Recording),
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

/// What a run records.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// The file, which must not exist.
    pub path: PathBuf,
    /// Other sources that go into it beside the run's own, each from when it is there.
    pub also: Vec<SourceSpec>,
}

impl Recording {
    /// Of the run's own source alone.
    pub fn to(path: PathBuf) -> Self {
        Self { path, also: Vec::new() }
    }
}

/// What to run.
#[derive(Clone, Debug)]
pub struct RunConfig {
    /// Where the signal comes from.
    pub spec: SourceSpec,
    /// Folder of the model pack; without one there are traces and recordings, but no decoding.
    pub pack: Option<PathBuf>,
    /// Personal encoder in place of the pack's.
    pub encoder: Option<PathBuf>,
    /// Seed of the generator's noise and of the null.
    pub seed: u64,
    /// Steps of the generator; the pack's own number when `None`.
    pub steps: Option<u32>,
    /// Which windows to decode.
    pub mode: WindowMode,
    /// Whether the null twin runs.
    pub twin: bool,
    /// How pictures follow one another.
    pub steadying: Steadying,
    /// Threads that ONNX Runtime may use within one graph.
    pub inference_threads: usize,
    /// Whether someone draws traces.
    pub traces: bool,
    /// Start recording at once.
    pub record: Option<Recording>,
    /// The controls of a replay; with them a recording waits for the decoder, so that every window is decoded.
    pub transport: Option<Arc<Transport>>,
    /// The pictures that can be shown; the bundled ones when `None`.
    pub stimuli: Option<Arc<StimulusSet>>,
    /// What a presenter shows: seen by the virtual subject, told in every source's markers.
    pub screen: Option<Arc<Screen>>,
}

impl RunConfig {
    /// The pictures that can be shown.
    pub fn stimuli(&self) -> Arc<StimulusSet> {
        self.stimuli.clone().unwrap_or_else(sources::stimuli)
    }
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            spec: SourceSpec::Sim(crate::source::spec::Parameters::new()),
            pack: None,
            encoder: None,
            seed: 1,
            steps: None,
            mode: WindowMode::Auto,
            twin: true,
            steadying: Steadying::default(),
            inference_threads: 2,
            traces: false,
            record: None,
            transport: None,
            stimuli: None,
            screen: None,
        }
    }
}
