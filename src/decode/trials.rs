//! Running mean of embeddings over successive presentations of one picture, with its counter k.
//!
//! Takes one embedding `[dim]` per window, gives the mean and how many it holds. Averaging is never
//! silent: k starts again when the picture changes, is not known, or the window is locked to nothing.

/// The mean so far.
#[derive(Clone, Debug)]
pub struct Trials {
    row: Option<u16>,
    k: u32,
    // f64, so that a long mean does not depend on when it began
    sum: Vec<f64>,
    mean: Vec<f32>,
}

impl Trials {
    /// Memory for embeddings of length `dim`.
    pub fn new(dim: usize) -> Self {
        Self { row: None, k: 0, sum: vec![0.0; dim], mean: vec![0.0; dim] }
    }

    /// Says which picture the next window belongs to, whether or not it will be decoded.
    pub fn see(&mut self, row: Option<u16>) {
        if row.is_none() || row != self.row {
            self.row = row;
            self.k = 0;
            self.sum.fill(0.0);
        }
    }

    /// Adds one embedding and gives k; k = 1 gives back the embedding's own bits.
    pub fn add(&mut self, embedding: &[f32]) -> u32 {
        self.k += 1;
        for ((sum, mean), value) in self.sum.iter_mut().zip(&mut self.mean).zip(embedding) {
            *sum += f64::from(*value);
            *mean = (*sum / f64::from(self.k)) as f32;
        }
        self.k
    }

    /// The mean of the k embeddings added last.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k_grows_on_one_picture_and_starts_again_on_another() {
        let mut trials = Trials::new(1);
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
}
