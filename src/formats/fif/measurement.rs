//! What a file says of the whole measurement: rate, channels, date, filters, person, device.
//!
//! Takes the tags of the blocks that describe it; gives the head of the recording.

use super::channel::{Channel, RECORD_BYTES};
use super::tags::{Input, Tag, names};
use super::words::{FORMAT, block, datatype, tag as kinds};
use crate::formats::FormatError;
use crate::formats::recording::{Calendar, ChannelHead};
use crate::units::{MAX_CHANNELS, MAX_RATE_HZ};

/// Bytes of a text that is kept.
const MAX_TEXT_BYTES: usize = 1 << 16;

/// Names of projectors that are told.
const MAX_PROJECTORS: usize = 16;

/// Seconds and microseconds that stand for no date.
const NO_DATE: [f64; 2] = [0.0, 2_147_483_647.0];

/// What is said of a measurement, so far.
#[derive(Debug, Default)]
pub(super) struct Measurement {
    count: Option<f64>,
    rate_hz: Option<f64>,
    highpass_hz: Option<f64>,
    lowpass_hz: Option<f64>,
    line_hz: Option<f64>,
    /// Seconds since 1970 and microseconds.
    date: Option<[f64; 2]>,
    /// The dates in the identities of file and blocks, the one to be taken first; see [`Measurement::take_id`].
    id_dates: [Option<[f64; 2]>; 5],
    channels: Vec<Channel>,
    /// The channels as the blocks of further information correct them.
    corrected: Vec<Channel>,
    corrections: usize,
    bad_names: String,
    facts: Vec<(&'static str, String)>,
    /// Projectors that were not applied: how many, and the names of the first.
    projectors: usize,
    projector_names: Vec<String>,
    /// The projector in hand.
    projector: Option<Projector>,
}

#[derive(Debug, Default)]
struct Projector {
    name: String,
    is_active: bool,
}

impl Measurement {
    /// A block of the measurement has begun.
    pub fn begin(&mut self, block: i32) {
        match block {
            block::CH_INFO => self.corrections += 1,
            block::PROJ_ITEM => self.projector = Some(Projector::default()),
            _ => {}
        }
    }

    /// A block has ended.
    pub fn end(&mut self, block: i32) {
        if block != block::PROJ_ITEM {
            return;
        }
        let Some(projector) = self.projector.take().filter(|projector| !projector.is_active) else {
            return;
        };
        self.projectors += 1;
        if self.projector_names.len() < MAX_PROJECTORS && !projector.name.is_empty() {
            self.projector_names.push(projector.name);
        }
    }

