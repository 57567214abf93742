//! The logarithm of a small symmetric positive matrix on the stack, by Jacobi's rotations (Golub & Van Loan, Matrix
//! Computations, §8.5): the same operations in the same order for the same matrix.

#![expect(clippy::needless_range_loop, reason = "rows and columns of several matrices at once")]

/// Rows of the largest matrix.
pub const MAX_SIZE: usize = 16;

/// Rows of a symmetric matrix; those beyond its size are zero.
pub type Square = [[f64; MAX_SIZE]; MAX_SIZE];

/// Sweeps at most: convergence is quadratic, eight are enough for any matrix of this size.
const SWEEPS: usize = 30;

/// Squared share of the matrix that may be left off the diagonal.
const NEAR: f64 = 1e-30;

/// Nothing.
pub fn zero() -> Square {
    [[0.0; MAX_SIZE]; MAX_SIZE]
}

/// The logarithm of the first `size` rows and columns; `None` where a number is none or an eigenvalue is not above zero.
pub fn logarithm(matrix: &Square, size: usize) -> Option<Square> {
    let (mut own, mut vectors) = (*matrix, zero());
    (0..size).for_each(|i| vectors[i][i] = 1.0);
    for _ in 0..SWEEPS {
        let (mut off, mut on) = (0.0, 0.0);
        for i in 0..size {
            on += own[i][i] * own[i][i];
            (0..i).for_each(|j| off += own[i][j] * own[i][j]);
        }
        if !(off + on).is_finite() {
            return None;
        }
        if off <= NEAR * on {
            break;
        }
        for p in 0..size {
            (p + 1..size).for_each(|q| rotate(&mut own, &mut vectors, size, p, q));
        }
    }
    let mut logs = [0.0; MAX_SIZE];
    for i in 0..size {
        let value = own[i][i];
        logs[i] = (value > 0.0 && value.is_finite()).then(|| value.ln())?;
    }
    let mut out = zero();
    for i in 0..size {
        for j in 0..=i {
            let sum = (0..size).map(|k| vectors[i][k] * logs[k] * vectors[j][k]).sum();
            (out[i][j], out[j][i]) = (sum, sum);
        }
    }
    Some(out)
}

/// Turns rows and columns p and q so that what they share becomes zero.
fn rotate(own: &mut Square, vectors: &mut Square, size: usize, p: usize, q: usize) {
    let shared = own[p][q];
    if shared == 0.0 {
        return;
    }
    let ratio = (own[q][q] - own[p][p]) / (2.0 * shared);
    let tangent = ratio.signum() / (ratio.abs() + ratio.hypot(1.0));
    let cosine = tangent.hypot(1.0).recip();
    let sine = tangent * cosine;
    for k in 0..size {
        let (a, b) = (own[k][p], own[k][q]);
        (own[k][p], own[k][q]) = (cosine * a - sine * b, sine * a + cosine * b);
    }
    for k in 0..size {
        let (a, b) = (own[p][k], own[q][k]);
        (own[p][k], own[q][k]) = (cosine * a - sine * b, sine * a + cosine * b);
    }
    for k in 0..size {
        let (a, b) = (vectors[k][p], vectors[k][q]);
        (vectors[k][p], vectors[k][q]) = (cosine * a - sine * b, sine * a + cosine * b);
    }
}
