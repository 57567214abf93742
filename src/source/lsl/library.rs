//! Loads liblsl once, sets it up, and lends its clock.

use std::ffi::CString;

use crate::native::{self, Library};
use crate::source::SourceError;
use crate::time::clock::Clock;

/// Makes sure that liblsl is loaded, finding it as [`native::find`] does.
///
/// # Errors
/// [`SourceError::Library`] when none will do.
pub fn ensure_loaded() -> Result<lsl_sys::LoadedInfo, SourceError> {
    if let Some(info) = lsl_sys::loaded() {
        return Ok(info);
    }
    let found = native::find(Library::Lsl).map_err(|error| SourceError::Library {
        library: "liblsl",
        why: error.tried_in_one_line(),
        remedy: error.remedy,
    })?;
    lsl_sys::load(&found.path).map_err(|why| SourceError::Library {
        library: "liblsl",
        why: format!("{}: {why}", found.path.display()),
        remedy: "Run `cargo xtask setup`.".into(),
    })
}

/// LSL's local clock, once liblsl is loaded. Every time in the program should come from it, so that stamps
/// of streams and everything else can be subtracted.
pub fn lsl_clock() -> Option<Clock> {
    lsl_sys::loaded().map(|_| Clock::from_fn(lsl::local_clock))
}

/// Gives liblsl its settings in the form of its configuration file (`[lab]`, `[multicast]`, `[ports]`, …).
/// Works only before the first stream is looked for or published.
///
/// # Errors
/// [`SourceError::Library`] when liblsl cannot be had, or is too old for it, or the text holds a NUL byte.
pub fn configure(content: &str) -> Result<(), SourceError> {
    ensure_loaded()?;
    let refused = |why: &str| SourceError::Library {
        library: "liblsl",
        why: why.into(),
        remedy: "Set the variable LSLAPICFG to a configuration file instead.".into(),
    };
    let content =
        CString::new(content).map_err(|_| refused("its configuration holds a NUL byte"))?;
    if lsl_sys::set_config_content(&content) {
        Ok(())
    } else {
        Err(refused("this version takes no configuration from the program"))
    }
}
