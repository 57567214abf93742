//! Which stretches of a recording are clean enough to learn from.
//!
//! Takes frames after the filters; gives those outside every window in which too many channels are far louder or quieter than
//! clean EEG of that channel is, as `clean_windows` of clean_rawdata and asrpy does.

use super::spread;

/// Windows overlap by this share.
const OVERLAP: f64 = 0.66;
/// A channel is bad in a window whose amplitude is this many deviations from the mean of the clean ones, below or above.
const BAD_BEYOND: [f64; 2] = [-3.5, 5.0];
/// Share of channels that may be bad in a window that is kept (asrpy's `max_bad_chans`).
const MOST_BAD: f64 = 0.1;

/// Which of the frames `[frames × channels]`, row-major, are clean: `[frames]`. `window` is in frames. `None` where there
/// are too few windows for a verdict.
pub fn clean(frames_uv: &[f32], channels: usize, window: usize) -> Option<Vec<bool>> {
    let frames = frames_uv.len() / channels.max(1);
    let starts = starts(frames, window);
    let mut scores = vec![Vec::with_capacity(channels); starts.len()];
    for channel in 0..channels {
        let power = |i: usize| f64::from(frames_uv[i * channels + channel]).powi(2);
        let amplitude = |start: &usize| {
            ((*start..start + window).map(power).sum::<f64>() / window as f64).sqrt()
        };
        let amplitudes: Vec<f64> = starts.iter().map(amplitude).collect();
        // A channel without any spread is dead: it is bad in every window.
        let found = spread::fit(&amplitudes);
        if found.is_none() && starts.len() < spread::FEWEST_WINDOWS {
            return None;
        }
        for (scores, amplitude) in scores.iter_mut().zip(&amplitudes) {
            let score = found.map_or(f64::INFINITY, |s| (amplitude - s.mean) / s.deviation);
            scores.push(if score.is_nan() { f64::INFINITY } else { score });
        }
    }
    let allowed = (channels as f64 * MOST_BAD).round_ties_even() as usize;
    let mut clean = vec![true; frames];
    for (start, scores) in starts.iter().zip(&mut scores) {
        scores.sort_by(f64::total_cmp);
        let loudest = scores[channels - 1 - allowed.min(channels - 1)];
        let quietest = scores[allowed.min(channels - 1)];
        if loudest > BAD_BEYOND[1] || quietest < BAD_BEYOND[0] {
            clean[*start..start + window].fill(false);
        }
    }
    Some(clean)
}

/// Where windows begin: every third of a window, rounded.
fn starts(frames: usize, window: usize) -> Vec<usize> {
    let (last, step) = (frames.saturating_sub(window) as f64, window as f64 * (1.0 - OVERLAP));
    let at = |i: usize| i as f64 * step;
    (0..).map(at).take_while(|at| *at < last).map(|at| at.round_ties_even() as usize).collect()
}
