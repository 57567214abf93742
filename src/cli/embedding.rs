//! A folder of the user's own pictures behind the window: read and embedded by the pack's image encoder, on a thread of its own.
//!
//! What was asked for last counts; what was given up ends by itself, without anybody waiting.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_utils::atomic::AtomicCell;

use crate::decode::Pack;
use crate::decode::session::Runtime;
use crate::native;
use crate::pipeline::background::{Kept, Progress};
use crate::signal::StimulusSet;
use crate::study::calibration::pictures;
use crate::ui::engine;

/// Threads of ONNX Runtime for the user's own pictures: the run beside it decodes meanwhile.
const THREADS: usize = 1;

/// Pictures that can be shown, or why they cannot.
type Embedded = Result<Arc<StimulusSet>, String>;

/// A folder of pictures that is being read and embedded.
struct Embedding {
    work: Kept<Embedded>,
    /// Share that is done.
    progress: Arc<AtomicCell<f64>>,
    /// Set when nobody waits for it any more.
    unwanted: Arc<AtomicBool>,
}

impl Drop for Embedding {
    fn drop(&mut self) {
        self.unwanted.store(true, Ordering::Relaxed);
    }
}

/// The folder that was asked for last, and work that was given up.
#[derive(Default)]
pub struct Embeddings {
    newest: Option<Embedding>,
    ending: Vec<Embedding>,
}

impl Embeddings {
    /// Lets go of pictures that are being embedded, without waiting.
    pub fn give_up(&mut self) {
        if let Some(embedding) = self.newest.take() {
            embedding.unwanted.store(true, Ordering::Relaxed);
            self.ending.push(embedding);
        }
    }

    /// Forgets what was given up and has ended.
    pub fn tidy(&mut self) {
        self.ending.retain(|embedding| !embedding.work.is_over());
    }

    /// Begins with another folder.
    pub fn ask(&mut self, folder: PathBuf, pack: Option<PathBuf>) {
        self.give_up();
        let progress = Arc::new(AtomicCell::new(0.0));
        let unwanted = Arc::new(AtomicBool::new(false));
        let (told, given_up) = (progress.clone(), unwanted.clone());
        let work = Kept::run("phosphene-embed", move || {
            let pack = pack.ok_or("no model pack is chosen")?;
            let pack = Pack::open_unless(&pack, &given_up).map_err(|why| why.to_string())?;
            let library = native::onnx_runtime()?;
            let runtime = Runtime::load(&library, THREADS).map_err(|why| why.to_string())?;
            let on_progress = |share: f64| {
                told.store(share);
                !given_up.load(Ordering::Relaxed)
            };
            let folder = (folder.as_path(), pictures::MOST_SHOWN);
            let set = pictures::from_folder(folder, &pack, &runtime, on_progress);
            set.map(Arc::new).map_err(|why| why.to_string())
        });
        self.newest = Some(Embedding { work, progress, unwanted });
    }

    /// Where it is.
    pub fn progress(&self) -> engine::Embedding {
        let Some(embedding) = &self.newest else { return engine::Embedding::None };
        match embedding.work.progress() {
            Progress::Working => engine::Embedding::Working(embedding.progress.load()),
            Progress::Done(Ok(set)) => engine::Embedding::Done(set),
            Progress::Done(Err(why)) => engine::Embedding::Failed(why),
            Progress::Died => {
                let why = "the program failed while it embedded the pictures";
                engine::Embedding::Failed(why.into())
            }
        }
    }
}
