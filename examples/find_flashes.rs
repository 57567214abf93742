//! What do scores of real flashes select? For `benches/peers/find_flashes.py`, which cuts the epochs and runs the peers.
//!
//! Takes a safetensors file: `epochs` [flashes, channels, samples] f32 in µV, `targets` and `groups` [flashes] u8, and the
//! rate in its words (`rate_hz`). Prints JSON:
//!
//! - the AUC of scores by detectors that never met the flash's group (run or block), the same where labels were exchanged
//!   within groups, and after few training flashes that follow one another;
//! - selections: one of forty pictures, which rows and columns of a random arrangement light up; the score of every flash is
//!   that of a real target or a real other, drawn at random. How often the most probable picture is right after so many
//!   repetitions of the grid, and how often a search that stops at .95 is.
//!
//! What a score says is estimated where the flash's group was left out: Gaussians over inner out-of-fold scores. Not in
//! these figures: overlap, a target twice in a row, drift between calibration and use, attention.
//!
//! `cargo run --release --example find_flashes -- EPOCHS.safetensors`

use std::error::Error;

use phosphene::calibrate::score::metrics::roc_auc;
use phosphene::find::detector::{Detector, Epochs};
use phosphene::stats::percentile_of_sorted;
use phosphene::time::clock::Clock;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;
use serde_json::{Value, json};

const PICTURES: usize = 40;
/// The smallest square that holds them: so many rows and columns.
const SIDE: usize = 7;
const REPETITIONS: [usize; 5] = [1, 2, 3, 5, 10];
const SELECTIONS: usize = 2000;
const BOUND: f64 = 0.95;
/// That nobody is looking, before the first flash. Where nobody is, a posterior that is right about scores passes .95 in at
/// most one of 19 searches, however long they are (Ville's inequality): the odds before are even.
const NOBODY: f64 = 0.5;
const FEW: [usize; 4] = [70, 140, 280, 560];
/// Places in the recording from which few flashes are taken, a fold.
const STARTS: usize = 4;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Epochs that own their numbers.
struct Recording {
    shape: [usize; 3],
    rate_hz: f64,
    values: Vec<f32>,
    is_target: Vec<bool>,
    groups: Vec<usize>,
}

impl Recording {
    fn read(path: &str) -> Result<Self> {
        let bytes = std::fs::read(path)?;
        let (_, head) = SafeTensors::read_metadata(&bytes)?;
        let words = head.metadata().as_ref().and_then(|words| words.get("rate_hz"));
        let rate_hz = words.ok_or("no rate_hz")?.parse()?;
        let file = SafeTensors::deserialize(&bytes)?;
        let epochs = file.tensor("epochs")?;
        let shape = <[usize; 3]>::try_from(epochs.shape())?;
        let (numbers, _) = epochs.data().as_chunks::<4>();
        Ok(Self {
            shape,
            rate_hz,
            values: numbers.iter().map(|number| f32::from_le_bytes(*number)).collect(),
            is_target: file.tensor("targets")?.data().iter().map(|byte| *byte == 1).collect(),
            groups: file.tensor("groups")?.data().iter().map(|byte| usize::from(*byte)).collect(),
        })
    }

    fn epochs(&self) -> Epochs<'_> {
        let [_, channels, samples] = self.shape;
        let Self { rate_hz, values, is_target, groups, .. } = self;
        Epochs { channels, samples, rate_hz: *rate_hz, values, is_target, groups }
    }

    fn at(&self, rows: &[usize]) -> Self {
        let [_, channels, samples] = self.shape;
        let epochs = self.epochs();
        Self {
            shape: [rows.len(), channels, samples],
            rate_hz: self.rate_hz,
            values: rows.iter().flat_map(|row| epochs.epoch(*row)).copied().collect(),
            is_target: rows.iter().map(|row| self.is_target[*row]).collect(),
            groups: rows.iter().map(|row| self.groups[*row]).collect(),
        }
    }

    /// Labels exchanged within groups.
    fn exchanged(&self, rng: &mut ChaCha8Rng) -> Vec<bool> {
        let mut out = self.is_target.clone();
        for group in self.known_groups() {
            let rows: Vec<usize> = (0..out.len()).filter(|i| self.groups[*i] == group).collect();
            let mut own: Vec<bool> = rows.iter().map(|row| out[*row]).collect();
            own.shuffle(rng);
            rows.iter().zip(own).for_each(|(row, target)| out[*row] = target);
        }
        out
    }

    fn known_groups(&self) -> Vec<usize> {
        let mut known = self.groups.clone();
        known.sort_unstable();
        known.dedup();
        known
    }

    /// Training and test rows of each group that is left out.
    fn folds(&self) -> Vec<[Vec<usize>; 2]> {
        let of = |group: usize| {
            let (test, train) = (0..self.groups.len()).partition(|row| self.groups[*row] == group);
            [train, test]
        };
        self.known_groups().into_iter().map(of).collect()
    }
}

