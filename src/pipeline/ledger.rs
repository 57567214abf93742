//! The latency ledger: times per stage of the last decodes, as percentiles.

use std::collections::VecDeque;

use crate::snapshot::{LatencyView, Percentiles, StageTimes};
use crate::stats;

/// Decodes that the percentiles cover. At ten a second this is the last minute and a half.
const DECODES_KEPT: usize = 1000;

/// Seconds over which pictures per second are counted.
const RATE_SPAN_SECS: f64 = 5.0;

#[derive(Debug)]
struct Entry {
    window: u64,
    times: StageTimes,
    picture_secs: Option<f64>,
}

/// Times of the last decodes.
#[derive(Debug, Default)]
pub struct Ledger {
    times: VecDeque<Entry>,
    pictures_at: VecDeque<f64>,
}

impl Ledger {
    /// Adds the times of one decode, by window number; `picture_secs` is when its picture was there.
    pub fn add(&mut self, window: u64, times: StageTimes, picture_secs: Option<f64>) {
        if self.times.len() == DECODES_KEPT {
            self.times.pop_front();
        }
        self.times.push_back(Entry { window, times, picture_secs });
        let Some(at) = picture_secs else { return };
        self.pictures_at.push_back(at);
        while self.pictures_at.front().is_some_and(|first| at - first > RATE_SPAN_SECS) {
            self.pictures_at.pop_front();
        }
    }

    /// Adds the time until a window's picture was on the screen.
    pub fn add_screen(&mut self, window: u64, millis: f32) {
        if let Some(entry) = self.times.iter_mut().rev().find(|entry| entry.window == window) {
            entry.times.screen = Some(millis);
        }
    }

    /// When the picture of a window was there, in seconds on the program's clock.
    pub fn picture_secs(&self, window: u64) -> Option<f64> {
        self.times.iter().rev().find(|entry| entry.window == window)?.picture_secs
    }

    /// Pictures per second over the last five seconds.
    pub fn images_per_s(&self, now_secs: f64) -> f64 {
        let recent = self.pictures_at.iter().filter(|at| now_secs - **at <= RATE_SPAN_SECS).count();
        let span = self.pictures_at.front().map_or(RATE_SPAN_SECS, |first| now_secs - first);
        recent as f64 / span.clamp(1.0, RATE_SPAN_SECS)
    }

    /// Percentiles of every stage.
    pub fn view(&self) -> LatencyView {
        LatencyView {
            arrival: self.percentiles(|t| t.arrival),
            window: self.percentiles(|t| t.window),
            wait: self.percentiles(|t| t.wait),
            encode: self.percentiles(|t| t.encode),
            denoise: self.percentiles(|t| t.denoise),
            decode_image: self.percentiles(|t| t.decode_image),
            window_to_image: self.percentiles(|t| t.window_to_image),
            screen: self.percentiles(|t| t.screen),
        }
    }

    fn percentiles(&self, stage: impl Fn(&StageTimes) -> Option<f32>) -> Option<Percentiles> {
        let mut values: Vec<f64> =
            self.times.iter().filter_map(|entry| stage(&entry.times)).map(f64::from).collect();
        percentiles_of(&mut values)
    }
}

/// The three percentiles of some values; `None` when there are none.
pub fn percentiles_of(values: &mut [f64]) -> Option<Percentiles> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let at = |share| stats::percentile_of_sorted(values, share) as f32;
    Some(Percentiles { p50: at(50.0), p95: at(95.0), p99: at(99.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_cover_only_stages_that_ran() {
        let mut ledger = Ledger::default();
        for i in 0..100_u64 {
            let times = StageTimes { encode: Some(i as f32), ..StageTimes::default() };
            ledger.add(i, times, Some(i as f64 * 0.1));
        }
        let view = ledger.view();
        assert!((view.encode.unwrap().p50 - 49.5).abs() < 1.0);
        assert_eq!(view.denoise, None);
        assert!((ledger.images_per_s(9.9) - 10.0).abs() < 0.5);
        ledger.add_screen(99, 7.0);
        assert_eq!(ledger.view().screen.unwrap().p50, 7.0);
    }
}
