//! Spatial filters that bring out what a class evokes (xDAWN; Rivet et al. 2009), and covariances of epochs with the
//! filtered class means beside them (Congedo, Barachant & Andreev 2013; pyRiemann's `XdawnCovariances`).

#![expect(clippy::needless_range_loop, reason = "a lane of several arrays at once")]

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

use super::covariances::Covariances;
use super::part::Part;
use crate::calibrate::linalg;
use crate::calibrate::trials::CalibrationError;
use crate::calibrate::trials::whiten::shrinkage;
use crate::compute::lockstep::{Batch, LANES, Lane, wide};

/// Share of the mean eigenvalue that is added to the signal's covariance: an average reference takes one away.
const RIDGE: f64 = 1e-6;

/// Rows that one row is multiplied with at a time: their sums wait for one another less.
const TOGETHER: usize = 4;

/// Filters of every class and the filtered means.
pub struct Xdawn {
    /// `[filters of all classes, channels]`
    pub filters: Mat<f64>,
    /// `[filters of all classes, samples]`
    pub means: Mat<f64>,
}

impl Xdawn {
    /// Fits so many filters for each class, once for each of `counts`; labels are from 0 and below `classes`.
    ///
    /// # Errors
    /// [`CalibrationError::Numbers`].
    pub fn fit(
        part: Part<'_>,
        labels: &[usize],
        classes: usize,
        counts: &[usize],
    ) -> Result<Vec<Self>, CalibrationError> {
        let (channels, samples) = (part.trials.channels, part.trials.samples);
        let (total, evoked) = moments(part, labels, classes);
        let white = linalg::function_of(total.as_ref(), |value| {
            value.max(f64::MIN_POSITIVE).sqrt().recip()
        })?;
        let mut all = Vec::with_capacity(classes);
        for mean in &evoked {
            let seen = &white * mean;
            let (_, vectors) = linalg::eigen((&seen * seen.transpose()).as_ref())?;
            all.push(&white * &vectors);
        }
        let of = |count: &usize| {
            let count = (*count).min(channels);
            let filters = Mat::from_fn(classes * count, channels, |row, c| {
                all[row / count][(c, channels - 1 - row % count)]
            });
            let mut means = Mat::zeros(classes * count, samples);
            for (class, mean) in evoked.iter().enumerate() {
                let own = filters.subrows(class * count, count) * mean;
                means.subrows_mut(class * count, count).copy_from(own);
            }
            Self { filters, means }
        };
        Ok(counts.iter().map(of).collect())
    }

    /// Shrunk covariances of [means; filtered epoch], `[2 × filters, 2 × filters]` each.
    pub fn covariances(&self, part: Part<'_>) -> Covariances {
        let (filters, channels) = (self.filters.nrows(), self.filters.ncols());
        let size = 2 * filters;
        let mut basis = Mat::identity(size, size);
        let mut reduced = self.filters.clone();
        if filters > channels {
            // Filtered epochs move in as many directions as there are channels.
            let factors = self.filters.qr();
            let turned = factors.compute_thin_Q();
            reduced = factors.thin_R().to_owned();
            basis = Mat::zeros(size, filters + channels);
            (0..filters).for_each(|i| basis[(i, i)] = 1.0);
            basis.submatrix_mut(filters, filters, filters, channels).copy_from(turned);
        }
        let mut inner = Batch::new(basis.ncols(), part.len());
        let mut bench = Bench::new(&reduced, &self.means);
        let rest = (0..part.len())
            .map(|i| {
                wide(
                    #[inline(always)]
                    || bench.put(part.epoch(i)),
                );
                bench.shrunk(size, |lower| inner.put(i, lower))
            })
            .collect();
        Covariances { basis, inner, rest }
    }
}

/// The signal's mean square `[channels, channels]`, with a ridge, and the mean epoch of each class `[channels, samples]`.
fn moments(part: Part<'_>, labels: &[usize], classes: usize) -> (Mat<f64>, Vec<Mat<f64>>) {
    let (channels, samples) = (part.trials.channels, part.trials.samples);
    let width = channels * samples;
    let mut total = Mat::zeros(channels, channels);
    let mut sums = vec![vec![0.0_f64; width]; classes];
    let mut counts = vec![0.0_f64; classes];
    let mut epoch = vec![0.0_f64; width];
    for (i, label) in labels.iter().enumerate() {
        let own = part.epoch(i);
        epoch.iter_mut().zip(own).for_each(|(to, from)| *to = f64::from(*from));
        let columns = MatRef::from_column_major_slice(&epoch, samples, channels);
        matmul(&mut total, Accum::Add, columns.transpose(), columns, 1.0, Par::Seq);
        sums[*label].iter_mut().zip(&epoch).for_each(|(sum, value)| *sum += value);
        counts[*label] += 1.0;
    }
    let mean = |(sums, count): (&Vec<f64>, &f64)| {
        let share = 1.0 / count.max(1.0);
        Mat::from_fn(channels, samples, |c, s| share * sums[c * samples + s])
    };
    let evoked = sums.iter().zip(&counts).map(mean).collect();
    let scale = 1.0 / (part.len() * samples).max(1) as f64;
    let mut total = total * faer::Scale(scale);
    let trace = (0..channels).map(|c| total[(c, c)]).sum::<f64>() / channels.max(1) as f64;
    (0..channels).for_each(|c| total[(c, c)] += RIDGE * trace);
    (total, evoked)
}

