//! One recording as it is written: a plain object, driven by a thread.
//!
//! Takes the reading end of a ring of its own, decodes and what other sources send; the thread that drives it calls
//! [`Recorder::step`] some times a second, then [`Recorder::finish`].

use std::fs::File;
use std::path::{Path, PathBuf};

use super::layout::{self, Pending, Streams};
use super::limits::{
    BOUNDARY_SECS, MAX_PENDING_FRAMES, MIN_FREE_BYTES_TO_GO_ON, SYNC_SECS, WRITE_SECS,
};
use super::multi::companions::Companions;
use super::multi::crew::QUEUE;
use super::multi::feed::Message;
use super::multi::report::{StartError, StreamReport};
use super::multi::table::Table;
use super::outcome::{RecordError, RecordSummary, check_space, io_error};
use super::sink::RecordSink;
use super::{journal, sink};
use crate::formats::own;
use crate::formats::xdf::{XdfWriteError, XdfWriter};
use crate::hop::ring::FrameConsumer;
use crate::signal::{FrameMeta, Marker};
use crate::source::{SourceInfo, SourceSpec};
use crate::time::clock::Clock;

/// When things were last done, on the program's clock.
#[derive(Debug)]
struct Done {
    written_secs: f64,
    synced_secs: f64,
    boundary_secs: f64,
}

/// Writes one recording.
#[derive(Debug)]
pub struct Recorder<S: RecordSink = File> {
    writer: XdfWriter<S>,
    streams: Streams,
    path: PathBuf,
    clock: Clock,
    channels: usize,
    pending: Pending,
    done: Done,
    last_index: Option<u64>,
    first_index: u64,
    period_secs: f64,
    last_secs: f64,
    lost: u64,
    ended: bool,
    companions: Option<Companions>,
    /// The streams that they bring.
    table: Table,
    /// Says that the file is unfinished, until it is finished.
    entry: Option<journal::Entry>,
}

impl Recorder<File> {
    /// Makes the file (and its folder), which must not exist, and writes the headers. `started_utc` is
    /// ISO 8601; `clock` is the one that the frames' times are on.
    ///
    /// # Errors
    /// [`RecordError::Exists`], [`RecordError::NoSpace`], [`RecordError::Create`], [`RecordError::Io`].
    pub fn create(
        path: &Path,
        info: &SourceInfo,
        started_utc: &str,
        clock: &Clock,
    ) -> Result<Self, RecordError> {
        let (file, folder) = sink::create(path)?;
        let entry = journal::enter(path);
        let mut recorder = Self::with_sink(file, path, info, started_utc, clock)?;
        recorder.entry = entry;
        sink::keep_name(folder);
        Ok(recorder)
    }
}

impl<S: RecordSink> Recorder<S> {
    /// As [`Recorder::create`], into any sink. `path` is only for messages.
    ///
    /// # Errors
    /// [`RecordError::Io`].
    pub fn with_sink(
        sink: S,
        path: &Path,
        info: &SourceInfo,
        started_utc: &str,
        clock: &Clock,
    ) -> Result<Self, RecordError> {
        let now = clock.now_secs();
        let begun = layout::begin(sink, info, started_utc, now);
        let (writer, streams) = begun.map_err(|why| io_error("writing the headers", why, path))?;
        Ok(Self {
            writer,
            streams,
            path: path.into(),
            clock: clock.clone(),
            channels: info.channels.len(),
            pending: Pending::default(),
            done: Done { written_secs: now, synced_secs: now, boundary_secs: now },
            last_index: None,
            first_index: 0,
            period_secs: info.rate.period_secs(),
            last_secs: 0.0,
            lost: 0,
            ended: false,
            companions: None,
            table: Table::default(),
            entry: None,
        })
    }

    /// Records other sources too, each from when it is there. `running` is the LSL stream that the run reads,
    /// where it is one.
    ///
    /// # Errors
    /// [`StartError`]; the recording itself goes on.
    pub fn take_along(
        &mut self,
        specs: &[SourceSpec],
        running: Option<&str>,
    ) -> Result<(), StartError> {
        if !specs.is_empty() {
            self.companions = Some(Companions::start(specs, running, &self.clock)?);
        }
        Ok(())
    }

