//! Why a window could not be decoded: what happened, expected and got, what to do.

use crate::pack::PackError;

/// Why a window could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The window does not fit the pack.
    #[error(
        "the window is {got_channels} channels × {got_samples} samples, the pack wants {channels} × {samples}. Start the decoder again with this pack"
    )]
    Window {
        /// Channels wanted.
        channels: usize,
        /// Samples wanted.
        samples: usize,
        /// Channels of the window.
        got_channels: usize,
        /// Samples of the window.
        got_samples: usize,
    },
    /// A buffer does not fit a tensor.
    #[error("{what}: expected {expected} values, got {got}")]
    Length {
        /// Which buffer.
        what: &'static str,
        /// Values wanted.
        expected: usize,
        /// Values there.
        got: usize,
    },
    /// ONNX Runtime failed while running a graph.
    #[error("{file}: running the model failed: {why}")]
    Run {
        /// The file, relative to the pack.
        file: String,
        /// What ONNX Runtime said.
        why: String,
    },
    /// A graph gave values that are not numbers.
    #[error(
        "{file}, tensor '{tensor}': value {index} is not a finite number. The model cannot be trusted with this input"
    )]
    NotFinite {
        /// The file, relative to the pack.
        file: String,
        /// The tensor's name in the file.
        tensor: String,
        /// Which value, from 0.
        index: usize,
    },
    /// A number of steps that the pack does not allow.
    #[error("{got} steps are not allowed by this pack. Allowed: {allowed:?}")]
    Steps {
        /// What was asked for.
        got: u32,
        /// What the manifest allows.
        allowed: Vec<u32>,
    },
    /// Somebody asked to stop before anything was computed.
    #[error("decoding was cancelled")]
    Cancelled,
}

impl From<DecodeError> for PackError {
    fn from(why: DecodeError) -> Self {
        Self::TrialRun(Box::new(why))
    }
}
