//! Events, and the time axis that their boundaries make.
//!
//! EEGLAB cuts stretches out of a recording and joins what is left. Each cut is an event `boundary` (or the number -99
//! among numbers): its latency lies between the two samples that were joined, as 500.5, or on the first behind; its
//! duration is how many samples were cut out. So samples behind it, and events at it or behind, are later by that
//! much; the boundary itself is where the stretch before it ends. A boundary at or before the first sample moves
//! nothing: time zero is the first sample. Without a duration the length of the cut is not known.

use super::set::RawEvent;
use crate::formats::recording::Event;

/// Longest cut that is believed, in seconds: a year.
const MAX_CUT_SECS: f64 = 366.0 * 86_400.0;

/// Farthest latency and longest duration that are believed, in samples.
const MAX_LATENCY: f64 = 1e12;

/// Samples from one on that are later than their number says.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shift {
    /// Latency of the boundary, in samples from 1.
    latency: f64,
    /// All that was cut out before, in samples.
    samples: f64,
}

/// An event and its place among the samples.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    /// In samples from 0.
    pub sample: f64,
    pub event: Event,
}

/// Times of samples, and events in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    rate_hz: f64,
    shifts: Vec<Shift>,
    pub marks: Vec<Mark>,
}

impl Axis {
    /// The axis of `samples` samples.
    pub fn new(
        mut raw: Vec<RawEvent>,
        samples: u64,
        rate_hz: f64,
        warnings: &mut Vec<String>,
    ) -> Self {
        let all_numbers = raw.iter().all(|event| event.is_number);
        let before = raw.len();
        let has_place = |event: &RawEvent| event.latency.is_some_and(|at| at.abs() <= MAX_LATENCY);
        raw.retain(has_place);
        if raw.len() < before {
            let lost = before - raw.len();
            warnings.push(format!("{lost} event(s) have no latency and are left out"));
        }
        let latency = |event: &RawEvent| event.latency.unwrap_or_default();
        // What is at a boundary's own latency is behind the cut, as the sample there is.
        let is_behind = |event: &RawEvent| !is_boundary(event, all_numbers);
        raw.sort_by(|a, b| latency(a).total_cmp(&latency(b)).then(is_behind(a).cmp(&is_behind(b))));
        let mut axis = Self { rate_hz, shifts: Vec::new(), marks: Vec::with_capacity(raw.len()) };
        let (mut unknown, mut first_unknown) = (0_u64, 0.0);
        for event in raw {
            let at = latency(&event);
            let duration = event.duration.filter(|samples| (0.0..=MAX_LATENCY).contains(samples));
            // The boundary stands before its own shift.
            axis.mark(at, duration, event.label.clone());
            let joins = at > 1.0 && at.ceil() <= samples as f64;
            if !is_boundary(&event, all_numbers) || !joins {
                continue;
            }
            match duration.filter(|cut| *cut > 0.0 && cut / rate_hz <= MAX_CUT_SECS) {
                Some(cut) => axis.cut(at, cut),
                None => {
                    if unknown == 0 {
                        first_unknown = at;
                    }
                    unknown += 1;
                }
            }
        }
        if unknown > 0 {
            warnings.push(format!(
                "{unknown} boundary event(s), the first at latency {first_unknown}, mark cuts of unknown length: the \
                 samples on both sides of each follow one another here, and did not when they were taken"
            ));
        }
        axis
    }

    fn mark(&mut self, latency: f64, duration: Option<f64>, label: String) {
        let sample = latency - 1.0;
        let time_secs = (sample + self.shift()) / self.rate_hz;
        let duration_secs = duration.map(|samples| samples / self.rate_hz);
        self.marks.push(Mark { sample, event: Event { time_secs, duration_secs, label } });
    }

    fn cut(&mut self, latency: f64, samples: f64) {
        let samples = self.shift() + samples;
        self.shifts.push(Shift { latency, samples });
    }

    /// The shift behind all boundaries so far.
    fn shift(&self) -> f64 {
        self.shifts.last().map_or(0.0, |shift| shift.samples)
    }

