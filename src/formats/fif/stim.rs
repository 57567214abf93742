//! Channels that carry codes of events: a rise is an event with the new code as its label.
//!
//! Takes sample after sample of them; gives the events that MNE-Python's `find_events` gives by default: of
//! `STI101` where there is one, else of `STI 014`, else of all such channels that are not bad, where a code rises.
//! A code that stands already at the first sample is no event. After a gap the codes rise from zero.

use super::channel::Channel;
use crate::formats::recording::Event;

/// Channels that carry the codes of all others.
const COMBINED: [&str; 2] = ["STI101", "STI 014"];

/// The channels with codes and their codes so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Stim {
    /// Places among the channels of those with codes.
    places: Vec<usize>,
    /// The last code of each; empty before the first sample.
    codes: Vec<i64>,
    /// Rises at one sample that were told.
    told: Vec<(i64, i64)>,
    /// A code was below zero, and was taken without its sign.
    pub has_negative: bool,
}

impl Stim {
    pub fn of(channels: &[Channel], bad: &[String]) -> Self {
        let mut combined =
            COMBINED.iter().filter_map(|name| channels.iter().position(|c| c.name == *name));
        let is_told = |channel: &Channel| channel.is_stim() && !bad.contains(&channel.name);
        let places = match combined.next() {
            Some(place) => vec![place],
            None => (0..channels.len()).filter(|i| channels.get(*i).is_some_and(is_told)).collect(),
        };
        Self { places, ..Self::default() }
    }

    /// Takes the values of all channels at one time. The same rise of several channels is one event.
    pub fn take(&mut self, row: &[f64], time_secs: f64, events: &mut Vec<Event>) {
        let is_first = self.codes.len() != self.places.len();
        self.codes.resize(self.places.len(), 0);
        self.told.clear();
        for (before, place) in self.codes.iter_mut().zip(&self.places) {
            let code = row.get(*place).map_or(0, |value| *value as i64);
            self.has_negative |= code < 0;
            let step = (*before, code.saturating_abs());
            *before = step.1;
            if !is_first && step.1 > step.0 && !self.told.contains(&step) {
                self.told.push(step);
                events.push(Event { time_secs, duration_secs: None, label: step.1.to_string() });
            }
        }
    }

    /// Samples are missing here.
    pub fn gap(&mut self) {
        self.codes.clear();
        self.codes.resize(self.places.len(), 0);
    }

    /// Goes back to before the first sample.
    pub fn rewind(&mut self) {
        self.codes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(name: &str, kind: f64) -> Channel {
        let mut channel = Channel::default();
        channel.correct(super::super::words::tag::CH_DACQ_NAME, &[], name);
        channel.correct(super::super::words::tag::CH_KIND, &[kind], "");
        channel
    }

    fn labels(stim: &mut Stim, rows: &[[f64; 3]]) -> Vec<String> {
        let mut events = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            stim.take(row, i as f64, &mut events);
        }
        events.iter().map(|event| format!("{}@{}", event.label, event.time_secs)).collect()
    }

    #[test]
    fn rises_are_events() {
        let channels = [channel("O1", 2.0), channel("A", 3.0), channel("B", 3.0)];
        let mut stim = Stim::of(&channels, &[]);
        let rows = [
            [9.0, 7.0, 0.0],
            [0.0, 2.0, 2.0],
            [9.0, 3.5, 0.0],
            [0.0, -5.0, 1e300],
            [0.0, f64::NAN, 0.0],
        ];
        assert_eq!(labels(&mut stim, &rows), ["2@1", "3@2", "5@3", &format!("{}@3", i64::MAX)]);
        assert!(stim.has_negative);
        stim.gap();
        assert_eq!(labels(&mut stim, &[[0.0, 4.0, 4.0]]), ["4@0"]);
    }

    #[test]
    fn the_combined_channel_counts_alone() {
        let channels = [channel("STI001", 3.0), channel("STI 014", 3.0), channel("STI101", 3.0)];
        let rows = [[0.0, 0.0, 0.0], [5.0, 6.0, 7.0]];
        assert_eq!(labels(&mut Stim::of(&channels, &[]), &rows), ["7@1"]);
        assert_eq!(labels(&mut Stim::of(&channels[..2], &[]), &rows), ["6@1"]);
        assert_eq!(labels(&mut Stim::of(&channels[..1], &[]), &rows), ["5@1"]);
        assert!(labels(&mut Stim::of(&channels[..1], &["STI001".into()]), &rows).is_empty());
    }
}
