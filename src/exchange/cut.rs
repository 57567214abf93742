//! A piece of a recording as a recording.
//!
//! Takes a reader and from when to when, in seconds from the first sample of the signal; gives what lies between, times as they
//! are. Seeks to the beginning. Reads on to the end of the file, because markers and annotations may stand far behind the
//! samples that they belong to.

use crate::formats::FormatError;
use crate::formats::own::EEG_KIND;
use crate::formats::recording::{Block, Head, ReadRecording, StreamHead};

/// From when to when, in seconds from the first sample of the signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The first moment that is kept.
    pub from_secs: f64,
    /// The first that is not; infinite for all that is there.
    pub until_secs: f64,
}

impl Default for Span {
    fn default() -> Self {
        Self { from_secs: 0.0, until_secs: f64::INFINITY }
    }
}

/// A sample that lies on the boundary is behind it: sums of seconds are exact to this.
const EXACT_SECS: f64 = 1e-7;

/// The piece.
struct Cut {
    inner: Box<dyn ReadRecording>,
    head: Head,
    /// On the recording's own axis.
    from_secs: f64,
    until_secs: f64,
}

/// Cuts a piece out of a recording; all of it is given back as it is.
///
/// # Errors
/// [`FormatError`] where its beginning cannot be read, [`FormatError::Unusable`] when the span is empty.
pub fn cut(
    mut inner: Box<dyn ReadRecording>,
    span: Span,
) -> Result<Box<dyn ReadRecording>, FormatError> {
    if span == Span::default() {
        return Ok(inner);
    }
    let format = inner.head().format;
    let is_span = span.from_secs >= 0.0 && span.until_secs > span.from_secs;
    if !is_span {
        let why = format!(
            "nothing lies from {} s until {} s of it: give a beginning of at least 0 and a later end",
            span.from_secs, span.until_secs
        );
        return Err(FormatError::Unusable { format, why });
    }
    let first_secs = first_secs(&mut *inner)?;
    let mut head = inner.head().clone();
    if format.starts_with("XDF") {
        // Its axis is a computer's clock and its date that of the first sample; elsewhere the date is that of zero.
        head.started = head.started.map(|at| at.plus_secs(span.from_secs));
    }
    let mut cut = Cut {
        head,
        inner,
        from_secs: first_secs + span.from_secs - EXACT_SECS,
        until_secs: first_secs + span.until_secs - EXACT_SECS,
    };
    cut.rewind()?;
    Ok(Box::new(cut))
}

/// Time of the first sample of the signal (of type EEG, else the first regular stream of numbers) whose time is a number; of
/// any stream where the signal has none, else zero.
fn first_secs(reader: &mut dyn ReadRecording) -> Result<f64, FormatError> {
    let signal = signal_of(reader.head());
    let (mut block, mut any) = (Block::default(), None);
    while reader.next_block(&mut block)? {
        if let Some(first) = block.times_secs.iter().find(|secs| secs.is_finite()) {
            if Some(block.stream) == signal {
                return Ok(*first);
            }
            any = any.or(Some(*first));
        }
    }
    Ok(any.unwrap_or(0.0))
}

fn signal_of(head: &Head) -> Option<usize> {
    let is_regular = |s: &StreamHead| !s.is_text && s.rate_hz > 0.0 && !s.channels.is_empty();
    let is_eeg = |kind: &str| kind.eq_ignore_ascii_case(EEG_KIND);
    let named = |s: &StreamHead| is_eeg(&s.kind) || s.channels.iter().any(|c| is_eeg(&c.kind));
    let streams = &head.streams;
    streams
        .iter()
        .position(|s| is_regular(s) && named(s))
        .or_else(|| streams.iter().position(is_regular))
}

impl ReadRecording for Cut {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        loop {
            let more = self.inner.next_block(block)?;
            self.trim(block);
            if !more || !block.times_secs.is_empty() || !block.events.is_empty() {
                return Ok(more);
            }
        }
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        self.inner.seek_secs(self.from_secs)
    }

    fn progress(&self) -> f64 {
        self.inner.progress()
    }

    fn warnings(&self) -> &[String] {
        self.inner.warnings()
    }
}

impl Cut {
    fn holds(&self, secs: f64) -> bool {
        (self.from_secs..self.until_secs).contains(&secs)
    }

    /// Leaves what lies in the piece.
    fn trim(&self, block: &mut Block) {
        block.events.retain(|event| self.holds(event.time_secs));
        let rows = block.times_secs.len();
        if rows == 0 || block.times_secs.iter().all(|secs| self.holds(*secs)) {
            return;
        }
        let kept: Vec<bool> = block.times_secs.iter().map(|secs| self.holds(*secs)).collect();
        let (width, text_width) = (block.values.len() / rows, block.texts.len() / rows);
        let mut cell = 0;
        block.values.retain(|_| {
            cell += 1;
            kept[(cell - 1) / width]
        });
        let mut cell = 0;
        block.texts.retain(|_| {
            cell += 1;
            kept[(cell - 1) / text_width]
        });
        let mut row = 0;
        block.times_secs.retain(|_| {
            row += 1;
            kept[row - 1]
        });
    }
}
