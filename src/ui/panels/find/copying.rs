//! Copy pages: the viewer is told what to look for, page after page, and all is recorded; from that a wearer is learnt.
//!
//! ```text
//! Opening ─recording runs─► Cue ─2 s─► Page ─its last window─► Cue ─► … ─► Closing ─► Teaching
//! ```

use egui::Key;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::choice::{self, COPY_PAGES, COPY_REPETITIONS};
use super::follow::LEAST_PAGES;
use super::keyboard::pressed;
use super::shown::{Deal, Shown};
use super::told::timing;
use super::work::{CopyStep, Copying, seed_of};
use super::{FindPanel, Now, Stage};
use crate::pipeline::{Command, Recording, WindowMode};
use crate::snapshot::{RecordingState, RunState, Snapshot};
use crate::time::clock::utc_now_iso8601;

/// How long the picture is shown that is to be looked for.
pub(super) const CUE_SECS: f64 = 2.0;

/// Longest wait for a recording to begin or end, in seconds.
const RECORDING_WAIT_SECS: f64 = 20.0;

impl FindPanel {
    pub(super) fn begin_copying(&mut self, now: &mut Now<'_, '_>) -> Stage {
        let seed = seed_of(now.scene.now_secs);
        let mut rows: Vec<usize> = (0..self.stimuli.len()).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        if self.choice.count < rows.len() {
            rows.shuffle(&mut rng);
            rows.truncate(self.choice.count);
        }
        // Each page asks for another picture.
        let mut sought: Vec<u8> = (0..rows.len()).filter_map(|i| u8::try_from(i).ok()).collect();
        sought.shuffle(&mut rng);
        sought.truncate(COPY_PAGES);
        let stamp = utc_now_iso8601().replace(':', "");
        let recording = now.scene.view.record_folder.join(format!("find-learn_{stamp}.xdf"));
        self.load(&rows, now);
        self.mode = now.scene.view.mode;
        self.enter_fullscreen(now.ctx);
        if let Some(screen) = now.engine.screen() {
            screen.set_open(true);
        }
        // Nothing is decoded beside it: that would take time from the flashes.
        now.engine.send(Command::SetMode(WindowMode::Locked));
        now.engine.send(Command::StartRecording(Recording::to(recording.clone())));
        let (since_secs, before) = (now.scene.now_secs, now.scene.snapshot.recording.clone());
        let step = CopyStep::Opening { since_secs, before };
        let (pace, at) = (choice::pace(None), 0);
        let timing = None;
        Stage::Copying(Box::new(Copying { recording, rows, sought, at, pace, seed, step, timing }))
    }

    pub(super) fn load(&mut self, rows: &[usize], now: &Now<'_, '_>) {
        for row in rows {
            let picture = || now.engine.stimulus_picture(u16::try_from(*row).ok()?);
            self.lights.add(now.ctx, *row, picture);
        }
    }

    pub(super) fn copying(&mut self, mut all: Box<Copying>, now: &mut Now<'_, '_>) -> Stage {
        now.ctx.request_repaint();
        let is_closing = matches!(all.step, CopyStep::Closing { .. });
        if let Some(why) = ended(&all, now.scene.snapshot) {
            return self.break_off(&all, why, now);
        }
        if !is_closing && Self::wants_out(now) {
            let why = "You ended it. What was recorded until then is kept";
            return self.break_off(&all, why.into(), now);
        }
        let next = match &mut all.step {
            CopyStep::Opening { since_secs, .. } => {
                let since_secs = *since_secs;
                self.opening(&all, since_secs, now)
            }
            CopyStep::Cue { until_secs, left_secs } => {
                let over = cue_is_over(until_secs, left_secs, now);
                over.then(|| self.next_copy_page(&all, now)).transpose()
            }
            CopyStep::Page(shown) => {
                let timing = follow(shown, now).then(|| timing(shown.log()));
                Ok(timing.map(|timing| all.after_page(timing, now)))
            }
            CopyStep::Closing { since_secs } => {
                let waits = now.scene.now_secs - *since_secs;
                if now.scene.snapshot.recording == RecordingState::Off {
                    return self.closed(&all, now);
                }
                let is_stuck = waits > RECORDING_WAIT_SECS;
                if is_stuck { Err("The recording did not end".into()) } else { Ok(None) }
            }
        };
        match next {
            Err(why) => return self.break_off(&all, why, now),
            Ok(Some(step)) => all.step = step,
            Ok(None) => {}
        }
        Stage::Copying(all)
    }

