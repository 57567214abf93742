//! How a reading thread begins: it says what it has opened, then waits for the sign.

use crossbeam_channel::Sender;

use super::feed::{Head, Message};
use crate::source::SourceError;

/// The streams of a source that is open and whether it is simulated, or why it cannot be had.
pub(super) type Opened = Result<(Vec<Head>, bool), SourceError>;

/// The sign to begin: the number of a source's first stream, and where its samples go.
pub(super) struct Go {
    pub key: usize,
    pub to_writer: Sender<Message>,
}