/// Where covariances are taken, epoch by epoch; samples stand side by side, and zeros fill the last eight.
struct Bench {
    samples: usize,
    /// Eights of samples.
    eights: usize,
    /// `[directions, channels]`, row by row.
    filters: Vec<f64>,
    directions: usize,
    channels: usize,
    /// Centred means, then centred filtered epochs, row by row.
    rows: Vec<Lane>,
    means: usize,
    /// Sum of squares of the means at each sample.
    squares: Vec<Lane>,
    epoch: Vec<Lane>,
    /// Covariance as it is, a lower triangle row by row.
    lower: Vec<f64>,
    /// Sum over samples of the fourth power of their length.
    fourth: f64,
}

impl Bench {
    fn new(filters: &Mat<f64>, means: &Mat<f64>) -> Self {
        let (samples, eights) = (means.ncols(), means.ncols().div_ceil(LANES));
        let (directions, channels) = (filters.nrows(), filters.ncols());
        let rows = means.nrows() + directions;
        let mut bench = Self {
            samples,
            eights,
            filters: (0..directions * channels)
                .map(|at| filters[(at / channels, at % channels)])
                .collect(),
            directions,
            channels,
            rows: vec![[0.0; LANES]; rows * eights],
            means: means.nrows(),
            squares: vec![[0.0; LANES]; eights],
            epoch: vec![[0.0; LANES]; channels * eights],
            lower: Vec::with_capacity(rows * (rows + 1) / 2),
            fourth: 0.0,
        };
        for row in 0..means.nrows() {
            let own = &mut bench.rows[row * eights..(row + 1) * eights];
            for s in 0..samples {
                own[s / LANES][s % LANES] = means[(row, s)];
            }
            centre(own, samples);
            add_squares(&mut bench.squares, own);
        }
        for row in 0..means.nrows() {
            products(&bench.rows, row, eights, samples, &mut bench.lower);
        }
        bench
    }

    /// Takes an epoch, `[channels, samples]`.
    #[inline(always)]
    fn put(&mut self, epoch: &[f32]) {
        let eights = self.eights;
        for (out, own) in
            self.epoch.chunks_exact_mut(eights.max(1)).zip(epoch.chunks_exact(self.samples.max(1)))
        {
            for (lane, eight) in out.iter_mut().zip(own.chunks(LANES)) {
                lane.iter_mut().zip(eight).for_each(|(to, from)| *to = f64::from(*from));
            }
        }
        self.lower.truncate(self.means * (self.means + 1) / 2);
        let mut fourth = [0.0; LANES];
        for direction in 0..self.directions {
            let begin = (self.means + direction) * eights;
            let out = &mut self.rows[begin..begin + eights];
            out.fill([0.0; LANES]);
            for channel in 0..self.channels {
                let weight = self.filters[direction * self.channels + channel];
                let own = &self.epoch[channel * eights..(channel + 1) * eights];
                for (sum, value) in out.iter_mut().zip(own) {
                    for l in 0..LANES {
                        sum[l] += weight * value[l];
                    }
                }
            }
            centre(out, self.samples);
        }
        for eight in 0..eights {
            let mut sum = self.squares[eight];
            for row in self.means..self.means + self.directions {
                let value = self.rows[row * eights + eight];
                for l in 0..LANES {
                    sum[l] += value[l] * value[l];
                }
            }
            for l in 0..LANES {
                fourth[l] += sum[l] * sum[l];
            }
        }
        self.fourth = fourth.iter().sum();
        for row in self.means..self.means + self.directions {
            products(&self.rows, row, eights, self.samples, &mut self.lower);
        }
    }

