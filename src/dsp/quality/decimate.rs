//! Keeps the last second of every channel at a rate that verdicts need, at the cost of two products a value.
//!
//! Takes frames `[channels]`, µV; gives rows `[channels]` of a ring at 1 of `factor` frames: the mean of `2·factor − 1` frames
//! under a triangle, which is causal, forgets within two rows, and whose loss at each frequency is known ([`Decimator::gain`]).
//! Row after row, all channels beside one another, so that a frame is written where it is read, whatever the rate.

/// A ring of rows.
pub struct Rows {
    values: Vec<f32>,
    channels: usize,
    at: usize,
    filled: usize,
}

impl Rows {
    /// For `rows` rows of `channels` values.
    pub fn prepare(rows: usize, channels: usize) -> Self {
        Self { values: vec![0.0; rows * channels], channels, at: 0, filled: 0 }
    }

    /// Forgets what was in it.
    pub fn reset(&mut self) {
        (self.at, self.filled) = (0, 0);
    }

    /// Rows that it holds.
    pub fn len(&self) -> usize {
        self.values.len() / self.channels.max(1)
    }

    /// True once it has gone round.
    pub fn is_full(&self) -> bool {
        self.filled == self.len()
    }

    /// The place of the next row, which takes that of the oldest.
    pub fn next(&mut self) -> &mut [f32] {
        let row = self.at * self.channels..(self.at + 1) * self.channels;
        self.at = (self.at + 1) % self.len();
        self.filled = (self.filled + 1).min(self.len());
        &mut self.values[row]
    }

    /// All rows, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &[f32]> {
        let (newer, older) = self.values.split_at(self.at * self.channels);
        older.chunks_exact(self.channels).chain(newer.chunks_exact(self.channels))
    }
}

/// One row for each `factor` frames.
pub struct Decimator {
    factor: usize,
    phase: usize,
    /// Sums under the rising and the falling half of the triangle.
    rising: Vec<f32>,
    falling: Vec<f32>,
    rows: Rows,
}

impl Decimator {
    /// A ring of `rows` rows, one for each `factor` frames.
    pub fn prepare(factor: usize, rows: usize, channels: usize) -> Self {
        Self {
            factor,
            phase: 0,
            rising: vec![0.0; channels],
            falling: vec![0.0; channels],
            rows: Rows::prepare(rows, channels),
        }
    }

    /// Forgets everything. Does not allocate.
    pub fn reset(&mut self) {
        self.phase = 0;
        self.rising.fill(0.0);
        self.falling.fill(0.0);
        self.rows.reset();
    }

    /// The ring.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Takes a frame; true when a row became complete.
    pub fn push(&mut self, frame: &[f32]) -> bool {
        if self.factor == 1 {
            self.rows.next().copy_from_slice(frame);
            return true;
        }
        let scale = 1.0 / (self.factor * self.factor) as f32;
        let up = (self.phase + 1) as f32 * scale;
        let down = (self.factor - 1 - self.phase) as f32 * scale;
        let sums = self.rising.iter_mut().zip(&mut self.falling);
        for ((rising, falling), value) in sums.zip(frame) {
            *rising += up * value;
            *falling += down * value;
        }
        self.phase += 1;
        if self.phase < self.factor {
            return false;
        }
        self.phase = 0;
        self.rows.next().copy_from_slice(&self.falling);
        std::mem::swap(&mut self.rising, &mut self.falling);
        self.rising.fill(0.0);
        true
    }

    /// What is left of an amplitude at `hz` when frames come at `rate_hz`.
    pub fn gain(factor: usize, hz: f64, rate_hz: f64) -> f64 {
        let step = std::f64::consts::PI * hz / rate_hz;
        if factor == 1 || step == 0.0 {
            return 1.0;
        }
        ((step * factor as f64).sin() / (factor as f64 * step.sin())).powi(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_the_triangle_over_the_frames_before_it() {
        let mut decimator = Decimator::prepare(3, 4, 1);
        let signal: Vec<f32> = (0..12).map(|i| (i * i) as f32).collect();
        for (i, value) in signal.iter().enumerate() {
            assert_eq!(decimator.push(&[*value]), i % 3 == 2);
        }
        let rows: Vec<f32> = decimator.rows().iter().map(|row| row[0]).collect();
        // Before the second row the triangle is not full.
        let triangle = |end: usize| -> f32 {
            let weights = [1.0, 2.0, 3.0, 2.0, 1.0, 0.0];
            weights.iter().enumerate().map(|(k, w)| w * signal[end - 5 + k] / 9.0).sum()
        };
        for (row, end) in rows[1..].iter().zip([5, 8, 11]) {
            assert!((row - triangle(end)).abs() < 1e-4, "{row} {}", triangle(end));
        }
    }

    #[test]
    fn the_gain_is_that_of_the_sums() {
        let (factor, rate) = (8, 4096.0);
        let mut decimator = Decimator::prepare(factor, 512, 1);
        for i in 0..4096 * 2 {
            decimator.push(&[(std::f64::consts::TAU * 75.0 * i as f64 / rate).sin() as f32]);
        }
        let power: f32 = decimator.rows().iter().map(|row| row[0] * row[0]).sum::<f32>() / 512.0;
        let gain = Decimator::gain(factor, 75.0, rate);
        assert!((f64::from(power * 2.0).sqrt() - gain).abs() < 1e-3, "{power} {gain}");
    }
}
