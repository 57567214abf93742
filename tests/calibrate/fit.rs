//! Fitting and scoring on made-up trials whose truth is known: what carries a picture is found, what carries none scores
//! chance, and a design that gives the answer away is refused.

use faer::Mat;
use phosphene::calibrate::fit::options::FitOptions;
use phosphene::calibrate::fit::personal::{Method, fit, fit_and_predict};
use phosphene::calibrate::fit::templates::Population;
use phosphene::calibrate::score::{Report, Score, score};
use phosphene::calibrate::trials::split::Split;
use phosphene::calibrate::{CalibrationError, Pictures, Trial, Trials};
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

pub const DIM: usize = 16;
const CHANNELS: usize = 4;
const SAMPLES: usize = 40;
pub const PICTURES: usize = 12;
pub const OPTIONS: FitOptions<'static> =
    FitOptions { rate_hz: 100.0, inner: Split::Runs, with_pack: true, population: None, seed: 1 };

/// What is shown when, and what the signal holds.
pub struct Plan {
    /// Pictures of each run, in order.
    pub runs: Vec<Vec<usize>>,
    /// Strength of the response to the picture itself.
    pub response: f64,
    /// Strength of the response to the picture before, which is still there when the next one comes.
    pub lingering: f64,
    /// Strength of a slow drift.
    pub drift: f64,
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    rng.sample(StandardNormal)
}

pub fn pictures() -> Pictures {
    let mut rng = ChaCha8Rng::seed_from_u64(77);
    let mut targets = Vec::new();
    for _ in 0..PICTURES {
        let row: Vec<f64> = (0..DIM).map(|_| normal(&mut rng)).collect();
        let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        targets.extend(row.iter().map(|v| (v / length) as f32));
    }
    Pictures::new((0..PICTURES).map(|i| format!("p{i}")).collect(), &targets, DIM).unwrap()
}

/// Runs of every picture `times` times in random order.
pub fn shuffled_runs(runs: usize, times: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..runs)
        .map(|_| {
            let mut order: Vec<usize> = (0..PICTURES * times).map(|i| i % PICTURES).collect();
            order.shuffle(&mut rng);
            order
        })
        .collect()
}

/// What a unit of embedding evokes in the person of this seed, `[channels × 5 parts of the epoch, dim]`.
fn mixing(rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..CHANNELS * 5 * DIM).map(|_| normal(rng)).collect()
}

pub fn trials(plan: &Plan, pictures: &Pictures, seed: u64) -> Trials {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mixing = mixing(&mut rng);
    let response = |picture: usize, channel: usize, sample: usize| -> f64 {
        let part = sample * 5 / SAMPLES;
        (0..DIM)
            .map(|d| mixing[(channel * 5 + part) * DIM + d] * pictures.targets[(picture, d)])
            .sum()
    };
    let (mut about, mut eeg, mut before) = (Vec::new(), Vec::new(), Vec::new());
    let mut onset_secs = 0.0;
    let mut drift = [0.0; CHANNELS];
    for (run, order) in plan.runs.iter().enumerate() {
        let mut last: Option<usize> = None;
        for picture in order {
            drift.iter_mut().for_each(|level| *level += 0.3 * normal(&mut rng));
            for into_future in [true, false] {
                for (channel, level) in drift.iter().enumerate() {
                    for sample in 0..SAMPLES {
                        let mut value = 3.0 * normal(&mut rng) + plan.drift * level;
                        if into_future {
                            value += plan.response * response(*picture, channel, sample);
                        }
                        if let Some(last) = last {
                            value += plan.lingering * response(last, channel, sample);
                        }
                        if into_future { &mut eeg } else { &mut before }.push(value as f32);
                    }
                }
            }
            about.push(Trial { picture: *picture, run, session: 0, onset_secs });
            last = Some(*picture);
            onset_secs += 1.0 + 0.1 * rng.random::<f64>();
        }
        onset_secs += 30.0;
    }
    // The pack knows a little.
    let zero_shot = Mat::from_fn(about.len(), DIM, |i, j| {
        0.3 * pictures.targets[(about[i].picture, j)] * plan.response + 0.3 * normal(&mut rng)
    });
    Trials { channels: CHANNELS, samples: SAMPLES, about, eeg, before, zero_shot }
}

fn scored(plan: &Plan, split: Split) -> Report {
    let pictures = pictures();
    score(&trials(plan, &pictures, 5), &pictures, split, &OPTIONS, |_| ()).unwrap()
}

fn find<'a>(report: &'a Report, encoder: &str, metric: &str, k: usize) -> &'a Score {
    let wanted = |s: &&Score| s.encoder == encoder && s.metric == metric && s.k == k;
    report.scores.iter().find(wanted).unwrap()
}

