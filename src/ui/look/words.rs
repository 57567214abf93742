//! Numbers and states in plain words, each in one place so that every panel says the same.

use std::path::Path;

use crate::pipeline::WindowMode;
pub use crate::snapshot::words::{
    beyond, chance, count, duration, looks, p_value, percent, reason, scope, share, title,
};
use crate::snapshot::{PackState, QualityVerdict, RecordingState, RunState, Snapshot, states};
use crate::source::SourceKind;
use crate::ui::scene::Scene;

/// What the program does and does not do: always on screen.
pub const HONEST_LINE: &str =
    "Reconstructs images seen during calibrated viewing. It does not read thoughts.";

/// The state of the run in a few words.
pub fn run_words(snapshot: &Snapshot, now_secs: f64) -> String {
    states::short(&snapshot.run, now_secs)
}

/// The kind of source in words.
pub fn kind_words(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Sim => "Simulated headset",
        SourceKind::Lsl => "LSL stream",
        SourceKind::Brainflow => "BrainFlow board",
        SourceKind::File => "Recording",
    }
}

/// A verdict in one word.
pub fn verdict_words(verdict: QualityVerdict) -> &'static str {
    match verdict {
        QualityVerdict::Good => "good",
        QualityVerdict::Fair => "fair",
        QualityVerdict::Bad => "bad",
        QualityVerdict::Unknown => "not known yet",
    }
}

/// Milliseconds, or a dash where nothing was measured.
pub fn millis(ms: f32) -> String {
    match ms {
        ms if !ms.is_finite() || ms == 0.0 => "–".into(),
        ms if ms < 10.0 => format!("{ms:.1}"),
        ms => format!("{ms:.0}"),
    }
}

/// The end of a path, short enough for one line.
pub fn short_path(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

/// Why the reconstruction square is empty, and what to do; for when there was no decode yet.
pub fn why_no_picture_yet(scene: &Scene<'_>) -> String {
    let snapshot = scene.snapshot;
    match (&snapshot.pack, &snapshot.run) {
        (PackState::None, _) => "No model pack. Choose its folder under Connect.".into(),
        (PackState::Loading, _) => "Loading the model pack…".into(),
        (PackState::Refused(_), _) => "The model pack was refused. See the message above.".into(),
        (PackState::Ready(_), RunState::Running) if never_locks(scene) => {
            "No picture onsets: this source sends no markers. Press M for free-running.".into()
        }
        (PackState::Ready(_), RunState::Running) => "Waiting for the first window…".into(),
        (PackState::Ready(_), RunState::Searching { .. }) => {
            "The source is not there yet. See the message above.".into()
        }
        (PackState::Ready(_), run) if run.is_connected() => {
            "No decode yet: nothing comes from the source. See the message above.".into()
        }
        (PackState::Ready(_), _) => "No decode in this run.".into(),
    }
}

/// Locked to onsets that will never come.
fn never_locks(scene: &Scene<'_>) -> bool {
    scene.view.mode == WindowMode::Locked
        && scene.snapshot.source.as_ref().is_some_and(|source| !source.has_markers)
}

/// The recording light's text.
pub fn recording_words(state: &RecordingState, rate_hz: f64) -> Option<String> {
    match state {
        RecordingState::On { path, frames, also, .. } => {
            let time =
                if rate_hz > 0.0 { duration(*frames as f64 / rate_hz) } else { "–".into() };
            let beside = match also.len() {
                0 => String::new(),
                1 => " · 1 stream beside".into(),
                several => format!(" · {several} streams beside"),
            };
            Some(format!("{time} · {} frames{beside} · {}", count(*frames), short_path(path)))
        }
        RecordingState::Off | RecordingState::Failed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(duration(8.9), "8 s");
        assert_eq!(duration(125.0), "2 min 05 s");
        assert_eq!(duration(3725.0), "1 h 02 min");
        assert_eq!(duration(f64::NAN), "0 s");
        assert_eq!(millis(0.0), "–");
        assert_eq!(millis(3.24), "3.2");
        assert_eq!(percent(0.025), "2.5 %");
    }
}
