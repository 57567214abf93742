//! One run of a session as it happens: what to show in the next frame, and what came of it.
//!
//! Takes a planned run and the times at which frames were seen; gives what the next frame shows, tells a [`Screen`] what
//! appeared when, and keeps the log of every trial. Knows no window and no clock: the window calls it once a frame, and
//! a virtual display ([`on_virtual_display`]) does the same without one.

use serde::{Deserialize, Serialize};

use super::protocol::{PlannedRun, PlannedTrial};
use crate::signal::marker::STIMULUS_OFF;
use crate::signal::{Marker, Screen, Shown};

/// Before the marker of a repetition, which is the task and not a trial.
pub const CATCH_PREFIX: &str = "catch/";

/// Before the marker of the trial after a repetition, which is not fitted either.
pub const AFTER_PREFIX: &str = "after/";

/// The marker of a key press.
pub const KEY_LABEL: &str = "key";

/// A key press this long after a repetition is an answer to it, in seconds: people press within 0.3 to 1 s.
const ANSWER_SECS: f64 = 1.5;

/// Refresh rate of the virtual display.
const VIRTUAL_HZ: f64 = 60.0;

/// Signal after the last picture that belongs to the run, in seconds: its window must be whole.
pub const TAIL_SECS: f64 = 2.0;

/// What a frame shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    /// The fixation cross.
    Cross,
    /// This row of the pictures, and the trial's number in the run.
    Picture {
        /// Row of the picture.
        row: usize,
        /// Number of the trial, from 0.
        trial: usize,
    },
}

/// When a trial was shown.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct TrialTiming {
    /// Row of the picture.
    pub picture: usize,
    /// Whether it repeats the one before.
    pub is_repeat: bool,
    /// When it was due, in seconds since the run began.
    pub planned_secs: f64,
    /// When it was seen, likewise; NaN where it never was.
    #[serde(with = "null_is_nan")]
    pub shown_secs: f64,
    /// It may have been seen so much earlier or later.
    #[serde(with = "null_is_nan")]
    pub uncertainty_secs: f64,
    /// Refreshes of the display in a second, as measured until then.
    #[serde(with = "null_is_nan")]
    pub refresh_hz: f64,
    /// Refreshes of the display that passed without a new frame while it was due.
    pub missed_frames: u32,
}

/// How the task was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Attention {
    /// Repetitions that were answered.
    pub hits: usize,
    /// Repetitions.
    pub repeats: usize,
    /// Presses that answer none.
    pub false_alarms: usize,
}

/// A frame that was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeenFrame {
    /// When, in seconds on the program's clock.
    pub at_secs: f64,
    /// Half-width of that.
    pub uncertainty_secs: f64,
    /// Refreshes in a second, as measured until then.
    pub refresh_hz: f64,
    /// Refreshes without a new frame since the one before.
    pub missed: u32,
}

/// A run under way.
#[derive(Debug)]
pub struct Presenter {
    run: PlannedRun,
    ids: Vec<String>,
    on_secs: f64,
    start_secs: f64,
    next: usize,
    current: Option<usize>,
    seen: Showing,
    log: Vec<TrialTiming>,
    presses: Vec<f64>,
}

impl Presenter {
    /// A run that begins at `start_secs`; `ids` are the names of the rows.
    pub fn new(run: &PlannedRun, ids: &[String], on_secs: f64, start_secs: f64) -> Self {
        let log = Vec::with_capacity(run.trials.len());
        let (seen, presses) = (Showing::Cross, Vec::new());
        let (run, ids) = (run.clone(), ids.to_vec());
        Self { run, ids, on_secs, start_secs, next: 0, current: None, seen, log, presses }
    }

    /// What a frame shows that will be seen at this time.
    pub fn frame(&mut self, at_secs: f64) -> Showing {
        let secs = at_secs - self.start_secs;
        while self.run.trials.get(self.next).is_some_and(|trial| trial.onset_secs <= secs) {
            self.current = Some(self.next);
            self.next += 1;
        }
        let on = |i: &usize| {
            // It stays as long as planned from when it was really seen.
            let began = self.log.get(*i).map_or(secs, |timing| timing.shown_secs);
            secs < began + self.on_secs
        };
        match self.current.filter(on).and_then(|i| Some((i, self.run.trials.get(i)?))) {
            Some((trial, planned)) => Showing::Picture { row: planned.picture, trial },
            None => Showing::Cross,
        }
    }

