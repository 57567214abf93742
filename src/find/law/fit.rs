//! Learns the law of scores from copy pages.
//!
//! Takes pages whose sought picture is told, with scores of detectors that have not seen them; gives [`ScoreLaw`]. Least squares in
//! two rounds: the first finds the noise's correlation, the second weighs rows by it. How much neighbours' responses are drawn
//! to zero, and whether refractoriness is worth a number, is chosen by pages left out. Spreads from page to page come from few
//! pages, so they are drawn to what is usual, and the response's own uncertainty is added to the amplitude's spread: a wearer
//! of whom little is known is trusted less.

use super::least_squares::{Solved, Sums};
use super::noise::{MOST_ORDER, Noise};
use super::{LawError, ScoreLaw, not_recovered};
use crate::calibrate::score::metrics::roc_auc;
use crate::find::scored::{ScoredPage, Trail};
use crate::stats::percentile;

/// Fewest flashes of sought pictures: below, the response proper is known to no better than a quarter of the noise.
const LEAST_TARGETS: usize = 16;

/// Fewest other flashes.
const LEAST_OTHERS: usize = 48;

/// Knots a second; they reach as far as neighbours do.
const KNOTS_A_SECOND: f64 = 10.0;

/// Knots each side of zero.
const KNOTS_EACH_SIDE: i32 = 8;

/// Penalties among which pages left out choose; the last leaves no neighbours' responses.
const PENALTIES: [f64; 7] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e9];

/// Penalty where too few pages can be left out.
const USUAL_PENALTY: f64 = 30.0;

/// Fewest pages that choose by being left out.
const LEAST_PAGES_TO_CHOOSE: usize = 3;

/// Usual spreads from page to page: amplitude in shares, offset in spreads of the noise, logarithm of the noise's spread.
const USUAL: [f64; 3] = [0.2, 0.3, 0.1];

/// How many pages the usual spreads count for.
const USUAL_WORTH_PAGES: f64 = 4.0;

/// Wildest values that are learnt from, in robust spreads around the median.
const MOST_SPREADS: f64 = 8.0;

/// One flash as a row: what may explain its score.
struct Entry {
    score: Option<f64>,
    row: Vec<f64>,
    /// It lights the sought picture.
    own: bool,
    /// It comes right after the flash before: the noise's correlation holds.
    joined: bool,
}

/// A round of least squares.
struct Round {
    solved: Solved,
    refractory: bool,
}

impl ScoreLaw {
    /// Learns from copy pages with scores of detectors that have not seen them.
    ///
    /// # Errors
    /// [`LawError`] where a page does not say what was sought, flashes are too few, or scores are all alike.
    pub fn fit(pages: &[ScoredPage]) -> Result<Self, LawError> {
        fit(pages, true)
    }

    /// The same as if every flash stood alone: no neighbours' responses, no correlation. For comparison.
    ///
    /// # Errors
    /// As [`ScoreLaw::fit`].
    pub fn fit_alone(pages: &[ScoredPage]) -> Result<Self, LawError> {
        fit(pages, false)
    }
}

fn fit(pages: &[ScoredPage], neighbours: bool) -> Result<ScoreLaw, LawError> {
    let knots = knots();
    let soa_secs = soa(pages);
    let mut entries = Vec::with_capacity(pages.len());
    for (i, page) in pages.iter().enumerate() {
        let sought = page.sought().ok_or(LawError::NotTold(i))?;
        entries.push(entries_of(page, sought, &knots, soa_secs));
    }
    let (targets, others) = count(&entries);
    if targets < LEAST_TARGETS || others < LEAST_OTHERS {
        let (least_targets, least_others) = (LEAST_TARGETS, LEAST_OTHERS);
        return Err(LawError::TooFew { targets, others, least_targets, least_others });
    }
    let measured_auc = draw_in(&mut entries)?;
    let white = Noise { correlation: Vec::new(), weights: Vec::new(), innovation: 1.0 };
    let first = round(&entries, &white, &knots, neighbours)?;
    let noise = if neighbours { Left::of(&entries, &first).noise() } else { white };
    let second = round(&entries, &noise, &knots, neighbours)?;
    let left = Left::of(&entries, &second);
    let noise = if neighbours { left.noise() } else { noise };
    let zero = knots.iter().position(|knot| *knot == 0.0).unwrap_or_default();
    let proper = second.solved.weights[zero];
    let variance = left.variance();
    let target_variance = left.target_variance();
    let spread = variance * noise.innovation * (1.0 + target_variance / variance);
    let error = (second.solved.variances[zero] * spread).sqrt();
    let varied = amplitude_variance(&entries, &second, &noise, spread);
    let unsure = (error / proper).powi(2);
    let law = ScoreLaw {
        response: second.solved.weights[..knots.len()].to_vec(),
        refractory: if second.refractory { second.solved.weights[knots.len()] } else { 0.0 },
        knots_secs: knots,
        offset: left.offsets.iter().sum::<f64>() / left.offsets.len() as f64,
        offset_sd: left.offset_sd(),
        amplitude_sd: (varied + unsure).sqrt().clamp(0.0, 1.0),
        noise_sd: variance.sqrt(),
        scale_sd: left.scale_sd(),
        noise_correlation: noise.correlation,
        target_sd: target_variance.sqrt(),
        soa_secs,
        response_z: proper / error,
        measured_auc,
        pages: u32::try_from(pages.len()).unwrap_or(u32::MAX),
        targets: u32::try_from(targets).unwrap_or(u32::MAX),
        others: u32::try_from(others).unwrap_or(u32::MAX),
    };
    law.check().map_err(|_| LawError::Numbers("the scores are too wild"))?;
    Ok(law)
}

