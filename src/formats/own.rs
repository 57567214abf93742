//! How Phosphene lays out its own recordings, so that the recorder and the replay agree.
//!
//! | stream type | format | holds |
//! |---|---|---|
//! | `EEG` | float32, regular | the frames as the stages saw them: µV and `time_secs`, to the last bit |
//! | `Markers` | string | the markers likewise, and `phosphene/…` notes about the recording itself |
//! | `Continuity` | int64 × 3 | `row, index, gap` of every frame that does not simply follow the one before |
//! | `Decodes` | string | one JSON line per decode |
//!
//! Where several sources are recorded at once, each has its own `EEG`, `Markers` and `Continuity`; streams
//! of LSL stand beside them as their senders described and stamped them; and the notes have a `Markers`
//! stream of their own.
//!
//! All stamps are the program's clock. A replay hands them on unchanged, so every difference between an
//! onset and a sample is the same number, to the last bit, as it was live.

/// Type of the stream of frames.
pub const EEG_KIND: &str = "EEG";

/// Type of the stream of markers.
pub const MARKERS_KIND: &str = "Markers";

/// Type of the stream of breaks in the frames.
pub const CONTINUITY_KIND: &str = "Continuity";

/// Its channels: number of the sample in the EEG stream, [`crate::signal::FrameMeta`]'s index, and 1 where
/// the frame is marked as following a gap.
pub const CONTINUITY_CHANNELS: [&str; 3] = ["row", "index", "gap"];

/// Type of the stream of decodes.
pub const DECODES_KIND: &str = "Decodes";

/// What stands before the label of a marker that is about the recording, not about the session. A replay
/// does not hand these on.
pub const NOTE_PREFIX: &str = "phosphene/";

/// The marker written where frames were lost between source and recorder.
pub fn lost_label(frames: u64) -> String {
    format!("{NOTE_PREFIX}lost {frames}")
}

/// The marker written where a stream of another program stopped coming.
pub fn gone_label(stream: &str) -> String {
    format!("{NOTE_PREFIX}lost {stream}")
}

/// The marker written where such a stream came back, or came late.
pub fn back_label(stream: &str) -> String {
    format!("{NOTE_PREFIX}back {stream}")
}

/// The marker written where decodes were lost between the decoder and the recorder.
pub fn decodes_lost_label(decodes: u64) -> String {
    format!("{NOTE_PREFIX}lost {decodes} decodes")
}
