//! What clean EEG measures, out of amplitudes of which many may be artefacts.
//!
//! Takes amplitudes of short windows; gives mean and deviation of the clean ones, by the fit that clean_rawdata and asrpy
//! use: a truncated generalised Gaussian slid over the lower part of the sorted amplitudes, the best by Kullback-Leibler
//! divergence among all positions, widths and shapes. At least a quarter of the windows must be clean; a tenth may be
//! dropouts.

/// Quantiles of the whole distribution that the fitted part spans.
const PART: [f64; 2] = [0.022, 0.6];
/// Step of the search, in quantiles, for the part's lower end and for its width.
const STEP: f64 = 0.01;
/// Most windows that may be quieter than any EEG.
const MOST_DROPOUTS: f64 = 0.1;
/// Fewest windows that must be clean.
const FEWEST_CLEAN: f64 = 0.25;
/// Shapes tried, from 1.7 (heavier tails than a normal distribution, 2) in steps of 0.15.
const SHAPES: usize = 12;
/// Fewest amplitudes that tell anything: below, some part has no bin.
pub const FEWEST_WINDOWS: usize = 30;

/// Mean and standard deviation of clean amplitudes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
}

/// One shape of the generalised Gaussian.
struct Shape {
    beta: f64,
    bounds: [f64; 2],
    /// Deviation for a scale of 1.
    deviation: f64,
}

fn shapes() -> [Shape; SHAPES] {
    std::array::from_fn(|i| {
        let beta = 1.7 + i as f64 * 0.15;
        let bound = |q: f64| {
            let side = (q - 0.5).signum();
            side * gamma_quantile(1.0 / beta, side * (2.0 * q - 1.0)).powf(1.0 / beta)
        };
        let deviation = (gamma(3.0 / beta) / gamma(1.0 / beta)).sqrt();
        Shape { beta, bounds: PART.map(bound), deviation }
    })
}

/// Fits `amplitudes`; `None` where there are too few, or where they are all the same.
pub fn fit(amplitudes: &[f64]) -> Option<Spread> {
    let mut sorted = amplitudes.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    if sorted.len() < FEWEST_WINDOWS || !sorted.iter().all(|v| v.is_finite()) {
        return None;
    }
    let starts = range(PART[0], PART[0] + MOST_DROPOUTS + STEP * 1e-9, STEP);
    let starts: Vec<usize> = starts.map(|q| (n * q).round_ties_even() as usize).collect();
    let widest = PART[1] - PART[0];
    let shapes = shapes();
    let mut best: Option<(f64, Spread)> = None;
    for share in range(widest, FEWEST_CLEAN * widest, -STEP) {
        let wide = (n * share).round_ties_even() as usize;
        let bins = (3.0 * (1.0 + wide as f64 / 2.0).log2()).round_ties_even() as usize;
        let expected = shapes.each_ref().map(|shape| Expected::of(shape, bins));
        for start in &starts {
            let Some(part) = sorted.get(*start..start + wide) else { continue };
            let Some(histogram) = Histogram::of(part, bins) else { continue };
            for (shape, expected) in shapes.iter().zip(&expected) {
                let divergence = histogram.divergence(expected);
                if best.is_none_or(|(least, _)| divergence < least) {
                    best = Some((divergence, histogram.spread(shape)));
                }
            }
        }
    }
    best.map(|(_, spread)| spread).filter(|s| s.deviation.is_finite() && s.deviation > 0.0)
}

/// Numbers as `numpy.arange` counts them.
fn range(from: f64, to: f64, step: f64) -> impl Iterator<Item = f64> {
    let count = ((to - from) / step).ceil().max(0.0) as usize;
    let rounded_step = (from + step) - from;
    (0..count).map(move |i| if i == 0 { from } else { from + i as f64 * rounded_step })
}

/// What share of a part each bin holds if a shape is right.
struct Expected {
    shares: Vec<f64>,
    negative_entropy: f64,
}

impl Expected {
    fn of(shape: &Shape, bins: usize) -> Self {
        let [low, high] = shape.bounds;
        let at = |i: usize| low + (i as f64 + 0.5) / bins as f64 * (high - low);
        let density = |i: usize| (-at(i).abs().powf(shape.beta)).exp();
        let total: f64 = (0..bins).map(density).sum();
        let shares: Vec<f64> = (0..bins).map(|i| density(i) / total).collect();
        let negative_entropy = shares.iter().map(|p| p * p.ln()).sum();
        Self { shares, negative_entropy }
    }
}

/// A part of the sorted amplitudes, in bins of equal width.
struct Histogram {
    from: f64,
    width: f64,
    values: usize,
    /// Logarithms of counts; a hundredth is added, so that an empty bin has one.
    log_counts: Vec<f64>,
}

impl Histogram {
    fn of(part: &[f64], bins: usize) -> Option<Self> {
        let (from, to) = (*part.first()?, *part.last()?);
        let scale = bins as f64 / (to - from);
        if !scale.is_finite() {
            return None;
        }
        let mut counts = vec![0_u32; bins];
        for value in part {
            let at = (value - from) * scale;
            if at <= bins as f64 {
                // The last bin holds its upper edge.
                counts[(at as usize).min(bins - 1)] += 1;
            }
        }
        let log_counts = counts.iter().map(|c| (f64::from(*c) + 0.01).ln()).collect();
        Some(Self { from, width: to - from, values: part.len(), log_counts })
    }

    fn divergence(&self, expected: &Expected) -> f64 {
        let cross: f64 = expected.shares.iter().zip(&self.log_counts).map(|(p, q)| p * q).sum();
        expected.negative_entropy - cross + (self.values as f64).ln()
    }

    fn spread(&self, shape: &Shape) -> Spread {
        let scale = self.width / (shape.bounds[1] - shape.bounds[0]);
        Spread { mean: self.from - shape.bounds[0] * scale, deviation: scale * shape.deviation }
    }
}

/// Γ(x) for x > 0: Stirling's series, reached by the recurrence.
fn gamma(x: f64) -> f64 {
    let mut below = 1.0;
    let mut at = x;
    while at < 16.0 {
        below *= at;
        at += 1.0;
    }
    let inverse_square = 1.0 / (at * at);
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0];
    let correction = series.iter().rev().fold(0.0, |sum, c| sum * inverse_square + c) / at;
    let log = 0.5 * (std::f64::consts::TAU / at).ln() + at * (at.ln() - 1.0) + correction;
    log.exp() / below
}

/// The x at which the lower regularised incomplete gamma function of order `a` is `p`, by halving.
fn gamma_quantile(a: f64, p: f64) -> f64 {
    let lower = |x: f64| {
        let (mut term, mut sum, mut k) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-17 {
            k += 1.0;
            term *= x / k;
            sum += term;
        }
        (a * x.ln() - x).exp() * sum / gamma(a)
    };
    let (mut low, mut high) = (0.0_f64, 40.0_f64);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        *(if lower(middle) < p { &mut low } else { &mut high }) = middle;
    }
    (low + high) / 2.0
}
