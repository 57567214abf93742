//! The posterior against one computation with the whole covariance, and what it must bear.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::find::law::tests::law;
use crate::signal::flash::{Flash, Lit};

/// A page of flashes with refused windows, missed flashes and a pause; scores from −3 to 3.
fn page(pictures: usize, count: usize, seed: u64) -> Vec<ScoredFlash> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut onset = 100.0;
    let mut flashes: Vec<ScoredFlash> = (0..count)
        .map(|i| {
            onset += if i == 20 {
                3.0
            } else {
                0.2 * f64::from(1 + u8::from(rng.random::<f64>() < 0.1))
            };
            let lit = Lit::of((0..pictures).filter(|_| rng.random::<f64>() < 0.25));
            let score = (rng.random::<f64>() < 0.85).then(|| rng.random_range(-3.0..3.0));
            let flash = Flash { page: 1, pictures: 40, lit, sought: None };
            ScoredFlash { flash, onset_secs: onset, score, following: Vec::new() }
        })
        .collect();
    for i in 0..count {
        let now = flashes[i].onset_secs;
        let later = flashes[i + 1..].iter().map(|f| (f.onset_secs - now, f.flash.lit));
        flashes[i].following = later.take_while(|f| f.0 <= 0.8).collect();
    }
    flashes
}

/// Logarithm of the density of `values` under a normal distribution of mean 0, less `n · ln √2π`, by the whole matrix.
fn dense(values: &[f64], covariance: impl Fn(usize, usize) -> f64) -> f64 {
    let n = values.len();
    let (mut l, mut z, mut log) = (vec![vec![0.0; n]; n], vec![0.0; n], 0.0);
    for i in 0..n {
        for j in 0..=i {
            let told: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            let left = covariance(i, j) - told;
            l[i][j] = if i == j { left.sqrt() } else { left / l[j][j] };
        }
        let told: f64 = (0..i).map(|k| l[i][k] * z[k]).sum();
        z[i] = (values[i] - told) / l[i][i];
        log -= l[i][i].ln() + 0.5 * z[i] * z[i];
    }
    log
}

/// Correlations of the noise over 0, 1, … flashes.
fn correlations(law: &ScoreLaw) -> Vec<f64> {
    let noise = Noise::of(&law.noise_correlation).unwrap();
    let mut all: Vec<f64> = [1.0].into_iter().chain(law.noise_correlation.clone()).collect();
    while all.len() < 500 {
        let n = all.len();
        all.push(noise.weights.iter().enumerate().map(|(k, w)| w * all[n - 1 - k]).sum());
    }
    all
}

/// Each flash with a score: its time in flashes, the score, what is expected of each picture, what lights.
fn rows_of(
    law: &ScoreLaw,
    pictures: usize,
    flashes: &[ScoredFlash],
) -> Vec<(usize, f64, Vec<f64>, Lit)> {
    let (mut trail, mut time, mut expected) = (Trail::default(), 0, vec![0.0; pictures]);
    let mut rows = Vec::new();
    for scored in flashes {
        time += trail.step_secs(scored).map_or(0, |secs| (secs / law.soa_secs).round() as usize);
        law.expect(&trail, scored, &mut expected);
        trail.pass(scored);
        if let Some(score) = scored.score {
            rows.push((time, score, expected.clone(), scored.flash.lit));
        }
    }
    rows
}

/// The posterior in one computation with the whole covariance: pictures, then nobody without a response.
fn at_once(law: &ScoreLaw, pictures: usize, flashes: &[ScoredFlash]) -> Vec<f64> {
    let (correlation, rows) = (correlations(law), rows_of(law, pictures, flashes));
    let v = law.noise_sd.powi(2);
    let vo = law.offset_sd.powi(2).max(0.25 * v);
    let log = |h: usize| {
        let response = |i: usize| if h < pictures { rows[i].2[h] } else { 0.0 };
        let values: Vec<f64> =
            (0..rows.len()).map(|i| rows[i].1 - law.offset - response(i)).collect();
        let mut logs = Vec::new();
        for (scale, weight) in scales(law.scale_sd) {
            for (is_white, share) in [(false, 1.0 - WHITE_SHARE), (true, WHITE_SHARE)] {
                let covariance = |i: usize, j: usize| {
                    let own = i == j && h < pictures && rows[i].3.holds(h);
                    let apart = rows[i].0.abs_diff(rows[j].0);
                    let noise =
                        if is_white { f64::from(u8::from(apart == 0)) } else { correlation[apart] };
                    let varied = v * noise + if own { law.target_sd.powi(2) } else { 0.0 };
                    scale * scale * varied
                        + vo
                        + law.amplitude_sd.powi(2) * response(i) * response(j)
                };
                logs.push(weight + f64::ln(share) + dense(&values, covariance));
            }
        }
        log_sum(logs.into_iter())
    };
    let prior = |h: usize| if h < pictures { (0.8 / pictures as f64).ln() } else { 0.1_f64.ln() };
    let logs: Vec<f64> = (0..=pictures).map(|h| prior(h) + log(h)).collect();
    let all = log_sum(logs.iter().copied());
    logs.iter().map(|log| (log - all).exp()).collect()
}

