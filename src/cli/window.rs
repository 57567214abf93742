//! Opens the window over a real pipeline: what the window asks for, carried out.
//!
//! Nothing here waits: runs end and devices are sought on background threads.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_utils::atomic::AtomicCell;

use crate::config::montages;
use crate::find::rehearsal::Rehearsal;
use crate::find::{StopRule, Wearer};
use crate::pipeline::background::{Kept, Later, Progress};
use crate::pipeline::cleaning::Cleaning;
use crate::pipeline::finding::FindConfig;
use crate::pipeline::{Command, Pipeline, RunConfig};
use crate::record::recover::{Recovered, recover};
use crate::signal::{FrameMeta, Marker, Screen, StimulusSet};
use crate::snapshot::{Level, Notice, Picture, Snapshot};
use crate::source::file::Transport;
use crate::source::mounted::{Choice, Mounting};
use crate::source::{SourceSpec, make};
use crate::study::calibration::conclude::{Outcome, Step, conclude};
use crate::study::calibration::{Held, Session};
use crate::time::clock::{Clock, utc_now_iso8601};
use crate::ui::Conclusion;
use crate::ui::engine::{
    self, DeviceEntry, Engine, KnownWearer, Learning, NewSession, ToLearn, Wake,
};
use crate::ui::scene::Page;

use super::devices::{self, Devices};
use super::embedding::Embeddings;
use super::failure::Failure;
use super::offered::entries;
use super::recent::Used;
use super::shelf::Shelf;
use super::wearers::Wearers;

/// Seconds that a scan listens for LSL streams.
const SCAN_SECS: f64 = 1.5;

/// Pictures and markers between the presenter and the source: some minutes of a session, though they are taken at once.
const SCREEN_CAPACITY: usize = 1024;

/// Opens the window and runs until it is closed.
///
/// # Errors
/// Exit code 1 when there is no display or no graphics adapter.
pub fn run(config: RunConfig) -> Result<(), Failure> {
    open(config, None, Page::default())
}

/// As [`run`], with a calibration session to be held.
///
/// # Errors
/// As [`run`].
pub fn run_session(config: RunConfig, session: Session) -> Result<(), Failure> {
    open(config, Some(session), Page::default())
}

/// As [`run`], on the page of finding by attention.
///
/// # Errors
/// As [`run`].
pub fn run_find(config: RunConfig) -> Result<(), Failure> {
    open(config, None, Page::Find)
}

fn open(config: RunConfig, session: Option<Session>, page: Page) -> Result<(), Failure> {
    let transport = config.transport.clone().or_else(|| controls_for(&config.spec));
    let screen = Some(Arc::new(Screen::new(SCREEN_CAPACITY)));
    // A person sees that it is looking, and can stop it.
    let patience_secs = f64::INFINITY;
    let config = RunConfig { traces: true, transport, screen, patience_secs, ..config };
    let initial = crate::ui::InitialView {
        page,
        source: Some(config.spec.clone()),
        pack: config.pack.clone(),
        record_folder: crate::config::recordings_folder(),
        mode: config.mode,
        cleaning: config.cleaning.clone(),
        twin: config.twin,
        steadying: config.steadying,
        showing: config.showing,
        sessions_folder: session.as_ref().map_or_else(default_sessions, |s| s.root.clone()),
        session,
        stimuli: config.stimuli.clone(),
        ..Default::default()
    };
    let engine = LiveEngine::start(config);
    crate::ui::run(Box::new(engine), Clock::system(), initial)
        .map_err(|e| Failure::unexpected(e.to_string()))
}

fn default_sessions() -> PathBuf {
    PathBuf::from("calibration")
}

/// A recording is played under the viewer's control, and waits at its end.
fn controls_for(source: &SourceSpec) -> Option<Arc<Transport>> {
    matches!(source, SourceSpec::File(_)).then(|| {
        let transport = Transport::default();
        transport.set_holding(true);
        Arc::new(transport)
    })
}

/// The engine behind the window.
struct LiveEngine {
    config: RunConfig,
    pipeline: Option<Pipeline>,
    retired: Option<Later<()>>,
    scan: Option<Later<Devices>>,
    found: Option<Vec<DeviceEntry>>,
    /// Sources used last, and whether this run's has been added.
    used: Used,
    pictures: Shelf,
    wake: Option<Wake>,
    /// Recordings that an earlier run left unfinished, while they are mended beside the window.
    recovering: Later<Vec<Recovered>>,
    recovered: Vec<Notice>,
    /// A session's folder that is being made, and what came of it.
    creating: Option<Kept<Result<(), String>>>,
    concluding: Option<Concluding>,
    embedding: Embeddings,
    /// What is said of a device, while it is written, and what came of it.
    keeping: Option<Kept<Result<Vec<String>, String>>>,
    wearers: Wearers,
}

