//! Faults as they are written behind `faulty:`, and whole schedules by their seed.
//!
//! Takes pairs of key and value (the table is in [`super::faults`]); gives [`Faults`], or says which pair cannot be.

use super::chaos;
use super::faults::{Faults, MOST_TIMES};
use crate::source::SourceError;
use crate::source::spec::{Parameters, SourceSpec};

const KEYS: &str = "drop, burst, jitter, repeat, swap, within, corrupt, nan, share, reset, step, rate, stall, hold, mute, \
hush, unplug, back, every, mislabel, seed, chaos, severity";

/// Longest time after the start at which something may be set to happen, in seconds.
const LONGEST_SECS: f64 = 1e6;

impl Faults {
    /// Reads the pairs of a `faulty:` specification.
    ///
    /// # Errors
    /// [`SourceError::BadSpec`] for an unknown key or an impossible value.
    pub fn from_parameters(parameters: &Parameters) -> Result<Self, SourceError> {
        Self::read(parameters).map_err(|why| SourceError::BadSpec {
            spec: format!("faulty:{}", &SourceSpec::Sim(parameters.clone()).to_string()[4..]),
            why,
        })
    }

    fn read(parameters: &Parameters) -> Result<Self, String> {
        let severity = parameters.get("severity");
        let mut faults = match parameters.get("chaos") {
            Some(seed) => {
                let severity = severity.map_or(Ok(chaos::SEVERITY), |s| share("severity", s))?;
                chaos::draw(whole("chaos", seed)?, severity)
            }
            None if severity.is_some() => return Err("severity goes with chaos=SEED".into()),
            None => Self::default(),
        };
        for (key, value) in parameters {
            faults.set(key, value)?;
        }
        Ok(faults)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let secs = |most| number(key, value, 0.0, most);
        match key {
            "drop" => self.drop_probability = share(key, value)?,
            "burst" => self.burst_secs = secs(60.0)?,
            "jitter" => self.jitter_secs = number(key, value, 0.0, 10_000.0)? / 1000.0,
            "repeat" => self.repeat_probability = share(key, value)?,
            "swap" => self.swap_probability = share(key, value)?,
            "within" => self.swap_frames = whole_within(key, value, 1..=64)?,
            "corrupt" => self.corrupt_probability = share(key, value)?,
            "nan" => self.nan_probability = share(key, value)?,
            "share" => self.channel_share = share(key, value)?,
            "reset" => self.reset_secs = times(key, value)?,
            "step" => self.step_secs = number(key, value, -LONGEST_SECS, LONGEST_SECS)?,
            "rate" => self.rate_share = number(key, value, -50.0, 50.0)? / 100.0,
            "stall" => self.stall_secs = times(key, value)?,
            "hold" => self.stall_for_secs = secs(60.0)?,
            "mute" => self.mute_secs = times(key, value)?,
            "hush" => self.mute_for_secs = secs(3600.0)?,
            "unplug" => self.unplug_secs = times(key, value)?,
            "back" => self.back_secs = secs(3600.0)?,
            "every" => self.every_secs = secs(LONGEST_SECS)?,
            "mislabel" => self.mislabel_probability = share(key, value)?,
            "seed" => self.seed = whole(key, value)?,
            "chaos" | "severity" => {}
            _ => return Err(format!("'{key}' is not one of the faults, which are {KEYS}")),
        }
        Ok(())
    }
}

fn number(key: &str, value: &str, least: f64, most: f64) -> Result<f64, String> {
    let parsed = value.parse::<f64>().ok().filter(|v| (least..=most).contains(v));
    parsed.ok_or_else(|| format!("{key}={value} is not a number from {least} to {most}"))
}

fn share(key: &str, value: &str) -> Result<f64, String> {
    number(key, value, 0.0, 1.0)
}

fn whole(key: &str, value: &str) -> Result<u64, String> {
    value.parse().map_err(|_| format!("{key}={value} is not a whole number"))
}

fn whole_within(
    key: &str,
    value: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, String> {
    let [least, most] = [range.start(), range.end()];
    let parsed = whole(key, value)?;
    let why = || format!("{key}={value} is not a whole number from {least} to {most}");
    range.contains(&parsed).then_some(parsed).ok_or_else(why)
}

fn times(key: &str, value: &str) -> Result<Vec<f64>, String> {
    let times: Vec<f64> =
        value.split('/').map(|at| number(key, at, 0.0, LONGEST_SECS)).collect::<Result<_, _>>()?;
    let why = || format!("{key}={value} names more than {MOST_TIMES} times");
    (times.len() <= MOST_TIMES).then_some(times).ok_or_else(why)
}
