//! A calibration session in the window: setup, runs, pauses, conclusion, result.
//!
//! ```text
//! Setup ─Enter─► Creating ─folder made─► Starting ─recording runs─► Presenting ─run over─► Stopping ─► Pause ─► … ─► Concluding ─► Result
//! ```
//!
//! The presenter (`present::presenter`) decides what is shown; this module tells it when frames were seen. Recording
//! and conclusion happen behind the [`Engine`]. Escape stops a session; what was recorded until then stays.

mod choice;
pub mod meter;
mod own;
mod pages;
mod stage;
mod steps;
mod worth;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use egui::{Context, TextureHandle, TextureOptions, Ui, ViewportCommand};

use crate::pipeline::{Command, Recording, WindowMode};
use crate::present::presenter::{Attention, Presenter, Showing};
use crate::present::protocol::Protocol;
use crate::signal::{Screen, StimulusSet};
use crate::snapshot::{RecordingState, RunState, Snapshot};
use crate::study::calibration::{Held, Session};
use crate::study::folder::{self, Listed};
use crate::ui::engine::{Engine, NewSession};
use crate::ui::scene::Scene;
use choice::OwnPictures;
use meter::Meter;

/// What the session panel asks of the window.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Close the panel.
    Close,
    /// Use this personal encoder from now on.
    UseEncoder(PathBuf),
    /// Show these pictures from now on; the bundled ones for `None`.
    UsePictures(Option<Arc<StimulusSet>>),
}

/// Where a session is.
enum Stage {
    Setup,
    /// The session's folder is being made.
    Creating,
    /// The recording of this run is being opened, since when; what had failed before that is no news.
    Starting {
        run: usize,
        since_secs: f64,
        before: RecordingState,
    },
    Presenting {
        run: usize,
        presenter: Presenter,
        /// What the frame before this one shows.
        painted: Option<Showing>,
    },
    /// The recording of this run is being closed.
    Stopping {
        run: usize,
        since_secs: f64,
    },
    Pause {
        next: usize,
        since_secs: f64,
    },
    Concluding,
    Result,
    Failed(String),
}

/// A session in the window.
pub struct SessionPanel {
    root: PathBuf,
    subject: String,
    /// The session's name, where one was asked for.
    session: Option<String>,
    protocol: String,
    /// A protocol that does not come along.
    own_protocol: Option<Protocol>,
    pack: Option<PathBuf>,
    stimuli: Arc<StimulusSet>,
    /// The same, where they are the user's own.
    own: Option<Arc<StimulusSet>>,
    /// A folder of pictures that is being chosen.
    choice: OwnPictures,
    planned: Result<Session, String>,
    /// Sessions of this person that were held before.
    before: Vec<Listed>,
    stage: Stage,
    meter: Meter,
    held: Held,
    textures: BTreeMap<usize, TextureHandle>,
    was_fullscreen: bool,
    /// Which windows the viewer had chosen before.
    mode: WindowMode,
}

impl SessionPanel {
    /// A panel that offers a session; `given` is one that was planned already, `own` are pictures in place of the bundled
    /// ones.
    pub fn new(
        given: Option<Session>,
        root: PathBuf,
        pack: Option<PathBuf>,
        own: Option<Arc<StimulusSet>>,
    ) -> Self {
        let stimuli = own.clone().unwrap_or_else(StimulusSet::bundled_or_none);
        let subject = given.as_ref().map_or_else(
            || "01".to_owned(),
            |session| session.subject.trim_start_matches("sub-").to_owned(),
        );
        let protocol =
            given.as_ref().map_or_else(|| "default".to_owned(), |s| s.protocol.name.clone());
        let own_protocol = given
            .as_ref()
            .map(|session| session.protocol.clone())
            .filter(|protocol| Protocol::bundled(&protocol.name).is_none());
        let session = given.as_ref().map(|s| s.session.trim_start_matches("ses-").to_owned());
        let mut panel = Self {
            root,
            subject,
            session,
            protocol,
            own_protocol,
            pack,
            stimuli,
            own,
            choice: OwnPictures::default(),
            planned: Err(String::new()),
            before: Vec::new(),
            stage: Stage::Setup,
            meter: Meter::default(),
            held: Held::default(),
            textures: BTreeMap::new(),
            was_fullscreen: false,
            mode: WindowMode::Auto,
        };
        match given {
            Some(session) => {
                panel.before = folder::listed(&panel.root, &panel.subject);
                panel.planned = Ok(session);
            }
            None => panel.plan(),
        }
        panel
    }

    /// Plans anew with what is chosen.
    fn plan(&mut self) {
        let own = self.own_protocol.as_ref().filter(|own| own.name == self.protocol).cloned();
        let protocol = own.map(Ok).unwrap_or_else(|| {
            Protocol::bundled(&self.protocol)
                .ok_or_else(|| format!("there is no protocol '{}'", self.protocol))
                .and_then(Protocol::parse)
        });
        let session = self.session.as_deref();
        self.planned = protocol.and_then(|protocol| {
            Session::new(protocol, &self.stimuli, &self.root, &self.subject, session)
        });
        self.before = folder::listed(&self.root, &self.subject);
        if let Ok(planned) = &mut self.planned {
            planned.own = self.own.clone();
        }
    }

    /// True while pictures are shown: then nothing else is painted.
    pub fn is_presenting(&self) -> bool {
        matches!(self.stage, Stage::Presenting { .. })
    }

