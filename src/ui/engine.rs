//! What the window needs of the engine behind it.
//!
//! The window reads one immutable [`Snapshot`] a frame and sends commands; it never reaches into a thread.
//! Every call returns at once: connecting, scanning and loading happen elsewhere and show in the snapshot.

use std::path::PathBuf;
use std::sync::Arc;

use crate::find::rehearsal::Rehearsal;
use crate::find::{StopRule, Wearer};
use crate::pipeline::Command;
use crate::pipeline::cleaning::Cleaning;
use crate::pipeline::finding::FindConfig;
use crate::signal::{FrameMeta, Marker, Screen, StimulusSet};
use crate::snapshot::{Picture, Snapshot};
use crate::source::SourceSpec;
use crate::source::file::Transport;
use crate::source::mounted::Choice;
use crate::study::calibration::conclude::{Outcome, Step};
use crate::study::calibration::{Held, Session};

/// A stream, board or port that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceEntry {
    /// What to connect to, as on the command line: `lsl:name=Amp`.
    pub spec: String,
    /// What a person calls it.
    pub title: String,
    /// Channels, rate, port: whatever helps to tell two of them apart.
    pub detail: String,
}

/// What a session's folder says of its circumstances.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The pictures of the pack or the user's own.
    pub stimuli: Arc<StimulusSet>,
    /// Whether no person makes the signal.
    pub simulated: bool,
    /// Hash of the pack.
    pub pack_sha256: String,
}

/// Where the user's own pictures are.
#[derive(Clone, Debug, Default)]
pub enum Embedding {
    /// None were asked for.
    #[default]
    None,
    /// They are being read; the share that is done.
    Working(f64),
    /// They can be shown.
    Done(Arc<StimulusSet>),
    /// They cannot be.
    Failed(String),
}

/// What a session's conclusion is at.
#[derive(Clone, Debug, Default)]
pub enum Conclusion {
    /// Not begun.
    #[default]
    None,
    /// At work.
    Working(Step, f64),
    /// There.
    Done(Arc<Outcome>),
    /// It could not be.
    Failed(String),
}

/// A file of a wearer who was learnt.
#[derive(Clone, Debug)]
pub struct KnownWearer {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds, or why it cannot be used.
    pub wearer: Result<Arc<Wearer>, String>,
}

/// What a wearer is learnt from, and for what.
#[derive(Clone, Debug, PartialEq)]
pub struct ToLearn {
    /// The recording with the copy pages.
    pub recording: PathBuf,
    /// What was recorded, as people call it.
    pub device: String,
    /// Where the wearer's file goes.
    pub folder: PathBuf,
    /// Pictures of the pages to come.
    pub pictures: usize,
    /// When they are over.
    pub rule: StopRule,
}

/// A wearer who was just learnt.
#[derive(Clone, Debug)]
pub struct Taught {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub wearer: Arc<Wearer>,
    /// What pages of other sizes will take.
    pub expected: Vec<Rehearsal>,
}

/// Where the learning of a wearer is.
#[derive(Clone, Debug, Default)]
pub enum Learning {
    /// Not begun.
    #[default]
    None,
    /// At work.
    Working,
    /// There.
    Done(Arc<Taught>),
    /// It could not be.
    Failed(String),
}

/// A wake-up call that may come from any thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The engine as the window sees it.
pub trait Engine {
    /// The newest state, whole.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Sends a command; false when the queue is full and the command was not taken.
    fn send(&mut self, command: Command) -> bool;

    /// Stops the run, if there is one, and starts another. Returns at once.
    fn connect(&mut self, source: SourceSpec, pack: Option<PathBuf>);

    /// Stops the run. Returns at once.
    fn disconnect(&mut self);

    /// Hands over every raw frame since the last call, oldest first: `[channels]`, µV, in the
    /// source's channel order; and every marker. A frame whose number jumps without a gap before it follows frames that
    /// were not handed over because the window did not ask in time.
    fn drain_traces(
        &mut self,
        each: &mut dyn FnMut(FrameMeta, &[f32]),
        mark: &mut dyn FnMut(Marker),
    );

