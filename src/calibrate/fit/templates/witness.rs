//! How much the pack's own answer weighs beside the signal, by how reliable it proves on the same trials.

use faer::Mat;

use super::space::Space;
use crate::calibrate::linalg;
use crate::calibrate::trials::Trials;

/// The pack's own answer as a witness: its answers lie about `gain` times the truth with some variance, so that the
/// logarithm of a picture's likelihood is its inner product times gain over variance.
pub(super) struct Witness {
    pub weight: f64,
    pub mean: Vec<f64>,
}

impl Witness {
    pub fn of(trials: &Trials, labels: &[usize], space: &Space) -> Self {
        let mean = linalg::column_means(trials.zero_shot.as_ref());
        let answers = linalg::less(trials.zero_shot.as_ref(), &mean);
        let found = &answers * &space.along;
        let truth = Mat::from_fn(space.axes.nrows(), space.values.len(), |c, k| {
            space.axes[(c, k)] * space.values[k].sqrt()
        });
        let (mut both, mut own) = (0.0, 0.0);
        for (i, label) in labels.iter().enumerate() {
            for k in 0..found.ncols() {
                both += found[(i, k)] * truth[(*label, k)];
                own += truth[(*label, k)] * truth[(*label, k)];
            }
        }
        let gain = if own > 0.0 { (both / own).max(0.0) } else { 0.0 };
        let mut squares = 0.0;
        for (i, label) in labels.iter().enumerate() {
            for k in 0..found.ncols() {
                squares += (found[(i, k)] - gain * truth[(*label, k)]).powi(2);
            }
        }
        let variance = squares / (found.nrows() * found.ncols()).max(1) as f64;
        let weight = if variance > 0.0 { gain / variance } else { 0.0 };
        Self { weight, mean }
    }
}