/// A session that is being fitted and scored.
struct Concluding {
    work: Kept<Result<Arc<Outcome>, String>>,
    progress: Arc<AtomicCell<(Step, f64)>>,
}

impl LiveEngine {
    fn start(config: RunConfig) -> Self {
        let pictures = Shelf::new(config.stimuli());
        let pipeline = Some(Pipeline::start(config.clone(), Vec::new()));
        Self {
            config: RunConfig { record: None, ..config },
            pipeline,
            retired: None,
            scan: None,
            found: None,
            used: Used::load(),
            pictures,
            wake: None,
            recovering: Later::run("phosphene-recover", recover),
            recovered: Vec::new(),
            creating: None,
            concluding: None,
            embedding: Embeddings::default(),
            keeping: None,
            wearers: Wearers::default(),
        }
    }

    /// What was mended is told in the window, and on standard error as by the other commands.
    fn poll_recovered(&mut self) {
        let Some(found) = self.recovering.take() else { return };
        let at_secs = Clock::system().now_secs();
        for Recovered { whole, said, .. } in found {
            eprintln!("phosphene: {said}");
            let level = if whole { Level::Warning } else { Level::Error };
            self.recovered.push(Notice { at_secs, level, text: said });
        }
    }

    /// Ends the current run in the background; the next run's source waits for it, because a serial port or
    /// a board can be open only once.
    fn retire_current(&mut self) {
        if let Some(pipeline) = self.pipeline.take() {
            self.retired = Some(pipeline.retire());
        }
    }

    fn poll_scan(&mut self) {
        if let Some(devices) = self.scan.as_ref().and_then(Later::take) {
            self.found = Some(entries(&devices));
            self.scan = None;
        }
    }
}

impl Engine for LiveEngine {
    fn snapshot(&self) -> Arc<Snapshot> {
        let mut snapshot = self.pipeline.as_ref().map(Pipeline::snapshot).unwrap_or_default();
        snapshot.notices.extend(self.recovered.iter().cloned());
        Arc::new(snapshot)
    }

    fn send(&mut self, command: Command) -> bool {
        match &command {
            Command::SetMode(mode) => self.config.mode = *mode,
            Command::SetSteps(steps) => self.config.steps = Some(*steps),
            Command::SetTwin(on) => self.config.twin = *on,
            Command::SetSteadying(steadying) => self.config.steadying = *steadying,
            Command::SetShowing(showing) => self.config.showing = *showing,
            _ => {}
        }
        self.pipeline.as_mut().is_some_and(|pipeline| pipeline.send(command))
    }

    fn connect(&mut self, source: SourceSpec, pack: Option<PathBuf>) {
        self.retire_current();
        self.config.transport = controls_for(&source);
        if source != self.config.spec && matches!(self.config.montage, Mounting::Given(_)) {
            // It was said of the other source.
            self.config.montage = Mounting::Saved;
        }
        self.config.spec = source;
        self.used.begin();
        let pack = pack.or_else(crate::config::bundled_pack);
        if pack != self.config.pack {
            // It was fitted to the other pack, and pictures were embedded by that.
            self.config.encoder = None;
            self.use_pictures(None);
        }
        self.config.pack = pack;
        let pipeline = Pipeline::start_after(self.retired.take(), self.config.clone(), Vec::new());
        if let Some(wake) = &self.wake {
            pipeline.set_wake(wake.clone());
        }
        self.pipeline = Some(pipeline);
    }

    fn disconnect(&mut self) {
        self.retire_current();
    }

    fn drain_traces(
        &mut self,
        each: &mut dyn FnMut(FrameMeta, &[f32]),
        mark: &mut dyn FnMut(Marker),
    ) {
        self.poll_scan();
        self.poll_recovered();
        self.embedding.tidy();
        if let Some(pipeline) = &mut self.pipeline {
            pipeline.drain_traces(each, mark);
            let run = pipeline.run();
            self.used.note(&run, &self.config.spec);
        }
    }

    fn scan_devices(&mut self) {
        if self.scan.is_none() {
            self.found = None;
            self.scan = Some(Later::run("phosphene-scan", || devices::scan(SCAN_SECS)));
        }
    }

    fn devices(&self) -> Option<Vec<DeviceEntry>> {
        self.found.clone()
    }

    fn recent_sources(&self) -> Arc<Vec<SourceSpec>> {
        self.used.sources()
    }

    fn stimulus_picture(&self, row: u16) -> Option<Arc<Picture>> {
        self.pictures.picture(row)
    }

    fn replay(&self) -> Option<Arc<Transport>> {
        self.pipeline.as_ref().and(self.config.transport.clone())
    }

    fn screen(&self) -> Option<Arc<Screen>> {
        self.config.screen.clone()
    }

    fn cannot_present(&self) -> Option<String> {
        make::cannot_see(&self.config.spec)
    }

