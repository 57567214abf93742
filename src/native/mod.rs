//! Finds the three native libraries at run time.
//!
//! Order: the environment variable of the library, which wins and must then be right; a system
//! installation, if it is new enough; the bundled set in `native/lib`, looked for beside the executable,
//! then upward from it, then upward from the working directory. [`find()`] opens each candidate, asks it for
//! its version, and gives the first that will do, or everything that was tried and why it would not.
//! A file that is something else is refused with a reason; nothing is called in it.

pub mod memory;
mod find;
mod library;
mod places;
mod probe;

pub use find::{check, find, onnx_runtime};
pub use library::{Found, Library, NativeError, Origin};
