//! The display's timing, from the times at which frames begin: refresh rate, jitter, missed refreshes.
//!
//! A frame is painted, handed over, and seen when the display takes it: with vertical synchronisation that is when the
//! next frame can begin. So a frame counts as seen at the begin of the next, and that is known to one refresh. A
//! photodiode on the patch in the corner measures the rest (a display's own delay), which no program can know.

use crate::present::presenter::SeenFrame;
use crate::study::calibration::Display;

/// Frames that a verdict takes.
pub const ENOUGH: usize = 120;

/// Frames at the beginning that are not looked at: the window has just been opened or changed.
const WARM_UP: usize = 10;

/// A wait longer than this, in refreshes, has missed one.
const MISSED: f64 = 1.5;

/// No display refreshes faster: frames that come faster wait for none, and nothing tells when they are seen.
const FASTEST_SECS: f64 = 1.0 / 500.0;

/// At most so many frames are kept.
const KEPT: usize = 600;

/// Looks at frames.
#[derive(Debug, Default)]
pub struct Meter {
    last_secs: Option<f64>,
    waits: Vec<f64>,
    seen: usize,
}

impl Meter {
    /// A frame begins. Gives what is known of the one before.
    pub fn frame(&mut self, now_secs: f64) -> Option<SeenFrame> {
        let wait = now_secs - self.last_secs.replace(now_secs)?;
        self.seen += 1;
        let period = self.period_secs();
        if self.seen > WARM_UP && wait.is_finite() && wait > 0.0 {
            if self.waits.len() == KEPT {
                self.waits.remove(0);
            }
            self.waits.push(wait);
        }
        let missed = (wait / period).round().max(1.0) as u32 - 1;
        let (uncertainty_secs, refresh_hz) = (wait.max(0.0), 1.0 / period);
        Some(SeenFrame { at_secs: now_secs, uncertainty_secs, refresh_hz, missed })
    }

    /// Time between refreshes, in seconds: the median wait; a sixtieth until that is known.
    pub fn period_secs(&self) -> f64 {
        if self.waits.len() < WARM_UP {
            return 1.0 / 60.0;
        }
        let mut sorted = self.waits.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    /// Share of a verdict's frames that have come.
    pub fn progress(&self) -> f32 {
        (self.waits.len() as f32 / ENOUGH as f32).min(1.0)
    }

    /// What this display can do, once enough frames have come.
    pub fn verdict(&self) -> Option<Display> {
        if self.waits.len() < ENOUGH {
            return None;
        }
        let period = self.period_secs();
        let mean = self.waits.iter().sum::<f64>() / self.waits.len() as f64;
        let spread = self.waits.iter().map(|wait| (wait - mean).powi(2)).sum::<f64>();
        let missed = self.waits.iter().filter(|wait| **wait > MISSED * period).count();
        let jitter_secs = (spread / self.waits.len() as f64).sqrt();
        let missed_share = missed as f64 / self.waits.len() as f64;
        let verdict = match (period, jitter_secs, missed_share) {
            (period, ..) if period < FASTEST_SECS => {
                "not good enough for timing: frames do not wait for the display, so nothing tells when they are seen. Switch vertical synchronisation on"
            }
            (period, jitter, missed) if period <= 0.018 && jitter <= 0.003 && missed <= 0.01 => {
                "good: onsets are known to one refresh"
            }
            (period, jitter, missed) if period <= 0.04 && jitter <= 0.015 && missed <= 0.1 => {
                "usable: onsets spread by some milliseconds, which blurs averages. Close other programs"
            }
            _ => {
                "not good enough for timing: onsets are uncertain. Close other programs, use a graphics driver, mains power"
            }
        };
        let refresh_hz = 1.0 / period;
        Some(Display { refresh_hz, jitter_secs, missed_share, verdict: verdict.into() })
    }

    /// Begins anew: the window has changed.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(waits: impl Iterator<Item = f64>) -> Meter {
        let (mut meter, mut now) = (Meter::default(), 0.0);
        meter.frame(now);
        for wait in waits {
            now += wait;
            meter.frame(now);
        }
        meter
    }

    #[test]
    fn a_steady_display_is_good_and_a_stumbling_one_is_not() {
        let steady = after((0..200).map(|_| 1.0 / 60.0));
        let verdict = steady.verdict().unwrap();
        assert!(verdict.verdict.starts_with("good") && (verdict.refresh_hz - 60.0).abs() < 0.01);
        let stumbling = after((0..200).map(|i| if i % 5 == 0 { 0.1 } else { 1.0 / 60.0 }));
        let verdict = stumbling.verdict().unwrap();
        assert!(verdict.verdict.starts_with("not good") && verdict.missed_share > 0.15);
        let unsynchronised = after((0..200).map(|_| 1e-3)).verdict().unwrap();
        assert!(unsynchronised.verdict.contains("vertical"), "{unsynchronised:?}");
        assert!(after((0..20).map(|_| 0.01)).verdict().is_none());
    }

    #[test]
    fn a_frame_is_seen_when_the_next_begins_and_missed_refreshes_are_counted() {
        let mut meter = after((0..60).map(|_| 0.02));
        let now = meter.last_secs.unwrap();
        let seen = meter.frame(now + 0.06).unwrap();
        assert_eq!(seen.missed, 2);
        assert!((seen.at_secs - (now + 0.06)).abs() < 1e-12);
    }
}
