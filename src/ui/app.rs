//! The window's state and the one place where it changes.
//!
//! A frame: read the snapshot, drain the signal, let the panels paint and collect [`Action`]s, then apply
//! them. Nothing here waits for anything.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use egui::{Context, Ui};

use super::engine::Engine;
use super::initial::InitialView;
use super::look::theme::{self, Palette};
use super::panels::Panels;
use super::panels::calibrate::{SessionPanel, Wish};
use super::panels::find::Run;
use super::panels::timeline::{self};
use super::record::OnScreen;
use super::scene::{Action, Page, Scene, TEXT_SCALE_RANGE, UV_PER_DIV, View};
use super::{keys, layout};
use crate::pipeline::{Command, DisplayFilter, Recording};
use crate::signal::StimulusSet;
use crate::snapshot::{RecordingState, RunState, Snapshot};
use crate::source::SourceSpec;
use crate::time::clock::{Clock, utc_now_iso8601};

/// Shortest time between two frames that new data asks for: 30 a second at most: smooth for slow pictures,
/// half the work of 60.
const FRAME: Duration = Duration::from_millis(33);
/// How often the state is looked at where nothing else asks for a frame.
const STATE_LOOK: Duration = Duration::from_millis(250);
/// Commands kept for the next frame when the engine's queue is full.
const MAX_UNSENT: usize = 32;
/// Sensitivity at the start: 50 µV per division.
const FIRST_SCALE: usize = 4;

/// The window.
pub struct App {
    engine: Box<dyn Engine>,
    clock: Clock,
    view: View,
    panels: Panels,
    on_screen: OnScreen,
    calibration: Option<SessionPanel>,
    sessions_folder: PathBuf,
    stimuli: Option<Arc<StimulusSet>>,
    last_run: Option<(SourceSpec, Option<PathBuf>)>,
    unsent: Vec<Command>,
}

impl App {
    /// A window on an engine. Connects at once if the view says so.
    pub fn new(engine: Box<dyn Engine>, clock: Clock, initial: InitialView) -> Self {
        let mut panels = Panels::default();
        let first = initial.source.map(|source| (source, initial.pack.clone()));
        if let Some((source, _)) = &first {
            panels.connect.form.fill(source);
        }
        panels.connect.form.pack =
            initial.pack.map(|p| p.display().to_string()).unwrap_or_default();
        panels.connect.recent = initial.recent_files;
        let view = View {
            page: initial.page,
            theme: initial.theme,
            text_scale: clamp_scale(initial.text_scale),
            connect_open: false,
            help_open: false,
            messages_open: false,
            paused: false,
            twin: initial.twin,
            steadying: initial.steadying,
            showing: initial.showing,
            mode: initial.mode,
            cleaning: initial.cleaning,
            filter: DisplayFilter::default(),
            scale: FIRST_SCALE,
            span_secs: 10.0,
            record_folder: initial.record_folder,
            record_also: Vec::new(),
        };
        let sessions_folder = initial.sessions_folder;
        let pack = first.as_ref().and_then(|(_, pack)| pack.clone());
        let stimuli = initial.stimuli;
        panels.find.begin_in(&sessions_folder, stimuli.clone());
        let calibration = initial.session.map(|session| {
            let root = sessions_folder.clone();
            SessionPanel::new(Some(session), root, pack, stimuli.clone())
        });
        let mut app = Self {
            engine,
            clock,
            view,
            panels,
            on_screen: OnScreen::default(),
            calibration,
            sessions_folder,
            stimuli,
            last_run: first.clone(),
            unsent: Vec::new(),
        };
        if let Some((source, pack)) = first.filter(|_| initial.connect_now) {
            app.connect(source, pack);
        }
        app
    }

    /// Sets up a context: themes, text scale, and the engine's way to ask for a frame.
    pub fn install(&mut self, ctx: &Context) {
        theme::install(ctx);
        ctx.set_theme(self.view.theme);
        ctx.set_zoom_factor(self.view.text_scale);
        let ctx = ctx.clone();
        self.engine.set_repaint(Arc::new(move || ctx.request_repaint_after(FRAME)));
    }

