//! Finds out what a recording is by its first bytes, and fills a [`Tape`]: our own by [`xdf`], any other by [`general`].

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::tape::Tape;
use super::{general, xdf};
use crate::exchange;
use crate::formats::FormatError;
use crate::formats::xdf::{MAGIC as XDF_MAGIC, Stamps};

/// Reads a recording of any known format.
pub(super) fn load(path: &Path) -> Result<Tape, FormatError> {
    let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
    let mut file = File::open(path).map_err(io)?;
    let mut magic = Vec::new();
    file.by_ref().take(XDF_MAGIC.len() as u64).read_to_end(&mut magic).map_err(io)?;
    if magic == XDF_MAGIC {
        // Its own path: recordings of ours are replayed to the last bit, breaks included.
        return xdf::read(BufReader::new(file), path);
    }
    general::read(&mut *exchange::open(path, Stamps::default())?, path)
}
