//! What is chosen before pages are shown: how many pictures, whose responses, when it is sure, and that flashing pictures are
//! accepted.
//!
//! Takes what is known of wearers and of the run; gives why it cannot begin, in plain words. Nothing is offered that cannot
//! work: a wearer whose responses are too weak for such a page cannot be chosen for it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::find::code::MIN_PAGE;
use crate::find::rehearsal::Rehearsal;
use crate::find::{StopRule, Wearer};
use crate::present::flashes::FlashPace;
use crate::present::safety::Safety;
use crate::signal::flash::MAX_PAGE;
use crate::snapshot::{RecordingState, RunState, Snapshot};
use crate::ui::engine::KnownWearer;

/// Pictures of a page at first.
const FIRST_COUNT: usize = 40;

/// From flash to flash while a wearer is learnt, seconds: as the command line has it.
const LEARN_SOA_SECS: f64 = 0.175;

/// Dark before the first flash, seconds: time to find the picture on the page.
const LEAD_SECS: f64 = 1.5;

/// Copy pages, and repetitions of each.
pub(super) const COPY_PAGES: usize = 8;
pub(super) const COPY_REPETITIONS: usize = 8;

/// What is chosen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    /// Pictures of a page.
    pub count: usize,
    /// Whose file; nobody's: somebody is to be learnt.
    pub who: Option<PathBuf>,
    /// When a page is over.
    pub bound: f64,
    pub most_repetitions: usize,
    /// The posterior grows over the page.
    pub shows_posterior: bool,
    /// The next page lies around the choice.
    pub steers: bool,
    /// Pages that are searched are recorded too.
    pub records: bool,
    /// The words of safety were accepted, once per start.
    pub accepted: bool,
}

impl Default for Choice {
    fn default() -> Self {
        let StopRule { bound, most_repetitions, .. } = StopRule::default();
        Self {
            count: FIRST_COUNT,
            who: None,
            bound,
            most_repetitions: most_repetitions as usize,
            shows_posterior: false,
            steers: true,
            records: false,
            accepted: false,
        }
    }
}

impl Choice {
    /// No more pictures than there are.
    pub fn within(&mut self, pictures: usize) {
        self.count = self.count.clamp(MIN_PAGE, pictures.clamp(MIN_PAGE, MAX_PAGE));
    }

    /// What of it changes what a page will take.
    pub fn about_pages(&self) -> Self {
        let Self { count, bound, most_repetitions, .. } = *self;
        Self { count, bound, most_repetitions, ..Self::default() }
    }

    pub fn rule(&self) -> StopRule {
        let most_repetitions = self.most_repetitions as f64;
        StopRule { bound: self.bound, most_repetitions, ..StopRule::default() }
    }
}

/// The pace of pages: that at which a wearer was learnt, or is to be.
pub(super) fn pace(wearer: Option<&Wearer>) -> FlashPace {
    let learnt = wearer.map(|wearer| wearer.law.soa_secs).filter(|soa| (0.08..=1.0).contains(soa));
    // To whole milliseconds: what was measured differs from what was meant by parts of a refresh.
    let soa_secs = learnt.map_or(LEARN_SOA_SECS, |soa| (soa * 1000.0).round() / 1000.0);
    let usual = FlashPace::default();
    FlashPace {
        soa_secs,
        on_secs: usual.on_secs.min(soa_secs - 0.04),
        lead_secs: LEAD_SECS,
        ..usual
    }
}

/// What a page will take this wearer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Expected {
    /// Nobody is chosen.
    #[default]
    Nobody,
    /// It is being worked out.
    Working,
    Known(Rehearsal),
    Failed(String),
}

/// The wearer that is chosen, where the file can be used.
pub(super) fn chosen<'a>(
    choice: &Choice,
    known: Option<&'a [KnownWearer]>,
) -> Option<&'a Arc<Wearer>> {
    let who = choice.who.as_ref()?;
    known?.iter().find(|known| known.path == *who)?.wearer.as_ref().ok()
}

/// What beginning depends on.
pub(super) struct Facts<'a> {
    pub snapshot: &'a Snapshot,
    pub pictures: usize,
    pub cannot_present: Option<String>,
    pub has_screen: bool,
    pub safety: &'a Result<Safety, String>,
    pub wearer: Option<&'a Wearer>,
    pub expected: &'a Expected,
    pub is_measured: bool,
}

