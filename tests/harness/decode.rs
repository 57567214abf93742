//! What the decode tests share: ONNX Runtime's file, the tiny pack, and copies of it to spoil.

use std::path::{Path, PathBuf};

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

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
