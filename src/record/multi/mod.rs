//! Any number of sources at once, into one XDF file.
//!
//! ```text
//! LSL stream ─ thread ─┐                       (values, stamps and description as they are sent)
//! LSL stream ─ thread ─┼─ bounded channel ─► thread "phosphene-record" ─► file
//! any source ─ thread ─┘        ▲              (frames, markers, breaks, as in a live recording)
//!                 "phosphene-watch": streams that come late
//! ```
//!
//! [`MultiRecording::start`] returns once every source is open and the file has its headers; before that
//! nothing is left behind. [`MultiRecording::stop`] pulls what was sent before the wish, at most
//! 0.2 s long, writes the footers and synchronises the file. Blocks go round (`feed`): nothing is made
//! anew while samples flow.

pub(super) mod companions;
pub(super) mod crew;
pub(super) mod feed;
mod go;
mod plain;
mod raw;
pub(super) mod report;
pub(super) mod table;
mod watch;
mod writer;

use std::cell::Cell;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};

use super::outcome::RecordError;
use super::sink::RecordSink;
use super::{journal, sink};
use crate::formats::xdf::FileDescription;
use crate::source::file::Speed;
use crate::source::lsl::Search;
use crate::source::mounted::Mounting;
use crate::source::{SourceError, SourceSpec, make};
use crate::time::clock::{Clock, utc_now_iso8601};
use crew::{Crew, Opening, QUEUE, searches};
use feed::Message;
use go::Go;
pub use report::{RecordReport, StartError, StreamReport};
use watch::{Known, Watch};
use writer::MultiWriter;

/// How often the writer looks at the time when no message comes.
const TICK: Duration = Duration::from_millis(20);

/// A recording that runs.
pub struct MultiRecording {
    crew: Crew,
    writer: JoinHandle<RecordReport>,
    progress: Arc<Mutex<Vec<StreamReport>>>,
    entry: Option<journal::Entry>,
    started_secs: f64,
}

impl MultiRecording {
    /// Opens every source, makes the file, begins. Takes some seconds.
    ///
    /// # Errors
    /// [`StartError`]; no file is left then.
    pub fn start(specs: &[SourceSpec], path: &Path) -> Result<Self, StartError> {
        Self::start_mounted(specs, Mounting::Saved, path)
    }

    /// As [`MultiRecording::start`], with what is said of the channels' electrodes. What is given names the channels of
    /// LSL streams too; else those are recorded as they are sent.
    ///
    /// # Errors
    /// [`StartError`]; no file is left then.
    pub fn start_mounted(
        specs: &[SourceSpec],
        mounting: Mounting,
        path: &Path,
    ) -> Result<Self, StartError> {
        // Nobody should wait for a network to hear that a name is taken.
        if path.try_exists().unwrap_or(false) {
            return Err(RecordError::Exists { path: path.into() }.into());
        }
        let made = Cell::new(false);
        let make = || {
            let (file, folder) = sink::create(path)?;
            made.set(true);
            sink::keep_name(folder);
            Ok(file)
        };
        let started = Self::start_as(specs, mounting, path, make);
        if started.is_err() && made.get() {
            // A file that never got its headers holds nothing.
            let _ = std::fs::remove_file(path);
        }
        started.map(|recording| Self { entry: journal::enter(path), ..recording })
    }

    /// As [`MultiRecording::start`], into any sink, which is made once the sources are open. `path` is only
    /// for messages.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start_into<S: RecordSink + Send + 'static>(
        specs: &[SourceSpec],
        path: &Path,
        make_sink: impl FnOnce() -> Result<S, RecordError>,
    ) -> Result<Self, StartError> {
        Self::start_as(specs, Mounting::ByLabel, path, make_sink)
    }

    fn start_as<S: RecordSink + Send + 'static>(
        specs: &[SourceSpec],
        mounting: Mounting,
        path: &Path,
        make_sink: impl FnOnce() -> Result<S, RecordError>,
    ) -> Result<Self, StartError> {
        let clock = clock_for(specs)?;
        let mut crew = Crew::new(&clock);
        crew.mounting = mounting;
        let begun = begin(&crew, specs, path, make_sink);
        if begun.is_err() {
            // Threads that wait for the sign to begin have seen that it will not come.
            crew.control.fail();
            crew.join();
        }
        let (writer, progress) = begun?;
        Ok(Self { started_secs: clock.now_secs(), crew, writer, progress, entry: None })
    }

    /// The streams and what is written of each so far.
    pub fn progress(&self) -> Vec<StreamReport> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Seconds since it began.
    pub fn seconds(&self) -> f64 {
        self.crew.clock.now_secs() - self.started_secs
    }

    /// True when it is over by itself: every source has ended, or nothing more can be written.
    pub fn is_over(&self) -> bool {
        self.writer.is_finished() || self.crew.control.has_failed()
    }

    /// Ends it: what was sent until now is still taken, then the file is finished.
    pub fn stop(self) -> RecordReport {
        if !self.writer.is_finished() {
            self.crew.control.stop(self.crew.clock.now_secs());
        }
        let report = self.writer.join().unwrap_or_else(|_| RecordReport {
            path: Default::default(),
            bytes: 0,
            seconds: 0.0,
            stop_secs: None,
            streams: Vec::new(),
            away: Vec::new(),
            warnings: vec!["the recorder ended by a fault of the program".into()],
            lost_for_good: Vec::new(),
            failure: None,
        });
        if report.failure.is_none()
            && let Some(entry) = self.entry
        {
            entry.finished();
        }
        self.crew.join();
        report
    }
}

