//! Recordings as text: tables of the programs of headsets, and tables that say what they are.
//!
//! Takes a file; finds its dialect by its first lines; gives a reader that holds a stretch of lines. What the
//! text does not say and had to be assumed is a warning.
//!
//! | file | dialect | told by | time |
//! |---|---|---|---|
//! | `openbci` | OpenBCI GUI 2 to 6, converted SD cards | `%` lines | count, stamps where the count cannot tell |
//! | `sd_card` | the Cyton's SD card as it is | rows of hexadecimal digits | count |
//! | `brainflow` | BrainFlow | rows of numbers alone, by how many | count, stamps |
//! | `muse` | muse-lsl, Mind Monitor | `timestamps`, `TimeStamp` | stamps of packets, settled |
//! | `emotiv` | TestBench, EmotivPRO | `title:…`, `EEG.Counter` | count |
//! | `headsets` | Unicorn, Neurosity | `Validation Indicator`, `unixTimestamp` | count; stamps, settled |
//! | `epochs` | Neurosity as JSON | `{` or `[` in front | stamps of packets, settled |
//! | `openvibe` | OpenVIBE | `Time:256Hz`, `Time (s)` | as it is |
//! | `table` | any table with a time and electrodes | its names | count or stamps, settled |
//!
//! `guess` asks them in turn; `lines` makes lines of bytes, `shape` columns of a line of names, `row` values
//! and events of a line, `clock` times of counts, `rate` units and rates of stamps, `settled` times of stamps, `landmarks` places to go on from.

mod brainflow;
mod clock;
mod emotiv;
mod epochs;
mod guess;
mod headsets;
mod hexadecimal;
mod landmarks;
mod layout;
mod look;
mod lines;
mod muse;
mod openbci;
mod openvibe;
mod rate;
mod reader;
mod row;
mod sd_card;
mod settled;
mod shape;
mod table;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::FormatError;
use super::recording::{Block, Head, ReadRecording};
use lines::Encoding;

pub use epochs::EpochReader;
pub use reader::TextReader;

/// Bytes that are looked at to find the dialect: the longest header that is known, and rows behind it.
const LOOK_BYTES: u64 = 512 << 10;

/// Opens a recording that is text.
///
/// # Errors
/// [`FormatError::Unknown`] that says what the first line is when no dialect fits, [`FormatError::Io`].
pub fn open(path: &Path) -> Result<Box<dyn ReadRecording>, FormatError> {
    let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
    let file = File::open(path).map_err(io)?;
    Ok(Box::new(from_reader(BufReader::with_capacity(1 << 18, file), path)?))
}

/// As [`open`], from anything.
///
/// # Errors
/// As [`open`].
pub fn from_reader<R: BufRead + Seek>(
    mut input: R,
    path: &Path,
) -> Result<TextRecording<R>, FormatError> {
    let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
    let mut first = Vec::new();
    input.by_ref().take(LOOK_BYTES).read_to_end(&mut first).map_err(io)?;
    let len = input.seek(SeekFrom::End(0)).map_err(io)?;
    let encoding = Encoding::of(&first);
    let text = encoding.decode(&first);
    if text.trim_start().starts_with(['{', '[']) {
        return EpochReader::new(input, path, len)
            .map(|reader| TextRecording::Epochs(Box::new(reader)));
    }
    let layout = guess::layout(&text, first.len() as u64 == len, path)?;
    TextReader::new(input, path, layout, encoding, len)
        .map(|reader| TextRecording::Rows(Box::new(reader)))
}

/// A recording as text: rows, or JSON.
#[derive(Debug)]
pub enum TextRecording<R: BufRead + Seek> {
    /// A row a sample.
    Rows(Box<TextReader<R>>),
    /// Objects of some samples each.
    Epochs(Box<EpochReader<R>>),
}

impl<R: BufRead + Seek> TextRecording<R> {
    fn inner(&self) -> &dyn ReadRecording {
        match self {
            Self::Rows(reader) => &**reader,
            Self::Epochs(reader) => &**reader,
        }
    }

    fn inner_mut(&mut self) -> &mut dyn ReadRecording {
        match self {
            Self::Rows(reader) => &mut **reader,
            Self::Epochs(reader) => &mut **reader,
        }
    }
}

impl<R: BufRead + Seek> ReadRecording for TextRecording<R> {
    fn head(&self) -> &Head {
        self.inner().head()
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        self.inner_mut().next_block(block)
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        self.inner_mut().rewind()
    }

    fn seek_secs(&mut self, secs: f64) -> Result<(), FormatError> {
        self.inner_mut().seek_secs(secs)
    }

    fn progress(&self) -> f64 {
        self.inner().progress()
    }

    fn warnings(&self) -> &[String] {
        self.inner().warnings()
    }
}
