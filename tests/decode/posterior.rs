//! The posterior against densities straight from the definition: `tests/vectors/posterior/make_posterior.py` (SciPy).

use phosphene::decode::inference::model::{Model, Sum};
use phosphene::decode::inference::posterior::{Belief, Candidates, probability_of_else};
use phosphene::pack::answers::{Answers, Temperature};
use serde::Deserialize;
use serde_json::{Map, Value};

/// As the script states it: absolute, of logarithms above −50 and of all else; relative below.
const TOLERANCE: f64 = 1e-6;

#[derive(Deserialize)]
struct Vectors {
    model: Map<String, Value>,
    pictures: Vec<Vec<f32>>,
    told: Vec<usize>,
    tail: f64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    trials: Vec<Vec<f32>>,
    expected: Vec<Expected>,
    /// The same where loud trials weigh less.
    expected_with_tail: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    k: u32,
    weights: Vec<f64>,
    told: Scope,
    remembered: Scope,
    open_temperature: f64,
}

#[derive(Deserialize)]
struct Scope {
    log_probability: Vec<f64>,
    gain_bits: f64,
    temperature: f64,
    something_else: f64,
}

fn vectors() -> Vectors {
    let text = include_str!("../vectors/posterior/posterior.json");
    serde_json::from_str(text).expect("the vectors are sound")
}

fn flat(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(parts) => parts.iter().flat_map(flat).collect(),
        other => vec![other.as_f64().expect("a number") as f32],
    }
}

fn answers(model: &Map<String, Value>, tail: Option<f64>) -> Answers {
    let tensor = |name: &str| flat(&model[name]);
    let temperatures = tensor("temperature")
        .chunks_exact(4)
        .map(|row| Temperature {
            k: row[0] as u32,
            told: row[1].into(),
            remembered: row[2].into(),
            open: row[3].into(),
        })
        .collect();
    Answers {
        dim: tensor("offset").len(),
        map: tensor("map"),
        offset: tensor("offset"),
        within: tensor("within"),
        between: tensor("between"),
        background_mean: tensor("background_mean"),
        background_covariance: tensor("background_covariance"),
        noise_mean: tensor("noise_mean"),
        noise_within: tensor("noise_within"),
        noise_between: tensor("noise_between"),
        tail,
        temperatures,
        source: String::new(),
        simulated: true,
    }
}

fn near(got: f64, want: f64) -> bool {
    (got - want).abs() <= TOLERANCE * if want < -50.0 { want.abs() } else { 1.0 }
}

fn check(
    model: &Model,
    rows: &[f32],
    sum: &Sum,
    (scope, open_temperature): (&Scope, f64),
    case: &str,
) {
    let candidates = Candidates::new(model, rows);
    let mut scores = Vec::new();
    candidates.log_likelihoods(model, sum, &mut scores);
    let belief = Belief::of(&scores, scope.temperature);
    for (got, want) in belief.log_posterior.iter().zip(&scope.log_probability) {
        assert!(near(*got, *want), "{case}: {got} is not {want}");
    }
    assert!(near(belief.gain_bits, scope.gain_bits), "{case}: {} bits", belief.gain_bits);
    let log_open = model.log_background(sum).expect("pictures at large");
    let other = probability_of_else(log_open, belief.log_evidence, open_temperature);
    assert!(near(other, scope.something_else), "{case}: {other} is not {}", scope.something_else);
}

