//! How strongly must a simulated wearer answer flashes, that a good linear detector reaches a given area under the curve?
//!
//! ```text
//! cargo run --release --example attention_strength [people [first [montage …]]]
//! ```
//!
//! For each level of `attention` and each subject: two sessions of copy pages (40 pictures in a grid, groups by rows and
//! columns drawn anew in each repetition, a flash every .2 s, so that responses overlap; artefacts as usual). A shrinkage
//! LDA (means of 48 ms of 0 to .8 s after each flash, causal high-pass at 1 Hz) is fitted to five minutes of flashes of one
//! session and tested on the other. Prints the model's d′, the P300 and the mean area and its spread over subjects: the
//! rows for `TABLE` in `src/subject/attention/strength.rs`.

use std::sync::Arc;

use phosphene::signal::{Flash, Lit, Montage, OpenPage, StimulusSet};
use phosphene::subject::attention::strength::d_prime;
use phosphene::subject::{SimParams, VirtualSubject};
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

const PICTURES: usize = 40;
const SOA_SECS: f64 = 0.2;
const STEP: usize = 12;
const STEPS: usize = 16;
const EPOCH: usize = STEP * STEPS;
/// Five minutes.
const FIT_FLASHES: usize = 1_500;
/// Levels of `attention`.
const LEVELS: [f64; 12] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97];
const TEST_FLASHES: usize = 4_500;

/// Flashes with their features `[flashes][features]`.
struct Session {
    features: Vec<Vec<f64>>,
    targets: Vec<bool>,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, usual: u64| args.get(i).and_then(|n| n.parse().ok()).unwrap_or(usual);
    let (subjects, first) = (number(0, 8), number(1, 100));
    let montages = if args.len() > 2 { args[2..].to_vec() } else { vec!["posterior16".to_owned()] };
    println!("montage attention d_model p300_uv auc sd least most");
    for name in &montages {
        let Some(montage) = Montage::standard(name) else {
            eprintln!("{name} is no montage");
            continue;
        };
        for attention_auc in LEVELS {
            let params =
                SimParams { attention_auc, montage: montage.clone(), ..SimParams::default() };
            let people: Vec<[f64; 2]> = (0..subjects)
                .map(|s| of_person(&SimParams { subject: first + s, ..params.clone() }))
                .collect();
            let [uv, auc] = [0, 1].map(|i| summary(people.iter().map(|person| person[i])));
            println!(
                "{name} {attention_auc} {:.3} {:.2} {:.4} {:.4} {:.3} {:.3}",
                d_prime(attention_auc),
                uv.0,
                auc.0,
                auc.1,
                auc.2,
                auc.3
            );
        }
    }
}

/// P300 in µV, and the area that is reached.
fn of_person(params: &SimParams) -> [f64; 2] {
    let (fit, p300_uv) = session(&SimParams { seed: 1, ..params.clone() }, FIT_FLASHES);
    let (test, _) = session(&SimParams { seed: 2, ..params.clone() }, TEST_FLASHES);
    [p300_uv, area(&test, &discriminant(&fit))]
}

/// Mean, standard deviation, least and most.
fn summary(values: impl Iterator<Item = f64> + Clone) -> (f64, f64, f64, f64) {
    let n = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.clone().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    let least = values.clone().fold(f64::INFINITY, f64::min);
    (mean, variance.sqrt(), least, values.fold(f64::NEG_INFINITY, f64::max))
}

/// Flashes follow the embedding of no picture, but a subject is made for some.
fn stimuli() -> Arc<StimulusSet> {
    StimulusSet::bundled_or_none()
}

