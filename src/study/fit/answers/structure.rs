//! What a personal encoder's left-out answers are made of: directions, a gain in each, noise, and what pictures differ by.
//!
//! A few hundred trials cannot tell a matrix of 256 × 256. So answers are turned into their own principal directions; in
//! each the answer is a gain times the picture's embedding, plus Gaussian noise with a shrunken covariance. What remains
//! of each picture's mean beyond that is one number: a share of the noise that does not average out.

use faer::Mat;

use crate::calibrate::CalibrationError;
use crate::calibrate::linalg;
use crate::pack::answers::{Answers, Temperature};

/// Directions with less variance than this share of the largest hold rounding alone.
const LEAST_SHARE: f64 = 1e-3;

/// Trials for each direction that is kept, at least.
const TRIALS_A_DIRECTION: usize = 8;

/// Added to the variances of embeddings of pictures at large, where only the shown ones are known.
const WIDER: f64 = 1e-3;

/// See the file's head.
#[derive(Clone, Debug)]
pub struct Structure {
    /// Directions as columns, `[dim, r]`.
    basis: Mat<f64>,
    gains: Vec<f64>,
    offset: Vec<f64>,
    mean: Vec<f64>,
    /// Covariance of one trial's noise in these directions, `[r, r]`.
    within: Mat<f64>,
    /// What pictures differ by, as a share of it.
    pub between: f64,
}

impl Structure {
    /// From answers `[n, dim]` to the pictures `shown`, whose embeddings are the rows of `targets`; `None` where nothing
    /// varies.
    ///
    /// # Errors
    /// [`CalibrationError::Numbers`].
    pub fn of(
        answers: &Mat<f64>,
        shown: &[usize],
        targets: &Mat<f64>,
    ) -> Result<Option<Self>, CalibrationError> {
        let mean = linalg::column_means(answers.as_ref());
        let centred = linalg::less(answers.as_ref(), &mean);
        let Some(basis) = directions(&centred)? else { return Ok(None) };
        let pictures: std::collections::BTreeSet<usize> = shown.iter().copied().collect();
        if shown.len() < pictures.len() + 2 * basis.ncols() {
            // Each picture was seen too seldom to tell noise from what pictures differ by.
            return Ok(None);
        }
        let seen = linalg::rows(targets.as_ref(), shown);
        let seen_mean = linalg::column_means(seen.as_ref());
        let wanted = linalg::less(seen.as_ref(), &seen_mean) * &basis;
        let found = &centred * &basis;
        let gains: Vec<f64> = (0..basis.ncols())
            .map(|j| {
                let product = |a: &Mat<f64>| -> f64 {
                    (0..a.nrows()).map(|i| a[(i, j)] * wanted[(i, j)]).sum()
                };
                product(&found) / product(&wanted).max(f64::MIN_POSITIVE)
            })
            .collect();
        let left = Mat::from_fn(found.nrows(), found.ncols(), |i, j| {
            found[(i, j)] - gains[j] * wanted[(i, j)]
        });
        let (within, between) = spread(&left, shown)?;
        let from_mean = basis.transpose() * Mat::from_fn(seen_mean.len(), 1, |i, _| seen_mean[i]);
        let scaled = Mat::from_fn(gains.len(), 1, |i, _| gains[i] * from_mean[(i, 0)]);
        let expected = &basis * scaled;
        let offset = (0..mean.len()).map(|i| mean[i] - expected[(i, 0)]).collect();
        Ok(Some(Self { basis, gains, offset, mean, within, between }))
    }

    /// How many directions there are.
    pub fn directions(&self) -> usize {
        self.gains.len()
    }

