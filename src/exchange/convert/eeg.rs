//! The signal and its events, and other regular streams for formats that hold several rates.

use super::choose::{Converted, find_eeg, session_events};
use crate::exchange::survey::{StreamSurvey, Survey};
use crate::formats::FormatError;
use crate::formats::recording::{Block, Event, Head, ReadRecording, WriteHead, WriteRecording};

/// Slower streams than a sample in a quarter of an hour have no place in formats whose headers hold eight characters.
const LEAST_RATE_HZ: f64 = 1e-3;

/// What a writer needs, and which stream it is about.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// For the writer.
    pub head: WriteHead,
    /// The stream that is written.
    pub stream: usize,
    /// Further ones, in the order of [`WriteHead::others`].
    pub others: Vec<usize>,
    /// Time of its first sample on the recording's own axis: zero of what is written.
    pub zero_secs: f64,
    grid: Grid,
    /// What is left out.
    pub notes: Vec<String>,
}

/// Chooses the stream and collects what the writer must know beforehand; with `with_others` other regular streams of numbers
/// are written, too.
///
/// # Errors
/// [`FormatError::Unusable`] when there is no regular stream of numbers with samples.
pub fn prepare(head: &Head, found: &Survey, with_others: bool) -> Result<Prepared, FormatError> {
    let Some(stream) = find_eeg(&head.streams, found) else {
        let why = "it has no regular stream of numbers with samples in it".into();
        return Err(FormatError::Unusable { format: head.format, why });
    };
    let (about, seen) = (&head.streams[stream], &found.streams[stream]);
    if about.rate_hz < LEAST_RATE_HZ {
        let why = format!(
            "its rate is {} Hz where at least {LEAST_RATE_HZ} Hz can be written; choose XDF",
            about.rate_hz
        );
        return Err(FormatError::Unusable { format: head.format, why });
    }
    let zero_secs = seen.first_secs;
    let (mut notes, mut others) = (Vec::new(), Vec::new());
    for (place, other) in head.streams.iter().enumerate() {
        let markers = crate::formats::events::is_markers(other);
        if other.is_apart && found.streams[place].samples > 0 {
            notes.push(format!(
                "{} event(s) of '{}' are left out: their clock has no second in common with the signal's",
                found.streams[place].samples, other.name
            ));
            continue;
        }
        if place == stream || markers || found.streams[place].samples == 0 {
            continue;
        }
        if with_others && other.rate_hz > 0.0 && !other.is_text && !other.channels.is_empty() {
            others.push(place);
        } else {
            notes.push(format!("the stream '{}' is left out", other.name));
        }
    }
    if seen.steps_back > 0 {
        notes.push(format!("samples whose time steps back were moved ({} steps)", seen.steps_back));
    }
    let grid = Grid::of(about, seen);
    if grid.drift_secs().abs() > 0.5 / about.rate_hz {
        notes.push(format!(
            "the clock ran at {:.4} Hz; samples are laid at {} Hz and events with them, {:+.3} s at the end",
            seen.measured_rate_hz(), about.rate_hz, grid.drift_secs()
        ));
    }
    let shifted = |event: &Event| Event {
        time_secs: grid.laid(event.time_secs - zero_secs),
        ..event.clone()
    };
    // An XDF file's axis is a computer's clock; its date is when recording began, which is the first sample.
    let on_axis = if head.format.starts_with("XDF") { 0.0 } else { zero_secs };
    let range = |moments: &crate::exchange::survey::Moments| {
        if moments.min <= moments.max { [moments.min, moments.max] } else { [0.0, 0.0] }
    };
    Ok(Prepared {
        head: WriteHead {
            started: head.started.map(|time| time.plus_secs(on_axis)),
            stream: about.clone(),
            ranges: seen.channels.iter().map(range).collect(),
            others: others
                .iter()
                .map(|place| {
                    let ranges = found.streams[*place].channels.iter().map(range).collect();
                    (head.streams[*place].clone(), ranges)
                })
                .collect(),
            events: session_events(&found.events).map(shifted).collect(),
            facts: head.facts.clone(),
            simulated: head.simulated,
        },
        stream,
        others,
        zero_secs,
        grid,
        notes,
    })
}

