//! The tiny pack against NumPy, and the decoder's promises: determinism, k, abstention, cancelling, null.

use std::sync::atomic::{AtomicBool, Ordering};

use phosphene::decode::encoding::encoder::{Encoder, ImageEncoder};
use phosphene::decode::painting::denoise::Generator;
use phosphene::decode::painting::image::ImageDecoder;
use phosphene::decode::session::Runtime;
use phosphene::decode::{DecodeError, Decoded, Decoder, DecoderOptions, Gallery, Pack};
use phosphene::signal::window::Abstention;
use phosphene::signal::{Picture, Window};
use phosphene::time::clock::Clock;

use crate::harness::decode::{run, runtime_library, tiny, window};
use crate::harness::{program, vectors};

/// f32 graphs of one hidden layer against float64.
const TOLERANCE: f32 = 1e-5;

struct Oracle(serde_json::Value);

impl Oracle {
    fn read() -> Self {
        let text = std::fs::read_to_string(vectors("packs/tiny_pack.json")).unwrap();
        Self(serde_json::from_str(&text).unwrap())
    }

    fn get(&self, pointer: &str) -> Vec<f32> {
        let list = self.0.pointer(pointer).unwrap().as_array().unwrap();
        list.iter().map(|v| v.as_f64().unwrap() as f32).collect()
    }
}

fn close(got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() < TOLERANCE, "value {i}: {got}, NumPy has {want}");
    }
}

fn parts() -> (Pack, Runtime, Oracle) {
    let runtime = Runtime::load(&runtime_library(), 1).unwrap();
    (Pack::open(&tiny()).unwrap(), runtime, Oracle::read())
}

#[test]
fn encoder_and_gallery_agree_with_numpy() {
    let (pack, runtime, oracle) = parts();
    let mut embedding = vec![0.0; 8];
    let mut encoder = Encoder::load(&pack, &runtime).unwrap();
    encoder.encode(&oracle.get("/eeg"), &mut embedding).unwrap();
    close(&embedding, &oracle.get("/embedding"));
    let mut scores = Vec::new();
    Gallery::load(&pack).unwrap().scores(&embedding, &mut scores);
    close(&scores, &oracle.get("/scores"));
}

#[test]
fn sampling_agrees_with_numpy_in_one_two_and_four_steps() {
    let (pack, runtime, oracle) = parts();
    let mut generator = Generator::load(&pack, &runtime).unwrap();
    for steps in [1, 2, 4] {
        let (condition, noise) = (oracle.get("/condition"), oracle.get("/noise"));
        let latent = generator.sample(&condition, &noise, steps, &|| false).unwrap();
        close(latent, &oracle.get(&format!("/latents/{steps}")));
    }
}

#[test]
fn pictures_agree_with_numpy() {
    let (pack, runtime, oracle) = parts();
    let mut decoder = ImageDecoder::load(&pack, &runtime).unwrap();
    let picture = decoder.decode(&oracle.get("/latents/2")).unwrap();
    assert_eq!((picture.width, picture.height), (16, 16));
    for (got, want) in picture.rgb.iter().zip(oracle.get("/image_2")) {
        // Half a level of rounding, and what the tolerance may move.
        assert!((f32::from(*got) - want * 255.0).abs() < 0.51, "{got} for {want}");
    }
    let rgb = oracle.get("/picture").iter().map(|v| *v as u8).collect();
    let mut encoder = ImageEncoder::load(&pack, &runtime).unwrap().unwrap();
    let embedding = encoder.embed(&Picture { width: 16, height: 16, rgb }).unwrap();
    close(&embedding, &oracle.get("/picture_embedding"));
}

fn decoder(options: &DecoderOptions) -> Decoder {
    Decoder::load(&Pack::open(&tiny()).unwrap(), options, &runtime_library()).unwrap()
}

