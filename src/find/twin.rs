//! The control of searching: this page's scores answered against the flashes of other pages.
//!
//! Takes each flash of the page with its score; gives how often the twin stops, and how often at the right picture. Its flashes
//! come from earlier pages, drawn at random, so its scores say nothing of what lights in them: it must be at chance and hardly
//! ever stop. Same law, posterior and rule. It is judged where the picture is known: told (a copy page), or found by the real
//! search. Two sequential tests watch it, which may be looked at after every page (Ville: each passes 20 in at most one of
//! twenty runs of the program in which the control says nothing): whether it names the picture more often than another page's
//! ([`Sequential`]), and whether it stops at more than one page of five. Memory: the flashes of a few earlier pages.

use std::collections::VecDeque;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::posterior::PagePosterior;
use super::scored::ScoredFlash;
use super::stopping::{Repetitions, StopRule, Verdict};
use crate::decode::control::sequential::{ALARM, ControlView, Sequential};
use crate::signal::flash::Lit;
use crate::stats::wilson_interval;

/// Earlier pages whose flashes are kept.
const PAGES_KEPT: usize = 16;

/// Flashes kept of each.
const FLASHES_KEPT: usize = 1024;

/// Share of pages at which a twin may stop: with strong responses and few flashes some other picture's code happens to fit.
const MOST_STOPS: f64 = 0.2;

/// Higher shares that are looked for.
const SHARES: [f64; 4] = [0.25, 0.35, 0.5, 0.9];

/// Keeps the draws apart from every other use of the seed.
const SALT: u64 = 0x7477_696e_5f66_696e;

/// The twin of a search.
#[derive(Clone, Debug)]
pub struct Twin {
    posterior: PagePosterior,
    earlier: VecDeque<Vec<Lit>>,
    /// The flashes of this page, to be kept.
    page: Vec<Lit>,
    /// What the twin takes for them.
    instead: Vec<Lit>,
    pictures: usize,
    verdict: Verdict,
    rng: ChaCha8Rng,
    named: Sequential,
    stops: StopTest,
    view: TwinView,
}

/// What the control says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TwinView {
    /// Pages that had a twin and are over.
    pub pages: u64,
    /// Those in which the twin stopped at a picture.
    pub stops: u64,
    /// 95 % interval of their share (Wilson).
    pub stops_ci95: [f64; 2],
    /// Pages whose picture is known.
    pub known: u64,
    /// Those in which the twin stopped at it.
    pub right: u64,
    /// Those in which the twin's most probable picture was it, stopped or not.
    pub named_right: u64,
    /// 95 % interval of their share.
    pub named_right_ci95: [f64; 2],
    /// Share that guessing names.
    pub chance: f64,
    /// e-value against "it names the picture no more often than another".
    pub e_named: f64,
    /// e-value against "it stops at a fifth of the pages at most".
    pub e_stops: f64,
    /// Whether either test has passed: then no search of this run means anything.
    pub succeeded: bool,
}

impl Twin {
    /// Before the first page; `posterior` is one of a page on which nothing has flashed.
    pub fn new(posterior: PagePosterior, seed: u64) -> Self {
        let pictures = posterior.probabilities().len();
        let view = TwinView {
            chance: 1.0 / pictures as f64,
            stops_ci95: [0.0, 1.0],
            named_right_ci95: [0.0, 1.0],
            ..TwinView::default()
        };
        Self {
            posterior,
            earlier: VecDeque::with_capacity(PAGES_KEPT),
            page: Vec::new(),
            instead: Vec::new(),
            pictures,
            verdict: Verdict::Going,
            rng: ChaCha8Rng::seed_from_u64(seed ^ SALT),
            named: Sequential::new(pictures, seed),
            stops: StopTest::default(),
            view,
        }
    }

