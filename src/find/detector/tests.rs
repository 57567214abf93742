//! Fits to made-up epochs; looks at hostile ones and at damaged files.

use super::*;
use crate::calibrate::score::metrics::roc_auc;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

const RATE_HZ: f64 = 64.0;

struct Made {
    channels: usize,
    samples: usize,
    values: Vec<f32>,
    is_target: Vec<bool>,
    groups: Vec<usize>,
}

impl Made {
    /// Flashes of which every sixth is a target, whose answer is so many µV beside noise of 5 µV that channels share.
    fn new(seed: u64, count: usize, channels: usize, evoked_uv: f32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let samples = 51;
        let is_target: Vec<bool> = (0..count).map(|_| rng.random_range(0..6) == 0).collect();
        let mut values = Vec::new();
        for target in &is_target {
            let shared: Vec<f32> = (0..samples).map(|_| rng.sample(StandardNormal)).collect();
            for channel in 0..channels {
                let mut slow = 0.0_f32;
                for (s, shared) in shared.iter().enumerate() {
                    slow = 0.8 * slow + rng.sample::<f32, _>(StandardNormal);
                    let at = s as f32 / RATE_HZ as f32;
                    let bump = (-((at - 0.35) / 0.08).powi(2)).exp() / (1.0 + channel as f32);
                    let answer = if *target { evoked_uv * bump } else { 0.0 };
                    values.push(3.0 * slow + 3.0 * shared + answer);
                }
            }
        }
        let groups = (0..count).map(|i| 100 + 7 * (i * 8 / count)).collect();
        Self { channels, samples, values, is_target, groups }
    }

    fn epochs(&self) -> Epochs<'_> {
        Epochs {
            channels: self.channels,
            samples: self.samples,
            rate_hz: RATE_HZ,
            values: &self.values,
            is_target: &self.is_target,
            groups: &self.groups,
        }
    }
}

#[test]
fn targets_are_told_from_others_and_nothing_from_nothing() {
    for (evoked_uv, from, to) in [(10.0, 0.8, 1.0), (0.0, 0.38, 0.62)] {
        let made = Made::new(5, 400, 4, evoked_uv);
        let scores = Detector::out_of_fold_scores(&made.epochs()).unwrap();
        let auc = roc_auc(&scores, &made.is_target).unwrap();
        assert!((from..to).contains(&auc), "{evoked_uv} µV: {auc}");
    }
}

#[test]
fn scores_are_those_of_the_few_class_path_up_to_a_line() {
    // Fewer channels than filters, as many, and more.
    for channels in [1, 2, 6, 9] {
        let made = Made::new(channels as u64, 200, channels, 6.0);
        let epochs = made.epochs();
        let detector = Detector::fit(&epochs).unwrap();
        let all: Vec<usize> = (0..epochs.len()).collect();
        let trials = epochs.trials(&all);
        let known = Classifier::fit(Kind::Both, &trials, 2, RATE_HZ).unwrap();
        let theirs = known.scores(&trials).unwrap();
        let theirs: Vec<f64> = all.iter().map(|i| theirs[(*i, 1)] - theirs[(*i, 0)]).collect();
        let ours: Vec<f64> =
            all.iter().map(|i| detector.score(epochs.epoch(*i)).unwrap()).collect();
        let slope = (ours[1] - ours[0]) / (theirs[1] - theirs[0]);
        assert!(slope > 0.0);
        for (a, b) in ours.iter().zip(&theirs) {
            let line = ours[0] + slope * (b - theirs[0]);
            assert!((a - line).abs() < 1e-7, "{channels} channels: {a} {line}");
        }
    }
}

#[test]
fn the_middle_is_zero_and_the_spread_is_one_in_training() {
    let made = Made::new(3, 300, 4, 6.0);
    let epochs = made.epochs();
    let detector = Detector::fit(&epochs).unwrap();
    let of = |target: bool| -> Vec<f64> {
        let own = (0..epochs.len()).filter(|i| made.is_target[*i] == target);
        own.map(|i| detector.score(epochs.epoch(i)).unwrap()).collect()
    };
    let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
    let (targets, others) = (of(true), of(false));
    assert!((mean(&targets) + mean(&others)).abs() < 1e-9);
    let squares = |all: &[f64]| all.iter().map(|v| (v - mean(all)).powi(2)).sum::<f64>();
    let spread = (squares(&targets) + squares(&others)) / epochs.len() as f64;
    assert!((spread - 1.0).abs() < 1e-9, "{spread}");
}

