//! XDF 1.0, the format of LabRecorder: streams of samples, each with its own clock, in one file.
//!
//! [`load`] takes anything that reads and seeks and gives every stream with its values bit for bit and its
//! stamps, on request brought to one clock ([`sync`]) and put where the samples were taken ([`dejitter`]; pyxdf's numbers
//! are there for those who need them, [`LoadOptions::pyxdf`]). Damage costs the damaged chunk and a warning, never the rest. [`XdfWriter`] writes what
//! every other reader of the format understands. Source: github.com/sccn/xdf/wiki/Specifications.

mod assemble;
pub mod chunks;
pub mod dejitter;
pub mod describe;
mod header;
mod inflate;
mod reader;
mod repair;
mod samples;
mod seek;
mod stream;
pub mod sync;
mod together;
mod wire;
pub mod write;

pub use crate::time::offsets::ClockOffset;
pub use assemble::{LoadOptions, Stamps, load};
pub use describe::{ChannelDescription, FileDescription, ReferenceDescription, StreamDescription};
pub use header::{ChannelFormat, ChannelInfo, FileHeader, Footer, StreamHeader};
pub use reader::XdfReader;
pub use repair::{Repaired, is_unfinished, repair};
pub use samples::{TextColumn, Values};
pub use stream::{Stream, XdfFile};
pub use wire::{BOUNDARY, MAGIC, MAX_CHUNK_BYTES, Tag};
pub use write::{StreamId, XdfWriteError, XdfWriter};
