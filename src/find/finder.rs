//! Page after page: what is looked for, when to stop, what it was worth, and the control beside it.
//!
//! Takes [`ScoredFlash`]es in order of arrival; another page number is another search. Gives a [`FindView`] after each. Of pages that
//! are over only counts are kept, and the flashes of a few of them for the control. A verdict stands: flashes of a page that is
//! over are counted as late and change nothing. The same flashes give the same views, bit by bit.

use serde::Serialize;

use super::bits::Worth;
use super::law::ScoreLaw;
use super::posterior::{NOBODY_BEFORE, PagePosterior, PosteriorError};
use super::scored::{REACH_SECS, ScoredFlash};
use super::stopping::{Repetitions, StopError, StopRule, Verdict};
use super::tally::{Claimed, Tally};
use super::twin::{Twin, TwinView};

/// A gap between flashes of a page longer than this was a pause: it is not flashing time.
const PAUSE_SECS: f64 = 2.0;

/// A law learnt at another time from flash to flash does not hold: more than this share away.
const MOST_SOA_SHARE: f64 = 0.15;

/// What is withheld, and why.
pub const WITHHELD: &str = "Results are withheld: the control, which answers this page's scores against other pages' flashes, \
    succeeds too. What was found means nothing then: the scores or the order of the flashes tell of something else than what is looked for. \
    Learn the wearer again.";

/// Why there can be no finder.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FinderError {
    /// Page, prior or law.
    #[error(transparent)]
    Posterior(#[from] PosteriorError),
    /// Rule.
    #[error(transparent)]
    Rule(#[from] StopError),
}

/// What the screen and the record are told.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FindView {
    /// Number of the page; `None` before the first flash.
    pub page: Option<u32>,
    /// The picture that the wearer was told to look for.
    pub sought: Option<usize>,
    /// Probability of each picture of the page.
    pub probabilities: Vec<f64>,
    /// Probability that nobody is looking.
    pub nobody: f64,
    /// How the search stands.
    pub verdict: Verdict,
    /// Flashes up to now, or to the verdict.
    pub flashes: u64,
    /// Those of them that had a score.
    pub scored: u64,
    /// Flashes that came after the verdict.
    pub late: u64,
    /// Repetitions.
    pub repetitions: Repetitions,
    /// Seconds of flashing up to now, or to the verdict, with the last response.
    pub secs: f64,
    /// Time from flash to flash is not the one at which the law was learnt: probabilities are not to be trusted.
    pub other_pace: bool,
    /// Copy pages that are over.
    pub copy: Tally,
    /// What they were worth.
    pub copy_worth: Worth,
    /// Free pages that are over.
    pub free: Tally,
    /// What those were worth if the posterior is right.
    pub free_claimed: Claimed,
    /// The control.
    pub control: TwinView,
    /// Why results are not to be shown; `None` where they may.
    pub withheld: Option<&'static str>,
}

/// Times and lights of the page on show.
#[derive(Clone, Copy, Debug, Default)]
struct Course {
    last_onset_secs: f64,
    steps: u64,
    steps_secs: f64,
    pauses: u64,
    lights: u64,
    scored_lights: u64,
    /// It has been counted.
    counted: bool,
}

/// Searches page after page.
#[derive(Clone, Debug)]
pub struct Finder {
    law: ScoreLaw,
    rule: StopRule,
    posterior: PagePosterior,
    twin: Twin,
    course: Course,
    /// When the page before ended; pauses between pages count from there.
    last_end_secs: Option<f64>,
    /// A page of another size or prior, from the next page on.
    next: Option<PagePosterior>,
    view: FindView,
}

