//! Eight symmetric matrices in lockstep: from each to its eigenvalues, and from there to its logarithm.
//!
//! By Householder's reduction to three diagonals and QL steps with implicit shifts (Bowdler et al. 1968, Numer. Math.
//! 11:293). All eight go through the same steps, and one that is done waits for the others; nothing is allocated on the way.

#![expect(clippy::needless_range_loop, reason = "a lane of several arrays at once")]

use faer::traits::ComplexField;
use faer::{Mat, Side};

/// Matrices side by side: two registers of four, so that one computes while the other waits.
pub const LANES: usize = 8;

/// The same number of each matrix of a group.
pub type Lane = [f64; LANES];

/// QL steps for one eigenvalue at most; two are usual.
const MOST_STEPS: usize = 40;

/// Runs with the widest instructions that this processor has; what it calls must be inlined to profit.
#[inline(always)]
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    <f64 as ComplexField>::Arch::default().dispatch(work)
}

/// Numbers before row `size` of a lower triangle.
pub fn triangle(size: usize) -> usize {
    size * (size + 1) / 2
}

/// Where eight matrices are worked on.
pub struct Room {
    size: usize,
    /// Row by row.
    whitening: Vec<f64>,
    /// What is reduced, row by row; below the diagonals, the reflections.
    own: Vec<Lane>,
    /// Another of its size.
    other: Vec<Lane>,
    /// Eigenvectors as columns, row by row.
    vectors: Vec<Lane>,
    /// The diagonal, in the end the eigenvalues.
    diagonal: Vec<Lane>,
    /// What stands below the diagonal.
    below: Vec<Lane>,
    /// Two over the squared length of each reflection.
    twice: Vec<Lane>,
    line: Vec<Lane>,
    /// The result, a lower triangle row by row.
    pub log: Vec<Lane>,
}

impl Room {
    /// For matrices of this size, and what each is multiplied with on both sides.
    pub fn new(size: usize, whitening: &Mat<f64>) -> Self {
        let (square, line) = (vec![[0.0; LANES]; size * size], vec![[0.0; LANES]; size]);
        Self {
            size,
            whitening: (0..size * size).map(|at| whitening[(at / size, at % size)]).collect(),
            other: square.clone(),
            vectors: square.clone(),
            own: square,
            diagonal: line.clone(),
            below: line.clone(),
            twice: line.clone(),
            line,
            log: vec![[0.0; LANES]; triangle(size)],
        }
    }

    /// log(W C W) of each; false when some eigenvalue was not found.
    #[inline(always)]
    pub fn logarithm(&mut self, group: &[Lane]) -> bool {
        self.whiten(group);
        self.reduce();
        self.gather();
        self.diagonalise() && {
            self.compose();
            true
        }
    }

    /// W C W, its lower triangle.
    #[inline(always)]
    fn whiten(&mut self, group: &[Lane]) {
        let size = self.size;
        for i in 0..size {
            for j in 0..=i {
                let value = group[triangle(i) + j];
                self.vectors[i * size + j] = value;
                self.vectors[j * size + i] = value;
            }
        }
        // Rows of a symmetric matrix are its columns; two at a time, so that sums wait for one another less.
        for (out, weights) in
            self.other.chunks_exact_mut(size).zip(self.whitening.chunks_exact(size))
        {
            for (out, rows) in out.chunks_mut(2).zip(self.vectors.chunks(2 * size)) {
                let (left, right) = rows.split_at(size);
                let right = if right.is_empty() { left } else { right };
                let mut sums = [[0.0; LANES]; 2];
                for ((weight, a), b) in weights.iter().zip(left).zip(right) {
                    add_scaled(&mut sums[0], a, *weight);
                    add_scaled(&mut sums[1], b, *weight);
                }
                out.copy_from_slice(&sums[..out.len()]);
            }
        }
        for i in 0..size {
            let row = &self.other[i * size..(i + 1) * size];
            for j in 0..=i {
                let mut sum = [0.0; LANES];
                let weights = &self.whitening[j * size..(j + 1) * size];
                row.iter().zip(weights).for_each(|(value, w)| add_scaled(&mut sum, value, *w));
                self.own[i * size + j] = sum;
            }
        }
    }

