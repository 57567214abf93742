//! What is shown when: a protocol (what the user asks for) and the plan made of it (every trial).
//!
//! ```text
//! calibration/*.toml ─► Protocol ─► plan ─► check ─► presenter
//! ```
//!
//! A plan divides pictures once and for all: those for training are never shown in a test run and the other way round,
//! and test runs come last. Within a run every picture comes once in each cycle, in a new random order. [`mod@check`]
//! looks at any plan, however it was made, and gives the reasons why a score on it would mean nothing.

pub mod check;
mod plan;

use serde::{Deserialize, Serialize};

pub use check::check;
pub use plan::{Plan, PlannedRun, PlannedTrial, Role, plan};

/// Largest protocol file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// A session may last at most so long, in seconds: two hours.
const MAX_SECS: f64 = 7200.0;

/// Changes of the picture per second above which a warning about photosensitive epilepsy is due (WCAG 2.2, 2.3.1).
pub const FLASHES_PER_SEC: f64 = 3.0;

/// What the user asks for.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// 1.
    pub schema: u32,
    /// What reports and held sessions call it.
    pub name: String,
    /// Which pictures.
    pub pictures: PicturesSpec,
    /// How often.
    pub runs: RunsSpec,
    /// How fast.
    pub timing: TimingSpec,
    /// The task that keeps the viewer awake.
    pub attention: AttentionSpec,
    /// Seed of every random choice.
    pub seed: u64,
}

/// Which pictures.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PicturesSpec {
    /// Shown in test runs only.
    pub held_out: usize,
}

/// How often.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RunsSpec {
    /// Runs to fit to.
    pub training: usize,
    /// Runs to score on, afterwards.
    pub test: usize,
    /// How often every picture is shown in a training run.
    pub training_cycles: usize,
    /// How often every held-out picture is shown in a test run.
    pub test_cycles: usize,
    /// Pause between runs.
    pub pause_secs: f64,
}

/// How fast.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TimingSpec {
    /// How long a picture stays.
    pub on_secs: f64,
    /// Mean time from onset to onset.
    pub interval_secs: f64,
    /// Largest deviation from that mean.
    pub jitter_secs: f64,
    /// Before the first picture of a run.
    pub lead_secs: f64,
}

/// The task.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AttentionSpec {
    /// Share of trials that repeat the picture before, at which the viewer presses a key. They are never fitted or
    /// scored, nor is the trial after them.
    pub repeat_share: f64,
}

impl Protocol {
    /// The protocols that come along, by name.
    pub const BUNDLED: [(&'static str, &'static str); 2] = [
        ("default", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/calibration/default.toml"))),
        ("short", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/calibration/short.toml"))),
    ];

    /// The text of a protocol that comes along.
    pub fn bundled(name: &str) -> Option<&'static str> {
        Self::BUNDLED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// Reads a protocol's text.
    ///
    /// # Errors
    /// What is wrong, with line and key, and what is possible.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() as u64 > MAX_BYTES {
            return Err(format!("it has {} bytes; at most {MAX_BYTES} are read", text.len()));
        }
        let protocol: Self =
            toml::from_str(text).map_err(|e| format!("it is not understood: {e}"))?;
        protocol.possible()?;
        Ok(protocol)
    }

    /// Checks every value, not yet the order that comes of them.
    fn possible(&self) -> Result<(), String> {
        let TimingSpec { on_secs, interval_secs, jitter_secs, lead_secs } = self.timing;
        let within = |key: &str, value: f64, least: f64, most: f64| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(format!("{key} is {value}; {least} to {most} is possible"))
            }
        };
        let count = |key: &str, value: usize, least: usize, most: usize| {
            within(key, value as f64, least as f64, most as f64)
        };
        if self.schema != 1 {
            return Err(format!("schema is {}; this program knows 1", self.schema));
        }
        count("pictures.held_out", self.pictures.held_out, 0, 1000)?;
        count("runs.training", self.runs.training, 1, 50)?;
        count("runs.test", self.runs.test, 0, 50)?;
        count("runs.training_cycles", self.runs.training_cycles, 1, 50)?;
        count("runs.test_cycles", self.runs.test_cycles, 1, 50)?;
        within("runs.pause_secs", self.runs.pause_secs, 0.0, 600.0)?;
        within("timing.interval_secs", interval_secs, 0.2, 20.0)?;
        within("timing.jitter_secs", jitter_secs, 0.0, interval_secs / 2.0)?;
        within("timing.on_secs", on_secs, 0.02, interval_secs - jitter_secs)?;
        within("timing.lead_secs", lead_secs, 1.0, 60.0)?;
        within("attention.repeat_share", self.attention.repeat_share, 0.0, 0.25)?;
        if (self.runs.test == 0) != (self.pictures.held_out == 0) {
            return Err(
                "test runs and held-out pictures go together: set both to 0, or neither".into()
            );
        }
        Ok(())
    }

    /// Whether a sequence changes the picture so fast that a warning is due.
    pub fn flashes(&self) -> bool {
        1.0 / (self.timing.interval_secs - self.timing.jitter_secs) > FLASHES_PER_SEC
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = Protocol::BUNDLED[0].1;
    const SHORT: &str = Protocol::BUNDLED[1].1;

    #[test]
    fn the_protocols_that_come_along_are_sound_and_last_as_long_as_they_say() {
        for (text, least, most) in [(DEFAULT, 480.0, 660.0), (SHORT, 60.0, 200.0)] {
            let protocol = Protocol::parse(text).unwrap();
            let plan = plan(&protocol, 40).unwrap();
            assert_eq!(check(&plan), Vec::<String>::new(), "{}", protocol.name);
            assert!(
                (least..=most).contains(&plan.seconds()),
                "{}: {}",
                protocol.name,
                plan.seconds()
            );
            assert!(!protocol.flashes());
        }
    }

    #[test]
    fn impossible_values_are_said_with_what_is_possible() {
        for (from, to, words) in [
            ("schema = 1", "schema = 3", "schema"),
            ("training = ", "training = 0 #", "runs.training"),
            ("interval_secs = ", "interval_secs = 0.01 #", "interval_secs"),
            ("jitter_secs = ", "jitter_secs = 9.0 #", "jitter_secs"),
            ("on_secs = ", "on_secs = nan #", "on_secs"),
            ("repeat_share = ", "repeat_share = 0.9 #", "repeat_share"),
            ("held_out = ", "held_out = 0 #", "go together"),
            ("seed = ", "sed = 1 #", "unknown field"),
        ] {
            let text = DEFAULT.replacen(from, to, 1);
            assert_ne!(text, DEFAULT, "{from}");
            let why = Protocol::parse(&text).unwrap_err();
            assert!(why.contains(words), "{to}: {why}");
        }
    }
}
