//! Something that happened at a time: a picture appeared, a key was pressed.
//!
//! A marker is a time and a short label, `Copy`, so that it crosses threads without allocating. Labels
//! that Phosphene writes and understands:
//!
//! | label | meaning |
//! |---|---|
//! | `stim/<id>` | the picture `<id>` of the stimulus set appeared (onset) |
//! | `stim_off` | the picture went away |
//! | `flash/<page>/<pictures>/<lit>[/<sought>]` | pictures of a page lit up ([`super::flash`]) |
//! | `flash_pause` | the page is paused; flashes whose windows hold this are left out |
//! | anything else | kept and shown, not interpreted |

use arrayvec::ArrayString;

use super::flash::{Flash, PAUSE_LABEL};

/// Longest label kept, in bytes; longer ones are cut at a character boundary.
pub const MAX_LABEL_BYTES: usize = 80;

/// What stands before the stimulus name in an onset marker.
pub const STIMULUS_PREFIX: &str = "stim/";

/// The label of the marker written when a picture goes away.
pub const STIMULUS_OFF: &str = "stim_off";

/// A labelled point in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marker {
    /// When it happened, in seconds on the program's clock.
    pub time_secs: f64,
    label: ArrayString<MAX_LABEL_BYTES>,
}

/// What a marker means to the decoder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MarkerEvent<'a> {
    /// The picture with this name appeared.
    StimulusOnset(&'a str),
    /// The picture went away.
    StimulusOffset,
    /// Pictures of a page lit up.
    Flash(Flash),
    /// The page is paused.
    FlashPause,
    /// Not interpreted.
    Other(&'a str),
}

impl Marker {
    /// A marker with the label cut to [`MAX_LABEL_BYTES`].
    pub fn new(time_secs: f64, label: &str) -> Self {
        let mut end = label.len().min(MAX_LABEL_BYTES);
        while !label.is_char_boundary(end) {
            end -= 1;
        }
        Self { time_secs, label: ArrayString::from(&label[..end]).unwrap_or_default() }
    }

    /// The marker of a picture's onset.
    pub fn stimulus_onset(time_secs: f64, id: &str) -> Self {
        let mut label = ArrayString::<{ MAX_LABEL_BYTES * 2 }>::new();
        // Both parts together may be too long for the buffer only if the id itself is over the limit.
        let _ = label.try_push_str(STIMULUS_PREFIX);
        let mut end = id.len().min(MAX_LABEL_BYTES);
        while !id.is_char_boundary(end) {
            end -= 1;
        }
        let _ = label.try_push_str(&id[..end]);
        Self::new(time_secs, &label)
    }

    /// The same moment with `prefix` before the label, cut to [`MAX_LABEL_BYTES`].
    pub fn prefixed(&self, prefix: &str) -> Self {
        let mut label = ArrayString::<{ MAX_LABEL_BYTES * 2 }>::new();
        // A prefix that is too long for the buffer is left away.
        let _ = label.try_push_str(prefix);
        let _ = label.try_push_str(&self.label);
        Self::new(self.time_secs, &label)
    }

    /// Whether it says that a picture came or went.
    pub fn is_of_a_picture(&self) -> bool {
        !matches!(self.event(), MarkerEvent::Other(_))
    }

    /// The label as written.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What the label means.
    pub fn event(&self) -> MarkerEvent<'_> {
        match self.label.strip_prefix(STIMULUS_PREFIX) {
            Some(id) => MarkerEvent::StimulusOnset(id),
            None if &self.label == STIMULUS_OFF => MarkerEvent::StimulusOffset,
            None if &self.label == PAUSE_LABEL => MarkerEvent::FlashPause,
            None => {
                Flash::read(&self.label).map_or(MarkerEvent::Other(&self.label), MarkerEvent::Flash)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn onset_labels_read_back() {
        let marker = Marker::stimulus_onset(1.0, "panda");
        assert_eq!(marker.label(), "stim/panda");
        assert_eq!(marker.event(), MarkerEvent::StimulusOnset("panda"));
        assert_eq!(Marker::new(0.0, STIMULUS_OFF).event(), MarkerEvent::StimulusOffset);
    }

    #[test]
    fn long_labels_are_cut_between_characters() {
        let long = "é".repeat(100);
        let marker = Marker::new(0.0, &long);
        assert_eq!(marker.label().len(), 80);
        assert!(Marker::stimulus_onset(0.0, &long).label().len() <= MAX_LABEL_BYTES);
    }
}
