//! The writing end: one file, any number of streams.
//!
//! Takes messages in the order in which they come; gives a file that is whole up to its last chunk at any
//! time, synchronised every [`crate::record::SYNC_SECS`]. After a failure the file is cut to its last whole
//! chunk, footers are tried, and what comes later is let go of.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::feed::{Control, Head, Message};
use super::report::{RecordReport, StreamReport};
use super::table::Table;
use crate::formats::own;
use crate::formats::xdf::{
    ChannelDescription, FileDescription, StreamDescription, StreamId, XdfWriteError, XdfWriter,
};
use crate::record::limits::{BOUNDARY_SECS, MIN_FREE_BYTES_TO_GO_ON, SYNC_SECS};
use crate::record::outcome::{RecordError, check_space, io_error};
use crate::record::sink::RecordSink;
use crate::source::lsl::Block;
use crate::time::clock::Clock;

/// Writes one file.
pub(super) struct MultiWriter<S: RecordSink> {
    writer: XdfWriter<S>,
    path: PathBuf,
    clock: Clock,
    control: Arc<Control>,
    streams: Table,
    notes: StreamId,
    progress: Arc<Mutex<Vec<StreamReport>>>,
    warnings: Vec<String>,
    dead: Vec<String>,
    failure: Option<RecordError>,
    started_secs: f64,
    synced_secs: f64,
    boundary_secs: f64,
}

impl<S: RecordSink> MultiWriter<S> {
    /// Writes the headers.
    pub fn begin(
        sink: S,
        path: &Path,
        file: &FileDescription,
        heads: Vec<(usize, Head)>,
        (clock, control): (&Clock, &Arc<Control>),
        progress: Arc<Mutex<Vec<StreamReport>>>,
    ) -> Result<Self, RecordError> {
        let refused = |why| io_error("writing the headers", why, path);
        let mut writer = XdfWriter::new(sink, file).map_err(refused)?;
        let now = clock.now_secs();
        let mut streams = Table::default();
        for (key, head) in heads {
            streams.add(&mut writer, key, head).map_err(refused)?;
        }
        let notes = writer.add_stream(&notes(file.simulated)).map_err(refused)?;
        let mut new = Self {
            writer,
            path: path.into(),
            clock: clock.clone(),
            control: control.clone(),
            streams,
            notes,
            progress,
            warnings: Vec::new(),
            dead: Vec::new(),
            failure: None,
            started_secs: now,
            synced_secs: now,
            boundary_secs: now,
        };
        new.boundary(now).map_err(refused)?;
        new.show_progress();
        Ok(new)
    }

    /// Takes a message. After a failure blocks still go back to their threads.
    pub fn take(&mut self, message: Message) {
        let written = match message {
            Message::Samples(key, mut block, back) => {
                let written = self.put(key, &block);
                block.clear();
                // The thread may have ended; the block then ends too.
                let _ = back.try_send(block);
                written
            }
            Message::Add(key, head) => self.add_late(key, head),
            Message::Offset(..) if self.failure.is_some() => Ok(()),
            Message::Offset(key, at_secs, offset_secs) => {
                self.streams.offset(&mut self.writer, key, (at_secs, offset_secs))
            }
            Message::Note(at_secs, label) => {
                self.warnings.push(label.clone());
                self.put_note(at_secs, &label)
            }
            Message::Warn(text) => {
                self.warnings.push(text);
                Ok(())
            }
            Message::Dead(text) => {
                self.dead.push(text);
                Ok(())
            }
        };
        self.kept("writing the recording", written);
    }

