//! The pictures that pages are made of, as points on a sphere.
//!
//! Takes embeddings `[rows, dim]`, such as those of the drawings that a pack's generator remembers; gives how alike two rows
//! are. Guarantees: every row has length 1 and is finite; sums run in a fixed order, so that the same rows are alike to the
//! same last bit wherever they are asked for.

use super::steer_error::SteerError;

/// Most rows: a choice is weighed against all of them.
pub const MAX_ROWS: usize = 65_535;

/// Lanes that products are summed in, so that they are quick; always the same ones, so that they are always the same.
const LANES: usize = 8;

/// Cosine from which two rows are the same drawing.
pub const SAME_DRAWING: f64 = 0.98;

/// Pictures by their embeddings.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    dim: usize,
    /// `[rows, dim]`, unit length.
    embeddings: Vec<f32>,
}

impl Space {
    /// From embeddings `[rows, dim]` of any length but zero.
    ///
    /// # Errors
    /// `SteerError::Space` for fewer than two rows or more than [`MAX_ROWS`], a remainder, or a row without a direction.
    pub fn new(mut embeddings: Vec<f32>, dim: usize) -> Result<Self, SteerError> {
        let rows = embeddings.len().checked_div(dim).unwrap_or(0);
        if rows.checked_mul(dim) != Some(embeddings.len()) || !(2..=MAX_ROWS).contains(&rows) {
            let (values, most) = (embeddings.len(), MAX_ROWS);
            return Err(SteerError::Space(format!(
                "expected 2 to {most} rows of {dim} numbers, got {values} numbers"
            )));
        }
        for (row, values) in embeddings.chunks_exact_mut(dim).enumerate() {
            let length = dot(values, values).sqrt();
            if !length.is_finite() || length < f64::from(f32::MIN_POSITIVE) {
                return Err(SteerError::Space(format!("row {row} has length {length}")));
            }
            values.iter_mut().for_each(|v| *v = (f64::from(*v) / length) as f32);
        }
        Ok(Self { dim, embeddings })
    }

    /// How many pictures.
    pub fn rows(&self) -> usize {
        self.embeddings.len() / self.dim
    }

    /// The unit embedding of a row, `[dim]`; empty for a row that is not there.
    pub fn embedding(&self, row: usize) -> &[f32] {
        self.embeddings.chunks_exact(self.dim).nth(row).unwrap_or_default()
    }

    /// Cosine of two rows, −1 to 1.
    pub fn likeness(&self, a: usize, b: usize) -> f64 {
        dot(self.embedding(a), self.embedding(b))
    }
}

/// Summed in lanes of single precision.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let ((whole_a, rest_a), (whole_b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0_f32; LANES];
    for (x, y) in whole_a.iter().zip(whole_b) {
        (0..LANES).for_each(|lane| lanes[lane] += x[lane] * y[lane]);
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(x, y)| x * y).sum();
    f64::from(lanes.iter().sum::<f32>() + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_get_length_one_and_cosines_are_those_of_plain_sums() {
        let values: Vec<f32> = (0..3 * 19).map(|i| ((i * 7 % 23) as f32) - 9.0).collect();
        let space = Space::new(values.clone(), 19).unwrap();
        let plain = |a: usize, b: usize| -> f64 {
            let of = |r: usize| values[r * 19..][..19].iter().map(|v| f64::from(*v));
            let product = |r, s| of(r).zip(of(s)).map(|(x, y)| x * y).sum::<f64>();
            product(a, b) / (product(a, a) * product(b, b)).sqrt()
        };
        for (a, b) in [(0, 0), (0, 1), (2, 1)] {
            assert!((space.likeness(a, b) - plain(a, b)).abs() < 1e-6, "{a} {b}");
        }
        assert_eq!((space.rows(), space.embedding(3)), (3, [].as_slice()));
    }

    #[test]
    fn what_is_no_space_is_refused() {
        let wrong = [(vec![1.0; 4], 0), (vec![1.0; 5], 2), (vec![1.0; 2], 2), (vec![], 2)];
        for (values, dim) in wrong {
            assert!(matches!(Space::new(values, dim), Err(SteerError::Space(_))), "{dim}");
        }
        for bad in [0.0, f32::NAN, f32::INFINITY] {
            assert!(Space::new(vec![1.0, 0.0, bad, 0.0], 2).is_err(), "{bad}");
        }
    }
}