    /// The answer model.
    pub fn answers(
        &self,
        temperatures: Vec<Temperature>,
        targets: &Mat<f64>,
        background: Option<&Answers>,
    ) -> Answers {
        let dim = self.basis.nrows();
        let gained = Mat::from_fn(dim, self.gains.len(), |i, j| self.basis[(i, j)] * self.gains[j]);
        let map = gained * self.basis.transpose();
        let inside = &self.basis * &self.within * self.basis.transpose();
        // Beyond the directions nothing is known and nothing is expected: as much noise as in the noisiest one.
        let most = (0..self.gains.len()).map(|i| self.within[(i, i)]).fold(0.0, f64::max);
        let held = &self.basis * self.basis.transpose();
        let within = Mat::from_fn(dim, dim, |i, j| {
            let outside = if i == j { 1.0 - held[(i, j)] } else { -held[(i, j)] };
            inside[(i, j)] + most * outside
        });
        let between = Mat::from_fn(dim, dim, |i, j| self.between * inside[(i, j)]);
        let (background_mean, background_covariance) = match background {
            Some(known) => (known.background_mean.clone(), known.background_covariance.clone()),
            None => of_shown(targets),
        };
        Answers {
            dim,
            map: flat(&map),
            offset: self.offset.iter().map(|v| *v as f32).collect(),
            noise_mean: self.mean.iter().map(|v| *v as f32).collect(),
            noise_within: flat(&within),
            noise_between: vec![0.0; dim * dim],
            within: flat(&within),
            between: flat(&between),
            background_mean,
            background_covariance,
            // A few hundred trials do not tell the weight of loud ones.
            tail: None,
            temperatures,
            source: String::new(),
            simulated: true,
        }
    }
}

/// Principal directions of centred answers, `[dim, r]`.
fn directions(centred: &Mat<f64>) -> Result<Option<Mat<f64>>, CalibrationError> {
    let (values, vectors) = linalg::eigen((centred.transpose() * centred).as_ref())?;
    let largest = values.last().copied().unwrap_or_default();
    let most = (centred.nrows() / TRIALS_A_DIRECTION).max(1);
    let kept = values.iter().rev().take(most).take_while(|v| **v > LEAST_SHARE * largest).count();
    if largest <= 0.0 || kept == 0 {
        return Ok(None);
    }
    let dim = vectors.nrows();
    Ok(Some(Mat::from_fn(dim, kept, |i, j| vectors[(i, dim - 1 - j)])))
}

/// Covariance within pictures, shrunken to its diagonal, and what pictures' means differ by beyond it.
fn spread(left: &Mat<f64>, shown: &[usize]) -> Result<(Mat<f64>, f64), CalibrationError> {
    let (n, r) = (left.nrows(), left.ncols());
    let rows = shown.iter().max().map_or(0, |most| most + 1);
    let mut counts = vec![0.0_f64; rows];
    let mut means = Mat::<f64>::zeros(rows, r);
    for (i, row) in shown.iter().enumerate() {
        counts[*row] += 1.0;
        (0..r).for_each(|j| means[(*row, j)] += left[(i, j)]);
    }
    for row in 0..rows {
        (0..r).for_each(|j| means[(row, j)] /= counts[row].max(1.0));
    }
    let within = Mat::from_fn(n, r, |i, j| left[(i, j)] - means[(shown[i], j)]);
    let pictures = counts.iter().filter(|count| **count > 0.0).count();
    let free = n.saturating_sub(pictures).max(1) as f64;
    let raw = within.transpose() * &within;
    let shrinkage = r as f64 / (r as f64 + free);
    let covariance = Mat::from_fn(r, r, |i, j| {
        (if i == j { raw[(i, j)] } else { (1.0 - shrinkage) * raw[(i, j)] }) / free
    });
    let inverse = linalg::pseudo_inverse(covariance.as_ref(), 1e-12)?;
    let weighed = &means * inverse;
    let among: f64 = (0..rows)
        .map(|row| counts[row] * (0..r).map(|j| weighed[(row, j)] * means[(row, j)]).sum::<f64>())
        .sum::<f64>()
        / (pictures.max(1) * r) as f64;
    let each = n as f64 / pictures.max(1) as f64;
    Ok((covariance, ((among - 1.0) / each).max(0.0)))
}