    /// Writes what the other sources have sent; gives what the user should know.
    ///
    /// # Errors
    /// As [`Recorder::step`].
    pub fn step_companions(&mut self) -> Result<Vec<String>, RecordError> {
        let mut said = Vec::new();
        // No more than is there now, as in `step`.
        for _ in 0..QUEUE {
            let Some(message) = self.companions.as_ref().and_then(Companions::next) else { break };
            said.extend(self.take(message)?);
        }
        Ok(said)
    }

    /// Ends the other sources, with what they had sent until now; gives what the user should know.
    ///
    /// # Errors
    /// As [`Recorder::step`].
    pub fn stop_companions(&mut self) -> Result<Vec<String>, RecordError> {
        let Some(companions) = self.companions.take() else { return Ok(Vec::new()) };
        companions.stop();
        let mut said = Vec::new();
        for message in companions.rest() {
            said.extend(self.take(message)?);
        }
        Ok(said)
    }

    /// What is written of each stream of the other sources.
    pub fn companions(&self) -> Vec<StreamReport> {
        self.table.reports(&self.writer)
    }

    fn take(&mut self, message: Message) -> Result<Option<String>, RecordError> {
        if self.ended {
            return Err(RecordError::Ended { path: self.path.clone() });
        }
        let mut said = None;
        let written = match message {
            Message::Samples(key, mut block, back) => {
                let written = self.table.put(&mut self.writer, key, &block);
                block.clear();
                // The thread may have ended; the block then ends too.
                let _ = back.try_send(block);
                written
            }
            Message::Add(key, head) => {
                self.pending
                    .markers
                    .push(Marker::new(self.clock.now_secs(), &own::back_label(&head.name)));
                self.table.add(&mut self.writer, key, head)
            }
            Message::Offset(key, at_secs, offset_secs) => {
                self.table.offset(&mut self.writer, key, (at_secs, offset_secs))
            }
            Message::Note(at_secs, label) => {
                self.pending.markers.push(Marker::new(at_secs, &label));
                said = Some(label);
                Ok(())
            }
            Message::Warn(text) | Message::Dead(text) => {
                said = Some(text);
                Ok(())
            }
        };
        self.kept("writing the recording", written)?;
        Ok(said)
    }

    /// Takes what is in the ring, which must have been made for this recording, and writes what is due.
    /// Gives the number of frames taken. After an error nothing more is taken; call
    /// [`Recorder::finish`] all the same.
    ///
    /// # Errors
    /// [`RecordError::Io`] when writing fails, [`RecordError::NoSpace`] when the disk is nearly full,
    /// [`RecordError::Width`], and [`RecordError::Ended`] after any of them.
    pub fn step(&mut self, ring: &mut FrameConsumer) -> Result<usize, RecordError> {
        if self.ended {
            return Err(RecordError::Ended { path: self.path.clone() });
        }
        let outcome = self.collect(ring).and_then(|frames| self.write_due().map(|()| frames));
        self.ended |= outcome.is_err();
        outcome
    }

    /// Writes one decode, a line of JSON, at once.
    ///
    /// # Errors
    /// As [`Recorder::step`].
    pub fn push_decode(&mut self, time_secs: f64, json: &str) -> Result<(), RecordError> {
        if self.ended {
            return Err(RecordError::Ended { path: self.path.clone() });
        }
        let written = self.writer.texts(self.streams.decodes, &[time_secs], &[json]);
        self.kept("writing a decode", written)
    }

    /// Adds a note about the recording itself, stamped with the newest frame's time.
    pub fn note(&mut self, label: &str) {
        self.pending.markers.push(Marker::new(self.last_secs, label));
    }

    /// Writes what is left and the footers, and synchronises the file with the disk.
    ///
    /// # Errors
    /// [`RecordError::Io`]; the file is whole up to its last chunk all the same.
    pub fn finish(mut self) -> Result<RecordSummary, RecordError> {
        self.write_pending()?;
        let written = self.writer.put_footers();
        self.kept("writing the footers", written)?;
        let synced = self.writer.output().sync();
        self.kept("synchronising with the disk", synced.map_err(Into::into))?;
        if let Some(entry) = self.entry.take() {
            entry.finished();
        }
        Ok(self.summary())
    }

