//! What a page will take with this law: searches drawn from the law itself, before the first real one.
//!
//! Takes a law, the number of pictures and the rule; gives how often a search is right after each repetition and how the rule
//! stops, so that a wearer is told how many repetitions a page takes, or that none would do. The law's own uncertainty is in
//! its amplitude's spread and so in these figures. The seed decides.

use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use serde::{Deserialize, Serialize};

use super::law::ScoreLaw;
use super::law::noise::Noise;
use super::posterior::{NOBODY_BEFORE, PagePosterior, PosteriorError};
use super::scored::{REACH_SECS, ScoredFlash, Trail};
use super::stopping::{Repetitions, StopRule, Verdict};
use crate::signal::flash::{Flash, Lit};

/// Searches that are drawn: a share is then known to ±.1 or better.
pub const SEARCHES: usize = 100;

/// A response proper of fewer standard errors might be none at all (one wearer in 700 would pass by chance).
const LEAST_Z: f64 = 3.0;

/// Share of searches that must find the right picture for a page to be offered.
const LEAST_FOUND: f64 = 0.5;

/// Most repetitions that are drawn.
const MOST_REPETITIONS: usize = 60;

/// What searches took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// Pictures of the page.
    pub pictures: usize,
    /// Share of searches whose most probable picture was the right one after 1, 2, … repetitions.
    pub right_after: Vec<f64>,
    /// Share of searches that stopped at the right picture.
    pub found: f64,
    /// Share that stopped at a wrong one.
    pub wrong: f64,
    /// Mean repetitions of a search that stopped at a picture.
    pub repetitions: f64,
    /// Mean seconds of it, with the last response.
    pub secs: f64,
    /// The response proper by its standard error, as the law has it.
    pub response_z: f64,
}

impl Rehearsal {
    /// Draws searches among `pictures`; none (all shares 0) where no response was found beyond chance.
    ///
    /// # Errors
    /// [`PosteriorError`] for a page or law that cannot be reckoned with.
    pub fn of(
        law: &ScoreLaw,
        pictures: usize,
        rule: &StopRule,
        seed: u64,
    ) -> Result<Self, PosteriorError> {
        let mut posterior = PagePosterior::new(law, pictures, NOBODY_BEFORE, None)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let repetitions = (rule.most_repetitions.ceil() as usize).clamp(1, MOST_REPETITIONS);
        let mut new = Self {
            pictures,
            right_after: vec![0.0; repetitions],
            response_z: law.response_z,
            ..Self::default()
        };
        if new.has_no_response() {
            return Ok(new);
        }
        for _ in 0..SEARCHES {
            posterior.clear();
            new.search(law, rule, &mut posterior, &mut rng);
        }
        let share = 1.0 / SEARCHES as f64;
        let stopped = (new.found + new.wrong).max(1.0);
        new.right_after.iter_mut().for_each(|right| *right *= share);
        (new.repetitions, new.secs) = (new.repetitions / stopped, new.secs / stopped);
        (new.found, new.wrong) = (new.found * share, new.wrong * share);
        Ok(new)
    }

    /// Then nothing is drawn: it would only show what chance made of the copy pages.
    fn has_no_response(&self) -> bool {
        self.response_z.is_nan() || self.response_z < LEAST_Z
    }

    fn search(
        &mut self,
        law: &ScoreLaw,
        rule: &StopRule,
        posterior: &mut PagePosterior,
        rng: &mut ChaCha8Rng,
    ) {
        let sought = rng.random_range(0..self.pictures);
        let lits = drawn_code(self.pictures, self.right_after.len(), law.soa_secs, rng);
        let page = drawn_page(law, self.pictures, &lits, Some(sought), rng);
        let each = flashes_each(self.pictures);
        let mut verdict = Verdict::Going;
        for (i, scored) in page.iter().enumerate() {
            posterior.pass(scored);
            let ends = (i + 1) % each == 0;
            // Stops are looked for twice a repetition: seven times faster, and hardly later.
            if (i + 1) % (each / 2) != 0 {
                continue;
            }
            posterior.weigh();
            if !verdict.is_over() {
                let repetitions = (i + 1) as f64 / each as f64;
                let both = Repetitions { scored: repetitions, shown: repetitions };
                verdict = rule.judge(posterior.best(), posterior.nobody(), both);
                let secs = (i as f64).mul_add(law.soa_secs, REACH_SECS);
                self.count(verdict, sought, repetitions, secs);
            }
            if ends {
                self.right_after[i / each] += f64::from(u8::from(posterior.best().0 == sought));
            }
        }
    }

