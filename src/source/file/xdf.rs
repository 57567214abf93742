//! XDF as a tape.
//!
//! Takes a reader; picks the EEG stream (type EEG, else the first regular stream of numbers), brings it to
//! µV, and merges all streams of markers by time. Phosphene's own recordings are taken exactly as they
//! stand, continuity included. Others are brought to one clock, and each sample gets the time at which it was taken.

use std::io::{Read, Seek};
use std::path::Path;

use super::channels::{Selection, note_implausible, select};
use super::continuity::{Frames, from_records, from_stamps};
use super::tape::{MAX_TAPE_BYTES, Tape, merge_markers, place_markers};
use crate::formats::xdf::{LoadOptions, Stream, Values, XdfFile, load};
use crate::formats::{FormatError, own};
use crate::signal::Marker;
use crate::signal::marker::MAX_LABEL_BYTES;
use crate::source::{SourceInfo, SourceKind};
use crate::subject::strength;
use crate::units::SampleRate;

/// Warnings of the reader that are shown; the rest is counted.
const MAX_NOTES: usize = 8;

/// A nominal rate further from the measured one than this share is worth a note.
const RATE_TOLERANCE: f64 = 0.002;

/// Reads a whole file.
pub(super) fn read<R: Read + Seek>(reader: R, path: &Path) -> Result<Tape, FormatError> {
    let mut file = load(reader, path, &LoadOptions::raw())?;
    let Some(eeg) = find_eeg(&file.streams) else {
        let why = "it has no regular stream of numbers with samples in it".into();
        return Err(FormatError::Unusable { format: "XDF", why });
    };
    let own = file.streams[eeg].header.own_stamps;
    if !own {
        file.settle();
    }
    let mut notes = first_notes(&file.warnings);
    let markers = merge_markers(marker_lists(&file, eeg, own, &mut notes));
    let has_markers = file.streams.iter().any(is_markers);
    let frames = if own {
        from_records(&file.streams[eeg].stamps, continuity(&file.streams), &mut notes)
    } else {
        from_stamps(&mut file.streams[eeg], &mut notes)
    };
    let stream = &file.streams[eeg];
    let selection = select(&stream.header, &mut notes);
    let samples = in_microvolts(stream, &selection)?;
    note_implausible(&samples, selection.labels.len(), &mut notes);
    notes.extend(stream.header.snr_db.map(strength::words));
    let info = SourceInfo {
        mounted: None,
        kind: SourceKind::File,
        name: path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into()),
        simulated: is_simulated(stream),
        snr_db: stream.header.snr_db,
        channels: selection.labels,
        rate: nominal_rate(stream, &mut notes)?,
        source_unit: selection.unit,
        has_markers,
        notes,
    };
    let Frames { frames, clock_resets } = frames;
    let markers = place_markers(&frames, markers);
    Ok(Tape { info, samples, frames, clock_resets, markers })
}

fn find_eeg(streams: &[Stream]) -> Option<usize> {
    let usable = |stream: &Stream| {
        let text = matches!(stream.values, Values::Text(_));
        !text
            && !stream.is_empty()
            && stream.header.nominal_rate_hz > 0.0
            && stream.header.channel_count > 0
    };
    let is_eeg = |stream: &Stream| stream.header.kind.eq_ignore_ascii_case(own::EEG_KIND);
    streams
        .iter()
        .position(|stream| usable(stream) && is_eeg(stream))
        .or_else(|| streams.iter().position(usable))
}

/// Streams of text are markers, and so are irregular numbers that say that they are.
fn is_markers(stream: &Stream) -> bool {
    let kind = stream.header.kind.to_lowercase();
    let ours = stream.header.own_stamps && stream.header.kind != own::MARKERS_KIND;
    let named = ["marker", "event", "stim", "trigger"].iter().any(|word| kind.contains(word));
    let text = matches!(stream.values, Values::Text(_));
    !ours && !stream.is_apart && (text || (stream.header.nominal_rate_hz == 0.0 && named))
}

