//! Emotiv's EDF: what its signals are, and what its count of samples says.
//!
//! Its version field holds a date, its electrodes stand between columns of the headset (`COUNTER`, `INTERPOLATED`, contact
//! quality, motion), and `MARKER` carries the events. `COUNTER` runs from 0 to 127 (to 128 on the first EPOC) and begins
//! again. Source: Emotiv's user manuals, chapter "EDF files".

use crate::formats::own::EEG_KIND;
use crate::signal::montage::position;

/// Label of the count of samples.
pub(super) const COUNTER: &str = "COUNTER";

/// Labels of the channels of events: of the program, and of a trigger box.
const MARKERS: [&str; 2] = ["MARKER", "MARKER_HARDWARE"];

/// Counts before it begins again.
const MODULUS: i64 = 128;

/// Whether these are the labels of an Emotiv headset's signals.
pub(super) fn is_emotiv(labels: &[&str]) -> bool {
    let has = |label: &&str| labels.contains(label);
    has(&COUNTER) && MARKERS.iter().any(has) && (has(&"AF3") || has(&"AF4"))
}

/// The type of a signal by its label.
pub(super) fn kind_of(label: &str) -> &'static str {
    match label {
        _ if MARKERS.contains(&label) => "TRIG",
        _ if position(label).is_some() => EEG_KIND,
        _ => "MISC",
    }
}

/// Follows the count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counter {
    last: Option<i64>,
    lost: u64,
    told: bool,
}

impl Counter {
    /// Takes the count of a sample; gives how many were lost before it, since the first.
    pub fn lost_before(&mut self, count: f64) -> u64 {
        let count = count.clamp(-1e9, 1e9).round() as i64;
        if let Some(last) = self.last.replace(count) {
            let begins_again = count == 0 && (last == MODULUS || last == MODULUS - 1);
            let steps = if begins_again || count == last + 1 {
                1
            } else {
                (count - last).rem_euclid(MODULUS)
            };
            // A count that stands still tells nothing.
            self.lost = self.lost.saturating_add(steps.max(1) as u64 - 1);
        }
        self.lost
    }

    /// How many were lost since the first sample.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// What to tell at the end, once.
    pub fn said(&mut self) -> Option<String> {
        let news = self.lost > 0 && !std::mem::replace(&mut self.told, true);
        news.then(|| format!("{} samples are missing by the headset's count", self.lost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_tells_what_was_lost() {
        let lost = |counts: &[f64]| {
            let mut counter = Counter::default();
            counts.iter().map(|count| counter.lost_before(*count)).last()
        };
        assert_eq!(lost(&[126.0, 127.0, 0.0, 1.0]), Some(0));
        assert_eq!(lost(&[127.0, 128.0, 0.0]), Some(0));
        assert_eq!(lost(&[5.0, 9.0, 10.0]), Some(3));
        assert_eq!(lost(&[126.0, 2.0]), Some(3));
        assert_eq!(lost(&[0.0, 0.0, 0.0]), Some(0));
        assert_eq!(lost(&[f64::NAN, 1e300, -1e300, 3.0]).map(|lost| lost < 400), Some(true));
    }
}