/// Why it cannot begin.
pub(super) fn why_not(choice: &Choice, facts: &Facts<'_>) -> Option<String> {
    if facts.pictures < MIN_PAGE {
        let pictures = facts.pictures;
        return Some(format!("A page has at least {MIN_PAGE} pictures; there are {pictures}."));
    }
    if let Some(why) = of_the_run(facts.snapshot) {
        return Some(why.into());
    }
    if facts.cannot_present.is_some() || !facts.has_screen {
        let nobody = || "Nobody can look at a page before this source.".to_owned();
        return Some(facts.cannot_present.clone().unwrap_or_else(nobody));
    }
    if let Some(why) = of_the_wearer(choice, facts) {
        return Some(why);
    }
    match facts.safety {
        Err(why) => return Some(why.clone()),
        Ok(Safety::Safe) => {}
        Ok(_) if !choice.accepted => {
            return Some("Read what flashing pictures can do, and tick the box.".into());
        }
        Ok(_) => {}
    }
    (!facts.is_measured).then(|| "The display is being measured.".into())
}

fn of_the_run(snapshot: &Snapshot) -> Option<&'static str> {
    match &snapshot.run {
        RunState::Connecting | RunState::Searching { .. } => {
            Some("The headset is being connected.")
        }
        run if run.is_away() || matches!(run, RunState::Stalled { .. }) => {
            Some("Nothing comes from the headset: see that it is on and in reach.")
        }
        RunState::Running if matches!(snapshot.recording, RecordingState::On { .. }) => {
            Some("A recording runs: stop it first (R).")
        }
        RunState::Running => None,
        _ => Some("Connect a headset first (C)."),
    }
}

fn of_the_wearer(choice: &Choice, facts: &Facts<'_>) -> Option<String> {
    choice.who.as_ref()?;
    let Some(wearer) = facts.wearer else {
        return Some("This wearer's file cannot be used: choose another, or learn anew.".into());
    };
    let source = facts.snapshot.source.as_ref()?;
    let has = |name: &String| source.channels.iter().any(|own| own.eq_ignore_ascii_case(name));
    let lacking: Vec<&str> =
        wearer.input.channels.iter().filter(|name| !has(name)).map(String::as_str).collect();
    if !lacking.is_empty() {
        return Some(format!(
            "This wearer was learnt with electrodes that the headset lacks: {}. Learn anew with this headset.",
            lacking.join(", ")
        ));
    }
    match facts.expected {
        Expected::Known(rehearsal) => rehearsal.too_weak(),
        Expected::Failed(why) => Some(why.clone()),
        Expected::Nobody | Expected::Working => {
            Some("What such a page will take is being worked out.".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rehearsal(found: f64) -> Rehearsal {
        Rehearsal { pictures: 40, found, response_z: 9.0, ..Rehearsal::default() }
    }

    fn asked(change: impl FnOnce(&mut Choice, &mut Snapshot)) -> Option<String> {
        let mut snapshot = Snapshot { run: RunState::Running, ..Snapshot::default() };
        let mut choice = Choice { accepted: true, ..Choice::default() };
        change(&mut choice, &mut snapshot);
        let safety = Ok(Safety::Warn("flashes".into()));
        let facts = Facts {
            snapshot: &snapshot,
            pictures: 40,
            cannot_present: None,
            has_screen: true,
            safety: &safety,
            wearer: None,
            expected: &Expected::Nobody,
            is_measured: true,
        };
        why_not(&choice, &facts)
    }

    #[test]
    fn it_begins_only_where_somebody_can_look_and_has_accepted() {
        assert_eq!(asked(|_, _| ()), None);
        let why = |change: fn(&mut Choice, &mut Snapshot)| asked(change).unwrap_or_default();
        assert!(why(|choice, _| choice.accepted = false).contains("tick the box"));
        assert!(why(|_, snapshot| snapshot.run = RunState::Idle).contains("Connect a headset"));
        assert!(why(|_, snapshot| snapshot.run = RunState::Connecting).contains("being connected"));
        let stalled = RunState::Stalled { since_secs: 0.0, ever: true };
        assert!(asked(|_, s| s.run = stalled).unwrap().contains("Nothing comes"));
        assert!(why(|choice, _| choice.who = Some("x.json".into())).contains("cannot be used"));
    }

    #[test]
    fn what_cannot_work_is_not_offered() {
        let Rehearsal { .. } = rehearsal(0.9);
        assert!(rehearsal(0.9).too_weak().is_none());
        assert!(rehearsal(0.2).too_weak().is_some());
        let none = Rehearsal { response_z: 0.5, ..rehearsal(0.9) };
        assert!(none.too_weak().is_some());
    }

    #[test]
    fn a_page_has_no_more_pictures_than_there_are() {
        let mut choice = Choice::default();
        for (pictures, count) in [(24, 24), (200, 24), (3, 10)] {
            choice.within(pictures);
            assert_eq!(choice.count, count);
        }
        assert_eq!(pace(None).soa_secs, 0.175);
        assert!(pace(None).on_secs < 0.175 - 0.02);
    }
}
