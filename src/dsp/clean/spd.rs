//! Small symmetric positive-definite systems, in memory set aside before: neither allocates nor fails otherwise than by
//! saying that a matrix is not positive definite.

/// Cholesky's factor in the lower triangle of `matrix` `[n, n]`, row-major, in place; false where the matrix is not positive
/// definite. The upper triangle is neither read nor changed.
pub fn factor(matrix: &mut [f64], n: usize) -> bool {
    for row in 0..n {
        for column in 0..=row {
            let (above, this) = matrix.split_at_mut(row * n);
            let other = if column < row { &above[column * n..] } else { &this[..] };
            let known = dot(&this[..column], &other[..column]);
            let rest = this[column] - known;
            if column < row {
                this[column] = rest / other[column];
            } else if rest > 0.0 && rest.is_finite() {
                this[column] = rest.sqrt();
            } else {
                return false;
            }
        }
    }
    true
}

/// Solves for all columns of `right` `[n, columns]`, row-major, in place, with a factor of [`factor`].
pub fn solve(factor: &[f64], n: usize, right: &mut [f64], columns: usize) {
    for row in 0..n {
        let (done, rest) = right.split_at_mut(row * columns);
        for k in 0..row {
            subtract(&mut rest[..columns], factor[row * n + k], &done[k * columns..]);
        }
        rest[..columns].iter_mut().for_each(|v| *v /= factor[row * n + row]);
    }
    for row in (0..n).rev() {
        let (before, done) = right.split_at_mut((row + 1) * columns);
        let this = &mut before[row * columns..];
        for k in row + 1..n {
            subtract(this, factor[k * n + row], &done[(k - row - 1) * columns..]);
        }
        this.iter_mut().for_each(|v| *v /= factor[row * n + row]);
    }
}

/// The inner product of two slices of the same length. Eight sums at a time, so that they go side by side.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (eights_a, rest_a) = a.as_chunks::<8>();
    let (eights_b, rest_b) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in eights_a.iter().zip(eights_b) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    let rest: f64 = rest_a.iter().zip(rest_b).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

fn subtract(from: &mut [f64], times: f64, what: &[f64]) {
    for (value, other) in from.iter_mut().zip(what) {
        *value -= times * other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved_and_one_without_a_root_is_told() {
        let mut matrix = [4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 1.0, 3.0, 6.0];
        assert!(factor(&mut matrix, 3));
        // Columns (1, 2, 3) and (0, 0, 1) times the whole matrix.
        let mut right = [4.0 + 4.0 + 3.0, 1.0, 2.0 + 10.0 + 9.0, 3.0, 1.0 + 6.0 + 18.0, 6.0];
        solve(&matrix, 3, &mut right, 2);
        for (got, want) in right.iter().zip([1.0, 0.0, 2.0, 0.0, 3.0, 1.0]) {
            assert!((got - want).abs() < 1e-12, "{right:?}");
        }
        assert!(!factor(&mut [1.0, 0.0, 2.0, 1.0], 2));
    }
}
