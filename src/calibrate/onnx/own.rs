//! Encoders of our own, which have nothing of the pack's in them.
//!
//! ```text
//! eeg ─► · signal + bias ─► embedding                                                             (responses)
//! eeg ─┬► filters ─► covariance beside the means ─► logarithm ─► · weights ─┐
//!      └► · weights ────────────────────────────────────────────────────────┴► + ─► softmax ─► · class embeddings
//! ```
//!
//! ONNX knows no eigenvalues. The logarithm of a covariance is taken by inverse scaling and squaring (Higham 2008,
//! Functions of Matrices, ch. 11): square roots until it is near the identity, by coupled Newton–Schulz iterations, which
//! only multiply (ibid., 6.7), then the series. All of it in double precision.

use faer::{Mat, MatRef};

use super::Ends;
use super::graph::{Graph, Value};
use crate::calibrate::classes::additive::{Additive, Tangent};

/// Iterations of each square root. The smallest eigenvalue may be 1e-7 of the norm at first: one iteration makes it 2.25
/// times as large, and after each root it is the root of what it was.
const ROOTS: [usize; 5] = [26, 16, 11, 9, 8];

/// Terms of the series: after the roots, the distance to the identity is below 0.4.
const TERMS: usize = 30;

/// The bytes of a linear encoder: `[1, channels, samples]` µV → `[1, dim]`, from weights `[channels × samples, dim]`.
pub fn linear_encoder(
    ends: Ends<'_>,
    (channels, samples): (usize, usize),
    weights: MatRef<'_, f64>,
    bias: &[f64],
) -> Vec<u8> {
    let mut graph = Graph::default();
    let row = graph.input(ends.input, [1, channels * samples]);
    let found = affine(&mut graph, &row, weights, bias);
    graph.finish("phosphene responses", ends, &found, ([1, channels, samples], bias.len()))
}

/// The bytes of an encoder for a few classes: `[1, channels, samples]` µV → posteriors → `[1, dim]`.
///
/// `embeddings` is `[classes, dim]`.
pub fn class_encoder(
    ends: Ends<'_>,
    (channels, samples): (usize, usize),
    scores: &Additive,
    embeddings: MatRef<'_, f64>,
) -> Vec<u8> {
    let mut graph = Graph::default();
    let epoch = graph.input(ends.input, [channels, samples]);
    let offsets = Mat::from_fn(1, scores.offsets.len(), |_, j| scores.offsets[j]);
    let mut sum = graph.constant(offsets.as_ref());
    if let Some(weights) = &scores.epoch {
        let row = graph.reshape(&epoch, [1, channels * samples]);
        let weights = graph.constant(weights.as_ref());
        let part = graph.matmul(&row, &weights);
        sum = graph.add(&sum, &part);
    }
    if let Some(tangent) = &scores.tangent {
        let part = tangent_scores(&mut graph, &epoch, tangent);
        sum = graph.add(&sum, &part);
    }
    let shares = graph.softmax(&sum);
    let classes = graph.constant(embeddings);
    let found = graph.matmul(&shares, &classes);
    graph.finish("phosphene classes", ends, &found, ([1, channels, samples], embeddings.ncols()))
}

fn affine(graph: &mut Graph, row: &Value, weights: MatRef<'_, f64>, bias: &[f64]) -> Value {
    let weights = graph.constant(weights);
    let bias = Mat::from_fn(1, bias.len(), |_, j| bias[j]);
    let bias = graph.constant(bias.as_ref());
    let found = graph.matmul(row, &weights);
    graph.add(&found, &bias)
}

