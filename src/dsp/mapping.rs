//! From the headset's channels to the pack's: a matrix applied to every frame.
//!
//! Takes frames `[frames, source_channels]`, gives frames `[frames, channels]`, both row-major, `f32`, µV.
//! The matrix is dense `[channels, source_channels]`, row-major; only weights that are not zero cost
//! anything, since most rows pick one channel, and channels that are taken as they are are copied. Sums in
//! `f64`, in the order of the source's channels.

use super::error::DspError;

/// A prepared mapping.
pub struct Mapping {
    /// Source channel and weight, row after row.
    terms: Vec<(usize, f64)>,
    /// Where each row's terms end.
    row_ends: Vec<usize>,
    source_channels: usize,
    /// Every channel is one of the source's, in order: nothing is to be computed.
    is_identity: bool,
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
        let is_identity = channels == source_channels
            && terms.len() == channels
            && terms.iter().enumerate().all(|(row, term)| *term == (row, 1.0))
            && row_ends.iter().enumerate().all(|(row, end)| *end == row + 1);
        Ok(Self { terms, row_ends, source_channels, is_identity })
    }

    /// Maps `input` `[frames, source_channels]` to `output` `[frames, channels]`, as many frames as both
    /// hold whole.
    pub fn apply(&self, input: &[f32], output: &mut [f32]) {
        if self.is_identity {
            let values = input.len().min(output.len()) / self.source_channels.max(1);
            let values = values * self.source_channels;
            output[..values].copy_from_slice(&input[..values]);
            return;
        }
        let frames = input.chunks_exact(self.source_channels.max(1));
        for (frame, mapped) in frames.zip(output.chunks_exact_mut(self.row_ends.len().max(1))) {
            self.apply_to_frame(frame, mapped);
        }
    }

    fn apply_to_frame(&self, input: &[f32], output: &mut [f32]) {
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
        let mut two = [f32::NAN; 6];
        mapping.apply(&[2.0, 3.0, 4.0, 0.0, 1.0, 8.0], &mut two);
        assert_eq!(two, [3.0, 2.0, 0.0, 1.0, 2.0, 0.0]);
        assert_eq!(mapping.sourced(), [true, true, false]);
        assert_eq!(mapping.used(), [true, true, true]);
    }

    #[test]
    fn channels_that_are_taken_as_they_are_come_out_to_the_bit() {
        let identity = Mapping::prepare(&[1.0, 0.0, 0.0, 1.0], 2, 2).unwrap();
        let swapped = Mapping::prepare(&[0.0, 1.0, 1.0, 0.0], 2, 2).unwrap();
        assert!(identity.is_identity && !swapped.is_identity);
        let mut out = [f32::NAN; 4];
        identity.apply(&[-0.0, f32::MIN_POSITIVE / 8.0, 1.5, -2.5], &mut out);
        let expected = [-0.0, f32::MIN_POSITIVE / 8.0, 1.5, -2.5_f32];
        assert_eq!(out.map(f32::to_bits), expected.map(f32::to_bits));
    }

    #[test]
    fn wrong_shapes_and_weights_are_refused() {
        assert!(matches!(Mapping::prepare(&[1.0; 5], 2, 3), Err(DspError::Shape { .. })));
        assert!(matches!(Mapping::prepare(&[f32::NAN], 1, 1), Err(DspError::OutOfRange { .. })));
    }
}
