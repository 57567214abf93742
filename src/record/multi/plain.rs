//! The thread of any other source: its frames, markers and breaks, as in a live recording.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender};

use super::feed::{Control, Feed, Head, Header, Message, block_samples};
use super::go::{Go, Opened};
use super::raw::DRAIN_SECS;
use crate::formats::own;
use crate::formats::xdf::StreamDescription;
use crate::record::layout;
use crate::signal::{Chunk, FrameMeta, StimulusSet};
use crate::source::file::Speed;
use crate::source::lsl::Block;
use crate::source::mounted::{MountedSource, Mounting};
use crate::source::{
    CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceError, SourceInfo, SourceSpec, make,
};
use crate::time::clock::Clock;

/// What the thread needs.
pub(super) struct PlainReader {
    pub spec: SourceSpec,
    pub mounting: Mounting,
    pub speed: Speed,
    /// How many sources of this kind come before it: sets its streams apart by name.
    pub number: usize,
    pub clock: Clock,
    pub control: Arc<Control>,
    pub opened: Sender<Opened>,
    pub go: Receiver<Go>,
}

/// The three streams of a source, in the order in which they are handed over: a cut between them must not
/// make frames look like neighbours that were not.
struct Feeds {
    continuity: Feed,
    eeg: Feed,
    markers: Feed,
    rows: i64,
    last_index: Option<u64>,
}

impl PlainReader {
    /// The body of the thread.
    pub fn run(self) {
        let (mut source, info) = match self.open() {
            Ok(open) => open,
            Err(why) => {
                let _ = self.opened.send(Err(why));
                return;
            }
        };
        let lost = Arc::new(AtomicU64::new(0));
        let _ = self.opened.send(Ok((self.heads(&info, &lost), info.simulated)));
        if let Ok(go) = self.go.recv()
            && let Some(mut feeds) = feeds(&info, go, &self.control)
        {
            self.read(source.as_mut(), &info, &mut feeds, &lost);
        }
        source.stop();
    }

    fn open(&self) -> Result<(Box<dyn Source>, SourceInfo), SourceError> {
        let source = make::source(&self.spec, self.speed, &StimulusSet::bundled_or_none())?;
        let mut source = Box::new(MountedSource::new(source, self.mounting.clone()));
        let info = source.prepare(&self.clock)?;
        Ok((source, info))
    }

    fn heads(&self, info: &SourceInfo, lost: &Arc<AtomicU64>) -> Vec<Head> {
        let suffix = if self.number > 0 { format!(" {}", self.number + 1) } else { String::new() };
        let head = |mut own: StreamDescription, lost: &Arc<AtomicU64>| {
            own.name.push_str(&suffix);
            own.source_id.push_str(&suffix.replace(' ', "-"));
            let (name, kind) = (own.name.clone(), own.kind.clone());
            Head { name, kind, header: Header::Own(Box::new(own)), lost: lost.clone() }
        };
        let none = Arc::default();
        vec![
            head(layout::eeg(info), lost),
            head(layout::markers(info), &none),
            head(layout::continuity(info), &none),
        ]
    }

    fn read(
        &self,
        source: &mut dyn Source,
        info: &SourceInfo,
        feeds: &mut Feeds,
        lost: &AtomicU64,
    ) {
        let mut chunk = Chunk::with_capacity(info.channels.len(), CHUNK_FRAMES, CHUNK_MARKERS);
        let mut away = false;
        while !self.control.has_failed() {
            chunk.clear();
            let status = match source.read(&mut chunk) {
                Ok(status) => status,
                Err(why) => {
                    self.tell(feeds, own::gone_label(&info.name));
                    feeds.eeg.send(Message::Dead(why.to_string()));
                    break;
                }
            };
            let now_secs = self.clock.now_secs();
            lost.store(source.counters().lost, Ordering::Relaxed);
            if away != status.is_away() {
                away = !away;
                let label = if away { own::gone_label } else { own::back_label };
                self.tell(feeds, label(&info.name));
            }
            if feeds.take(&chunk, now_secs).is_none() {
                break;
            }
            feeds.flush_if_due(now_secs);
            let drained = |stop: f64| {
                let last = chunk.frames().last().map(|meta| meta.time_secs);
                source.is_offline()
                    || now_secs - stop >= DRAIN_SECS
                    || last.is_some_and(|last| last >= stop)
            };
            if status == ReadStatus::End || self.control.stop_secs().is_some_and(drained) {
                break;
            }
        }
        feeds.flush();
    }

    fn tell(&self, feeds: &Feeds, label: String) {
        feeds.eeg.send(Message::Note(self.clock.now_secs(), label));
    }
}

fn feeds(info: &SourceInfo, go: Go, control: &Arc<Control>) -> Option<Feeds> {
    use lsl::ChannelFormat::{Float32, Int64, String};
    let samples = block_samples(info.rate.hz());
    let feed = |offset, format, channels| {
        let model = Block::new(format, channels, samples)?;
        Some(Feed::new(go.key + offset, model, go.to_writer.clone(), control.clone()))
    };
    Some(Feeds {
        eeg: feed(0, Float32, info.channels.len())?,
        markers: feed(1, String, 1)?,
        continuity: feed(2, Int64, own::CONTINUITY_CHANNELS.len())?,
        rows: 0,
        last_index: None,
    })
}

impl Feeds {
    /// Takes a chunk; `None` when nothing more can be written.
    fn take(&mut self, chunk: &Chunk, now_secs: f64) -> Option<()> {
        for marker in chunk.markers() {
            let block = self.markers.block(now_secs)?;
            block.push_text(marker.label().as_bytes());
            block.stamps.push(marker.time_secs);
        }
        for (i, meta) in chunk.frames().iter().enumerate() {
            self.note_break(meta, now_secs)?;
            self.eeg.block(now_secs)?.push_floats(meta.time_secs, chunk.frame(i));
            self.rows += 1;
        }
        Some(())
    }

    fn note_break(&mut self, meta: &FrameMeta, now_secs: f64) -> Option<()> {
        let follows = self.last_index.is_some_and(|last| last.checked_add(1) == Some(meta.index));
        self.last_index = Some(meta.index);
        if follows && !meta.gap_before {
            return Some(());
        }
        let entry = [self.rows, meta.index as i64, i64::from(meta.gap_before)];
        self.continuity.block(now_secs)?.push_ints(meta.time_secs, &entry);
        // At once: the frame that follows may fill its block and go.
        self.continuity.flush();
        Some(())
    }

    fn flush_if_due(&mut self, now_secs: f64) {
        self.eeg.flush_if_due(now_secs);
        self.markers.flush_if_due(now_secs);
    }

    fn flush(&mut self) {
        self.continuity.flush();
        self.eeg.flush();
        self.markers.flush();
    }
}
