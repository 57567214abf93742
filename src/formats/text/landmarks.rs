//! Places in a text from which reading can go on.
//!
//! Takes the place before one block after the other while the text is read from its front; gives the last one remembered
//! before which everything is earlier than a time. Remembers at most [`MAX_LANDMARKS`]: of an hour at 256 Hz every block
//! of a thousand rows, of a day every eighth.

/// Places remembered at most: then every second one is forgotten.
const MAX_LANDMARKS: usize = 4096;

/// A place and what is known there.
#[derive(Clone, Debug)]
pub(super) struct Landmark<S> {
    /// Rows before it.
    pub rows: usize,
    /// The latest time of all that comes before it, in seconds; minus infinity before the first row.
    pub reached_secs: f64,
    /// What reading goes on with.
    pub state: S,
}

/// Places in the order of the file.
#[derive(Debug)]
pub(super) struct Landmarks<S> {
    marks: Vec<Landmark<S>>,
    /// Rows from one to the next at least.
    spacing: usize,
}

impl<S> Default for Landmarks<S> {
    fn default() -> Self {
        Self { marks: Vec::new(), spacing: 1 }
    }
}

impl<S> Landmarks<S> {
    /// Whether a place with so many rows before it is to be remembered: it lies far enough behind the last one.
    pub fn is_due(&self, rows: usize) -> bool {
        self.marks.last().is_none_or(|last| rows >= last.rows.saturating_add(self.spacing))
    }

    /// Takes a place that is due.
    pub fn note(&mut self, mark: Landmark<S>) {
        self.marks.push(mark);
        if self.marks.len() > MAX_LANDMARKS {
            // Twice as far apart as those so far, however long blocks are.
            let mean = self.marks.last().map_or(0, |last| last.rows) / self.marks.len();
            self.spacing = 2 * self.spacing.max(mean);
            let mut number = 0_usize;
            self.marks.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
    }

    /// The last place before which everything is earlier than a time; `None` where the first is not.
    pub fn before(&self, secs: f64) -> Option<&Landmark<S>> {
        let place = self.marks.partition_point(|mark| mark.reached_secs < secs);
        self.marks.get(place.checked_sub(1)?)
    }

    /// Tells again what was reached at each place, by the times of all rows; what is not a row may be later than the last
    /// row by `slack_secs`.
    pub fn settle(&mut self, times_secs: &[f64], slack_secs: f64) {
        let (mut from, mut reached_secs) = (0, f64::NEG_INFINITY);
        for mark in &mut self.marks {
            let own = times_secs.get(from..mark.rows).unwrap_or_default();
            reached_secs = own.iter().copied().fold(reached_secs, f64::max);
            mark.reached_secs = reached_secs + slack_secs;
            from = mark.rows;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(rows: impl Iterator<Item = usize>) -> Landmarks<usize> {
        let mut landmarks = Landmarks::default();
        let mut reached_secs = f64::NEG_INFINITY;
        for rows in rows {
            if landmarks.is_due(rows) {
                landmarks.note(Landmark { rows, reached_secs, state: rows });
            }
            reached_secs = rows as f64;
        }
        landmarks
    }

    #[test]
    fn the_last_place_that_is_early_enough_is_given() {
        let landmarks = noted([0, 10, 20, 30].into_iter());
        let found = |secs| landmarks.before(secs).map(|mark| mark.state);
        // What comes before row 20 is at 10 s at the latest.
        let times = [-1.0, 0.0, 0.5, 10.0, 10.5, 20.0, 99.0];
        assert_eq!(times.map(found), [0, 0, 10, 10, 20, 20, 30].map(Some));
        assert!(landmarks.before(f64::NAN).is_none());
        assert!(Landmarks::<usize>::default().before(1.0).is_none());
    }

    #[test]
    fn places_are_bounded_and_evenly_far_apart() {
        let landmarks = noted((0..100_000).map(|block| 1024 * block));
        assert!((MAX_LANDMARKS / 3..=MAX_LANDMARKS).contains(&landmarks.marks.len()));
        let steps = landmarks.marks.windows(2).map(|pair| pair[1].rows - pair[0].rows);
        assert!(steps.max() < Some(100 * 1024));
        assert_eq!(landmarks.marks[0].rows, 0);
    }

    #[test]
    fn settled_times_may_step_back() {
        let mut landmarks = noted([0, 2, 4].into_iter());
        landmarks.settle(&[0.0, 3.0, 1.0, 2.0, 9.0], 0.5);
        let reached: Vec<f64> = landmarks.marks.iter().map(|mark| mark.reached_secs).collect();
        assert_eq!(reached, [f64::NEG_INFINITY, 3.5, 3.5]);
    }
}
