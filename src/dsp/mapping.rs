//! From the headset's channels to the pack's: a matrix applied to every frame.
//!
//! Takes a frame `[source_channels]`, gives a frame `[channels]`, both `f32`, µV. The matrix is dense
//! `[channels, source_channels]`, row-major; only weights that are not zero cost anything, since most
//! rows pick one channel. Sums in `f64`, in the order of the source's channels.

use super::error::DspError;

/// A prepared mapping.
pub struct Mapping {
    /// Source channel and weight, row after row.
    terms: Vec<(usize, f64)>,
    /// Where each row's terms end.
    row_ends: Vec<usize>,
    source_channels: usize,
}

impl Mapping {
    /// Checks the matrix `[channels, source_channels]`.
    ///
    /// # Errors
    /// [`DspError::Shape`] for a wrong length, [`DspError::OutOfRange`] for a weight that is not finite.
    pub fn prepare(
        matrix: &[f32],
        channels: usize,
        source_channels: usize,
    ) -> Result<Self, DspError> {
        let expected = channels.saturating_mul(source_channels);
        if matrix.len() != expected {
            let what = "channel mapping";
            return Err(DspError::Shape { what, expected, got: matrix.len() });
        }
        if let Some(bad) = matrix.iter().find(|w| !w.is_finite()) {
            let (what, expected) = ("a weight of the channel mapping", "a finite number");
            return Err(DspError::OutOfRange { what, expected, got: f64::from(*bad) });
        }
        let (mut terms, mut row_ends) = (Vec::new(), Vec::with_capacity(channels));
        for row in 0..channels {
            let weights = &matrix[row * source_channels..(row + 1) * source_channels];
            let used = weights.iter().enumerate().filter(|(_, w)| **w != 0.0);
            terms.extend(used.map(|(source, w)| (source, f64::from(*w))));
            row_ends.push(terms.len());
        }
        Ok(Self { terms, row_ends, source_channels })
    }

    /// Maps one frame: `input` `[source_channels]` to `output` `[channels]`. Frames of any other width
    /// leave `output` as it is.
    pub fn apply(&self, input: &[f32], output: &mut [f32]) {
        if input.len() != self.source_channels {
            return;
        }
        let mut start = 0;
        for (value, &end) in output.iter_mut().zip(&self.row_ends) {
            let terms = self.terms[start..end].iter();
            *value = terms.map(|(source, w)| w * f64::from(input[*source])).sum::<f64>() as f32;
            start = end;
        }
    }

    /// For each of the pack's channels, whether it has any source: `[channels]`.
    pub fn sourced(&self) -> Vec<bool> {
        let starts = std::iter::once(0).chain(self.row_ends.iter().copied());
        starts.zip(&self.row_ends).map(|(start, end)| start < *end).collect()
    }

    /// For each source channel, whether any of the pack's channels uses it: `[source_channels]`.
    pub fn used(&self) -> Vec<bool> {
        let mut used = vec![false; self.source_channels];
        for (source, _) in &self.terms {
            used[*source] = true;
        }
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_pick_blend_or_stay_zero() {
        let matrix = [0.0, 1.0, 0.0, 0.5, 0.0, 0.25, 0.0, 0.0, 0.0];
        let mapping = Mapping::prepare(&matrix, 3, 3).unwrap();
        let mut out = [f32::NAN; 3];
        mapping.apply(&[2.0, 3.0, 4.0], &mut out);
        assert_eq!(out, [3.0, 2.0, 0.0]);
        assert_eq!(mapping.sourced(), [true, true, false]);
        assert_eq!(mapping.used(), [true, true, true]);
    }

    #[test]
    fn wrong_shapes_and_weights_are_refused() {
        assert!(matches!(Mapping::prepare(&[1.0; 5], 2, 3), Err(DspError::Shape { .. })));
        assert!(matches!(Mapping::prepare(&[f32::NAN], 1, 1), Err(DspError::OutOfRange { .. })));
    }
}
