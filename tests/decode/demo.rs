//! The bundled pack: every label, painted and embedded again, comes back as itself far above chance.
//!
//! Skips, and says so, where `models/demo` is not complete. `PHOSPHENE_PACK` names another folder.

use std::path::PathBuf;

use phosphene::decode::encoding::encoder::ImageEncoder;
use phosphene::decode::inference::gallery::rank_of;
use phosphene::decode::painting::denoise::Generator;
use phosphene::decode::painting::noise::NoiseKey;
use phosphene::decode::painting::paint::Painter;
use phosphene::decode::session::Runtime;
use phosphene::decode::{Decoder, DecoderOptions, Gallery, Pack};
use phosphene::time::clock::Clock;

use crate::harness::decode::runtime_library;
use crate::harness::demo_pack;

fn demo() -> Option<Pack> {
    let dir = std::env::var_os("PHOSPHENE_PACK").map_or_else(demo_pack, PathBuf::from);
    if !dir.join("encoder.onnx").exists() {
        println!("skipped: there is no encoder.onnx in {}", dir.display());
        return None;
    }
    Some(Pack::open(&dir).unwrap())
}

#[test]
fn the_demo_pack_loads_and_keeps_its_contract() {
    let Some(pack) = demo() else { return };
    let decoder = Decoder::load(&pack, &DecoderOptions::default(), &runtime_library()).unwrap();
    assert_eq!(decoder.gallery().len(), pack.manifest().gallery.ids.len());
}

#[test]
fn painted_labels_come_back_as_themselves() {
    let Some(pack) = demo() else { return };
    let runtime = Runtime::load(&runtime_library(), 2).unwrap();
    let gallery = Gallery::load(&pack).unwrap();
    let mut painter = Painter::load(&pack, &runtime).unwrap();
    let mut encoder = ImageEncoder::load(&pack, &runtime).unwrap().unwrap();
    let (mut scores, mut first) = (Vec::new(), 0);
    for row in 0..gallery.len() {
        let key = NoiseKey { seed: 1, window: row as u64 };
        let steps = pack.manifest().generator.steps;
        let clock = Clock::system();
        let painted = painter.paint(gallery.embedding(row), key, steps, &|| false, &clock).unwrap();
        let embedding = encoder.embed(&painted.picture).unwrap();
        gallery.scores(&embedding, &mut scores);
        first += usize::from(rank_of(&scores, row as u16) == Some(1));
    }
    // The pack's own evaluation says 0.975; chance is 0.025.
    assert!(first * 10 >= gallery.len() * 8, "{first} of {}", gallery.len());
}

/// The oracle of tests/vectors/sampling/make_sampling.py: ten seeds, in one, two and four steps.
#[test]
fn sampling_equals_the_loop_in_python() {
    let Some(pack) = demo() else { return };
    if std::env::var_os("PHOSPHENE_PACK").is_some() {
        println!("skipped: the oracle is of the bundled pack");
        return;
    }
    let oracle: serde_json::Value =
        serde_json::from_str(include_str!("../vectors/sampling/sampling.json")).unwrap();
    let runtime = Runtime::load(&runtime_library(), 1).unwrap();
    let gallery = Gallery::load(&pack).unwrap();
    let mut generator = Generator::load(&pack, &runtime).unwrap();
    let stride = oracle["stride"].as_u64().unwrap() as usize;
    let cases = oracle["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 10);
    for case in cases {
        let seed = case["seed"].as_u64().unwrap() as f64;
        let noise: Vec<f32> = (1..=generator.latent_len())
            .map(|i| (2f64.sqrt() * (12.9898 * i as f64 * (seed + 1.0)).sin()) as f32)
            .collect();
        let embedding = gallery.embedding(case["row"].as_u64().unwrap() as usize).to_vec();
        let steps = case["steps"].as_u64().unwrap() as u32;
        let latent = generator.sample(&embedding, &noise, steps, &|| false).unwrap();
        for (i, want) in case["values"].as_array().unwrap().iter().enumerate() {
            let (got, want) = (f64::from(latent[i * stride]), want.as_f64().unwrap());
            assert!((got - want).abs() < 1e-4, "seed {seed}, value {i}: {got}, expected {want}");
        }
    }
}