/// The part of the scores that comes from the covariance, `[1, classes]`.
fn tangent_scores(graph: &mut Graph, epoch: &Value, tangent: &Tangent) -> Value {
    let size = tangent.whitening.nrows();
    let filters = graph.constant(tangent.filters.as_ref());
    let means = graph.constant(tangent.means.as_ref());
    let filtered = graph.matmul(&filters, epoch);
    let both = graph.stack(&means, &filtered);
    let covariance = shrunk_covariance(graph, &both, (size, tangent.means.ncols()));
    let whitening = graph.constant(tangent.whitening.as_ref());
    let half = graph.matmul(&whitening, &covariance);
    let white = graph.matmul(&half, &whitening);
    let logarithm = logarithm(graph, &white, size);
    let row = graph.reshape(&logarithm, [1, size * size]);
    let weights = graph.constant(tangent.weights.as_ref());
    graph.matmul(&row, &weights)
}

/// As [`crate::calibrate::trials::whiten::ledoit_wolf`], of rows `[size, samples]`.
fn shrunk_covariance(graph: &mut Graph, rows: &Value, (size, samples): (usize, usize)) -> Value {
    let share = 1.0 / samples as f64;
    let even = graph.constant(Mat::from_fn(samples, 1, |_, _| share).as_ref());
    let identity = graph.constant(Mat::<f64>::identity(size, size).as_ref());
    let mean = graph.matmul(rows, &even);
    let centred = graph.sub(rows, &mean);
    let product = |graph: &mut Graph, a: &Value| {
        let turned = graph.transpose(a);
        let product = graph.matmul(a, &turned);
        graph.scale(&product, share)
    };
    let covariance = product(graph, &centred);
    let squares = graph.mul(&centred, &centred);
    let of_squares = product(graph, &squares);
    let squared = graph.mul(&covariance, &covariance);
    let difference = graph.sub(&of_squares, &squared);
    let spread = graph.sum(&difference);
    let diagonal = graph.mul(&covariance, &identity);
    let trace = graph.sum(&diagonal);
    let variance = graph.scale(&trace, 1.0 / size as f64);
    let target = graph.mul(&identity, &variance);
    let apart = graph.sub(&covariance, &target);
    let squared = graph.mul(&apart, &apart);
    let distance = graph.sum(&squared);
    let distance = graph.clamp(&distance, f64::MIN_POSITIVE, f64::MAX);
    let spread = graph.scale(&spread, share);
    let ratio = graph.div(&spread, &distance);
    let shrinkage = graph.clamp(&ratio, 0.0, 1.0);
    let back = graph.mul(&apart, &shrinkage);
    graph.sub(&covariance, &back)
}

/// The logarithm of a positive definite matrix.
fn logarithm(graph: &mut Graph, matrix: &Value, size: usize) -> Value {
    let identity = graph.constant(Mat::<f64>::identity(size, size).as_ref());
    let squared = graph.mul(matrix, matrix);
    let sum = graph.sum(&squared);
    let norm = graph.root(&sum);
    let mut root = graph.div(matrix, &norm);
    for iterations in ROOTS {
        root = square_root(graph, &root, &identity, iterations);
    }
    let distance = graph.sub(&identity, &root);
    // −X (1 + X (1/2 + X (1/3 + …))), from the inside.
    let mut series = graph.scale(&identity, 1.0 / TERMS as f64);
    for term in (1..TERMS).rev() {
        let next = graph.matmul(&distance, &series);
        let own = graph.scale(&identity, 1.0 / term as f64);
        series = graph.add(&next, &own);
    }
    let whole = graph.matmul(&distance, &series);
    let scaled = graph.scale(&whole, -f64::from(1_u32 << ROOTS.len()));
    let of_norm = graph.log(&norm);
    let shift = graph.mul(&identity, &of_norm);
    graph.add(&scaled, &shift)
}

/// The root of a matrix whose eigenvalues are above zero and at most one.
fn square_root(graph: &mut Graph, matrix: &Value, identity: &Value, iterations: usize) -> Value {
    let (mut root, mut inverse) = (matrix.clone(), identity.clone());
    let three_halves = graph.scale(identity, 1.5);
    for _ in 0..iterations {
        let product = graph.matmul(&inverse, &root);
        let half = graph.scale(&product, 0.5);
        let step = graph.sub(&three_halves, &half);
        root = graph.matmul(&root, &step);
        inverse = graph.matmul(&step, &inverse);
    }
    root
}
