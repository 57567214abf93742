//! Other windows of the stream, from which the null twin is made.
//!
//! Takes windows `[channels, samples]` as they come; gives one of those that are at least [`APART_SECS`] away in the signal's
//! own time and of another run of looks, whatever was seen in them. Chosen without regard to the picture now on show, such a window says nothing of it:
//! the twin is at chance by construction. (Leaving out those with the same picture would push it below.) The window itself,
//! phase-randomised, would not do: its spectra and the line through its ends tell of the picture.

use std::collections::VecDeque;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::signal::Window;

/// Least time between the ends of two windows: brain signals two seconds apart have nothing of one picture in common.
pub const APART_SECS: f64 = 2.0;

/// Least time between windows that are kept: free-running ones share most of their samples.
const SPACED_SECS: f64 = 0.5;

/// Windows kept; the oldest make room.
const MOST: usize = 64;

/// Fewest kept, however large a window is: with [`SPACED_SECS`] between them one is far enough.
const FEWEST: usize = 8;

/// Memory that they may take, in values: 64 MiB.
const MOST_VALUES: usize = 16 << 20;

/// A window that was kept.
#[derive(Clone, Debug)]
struct Kept {
    secs: f64,
    run: u64,
    samples: Vec<f32>,
}

/// The newest windows.
#[derive(Clone, Debug)]
pub struct Others {
    kept: VecDeque<Kept>,
    most: usize,
}

impl Others {
    /// None yet; `values` is the size of a window.
    pub fn new(values: usize) -> Self {
        let most = (MOST_VALUES / values.max(1)).clamp(FEWEST, MOST);
        Self { kept: VecDeque::with_capacity(most), most }
    }

    /// Keeps a window of this run of looks, unless it comes right after the one kept last.
    pub fn keep(&mut self, window: &Window, run: u64) {
        let last = self.kept.back().map(|kept| (kept.secs - window.last_sample_secs).abs());
        if last.is_some_and(|apart| apart < SPACED_SECS) {
            return;
        }
        let mut room = if self.kept.len() == self.most {
            self.kept.pop_front().map(|kept| kept.samples).unwrap_or_default()
        } else {
            Vec::new()
        };
        room.clear();
        room.extend_from_slice(&window.samples_uv);
        self.kept.push_back(Kept { secs: window.last_sample_secs, run, samples: room });
    }

    /// One of those far enough from `window`, of the run `run`, all alike probable; `None` while there is none.
    pub fn choose(&self, window: &Window, run: u64, rng: &mut ChaCha8Rng) -> Option<&[f32]> {
        let apart = |kept: &Kept| (kept.secs - window.last_sample_secs).abs() >= APART_SECS;
        let far = |kept: &&Kept| kept.run != run && apart(kept);
        let count = self.kept.iter().filter(far).count();
        if count == 0 {
            return None;
        }
        let pick = rng.random_range(0..count);
        self.kept.iter().filter(far).nth(pick).map(|kept| kept.samples.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn window(secs: f64) -> Window {
        let mut window = Window::with_shape(1, 2);
        window.last_sample_secs = secs;
        window.samples_uv.fill(secs as f32);
        window
    }

    #[test]
    fn only_windows_two_seconds_away_are_chosen_and_all_of_them() {
        let (mut others, mut rng) = (Others::new(2), ChaCha8Rng::seed_from_u64(1));
        assert!(others.choose(&window(0.0), 0, &mut rng).is_none());
        for i in 0..100_u32 {
            others.keep(&window(f64::from(i) * 0.5), u64::from(i / 10));
        }
        let now = window(49.5);
        let mut seen: Vec<f32> =
            (0..5000).filter_map(|_| Some(others.choose(&now, 10, &mut rng)?[0])).collect();
        seen.sort_by(f32::total_cmp);
        seen.dedup();
        // Of the newest 64, from 18 s to 49.5 s, the last four are too near.
        assert_eq!((seen.len(), seen[0], seen[59]), (60, 18.0, 47.5));
        // After a jump back all of them are far enough.
        assert!(others.choose(&window(3.0), 10, &mut rng).is_some());
        let of_another_run: Vec<f32> =
            (0..2000).filter_map(|_| Some(others.choose(&window(99.0), 9, &mut rng)?[0])).collect();
        assert!(of_another_run.iter().all(|secs| *secs < 45.0), "none of the window's own run");
    }
}