    /// To three diagonals, by a reflection for each column.
    #[inline(always)]
    fn reduce(&mut self) {
        let (size, own) = (self.size, &mut self.own);
        for k in 0..size {
            self.diagonal[k] = own[k * size + k];
            self.below[k] = [0.0; LANES];
            self.twice[k] = [0.0; LANES];
            if k + 2 == size {
                self.below[k] = own[(k + 1) * size + k];
            }
            if k + 2 >= size {
                continue;
            }
            let mut rest = [0.0; LANES];
            for i in k + 2..size {
                add_product(&mut rest, &own[i * size + k], &own[i * size + k]);
            }
            let first = own[(k + 1) * size + k];
            let (mut head, mut twice) = ([0.0; LANES], [0.0; LANES]);
            for l in 0..LANES {
                let norm = (first[l] * first[l] + rest[l]).sqrt();
                let to = -norm.copysign(first[l]);
                head[l] = first[l] - to;
                let squared = head[l] * head[l] + rest[l];
                let none = rest[l] == 0.0;
                twice[l] = if none { 0.0 } else { 2.0 / squared };
                self.below[k][l] = if none { first[l] } else { to };
            }
            own[(k + 1) * size + k] = head;
            self.twice[k] = twice;
            // line = twice · A v, then less its part along v.
            self.line[k + 1..].fill([0.0; LANES]);
            for i in k + 1..size {
                let v = own[i * size + k];
                let mut sum = [0.0; LANES];
                for j in k + 1..i {
                    let (value, vj) = (own[i * size + j], own[j * size + k]);
                    add_product(&mut sum, &value, &vj);
                    add_product(&mut self.line[j], &value, &v);
                }
                add_product(&mut sum, &own[i * size + i], &v);
                for l in 0..LANES {
                    self.line[i][l] += sum[l];
                }
            }
            let mut along = [0.0; LANES];
            for i in k + 1..size {
                for l in 0..LANES {
                    self.line[i][l] *= twice[l];
                }
                add_product(&mut along, &self.line[i], &own[i * size + k]);
            }
            for l in 0..LANES {
                along[l] *= -0.5 * twice[l];
            }
            for i in k + 1..size {
                let v = own[i * size + k];
                add_product(&mut self.line[i], &along, &v);
            }
            for i in k + 1..size {
                let (v, w) = (own[i * size + k], self.line[i]);
                for j in k + 1..=i {
                    let (vj, wj) = (own[j * size + k], self.line[j]);
                    let value = &mut own[i * size + j];
                    for l in 0..LANES {
                        value[l] -= v[l] * wj[l] + w[l] * vj[l];
                    }
                }
            }
        }
    }

    /// The product of all reflections.
    #[inline(always)]
    fn gather(&mut self) {
        let size = self.size;
        self.vectors.fill([0.0; LANES]);
        (0..size).for_each(|i| self.vectors[i * size + i] = [1.0; LANES]);
        for k in (0..size.saturating_sub(2)).rev() {
            self.line[k + 1..].fill([0.0; LANES]);
            for i in k + 1..size {
                let v = self.own[i * size + k];
                let row = &self.vectors[i * size + k + 1..(i + 1) * size];
                let sums = self.line[k + 1..].iter_mut();
                sums.zip(row).for_each(|(sum, value)| add_product(sum, value, &v));
            }
            for i in k + 1..size {
                let mut v = self.own[i * size + k];
                for l in 0..LANES {
                    v[l] *= -self.twice[k][l];
                }
                let row = &mut self.vectors[i * size + k + 1..(i + 1) * size];
                let sums = self.line[k + 1..].iter();
                row.iter_mut().zip(sums).for_each(|(value, sum)| add_product(value, sum, &v));
            }
        }
    }

    /// Eigenvalues on the diagonal; false when steps do not lead there.
    #[inline(always)]
    fn diagonalise(&mut self) -> bool {
        for first in 0..self.size {
            let mut steps = 0;
            loop {
                let last = self.ends(first);
                if last.iter().all(|last| *last == first as f64) {
                    break;
                }
                if steps == MOST_STEPS {
                    return false;
                }
                steps += 1;
                self.step(first, &last);
            }
        }
        self.diagonal.iter().all(|lane| lane.iter().all(|value| value.is_finite()))
    }

    /// Where the block that begins here ends, for each matrix: the next element below that is as good as zero. Places are
    /// numbers as all others, so that they are compared side by side.
    #[inline(always)]
    fn ends(&self, first: usize) -> Lane {
        let (mut last, mut open) = ([first as f64; LANES], [1.0; LANES]);
        for i in first..self.size - 1 {
            let (here, next, below) = (self.diagonal[i], self.diagonal[i + 1], self.below[i]);
            for l in 0..LANES {
                let is_split = below[l].abs() <= f64::EPSILON * (here[l].abs() + next[l].abs());
                open[l] = if is_split { 0.0 } else { open[l] };
                last[l] += open[l];
            }
            if open.iter().sum::<f64>() == 0.0 {
                break;
            }
        }
        last
    }

