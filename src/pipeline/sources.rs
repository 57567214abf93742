//! Makes the source that was asked for, on the thread that will own it, and the clock that goes with it.

use std::sync::Arc;

use super::RunConfig;
use crate::clock::Clock;
use crate::native::{self, Library};
use crate::signal::{Screen, StimulusSet};
use crate::source::brainflow::BrainflowSource;
use crate::source::faulty::{Faults, FaultySource};
use crate::source::file::{FileSource, Speed};
use crate::source::lsl::LslSource;
use crate::source::presented::PresentedSource;
use crate::source::simulator::{SimParams, SimulatedSource};
use crate::source::{Source, SourceError, SourceSpec};

/// Makes a source. Opens nothing yet: that is the source's own `prepare`.
///
/// # Errors
/// [`SourceError::BadSpec`] for parameters that cannot be, [`SourceError::Library`] for a missing library.
pub fn make(spec: &SourceSpec, speed: Speed) -> Result<Box<dyn Source>, SourceError> {
    Ok(match spec {
        SourceSpec::Sim(parameters) => {
            Box::new(SimulatedSource::new(SimParams::from_parameters(parameters)?, stimuli()))
        }
        SourceSpec::Lsl(parameters) => Box::new(LslSource::new(parameters)?),
        SourceSpec::Brainflow { board, parameters } => {
            Box::new(BrainflowSource::new(board, parameters)?)
        }
        SourceSpec::File(path) => Box::new(FileSource::new(path.clone()).with_speed(speed)),
        SourceSpec::Faulty { parameters, inner } => {
            Box::new(FaultySource::new(make(inner, speed)?, Faults::from_parameters(parameters)?))
        }
    })
}

/// As [`make`] in real time, or under the controls of a replay.
///
/// # Errors
/// As [`make`].
pub fn make_for(config: &RunConfig) -> Result<Box<dyn Source>, SourceError> {
    let source: Box<dyn Source> = match (&config.spec, &config.transport, &config.screen) {
        (SourceSpec::File(path), Some(transport), _) => {
            Box::new(FileSource::new(path.clone()).with_transport(transport.clone()))
        }
        (spec, _, Some(screen)) => seeing(spec, screen, &config.stimuli())?,
        (spec, _, None) => make(spec, Speed::Times(1.0))?,
    };
    Ok(match &config.screen {
        Some(screen) => Box::new(PresentedSource::new(source, screen.clone())),
        None => source,
    })
}

/// As [`make`] in real time, with a virtual subject, also one behind faults, before this screen.
fn seeing(
    spec: &SourceSpec,
    screen: &Arc<Screen>,
    stimuli: &Arc<StimulusSet>,
) -> Result<Box<dyn Source>, SourceError> {
    Ok(match spec {
        SourceSpec::Sim(parameters) => {
            let params = SimParams::from_parameters(parameters)?;
            let subject = SimulatedSource::new(params, stimuli.clone());
            Box::new(subject.with_screen(screen.clone()))
        }
        SourceSpec::Faulty { parameters, inner } => {
            let faults = Faults::from_parameters(parameters)?;
            Box::new(FaultySource::new(seeing(inner, screen, stimuli)?, faults))
        }
        other => make(other, Speed::Times(1.0))?,
    })
}

/// Whether a source makes its own time instead of living in ours.
pub fn makes_own_time(spec: &SourceSpec) -> bool {
    match spec {
        SourceSpec::Sim(parameters) => parameters.get("speed").is_some_and(|speed| speed != "1"),
        SourceSpec::Faulty { inner, .. } => makes_own_time(inner),
        SourceSpec::File(_) => true,
        SourceSpec::Lsl(_) | SourceSpec::Brainflow { .. } => false,
    }
}

/// Why nobody behind this source can be shown pictures in a window, if so.
pub fn cannot_see(spec: &SourceSpec) -> Option<String> {
    match spec {
        SourceSpec::File(_) => {
            Some("a recording cannot look at pictures: connect a headset".into())
        }
        SourceSpec::Faulty { inner, .. } => cannot_see(inner),
        SourceSpec::Sim(_) => makes_own_time(spec).then(|| {
            "this virtual subject lives at another speed than the window: leave speed away".into()
        }),
        SourceSpec::Lsl(_) | SourceSpec::Brainflow { .. } => None,
    }
}

/// The bundled pictures. A test proves that they can be read; a damaged build shows none and says so.
pub fn stimuli() -> Arc<StimulusSet> {
    let set = StimulusSet::bundled();
    Arc::new(
        set.inspect_err(|e| tracing::error!("the bundled pictures cannot be used: {e}"))
            .unwrap_or_default(),
    )
}

/// The clock for a source: LSL's own where the signal comes from LSL, the system's otherwise. On Linux the
/// two are the same.
///
/// # Errors
/// [`SourceError::Library`] when the source needs liblsl and it cannot be loaded.
pub fn clock_for(spec: &SourceSpec) -> Result<Clock, SourceError> {
    match spec {
        SourceSpec::Lsl(_) => lsl_clock(),
        SourceSpec::Faulty { inner, .. } => clock_for(inner),
        _ => Ok(Clock::system()),
    }
}

/// LSL's local clock; loads liblsl.
///
/// # Errors
/// [`SourceError::Library`] when liblsl cannot be loaded.
pub fn lsl_clock() -> Result<Clock, SourceError> {
    crate::source::lsl::ensure_loaded()?;
    Ok(crate::source::lsl::lsl_clock().unwrap_or_else(Clock::system))
}

/// Where ONNX Runtime is.
///
/// # Errors
/// A message that says where it was sought and how to get it.
pub fn onnx_runtime() -> Result<std::path::PathBuf, String> {
    native::find(Library::OnnxRuntime).map(|found| found.path).map_err(|e| e.to_string())
}

/// The command line's exit code for a source's error.
pub fn exit_code_of(error: &SourceError) -> u8 {
    match error {
        SourceError::BadSpec { .. } => 2,
        SourceError::File(_) => 6,
        _ => 3,
    }
}