    /// Starts to look for streams, boards and ports, in the background.
    fn scan_devices(&mut self);

    /// What the last scan found; `None` while it runs and before the first.
    fn devices(&self) -> Option<Vec<DeviceEntry>>;

    /// The sources used last, the newest first.
    fn recent_sources(&self) -> Arc<Vec<SourceSpec>> {
        Arc::default()
    }

    /// The picture that was really shown, by its row in the stimulus set.
    fn stimulus_picture(&self, row: u16) -> Option<Arc<Picture>>;

    /// The controls of the run, where its source is a recording.
    fn replay(&self) -> Option<Arc<Transport>> {
        None
    }

    /// Where a presenter shows pictures; `None` where nobody could look.
    fn screen(&self) -> Option<Arc<Screen>> {
        None
    }

    /// Why no session can be held with the source of this run, if so.
    fn cannot_present(&self) -> Option<String> {
        None
    }

    /// Begins to make the folder of a session and what it holds from the start. Returns at once.
    fn create_session(&mut self, _session: Session, _about: NewSession) {}

    /// What came of that, once it is over.
    fn session_created(&self) -> Option<Result<(), String>> {
        Some(Ok(()))
    }

    /// Begins to fit and to score a session whose runs are recorded. Returns at once.
    fn conclude(&mut self, _session: Session, _held: Held, _pack: Option<PathBuf>) {}

    /// Where that is.
    fn conclusion(&self) -> Conclusion {
        Conclusion::None
    }

    /// Begins to read a folder of pictures and to embed them with the pack's image encoder. Returns at once.
    fn embed_pictures(&mut self, _folder: PathBuf, _pack: Option<PathBuf>) {}

    /// Where that is.
    fn embedding(&self) -> Embedding {
        Embedding::None
    }

    /// The pictures of the runs that begin from now on; the bundled ones for `None`.
    fn use_pictures(&mut self, _own: Option<Arc<StimulusSet>>) {}

    /// The personal encoder for the runs that begin from now on.
    fn use_encoder(&mut self, _encoder: PathBuf) {}

    /// Begins to keep what is said of a device, for every later run with it. Returns at once.
    fn keep_montage(&mut self, _choice: Choice) {}

    /// What came of that: what the user should know, or why it is not kept. `None` while it is at work, and before.
    fn montage_kept(&self) -> Option<Result<Vec<String>, String>> {
        None
    }

    /// What is said of a device, for the runs that begin from now on.
    fn use_montage(&mut self, _choice: Choice) {}

    /// What is cleaned in the runs that begin from now on.
    fn use_cleaning(&mut self, _cleaning: Cleaning) {}

    /// Begins to look for wearers' files in a folder. Returns at once.
    fn list_wearers(&mut self, _folder: PathBuf) {}

    /// What was found, newest first; `None` while it looks and before.
    fn wearers(&self) -> Option<Arc<Vec<KnownWearer>>> {
        None
    }

    /// Begins to learn a wearer from a recording of copy pages. Returns at once.
    fn learn_wearer(&mut self, _what: ToLearn) {}

    /// Where that is.
    fn learning(&self) -> Learning {
        Learning::None
    }

    /// Begins to work out what pages of so many pictures will take this wearer. Returns at once.
    fn rehearse(&mut self, _wearer: Arc<Wearer>, _pictures: usize, _rule: StopRule) {}

    /// What came of the last such question; `None` while it is at work, and before.
    fn rehearsed(&self) -> Option<Result<Rehearsal, String>> {
        None
    }

    /// Begins to write a path of pictures that was kept, as one picture. Returns at once.
    fn keep_path(&mut self, _file: PathBuf, _pictures: Vec<Arc<Picture>>) {}

    /// What came of that; `None` while it is at work, and before.
    fn path_kept(&self) -> Option<Result<PathBuf, String>> {
        None
    }

    /// Looks for a picture by attention in the runs that begin from now on, in place of decoding; no longer for `None`.
    fn use_find(&mut self, _find: Option<Arc<FindConfig>>) {}

    /// Gives the engine a way to say that there is something new to see.
    fn set_repaint(&mut self, wake: Wake);
}
