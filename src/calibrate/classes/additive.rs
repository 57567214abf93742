//! A classifier taken apart into what a graph can compute: a sum of a linear map of the epoch and of a linear map of the
//! logarithm of a covariance.

use faer::Mat;

/// Scores of every class: `offsets + epoch · epoch_weights + log(whitened covariance) · tangent.weights`.
#[derive(Clone, Debug)]
pub struct Additive {
    /// On the epoch in µV, `[channels × samples, classes]`.
    pub epoch: Option<Mat<f64>>,
    /// On the covariance of the filtered epoch.
    pub tangent: Option<Tangent>,
    /// `[classes]`
    pub offsets: Vec<f64>,
}

/// See [`super::Kind::Xdawn`].
#[derive(Clone, Debug)]
pub struct Tangent {
    /// `[filters, channels]`
    pub filters: Mat<f64>,
    /// What stands above the filtered epoch, `[filters, samples]`.
    pub means: Mat<f64>,
    /// What the shrunk covariance is multiplied with on both sides, `[2 × filters]²`.
    pub whitening: Mat<f64>,
    /// On its logarithm, row by row, `[(2 × filters)², classes]`.
    pub weights: Mat<f64>,
}

impl Additive {
    /// The sum of two of which at most one looks at covariances.
    pub fn plus(self, other: Self) -> Self {
        let epoch = match (self.epoch, other.epoch) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        let offsets = self.offsets.iter().zip(&other.offsets).map(|(a, b)| a + b).collect();
        Self { epoch, tangent: self.tangent.or(other.tangent), offsets }
    }

    /// Every score this much larger.
    pub fn scaled(self, factor: f64) -> Self {
        let scale = |weights: Mat<f64>| weights * faer::Scale(factor);
        Self {
            epoch: self.epoch.map(scale),
            tangent: self
                .tangent
                .map(|tangent| Tangent { weights: scale(tangent.weights), ..tangent }),
            offsets: self.offsets.iter().map(|offset| factor * offset).collect(),
        }
    }
}
