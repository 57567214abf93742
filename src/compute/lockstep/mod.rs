//! Logarithms of many small symmetric matrices, eight at a time: the same step of each stands side by side in memory, so
//! that one instruction of the processor serves several.
//!
//! Takes symmetric positive matrices of one size, and what to multiply them with on both sides; gives log(W C W) of each, or
//! their mean.

mod eight;

use faer::Mat;

use eight::Room;
pub use eight::{LANES, Lane, triangle, wide};

/// Symmetric matrices of one size.
pub struct Batch {
    size: usize,
    count: usize,
    /// Group by group, the lower triangle row by row. Places that no matrix fills hold the identity.
    values: Vec<Lane>,
}

impl Batch {
    /// As many identities, `[size, size]` each.
    pub fn new(size: usize, count: usize) -> Self {
        let mut values = vec![[0.0; LANES]; count.div_ceil(LANES) * triangle(size)];
        for group in values.chunks_exact_mut(triangle(size).max(1)) {
            (0..size).for_each(|i| group[triangle(i) + i] = [1.0; LANES]);
        }
        Self { size, count, values }
    }

    /// Rows of each.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Puts the lower triangle of one, row by row.
    pub fn put(&mut self, matrix: usize, lower: impl Iterator<Item = f64>) {
        let begin = matrix / LANES * triangle(self.size);
        let group = &mut self.values[begin..begin + triangle(self.size)];
        group.iter_mut().zip(lower).for_each(|(lane, value)| lane[matrix % LANES] = value);
    }

    /// One of them.
    #[cfg(test)]
    pub fn one(&self, matrix: usize) -> Mat<f64> {
        let group = &self.values[matrix / LANES * triangle(self.size)..];
        Mat::from_fn(self.size, self.size, |i, j| {
            group[triangle(i.max(j)) + i.min(j)][matrix % LANES]
        })
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> Mat<f64> {
        let groups = self.values.chunks_exact(triangle(self.size).max(1));
        self.mean_of(groups.map(<[Lane]>::to_vec))
    }

    /// The mean of log(W C W) over all matrices C.
    ///
    /// # Errors
    /// What is wrong, in words, for numbers that are not finite.
    pub fn mean_log(&self, whitening: &Mat<f64>) -> Result<Mat<f64>, String> {
        let mut sums = vec![[0.0; LANES]; triangle(self.size)];
        self.logs(whitening, |group, used| {
            for (sum, lane) in sums.iter_mut().zip(group) {
                (0..used).for_each(|l| sum[l] += lane[l]);
            }
        })?;
        Ok(self.mean_of(std::iter::once(sums)))
    }

    /// log(W C W) of each group in turn, its lower triangle, and how many of its lanes are filled.
    ///
    /// # Errors
    /// What is wrong, in words, for numbers that are not finite.
    pub fn logs(
        &self,
        whitening: &Mat<f64>,
        mut take: impl FnMut(&[Lane], usize),
    ) -> Result<(), String> {
        let mut room = Room::new(self.size, whitening);
        for (place, group) in self.values.chunks_exact(triangle(self.size).max(1)).enumerate() {
            if !wide(
                #[inline(always)]
                || room.logarithm(group),
            ) {
                room.one_by_one(group, whitening)?;
            }
            take(&room.log, (self.count - place * LANES).min(LANES));
        }
        Ok(())
    }

    fn mean_of(&self, groups: impl Iterator<Item = Vec<Lane>>) -> Mat<f64> {
        let mut sums = vec![0.0; triangle(self.size)];
        for (place, group) in groups.enumerate() {
            let used = (self.count - place * LANES).min(LANES);
            let of = |lane: &Lane| lane[..used].iter().sum::<f64>();
            sums.iter_mut().zip(&group).for_each(|(sum, lane)| *sum += of(lane));
        }
        let share = 1.0 / self.count.max(1) as f64;
        Mat::from_fn(self.size, self.size, |i, j| share * sums[triangle(i.max(j)) + i.min(j)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::linalg;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    fn check(size: usize, matrices: &[Mat<f64>], whitening: &Mat<f64>) {
        let mut batch = Batch::new(size, matrices.len());
        for (place, matrix) in matrices.iter().enumerate() {
            let lower = (0..size).flat_map(|i| (0..=i).map(move |j| matrix[(i, j)]));
            batch.put(place, lower);
        }
        let mut found = Vec::new();
        let mut sum = Mat::<f64>::zeros(size, size);
        let put = |group: &[Lane], used: usize| {
            let of =
                |l: usize| Mat::from_fn(size, size, |i, j| group[triangle(i.max(j)) + i.min(j)][l]);
            found.extend((0..used).map(of));
        };
        batch.logs(whitening, put).unwrap();
        assert_eq!(found.len(), matrices.len());
        for (matrix, found) in matrices.iter().zip(&found) {
            let white = whitening * matrix * whitening;
            let log = linalg::function_of(white.as_ref(), |v| v.max(f64::MIN_POSITIVE).ln());
            let log = log.unwrap();
            let apart = (&log - found).norm_max();
            assert!(apart < 1e-9 * log.norm_max().max(1.0), "{size}: {apart}");
            sum += log;
        }
        let mean = batch.mean_log(whitening).unwrap();
        let apart = (sum * faer::Scale(1.0 / matrices.len() as f64) - mean).norm_max();
        assert!(apart < 1e-9, "{size}: {apart}");
    }

    #[test]
    fn logarithms_are_those_of_eigenvalues_one_by_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for size in [1, 2, 3, 8, 12, 16, 31, 40] {
            let mut random = |rows: usize| -> Mat<f64> {
                Mat::from_fn(rows, size, |_, _| rng.sample::<f64, _>(StandardNormal))
            };
            let ridge = Mat::<f64>::identity(size, size) * faer::Scale(0.01);
            let matrices: Vec<Mat<f64>> = (0..19)
                .map(|_| {
                    let rows = random(size + 3);
                    rows.transpose() * &rows + &ridge
                })
                .collect();
            let rows = random(2 * size);
            check(size, &matrices, &Mat::identity(size, size));
            check(size, &matrices, &(rows.transpose() * &rows * faer::Scale(0.1)));
        }
    }

    #[test]
    fn matrices_that_fall_apart_or_have_one_eigenvalue_stand_beside_others() {
        let blocks = |scale: f64| {
            Mat::from_fn(6, 6, |i, j| match (i / 2 == j / 2, i == j) {
                (_, true) => 2.0 + scale * (i / 2) as f64,
                (true, false) => 0.7,
                _ => 0.0,
            })
        };
        let even = Mat::from_fn(6, 6, |i, j| if i == j { 3.0 } else { 0.5 });
        let wide =
            Mat::from_fn(6, 6, |i, j| if i == j { 10.0_f64.powi(3 * i as i32 - 8) } else { 0.0 });
        let matrices = [blocks(1.0), blocks(0.0), even, wide, Mat::identity(6, 6)];
        check(6, &matrices, &Mat::identity(6, 6));
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        let mut batch = Batch::new(2, 1);
        batch.put(0, [1.0, f64::NAN, 1.0].into_iter());
        assert!(batch.mean_log(&Mat::identity(2, 2)).is_err());
    }
}