    /// Does what is due by time: the disk, boundaries, free space, progress.
    pub fn tick(&mut self) {
        let now = self.clock.now_secs();
        self.show_progress();
        if self.failure.is_some() {
            return;
        }
        if now - self.boundary_secs >= BOUNDARY_SECS {
            self.boundary_secs = now;
            let written = self.boundary(now);
            self.kept("writing a boundary", written);
            let free = self.writer.output().free_bytes();
            if let Err(full) = check_space(free, MIN_FREE_BYTES_TO_GO_ON, &self.path) {
                self.failure.get_or_insert(full);
                self.control.fail();
            }
        }
        if now - self.synced_secs >= SYNC_SECS {
            let synced = self.writer.output().sync();
            self.kept("synchronising with the disk", synced.map_err(Into::into));
            self.synced_secs = self.clock.now_secs();
        }
    }

    /// Writes the footers and synchronises the file. What was kept is told also after a failure.
    pub fn finish(mut self) -> RecordReport {
        let written = self.writer.put_footers();
        self.kept("writing the footers", written);
        let synced = self.writer.output().sync();
        self.kept("synchronising with the disk", synced.map_err(Into::into));
        self.show_progress();
        let streams = self.streams.reports(&self.writer);
        let away =
            streams.iter().map(|stream| stream.name.clone()).filter(|name| self.is_away(name));
        RecordReport {
            away: away.collect(),
            path: self.path,
            bytes: self.writer.whole_bytes(),
            seconds: self.clock.now_secs() - self.started_secs,
            stop_secs: self.control.stop_secs().map(|asked| self.clock.now_secs() - asked),
            streams,
            warnings: self.warnings,
            lost_for_good: self.dead,
            failure: self.failure,
        }
    }

    /// Whether the last that was heard of a stream is that it went away.
    fn is_away(&self, name: &str) -> bool {
        let (gone, back) = (own::gone_label(name), own::back_label(name));
        let last =
            self.warnings.iter().rev().find(|said| **said == gone || said.starts_with(&back));
        last.is_some_and(|said| *said == gone)
    }

    fn add_late(&mut self, key: usize, head: Head) -> Result<(), XdfWriteError> {
        if self.failure.is_some() {
            return Ok(());
        }
        let label = own::back_label(&head.name);
        self.streams.add(&mut self.writer, key, head)?;
        let now = self.clock.now_secs();
        self.warnings.push(format!("{label} (it came after the start)"));
        self.put_note(now, &label)
    }

    fn put_note(&mut self, at_secs: f64, label: &str) -> Result<(), XdfWriteError> {
        if self.failure.is_some() {
            return Ok(());
        }
        self.writer.texts(self.notes, &[at_secs], &[label])
    }

    fn put(&mut self, key: usize, block: &Block) -> Result<(), XdfWriteError> {
        if self.failure.is_some() {
            return Ok(());
        }
        self.streams.put(&mut self.writer, key, block)
    }

    /// Writes a place to resume reading, and that the program's own streams are on its own clock.
    fn boundary(&mut self, now_secs: f64) -> Result<(), XdfWriteError> {
        self.streams.own_offsets(&mut self.writer, now_secs)?;
        self.writer.clock_offset(self.notes, now_secs, 0.0)?;
        self.writer.boundary()
    }

    /// After the first failure cuts the file back to its last whole chunk and tells the other threads.
    fn kept(&mut self, action: &'static str, written: Result<(), XdfWriteError>) {
        let Err(why) = written else { return };
        let whole = self.writer.whole_bytes();
        // If even this fails the cut chunk stays, which every reader steps over.
        let _ = self.writer.output().cut(whole);
        let _ = self.writer.output().sync();
        let error = io_error(action, why, &self.path);
        self.failure.get_or_insert(error);
        self.control.fail();
    }

    fn show_progress(&self) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) =
            self.streams.reports(&self.writer);
    }
}

/// The stream of notes about the recording itself.
fn notes(simulated: bool) -> StreamDescription {
    StreamDescription {
        name: "Phosphene notes".into(),
        kind: own::MARKERS_KIND.into(),
        source_id: "phosphene-notes".into(),
        channels: vec![ChannelDescription { label: "notes".into(), ..Default::default() }],
        simulated,
        own_stamps: true,
        ..StreamDescription::default()
    }
}
