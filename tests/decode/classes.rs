//! Encoders that answer with a posterior over a few classes: what is refused, and that probabilities are the classifier's own.

use phosphene::decode::inference::model::{Model, Sum};
use phosphene::decode::inference::posterior::{Belief, Candidates};
use phosphene::decode::{Decoder, DecoderOptions, Pack, Show};
use phosphene::pack::answers::Temperature;
use phosphene::pack::classes::ClassAnswers;
use phosphene::signal::StimulusSet;

use crate::harness::decode::{
    Copy, run, runtime_library, tensors_file, tiny_encoder, window, with_answers,
};

/// Pictures of the tiny pack.
const CLASSES: usize = 5;

/// An answers file of classes; `change` may spoil a tensor before it is written.
fn file(kind: &str, encoder_sha256: &str, change: impl Fn(&str, &mut Vec<f32>)) -> Vec<u8> {
    let square = vec![CLASSES, CLASSES];
    let diagonal = |value: f32| -> Vec<f32> {
        (0..CLASSES * CLASSES).map(|at| if at % (CLASSES + 1) == 0 { value } else { 0.0 }).collect()
    };
    let per_look = diagonal(-1.5).iter().map(|v| v + 1.5).collect();
    let tensors = [
        ("noise_mean", vec![CLASSES], vec![0.0; CLASSES]),
        ("noise_covariance", square.clone(), diagonal(0.04)),
        ("per_look", square, per_look),
        ("temperature", vec![1, 4], vec![1.0; 4]),
    ];
    let said = [
        ("kind", kind),
        ("encoder_sha256", encoder_sha256),
        ("source", "a test"),
        ("simulated", "true"),
    ];
    tensors_file(tensors, &said, change)
}

fn load(copy: &Copy, options: &DecoderOptions) -> Result<Decoder, String> {
    let pack = Pack::open(copy.path()).map_err(|e| e.to_string())?;
    Decoder::load(&pack, options, &runtime_library()).map_err(|e| e.to_string())
}

#[test]
fn what_cannot_be_is_refused_with_file_tensor_expected_and_got() {
    let encoder = tiny_encoder();
    let spoilt = |name: &'static str, at: usize, value: f32| {
        file("classes", &encoder, move |tensor, values| {
            if tensor == name {
                values[at] = value;
            }
        })
    };
    for (bytes, said) in [
        (spoilt("noise_mean", 1, f32::NAN), "'noise_mean': expected finite numbers"),
        (spoilt("noise_covariance", 1, 0.5), "'noise_covariance': expected a symmetric matrix"),
        (spoilt("noise_covariance", 0, -1.0), "expected a matrix without negative eigenvalues"),
        (spoilt("per_look", 1, -0.1), "'per_look': expected numbers from 0, got -0.1"),
        (spoilt("temperature", 1, 0.0), "'temperature': expected temperatures from 0.01"),
        (file("classes", "00", |_, _| {}), "the encoder in use"),
        (file("guesses", &encoder, |_, _| {}), "expected linear or classes, got guesses"),
        (file("linear", &encoder, |_, _| {}), "'map'"),
    ] {
        let copy = Copy::new();
        with_answers(&copy, &bytes);
        let why = load(&copy, &DecoderOptions::default()).map(|_| ()).expect_err("it is refused");
        assert!(why.contains(said) && why.contains("answers.safetensors"), "{said}: {why}");
    }
}

#[test]
fn classes_show_the_best_guess_sharp_with_draws_and_no_other_possibility() {
    let copy = Copy::new();
    with_answers(&copy, &file("classes", &tiny_encoder(), |_, _| {}));
    let mut decoder = load(&copy, &DecoderOptions::default()).unwrap();
    // Looks in pairs.
    let windows: Vec<_> = (0..90).map(|i| window(i, Some((i / 2 % 5) as u16))).collect();
    let decoded = run(&mut decoder, &windows);
    for d in &decoded {
        let believed = d.believed.as_ref().expect("calibrated");
        let all: f64 = believed.best.iter().map(|guess| guess.probability).sum();
        assert!((all - 1.0).abs() < 1e-9, "{all}");
        assert_eq!((d.shows, d.draws.len(), believed.pictures), (Show::Best, 4, CLASSES));
        assert_eq!((believed.something_else, believed.calibrated_to), (None, 1));
        assert!(believed.mark_bits > 0.0 && believed.mark_bits < 0.5, "{}", believed.mark_bits);
        assert_eq!(d.k, 1 + (d.window % 2) as u32);
    }
    let last = decoded.last().unwrap();
    assert!(last.p_shown.is_some_and(|p| p > 0.0 && p <= 1.0), "{:?}", last.p_shown);
    assert!(last.p_value.is_some_and(|p| p > 0.0 && p <= 1.0), "{:?}", last.p_value);
    assert!(last.twin.as_ref().is_some_and(|twin| twin.believed.is_some()));
    assert!(last.control.trials > 80 && !last.control.succeeded, "{:?}", last.control);
}