    /// Takes the page's next flash.
    pub fn push(&mut self, scored: &ScoredFlash, rule: &StopRule, repetitions: Repetitions) {
        let at = self.page.len();
        if at == FLASHES_KEPT {
            return;
        }
        self.page.push(scored.flash.lit);
        if self.verdict.is_over() || !self.reach(at + scored.following.len() + 1) {
            return;
        }
        let mut exchanged = scored.clone();
        exchanged.flash.lit = self.instead[at];
        let later = self.instead[at + 1..].iter();
        exchanged.following.iter_mut().zip(later).for_each(|(following, lit)| following.1 = *lit);
        self.posterior.push(&exchanged);
        self.verdict = rule.judge(self.posterior.best(), self.posterior.nobody(), repetitions);
    }

    /// Draws earlier pages until so many flashes stand ready; whether there are any.
    fn reach(&mut self, count: usize) -> bool {
        while self.instead.len() < count {
            if self.earlier.is_empty() {
                return false;
            }
            let drawn = self.rng.random_range(0..self.earlier.len());
            self.instead.extend_from_slice(&self.earlier[drawn]);
        }
        true
    }

    /// The page is over; `known`: the picture that was to be looked for, or was found.
    pub fn end_page(&mut self, known: Option<usize>) {
        if !self.instead.is_empty() && self.posterior.scored() > 0 {
            self.count(known);
        }
        let page = std::mem::take(&mut self.page);
        if !page.is_empty() {
            if self.earlier.len() == PAGES_KEPT {
                self.earlier.pop_front();
            }
            self.earlier.push_back(page);
        }
        self.instead.clear();
        self.posterior.clear();
        self.verdict = Verdict::Going;
    }

    fn count(&mut self, known: Option<usize>) {
        let (stopped, named) = (self.verdict.found(), self.posterior.best().0);
        self.stops.add(stopped.is_some());
        let view = &mut self.view;
        view.pages += 1;
        view.stops += u64::from(stopped.is_some());
        view.stops_ci95 = wilson_interval(view.stops, view.pages);
        if let Some(known) = known.filter(|known| *known < self.pictures) {
            view.known += 1;
            view.right += u64::from(stopped == Some(known));
            view.named_right += u64::from(named == known);
            view.named_right_ci95 = wilson_interval(view.named_right, view.known);
            // Pages hold at most 60 pictures.
            self.named.add(named as u16, known as u16, true);
        }
        let ControlView { e_value, succeeded, .. } = self.named.view();
        view.e_named = e_value;
        view.e_stops = self.stops.e_value();
        view.succeeded |= succeeded || view.e_stops >= ALARM;
    }

    /// Another page size: the flashes of earlier pages no longer fit.
    pub fn resize(&mut self, posterior: PagePosterior) {
        let pictures = posterior.probabilities().len();
        if pictures != self.pictures {
            self.earlier.clear();
        }
        self.pictures = pictures;
        self.view.chance = 1.0 / pictures as f64;
        self.posterior = posterior;
    }

    /// What is to be said.
    pub fn view(&self) -> TwinView {
        self.view
    }
}

/// Whether a twin stops at more than [`MOST_STOPS`] of the pages: the mean of likelihood ratios of higher shares.
#[derive(Clone, Debug, Default)]
struct StopTest {
    log_ratios: [f64; SHARES.len()],
}

impl StopTest {
    fn add(&mut self, stopped: bool) {
        let chance = |share: f64| if stopped { share } else { 1.0 - share };
        for (ratio, share) in self.log_ratios.iter_mut().zip(SHARES) {
            *ratio += (chance(share) / chance(MOST_STOPS)).ln();
        }
    }

    fn e_value(&self) -> f64 {
        let ratios = self.log_ratios.iter().map(|ratio| ratio.min(f64::MAX.ln() - 2.0).exp());
        ratios.sum::<f64>() / SHARES.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_stops_are_borne_and_more_are_not() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut passes = |share: f64, pages: u32| {
            let mut test = StopTest::default();
            (0..pages).any(|_| {
                test.add(rng.random::<f64>() < share);
                test.e_value() >= ALARM
            })
        };
        let borne = (0..400).filter(|_| passes(MOST_STOPS, 300)).count();
        // Ville: at most 20 of 400 on the mean; 33 is three standard deviations above.
        assert!(borne <= 33, "{borne} of 400");
        let found = (0..100).filter(|_| passes(0.45, 200)).count();
        assert!(found > 95, "{found} of 100");
    }
}
