//! Statistics over what was measured: percentiles, intervals, exact tests. No time is read here.
//!
//! Takes slices and counts, gives numbers; nothing here fails: what is not defined is `NaN`.

/// Two-sided 95 % point of the normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// Below this, factorials are multiplied out; above, the series is exact to the last bit.
const SMALL_FACTORIAL: u64 = 16;

/// Percentile `q` (0–100) of values in any order, interpolated linearly between neighbours as
/// `numpy.percentile` does. `NaN` for no values. Sorts a copy: not for real-time threads.
pub fn percentile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    percentile_of_sorted(&sorted, q)
}

/// Several percentiles of the same values; see [`percentile`].
pub fn percentiles<const N: usize>(values: &[f64], q: [f64; N]) -> [f64; N] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    q.map(|q| percentile_of_sorted(&sorted, q))
}

/// Percentile `q` (0–100) of values in rising order; see [`percentile`]. Does not allocate.
pub fn percentile_of_sorted(sorted: &[f64], q: f64) -> f64 {
    percentile_at(sorted.len(), q, |rank| sorted[rank])
}

/// As [`percentile_of_sorted`], of `count` values that are told by their rank, from 0. Does not allocate.
pub fn percentile_at(count: usize, q: f64, value: impl Fn(usize) -> f64) -> f64 {
    let Some(last) = count.checked_sub(1) else { return f64::NAN };
    if q.is_nan() {
        return f64::NAN;
    }
    let place = q.clamp(0.0, 100.0) / 100.0 * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    value(below) + (value(above) - value(below)) * place.fract()
}

/// Standard deviation of all values (divided by their number), summed in `f64`; 0 for no values.
pub fn standard_deviation(values: &[f32]) -> f64 {
    let n = values.len().max(1) as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    (values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// Wilson's 95 % interval for a share of `hits` in `n` (Wilson 1927, without continuity correction):
/// `[low, high]`, and `[0, 1]` when nothing was tried. More hits than trials count as all.
pub fn wilson_interval(hits: u64, n: u64) -> [f64; 2] {
    if n == 0 {
        return [0.0, 1.0];
    }
    let (n_f, hits_f) = (n as f64, hits.min(n) as f64);
    let (share, z2) = (hits_f / n_f, Z_95 * Z_95);
    let centre = (share + z2 / (2.0 * n_f)) / (1.0 + z2 / n_f);
    let spread = share * (1.0 - share) / n_f + z2 / (4.0 * n_f * n_f);
    let half = Z_95 * spread.sqrt() / (1.0 + z2 / n_f);
    // The ends are exact where the share is; rounding must not leave the interval without its share.
    let low = if hits == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if hits >= n { 1.0 } else { (centre + half).min(1.0) };
    [low, high]
}

/// Probability of at least `hits` successes in `n` trials of probability `p`: the exact one-sided binomial
/// test. Relative error below 1e-10 up to a million trials (tested against SciPy). `NaN` if `p` is no
/// probability.
pub fn binomial_tail(hits: u64, n: u64, p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if hits == 0 {
        return 1.0;
    }
    if hits > n || p == 0.0 {
        return 0.0;
    }
    if p == 1.0 {
        return 1.0;
    }
    // The side that falls away from its first term is summed; the other would add large to small.
    if hits as f64 > n as f64 * p {
        upper_sum(hits, n, p).min(1.0)
    } else {
        // P(X < hits) = P(n − X > n − hits), with failures for successes.
        (1.0 - upper_sum(n - hits + 1, n, 1.0 - p)).max(0.0)
    }
}

/// Sum of the probabilities of `from`, `from + 1`, …, `n`, with `from` above the mean.
fn upper_sum(from: u64, n: u64, p: f64) -> f64 {
    let odds = p / (1.0 - p);
    let (mut sum, mut term) = (1.0, 1.0);
    for k in from..n {
        term *= (n - k) as f64 / (k + 1) as f64 * odds;
        sum += term;
        if term < sum * f64::EPSILON * 1e-3 {
            break;
        }
    }
    (ln_probability(from, n, p) + f64::ln(sum)).exp()
}

/// Logarithm of the binomial probability of exactly `hits`, by Loader's saddle-point expansion (Loader
/// 2000, Fast and Accurate Computation of Binomial Probabilities), which does not subtract large numbers.
fn ln_probability(hits: u64, n: u64, p: f64) -> f64 {
    let (k, n_f) = (hits as f64, n as f64);
    if hits == 0 {
        return n_f * (-p).ln_1p();
    }
    if hits == n {
        return n_f * p.ln();
    }
    let correction = stirling_error(n) - stirling_error(hits) - stirling_error(n - hits);
    let deviance = deviance(k, n_f * p) + deviance(n_f - k, n_f * (1.0 - p));
    correction - deviance - 0.5 * (std::f64::consts::TAU * k * (1.0 - k / n_f)).ln()
}

/// `ln n! − ln(√(2πn) (n/e)ⁿ)`.
fn stirling_error(n: u64) -> f64 {
    let x = n as f64;
    if n < SMALL_FACTORIAL {
        let factorial: f64 = (1..=n).map(|i| i as f64).product();
        return factorial.ln() - (0.5 * (std::f64::consts::TAU * x).ln() + x * x.ln() - x);
    }
    let inverse_square = 1.0 / (x * x);
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0];
    series.iter().rev().fold(0.0, |sum, c| sum * inverse_square + c) / x
}

/// `x ln(x / mean) − (x − mean)`, without cancellation where both are near each other.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    // With v = (x − mean) / (x + mean): ln(x / mean) = 2 artanh v = 2 (v + v³/3 + v⁵/5 + …).
    let v = difference / (x + mean);
    let (mut sum, mut power, mut odd) = (difference * v, 2.0 * x * v, 1.0);
    loop {
        power *= v * v;
        odd += 2.0;
        let next = sum + power / odd;
        if next == sum {
            return sum;
        }
        sum = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_defined() {
        assert_eq!(binomial_tail(0, 0, 0.3), 1.0);
        assert_eq!(binomial_tail(5, 4, 0.3), 0.0);
        assert_eq!(binomial_tail(1, 4, 0.0), 0.0);
        assert_eq!(binomial_tail(4, 4, 1.0), 1.0);
        assert!(binomial_tail(1, 4, f64::NAN).is_nan());
        assert_eq!(wilson_interval(0, 0), [0.0, 1.0]);
        assert!(percentile(&[], 50.0).is_nan());
        assert_eq!(percentile(&[7.0], 99.0), 7.0);
    }

    #[test]
    fn tails_of_both_sides_add_to_one() {
        for (hits, n, p) in [(3, 10, 0.3), (700, 1000, 0.7), (1, 5, 0.9)] {
            let below = binomial_tail(n - hits + 1, n, 1.0 - p);
            assert!((binomial_tail(hits, n, p) + below - 1.0).abs() < 1e-12, "{hits}/{n}");
        }
    }
}
