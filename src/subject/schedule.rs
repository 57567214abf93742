//! What the virtual subject is shown, and when.
//!
//! Takes the parameters and the number of pictures; gives trial after trial, without end. Every cycle shows
//! every picture once, in a new random order, each flashed `repeats` times in a row. Onsets fall at any time,
//! not only on samples. It depends on nothing but subject and seed: a copy made elsewhere gives the same.

use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::params::SimParams;
use super::sequence::{Stream, stream};

/// When the first picture appears, in seconds: filters and wearer have settled.
pub const FIRST_ONSET_SECS: f64 = 2.0;

/// One picture, shown once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// Running number from 0.
    pub number: u64,
    /// Row in the stimulus set.
    pub row: usize,
    /// Which flash of the same picture this is, from 0.
    pub flash: u32,
    /// When it appears, in seconds since the first sample.
    pub onset_secs: f64,
    /// When it goes away.
    pub offset_secs: f64,
}

/// The order and the times of the pictures.
#[derive(Clone, Debug)]
pub struct Schedule {
    rng: ChaCha8Rng,
    order: Vec<usize>,
    at: usize,
    flash: u32,
    number: u64,
    next_onset_secs: f64,
    soa_secs: f64,
    jitter_secs: f64,
    on_secs: f64,
    repeats: u32,
}

impl Schedule {
    /// The schedule for these parameters and this many pictures; without pictures nothing is shown.
    pub fn new(params: &SimParams, pictures: usize) -> Self {
        Self {
            rng: stream(params, Stream::Schedule),
            order: (0..pictures).collect(),
            at: pictures,
            flash: 0,
            number: 0,
            next_onset_secs: FIRST_ONSET_SECS,
            soa_secs: params.soa_secs,
            jitter_secs: params.jitter_secs,
            on_secs: params.on_secs,
            repeats: params.repeats,
        }
    }

    /// The picture on show at a time, in seconds since the first sample. Runs through the schedule from its
    /// beginning on a copy: for tests and displays.
    pub fn shown_at(&self, secs: f64) -> Option<Trial> {
        self.clone()
            .take_while(|trial| trial.onset_secs <= secs)
            .find(|trial| secs < trial.offset_secs)
    }

    fn next_picture(&mut self) -> Option<(usize, u32)> {
        if self.flash == self.repeats {
            self.flash = 0;
            self.at += 1;
        }
        if self.at >= self.order.len() {
            self.order.shuffle(&mut self.rng);
            self.at = 0;
        }
        let flash = self.flash;
        self.flash += 1;
        Some((*self.order.get(self.at)?, flash))
    }
}

impl Iterator for Schedule {
    type Item = Trial;

    /// The next trial. Does not allocate.
    fn next(&mut self) -> Option<Trial> {
        let (row, flash) = self.next_picture()?;
        let onset_secs = self.next_onset_secs;
        let jitter: f64 = self.rng.random_range(-1.0..1.0);
        self.next_onset_secs += self.soa_secs + jitter * self.jitter_secs;
        self.number += 1;
        let offset_secs = onset_secs + self.on_secs;
        Some(Trial { number: self.number - 1, row, flash, onset_secs, offset_secs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cycle_shows_every_picture_once_in_a_new_order() {
        let params = SimParams { repeats: 2, ..SimParams::default() };
        let trials: Vec<Trial> = Schedule::new(&params, 40).take(160).collect();
        let (first, second) = trials.split_at(80);
        let rows = |cycle: &[Trial]| cycle.chunks(2).map(|pair| pair[0].row).collect::<Vec<_>>();
        for cycle in [first, second] {
            assert!(cycle.chunks(2).all(|pair| pair[0].row == pair[1].row && pair[1].flash == 1));
            let mut sorted = rows(cycle);
            sorted.sort_unstable();
            assert_eq!(sorted, (0..40).collect::<Vec<_>>());
        }
        assert_ne!(rows(first), rows(second));
    }

    #[test]
    fn onsets_keep_their_distance_and_are_not_on_samples() {
        let trials: Vec<Trial> = Schedule::new(&SimParams::default(), 40).take(500).collect();
        for pair in trials.windows(2) {
            let soa = pair[1].onset_secs - pair[0].onset_secs;
            assert!((0.7..=0.9).contains(&soa));
            assert!(pair[0].offset_secs < pair[1].onset_secs);
        }
        let on_samples = trials.iter().filter(|t| (t.onset_secs * 250.0).fract() < 1e-6).count();
        assert!(on_samples < 5, "{on_samples}");
    }

    #[test]
    fn the_picture_at_a_time_is_the_one_on_show() {
        let schedule = Schedule::new(&SimParams::default(), 40);
        let trial = schedule.clone().nth(7).unwrap();
        assert_eq!(schedule.shown_at(trial.onset_secs + 0.1), Some(trial));
        assert_eq!(schedule.shown_at(trial.offset_secs + 0.01), None);
        assert_eq!(schedule.shown_at(0.0), None);
        assert_eq!(Schedule::new(&SimParams::default(), 0).next(), None);
    }
}
