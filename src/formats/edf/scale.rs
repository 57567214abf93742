//! From values to the integers of a file, and what did not fit on the way.
//!
//! Takes a range that the header's fields hold; gives the nearest integer, the ends of the range for what lies beyond. Counts
//! what the user should know.

use super::Kind;
use super::layout::FieldRange;

/// Where a channel's values lie in the range of integers.
#[derive(Debug)]
pub(super) struct Scale {
    low: f64,
    gain: f64,
}

impl Scale {
    /// Of a range, for integers of that kind.
    pub fn of([(low, _), (high, _)]: &FieldRange, kind: Kind) -> Self {
        let [least, most] = kind.digital_range().map(f64::from);
        Self { low: *low, gain: (high - low) / (most - least) }
    }

    /// The sample of a value; what does not fit is noted.
    pub fn sample(&self, value: f64, kind: Kind, notes: &mut Notes) -> i32 {
        let [least, most] = kind.digital_range().map(f64::from);
        if !value.is_finite() {
            notes.not_finite += 1;
        }
        let sample = ((value - self.low) / self.gain).round() + least;
        // A value that is not a number becomes the one nearest to zero.
        let sample = if sample.is_nan() { (-self.low / self.gain).round() + least } else { sample };
        notes.clipped += u64::from(value.is_finite() && !(least..=most).contains(&sample));
        sample.clamp(least, most) as i32
    }
}

/// What the user should know, in numbers.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub clipped: u64,
    pub not_finite: u64,
    pub padded: u64,
    pub cut_texts: u64,
    pub late_events: u64,
    pub unmarked: u64,
}

impl Notes {
    /// In words.
    pub fn said(&self) -> Vec<String> {
        [
            (self.clipped, "value(s) beyond the range given were set to its ends"),
            (self.not_finite, "value(s) are not numbers and were set to zero"),
            (
                self.padded,
                "sample(s) were not there: the last one is repeated and marked BAD_padding",
            ),
            (self.cut_texts, "annotation(s) were cut to 512 bytes"),
            (self.late_events, "annotation(s) do not fit, or are decades away, and are left out"),
            (self.unmarked, "stretch(es) of repeated samples found no room for their mark"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect()
    }
}
