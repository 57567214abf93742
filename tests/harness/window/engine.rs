//! An engine that plays a script and remembers what it was told.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use phosphene::find::rehearsal::Rehearsal;
use phosphene::find::{StopRule, Wearer};
use phosphene::pipeline::Command;
use phosphene::pipeline::finding::FindConfig;
use phosphene::signal::{FrameMeta, Marker, Screen, StimulusSet};
use phosphene::snapshot::{Picture, Snapshot};
use phosphene::source::SourceSpec;
use phosphene::source::file::Transport;
use phosphene::source::mounted::Choice;
use phosphene::study::calibration::{Held, Session};
use phosphene::ui::{
    Conclusion, DeviceEntry, Embedding, Engine, KnownWearer, Learning, NewSession, ToLearn, Wake,
};

use super::states::picture;

/// What the engine says and what it was told.
#[derive(Default)]
pub struct Script {
    pub snapshot: Arc<Snapshot>,
    pub sent: Vec<Command>,
    pub connected: Vec<(SourceSpec, Option<PathBuf>)>,
    pub disconnected: usize,
    pub scans: usize,
    pub devices: Option<Vec<DeviceEntry>>,
    pub frames: VecDeque<(FrameMeta, Vec<f32>)>,
    pub marks: Vec<Marker>,
    pub full: bool,
    pub pictures: BTreeMap<u16, Arc<Picture>>,
    pub wake: Option<Wake>,
    pub replay: Option<Arc<Transport>>,
    pub screen: Option<Arc<Screen>>,
    pub cannot_present: Option<String>,
    /// What came of the folder of a session.
    pub created: Option<Result<(), String>>,
    /// Sessions that were to be fitted, and where that is.
    pub concluded: Vec<Held>,
    pub conclusion: Conclusion,
    /// Folders of pictures that were to be embedded, where that is, and how many pictures were then asked for.
    pub folders: Vec<PathBuf>,
    pub embedding: Embedding,
    pub used: Vec<Option<usize>>,
    /// What was said of devices and kept, what came of it, and what runs were begun with.
    pub kept: Vec<Choice>,
    pub montage_kept: Option<Result<Vec<String>, String>>,
    pub mounted: Vec<Choice>,
    /// Wearers' files, folders that were looked through, what was to be learnt and where that is.
    pub known: Option<Arc<Vec<KnownWearer>>>,
    pub looked: Vec<PathBuf>,
    pub lessons: Vec<ToLearn>,
    pub learning: Learning,
    /// Sizes of pages that were asked about, and the answer.
    pub asked_sizes: Vec<usize>,
    pub rehearsed: Option<Result<Rehearsal, String>>,
    /// Paths that were to be written with how many pictures, and what came of it.
    pub paths: Vec<(PathBuf, usize)>,
    pub path_kept: Option<Result<PathBuf, String>>,
    /// What runs were begun with.
    pub finds: Vec<Option<Arc<FindConfig>>>,
}

/// An engine that plays a script.
#[derive(Clone, Default)]
pub struct ScriptedEngine(pub Rc<RefCell<Script>>);

impl ScriptedEngine {
    pub fn with(snapshot: Snapshot) -> Self {
        let engine = Self::default();
        engine.show(snapshot);
        engine.0.borrow_mut().pictures.insert(7, Arc::new(picture(0.2, 1.0)));
        engine
    }

    pub fn show(&self, snapshot: Snapshot) {
        self.0.borrow_mut().snapshot = Arc::new(snapshot);
    }

    pub fn sent(&self) -> Vec<Command> {
        self.0.borrow().sent.clone()
    }

    pub fn clear_sent(&self) {
        self.0.borrow_mut().sent.clear();
    }

    /// Ten seconds of signal up to `end_secs`, with a loss near the end when asked for.
    pub fn fill(&self, channels: usize, rate_hz: f64, end_secs: f64, with_gap: bool) {
        let n = (10.0 * rate_hz) as u64;
        let time_of = |index: u64| end_secs - 10.0 + index as f64 / rate_hz;
        let is_lost = |index: u64| with_gap && (3.0..3.6).contains(&(end_secs - time_of(index)));
        let frames = (0..n).filter(|index| !is_lost(*index)).map(|index| {
            let time_secs = time_of(index);
            let gap_before = index > 0 && is_lost(index - 1);
            let meta = FrameMeta { index, time_secs, arrival_secs: time_secs, gap_before };
            (meta, (0..channels).map(|c| sample(c, time_secs, index)).collect())
        });
        self.0.borrow_mut().frames.extend(frames);
    }
}

