//! A session without a window: the virtual subject sits before a virtual display.
//!
//! Every run is a run of the pipeline of its own, recorded as any other. What the subject sees is what the presenter
//! shows: the same object that works in the window, before a display that misses no refresh. Nothing else could be held
//! without a window: nobody would see the pictures.

use std::sync::Arc;
use std::time::Duration;

use super::session::Session;
use crate::pipeline::{Pipeline, Recording, RunConfig, RunFailure, WindowMode};
use crate::present::presenter::{on_virtual_display, run_secs, screen_capacity};
use crate::signal::Screen;
use crate::snapshot::RunState;
use crate::source::SourceSpec;
use crate::study::error::PersonalError;
use crate::study::folder::Held;
use crate::time::clock::Clock;

/// Exit code of a session that somebody stopped: neither a file nor a source is at fault.
const STOPPED: u8 = 1;

/// How often it is looked whether a run is over.
const POLL: Duration = Duration::from_millis(10);

/// Whether a source can be used without a window: only the virtual subject sees a virtual display.
pub fn can_hold(spec: &SourceSpec) -> bool {
    matches!(spec, SourceSpec::Sim(_))
}

/// Holds every run of a session with the source of `config`; `on_progress` gets a share, and says false to stop.
///
/// # Errors
/// [`PersonalError::Sessions`] for a source that fails, [`PersonalError::Output`] for a recording that does.
pub fn hold(
    session: &Session,
    config: &RunConfig,
    mut on_progress: impl FnMut(f64) -> bool,
) -> Result<Held, PersonalError> {
    let SourceSpec::Sim(parameters) = &config.spec else {
        return Err(PersonalError::Unexpected("nobody sees a virtual display".into()));
    };
    let all: f64 = session.plan.runs.iter().map(|run| run_secs(run, on_secs(session))).sum();
    let (mut held, mut before) = (Held::default(), 0.0);
    for (i, run) in session.plan.runs.iter().enumerate() {
        let secs = run_secs(run, on_secs(session));
        let screen = Arc::new(Screen::new(screen_capacity(run)));
        screen.set_open(true);
        let mut parameters = parameters.clone();
        parameters.insert("seconds".into(), format!("{secs:.3}"));
        // Another noise in every run of every session, the same person.
        let seed = session.plan.seed.wrapping_add(i as u64) % 1_000_000_007;
        parameters.insert("seed".into(), seed.to_string());
        let config = RunConfig {
            spec: SourceSpec::Sim(parameters.clone()),
            record: Some(Recording::to(session.recording(i))),
            mode: WindowMode::Locked,
            twin: false,
            screen: Some(screen.clone()),
            ..config.clone()
        };
        let is_offline = parameters.get("speed").is_some_and(|speed| speed == "max");
        let start_secs = if is_offline { 0.0 } else { Clock::system().now_secs() };
        let log = on_virtual_display(run, &session.ids, on_secs(session), start_secs, &screen);
        hold_run(config, &mut |share| on_progress((before + share * secs) / all), secs)?;
        if screen.dropped() > 0 {
            let why = format!("{} markers of run {} found no room", screen.dropped(), i + 1);
            return Err(PersonalError::Unexpected(why));
        }
        session.write_timing(i, &log)?;
        held.timing.extend(log);
        before += secs;
    }
    Ok(held)
}

fn on_secs(session: &Session) -> f64 {
    session.protocol.timing.on_secs
}

fn hold_run(
    config: RunConfig,
    on_progress: &mut dyn FnMut(f64) -> bool,
    secs: f64,
) -> Result<(), PersonalError> {
    let rate_hz = |pipeline: &Pipeline| pipeline.snapshot().source.map_or(f64::MAX, |s| s.rate_hz);
    let pipeline = Pipeline::start(config, Vec::new());
    let mut stopped = false;
    loop {
        let snapshot = pipeline.snapshot();
        if matches!(snapshot.run, RunState::Ended | RunState::Failed { .. }) || stopped {
            break;
        }
        let done = snapshot.received as f64 / rate_hz(&pipeline);
        stopped = !on_progress((done / secs).min(1.0));
        std::thread::sleep(POLL);
    }
    let report = pipeline.stop();
    let lost = report.snapshot.dropped_in_rings;
    match report.failure {
        Some(failure) => Err(PersonalError::Run(failure)),
        None if stopped => Err(PersonalError::Run(RunFailure {
            message: "the session was stopped; what was recorded until then is whole".into(),
            exit_code: STOPPED,
        })),
        None if lost > 0 => Err(PersonalError::Output(format!(
            "this computer lost {lost} frames of the recording. Close other programs, or use speed=1"
        ))),
        None => Ok(()),
    }
}