    fn opening(
        &self,
        all: &Copying,
        since_secs: f64,
        now: &Now<'_, '_>,
    ) -> Result<Option<CopyStep>, String> {
        let recording = &now.scene.snapshot.recording;
        if matches!(recording, RecordingState::On { path, .. } if *path == all.recording) {
            return Ok(Some(cue(now.scene.now_secs)));
        }
        if now.scene.now_secs - since_secs <= RECORDING_WAIT_SECS {
            return Ok(None);
        }
        Err(match recording {
            RecordingState::Failed(why) => why.clone(),
            _ => "The recording did not begin".into(),
        })
    }

    fn next_copy_page(&mut self, all: &Copying, now: &Now<'_, '_>) -> Result<CopyStep, String> {
        let deal = Deal {
            number: self.next_page,
            rows: all.rows.clone(),
            sought: all.sought.get(all.at).copied(),
            pace: all.pace,
            repetitions: COPY_REPETITIONS,
            seed: all.seed,
        };
        Ok(CopyStep::Page(Box::new(self.turn_to(deal, now)?)))
    }

    /// Shows a page; one that would flash worse than what was accepted is not shown.
    pub(super) fn turn_to(&mut self, deal: Deal, now: &Now<'_, '_>) -> Result<Shown, String> {
        let screen = now.engine.screen().ok_or("There is no screen to show it on")?;
        let shown = Shown::new(deal, now.scene.now_secs, &screen)?;
        self.may_be_shown(&shown, now.ctx.content_rect())?;
        self.next_page = self.next_page.wrapping_add(1);
        Ok(shown)
    }

    fn break_off(&mut self, all: &Copying, why: String, now: &mut Now<'_, '_>) -> Stage {
        now.engine.send(Command::StopRecording);
        now.engine.send(Command::SetMode(self.mode));
        let rest = (all.at >= LEAST_PAGES).then(|| (all.recording.clone(), all.at));
        self.broken(why, rest, now)
    }

    /// The recording is whole: the wearer is learnt from it.
    fn closed(&mut self, all: &Copying, now: &mut Now<'_, '_>) -> Stage {
        if let Some(screen) = now.engine.screen() {
            screen.set_open(false);
        }
        now.engine.send(Command::SetMode(self.mode));
        self.leave_fullscreen(now.ctx);
        self.teach(all.recording.clone(), now)
    }
}

impl Copying {
    fn after_page(&mut self, timing: String, now: &mut Now<'_, '_>) -> CopyStep {
        self.timing = Some(timing);
        self.at += 1;
        if self.at < self.sought.len() {
            return cue(now.scene.now_secs);
        }
        now.engine.send(Command::StopRecording);
        CopyStep::Closing { since_secs: now.scene.now_secs }
    }
}

fn cue(now_secs: f64) -> CopyStep {
    CopyStep::Cue { until_secs: now_secs + CUE_SECS, left_secs: None }
}

/// Space stops the time of a cue, and lets it go on.
fn cue_is_over(until_secs: &mut f64, left_secs: &mut Option<f64>, now: &Now<'_, '_>) -> bool {
    let now_secs = now.scene.now_secs;
    if pressed(now.ctx, Key::Space) {
        match left_secs.take() {
            Some(left) => *until_secs = now_secs + left,
            None => *left_secs = Some((*until_secs - now_secs).max(0.0)),
        }
    }
    // A headset that is away is waited for.
    left_secs.is_none() && now_secs >= *until_secs && !is_away(now.scene.snapshot)
}

/// Goes one frame on with a page; whether it is over.
pub(super) fn follow(shown: &mut Shown, now: &Now<'_, '_>) -> bool {
    let Some(screen) = now.engine.screen() else { return true };
    shown.seen(now.seen, &screen);
    shown.follow(is_away(now.scene.snapshot), now.scene.now_secs, &screen);
    if pressed(now.ctx, Key::Space) {
        shown.toggle(now.scene.now_secs, &screen);
    }
    shown.is_over()
}

/// Nothing comes from the headset.
pub(super) fn is_away(snapshot: &Snapshot) -> bool {
    snapshot.run.is_away() || matches!(snapshot.run, RunState::Stalled { .. })
}

/// Why copy pages cannot go on.
fn ended(all: &Copying, snapshot: &Snapshot) -> Option<String> {
    let is_stale =
        matches!(&all.step, CopyStep::Opening { before, .. } if *before == snapshot.recording);
    let waits = matches!(all.step, CopyStep::Opening { .. } | CopyStep::Closing { .. });
    match (&snapshot.run, &snapshot.recording) {
        (_, RecordingState::Failed(why)) if !is_stale => Some(why.clone()),
        (RunState::Failed { message, .. }, _) => Some(message.clone()),
        (RunState::Ended | RunState::Idle, _) => Some("The source has ended".into()),
        (_, RecordingState::Off) if !waits => {
            Some("The recording was ended by something else".into())
        }
        _ => None,
    }
}