/// Copy pages of three repetitions each.
fn session(params: &SimParams, flashes: usize) -> (Session, f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(params.seed * 1_000 + params.subject);
    let mut subject = VirtualSubject::new(params, stimuli());
    subject.look_away(true);
    let channels = subject.channels();
    let plan = plan(flashes, &mut rng);
    let last_secs = plan.last().map_or(0.0, |(_, secs)| *secs);
    let frames = ((last_secs + 1.2) * 250.0) as usize;
    let mut signal = vec![0.0f32; frames * channels];
    let mut next = 0;
    for frame in signal.chunks_exact_mut(channels) {
        if let Some((flash, secs)) = plan.get(next).copied()
            && subject.can_see_flash()
        {
            let page =
                OpenPage { number: flash.page, pictures: PICTURES as u8, sought: flash.sought };
            next += usize::from(subject.flash(flash, secs, Some(page)));
        }
        subject.next_block(frame, |_| {});
    }
    high_pass(&mut signal, channels);
    let features = |secs: f64| {
        let from = (secs * 250.0).ceil() as usize;
        let epoch = &signal[from * channels..(from + EPOCH) * channels];
        let mean = |step: usize, c: usize| {
            (0..STEP).map(|k| f64::from(epoch[(step * STEP + k) * channels + c])).sum::<f64>()
                / STEP as f64
        };
        (0..STEPS).flat_map(|step| (0..channels).map(move |c| mean(step, c))).collect()
    };
    let session = Session {
        features: plan.iter().map(|(_, secs)| features(*secs)).collect(),
        targets: plan
            .iter()
            .map(|(f, _)| f.lit.holds(usize::from(f.sought.unwrap_or(64))))
            .collect(),
    };
    (session, subject.p300_uv())
}

/// Rows and columns of a random arrangement, in random order; no picture lights up twice within .4 s.
fn plan(flashes: usize, rng: &mut ChaCha8Rng) -> Vec<(Flash, f64)> {
    let (mut plan, mut secs, mut page) = (Vec::new(), 2.0, 0);
    while plan.len() < flashes {
        let sought = Some(rng.random_range(0..PICTURES) as u8);
        let mut before = Lit::default();
        for _ in 0..3 {
            let mut places: Vec<usize> = (0..PICTURES).collect();
            places.shuffle(rng);
            let group = |of: &dyn Fn(usize) -> bool| {
                Lit::of((0..PICTURES).filter(|i| of(*i)).map(|i| places[i]))
            };
            let rows = (0..6).map(|r| group(&|i| i % 6 == r));
            let columns = (0..7).map(|c| group(&|i| i / 6 == c));
            let mut groups: Vec<Lit> = rows.chain(columns).collect();
            for _ in 0..10_000 {
                groups.shuffle(rng);
                let is_free =
                    !groups[0].meets(before) && groups.windows(2).all(|p| !p[0].meets(p[1]));
                if is_free {
                    break;
                }
            }
            for lit in groups {
                plan.push((Flash { page, pictures: 40, lit, sought }, secs));
                secs += SOA_SECS;
                before = lit;
            }
        }
        page += 1;
        secs += 1.5 + rng.random_range(0.0..0.3);
    }
    plan.truncate(flashes);
    plan
}

/// Second-order Butterworth at 1 Hz, forwards only, in place.
fn high_pass(signal: &mut [f32], channels: usize) {
    let k = (std::f64::consts::PI * 1.0 / 250.0).tan();
    let norm = 1.0 / (1.0 + k * std::f64::consts::SQRT_2 + k * k);
    let (a1, a2) =
        (2.0 * (k * k - 1.0) * norm, (1.0 - k * std::f64::consts::SQRT_2 + k * k) * norm);
    for c in 0..channels {
        let (mut s1, mut s2) = (0.0, 0.0);
        for value in signal.iter_mut().skip(c).step_by(channels) {
            let x = f64::from(*value);
            let y = norm * x + s1;
            s1 = -2.0 * norm * x - a1 * y + s2;
            s2 = norm * x - a2 * y;
            *value = y as f32;
        }
    }
}