/// Lays samples at their nominal rate within each gapless run, and events with them.
///
/// The formats know one rate. A device whose clock runs at 249.98 Hz by the computer's would drift away from its
/// events by seconds in an hour.
#[derive(Clone, Debug)]
pub struct Grid {
    /// True start and end of each run, and where it is laid, in seconds from the first sample.
    runs: Vec<[f64; 3]>,
    /// Nominal seconds per true second.
    stretch: f64,
}

/// Clocks further off than this are not drift but a wrong nominal rate.
const MOST_DRIFT: f64 = 0.05;

impl Grid {
    fn of(stream: &crate::formats::recording::StreamHead, seen: &StreamSurvey) -> Self {
        let measured = seen.measured_rate_hz() / stream.rate_hz;
        // Gaps beyond those that were kept, or a rate that is not the nominal one: times stay as they are.
        let usable =
            (measured - 1.0).abs() < MOST_DRIFT && seen.gaps.len() as u64 == seen.gap_count;
        let stretch = if usable { measured } else { 1.0 };
        let period_secs = 1.0 / stream.rate_hz;
        let mut grid = Self { runs: Vec::with_capacity(seen.gaps.len() + 1), stretch };
        let (mut start, mut laid) = (0.0, 0.0);
        for gap in &seen.gaps {
            let end = gap.after_secs - seen.first_secs;
            grid.runs.push([start, end, laid]);
            let laid_end = laid + (end - start) * stretch;
            start = end + gap.step_secs;
            laid = start.max(laid_end + period_secs);
        }
        grid.runs.push([start, seen.last_secs - seen.first_secs, laid]);
        grid
    }

    /// Where a moment is laid.
    fn laid(&self, time_secs: f64) -> f64 {
        let place = self.runs.partition_point(|[start, ..]| *start <= time_secs).saturating_sub(1);
        let Some([start, end, laid]) = self.runs.get(place) else { return time_secs };
        let within = time_secs.min(*end) - start;
        laid + within * self.stretch + (time_secs - end).max(0.0)
    }

    /// How far the end of the recording moves, in seconds.
    fn drift_secs(&self) -> f64 {
        self.runs.last().map_or(0.0, |[_, end, _]| self.laid(*end) - end)
    }
}

/// Copies the stream from its first sample on.
pub(super) fn copy(
    reader: &mut dyn ReadRecording,
    prepared: Prepared,
    mut writer: Box<dyn WriteRecording>,
    mut on_progress: impl FnMut(f64),
) -> Result<Converted, FormatError> {
    reader.rewind()?;
    let period_secs = 1.0 / prepared.head.stream.rate_hz;
    let (mut block, mut samples, mut last) = (Block::default(), 0, f64::NEG_INFINITY);
    while reader.next_block(&mut block)? {
        on_progress(reader.progress());
        if let Some(other) = prepared.others.iter().position(|place| *place == block.stream) {
            let laid = |time: &f64| prepared.grid.laid(*time - prepared.zero_secs);
            let times_secs: Vec<f64> = block.times_secs.iter().map(laid).collect();
            writer.write_other(other, &times_secs, &block.values)?;
        }
        if block.stream != prepared.stream {
            continue;
        }
        for time in &mut block.times_secs {
            *time = prepared.grid.laid(*time - prepared.zero_secs);
            if *time <= last {
                *time = last + period_secs;
            }
            last = *time;
        }
        samples += block.times_secs.len() as u64;
        writer.write(&block.times_secs, &block.values)?;
    }
    let mut notes = prepared.notes;
    notes.extend(writer.finish()?);
    Ok(Converted { samples, events: prepared.head.events.len() as u64, notes })
}
