//! What is remembered of the records that were passed, so that reading can go on at a time.
//!
//! Takes the records from the first on, one after another: when each began, when its last sample was, and its
//! annotations. An annotation may stand in a record long before its time (some programs write all of them in front), and
//! records of a discontinuous file begin when they say; neither can be told without having looked. Remembers the first
//! and some others of the records, at most [`MAX_LANDMARKS`], and those annotations that are later than all samples so far.

use super::emotiv::Counter;
use crate::formats::recording::Event;

/// Records remembered at most: then every second one is forgotten.
const MAX_LANDMARKS: usize = 4096;

/// Annotations kept ahead of their time at most, as bytes of their texts and 64 for each.
const MAX_AHEAD_BYTES: usize = 64 << 20;

/// The state before a record.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Landmark {
    /// Its number.
    pub record: u64,
    /// When the record before it began, in seconds; zero before the first.
    pub onset_before_secs: f64,
    /// The count of samples and the code of events before it, where the record was not only looked into.
    pub counter: Counter,
    /// See `counter`.
    pub status: i64,
    /// The latest sample of all records before it, in seconds.
    reached_secs: f64,
}

/// The records that were passed.
#[derive(Debug)]
pub(super) struct Passed {
    records: u64,
    onset_secs: f64,
    reached_secs: f64,
    landmarks: Vec<Landmark>,
    spacing: u64,
    /// Annotations later than all samples of their record and of those before, with the number of the record.
    ahead: Vec<(u64, Event)>,
    ahead_bytes: usize,
    most_ahead_bytes: usize,
}

impl Default for Passed {
    fn default() -> Self {
        Self {
            records: 0,
            onset_secs: 0.0,
            reached_secs: f64::NEG_INFINITY,
            landmarks: Vec::new(),
            spacing: 1,
            ahead: Vec::new(),
            ahead_bytes: 0,
            most_ahead_bytes: MAX_AHEAD_BYTES,
        }
    }
}

impl Passed {
    /// How many records were passed.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Takes a record, if it is the next: when it begins and when its last sample is, in seconds, its annotations, and the
    /// count and code before it.
    pub fn take(
        &mut self,
        record: u64,
        [onset_secs, last_secs]: [f64; 2],
        events: &[Event],
        (counter, status): (Counter, i64),
    ) {
        if record != self.records {
            return;
        }
        if record.is_multiple_of(self.spacing) {
            self.landmarks.push(Landmark {
                record,
                onset_before_secs: self.onset_secs,
                counter,
                status,
                reached_secs: self.reached_secs,
            });
            if self.landmarks.len() > MAX_LANDMARKS {
                self.spacing *= 2;
                let spacing = self.spacing;
                self.landmarks.retain(|mark| mark.record.is_multiple_of(spacing));
            }
        }
        self.records += 1;
        self.onset_secs = onset_secs;
        self.reached_secs = self.reached_secs.max(last_secs);
        for event in events.iter().filter(|event| event.time_secs > self.reached_secs) {
            self.ahead_bytes += event.label.len() + 64;
            if self.ahead_bytes <= self.most_ahead_bytes {
                self.ahead.push((record, event.clone()));
            }
        }
    }

    /// The last record remembered before which all samples are before a time; the first where there is none. Each sample
    /// that was lost so far makes later by `lost_secs`.
    pub fn before(&self, secs: f64, lost_secs: f64) -> Landmark {
        let is_early =
            |mark: &Landmark| mark.reached_secs + mark.counter.lost() as f64 * lost_secs < secs;
        let place = self.landmarks.partition_point(is_early);
        place.checked_sub(1).and_then(|last| self.landmarks.get(last)).copied().unwrap_or_default()
    }

    /// Annotations at or after a time that stand in records before one whose samples are; `None` where there were too
    /// many to keep.
    pub fn ahead(&self, secs: f64, record: u64) -> Option<Vec<Event>> {
        let is_missed = |(own, event): &&(u64, Event)| *own < record && event.time_secs >= secs;
        (self.ahead_bytes <= self.most_ahead_bytes)
            .then(|| self.ahead.iter().filter(is_missed).map(|(_, event)| event.clone()).collect())
    }
}