#[test]
fn a_file_gives_the_same_bits() {
    let made = Made::new(4, 120, 4, 6.0);
    let epochs = made.epochs();
    let detector = Detector::fit(&epochs).unwrap();
    let read = Detector::from_json(&detector.to_json().unwrap()).unwrap();
    assert_eq!(read, detector);
    for flash in 0..epochs.len() {
        let (a, b) = (detector.score(epochs.epoch(flash)), read.score(epochs.epoch(flash)));
        assert_eq!(a.map(f64::to_bits), b.map(f64::to_bits));
    }
}

#[test]
fn a_file_that_says_what_cannot_be_is_refused() {
    let made = Made::new(4, 120, 2, 6.0);
    let text = Detector::fit(&made.epochs()).unwrap().to_json().unwrap();
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        Detector::from_json(&value.to_string()).unwrap_err().to_string()
    };
    assert!(with(&|v| v["schema"] = 2.into()).contains("schema"));
    assert!(with(&|v| v["more"] = 1.into()).contains("unknown field"));
    assert!(with(&|v| v["channels"] = 3.into()).contains("3 channels"));
    assert!(with(&|v| v["channels"] = u64::MAX.into()).contains("channels"));
    assert!(with(&|v| v["samples"] = 0.into()).contains("samples"));
    assert!(with(&|v| v["rate_hz"] = 0.into()).contains("0 Hz"));
    assert!(with(&|v| v["weights"][0] = "x".into()).contains("invalid type"));
    assert!(with(&|v| v["tangent"]["filters"] = 0.into()).contains("0 filters"));
    assert!(with(&|v| v["tangent"]["filters"] = u64::MAX.into()).contains("filters"));
    for tensor in ["on_channels", "means", "whitening", "weights"] {
        let short = with(&|v| drop(v["tangent"][tensor].as_array_mut().unwrap().pop()));
        assert!(short.contains("are expected"), "{tensor}: {short}");
    }
    assert!(Detector::from_json("").is_err() && Detector::from_json(&text[..90]).is_err());
    assert!(
        Detector::from_json(&" ".repeat(MAX_FILE_BYTES + 1))
            .unwrap_err()
            .to_string()
            .contains("bytes")
    );
}

#[test]
fn hostile_epochs_have_no_score_and_are_not_fitted_to() {
    let mut made = Made::new(6, 120, 2, 6.0);
    let detector = Detector::fit(&made.epochs()).unwrap();
    let whole = made.epochs().epoch(0).to_vec();
    assert_eq!(detector.score(&whole[1..]), None);
    for spoilt in [f32::NAN, f32::INFINITY, f32::MAX] {
        let mut epoch = whole.clone();
        epoch[20] = spoilt;
        // What is finite may have a score; what comes out is a number.
        assert!(detector.score(&epoch).is_none_or(f64::is_finite));
    }
    let mut epoch = whole.clone();
    epoch[20] = f32::NAN;
    assert_eq!(detector.score(&epoch), None);
    assert!(detector.score(&vec![0.0; whole.len()]).is_some_and(f64::is_finite));
    made.values[2 * whole.len()] = f32::NAN;
    let said = Detector::fit(&made.epochs()).unwrap_err().to_string();
    assert!(said.contains("flash 2"), "{said}");
    made.values.pop();
    assert!(matches!(Detector::fit(&made.epochs()), Err(DetectorError::Epochs(_))));
}

#[test]
fn too_few_targets_or_pages_are_said() {
    let mut made = Made::new(6, 120, 2, 6.0);
    made.groups.fill(4);
    let said = Detector::out_of_fold_scores(&made.epochs()).unwrap_err().to_string();
    assert!(said.contains("one page or run"), "{said}");
    made.is_target.iter_mut().enumerate().for_each(|(i, target)| *target = i < 9);
    let said = Detector::fit(&made.epochs()).unwrap_err().to_string();
    assert!(said.contains("9 usable trials"), "{said}");
}

#[test]
fn channels_that_say_nothing_do_no_harm() {
    let mut made = Made::new(7, 240, 3, 8.0);
    let samples = made.samples;
    // One channel is flat, as an electrode that fell off.
    made.values
        .chunks_exact_mut(3 * samples)
        .for_each(|epoch| epoch[samples..2 * samples].fill(0.0));
    let scores = Detector::out_of_fold_scores(&made.epochs()).unwrap();
    assert!(roc_auc(&scores, &made.is_target).unwrap() > 0.8);
}