fn knots() -> Vec<f64> {
    (-KNOTS_EACH_SIDE..=KNOTS_EACH_SIDE).map(|i| f64::from(i) / KNOTS_A_SECOND).collect()
}

/// Usual time from flash to flash; a tenth of a second at least, so that nothing is divided by zero.
fn soa(pages: &[ScoredPage]) -> f64 {
    let steps = pages.iter().flat_map(|page| page.flashes.windows(2));
    let steps: Vec<f64> = steps.map(|pair| pair[1].onset_secs - pair[0].onset_secs).collect();
    let soa = percentile(&steps, 50.0);
    if soa.is_finite() { soa.clamp(0.05, 5.0) } else { 0.2 }
}

fn entries_of(page: &ScoredPage, sought: usize, knots: &[f64], soa_secs: f64) -> Vec<Entry> {
    let mut trail = Trail::default();
    let mut entries = Vec::with_capacity(page.flashes.len());
    for scored in &page.flashes {
        let mut row = vec![0.0; knots.len() + 1];
        trail.around(scored, |delay_secs, lit| {
            if lit.holds(sought) {
                spread_over(knots, delay_secs, &mut row);
            }
        });
        let own = scored.flash.lit.holds(sought);
        if own {
            row[knots.len()] = not_recovered(trail.since(scored, sought));
        }
        let joined =
            trail.step_secs(scored).is_some_and(|secs| secs > 0.0 && secs < 1.5 * soa_secs);
        entries.push(Entry { score: scored.finite_score(), row, own, joined });
        trail.pass(scored);
    }
    entries
}

/// The two knots around a delay share it, as the law's straight lines do.
fn spread_over(knots: &[f64], delay_secs: f64, row: &mut [f64]) {
    for (i, knot) in knots.iter().enumerate() {
        row[i] += (1.0 - (delay_secs - knot).abs() * KNOTS_A_SECOND).max(0.0);
    }
}

fn scored(entries: &[Vec<Entry>]) -> impl Iterator<Item = (f64, bool)> {
    entries.iter().flatten().filter_map(|entry| Some((entry.score?, entry.own)))
}

fn count(entries: &[Vec<Entry>]) -> (usize, usize) {
    let targets = scored(entries).filter(|(_, own)| *own).count();
    (targets, scored(entries).count() - targets)
}

/// Draws wild scores in, so that one blink does not make the law; gives the AUC.
fn draw_in(entries: &mut [Vec<Entry>]) -> Result<f64, LawError> {
    let (scores, own): (Vec<f64>, Vec<bool>) = scored(entries).unzip();
    let middle = percentile(&scores, 50.0);
    let away: Vec<f64> = scores.iter().map(|score| (score - middle).abs()).collect();
    let reach = MOST_SPREADS * 1.4826 * percentile(&away, 50.0);
    if !(reach.is_finite() && reach > 0.0) {
        return Err(LawError::NoSpread);
    }
    for entry in entries.iter_mut().flatten() {
        entry.score = entry.score.map(|score| score.clamp(middle - reach, middle + reach));
    }
    roc_auc(&scores, &own).ok_or(LawError::NoSpread)
}

/// A page's rows as the noise leaves them, less their means.
fn sums_of(entries: &[Entry], noise: &Noise) -> Sums {
    let unknowns = entries.first().map_or(0, |entry| entry.row.len());
    let rows = whitened(entries, noise);
    let mut means = vec![0.0; unknowns + 1];
    for row in &rows {
        means.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / rows.len() as f64);
    }
    let mut sums = Sums::new(unknowns);
    for row in rows {
        let row: Vec<f64> = row.iter().zip(&means).map(|(value, mean)| value - mean).collect();
        sums.add(row[unknowns], &row[..unknowns]);
    }
    sums
}