    /// Takes a tag that stands in `block`.
    pub fn take(&mut self, input: &mut Input, block: i32, tag: &Tag) -> Result<(), FormatError> {
        match block {
            _ if tag.datatype == datatype::ID_STRUCT => self.take_id(input, block, tag)?,
            block::MEAS_INFO => self.take_info(input, tag)?,
            block::CH_INFO => self.take_correction(input, tag)?,
            block::SUBJECT | block::DEVICE => self.take_fact(input, tag)?,
            block::BAD_CHANNELS if tag.kind == kinds::CH_NAME_LIST => {
                self.bad_names = input.text(tag, MAX_TEXT_BYTES)?;
            }
            block::PROJ_ITEM => {
                let Some(projector) = &mut self.projector else { return Ok(()) };
                match tag.kind {
                    kinds::NAME | kinds::COMMENT if projector.name.is_empty() => {
                        projector.name = input.text(tag, MAX_TEXT_BYTES / MAX_PROJECTORS)?;
                    }
                    kinds::PROJ_ITEM_ACTIVE => {
                        projector.is_active = input.number(tag)?.is_some_and(|said| said != 0.0);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn take_info(&mut self, input: &mut Input, tag: &Tag) -> Result<(), FormatError> {
        match tag.kind {
            kinds::NCHAN => self.count = input.number(tag)?,
            kinds::SFREQ => self.rate_hz = input.number(tag)?,
            kinds::HIGHPASS => self.highpass_hz = input.number(tag)?,
            kinds::LOWPASS => self.lowpass_hz = input.number(tag)?,
            kinds::LINE_FREQ => self.line_hz = input.number(tag)?,
            kinds::MEAS_DATE => {
                let said = input.numbers(tag, 2)?;
                self.date = said.first().map(|secs| [*secs, said.get(1).copied().unwrap_or(0.0)]);
            }
            // One more than can be is enough to refuse the file.
            kinds::CH_INFO if self.channels.len() <= MAX_CHANNELS => {
                let record = input.content(tag, RECORD_BYTES)?;
                let channel = Channel::parse(&record).ok_or_else(|| FormatError::Malformed {
                    format: FORMAT,
                    offset: tag.at,
                    expected: format!("{RECORD_BYTES} bytes that describe a channel"),
                    got: format!("{} bytes", record.len()),
                })?;
                self.corrected.push(channel.clone());
                self.channels.push(channel);
            }
            kinds::CUSTOM_REF if input.number(tag)?.is_some_and(|said| said != 0.0) => {
                self.fact("reference", "changed after the recording".into());
            }
            _ => self.take_fact(input, tag)?,
        }
        Ok(())
    }

    fn take_correction(&mut self, input: &mut Input, tag: &Tag) -> Result<(), FormatError> {
        // They stand in the order of the channels.
        let which = self.corrections.wrapping_sub(1);
        let Some(channel) = self.corrected.get_mut(which) else { return Ok(()) };
        let (mut numbers, mut text) = (Vec::new(), String::new());
        if tag.kind == kinds::CH_DACQ_NAME {
            text = input.text(tag, MAX_TEXT_BYTES / MAX_PROJECTORS)?;
        } else {
            numbers = input.numbers(tag, 3)?;
        }
        channel.correct(tag.kind, &numbers, &text);
        Ok(())
    }

    fn take_fact(&mut self, input: &mut Input, tag: &Tag) -> Result<(), FormatError> {
        let name = match tag.kind {
            kinds::COMMENT => "description",
            kinds::EXPERIMENTER => "experimenter",
            kinds::PROJ_NAME => "project",
            kinds::UTC_OFFSET => "utc offset",
            kinds::SUBJ_HIS_ID => "patient",
            kinds::SUBJ_FIRST_NAME => "first name",
            kinds::SUBJ_LAST_NAME => "last name",
            kinds::DEVICE_TYPE => "device",
            kinds::DEVICE_MODEL => "device model",
            kinds::DEVICE_SERIAL => "device serial number",
            _ => return Ok(()),
        };
        let text = input.text(tag, MAX_TEXT_BYTES)?;
        self.fact(name, text);
        Ok(())
    }

    /// The first of each name is kept.
    fn fact(&mut self, name: &'static str, text: String) {
        let text = text.trim();
        if !text.is_empty() && !self.facts.iter().any(|(known, _)| *known == name) {
            self.facts.push((name, text.into()));
        }
    }

    /// Files without a date of the measurement have one in the identity (version, machine, seconds,
    /// microseconds) of the block that describes it, of the measurement, or at last of the file.
    fn take_id(&mut self, input: &mut Input, block: i32, tag: &Tag) -> Result<(), FormatError> {
        let rank = match (block, tag.kind) {
            (block::MEAS_INFO, kinds::PARENT_BLOCK_ID) => 0,
            (block::MEAS_INFO, kinds::BLOCK_ID) => 1,
            (block::MEAS, kinds::BLOCK_ID) => 2,
            (block::MEAS, kinds::PARENT_BLOCK_ID) => 3,
            (0, kinds::FILE_ID) => 4,
            _ => return Ok(()),
        };
        let id = Tag { datatype: datatype::INT, ..*tag };
        if let (&[_, _, _, secs, micros], Some(slot)) =
            (input.numbers(&id, 5)?.as_slice(), self.id_dates.get_mut(rank))
        {
            *slot = Some([secs, micros]);
        }
        Ok(())
    }

    /// When the measurement began, in seconds since 1970 and microseconds.
    pub fn date(&self) -> Option<[f64; 2]> {
        let said = self.date.or_else(|| self.id_dates.iter().flatten().next().copied());
        said.filter(|date| *date != NO_DATE && date.iter().all(|part| part.is_finite()))
    }

    /// The rate in Hz.
    pub fn rate_hz(&self) -> Result<f64, FormatError> {
        match self.rate_hz {
            Some(rate_hz) if rate_hz > 0.0 && rate_hz <= MAX_RATE_HZ => Ok(rate_hz),
            Some(other) => Err(unusable(format!(
                "its sampling frequency is {other} where more than 0 and at most {MAX_RATE_HZ} Hz are expected"
            ))),
            None => Err(unusable("it does not tell its sampling frequency".into())),
        }
    }

    /// The channels, in the order of the samples.
    pub fn channels(&self) -> Result<&[Channel], FormatError> {
        let (count, told) = (self.count.unwrap_or(-1.0), self.channels.len());
        if self.count.is_none() || !(1..=MAX_CHANNELS).contains(&told) || told as f64 != count {
            let said = self.count.map_or_else(|| "not told".into(), |count| count.to_string());
            return Err(unusable(format!(
                "its number of channels is {said} and {told} are described, where 1 to {MAX_CHANNELS} are \
                 expected and each of them described"
            )));
        }
        Ok(if self.corrections == told { &self.corrected } else { &self.channels })
    }

    pub fn channel_heads(&self) -> Result<Vec<ChannelHead>, FormatError> {
        let filtering = self.filtering();
        Ok(self.channels()?.iter().map(|channel| channel.head(&filtering)).collect())
    }

    /// In the words of EDF.
    fn filtering(&self) -> String {
        let word = |name: &str, hz: Option<f64>| match hz {
            Some(hz) if hz > 0.0 => format!("{name}:{}Hz", hz as f32),
            _ => String::new(),
        };
        let words = [word("HP", self.highpass_hz), word("LP", self.lowpass_hz)];
        words.join(" ").trim().to_owned()
    }

    /// Facts by their names.
    pub fn facts(&self) -> Vec<(String, String)> {
        let mut facts: Vec<(String, String)> =
            self.facts.iter().map(|(name, text)| ((*name).into(), text.clone())).collect();
        if let Some(line_hz) = self.line_hz.filter(|hz| *hz > 0.0) {
            facts.push(("power line".into(), format!("{} Hz", line_hz as f32)));
        }
        let bad = self.bad_channels();
        if !bad.is_empty() {
            facts.push(("bad channels".into(), bad.join(", ")));
        }
        facts
    }

    /// Names of the channels that are not to be used. The file lists them by the short names of their records.
    pub fn bad_channels(&self) -> Vec<String> {
        let corrected = (self.corrections == self.channels.len()).then_some(&self.corrected);
        let full_name = |short: String| {
            let mut named = corrected.into_iter().flatten();
            let channel = named.find(|channel| channel.short_name == short.trim());
            channel.map_or(short, |channel| channel.name.clone())
        };
        names(&self.bad_names).map(full_name).collect()
    }

    /// What is to be known before the values are used.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.projectors > 0 {
            let names = match self.projector_names.as_slice() {
                [] => String::new(),
                names => format!(" ({})", names.join(", ")),
            };
            warnings.push(format!(
                "{} projector(s){names} are stored and not applied: the values are as recorded",
                self.projectors
            ));
        }
        if self.corrections > 0 && self.corrections != self.channels.len() {
            warnings.push(format!(
                "further information is given for {} of {} channels and is left out: names may be cut to 15 characters",
                self.corrections,
                self.channels.len()
            ));
        }
        let of = |what: fn(&Channel) -> bool| {
            let names: Vec<_> =
                self.corrected.iter().filter(|c| what(c)).map(|c| c.name.as_str()).collect();
            let more = if names.len() > 8 { ", ..." } else { "" };
            (!names.is_empty()).then(|| names.get(..8).unwrap_or(&names).join(", ") + more)
        };
        if let Some(names) = of(Channel::has_power) {
            warnings.push(format!(
                "the unit of {names} has a power of ten, which is taken; MNE-Python takes the unit without it"
            ));
        }
        if let Some(names) = of(|channel| !(channel.scale().is_finite() && channel.scale() != 0.0))
        {
            warnings.push(format!(
                "the calibration of {names} is zero or no number: so are its values"
            ));
        }
        warnings
    }
}

/// The time on the calendar, in universal time, so many seconds after a date.
pub(super) fn calendar([secs, micros]: [f64; 2], after_secs: f64) -> Calendar {
    let epoch = Calendar { year: 1970, month: 1, day: 1, ..Calendar::default() };
    // Whole seconds alone: microseconds beside a billion of seconds would be rounded.
    epoch.plus_secs(secs).plus_secs(micros * 1e-6 + after_secs)
}

fn unusable(why: String) -> FormatError {
    FormatError::Unusable { format: FORMAT, why }
}
