//! Makes the source that was asked for, on the thread that will own it, in order ([`super::orderly`]), and the clock that
//! goes with it.

use std::sync::Arc;

use crate::signal::{Screen, StimulusSet};
use crate::source::brainflow::BrainflowSource;
use crate::source::faulty::{Faults, FaultySource};
use crate::source::file::{FileSource, Speed};
use crate::source::lsl::{self, LslSource, Sought};
use crate::source::orderly::OrderlySource;
use crate::source::simulator::SimulatedSource;
use crate::source::{Source, SourceError, SourceSpec};
use crate::subject::SimParams;
use crate::time::clock::Clock;

/// Makes a source, in order; a virtual subject looks at these pictures. Opens nothing yet: that is the source's own
/// `prepare`.
///
/// # Errors
/// [`SourceError::BadSpec`] for parameters that cannot be, [`SourceError::Library`] for a missing library.
pub fn source(
    spec: &SourceSpec,
    speed: Speed,
    stimuli: &Arc<StimulusSet>,
) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(OrderlySource::new(bare(spec, speed, stimuli, None)?)))
}

/// Looks for a source that may not be there yet, see [`lsl::seek`]; one that is no LSL stream is not looked for, and its
/// own `prepare` says whether it is there.
///
/// # Errors
/// As [`lsl::seek`].
pub fn seek(
    spec: &SourceSpec,
    clock: &Clock,
    patience_secs: f64,
    go_on: &mut dyn FnMut(Option<Sought>) -> bool,
) -> Result<bool, SourceError> {
    match spec {
        SourceSpec::Lsl(parameters) => lsl::seek(parameters, clock, patience_secs, go_on),
        SourceSpec::Faulty { inner, .. } => seek(inner, clock, patience_secs, go_on),
        SourceSpec::Sim(_) | SourceSpec::Brainflow { .. } | SourceSpec::File(_) => Ok(true),
    }
}

/// As [`source`] in real time, with a virtual subject, also one behind faults, before this screen.
///
/// # Errors
/// As [`source`].
pub fn seeing(
    spec: &SourceSpec,
    screen: &Arc<Screen>,
    stimuli: &Arc<StimulusSet>,
) -> Result<Box<dyn Source>, SourceError> {
    let seen = bare(spec, Speed::Times(1.0), stimuli, Some(screen))?;
    Ok(Box::new(OrderlySource::new(seen)))
}

/// The source as the device gives it, faults and all.
fn bare(
    spec: &SourceSpec,
    speed: Speed,
    stimuli: &Arc<StimulusSet>,
    screen: Option<&Arc<Screen>>,
) -> Result<Box<dyn Source>, SourceError> {
    Ok(match spec {
        SourceSpec::Sim(parameters) => {
            let params = SimParams::from_parameters(parameters)?;
            let subject = SimulatedSource::new(params, stimuli.clone());
            Box::new(match screen {
                Some(screen) => subject.with_screen(screen.clone()),
                None => subject,
            })
        }
        SourceSpec::Lsl(parameters) => Box::new(LslSource::new(parameters)?),
        SourceSpec::Brainflow { board, parameters } => {
            Box::new(BrainflowSource::new(board, parameters)?)
        }
        SourceSpec::File(path) => Box::new(FileSource::new(path.clone()).with_speed(speed)),
        SourceSpec::Faulty { parameters, inner } => {
            let faults = Faults::from_parameters(parameters)?;
            Box::new(FaultySource::new(bare(inner, speed, stimuli, screen)?, faults))
        }
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
