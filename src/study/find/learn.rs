//! A wearer learnt from copy pages: the detector, the law of its scores, and how well both do on pages they never saw.
//!
//! Takes the flashes of copy pages with their windows, page by page; gives a [`Wearer`]. Scores that anything is said about
//! come from detectors that were fitted to other pages; the law that judges a page in [`Learnt::right`] was learnt from
//! others too.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::calibrate::score::metrics::roc_auc;
use crate::find::detector::{Detector, Epochs};
use crate::find::rehearsal::Rehearsal;
use crate::find::wearer::{Learnt, SCHEMA, Wearer, WearerInput, scored};
use crate::find::{PagePosterior, ScoreLaw, ScoredFlash, ScoredPage, StopRule};
use crate::signal::Window;
use crate::source::{Source, SourceInfo};
use crate::study::error::PersonalError;
use crate::time::clock::utc_now_iso8601;

use super::windows::FlashWindows;

/// Most flashes that are learnt from: hours of copy pages.
const MOST_FLASHES: usize = 50_000;

/// Seed of the searches that are drawn from the law.
const SEED: u64 = 1;

/// Bootstrap draws over pages behind an interval.
const DRAWS: usize = 500;

/// The flashes of copy pages.
#[derive(Debug, Default)]
pub struct CopyFlashes {
    /// Each, without a score; windows that were refused among them.
    flashes: Vec<ScoredFlash>,
    /// Page of each, over all recordings.
    pages: Vec<usize>,
    /// Row in `values` of those whose window was usable.
    rows: Vec<Option<usize>>,
    /// `[usable, channels, samples]`, µV.
    values: Vec<f32>,
    channels: usize,
    samples: usize,
    recordings: Vec<String>,
    last: Option<(usize, u32)>,
}

impl CopyFlashes {
    /// Takes a window; those of free pages and those that are locked to anything else are left out.
    pub fn take(&mut self, window: &Window) {
        let Some(flash) = scored(window, None) else { return };
        if flash.flash.sought.is_none() || self.flashes.len() == MOST_FLASHES {
            return;
        }
        let place = (self.recordings.len(), flash.flash.page);
        let page = match (self.last.replace(place), self.pages.last()) {
            (Some(before), Some(page)) if before == place => *page,
            (_, last) => last.map_or(0, |page| page + 1),
        };
        (self.channels, self.samples) = (window.channels, window.samples);
        let usable = window.abstain.is_none();
        let width = (self.channels * self.samples).max(1);
        self.rows.push(usable.then_some(self.values.len() / width));
        if usable {
            self.values.extend_from_slice(&window.samples_uv);
        }
        self.flashes.push(flash);
        self.pages.push(page);
    }

    /// Takes a whole recording.
    ///
    /// # Errors
    /// [`PersonalError::Sessions`]; nothing where it was interrupted.
    pub fn read(
        &mut self,
        name: &str,
        source: Box<dyn Source>,
        input: Option<&WearerInput>,
        interrupted: &AtomicBool,
    ) -> Result<(SourceInfo, WearerInput), PersonalError> {
        let bad = |why: String| PersonalError::Sessions(format!("{name}: {why}"));
        let mut windows = FlashWindows::open(source, input).map_err(|why| bad(why.to_string()))?;
        while windows.step(&mut |window| self.take(window)).map_err(|why| bad(why.to_string()))? {
            if interrupted.load(Ordering::Relaxed) {
                return Err(bad("interrupted".into()));
            }
        }
        self.ends(name);
        let found = (windows.info().clone(), windows.input().clone());
        windows.close().map(|()| found)
    }

    /// What was taken since the last call is one recording.
    pub fn ends(&mut self, name: &str) {
        self.recordings.push(name.to_owned());
    }

    /// Copy pages so far.
    pub fn pages(&self) -> usize {
        self.pages.last().map_or(0, |page| page + 1)
    }