#[test]
fn the_same_windows_give_the_same_bits() {
    let windows: Vec<_> = (0..12).map(|i| window(i, Some((i / 3) as u16))).collect();
    let options = DecoderOptions { seed: 5, ..DecoderOptions::default() };
    let (mut one, mut two) = (decoder(&options), decoder(&options));
    let (first, second) = (run(&mut one, &windows), run(&mut two, &windows));
    assert_eq!(one.decode_hash(), two.decode_hash());
    for (a, b) in first.iter().zip(&second) {
        assert_eq!(a.embedding, b.embedding);
        assert_eq!(a.image, b.image);
        assert_eq!(a.p_value, b.p_value);
        let twin = |d: &Decoded| d.twin.as_ref().map(|twin| (twin.image.clone(), twin.top.clone()));
        assert_eq!(twin(a), twin(b));
        assert_eq!(a.twin.is_some(), a.window > 2, "the first run of looks has no other beside it");
    }
    let mut other = decoder(&DecoderOptions { seed: 6, ..options });
    let third = run(&mut other, &windows);
    assert_eq!(other.decode_hash(), one.decode_hash(), "the seed must not touch embeddings");
    assert_ne!(third[0].image, first[0].image, "the seed must touch the noise");
}

#[test]
fn the_hash_sees_every_window_number_and_stimulus() {
    let hash = |windows: &[Window]| {
        let mut decoder = decoder(&DecoderOptions { twin: false, ..DecoderOptions::default() });
        run(&mut decoder, windows);
        decoder.decode_hash()
    };
    let mut renumbered = window(1, Some(0));
    renumbered.index = 2;
    let base = hash(&[window(1, Some(0))]);
    assert_ne!(base, hash(&[renumbered]));
    assert_ne!(base, hash(&[window(1, Some(1))]));
    assert_ne!(base, hash(&[window(1, Some(0)), window(1, Some(0))]));
}

#[test]
fn k_counts_presentations_and_the_mean_is_painted() {
    let windows = [window(0, Some(1)), window(1, Some(1)), window(2, Some(2)), window(3, None)];
    let decoded = run(&mut decoder(&DecoderOptions::default()), &windows);
    let k: Vec<_> = decoded.iter().map(|d| d.k).collect();
    assert_eq!(k, [1, 2, 1, 1]);
    for (i, mean) in decoded[1].mean_embedding.iter().enumerate() {
        let want = (decoded[0].embedding[i] + decoded[1].embedding[i]) / 2.0;
        assert!((mean - want).abs() < 1e-6);
    }
    assert_eq!(decoded[0].embedding, decoded[0].mean_embedding);
    assert!(decoded[2].truth_rank.is_some_and(|rank| (1..=5).contains(&rank)));
    assert_eq!(decoded[3].truth_rank, None);
    assert_eq!(decoded[0].top.len(), 5);
    let margin = decoded[0].top[0].score - decoded[0].top[1].score;
    assert_eq!(decoded[0].margin, margin);
}

#[test]
fn stimuli_are_found_in_the_gallery_by_name() {
    let ids = ["zebra", "egg", "apple"].map(String::from).to_vec();
    let options = DecoderOptions { stimulus_ids: Some(ids), ..DecoderOptions::default() };
    let windows = [window(0, Some(0)), window(1, Some(1)), window(2, Some(2)), window(3, Some(9))];
    let rows: Vec<_> = run(&mut decoder(&options), &windows).iter().map(|d| d.truth_row).collect();
    assert_eq!(rows, [None, Some(4), Some(0), None]);
}

#[test]
fn an_abstaining_window_gives_nothing_and_does_not_count() {
    let mut decoder = decoder(&DecoderOptions::default());
    let before = decoder.decode_hash();
    let mut refused = window(0, Some(1));
    refused.abstain = Some(Abstention::Saturated);
    let decoded = &run(&mut decoder, &[refused])[0];
    assert_eq!(decoded.abstain, Some(Abstention::Saturated));
    assert!(decoded.embedding.is_empty() && decoded.top.is_empty());
    assert!(decoded.image.is_none() && decoded.twin.is_none() && decoded.p_value.is_none());
    assert_eq!(decoder.decode_hash(), before);
    assert_eq!(run(&mut decoder, &[window(1, Some(1))])[0].k, 1);
}

