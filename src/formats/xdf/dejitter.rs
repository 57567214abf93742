//! Puts the stamps of a regular stream on straight lines, one per unbroken run.
//!
//! Takes a [`Stream`] whose stamps are on one clock; replaces them by the least-squares line over the
//! sample number, run by run, and measures the rate. Rules and constants are those of pyxdf 1.17.5
//! (`_jitter_removal`): a run ends where two stamps are more than a second and 500 samples apart; streams
//! that say that they can drop samples, and irregular ones, are left alone. Stamps agree to 1 µs.

use super::Stream;
use super::sync::split;

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

/// Mean rate over all stamps in Hz; zero where they do not advance.
pub(super) fn mean_rate_hz(stamps: &[f64]) -> f64 {
    match stamps {
        [first, .., last] => rate_hz((stamps.len() - 1) as f64, last - first),
        _ => 0.0,
    }
}

fn rate_hz(intervals: f64, secs: f64) -> f64 {
    let rate = intervals / secs;
    if intervals > 0.0 && rate.is_finite() { rate.max(0.0) } else { 0.0 }
}

/// Replaces stamps by the line that fits them best. Sums are taken about the middle: numbers stay small,
/// so nothing is lost to rounding however late in the file the run is.
fn straighten(stamps: &mut [f64]) {
    let count = stamps.len() as f64;
    let first = stamps[0];
    let middle = (count - 1.0) / 2.0;
    let mean = stamps.iter().map(|stamp| stamp - first).sum::<f64>() / count;
    if !mean.is_finite() {
        return; // one bad stamp must not spoil the others
    }
    let (mut above, mut below) = (0.0, 0.0);
    for (i, stamp) in stamps.iter().enumerate() {
        let x = i as f64 - middle;
        above += x * (stamp - first - mean);
        below += x * x;
    }
    if below == 0.0 {
        return;
    }
    let slope = above / below;
    for (i, stamp) in stamps.iter_mut().enumerate() {
        *stamp = first + (mean + slope * (i as f64 - middle));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jittered_line_becomes_the_line() {
        let jitter = |i: usize| if i.is_multiple_of(2) { 0.001 } else { -0.001 };
        let mut stamps: Vec<_> = (0..1000).map(|i| 1e6 + i as f64 / 250.0 + jitter(i)).collect();
        straighten(&mut stamps);
        // Alternating by e, the error tilts a line over n samples by 6·e/n² per sample: 6 ns of 4 ms here.
        assert!((mean_rate_hz(&stamps) - 250.0).abs() < 250.0 * 2e-6);
        assert!((stamps[500] - (1e6 + 2.0)).abs() < 1e-5);
    }

    #[test]
    fn stamps_that_stand_still_have_no_rate() {
        assert_eq!(mean_rate_hz(&[1.0, 1.0, 1.0]), 0.0);
        assert_eq!(mean_rate_hz(&[1.0]), 0.0);
    }
}