    fn count(&mut self, verdict: Verdict, sought: usize, repetitions: f64, secs: f64) {
        let Some(picture) = verdict.found() else { return };
        let sum = if picture == sought { &mut self.found } else { &mut self.wrong };
        *sum += 1.0;
        self.repetitions += repetitions;
        self.secs += secs;
    }

    /// Repetitions after which the most probable picture is the right one in this share of searches; none up to the rule's most.
    pub fn repetitions_for(&self, accuracy: f64) -> Option<usize> {
        self.right_after.iter().position(|right| *right >= accuracy).map(|i| i + 1)
    }

    /// Why no selection can be offered; `None` where it can.
    pub fn too_weak(&self) -> Option<String> {
        if self.has_no_response() {
            return Some(format!(
                "No response to the picture that is looked for was found beyond chance ({:.1} standard errors, {LEAST_Z} are needed). \
                 Searches cannot work with what was learnt. More copy pages, a better fit of the headset or electrodes over the back of the head may help.",
                self.response_z
            ));
        }
        (self.found < LEAST_FOUND).then(|| {
            format!(
                "The response is there but weak: of {} pictures the right one would be found in {:.0} % of the searches within {} repetitions. \
                 Fewer pictures on a page, more repetitions or a better fit of the headset may help.",
                self.pictures,
                100.0 * self.found,
                self.right_after.len()
            )
        })
    }

    /// What a page will take, in words.
    pub fn words(&self) -> String {
        self.too_weak().unwrap_or_else(|| {
            format!(
                "A search among {} pictures will take about {:.1} repetitions ({:.0} seconds); {:.0} % find the right picture, {:.0} % a wrong one.",
                self.pictures,
                self.repetitions,
                self.secs,
                100.0 * self.found,
                100.0 * self.wrong
            )
        })
    }
}

/// A page of these flashes with scores as the law draws them, for whoever looks for `sought`, or for none.
pub(super) fn drawn_page(
    law: &ScoreLaw,
    pictures: usize,
    lits: &[Lit],
    sought: Option<usize>,
    rng: &mut ChaCha8Rng,
) -> Vec<ScoredFlash> {
    let noise = Noise::of(&law.noise_correlation);
    let mut normal = || -> f64 { StandardNormal.sample(rng) };
    let offset = law.offset + law.offset_sd * normal();
    let amplitude = (1.0 + law.amplitude_sd * normal()).max(0.0);
    let scale = (law.scale_sd * normal()).exp();
    let (mut trail, mut expected, mut before) = (Trail::default(), vec![0.0; pictures], Vec::new());
    let mut page: Vec<ScoredFlash> = Vec::with_capacity(lits.len());
    for (i, lit) in lits.iter().enumerate() {
        let mut scored = unscored(law, lits, i);
        law.expect(&trail, &scored, &mut expected);
        trail.pass(&scored);
        let value = noise.as_ref().map_or(0.0, |noise| next_of(noise, &before, normal()));
        before.push(value);
        let varied = if sought.is_some_and(|sought| lit.holds(sought)) {
            law.target_sd * normal()
        } else {
            0.0
        };
        let response = sought.and_then(|sought| expected.get(sought)).copied().unwrap_or_default();
        scored.score =
            Some(offset + amplitude * response + scale * (law.noise_sd * value + varied));
        page.push(scored);
    }
    page
}

