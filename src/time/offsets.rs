//! The clock of a recorded stream against the recorder's, from offsets that were measured now and then.
//!
//! Takes [`ClockOffset`]s in order; finds where the clock was reset, and fits a line to the offsets between two resets.
//! Rules and constants are those of pyxdf 1.17.5 (`_clock_sync`); stamps agree with it to 1 µs. Where it differs:
//! offsets that no line fits get their median instead of zero.

use std::ops::Range;

/// Errors of the offsets above this count linearly, not squared, in seconds.
const WINSOR_SECS: f64 = 1e-4;

/// A reset shows as a pause between offsets this much longer than usual …
const RESET_PAUSE_SECS: f64 = 5.0;
/// … and this many median deviations longer …
const RESET_PAUSE_DEVIATIONS: f64 = 5.0;
/// … together with a step of the offset of this size …
const RESET_STEP_SECS: f64 = 1.0;
/// … and this many median deviations.
const RESET_STEP_DEVIATIONS: f64 = 10.0;

/// A last offset this many times later than usual, or this many deviations away, is taken for the garbage
/// that a vanishing outlet leaves (labstreaminglayer/pylsl issue 67).
const ODD_FACTOR: f64 = 10.0;

/// Rounds of the fit, as in pyxdf.
const FIT_ROUNDS: usize = 1000;
/// Most offsets times rounds: bounds the time that a hostile file can take to about a second.
const FIT_BUDGET: usize = 400_000_000;

/// One measurement of a stream's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockOffset {
    /// When, on the stream's clock.
    pub time_secs: f64,
    /// What to add to the stream's stamps.
    pub value_secs: f64,
}

/// Whether the last offset is far from the others in time or in value.
pub fn last_is_odd(offsets: &[ClockOffset]) -> bool {
    let [first @ .., last] = offsets else { return false };
    if first.len() < 2 {
        return false;
    }
    let usual_pause = median(differences(first, |o| o.time_secs));
    let pause = (last.time_secs - first[first.len() - 1].time_secs).abs();
    let late = if usual_pause > 0.0 { pause / usual_pause > ODD_FACTOR } else { pause > 0.0 };
    let values: Vec<_> = first.iter().map(|o| o.value_secs).collect();
    let middle = median(values.clone());
    let deviation = median(values.iter().map(|v| (v - middle).abs()).collect());
    // 1.4826: from median deviation to standard deviation of a normal distribution.
    let away = (last.value_secs - middle).abs() / (1.4826 * deviation);
    late || (deviation > f64::EPSILON && away > ODD_FACTOR)
}

/// The runs of offsets between resets of the clock.
pub fn between_resets(offsets: &[ClockOffset]) -> Vec<Range<usize>> {
    let pauses = differences(offsets, |o| o.time_secs);
    let steps = differences(offsets, |o| o.value_secs);
    let late = outliers(&pauses, RESET_PAUSE_DEVIATIONS, RESET_PAUSE_SECS);
    let jumped = outliers(&steps, RESET_STEP_DEVIATIONS, RESET_STEP_SECS);
    let is_reset = |i: usize| pauses[i] < 0.0 || (late[i] && jumped[i]);
    let breaks = (0..pauses.len()).filter(|i| is_reset(*i));
    split(offsets.len(), breaks)
}

/// `0..len` cut behind each of `breaks`, which rise.
pub fn split(len: usize, breaks: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for at in breaks {
        ranges.push(start..at + 1);
        start = at + 1;
    }
    ranges.push(start..len);
    ranges
}

fn outliers(values: &[f64], deviations: f64, least_secs: f64) -> Vec<bool> {
    let middle = median(values.to_vec());
    let away = |v: &f64| (v - middle).abs();
    let deviation = median(values.iter().map(away).collect()) + f64::EPSILON;
    values.iter().map(|v| away(v) / deviation > deviations && away(v) > least_secs).collect()
}

/// How many stamps there are before the first one that is nearer to `next` than to `last`.
pub fn closer_to(stamps: &[f64], last: f64, next: f64) -> usize {
    let beyond = |stamp: &f64| (stamp - last).abs() >= (stamp - next).abs();
    stamps.iter().position(beyond).unwrap_or(stamps.len())
}

fn differences(offsets: &[ClockOffset], part: impl Fn(&ClockOffset) -> f64) -> Vec<f64> {
    offsets.windows(2).map(|pair| part(&pair[1]) - part(&pair[0])).collect()
}

/// The median; the mean of the middle two where their number is even; zero of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[half],
        _ => f64::midpoint(values[half - 1], values[half]),
    }
}

/// Offset as a line over the stream's time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// At time zero.
    pub offset_secs: f64,
    /// Seconds that it grows by in a second.
    pub drift: f64,
}

impl Line {
    /// The line that fits best in the sense of Huber.
    pub fn through(offsets: &[ClockOffset]) -> Self {
        if let [only] = offsets {
            return Self { offset_secs: only.value_secs, drift: 0.0 };
        }
        let x: Vec<_> = offsets.iter().map(|o| o.time_secs / WINSOR_SECS).collect();
        let y: Vec<_> = offsets.iter().map(|o| o.value_secs / WINSOR_SECS).collect();
        huber_line(&x, &y).map_or_else(
            || Self { offset_secs: median(y) * WINSOR_SECS, drift: 0.0 },
            |(intercept, slope)| Self { offset_secs: intercept * WINSOR_SECS, drift: slope },
        )
    }
}