impl Finder {
    /// Before the first page, of so many pictures. `seed` draws which pages' flashes the control takes.
    ///
    /// # Errors
    /// [`FinderError`] for a law, rule or page that cannot be reckoned with.
    pub fn new(
        law: &ScoreLaw,
        rule: StopRule,
        pictures: usize,
        seed: u64,
    ) -> Result<Self, FinderError> {
        rule.check()?;
        let posterior = PagePosterior::new(law, pictures, NOBODY_BEFORE, None)?;
        let mut new = Self {
            law: law.clone(),
            rule,
            twin: Twin::new(posterior.clone(), seed),
            posterior,
            course: Course::default(),
            last_end_secs: None,
            next: None,
            view: FindView::default(),
        };
        new.show();
        Ok(new)
    }

    /// From the next page on: so many pictures, with these logarithms of weights (all alike where there are none).
    ///
    /// # Errors
    /// [`FinderError`] for a page or prior that cannot be reckoned with; the page on show goes on.
    pub fn set_next(
        &mut self,
        pictures: usize,
        log_prior: Option<&[f64]>,
    ) -> Result<(), FinderError> {
        self.next = Some(PagePosterior::new(&self.law, pictures, NOBODY_BEFORE, log_prior)?);
        Ok(())
    }

    /// Takes the next flash; says how things stand.
    pub fn take(&mut self, scored: &ScoredFlash) -> &FindView {
        if self.view.page != Some(scored.flash.page) {
            self.end_page();
            self.begin(scored);
        } else if self.view.verdict.is_over() {
            self.view.late += 1;
            return &self.view;
        }
        self.pass_time(scored);
        self.light(scored);
        self.posterior.push(scored);
        let (best, nobody) = (self.posterior.best(), self.posterior.nobody());
        self.view.verdict = self.rule.judge(best, nobody, self.view.repetitions);
        self.twin.push(scored, &self.rule, self.view.repetitions);
        if self.view.verdict.is_over() {
            self.count();
        }
        self.show();
        &self.view
    }

    /// How things stand.
    pub fn view(&self) -> &FindView {
        &self.view
    }

    /// The page is over, with a verdict or without: the screen left it.
    pub fn end_page(&mut self) {
        if self.view.page.is_some() && !self.course.counted {
            self.count();
            self.show();
        }
    }

    fn begin(&mut self, scored: &ScoredFlash) {
        let pictures = usize::from(scored.flash.pictures);
        let fits = |posterior: &PagePosterior| posterior.probabilities().len() == pictures;
        // The page itself says how many pictures it has.
        let next = self.next.take().filter(fits).or_else(|| {
            let other = !fits(&self.posterior);
            other
                .then(|| PagePosterior::new(&self.law, pictures, NOBODY_BEFORE, None).ok())
                .flatten()
        });
        match next {
            Some(next) => {
                // The twin's scores say nothing of pictures: it takes no prior from this page either.
                self.twin.resize(next.clone());
                self.posterior = next;
            }
            None => self.posterior.clear(),
        }
        self.course = Course { last_onset_secs: scored.onset_secs, ..Course::default() };
        self.last_end_secs = Some(self.last_end_secs.unwrap_or(scored.onset_secs));
        let kept = std::mem::take(&mut self.view);
        self.view = FindView {
            page: Some(scored.flash.page),
            sought: scored.flash.sought.map(usize::from),
            copy: kept.copy,
            free: kept.free,
            withheld: kept.withheld,
            ..FindView::default()
        };
    }

    fn pass_time(&mut self, scored: &ScoredFlash) {
        let step = scored.onset_secs - self.course.last_onset_secs;
        if step > PAUSE_SECS {
            self.course.pauses += 1;
        } else if step > 0.0 {
            self.course.steps += 1;
            self.course.steps_secs += step;
        }
        self.course.last_onset_secs = scored.onset_secs;
        let pace = self.course.steps_secs / self.course.steps as f64;
        self.view.other_pace =
            self.course.steps >= 8 && (pace / self.law.soa_secs - 1.0).abs() > MOST_SOA_SHARE;
        // A pause counts as one step: the flash after it had to be shown.
        let pauses_secs = self.course.pauses as f64 * self.law.soa_secs;
        self.view.secs = self.course.steps_secs + pauses_secs + REACH_SECS;
    }