/// Pictures of a page, by its highest that lights up.
fn pictures_of(lits: &[Lit]) -> u8 {
    let all = lits.iter().fold(0, |all, lit| all | lit.0);
    (u64::BITS - all.leading_zeros()) as u8
}

/// Flash i of a page, with those that follow.
fn unscored(law: &ScoreLaw, lits: &[Lit], i: usize) -> ScoredFlash {
    let later = lits[i + 1..].iter().zip(1_u32..);
    let following = later.map(|(lit, steps)| (f64::from(steps) * law.soa_secs, *lit));
    ScoredFlash {
        flash: Flash { page: 0, pictures: pictures_of(lits), lit: lits[i], sought: None },
        onset_secs: i as f64 * law.soa_secs,
        score: None,
        following: following.take_while(|(delay_secs, _)| *delay_secs <= REACH_SECS).collect(),
    }
}

/// The next value of the noise; the first ones by smaller orders, so that it is itself from the start.
fn next_of(noise: &Noise, before: &[f64], fresh: f64) -> f64 {
    let order = noise.order().min(before.len());
    let Some(part) = Noise::of(&noise.correlation[..order]) else { return fresh };
    let told: f64 = part.weights.iter().zip(before.iter().rev()).map(|(w, v)| w * v).sum();
    told + part.innovation.sqrt() * fresh
}

/// Flashes of a repetition: twice as many as groups, of which there are about the square root of the pictures.
pub fn flashes_each(pictures: usize) -> usize {
    2 * ((pictures as f64).sqrt().ceil() as usize).max(2)
}

