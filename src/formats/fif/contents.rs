//! What a FIFF file holds, found in one walk through its tags.
//!
//! Takes a file; gives what it says of the measurement, its annotations, where its samples begin and which files
//! it goes on in. A file without raw data is refused by what it holds instead.

use super::annotations::Annotations;
use super::measurement::Measurement;
use super::tags::{Input, Tag, Walker};
use super::words::{FORMAT, block, is_raw, other_content, tag as kinds};
use crate::formats::FormatError;

/// Other files of the same recording that are minded.
const MAX_REFERENCES: usize = 16;

/// Longest name of a file.
const MAX_NAME_BYTES: usize = 4096;

/// Longest list of dropped epochs that is read.
const MAX_LOG_BYTES: usize = 1 << 20;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub measurement: Measurement,
    pub annotations: Annotations,
    pub references: Vec<Reference>,
    /// The start of the first block of samples.
    signal: Option<Walker>,
    is_shielded: bool,
    other: Other,
    /// Why the chain of tags ended where it should not.
    pub oddity: Option<String>,
}

/// Another file of the same recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reference {
    /// 1 for the one before, 2 for the one that follows.
    pub role: i64,
    pub name: String,
    pub number: Option<i64>,
}

/// What is told of a file without raw data.
#[derive(Debug, Default)]
struct Other {
    has_epochs: bool,
    /// Epochs and samples of each.
    epochs: Option<[u64; 2]>,
    /// Epochs before some were dropped.
    epochs_cut: Option<u64>,
    averages: usize,
    first: f64,
    last: f64,
    name: Option<&'static str>,
}

impl Contents {
    /// Walks through the file.
    pub fn of(input: &mut Input) -> Result<Self, FormatError> {
        let (mut found, mut walker) = (Self::default(), Walker::default());
        loop {
            let before = walker.block();
            let Some(tag) = walker.next(input)? else { break };
            match tag.kind {
                kinds::BLOCK_START => found.begin(&walker),
                kinds::BLOCK_END => found.measurement.end(before),
                _ => found.take(input, walker.block(), &tag)?,
            }
        }
        found.references.truncate(MAX_REFERENCES);
        found.oddity = walker.oddity().map(str::to_owned);
        Ok(found)
    }

    /// Where the samples begin.
    pub fn signal(&self) -> Result<Walker, FormatError> {
        self.signal.clone().ok_or_else(|| {
            let mut why = self.other.told();
            if let Some(oddity) = &self.oddity {
                why += &format!(" ({oddity})");
            }
            FormatError::Unusable { format: FORMAT, why }
        })
    }

    /// What is to be known before the samples are used.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self.oddity.iter().cloned().collect();
        if self.is_shielded {
            warnings.push(
                "it was recorded with internal active shielding (MaxShield): its MEG channels mean nothing before \
                 MaxFilter, its EEG channels do"
                    .into(),
            );
        }
        warnings.extend(self.measurement.warnings());
        warnings
    }

    fn begin(&mut self, walker: &Walker) {
        let kind = walker.block();
        match kind {
            kind if is_raw(kind) => {
                self.is_shielded |= kind == block::IAS_RAW_DATA;
                self.signal.get_or_insert_with(|| walker.clone());
            }
            block::ANNOTATIONS => self.annotations.begin(),
            // One more than are minded takes in what all further ones say.
            block::REF if self.references.len() <= MAX_REFERENCES => {
                self.references.push(Reference::default());
            }
            block::EPOCHS => self.other.has_epochs = true,
            block::EVOKED => self.other.averages += 1,
            _ => self.measurement.begin(kind),
        }
        self.other.name = self.other.name.or(other_content(kind));
    }

    fn take(&mut self, input: &mut Input, kind: i32, tag: &Tag) -> Result<(), FormatError> {
        match kind {
            block::ANNOTATIONS => self.annotations.take(input, tag),
            block::REF => self.take_reference(input, tag),
            block::EPOCHS | block::EVOKED | block::ASPECT => self.other.take(input, tag),
            _ => self.measurement.take(input, kind, tag),
        }
    }

    fn take_reference(&mut self, input: &mut Input, tag: &Tag) -> Result<(), FormatError> {
        let Some(reference) = self.references.last_mut() else { return Ok(()) };
        match tag.kind {
            kinds::REF_ROLE => reference.role = input.number(tag)?.unwrap_or(0.0) as i64,
            kinds::REF_FILE_NAME => reference.name = input.text(tag, MAX_NAME_BYTES)?,
            kinds::REF_FILE_NUM => {
                reference.number = input.number(tag)?.map(|number| number as i64)
            }
            _ => {}
        }
        Ok(())
    }
}