    /// What the recording holds so far, what waits to be written left out.
    pub fn summary(&self) -> RecordSummary {
        RecordSummary {
            path: self.path.clone(),
            frames: self.writer.sample_count(self.streams.eeg),
            markers: self.writer.sample_count(self.streams.markers),
            decodes: self.writer.sample_count(self.streams.decodes),
            lost: self.lost,
            bytes: self.writer.whole_bytes(),
            seconds: self.last_index.map_or(0.0, |last| {
                last.saturating_sub(self.first_index) as f64 * self.period_secs
            }),
        }
    }

    fn collect(&mut self, ring: &mut FrameConsumer) -> Result<usize, RecordError> {
        if ring.channels() != self.channels {
            return Err(RecordError::Width { expected: self.channels, got: ring.channels() });
        }
        while let Some(marker) = ring.next_marker() {
            self.pending.markers.push(marker);
        }
        // No more than is there now: a source that never pauses must not keep this from writing.
        let mut taken = 0;
        for _ in 0..ring.len() {
            let Some((meta, values)) = ring.next_frame() else { break };
            self.pending.values.extend_from_slice(values);
            self.note_frame(meta);
            taken += 1;
            if self.pending.stamps.len() >= MAX_PENDING_FRAMES {
                self.write_pending()?;
            }
        }
        self.note_loss(ring.dropped());
        Ok(taken)
    }

    fn note_frame(&mut self, meta: FrameMeta) {
        let follows = self.last_index.is_some_and(|last| last.checked_add(1) == Some(meta.index));
        if !follows || meta.gap_before {
            let row = self.writer.sample_count(self.streams.eeg) + self.pending.stamps.len() as u64;
            let entry = [row as i64, meta.index as i64, i64::from(meta.gap_before)];
            self.pending.breaks.push((meta.time_secs, entry));
        }
        if self.last_index.is_none() {
            self.first_index = meta.index;
        }
        self.last_index = Some(meta.index);
        self.last_secs = meta.time_secs;
        self.pending.stamps.push(meta.time_secs);
    }

    fn note_loss(&mut self, dropped: u64) {
        if dropped > self.lost {
            let label = own::lost_label(dropped - self.lost);
            self.pending.markers.push(Marker::new(self.last_secs, &label));
            self.lost = dropped;
        }
    }

    fn write_due(&mut self) -> Result<(), RecordError> {
        let now = self.clock.now_secs();
        if now - self.done.written_secs >= WRITE_SECS {
            self.write_pending()?;
            self.done.written_secs = now;
        }
        if now - self.done.boundary_secs >= BOUNDARY_SECS {
            self.done.boundary_secs = now;
            let written = self.table.own_offsets(&mut self.writer, now);
            let written =
                written.and_then(|()| layout::boundary(&mut self.writer, &self.streams, now));
            self.kept("writing a boundary", written)?;
            check_space(self.writer.output().free_bytes(), MIN_FREE_BYTES_TO_GO_ON, &self.path)?;
        }
        if now - self.done.synced_secs >= SYNC_SECS {
            self.done.synced_secs = now;
            let synced = self.writer.output().sync();
            self.kept("synchronising with the disk", synced.map_err(Into::into))?;
        }
        Ok(())
    }

    /// Writes what waits. It is let go of even when that fails: the recording has ended then.
    fn write_pending(&mut self) -> Result<(), RecordError> {
        let written = layout::write(&mut self.writer, &self.streams, &self.pending);
        self.pending.stamps.clear();
        self.pending.values.clear();
        self.pending.markers.clear();
        self.pending.breaks.clear();
        self.kept("writing the recording", written)
    }

    /// Passes success on; after a failure cuts the file back to its last whole chunk.
    fn kept(
        &mut self,
        action: &'static str,
        written: Result<(), XdfWriteError>,
    ) -> Result<(), RecordError> {
        let Err(why) = written else { return Ok(()) };
        self.ended = true;
        let whole = self.writer.whole_bytes();
        // If even this fails the cut chunk stays, which every reader steps over.
        let _ = self.writer.output().cut(whole);
        let _ = self.writer.output().sync();
        Err(io_error(action, why, &self.path))
    }
}
