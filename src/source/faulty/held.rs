//! Frames that are held back: in the order in which they are due, in memory that is set aside once.

use std::collections::VecDeque;

use crate::signal::FrameMeta;

/// A frame that waits.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// Number of the frame with which it goes.
    due: u64,
    meta: FrameMeta,
    slot: usize,
}

/// Frames that wait for another to come.
pub(super) struct Held {
    channels: usize,
    values: Vec<f32>,
    free: Vec<usize>,
    waiting: VecDeque<Waiting>,
}

impl Held {
    /// Room for so many frames of so many values.
    pub fn prepare(frames: usize, channels: usize) -> Self {
        Self {
            channels,
            values: vec![0.0; frames * channels],
            free: (0..frames).collect(),
            waiting: VecDeque::with_capacity(frames),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Keeps a frame until `due`, behind those that are due then already; false when there is no room.
    #[must_use]
    pub fn keep(&mut self, due: u64, meta: FrameMeta, values: &[f32]) -> bool {
        let Some(slot) = self.free.pop() else { return false };
        self.values[slot * self.channels..(slot + 1) * self.channels].copy_from_slice(values);
        let later = self.waiting.iter().rev().take_while(|other| other.due > due).count();
        self.waiting.insert(self.waiting.len() - later, Waiting { due, meta, slot });
        true
    }

    /// What is known of the next frame that is due with frame `number`.
    pub fn next_due(&self, number: u64) -> Option<&FrameMeta> {
        self.waiting.front().filter(|next| next.due <= number).map(|next| &next.meta)
    }

    /// The next frame that is due with frame `number`, with its values.
    pub fn take_due(&mut self, number: u64) -> Option<(FrameMeta, &[f32])> {
        let Waiting { meta, slot, .. } = *self.waiting.front().filter(|next| next.due <= number)?;
        self.waiting.pop_front();
        self.free.push(slot);
        Some((meta, &self.values[slot * self.channels..(slot + 1) * self.channels]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_go_when_they_are_due_and_no_more_are_kept_than_fit() {
        let mut held = Held::prepare(3, 1);
        let meta = |index| FrameMeta { index, ..FrameMeta::default() };
        for (due, index) in [(7, 1), (5, 2), (7, 3)] {
            assert!(held.keep(due, meta(index), &[index as f32]));
        }
        assert!(!held.keep(9, meta(4), &[4.0]));
        let mut take = |number| held.take_due(number).map(|(meta, v)| (meta.index, v[0]));
        assert_eq!((take(4), take(5), take(6)), (None, Some((2, 2.0)), None));
        assert_eq!((take(7), take(7), take(99)), (Some((1, 1.0)), Some((3, 3.0)), None));
        assert!(held.is_empty() && held.keep(1, meta(5), &[5.0]));
    }
}
