//! The slot: one value, the latest wins, without locks and without allocating.
//!
//! The writer fills a box of its own and publishes it by swapping it into the shared cell; a value that is
//! replaced before anyone read it is counted as skipped and its box is used again. Five boxes circulate:
//! at any instant at most one is the writer's, one is published and two are in the reader's hands (while
//! it exchanges the old for the new), so a spare one is always there and neither side ever waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_queue::ArrayQueue;
use crossbeam_utils::atomic::AtomicCell;

/// Boxes that wait to be used; see the module's text for the count.
const SPARE_BOXES: usize = 3;

struct Shared<T> {
    latest: AtomicCell<Option<Box<T>>>,
    spare: ArrayQueue<Box<T>>,
    skipped: AtomicU64,
    closed: AtomicBool,
}

/// Writing end.
pub struct SlotWriter<T> {
    shared: Arc<Shared<T>>,
    own: Box<T>,
}

/// Reading end.
pub struct SlotReader<T> {
    shared: Arc<Shared<T>>,
    own: Box<T>,
}

/// A slot whose boxes are made by `make`.
pub fn slot<T>(make: impl Fn() -> T) -> (SlotWriter<T>, SlotReader<T>) {
    let spare = ArrayQueue::new(SPARE_BOXES + 2);
    for _ in 0..SPARE_BOXES {
        let _ = spare.push(Box::new(make()));
    }
    let shared = Arc::new(Shared {
        latest: AtomicCell::new(None),
        spare,
        skipped: AtomicU64::new(0),
        closed: AtomicBool::new(false),
    });
    let writer = SlotWriter { shared: shared.clone(), own: Box::new(make()) };
    (writer, SlotReader { shared, own: Box::new(make()) })
}

impl<T> SlotWriter<T> {
    /// The value to fill before [`SlotWriter::publish`]. It holds an old value, not an empty one.
    pub fn buffer(&mut self) -> &mut T {
        &mut self.own
    }

    /// Hands the filled value over; the newest wins. Never blocks, never allocates.
    pub fn publish(&mut self) {
        let Some(next) = self.shared.spare.pop() else {
            self.shared.skipped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let filled = std::mem::replace(&mut self.own, next);
        if let Some(replaced) = self.shared.latest.swap(Some(filled)) {
            self.shared.skipped.fetch_add(1, Ordering::Relaxed);
            let _ = self.shared.spare.push(replaced);
        }
    }

    /// Values that were replaced before the reader saw them.
    pub fn skipped(&self) -> u64 {
        self.shared.skipped.load(Ordering::Relaxed)
    }
}

impl<T> Drop for SlotWriter<T> {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
    }
}

impl<T> SlotReader<T> {
    /// Takes the newest value if there is one not yet seen. Never blocks.
    pub fn take(&mut self) -> Option<&mut T> {
        let latest = self.shared.latest.take()?;
        let old = std::mem::replace(&mut self.own, latest);
        let _ = self.shared.spare.push(old);
        Some(&mut self.own)
    }

    /// Values that were replaced before this end saw them.
    pub fn skipped(&self) -> u64 {
        self.shared.skipped.load(Ordering::Relaxed)
    }

    /// True when the writer is gone; a last value may still be waiting.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_value_wins_and_the_others_are_counted() {
        let (mut tx, mut rx) = slot(|| 0_u32);
        for value in 1..=3 {
            *tx.buffer() = value;
            tx.publish();
        }
        assert_eq!(rx.take().copied(), Some(3));
        assert_eq!(rx.take(), None);
        assert_eq!(rx.skipped(), 2);
        drop(tx);
        assert!(rx.is_closed());
    }

    #[test]
    fn two_threads_see_values_rise_and_none_is_lost_uncounted() {
        const LAST: u64 = 200_000;
        let (mut tx, mut rx) = slot(|| 0_u64);
        let writer = std::thread::Builder::new()
            .name("slot-writer".into())
            .spawn(move || {
                for value in 1..=LAST {
                    *tx.buffer() = value;
                    tx.publish();
                }
            })
            .unwrap();
        let (mut seen, mut last) = (0_u64, 0_u64);
        while last < LAST {
            if let Some(value) = rx.take() {
                assert!(*value > last);
                last = *value;
                seen += 1;
            }
        }
        writer.join().unwrap();
        assert_eq!(seen + rx.skipped(), LAST);
    }
}