/// What scores of targets and of others look like.
struct Gaussians([(f64, f64); 2]);

impl Gaussians {
    fn of(scores: &[f64], is_target: &[bool]) -> Self {
        let one = |kind: bool| {
            let own = || scores.iter().zip(is_target).filter(|(_, t)| **t == kind).map(|(s, _)| *s);
            let count = own().count().max(1) as f64;
            let mean = own().sum::<f64>() / count;
            (mean, own().map(|score| (score - mean).powi(2)).sum::<f64>() / count)
        };
        Self([one(false), one(true)])
    }

    /// By how much a score speaks for a target.
    fn log_ratio(&self, score: f64) -> f64 {
        let of = |(mean, variance): (f64, f64)| {
            -0.5 * ((score - mean).powi(2) / variance + variance.ln())
        };
        of(self.0[1]) - of(self.0[0])
    }
}

/// What is believed of a page while it flashes. Another can stand in for [`Independent`].
trait Posterior {
    /// As it is before the first flash.
    fn begin(&mut self);
    /// Takes a flash: which pictures lit up, and what its score says, as a log-likelihood ratio.
    fn add(&mut self, lit: &[bool; PICTURES], log_ratio: f64);
    /// The most probable picture, and its probability.
    fn best(&self) -> (usize, f64);
}

/// Flashes that say each their own; the last hypothesis is that nobody is looking: scores come as they do, whatever lights
/// up.
struct Independent {
    logs: [f64; PICTURES + 1],
    /// Share of pictures that one flash lights, the probability of a target.
    share: f64,
}

impl Posterior for Independent {
    fn begin(&mut self) {
        self.logs = [((1.0 - NOBODY) / PICTURES as f64).ln(); PICTURES + 1];
        self.logs[PICTURES] = NOBODY.ln();
    }

    fn add(&mut self, lit: &[bool; PICTURES], log_ratio: f64) {
        for (log, lit) in self.logs.iter_mut().zip(lit) {
            *log += if *lit { log_ratio } else { 0.0 };
        }
        self.logs[PICTURES] += (1.0 - self.share + self.share * log_ratio.exp()).ln();
    }

    fn best(&self) -> (usize, f64) {
        let most = self.logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = self.logs.iter().map(|log| (log - most).exp()).sum();
        let pictures = &self.logs[..PICTURES];
        let best = (0..PICTURES).max_by(|a, b| pictures[*a].total_cmp(&pictures[*b]));
        let best = best.unwrap_or_default();
        (best, (pictures[best] - most).exp() / sum)
    }
}

/// The flashes of one repetition: rows and columns of a random arrangement, in random order.
fn grid(rng: &mut ChaCha8Rng) -> Vec<[bool; PICTURES]> {
    let mut places: Vec<usize> = (0..SIDE * SIDE).collect();
    places.shuffle(rng);
    let row = |line: usize| std::array::from_fn(|picture| places[picture] / SIDE == line);
    let column = |line: usize| std::array::from_fn(|picture| places[picture] % SIDE == line);
    let mut flashes: Vec<[bool; PICTURES]> =
        (0..SIDE).map(row).chain((0..SIDE).map(column)).collect();
    flashes.retain(|lit| lit.contains(&true));
    flashes.shuffle(rng);
    flashes
}

/// How searches went.
#[derive(Default)]
struct Searches {
    right: [usize; REPETITIONS.len()],
    /// Flashes of each that stopped, and whether it was right.
    stopped: Vec<(usize, bool)>,
}

/// Searches whose flashes have the ratios of real targets and of real others.
fn search(posterior: &mut dyn Posterior, targets: &[f64], others: &[f64], seed: u64) -> Searches {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut found = Searches::default();
    for _ in 0..SELECTIONS {
        let sought = rng.random_range(0..PICTURES);
        posterior.begin();
        let (mut flashes, mut stopped) = (0, false);
        for repetition in 1..=REPETITIONS[REPETITIONS.len() - 1] {
            for lit in grid(&mut rng) {
                let pool = if lit[sought] { targets } else { others };
                posterior.add(&lit, pool.choose(&mut rng).copied().unwrap_or_default());
                flashes += 1;
                let (best, probability) = posterior.best();
                if !stopped && probability >= BOUND {
                    stopped = true;
                    found.stopped.push((flashes, best == sought));
                }
            }
            if let Some(place) = REPETITIONS.iter().position(|number| *number == repetition) {
                found.right[place] += usize::from(posterior.best().0 == sought);
            }
        }
    }
    found
}

fn share(hits: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| (1000.0 * hits as f64 / of as f64).round() / 1000.0)
}

