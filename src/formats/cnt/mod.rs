//! Neuroscan `.cnt`: a continuous recording of whole numbers with a table of events behind it.
//!
//! [`open`] gives a reader that holds about a second of signal, and the events. ANT Neuro's `.cnt`, which shares only
//! the ending, is refused by name: its samples are packed by a scheme of its own. Sources: the SETUP, ELECTLOC, TEEG
//! and EVENT structures of Scan 4 as paulbourke.net/dataformats/eeg lists them; for events of type 3, what Neuroscan's
//! own export says (sccn/eeglab, pull request 5).

mod events;
mod reader;
mod setup;
mod words;

use std::fs::File;
use std::path::Path;

use super::FormatError;

pub use reader::CntReader;

/// What a Neuroscan file begins with.
const NEUROSCAN: &[u8] = b"Version 3";

/// Whether the first bytes of a file are those of Neuroscan's or ANT's `.cnt`; sixteen are enough.
pub fn is_cnt(head: &[u8]) -> bool {
    head.starts_with(NEUROSCAN) || is_ant(head)
}

/// ANT's: a RIFF, in later versions with sizes of eight bytes.
fn is_ant(head: &[u8]) -> bool {
    let form =
        |from: usize| head.get(from..from + 4).is_some_and(|id| id.eq_ignore_ascii_case(b"CNT "));
    (head.starts_with(b"RIFF") && form(8)) || (head.starts_with(b"RF64") && (form(8) || form(12)))
}

/// Opens a file.
///
/// # Errors
/// [`FormatError::Malformed`] with the byte when the header makes no sense, [`FormatError::Unusable`] for files of
/// ANT and where neither counts nor flags tell how wide the samples are, [`FormatError::Io`].
pub fn open(path: &Path) -> Result<CntReader<File>, FormatError> {
    let file = File::open(path).map_err(|source| FormatError::Io {
        action: "reading",
        source,
        path: path.into(),
    })?;
    CntReader::new(file, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_told_by_their_first_bytes() {
        assert!(is_cnt(b"Version 3.0\0") && !is_ant(b"Version 3.0\0"));
        assert!(is_cnt(b"RIFF\x10\0\0\0CNT eeph") && is_cnt(b"RF64\x10\0\0\0\0\0\0\0CNT "));
        assert!(!is_cnt(b"RIFF\x10\0\0\0WAVEfmt ") && !is_cnt(b"RIFF") && !is_cnt(b""));
    }
}
