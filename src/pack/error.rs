//! Why a model pack is refused: which file, field or tensor, expected and got, what to do.

use std::path::PathBuf;

/// Why a model pack or an encoder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The folder is not there, or it is a file.
    #[error("there is no folder {dir}. Give the folder that holds pack.toml, as models/demo", dir = dir.display())]
    NoFolder {
        /// What was given.
        dir: PathBuf,
    },
    /// A file that should be there is not.
    #[error("{file} is missing from the model pack. Copy the pack again, or run `cargo xtask setup`: {dir}", dir = dir.display())]
    Missing {
        /// The file, relative to the pack.
        file: String,
        /// The pack.
        dir: PathBuf,
    },
    /// The operating system refused.
    #[error("{action} failed: {source}: {path}", path = path.display())]
    Io {
        /// What was tried, as `reading`.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A file is larger than anything that belongs in a pack.
    #[error(
        "{file} is too large: {got} bytes, at most {limit} are accepted. Is it really part of the pack?"
    )]
    TooLarge {
        /// The file, relative to the pack.
        file: String,
        /// Its size in bytes.
        got: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The manifest is not TOML, or lacks a field.
    #[error("pack.toml cannot be read: {why}. Correct it, or export the pack again")]
    Manifest {
        /// What the parser said, with the line.
        why: String,
    },
    /// A field of the manifest has an impossible value.
    #[error(
        "pack.toml: {field} must be {expected}; got {got}. Correct it, or export the pack again"
    )]
    Field {
        /// The field, as `input.sample_rate_hz`.
        field: String,
        /// What is accepted.
        expected: String,
        /// What is there.
        got: String,
    },
    /// A path leads out of the pack.
    #[error(
        "pack.toml names the file '{file}', {why}. A pack may only name files inside its own folder"
    )]
    Path {
        /// The path as written.
        file: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file is used but its hash is not listed.
    #[error(
        "pack.toml: {field} uses '{file}', which [files] does not list. Add it with its SHA-256"
    )]
    Unlisted {
        /// The field that names the file.
        field: &'static str,
        /// The file, relative to the pack.
        file: String,
    },
    /// A file is not the one that the manifest was written for.
    #[error(
        "{file} is not the file that pack.toml was written for: SHA-256 expected {expected}, got {got}. Copy the pack again"
    )]
    Hash {
        /// The file, relative to the pack.
        file: String,
        /// From the manifest.
        expected: String,
        /// Of the file.
        got: String,
    },
    /// The generator is of a kind that this version does not know.
    #[error(
        "pack.toml: generator.kind '{got}' is not known to this version. Known kinds: {known}. Use a newer Phosphene, or another pack"
    )]
    UnknownKind {
        /// What is there.
        got: String,
        /// What would be accepted.
        known: String,
    },
    /// ONNX Runtime does not accept the file.
    #[error("{file} is not a model that ONNX Runtime can run: {why}. Export it again")]
    Graph {
        /// The file, relative to the pack.
        file: String,
        /// What ONNX Runtime said, or what was found before it was asked.
        why: String,
    },
    /// A tensor of a graph or a safetensors file is not as the manifest says.
    #[error(
        "{file}, tensor '{tensor}': expected {expected}, got {got}. The manifest and the file do not belong together"
    )]
    Tensor {
        /// The file, relative to the pack.
        file: String,
        /// The tensor's name in the file.
        tensor: String,
        /// What the manifest says.
        expected: String,
        /// What the file says.
        got: String,
    },
    /// A safetensors file is damaged.
    #[error("{file} is not a sound safetensors file: {why}. Copy the pack again")]
    Safetensors {
        /// The file, relative to the pack.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// A gallery row cannot be used.
    #[error(
        "{file}, tensor '{tensor}', row {row} ('{id}' of gallery.ids): {why}. Export the gallery again"
    )]
    Row {
        /// The file, relative to the pack.
        file: String,
        /// The tensor's name in the file.
        tensor: String,
        /// The row, from 0.
        row: usize,
        /// Its short name.
        id: String,
        /// What is wrong.
        why: String,
    },
    /// A graph that loaded fails when it is run.
    #[error("the trial run on a silent window failed: {0}. Export the graph again")]
    TrialRun(Box<dyn std::error::Error + Send + Sync>),
    /// ONNX Runtime is missing or unusable.
    #[error(
        "ONNX Runtime cannot be used: {why}. Run `cargo xtask setup`, or point ORT_DYLIB_PATH at a library of version 1.24 or newer"
    )]
    Runtime {
        /// What is wrong.
        why: String,
    },
    /// Somebody asked to stop.
    #[error("reading the model pack was cancelled")]
    Cancelled,
}
