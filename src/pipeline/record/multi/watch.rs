//! The thread that looks for streams which come while a recording runs, and opens them.

use std::collections::BTreeSet;
use std::time::Duration;

use crossbeam_channel::Sender;

use super::feed::Message;
use super::{Crew, Go};
use crate::source::lsl::{Found, Search, StreamSummary};

/// How often to look, and how often to see whether to end.
const LOOK: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(20);

/// What the thread needs.
pub(super) struct Watch {
    pub searches: Vec<Search>,
    pub known: Known,
    pub crew: Crew,
    pub to_writer: Sender<Message>,
}

/// Streams that are being recorded, by what stays the same when they are started anew.
#[derive(Default)]
pub(super) struct Known {
    uids: BTreeSet<String>,
    sources: BTreeSet<[String; 3]>,
}

impl Known {
    /// Whether a stream found at the start is not yet among those to record; it is from then on. Two that
    /// stand side by side are two, also of one source.
    pub fn add_first(&mut self, found: &StreamSummary) -> bool {
        self.sources.insert(source_of(found));
        self.uids.insert(found.uid.clone())
    }

    /// Whether a stream found later is neither there already nor a known one come back, which its own thread
    /// takes.
    pub fn add_late(&mut self, found: &StreamSummary) -> bool {
        let new_uid = self.uids.insert(found.uid.clone());
        self.sources.insert(source_of(found)) && new_uid
    }
}

/// What stays the same when a stream is started anew.
fn source_of(found: &StreamSummary) -> [String; 3] {
    let whose = if found.source_id.is_empty() { &found.name } else { &found.source_id };
    [whose.clone(), found.kind.clone(), found.hostname.clone()]
}

impl Watch {
    /// The body of the thread.
    pub fn run(mut self) {
        while self.wait() {
            let found: Vec<_> = self.searches.iter().flat_map(Search::now).collect();
            for found in found {
                if self.known.add_late(&found.summary()) && !self.crew.is_ending() {
                    self.join_in(found);
                }
            }
        }
    }

    fn wait(&self) -> bool {
        for _ in 0..LOOK.as_millis() / STEP.as_millis() {
            if self.crew.is_ending() {
                return false;
            }
            std::thread::sleep(STEP);
        }
        true
    }

    fn join_in(&self, found: Found) {
        let name = found.summary().name;
        let Ok((opened, go)) = self.crew.add_raw(found) else { return };
        loop {
            match opened.recv_timeout(STEP) {
                Ok(Ok((heads, _))) => {
                    for head in heads {
                        let key = self.crew.next_key(1);
                        let _ = self.to_writer.send(Message::Add(key, head));
                        let _ = go.send(Go { key, to_writer: self.to_writer.clone() });
                    }
                    return;
                }
                Ok(Err(why)) => {
                    let text = format!("'{name}' came late and could not be opened: {why}");
                    let _ = self.to_writer.send(Message::Warn(text));
                    return;
                }
                Err(gone) if gone.is_disconnected() || self.crew.is_ending() => return,
                Err(_) => {}
            }
        }
    }
}
