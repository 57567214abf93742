//! The backlog: values of one delivery wait their turn, a new delivery replaces what is left of the one before.
//!
//! A stream that sends sample by sample completes one window at a time: each is a delivery of its own and replaces
//! one that still waits, so the reader always has the newest. A stream that arrives in chunks completes many at
//! once; they are one delivery, and a reader that keeps up on average gets all of them, in order. Nothing older
//! than the delivery before ever waits, so nobody falls behind for good.
//!
//! Capacity is [`CAPACITY`] values; when one delivery holds more, its oldest are replaced. After a delivery of which
//! something was left, the next may hold only as many as the reader took, twice as many after one that was taken whole:
//! a reader that is too slow gets the newest part of each delivery, and none that is staler. What is replaced is
//! counted. Boxes circulate, so neither side locks, waits or allocates.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_queue::ArrayQueue;

/// Values that wait at most: the free-running windows of a chunk of two and a half seconds.
pub const CAPACITY: usize = 64;

/// Boxes besides those that wait: the writer's, the reader's, and one that changes hands.
const IN_HANDS: usize = 3;

struct Shared<T> {
    waiting: ArrayQueue<Box<T>>,
    spare: ArrayQueue<Box<T>>,
    skipped: AtomicU64,
    closed: AtomicBool,
}

/// Writing end.
pub struct BacklogWriter<T> {
    shared: Arc<Shared<T>>,
    own: Box<T>,
    /// Values that may wait of this delivery.
    limit: usize,
    /// Values of this delivery that were handed over and not replaced.
    kept: usize,
}

/// Reading end.
pub struct BacklogReader<T> {
    shared: Arc<Shared<T>>,
    own: Box<T>,
}

/// A backlog whose boxes are made by `make`.
pub fn backlog<T>(make: impl Fn() -> T) -> (BacklogWriter<T>, BacklogReader<T>) {
    let spare = ArrayQueue::new(CAPACITY + IN_HANDS);
    for _ in 0..CAPACITY + IN_HANDS - 2 {
        let _ = spare.push(Box::new(make()));
    }
    let shared = Arc::new(Shared {
        waiting: ArrayQueue::new(CAPACITY),
        spare,
        skipped: AtomicU64::new(0),
        closed: AtomicBool::new(false),
    });
    let writer =
        BacklogWriter { shared: shared.clone(), own: Box::new(make()), limit: CAPACITY, kept: 0 };
    (writer, BacklogReader { shared, own: Box::new(make()) })
}

impl<T> BacklogWriter<T> {
    /// The value to fill before [`BacklogWriter::publish`]. It holds an old value, not an empty one.
    pub fn buffer(&mut self) -> &mut T {
        &mut self.own
    }

    /// Hands the filled value over; with `new_delivery` it replaces whatever waits. Never blocks, never allocates.
    pub fn publish(&mut self, new_delivery: bool) {
        if new_delivery {
            let left = self.replace_down_to(0);
            let taken = self.kept.saturating_sub(left);
            self.limit = if left == 0 { 2 * self.limit } else { taken }.clamp(1, CAPACITY);
            self.kept = 0;
        }
        self.kept -= self.replace_down_to(self.limit - 1).min(self.kept);
        let shared = &self.shared;
        let Some(next) = shared.spare.pop() else {
            shared.skipped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let filled = std::mem::replace(&mut self.own, next);
        if let Err(filled) = shared.waiting.push(filled) {
            shared.skipped.fetch_add(1, Ordering::Relaxed);
            let _ = shared.spare.push(filled);
        } else {
            self.kept += 1;
        }
    }

    /// Replaces the oldest until no more than `most` wait; how many.
    fn replace_down_to(&self, most: usize) -> usize {
        let mut replaced = 0;
        while self.shared.waiting.len() > most
            && let Some(old) = self.shared.waiting.pop()
        {
            self.shared.skipped.fetch_add(1, Ordering::Relaxed);
            let _ = self.shared.spare.push(old);
            replaced += 1;
        }
        replaced
    }

    /// Values that were replaced before the reader saw them.
    pub fn skipped(&self) -> u64 {
        self.shared.skipped.load(Ordering::Relaxed)
    }
}

impl<T> Drop for BacklogWriter<T> {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
    }
}

