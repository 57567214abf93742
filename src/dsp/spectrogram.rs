//! The power density of one channel as it changes.
//!
//! Takes one channel sample by sample, µV; gives a column of one-sided density in µV²/Hz for every hop: the values of
//! `scipy.signal.spectrogram(x, fs, window="hann", nperseg=length, noverlap=length - hop)` (tests: within 1e-6).
//! No column goes over a gap. All memory is set aside in `prepare`.

use std::collections::VecDeque;

use super::error::DspError;
use super::spectrum::Periodogram;
use crate::units::SampleRate;

/// A spectrogram that grows.
pub struct Spectrogram {
    periodogram: Periodogram,
    recent: VecDeque<f32>,
    hop: usize,
    /// Samples until the next column.
    wanted: usize,
    period_secs: f64,
}

impl Spectrogram {
    /// For stretches of `length` samples, one every `hop`.
    ///
    /// # Errors
    /// As [`Periodogram::prepare`]; [`DspError::OutOfRange`] for a hop of nothing.
    pub fn prepare(length: usize, hop: usize, rate: SampleRate) -> Result<Self, DspError> {
        if hop == 0 {
            let (what, expected) = ("the hop of a spectrogram", "at least one sample");
            return Err(DspError::OutOfRange { what, expected, got: 0.0 });
        }
        Ok(Self {
            periodogram: Periodogram::prepare(length, rate)?,
            recent: VecDeque::with_capacity(length),
            hop,
            wanted: length,
            period_secs: rate.period_secs(),
        })
    }

    /// Number of bins of a column.
    pub fn bins(&self) -> usize {
        self.periodogram.bins()
    }

    /// Distance of two bins in Hz.
    pub fn bin_hz(&self) -> f64 {
        self.periodogram.bin_hz()
    }

    /// Time between two columns, seconds.
    pub fn hop_secs(&self) -> f64 {
        self.hop as f64 * self.period_secs
    }

    /// How long before its last sample the middle of a column lies, seconds, as SciPy counts: the middle is half a
    /// stretch after its first sample.
    pub fn middle_before_secs(&self) -> f64 {
        (self.periodogram.length() as f64 / 2.0 - 1.0) * self.period_secs
    }

    /// Samples are missing before the next one.
    pub fn gap(&mut self) {
        self.recent.clear();
        self.wanted = self.periodogram.length();
    }

    /// Takes the next sample; gives the column that it completes, `[bins]`, µV²/Hz. A value that is not a number counts
    /// as a gap.
    pub fn push(&mut self, value_uv: f32) -> Option<&[f64]> {
        if !value_uv.is_finite() {
            self.gap();
            return None;
        }
        if self.recent.len() == self.periodogram.length() {
            self.recent.pop_front();
        }
        self.recent.push_back(value_uv);
        self.wanted -= 1;
        if self.wanted > 0 {
            return None;
        }
        self.wanted = self.hop;
        Some(self.periodogram.density(self.recent.iter().copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::spectrum::tests::{close, vectors};
    use super::*;

    #[test]
    fn columns_and_their_times_are_those_of_scipy_spectrogram() {
        for case in vectors().spectrogram {
            let rate = SampleRate::new(case.rate_hz).unwrap();
            let mut spectrogram = Spectrogram::prepare(case.length, case.hop, rate).unwrap();
            let before_secs = spectrogram.middle_before_secs();
            let mut columns = case.times_secs.iter().zip(&case.columns);
            for (i, value) in case.x.iter().enumerate() {
                if let Some(column) = spectrogram.push(*value) {
                    let (time_secs, expected) = columns.next().expect("SciPy has it too");
                    let middle_secs = i as f64 / case.rate_hz - before_secs;
                    assert!((middle_secs - time_secs).abs() < 1e-9);
                    close(column.iter().copied(), expected);
                }
            }
            assert!(columns.next().is_none(), "SciPy has more columns");
        }
    }

    #[test]
    fn a_gap_begins_anew() {
        let rate = SampleRate::new(100.0).unwrap();
        let mut spectrogram = Spectrogram::prepare(10, 5, rate).unwrap();
        let mut columns = |values: &[f32]| -> usize {
            values.iter().filter(|v| spectrogram.push(**v).is_some()).count()
        };
        assert_eq!(columns(&[1.0; 20]), 3);
        assert_eq!(columns(&[f32::NAN]), 0);
        assert_eq!(columns(&[1.0; 9]), 0);
        assert_eq!(columns(&[1.0; 1]), 1);
        spectrogram.gap();
        assert_eq!((0..9).filter(|_| spectrogram.push(1.0).is_some()).count(), 0);
        assert!(Spectrogram::prepare(10, 0, rate).is_err());
    }
}
