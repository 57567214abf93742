//! The threads that read, one a source: named, joined, told to stop in one way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::feed::{Control, POOL_BLOCKS};
use super::go::{Go, Opened};
use super::plain::PlainReader;
use super::raw::RawReader;
use super::report::StartError;
use crate::source::file::Speed;
use crate::source::lsl::{Found, Search};
use crate::source::mounted::Mounting;
use crate::source::{SourceError, SourceSpec};
use crate::time::clock::Clock;

/// Messages that wait for the writer at most: all blocks of some streams. A reader waits when it is full.
pub(in crate::record) const QUEUE: usize = 8 * POOL_BLOCKS;

/// A source that is being opened.
pub(super) type Opening = (Receiver<Opened>, Sender<Go>);

/// The threads that read.
#[derive(Clone)]
pub(super) struct Crew {
    pub clock: Clock,
    pub control: Arc<Control>,
    /// Which electrodes the channels of the sources are.
    pub mounting: Mounting,
    keys: Arc<AtomicUsize>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Crew {
    pub fn new(clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            control: Arc::default(),
            mounting: Mounting::Saved,
            keys: Arc::default(),
            threads: Arc::default(),
        }
    }

    pub fn is_ending(&self) -> bool {
        self.control.has_failed() || self.control.stop_secs().is_some()
    }

    pub fn next_key(&self, streams: usize) -> usize {
        self.keys.fetch_add(streams, Ordering::Relaxed)
    }

    pub fn add_raw(&self, found: Found) -> Result<Opening, StartError> {
        let (opened, opening) = bounded(1);
        let (go, started) = bounded(1);
        let (clock, control) = (self.clock.clone(), self.control.clone());
        let mounting = self.mounting.clone();
        let reader = RawReader { found, mounting, clock, control, opened, go: started };
        self.spawn("phosphene-pull", move || reader.run())?;
        Ok((opening, go))
    }

    pub fn add_plain(
        &self,
        spec: SourceSpec,
        speed: Speed,
        number: usize,
    ) -> Result<Opening, StartError> {
        let (opened, opening) = bounded(1);
        let (go, started) = bounded(1);
        let (clock, control) = (self.clock.clone(), self.control.clone());
        let mounting = self.mounting.clone();
        let reader =
            PlainReader { spec, mounting, speed, number, clock, control, opened, go: started };
        self.spawn("phosphene-read", move || reader.run())?;
        Ok((opening, go))
    }

    pub fn spawn(
        &self,
        name: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<(), StartError> {
        let thread = std::thread::Builder::new().name(name.into()).spawn(body);
        let thread = thread.map_err(StartError::Thread)?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    pub fn join(&self) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the recording ended by a fault of the program");
            }
        }
    }
}

/// A search for each LSL stream that is asked for.
pub(super) fn searches(specs: &[SourceSpec]) -> Result<Vec<Search>, SourceError> {
    let parameters = specs.iter().filter_map(|spec| match spec {
        SourceSpec::Lsl(parameters) => Some(parameters),
        _ => None,
    });
    parameters.map(Search::start).collect()
}