    /// One QL step with an implicit shift on the block from `first` to `last`, of the matrices whose block is not done.
    #[inline(always)]
    fn step(&mut self, first: usize, last: &Lane) {
        let (d, e) = (&mut self.diagonal, &mut self.below);
        let most = last.iter().copied().fold(0.0, f64::max) as usize;
        let mut g = [0.0; LANES];
        for l in 0..LANES {
            let ahead = (d[first + 1][l] - d[first][l]) / (2.0 * e[first][l]);
            let shift = e[first][l] / (ahead + (ahead * ahead + 1.0).sqrt().copysign(ahead));
            g[l] = d[last[l] as usize][l] - d[first][l] + shift;
        }
        let (mut s, mut c, mut p) = ([1.0; LANES], [1.0; LANES], [0.0; LANES]);
        for i in (first..most).rev() {
            let (mut turn_s, mut turn_c) = ([0.0; LANES], [1.0; LANES]);
            let (at, mut next, ei, mut en) = (d[i], d[i + 1], e[i], e[i + 1]);
            let at_i = i as f64;
            for l in 0..LANES {
                let works = at_i < last[l];
                let (f, b) = (s[l] * ei[l], c[l] * ei[l]);
                let r = (f * f + g[l] * g[l]).sqrt();
                let share = 1.0 / r;
                let new_s = if r == 0.0 { 0.0 } else { f * share };
                let new_c = if r == 0.0 { 1.0 } else { g[l] * share };
                let from = next[l] - p[l];
                let q = (at[l] - from) * new_s + 2.0 * new_c * b;
                let new_p = new_s * q;
                // The block's last element below is zero, and stays so.
                en[l] = if at_i + 1.0 < last[l] { r } else { en[l] };
                next[l] = if works { from + new_p } else { next[l] };
                g[l] = if works { new_c * q - b } else { g[l] };
                s[l] = if works { new_s } else { s[l] };
                c[l] = if works { new_c } else { c[l] };
                p[l] = if works { new_p } else { p[l] };
                turn_s[l] = if works { new_s } else { 0.0 };
                turn_c[l] = if works { new_c } else { 1.0 };
            }
            (d[i + 1], e[i + 1]) = (next, en);
            for row in self.vectors.chunks_exact_mut(self.size) {
                if let [left, right] = &mut row[i..i + 2] {
                    for l in 0..LANES {
                        let f = right[l];
                        right[l] = turn_s[l] * left[l] + turn_c[l] * f;
                        left[l] = turn_c[l] * left[l] - turn_s[l] * f;
                    }
                }
            }
        }
        for l in 0..LANES {
            if (first as f64) < last[l] {
                d[first][l] -= p[l];
                e[first][l] = g[l];
                e[last[l] as usize][l] = 0.0;
            }
        }
    }

    /// The logarithm from eigenvalues and eigenvectors.
    #[inline(always)]
    fn compose(&mut self) {
        let size = self.size;
        for (line, values) in self.line.iter_mut().zip(&self.diagonal) {
            for l in 0..LANES {
                line[l] = values[l].max(f64::MIN_POSITIVE).ln();
            }
        }
        for i in 0..size {
            let own = &self.vectors[i * size..(i + 1) * size];
            let scaled = &mut self.other[..size];
            for ((out, value), log) in scaled.iter_mut().zip(own).zip(&self.line) {
                for l in 0..LANES {
                    out[l] = value[l] * log[l];
                }
            }
            for j in 0..=i {
                let mut sum = [0.0; LANES];
                let row = &self.vectors[j * size..(j + 1) * size];
                scaled.iter().zip(row).for_each(|(a, b)| add_product(&mut sum, a, b));
                self.log[triangle(i) + j] = sum;
            }
        }
    }

    /// The same by another way, for what the steps did not lead to.
    ///
    /// # Errors
    /// What is wrong with the numbers, in words.
    pub fn one_by_one(&mut self, group: &[Lane], whitening: &Mat<f64>) -> Result<(), String> {
        let size = self.size;
        for l in 0..LANES {
            let of = |i: usize, j: usize| group[triangle(i.max(j)) + i.min(j)][l];
            let white = whitening * Mat::from_fn(size, size, of) * whitening;
            if !white.is_all_finite() {
                return Err("it holds values that are no numbers".into());
            }
            let found = white.self_adjoint_eigen(Side::Lower);
            let found = found.map_err(|why| format!("no eigenvalues were found ({why:?})"))?;
            let (values, vectors) = (found.S().column_vector(), found.U());
            let scaled = Mat::from_fn(size, size, |i, j| {
                vectors[(i, j)] * values[j].max(f64::MIN_POSITIVE).ln()
            });
            let log = scaled * vectors.transpose();
            for i in 0..size {
                (0..=i).for_each(|j| self.log[triangle(i) + j][l] = log[(i, j)]);
            }
        }
        Ok(())
    }
}

#[inline(always)]
fn add_scaled(sum: &mut Lane, value: &Lane, weight: f64) {
    for l in 0..LANES {
        sum[l] += value[l] * weight;
    }
}

#[inline(always)]
fn add_product(sum: &mut Lane, a: &Lane, b: &Lane) {
    for l in 0..LANES {
        sum[l] += a[l] * b[l];
    }
}