#[test]
fn of_other_pictures_an_encoder_of_classes_says_nothing() {
    let copy = Copy::new();
    with_answers(&copy, &file("classes", &tiny_encoder(), |_, _| {}));
    let pack = Pack::open(copy.path()).unwrap();
    let mut set = StimulusSet { dim: 8, ..StimulusSet::default() };
    for (at, stimulus) in StimulusSet::bundled().unwrap().stimuli.iter().take(3).enumerate() {
        set.stimuli.push(stimulus.clone());
        set.embeddings.extend((0..8).map(|j| if j == at { 1.0 } else { 0.0 }));
    }
    let options = DecoderOptions { told: Some(set.into()), ..DecoderOptions::default() };
    let mut decoder = Decoder::load(&pack, &options, &runtime_library()).unwrap();
    let decoded = run(&mut decoder, &[window(0, Some(1))]);
    assert!(decoded[0].believed.is_none() && decoded[0].shows == Show::Mean);
}

/// Unit pictures that are not alike.
fn pictures() -> Vec<f32> {
    let mut all = Vec::new();
    for i in 0..CLASSES {
        let row: Vec<f32> =
            (0..8).map(|j| (((i * 8 + j) * (i * 8 + j)) as f32 * 1.7).sin() + 0.4).collect();
        let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        all.extend(row.iter().map(|v| v / length));
    }
    all
}

fn model() -> Model {
    let answers = ClassAnswers {
        classes: CLASSES,
        noise_mean: vec![0.0; CLASSES],
        noise_covariance: vec![0.0; CLASSES * CLASSES],
        per_look: vec![1.0; CLASSES * CLASSES],
        temperatures: vec![Temperature { k: 1, told: 1.0, remembered: 1.0, open: 1.0 }],
        source: String::new(),
        simulated: true,
    };
    Model::of_classes(&answers, &pictures(), "test").unwrap()
}

/// What an encoder answers with this posterior.
fn answer(posterior: &[f64]) -> Vec<f32> {
    let pictures = pictures();
    let value = |j: usize| -> f64 {
        posterior.iter().enumerate().map(|(i, p)| p * f64::from(pictures[i * 8 + j])).sum()
    };
    (0..8).map(|j| value(j) as f32).collect()
}

fn believed(model: &Model, answers: &[Vec<f32>]) -> Belief {
    let candidates = Candidates::new(model, &pictures());
    let mut sum = Sum::new(model.size());
    for answer in answers {
        let turned = model.turned(answer);
        sum.add(&turned, model.weight(&turned));
    }
    let mut scores = Vec::new();
    candidates.log_likelihoods(model, &sum, &mut scores);
    Belief::of(&scores, model.temperature(sum.k()).told)
}

#[test]
fn the_probabilities_are_those_of_the_classifier_and_looks_multiply() {
    let model = model();
    let (one, two) = ([0.70, 0.20, 0.05, 0.04, 0.01], [0.30, 0.50, 0.10, 0.05, 0.05]);
    for posterior in [one, two, [0.2; CLASSES]] {
        let belief = believed(&model, &[answer(&posterior)]);
        for (row, p) in posterior.iter().enumerate() {
            assert!((belief.probability(row) - p).abs() < 1e-5, "{row}: {p}");
        }
    }
    let both: Vec<f64> = one.iter().zip(two).map(|(a, b)| a * b).collect();
    let total: f64 = both.iter().sum();
    for order in [[one, two], [two, one]] {
        let belief = believed(&model, &order.map(|p| answer(&p)));
        for (row, p) in both.iter().enumerate() {
            assert!((belief.probability(row) - p / total).abs() < 1e-5, "{row}: {p}");
        }
    }
    let sure = believed(&model, &[answer(&[1.0, 0.0, 0.0, 0.0, 0.0])]);
    assert!(sure.probability(0) < 1.0 && sure.log_posterior.iter().all(|l| l.is_finite()));
}
