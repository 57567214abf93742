//! What to run: source, pack, and how.

use std::path::PathBuf;
use std::sync::Arc;

use crate::decode::{Showing, Steadying};
use crate::dsp::display::DisplayDesign;
use crate::signal::{Screen, StimulusSet};
use crate::source::file::{FileSource, Speed, Transport};
use crate::source::mounted::{MountedSource, Mounting};
use crate::source::presented::PresentedSource;
use crate::source::{Source, SourceError, SourceSpec, make};
use crate::units::SampleRate;

use super::cleaning::Cleaning;
use super::finding::FindConfig;

/// How long an LSL stream is looked for when nothing else is said, in seconds: time to start the program that sends it.
pub const PATIENCE_SECS: f64 = 10.0;

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

impl DisplayFilter {
    /// Designs it for a rate.
    ///
    /// # Errors
    /// Why it cannot be built, in plain words.
    pub fn design(self, rate: SampleRate) -> Result<DisplayDesign, String> {
        DisplayDesign::new(self.high_pass_hz, self.low_pass_hz, self.notch_hz, rate)
            .map_err(|e| format!("this display filter cannot be built: {e}"))
    }
}

impl Default for DisplayFilter {
    fn default() -> Self {
        Self { high_pass_hz: 0.5, low_pass_hz: 40.0, notch_hz: 50.0 }
    }
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
    /// Which electrodes its channels are.
    pub montage: Mounting,
    /// Folder of the model pack; without one there are traces and recordings, but no decoding.
    pub pack: Option<PathBuf>,
    /// Personal encoder in place of the pack's.
    pub encoder: Option<PathBuf>,
    /// Looks for a picture by attention, in place of the pack.
    pub find: Option<Arc<FindConfig>>,
    /// Seed of the generator's noise and of the null.
    pub seed: u64,
    /// Steps of the generator; the pack's own number when `None`.
    pub steps: Option<u32>,
    /// What is cleaned before the decoder sees it.
    pub cleaning: Cleaning,
    /// Which windows to decode.
    pub mode: WindowMode,
    /// Whether the null twin runs.
    pub twin: bool,
    /// How pictures follow one another.
    pub steadying: Steadying,
    /// What is painted.
    pub showing: Showing,
    /// Feeds the null twin with the window itself, to see that the control's test finds it.
    pub planted_leak: bool,
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
    /// How long to look for an LSL stream that is not there yet, in seconds; infinite: until the run is stopped. A
    /// `timeout` of the source's own is stronger.
    pub patience_secs: f64,
    /// What a presenter shows: seen by the virtual subject, told in every source's markers.
    pub screen: Option<Arc<Screen>>,
}

impl RunConfig {
    /// The pictures that can be shown.
    pub fn stimuli(&self) -> Arc<StimulusSet> {
        self.stimuli.clone().unwrap_or_else(StimulusSet::bundled_or_none)
    }

    /// A source under the names of its electrodes.
    pub fn mounted(&self, source: Box<dyn Source>) -> Box<dyn Source> {
        Box::new(MountedSource::new(source, self.montage.clone()))
    }

    /// Makes the source in real time, or under the controls of a replay, or before a presenter's screen.
    ///
    /// # Errors
    /// As [`make::source`].
    pub fn make_source(&self) -> Result<Box<dyn Source>, SourceError> {
        let source: Box<dyn Source> = match (&self.spec, &self.transport, &self.screen) {
            (SourceSpec::File(path), Some(transport), _) => {
                Box::new(FileSource::new(path.clone()).with_transport(transport.clone()))
            }
            (spec, _, Some(screen)) => make::seeing(spec, screen, &self.stimuli())?,
            (spec, _, None) => make::source(spec, Speed::Times(1.0), &self.stimuli())?,
        };
        let source = self.mounted(source);
        Ok(match &self.screen {
            Some(screen) => Box::new(PresentedSource::new(source, screen.clone())),
            None => source,
        })
    }
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            spec: SourceSpec::Sim(crate::source::spec::Parameters::new()),
            montage: Mounting::ByLabel,
            pack: None,
            encoder: None,
            find: None,
            seed: 1,
            steps: None,
            cleaning: Cleaning::default(),
            mode: WindowMode::Auto,
            twin: true,
            steadying: Steadying::default(),
            showing: Showing::default(),
            planted_leak: false,
            inference_threads: 2,
            traces: false,
            record: None,
            transport: None,
            stimuli: None,
            patience_secs: PATIENCE_SECS,
            screen: None,
        }
    }
}
