//! The shell of the announcing thread: what a presenter says, as an LSL stream of markers for any other program.
//!
//! The stream is there from when somebody first presents to the end of the run. A marker goes out at its moment, with
//! its own stamp. Without liblsl a session is held all the same: the recording has every marker.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::pipeline::shared::Shared;
use crate::publish::lsl::MarkerOutlet;
use crate::signal::{Marker, Screen};
use crate::snapshot::Level;

use super::common::Outcome;

/// How long to sleep when nothing is to be said: what a marker is late at most. Its stamp is not.
const IDLE: Duration = Duration::from_millis(2);

/// Name of the stream.
const NAME: &str = "Phosphene stimuli";

/// Announces.
pub(super) struct AnnounceShell {
    pub shared: Arc<Shared>,
    pub screen: Arc<Screen>,
}

impl AnnounceShell {
    /// The body of the thread.
    pub fn run(self) -> Outcome {
        let (mut outlet, mut held): (Option<Option<MarkerOutlet>>, Option<Marker>) = (None, None);
        while !self.shared.stop.load(Ordering::Acquire) {
            if outlet.is_none() && self.screen.is_open() {
                outlet = Some(self.opened());
            }
            held = held.or_else(|| self.screen.next_announced());
            match held {
                Some(marker) if marker.time_secs <= self.shared.clock.now_secs() => {
                    if let Some(Some(open)) = &mut outlet {
                        open.push(&marker);
                    }
                    held = None;
                }
                _ => std::thread::sleep(IDLE),
            }
        }
        Ok(())
    }

    /// The outlet; `None`, with a notice, where it cannot be had.
    fn opened(&self) -> Option<MarkerOutlet> {
        let opened = MarkerOutlet::open(NAME, &self.shared.clock);
        match &opened {
            Ok(_) => {
                let text = format!("what is shown goes out as the LSL stream '{NAME}'");
                self.shared.notice(Level::Info, text);
            }
            Err(why) => {
                let text = format!("what is shown does not go out as an LSL stream: {why}");
                self.shared.notice(Level::Warning, text);
            }
        }
        opened.ok()
    }
}
