//! What a run is doing, and the words for it: the same in the window, in the terminal and in JSON documents.

use super::words::duration;
use crate::source::{LostWhy, SourceKind};

/// What the pipeline as a whole is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RunState {
    /// Nothing is connected.
    #[default]
    Idle,
    /// The source is not there yet, and is looked for until told to stop.
    Searching {
        /// Since when, in seconds on the program's clock.
        since_secs: f64,
        /// What is looked for.
        what: String,
        /// What else is there, and what to do; empty at first.
        hint: String,
    },
    /// Connecting to the source.
    Connecting,
    /// Signal flows.
    Running,
    /// The connection stands, but nothing comes.
    Stalled {
        /// When the last sample came, in seconds on the program's clock; when it was connected where none ever came.
        since_secs: f64,
        /// Whether a sample ever came.
        ever: bool,
    },
    /// The source is gone and is being sought.
    SourceLost {
        /// Since when, in seconds on the program's clock.
        since_secs: f64,
        /// Why, as far as it can tell.
        why: LostWhy,
    },
    /// The source was gone, answers again, and is being connected.
    Reconnecting {
        /// Since when it is gone, in seconds on the program's clock.
        since_secs: f64,
    },
    /// The recording is over, or the run was stopped.
    Ended,
    /// It cannot go on; the message says why and what to do.
    Failed {
        /// For the person in front of the screen.
        message: String,
        /// The command line's exit code for it.
        exit_code: u8,
    },
}

impl RunState {
    /// Whether a source is connected: signal flows, or would if the source were well.
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Running | Self::Stalled { .. }) || self.is_away()
    }

    /// Since when it is so, in seconds on the program's clock, where the state itself tells.
    pub fn since_secs(&self) -> Option<f64> {
        match self {
            Self::Searching { since_secs, .. }
            | Self::Stalled { since_secs, .. }
            | Self::SourceLost { since_secs, .. }
            | Self::Reconnecting { since_secs } => Some(*since_secs),
            Self::Idle | Self::Connecting | Self::Running | Self::Ended | Self::Failed { .. } => {
                None
            }
        }
    }

    /// Whether the source was there and is gone.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::SourceLost { .. } | Self::Reconnecting { .. })
    }
}

/// The state in a few words; `now_secs` is the time on the program's clock.
pub fn short(run: &RunState, now_secs: f64) -> String {
    let ago = |since_secs: &f64| duration(now_secs - since_secs);
    match run {
        RunState::Idle => "No source connected".into(),
        RunState::Searching { since_secs, .. } => format!("Searching for {}", ago(since_secs)),
        RunState::Connecting => "Connecting…".into(),
        RunState::Running => "Streaming".into(),
        RunState::Stalled { since_secs, ever: true } => format!("Stalled for {}", ago(since_secs)),
        RunState::Stalled { since_secs, ever: false } => {
            format!("Connected for {}, nothing comes", ago(since_secs))
        }
        RunState::SourceLost { since_secs, .. } => {
            format!("Source lost {} ago, looking for it", ago(since_secs))
        }
        RunState::Reconnecting { since_secs } => {
            format!("Reconnecting, was away for {}", ago(since_secs))
        }
        RunState::Ended => "Ended".into(),
        RunState::Failed { .. } => "Stopped by an error".into(),
    }
}

/// What happened and what to do; `None` while all is well. `kind` is the source's, where it is known.
pub fn what_to_do(run: &RunState, kind: Option<SourceKind>, now_secs: f64) -> Option<String> {
    let ago = |since_secs: &f64| duration(now_secs - since_secs);
    Some(match run {
        RunState::Idle | RunState::Running => return None,
        RunState::Searching { since_secs, what, hint } => {
            let looked = ago(since_secs);
            format!(
                "Looking for an {what}, for {looked} now. It is connected as soon as it is there. {hint}"
            )
        }
        RunState::Connecting => "Connecting to the source. This can take some seconds.".into(),
        RunState::Stalled { since_secs, ever } => {
            let since = ago(since_secs);
            let what = if *ever {
                format!("No samples for {since}, although the connection stands.")
            } else {
                format!("Connected {since} ago, but no samples have come.")
            };
            format!("{what} {}", when_silent(kind))
        }
        RunState::SourceLost { since_secs, why } => {
            let (ago, why) = (ago(since_secs), why_words(*why, kind));
            format!(
                "The source was lost {ago} ago{why}; it is looked for until it is back. {}",
                when_lost(kind)
            )
        }
        RunState::Reconnecting { since_secs } => {
            let away = ago(since_secs);
            format!(
                "The source answers again after {away} and is being connected. The gap is marked, and the filters settle \
                 before anything is decoded."
            )
        }
        RunState::Ended => "The run has ended. What is shown is the last of it.".into(),
        RunState::Failed { message, .. } => message.clone(),
    })
}

/// The state's name in JSON documents.
pub fn key(run: &RunState) -> &'static str {
    match run {
        RunState::Idle => "idle",
        RunState::Searching { .. } => "searching",
        RunState::Connecting => "connecting",
        RunState::Running => "streaming",
        RunState::Stalled { .. } => "stalled",
        RunState::SourceLost { .. } => "lost",
        RunState::Reconnecting { .. } => "reconnecting",
        RunState::Ended => "ended",
        RunState::Failed { .. } => "failed",
    }
}

fn why_words(why: LostWhy, kind: Option<SourceKind>) -> &'static str {
    match (why, kind) {
        (LostWhy::Closed, Some(SourceKind::Lsl)) => ": its program ended or stopped sending",
        (LostWhy::Closed, _) => ": the connection was closed",
        (LostWhy::Silent, _) => ": it does not answer any more",
        (LostWhy::Unknown, _) => "",
    }
}

fn when_silent(kind: Option<SourceKind>) -> &'static str {
    match kind {
        Some(SourceKind::Lsl) => {
            "Look at the program that sends it: is it paused, and is the headset behind it on?"
        }
        Some(SourceKind::Brainflow) => {
            "Is the board on and in reach? Check its power, its battery and its distance."
        }
        _ => "Check that it is on and in reach.",
    }
}

fn when_lost(kind: Option<SourceKind>) -> &'static str {
    match kind {
        Some(SourceKind::Lsl) => "Start the program that sends it again, or check the network.",
        Some(SourceKind::Brainflow) => {
            "Check its power, its battery, its distance, and that the dongle is plugged in."
        }
        _ => "Check its power and its connection.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_says_since_when_and_what_to_do() {
        let states = [
            RunState::Searching {
                since_secs: 1.0,
                what: "LSL stream with x".into(),
                hint: "Do.".into(),
            },
            RunState::Connecting,
            RunState::Stalled { since_secs: 1.0, ever: true },
            RunState::Stalled { since_secs: 1.0, ever: false },
            RunState::SourceLost { since_secs: 1.0, why: LostWhy::Closed },
            RunState::Reconnecting { since_secs: 1.0 },
        ];
        let mut keys = std::collections::BTreeSet::new();
        for run in &states {
            keys.insert(key(run));
            let text = what_to_do(run, Some(SourceKind::Lsl), 8.5).unwrap();
            assert!(text.ends_with(['.', '?']) && !text.contains("  "), "{text}");
            if run.since_secs().is_some() {
                assert!(text.contains("7 s") && short(run, 8.5).contains("7 s"), "{text}");
            }
        }
        assert_eq!(keys.len(), 5);
        assert_eq!(what_to_do(&RunState::Running, None, 0.0), None);
    }
}