    fn light(&mut self, scored: &ScoredFlash) {
        let pictures = self.posterior.probabilities().len();
        let lights =
            scored.flash.lit.pictures().take_while(|picture| *picture < pictures).count() as u64;
        self.view.flashes += 1;
        self.course.lights += lights;
        if scored.finite_score().is_some() {
            self.view.scored += 1;
            self.course.scored_lights += lights;
        }
        let each = pictures as f64 * self.rule.lights_each_repetition;
        self.view.repetitions = Repetitions {
            scored: self.course.scored_lights as f64 / each,
            shown: self.course.lights as f64 / each,
        };
    }

    /// Counts the page once: at its verdict, or when it was left without one.
    fn count(&mut self) {
        self.course.counted = true;
        let end_secs = self.course.last_onset_secs + REACH_SECS;
        let whole_secs = (end_secs - self.last_end_secs.unwrap_or(end_secs)).max(self.view.secs);
        self.last_end_secs = Some(end_secs);
        let view = &mut self.view;
        let sought = view.sought;
        let tally = if sought.is_some() { &mut view.copy } else { &mut view.free };
        tally.pages += 1;
        tally.flashes += view.flashes;
        tally.secs += view.secs;
        tally.secs_with_pauses += whole_secs;
        match view.verdict {
            Verdict::Found { picture, probability } => {
                tally.found += 1;
                tally.right += u64::from(Some(picture) == sought);
                tally.expected_right += probability;
            }
            Verdict::NobodyLooks => tally.nobody += 1,
            Verdict::GaveUp => tally.gave_up += 1,
            Verdict::Going => tally.unfinished += 1,
        }
        self.twin.end_page(sought.or(view.verdict.found()));
    }

