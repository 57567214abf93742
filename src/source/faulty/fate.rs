//! What happens to a moment of the stream: unplugged, mute, held back, on which clock.
//!
//! A function of the time since the first frame, in seconds of signal, and of nothing else.

use super::faults::Faults;

/// What becomes of a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fate {
    /// The plug is pulled: nothing comes, and the source says so.
    pub unplugged: bool,
    /// Nothing comes and nobody says so.
    pub mute: bool,
    /// Until when what comes is held back, in seconds since the first frame.
    pub held_until_secs: Option<f64>,
    /// What was added to the clock.
    pub shift_secs: f64,
}

impl Fate {
    /// The fate of a moment.
    pub fn at(faults: &Faults, since_start_secs: f64) -> Self {
        let within = |starts: &[f64], for_secs: f64| {
            last_end(starts, for_secs, faults.every_secs, since_start_secs)
        };
        let stalled = within(&faults.stall_secs, faults.stall_for_secs);
        let burst = burst_end(faults.burst_secs, since_start_secs);
        Self {
            unplugged: within(&faults.unplug_secs, faults.back_secs).is_some(),
            mute: within(&faults.mute_secs, faults.mute_for_secs).is_some(),
            held_until_secs: stalled.into_iter().chain(burst).reduce(f64::max),
            shift_secs: resets(&faults.reset_secs, faults.every_secs, since_start_secs) as f64
                * faults.step_secs,
        }
    }
}

/// When the last of the stretches ends that begin at `starts`, last `for_secs` and hold `at`.
fn last_end(starts: &[f64], for_secs: f64, every_secs: f64, at: f64) -> Option<f64> {
    let mut last: Option<f64> = None;
    for start in starts {
        let span = span_of(every_secs, at - start);
        let begun = start + span * every_secs;
        if span >= 0.0 && (begun..begun + for_secs).contains(&at) {
            last = Some(last.map_or(begun + for_secs, |end| end.max(begun + for_secs)));
        }
    }
    last
}

/// In how many-th span `secs` after its place in the first lies; below zero before that.
fn span_of(every_secs: f64, secs: f64) -> f64 {
    if every_secs > 0.0 { (secs / every_secs).floor() } else { secs.signum().min(0.0) }
}

/// The end of the burst that holds the moment.
fn burst_end(burst_secs: f64, at: f64) -> Option<f64> {
    (burst_secs > 0.0).then(|| ((at / burst_secs).floor() + 1.0) * burst_secs)
}

/// How many times the clock was set until now.
fn resets(places: &[f64], every_secs: f64, at: f64) -> u64 {
    places.iter().map(|place| (span_of(every_secs, at - place) + 1.0).max(0.0) as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_once_or_in_every_span() {
        let once = Faults { unplug_secs: vec![3.0, 8.0], back_secs: 2.0, ..Faults::default() };
        let away = |faults: &Faults, at: f64| Fate::at(faults, at).unplugged;
        let held: Vec<bool> =
            [0.0, 2.99, 3.0, 4.99, 5.0, 8.5, 13.5].iter().map(|at| away(&once, *at)).collect();
        assert_eq!(held, [false, false, true, true, false, true, false]);
        let often = Faults { every_secs: 10.0, ..once };
        let held: Vec<bool> = [3.5, 8.5, 12.9, 13.0, 19.99, 20.0, 1e5 + 4.0]
            .iter()
            .map(|at| away(&often, *at))
            .collect();
        assert_eq!(held, [true, true, false, true, true, false, true]);
    }

    #[test]
    fn a_clock_that_is_set_again_and_again_adds_up() {
        let faults = Faults {
            reset_secs: vec![1.0, 4.0],
            step_secs: 5.0,
            every_secs: 10.0,
            ..Faults::default()
        };
        let shift = |at| Fate::at(&faults, at).shift_secs;
        assert_eq!(
            [0.9, 1.0, 4.0, 10.9, 11.0, 24.0].map(shift),
            [0.0, 5.0, 10.0, 10.0, 15.0, 30.0]
        );
        let once = Faults { every_secs: 0.0, ..faults.clone() };
        assert_eq!(Fate::at(&once, 99.0).shift_secs, 10.0);
    }

    #[test]
    fn what_is_held_back_comes_with_the_longest_of_its_reasons() {
        let faults = Faults {
            stall_secs: vec![2.0, 3.0],
            stall_for_secs: 1.5,
            burst_secs: 0.4,
            ..Faults::default()
        };
        let until = |at| Fate::at(&faults, at).held_until_secs;
        assert_eq!(until(0.5), Some(0.8));
        assert_eq!(until(2.5), Some(3.5));
        assert_eq!(until(3.2), Some(4.5));
        assert_eq!(Fate::at(&Faults::default(), 1.0).held_until_secs, None);
    }
}
