//! Stamps of a whole recording → the times at which its samples were taken.
//!
//! Takes one stamp a row as the file has it: of the packet, of the arrival, rounded to milliseconds, late or running
//! back; gives times of samples by [`crate::time::stretches`], the rate, and sentences for the user. Real pauses stay.
//! This is the one place of this module whose memory grows with the recording: 8 bytes a row.

use super::rate;
use crate::formats::recording::StampFaults;
use crate::time::stretches::{self, Account};

/// Rows at most: 18 hours at 256 Hz. Longer recordings keep their stamps.
pub(super) const MAX_ROWS: usize = 1 << 24;

/// A measured rate this close to a known one, in seconds over the length, is taken for it, and at least and most.
const RATE_ERROR_SECS: f64 = 0.1;
const RATE_TOLERANCE: std::ops::RangeInclusive<f64> = 0.01..=0.05;

/// A step this far off, in periods, is a jump or a step back of the raw stamps.
const OFF_PERIODS: f64 = 0.5;

/// Longest packet, in samples; breaks between packets that are needed to tell, and their share that has to fit.
const MAX_PACKET: usize = 64;
const LEAST_BREAKS: usize = 8;
const FIT: f64 = 0.9;

/// Places that a warning names.
const NAMED: usize = 5;

/// Times and what is to be said of them.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Of each row, in seconds from the first.
    pub times_secs: Vec<f64>,
    /// The first, on the axis of the stamps.
    pub first_secs: f64,
    /// Rate in Hz: a known one where the measured one is close to it.
    pub rate_hz: f64,
    pub faults: StampFaults,
    pub said: Vec<String>,
}

/// Settles stamps whose rate is about `rate_hz`.
pub(super) fn settle(mut stamps: Vec<f64>, rate_hz: f64, is_rate_named: bool) -> Settled {
    // Small numbers leave more places for fractions of a second.
    let origin_secs = stamps.iter().copied().find(|stamp| stamp.is_finite()).unwrap_or(0.0);
    stamps.iter_mut().for_each(|stamp| *stamp -= origin_secs);
    let packets = Unevenness::of(&stamps, 1.0 / rate_hz);
    let account = stretches::settle(&mut stamps, 1.0 / rate_hz);
    let measured = if account.period_secs > 0.0 { 1.0 / account.period_secs } else { rate_hz };
    let tolerance = (RATE_ERROR_SECS * rate_hz / stamps.len().max(1) as f64)
        .clamp(*RATE_TOLERANCE.start(), *RATE_TOLERANCE.end());
    let known = if is_rate_named { rate_hz } else { rate::known(measured, tolerance) };
    let mut said = Vec::new();
    if !is_rate_named {
        said.push(format!(
            "the file does not name its rate: {} Hz by its stamps ({measured:.2})",
            short(known)
        ));
    }
    let mut faults = StampFaults::of(&account);
    // One jump for each gap that stays is no unevenness.
    if packets.jumps + packets.back >= account.runs.len() {
        faults.uneven = (packets.jumps + packets.back) as u64;
        said.push(packets.sentence(measured));
    }
    said.extend(sentences(&stamps, &account));
    // A stamp that cannot be used in a recording of too few to draw a line: it goes on from the one before.
    let first_secs = stamps.iter().copied().find(|stamp| stamp.is_finite()).unwrap_or(0.0);
    let mut last = first_secs - 1.0 / known;
    for stamp in &mut stamps {
        last = if stamp.is_finite() { *stamp } else { last + 1.0 / known };
        *stamp = last - first_secs;
    }
    let first_secs = origin_secs + first_secs;
    Settled { times_secs: stamps, first_secs, rate_hz: known, faults, said }
}

/// A number with two places where it has any.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.strip_suffix(".00").map(str::to_owned).unwrap_or(text)
}

/// What the raw stamps are like.
#[derive(Debug, PartialEq)]
struct Unevenness {
    jumps: usize,
    back: usize,
    packet: Option<usize>,
}

