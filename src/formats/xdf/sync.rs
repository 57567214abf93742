//! Brings a stream's stamps to the clock of the computer that recorded it.
//!
//! Takes the clock offsets of a [`Stream`]; adds the line that fits them between two resets of its clock
//! ([`crate::time::offsets`]) to the stamps, and notes drift and uncertainty (of the last, where the clock was reset). Where this differs from pyxdf: offsets that are not finite are left out,
//! and samples beyond the footer's count are kept (it drops them together with a last offset that looks odd; here
//! only that offset goes).

use super::stream::Stream;
use crate::time::offsets::{ClockOffset, Line, between_resets, closer_to, last_is_odd};

/// Adds the fitted offsets to the stamps and notes the clock segments; gives warnings.
pub(super) fn synchronize(stream: &mut Stream) -> Vec<String> {
    let mut warnings = Vec::new();
    let offsets = usable_offsets(stream, &mut warnings);
    if stream.stamps.is_empty() || offsets.is_empty() {
        return warnings;
    }
    let ranges = between_resets(&offsets);
    if ranges.len() > 1 {
        let times = ranges.len() - 1;
        warnings.push(format!("stream {}: its clock was reset {times} time(s)", stream.id));
    }
    let mut start = 0;
    for range in &ranges {
        let line = Line::through(&offsets[range.clone()]);
        let stop = match offsets.get(range.end) {
            Some(next) => {
                start
                    + closer_to(
                        &stream.stamps[start..],
                        offsets[range.end - 1].time_secs,
                        next.time_secs,
                    )
            }
            None => stream.stamps.len(),
        };
        if stop > start {
            for stamp in &mut stream.stamps[start..stop] {
                *stamp += line.offset_secs + line.drift * *stamp;
            }
            stream.clock_segments.push(start..stop);
            start = stop;
            stream.clock_drift_ppm = line.drift * 1e6;
            stream.clock_error_secs = line.error_secs(&offsets[range.clone()]);
        }
    }
    warnings
}

fn usable_offsets(stream: &Stream, warnings: &mut Vec<String>) -> Vec<ClockOffset> {
    let is_finite = |o: &&ClockOffset| o.time_secs.is_finite() && o.value_secs.is_finite();
    let mut offsets: Vec<_> = stream.clock_offsets.iter().filter(is_finite).copied().collect();
    let bad = stream.clock_offsets.len() - offsets.len();
    if bad > 0 {
        warnings.push(format!("stream {}: {bad} clock offset(s) are not numbers", stream.id));
    }
    let counted = stream.footer.and_then(|footer| footer.sample_count);
    let extra = counted.is_some_and(|count| stream.stamps.len() as u64 > count);
    if extra && last_is_odd(&offsets) {
        offsets.pop();
        warnings.push(format!("stream {}: its last clock offset is out of line", stream.id));
    }
    offsets
}
