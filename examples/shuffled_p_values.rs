//! Are p-values uniform where there is nothing to find? Shuffles the labels of real recordings within each run, fits and
//! scores as `evaluate --events` does, many times, and prints every p-value of the ROC AUC and how far their
//! distribution is from the uniform one (Kolmogorov-Smirnov).
//!
//! `cargo run --release --example shuffled_p_values -- EVENTS.toml RUN…  [--times N]`

use std::path::PathBuf;

use clap::Parser;
use phosphene::calibrate::Trials;
use phosphene::calibrate::classes::{Classifier, Kind, mean_auc};
use phosphene::calibrate::score::metrics;
use phosphene::calibrate::trials::split::{Split, folds, groups};
use phosphene::source::mounted::Mounting;
use phosphene::study::trials::labelled::{self, Events};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

#[derive(Parser)]
struct Options {
    /// What the markers mean.
    events: PathBuf,
    /// Recordings.
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// How often to shuffle.
    #[arg(long, default_value_t = 100)]
    times: u64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let events = Events::read(&options.events)?;
    let found = labelled::load(&options.runs, &events, &Mounting::ByLabel, |_, _, _| {})?;
    let (classes, rate_hz) = (found.classes.len(), found.rate_hz);
    let truth: Vec<usize> = found.trials.about.iter().map(|trial| trial.picture).collect();
    let runs: Vec<usize> = found.trials.about.iter().map(|trial| trial.run).collect();
    let mut p_values = Vec::new();
    for seed in 0..options.times {
        let labels = metrics::permuted(&truth, &runs, &mut ChaCha8Rng::seed_from_u64(seed));
        let mut shuffled = found.trials.clone();
        shuffled.about.iter_mut().zip(&labels).for_each(|(trial, label)| trial.picture = *label);
        let p = p_value(&shuffled, classes, rate_hz, seed)?;
        println!("{seed} {p:.4}");
        p_values.push(p);
    }
    p_values.sort_by(f64::total_cmp);
    let n = p_values.len() as f64;
    let steps = p_values.iter().enumerate();
    let distance = steps.map(|(i, p)| (p - i as f64 / n).abs().max(((i + 1) as f64 / n - p).abs()));
    let distance = distance.fold(0.0, f64::max);
    let below = p_values.iter().filter(|p| **p <= 0.05).count();
    println!(
        "{n} shuffles: {below} at or below 0.05; Kolmogorov-Smirnov distance {distance:.3}, 5 % critical value {:.3}",
        1.358 / n.sqrt()
    );
    Ok(())
}

/// Of the linear classifier, fitted anew for every fold.
fn p_value(
    trials: &Trials,
    classes: usize,
    rate_hz: f64,
    seed: u64,
) -> Result<f64, Box<dyn std::error::Error>> {
    let labels: Vec<usize> = trials.about.iter().map(|trial| trial.picture).collect();
    let runs: Vec<usize> = trials.about.iter().map(|trial| trial.run).collect();
    let mut scores = faer::Mat::zeros(trials.len(), classes);
    for fold in &folds(&groups(trials, Split::Runs, 0)) {
        let fitted = Classifier::fit(Kind::Epochs, &trials.at(&fold.train), classes, rate_hz)?;
        let found = fitted.scores(&trials.at(&fold.test))?;
        for (i, row) in fold.test.iter().enumerate() {
            (0..classes).for_each(|class| scores[(*row, class)] = found[(i, class)]);
        }
    }
    Ok(metrics::permutation_p(&labels, &runs, (seed, metrics::Fitted::Crosswise), |permuted| {
        mean_auc(&scores, permuted, classes).unwrap_or(f64::NAN)
    }))
}
