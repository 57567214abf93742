//! Places in the samples of a file from which reading can go on.
//!
//! Takes buffer after buffer while a file is walked through; gives the place before the last one remembered that begins
//! at a sample or before it. Remembers at most [`MAX_LANDMARKS`]: of 30 hours in buffers of a second every few hundredth,
//! which the tags lead to the wanted one in a millisecond.

use super::signal::Signal;

/// Places remembered at most: then every second one is forgotten.
const MAX_LANDMARKS: usize = 512;

/// A place before a buffer.
#[derive(Debug)]
struct Landmark {
    /// Buffers before it.
    number: u64,
    /// The first sample of the buffer, on the file's count.
    first: i64,
    place: Signal,
}

/// Places in the order of the file.
#[derive(Debug)]
pub(super) struct Landmarks {
    marks: Vec<Landmark>,
    buffers: u64,
    spacing: u64,
}

impl Default for Landmarks {
    fn default() -> Self {
        Self { marks: Vec::new(), buffers: 0, spacing: 1 }
    }
}

impl Landmarks {
    /// Whether the place before the next buffer is to be remembered.
    pub fn is_due(&self) -> bool {
        self.buffers.is_multiple_of(self.spacing)
    }

    /// Takes the first sample of the next buffer, and the place before it where that is due.
    pub fn note(&mut self, first: i64, before: Option<Signal>) {
        if let Some(place) = before {
            self.marks.push(Landmark { number: self.buffers, first, place });
        }
        self.buffers += 1;
        if self.marks.len() > MAX_LANDMARKS {
            self.spacing *= 2;
            let spacing = self.spacing;
            self.marks.retain(|mark| mark.number.is_multiple_of(spacing));
        }
    }

    /// The place from which the buffer that holds a sample is met soonest.
    pub fn before(&self, sample: i64) -> Option<&Signal> {
        let behind = self.marks.partition_point(|mark| mark.first <= sample);
        self.marks.get(behind.saturating_sub(1)).map(|mark| &mark.place)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tags::Walker;
    use super::*;

    /// Notes buffers at these samples; each place is told by its number of channels.
    fn noted(firsts: impl Iterator<Item = i64>) -> Landmarks {
        let mut landmarks = Landmarks::default();
        for (number, first) in firsts.enumerate() {
            let place = landmarks.is_due().then(|| Signal::new(Walker::default(), number + 1));
            landmarks.note(first, place);
        }
        landmarks
    }

    #[test]
    fn the_last_place_before_a_sample_is_given() {
        let landmarks = noted([100, 150, 400].into_iter());
        let found = |sample| landmarks.before(sample).map(Signal::channels);
        let samples = [-5, 100, 149, 150, 399, 400, 9999];
        assert_eq!(samples.map(found), [1, 1, 1, 2, 2, 3, 3].map(Some));
        assert!(Landmarks::default().before(0).is_none());
    }

    #[test]
    fn places_are_bounded_and_evenly_far_apart() {
        let landmarks = noted((0..10_000).map(|number| 10 * number));
        assert!(landmarks.marks.len() <= MAX_LANDMARKS && landmarks.spacing == 32);
        let found = landmarks.before(54_321).map(Signal::channels);
        assert_eq!(found, Some(5432 / 32 * 32 + 1));
    }
}
