//! Why a source cannot be had.

/// Why a source cannot be had. Every message says what happened and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The text after `--source` is not understood.
    #[error(
        "source '{spec}' is not understood: {why}. Examples: sim, sim:subject=3,snr=0, lsl:type=EEG, brainflow:synthetic, file:recording.xdf"
    )]
    BadSpec {
        /// What was given.
        spec: String,
        /// What is wrong with it.
        why: String,
    },
    /// A native library is missing or too old.
    #[error("{library} cannot be used: {why}. {remedy}")]
    Library {
        /// Which library.
        library: &'static str,
        /// What is wrong.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// Nothing answered.
    #[error("no {what} was found{detail}. {remedy}")]
    NotFound {
        /// What was looked for.
        what: String,
        /// Where, or what else is there.
        detail: String,
        /// What to do.
        remedy: String,
    },
    /// The device or stream answered with something that cannot be used.
    #[error("{what} cannot be used: {why}. {remedy}")]
    Unusable {
        /// Which source.
        what: String,
        /// What is wrong.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// It worked, and then it was gone for good.
    #[error("{what} was lost: {why}. {remedy}")]
    Lost {
        /// Which source.
        what: String,
        /// What happened.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// A file cannot be read.
    #[error("{0}")]
    File(#[from] crate::formats::FormatError),
}

impl SourceError {
    /// The command line's exit code for it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BadSpec { .. } => 2,
            Self::File(_) => 6,
            _ => 3,
        }
    }
}
