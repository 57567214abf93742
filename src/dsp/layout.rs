//! Where window and baseline lie, in samples from the window's first one.
//!
//! Takes spans in seconds relative to the onset and the pack's rate; gives sample offsets, with lengths
//! bounded so that no setting can ask for unbounded memory.

use super::error::DspError;
use crate::units::SampleRate;

/// Longest span of window and baseline together.
const MAX_SPAN_SECS: f64 = 30.0;

/// Sample offsets from the window's first sample.
pub(super) struct Layout {
    pub samples: usize,
    /// Offset and length.
    pub baseline: Option<(i64, usize)>,
    /// First of window and baseline.
    pub begin: i64,
    /// One past the last of both.
    pub end: i64,
}

impl Layout {
    pub fn new(
        rate: SampleRate,
        window_secs: [f64; 2],
        baseline_secs: Option<[f64; 2]>,
    ) -> Result<Self, DspError> {
        let samples = length("the window", rate, window_secs)?;
        let baseline = match baseline_secs {
            None => None,
            Some(secs) => {
                let offset = ((secs[0] - window_secs[0]) * rate.hz()).round() as i64;
                Some((offset, length("the baseline", rate, secs)?))
            }
        };
        let (mut begin, mut end) = (0, samples as i64);
        if let Some((offset, count)) = baseline {
            begin = begin.min(offset);
            end = end.max(offset.saturating_add(count as i64));
        }
        let span_secs = end.saturating_sub(begin) as f64 * rate.period_secs();
        if span_secs > MAX_SPAN_SECS + 1.0 {
            return Err(span_error("window and baseline together", span_secs));
        }
        Ok(Self { samples, baseline, begin, end })
    }
}

/// Samples between two times relative to the onset.
fn length(what: &'static str, rate: SampleRate, [from, to]: [f64; 2]) -> Result<usize, DspError> {
    let secs = to - from;
    let sensible = from.abs() <= MAX_SPAN_SECS && to.abs() <= MAX_SPAN_SECS && secs > 0.0;
    match rate.samples_in(secs) {
        samples if sensible && samples > 0 => Ok(samples),
        _ => Err(span_error(what, secs)),
    }
}

fn span_error(what: &'static str, got: f64) -> DspError {
    let expected = "a length of at least one sample, within 30 s of the onset (seconds)";
    DspError::OutOfRange { what, expected, got }
}