impl Line {
    /// How far offsets lie from the line: standard deviation in seconds, zero of fewer than three.
    pub fn error_secs(&self, offsets: &[ClockOffset]) -> f64 {
        if offsets.len() < 3 {
            return 0.0;
        }
        let off = |o: &ClockOffset| o.value_secs - self.offset_secs - self.drift * o.time_secs;
        let squares: f64 = offsets.iter().map(|o| off(o).powi(2)).sum();
        (squares / (offsets.len() - 2) as f64).sqrt()
    }
}

/// Minimises `Σ huber(a + b·x − y)` over a line by the alternating direction method of multipliers:
/// Boyd, Parikh, Chu, Peleato, Eckstein, "Distributed Optimization and Statistical Learning via ADMM"
/// (2011), section 6.1.1, with ρ = 1. `None` where the x do not determine a line.
///
/// pyxdf runs exactly [`FIT_ROUNDS`] rounds, converged or not; so does this, so that both stop at the
/// same place.
fn huber_line(x: &[f64], y: &[f64]) -> Option<(f64, f64)> {
    let origin = x.iter().copied().fold(f64::INFINITY, f64::min);
    let normal = Normal::of(x, origin)?;
    let mut z = vec![0.0; y.len()];
    let mut u = vec![0.0; y.len()];
    let (mut a, mut b) = (0.0, 0.0);
    for _ in 0..FIT_ROUNDS.min(FIT_BUDGET / x.len()).max(1) {
        let (mut sum, mut sum_x) = (0.0, 0.0);
        for i in 0..x.len() {
            let target = y[i] + z[i] - u[i];
            sum += target;
            sum_x += target * (x[i] - origin);
        }
        (a, b) = normal.solve(sum, sum_x);
        for i in 0..x.len() {
            let d = a + b * (x[i] - origin) - y[i] + u[i];
            // Proximal step of the Huber function: half of d plus half of d shrunk by 2.
            let shrunk = (1.0 - 2.0 / d.abs()).max(0.0) * d;
            z[i] = if d == 0.0 { 0.0 } else { 0.5 * d + 0.5 * shrunk };
            u[i] = d - z[i];
        }
    }
    let line = (a - b * origin, b);
    (line.0.is_finite() && line.1.is_finite()).then_some(line)
}

/// Cholesky factor of the normal equations of a line, `[[l11, 0], [l21, l22]]`.
struct Normal {
    l11: f64,
    l21: f64,
    l22: f64,
}

impl Normal {
    fn of(x: &[f64], origin: f64) -> Option<Self> {
        let (mut sum, mut squares) = (0.0, 0.0);
        for value in x {
            let value = value - origin;
            sum += value;
            squares += value * value;
        }
        let l11 = (x.len() as f64).sqrt();
        let l21 = sum / l11;
        let rest = squares - l21 * l21;
        (rest > 0.0).then(|| Self { l11, l21, l22: rest.sqrt() })
    }

    fn solve(&self, sum: f64, sum_x: f64) -> (f64, f64) {
        let first = sum / self.l11;
        let second = (sum_x - self.l21 * first) / self.l22;
        let b = second / self.l22;
        ((first - self.l21 * b) / self.l11, b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(values: impl Iterator<Item = (f64, f64)>) -> Vec<ClockOffset> {
        values.map(|(time_secs, value_secs)| ClockOffset { time_secs, value_secs }).collect()
    }

    #[test]
    fn a_line_ignores_a_few_wild_offsets() {
        let wild = |i: usize| if i % 17 == 3 { 0.05 } else { 0.0 };
        let points =
            offsets((0..100).map(|i| (5.0 * i as f64, 3.0 + 1e-5 * 5.0 * i as f64 + wild(i))));
        let line = Line::through(&points);
        // Six outliers of 500 winsor widths pull by at most 6/94 of one width on average.
        assert!((line.offset_secs + 250.0 * line.drift - 3.0025).abs() < 2e-5, "{line:?}");
    }

    #[test]
    fn offsets_at_one_time_give_their_median() {
        let line = Line::through(&offsets([(1.0, 2.0), (1.0, 4.0), (1.0, 9.0)].into_iter()));
        assert_eq!((line.offset_secs, line.drift), (4.0, 0.0));
    }

    #[test]
    fn a_pause_with_a_step_is_a_reset_and_either_alone_is_not() {
        let at = |i: usize| 5.0 * i as f64;
        let both = |i: usize| if i < 10 { (at(i), 1.0) } else { (at(i) + 60.0, 9.0) };
        assert_eq!(between_resets(&offsets((0..20).map(both))), [0..10, 10..20]);
        let pause = |i: usize| (both(i).0, 1.0);
        let whole = between_resets(&offsets((0..20).map(pause)));
        assert_eq!((whole.len(), whole[0].clone()), (1, 0..20));
        let back = |i: usize| if i < 10 { (100.0 + at(i), 1.0) } else { (at(i), 1.0) };
        assert_eq!(between_resets(&offsets((0..20).map(back))), [0..10, 10..20]);
    }
}
