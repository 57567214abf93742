//! What every reader of recordings gives and every writer takes, whatever the format.
//!
//! A recording is a few [`StreamHead`]s, then [`Block`]s of samples and events in the order of the file. A
//! reader holds one block at a time: memory does not grow with the length of the recording. Values are
//! physical, in the unit that the channel names, in double precision: exactly what the format defines, so
//! that nothing is rounded before the user of the values decides to. Times are seconds on the recording's
//! own axis; [`Head::started`] says what zero is, where the file says it.

use super::FormatError;
use super::unit::microvolts_per;
use crate::time::stretches::Account;

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

impl Calendar {
    /// The time so many seconds later (or earlier), in the proleptic Gregorian calendar without leap seconds.
    /// Unchanged when the seconds are not a number or lead out of the years 0 to 9999.
    #[must_use]
    pub fn plus_secs(self, secs: f64) -> Self {
        let days =
            days_from_civil(i64::from(self.year), i64::from(self.month), i64::from(self.day));
        let of_day = f64::from(self.hour) * 3600.0 + f64::from(self.minute) * 60.0 + self.second;
        let total = of_day + secs;
        let shift = (total / DAY_SECS).floor();
        if shift.is_nan() || shift.abs() >= 4e6 {
            return self;
        }
        let (year, month, day) = civil_from_days(days + shift as i64);
        let Ok(year @ 0..=9999) = u16::try_from(year) else { return self };
        let rest = total - shift * DAY_SECS;
        let minutes = (rest / 60.0).floor();
        Self {
            year,
            month: month as u8,
            day: day as u8,
            hour: (minutes / 60.0).floor() as u8,
            minute: (minutes % 60.0) as u8,
            second: rest - minutes * 60.0,
        }
    }

    /// Seconds since 1970-01-01T00:00:00 of the same clock.
    pub fn unix_secs(self) -> f64 {
        let days =
            days_from_civil(i64::from(self.year), i64::from(self.month), i64::from(self.day));
        let of_day = f64::from(self.hour) * 3600.0 + f64::from(self.minute) * 60.0 + self.second;
        days as f64 * DAY_SECS + of_day
    }

    /// ISO 8601 without a zone, with milliseconds where there are any.
    pub fn iso8601(self) -> String {
        if self.second < 60.0 && (self.second * 1e3).round() >= 60e3 {
            return Self { second: 0.0, ..self }.plus_secs(60.0).iso8601();
        }
        let Self { year, month, day, hour, minute, second } = self;
        let millis = (second * 1e3).round() as u32;
        let text =
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}", millis / 1000);
        match millis % 1000 {
            0 => text,
            rest => format!("{text}.{rest:03}"),
        }
    }
}

const DAY_SECS: f64 = 86_400.0;

/// Days since 1970-01-01 of a date in the Gregorian calendar, counted in eras of 400 years from a first of
/// March, so that the leap day is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date that [`days_from_civil`] counts.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
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
    /// Number in the file, where the format numbers its streams; else zero.
    pub id: u32,
    /// Measurements of the clock that the stamps were brought to one axis with, and how often that clock was
    /// reset; zero where the format has none.
    pub clock_offsets: u64,
    /// See [`StreamHead::clock_offsets`].
    pub clock_resets: u64,
    /// Drift of that clock against the recorder's, in parts per million.
    pub clock_drift_ppm: f64,
    /// How far single offsets lie from the line through them: standard deviation, in seconds.
    pub clock_error_secs: f64,
    /// What was wrong with the stamps as they stand in the file.
    pub stamps: StampFaults,
    /// True for events whose clock has no second in common with the signal's: they are not placed among its samples.
    pub is_apart: bool,
    /// True when the samples are text; then blocks carry [`Block::texts`].
    pub is_text: bool,
    /// Channels, in the order of the values.
    pub channels: Vec<ChannelHead>,
}

/// How many stamps of a stream were wrong, and have been mended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StampFaults {
    /// Not finite, zero or years away: taken from their neighbours.
    pub impossible: u64,
    /// The sender's clock stepped back.
    pub steps_back: u64,
    /// Samples came late and were stamped on arrival; nothing is missing.
    pub late: u64,
    /// Jumps and steps back of stamps that are those of packets: samples were timed at the device's rate.
    pub uneven: u64,
}

impl StampFaults {
    /// Those of an account.
    pub fn of(account: &Account) -> Self {
        Self {
            impossible: account.impossible.len() as u64,
            steps_back: account.back.len() as u64,
            late: account.late.len() as u64,
            uneven: 0,
        }
    }
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
    /// What happened, in the file's own words.
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

    /// Goes on at a time, in seconds on the recording's axis. Afterwards [`ReadRecording::next_block`] gives, of every
    /// stream, all samples at or after it, with the times, values and events that reading from the front gives for them.
    /// It may begin earlier, as at the beginning of the record or chunk that holds the time, never later. Events at or
    /// after the time all come, those before it need not; so too with warnings about what was passed over. A time before
    /// the beginning, or NaN, is a rewind; behind the last sample comes the end.
    ///
    /// A reader that does not say otherwise rewinds, which is a beginning that is early enough.
    ///
    /// # Errors
    /// As [`ReadRecording::next_block`].
    fn seek_secs(&mut self, _secs: f64) -> Result<(), FormatError> {
        self.rewind()
    }

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
    /// Further regular streams of numbers, with such ranges; formats that hold one stream leave them out.
    pub others: Vec<(StreamHead, Vec<[f64; 2]>)>,
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

    /// Appends samples of one of [`WriteHead::others`], as [`WriteRecording::write`]; formats that hold one stream ignore them.
    ///
    /// # Errors
    /// As [`WriteRecording::write`].
    fn write_other(
        &mut self,
        _other: usize,
        _times_secs: &[f64],
        _values: &[f64],
    ) -> Result<(), FormatError> {
        Ok(())
    }

    /// Completes the file (or files), synchronises it with the disk, and gives what the user should know.
    ///
    /// # Errors
    /// [`FormatError`].
    fn finish(self: Box<Self>) -> Result<Vec<String>, FormatError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_roll_over_days_months_and_leap_years() {
        let eve = Calendar { year: 2024, month: 2, day: 28, hour: 23, minute: 59, second: 59.5 };
        assert_eq!(eve.plus_secs(1.0).iso8601(), "2024-02-29T00:00:00.500");
        assert_eq!(eve.plus_secs(86_400.5).iso8601(), "2024-03-01T00:00:00");
        assert_eq!(eve.plus_secs(-86_400.0 * 59.0).iso8601(), "2023-12-31T23:59:59.500");
        assert_eq!(Calendar { second: 59.9996, ..eve }.iso8601(), "2024-02-29T00:00:00");
        assert_eq!(eve.plus_secs(f64::NAN), eve);
        assert_eq!(eve.plus_secs(1e300), eve);
    }
}