impl Unevenness {
    fn of(stamps: &[f64], period_secs: f64) -> Self {
        let steps = || stamps.windows(2).map(|pair| pair[1] - pair[0]);
        let breaks: Vec<usize> = steps()
            .enumerate()
            .filter(|(_, step)| step.abs() > OFF_PERIODS * period_secs)
            .filter(|(_, step)| (step - period_secs).abs() > OFF_PERIODS * period_secs)
            .map(|(place, _)| place + 1)
            .collect();
        Self {
            jumps: steps().filter(|step| *step > 1.5 * period_secs).count(),
            back: steps().filter(|step| *step < 0.0).count(),
            packet: packet(&breaks),
        }
    }

    fn sentence(&self, measured_hz: f64) -> String {
        let what = match self.packet {
            Some(samples) => format!("those of packets of {samples} samples"),
            None => "uneven".into(),
        };
        let (jumps, back, hz) = (self.jumps, self.back, short(measured_hz));
        format!(
            "time stamps are {what} ({jumps} jump(s), {back} step(s) back); re-timed at {hz} Hz"
        )
    }
}

/// How many samples a packet has: the most that nearly all breaks of the stamps are a multiple of apart.
fn packet(breaks: &[usize]) -> Option<usize> {
    if breaks.len() < LEAST_BREAKS {
        return None;
    }
    (2..=MAX_PACKET).rev().find(|samples| {
        let mut of_rest = vec![0_usize; *samples];
        breaks.iter().for_each(|place| of_rest[place % samples] += 1);
        let most = of_rest.into_iter().max().unwrap_or(0);
        most as f64 >= FIT * breaks.len() as f64
    })
}

/// What was found in the stamps besides packets.
fn sentences(settled: &[f64], account: &Account) -> Vec<String> {
    let mut said = Vec::new();
    let first = settled.first().copied().unwrap_or(0.0);
    let at = |sample: usize| settled.get(sample).copied().unwrap_or(first) - first;
    let cuts = account.runs.iter().skip(1).map(|run| run.start);
    let steps_back: Vec<usize> = account.back.iter().map(|jump| jump.sample).collect();
    let pauses: Vec<f64> = cuts
        .filter(|cut| !steps_back.contains(cut))
        .map(|cut| at(cut) - at(cut.saturating_sub(1)))
        .collect();
    if !pauses.is_empty() {
        let missing: f64 = pauses.iter().map(|pause| (pause - account.period_secs).max(0.0)).sum();
        said.push(format!("{} pause(s), {missing:.2} s in all, are left as gaps", pauses.len()));
    }
    for jump in account.back.iter().take(NAMED) {
        said.push(format!(
            "the clock of the stamps stepped back by {:.2} s at sample {}: what follows goes on where it was",
            jump.secs, jump.sample
        ));
    }
    if !account.late.is_empty() {
        said.push(format!("{} time(s) samples came late and none is missing", account.late.len()));
    }
    if !account.impossible.is_empty() {
        let named: Vec<_> = account.impossible.iter().take(NAMED).map(usize::to_string).collect();
        said.push(format!(
            "{} stamp(s) are impossible (sample {}{}): taken from their neighbours",
            account.impossible.len(),
            named.join(", "),
            if account.impossible.len() > NAMED { ", …" } else { "" }
        ));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_bear_one_stamp_are_laid_out() {
        let stamps: Vec<f64> = (0..6000)
            .map(|i| 50.0 + f64::from(i / 12 * 12) / 256.0 + 0.003 * f64::from(i / 12 % 3))
            .collect();
        let settled = settle(stamps, 250.0, false);
        assert_eq!(settled.rate_hz, 256.0);
        let steps = settled.times_secs.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(steps.map(|step| (step * 256.0 - 1.0).abs()).fold(0.0, f64::max) < 0.01);
        assert!(settled.said[1].contains("packets of 12 samples"), "{:?}", settled.said);
        assert_eq!(settled.said.len(), 2);
        assert!(settled.faults.uneven > 400 && settled.faults.impossible == 0);
    }

    #[test]
    fn even_stamps_and_none_are_left_alone() {
        let settled = settle((0..1000).map(|i| f64::from(i) / 128.0).collect(), 128.0, true);
        assert_eq!((settled.said.len(), settled.rate_hz), (0, 128.0));
        assert!((settled.times_secs[999] - 999.0 / 128.0).abs() < 1e-9);
        assert!(settle(Vec::new(), 128.0, true).times_secs.is_empty());
        assert_eq!(settle(vec![f64::NAN, 5.0], 128.0, true).times_secs, [0.0, 0.0]);
    }
}