/// Random balanced groups, each picture twice a repetition, none within .4 s where that can be.
pub(super) fn drawn_code(
    pictures: usize,
    repetitions: usize,
    soa_secs: f64,
    rng: &mut ChaCha8Rng,
) -> Vec<Lit> {
    let groups = flashes_each(pictures) / 2;
    let apart = ((0.4 / soa_secs).ceil() as usize).clamp(1, groups);
    let mut last: Vec<Option<usize>> = vec![None; pictures];
    let (mut code, mut order) = (Vec::new(), (0..pictures).collect::<Vec<_>>());
    for _ in 0..2 * repetitions {
        let begin = code.len();
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); groups];
        order.shuffle(rng);
        // Those that lit last choose first: they have the least choice.
        order.sort_by_key(|picture| {
            std::cmp::Reverse(last[*picture].map_or(0, |at| (at + apart).saturating_sub(begin)))
        });
        for picture in &order {
            let from =
                last[*picture].map_or(0, |at| (at + apart).saturating_sub(begin)).min(groups - 1);
            let fewest = (from..groups).map(|g| members[g].len()).min().unwrap_or_default();
            let choice: Vec<usize> =
                (from..groups).filter(|g| members[*g].len() == fewest).collect();
            let group = choice[rng.random_range(0..choice.len())];
            members[group].push(*picture);
            last[*picture] = Some(begin + group);
        }
        code.extend(members.into_iter().map(Lit::of));
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::law::LawError;
    use crate::find::law::tests::law;
    use crate::find::scored::ScoredPage;

    #[test]
    fn each_picture_lights_twice_a_repetition_and_not_too_soon() {
        let code = drawn_code(40, 5, 0.2, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!((code.len(), flashes_each(40)), (70, 14));
        for picture in 0..40 {
            let at: Vec<usize> = (0..70).filter(|i| code[*i].holds(picture)).collect();
            assert_eq!(at.len(), 10);
            assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= 2), "{at:?}");
        }
        for pictures in 1..=60 {
            assert!(!drawn_code(pictures, 2, 0.05, &mut ChaCha8Rng::seed_from_u64(1)).is_empty());
        }
    }

    #[test]
    fn what_a_law_draws_is_learnt_back_from_it() {
        let law = ScoreLaw { refractory: -2.0, ..law() };
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut pages = |count: usize| -> Vec<ScoredPage> {
            (0..count)
                .map(|i| {
                    let lits = drawn_code(40, 10, law.soa_secs, &mut rng);
                    let mut flashes = drawn_page(&law, 40, &lits, Some(i % 40), &mut rng);
                    flashes
                        .iter_mut()
                        .for_each(|scored| scored.flash.sought = Some((i % 40) as u8));
                    ScoredPage { flashes }
                })
                .collect()
        };
        let many = ScoreLaw::fit(&pages(60)).unwrap();
        let close = |got: f64, want: f64, by: f64| {
            assert!((got - want).abs() < by, "{got} for {want}: {many:?}")
        };
        close(many.response_proper(), 2.0, 0.15);
        [-0.8, -0.6, -0.4, 0.4, 0.6, 0.8]
            .iter()
            .for_each(|at| close(many.response_at(*at), law.response_at(*at), 0.15));
        close(many.refractory, -2.0, 0.5);
        close(many.offset, -0.5, 0.2);
        close(many.offset_sd, 0.4, 0.2);
        close(many.noise_sd, 1.0, 0.06);
        close(many.target_sd, 0.5, 0.2);
        close(many.amplitude_sd, 0.2, 0.08);
        close(many.noise_correlation[0], 0.45, 0.06);
        close(many.soa_secs, 0.2, 1e-9);
        let few = ScoreLaw::fit(&pages(5)).unwrap();
        assert!((few.response_proper() - 2.0).abs() < 0.5 && few.response_z > 8.0, "{few:?}");
        assert!(few.amplitude_sd > 0.1 && few.targets == 100 && few.others == 600, "{few:?}");
        let alone = ScoreLaw::fit_alone(&pages(5)).unwrap();
        assert!(alone.noise_correlation.is_empty() && alone.response_at(0.4).abs() < 1e-3);
        let mut untold = pages(2);
        untold[1].flashes[3].flash.sought = None;
        assert_eq!(ScoreLaw::fit(&untold), Err(LawError::NotTold(1)));
        assert!(matches!(ScoreLaw::fit(&pages(0)), Err(LawError::TooFew { .. })));
        let mut alike = pages(3);
        alike
            .iter_mut()
            .flat_map(|page| &mut page.flashes)
            .for_each(|scored| scored.score = Some(1.0));
        assert_eq!(ScoreLaw::fit(&alike), Err(LawError::NoSpread));
    }

    #[test]
    fn scores_without_a_response_are_too_weak() {
        for seed in 0..5 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let pages: Vec<ScoredPage> = (0..5)
                .map(|i| {
                    let lits = drawn_code(40, 10, 0.2, &mut rng);
                    let mut flashes = drawn_page(&law(), 40, &lits, None, &mut rng);
                    flashes.iter_mut().for_each(|scored| scored.flash.sought = Some(i));
                    ScoredPage { flashes }
                })
                .collect();
            let law = ScoreLaw::fit(&pages).unwrap();
            let rehearsal = Rehearsal::of(&law, 40, &StopRule::default(), 1).unwrap();
            assert!(rehearsal.too_weak().is_some(), "seed {seed}: {law:?}");
        }
    }

    #[test]
    fn a_strong_wearer_needs_few_repetitions_and_a_weak_one_is_told() {
        let rule = StopRule::default();
        let strong = Rehearsal::of(&law(), 40, &rule, 1).unwrap();
        assert!(strong.too_weak().is_none() && strong.found > 0.9, "{strong:?}");
        assert!((2..=5).contains(&strong.repetitions_for(0.9).unwrap()), "{strong:?}");
        assert_eq!(strong, Rehearsal::of(&law(), 40, &rule, 1).unwrap());
        let mut weak = law();
        weak.response.iter_mut().for_each(|r| *r *= 0.1);
        weak.refractory = 0.0;
        let weak = Rehearsal::of(&weak, 40, &rule, 1).unwrap();
        assert!(weak.words().contains("weak") && weak.repetitions_for(0.9).is_none(), "{weak:?}");
        let mut none = law();
        none.response_z = 1.0;
        assert!(Rehearsal::of(&none, 12, &rule, 1).unwrap().words().contains("beyond chance"));
    }
}
