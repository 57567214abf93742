//! The sample ring: every frame and marker from one thread to one other.
//!
//! Single producer, single consumer, lock-free, memory set aside when made. When it is full the producer
//! drops the frame, counts it, and marks the next frame that fits as following a gap: the consumer never
//! sees two frames joined that were not neighbours. The consumer learns that the producer is gone through
//! [`FrameConsumer::is_abandoned`], so shutdown is a data-flow event.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ringbuf::HeapRb;
use ringbuf::traits::{Consumer, Observer, Producer, Split};

use crate::signal::{Chunk, FrameMeta, Marker};

/// Markers that fit beside the frames. Ten a second for three minutes; more is a broken source.
pub const MARKER_CAPACITY: usize = 2048;

/// Writing end of a ring.
pub struct FrameProducer {
    samples: ringbuf::HeapProd<f32>,
    frames: ringbuf::HeapProd<FrameMeta>,
    markers: ringbuf::HeapProd<Marker>,
    channels: usize,
    dropped: Arc<AtomicU64>,
    gap_pending: bool,
}

/// Reading end of a ring.
pub struct FrameConsumer {
    samples: ringbuf::HeapCons<f32>,
    frames: ringbuf::HeapCons<FrameMeta>,
    markers: ringbuf::HeapCons<Marker>,
    channels: usize,
    dropped: Arc<AtomicU64>,
    frame: Vec<f32>,
}

/// A ring for `capacity_frames` frames of `channels` values.
pub fn frame_ring(channels: usize, capacity_frames: usize) -> (FrameProducer, FrameConsumer) {
    let (sample_tx, sample_rx) = HeapRb::new(channels.max(1) * capacity_frames).split();
    let (frame_tx, frame_rx) = HeapRb::new(capacity_frames).split();
    let (marker_tx, marker_rx) = HeapRb::new(MARKER_CAPACITY).split();
    let dropped = Arc::new(AtomicU64::new(0));
    let producer = FrameProducer {
        samples: sample_tx,
        frames: frame_tx,
        markers: marker_tx,
        channels,
        dropped: dropped.clone(),
        gap_pending: false,
    };
    let consumer = FrameConsumer {
        samples: sample_rx,
        frames: frame_rx,
        markers: marker_rx,
        channels,
        dropped,
        frame: vec![0.0; channels],
    };
    (producer, consumer)
}

impl FrameProducer {
    /// Writes a whole chunk. What does not fit is dropped and counted. Never blocks, never allocates.
    ///
    /// Markers go first, so that a frame is never seen before a marker that precedes it.
    pub fn write(&mut self, chunk: &Chunk) {
        for marker in chunk.markers() {
            if self.markers.try_push(*marker).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        for (i, meta) in chunk.frames().iter().enumerate() {
            self.write_frame(*meta, chunk.frame(i));
        }
    }

    fn write_frame(&mut self, mut meta: FrameMeta, values: &[f32]) {
        let fits = self.frames.vacant_len() >= 1 && self.samples.vacant_len() >= self.channels;
        if !fits {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            self.gap_pending = true;
            return;
        }
        meta.gap_before |= std::mem::take(&mut self.gap_pending);
        // Values before the meta: a frame that can be seen is complete.
        self.samples.push_slice(values);
        let _ = self.frames.try_push(meta);
    }

    /// Whether a reader is there and has let the ring become more than half full.
    pub fn reader_is_behind(&self) -> bool {
        let half_full = self.frames.vacant_len() < self.frames.occupied_len()
            || self.samples.vacant_len() < self.samples.occupied_len();
        half_full && self.frames.read_is_held()
    }

    /// Frames and markers dropped so far because the consumer was too slow.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl FrameConsumer {
    /// The next frame and its values `[channels]`, µV, if one is there. Never blocks, never allocates.
    pub fn next_frame(&mut self) -> Option<(FrameMeta, &[f32])> {
        let meta = self.frames.try_pop()?;
        self.samples.pop_slice(&mut self.frame);
        Some((meta, &self.frame))
    }

    /// The next marker, if one is there.
    pub fn next_marker(&mut self) -> Option<Marker> {
        self.markers.try_pop()
    }

    /// Frames waiting.
    pub fn len(&self) -> usize {
        self.frames.occupied_len()
    }

    /// True when nothing is waiting.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.markers.is_empty()
    }

    /// True when the producer is gone: once the ring is empty too, nothing more will come.
    pub fn is_abandoned(&self) -> bool {
        !self.frames.write_is_held()
    }

    /// Values per frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Frames and markers dropped so far because this end was too slow.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(from: u64, frames: u64) -> Chunk {
        let mut chunk = Chunk::with_capacity(2, 16, 4);
        for index in from..from + frames {
            let meta = FrameMeta { index, ..FrameMeta::default() };
            assert!(chunk.push(meta, &[index as f32, -(index as f32)]));
        }
        chunk
    }

    #[test]
    fn frames_come_out_in_order_with_their_values() {
        let (mut tx, mut rx) = frame_ring(2, 8);
        tx.write(&chunk(5, 3));
        for index in 5..8_u64 {
            let (meta, values) = rx.next_frame().unwrap();
            assert_eq!(meta.index, index);
            assert_eq!(values, [index as f32, -(index as f32)]);
        }
        assert!(rx.next_frame().is_none());
    }

    #[test]
    fn overflow_is_counted_and_marked_as_a_gap() {
        let (mut tx, mut rx) = frame_ring(2, 4);
        tx.write(&chunk(0, 6));
        assert_eq!(rx.dropped(), 2);
        while rx.next_frame().is_some() {}
        tx.write(&chunk(6, 1));
        let (meta, _) = rx.next_frame().unwrap();
        assert!(meta.gap_before);
    }

    #[test]
    fn a_dropped_producer_is_noticed() {
        let (tx, rx) = frame_ring(1, 4);
        assert!(!rx.is_abandoned());
        drop(tx);
        assert!(rx.is_abandoned());
    }
}