    /// What the viewer has chosen.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// One frame.
    pub fn ui(&mut self, ui: &mut Ui) {
        // First of all: a presenter takes the begin of a frame for when the one before was seen.
        let now_secs = self.clock.now_secs();
        let mut snapshot = Arc::unwrap_or_clone(self.engine.snapshot());
        let seeks = self.engine.replay().map_or(0, |transport| transport.seeks());
        self.on_screen.follow(&mut snapshot, seeks, now_secs);
        self.pull(ui.ctx(), &snapshot);
        let mut actions = Vec::new();
        let view = self.view.clone();
        let palette = Palette::of(ui.visuals());
        let replay = self.engine.replay();
        let replay = replay.as_deref();
        let scene = Scene { snapshot: &snapshot, view: &view, palette, now_secs, replay };
        if let Some(transport) = replay {
            let in_focus = ui.ctx().memory(|memory| memory.focused().is_some());
            let arrows_are_free = view.page == Page::Pictures || !in_focus;
            timeline::keys(ui, transport, arrows_are_free);
        }
        if let Some(panel) = &mut self.calibration {
            let mut wishes = Vec::new();
            panel.ui(ui, &scene, self.engine.as_mut(), &mut wishes);
            self.retry();
            return self.grant(&snapshot, wishes);
        }
        let run = self.panels.find.advance(ui.ctx(), &scene, self.engine.as_mut());
        if self.panels.find.fills_the_screen() {
            self.panels.find.full_screen(ui, &scene);
            self.retry();
            return self.run_to_find(run);
        }
        keys::pressed(ui.ctx(), &scene, &mut actions);
        layout::ui(ui, &scene, &mut self.panels, &mut actions);
        if snapshot.run != RunState::Idle {
            // That a source has stalled follows from time alone, and the time since counts up.
            ui.ctx().request_repaint_after(STATE_LOOK);
        }
        self.retry();
        for action in actions {
            self.apply(ui.ctx(), &snapshot, action);
        }
        self.run_to_find(run);
    }

    /// Begins the run anew, to look for a picture by attention or to reconstruct again.
    fn run_to_find(&mut self, run: Option<Run>) {
        if let Some(Run(find)) = run {
            self.engine.use_find(find);
            self.connect_again();
        }
    }

    /// Takes over what is new.
    fn pull(&mut self, ctx: &Context, snapshot: &Snapshot) {
        self.panels.traces.follow(snapshot);
        let traces = &mut self.panels.traces;
        let mut marks = Vec::new();
        self.engine.drain_traces(
            &mut |meta, values_uv| traces.push(meta, values_uv),
            &mut |mark| {
                marks.push(mark);
            },
        );
        marks.into_iter().for_each(|mark| traces.mark(mark));
        if snapshot.run == RunState::Running {
            // The signal moves also where nothing is decoded, and nobody says so.
            ctx.request_repaint_after(FRAME);
        }
        self.panels.pictures.follow(ctx, snapshot, self.engine.as_ref());
        self.panels.evidence.follow(snapshot);
        self.panels.timeline.follow(snapshot);
        self.panels.connect.follow(self.engine.devices(), self.engine.recent_sources());
        self.panels.montage.follow(snapshot, self.engine.montage_kept());
        if let Some(command) = self.panels.board.follow(snapshot) {
            self.send(command);
        }
    }

    fn apply(&mut self, ctx: &Context, snapshot: &Snapshot, action: Action) {
        let view = &mut self.view;
        match action {
            Action::Send(command) => self.send(command),
            Action::Connect { source, pack } => self.connect(source, pack),
            Action::ConnectAgain => self.connect_again(),
            Action::Disconnect => self.engine.disconnect(),
            Action::ScanDevices => self.scan(),
            Action::ToggleRecording => self.toggle_recording(snapshot),
            Action::SetRecordFolder(folder) => view.record_folder = folder,
            Action::ToggleRecordAlso(spec) => {
                match view.record_also.iter().position(|s| *s == spec) {
                    Some(place) => drop(view.record_also.remove(place)),
                    None => view.record_also.push(spec),
                }
            }
            Action::SetTheme(theme) => {
                view.theme = theme;
                ctx.set_theme(theme);
            }
            Action::StepTextScale(step) => {
                view.text_scale =
                    if step == 0.0 { 1.0 } else { clamp_scale(view.text_scale + step) };
                ctx.set_zoom_factor(view.text_scale);
            }
            Action::Show(page) => view.page = page,
            Action::ToggleConnect => view.connect_open = !view.connect_open,
            Action::ToggleHelp => view.help_open = !view.help_open,
            Action::ToggleCalibration => self.open_calibration(),
            Action::ToggleMessages => view.messages_open = !view.messages_open,
            Action::CloseOverlays => close_topmost(view),
            Action::TogglePause => view.paused = !view.paused,
            Action::StepScale(step) => view.scale = stepped(view.scale, step),
            Action::SetSpan(secs) => view.span_secs = secs,
            Action::SetFilter(filter) => view.filter = filter,
            Action::ToggleTwin => {
                view.twin = !view.twin;
                let on = view.twin;
                self.send(Command::SetTwin(on));
            }
            Action::SetMode(mode) => {
                view.mode = mode;
                self.send(Command::SetMode(mode));
            }
            Action::SetSteadying(steadying) => {
                view.steadying = steadying;
                self.send(Command::SetSteadying(steadying));
            }
            Action::SetShowing(showing) => {
                view.showing = showing;
                self.send(Command::SetShowing(showing));
            }
            Action::SetSteps(steps) => self.send(Command::SetSteps(steps)),
            Action::KeepMontage(choice) => self.engine.keep_montage(choice),
            Action::Clean(cleaning) => {
                view.cleaning = cleaning.clone();
                self.engine.use_cleaning(cleaning);
                self.connect_again();
            }
            Action::UseMontage(choice) => {
                self.engine.use_montage(choice);
                self.connect_again();
            }
        }
    }