/// The first of `records` records with a sample at or after a time, where record after record begins `record_secs` after
/// the one before it, the first at `base_secs`, and has its last sample `last_secs` after its beginning.
pub(super) fn by_number(
    secs: f64,
    [base_secs, record_secs, last_secs]: [f64; 3],
    records: u64,
) -> u64 {
    // Rounding may lead one too far, never further: the product is that of the times themselves.
    let mut record = (((secs - base_secs) / record_secs) as u64).min(records);
    while record > 0 && base_secs + (record - 1) as f64 * record_secs + last_secs >= secs {
        record -= 1;
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time_secs: f64) -> Event {
        Event { time_secs, duration_secs: None, label: time_secs.to_string() }
    }

    fn take(passed: &mut Passed, record: u64, times: [f64; 2], events: &[Event]) {
        passed.take(record, times, events, Default::default());
    }

    #[test]
    fn records_are_found_by_number_to_the_last_sample() {
        for (record_secs, samples) in [(1.0, 256), (0.1, 25), (0.05, 50), (1.0 / 3.0, 7)] {
            let period_secs = record_secs / f64::from(samples);
            let last_secs = f64::from(samples - 1) * period_secs;
            let axis = [0.125, record_secs, last_secs];
            for record in (0..200_u64).chain([99_999]) {
                let onset_secs = 0.125 + record as f64 * record_secs;
                assert_eq!(by_number(onset_secs + last_secs, axis, 100_000), record);
                assert!(by_number(onset_secs, axis, 100_000) <= record);
                let behind_secs = onset_secs + last_secs + 1.01 * period_secs;
                assert_eq!(by_number(behind_secs, axis, 100_000), record + 1);
            }
            assert_eq!(by_number(1e300, axis, 100_000), 100_000);
            assert_eq!(by_number(-1e300, axis, 100_000), 0);
        }
    }

    #[test]
    fn records_that_step_back_are_not_passed_over() {
        let mut passed = Passed::default();
        for (record, onset) in [0.0, 10.0, 4.0, 11.0].into_iter().enumerate() {
            take(&mut passed, record as u64, [onset, onset + 0.9], &[]);
        }
        take(&mut passed, 9, [99.0, 99.9], &[]);
        let found = |secs| passed.before(secs, 0.0).record;
        assert_eq!([-1.0, 0.5, 0.95, 5.0, 10.5, 10.95, 99.0].map(found), [0, 0, 1, 1, 1, 3, 3]);
        assert_eq!((passed.records(), passed.before(99.0, 0.0).onset_before_secs), (4, 4.0));
    }

    #[test]
    fn lost_samples_make_later() {
        let (mut passed, mut counter) = (Passed::default(), Counter::default());
        for record in 0..4_u32 {
            let secs = f64::from(record);
            passed.take(record.into(), [secs, secs + 0.9], &[], (counter, record.into()));
            // From the second record on ten samples of a tenth of a second are lost before the first of each.
            counter.lost_before(12.0 * secs);
            counter.lost_before(12.0 * secs + 1.0);
        }
        let found = [0.5, 1.5, 1.95, 2.95, 4.95, 6.0].map(|secs| passed.before(secs, 0.1));
        // The last samples of the first three records are at 0.9, 2.9 and 4.9 s.
        assert_eq!(found.map(|mark| mark.record), [0, 1, 1, 2, 3, 3]);
        assert_eq!(found.map(|mark| mark.status), found.map(|mark| mark.record.cast_signed()));
    }

    #[test]
    fn annotations_ahead_of_their_record_are_kept() {
        let mut passed = Passed::default();
        take(&mut passed, 0, [0.0, 0.9], &[event(0.5), event(7.0), event(0.95)]);
        take(&mut passed, 1, [1.0, 1.9], &[event(1.2), event(3.0)]);
        let labels = |secs, record| -> Vec<f64> {
            passed.ahead(secs, record).unwrap().iter().map(|event| event.time_secs).collect()
        };
        assert_eq!(labels(0.9, 2), [7.0, 0.95, 3.0]);
        assert_eq!(labels(3.0, 2), [7.0, 3.0]);
        assert_eq!(labels(3.0, 1), [7.0]);
        passed.most_ahead_bytes = 100;
        assert_eq!(passed.ahead(3.0, 2), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut passed = Passed::default();
        for record in 0..100_000_u32 {
            take(&mut passed, u64::from(record), [f64::from(record), f64::from(record) + 0.5], &[]);
        }
        assert!((MAX_LANDMARKS / 2..=MAX_LANDMARKS).contains(&passed.landmarks.len()));
        assert_eq!(passed.spacing, 32);
        let mark = passed.before(50_000.25, 0.0);
        assert!(mark.record <= 50_000 && mark.record > 50_000 - 32, "{mark:?}");
        assert_eq!(mark.onset_before_secs, mark.record as f64 - 1.0);
    }
}
