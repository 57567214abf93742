//! Which streams of a recording are events, and the events that their samples are.

use super::own;
use super::recording::{Block, Event, StreamHead};

/// Events kept of a recording; one with more is odd enough to say so.
pub const MAX_EVENTS: usize = 1_000_000;

/// Whether the samples of a stream are events: text, or irregular numbers that say that they are markers.
/// Phosphene's own notes beside the signal are not, nor is what was stamped by a clock that has nothing to do with it.
pub fn is_markers(stream: &StreamHead) -> bool {
    let kind = stream.kind.to_lowercase();
    let ours = [own::DECODES_KIND, own::CONTINUITY_KIND].contains(&stream.kind.as_str());
    let named = ["marker", "event", "stim", "trigger"].iter().any(|word| kind.contains(word));
    !ours && !stream.is_apart && (stream.is_text || (stream.rate_hz == 0.0 && named))
}

/// The samples of a block of markers as events; the channels' values are joined by spaces.
pub fn as_events(block: &Block) -> impl Iterator<Item = Event> + '_ {
    let rows = block.times_secs.len().max(1);
    let is_text = !block.texts.is_empty();
    let width = if is_text { block.texts.len() } else { block.values.len() } / rows;
    block.times_secs.iter().enumerate().map(move |(row, time_secs)| {
        let cells = row * width..(row + 1) * width;
        let label = if is_text {
            block.texts[cells].join(" ")
        } else {
            block.values[cells].iter().map(f64::to_string).collect::<Vec<_>>().join(" ")
        };
        Event { time_secs: *time_secs, duration_secs: None, label }
    })
}
