//! The marker stream beside an EEG stream.
//!
//! Takes samples of any format (numbers become their text), gives [`Marker`]s with the first channel's text
//! and times on the program's clock. liblsl recovers this stream by itself: a lost marker stream has no gap
//! that could be shown. Allocates nothing after it is opened.

use std::ffi::c_char;

use super::info::Info;
use super::inlet::{Correction, Handle};
use crate::signal::{Chunk, Marker};
use crate::source::{CHUNK_MARKERS, SourceError};
use crate::units::MAX_CHANNELS;

/// How long to wait for the first clock offset and the connection, in seconds.
const OPEN_SECS: f64 = 3.0;

/// An open marker stream.
#[derive(Debug)]
pub(super) struct MarkerInlet {
    inlet: Handle,
    offset_secs: f64,
    pointers: Vec<*mut c_char>,
    lengths: Vec<u32>,
}

impl MarkerInlet {
    /// Connects.
    ///
    /// # Errors
    /// [`SourceError::Unusable`] when the stream has an impossible number of channels or does not answer.
    pub fn open(info: &Info) -> Result<Self, SourceError> {
        let unusable = |why: String| SourceError::Unusable {
            what: format!("LSL marker stream '{}'", info.name()),
            why,
            remedy: "Restart the program that sends it, or go without with markers=none".into(),
        };
        let channels = info.channels();
        if !(1..=MAX_CHANNELS).contains(&channels) {
            return Err(unusable(format!("it has {channels} channels")));
        }
        let inlet = Handle::new(info, true)?;
        let offset_secs = inlet.correction(OPEN_SECS).map_or(0.0, |found| found.offset_secs);
        inlet.open(OPEN_SECS).map_err(|why| unusable(format!("it does not answer ({why:?})")))?;
        Ok(Self {
            inlet,
            offset_secs,
            pointers: vec![std::ptr::null_mut(); channels],
            lengths: vec![0; channels],
        })
    }

    /// Takes over the newest clock offset, if there is one.
    pub fn refresh_correction(&mut self) {
        if let Ok(Correction { offset_secs, .. }) = self.inlet.correction(0.0) {
            self.offset_secs = offset_secs;
        }
    }

    /// Moves the markers that have arrived into the chunk; `bridge_secs` leads from LSL's clock to the
    /// program's.
    pub fn read(&mut self, chunk: &mut Chunk, bridge_secs: f64) {
        let offset_secs = self.offset_secs + bridge_secs;
        let mut push = |stamp_secs: f64, text: &[u8]| {
            let marker = Marker::new(stamp_secs + offset_secs, readable(text));
            // No more than CHUNK_MARKERS are pulled, which is what a chunk holds.
            let _ = chunk.push_marker(marker);
        };
        for _ in 0..CHUNK_MARKERS {
            match self.inlet.pull_text(&mut self.pointers, &mut self.lengths, &mut push) {
                Ok(true) => {}
                Ok(false) | Err(_) => break,
            }
        }
    }
}

/// The part of a label that is text: all of it, or what stands before the first byte that is not UTF-8.
fn readable(text: &[u8]) -> &str {
    match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(why) => std::str::from_utf8(&text[..why.valid_up_to()]).unwrap_or(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_cut() {
        assert_eq!(readable(b"stim/panda"), "stim/panda");
        assert_eq!(readable(b"ab\xffcd"), "ab");
        assert_eq!(readable(b""), "");
    }
}
