//! Spherical-spline interpolation of scalp potentials.
//!
//! Takes positions of measured and wanted electrodes on the unit sphere; gives the matrix `[wanted,
//! measured]`, row-major, whose product with the measured potentials is the estimate. Perrin et al. 1989
//! (Electroenceph. Clin. Neurophysiol. 72:184, corrigendum 76:565) with m = 4, regularised as in MNE-Python
//! (`mne.channels.interpolation._make_interpolation_matrix`).

use super::Position;

/// Order of the splines, Perrin's m: 4 as in their paper and in MNE.
const STIFFNESS: i32 = 4;

/// Terms of the Legendre series. At m = 4 the 50th is 1e-14 of the first.
const LEGENDRE_TERMS: usize = 50;

/// Added to the diagonal, so that electrodes at nearly the same place do not make the system singular.
const REGULARISATION: f64 = 1e-5;

/// The interpolation matrix, `[wanted, measured]`, row-major. Empty when nothing is measured.
pub fn interpolation_matrix(measured: &[Position], wanted: &[Position]) -> Vec<f64> {
    let n = measured.len();
    if n == 0 {
        return Vec::new();
    }
    let coefficients = inverse_of_system(measured);
    let mut matrix = vec![0.0; wanted.len() * n];
    for (row, &to) in matrix.chunks_exact_mut(n).zip(wanted) {
        // [g(to, measured), 1] times the columns of the inverse that belong to the potentials.
        for (k, &from) in measured.iter().enumerate() {
            let weight = g(cosine(to, from));
            add_scaled(row, weight, &coefficients[k * (n + 1)..]);
        }
        add_scaled(row, 1.0, &coefficients[n * (n + 1)..]);
    }
    matrix
}

/// The part of the inverse of the splines' system that belongs to the electrodes, `[places, places]`, row-major: with
/// K in place of it, the weights of the others G that interpolate some of them, B, are −(K_BB)⁻¹ K_BG.
pub fn spline_precision(places: &[Position]) -> Vec<f64> {
    let n = places.len();
    let inverse = inverse_of_system(places);
    inverse.chunks_exact(n + 1).take(n).flat_map(|row| row[..n].iter().copied()).collect()
}

fn add_scaled(row: &mut [f64], factor: f64, other: &[f64]) {
    for (value, o) in row.iter_mut().zip(other) {
        *value += factor * o;
    }
}

fn cosine(a: Position, b: Position) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>().clamp(-1.0, 1.0)
}

/// Perrin's g: Σ (2n+1) Pₙ(x) / (n(n+1))^m / 4π, the Legendre polynomials by Bonnet's recursion.
fn g(x: f64) -> f64 {
    let (mut before, mut current) = (1.0, x);
    let mut sum = 0.0;
    for n in 1..=LEGENDRE_TERMS {
        let order = n as f64;
        sum += (2.0 * order + 1.0) / (order * (order + 1.0)).powi(STIFFNESS) * current;
        let next = ((2.0 * order + 1.0) * x * current - order * before) / (order + 1.0);
        (before, current) = (current, next);
    }
    sum / (4.0 * std::f64::consts::PI)
}

/// Inverse of [[G + λI, 1], [1ᵀ, 0]], `[n+1, n+1]`: the constraint makes the spline weights sum to zero.
fn inverse_of_system(measured: &[Position]) -> Vec<f64> {
    let (n, size) = (measured.len(), measured.len() + 1);
    let mut system = vec![1.0; size * size];
    for i in 0..n {
        for j in 0..n {
            let diagonal = if i == j { REGULARISATION } else { 0.0 };
            system[i * size + j] = g(cosine(measured[i], measured[j])) + diagonal;
        }
    }
    system[size * size - 1] = 0.0;
    invert(&mut system, size)
}

