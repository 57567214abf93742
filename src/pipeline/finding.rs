//! The finding stage, in the place of the decode stage where a wearer looks for a picture: from windows of flashes to who is
//! looked for.
//!
//! Takes one window at a time, gives a [`FindView`] to the viewers after each. Not a real-time stage.

use std::path::PathBuf;
use std::sync::Arc;

use super::shared::Shared;
use crate::find::{FindView, Finder, StopRule, Wearer};
use crate::signal::Window;
use crate::snapshot::Level;
use crate::stats;

/// Times from a window's last sample to its posterior that are kept for percentiles.
const TIMES_KEPT: usize = 1000;

/// Pictures of a page before the first flash says how many there are.
const FIRST_PICTURES: usize = 40;

/// What a run looks for, and how.
#[derive(Clone, Debug)]
pub struct FindConfig {
    /// The wearer's detector and law, as read from `path`.
    pub wearer: Arc<Wearer>,
    /// Where that was read.
    pub path: PathBuf,
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
    /// Milliseconds.
    times: Vec<f64>,
}

impl Finding {
    /// The stage before its first flash.
    ///
    /// # Errors
    /// Why a rule or a law cannot be used, in plain words.
    pub fn new(config: &FindConfig) -> Result<Self, String> {
        let finder = Finder::new(&config.wearer.law, config.rule, FIRST_PICTURES, config.seed)
            .map_err(|why| why.to_string())?;
        let (wearer, times) = (config.wearer.clone(), Vec::with_capacity(TIMES_KEPT));
        Ok(Self { wearer, finder, was_withheld: false, times })
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
        if self.times.len() == TIMES_KEPT {
            self.times.remove(0);
        }
        self.times.push((shared.clock.now_secs() - window.last_arrival_secs) * 1e3);
        shared.set_found(view);
    }

    /// What was found, as it is now.
    pub fn view(&self) -> &FindView {
        self.finder.view()
    }

    /// 95th percentile of the times from the arrival of a window's last sample to its posterior, in milliseconds.
    pub fn p95_millis(&self) -> Option<f64> {
        (!self.times.is_empty()).then(|| stats::percentile(&self.times, 95.0))
    }
}