/// Alpha-like rhythm, slow drift and noise, µV; one channel is hum and one is flat.
pub fn sample(channel: usize, t: f64, index: u64) -> f32 {
    let mut x = index.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (channel as u64 + 1).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^= x >> 31;
    x = x.wrapping_mul(0x94D0_49BB_1331_11EB);
    let noise = ((x >> 40) as f64 / (1u64 << 24) as f64 - 0.5) * 10.0;
    let phase = channel as f64 * 0.4;
    let swell = 0.6 + 0.4 * (t * 0.9 + phase).sin();
    let alpha = 11.0 * swell * (t * std::f64::consts::TAU * 10.2 + phase).sin();
    let slow = 6.0 * (t * std::f64::consts::TAU * 0.7 + 2.0 * phase).sin();
    let value = match channel {
        5 => 24.0 * (t * std::f64::consts::TAU * 50.0).sin() + noise,
        6 => 0.2 * noise,
        _ => alpha + slow + noise,
    };
    value as f32
}

impl Engine for ScriptedEngine {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.0.borrow().snapshot.clone()
    }
    fn send(&mut self, command: Command) -> bool {
        let mut script = self.0.borrow_mut();
        if !script.full {
            script.sent.push(command);
        }
        !script.full
    }
    fn connect(&mut self, source: SourceSpec, pack: Option<PathBuf>) {
        self.0.borrow_mut().connected.push((source, pack));
    }
    fn disconnect(&mut self) {
        self.0.borrow_mut().disconnected += 1;
    }
    fn drain_traces(
        &mut self,
        each: &mut dyn FnMut(FrameMeta, &[f32]),
        mark: &mut dyn FnMut(Marker),
    ) {
        let mut script = self.0.borrow_mut();
        script.marks.drain(..).for_each(mark);
        for (meta, values) in script.frames.drain(..) {
            each(meta, &values);
        }
    }
    fn scan_devices(&mut self) {
        self.0.borrow_mut().scans += 1;
    }
    fn devices(&self) -> Option<Vec<DeviceEntry>> {
        self.0.borrow().devices.clone()
    }
    fn stimulus_picture(&self, row: u16) -> Option<Arc<Picture>> {
        self.0.borrow().pictures.get(&row).cloned()
    }
    fn replay(&self) -> Option<Arc<Transport>> {
        self.0.borrow().replay.clone()
    }
    fn screen(&self) -> Option<Arc<Screen>> {
        self.0.borrow().screen.clone()
    }
    fn cannot_present(&self) -> Option<String> {
        self.0.borrow().cannot_present.clone()
    }
    fn create_session(&mut self, session: Session, about: NewSession) {
        let made = session.create(&about.stimuli, about.simulated, &about.pack_sha256);
        self.0.borrow_mut().created = Some(made.map_err(|why| why.to_string()));
    }
    fn session_created(&self) -> Option<Result<(), String>> {
        self.0.borrow().created.clone()
    }
    fn conclude(&mut self, _: Session, held: Held, _: Option<PathBuf>) {
        self.0.borrow_mut().concluded.push(held);
    }
    fn conclusion(&self) -> Conclusion {
        self.0.borrow().conclusion.clone()
    }
    fn embed_pictures(&mut self, folder: PathBuf, _: Option<PathBuf>) {
        self.0.borrow_mut().folders.push(folder);
    }
    fn embedding(&self) -> Embedding {
        self.0.borrow().embedding.clone()
    }
    fn use_pictures(&mut self, own: Option<Arc<StimulusSet>>) {
        self.0.borrow_mut().used.push(own.map(|set| set.len()));
    }
    fn keep_montage(&mut self, choice: Choice) {
        self.0.borrow_mut().kept.push(choice);
    }
    fn montage_kept(&self) -> Option<Result<Vec<String>, String>> {
        self.0.borrow().montage_kept.clone()
    }
    fn use_montage(&mut self, choice: Choice) {
        self.0.borrow_mut().mounted.push(choice);
    }
    fn list_wearers(&mut self, folder: PathBuf) {
        self.0.borrow_mut().looked.push(folder);
    }
    fn wearers(&self) -> Option<Arc<Vec<KnownWearer>>> {
        self.0.borrow().known.clone()
    }
    fn learn_wearer(&mut self, what: ToLearn) {
        self.0.borrow_mut().lessons.push(what);
    }
    fn learning(&self) -> Learning {
        self.0.borrow().learning.clone()
    }
    fn rehearse(&mut self, _: Arc<Wearer>, pictures: usize, _: StopRule) {
        self.0.borrow_mut().asked_sizes.push(pictures);
    }
    fn rehearsed(&self) -> Option<Result<Rehearsal, String>> {
        self.0.borrow().rehearsed.clone()
    }
    fn keep_path(&mut self, file: PathBuf, pictures: Vec<Arc<Picture>>) {
        self.0.borrow_mut().paths.push((file, pictures.len()));
    }
    fn path_kept(&self) -> Option<Result<PathBuf, String>> {
        self.0.borrow().path_kept.clone()
    }
    fn use_find(&mut self, find: Option<Arc<FindConfig>>) {
        self.0.borrow_mut().finds.push(find);
    }
    fn set_repaint(&mut self, wake: Wake) {
        self.0.borrow_mut().wake = Some(wake);
    }
}
