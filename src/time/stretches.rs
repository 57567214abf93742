//! Where a recording's stamps go on, and where they do not: robust segmentation, then a robust line for each stretch.
//!
//! Takes the stamps of a regular stream, one a sample, and its nominal period; replaces them by the times at which samples
//! were taken, and gives an [`Account`] of what was found. Pure; nothing is said to be missing that was only late. Rules:
//!
//! * **Impossible stamps** (not finite, years from the median, or alone more than a second off while both neighbours agree)
//!   are left out, counted, and given the time that the line has for their place.
//! * **The rate** is the median of steps over two seconds, of those within 3 % of the nominal rate where a fifth of them are;
//!   then the slope of one line through all stretches at once.
//! * **A gap** is a step of the residual (stamp less rate times place) that lasts: stamps can be late but not early, so the
//!   tenth percentile of the residual in the three seconds before and behind a jump (and behind it for as long as the jump
//!   could be a backlog) tells whether samples are missing. It has to exceed a period and a half, three and a half where
//!   stamps jitter, and eight times what that percentile wobbles by, also in the half second behind the jump alone (a later gap must not count). A jump that passes is *late*: told from a quarter of a
//!   second up, and no gap.
//! * **A clock that steps back** is a step of the residual below that lasts. The stretch behind it goes on where the one before
//!   ended, because samples are in the order in which they were taken.
//! * **Each stretch** gets the least-squares line through its stamps but those that are far off (six times the usual spread and
//!   three periods): late packets and bad stamps bend nothing. Where none is, that is the line that pyxdf draws. Stretches
//!   of less than ten seconds share the slope of all.

use std::ops::Range;

use super::line::straighten;

const LAG_SECS: f64 = 2.0;
const NEAR_NOMINAL: f64 = 0.03;
const NEAR_SHARE: f64 = 0.2;
const BESIDE_SECS: f64 = 3.0;
/// Behind a jump that may be a backlog: as long as the jump, and so much of signal that is on time again.
const ON_TIME_SECS: f64 = 1.5;
const LOW_SHARE: f64 = 0.1;
const LOW_SECS: f64 = 0.5;
const GAP_EVEN_PERIODS: f64 = 1.5;
const GAP_ROUGH_PERIODS: f64 = 3.5;
const ROUGH_STEP: f64 = 0.25;
const ROUGH_SHARE: f64 = 0.01;
const NOISE_FACTOR: f64 = 8.0;
/// Before so little signal that it may be a few late packets, a gap has to be this many times as long.
const SHORT_FACTOR: f64 = 3.0;
const MAD_TO_DEVIATION: f64 = 1.4826;
/// A step back smaller than this is jitter of packets.
const BACK_SECS: f64 = 0.2;
const LATE_SECS: f64 = 0.25;
const FAR_DEVIATIONS: f64 = 6.0;
const FAR_PERIODS: f64 = 3.0;
const OWN_SLOPE_SECS: f64 = 10.0;
/// Ten years: further from the median of a recording no stamp of it can be.
const IMPOSSIBLE_SECS: f64 = 3.2e8;
/// A stamp alone is impossible when it is further than this from both neighbours.
const ALONE_SECS: f64 = 1.0;
/// Stamps that stay so near to one line have nothing to be found in them.
const EVEN_PERIODS: f64 = 0.25;
const ROUNDS: usize = 3;
/// Pairs of blocks that are enough to tell how far their low percentile wobbles.
const MOST_BLOCKS: usize = 500;
/// Values that are enough for a median.
const ENOUGH: usize = 4_000;
/// How often a sample is looked at, on average, at most: stamps may be hostile.
const LOOKS_A_SAMPLE: usize = 2_000;

/// A jump of the stamps before a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jump {
    /// The first sample behind it.
    pub sample: usize,
    /// How far it goes, in seconds.
    pub secs: f64,
}

/// What was found in the stamps of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// Stretches without a gap or a step of the clock between them, in order; together all samples.
    pub runs: Vec<Range<usize>>,
    /// Measured seconds from sample to sample; zero where they cannot be measured.
    pub period_secs: f64,
    /// Samples whose stamps are impossible.
    pub impossible: Vec<usize>,
    /// Jumps that passed: samples came late and none is missing.
    pub late: Vec<Jump>,
    /// Where the sender's clock stepped back; what lies behind was moved on by as much.
    pub back: Vec<Jump>,
}