fn honest(response: f64) -> Plan {
    Plan { runs: shuffled_runs(4, 4, 3), response, lingering: 0.0, drift: 1.0 }
}

#[test]
fn a_response_is_found_and_every_control_stays_at_chance() {
    let report = scored(&honest(1.0), Split::Runs);
    assert_eq!(report.refused, None);
    let top1 = find(&report, "personal", "top1", 1);
    assert_eq!((top1.trials, top1.n), (192, PICTURES));
    assert!(top1.ci95[0] > 2.0 * top1.chance && top1.p_value < 0.002, "{top1:?}");
    let two_way = find(&report, "personal", "two_way", 1);
    assert!(two_way.controls.len() == 5, "{two_way:?}");
    for (control, got) in &two_way.controls {
        assert!((got.value - 0.5).abs() < 0.08, "{control:?}: {got:?}");
    }
    let pack = find(&report, "pack", "top1", 1);
    assert!(top1.value > pack.value, "the fit is worth something: {} {}", top1.value, pack.value);
    assert!(find(&report, "personal", "top1", 5).value > top1.value, "averaging helps");
}

#[test]
fn pictures_never_seen_in_training_are_told_apart() {
    let report = scored(&honest(1.5), Split::Pictures);
    assert_eq!(report.refused, None);
    let two_way = find(&report, "personal", "two_way", 1);
    assert!(two_way.ci95[0] > 0.5, "{two_way:?}");
}

#[test]
fn no_response_gives_no_score() {
    for split in [Split::Runs, Split::Pictures] {
        let report = scored(&honest(0.0), split);
        assert_eq!(report.refused, None);
        let two_way = find(&report, "personal", "two_way", 1);
        assert!(two_way.p_value > 0.01, "{split:?}: {two_way:?}");
        // Pictures left out score below one half: those that trained are more at hand.
        assert!(two_way.ci95[0] < 0.5, "{split:?}: {two_way:?}");
    }
}

#[test]
fn blocks_a_fixed_order_and_repeats_in_a_row_are_refused() {
    let sorted = |times: usize| -> Vec<usize> {
        (0..PICTURES).flat_map(|picture| vec![picture; times]).collect()
    };
    let fixed: Vec<usize> = shuffled_runs(1, 4, 9).remove(0);
    let drifting = |runs| Plan { runs, response: 0.0, lingering: 0.0, drift: 3.0 };
    let in_a_row: Vec<Vec<usize>> = shuffled_runs(4, 2, 4)
        .into_iter()
        .map(|order| order.into_iter().flat_map(|picture| [picture; 2]).collect())
        .collect();
    let lingering = Plan { runs: in_a_row, response: 0.0, lingering: 2.0, drift: 0.0 };
    for (name, plan, words) in [
        ("the same blocks in every run", drifting(vec![sorted(4); 4]), "order repeats"),
        ("the same order in every run", drifting(vec![fixed; 4]), "order repeats"),
        ("every picture twice in a row", lingering, "before the picture"),
    ] {
        let why = scored(&plan, Split::Runs).refused;
        assert!(why.as_ref().is_some_and(|why| why.contains(words)), "{name}: {why:?}");
    }
}

#[test]
fn too_little_is_an_error_that_says_so() {
    let pictures = pictures();
    let all = trials(&honest(1.0), &pictures, 5);
    let few = fit(&all.at(&(0..10).collect::<Vec<_>>()), &pictures, &OPTIONS).unwrap_err();
    assert!(few.to_string().contains("10 usable trials"), "{few}");
    let one: Vec<usize> = (0..all.len()).filter(|i| all.about[*i].picture == 0).collect();
    let mut one = all.at(&one);
    one = one.at(&(0..one.len()).chain(0..one.len()).collect::<Vec<_>>());
    assert!(matches!(fit(&one, &pictures, &OPTIONS), Err(CalibrationError::TooFew { .. })));
    let mut broken = all.clone();
    broken.eeg[CHANNELS * SAMPLES * 3] = f32::NAN;
    let why = fit(&broken, &pictures, &OPTIONS).unwrap_err();
    assert!(why.to_string().contains("trial 3"), "{why}");
}