#[test]
fn the_null_fills_and_then_gives_p() {
    let windows: Vec<_> = (0..70).map(|i| window(i, None)).collect();
    let decoded = run(&mut decoder(&DecoderOptions::default()), &windows);
    let sizes: Vec<_> = decoded.iter().map(|d| d.null_size).collect();
    assert_eq!(&sizes[..7], [0, 0, 8, 16, 24, 32, 40]);
    assert_eq!(sizes[18], 130, "after 128 nulls two a window are enough");
    assert!(decoded[..6].iter().all(|d| d.p_value.is_none()));
    let p: Vec<f64> = decoded[6..].iter().filter_map(|d| d.p_value).collect();
    assert_eq!(p.len(), 64);
    assert!(p.iter().all(|p| *p > 0.0 && *p <= 1.0));
    // Noise without a picture: p is spread over 0–1. Five standard errors of 64 uniform draws is 0.18.
    let mean = p.iter().sum::<f64>() / 64.0;
    assert!((0.32..0.78).contains(&mean), "{mean}");
}

#[test]
fn evidence_is_delivered_before_the_twin() {
    let (clock, _hand) = Clock::manual(0.0);
    let mut decoder = decoder(&DecoderOptions::default());
    let mut early = Vec::new();
    let never = AtomicBool::new(false);
    decoder.step(&window(0, Some(3)), &clock, &never).unwrap();
    let last = decoder
        .step_with(&window(1, Some(1)), &clock, &never, &mut |d| early.push(d.clone()))
        .unwrap();
    assert_eq!(early.len(), 1);
    assert!(early[0].twin.is_none() && last.twin.is_some());
    assert_eq!(early[0].image, last.image);
    assert_eq!(early[0].top, last.top);
}

#[test]
fn cancelling_stops_early_and_keeps_what_was_found() {
    let (clock, _hand) = Clock::manual(0.0);
    let mut decoder = decoder(&DecoderOptions::default());
    let cancel = AtomicBool::new(true);
    let refused = decoder.step(&window(0, Some(1)), &clock, &cancel);
    assert!(matches!(refused, Err(DecodeError::Cancelled)));
    cancel.store(false, Ordering::Relaxed);
    let stop = &mut |_: &Decoded| cancel.store(true, Ordering::Relaxed);
    let decoded = decoder.step_with(&window(0, Some(1)), &clock, &cancel, stop).unwrap();
    assert!(decoded.image.is_some() && decoded.twin.is_none());
    assert_eq!(decoded.k, 1, "the cancelled call before must not have counted");
}

#[test]
fn cancelling_between_steps_gives_no_latent() {
    let (pack, runtime, oracle) = parts();
    let mut generator = Generator::load(&pack, &runtime).unwrap();
    let asked = std::cell::Cell::new(0);
    let cancel = || {
        asked.set(asked.get() + 1);
        asked.get() > 2
    };
    let stopped = generator.sample(&oracle.get("/condition"), &oracle.get("/noise"), 4, &cancel);
    assert!(matches!(stopped, Err(DecodeError::Cancelled)));
    assert_eq!(asked.get(), 3, "asked before each step, stopped before the third");
}

#[test]
fn wrong_windows_steps_and_values_are_errors() {
    let (clock, _hand) = Clock::manual(0.0);
    let never = AtomicBool::new(false);
    let mut decoder = decoder(&DecoderOptions::default());
    let narrow = decoder.step(&Window::with_shape(3, 20), &clock, &never).unwrap_err();
    assert!(narrow.to_string().contains("3 channels × 20 samples, the pack wants 4 × 20"));
    assert!(decoder.set_steps(3).unwrap_err().to_string().contains("Allowed: [1, 2, 4]"));
    decoder.set_steps(4).unwrap();
    let mut broken = window(0, None);
    broken.samples_uv[7] = f32::NAN;
    let error = decoder.step(&broken, &clock, &never).unwrap_err();
    assert!(error.to_string().contains("encoder.onnx, tensor 'embedding'"), "{error}");
    assert_eq!(decoder.step(&window(1, None), &clock, &never).unwrap().steps, 4);
}

#[test]
fn a_missing_library_says_what_to_do() {
    // Only where no other test of this program has loaded it: one library per process.
    let text = program::in_own_process(module_path!(), "missing_library_child", &[]);
    assert!(text.contains("ONNX Runtime cannot be used") && text.contains("xtask setup"), "{text}");
}

#[test]
#[ignore = "run by a_missing_library_says_what_to_do in a process of its own"]
fn missing_library_child() {
    let error = Runtime::load(&vectors("packs/tiny_pack.json"), 1).unwrap_err();
    println!("{error}");
}
