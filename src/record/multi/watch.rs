//! The thread that takes in streams while a recording runs: those that come late are looked for and opened.

use std::collections::BTreeSet;
use std::time::Duration;

use crossbeam_channel::Sender;

use super::crew::{Crew, Opening};
use super::feed::Message;
use super::go::Go;
use crate::source::lsl::{Search, StreamSummary};

/// How often to look, and how often to see whether to end.
const LOOK: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(20);

/// What the thread needs.
pub(super) struct Watch {
    pub searches: Vec<Search>,
    pub known: Known,
    pub crew: Crew,
    pub to_writer: Sender<Message>,
    /// Other sources that are being opened, with what they are called.
    pub openings: Vec<(String, Opening)>,
}

/// Streams that are being recorded, by what stays the same when they are started anew.
#[derive(Default)]
pub(super) struct Known {
    names: BTreeSet<String>,
    uids: BTreeSet<String>,
    sources: BTreeSet<[String; 3]>,
}

impl Known {
    /// None yet but this one, by its name.
    pub fn but(name: Option<&str>) -> Self {
        Self { names: name.map(Into::into).into_iter().collect(), ..Self::default() }
    }

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
        let new = self.sources.insert(source_of(found)) && new_uid;
        new && !self.names.contains(&found.name)
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
        for (name, opening) in std::mem::take(&mut self.openings) {
            self.join_in(&name, &opening);
        }
        while self.wait() {
            let found: Vec<_> = self.searches.iter().flat_map(Search::now).collect();
            for found in found {
                let name = found.summary().name;
                if self.known.add_late(&found.summary())
                    && !self.crew.is_ending()
                    && let Ok(opening) = self.crew.add_raw(found)
                {
                    self.join_in(&name, &opening);
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

    /// Waits until it is open, and tells the writer of its streams.
    fn join_in(&self, name: &str, (opened, go): &Opening) {
        loop {
            match opened.recv_timeout(STEP) {
                Ok(Ok((heads, _))) => {
                    let key = self.crew.next_key(heads.len());
                    for (i, head) in heads.into_iter().enumerate() {
                        let _ = self.to_writer.send(Message::Add(key + i, head));
                    }
                    let _ = go.send(Go { key, to_writer: self.to_writer.clone() });
                    return;
                }
                Ok(Err(why)) => {
                    let text = format!("'{name}' could not be opened and is not recorded: {why}");
                    let _ = self.to_writer.send(Message::Warn(text));
                    return;
                }
                Err(gone) if gone.is_disconnected() || self.crew.is_ending() => return,
                Err(_) => {}
            }
        }
    }
}