    /// Gives the shrunk covariance, its lower triangle row by row; returns what stands on the diagonal of a covariance of
    /// this size in all other directions.
    fn shrunk(&self, size: usize, give: impl FnOnce(&mut dyn Iterator<Item = f64>)) -> f64 {
        let rows = self.means + self.directions;
        let diagonal = |row: usize| row * (row + 1) / 2 + row;
        let trace = (0..rows).map(|row| self.lower[diagonal(row)]).sum::<f64>();
        let mean = trace / size.max(1) as f64;
        let (mut squares, mut distance) = (0.0, (size - rows) as f64 * mean * mean);
        let mut at = 0;
        for i in 0..rows {
            for j in 0..=i {
                let own = self.lower[at];
                let times = if i == j { 1.0 } else { 2.0 };
                let target = if i == j { mean } else { 0.0 };
                squares += times * own * own;
                distance += times * (own - target) * (own - target);
                at += 1;
            }
        }
        let n = self.samples.max(1) as f64;
        let shrinkage = shrinkage(self.fourth / n - squares, distance, n);
        let added = shrinkage * mean;
        let mut lower = (0..rows).flat_map(|i| (0..=i).map(move |j| i == j)).zip(&self.lower).map(
            |(is_diagonal, own)| (1.0 - shrinkage) * own + if is_diagonal { added } else { 0.0 },
        );
        give(&mut lower);
        added
    }
}

/// Takes the mean over `samples` away; what fills the last eight stays zero.
#[inline(always)]
fn centre(row: &mut [Lane], samples: usize) {
    let mut sum = [0.0; LANES];
    for lane in row.iter() {
        for l in 0..LANES {
            sum[l] += lane[l];
        }
    }
    let mean = sum.iter().sum::<f64>() / samples.max(1) as f64;
    for lane in row.iter_mut() {
        for l in 0..LANES {
            lane[l] -= mean;
        }
    }
    if let Some(lane) = row.last_mut().filter(|_| !samples.is_multiple_of(LANES)) {
        lane[samples % LANES..].fill(0.0);
    }
}

#[inline(always)]
fn add_squares(sums: &mut [Lane], row: &[Lane]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        for l in 0..LANES {
            sum[l] += value[l] * value[l];
        }
    }
}

/// Mean products of a row with all rows up to itself.
#[inline(always)]
fn products(rows: &[Lane], row: usize, eights: usize, samples: usize, out: &mut Vec<f64>) {
    let share = 1.0 / samples.max(1) as f64;
    let own = &rows[row * eights..(row + 1) * eights];
    let mut first = 0;
    while first <= row {
        let many = (row + 1 - first).min(TOGETHER);
        let mut sums = [[0.0; LANES]; TOGETHER];
        // Where fewer are left, the last is taken again, and not used.
        let others: [&[Lane]; TOGETHER] = std::array::from_fn(|k| {
            let other = (first + k).min(row);
            &rows[other * eights..(other + 1) * eights]
        });
        for (eight, value) in own.iter().enumerate() {
            for (sum, other) in sums.iter_mut().zip(&others) {
                let other = &other[eight];
                for l in 0..LANES {
                    sum[l] += value[l] * other[l];
                }
            }
        }
        out.extend(sums[..many].iter().map(|sum| share * sum.iter().sum::<f64>()));
        first += many;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::classes::part::all;
    use crate::calibrate::trials::whiten::ledoit_wolf;
    use crate::calibrate::trials::{Trial, Trials};
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    /// Covariances as they are defined, with as many filters as channels or more.
    #[test]
    fn covariances_are_those_of_means_and_filtered_epochs_one_by_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (count, channels) = (24, 3);
        for (samples, filters) in [(21, 1), (32, 2), (45, 4)] {
            let about = (0..count)
                .map(|i| Trial { picture: i % 2, run: 0, session: 0, onset_secs: i as f64 })
                .collect();
            let eeg = (0..count * channels * samples)
                .map(|at| rng.sample::<f32, _>(StandardNormal) + (at % samples) as f32 * 0.1)
                .collect();
            let zero_shot = Mat::zeros(count, 1);
            let trials = Trials { channels, samples, about, eeg, before: Vec::new(), zero_shot };
            let rows = all(&trials);
            let part = Part { trials: &trials, rows: &rows };
            let xdawn = Xdawn::fit(part, &part.labels(), 2, &[filters]).unwrap().remove(0);
            let found = xdawn.covariances(part);
            let count_of_filters = xdawn.filters.nrows();
            assert_eq!(found.has_rest(), count_of_filters > channels);
            for i in 0..count {
                let epoch = part.epoch(i);
                let own = Mat::from_fn(channels, samples, |c, s| f64::from(epoch[c * samples + s]));
                let filtered = &xdawn.filters * own;
                let both = Mat::from_fn(samples, 2 * count_of_filters, |s, k| {
                    if k < count_of_filters {
                        xdawn.means[(k, s)]
                    } else {
                        filtered[(k - count_of_filters, s)]
                    }
                });
                let (expected, _) = ledoit_wolf(both.as_ref());
                let whole = found.whole(&found.inner.one(i), found.rest[i]);
                assert!((expected - whole).norm_max() < 1e-12, "{samples} {filters} {i}");
            }
        }
    }
}
