//! What a personal encoder says of itself is worth what it says, on made-up wearers of a known population: with weak answers,
//! few trials, and far more looks than were ever calibrated together.

use phosphene::calibrate::fit::options::FitOptions;
use phosphene::calibrate::fit::personal::fit;
use phosphene::calibrate::{Personal, Pictures, Trials};
use phosphene::decode::inference::model::{Model, Sum};
use phosphene::decode::inference::posterior::{Belief, Candidates};
use phosphene::pack::answers::Answers;
use phosphene::study::fit::answers;

use super::fit::{DIM, OPTIONS, PICTURES, Plan, pictures, population, shuffled_runs, trials};

/// Runs to fit to, of four trials of each picture; the others are judged.
const FITTED: usize = 4;

/// Wearers of the population.
const WEARERS: std::ops::Range<u64> = 100..124;

/// An encoder fitted to the first runs, how it answers, and the later runs.
fn wearer(seed: u64, response: f64, pictures: &Pictures) -> (Personal, Answers, Trials) {
    let plan =
        Plan { runs: shuffled_runs(FITTED + 10, 4, seed), response, lingering: 0.0, drift: 0.0 };
    let all = trials(&plan, pictures, seed);
    let is_fitted = |i: &usize| all.about[*i].run < FITTED;
    let (train, test): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(is_fitted);
    let known = population(seed, pictures);
    let options = FitOptions { population: Some(&known), with_pack: false, ..OPTIONS };
    let train = all.at(&train);
    let personal = fit(&train, pictures, &options).unwrap();
    let found = answers::fit(&train, pictures, &options, (&personal, None)).unwrap();
    (personal, found.expect("enough trials").0, all.at(&test))
}

#[test]
fn weak_answers_are_probable_as_often_as_they_are_said_to_be_at_every_number_of_looks() {
    let pictures = pictures();
    let embeddings: Vec<f32> = (0..PICTURES)
        .flat_map(|i| (0..DIM).map(move |j| (i, j)))
        .map(|at| pictures.targets[at] as f32)
        .collect();
    for k in [1, 10, 40] {
        let (mut hits, mut said, mut count, mut reached) = (0.0, 0.0, 0.0, 0);
        for seed in WEARERS {
            let (personal, answers, test) = wearer(seed, 0.15, &pictures);
            if personal.answering.is_none() {
                continue; // too weak to be recognised: another way was gone
            }
            let model = Model::new(&answers, "test").unwrap();
            reached = reached.max(model.calibrated_to());
            let candidates = Candidates::new(&model, &embeddings);
            let found = personal.predict_all(&test);
            for picture in 0..PICTURES {
                let shown = |i: &usize| test.about[*i].picture == picture;
                let own: Vec<usize> = (0..test.len()).filter(shown).collect();
                for chosen in own.chunks_exact(k) {
                    let mut sum = Sum::new(DIM);
                    for i in chosen {
                        let answer: Vec<f32> = (0..DIM).map(|j| found[(*i, j)] as f32).collect();
                        sum.add(&model.turned(&answer), 1.0);
                    }
                    let mut scores = Vec::new();
                    candidates.log_likelihoods(&model, &sum, &mut scores);
                    let belief = Belief::of(&scores, model.temperature(k as u32).told);
                    let best = belief.best(1)[0];
                    hits += f64::from(u8::from(best == picture));
                    said += belief.probability(best);
                    count += 1.0;
                }
            }
        }
        let (hits, said) = (hits / count, said / count);
        assert!(count > 100.0 && reached >= 80, "{count} means, calibrated to {reached}");
        assert!((hits - said).abs() < 0.06, "k = {k}: right {hits:.3}, said {said:.3}");
        assert!(k == 1 || hits > 0.2, "k = {k}: right {hits:.3}");
    }
}