impl Other {
    fn take(&mut self, input: &mut Input, tag: &Tag) -> Result<(), FormatError> {
        match tag.kind {
            kinds::FIRST_SAMPLE => self.first = input.number(tag)?.unwrap_or(0.0),
            kinds::LAST_SAMPLE => self.last = input.number(tag)?.unwrap_or(0.0),
            kinds::EPOCH if self.has_epochs => self.epochs = shape(input, tag)?,
            kinds::EPOCHS_DROP_LOG => {
                let log = input.content(tag, MAX_LOG_BYTES)?;
                self.epochs_cut = epochs_cut(&log);
            }
            _ => {}
        }
        Ok(())
    }

    fn told(&self) -> String {
        let samples = self.last - self.first + 1.0;
        let what = match (self.has_epochs, self.epochs, self.epochs_cut) {
            (true, Some([epochs, samples]), Some(cut)) if cut > epochs => {
                format!("{epochs} of {cut} epochs of {samples} samples")
            }
            (true, Some([epochs, samples]), _) => format!("{epochs} epochs of {samples} samples"),
            (true, None, _) => format!("epochs of {samples} samples"),
            _ if self.averages > 0 => format!("{} average(s) of {samples} samples", self.averages),
            _ => self.name.unwrap_or("no raw data").into(),
        };
        format!(
            "it holds {what}, not a recording: save the raw recording instead (raw.save in MNE-Python)"
        )
    }
}

/// How many epochs were cut, by the reasons why each was dropped: a list per event, `IGNORED` for events that were
/// never asked for.
fn epochs_cut(log: &[u8]) -> Option<u64> {
    let log: Vec<Vec<String>> = serde_json::from_slice(log).ok()?;
    let asked = log.iter().filter(|reasons| !reasons.iter().any(|reason| reason == "IGNORED"));
    Some(asked.count() as u64)
}

/// Epochs and samples of a matrix `[epochs, channels, samples]`: behind its values stand its dimensions, the last
/// first, and how many there are.
fn shape(input: &mut Input, tag: &Tag) -> Result<Option<[u64; 2]>, FormatError> {
    let Some(at) = tag.bytes.checked_sub(16) else { return Ok(None) };
    let mut bytes = [0; 16];
    input.read_at(tag.at + at, &mut bytes)?;
    let [a, b, c, d, _, _, _, _, e, f, g, h, rest @ ..] = bytes;
    let (samples, epochs) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
    Ok((rest == [0, 0, 0, 3]).then(|| [u64::from(epochs), u64::from(samples)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_that_were_asked_for_are_counted() {
        assert_eq!(epochs_cut(br#"[[], ["IGNORED"], ["BAD_blink"], ["O1", "O2"]]"#), Some(3));
        assert_eq!(epochs_cut(b"[[], 5]"), None);
    }

    #[test]
    fn what_is_not_a_recording_is_named() {
        let epochs = Other { has_epochs: true, epochs: Some([3, 200]), ..Other::default() };
        assert!(epochs.told().starts_with("it holds 3 epochs of 200 samples, not"));
        let dropped = Other { epochs_cut: Some(5), ..epochs };
        assert!(dropped.told().starts_with("it holds 3 of 5 epochs of 200 samples, not"));
        let average = Other { averages: 2, first: -20.0, last: 79.0, ..Other::default() };
        assert!(average.told().starts_with("it holds 2 average(s) of 100 samples"));
        assert!(Other::default().told().starts_with("it holds no raw data"));
    }
}
