//! Streams of other rates in the records of a file.
//!
//! Takes samples of a stream as they come; gives, for each record of the signal, as many as a record holds: for each moment of
//! the record the sample nearest to it, so that a sample moves by half an interval at most. Where none is that near, the last
//! one is repeated (zero before the first), and counted. Holds what has not been written yet, up to a limit in bytes; what lies
//! before the signal begins is never held.

use std::collections::VecDeque;

use super::layout::FieldRange;
use crate::formats::recording::StreamHead;

/// Values kept of a stream whose signal has not come yet: 64 MiB. Further ones push out the oldest.
const MAX_WAITING: usize = 1 << 23;

/// A stream beside the signal.
#[derive(Debug)]
pub(super) struct Other {
    /// What it is.
    pub stream: StreamHead,
    /// Of each channel.
    pub ranges: Vec<FieldRange>,
    /// Samples of a record.
    pub samples: usize,
    /// Times of what waits, and its values, row by row.
    times_secs: VecDeque<f64>,
    values: VecDeque<f64>,
    last: Vec<f64>,
    /// Moments for which there was no sample.
    pub repeated: u64,
    /// Samples that lie in no record.
    pub left_out: u64,
}

impl Other {
    /// Of a stream with a range for each channel, and so many samples in a record.
    pub fn new(stream: StreamHead, ranges: Vec<FieldRange>, samples: usize) -> Self {
        let last = vec![0.0; stream.channels.len()];
        let (times_secs, values) = (VecDeque::new(), VecDeque::new());
        Self { stream, ranges, samples, times_secs, values, last, repeated: 0, left_out: 0 }
    }

    /// Takes samples at rising times, in seconds from the first of the signal; `values` is `[samples, channels]`.
    pub fn take(&mut self, times_secs: &[f64], values: &[f64]) {
        let earliest_secs = -0.5 / self.stream.rate_hz;
        for (time, row) in times_secs.iter().zip(values.chunks_exact(self.last.len().max(1))) {
            if *time < earliest_secs {
                self.left_out += 1;
                continue;
            }
            if self.values.len() + row.len() > MAX_WAITING {
                self.pop();
                self.left_out += 1;
            }
            self.times_secs.push_back(*time);
            self.values.extend(row);
        }
    }

    /// Takes the oldest that waits for the last.
    fn pop(&mut self) {
        self.times_secs.pop_front();
        let width = self.last.len();
        self.last.clear();
        self.last.extend(self.values.drain(..width));
    }

    /// Whether all that belongs before this time has come.
    pub fn has_until(&self, secs: f64) -> bool {
        self.times_secs.back().is_some_and(|time| *time >= secs)
    }

    /// The samples of a record, `[samples, channels]`.
    pub fn record(&mut self, onset_secs: f64) -> Vec<f64> {
        let half_secs = 0.5 / self.stream.rate_hz;
        let mut rows = Vec::with_capacity(self.samples * self.last.len());
        for sample in 0..self.samples {
            let moment = onset_secs + sample as f64 / self.stream.rate_hz;
            let early_secs = moment - half_secs - 1e-9;
            while self.times_secs.front().is_some_and(|time| *time < early_secs) {
                self.pop();
                self.left_out += 1;
            }
            let late_secs = moment + half_secs - 1e-9;
            if self.times_secs.front().is_some_and(|time| *time < late_secs) {
                self.pop();
            } else {
                self.repeated += 1;
            }
            rows.extend_from_slice(&self.last);
        }
        rows
    }

    /// What to tell at the end.
    pub fn said(&self) -> Vec<String> {
        let name = &self.stream.name;
        let left_out = self.left_out + self.times_secs.len() as u64;
        [
            (
                self.repeated,
                "sample(s) were not there: the last one is repeated, or zero before the first",
            ),
            (left_out, "sample(s) lie in no record of the signal and are left out"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{name}: {count} {what}"))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::recording::ChannelHead;

    #[test]
    fn a_record_takes_the_nearest_samples_and_repeats_what_is_missing() {
        let channels = vec![ChannelHead::default()];
        let stream = StreamHead { rate_hz: 10.0, channels, ..StreamHead::default() };
        let mut other = Other::new(stream, Vec::new(), 5);
        let times = [0.03, 0.13, 0.24, 0.43, 0.53];
        other.take(&times, &[1.0, 2.0, 3.0, 5.0, 6.0]);
        assert!(other.has_until(0.5) && !other.has_until(0.6));
        assert_eq!(other.record(0.0), [1.0, 2.0, 3.0, 3.0, 5.0]);
        assert_eq!((other.repeated, other.left_out), (1, 0));
        // The signal goes on much later: what lies between belongs nowhere.
        assert_eq!(other.record(2.0), [6.0; 5]);
        assert_eq!((other.repeated, other.left_out), (6, 1));
        assert_eq!(other.said().len(), 2);
        // What was taken before the signal begins is not held.
        other.take(&[-3.0, -0.04, 3.0], &[7.0, 8.0, 9.0]);
        assert_eq!((other.times_secs.len(), other.values.len(), other.left_out), (2, 2, 2));
    }
}
