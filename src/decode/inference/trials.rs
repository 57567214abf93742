//! Running mean of embeddings over successive presentations of one picture, with its counter k.
//!
//! Takes one embedding `[dim]` per window, gives the mean, how many it holds, and what to ask the generator
//! with: the mean with a length that says how sure it is ([`crate::pack::sureness`]). Averaging is never silent:
//! k starts again when the picture changes, is not known, or the window is locked to nothing, and after [`MOST_LOOKS`].

use crate::pack::sureness::Sureness;
use crate::pack::vector::length;

/// Looks at one picture that are added up at most: what a p-value costs grows with k, and what is counted by k must not
/// grow with the hours. A quarter of an hour of one picture, whose answer is as sure by then as the model lets it be.
pub const MOST_LOOKS: u32 = 1024;

/// The mean so far.
#[derive(Clone, Debug)]
pub struct Trials {
    row: Option<u16>,
    k: u32,
    // f64, so that a long mean does not depend on when it began
    sum: Vec<f64>,
    power: f64,
    mean: Vec<f32>,
    asked: Vec<f32>,
    sureness: Option<Sureness>,
}

impl Trials {
    /// Memory for embeddings of length `dim`; without a `sureness` the generator is asked with the mean as it is.
    pub fn new(dim: usize, sureness: Option<Sureness>) -> Self {
        let (sum, mean) = (vec![0.0; dim], vec![0.0; dim]);
        Self { row: None, k: 0, sum, power: 0.0, asked: mean.clone(), mean, sureness }
    }

    /// Says which picture the next window belongs to, whether or not it will be decoded.
    pub fn see(&mut self, row: Option<u16>) {
        if row.is_none() || row != self.row || self.k >= MOST_LOOKS {
            self.row = row;
            self.k = 0;
            self.power = 0.0;
            self.sum.fill(0.0);
        }
    }

    /// Adds one embedding and gives k; k = 1 gives back the embedding's own bits as the mean.
    pub fn add(&mut self, embedding: &[f32]) -> u32 {
        self.k += 1;
        self.power += f64::from(length(embedding)).powi(2);
        for ((sum, mean), value) in self.sum.iter_mut().zip(&mut self.mean).zip(embedding) {
            *sum += f64::from(*value);
            *mean = (*sum / f64::from(self.k)) as f32;
        }
        self.ask();
        self.k
    }

    fn ask(&mut self) {
        let own = length(&self.mean);
        let factor = match self.sureness {
            Some(sureness) if own > 0.0 => {
                let mean_power = f64::from(own).powi(2);
                let wanted = sureness.length(self.k, self.power / f64::from(self.k), mean_power);
                wanted as f32 / own
            }
            _ => 1.0,
        };
        for (asked, mean) in self.asked.iter_mut().zip(&self.mean) {
            *asked = mean * factor;
        }
    }

    /// The mean of the k embeddings added last.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// That mean as the generator is asked with it: its length says how sure it is.
    pub fn asked(&self) -> &[f32] {
        &self.asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k_grows_on_one_picture_and_starts_again_on_another() {
        let mut trials = Trials::new(1, None);
        let mut show = |row, value: f32| {
            trials.see(row);
            (trials.add(&[value]), trials.mean()[0])
        };
        assert_eq!(show(Some(3), 1.0), (1, 1.0));
        assert_eq!(show(Some(3), 3.0), (2, 2.0));
        assert_eq!(show(Some(4), 7.0), (1, 7.0));
        assert_eq!(show(None, 5.0), (1, 5.0));
        assert_eq!(show(None, 9.0), (1, 9.0), "windows of nothing known are never averaged");
        assert_eq!(show(Some(4), 1.0), (1, 1.0));
    }

    /// Vector from `Sureness(0.3).embedding` of models/training/sureness.py.
    #[test]
    fn one_picture_for_hours_begins_a_new_run_of_looks() {
        let mut trials = Trials::new(1, None);
        let ks: Vec<u32> = (0..3 * MOST_LOOKS)
            .map(|_| {
                trials.see(Some(7));
                trials.add(&[1.0])
            })
            .collect();
        assert_eq!(ks.iter().max(), Some(&MOST_LOOKS));
        assert_eq!(ks.iter().filter(|k| **k == 1).count(), 3);
    }

    #[test]
    fn what_the_generator_is_asked_with_equals_training() {
        let mut trials = Trials::new(3, Some(Sureness { single: 0.3 }));
        trials.see(Some(1));
        for trial in [[0.2, 0.1, 0.0], [0.1, 0.3, -0.1], [0.3, 0.2, 0.1]] {
            trials.add(&trial);
        }
        for (got, want) in trials.asked().iter().zip([0.618_016_54, 0.618_016_54, 0.0]) {
            assert!((got - want).abs() < 1e-5, "{:?}", trials.asked());
        }
        trials.see(Some(2));
        trials.add(&[0.0; 3]);
        assert_eq!(trials.asked(), [0.0; 3]);
    }
}
