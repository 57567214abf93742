//! The sample ring: every frame and marker from one thread to one other.
//!
//! Single producer, single consumer, lock-free, memory set aside when made. When it is full the producer
//! drops the frame and counts it; the consumer never sees two frames joined that were not neighbours. In a
//! ring that carries the signal ([`frame_ring`]) the next frame that fits follows a gap. In one to a screen
//! ([`display_ring`]) nothing is missing in the signal only because nobody drew it: there the next frame
//! follows a gap only if the source lost something in between, its number jumps, and
//! [`FrameConsumer::take_overruns`] tells how many were left out. The consumer may sleep until something
//! comes ([`FrameConsumer::wait`]), sees every marker in its place between the frames, and learns that the producer is gone through
//! [`FrameConsumer::is_abandoned`], so shutdown is a data-flow event.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ringbuf::HeapRb;
use ringbuf::traits::{Consumer, Observer, Producer, Split};

use super::bell::{Bell, Sleeper, bell};
use crate::signal::{Chunk, FrameMeta, Marker};

/// Markers that fit beside the frames. Ten a second for three minutes; more is a broken source.
pub const MARKER_CAPACITY: usize = 2048;

/// A marker, and how many frames went into the ring before it.
type Placed = (Marker, u64);

/// Writing end of a ring.
pub struct FrameProducer {
    samples: ringbuf::HeapProd<f32>,
    frames: ringbuf::HeapProd<FrameMeta>,
    markers: ringbuf::HeapProd<Placed>,
    channels: usize,
    /// Frames that went in.
    written: u64,
    dropped: Arc<AtomicU64>,
    /// Whether what is dropped here counts as missing in the signal.
    drops_are_gaps: bool,
    gap_pending: bool,
    /// Last, so that the consumer is woken when all else has been let go.
    bell: Bell,
}

/// Reading end of a ring.
pub struct FrameConsumer {
    samples: ringbuf::HeapCons<f32>,
    frames: ringbuf::HeapCons<FrameMeta>,
    markers: ringbuf::HeapCons<Placed>,
    channels: usize,
    /// Frames that were taken out.
    taken: u64,
    dropped: Arc<AtomicU64>,
    overruns_told: u64,
    frame: Vec<f32>,
    sleeper: Sleeper,
}

/// A ring for `capacity_frames` frames of `channels` values that must not be lost unseen.
pub fn frame_ring(channels: usize, capacity_frames: usize) -> (FrameProducer, FrameConsumer) {
    ring(channels, capacity_frames, true)
}

/// A ring to a screen, which may leave frames out without the signal having a gap.
pub fn display_ring(channels: usize, capacity_frames: usize) -> (FrameProducer, FrameConsumer) {
    ring(channels, capacity_frames, false)
}

fn ring(
    channels: usize,
    capacity_frames: usize,
    drops_are_gaps: bool,
) -> (FrameProducer, FrameConsumer) {
    let (sample_tx, sample_rx) = HeapRb::new(channels.max(1) * capacity_frames).split();
    let (frame_tx, frame_rx) = HeapRb::new(capacity_frames).split();
    let (marker_tx, marker_rx) = HeapRb::new(MARKER_CAPACITY).split();
    let dropped = Arc::new(AtomicU64::new(0));
    let (bell, sleeper) = bell();
    let producer = FrameProducer {
        samples: sample_tx,
        frames: frame_tx,
        markers: marker_tx,
        channels,
        written: 0,
        dropped: dropped.clone(),
        drops_are_gaps,
        gap_pending: false,
        bell,
    };
    let consumer = FrameConsumer {
        samples: sample_rx,
        frames: frame_rx,
        markers: marker_rx,
        channels,
        taken: 0,
        dropped,
        overruns_told: 0,
        frame: vec![0.0; channels],
        sleeper,
    };
    (producer, consumer)
}

impl FrameProducer {
    /// Writes a whole chunk. What does not fit is dropped and counted. Never blocks, never allocates.
    ///
    /// A frame is never seen before a marker that precedes it.
    pub fn write(&mut self, chunk: &Chunk) {
        let metas = chunk.frames();
        let mut done = 0;
        for (marker, place) in chunk.markers().iter().zip(chunk.marker_places()) {
            let until = (*place).min(metas.len());
            if until > done {
                self.push_frames(&metas[done..until], chunk.values_of(done..until));
                done = until;
            }
            self.push_marker(*marker);
        }
        self.push_frames(&metas[done..], chunk.values_of(done..metas.len()));
        // A marker is worth a look whatever waits.
        let has_marker = !chunk.markers().is_empty();
        self.bell.ring(if has_marker { usize::MAX } else { self.frames.occupied_len() });
    }