    /// Starts a run with the viewer's settings and empty panels.
    fn connect(&mut self, source: SourceSpec, pack: Option<PathBuf>) {
        if self.last_run.as_ref().is_some_and(|(_, before)| *before != pack) {
            // They were embedded by the other pack.
            self.stimuli = None;
            self.panels.find.use_pictures(None);
        }
        self.last_run = Some((source.clone(), pack.clone()));
        let form = &mut self.panels.connect.form;
        if !form.source().is_ok_and(|shown| shown == source) {
            form.fill(&source); // it shows what runs, whoever asked for it
        }
        self.on_screen.clear();
        self.panels.traces.clear();
        self.panels.pictures.clear();
        self.panels.evidence.clear();
        self.panels.timeline.clear();
        self.unsent.clear();
        self.view.paused = false;
        self.view.connect_open = false;
        self.engine.connect(source, pack);
        self.send(Command::SetMode(self.view.mode));
        self.send(Command::SetTwin(self.view.twin));
        self.send(Command::SetSteadying(self.view.steadying));
        self.send(Command::SetShowing(self.view.showing));
    }

    fn connect_again(&mut self) {
        match self.last_run.clone() {
            Some((source, pack)) => self.connect(source, pack),
            None => self.view.connect_open = true,
        }
    }

    fn open_calibration(&mut self) {
        let pack = self.last_run.as_ref().and_then(|(_, pack)| pack.clone());
        let root = self.sessions_folder.clone();
        self.calibration = Some(SessionPanel::new(None, root, pack, self.stimuli.clone()));
    }

    fn grant(&mut self, snapshot: &Snapshot, wishes: Vec<Wish>) {
        for wish in wishes {
            match wish {
                Wish::Close => self.calibration = None,
                Wish::UseEncoder(encoder) => {
                    self.calibration = None;
                    self.engine.use_encoder(encoder);
                    self.connect_again();
                }
                Wish::UsePictures(own) => {
                    self.stimuli.clone_from(&own);
                    self.panels.find.use_pictures(own.clone());
                    self.engine.use_pictures(own);
                    // A run knows its pictures from its beginning.
                    let begun =
                        matches!(snapshot.run, RunState::Connecting | RunState::Searching { .. });
                    if begun || snapshot.run.is_connected() {
                        self.connect_again();
                    }
                }
            }
        }
    }

    fn scan(&mut self) {
        self.panels.connect.scanning();
        self.engine.scan_devices();
    }

    fn toggle_recording(&mut self, snapshot: &Snapshot) {
        match (&snapshot.recording, &snapshot.run) {
            (RecordingState::On { .. }, _) => self.send(Command::StopRecording),
            (_, run) if run.is_connected() => {
                let stamp = utc_now_iso8601().replace(':', "");
                let path = self.view.record_folder.join(format!("phosphene_{stamp}.xdf"));
                let also = self.view.record_also.clone();
                self.send(Command::StartRecording(Recording { path, also }));
            }
            _ => {}
        }
    }

    /// Sends a command; one that is not taken is tried again with the next frames.
    fn send(&mut self, command: Command) {
        let waits = !self.unsent.is_empty();
        let when_shown = matches!(command, Command::PictureShown { .. });
        if (waits || !self.engine.send(command.clone()))
            && !when_shown
            && self.unsent.len() < MAX_UNSENT
        {
            self.unsent.push(command);
        }
    }

    fn retry(&mut self) {
        while let Some(command) = self.unsent.first().cloned() {
            if !self.engine.send(command) {
                return;
            }
            self.unsent.remove(0);
        }
    }
}

fn clamp_scale(scale: f32) -> f32 {
    let [least, most] = TEXT_SCALE_RANGE;
    // To a tenth, so that ten steps up and down end where they began.
    if scale.is_finite() { (scale.clamp(least, most) * 10.0).round() / 10.0 } else { 1.0 }
}

/// A larger trace is fewer µV per division.
fn stepped(scale: usize, step: i32) -> usize {
    match step {
        1.. => scale.saturating_sub(1),
        ..0 => (scale + 1).min(UV_PER_DIV.len() - 1),
        0 => scale,
    }
}

/// Closes one thing, the topmost first.
fn close_topmost(view: &mut View) {
    for open in [&mut view.help_open, &mut view.messages_open, &mut view.connect_open] {
        if std::mem::take(open) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_scale_stays_in_range_and_on_tenths() {
        assert_eq!(clamp_scale(0.1), 0.8);
        assert_eq!(clamp_scale(9.0), 2.0);
        assert_eq!(clamp_scale(f32::NAN), 1.0);
        let back = (0..5).fold(1.0, |s, _| clamp_scale(s + 0.1));
        assert_eq!((0..5).fold(back, |s, _| clamp_scale(s - 0.1)), 1.0);
    }

    #[test]
    fn sensitivity_steps_stop_at_the_ends() {
        assert_eq!(stepped(0, 1), 0);
        assert_eq!(stepped(4, 1), 3);
        assert_eq!(stepped(UV_PER_DIV.len() - 1, -1), UV_PER_DIV.len() - 1);
    }
}