/// Mean and covariance of the shown pictures' embeddings, a little wider.
pub(super) fn of_shown(targets: &Mat<f64>) -> (Vec<f32>, Vec<f32>) {
    let mean = linalg::column_means(targets.as_ref());
    let centred = linalg::less(targets.as_ref(), &mean);
    let dim = centred.ncols();
    let share = 1.0 / centred.nrows().max(1) as f64;
    let raw = centred.transpose() * &centred;
    let covariance =
        Mat::from_fn(dim, dim, |i, j| raw[(i, j)] * share + if i == j { WIDER } else { 0.0 });
    (mean.iter().map(|v| *v as f32).collect(), flat(&covariance))
}

/// Row-major, symmetric parts exactly so.
pub(super) fn flat(matrix: &Mat<f64>) -> Vec<f32> {
    let dim = matrix.ncols();
    (0..matrix.nrows())
        .flat_map(|i| (0..dim).map(move |j| (i, j)))
        .map(|(i, j)| matrix[(i, j)] as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::inference::model::{Model, Sum};
    use crate::decode::inference::posterior::{Belief, Candidates};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    /// Twelve pictures in six dimensions, answered in three of them with half their strength.
    #[test]
    fn gains_and_noise_come_back_and_probabilities_are_worth_what_they_say() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut normal = move || -> f64 { StandardNormal.sample(&mut rng) };
        let mut targets = Mat::from_fn(12, 6, |_, _| normal());
        for i in 0..12 {
            let length = (0..6).map(|j| targets[(i, j)].powi(2)).sum::<f64>().sqrt();
            (0..6).for_each(|j| targets[(i, j)] /= length);
        }
        let answer = |row: usize, normal: &mut dyn FnMut() -> f64| -> Vec<f64> {
            (0..6)
                .map(|j| {
                    if j < 3 { 0.5 * targets[(row, j)] + 0.15 * normal() } else { 1e-6 * normal() }
                })
                .collect()
        };
        let shown: Vec<usize> = (0..600).map(|i| i % 12).collect();
        let rows: Vec<Vec<f64>> = shown.iter().map(|row| answer(*row, &mut normal)).collect();
        let answers = Mat::from_fn(600, 6, |i, j| rows[i][j]);
        let found = Structure::of(&answers, &shown, &targets).unwrap().unwrap();
        assert_eq!(found.directions(), 3);
        assert!(found.gains.iter().all(|g| (g - 0.5).abs() < 0.06), "{:?}", found.gains);
        assert!(found.between < 0.01, "{}", found.between);
        let plain = vec![Temperature { k: 1, told: 1.0, remembered: 1.0, open: 1.0 }];
        let model = Model::new(&found.answers(plain, &targets, None), "test").unwrap();
        let embeddings: Vec<f32> = (0..12)
            .flat_map(|i| (0..6).map(move |j| (i, j)))
            .map(|at| targets[at] as f32)
            .collect();
        let candidates = Candidates::new(&model, &embeddings);
        let (mut hits, mut said, mut scores) = (0.0, 0.0, Vec::new());
        for i in 0..2000 {
            let new: Vec<f32> = answer(i % 12, &mut normal).iter().map(|v| *v as f32).collect();
            let mut sum = Sum::new(6);
            sum.add(&model.turned(&new), 1.0);
            candidates.log_likelihoods(&model, &sum, &mut scores);
            let belief = Belief::of(&scores, 1.0);
            let best = belief.best(1)[0];
            hits += f64::from(u8::from(best == i % 12)) / 2000.0;
            said += belief.probability(best) / 2000.0;
        }
        assert!(hits > 0.5 && (hits - said).abs() < 0.05, "right {hits}, said {said}");
    }

    #[test]
    fn answers_that_do_not_vary_give_no_model() {
        let targets = Mat::from_fn(3, 2, |i, j| (i * 2 + j) as f64);
        let answers = Mat::from_fn(30, 2, |_, _| 0.25);
        let shown: Vec<usize> = (0..30).map(|i| i % 3).collect();
        assert!(Structure::of(&answers, &shown, &targets).unwrap().is_none());
    }
}
