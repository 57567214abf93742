//! EEGLAB: a data set as a MATLAB struct, with its samples inside or in a file beside it.
//!
//! [`open`] gives a reader that holds a stretch of signal. Read are `.set` files of MATLAB's level 5 (save -v6 and -v7)
//! with samples of any real type, and samples beside them: `.fdt` (single precision, channels of a sample together) and
//! the older `.dat` (the same, samples of a channel together). Epochs are refused: they are not a recording. Sources:
//! EEGLAB's documentation of its data structures; MAT-File Format (Level 5), The MathWorks.

mod beside;
mod channels;
mod events;
mod mat;
mod reader;
mod set;
mod signal;
mod words;

use std::fs::File;
use std::path::Path;

use super::FormatError;
use super::recording::{Head, StreamHead};
use crate::units::{MAX_CHANNELS, MAX_RATE_HZ};
use events::Axis;
use mat::{Number, Order};
use set::{DataSet, Inside};
use signal::Signal;
use words::{FORMAT, unusable};

pub use reader::EeglabReader;

/// Bytes of a value in the file beside a set.
const BESIDE_BYTES: u64 = 4;

/// How files of MATLAB begin: level 5, and 7.3 with and without its block of text.
const MATLAB: [&[u8]; 3] = [b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file", b"\x89HDF\r\n\x1a\n"];

/// Whether the first bytes of a file, or its name, are those of a data set or of the samples beside one.
pub fn is_eeglab(head: &[u8], path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    let beside_a_set = || beside::is_samples(path) && beside::set_of(path).is_ok();
    MATLAB.iter().any(|mark| head.starts_with(mark))
        || ["set", "fdt"].contains(&ending.as_str())
        || beside_a_set()
}

/// Opens a data set by its `.set` file, or by the file of samples beside it.
///
/// # Errors
/// [`FormatError`] with the field that makes no sense or the file that is missing; epochs, and MATLAB 7.3 (HDF5), are
/// refused with the way out.
pub fn open(path: &Path) -> Result<EeglabReader, FormatError> {
    let set_path = beside::set_of(path)?;
    let (mut set, file) = DataSet::read(&set_path)?;
    let mut warnings = std::mem::take(&mut set.warnings);
    let rate_hz = rate(&set)?;
    refuse_epochs(&set)?;
    let signal = match set.inside.take() {
        Some(inside) => signal_inside(&set, inside, file, &set_path, &mut warnings)?,
        None => signal_beside(&set, &set_path, &mut warnings)?,
    };
    if beside::is_samples(path) && signal.path != path {
        let taken = signal.path.display();
        warnings.push(format!("the set beside this file has its samples elsewhere: {taken}"));
    }
    let head = head(&set, rate_hz, &signal, &mut warnings);
    let axis = Axis::new(set.events, signal.samples, rate_hz, &mut warnings);
    Ok(EeglabReader::new(head, signal, axis, warnings))
}

fn rate(set: &DataSet) -> Result<f64, FormatError> {
    match set.srate {
        Some(hz) if hz > 0.0 && hz <= MAX_RATE_HZ => Ok(hz),
        Some(hz) => Err(unusable(format!("EEG.srate is {hz} where Hz are expected"))),
        None => Err(unusable("EEG.srate, the sampling rate in Hz, is missing or no number")),
    }
}

fn refuse_epochs(set: &DataSet) -> Result<(), FormatError> {
    match set.trials {
        Some(trials) if trials > 1.0 => {
            Err(set::epoched(trials as u64, set.pnts.unwrap_or_default() as u64))
        }
        _ => Ok(()),
    }
}

/// A count that a field gives; `None` where it gives none.
fn count(field: Option<f64>) -> Option<u64> {
    field.filter(|count| (1.0..=1e12).contains(count)).map(|count| count as u64)
}

fn check_channels(channels: u64) -> Result<usize, FormatError> {
    match usize::try_from(channels) {
        Ok(channels @ 1..=MAX_CHANNELS) => Ok(channels),
        _ => Err(unusable(format!(
            "it has {channels} channels where 1 to {MAX_CHANNELS} are expected"
        ))),
    }
}

/// Samples in the set itself: column by column, which is sample by sample.
fn signal_inside(
    set: &DataSet,
    inside: Inside,
    file: File,
    path: &Path,
    warnings: &mut Vec<String>,
) -> Result<Signal, FormatError> {
    let Inside { bytes, number, order, dims } = inside;
    let (mut rows, mut columns) =
        (dims.first().copied().unwrap_or(1), dims.get(1).copied().unwrap_or(1));
    let (nbchan, pnts) = (count(set.nbchan), count(set.pnts));
    if nbchan == Some(1) && columns == 1 {
        // One channel alone, written as a column.
        (rows, columns) = (1, rows);
    }
    if let Some(said) = nbchan.filter(|said| *said != rows) {
        if said == columns && pnts == Some(rows) {
            return Err(unusable(format!(
                "EEG.data is {rows} × {columns} where channels × samples, {columns} × {rows}, are expected: transpose it"
            )));
        }
        warnings.push(format!("EEG.nbchan is {said}, but EEG.data has {rows} channels"));
    }
    let channels = check_channels(rows)?;
    let samples = bytes.count / (rows * number.bytes() as u64);
    if samples < columns {
        warnings.push(format!("of {columns} samples {samples} are there"));
    } else if let Some(said) = pnts.filter(|said| *said != columns) {
        warnings.push(format!("EEG.pnts is {said}, but EEG.data has {columns} samples"));
    }
    Ok(Signal {
        file: bytes.unpacked.unwrap_or(file),
        path: path.into(),
        from: bytes.from,
        number,
        order,
        by_channel: false,
        channels,
        samples,
        bytes: Vec::new(),
    })
}

/// Samples in a file of their own: single precision, the lowest byte first.
fn signal_beside(
    set: &DataSet,
    set_path: &Path,
    warnings: &mut Vec<String>,
) -> Result<Signal, FormatError> {
    let path = beside::samples_of(set_path, [&set.data_name, &set.datfile], warnings)?;
    let nbchan = count(set.nbchan)
        .ok_or_else(|| unusable("EEG.nbchan, the number of channels, is missing or no number"))?;
    let channels = check_channels(nbchan)?;
    let io = |source| FormatError::Io { action: "reading the signal", source, path: path.clone() };
    let file = File::open(&path).map_err(io)?;
    let len = file.metadata().map_err(io)?.len();
    let frame = nbchan * BESIDE_BYTES;
    let there = len / frame;
    let said = count(set.pnts);
    let by_channel = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("dat"));
    if by_channel && said.is_some_and(|said| said > there) {
        // Channels lie one after the other: nobody knows where the missing samples would have been.
        return Err(unusable(format!(
            "{} holds {there} samples of {channels} channels where EEG.pnts is {}: it was cut",
            path.display(),
            said.unwrap_or_default()
        )));
    }
    let samples = said.unwrap_or(there).min(there);
    match said {
        Some(said) if said > there => {
            warnings.push(format!("EEG.pnts is {said}, but the .fdt file holds {there} samples"));
        }
        None => warnings.push(format!("EEG.pnts is missing: the {there} samples there are taken")),
        _ => {}
    }
    let left = len - samples * frame;
    if left > 0 {
        warnings.push(format!("{left} bytes behind the last sample are left out"));
    }
    Ok(Signal {
        file,
        path,
        from: 0,
        number: Number::Single,
        order: Order::Little,
        by_channel,
        channels,
        samples,
        bytes: Vec::new(),
    })
}

fn head(set: &DataSet, rate_hz: f64, signal: &Signal, warnings: &mut Vec<String>) -> Head {
    let mut facts = set.facts.clone();
    let fact = |name: &str| facts.iter().find(|(fact, _)| fact == name).map(|(_, text)| text);
    let reference = fact("reference").cloned().unwrap_or_default();
    let simulated = fact("comment").is_some_and(|text| text.contains("SIMULATED"));
    if let Some(xmin) = set.xmin.filter(|xmin| *xmin != 0.0 && xmin.is_finite()) {
        facts.push(("first sample".into(), format!("at {xmin} s of the data set's own axis")));
    }
    let channels =
        channels::channels(&set.places, signal.channels, &set.nose, &reference, warnings);
    let stream = StreamHead { kind: "EEG".into(), rate_hz, channels, ..StreamHead::default() };
    Head { format: FORMAT, started: None, streams: vec![stream], facts, simulated }
}