/// Weights of an LDA on standardised features, with Ledoit and Wolf's shrinkage towards the identity.
fn discriminant(session: &Session) -> Vec<f64> {
    let p = session.features[0].len();
    let mean = |class: bool| {
        let of =
            || session.features.iter().zip(&session.targets).filter(move |(_, t)| **t == class);
        let n = of().count().max(1) as f64;
        let mut sum = vec![0.0; p];
        of().for_each(|(x, _)| sum.iter_mut().zip(x).for_each(|(s, v)| *s += v / n));
        sum
    };
    let means = [mean(false), mean(true)];
    let mut centred: Vec<Vec<f64>> = session
        .features
        .iter()
        .zip(&session.targets)
        .map(|(x, t)| x.iter().zip(&means[usize::from(*t)]).map(|(v, m)| v - m).collect())
        .collect();
    let spread: Vec<f64> = (0..p)
        .map(|i| (centred.iter().map(|x| x[i] * x[i]).sum::<f64>() / centred.len() as f64).sqrt())
        .collect();
    for x in &mut centred {
        x.iter_mut().zip(&spread).for_each(|(v, s)| *v /= s);
    }
    let n = centred.len() as f64;
    let mut covariance = vec![vec![0.0; p]; p];
    for x in &centred {
        for (i, row) in covariance.iter_mut().enumerate() {
            let a = x[i] / n;
            row[..=i].iter_mut().zip(x).for_each(|(s, b)| *s += a * b);
        }
    }
    for i in 1..p {
        let (above, below) = covariance.split_at_mut(i);
        above.iter_mut().zip(&below[0]).for_each(|(row, value)| row[i] = *value);
    }
    let mu = (0..p).map(|i| covariance[i][i]).sum::<f64>() / p as f64;
    let total: f64 = covariance.iter().flatten().map(|v| v * v).sum();
    let delta = total - p as f64 * mu * mu;
    let beta =
        centred.iter().map(|x| x.iter().map(|v| v * v).sum::<f64>().powi(2)).sum::<f64>() / n / n
            - total / n;
    let shrinkage = (beta / delta).clamp(0.0, 1.0);
    for (i, row) in covariance.iter_mut().enumerate() {
        row.iter_mut().for_each(|v| *v *= 1.0 - shrinkage);
        row[i] += shrinkage * mu;
    }
    let difference = (0..p).map(|i| (means[1][i] - means[0][i]) / spread[i]).collect();
    solved(covariance, difference).iter().zip(&spread).map(|(w, s)| w / s).collect()
}

/// The solution of a positive definite system, by Cholesky's factor.
fn solved(mut a: Vec<Vec<f64>>, mut x: Vec<f64>) -> Vec<f64> {
    let n = x.len();
    for i in 0..n {
        for j in 0..=i {
            let (above, row) = a.split_at(i);
            let other = if j < i { &above[j] } else { &row[0] };
            let rest = row[0][j] - row[0][..j].iter().zip(other).map(|(u, v)| u * v).sum::<f64>();
            let value = if i == j { rest.max(1e-300).sqrt() } else { rest / other[j] };
            a[i][j] = value;
        }
    }
    for i in 0..n {
        let done: f64 = (0..i).map(|k| a[i][k] * x[k]).sum();
        x[i] = (x[i] - done) / a[i][i];
    }
    for i in (0..n).rev() {
        let done: f64 = (i + 1..n).map(|k| a[k][i] * x[k]).sum();
        x[i] = (x[i] - done) / a[i][i];
    }
    x
}

/// Share of pairs in which the target's score is higher.
fn area(session: &Session, weights: &[f64]) -> f64 {
    let score = |x: &Vec<f64>| x.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>();
    let mut scores: Vec<(f64, bool)> =
        session.features.iter().zip(&session.targets).map(|(x, t)| (score(x), *t)).collect();
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut pairs) = (0.0, 0.0);
    for (_, is_target) in scores {
        if is_target { pairs += below } else { below += 1.0 }
    }
    pairs / (below * session.targets.iter().filter(|t| **t).count() as f64)
}