/// Gauss–Jordan elimination with partial pivoting. The system is symmetric and never singular: its upper
/// left block is positive definite by the regularisation.
fn invert(system: &mut [f64], size: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; size * size];
    for i in 0..size {
        inverse[i * size + i] = 1.0;
    }
    for column in 0..size {
        let magnitude = |row: &usize| system[row * size + column].abs();
        let pivot =
            (column..size).max_by(|a, b| magnitude(a).total_cmp(&magnitude(b))).unwrap_or(column);
        swap_rows(system, size, pivot, column);
        swap_rows(&mut inverse, size, pivot, column);
        let scale = 1.0 / system[column * size + column];
        for matrix in [&mut *system, &mut inverse] {
            matrix[column * size..(column + 1) * size].iter_mut().for_each(|v| *v *= scale);
        }
        for row in (0..size).filter(|row| *row != column) {
            let factor = system[row * size + column];
            for matrix in [&mut *system, &mut inverse] {
                subtract_row(matrix, size, row, column, factor);
            }
        }
    }
    inverse
}

fn swap_rows(matrix: &mut [f64], size: usize, a: usize, b: usize) {
    for k in 0..size {
        matrix.swap(a * size + k, b * size + k);
    }
}

fn subtract_row(matrix: &mut [f64], size: usize, row: usize, from: usize, factor: f64) {
    for k in 0..size {
        matrix[row * size + k] -= factor * matrix[from * size + k];
    }
}

#[cfg(test)]
mod tests {
    use super::super::Montage;
    use super::*;

    #[derive(serde::Deserialize)]
    struct Vectors {
        interpolation: Vec<Case>,
        bads: Vec<Bads>,
    }

    /// A recording with bad electrodes before and after MNE's `interpolate_bads`.
    #[derive(serde::Deserialize)]
    struct Bads {
        measured: Vec<Position>,
        wanted: Vec<Position>,
        /// `[measured, times]`, µV.
        good_uv: Vec<f64>,
        /// `[wanted, times]`, µV.
        wanted_uv: Vec<f64>,
        times: usize,
    }

    fn vectors() -> Vectors {
        let text = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/vectors/montage/montage.json"
        ));
        serde_json::from_str(text).unwrap()
    }

    #[derive(serde::Deserialize)]
    struct Case {
        measured: Vec<Position>,
        wanted: Vec<Position>,
        matrix: Vec<f64>,
    }

    /// Tolerance 1e-6; a larger difference points to g(x), its number of terms or the regularisation.
    #[test]
    fn matrices_are_those_of_mne_python() {
        let cases = vectors().interpolation;
        assert_eq!(cases.len(), 4);
        for case in cases {
            let got = interpolation_matrix(&case.measured, &case.wanted);
            assert_eq!(got.len(), case.matrix.len());
            for (got, want) in got.iter().zip(&case.matrix) {
                assert!(
                    (got - want).abs() < 1e-6,
                    "{} electrodes: {got} {want}",
                    case.measured.len()
                );
            }
        }
    }

    /// Noise of some 10 µV through `Raw.interpolate_bads`: within 1e-6 µV of MNE's, for 4 to 61 good electrodes.
    #[test]
    fn bad_electrodes_become_what_mne_makes_of_them() {
        let cases = vectors().bads;
        let counts: Vec<usize> = cases.iter().map(|case| case.measured.len()).collect();
        assert_eq!(counts, [4, 8, 16, 32, 61]);
        for case in cases {
            let (n, times) = (case.measured.len(), case.times);
            let matrix = interpolation_matrix(&case.measured, &case.wanted);
            for (row, want) in matrix.chunks_exact(n).zip(case.wanted_uv.chunks_exact(times)) {
                for (at, want) in want.iter().enumerate() {
                    let got: f64 = (0..n).map(|i| row[i] * case.good_uv[i * times + at]).sum();
                    assert!((got - want).abs() < 1e-6, "{n} electrodes: {got} instead of {want}");
                }
            }
        }
    }

    #[test]
    fn weights_sum_to_one_so_a_common_offset_passes() {
        let positions: Vec<_> =
            Montage::standard("biosemi64").unwrap().positions.into_iter().flatten().collect();
        for row in interpolation_matrix(&positions, &positions).chunks_exact(positions.len()) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
}