#[test]
fn a_fit_is_its_own_linear_map() {
    let pictures = pictures();
    let all = trials(&honest(1.0), &pictures, 5);
    let (train, test): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(|i| i % 4 != 0);
    let (train, test) = (all.at(&train), all.at(&test));
    let personal = fit(&train, &pictures, &OPTIONS).unwrap();
    assert!(matches!(personal.method, Method::Templates { .. }), "{:?}", personal.method);
    let direct = fit_and_predict(&train, &test, &pictures, &OPTIONS).unwrap();
    let for_new = FitOptions { inner: Split::Pictures, ..OPTIONS };
    let regression = fit(&train, &pictures, &for_new).unwrap();
    assert!(matches!(regression.method, Method::Ridge { .. }), "{:?}", regression.method);
    let by_hand = fit_and_predict(&train, &test, &pictures, &for_new).unwrap();
    for i in 0..test.len() {
        let answer: Vec<f64> = (0..DIM).map(|j| test.zero_shot[(i, j)]).collect();
        for (personal, direct) in [(&personal, &direct), (&regression, &by_hand)] {
            for (j, got) in personal.predict(test.epoch(i), &answer).iter().enumerate() {
                assert!((got - direct[(i, j)]).abs() < 1e-9, "{got} {}", direct[(i, j)]);
            }
        }
    }
}

/// A population whose mean person is that of this seed with errors as large as the truth: half of the variance is known.
pub fn population(seed: u64, pictures: &Pictures) -> Population {
    let mixing = mixing(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut rng = ChaCha8Rng::seed_from_u64(99);
    let patterns = CHANNELS * 5;
    let (own, error) = (0.5, 0.5);
    Population {
        basis: Mat::from_fn(patterns, CHANNELS * SAMPLES, |pattern, at| {
            let (channel, part) = (at / SAMPLES, at % SAMPLES * 5 / SAMPLES);
            if pattern == channel * 5 + part { 1.0 } else { 0.0 }
        }),
        mean: Mat::from_fn(DIM, patterns, |j, pattern| {
            own * mixing[pattern * DIM + j] + error * normal(&mut rng)
        }),
        covariance: Mat::from_fn(patterns, patterns, |a, b| {
            if a == b { (1.0 - own) * (1.0 - own) + error * error } else { 0.0 }
        }),
        gallery: pictures.targets.clone(),
    }
}

/// Share of trials whose picture is the nearest.
fn top1(found: &Mat<f64>, trials: &Trials, pictures: &Pictures) -> f64 {
    let truth: Vec<usize> = trials.about.iter().map(|trial| trial.picture).collect();
    let ranks = phosphene::calibrate::score::metrics::ranks(found.as_ref(), pictures, &truth);
    phosphene::calibrate::score::metrics::top_k(&ranks, 1)
}

fn strength(personal: &phosphene::calibrate::Personal) -> Option<f64> {
    match personal.method {
        Method::Templates { response_strength, .. } => response_strength,
        Method::Ridge { .. } => None,
    }
}

#[test]
fn a_population_makes_few_trials_enough() {
    let pictures = pictures();
    let all = trials(&honest(1.0), &pictures, 5);
    let (train, test): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(|i| *i < 2 * PICTURES);
    let (train, test) = (all.at(&train), all.at(&test));
    let known = population(5, &pictures);
    let with = FitOptions { population: Some(&known), ..OPTIONS };
    let personal = fit(&train, &pictures, &with).unwrap();
    let found = strength(&personal).unwrap();
    assert!(
        (0.5..=2.0).contains(&found),
        "the response is as strong as the mean person's: {found}"
    );
    let score = |options: &FitOptions<'_>| {
        top1(&fit_and_predict(&train, &test, &pictures, options).unwrap(), &test, &pictures)
    };
    // The made-up pack's answers have noise of their own: here only the signal counts.
    let by_own = score(&FitOptions { with_pack: false, ..OPTIONS });
    let by_population = score(&with);
    assert!(by_population > by_own + 0.1, "{by_population} against {by_own}");
}

#[test]
fn a_population_knows_pictures_that_were_never_calibrated() {
    let pictures = pictures();
    let all = trials(&honest(1.5), &pictures, 5);
    let is_new = |i: &usize| all.about[*i].picture >= 9;
    let (test, train): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(is_new);
    let (train, test) = (all.at(&train), all.at(&test));
    let known = population(5, &pictures);
    let score = |options: &FitOptions<'_>| {
        top1(&fit_and_predict(&train, &test, &pictures, options).unwrap(), &test, &pictures)
    };
    let (with, without) =
        (score(&FitOptions { population: Some(&known), ..OPTIONS }), score(&OPTIONS));
    // Chance is 1/12; without a population, pictures that were not calibrated are hardly ever the answer.
    assert!(with > 0.35 && with > without + 0.1, "{with} against {without}");
}

