//! How well is a picture found by attention? Wearers of known single-flash AUC, simulated by a model that is not the law which is
//! learnt of them: one channel of continuous signal with overlapping responses of jittered latency, refractoriness, lapses, a
//! drifting gain and offset, coloured noise with an alpha rhythm; the detector is a matched filter on it.
//!
//! Prints for each AUC, time from flash to flash and kind of law: searches that were right, wrong, never ended, flashes, bits a
//! minute, calibration of the posterior, what the rehearsal expected, and the control. Then pages at which nobody looks.
//!
//! `cargo run --release --example finding -- [pages] [wearers] [seed] [pages without a wearer's look] [auc…]`

use phosphene::calibrate::score::metrics::roc_auc;
use phosphene::find::rehearsal::Rehearsal;
use phosphene::find::{
    Finder, PagePosterior, ScoreLaw, ScoredFlash, ScoredPage, StopRule, Verdict, bits,
};
use phosphene::signal::flash::{Flash, Lit};
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

const PICTURES: usize = 40;
const GROUPS: usize = 7;
const RATE_HZ: f64 = 50.0;
const WINDOW: usize = 40;
const LAPSES: f64 = 0.1;

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn bump(at: f64, middle: f64, sd: f64) -> f64 {
    (-0.5 * ((at - middle) / sd).powi(2)).exp()
}

/// What a flash of the sought picture evokes, so many seconds after it.
fn response(at: f64) -> f64 {
    if at < 0.0 {
        0.0
    } else {
        bump(at, 0.38, 0.08) - 0.4 * bump(at, 0.22, 0.04) - 0.35 * bump(at, 0.65, 0.1)
    }
}

/// What any flash evokes.
fn visual(at: f64) -> f64 {
    if at < 0.0 { 0.0 } else { 0.3 * bump(at, 0.11, 0.03) - 0.2 * bump(at, 0.17, 0.03) }
}

/// Random groups: each picture twice a repetition, not within .4 s.
fn code(repetitions: usize, soa_secs: f64, rng: &mut ChaCha8Rng) -> Vec<Lit> {
    let apart = (0.4 / soa_secs).ceil() as i64;
    let mut last = [-100_i64; PICTURES];
    let mut code = Vec::new();
    for round in 0..2 * repetitions {
        let begin = (round * GROUPS) as i64;
        let mut members = vec![Vec::new(); GROUPS];
        let mut order: Vec<usize> = (0..PICTURES).collect();
        order.shuffle(rng);
        order.sort_by_key(|picture| -(last[*picture] + apart - begin).max(0));
        for picture in order {
            let from = (last[picture] + apart - begin).max(0) as usize;
            let fewest = members[from..].iter().map(Vec::len).min().unwrap_or(0);
            let open: Vec<usize> = (from..GROUPS).filter(|g| members[*g].len() == fewest).collect();
            let group = open[rng.random_range(0..open.len())];
            members[group].push(picture);
            last[picture] = begin + group as i64;
        }
        code.extend(members.into_iter().map(Lit::of));
    }
    code
}

struct Wearer {
    amplitude: f64,
    soa_secs: f64,
    /// Pages so far: drift goes on over the session.
    pages: u32,
    offset: f64,
    rng: ChaCha8Rng,
}

