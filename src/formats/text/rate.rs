//! What unit stamps are in, and at which rate they come: by their size, their step and the rates of known devices.

use super::layout::{Column, moment_secs, number};

/// Rates of devices in Hz.
const RATES_HZ: [f64; 14] = [
    100.0, 125.0, 128.0, 200.0, 220.0, 250.0, 256.0, 300.0, 500.0, 512.0, 1000.0, 1024.0, 1600.0,
    2048.0,
];

/// Seconds per unit of stamps, and its name.
const UNITS: [(f64, &str); 4] =
    [(1.0, "seconds"), (1e-3, "milliseconds"), (1e-6, "microseconds"), (1e-9, "nanoseconds")];

/// Rates of EEG as it is stored, in Hz. Less than a thousandfold wide, so that only one unit fits a step.
const PLAUSIBLE_HZ: std::ops::Range<f64> = 20.5..20_000.0;

/// What else is a rate, where the stamps' size tells the unit: programs can be told to write a row a second.
const POSSIBLE_HZ: std::ops::Range<f64> = 0.5..30_000.0;

/// Seconds since 1970 that a recording can have begun at: 2001 to 2096.
const UNIX_SECS: std::ops::Range<f64> = 1e9..4e9;

/// A part of so many of the rows is looked over for one step: a pause spoils that share of the steps.
const LAG_SHARE: usize = 8;

/// Scale of one stamp by its size alone: seconds, milli-, micro- or nanoseconds since 1970.
pub(super) fn scale_of(stamp: f64) -> f64 {
    match stamp {
        _ if stamp > 1e17 => 1e-9,
        _ if stamp > 1e14 => 1e-6,
        _ if stamp > 1e11 => 1e-3,
        _ => 1.0,
    }
}

/// Stamps from a row to the next, in their own unit: the mean of the middle half of the steps over many rows, which
/// neither packets nor a few pauses move. `None` where they do not rise.
pub(super) fn step(stamps: &[f64]) -> Option<f64> {
    let lag = (stamps.len() / LAG_SHARE).max(1);
    let pairs = stamps.iter().zip(stamps.iter().skip(lag));
    let steps = pairs.map(|(a, b)| (b - a) / lag as f64).filter(|step| step.is_finite());
    let mut steps: Vec<f64> = steps.collect();
    steps.sort_by(f64::total_cmp);
    let quarter = steps.len() / 4;
    let middle = steps.get(quarter..steps.len() - quarter)?;
    let mean = middle.iter().sum::<f64>() / middle.len() as f64;
    Some(mean).filter(|step| *step > 0.0 && step.is_finite())
}

/// Seconds per unit of these stamps, with the unit's name; `None` where no unit makes a rate of EEG of them.
pub(super) fn unit(stamps: &[f64]) -> Option<(f64, &'static str)> {
    let (step, first) = (step(stamps)?, *stamps.first()?);
    let unix = |(scale, _): &(f64, &str)| {
        UNIX_SECS.contains(&(first * scale)) && POSSIBLE_HZ.contains(&(1.0 / (step * scale)))
    };
    let by_step = |(scale, _): &(f64, &str)| PLAUSIBLE_HZ.contains(&(1.0 / (step * scale)));
    let slow = |_: &(f64, &str)| POSSIBLE_HZ.contains(&(1.0 / step));
    let units = || UNITS.into_iter();
    units().find(unix).or_else(|| units().find(by_step)).or_else(|| units().next().filter(slow))
}

/// Seconds per unit of stamps whose unit is named, where that makes a possible rate of their step.
pub(super) fn as_named(unit: Option<&str>, step: f64) -> Option<(f64, &'static str)> {
    let place = match unit?.to_lowercase().as_str() {
        "s" | "sec" | "secs" | "seconds" => 0,
        "ms" | "msec" | "milliseconds" => 1,
        "us" | "µs" | "μs" | "microseconds" => 2,
        "ns" | "nanoseconds" => 3,
        _ => return None,
    };
    UNITS.get(place).copied().filter(|(scale, _)| POSSIBLE_HZ.contains(&(1.0 / (step * scale))))
}

/// The known rate within a share of a measured one; else the measured one.
pub(super) fn known(measured_hz: f64, tolerance: f64) -> f64 {
    let off = |rate: &f64| (measured_hz / rate - 1.0).abs();
    let nearest = RATES_HZ.into_iter().min_by(|a, b| off(a).total_cmp(&off(b)));
    nearest.filter(|rate| off(rate) < tolerance).unwrap_or(measured_hz)
}

/// The time of a row, in seconds.
pub(super) fn stamp_of(columns: &[Column], cells: &[&str]) -> Option<f64> {
    let stamp = columns.iter().zip(cells).find_map(|(column, cell)| match column {
        Column::Seconds(0.0) => {
            let stamp = number(cell).filter(|stamp| stamp.is_finite() && *stamp > 0.0)?;
            Some(stamp * scale_of(stamp))
        }
        Column::Seconds(scale) => {
            number(cell).map(|stamp| stamp * scale).filter(|stamp| stamp.is_finite())
        }
        Column::Moment => moment_secs(cell),
        _ => None,
    })?;
    let rest = columns.iter().zip(cells).find_map(|(column, cell)| match column {
        Column::Fraction(scale) => number(cell).map(|rest| rest * scale),
        _ => None,
    });
    Some(stamp + rest.filter(|rest| rest.is_finite()).unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_follow_from_step_and_size() {
        let stamps = |first: f64, step: f64| -> Vec<f64> {
            (0..2000).map(|i| first + f64::from(i) * step).collect()
        };
        for rate in [100.0, 128.0, 220.0, 250.0, 256.0, 1000.0, 16_000.0] {
            for first in [0.0, 1000.0, 1.7e9] {
                for (scale, name) in UNITS {
                    let found = unit(&stamps(first / scale, 1.0 / rate / scale));
                    // Nanoseconds since 1970 have steps that doubles only hold to 256 ns.
                    assert_eq!(found, Some((scale, name)), "{rate} Hz from {first}");
                }
            }
        }
        assert_eq!(unit(&stamps(1.7e12, 1000.0)), Some((1e-3, "milliseconds")), "a row a second");
        assert_eq!(unit(&stamps(0.0, 1.0)), Some((1e-3, "milliseconds")));
        assert_eq!(unit(&stamps(5.0, 0.0)), None);
        assert_eq!(unit(&stamps(5.0, -1.0)), None);
        assert_eq!(unit(&[]), None);
    }

    #[test]
    fn packets_and_a_pause_do_not_move_the_step() {
        let mut stamps: Vec<f64> =
            (0..1000).map(|i| f64::from(i / 12 * 12) / 256.0 + 100.0).collect();
        stamps[700..].iter_mut().for_each(|stamp| *stamp += 30.0);
        let hz = 1.0 / step(&stamps).unwrap();
        assert!((hz / 256.0 - 1.0).abs() < 0.05, "{hz}");
        assert_eq!(known(hz, 0.05), 256.0);
    }
}
