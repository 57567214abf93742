//! Which frames follow each other, and which do not.
//!
//! Takes stamps, and the records of breaks where the recording has them; gives [`FrameMeta`] per frame. In
//! Phosphene's own recordings index and gap flag are read back exactly; in others, whose stamps are settled ([`crate::time::stretches`]), a step of more than one and a half
//! periods is a gap, and what it lost is counted by the clock.

use crate::formats::own::CONTINUITY_CHANNELS;
use crate::formats::xdf::{Stream, Values};
use crate::signal::FrameMeta;
use crate::time::gaps::GAP_PERIODS;

/// Frames of a tape without their values.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// One per frame.
    pub frames: Vec<FrameMeta>,
    /// Frames before which the device's clock was reset.
    pub clock_resets: Vec<usize>,
}

fn frame(index: u64, time_secs: f64, gap_before: bool) -> FrameMeta {
    FrameMeta { index, time_secs, arrival_secs: time_secs, gap_before }
}

/// The frames of a recording of ours. A record counts where row and stamp fit the frames; after damage to
/// the file rows may be off, then the stamp alone finds the frame.
pub(super) fn from_records(
    stamps: &[f64],
    records: Option<&Stream>,
    notes: &mut Vec<String>,
) -> Frames {
    let mut frames: Vec<_> = (0_u64..).zip(stamps).map(|(i, t)| frame(i, *t, false)).collect();
    let mut from = 0;
    let mut unknown = 0;
    for (stamp, [row, index, gap]) in records.map(read_records).unwrap_or_default() {
        let Some(at) = find_row(&stamps[from..], stamp, (row as usize).wrapping_sub(from)) else {
            unknown += 1;
            continue;
        };
        let start = from + at;
        for (frame, index) in frames[start..].iter_mut().zip(index as u64..) {
            frame.index = index;
        }
        frames[start].gap_before = gap != 0;
        from = start;
    }
    if unknown > 0 {
        notes.push(format!(
            "{unknown} break(s) noted by the recorder are about frames that are missing"
        ));
    }
    Frames { frames, clock_resets: Vec::new() }
}

fn read_records(stream: &Stream) -> Vec<(f64, [i64; CONTINUITY_CHANNELS.len()])> {
    let Values::Int64(values) = &stream.values else { return Vec::new() };
    let (rows, _) = values.as_chunks();
    stream.stamps.iter().copied().zip(rows.iter().copied()).collect()
}

fn find_row(stamps: &[f64], stamp: f64, guess: usize) -> Option<usize> {
    let same = |other: &f64| other.to_bits() == stamp.to_bits();
    if stamps.get(guess).is_some_and(same) {
        return Some(guess);
    }
    stamps.iter().position(same)
}

/// The frames of any other recording, whose stamps are the times at which they were taken.
pub(super) fn from_stamps(stream: &mut Stream, notes: &mut Vec<String>) -> Frames {
    let nominal_secs = stream.header.period_secs();
    // Of streams that say that they can drop samples, and where too few are numbers to draw a line.
    mend(&mut stream.stamps, nominal_secs, notes);
    let period_secs = if stream.header.can_drop_samples {
        // Such stamps stay as they are, and what is missing must not count as time between two samples.
        median_step(&stream.stamps)
    } else {
        1.0 / stream.effective_rate_hz
    };
    // A rate that cannot be measured, or is absurd, gives way to the nominal one.
    let trusted = (0.5..2.0).contains(&(period_secs / nominal_secs));
    let period_secs = if trusted { period_secs } else { nominal_secs };
    let starts = stream.clock_segments.iter().skip(1).map(|run| run.start);
    let clock_resets: Vec<usize> = starts.collect();
    let mut frames = Vec::with_capacity(stream.stamps.len());
    let (mut index, mut last) = (0_u64, None);
    for (row, stamp) in stream.stamps.iter().enumerate() {
        let step = last.map_or(period_secs, |last| stamp - last);
        let gap = step > GAP_PERIODS * period_secs;
        if gap {
            // The cast saturates; no recording is that long.
            index = index.saturating_add(((step / period_secs) - 1.0).round() as u64);
        }
        let reset = clock_resets.binary_search(&row).is_ok();
        frames.push(frame(index, *stamp, gap || reset || step < 0.0));
        index = index.saturating_add(1);
        last = Some(*stamp);
    }
    Frames { frames, clock_resets }
}

/// Replaces stamps that are not numbers by the one before and a period.
fn mend(stamps: &mut [f64], period_secs: f64, notes: &mut Vec<String>) {
    let mut bad = 0;
    let mut last = 0.0;
    for stamp in stamps {
        if !stamp.is_finite() {
            *stamp = last + period_secs;
            bad += 1;
        }
        last = *stamp;
    }
    if bad > 0 {
        notes.push(format!("{bad} time stamp(s) are not numbers and were filled in"));
    }
}

fn median_step(stamps: &[f64]) -> f64 {
    let mut steps: Vec<f64> = stamps.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if steps.is_empty() {
        return 0.0;
    }
    let half = steps.len() / 2;
    *steps.select_nth_unstable_by(half, f64::total_cmp).1
}