    /// What [`Presenter::frame`] asked for was seen; tells the screen what has changed.
    pub fn seen(&mut self, showing: Showing, frame: SeenFrame, screen: &Screen) {
        if showing == self.seen {
            return;
        }
        if let Showing::Picture { .. } = self.seen {
            screen.say(Marker::new(frame.at_secs, STIMULUS_OFF));
        }
        if let Showing::Picture { row, trial } = showing {
            self.appeared(row, trial, frame, screen);
        }
        self.seen = showing;
    }

    fn appeared(&mut self, row: usize, trial: usize, frame: SeenFrame, screen: &Screen) {
        let Some(planned) = self.run.trials.get(trial) else { return };
        let name = self.ids.get(row).map_or("", String::as_str);
        let marker = match self.kind(trial) {
            Kind::Counted => Marker::stimulus_onset(frame.at_secs, name),
            Kind::Repeat => Marker::new(frame.at_secs, &format!("{CATCH_PREFIX}{name}")),
            Kind::After => Marker::new(frame.at_secs, &format!("{AFTER_PREFIX}{name}")),
        };
        let (onset_secs, offset_secs) = (frame.at_secs, frame.at_secs + self.on_secs);
        screen.show(Shown { row, onset_secs, offset_secs });
        screen.say(marker);
        // Trials that no frame came for are not in the log; a gap there must not shift the others.
        while self.log.len() < trial {
            self.log.push(never(&self.run.trials[self.log.len()]));
        }
        self.log.push(TrialTiming {
            picture: row,
            is_repeat: planned.is_repeat,
            planned_secs: planned.onset_secs,
            shown_secs: frame.at_secs - self.start_secs,
            uncertainty_secs: frame.uncertainty_secs,
            refresh_hz: frame.refresh_hz,
            missed_frames: frame.missed,
        });
    }

    fn kind(&self, trial: usize) -> Kind {
        let repeats = |i: usize| self.run.trials.get(i).is_some_and(|trial| trial.is_repeat);
        match (repeats(trial), trial.checked_sub(1).is_some_and(repeats)) {
            (true, _) => Kind::Repeat,
            (false, true) => Kind::After,
            (false, false) => Kind::Counted,
        }
    }

    /// The viewer pressed the key.
    pub fn pressed(&mut self, at_secs: f64, screen: &Screen) {
        self.presses.push(at_secs - self.start_secs);
        screen.say(Marker::new(at_secs, KEY_LABEL));
    }

    /// Whether everything was shown and the last window is whole.
    pub fn is_over(&self, at_secs: f64) -> bool {
        let last = self.run.trials.last().map_or(0.0, |trial| trial.onset_secs);
        self.next >= self.run.trials.len()
            && at_secs - self.start_secs >= last + self.on_secs + TAIL_SECS
    }

    /// Share of the run that is over.
    pub fn progress(&self) -> f32 {
        self.next as f32 / self.run.trials.len().max(1) as f32
    }

    /// Every trial that was due.
    pub fn log(&self) -> &[TrialTiming] {
        &self.log
    }

    /// How the task was done so far.
    pub fn attention(&self) -> Attention {
        let repeats: Vec<f64> =
            self.log.iter().filter(|t| t.is_repeat).map(|t| t.shown_secs).collect();
        let answers = |press: &f64, onset: &f64| (0.0..ANSWER_SECS).contains(&(press - onset));
        let hit = |onset: &&f64| self.presses.iter().any(|press| answers(press, onset));
        let idle = |press: &&f64| !repeats.iter().any(|onset| answers(press, onset));
        Attention {
            hits: repeats.iter().filter(hit).count(),
            repeats: repeats.len(),
            false_alarms: self.presses.iter().filter(idle).count(),
        }
    }
}

enum Kind {
    Counted,
    Repeat,
    After,
}

/// A trial that was due while no frame came: it was never shown.
fn never(planned: &PlannedTrial) -> TrialTiming {
    TrialTiming {
        picture: planned.picture,
        is_repeat: planned.is_repeat,
        planned_secs: planned.onset_secs,
        shown_secs: f64::NAN,
        uncertainty_secs: f64::NAN,
        refresh_hz: f64::NAN,
        missed_frames: 0,
    }
}

/// JSON has no NaN.
pub(super) mod null_is_nan {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(*value) // serde_json writes null for what is not finite
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
    }
}

/// Seconds of signal that a run takes.
pub fn run_secs(run: &PlannedRun, on_secs: f64) -> f64 {
    run.trials.last().map_or(0.0, |trial| trial.onset_secs) + on_secs + TAIL_SECS
}