/// Rows with their score behind, each less what the rows before tell of it; those without enough before them are left out.
fn whitened(entries: &[Entry], noise: &Noise) -> Vec<Vec<f64>> {
    let (mut rows, mut run): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
    for entry in entries {
        if !entry.joined || entry.score.is_none() {
            run.clear();
        }
        let Some(score) = entry.score else { continue };
        let row: Vec<f64> = entry.row.iter().copied().chain([score]).collect();
        if run.len() >= noise.order() {
            let told = |i: usize| {
                let before = run.iter().rev().zip(&noise.weights);
                row[i] - before.map(|(earlier, weight)| weight * earlier[i]).sum::<f64>()
            };
            rows.push((0..row.len()).map(told).collect());
        }
        run.push(row);
    }
    rows
}

/// Neighbours' responses are drawn to zero and to one another; the response proper is left as it is.
fn penalty(knots: &[f64], strength: f64) -> Vec<Vec<f64>> {
    let mut penalty = vec![vec![0.0; knots.len() + 1]; knots.len() + 1];
    let is_own = |i: usize| knots[i] == 0.0;
    for i in (0..knots.len()).filter(|i| !is_own(*i)) {
        penalty[i][i] += strength;
        let next = i + 1;
        if next < knots.len() && !is_own(next) {
            for (a, b, sign) in [(i, i, 1.0), (next, next, 1.0), (i, next, -1.0), (next, i, -1.0)] {
                penalty[a][b] += sign * strength;
            }
        }
    }
    penalty[knots.len()][knots.len()] = 1.0;
    penalty
}

fn round(
    entries: &[Vec<Entry>],
    noise: &Noise,
    knots: &[f64],
    neighbours: bool,
) -> Result<Round, LawError> {
    let pages: Vec<Sums> = entries.iter().map(|page| sums_of(page, noise)).collect();
    let mut all = Sums::new(knots.len() + 1);
    pages.iter().for_each(|page| all.merge(page, 1.0));
    let (strength, refractory) = match (neighbours, pages.len() >= LEAST_PAGES_TO_CHOOSE) {
        (false, _) => (PENALTIES[PENALTIES.len() - 1], false),
        (true, false) => (USUAL_PENALTY, false),
        (true, true) => choose(&pages, &all, knots),
    };
    let unknowns = knots.len() + usize::from(refractory);
    let solved = all.solve(&penalty(knots, strength), unknowns);
    let solved = solved.ok_or(LawError::Numbers("the response is not determined"))?;
    Ok(Round { solved, refractory })
}

/// The penalty under which pages left out are expected best, and whether refractoriness makes them better by more than chance.
fn choose(pages: &[Sums], all: &Sums, knots: &[f64]) -> (f64, bool) {
    let errors = |strength, unknowns| -> Option<Vec<f64>> {
        let penalty = penalty(knots, strength);
        let error = |page: &Sums| {
            let mut rest = all.clone();
            rest.merge(page, -1.0);
            Some(page.error(&rest.solve(&penalty, unknowns)?.weights))
        };
        pages.iter().map(error).collect()
    };
    let best = |unknowns| {
        let each = PENALTIES.iter().filter_map(|s| Some((*s, errors(*s, unknowns)?)));
        each.min_by(|a, b| a.1.iter().sum::<f64>().total_cmp(&b.1.iter().sum()))
    };
    let Some((strength, without)) = best(knots.len()) else { return (USUAL_PENALTY, false) };
    let Some((with_strength, with)) = best(knots.len() + 1) else { return (strength, false) };
    let gain: Vec<f64> = without.iter().zip(&with).map(|(a, b)| a - b).collect();
    let (mean, sd) = mean_sd(&gain);
    let earned = mean > sd / (gain.len() as f64).sqrt();
    if earned { (with_strength, true) } else { (strength, false) }
}

/// What is left of the scores once the response is taken off.
struct Left {
    /// Mean of each page.
    offsets: Vec<f64>,
    /// For each page what is left (not a number where there is no score), whether sought, whether joined.
    pages: Vec<Vec<(f64, bool, bool)>>,
}

