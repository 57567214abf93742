//! `.xdfz`: XDF packed with gzip or zlib.
//!
//! Takes a packed file; gives a nameless temporary file with what it holds, which vanishes when it is closed.
//! A packed file may hold a thousand times its size, so what comes out is limited, in all and by its size.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::{MultiGzDecoder, ZlibDecoder};

use crate::formats::FormatError;

/// Most bytes that a packed recording may hold: a day of 64 channels at 500 Hz in single precision.
const MAX_INFLATED_BYTES: u64 = 12 << 30;

/// Most that a byte may unpack to, once it is more than [`FREE_BYTES`]. Recorded EEG unpacks to two to ten times
/// its size, a stream that stands still to some hundred times; a thousand is what only a trap holds.
const MAX_RATIO: u64 = 400;

/// What any packed file may unpack to.
const FREE_BYTES: u64 = 64 << 20;

/// The file itself, or what is packed in it.
///
/// # Errors
/// [`FormatError::Unusable`] when it holds too much, [`FormatError::Io`]. What comes out of a damaged or cut
/// file is kept as far as it goes; the reader of XDF says where it ends.
pub(super) fn opened(path: &Path) -> Result<File, FormatError> {
    let io =
        |action: &'static str| move |source| FormatError::Io { action, source, path: path.into() };
    let mut file = File::open(path).map_err(io("reading"))?;
    let mut mark = [0; 2];
    let read = file.read(&mut mark).map_err(io("reading"))?;
    file.seek(SeekFrom::Start(0)).map_err(io("reading"))?;
    let packed_bytes = file.metadata().map_err(io("reading"))?.len();
    let limit = packed_bytes.saturating_mul(MAX_RATIO).clamp(FREE_BYTES, MAX_INFLATED_BYTES);
    match (&mark[..read], mark) {
        ([0x1f, 0x8b], _) => inflated(MultiGzDecoder::new(file), limit, path),
        (_, [first, _]) if first & 0x0f == 8 && u16::from_be_bytes(mark) % 31 == 0 => {
            inflated(ZlibDecoder::new(file), limit, path)
        }
        _ => Ok(file),
    }
}

fn inflated(mut packed: impl Read, limit: u64, path: &Path) -> Result<File, FormatError> {
    let io = |source| FormatError::Io {
        action: "unpacking into a temporary file",
        source,
        path: path.into(),
    };
    let mut plain = tempfile::tempfile().map_err(io)?;
    let copied = io::copy(&mut packed.by_ref().take(limit + 1), &mut plain);
    let bytes = plain.stream_position().map_err(io)?;
    if bytes > limit {
        let why = format!(
            "it unpacks to more than {} MiB, {}; unpack it with gzip, or cut it into shorter files",
            limit >> 20,
            if limit == MAX_INFLATED_BYTES {
                "the most that is read".into()
            } else {
                format!("over {MAX_RATIO} times its size, which no recording does")
            }
        );
        return Err(FormatError::Unusable { format: "XDF", why });
    }
    // A recorder that died leaves a packed file without its end: what is there is good.
    if let Err(why) = copied
        && (bytes == 0 || !is_damage(&why))
    {
        return Err(io(why));
    }
    plain.seek(SeekFrom::Start(0)).map_err(io)?;
    Ok(plain)
}

fn is_damage(why: &io::Error) -> bool {
    matches!(
        why.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
    )
}
