//! The choice of a folder of pictures, as far as it has come.

use std::path::PathBuf;
use std::sync::Arc;

use crate::signal::StimulusSet;
use crate::ui::engine::{Embedding, Engine};

/// The choice, as far as it has come.
#[derive(Default)]
pub(super) struct OwnPictures {
    /// The folder, as it is typed.
    pub folder: String,
    /// Whether the engine was asked for it.
    pub asked: bool,
    /// Why it cannot be taken.
    pub refused: Option<String>,
}

impl OwnPictures {
    /// Whether pictures are being embedded.
    pub fn is_busy(&self) -> bool {
        self.asked
    }

    /// What came of the folder, once.
    pub fn arrived(&mut self, engine: &dyn Engine) -> Option<Arc<StimulusSet>> {
        if !self.asked {
            return None;
        }
        match engine.embedding() {
            Embedding::Working(_) => None,
            Embedding::Done(set) => {
                self.asked = false;
                Some(set)
            }
            Embedding::Failed(why) => {
                (self.asked, self.refused) = (false, Some(why));
                None
            }
            Embedding::None => {
                let why = "the pictures were not embedded: choose the folder again";
                (self.asked, self.refused) = (false, Some(why.into()));
                None
            }
        }
    }

    /// Asks the engine for the folder that is typed.
    pub fn ask(&mut self, engine: &mut dyn Engine, pack: Option<PathBuf>) {
        (self.asked, self.refused) = (true, None);
        engine.embed_pictures(PathBuf::from(self.folder.trim()), pack);
    }
}
