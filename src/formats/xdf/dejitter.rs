//! When the samples of a regular stream were taken.
//!
//! Takes a [`Stream`] whose stamps are on one clock; replaces them by the times of their samples, notes the stretches and the
//! measured rate, and gives what has to be said. Rules: [`crate::time::stretches`]. Streams that say that they can drop
//! samples, and irregular ones, are left alone. `as_pyxdf` has pyxdf's rules and constants instead (1.17.5,
//! `_jitter_removal`), for those who need its numbers: a run ends only where two stamps are more than a second and 500 samples
//! apart, so that what lies behind a shorter dropout is moved. Stamps agree with it to 1 µs.

use super::stream::Stream;
use crate::formats::recording::StampFaults;
use crate::time::line::{mean_rate_hz, rate_hz, straighten};
use crate::time::offsets::split;
use crate::time::stretches::{Account, settle};

/// A step between two stamps longer than this, in seconds …
const BREAK_SECS: f64 = 1.0;
/// … and than this many periods breaks the run.
const BREAK_SAMPLES: f64 = 500.0;

/// Samples that are named in a message.
const MAX_NAMED: usize = 5;

/// Replaces the stamps, notes stretches and the measured rate; gives what was found, in words.
pub(super) fn dejitter(stream: &mut Stream) -> Vec<String> {
    if is_left_alone(stream) {
        return Vec::new();
    }
    let account = settle(&mut stream.stamps, stream.header.period_secs());
    stream.effective_rate_hz = measured_rate_hz(stream, &account.runs);
    stream.segments.clone_from(&account.runs);
    let said = words(stream, &account);
    stream.stamp_faults = StampFaults::of(&account);
    stream.steps_back = account.back;
    said
}

/// What to tell of the stamps; times count from the first sample.
fn words(stream: &Stream, account: &Account) -> Vec<String> {
    let name = &stream.header.name;
    let from_start = |sample: usize| stream.stamps[sample] - stream.stamps[0];
    let mut said = Vec::new();
    if !account.impossible.is_empty() {
        let (count, some) = (account.impossible.len(), account.impossible.iter().take(MAX_NAMED));
        let some: Vec<String> = some.map(ToString::to_string).collect();
        let more = if count > MAX_NAMED { ", …" } else { "" };
        said.push(format!(
            "{name}: {count} time stamp(s) are impossible (samples {}{more}); taken from their neighbours",
            some.join(", ")
        ));
    }
    for jump in account.back.iter().take(MAX_NAMED) {
        said.push(format!(
            "{name}: the sender's clock stepped back by {:.3} s at sample {}; what follows goes on from there",
            jump.secs, jump.sample
        ));
    }
    for jump in account.late.iter().take(MAX_NAMED) {
        // The sample before is the last that came in time.
        let at = from_start(jump.sample.saturating_sub(1));
        said.push(format!(
            "{name}: nothing came for {:.2} s at {at:.2} s from the start, then what was held back at once: late, not lost",
            jump.secs
        ));
    }
    let silent =
        account.late.len().saturating_sub(MAX_NAMED) + account.back.len().saturating_sub(MAX_NAMED);
    if silent > 0 {
        said.push(format!("{name}: {silent} more of these"));
    }
    said
}

/// Rate over the stretches, without what is missing between them.
fn measured_rate_hz(stream: &Stream, runs: &[std::ops::Range<usize>]) -> f64 {
    let (mut intervals, mut secs) = (0.0, 0.0);
    for run in runs.iter().filter(|run| !run.is_empty()) {
        intervals += (run.len() - 1) as f64;
        secs += stream.stamps[run.end - 1] - stream.stamps[run.start];
    }
    rate_hz(intervals, secs)
}

/// True for streams whose stamps stay as they are; notes their one run and mean rate.
fn is_left_alone(stream: &mut Stream) -> bool {
    let samples = stream.stamps.len();
    let nominal_rate_hz = stream.header.nominal_rate_hz;
    if samples > 0 && nominal_rate_hz != 0.0 && !stream.header.can_drop_samples {
        return false;
    }
    if samples > 0 {
        stream.segments.push(0..samples);
        if nominal_rate_hz > 0.0 {
            stream.effective_rate_hz = mean_rate_hz(&stream.stamps);
        }
    }
    true
}

/// As [`dejitter`], as pyxdf does it.
pub(super) fn as_pyxdf(stream: &mut Stream) {
    if is_left_alone(stream) {
        return;
    }
    let samples = stream.stamps.len();
    let longest = BREAK_SECS.max(BREAK_SAMPLES * stream.header.period_secs());
    let steps = stream.stamps.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    let breaks: Vec<_> =
        steps.enumerate().filter(|(_, step)| *step > longest).map(|(i, _)| i).collect();
    stream.segments = split(samples, breaks.into_iter());
    for run in &stream.segments {
        straighten(&mut stream.stamps[run.clone()]);
    }
    stream.effective_rate_hz = measured_rate_hz(stream, &stream.segments);
}