    fn show(&mut self) {
        let pictures = self.posterior.probabilities().len();
        self.view.probabilities.clear();
        self.view.probabilities.extend_from_slice(self.posterior.probabilities());
        self.view.nobody = self.posterior.nobody();
        self.view.copy_worth = self.view.copy.worth(pictures);
        self.view.free_claimed = self.view.free.claimed(pictures);
        self.view.control = self.twin.view();
        if self.view.control.succeeded {
            self.view.withheld = Some(WITHHELD);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::find::law::tests::law;
    use crate::find::rehearsal::{drawn_code, drawn_page};
    use crate::signal::flash::Lit;

    const PICTURES: usize = 20;

    fn code(seed: u64) -> Vec<Lit> {
        drawn_code(PICTURES, 15, 0.2, &mut ChaCha8Rng::seed_from_u64(seed))
    }

    /// Page `number` of these flashes, a minute and a half after the one before.
    fn page(number: u32, lits: &[Lit], sought: Option<usize>, told: bool) -> Vec<ScoredFlash> {
        let mut rng = ChaCha8Rng::seed_from_u64(u64::from(number) + 1000);
        let mut flashes = drawn_page(&law(), PICTURES, lits, sought, &mut rng);
        for scored in &mut flashes {
            scored.flash.page = number;
            scored.flash.sought = sought.filter(|_| told).map(|picture| picture as u8);
            scored.onset_secs += 90.0 * f64::from(number);
        }
        flashes
    }

    fn finder() -> Finder {
        Finder::new(&law(), StopRule::default(), PICTURES, 1).unwrap()
    }

    #[test]
    fn pages_are_searched_counted_and_replayed_to_the_same_bits() {
        let (mut finder, mut again) = (finder(), finder());
        for number in 0..30 {
            let sought = (number * 7 % 20) as usize;
            for scored in &page(number, &code(u64::from(number)), Some(sought), number % 2 == 0) {
                assert_eq!(finder.take(scored), again.take(scored));
            }
            let view = finder.view();
            assert!(view.verdict.is_over() && view.late > 0, "{view:?}");
            let sum = view.probabilities.iter().sum::<f64>() + view.nobody;
            assert!((sum - 1.0).abs() < 1e-9);
        }
        let view = finder.view();
        assert_eq!((view.copy.pages, view.free.pages, view.free.right), (15, 15, 0));
        assert!(view.copy.right >= 13 && view.copy_worth.bits_a_minute > 15.0, "{view:?}");
        assert!(view.free_claimed.accuracy > 0.95, "{view:?}");
        // Each page but the first waited for its turn in a minute and a half.
        let all = view.copy.secs_with_pauses + view.free.secs_with_pauses;
        assert!((all - 29.0 * 90.0).abs() < 70.0, "{all}");
        assert!(
            view.control.pages >= 28 && view.control.stops <= 3 && view.withheld.is_none(),
            "{view:?}"
        );
    }

    #[test]
    fn a_page_left_without_a_verdict_is_counted_once_and_pauses_are_no_flashing() {
        let mut finder = finder();
        let mut flashes = page(0, &code(1), None, false);
        flashes.truncate(8);
        flashes[4..].iter_mut().for_each(|scored| scored.onset_secs += 50.0);
        flashes.iter().for_each(|scored| _ = finder.take(scored));
        assert!((finder.view().secs - (7.0 * 0.2 + 0.8)).abs() < 1e-9, "{:?}", finder.view());
        finder.end_page();
        finder.end_page();
        let tally = finder.view().free;
        assert_eq!((tally.pages, tally.unfinished, tally.flashes), (1, 1, 8));
        assert!((tally.secs_with_pauses - (50.0 + 7.0 * 0.2 + 0.8)).abs() < 1e-9, "{tally:?}");
        finder.take(&page(1, &code(2), None, false)[0]);
        assert_eq!((finder.view().free.pages, finder.view().flashes), (1, 1));
    }

    #[test]
    fn the_next_page_may_be_of_another_size_and_another_pace_is_told() {
        let mut finder = finder();
        finder.take(&page(0, &code(1), None, false)[0]);
        finder.set_next(4, Some(&[0.0, 3.0, 0.0, 0.0])).unwrap();
        assert!(finder.set_next(0, None).is_err());
        assert_eq!(finder.view().probabilities.len(), 20);
        let mut flashes = page(1, &code(1), None, false);
        flashes.iter_mut().zip(0_u32..).for_each(|(scored, i)| {
            scored.onset_secs = 90.0 + 0.3 * f64::from(i);
            scored.flash.pictures = 4;
        });
        let view = finder.take(&flashes[0]).clone();
        assert_eq!((view.probabilities.len(), view.page, view.other_pace), (4, Some(1), false));
        flashes[1..12].iter().for_each(|scored| _ = finder.take(scored));
        assert!(finder.view().other_pace || finder.view().verdict.is_over(), "{:?}", finder.view());
    }

    #[test]
    fn where_all_pages_flash_alike_the_control_succeeds_and_results_are_withheld() {
        let (mut finder, lits) = (finder(), code(1));
        for number in 0..30 {
            let sought = (number * 7 % 20) as usize;
            page(number, &lits, Some(sought), true)
                .iter()
                .for_each(|scored| _ = finder.take(scored));
        }
        let view = finder.view();
        assert!(view.control.succeeded && view.withheld.is_some(), "{:?}", view.control);
        assert!(view.control.right > 8, "{:?}", view.control);
    }

    #[test]
    fn nobody_is_told_and_seldom_a_picture() {
        let mut finder = finder();
        for number in 0..60 {
            let flashes = page(number, &code(u64::from(number)), None, false);
            flashes.iter().for_each(|scored| _ = finder.take(scored));
        }
        let free = finder.view().free;
        assert!(free.found <= 6 && free.nobody >= 40, "{free:?}");
    }

    #[test]
    fn a_rule_or_page_that_cannot_be_is_refused() {
        let rule = StopRule { bound: 0.2, ..StopRule::default() };
        assert!(matches!(Finder::new(&law(), rule, 20, 1), Err(FinderError::Rule(_))));
        assert!(matches!(
            Finder::new(&law(), StopRule::default(), 99, 1),
            Err(FinderError::Posterior(_))
        ));
    }
}