#[test]
fn a_population_that_is_wrong_is_not_believed() {
    let pictures = pictures();
    let all = trials(&honest(1.0), &pictures, 5);
    let mut wrong = population(6, &pictures);
    // Patterns that this headset never sees: between the two halves of each part of the epoch.
    wrong.basis = Mat::from_fn(wrong.basis.nrows(), CHANNELS * SAMPLES, |pattern, at| {
        let (channel, sample) = (at / SAMPLES, at % SAMPLES);
        let sign = if sample / 4 % 2 == 0 { 1.0 } else { -1.0 };
        if pattern == channel * 5 + sample * 5 / SAMPLES { sign } else { 0.0 }
    });
    wrong.covariance *= faer::Scale(0.0);
    let personal = fit(&all, &pictures, &FitOptions { population: Some(&wrong), ..OPTIONS });
    assert_eq!(strength(&personal.unwrap()), None);
    let empty = Population { basis: wrong.basis.clone() * faer::Scale(0.0), ..wrong };
    let personal = fit(&all, &pictures, &FitOptions { population: Some(&empty), ..OPTIONS });
    assert_eq!(strength(&personal.unwrap()), None, "nothing to see is nothing to believe");
}

#[test]
fn no_population_is_believed_where_there_is_no_response() {
    let pictures = pictures();
    let right = population(5, &pictures);
    let options = FitOptions { population: Some(&right), ..OPTIONS };
    for seed in 20..40 {
        let drift = if seed % 2 == 0 { 3.0 } else { 0.0 };
        let nothing = trials(&Plan { drift, ..honest(0.0) }, &pictures, seed);
        // Among thirty trials of twelve pictures, many pictures were shown once or twice.
        for count in [24, 30, 192] {
            let some = nothing.at(&(0..count).collect::<Vec<_>>());
            let found = strength(&fit(&some, &pictures, &options).unwrap());
            assert_eq!(found, None, "seed {seed}, {count} trials");
        }
    }
}

#[test]
fn sessions_of_one_picture_each_tell_a_population_nothing_and_are_fitted_all_the_same() {
    let pictures = pictures();
    let all = trials(&honest(1.0), &pictures, 5);
    let two: Vec<usize> = (0..all.len()).filter(|i| all.about[*i].picture < 2).collect();
    let mut two = all.at(&two);
    two.about.iter_mut().for_each(|trial| trial.session = trial.picture);
    let known = population(5, &pictures);
    let personal = fit(&two, &pictures, &FitOptions { population: Some(&known), ..OPTIONS });
    assert!(matches!(personal.unwrap().method, Method::Ridge { .. }));
}

#[test]
fn a_population_of_other_epochs_is_an_error_that_says_so() {
    let pictures = pictures();
    let all = trials(&honest(1.0), &pictures, 5);
    let mut other = population(5, &pictures);
    other.basis = Mat::zeros(other.basis.nrows(), CHANNELS * SAMPLES + 1);
    let why = fit(&all, &pictures, &FitOptions { population: Some(&other), ..OPTIONS });
    let why = why.unwrap_err().to_string();
    assert!(why.contains("161") && why.contains("160"), "{why}");
}

/// The same trials with two classes: pictures below and above the middle.
fn two_classes(plan: &Plan) -> Trials {
    let mut all = trials(plan, &pictures(), 5);
    all.about
        .iter_mut()
        .for_each(|trial| trial.picture = usize::from(trial.picture * 2 >= PICTURES));
    all
}

#[test]
fn two_classes_are_told_apart_where_they_differ_and_only_there() {
    use phosphene::calibrate::classes::score::score;
    for (response, is_there) in [(2.0, true), (0.0, false)] {
        let report = score(&two_classes(&honest(response)), 2, 100.0, 1, |_| ()).unwrap();
        assert_eq!(report.refused, None);
        let auc = &report.scores[0];
        assert_eq!((auc.metric, auc.trials, auc.chance), ("roc_auc", 192, 0.5));
        assert_eq!(auc.ci95[0] > 0.6 && auc.p_value < 0.002, is_there, "{auc:?}");
        assert_eq!(auc.controls.len(), 4, "{auc:?}");
    }
}

#[test]
fn classes_in_blocks_are_refused_and_missing_ones_said() {
    use phosphene::calibrate::classes::score::score;
    let sorted: Vec<usize> = (0..PICTURES).flat_map(|picture| [picture; 4]).collect();
    let plan = Plan { runs: vec![sorted; 4], response: 0.0, lingering: 0.0, drift: 3.0 };
    let why = score(&two_classes(&plan), 2, 100.0, 1, |_| ()).unwrap().refused;
    assert!(why.as_ref().is_some_and(|why| why.contains("order repeats")), "{why:?}");
    let why = score(&two_classes(&honest(1.0)), 3, 100.0, 1, |_| ()).unwrap_err();
    assert!(why.to_string().contains("of class 3"), "{why}");
}