/// LSL's clock where any stream comes from LSL, the system's otherwise.
fn clock_for(specs: &[SourceSpec]) -> Result<Clock, SourceError> {
    let lsl = specs.iter().find(|spec| matches!(spec, SourceSpec::Lsl(_)));
    lsl.map_or_else(|| Ok(Clock::system()), make::clock_for)
}

type Begun = (JoinHandle<RecordReport>, Arc<Mutex<Vec<StreamReport>>>);

fn begin<S: RecordSink + Send + 'static>(
    crew: &Crew,
    specs: &[SourceSpec],
    path: &Path,
    make_sink: impl FnOnce() -> Result<S, RecordError>,
) -> Result<Begun, StartError> {
    let (searches, mut known) = (searches(specs)?, Known::default());
    let openings = open_all(crew, specs, &searches, &mut known)?;
    let (mut heads, mut signs, mut simulated) = (Vec::new(), Vec::new(), true);
    for (opened, go) in openings {
        let opened = opened.recv().unwrap_or_else(|_| Err(vanished()));
        let (streams, is_simulated) = opened?;
        simulated &= is_simulated;
        let key = crew.next_key(streams.len());
        heads.extend(streams.into_iter().enumerate().map(|(i, head)| (key + i, head)));
        signs.push((key, go));
    }
    let file = FileDescription { datetime_utc: utc_now_iso8601(), simulated };
    let progress = Arc::default();
    let (to_writer, messages) = bounded(QUEUE);
    let clocks = (&crew.clock, &crew.control);
    let sink = make_sink()?;
    let writer = MultiWriter::begin(sink, path, &file, heads, clocks, Arc::clone(&progress))?;
    let thread = std::thread::Builder::new().name("phosphene-record".into());
    let thread = thread.spawn(move || write(writer, &messages)).map_err(StartError::Thread)?;
    for (key, go) in signs {
        let _ = go.send(Go { key, to_writer: to_writer.clone() });
    }
    if !searches.is_empty() {
        let openings = Vec::new();
        let watch = Watch { searches, known, crew: crew.clone(), to_writer, openings };
        crew.spawn("phosphene-watch", move || watch.run())?;
    }
    Ok((thread, progress))
}

/// Opens all at once; a stream that two predicates ask for is opened once.
fn open_all(
    crew: &Crew,
    specs: &[SourceSpec],
    searches: &[Search],
    known: &mut Known,
) -> Result<Vec<Opening>, StartError> {
    let all_files = specs.iter().all(|spec| matches!(spec, SourceSpec::File(_)));
    let speed = if all_files { Speed::Max } else { Speed::Times(1.0) };
    let mut openings = Vec::new();
    let plain = specs.iter().filter(|spec| !matches!(spec, SourceSpec::Lsl(_)));
    for (number, spec) in plain.enumerate() {
        openings.push(crew.add_plain(spec.clone(), speed, number)?);
    }
    for search in searches {
        for found in search.first(&crew.clock)? {
            if known.add_first(&found.summary()) {
                openings.push(crew.add_raw(found)?);
            }
        }
    }
    Ok(openings)
}

fn vanished() -> SourceError {
    SourceError::Unusable {
        what: "a source".into(),
        why: "its thread ended by a fault of the program".into(),
        remedy: "Start again".into(),
    }
}

/// The body of the writing thread: until nobody feeds it any more.
fn write<S: RecordSink>(mut writer: MultiWriter<S>, messages: &Receiver<Message>) -> RecordReport {
    loop {
        match messages.recv_timeout(TICK) {
            Ok(message) => writer.take(message),
            Err(error) if error.is_disconnected() => return writer.finish(),
            Err(_) => {}
        }
        writer.tick();
    }
}
