//! Streams that go into the file of a live recording, beside the source of the run.
//!
//! Takes what to record; gives messages for the recorder of the run, which writes them into its own file. Nothing
//! is waited for: a stream joins the file when it is found, and one that never comes leaves no trace but a
//! warning when the recording ends. Bounded as in [`super`]; dropped, every thread ends and is joined.

use crossbeam_channel::{Receiver, bounded};

use super::crew::{Crew, QUEUE, searches};
use super::feed::Message;
use super::report::StartError;
use super::watch::{Known, Watch};
use crate::source::SourceSpec;
use crate::source::file::Speed;
use crate::time::clock::Clock;

/// The threads that read them.
pub(in crate::record) struct Companions {
    crew: Crew,
    messages: Receiver<Message>,
}

impl Companions {
    /// Begins to look for them. `running` is the source of the run: the LSL stream that it reads is not recorded
    /// a second time.
    ///
    /// # Errors
    /// [`StartError::Source`] for what cannot be asked for, [`StartError::Thread`].
    pub fn start(
        specs: &[SourceSpec],
        running: Option<&str>,
        clock: &Clock,
    ) -> Result<Self, StartError> {
        let crew = Crew::new(clock);
        let searches = searches(specs)?;
        let known = Known::but(running);
        let (to_writer, messages) = bounded(QUEUE);
        // From here on they end when this is dropped, also by an error.
        let companions = Self { crew: crew.clone(), messages };
        let mut openings = Vec::new();
        let plain = specs.iter().filter(|spec| !matches!(spec, SourceSpec::Lsl(_)));
        for (number, spec) in plain.enumerate() {
            // Numbered from the second on: the first of its kind is the run's own.
            let opening = crew.add_plain(spec.clone(), Speed::Times(1.0), number + 1)?;
            openings.push((spec.to_string(), opening));
        }
        let watch = Watch { searches, known, crew: crew.clone(), to_writer, openings };
        crew.spawn("phosphene-watch", move || watch.run())?;
        Ok(companions)
    }

    /// Asks them to end with what was sent until now.
    pub fn stop(&self) {
        self.crew.control.stop(self.crew.clock.now_secs());
    }

    /// What waits, without waiting.
    pub fn next(&self) -> Option<Message> {
        self.messages.try_recv().ok()
    }

    /// The rest, until every stream has ended; after [`Companions::stop`].
    pub fn rest(&self) -> impl Iterator<Item = Message> {
        self.messages.iter()
    }
}

impl std::fmt::Debug for Companions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Companions").field("waiting", &self.messages.len()).finish()
    }
}

impl Drop for Companions {
    fn drop(&mut self) {
        self.crew.control.fail();
        // A reader may wait for room.
        while self.messages.recv().is_ok() {}
        self.crew.join();
    }
}
