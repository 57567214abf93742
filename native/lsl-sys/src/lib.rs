//! liblsl's C interface, forwarded to the shared library that is found at run time.
//!
//! Takes the place of the crate `lsl-sys` 0.1.1, which builds and links liblsl 1.13: the same names and
//! types, so that the safe crate `lsl` works on top of it, and the few newer calls that Phosphene needs.
//! [`load`] comes first; what a call does before it is told in [`calls`]. The library stays loaded until
//! the program ends: its threads could not survive being unmapped.

#![allow(non_camel_case_types, non_upper_case_globals)] // liblsl's own names

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libloading::Library;

pub mod calls;

pub use calls::*;

/// Declares an opaque object of liblsl and the pointer by which it is known.
macro_rules! handles {
    ($( $handle:ident, $object:ident, $what:literal; )*) => { $(
        #[doc = concat!("The inside of ", $what, ", which only liblsl knows.")]
        #[repr(C)]
        #[derive(Debug)]
        pub struct $object { _private: [u8; 0] }

        #[doc = concat!("Handle of ", $what, ".")]
        pub type $handle = *mut $object;
    )* };
}

handles! {
    lsl_streaminfo, lsl_streaminfo_struct_, "a stream's description";
    lsl_outlet, lsl_outlet_struct_, "an outlet";
    lsl_inlet, lsl_inlet_struct_, "an inlet";
    lsl_xml_ptr, lsl_xml_ptr_struct_, "an XML element of a description";
    lsl_continuous_resolver, lsl_continuous_resolver_, "a resolver that runs in the background";
}

/// Declares the values of a C enumeration.
macro_rules! values {
    ($kind:ident: $repr:ty, $what:literal; $( $name:ident = $value:expr, $doc:literal; )*) => {
        #[doc = $what]
        pub type $kind = $repr;
        $( #[doc = $doc] pub const $name: $kind = $value; )*
    };
}

values! { lsl_channel_format_t: u32, "The format in which values travel.";
    lsl_channel_format_t_cft_undefined = 0, "None: cannot travel.";
    lsl_channel_format_t_cft_float32 = 1, "`f32`.";
    lsl_channel_format_t_cft_double64 = 2, "`f64`.";
    lsl_channel_format_t_cft_string = 3, "Text or bytes of any length.";
    lsl_channel_format_t_cft_int32 = 4, "`i32`.";
    lsl_channel_format_t_cft_int16 = 5, "`i16`.";
    lsl_channel_format_t_cft_int8 = 6, "`i8`.";
    lsl_channel_format_t_cft_int64 = 7, "`i64`.";
}

values! { lsl_processing_options_t: u32, "What liblsl may do to time stamps before it hands them over.";
    lsl_processing_options_t_proc_none = 0, "Nothing.";
    lsl_processing_options_t_proc_clocksync = 1, "Add the clock offset.";
    lsl_processing_options_t_proc_dejitter = 2, "Smooth them.";
    lsl_processing_options_t_proc_monotonize = 4, "Never let them go back.";
    lsl_processing_options_t_proc_threadsafe = 8, "Lock, so that several threads may pull.";
    lsl_processing_options_t_proc_ALL = 15, "All of it.";
}

values! { lsl_error_code_t: i32, "What went wrong.";
    lsl_error_code_t_lsl_no_error = 0, "Nothing.";
    lsl_error_code_t_lsl_timeout_error = -1, "The time was up.";
    lsl_error_code_t_lsl_lost_error = -2, "The stream is gone.";
    lsl_error_code_t_lsl_argument_error = -3, "An argument was wrong.";
    lsl_error_code_t_lsl_internal_error = -4, "Something inside liblsl, or no liblsl at all.";
}

/// The library in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedInfo {
    /// As it was given to [`load`].
    pub path: PathBuf,
    /// `100 × major + minor`: 118 is 1.18.
    pub version: i32,
}