    /// As [`FrameProducer::write`], of frames `[frames, channels]`, row-major, µV. A block of another width
    /// is left out and counts as dropped.
    pub fn write_frames(&mut self, metas: &[FrameMeta], values_uv: &[f32]) {
        self.push_frames(metas, values_uv);
        self.bell.ring(self.frames.occupied_len());
    }

    /// As [`FrameProducer::write`], of one marker.
    pub fn write_marker(&mut self, marker: Marker) {
        self.push_marker(marker);
        self.bell.ring(usize::MAX);
    }

    fn push_marker(&mut self, marker: Marker) {
        if self.markers.try_push((marker, self.written)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn push_frames(&mut self, mut metas: &[FrameMeta], mut values: &[f32]) {
        let has_width = values.len() == metas.len() * self.channels;
        while let Some(first) = metas.first() {
            // Room only grows meanwhile: what fits now still fits when it is written.
            let room = self.samples.vacant_len().checked_div(self.channels).unwrap_or(usize::MAX);
            let fit = room.min(self.frames.vacant_len()).min(metas.len());
            if fit == 0 || !has_width {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                self.gap_pending |= self.drops_are_gaps || first.gap_before;
                (metas, values) = (&metas[1..], values.get(self.channels..).unwrap_or(&[]));
                continue;
            }
            // Values before the metas: a frame that can be seen is complete.
            self.samples.push_slice(&values[..fit * self.channels]);
            let gap_before = first.gap_before | std::mem::take(&mut self.gap_pending);
            let _ = self.frames.try_push(FrameMeta { gap_before, ..*first });
            self.frames.push_slice(&metas[1..fit]);
            self.written += fit as u64;
            (metas, values) = (&metas[fit..], &values[fit * self.channels..]);
        }
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
    /// The oldest frames that wait and lie side by side, at most `most`, with their values
    /// `[frames, channels]`, row-major, µV; none when none waits. They stay until [`FrameConsumer::skip`].
    /// Where the ring wraps, the next call gives the rest. Never blocks, allocates or copies.
    pub fn peek(&self, most: usize) -> (&[FrameMeta], &[f32]) {
        let (metas, _) = self.frames.as_slices();
        let (values, _) = self.samples.as_slices();
        // Both rings hold the same number of frames, so they wrap at the same one.
        let whole = values.len().checked_div(self.channels).unwrap_or(usize::MAX);
        let frames = metas.len().min(whole).min(most);
        (&metas[..frames], &values[..frames * self.channels])
    }

    /// Lets go of the oldest `frames` frames.
    pub fn skip(&mut self, frames: usize) {
        // The room for values first: where there is room for a frame there is room for its values.
        self.samples.skip(frames * self.channels);
        self.taken += self.frames.skip(frames) as u64;
    }

    /// The next frame and its values `[channels]`, µV, if one is there. Never blocks, never allocates.
    pub fn next_frame(&mut self) -> Option<(FrameMeta, &[f32])> {
        let meta = self.frames.try_peek().copied()?;
        self.samples.pop_slice(&mut self.frame);
        self.taken += self.frames.skip(1) as u64;
        Some((meta, &self.frame))
    }

    /// The next marker, if one is there, also one that comes behind frames that still wait.
    pub fn next_marker(&mut self) -> Option<Marker> {
        self.markers.try_pop().map(|(marker, _)| marker)
    }

    /// How many frames come before the next marker; `None` where no marker waits. Of frames that were seen to wait before
    /// this was asked, all markers before them are here.
    pub fn frames_before_marker(&self) -> Option<usize> {
        let (_, place) = self.markers.try_peek()?;
        Some(usize::try_from(place.saturating_sub(self.taken)).unwrap_or(usize::MAX))
    }

    /// Sleeps until `frames` frames or a marker wait or the producer is gone, `most` at the longest; returns
    /// at once when it is so already. What arrives wakes this thread, not the next look. The producer never
    /// waits for it. To be called from one thread only.
    pub fn wait(&self, frames: usize, most: Duration) {
        let is_there = || self.len() >= frames || !self.markers.is_empty() || self.is_abandoned();
        self.sleeper.sleep(frames, most, is_there);
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

    /// Frames and markers dropped since this was last asked.
    pub fn take_overruns(&mut self) -> u64 {
        let dropped = self.dropped();
        dropped - std::mem::replace(&mut self.overruns_told, dropped)
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
    fn a_screen_that_did_not_draw_leaves_no_gap_in_the_signal() {
        let (mut tx, mut rx) = display_ring(2, 4);
        tx.write(&chunk(0, 6));
        while rx.next_frame().is_some() {}
        tx.write(&chunk(6, 1));
        let (meta, _) = rx.next_frame().unwrap();
        assert_eq!((meta.index, meta.gap_before), (6, false));
        assert_eq!((rx.take_overruns(), rx.take_overruns()), (2, 0));
    }

    #[test]
    fn a_gap_among_the_frames_left_out_is_not_forgotten() {
        let (mut tx, mut rx) = display_ring(2, 4);
        tx.write(&chunk(0, 4));
        let torn = FrameMeta { index: 9, gap_before: true, ..FrameMeta::default() };
        tx.write_frames(&[torn], &[0.0; 2]);
        while rx.next_frame().is_some() {}
        tx.write(&chunk(10, 2));
        assert!(rx.next_frame().unwrap().0.gap_before);
        assert!(!rx.next_frame().unwrap().0.gap_before);
    }

    #[test]
    fn blocks_come_out_whole_wherever_the_ring_wraps() {
        let (mut tx, mut rx) = frame_ring(2, 7);
        let (mut written, mut read) = (0, 0);
        for size in [1, 5, 2, 7, 3, 6, 4, 7, 7, 1, 2, 7] {
            tx.write(&chunk(written, size));
            written += size;
            loop {
                let (metas, values) = rx.peek(3);
                let frames = metas.len();
                for (meta, values) in metas.iter().zip(values.chunks_exact(2)) {
                    assert_eq!((meta.index, meta.gap_before), (read, false));
                    assert_eq!(values, [read as f32, -(read as f32)]);
                    read += 1;
                }
                if frames == 0 {
                    break;
                }
                rx.skip(frames);
            }
        }
        assert_eq!((read, rx.dropped(), rx.len()), (written, 0, 0));
    }

    #[test]
    fn a_block_of_another_width_is_dropped() {
        let (mut tx, mut rx) = frame_ring(2, 7);
        tx.write_frames(&[FrameMeta::default(); 2], &[1.0; 3]);
        assert_eq!((rx.dropped(), rx.next_frame().is_none()), (2, true));
    }

    #[test]
    fn what_is_written_wakes_the_reader_and_so_does_the_end() {
        const LONG: Duration = Duration::from_secs(600);
        let (mut tx, mut rx) = frame_ring(2, 64);
        let reader = std::thread::Builder::new().spawn(move || {
            let mut seen = 0;
            while !rx.is_abandoned() || !rx.is_empty() {
                rx.wait(1, LONG);
                while rx.next_frame().is_some() {
                    seen += 1;
                }
            }
            seen
        });
        for index in 0..50 {
            tx.write(&chunk(index, 1));
            std::thread::yield_now();
        }
        drop(tx);
        assert_eq!(reader.unwrap().join().unwrap(), 50);
    }

    #[test]
    fn a_reader_that_wants_many_is_not_woken_for_one() {
        const LONG: Duration = Duration::from_secs(600);
        let (mut tx, mut rx) = frame_ring(2, 64);
        let reader = std::thread::Builder::new().spawn(move || {
            let mut seen = Vec::new();
            while !rx.is_abandoned() || !rx.is_empty() {
                rx.wait(8, LONG);
                seen.push(rx.len());
                rx.skip(rx.len());
            }
            seen
        });
        for index in 0..36 {
            tx.write(&chunk(index, 1));
            std::thread::yield_now();
        }
        drop(tx);
        let seen = reader.unwrap().join().unwrap();
        assert_eq!(seen.iter().sum::<usize>(), 36);
        // Four times eight and what was left at the end, which may be seen apart from the end itself.
        assert!(seen.len() <= 6, "{seen:?}");
    }

    #[test]
    fn a_dropped_producer_is_noticed() {
        let (tx, rx) = frame_ring(1, 4);
        assert!(!rx.is_abandoned());
        drop(tx);
        assert!(rx.is_abandoned());
    }
}
