//! What every reader of recordings gives and every writer takes, whatever the format.
//!
//! A recording is a few [`StreamHead`]s, then [`Block`]s of samples and events in the order of the file. A
//! reader holds one block at a time: memory does not grow with the length of the recording. Values are
//! physical, in the unit that the channel names, in double precision: exactly what the format defines, so
//! that nothing is rounded before the user of the values decides to. Times are seconds on the recording's
//! own axis; [`Head::started`] says what zero is, where the file says it.

use super::FormatError;
use super::unit::microvolts_per;

/// Calendar time as a file gives it: no zone, seldom more than seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Calendar {
    /// Year, as 2026.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60, with its fraction.
    pub second: f64,
}

/// What a recording says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    /// Name of the format and its variant, as `EDF+D`.
    pub format: &'static str,
    /// When time zero was, where the file says so.
    pub started: Option<Calendar>,
    /// Streams, in the order of the file.
    pub streams: Vec<StreamHead>,
    /// Further facts as the file gives them: name (as `patient`, `device`, `reference`) and text.
    pub facts: Vec<(String, String)>,
    /// True when the file says that the signal does not come from a person.
    pub simulated: bool,
}

/// Channels that are sampled together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamHead {
    /// Name; empty where the format has none.
    pub name: String,
    /// Type, as `EEG`, `Markers`; empty where the format has none.
    pub kind: String,
    /// Nominal rate in Hz; zero for samples at irregular times.
    pub rate_hz: f64,
    /// True when the samples are text; then blocks carry [`Block::texts`].
    pub is_text: bool,
    /// Channels, in the order of the values.
    pub channels: Vec<ChannelHead>,
}

/// One channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChannelHead {
    /// Label as in the file, without the format's own prefix (`EEG Fp1` in EDF is label `Fp1`, kind `EEG`).
    pub label: String,
    /// Unit as in the file.
    pub unit: String,
    /// Type, as `EEG`, `EOG`, `MISC`, `TRIG`; empty where the file does not say.
    pub kind: String,
    /// Filters as the file words them; empty where it does not say.
    pub filtering: String,
    /// Reference as the file words it; empty where it does not say.
    pub reference: String,
    /// Position in millimetres: right, front, up.
    pub location_mm: Option<[f64; 3]>,
}

impl ChannelHead {
    /// Microvolts per unit; `None` when the unit is not one of voltage or not given.
    pub fn microvolts(&self) -> Option<f64> {
        microvolts_per(&self.unit)
    }
}

/// Something that happened at a time: a marker, an annotation, a trigger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// When, in seconds on the recording's axis.
    pub time_secs: f64,
    /// How long, where the file says so.
    pub duration_secs: Option<f64>,
    /// What.
    pub label: String,
}

/// A stretch of one stream, and the events met on the way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// Which of [`Head::streams`].
    pub stream: usize,
    /// One time per sample, in seconds on the recording's axis.
    pub times_secs: Vec<f64>,
    /// `[samples, channels]`, row-major, in each channel's unit. Empty for text.
    pub values: Vec<f64>,
    /// `[samples, channels]`, row-major, of a stream of text. Empty for numbers.
    pub texts: Vec<String>,
    /// Events met since the last block, in the order of the file. A block may bring events alone.
    pub events: Vec<Event>,
}

impl Block {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.times_secs.clear();
        self.values.clear();
        self.texts.clear();
        self.events.clear();
    }
}

/// A recording that is read from front to back.
pub trait ReadRecording {
    /// What the file says of itself. Complete before the first block.
    fn head(&self) -> &Head;

    /// Fills `block`, which is emptied first, with the next stretch: at most about a second, or 16 384
    /// samples. False at the end of the recording; then the block is empty but for events left over.
    ///
    /// # Errors
    /// [`FormatError`] with the place where the file makes no sense. What came before is good.
    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError>;

    /// Goes back to the first block.
    ///
    /// # Errors
    /// [`FormatError::Io`].
    fn rewind(&mut self) -> Result<(), FormatError>;

    /// Share of the file that has been read, 0 to 1, for progress bars.
    fn progress(&self) -> f64;

    /// What was odd and how it was dealt with, so far: at most about a hundred lines.
    fn warnings(&self) -> &[String];
}

/// What a writer of one regular stream of EEG needs to know before the first sample.
#[derive(Clone, Debug, Default)]
pub struct WriteHead {
    /// When time zero was, where it is known.
    pub started: Option<Calendar>,
    /// The stream: its rate is above zero and its samples are numbers.
    pub stream: StreamHead,
    /// Smallest and largest value of each channel, in its unit; formats of integers scale by it.
    pub ranges: Vec<[f64; 2]>,
    /// All events, in the order of time.
    pub events: Vec<Event>,
    /// As [`Head::facts`].
    pub facts: Vec<(String, String)>,
    /// Written into the file's free text when the signal does not come from a person.
    pub simulated: bool,
}

/// Writes one regular stream of EEG with its events. Never writes over an existing file.
pub trait WriteRecording {
    /// Appends samples at `times_secs`; `values` is `[samples, channels]`, row-major, in the channels'
    /// units. Times rise; a step of more than one and a half periods is a gap.
    ///
    /// # Errors
    /// [`FormatError`] when the system refuses or the samples do not fit.
    fn write(&mut self, times_secs: &[f64], values: &[f64]) -> Result<(), FormatError>;

    /// Completes the file (or files), synchronises it with the disk, and gives what the user should know.
    ///
    /// # Errors
    /// [`FormatError`].
    fn finish(self: Box<Self>) -> Result<Vec<String>, FormatError>;
}