/// Pictures and markers of a run that a screen must have room for.
pub fn screen_capacity(run: &PlannedRun) -> usize {
    4 * run.trials.len() + 64
}

/// Shows a whole run on a display that refreshes sixty times a second and misses nothing; gives the log.
pub fn on_virtual_display(
    run: &PlannedRun,
    ids: &[String],
    on_secs: f64,
    start_secs: f64,
    screen: &Screen,
) -> Vec<TrialTiming> {
    let mut presenter = Presenter::new(run, ids, on_secs, start_secs);
    for refresh in 0_u64.. {
        let at_secs = start_secs + refresh as f64 / VIRTUAL_HZ;
        if presenter.is_over(at_secs) {
            break;
        }
        let showing = presenter.frame(at_secs);
        let uncertainty_secs = 0.5 / VIRTUAL_HZ;
        let refresh_hz = VIRTUAL_HZ;
        let frame = SeenFrame { at_secs, uncertainty_secs, refresh_hz, missed: 0 };
        presenter.seen(showing, frame, screen);
    }
    presenter.log
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::protocol::Role;

    fn run() -> PlannedRun {
        let trial =
            |picture, onset_secs, is_repeat| PlannedTrial { picture, onset_secs, is_repeat };
        let trials = vec![
            trial(0, 1.0, false),
            trial(0, 2.0, true),
            trial(1, 3.0, false),
            trial(0, 4.0, false),
        ];
        PlannedRun { role: Role::Training, trials }
    }

    fn ids() -> Vec<String> {
        vec!["cat".into(), "dog".into()]
    }

    #[test]
    fn a_virtual_display_shows_all_within_a_refresh_and_says_what_is_task() {
        let (run, ids, screen) = (run(), ids(), Screen::new(64));
        let log = on_virtual_display(&run, &ids, 0.4, 10.0, &screen);
        assert_eq!(log.len(), 4);
        assert!(log.iter().all(|t| (0.0..0.017).contains(&(t.shown_secs - t.planned_secs))));
        let said: Vec<String> =
            std::iter::from_fn(|| Some(screen.next_marker()?.label().to_owned())).collect();
        let expected = [
            "stim/cat",
            "stim_off",
            "catch/cat",
            "stim_off",
            "after/dog",
            "stim_off",
            "stim/cat",
            "stim_off",
        ];
        assert_eq!(said, expected);
        let shown: Vec<Shown> = std::iter::from_fn(|| screen.next_shown()).collect();
        assert_eq!(shown.iter().map(|s| s.row).collect::<Vec<_>>(), [0, 0, 1, 0]);
        assert!((shown[0].onset_secs - 11.0).abs() < 0.017 && screen.dropped() == 0);
    }

    #[test]
    fn presses_answer_repetitions_or_are_false_alarms() {
        let (run, ids, screen) = (run(), ids(), Screen::new(64));
        let mut presenter = Presenter::new(&run, &ids, 0.4, 0.0);
        for refresh in 0..300 {
            let at_secs = f64::from(refresh) / 60.0;
            let showing = presenter.frame(at_secs);
            presenter.seen(
                showing,
                SeenFrame { at_secs, uncertainty_secs: 0.0, refresh_hz: 60.0, missed: 0 },
                &screen,
            );
            if refresh == 30 || refresh == 150 {
                presenter.pressed(at_secs, &screen);
            }
        }
        let expected = Attention { hits: 1, repeats: 1, false_alarms: 1 };
        assert_eq!(presenter.attention(), expected);
    }

    #[test]
    fn a_display_that_stands_still_is_logged_as_late_and_skipped_trials_as_never_shown() {
        let (run, ids, screen) = (run(), ids(), Screen::new(64));
        let mut presenter = Presenter::new(&run, &ids, 0.4, 0.0);
        for at_secs in [0.0, 3.2, 3.3] {
            let showing = presenter.frame(at_secs);
            presenter.seen(
                showing,
                SeenFrame { at_secs, uncertainty_secs: 0.1, refresh_hz: 60.0, missed: 9 },
                &screen,
            );
        }
        let log = presenter.log();
        assert!(log.len() == 3 && log[0].shown_secs.is_nan() && log[1].shown_secs.is_nan());
        assert!((log[2].shown_secs - 3.2).abs() < 1e-9 && log[2].missed_frames == 9);
    }
}
