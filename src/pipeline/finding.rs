//! The finding stage, in the place of the decode stage where a wearer looks for a picture: from windows of flashes to who is
//! looked for.
//!
//! Takes one window at a time, gives a [`crate::find::FindView`] to the viewers after each. Not a real-time stage.

use std::sync::Arc;

use super::shared::Shared;
use crate::find::{Finder, StopRule, Wearer};
use crate::signal::Window;
use crate::snapshot::Level;

/// Pictures of a page before the first flash says how many there are.
const FIRST_PICTURES: usize = 40;

/// What a run looks for, and how.
#[derive(Clone, Debug)]
pub struct FindConfig {
    /// The wearer's detector and law.
    pub wearer: Arc<Wearer>,
    /// When a page is over.
    pub rule: StopRule,
    /// Draws what the control takes.
    pub seed: u64,
}

/// The finding stage.
pub struct Finding {
    wearer: Arc<Wearer>,
    finder: Finder,
    was_withheld: bool,
}

impl Finding {
    /// The stage before its first flash.
    ///
    /// # Errors
    /// Why a rule or a law cannot be used, in plain words.
    pub fn new(config: &FindConfig) -> Result<Self, String> {
        let finder = Finder::new(&config.wearer.law, config.rule, FIRST_PICTURES, config.seed)
            .map_err(|why| why.to_string())?;
        Ok(Self { wearer: config.wearer.clone(), finder, was_withheld: false })
    }

    /// Takes one window; one that is locked to anything but a flash says nothing here.
    pub fn step(&mut self, shared: &Shared, window: &Window) {
        let Some(scored) = self.wearer.scored(window) else { return };
        let view = self.finder.take(&scored).clone();
        if let Some(why) = view.withheld
            && !std::mem::replace(&mut self.was_withheld, true)
        {
            shared.notice(Level::Error, why);
        }
        shared.set_found(view);
    }
}
