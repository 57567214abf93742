//! When the segments of a recording were taken.
//!
//! A recorder that was paused goes on in the same file: the samples behind a `New Segment` marker follow directly, and only
//! its date says how long the pause was. Takes positions and dates; gives the time of any sample since the first. Dates
//! come from the computer's clock and samples from the amplifier's, so that a date a little early is taken for their
//! difference; one that lies inside the segment before is told, and its segment follows directly.

use crate::formats::recording::Calendar;
use crate::time::gaps::GAP_PERIODS;

/// How far the clocks of computer and amplifier drift apart, at most: a share of the time.
const DRIFT_SHARE: f64 = 1e-3;

/// Warnings of dates.
const MAX_NAMED: usize = 5;

/// The segments of a recording.
#[derive(Clone, Debug, Default)]
pub(super) struct Segments {
    /// Date of the first sample.
    pub started: Option<Calendar>,
    /// First sample and its time in seconds, of each segment that does not follow directly; in order.
    starts: Vec<(u64, f64)>,
    period_secs: f64,
}

impl Segments {
    /// From what the markers say, in order of position.
    pub fn new(
        found: &[(u64, Option<Calendar>)],
        period_secs: f64,
        warnings: &mut Vec<String>,
    ) -> Self {
        let dated = || found.iter().filter_map(|(first, date)| Some((*first, (*date)?)));
        let Some((origin, started)) = dated().next() else {
            return Self { period_secs, ..Self::default() };
        };
        let zero = started.plus_secs(-(origin as f64) * period_secs);
        let mut segments = Self { started: Some(zero), starts: Vec::new(), period_secs };
        let mut early = 0;
        for (first, date) in dated().skip(1) {
            let dated_secs = date.unix_secs() - zero.unix_secs();
            let missing_secs = dated_secs - segments.secs_of(first);
            if missing_secs > GAP_PERIODS * period_secs - period_secs {
                // A gap is a whole number of samples long: nobody knows the date to less.
                let whole = (missing_secs / period_secs).round() * period_secs;
                segments.starts.push((first, segments.secs_of(first) + whole));
            } else if missing_secs < -(DRIFT_SHARE * dated_secs.abs()).max(period_secs) {
                early += 1;
                if early <= MAX_NAMED {
                    warnings.push(format!(
                        "the segment at sample {first} is dated {}, inside the one before: it is taken to follow directly",
                        date.iso8601()
                    ));
                }
            }
        }
        segments
    }

    /// Time of a sample, in seconds since the first.
    pub fn secs_of(&self, sample: u64) -> f64 {
        match self.starts.partition_point(|(first, _)| *first <= sample).checked_sub(1) {
            None => sample as f64 * self.period_secs,
            Some(place) => {
                let (first, secs) = self.starts[place];
                secs + (sample - first) as f64 * self.period_secs
            }
        }
    }

    /// The first of `samples` samples that is at or after a time; `samples` where none is.
    pub fn first_from(&self, secs: f64, samples: u64) -> u64 {
        let (mut low, mut high) = (0, samples);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.secs_of(middle) < secs {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: f64) -> Option<Calendar> {
        Some(Calendar { year: 2026, month: 11, day: 29, hour: 9, minute: 0, second })
    }

    #[test]
    fn a_pause_is_as_long_as_the_dates_say() {
        let mut warnings = Vec::new();
        let found = [(0, at(1.0)), (2500, at(11.0)), (5000, at(51.5))];
        let segments = Segments::new(&found, 0.004, &mut warnings);
        assert_eq!(segments.secs_of(2499), 2499.0 * 0.004);
        assert_eq!(segments.secs_of(2500), 10.0);
        assert!((segments.secs_of(5000) - 50.5).abs() < 1e-9);
        assert!((segments.secs_of(5001) - 50.504).abs() < 1e-9);
        assert_eq!((warnings, segments.started), (vec![], at(1.0)));
    }

    #[test]
    fn samples_are_found_by_time_across_pauses() {
        let found = [(0, at(1.0)), (2500, at(11.0)), (5000, at(51.5))];
        let segments = Segments::new(&found, 0.004, &mut Vec::new());
        for sample in [0, 1, 2499, 2500, 4999, 5000, 5999] {
            let secs = segments.secs_of(sample);
            assert_eq!(segments.first_from(secs, 6000), sample);
            assert_eq!(segments.first_from(secs.next_up(), 6000), sample + 1);
        }
        let ends = [-5.0, f64::NEG_INFINITY, f64::NAN, f64::INFINITY, 1e9];
        assert_eq!(ends.map(|secs| segments.first_from(secs, 6000)), [0, 0, 0, 6000, 6000]);
        assert_eq!(segments.first_from(30.0, 6000), 5000, "within a pause");
        assert_eq!(segments.first_from(1.0, 0), 0);
    }

    #[test]
    fn a_date_inside_the_segment_before_moves_nothing() {
        let mut warnings = Vec::new();
        let found = [(0, at(1.0)), (2500, at(5.0)), (5000, None)];
        let segments = Segments::new(&found, 0.004, &mut warnings);
        assert_eq!(segments.secs_of(6000), 6000.0 * 0.004);
        assert!(warnings[0].contains("sample 2500"), "{warnings:?}");
    }
}
