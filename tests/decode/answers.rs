//! Packs that say how their encoder answers: what is refused, and what a decode then says.

use phosphene::decode::{Decoder, DecoderOptions, Pack, Show};
use phosphene::signal::Window;
use phosphene::signal::window::Lock;

use crate::harness::decode::{
    Copy, answers_file, run, runtime_library, tiny_encoder, window, with_answers,
};

const DIM: usize = 8;

fn load(copy: &Copy, options: &DecoderOptions) -> Result<Decoder, String> {
    let pack = Pack::open(copy.path()).map_err(|e| e.to_string())?;
    Decoder::load(&pack, options, &runtime_library()).map_err(|e| e.to_string())
}

fn refusal(bytes: &[u8]) -> String {
    let copy = Copy::new();
    with_answers(&copy, bytes);
    load(&copy, &DecoderOptions::default()).map(|_| ()).expect_err("it is refused")
}

fn decoder(options: &DecoderOptions) -> (Copy, Decoder) {
    let copy = Copy::new();
    with_answers(&copy, &answers_file(DIM, 0.05, &tiny_encoder(), |_, _| {}));
    let decoder = load(&copy, options).expect("a sound pack");
    (copy, decoder)
}

#[test]
fn what_cannot_be_is_refused_with_file_tensor_expected_and_got() {
    let sound = tiny_encoder();
    let spoilt = |name: &'static str, at: usize, value: f32| {
        answers_file(DIM, 0.05, &sound, move |tensor, values| {
            if tensor == name {
                values[at] = value;
            }
        })
    };
    for (bytes, said) in [
        (spoilt("map", 3, f32::NAN), "'map': expected finite numbers, got NaN at place 3"),
        (spoilt("within", 1, 0.5), "'within': expected a symmetric matrix"),
        (spoilt("within", 0, -1.0), "'within': expected a positive definite matrix"),
        (spoilt("between", 9, -1.0), "'between': expected a matrix without negative eigenvalues"),
        (spoilt("temperature", 1, 0.0), "'temperature': expected temperatures from 0.01"),
        (
            spoilt("temperature", 4, 1.0),
            "'temperature': expected whole numbers of trials in rising",
        ),
        (answers_file(DIM, 0.05, "00", |_, _| {}), "the encoder in use"),
        (answers_file(DIM - 1, 0.05, &sound, |_, _| {}), "expected F32 [8, 8]"),
        (b"nothing of the kind".to_vec(), "answers.safetensors"),
    ] {
        let why = refusal(&bytes);
        assert!(why.contains(said) && why.contains("answers.safetensors"), "{said}: {why}");
    }
}

#[test]
fn a_decode_says_what_is_believed_and_shows_the_best_guess_with_four_draws() {
    let (_copy, mut decoder) = decoder(&DecoderOptions::default());
    let windows: Vec<_> = (0..60).map(|i| window(i, Some((i % 5) as u16))).collect();
    let decoded = run(&mut decoder, &windows);
    for d in &decoded {
        let believed = d.believed.as_ref().expect("calibrated");
        let all: f64 = believed.best.iter().map(|guess| guess.probability).sum();
        assert!((all - 1.0).abs() < 1e-9, "five pictures in all: {all}");
        assert!(believed.best.windows(2).all(|pair| pair[0].probability >= pair[1].probability));
        assert_eq!((d.shows, d.draws.len(), believed.draws.len()), (Show::Best, 4, 4));
        assert!(believed.something_else.is_some_and(|p| (0.0..=1.0).contains(&p)));
        assert_eq!(d.top[0].probability, Some(believed.best[0].probability));
        assert_eq!(d.twin.is_some(), d.window > 0);
    }
    let p: Vec<f64> = decoded.iter().filter_map(|d| d.p_shown).collect();
    // Four of five windows show another picture: 39 of them are there from the fiftieth on.
    assert!(p.len() >= 8 && p.iter().all(|p| *p > 0.0 && *p <= 1.0), "{p:?}");
    assert!(decoded[20].p_value.is_some_and(|p| p > 0.0));
    let again = run(&mut self::decoder(&DecoderOptions::default()).1, &windows);
    for (a, b) in decoded.iter().zip(&again) {
        assert_eq!((&a.believed, a.p_value, a.p_shown), (&b.believed, b.p_value, b.p_shown));
        assert_eq!((&a.image, &a.draws), (&b.image, &b.draws));
    }
}

#[test]
fn one_guess_looks_the_same_in_every_window() {
    let (_copy, mut decoder) = decoder(&DecoderOptions::default());
    let windows: Vec<_> = (0..40).map(|i| window(i, None)).collect();
    let mut seen = std::collections::HashMap::new();
    for d in run(&mut decoder, &windows) {
        let row = d.believed.expect("calibrated").best[0].row;
        let image = d.image.expect("a picture");
        assert_eq!(seen.entry(row).or_insert_with(|| image.clone()), &image);
    }
    assert!(seen.len() > 1, "noise names several pictures");
}

#[test]
fn the_control_finds_a_planted_leak_and_no_other() {
    let windows: Vec<_> = (0..200).map(|i| window(i, Some((i % 5) as u16))).collect();
    // Which picture each window names: told as what was shown, the encoder is always right.
    let (_copy, mut names) = decoder(&DecoderOptions::default());
    let named: Vec<Window> = run(&mut names, &windows)
        .into_iter()
        .zip(&windows)
        .map(|(d, w)| {
            let row = Some(d.top[0].row);
            Window { lock: Lock::Stimulus { row, onset_secs: 0.0 }, ..w.clone() }
        })
        .collect();
    let (_copy, mut honest) = decoder(&DecoderOptions::default());
    let last = run(&mut honest, &named).pop().expect("windows");
    assert!(!last.control.succeeded && last.control.trials > 150, "{:?}", last.control);
    let leaky = DecoderOptions { planted_leak: true, ..DecoderOptions::default() };
    let (_copy, mut leaky) = decoder(&leaky);
    let last = run(&mut leaky, &named).pop().expect("windows");
    assert!(last.control.succeeded, "{:?}", last.control);
}

#[test]
fn a_pack_without_answers_is_not_calibrated_and_shows_a_mean() {
    let copy = Copy::new();
    let mut decoder = load(&copy, &DecoderOptions::default()).expect("an old pack");
    let decoded = run(&mut decoder, &[window(0, Some(1)), window(1, Some(2))]);
    for d in decoded {
        assert!(d.believed.is_none() && d.draws.is_empty() && d.image.is_some());
        assert_eq!((d.shows, d.top[0].probability), (Show::Mean, None));
    }
}
