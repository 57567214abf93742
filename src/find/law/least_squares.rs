//! Penalised least squares of a few unknowns, from sums over pages.
//!
//! Takes rows (a value and what explains it), keeps their products; gives weights, their covariance, and the squared error that
//! other weights would have on the same rows. By Cholesky's decomposition: unknowns are a few dozen.

/// Smallest pivot as a share of its diagonal: below, an unknown is not determined.
const LEAST_PIVOT: f64 = 1e-10;

/// Products of rows: enough for any solution and any error.
#[derive(Clone, Debug)]
pub struct Sums {
    /// `[unknowns][unknowns]`.
    products: Vec<Vec<f64>>,
    moments: Vec<f64>,
    squares: f64,
}

/// What was solved for.
#[derive(Clone, Debug)]
pub struct Solved {
    /// Weight of each unknown, `[unknowns]`; zero for those that were left out.
    pub weights: Vec<f64>,
    /// Variance of each unknown that was solved for, in units of the noise's variance.
    pub variances: Vec<f64>,
}

impl Sums {
    /// Of no rows.
    pub fn new(unknowns: usize) -> Self {
        Self {
            products: vec![vec![0.0; unknowns]; unknowns],
            moments: vec![0.0; unknowns],
            squares: 0.0,
        }
    }

    /// Adds a row.
    pub fn add(&mut self, value: f64, row: &[f64]) {
        for (i, a) in row.iter().enumerate() {
            self.products[i].iter_mut().zip(row).for_each(|(sum, b)| *sum += a * b);
            self.moments[i] += a * value;
        }
        self.squares += value * value;
    }

    /// Adds (`sign` 1) or takes away (−1) other sums.
    pub fn merge(&mut self, other: &Self, sign: f64) {
        for (mine, others) in self.products.iter_mut().zip(&other.products) {
            mine.iter_mut().zip(others).for_each(|(sum, other)| *sum += sign * other);
        }
        self.moments.iter_mut().zip(&other.moments).for_each(|(sum, other)| *sum += sign * other);
        self.squares += sign * other.squares;
    }

    /// The weights of the first `unknowns` that minimise squared error plus `penalty`; `None` where they are not determined.
    pub fn solve(&self, penalty: &[Vec<f64>], unknowns: usize) -> Option<Solved> {
        let part = |i: usize, j: usize| self.products[i][j] + penalty[i][j];
        let triangle = cholesky(unknowns, part)?;
        let mut weights = substitute(&triangle, &self.moments[..unknowns]);
        let variance = |i: usize| {
            let unit: Vec<f64> = (0..unknowns).map(|j| f64::from(u8::from(i == j))).collect();
            substitute(&triangle, &unit)[i]
        };
        let variances = (0..unknowns).map(variance).collect();
        weights.resize(self.moments.len(), 0.0);
        weights.iter().all(|w| w.is_finite()).then_some(Solved { weights, variances })
    }

    /// Squared error of these weights, over all rows.
    pub fn error(&self, weights: &[f64]) -> f64 {
        let mut error = self.squares;
        for (i, a) in weights.iter().enumerate() {
            let with: f64 =
                weights.iter().zip(&self.products[i]).map(|(b, product)| b * product).sum();
            error += a * (with - 2.0 * self.moments[i]);
        }
        error
    }
}

/// Lower triangle whose product with its transpose is the matrix.
fn cholesky(size: usize, matrix: impl Fn(usize, usize) -> f64) -> Option<Vec<Vec<f64>>> {
    let mut triangle: Vec<Vec<f64>> = Vec::with_capacity(size);
    for i in 0..size {
        let mut row: Vec<f64> = Vec::with_capacity(i + 1);
        for (j, above) in triangle.iter().enumerate() {
            let told: f64 = row.iter().zip(above).map(|(a, b)| a * b).sum();
            row.push((matrix(i, j) - told) / above[j]);
        }
        let left = matrix(i, i) - row.iter().map(|a| a * a).sum::<f64>();
        if left.is_nan() || left <= LEAST_PIVOT * matrix(i, i).abs() {
            return None;
        }
        row.push(left.sqrt());
        triangle.push(row);
    }
    Some(triangle)
}

fn substitute(triangle: &[Vec<f64>], right: &[f64]) -> Vec<f64> {
    let mut solution: Vec<f64> = Vec::with_capacity(right.len());
    for (row, value) in triangle.iter().zip(right) {
        let told: f64 = row.iter().zip(&solution).map(|(a, b)| a * b).sum();
        solution.push((value - told) / row[solution.len()]);
    }
    for i in (0..right.len()).rev() {
        let told: f64 = (i + 1..right.len()).map(|j| triangle[j][i] * solution[j]).sum();
        solution[i] = (solution[i] - told) / triangle[i][i];
    }
    solution
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_errors_and_what_is_taken_away() {
        let rows = [(1.0, 3.1), (2.0, 4.9), (3.0, 7.0), (4.0, 9.1)];
        let (mut sums, mut others) = (Sums::new(2), Sums::new(2));
        for (x, y) in rows {
            sums.add(y, &[1.0, x]);
            others.add(5.0 * y, &[1.0, -x]);
        }
        let none = vec![vec![0.0; 2]; 2];
        let plain = sums.solve(&none, 2).unwrap();
        assert!((plain.weights[1] - 2.01).abs() < 1e-9 && (plain.weights[0] - 1.0).abs() < 1e-9);
        let by_hand: f64 =
            rows.iter().map(|(x, y): &(f64, f64)| (y - 1.0 - 2.01 * x).powi(2)).sum();
        assert!((sums.error(&plain.weights) - by_hand).abs() < 1e-9);
        // The slope's variance is 1 / Σ(x − x̄)².
        assert!((plain.variances[1] - 0.2).abs() < 1e-9);
        let mut both = sums.clone();
        both.merge(&others, 1.0);
        both.merge(&others, -1.0);
        assert!((both.solve(&none, 2).unwrap().weights[1] - 2.01).abs() < 1e-9);
        assert_eq!(sums.solve(&none, 1).unwrap().weights[1], 0.0);
        assert!(Sums::new(2).solve(&none, 2).is_none());
    }
}
