//! Puts the stamps of a regular stream on straight lines, one per unbroken run.
//!
//! Takes a [`Stream`] whose stamps are on one clock; replaces them by the least-squares line over the
//! sample number, run by run, and measures the rate. Rules and constants are those of pyxdf 1.17.5
//! (`_jitter_removal`): a run ends where two stamps are more than a second and 500 samples apart; streams
//! that say that they can drop samples, and irregular ones, are left alone. Stamps agree to 1 µs.

use super::stream::Stream;
use crate::time::line::{mean_rate_hz, rate_hz, straighten};
use crate::time::offsets::split;

/// A step between two stamps longer than this, in seconds …
const BREAK_SECS: f64 = 1.0;
/// … and than this many periods breaks the run.
const BREAK_SAMPLES: f64 = 500.0;

/// Replaces the stamps, notes the runs and the measured rate.
pub(super) fn dejitter(stream: &mut Stream) {
    let samples = stream.stamps.len();
    if samples == 0 {
        return;
    }
    if stream.header.nominal_rate_hz == 0.0 || stream.header.can_drop_samples {
        stream.segments.push(0..samples);
        if stream.header.nominal_rate_hz > 0.0 {
            stream.effective_rate_hz = mean_rate_hz(&stream.stamps);
        }
        return;
    }
    let longest = BREAK_SECS.max(BREAK_SAMPLES * stream.header.period_secs());
    let steps = stream.stamps.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    let breaks: Vec<_> =
        steps.enumerate().filter(|(_, step)| *step > longest).map(|(i, _)| i).collect();
    stream.segments = split(samples, breaks.into_iter());
    let (mut intervals, mut secs) = (0.0, 0.0);
    for run in &stream.segments {
        let stamps = &mut stream.stamps[run.clone()];
        straighten(stamps);
        intervals += (stamps.len() - 1) as f64;
        secs += stamps[stamps.len() - 1] - stamps[0];
    }
    stream.effective_rate_hz = rate_hz(intervals, secs);
}