impl<T> BacklogReader<T> {
    /// Takes the oldest value that waits. Never blocks.
    pub fn take(&mut self) -> Option<&mut T> {
        let oldest = self.shared.waiting.pop()?;
        let old = std::mem::replace(&mut self.own, oldest);
        let _ = self.shared.spare.push(old);
        Some(&mut self.own)
    }

    /// What says whether a value waits: for work that makes way for it.
    pub fn waiting(&self) -> impl Fn() -> bool + use<T> {
        let shared = self.shared.clone();
        move || !shared.waiting.is_empty()
    }

    /// True when the writer is gone; values may still be waiting.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(tx: &mut BacklogWriter<u64>, value: u64, new_delivery: bool) {
        *tx.buffer() = value;
        tx.publish(new_delivery);
    }

    #[test]
    fn a_delivery_waits_whole_and_the_next_replaces_what_is_left_of_it() {
        let (mut tx, mut rx) = backlog(|| 0);
        let waiting = rx.waiting();
        assert!(!waiting());
        for value in 1..=5 {
            publish(&mut tx, value, value == 1);
        }
        assert_eq!((rx.take().copied(), rx.take().copied()), (Some(1), Some(2)));
        publish(&mut tx, 6, true);
        assert_eq!(tx.skipped(), 3);
        assert!(waiting());
        drop(tx);
        assert!(rx.is_closed());
        assert_eq!((rx.take().copied(), rx.take()), (Some(6), None));
    }

    #[test]
    fn single_values_are_latest_wins() {
        let (mut tx, mut rx) = backlog(|| 0);
        (1..=3).for_each(|value| publish(&mut tx, value, true));
        assert_eq!((rx.take().copied(), rx.take(), tx.skipped()), (Some(3), None, 2));
    }

    #[test]
    fn a_reader_that_is_too_slow_gets_the_newest_part_of_each_delivery() {
        let (mut tx, mut rx) = backlog(|| 0);
        let mut got = Vec::new();
        for delivery in 0..4_u64 {
            for i in 0..10 {
                publish(&mut tx, delivery * 10 + i, i == 0);
            }
            got.push((0..3).filter_map(|_| rx.take().copied()).collect::<Vec<_>>());
        }
        // Nobody knows at first that it is too slow; then it gets three, and now and then tries for six.
        assert_eq!(got[..2], [vec![0, 1, 2], vec![17, 18, 19]]);
        assert!(got[2..].iter().flatten().all(|value| value % 10 >= 4), "{got:?}");
        let waiting = tx.shared.waiting.len() as u64;
        assert_eq!(tx.skipped() + got.iter().flatten().count() as u64 + waiting, 40);
    }

    #[test]
    fn of_a_delivery_too_large_the_newest_stay() {
        let (mut tx, mut rx) = backlog(|| 0);
        let many = CAPACITY as u64 + 10;
        (1..=many).for_each(|value| publish(&mut tx, value, value == 1));
        let kept: Vec<u64> = std::iter::from_fn(|| rx.take().copied()).collect();
        assert_eq!(kept, (11..=many).collect::<Vec<_>>());
        assert_eq!(tx.skipped(), 10);
    }

    #[test]
    fn two_threads_see_values_rise_and_none_is_lost_uncounted() {
        const LAST: u64 = 100_000;
        let (mut tx, mut rx) = backlog(|| 0_u64);
        let writer = std::thread::Builder::new()
            .name("backlog-writer".into())
            .spawn(move || {
                (1..=LAST).for_each(|value| publish(&mut tx, value, value % 7 == 0));
                tx.skipped()
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
        assert_eq!(seen + writer.join().unwrap(), LAST);
    }
}