    /// One frame. `now_secs` is when it began, on the program's clock.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        engine: &mut dyn Engine,
        wishes: &mut Vec<Wish>,
    ) {
        let seen = self.meter.frame(scene.now_secs);
        if let Some(set) = self.choice.arrived(engine) {
            self.take_pictures(Some(set), wishes);
        }
        self.advance(ui.ctx(), scene, engine, seen);
        match &mut self.stage {
            Stage::Presenting { presenter, painted, .. } => {
                // What is painted now is seen when the next frame begins.
                let showing = presenter.frame(scene.now_secs + self.meter.period_secs());
                let texture = match showing {
                    Showing::Picture { row, .. } => self.textures.get(&row).map(TextureHandle::id),
                    Showing::Cross => None,
                };
                stage::ui(ui, showing, texture);
                *painted = Some(showing);
                ui.ctx().request_repaint();
            }
            _ => self.page(ui, scene, engine, wishes),
        }
    }

    /// Begins the session.
    fn begin(&mut self, ctx: &Context, scene: &Scene<'_>, engine: &mut dyn Engine) {
        let Ok(session) = &self.planned else { return };
        let simulated = scene.snapshot.source.as_ref().is_some_and(|source| source.simulated);
        let hash = match &scene.snapshot.pack {
            crate::snapshot::PackState::Ready(pack) => pack.sha256.clone(),
            _ => String::new(),
        };
        let stimuli = self.stimuli.clone();
        engine
            .create_session(session.clone(), NewSession { stimuli, simulated, pack_sha256: hash });
        self.held = Held { display: self.meter.verdict(), ..Held::default() };
        self.load_textures(ctx, engine);
        // Full screen may be timed otherwise: measured anew while pictures are shown.
        self.meter.reset();
        self.mode = scene.view.mode;
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(true));
        self.was_fullscreen = true;
        engine.send(Command::SetMode(WindowMode::Locked));
        self.stage = Stage::Creating;
    }

    fn load_textures(&mut self, ctx: &Context, engine: &dyn Engine) {
        for (row, stimulus) in self.stimuli.stimuli.iter().enumerate() {
            let picture = u16::try_from(row).ok().and_then(|row| engine.stimulus_picture(row));
            if let Some(picture) = picture {
                let size = [picture.width as usize, picture.height as usize];
                let image = egui::ColorImage::from_rgb(size, &picture.rgb);
                let handle = ctx.load_texture(&stimulus.id, image, TextureOptions::LINEAR);
                self.textures.insert(row, handle);
            }
        }
    }

    fn start_run(&mut self, run: usize, scene: &Scene<'_>, engine: &mut dyn Engine) {
        let Ok(session) = &self.planned else { return };
        if let Some(screen) = engine.screen() {
            screen.set_open(true);
        }
        engine.send(Command::StartRecording(Recording::to(session.recording(run))));
        let before = scene.snapshot.recording.clone();
        self.stage = Stage::Starting { run, since_secs: scene.now_secs, before };
    }

    fn run_over(
        &mut self,
        run: usize,
        log: Vec<crate::present::presenter::TrialTiming>,
        attention: Attention,
        screen: &Screen,
        engine: &mut dyn Engine,
        ctx: &Context,
    ) {
        screen.set_open(false);
        engine.send(Command::StopRecording);
        let written = match &self.planned {
            Ok(session) => session.write_timing(run, &log).map_err(|why| why.to_string()),
            Err(why) => Err(why.clone()),
        };
        let sum = self.held.attention.get_or_insert_default();
        sum.hits += attention.hits;
        sum.repeats += attention.repeats;
        sum.false_alarms += attention.false_alarms;
        self.held.timing.extend(log);
        self.held.display = self.meter.verdict().or(self.held.display.take());
        if let Err(why) = written {
            self.stop(ctx, engine, why);
        }
    }

    fn conclude(&mut self, ctx: &Context, engine: &mut dyn Engine) {
        self.leave_fullscreen(ctx);
        engine.send(Command::SetMode(self.mode));
        if let Ok(session) = &self.planned {
            engine.conclude(session.clone(), self.held.clone(), self.pack.clone());
        }
        self.stage = Stage::Concluding;
    }

    fn stop(&mut self, ctx: &Context, engine: &mut dyn Engine, why: String) {
        if let Some(screen) = engine.screen() {
            screen.set_open(false);
        }
        // A run that was broken off still has its timing.
        if let (Stage::Presenting { run, presenter, .. }, Ok(session)) =
            (&self.stage, &self.planned)
        {
            let _ = session.write_timing(*run, presenter.log());
        }
        engine.send(Command::StopRecording);
        engine.send(Command::SetMode(self.mode));
        self.leave_fullscreen(ctx);
        self.stage = Stage::Failed(why);
    }

    fn leave_fullscreen(&mut self, ctx: &Context) {
        if std::mem::take(&mut self.was_fullscreen) {
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(false));
        }
    }
}

impl SessionPanel {
    /// Why the session cannot go on.
    fn broken(&self, snapshot: &Snapshot) -> Option<String> {
        let is_stale = match &self.stage {
            Stage::Creating => true,
            Stage::Starting { before, .. } => *before == snapshot.recording,
            _ => false,
        };
        broken(snapshot, is_stale)
    }
}

/// Why a session cannot go on; a recording that failed before it began is no reason.
fn broken(snapshot: &Snapshot, is_stale: bool) -> Option<String> {
    match (&snapshot.run, &snapshot.recording) {
        (_, RecordingState::Failed(why)) if !is_stale => Some(why.clone()),
        (RunState::Failed { message, .. }, _) => Some(message.clone()),
        (RunState::Ended, _) => Some("The source has ended".into()),
        (RunState::SourceLost { .. } | RunState::Reconnecting { .. }, _) => Some(
            "The source was lost, so pictures were shown that no signal belongs to. Check the headset and begin again"
                .into(),
        ),
        _ => None,
    }
}
