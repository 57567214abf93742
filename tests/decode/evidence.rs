//! The p-value on simulated streams: uniform without a picture, small with one, honest about averaging.
//!
//! Windows of red noise (4 channels, first-order autoregressive, baseline-corrected) go through 20 matched
//! filters; the null comes from surrogates of the same windows, as in the decoder.

use phosphene::decode::control::surrogate::Surrogate;
use phosphene::decode::inference::evidence::{Evidence, MIN_NULL};
use phosphene::decode::painting::noise::{NoiseKey, fill_noise};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const CHANNELS: usize = 4;
const SAMPLES: usize = 100;
const ROWS: usize = 20;
const BASELINE: usize = 25;

fn normal(seed: u64, window: u64, len: usize) -> Vec<f32> {
    let mut values = vec![0.0; len];
    fill_noise(NoiseKey { seed, window }, &mut values);
    values
}

/// Evoked responses, one per row: bumps of random size and place on every channel.
fn templates() -> Vec<Vec<f32>> {
    let bump = |at: usize, centre: f32| (-((at as f32 - centre) / 6.0).powi(2) / 2.0).exp();
    let one = |row: u64| {
        let weights = normal(1, row, CHANNELS * 4);
        let value = |i: usize| {
            let (channel, at) = (i / SAMPLES, i % SAMPLES);
            (0..4).map(|b| weights[channel * 4 + b] * bump(at, 15.0 + 20.0 * b as f32)).sum()
        };
        (0..CHANNELS * SAMPLES).map(value).collect()
    };
    (0..ROWS as u64).map(one).collect()
}

fn window(seed: u64, index: u64) -> Vec<f32> {
    let length = SAMPLES + BASELINE + 100;
    let white = normal(seed, index, CHANNELS * length);
    let mut window = Vec::new();
    for channel in white.chunks_exact(length) {
        let mut state = 0.0;
        let red: Vec<f32> = channel
            .iter()
            .map(|w| {
                state = 0.95 * state + w;
                state
            })
            .collect();
        let (before, after) = red[100..].split_at(BASELINE);
        let baseline = before.iter().sum::<f32>() / BASELINE as f32;
        window.extend(after.iter().map(|v| v - baseline));
    }
    window
}

/// Matched filters on the first difference, which is white for this noise.
fn scores(templates: &[Vec<f32>], window: &[f32]) -> Vec<f32> {
    let change = |x: &[f32]| x.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>();
    let channels = |x: &[f32]| x.chunks_exact(SAMPLES).flat_map(change).collect::<Vec<_>>();
    let seen = channels(window);
    let product = |t: &Vec<f32>| channels(t).iter().zip(&seen).map(|(a, b)| a * b).sum();
    templates.iter().map(product).collect()
}

/// p-values of `count` decodes of `k` averaged trials with a response of this size.
fn p_values(signal: f32, k: u32, count: u64) -> Vec<f64> {
    let templates = templates();
    let mut evidence = Evidence::new(ROWS, 3);
    let mut surrogate = Surrogate::new(CHANNELS, SAMPLES);
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut p = Vec::new();
    for index in 0..count {
        let mut mean = vec![0.0; ROWS];
        for trial in 0..u64::from(k) {
            let mut window = window(2, index * 1000 + trial);
            for (value, response) in window.iter_mut().zip(&templates[index as usize % ROWS]) {
                *value += signal * response;
            }
            let observed = scores(&templates, &window);
            mean.iter_mut().zip(&observed).for_each(|(mean, score)| *mean += score / k as f32);
            let mut shuffled = vec![0.0; window.len()];
            for _ in 0..2 {
                surrogate.draw(&window, &mut rng, &mut shuffled);
                evidence.push(&scores(&templates, &shuffled));
            }
        }
        p.extend(evidence.p_value(&mean, k, index));
    }
    p
}

fn share_below(p: &[f64], level: f64) -> f64 {
    p.iter().filter(|p| **p < level).count() as f64 / p.len() as f64
}

#[test]
fn without_a_picture_p_is_spread_evenly() {
    let p = p_values(0.0, 1, 600);
    let mean = p.iter().sum::<f64>() / p.len() as f64;
    // Four standard errors of 580 uniform draws: 0.05 ± 0.036 and 0.5 ± 0.048, and a little for the
    // larger of two p-values being given.
    assert!(share_below(&p, 0.05) < 0.086, "{}", share_below(&p, 0.05));
    assert!((0.01..0.086).contains(&share_below(&p, 0.05)), "{}", share_below(&p, 0.05));
    assert!((0.45..0.62).contains(&mean), "{mean}");
}

#[test]
fn averaging_without_a_picture_earns_nothing() {
    let p = p_values(0.0, 5, 300);
    assert!(share_below(&p, 0.05) < 0.10, "{}", share_below(&p, 0.05));
}

#[test]
fn a_picture_is_found_and_more_trials_find_it_more_often() {
    // A guess is right in 5 %; 200 decodes measure that within 1.6 points.
    let found = |k| share_below(&p_values(3.0, k, 200), 0.05);
    let (one, five) = (found(1), found(5));
    assert!(one > 0.09, "power with one trial: {one}");
    assert!(five > one + 0.2, "power with five trials: {five}, with one: {one}");
}

#[test]
fn p_needs_nulls_and_follows_the_counting_rule() {
    let mut evidence = Evidence::new(3, 0);
    for i in 0..MIN_NULL - 1 {
        evidence.push(&[i as f32, 0.0, 1.0]);
    }
    assert_eq!(evidence.p_value(&[1.0, 0.0, 0.0], 1, 0), None);
    evidence.push(&[0.0, 1.0, 2.0]);
    // The most prominent scores that three rows can have: only nulls just as prominent count.
    let p = evidence.p_value(&[1.0, 0.0, 0.0], 1, 0).unwrap();
    assert!((p * 40.0 - (p * 40.0).round()).abs() < 1e-9 && p >= 1.0 / 40.0);
    assert_eq!(evidence.p_value(&[1.0, 1.0, 1.0], 1, 0), Some(1.0), "constant scores say nothing");
}

#[test]
fn the_null_keeps_the_newest() {
    let mut evidence = Evidence::new(2, 0);
    (0..1000).for_each(|i| evidence.push(&[i as f32, 0.0]));
    assert_eq!(evidence.len(), 400);
    evidence.push(&[0.0; 5]);
    assert_eq!(evidence.len(), 400, "scores of another gallery are ignored");
}
