//! From the threads that read to the one that writes: messages, and blocks that go round.
//!
//! Every stream has [`POOL_BLOCKS`] blocks of up to [`BLOCK_SECS`] of signal. The writer gives each back when
//! it is written. When all are under way (a disk that stands still for ten seconds) the reading thread waits
//! for one; liblsl keeps what arrives meanwhile for another thirty seconds, and what is lost after that
//! shows in the stamps and is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::formats::xdf::StreamDescription;
use crate::source::lsl::Block;

/// Blocks per stream: ten seconds of signal, longer than a disk should stand still.
pub(super) const POOL_BLOCKS: usize = 40;

/// Signal that one block holds at most, in seconds.
pub(super) const BLOCK_SECS: f64 = 0.25;

/// Longest time that a sample waits for its block to be handed over, in seconds.
const FLUSH_SECS: f64 = 0.1;

/// Samples for which a block of a slow or irregular stream has room.
const MIN_BLOCK_SAMPLES: usize = 64;

/// How often a thread that waits for a block looks whether there is still somebody to give one.
const WAIT: Duration = Duration::from_millis(50);

/// Samples for which a block of a stream of this rate has room.
pub(super) fn block_samples(rate_hz: f64) -> usize {
    // Saturates; the block itself has an upper bound.
    ((rate_hz * BLOCK_SECS).ceil() as usize).max(MIN_BLOCK_SAMPLES)
}

/// How a stream is described in the file.
#[derive(Clone, Debug)]
pub(in crate::record) enum Header {
    /// As its sender described it.
    AsSent(String),
    /// As the program describes its own streams, which are on its own clock.
    Own(Box<StreamDescription>),
}

/// A stream that is going to be written.
#[derive(Clone, Debug)]
pub(in crate::record) struct Head {
    pub name: String,
    pub kind: String,
    pub header: Header,
    /// Samples known to be missing, counted by the thread that reads.
    pub lost: Arc<AtomicU64>,
}

/// What goes to the writer.
pub(in crate::record) enum Message {
    /// A stream that came late.
    Add(usize, Head),
    /// Samples of stream `key`, and where the block goes afterwards.
    Samples(usize, Block, Sender<Block>),
    /// A measured clock offset of stream `key`: when on its clock, and what to add.
    Offset(usize, f64, f64),
    /// A note for the file, at a time on the program's clock.
    Note(f64, String),
    /// A note for the user.
    Warn(String),
    /// A source is lost for good.
    Dead(String),
}

/// What all threads of a recording look at.
#[derive(Debug, Default)]
pub(super) struct Control {
    stop_at: AtomicU64,
    failed: AtomicBool,
}

impl Control {
    /// Asks everybody to end; what was sent before `at_secs` is still wanted.
    pub fn stop(&self, at_secs: f64) {
        let _ = self.stop_at.compare_exchange(
            0,
            at_secs.to_bits(),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
    }

    /// When the recording ends, once that is known.
    pub fn stop_secs(&self) -> Option<f64> {
        let bits = self.stop_at.load(Ordering::Acquire);
        (bits != 0).then(|| f64::from_bits(bits))
    }

    /// Nothing more can be written.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// Whether nothing more can be written.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }
}

/// The way of one stream's samples to the writer.
pub(super) struct Feed {
    key: usize,
    to_writer: Sender<Message>,
    control: Arc<Control>,
    free: Receiver<Block>,
    back: Sender<Block>,
    /// An empty block to copy when another is needed, until all are made.
    model: Block,
    made: usize,
    current: Option<Block>,
    began_secs: f64,
}

impl Feed {
    /// For stream `key`, whose blocks are like `model`.
    pub fn new(
        key: usize,
        model: Block,
        to_writer: Sender<Message>,
        control: Arc<Control>,
    ) -> Self {
        let (back, free) = bounded(POOL_BLOCKS);
        Self { key, to_writer, control, free, back, model, made: 0, current: None, began_secs: 0.0 }
    }

    /// The block to be filled, which has room; `None` when nothing more can be written.
    pub fn block(&mut self, now_secs: f64) -> Option<&mut Block> {
        if self.current.as_ref().is_some_and(|block| block.room() == 0) {
            self.flush();
        }
        if self.current.is_none() {
            self.current = Some(self.take_free()?);
            self.began_secs = now_secs;
        }
        if self.current.as_ref().is_some_and(Block::is_empty) {
            self.began_secs = now_secs;
        }
        self.current.as_mut()
    }

    fn take_free(&mut self) -> Option<Block> {
        if let Ok(block) = self.free.try_recv() {
            return Some(block);
        }
        if self.made < POOL_BLOCKS {
            self.made += 1;
            return Some(self.model.renewed());
        }
        while !self.control.has_failed() {
            if let Ok(block) = self.free.recv_timeout(WAIT) {
                return Some(block);
            }
        }
        None
    }

    /// Hands over what is there.
    pub fn flush(&mut self) {
        if let Some(block) = self.current.take_if(|block| !block.is_empty()) {
            self.send(Message::Samples(self.key, block, self.back.clone()));
        }
    }

    /// Hands over what has waited long enough.
    pub fn flush_if_due(&mut self, now_secs: f64) {
        if now_secs - self.began_secs >= FLUSH_SECS {
            self.flush();
        }
    }

    /// Sends anything else.
    pub fn send(&self, message: Message) {
        // Fails when the writer has ended by an error, which the control says too.
        let _ = self.to_writer.send(message);
    }

    /// The stream's number.
    pub fn key(&self) -> usize {
        self.key
    }
}