/// Puts stamps on the lines that they follow. Fewer than three that can be used stay as they are.
pub fn settle(stamps: &mut [f64], period_secs: f64) -> Account {
    let all = 0..stamps.len();
    if is_even(stamps, period_secs) {
        straighten(stamps);
        let secs = stamps[stamps.len() - 1] - stamps[0];
        let period_secs = secs / (stamps.len() - 1) as f64;
        return Account { runs: vec![all], period_secs, ..Account::default() };
    }
    let usable = possible(stamps);
    if usable.len() < 3 || !(period_secs.is_finite() && period_secs > 0.0) {
        let impossible = missing(&usable, stamps.len());
        return Account { runs: vec![all], impossible, ..Account::default() };
    }
    let mut trace = Trace {
        at: usable.iter().map(|place| *place as f64).collect(),
        secs: usable.iter().map(|place| stamps[*place]).collect(),
        nominal_secs: period_secs,
        slope: 0.0,
        residuals: Vec::with_capacity(usable.len()),
    };
    trace.lean(trace.first_slope());
    let mut found = trace.scan();
    for _ in 1..ROUNDS {
        trace.lean(trace.common_slope(&found.cuts));
        let again = trace.scan();
        let same = again == found;
        found = again;
        if same {
            break;
        }
    }
    let mut account = Account { late: found.late, ..Account::default() };
    trace.close(&found.back);
    for jump in account.late.iter_mut().chain(&mut found.back) {
        jump.sample = usable[jump.sample];
    }
    account.back = found.back;
    account.runs = runs(&found.cuts, &usable, stamps.len());
    account.impossible = missing(&usable, stamps.len());
    lay(stamps, &trace, &found.cuts, &account);
    account.period_secs = trace.slope;
    account
}

/// Whether stamps lie so near to the line through the first and the last that nothing can be found in them: one missing
/// sample alone would take half of them half a period away.
fn is_even(stamps: &[f64], period_secs: f64) -> bool {
    let [first, .., last] = stamps else { return false };
    let slope = (last - first) / (stamps.len() - 1) as f64;
    let is_near = (slope / period_secs - 1.0).abs() < NEAR_NOMINAL;
    let off = |(place, stamp): (usize, &f64)| (stamp - first - slope * place as f64).abs();
    // Written so that what is no number is not even.
    stamps.len() > 2
        && is_near
        && stamps.iter().enumerate().all(|sample| off(sample) <= EVEN_PERIODS * period_secs)
}

/// Places of stamps that can be true, in order.
fn possible(stamps: &[f64]) -> Vec<usize> {
    let some = stamps.iter().copied().step_by(stride(stamps.len()));
    let mut finite: Vec<f64> = some.filter(|stamp| stamp.is_finite()).collect();
    let Some(median) = quantile(&mut finite, 0.5) else { return Vec::new() };
    let near = |place: &usize| (stamps[*place] - median).abs() < IMPOSSIBLE_SECS;
    let kept: Vec<usize> = (0..stamps.len()).filter(near).collect();
    let alone = |i: usize| {
        if i == 0 || i + 1 >= kept.len() {
            return false;
        }
        let (before, own, behind) = (stamps[kept[i - 1]], stamps[kept[i]], stamps[kept[i + 1]]);
        let (to, from) = (own - before, behind - own);
        to.abs().min(from.abs()) > ALONE_SECS
            && to * from < 0.0
            && (behind - before).abs() < ALONE_SECS
    };
    (0..kept.len()).filter(|i| !alone(*i)).map(|i| kept[i]).collect()
}

fn missing(usable: &[usize], count: usize) -> Vec<usize> {
    let mut next = usable.iter().copied().peekable();
    (0..count).filter(|place| next.next_if_eq(place).is_none()).collect()
}

/// Runs of all samples from cuts among usable ones.
fn runs(cuts: &[usize], usable: &[usize], count: usize) -> Vec<Range<usize>> {
    let mut starts = vec![0];
    starts.extend(cuts.iter().map(|cut| usable[*cut]));
    starts.push(count);
    starts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// Of how many values the middle is taken: of long recordings every so manieth. Primes, so that no length of packets divides
/// them.
fn stride(count: usize) -> usize {
    [1021, 251, 61].into_iter().find(|stride| count / stride >= ENOUGH).unwrap_or(1)
}

/// Value below which a share of the values lies; `None` of nothing.
fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let place = ((share * values.len() as f64) as usize).min(last);
    Some(*values.select_nth_unstable_by(place, f64::total_cmp).1)
}

/// Usable stamps over their places.
struct Trace {
    at: Vec<f64>,
    secs: Vec<f64>,
    nominal_secs: f64,
    slope: f64,
    residuals: Vec<f64>,
}

#[derive(Default, PartialEq)]
struct Found {
    /// First usable stamp of each stretch but the first.
    cuts: Vec<usize>,
    late: Vec<Jump>,
    back: Vec<Jump>,
}

impl Trace {
    fn samples(&self, secs: f64) -> usize {
        ((secs / self.nominal_secs).round() as usize).clamp(1, self.secs.len())
    }

