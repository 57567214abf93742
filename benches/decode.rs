//! Milliseconds per stage and resident memory of a pack, at the decoder's two threads.
//!
//! `PHOSPHENE_PACK=models/demo cargo bench --no-default-features --bench decode`; without the variable the
//! tiny pack of the tests is used. ONNX Runtime is sought in `ORT_DYLIB_PATH`, then in `native/lib`.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use criterion::{Criterion, criterion_group, criterion_main};
use phosphene::decode::control::surrogate::Surrogate;
use phosphene::decode::encoding::encoder::Encoder;
use phosphene::decode::inference::evidence::Evidence;
use phosphene::decode::painting::noise::{NoiseKey, fill_noise};
use phosphene::decode::painting::paint::Painter;
use phosphene::decode::session::Runtime;
use phosphene::decode::{Decoder, DecoderOptions, Pack};
use phosphene::signal::Window;
use phosphene::time::clock::Clock;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn library() -> PathBuf {
    let name =
        format!("{}onnxruntime{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    std::env::var_os("ORT_DYLIB_PATH")
        .map_or_else(|| root().join("native/lib").join(name), PathBuf::from)
}

fn pack() -> Pack {
    let dir = std::env::var_os("PHOSPHENE_PACK")
        .map_or_else(|| root().join("tests/vectors/packs/tiny"), PathBuf::from);
    Pack::open(&dir).expect("the pack is sound")
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kb = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
    kb.and_then(|kb| kb.parse::<f64>().ok()).map_or(f64::NAN, |kb| kb / 1024.0)
}

fn window(pack: &Pack) -> Window {
    let input = &pack.manifest().input;
    let mut window = Window::with_shape(input.channels.len(), input.samples());
    fill_noise(NoiseKey { seed: 1, window: 0 }, &mut window.samples_uv);
    window.samples_uv.iter_mut().for_each(|v| *v *= 10.0);
    window
}

fn stages(c: &mut Criterion) {
    let pack = pack();
    let before = resident_mb();
    let runtime = Runtime::load(&library(), 2).expect("ONNX Runtime is there");
    let clock = Clock::system();
    let window = window(&pack);
    let mut embedding = vec![0.0; pack.manifest().dim()];
    let mut encoder = Encoder::load(&pack, &runtime).expect("the encoder loads");
    c.bench_function("encode", |b| {
        b.iter(|| encoder.encode(&window.samples_uv, &mut embedding).expect("it runs"));
    });
    let mut painter = Painter::load(&pack, &runtime).expect("the generator loads");
    for steps in pack.manifest().generator.steps_allowed.clone() {
        c.bench_function(&format!("paint, {steps} steps"), |b| {
            let key = NoiseKey { seed: 1, window: 0 };
            b.iter(|| painter.paint(&embedding, key, steps, &|| false, &clock).expect("it runs"));
        });
    }
    eprintln!(
        "resident: {before:.0} MB before, {:.0} MB with encoder and generator",
        resident_mb()
    );
}

fn signal(c: &mut Criterion) {
    use rand::SeedableRng;
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut samples = vec![0.0; 16 * 200];
    fill_noise(NoiseKey { seed: 1, window: 0 }, &mut samples);
    let (mut surrogate, mut out) = (Surrogate::new(16, 200), vec![0.0; 16 * 200]);
    c.bench_function("surrogate, 16 × 200", |b| {
        b.iter(|| surrogate.draw(&samples, &mut rng, &mut out));
    });
    let mut evidence = Evidence::new(40, 1);
    for window in 0..400 {
        fill_noise(NoiseKey { seed: 2, window }, &mut out[..40]);
        evidence.push(&out[..40]);
    }
    for k in [1, 10] {
        c.bench_function(&format!("p-value, 400 nulls × 40 rows, k = {k}"), |b| {
            b.iter(|| evidence.p_value(&samples[..40], k, 0));
        });
    }
}

fn whole(c: &mut Criterion) {
    let pack = pack();
    let window = window(&pack);
    let (clock, never) = (Clock::system(), AtomicBool::new(false));
    for twin in [false, true] {
        let options = DecoderOptions { twin, ..DecoderOptions::default() };
        let mut decoder = Decoder::load(&pack, &options, &library()).expect("the pack loads");
        for _ in 0..20 {
            decoder.step(&window, &clock, &never).expect("it runs");
        }
        c.bench_function(if twin { "step with twin" } else { "step without twin" }, |b| {
            b.iter(|| decoder.step(&window, &clock, &never).expect("it runs"));
        });
    }
    eprintln!("resident: {:.0} MB at the end", resident_mb());
}

criterion_group!(benches, stages, signal, whole);
criterion_main!(benches);
