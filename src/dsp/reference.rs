//! Re-referencing of frames `[frames, channels]`, µV, in place.
//!
//! Channels that no source channel feeds stay at zero and take no part: an electrode that is not there
//! must neither pull the average towards zero nor receive it. Sums in `f64`, in channel order.

use super::error::DspError;

/// What the potentials are measured against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reference {
    /// As the amplifier gives them.
    #[default]
    None,
    /// The mean over the pack's channels that have a source.
    CommonAverage,
    /// One of the pack's channels, by its row.
    Channel(usize),
}

/// A reference bound to the channels that take part.
pub struct Referencer {
    reference: Reference,
    sourced: Vec<bool>,
    count: f64,
}

impl Referencer {
    /// Binds a reference to channels; `sourced` `[channels]` tells which have a source.
    ///
    /// # Errors
    /// [`DspError::OutOfRange`] when the reference channel does not exist.
    pub fn prepare(reference: Reference, sourced: Vec<bool>) -> Result<Self, DspError> {
        if let Reference::Channel(row) = reference
            && !sourced.get(row).copied().unwrap_or(false)
        {
            return Err(DspError::OutOfRange {
                what: "the reference channel",
                expected: "a row of the channel mapping that has a source",
                got: row as f64,
            });
        }
        let count = sourced.iter().filter(|s| **s).count() as f64;
        Ok(Self { reference, sourced, count })
    }

    /// Subtracts each frame's reference from every channel of it that has a source.
    pub fn apply(&self, frames: &mut [f32]) {
        if self.reference != Reference::None {
            let channels = self.sourced.len().max(1);
            frames.chunks_exact_mut(channels).for_each(|frame| self.apply_to_frame(frame));
        }
    }

    fn apply_to_frame(&self, frame: &mut [f32]) {
        let level = match self.reference {
            Reference::None => return,
            Reference::CommonAverage => self.average(frame),
            Reference::Channel(row) => frame.get(row).map_or(0.0, |v| f64::from(*v)),
        };
        for (value, _) in frame.iter_mut().zip(&self.sourced).filter(|(_, s)| **s) {
            *value = (f64::from(*value) - level) as f32;
        }
    }

    fn average(&self, frame: &[f32]) -> f64 {
        let sourced = frame.iter().zip(&self.sourced).filter(|(_, s)| **s);
        let sum: f64 = sourced.map(|(v, _)| f64::from(*v)).sum();
        if self.count > 0.0 { sum / self.count } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_leaves_out_channels_without_a_source() {
        let reference =
            Referencer::prepare(Reference::CommonAverage, vec![true, false, true]).unwrap();
        let mut frames = [3.0, 0.0, 5.0, 10.0, 0.0, 0.0];
        reference.apply(&mut frames);
        assert_eq!(frames, [-1.0, 0.0, 1.0, 5.0, 0.0, -5.0]);
    }

    #[test]
    fn a_single_channel_becomes_zero() {
        let reference = Referencer::prepare(Reference::Channel(1), vec![true; 3]).unwrap();
        let mut frame = [3.0, 2.0, 5.0];
        reference.apply(&mut frame);
        assert_eq!(frame, [1.0, 0.0, 3.0]);
        assert!(Referencer::prepare(Reference::Channel(3), vec![true; 3]).is_err());
    }
}