    fn first_slope(&self) -> f64 {
        let count = self.secs.len();
        let lag = self.samples(LAG_SECS).min(count / 2).max(1);
        let slope =
            |i: usize| (self.secs[i + lag] - self.secs[i]) / (self.at[i + lag] - self.at[i]);
        let mut slopes: Vec<f64> = (0..count - lag).step_by(stride(count)).map(slope).collect();
        let near = |slope: &f64| (slope / self.nominal_secs - 1.0).abs() < NEAR_NOMINAL;
        let mut close: Vec<f64> = slopes.iter().copied().filter(near).collect();
        let enough = close.len() as f64 >= NEAR_SHARE * slopes.len() as f64;
        let chosen = if enough { &mut close } else { &mut slopes };
        quantile(chosen, 0.5).filter(|slope| *slope > 0.0).unwrap_or(self.nominal_secs)
    }

    /// Takes a slope, and what the stamps are more than a line of that slope through the first.
    fn lean(&mut self, slope: f64) {
        let (at, secs) = (self.at[0], self.secs[0]);
        self.slope = slope;
        self.residuals.clear();
        let residual = |(place, stamp): (&f64, &f64)| (stamp - secs) - slope * (place - at);
        self.residuals.extend(self.at.iter().zip(&self.secs).map(residual));
    }

    /// How far the residual has to step to be a gap, in seconds.
    fn threshold(&self) -> f64 {
        let residuals = &self.residuals;
        let rough = |pair: &&[f64]| (pair[1] - pair[0]).abs() > ROUGH_STEP * self.nominal_secs;
        let count = residuals.windows(2).filter(rough).count();
        let is_rough = count as f64 > ROUGH_SHARE * residuals.len() as f64;
        let periods = if is_rough { GAP_ROUGH_PERIODS } else { GAP_EVEN_PERIODS };
        let block = self.samples(LOW_SECS).max(8);
        let mut scratch = Vec::new();
        // In long recordings of some pairs of blocks only: they are as telling as all.
        let every = (residuals.len() / block / MOST_BLOCKS).max(1);
        let mut steps: Vec<f64> = (0..(residuals.len() / block).saturating_sub(1))
            .step_by(every)
            .map(|at| {
                let mut low_of =
                    |at: usize| low(&residuals[at * block..][..block], usize::MAX, &mut scratch);
                (low_of(at + 1) - low_of(at)).abs()
            })
            .collect();
        let wobble = if steps.len() > 1 { quantile(&mut steps, 0.5).unwrap_or(0.0) } else { 0.0 };
        (periods * self.nominal_secs).max(NOISE_FACTOR * MAD_TO_DEVIATION * wobble)
    }

    /// Finds what lasts and what passes, from front to back.
    fn scan(&self) -> Found {
        let residuals = &self.residuals;
        let threshold = self.threshold();
        let (beside, most) = (self.samples(BESIDE_SECS), self.samples(LOW_SECS));
        let (mut found, mut start, mut scratch) = (Found::default(), 0, Vec::new());
        let mut steps = Vec::new();
        let mut budget = LOOKS_A_SAMPLE * residuals.len();
        for cut in 1..residuals.len() {
            let step = residuals[cut] - residuals[cut - 1];
            if step < 0.5 * threshold && step > -0.5 * BACK_SECS {
                continue;
            }
            let behind_secs = BESIDE_SECS.max(step + ON_TIME_SECS);
            let end = (cut + self.samples(behind_secs)).min(residuals.len());
            if budget < end - cut + beside {
                break; // no recording has so many jumps: what is left stays one stretch
            }
            budget -= end - cut + beside;
            let before =
                low(&residuals[start.max(cut.saturating_sub(beside))..cut], most, &mut scratch);
            // The shorter look keeps a later gap out of it, the longer one a backlog.
            let soon = (cut + most).min(end);
            let lasting = low(&residuals[cut..soon], most, &mut scratch).min(low(
                &residuals[cut..end],
                most,
                &mut scratch,
            )) - before;
            if lasting > threshold && step > 0.5 * lasting {
                steps.push(Jump { sample: cut, secs: lasting });
                start = cut;
            } else if lasting < -BACK_SECS.max(threshold)
                && step < 0.5 * lasting
                && step > 2.0 * lasting
            {
                steps.push(Jump { sample: cut, secs: lasting });
                found.back.push(Jump { sample: cut, secs: -lasting });
                start = cut;
            } else if step > LATE_SECS.max(threshold) {
                found.late.push(Jump { sample: cut, secs: step });
            }
        }
        // A few late packets before the next gap or the end look like a small gap of their own.
        let ends = steps.iter().skip(1).map(|step| step.sample).chain([residuals.len()]);
        let is_rough = threshold >= GAP_ROUGH_PERIODS * self.nominal_secs;
        for (step, end) in steps.iter().zip(ends) {
            let few = end - step.sample < most;
            // And a last packet that is followed by less than it is late may be just that.
            let last = end == residuals.len()
                && ((end - step.sample) as f64 * self.nominal_secs) < step.secs;
            let enough = if last && is_rough { LATE_SECS } else { 0.0 };
            let enough = enough.max(SHORT_FACTOR * threshold);
            if !(few && (0.0..enough).contains(&step.secs)) {
                found.cuts.push(step.sample);
            }
        }
        found
    }

