//! What the decode tests share: ONNX Runtime's file, the tiny pack, and copies of it to spoil.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use phosphene::decode::painting::noise::{NoiseKey, fill_noise};
use phosphene::decode::{Decoded, Decoder};
use phosphene::signal::Window;
use phosphene::signal::window::Lock;
use phosphene::time::clock::Clock;
use safetensors::tensor::{Dtype, TensorView, serialize};
use sha2::{Digest, Sha256};

/// ONNX Runtime, found as the program finds it: the environment first, then `native/lib`.
pub fn runtime_library() -> PathBuf {
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|p| !p.is_empty()) {
        return path.into();
    }
    let name =
        format!("{}onnxruntime{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    super::root()
        .ancestors()
        .map(|dir| dir.join("native/lib").join(&name))
        .find(|path| path.exists())
        .expect("ONNX Runtime is missing: run `cargo xtask setup`")
}

/// The pack with random weights.
pub fn tiny() -> PathBuf {
    super::vectors("packs/tiny")
}

/// A copy of the tiny pack that a test may spoil.
pub struct Copy(tempfile::TempDir);

impl Copy {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("gallery")).unwrap();
        for file in [
            "pack.toml",
            "encoder.onnx",
            "image_encoder.onnx",
            "prior.onnx",
            "denoiser.onnx",
            "decoder.onnx",
            "gallery/embeddings.safetensors",
        ] {
            std::fs::copy(tiny().join(file), dir.path().join(file)).unwrap();
        }
        Self(dir)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Replaces text in the manifest; the text must be there.
    pub fn edit(&self, from: &str, to: &str) -> &Self {
        let path = self.path().join("pack.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "the manifest holds no {from:?}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
        self
    }

    /// Replaces a file and its hash in the manifest.
    pub fn replace(&self, file: &str, bytes: &[u8]) -> &Self {
        let before = sha256(&std::fs::read(self.path().join(file)).unwrap());
        std::fs::write(self.path().join(file), bytes).unwrap();
        self.edit(&before, &sha256(bytes))
    }
}

/// An answers file for embeddings of `dim`: each picture is answered by its own embedding, with noise of this variance.
/// `change` may spoil a tensor before it is written.
pub fn answers_file(
    dim: usize,
    noise: f32,
    encoder_sha256: &str,
    change: impl Fn(&str, &mut Vec<f32>),
) -> Vec<u8> {
    let diagonal = |value: f32| -> Vec<f32> {
        (0..dim * dim).map(|at| if at % (dim + 1) == 0 { value } else { 0.0 }).collect()
    };
    let square = vec![dim, dim];
    let tensors = [
        ("map", square.clone(), diagonal(1.0)),
        ("offset", vec![dim], vec![0.0; dim]),
        ("within", square.clone(), diagonal(noise)),
        ("between", square.clone(), diagonal(0.01 * noise)),
        ("background_mean", vec![dim], vec![0.0; dim]),
        ("background_covariance", square.clone(), diagonal(1.0 / dim as f32)),
        ("noise_mean", vec![dim], vec![0.0; dim]),
        ("noise_within", square.clone(), diagonal(noise)),
        ("noise_between", square, diagonal(0.0)),
        ("temperature", vec![2, 4], vec![1.0, 1.0, 1.0, 1.0, 10.0, 1.2, 1.2, 1.2]),
    ];
    let said = [("encoder_sha256", encoder_sha256), ("source", "a test"), ("simulated", "true")];
    tensors_file(tensors, &said, change)
}

/// A safetensors file of f32 tensors with what it says of itself; `change` may spoil a tensor before it is written.
pub fn tensors_file<'a>(
    tensors: impl IntoIterator<Item = (&'a str, Vec<usize>, Vec<f32>)>,
    said: &[(&str, &str)],
    change: impl Fn(&str, &mut Vec<f32>),
) -> Vec<u8> {
    let written: Vec<(&str, Vec<usize>, Vec<u8>)> = tensors
        .into_iter()
        .map(|(name, shape, mut values)| {
            change(name, &mut values);
            (name, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())
        })
        .collect();
    let views = written.iter().map(|(name, shape, bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let said = said.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    serialize(views, Some(said.collect())).unwrap()
}

/// A copy of the tiny pack whose encoder is said to answer as [`answers_file`] says.
pub fn with_answers(copy: &Copy, bytes: &[u8]) {
    let file = "answers.safetensors";
    std::fs::write(copy.path().join(file), bytes).unwrap();
    copy.edit("[files]", &format!("[files]\n\"{file}\" = \"{}\"", sha256(bytes)));
    copy.edit("[embedding]", &format!("[answers]\nfile = \"{file}\"\n\n[embedding]"));
}

/// SHA-256 of the tiny pack's encoder.
pub fn tiny_encoder() -> String {
    sha256(&std::fs::read(tiny().join("encoder.onnx")).unwrap())
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A window of the tiny pack's shape with noise of its own, locked to this picture. Far enough from the others for null twins,
/// which come from other windows.
pub fn window(index: u64, row: Option<u16>) -> Window {
    let mut window = Window::with_shape(4, 20);
    fill_noise(NoiseKey { seed: 99, window: index }, &mut window.samples_uv);
    window.samples_uv.iter_mut().for_each(|v| *v *= 10.0);
    window.index = index;
    window.lock = Lock::Stimulus { row, onset_secs: index as f64 };
    window.last_sample_secs = 4.0 * index as f64;
    window
}

/// Decodes one window after another.
pub fn run(decoder: &mut Decoder, windows: &[Window]) -> Vec<Decoded> {
    let (clock, _hand) = Clock::manual(0.0);
    let never = AtomicBool::new(false);
    windows.iter().map(|w| decoder.step(w, &clock, &never).unwrap()).collect()
}
