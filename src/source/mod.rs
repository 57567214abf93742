//! Where signal comes from. One trait, several kinds; each kind has a folder or file of its own.
//!
//! A source gives frames in µV with times on the program's clock, and markers with theirs. Its life is
//! `prepare` (may block and allocate), then `read` again and again (must not allocate or wait longer than
//! [`MAX_READ_WAIT_SECS`] while data flows), then `stop`. A source lives on one thread: it is made there by
//! a [`SourceFactory`], so it need not be `Send`.

use crate::signal::Chunk;
use crate::signal::montage::Mounted;
use crate::time::clock::Clock;
use crate::units::SampleRate;

pub mod board;
pub mod brainflow;
pub mod error;
pub mod faulty;
mod forward;
pub mod file;
pub mod lsl;
pub mod make;
pub mod mounted;
pub mod orderly;
pub mod presented;
pub mod simulator;
pub mod spec;

pub use board::{BoardCommand, BoardState};
pub use error::SourceError;
pub use spec::SourceSpec;

/// Longest time that `read` may wait for data, in seconds. Bounds the delay that a source adds and the
/// time that stopping takes.
pub const MAX_READ_WAIT_SECS: f64 = 0.002;

/// Frames that one `read` hands over at most. At 2048 Hz this is 250 ms: enough to catch up after a burst.
pub const CHUNK_FRAMES: usize = 512;

/// Markers that one `read` hands over at most.
pub const CHUNK_MARKERS: usize = 64;

/// Makes a source on the thread that will own it.
pub type SourceFactory = Box<dyn FnOnce() -> Result<Box<dyn Source>, SourceError> + Send>;

/// The kinds of source, as named in JSON documents and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// The virtual subject.
    Sim,
    /// A Lab Streaming Layer stream.
    Lsl,
    /// A BrainFlow board.
    Brainflow,
    /// A recording.
    File,
}

/// What a source is, known once it is prepared.
#[derive(Clone, Debug)]
pub struct SourceInfo {
    /// Which kind.
    pub kind: SourceKind,
    /// Name of the stream, board or file.
    pub name: String,
    /// True when the signal does not come from a person, as far as the source can know: the virtual
    /// subject, a synthetic board, a recording or stream that says so.
    pub simulated: bool,
    /// How strongly a simulated wearer answers to pictures, in dB of signal to noise; `None` where nobody says.
    pub snr_db: Option<f64>,
    /// EEG channel labels in the order of the frames, 10-05 names where the source gives them, or somebody says them.
    pub channels: Vec<String>,
    /// What the device itself calls them, and who says which electrodes they are; `None` where nobody looked.
    pub mounted: Option<Mounted>,
    /// Nominal sampling rate.
    pub rate: SampleRate,
    /// What the source calls its unit. Frames are always in µV; this is for display.
    pub source_unit: String,
    /// True when the source can deliver stimulus markers.
    pub has_markers: bool,
    /// Things that the user should know: an assumed unit, channels left out, a guessed montage.
    pub notes: Vec<String>,
}

/// What one `read` brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadStatus {
    /// Frames or markers are in the chunk.
    Data,
    /// Nothing yet.
    Idle,
    /// The device or stream is gone; the source keeps trying to get it back.
    Lost,
    /// It answers again and is being connected; nothing comes yet.
    Returning,
    /// The recording is over; nothing more will come.
    End,
}

impl ReadStatus {
    /// Whether the device or stream is gone, or not yet wholly back.
    pub fn is_away(self) -> bool {
        matches!(self, Self::Lost | Self::Returning)
    }
}

/// Why a source is lost, as far as it can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LostWhy {
    /// It cannot tell.
    #[default]
    Unknown,
    /// The sender closed the connection: its program ended or was stopped.
    Closed,
    /// It does not answer any more: its machine is off or frozen, or the network is gone.
    Silent,
}

/// What the source itself knows of losses and time, since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct SourceCounters {
    /// Frames that the source knows to be missing, by packet counter or by clock.
    pub lost: u64,
    /// Those of `lost` that only the clock tells of; the rest was counted by the device.
    pub lost_by_clock: u64,
    /// Those of `lost` that a command to the board cost: its owner gave it, and nothing is wrong with the stream.
    pub left_out: u64,
    /// Places where frames are missing or were joined after a break.
    pub gaps: u64,
    /// Times that the source's clock was reset.
    pub clock_resets: u64,
    /// Times that the source was lost and came back.
    pub reconnects: u64,
    /// Frames that came after later ones and were refused: they are among the lost ones.
    pub late: u64,
    /// Frames that came once more and were refused.
    pub repeated: u64,
    /// Offset from the source's clock to the program's, in seconds; zero where they are the same.
    pub clock_offset_secs: f64,
    /// Uncertainty of that offset (half the round trip), in seconds.
    pub clock_uncertainty_secs: f64,
}

/// A stream of EEG.
pub trait Source {
    /// Connects, finds out what is there, and sets all memory aside. May block for some seconds.
    ///
    /// # Errors
    /// [`SourceError`] when the source cannot be had; the message says what to do.
    fn prepare(&mut self, clock: &Clock) -> Result<SourceInfo, SourceError>;

    /// Puts what has arrived since the last call into `chunk`, which the caller has emptied.
    ///
    /// # Errors
    /// [`SourceError`] when the source is gone for good.
    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError>;

    /// What the source knows of losses and time.
    fn counters(&self) -> SourceCounters;

    /// Why it is lost; means something only while `read` says so.
    fn lost_why(&self) -> LostWhy {
        LostWhy::Unknown
    }

    /// True for a source that waits for nobody: a recording read as fast as possible. The pipeline then
    /// slows it down to what the stages can take instead of dropping samples.
    fn is_offline(&self) -> bool {
        false
    }

    /// True for a source that nothing is lost from when nobody reads it: a recording under a viewer's control. The
    /// pipeline then waits for the stages behind, so that every window is decoded at every speed.
    fn can_wait(&self) -> bool {
        false
    }

    /// True for a source that may begin to number its frames anew: a recording that is rewound, or that holds a replay
    /// which was. Every other source numbers upwards for ever, and what it says twice or too late is refused
    /// ([`orderly`]).
    fn rewinds(&self) -> bool {
        false
    }

    /// The board's own settings, where it has some that can be changed.
    fn board(&self) -> Option<BoardState> {
        None
    }

    /// Tells the board something. Returns when the device has been handed the command, which may take some milliseconds and
    /// may allocate; the frames that it spoils are left out as a gap, and a marker says what was changed.
    ///
    /// # Errors
    /// [`SourceError`] where the source has no such setting or the device refuses.
    fn command(&mut self, _command: &BoardCommand) -> Result<(), SourceError> {
        Err(SourceError::Unusable {
            what: "this source".into(),
            why: "it has no settings of its own".into(),
            remedy: "Set the device in its own program".into(),
        })
    }

    /// Lets go of the device. Called once, also after an error.
    fn stop(&mut self);
}