#[test]
fn posteriors_are_those_of_the_definition_trial_by_trial() {
    let vectors = vectors();
    let all: Vec<f32> = vectors.pictures.concat();
    let told: Vec<f32> =
        vectors.told.iter().flat_map(|row| vectors.pictures[*row].clone()).collect();
    for tail in [None, Some(vectors.tail)] {
        let model = Model::new(&answers(&vectors.model, tail), "vectors").expect("a sound model");
        for case in &vectors.cases {
            let expected = if tail.is_none() { &case.expected } else { &case.expected_with_tail };
            let mut sum = Sum::new(model.dim());
            for (trial, expected) in case.trials.iter().zip(expected) {
                let turned = model.turned(trial);
                let weight = model.weight(&turned);
                assert!(near(weight, *expected.weights.last().expect("one a trial")));
                sum.add(&turned, weight);
                assert_eq!(sum.k(), expected.k);
                let name = format!("{}, k = {}, tail {tail:?}", case.name, expected.k);
                let temperature = model.temperature(expected.k);
                assert!(near(temperature.told, expected.told.temperature), "{name}");
                assert!(near(temperature.remembered, expected.remembered.temperature), "{name}");
                assert!(near(temperature.open, expected.open_temperature), "{name}");
                for (rows, scope) in [(&told, &expected.told), (&all, &expected.remembered)] {
                    check(&model, rows, &sum, (scope, expected.open_temperature), &name);
                }
            }
        }
    }
}

#[test]
fn the_order_of_trials_does_not_matter() {
    let vectors = vectors();
    let model =
        Model::new(&answers(&vectors.model, Some(vectors.tail)), "vectors").expect("a sound model");
    let candidates = Candidates::new(&model, &vectors.pictures.concat());
    let belief = |trials: &mut dyn Iterator<Item = &Vec<f32>>| {
        let (mut sum, mut scores) = (Sum::new(model.dim()), Vec::new());
        trials.for_each(|trial| {
            let turned = model.turned(trial);
            sum.add(&turned, model.weight(&turned));
        });
        candidates.log_likelihoods(&model, &sum, &mut scores);
        Belief::of(&scores, 1.0).log_posterior
    };
    for case in &vectors.cases {
        let there = belief(&mut case.trials.iter());
        let back = belief(&mut case.trials.iter().rev());
        for (there, back) in there.iter().zip(back) {
            assert!((there - back).abs() < 1e-6 * there.abs().max(1.0), "{}", case.name);
        }
    }
}

#[test]
fn a_picture_that_is_there_twice_shares_its_probability() {
    let vectors = vectors();
    let model = Model::new(&answers(&vectors.model, None), "vectors").expect("a sound model");
    let candidates = Candidates::new(&model, &vectors.pictures.concat());
    assert_eq!(candidates.doubled(), 1);
    assert!(candidates.same(2, 8) && !candidates.same(2, 3));
}

#[test]
fn covariances_that_cannot_be_are_refused_by_name() {
    let vectors = vectors();
    let sound = answers(&vectors.model, None);
    let dim = sound.dim;
    let mut not_definite = sound.clone();
    not_definite.within[0] = -1.0;
    let mut singular = sound.clone();
    singular.within.fill(0.0);
    let mut negative = sound.clone();
    negative.between[dim + 1] = -1.0;
    for (broken, tensor) in [(not_definite, "within"), (singular, "within"), (negative, "between")]
    {
        let said = Model::new(&broken, "answers.safetensors").expect_err("refused").to_string();
        assert!(said.contains(tensor) && said.contains("answers.safetensors"), "{said}");
    }
}

#[test]
fn nothing_seen_says_nothing() {
    let vectors = vectors();
    let model = Model::new(&answers(&vectors.model, None), "vectors").expect("a sound model");
    let candidates = Candidates::new(&model, &vectors.pictures.concat());
    let (sum, mut scores) = (Sum::new(model.dim()), Vec::new());
    candidates.log_likelihoods(&model, &sum, &mut scores);
    let belief = Belief::of(&scores, 1.0);
    assert!(belief.gain_bits < 1e-12);
    assert_eq!(belief.rank_of(0), Some(9), "equal probabilities earn nothing");
    let one = Candidates::new(&model, &vectors.pictures[0]);
    one.log_likelihoods(&model, &sum, &mut scores);
    assert!((Belief::of(&scores, 1.0).probability(0) - 1.0).abs() < 1e-12, "a gallery of one");
}