/// Why a file cannot serve as liblsl.
#[derive(Debug)]
pub enum LoadError {
    /// The system cannot load it.
    Open(libloading::Error),
    /// It is a library, but this call is not in it.
    Missing(String),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open(why) => write!(f, "the system cannot load it: {why}"),
            Self::Missing(name) => write!(f, "it does not offer {name}, so it is not liblsl"),
        }
    }
}

impl std::error::Error for LoadError {}

struct Loaded {
    calls: Calls,
    set_config_content: Option<unsafe extern "C" fn(*const std::ffi::c_char)>,
    info: LoadedInfo,
    _library: Library,
}

static LOADED: OnceLock<Loaded> = OnceLock::new();

/// Loads liblsl from a file or by the name that the system's loader knows. Only the first success counts:
/// later calls, with whatever path, return what is loaded already.
///
/// # Errors
/// [`LoadError`] when the file cannot be loaded or is something else.
pub fn load(path: &Path) -> Result<LoadedInfo, LoadError> {
    if let Some(info) = loaded() {
        return Ok(info);
    }
    // SAFETY: loading runs the file's start-up code; the caller chose the file to be liblsl.
    let library = unsafe { Library::new(path) }.map_err(LoadError::Open)?;
    let calls = Calls::find(&library)?;
    // SAFETY: the type is that of liblsl's header; older versions lack the call.
    let set_config_content = unsafe { symbol(&library, "lsl_set_config_content") }.ok();
    // SAFETY: the call takes nothing and was just found under its public name.
    let version = unsafe { calls.version() };
    let info = LoadedInfo { path: path.to_owned(), version };
    let loaded = Loaded { calls, set_config_content, info, _library: library };
    Ok(LOADED.get_or_init(|| loaded).info.clone())
}

/// What is loaded, if anything is.
pub fn loaded() -> Option<LoadedInfo> {
    LOADED.get().map(|loaded| loaded.info.clone())
}

/// Gives liblsl the text of its configuration file (sections `[lab]`, `[multicast]`, `[ports]` …). Works
/// only before anything else has been asked of it; false where it is not loaded or too old (before 1.17.7).
pub fn set_config_content(content: &CStr) -> bool {
    match LOADED.get().and_then(|loaded| loaded.set_config_content) {
        Some(set) => {
            // SAFETY: the text ends in NUL and liblsl copies it.
            unsafe { set(content.as_ptr()) };
            true
        }
        None => false,
    }
}

fn calls_if_loaded() -> Option<&'static Calls> {
    LOADED.get().map(|loaded| &loaded.calls)
}

/// Copies the address of a call out of a library.
///
/// # Safety
/// `T` must be the type of the function with this name, and must not be used after the library is closed.
unsafe fn symbol<T: Copy>(library: &Library, name: &str) -> Result<T, LoadError> {
    // SAFETY: as promised by the caller.
    unsafe { library.get::<T>(name) }
        .map(|found| *found)
        .map_err(|_| LoadError::Missing(name.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs in a process of its own kind: nothing in this crate's tests loads a library.
    #[test]
    fn calls_before_loading_answer_with_nothing() {
        let mut ec = 0;
        // SAFETY: no library is loaded, so no argument is looked at but `ec`.
        unsafe {
            assert_eq!(lsl_library_version(), 0);
            assert!(lsl_create_inlet(std::ptr::null_mut(), 1, 0, 0).is_null());
            assert!(CStr::from_ptr(lsl_get_name(std::ptr::null_mut())).is_empty());
            lsl_open_stream(std::ptr::null_mut(), 0.0, &mut ec);
        }
        assert_eq!(ec, lsl_error_code_t_lsl_internal_error);
        assert!(!set_config_content(c"[lab]"));
        assert_eq!(loaded(), None);
    }

    #[test]
    fn a_text_file_is_refused() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(matches!(load(&file), Err(LoadError::Open(_))));
    }
}