fn marker_lists(
    file: &XdfFile,
    eeg: usize,
    own: bool,
    notes: &mut Vec<String>,
) -> Vec<Vec<Marker>> {
    let mut long = 0;
    let mut lists = Vec::new();
    for (place, stream) in file.streams.iter().enumerate() {
        if is_markers(stream) {
            let labels = (0..stream.len()).map(|row| (stream.stamps[row], label(stream, row)));
            let labels = labels.filter(|(_, label)| !(own && label.starts_with(own::NOTE_PREFIX)));
            lists.push(
                labels
                    .map(|(time, label)| {
                        long += usize::from(label.len() > MAX_LABEL_BYTES);
                        Marker::new(time, &label)
                    })
                    .collect(),
            );
        } else if place != eeg && !stream.header.own_stamps && !stream.is_empty() {
            notes.push(format!("the stream '{}' is not replayed", stream.header.name));
        }
    }
    if long > 0 {
        notes.push(format!(
            "{long} marker labels are longer than {MAX_LABEL_BYTES} bytes and were cut"
        ));
    }
    if own {
        notes.extend(losses(file));
    }
    lists
}

/// The label of a sample of a stream of markers; several channels are joined by spaces.
fn label(stream: &Stream, row: usize) -> String {
    let width = stream.header.channel_count;
    let values = (row * width..(row + 1) * width).map(|i| stream.values.text(i));
    values.collect::<Vec<_>>().join(" ")
}

/// What a recording of ours notes of frames that its recorder lost.
fn losses(file: &XdfFile) -> Vec<String> {
    let markers = file.streams.iter().filter(|stream| is_markers(stream));
    let all = markers.flat_map(|stream| (0..stream.len()).map(|row| label(stream, row)));
    let lost = all.filter(|label| label.starts_with(own::NOTE_PREFIX)).count();
    (lost > 0).then(|| format!("the recorder lost frames {lost} time(s)")).into_iter().collect()
}

fn continuity(streams: &[Stream]) -> Option<&Stream> {
    let is_it = |s: &&Stream| s.header.own_stamps && s.header.kind == own::CONTINUITY_KIND;
    streams.iter().find(is_it).filter(|s| s.header.channel_count == own::CONTINUITY_CHANNELS.len())
}

fn in_microvolts(stream: &Stream, selection: &Selection) -> Result<Vec<f32>, FormatError> {
    let bytes = (stream.len() as u64 * selection.rows.len() as u64).saturating_mul(4);
    if bytes > MAX_TAPE_BYTES {
        let why = format!(
            "its signal would take {} MiB of memory where {} are allowed; cut it into shorter files",
            bytes >> 20,
            MAX_TAPE_BYTES >> 20
        );
        return Err(FormatError::Unusable { format: "XDF", why });
    }
    let width = stream.header.channel_count;
    let mut samples = Vec::with_capacity(stream.len() * selection.rows.len());
    for row in 0..stream.len() {
        for (channel, scale) in &selection.rows {
            samples.push(microvolts(&stream.values, row * width + channel, *scale));
        }
    }
    Ok(samples)
}

fn microvolts(values: &Values, i: usize, scale: f64) -> f32 {
    match values {
        // Not through f64: every bit stays, also of what is not a number.
        Values::Float32(values) if scale == 1.0 => values[i],
        _ => (values.number(i).unwrap_or(f64::NAN) * scale) as f32,
    }
}

fn nominal_rate(stream: &Stream, notes: &mut Vec<String>) -> Result<SampleRate, FormatError> {
    let nominal = stream.header.nominal_rate_hz;
    let measured = stream.effective_rate_hz;
    if !stream.header.own_stamps && (measured / nominal - 1.0).abs() > RATE_TOLERANCE {
        notes.push(format!("the rate is {nominal} Hz by name and {measured:.2} Hz by its stamps"));
    }
    SampleRate::new(nominal)
        .map_err(|why| FormatError::Unusable { format: "XDF", why: why.to_string() })
}

fn is_simulated(stream: &Stream) -> bool {
    let header = &stream.header;
    let says = |text: &str| {
        let text = text.to_lowercase();
        text.contains("simulat") || text.contains("synthetic")
    };
    header.simulated || says(&header.name) || says(&header.source_id)
}

fn first_notes(warnings: &[String]) -> Vec<String> {
    let mut notes: Vec<_> = warnings.iter().take(MAX_NOTES).cloned().collect();
    if warnings.len() > MAX_NOTES {
        notes.push(format!("and {} more warnings about the file", warnings.len() - MAX_NOTES));
    }
    notes
}