impl Searches {
    fn told(mut self) -> Value {
        self.stopped.sort_unstable();
        let right = self.stopped.iter().filter(|(_, right)| *right).count();
        let median = self.stopped.get(self.stopped.len() / 2).map(|(flashes, _)| *flashes);
        json!({
            "repetitions": REPETITIONS,
            "right": self.right.map(|hits| share(hits, SELECTIONS)),
            "stopping": {
                "bound": BOUND,
                "stopped": share(self.stopped.len(), SELECTIONS),
                "right_of_stopped": share(right, self.stopped.len()),
                "median_flashes": median,
            },
        })
    }
}

/// The ratio of every flash, by a detector and Gaussians that never met its group; and its score.
fn ratios(recording: &Recording) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut out, mut scores) = (vec![0.0; recording.groups.len()], Vec::new());
    scores.clone_from(&out);
    for [train, test] in recording.folds() {
        let own = recording.at(&train);
        let detector = Detector::fit(&own.epochs())?;
        let inner = Detector::out_of_fold_scores(&own.epochs())?;
        let gaussians = Gaussians::of(&inner, &own.is_target);
        for row in test {
            let score = detector.score(recording.epochs().epoch(row)).ok_or("no score")?;
            (out[row], scores[row]) = (gaussians.log_ratio(score), score);
        }
    }
    Ok((out, scores))
}

/// Mean AUC of groups that were left out after so few training flashes, and of how many fits.
fn few(recording: &Recording, flashes: usize) -> Result<Value> {
    let mut aucs = Vec::new();
    for [train, test] in recording.folds() {
        for start in 0..STARTS {
            let Some(room) = train.len().checked_sub(flashes) else { continue };
            let from = room * start / (STARTS - 1);
            // A stretch with too few targets has no detector.
            let Ok(detector) = Detector::fit(&recording.at(&train[from..from + flashes]).epochs())
            else {
                continue;
            };
            let test_set = recording.at(&test);
            let score = |i| detector.score(test_set.epochs().epoch(i)).unwrap_or(f64::NAN);
            let scores: Vec<f64> = (0..test.len()).map(score).collect();
            aucs.extend(roc_auc(&scores, &test_set.is_target));
        }
    }
    let mean = (!aucs.is_empty()).then(|| aucs.iter().sum::<f64>() / aucs.len() as f64);
    Ok(json!({ "flashes": flashes, "auc": mean, "fits": aucs.len() }))
}

fn selections(log_ratios: &[f64], is_target: &[bool]) -> Value {
    let of = |kind: bool| -> Vec<f64> {
        let all = log_ratios.iter().zip(is_target);
        all.filter(|(_, target)| **target == kind).map(|(ratio, _)| *ratio).collect()
    };
    let (targets, others) = (of(true), of(false));
    let mut posterior = Independent { logs: [0.0; PICTURES + 1], share: 1.0 / SIDE as f64 };
    json!({
        "looking": search(&mut posterior, &targets, &others, 1).told(),
        "nobody looks: all flashes are of others": search(&mut posterior, &others, &others, 2).told(),
        "flashes exchanged": search(&mut posterior, log_ratios, log_ratios, 3).told(),
    })
}

fn main() -> Result<()> {
    let path = std::env::args().nth(1).ok_or("give a file of epochs")?;
    let recording = Recording::read(&path)?;
    let epochs = recording.epochs();
    let clock = Clock::system();
    let begun_secs = clock.now_secs();
    let detector = Detector::fit(&epochs)?;
    let fit_secs = clock.now_secs() - begun_secs;
    let one_secs = |flash| {
        let begun_secs = clock.now_secs();
        let score = detector.score(epochs.epoch(flash));
        let took_secs = clock.now_secs() - begun_secs;
        score.map(|_| took_secs)
    };
    let mut score_secs: Vec<f64> = (0..epochs.len()).filter_map(one_secs).collect();
    score_secs.sort_by(f64::total_cmp);
    let (log_ratios, scores) = ratios(&recording)?;
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let exchanged =
        Recording { is_target: recording.exchanged(&mut rng), ..recording.at(&all(&recording)) };
    let of_exchanged = Detector::out_of_fold_scores(&exchanged.epochs())?;
    let few: Vec<Value> = FEW.iter().map(|n| few(&recording, *n)).collect::<Result<_>>()?;
    let document = json!({
        "flashes": epochs.len(),
        "targets": recording.is_target.iter().filter(|target| **target).count(),
        "auc": roc_auc(&scores, &recording.is_target),
        "auc_exchanged": roc_auc(&of_exchanged, &exchanged.is_target),
        "few": few,
        "fit_secs": fit_secs,
        "score_secs": percentile_of_sorted(&score_secs, 50.0),
        "selections": selections(&log_ratios, &recording.is_target),
    });
    println!("{document}");
    Ok(())
}

fn all(recording: &Recording) -> Vec<usize> {
    (0..recording.groups.len()).collect()
}