    /// Appends the times of samples, counted from 0, in seconds.
    pub fn times(&self, samples: std::ops::Range<u64>, into: &mut Vec<f64>) {
        let mut next = self.shifts.partition_point(|shift| is_before(shift, samples.start));
        let mut late = match next.checked_sub(1).and_then(|last| self.shifts.get(last)) {
            Some(shift) => shift.samples,
            None => 0.0,
        };
        for sample in samples {
            while let Some(shift) = self.shifts.get(next).filter(|shift| is_before(shift, sample)) {
                late = shift.samples;
                next += 1;
            }
            into.push((sample as f64 + late) / self.rate_hz);
        }
    }

    /// The first of `samples` samples that is at or after a time; `samples` where none is.
    pub fn first_from(&self, secs: f64, samples: u64) -> u64 {
        let (mut low, mut high, mut time) = (0, samples, Vec::new());
        while low < high {
            let middle = low + (high - low) / 2;
            time.clear();
            self.times(middle..middle + 1, &mut time);
            if time.first().is_some_and(|time| *time < secs) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The first event that is at or after a time. Cuts only ever make later, so that events are in the order of time.
    pub fn first_mark_from(&self, secs: f64) -> usize {
        self.marks.partition_point(|mark| mark.event.time_secs < secs)
    }
}

/// Whether a cut lies before a sample, counted from 0.
fn is_before(shift: &Shift, sample: u64) -> bool {
    shift.latency <= sample as f64 + 1.0
}

fn is_boundary(event: &RawEvent, all_numbers: bool) -> bool {
    let by_number = all_numbers && event.label == "-99";
    by_number || event.label.trim().eq_ignore_ascii_case("boundary")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(label: &str, latency: f64, duration: f64) -> RawEvent {
        let (latency, duration) = (Some(latency), Some(duration));
        RawEvent { label: label.into(), is_number: label == "-99", latency, duration }
    }

    fn times(axis: &Axis, samples: std::ops::Range<u64>) -> Vec<f64> {
        let mut times = Vec::new();
        axis.times(samples, &mut times);
        times
    }

    #[test]
    fn a_cut_moves_what_is_behind_it() {
        let mut warnings = Vec::new();
        let events = vec![
            raw("late", 7.0, 0.0),
            raw("on the cut", 6.0, 0.0),
            raw("boundary", 3.5, 100.0),
            raw("boundary", 0.5, 50.0),
            raw("boundary", 6.0, 10.0),
            raw("early", 3.0, 2.0),
            raw("boundary", 10.5, 10.0),
        ];
        let axis = Axis::new(events, 10, 10.0, &mut warnings);
        let expected = [0.0, 0.1, 0.2, 10.3, 10.4, 11.5, 11.6, 11.7, 11.8, 11.9];
        assert_eq!(times(&axis, 0..10), expected);
        assert_eq!(times(&axis, 4..7), expected[4..7], "wherever a block begins");
        let at = |place: usize| {
            (axis.marks[place].event.label.as_str(), axis.marks[place].event.time_secs)
        };
        assert_eq!(at(1), ("early", 0.2));
        assert_eq!(at(2), ("boundary", 0.25));
        assert_eq!(axis.marks[2].event.duration_secs, Some(10.0));
        assert_eq!(at(4), ("on the cut", 11.5));
        assert_eq!(at(5), ("late", 11.6));
        assert!(warnings.is_empty(), "{warnings:?}");
        for (sample, secs) in expected.into_iter().enumerate() {
            let sample = sample as u64;
            assert_eq!(axis.first_from(secs, 10), sample);
            assert_eq!(axis.first_from(f64::next_up(secs), 10), sample + 1);
        }
        assert_eq!((axis.first_from(-1.0, 10), axis.first_from(f64::NAN, 10)), (0, 0));
        let marks = [-1.0, 0.2, 0.25, 0.26, 11.6, 99.0].map(|secs| axis.first_mark_from(secs));
        assert_eq!(marks, [0, 1, 2, 3, 5, 7]);
    }

    #[test]
    fn cuts_of_unknown_length_are_told() {
        let mut warnings = Vec::new();
        let events =
            vec![raw("-99", 3.5, f64::NAN), raw("-99", 5.5, 0.0), raw("-99", f64::NAN, 1.0)];
        let axis = Axis::new(events, 10, 10.0, &mut warnings);
        assert_eq!(times(&axis, 8..10), [0.8, 0.9]);
        assert!(warnings[0].starts_with("1 event(s) have no latency"), "{warnings:?}");
        assert!(warnings[1].starts_with("2 boundary event(s), the first at latency 3.5"));
    }
}
