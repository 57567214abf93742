//! What the signal thread tells viewers of cleaning: atomics, so that nobody waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;

use super::cleaning::Cleaning;
use crate::dsp::clean::learning::COLLECT_SECS;
use crate::snapshot::{CleaningView, Effect, Phase};

/// The newest [`Effect`]: one writer, any number of readers. Counts and shares may be of two successive moments.
#[derive(Default)]
pub struct CleaningBoard {
    asked: ArcSwapOption<String>,
    /// Phase, components, channels and interpolated electrodes, sixteen bits each.
    counts: AtomicU64,
    /// Collected seconds and share taken out, as bits.
    now: AtomicU64,
    /// Clean seconds learned from and of the last attempt that failed, as bits.
    learned: AtomicU64,
}

impl CleaningBoard {
    /// What is cleaned in the run that begins.
    pub fn begin(&self, cleaning: &Cleaning) {
        self.asked.store(cleaning.words().map(Arc::new));
    }

    /// What it comes to now.
    pub fn tell(&self, effect: Effect) {
        let phase = match effect.phase {
            Phase::Off => 0,
            Phase::Collecting => 1,
            Phase::Learning => 2,
            Phase::Cleaning => 3,
        };
        let parts = [phase, effect.components, effect.channels, effect.interpolated];
        let counts = parts.iter().rev().fold(0, |all, part| all << 16 | u64::from(*part));
        self.counts.store(counts, Ordering::Relaxed);
        self.now.store(pair(effect.collected_secs, effect.removed_share), Ordering::Relaxed);
        self.learned.store(pair(effect.clean_secs, effect.failed_secs), Ordering::Relaxed);
    }

    /// What viewers see; `None` where nothing is cleaned.
    pub fn view(&self) -> Option<CleaningView> {
        let asked = self.asked.load_full()?;
        let counts = self.counts.load(Ordering::Relaxed);
        let part = |at: u32| (counts >> (16 * at)) as u16;
        let phases = [Phase::Off, Phase::Collecting, Phase::Learning, Phase::Cleaning];
        let [collected_secs, removed_share] = split(self.now.load(Ordering::Relaxed));
        let [clean_secs, failed_secs] = split(self.learned.load(Ordering::Relaxed));
        let effect = Effect {
            phase: phases[usize::from(part(0)).min(3)],
            collected_secs,
            wanted_secs: COLLECT_SECS as f32,
            clean_secs,
            failed_secs,
            components: part(1),
            channels: part(2),
            removed_share,
            interpolated: part(3),
        };
        Some(CleaningView { asked: asked.as_str().into(), effect })
    }
}

fn pair(low: f32, high: f32) -> u64 {
    u64::from(high.to_bits()) << 32 | u64::from(low.to_bits())
}

fn split(both: u64) -> [f32; 2] {
    [f32::from_bits(both as u32), f32::from_bits((both >> 32) as u32)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_what_is_seen() {
        let board = CleaningBoard::default();
        assert_eq!(board.view(), None);
        board.begin(&Cleaning { watch_bad: true, ..Cleaning::default() });
        let effect = Effect {
            phase: Phase::Cleaning,
            collected_secs: 60.0,
            wanted_secs: COLLECT_SECS as f32,
            clean_secs: 41.5,
            failed_secs: 12.0,
            components: 3,
            channels: 64,
            removed_share: 0.12,
            interpolated: 2,
        };
        board.tell(effect);
        let seen = board.view().unwrap();
        assert_eq!((&*seen.asked, seen.effect), ("bad", effect));
        assert_eq!(
            seen.sentence(),
            "ASR on: 3 of 64 components replaced, 12 % of the power taken out in the last second; 2 electrodes interpolated"
        );
    }
}