impl Left {
    fn of(entries: &[Vec<Entry>], round: &Round) -> Self {
        let left = |entry: &Entry| {
            let told: f64 = entry.row.iter().zip(&round.solved.weights).map(|(x, w)| x * w).sum();
            entry.score.map_or(f64::NAN, |score| score - told)
        };
        let mut all = Self { offsets: Vec::new(), pages: Vec::new() };
        for page in entries {
            let mut each: Vec<_> = page.iter().map(|e| (left(e), e.own, e.joined)).collect();
            let values: Vec<f64> = each.iter().map(|e| e.0).filter(|v| v.is_finite()).collect();
            if values.is_empty() {
                continue;
            }
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            each.iter_mut().for_each(|entry| entry.0 -= mean);
            all.offsets.push(mean);
            all.pages.push(each);
        }
        all
    }

    /// Products of values so many flashes apart, neither of them of the sought picture, on one page or all.
    fn products<'a>(
        pages: &'a [Vec<(f64, bool, bool)>],
        lag: usize,
    ) -> impl Iterator<Item = f64> + 'a {
        pages.iter().flat_map(move |page| {
            (lag..page.len()).filter_map(move |i| {
                let (before, now) = (page[i - lag], page[i]);
                let joined = page[i + 1 - lag..=i].iter().all(|entry| entry.2);
                let product = before.0 * now.0;
                (joined && !before.1 && !now.1 && product.is_finite()).then_some(product)
            })
        })
    }

    fn noise(&self) -> Noise {
        let covariance: Vec<f64> =
            (0..=MOST_ORDER).map(|lag| mean(Self::products(&self.pages, lag))).collect();
        let covariance: Vec<f64> =
            covariance.into_iter().take_while(|value| value.is_finite()).collect();
        Noise::fitted(&covariance, Self::products(&self.pages, 0).count())
    }

    fn variance(&self) -> f64 {
        mean(Self::products(&self.pages, 0)).max(f64::MIN_POSITIVE)
    }

    /// How much more the sought picture's flashes vary, at most three times the noise.
    fn target_variance(&self) -> f64 {
        let own = self.pages.iter().flatten().filter(|entry| entry.1 && entry.0.is_finite());
        let variance = self.variance();
        (mean(own.map(|entry| entry.0 * entry.0)) - variance).clamp(0.0, 3.0 * variance)
    }

    fn offset_sd(&self) -> f64 {
        let found = mean_sd(&self.offsets).1.powi(2);
        drawn(found, self.offsets.len(), USUAL[1].powi(2) * self.variance()).sqrt()
    }

    fn scale_sd(&self) -> f64 {
        let sd = |page: &Vec<(f64, bool, bool)>| {
            mean(Self::products(std::slice::from_ref(page), 0)).ln() / 2.0
        };
        let logs: Vec<f64> = self.pages.iter().map(sd).filter(|log| log.is_finite()).collect();
        let flashes = self.pages.iter().map(Vec::len).sum::<usize>().max(1) as f64;
        let by_chance = 0.5 * self.pages.len() as f64 / flashes;
        drawn((mean_sd(&logs).1.powi(2) - by_chance).max(0.0), logs.len(), USUAL[2].powi(2)).sqrt()
    }
}

/// Variance of the amplitude from page to page, beyond what each page's own uncertainty makes.
fn amplitude_variance(entries: &[Vec<Entry>], round: &Round, noise: &Noise, spread: f64) -> f64 {
    let weights = &round.solved.weights;
    let beyond = entries.iter().filter_map(|page| {
        let sums = sums_of(page, noise);
        let none = sums.error(&vec![0.0; weights.len()]);
        let [once, twice] =
            [1.0, 2.0].map(|by| sums.error(&weights.iter().map(|w| by * w).collect::<Vec<_>>()));
        // The error is a parabola of the amplitude: its lowest place and its width.
        let curve = (twice - 2.0 * once + none) / 2.0;
        let amplitude = (none - once + curve) / (2.0 * curve);
        (curve > 0.0).then(|| (amplitude - 1.0).powi(2) - spread / curve)
    });
    let beyond: Vec<f64> = beyond.filter(|value| value.is_finite()).collect();
    let found = if beyond.is_empty() { 0.0 } else { mean(beyond.iter().copied()).max(0.0) };
    drawn(found, beyond.len(), USUAL[0].powi(2))
}

/// A variance from so many pages, drawn to what is usual.
fn drawn(found: f64, pages: usize, usual: f64) -> f64 {
    let pages = pages as f64;
    (pages * found + USUAL_WORTH_PAGES * usual) / (pages + USUAL_WORTH_PAGES)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// Mean and standard deviation (divided by one less); zero of one value.
fn mean_sd(values: &[f64]) -> (f64, f64) {
    let mean = mean(values.iter().copied());
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt())
}