    /// Learns the wearer.
    ///
    /// # Errors
    /// [`PersonalError::Sessions`]: too few pages or targets, or numbers that allow no fit.
    pub fn learn(
        &self,
        input: WearerInput,
        source: &SourceInfo,
        pictures: usize,
        rule: &StopRule,
    ) -> Result<Wearer, PersonalError> {
        let (is_target, groups) = self.labels();
        let epochs = Epochs {
            channels: self.channels,
            samples: self.samples,
            rate_hz: input.rate_hz,
            values: &self.values,
            is_target: &is_target,
            groups: &groups,
        };
        let bad = |why: String| PersonalError::Sessions(why);
        let scores = Detector::out_of_fold_scores(&epochs).map_err(|why| bad(why.to_string()))?;
        let detector = Detector::fit(&epochs).map_err(|why| bad(why.to_string()))?;
        let pages = self.with(&scores);
        let law = ScoreLaw::fit(&pages).map_err(|why| bad(why.to_string()))?;
        let rehearsal =
            Rehearsal::of(&law, pictures, rule, SEED).map_err(|why| bad(why.to_string()))?;
        let (auc, auc_ci95) = auc_over_pages(&scores, &is_target, &groups);
        let exchanged = self.exchanged();
        let learnt = Learnt {
            recordings: self.recordings.clone(),
            pages: pages.len(),
            flashes: scores.len(),
            refused: self.flashes.len() - scores.len(),
            auc,
            auc_ci95,
            auc_exchanged: roc_auc(&scores, &exchanged).unwrap_or(f64::NAN),
            right: right_pages(&pages),
        };
        Ok(Wearer {
            schema: SCHEMA,
            program: format!("phosphene {}", env!("CARGO_PKG_VERSION")),
            created: utc_now_iso8601(),
            simulated: source.simulated,
            source: source.name.clone(),
            input,
            detector,
            law,
            learnt,
            rehearsal,
        })
    }

    /// Of every usable flash: whether the sought picture lit up, and its page.
    fn labels(&self) -> (Vec<bool>, Vec<usize>) {
        let usable = self.flashes.iter().zip(&self.pages).zip(&self.rows);
        usable
            .filter(|(_, row)| row.is_some())
            .map(|((flash, page), _)| (is_target(flash, flash.flash.sought), *page))
            .unzip()
    }

    /// The same with what was sought on the page before: the control of the score.
    fn exchanged(&self) -> Vec<bool> {
        let count = self.pages();
        let mut sought = vec![None; count];
        for (flash, page) in self.flashes.iter().zip(&self.pages) {
            sought[*page] = flash.flash.sought;
        }
        let usable = self.flashes.iter().zip(&self.pages).zip(&self.rows);
        usable
            .filter(|(_, row)| row.is_some())
            .map(|((flash, page), _)| is_target(flash, sought[(page + count - 1) % count]))
            .collect()
    }

    /// The pages with these scores of the usable flashes.
    fn with(&self, scores: &[f64]) -> Vec<ScoredPage> {
        let mut pages = vec![ScoredPage::default(); self.pages()];
        for ((flash, page), row) in self.flashes.iter().zip(&self.pages).zip(&self.rows) {
            let score = row.and_then(|row| scores.get(row)).copied();
            pages[*page].flashes.push(ScoredFlash { score, ..flash.clone() });
        }
        pages
    }
}

fn is_target(flash: &ScoredFlash, sought: Option<u8>) -> bool {
    sought.is_some_and(|picture| flash.flash.lit.holds(usize::from(picture)))
}

/// Pages whose picture was right at their end, each by a law that was learnt from the others.
fn right_pages(pages: &[ScoredPage]) -> usize {
    let right = |left_out: usize| -> Option<bool> {
        let others: Vec<ScoredPage> = pages
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != left_out)
            .map(|(_, page)| page.clone())
            .collect();
        let law = ScoreLaw::fit(&others).ok()?;
        let first = pages[left_out].flashes.first()?;
        let pictures = usize::from(first.flash.pictures);
        let mut posterior =
            PagePosterior::new(&law, pictures, crate::find::NOBODY_BEFORE, None).ok()?;
        pages[left_out].flashes.iter().for_each(|flash| {
            posterior.pass(flash);
        });
        posterior.weigh();
        Some(Some(posterior.best().0) == pages[left_out].sought())
    };
    (0..pages.len()).filter(|i| right(*i) == Some(true)).count()
}

/// The AUC with its interval: pages are drawn with replacement.
fn auc_over_pages(scores: &[f64], is_target: &[bool], pages: &[usize]) -> (f64, [f64; 2]) {
    use rand::{RngExt as _, SeedableRng as _};
    let whole = roc_auc(scores, is_target).unwrap_or(f64::NAN);
    let mut by_page: std::collections::BTreeMap<usize, Vec<usize>> = Default::default();
    for (row, page) in pages.iter().enumerate() {
        by_page.entry(*page).or_default().push(row);
    }
    let rows: Vec<Vec<usize>> = by_page.into_values().collect();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(SEED);
    let mut drawn: Vec<f64> = (0..DRAWS)
        .filter_map(|_| {
            let chosen = (0..rows.len()).flat_map(|_| &rows[rng.random_range(0..rows.len())]);
            let (scores, is_target): (Vec<f64>, Vec<bool>) =
                chosen.map(|i| (scores[*i], is_target[*i])).unzip();
            roc_auc(&scores, &is_target)
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    let at = |q| crate::stats::percentile_of_sorted(&drawn, q);
    (whole, if drawn.is_empty() { [whole; 2] } else { [at(2.5), at(97.5)] })
}