impl Wearer {
    fn new(amplitude: f64, soa_secs: f64, seed: u64) -> Self {
        Self { amplitude, soa_secs, pages: 0, offset: 0.0, rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// A page of flashes with scores; `looks` for a picture or for none.
    fn page(&mut self, repetitions: usize, looks: Option<usize>, told: bool) -> Vec<ScoredFlash> {
        let rng = &mut self.rng;
        let lits = code(repetitions, self.soa_secs, rng);
        let onsets: Vec<f64> = (0..lits.len()).map(|i| 0.5 + i as f64 * self.soa_secs).collect();
        let samples = ((onsets[lits.len() - 1] + 1.0) * RATE_HZ) as usize + WINDOW;
        self.offset = 0.9 * self.offset + 0.15 * normal(rng);
        let gain = 1.0 + 0.15 * (f64::from(self.pages) * 0.3).sin() + 0.15 * normal(rng);
        let mut signal = noise(samples, rng);
        let mut add = |from: f64, size: f64, shape: fn(f64) -> f64| {
            let first = (from * RATE_HZ) as usize;
            for (at, value) in signal.iter_mut().enumerate().skip(first).take(55) {
                *value += size * shape(at as f64 / RATE_HZ - from);
            }
        };
        let mut last = f64::NEG_INFINITY;
        for (onset, lit) in onsets.iter().zip(&lits) {
            add(*onset, lit.len() as f64 / 6.0, visual);
            if !looks.is_some_and(|picture| lit.holds(picture)) {
                continue;
            }
            let recovered = 1.0 - 0.5 * (-(onset - last - 0.4).max(0.0) / 0.5).exp();
            last = *onset;
            if rng.random::<f64>() >= LAPSES {
                let size = self.amplitude * gain * recovered * (1.0 + 0.25 * normal(rng));
                add(onset + 0.03 * normal(rng), size, response);
            }
        }
        let (page, sought) = (self.pages, looks.filter(|_| told).map(|picture| picture as u8));
        self.pages += 1;
        let score = |onset: f64| {
            let first = (onset * RATE_HZ).round() as usize;
            let window = &signal[first..first + WINDOW];
            let matched = window
                .iter()
                .enumerate()
                .map(|(i, value)| value * response(i as f64 / RATE_HZ))
                .sum::<f64>();
            2.3 * (matched / 3.0 + self.offset) - 1.0
        };
        let clock = f64::from(page) * 100.0;
        let scored = |i: usize| ScoredFlash {
            flash: Flash { page, pictures: 40, lit: lits[i], sought },
            onset_secs: clock + onsets[i],
            score: Some(score(onsets[i])),
            following: (i + 1..lits.len())
                .map(|j| (onsets[j] - onsets[i], lits[j]))
                .take_while(|f| f.0 <= 0.8)
                .collect(),
        };
        (0..lits.len()).map(scored).collect()
    }
}

/// Noise of one over f and an alpha rhythm that comes and goes.
fn noise(samples: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let (mut slow, mut alpha) = (normal(rng), [normal(rng), normal(rng)]);
    let turn = std::f64::consts::TAU * 10.0 / RATE_HZ;
    (0..samples)
        .map(|_| {
            slow = 0.93 * slow + 0.37 * normal(rng);
            let [x, y] = alpha;
            alpha = [x * turn.cos() - y * turn.sin(), x * turn.sin() + y * turn.cos()]
                .map(|v| 0.97 * v + 0.24 * normal(rng));
            slow + 0.7 * alpha[0] + 0.5 * normal(rng)
        })
        .collect()
}

/// The amplitude at which single flashes have this AUC.
fn amplitude_of(auc: f64, soa_secs: f64) -> f64 {
    let (mut low, mut high) = (0.0, 20.0);
    for _ in 0..14 {
        let amplitude = 0.5 * (low + high);
        let mut wearer = Wearer::new(amplitude, soa_secs, 7);
        let (mut scores, mut own) = (Vec::new(), Vec::new());
        for page in 0..30 {
            for scored in wearer.page(10, Some(page % PICTURES), true) {
                own.push(scored.flash.lit.holds(page % PICTURES));
                scores.push(scored.score.unwrap_or_default());
            }
        }
        if roc_auc(&scores, &own).unwrap_or(0.5) < auc { low = amplitude } else { high = amplitude }
    }
    0.5 * (low + high)
}

/// How sure the posterior was along the way, and how often it was right.
#[derive(Default)]
struct Calibration {
    bins: [[f64; 3]; 10],
}

impl Calibration {
    fn add(&mut self, probability: f64, right: bool) {
        let bin = &mut self.bins[((probability * 10.0) as usize).min(9)];
        *bin = [bin[0] + 1.0, bin[1] + probability, bin[2] + f64::from(u8::from(right))];
    }

    fn error(&self) -> f64 {
        let all: f64 = self.bins.iter().map(|bin| bin[0]).sum();
        self.bins.iter().map(|bin| (bin[1] - bin[2]).abs()).sum::<f64>() / all.max(1.0)
    }
}

#[derive(Default)]
struct Row {
    pages: u64,
    right: u64,
    wrong: u64,
    nobody: u64,
    gave_up: u64,
    flashes: u64,
    secs: f64,
    claimed: f64,
    calibration: Calibration,
    twin: [u64; 4],
    withheld: u64,
    scores: Vec<f64>,
    own: Vec<bool>,
}

fn searches(
    law: &ScoreLaw,
    wearer: &mut Wearer,
    pages: usize,
    looks: bool,
    row: &mut Row,
    seed: u64,
    spoil: &mut dyn FnMut(&mut Vec<ScoredFlash>),
) {
    let rule = StopRule::default();
    let mut finder = Finder::new(law, rule, PICTURES, seed).expect("a finder");
    for page in 0..pages {
        let sought = looks.then_some(page * 7 % PICTURES);
        let mut flashes = wearer.page(rule.most_repetitions as usize, sought, false);
        spoil(&mut flashes);
        row.scores.extend(flashes.iter().filter_map(|scored| scored.score));
        row.own.extend(
            flashes
                .iter()
                .map(|scored| sought.is_some_and(|picture| scored.flash.lit.holds(picture))),
        );
        for (i, scored) in flashes.iter().enumerate() {
            let view = finder.take(scored);
            if i % GROUPS == 0 || view.verdict.is_over() {
                let best = view
                    .probabilities
                    .iter()
                    .copied()
                    .enumerate()
                    .fold((0, 0.0), |a, b| if b.1 > a.1 { b } else { a });
                row.calibration.add(best.1, Some(best.0) == sought);
            }
            if view.verdict.is_over() {
                break;
            }
        }
        let view = finder.view();
        row.pages += 1;
        row.flashes += view.flashes;
        row.secs += view.secs;
        match view.verdict {
            Verdict::Found { picture, probability } => {
                row.claimed += probability;
                if Some(picture) == sought { row.right += 1 } else { row.wrong += 1 }
            }
            Verdict::NobodyLooks => row.nobody += 1,
            Verdict::GaveUp | Verdict::Going => row.gave_up += 1,
        }
    }
    let control = finder.view().control;
    let counts = [control.pages, control.stops, control.right, control.named_right];
    row.twin.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    row.withheld += u64::from(finder.view().withheld.is_some());
}

impl Row {
    fn print(&self, name: &str) {
        let share = |count: u64| count as f64 / self.pages as f64;
        let found = (self.right + self.wrong) as f64;
        let accuracy = self.right as f64 / found.max(1.0);
        let rate = bits::wolpaw(PICTURES, accuracy) * found / self.secs * 60.0;
        println!(
            "{name:30} AUC {:.3} right {:.3} wrong {:.3} nobody {:.3} gave up {:.3} | of found {accuracy:.3} (claimed {:.3}) ECE {:.3} | {:5.1} flashes {:4.1} s {rate:5.1} bit/min | twin of {}: stops {} right {} named {} withheld {}",
            roc_auc(&self.scores, &self.own).unwrap_or(f64::NAN),
            share(self.right),
            share(self.wrong),
            share(self.nobody),
            share(self.gave_up),
            self.claimed / found.max(1.0),
            self.calibration.error(),
            self.flashes as f64 / self.pages as f64,
            self.secs / self.pages as f64,
            self.twin[0],
            self.twin[1],
            self.twin[2],
            self.twin[3],
            self.withheld
        );
    }
}

/// Scores that have nothing to do with the flashes.
fn unrelated(
    kind: usize,
    spread: f64,
    middle: f64,
    rng: &mut ChaCha8Rng,
    flashes: &mut [ScoredFlash],
) {
    let mut walk = normal(rng);
    for scored in flashes {
        walk = 0.9 * walk + 0.436 * normal(rng);
        let z = normal(rng);
        scored.score = Some(match kind {
            0 => middle + spread * (2.0 + 3.0 * z),
            1 => middle + spread * 0.2 * z,
            2 => middle + spread * 2.0 * walk,
            3 => middle + spread * z / (normal(rng).abs() + 0.05),
            4 => middle + spread * 5.0 * f64::from(u8::from(rng.random::<f64>() < 0.1)),
            _ => middle + spread * z,
        });
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |i: usize, usual: f64| words.get(i).and_then(|word| word.parse().ok()).unwrap_or(usual);
    let (pages, wearers, seed) =
        (number(0, 50.0) as usize, number(1, 4.0) as u64, number(2, 1.0) as u64);
    let idle_pages = number(3, 50.0) as usize;
    let mut aucs: Vec<f64> = words.iter().skip(4).filter_map(|word| word.parse().ok()).collect();
    if aucs.is_empty() {
        aucs = vec![0.55, 0.7, 0.8, 0.9, 0.95];
    }
    for soa_secs in [0.2, 0.15] {
        for auc in &aucs {
            let amplitude = amplitude_of(*auc, soa_secs);
            let mut rows: [Row; 2] = Default::default();
            let mut idle: [Row; 7] = Default::default();
            for one in 0..wearers {
                let mut wearer = Wearer::new(amplitude, soa_secs, 1000 * seed + one);
                let copies: Vec<ScoredPage> = (0..5)
                    .map(|i| ScoredPage { flashes: wearer.page(10, Some(7 * i % PICTURES), true) })
                    .collect();
                let laws = [ScoreLaw::fit(&copies), ScoreLaw::fit_alone(&copies)]
                    .map(|law| law.expect("a law"));
                if one == 0 {
                    let rehearsal = Rehearsal::of(&laws[0], PICTURES, &StopRule::default(), seed)
                        .expect("a rehearsal");
                    println!(
                        "\nAUC {auc} every {soa_secs} s: law says {:.3}, copy pages {:.3}, z {:.1}; {}",
                        laws[0].auc(),
                        laws[0].measured_auc,
                        laws[0].response_z,
                        rehearsal.words()
                    );
                    println!(
                        "  right after 1, 2, 3, 5, 10: {:?}; real after the same: {:?}",
                        [0, 1, 2, 4, 9].map(|i| rehearsal.right_after[i]),
                        right_after(&laws[0], &wearer, pages.min(100))
                    );
                    println!("  {}", serde_json::to_string(&laws[0]).unwrap_or_default());
                }
                for (law, row) in laws.iter().zip(&mut rows) {
                    let mut wearer = Wearer::new(amplitude, soa_secs, 5000 * seed + one);
                    searches(law, &mut wearer, pages, true, row, seed + one, &mut |_| ());
                }
                let (spread, middle) = (laws[0].noise_sd, laws[0].offset);
                let mut rng = ChaCha8Rng::seed_from_u64(seed + 77 * one);
                // Scores of other kinds once are enough.
                let kinds = if (*auc - 0.9).abs() < 1e-9 { idle.len() } else { 1 };
                for (kind, row) in idle.iter_mut().enumerate().take(kinds) {
                    let mut wearer = Wearer::new(amplitude, soa_secs, 9000 * seed + one);
                    searches(
                        &laws[0],
                        &mut wearer,
                        idle_pages,
                        false,
                        row,
                        seed + one,
                        &mut |flashes| {
                            if kind > 0 {
                                unrelated(kind - 1, spread, middle, &mut rng, flashes);
                            }
                        },
                    );
                }
            }
            rows.iter()
                .zip(["law", "flashes taken as independent"])
                .for_each(|(row, name)| row.print(name));
            let names = [
                "nobody looks",
                "unrelated: +2 sd, 3 × spread",
                "unrelated: .2 × spread",
                "unrelated: wandering",
                "unrelated: heavy tails",
                "unrelated: rare peaks",
                "unrelated: same spread",
            ];
            idle.iter()
                .zip(names)
                .filter(|(row, _)| row.pages > 0)
                .for_each(|(row, name)| row.print(name));
        }
    }
}

/// Share of pages whose best picture is the right one after 1, 2, 3, 5, 10 repetitions.
fn right_after(law: &ScoreLaw, wearer: &Wearer, pages: usize) -> [f64; 5] {
    let mut wearer = Wearer::new(wearer.amplitude, wearer.soa_secs, 31);
    let mut right = [0.0; 5];
    for page in 0..pages {
        let sought = page * 7 % PICTURES;
        let mut posterior = PagePosterior::new(law, PICTURES, 0.2, None).expect("a posterior");
        for (i, scored) in wearer.page(10, Some(sought), false).iter().enumerate() {
            posterior.pass(scored);
            if let Some(at) = [14, 28, 42, 70, 140].iter().position(|end| *end == i + 1) {
                posterior.weigh();
                right[at] += f64::from(u8::from(posterior.best().0 == sought)) / pages as f64;
            }
        }
    }
    right
}