    fn create_session(&mut self, session: Session, about: NewSession) {
        self.creating = Some(Kept::run("phosphene-session", move || {
            let made = session.create(&about.stimuli, about.simulated, &about.pack_sha256);
            made.map_err(|why| why.to_string())
        }));
    }

    fn session_created(&self) -> Option<Result<(), String>> {
        match self.creating.as_ref()?.progress() {
            Progress::Working => None,
            Progress::Done(outcome) => Some(outcome),
            Progress::Died => {
                Some(Err("the program failed while it made the session's folder".into()))
            }
        }
    }

    fn conclude(&mut self, session: Session, held: Held, pack: Option<PathBuf>) {
        let progress = Arc::new(AtomicCell::new((Step::Reading, 0.0)));
        let (told, seed) = (progress.clone(), self.config.seed);
        let pack = pack.or_else(|| self.config.pack.clone());
        let work = Kept::run("phosphene-conclude", move || {
            let pack = pack.ok_or("no model pack is chosen")?;
            let on_step = |step, share| told.store((step, share));
            let outcome = conclude(&session, &held, &pack, seed, on_step);
            outcome.map(Arc::new).map_err(|why| why.to_string())
        });
        self.concluding = Some(Concluding { work, progress });
    }

    fn conclusion(&self) -> Conclusion {
        let Some(concluding) = &self.concluding else { return Conclusion::None };
        match concluding.work.progress() {
            Progress::Working => {
                let (step, share) = concluding.progress.load();
                Conclusion::Working(step, share)
            }
            Progress::Done(Ok(outcome)) => Conclusion::Done(outcome),
            Progress::Done(Err(why)) => Conclusion::Failed(why),
            Progress::Died => {
                let why = "the program failed while it fitted; the recordings are whole: try `phosphene fit`";
                Conclusion::Failed(why.into())
            }
        }
    }

    fn embed_pictures(&mut self, folder: PathBuf, pack: Option<PathBuf>) {
        self.embedding.ask(folder, pack.or_else(|| self.config.pack.clone()));
    }

    fn embedding(&self) -> engine::Embedding {
        self.embedding.progress()
    }

    fn use_pictures(&mut self, own: Option<Arc<StimulusSet>>) {
        self.config.stimuli = own;
        self.pictures = Shelf::new(self.config.stimuli());
        self.embedding.give_up();
    }

    fn use_encoder(&mut self, encoder: PathBuf) {
        self.config.encoder = Some(encoder);
    }

    fn keep_montage(&mut self, choice: Choice) {
        // It holds for the next run, too: of another device it says nothing.
        self.config.montage = Mounting::Chosen(choice.clone());
        // One after another: what is said last stays.
        let before = self.keeping.take();
        self.keeping = Some(Kept::run("phosphene-montage", move || {
            drop(before);
            let file = montages::path().ok_or("this user has no folder for data")?;
            montages::keep(&file, &choice.key, choice.to_save(&utc_now_iso8601()))
        }));
    }

    fn montage_kept(&self) -> Option<Result<Vec<String>, String>> {
        match self.keeping.as_ref()?.progress() {
            Progress::Working => None,
            Progress::Done(outcome) => Some(outcome),
            Progress::Died => Some(Err("the program failed while it kept the montage".into())),
        }
    }

    fn use_cleaning(&mut self, cleaning: Cleaning) {
        self.config.cleaning = cleaning;
    }

    fn use_montage(&mut self, choice: Choice) {
        self.config.montage = Mounting::Chosen(choice);
    }

    fn list_wearers(&mut self, folder: PathBuf) {
        self.wearers.look(folder);
    }

    fn wearers(&self) -> Option<Arc<Vec<KnownWearer>>> {
        self.wearers.found()
    }

    fn learn_wearer(&mut self, what: ToLearn) {
        self.wearers.learn(what);
    }

    fn learning(&self) -> Learning {
        self.wearers.learning()
    }

    fn rehearse(&mut self, wearer: Arc<Wearer>, pictures: usize, rule: StopRule) {
        self.wearers.rehearse(wearer, pictures, rule);
    }

    fn rehearsed(&self) -> Option<Result<Rehearsal, String>> {
        self.wearers.rehearsed()
    }

    fn keep_path(&mut self, file: PathBuf, pictures: Vec<Arc<Picture>>) {
        self.wearers.keep_path(file, pictures);
    }

    fn path_kept(&self) -> Option<Result<PathBuf, String>> {
        self.wearers.path_kept()
    }

    fn use_find(&mut self, find: Option<Arc<FindConfig>>) {
        self.config.find = find;
    }

    fn set_repaint(&mut self, wake: Wake) {
        if let Some(pipeline) = &self.pipeline {
            pipeline.set_wake(wake.clone());
        }
        self.wake = Some(wake);
    }
}