#[test]
fn flash_by_flash_it_is_what_the_whole_covariance_gives() {
    for (seed, correlation) in
        [(1, vec![0.45, 0.2]), (2, vec![]), (3, vec![0.6, 0.5, 0.3, 0.25, 0.1])]
    {
        let law = ScoreLaw { noise_correlation: correlation, ..law() };
        let flashes = page(12, 60, seed);
        let mut posterior = PagePosterior::new(&law, 12, 0.2, None).unwrap();
        for (i, scored) in flashes.iter().enumerate() {
            posterior.push(scored);
            if i % 7 == 0 || i == 59 {
                let want = at_once(&law, 12, &flashes[..=i]);
                let none = posterior.nobody() - posterior.elsewhere();
                let got = posterior
                    .probabilities()
                    .iter()
                    .chain([&none])
                    .map(|p| p / (1.0 - posterior.elsewhere()));
                for (got, want) in got.zip(&want) {
                    assert!((got - want).abs() < 1e-9, "seed {seed}, flash {i}: {got} and {want}");
                }
            }
        }
    }
}

#[test]
fn a_refused_window_says_nothing_itself_but_its_flash_still_evokes() {
    let flash = |onset_secs, lit: &[usize], score| ScoredFlash {
        flash: Flash { page: 0, pictures: 40, lit: Lit::of(lit.iter().copied()), sought: None },
        onset_secs,
        score,
        following: Vec::new(),
    };
    let law = ScoreLaw { response: vec![0.0, 1.5, 2.0, 0.0, 0.0], ..law() };
    let mut posterior = PagePosterior::new(&law, 4, 0.2, None).unwrap();
    let before = posterior.clone();
    posterior.push(&flash(0.0, &[1], None));
    posterior.push(&flash(0.2, &[0], Some(f64::NAN)));
    assert_eq!((posterior.probabilities(), posterior.scored()), (before.probabilities(), 0));
    // A high score .4 s after picture 1: that it is looked for explains it.
    posterior.push(&flash(0.4, &[2], Some(law.offset + 1.5)));
    let p = posterior.probabilities();
    assert!(p[1] > 1.2 * p[3], "{p:?}");
}

#[test]
fn the_prior_is_what_is_told_before_the_first_flash() {
    let posterior = PagePosterior::new(&law(), 3, 0.1, Some(&[0.0, 2.0_f64.ln(), 0.0])).unwrap();
    assert!((posterior.probabilities()[1] - 0.45).abs() < 1e-12);
    assert!((posterior.nobody() - 0.1).abs() < 1e-12 && posterior.best().0 == 1);
    for bad in [
        PagePosterior::new(&law(), 0, 0.1, None),
        PagePosterior::new(&law(), 61, 0.1, None),
        PagePosterior::new(&law(), 3, 0.0, None),
        PagePosterior::new(&law(), 3, 0.1, Some(&[0.0; 2])),
        PagePosterior::new(&law(), 3, 0.1, Some(&[f64::NAN, 0.0, 0.0])),
    ] {
        assert!(bad.is_err());
    }
}

#[test]
fn another_page_begins_as_new_and_hostile_numbers_leave_probabilities() {
    let new = PagePosterior::new(&law(), 12, 0.2, None).unwrap();
    let mut posterior = new.clone();
    for scored in &page(12, 80, 5) {
        let wild = ScoredFlash { onset_secs: -1e300, score: Some(1e300), ..scored.clone() };
        posterior.push(scored);
        posterior.push(&wild);
        posterior.push(&ScoredFlash { onset_secs: f64::NAN, ..wild });
    }
    let sum = posterior.probabilities().iter().sum::<f64>() + posterior.nobody();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    posterior.clear();
    assert_eq!(posterior.probabilities(), new.probabilities());
}