    /// Slope of parallel lines through all stretches.
    fn common_slope(&self, cuts: &[usize]) -> f64 {
        let residuals = &self.residuals;
        let (mut above, mut below) = (0.0, 0.0);
        for run in stretches(cuts, residuals.len()) {
            let kept = self.close_by(run);
            let (at, residual) = (mean(&kept, &self.at), mean(&kept, residuals));
            for place in kept {
                let x = self.at[place] - at;
                above += x * (residuals[place] - residual);
                below += x * x;
            }
        }
        let slope = self.slope + above / below;
        if slope.is_finite() && slope > 0.0 { slope } else { self.slope }
    }

    /// Those of a stretch whose residuals are not far off.
    fn close_by(&self, run: Range<usize>) -> Vec<usize> {
        let residuals = &self.residuals;
        let some = residuals[run.clone()].iter().copied();
        let mut own: Vec<f64> = some.step_by(stride(run.len())).collect();
        let middle = quantile(&mut own, 0.5).unwrap_or(0.0);
        for residual in &mut own {
            *residual = (*residual - middle).abs();
        }
        let spread = MAD_TO_DEVIATION * quantile(&mut own, 0.5).unwrap_or(0.0);
        let far = (FAR_DEVIATIONS * spread).max(FAR_PERIODS * self.nominal_secs);
        run.filter(|place| (residuals[*place] - middle).abs() <= far).collect()
    }

    /// Moves what lies behind steps back on by as much.
    fn close(&mut self, back: &[Jump]) {
        if back.is_empty() {
            return;
        }
        let (mut jumps, mut shift_secs) = (back.iter().peekable(), 0.0);
        for (place, stamp) in self.secs.iter_mut().enumerate() {
            while let Some(jump) = jumps.next_if(|jump| jump.sample <= place) {
                shift_secs += jump.secs;
            }
            *stamp += shift_secs;
        }
        self.lean(self.slope);
    }
}

fn stretches(cuts: &[usize], count: usize) -> impl Iterator<Item = Range<usize>> {
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain(std::iter::once(count));
    starts.zip(ends).map(|(start, end)| start..end)
}

fn mean(places: &[usize], values: &[f64]) -> f64 {
    places.iter().map(|place| values[*place]).sum::<f64>() / places.len().max(1) as f64
}

/// The tenth percentile, or the value with so many below it where those are fewer.
fn low(values: &[f64], most: usize, scratch: &mut Vec<f64>) -> f64 {
    scratch.clear();
    scratch.extend_from_slice(values);
    let place = ((LOW_SHARE * values.len() as f64) as usize).min(most).min(values.len() - 1);
    *scratch.select_nth_unstable_by(place, f64::total_cmp).1
}

/// Writes the lines into the stamps.
fn lay(stamps: &mut [f64], trace: &Trace, cuts: &[usize], account: &Account) {
    let residuals = &trace.residuals;
    let (first_at, first_secs) = (trace.at[0], trace.secs[0]);
    for (run, usable) in account.runs.iter().zip(stretches(cuts, residuals.len())) {
        let kept = trace.close_by(usable.clone());
        let is_long = run.len() as f64 * trace.nominal_secs >= OWN_SLOPE_SECS;
        if kept.len() == run.len() && (is_long || account.runs.len() == 1) {
            // Nothing to leave out: exactly the line of `straighten`.
            stamps[run.clone()].copy_from_slice(&trace.secs[usable]);
            straighten(&mut stamps[run.clone()]);
            continue;
        }
        let (at, residual) = (mean(&kept, &trace.at), mean(&kept, residuals));
        let (mut above, mut below) = (0.0, 0.0);
        for place in &kept {
            let x = trace.at[*place] - at;
            above += x * (residuals[*place] - residual);
            below += x * x;
        }
        let bend = if is_long && below > 0.0 { above / below } else { 0.0 };
        for place in run.clone() {
            let x = place as f64;
            stamps[place] =
                first_secs + (residual + trace.slope * (x - first_at) + bend * (x - at));
        }
    }
}

#[cfg(test)]
#[path = "stretches_tests.rs"]
mod tests;
