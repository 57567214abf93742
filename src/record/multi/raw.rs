//! The thread of one LSL stream: pulls what arrives into blocks, as it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::feed::{Control, Feed, Head, Header, Message, block_samples};
use super::go::{Go, Opened};
use crate::formats::own;
use crate::source::SourceError;
use crate::source::lsl::{Found, RawEvent, RawStream, with_electrodes};
use crate::source::mounted::Mounting;
use crate::time::clock::Clock;

/// How long to sleep when nothing waits.
const IDLE: Duration = Duration::from_millis(10);

/// The same while stopping.
const DRAIN_IDLE: Duration = Duration::from_millis(2);

/// How long after the wish to stop samples are still pulled, in seconds.
pub(super) const DRAIN_SECS: f64 = 0.2;

/// The least of it, also where stamps say that everything is there: they may be ahead of time.
const MIN_DRAIN_SECS: f64 = 0.05;

/// What the thread needs.
pub(super) struct RawReader {
    pub found: Found,
    /// Only what is given for this recording: else a stream is recorded as it is sent.
    pub mounting: Mounting,
    pub clock: Clock,
    pub control: Arc<Control>,
    pub opened: crossbeam_channel::Sender<Opened>,
    pub go: crossbeam_channel::Receiver<Go>,
}

impl RawReader {
    /// The body of the thread.
    pub fn run(self) {
        let lost = Arc::new(AtomicU64::new(0));
        let mut stream = match self.open() {
            Ok(stream) => stream,
            Err(why) => {
                let _ = self.opened.send(Err(why));
                return;
            }
        };
        let summary = stream.summary().clone();
        let xml = match self.described(stream.xml(), &summary.name) {
            Ok(xml) => xml,
            Err(why) => {
                let _ = self.opened.send(Err(why));
                return;
            }
        };
        let head = Head {
            name: summary.name.clone(),
            kind: summary.kind,
            header: Header::AsSent(xml),
            lost: lost.clone(),
        };
        let Some(model) = stream.block(block_samples(summary.rate_hz)) else { return };
        let simulated = summary.name.contains("SIMULATED");
        let _ = self.opened.send(Ok((vec![head], simulated)));
        let Ok(Go { key, to_writer }) = self.go.recv() else { return };
        let mut feed = Feed::new(key, model, to_writer, self.control.clone());
        self.read(&mut stream, &mut feed, &summary.name, &lost);
        // The writer ends when nobody feeds it any more; letting go of the stream may take longer.
        drop(feed);
        drop(stream);
    }

    /// The description as it was sent, or under the names of electrodes.
    fn described(&self, xml: &str, name: &str) -> Result<String, SourceError> {
        let Mounting::Given(montage) = &self.mounting else { return Ok(xml.to_owned()) };
        with_electrodes(xml, montage)
            .map_err(|why| SourceError::BadSpec { spec: format!("{name} with this montage"), why })
    }

    fn open(&self) -> Result<RawStream, SourceError> {
        RawStream::open(&self.found, &self.clock)
    }

    fn read(&self, stream: &mut RawStream, feed: &mut Feed, name: &str, lost: &AtomicU64) {
        while !self.control.has_failed() {
            let now_secs = self.clock.now_secs();
            let Some(block) = feed.block(now_secs) else { break };
            let (samples, event) = stream.pull(block);
            let full = block.room() == 0;
            lost.store(stream.lost(), Ordering::Relaxed);
            self.tell(feed, name, event, now_secs);
            let (offset, event) = stream.clock_offset();
            if let Some((at_secs, offset_secs)) = offset {
                feed.send(Message::Offset(feed.key(), at_secs, offset_secs));
            }
            self.tell(feed, name, event, now_secs);
            feed.flush_if_due(now_secs);
            let stop_secs = self.control.stop_secs();
            if stop_secs.is_some_and(|stop| samples == 0 && drained(stream, stop, now_secs)) {
                break;
            }
            if !full {
                std::thread::sleep(if stop_secs.is_some() { DRAIN_IDLE } else { IDLE });
            }
        }
        feed.flush();
    }

    fn tell(&self, feed: &Feed, name: &str, event: Option<RawEvent>, now_secs: f64) {
        let Some(event) = event else { return };
        let label = match event {
            RawEvent::Gone => own::gone_label(name),
            RawEvent::Back(false) => own::back_label(name),
            RawEvent::Back(true) => format!("{} described differently", own::back_label(name)),
            RawEvent::ClockReset => format!("{}clock reset {name}", own::NOTE_PREFIX),
        };
        feed.send(Message::Note(now_secs, label));
    }
}

/// Whether everything sent before the wish to stop is here: nothing waits, and the stamps have passed that
/// moment, or the time to wait for them is over.
fn drained(stream: &RawStream, stop_secs: f64, now_secs: f64) -> bool {
    let waited_secs = now_secs - stop_secs;
    let passed = stream.last_time_secs().is_some_and(|last| last >= stop_secs);
    waited_secs >= DRAIN_SECS || (passed && waited_secs >= MIN_DRAIN_SECS)
}
