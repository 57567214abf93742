//! A session step by step: what each frame changes, and when one stage follows another.
//!
//! ```text
//! Creating ─folder made─► Starting ─recording runs─► Presenting ─run over─► Stopping ─► Pause ─► … ─► Concluding ─► Result
//! ```

use egui::{Context, Key};

use super::{SessionPanel, Stage};
use crate::present::presenter::{Presenter, SeenFrame};
use crate::snapshot::{RecordingState, Snapshot};
use crate::ui::engine::{Conclusion, Engine};
use crate::ui::scene::Scene;

/// Shortest pause, in seconds: a key pressed by mistake must not begin the next run.
const LEAST_PAUSE_SECS: f64 = 1.0;

/// Longest wait for a recording to begin or end, in seconds.
const RECORDING_WAIT_SECS: f64 = 20.0;

impl SessionPanel {
    /// Goes one frame on. `seen` is the frame that has just come onto the display.
    pub(super) fn advance(
        &mut self,
        ctx: &Context,
        scene: &Scene<'_>,
        engine: &mut dyn Engine,
        seen: Option<SeenFrame>,
    ) {
        if self.is_held()
            && let Some(why) = self.interruption(ctx, scene.snapshot)
        {
            return self.stop(ctx, engine, why);
        }
        match &self.stage {
            Stage::Creating => self.creating(ctx, scene, engine),
            Stage::Starting { .. } => self.starting(ctx, scene, engine),
            Stage::Presenting { .. } => self.presenting(ctx, scene, engine, seen),
            Stage::Stopping { .. } => self.stopping(ctx, scene, engine),
            Stage::Pause { .. } => self.pausing(ctx, scene, engine),
            Stage::Concluding => self.concluding(ctx, engine),
            // The display is being measured.
            Stage::Setup if self.planned.is_ok() => ctx.request_repaint(),
            Stage::Setup | Stage::Result | Stage::Failed(_) => {}
        }
    }

    /// Whether a session is being held: from its folder to its last recording.
    fn is_held(&self) -> bool {
        !matches!(self.stage, Stage::Setup | Stage::Concluding | Stage::Result | Stage::Failed(_))
    }

    /// Why the session cannot go on, if so.
    fn interruption(&self, ctx: &Context, snapshot: &Snapshot) -> Option<String> {
        self.broken(snapshot).or_else(|| {
            // Taken away, so that the page that says so is not closed by the same key.
            ctx.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Escape)).then(
                || "The session was stopped. What was recorded until then is in its folder".into(),
            )
        })
    }

    fn creating(&mut self, ctx: &Context, scene: &Scene<'_>, engine: &mut dyn Engine) {
        ctx.request_repaint();
        match engine.session_created() {
            Some(Ok(())) => self.start_run(0, scene, engine),
            Some(Err(why)) => self.stop(ctx, engine, why),
            None => {}
        }
    }

    fn starting(&mut self, ctx: &Context, scene: &Scene<'_>, engine: &mut dyn Engine) {
        let (Stage::Starting { run, since_secs, .. }, Ok(session)) = (&self.stage, &self.planned)
        else {
            return;
        };
        ctx.request_repaint();
        let (run, path) = (*run, session.recording(*run));
        let recording = &scene.snapshot.recording;
        if matches!(recording, RecordingState::On { path: on, .. } if *on == path) {
            let (planned, on_secs) = (&session.plan.runs[run], session.protocol.timing.on_secs);
            let presenter = Presenter::new(planned, &session.ids, on_secs, scene.now_secs);
            self.stage = Stage::Presenting { run, presenter, painted: None };
        } else if scene.now_secs - since_secs > RECORDING_WAIT_SECS {
            let why = match recording {
                RecordingState::Failed(why) => why.clone(),
                _ => "The recording did not begin".into(),
            };
            self.stop(ctx, engine, why);
        }
    }

    fn presenting(
        &mut self,
        ctx: &Context,
        scene: &Scene<'_>,
        engine: &mut dyn Engine,
        seen: Option<SeenFrame>,
    ) {
        let Stage::Presenting { run, presenter, painted } = &mut self.stage else { return };
        let Some(screen) = engine.screen() else { return };
        if let (Some(showing), Some(frame)) = (*painted, seen) {
            presenter.seen(showing, frame, &screen);
        }
        for _ in 0..presses(ctx) {
            presenter.pressed(scene.now_secs, &screen);
        }
        if presenter.is_over(scene.now_secs) {
            let (run, log) = (*run, presenter.log().to_vec());
            let attention = presenter.attention();
            self.stage = Stage::Stopping { run, since_secs: scene.now_secs };
            self.run_over(run, log, attention, &screen, engine, ctx);
        }
    }

    fn stopping(&mut self, ctx: &Context, scene: &Scene<'_>, engine: &mut dyn Engine) {
        let (Stage::Stopping { run, since_secs }, Ok(session)) = (&self.stage, &self.planned)
        else {
            return;
        };
        ctx.request_repaint();
        let next = run + 1;
        if scene.snapshot.recording == RecordingState::Off {
            if next < session.plan.runs.len() {
                self.stage = Stage::Pause { next, since_secs: scene.now_secs };
            } else {
                self.conclude(ctx, engine);
            }
        } else if scene.now_secs - since_secs > RECORDING_WAIT_SECS {
            self.stop(ctx, engine, "The recording did not end".into());
        }
    }

    fn pausing(&mut self, ctx: &Context, scene: &Scene<'_>, engine: &mut dyn Engine) {
        let (Stage::Pause { next, since_secs }, Ok(session)) = (&self.stage, &self.planned) else {
            return;
        };
        ctx.request_repaint();
        let (next, waited) = (*next, scene.now_secs - since_secs);
        let go_on = waited >= LEAST_PAUSE_SECS && presses(ctx) > 0;
        if go_on || waited >= session.plan.pause_secs.max(LEAST_PAUSE_SECS) {
            self.start_run(next, scene, engine);
        }
    }

    fn concluding(&mut self, ctx: &Context, engine: &dyn Engine) {
        match engine.conclusion() {
            Conclusion::Done(_) => self.stage = Stage::Result,
            Conclusion::Failed(why) => self.stage = Stage::Failed(why),
            Conclusion::None | Conclusion::Working(..) => {
                ctx.request_repaint_after(std::time::Duration::from_millis(100));
            }
        }
    }
}

/// How often the viewer's key went down in this frame.
fn presses(ctx: &Context) -> usize {
    ctx.input(|input| {
        let pressed = |event: &&egui::Event| {
            matches!(event, egui::Event::Key { key: Key::Space, pressed: true, repeat: false, .. })
        };
        input.events.iter().filter(pressed).count()
    })
}
