//! BrainFlow's BoardController as a loaded library: its functions, its version, its log.
//!
//! Opening switches BrainFlow's own log off; it prints to the terminal otherwise. All functions follow
//! `board_controller.h` and `board_info_getter.h` of BrainFlow 5.23: they return 0 or an exit code, take
//! zero-terminated UTF-8, and are safe to call from any thread (BrainFlow serialises them itself).

use std::ffi::{CString, c_char, c_int};
use std::path::Path;
use std::sync::Arc;

use crate::code::{Error, check};
use crate::description::{Description, Preset};

/// Oldest BrainFlow whose interface this crate was checked against (the JSON keys changed before it).
const OLDEST: &str = "5.10.0";
/// Room for text that BrainFlow writes; its longest board description has some 2000 bytes.
const TEXT_BYTES: usize = 16_000;

/// How much BrainFlow logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Everything.
    Trace,
    /// For developers of drivers.
    Debug,
    /// What happens.
    Info,
    /// What may be wrong.
    Warn,
    /// What is wrong.
    Error,
    /// Nothing.
    Off,
}

impl LogLevel {
    fn number(self) -> c_int {
        match self {
            Self::Trace => 0,
            Self::Debug => 1,
            Self::Info => 2,
            Self::Warn => 3,
            Self::Error => 4,
            Self::Off => 6,
        }
    }
}

/// Declares the table of functions and the code that finds them.
macro_rules! functions {
    ($($name:ident: fn($($argument:ty),*);)*) => {
        /// BrainFlow's functions; valid as long as the library beside them is loaded.
        pub(crate) struct Functions {
            $(pub(crate) $name: unsafe extern "C" fn($($argument),*) -> c_int,)*
        }

        impl Functions {
            fn find(library: &libloading::Library, path: &Path) -> Result<Self, Error> {
                Ok(Self {
                    $(
                        // SAFETY: the type is the one declared in BrainFlow's header for this name.
                        $name: *unsafe { library.get(concat!(stringify!($name), "\0").as_bytes()) }
                            .map_err(|e| Error::Load { why: e.to_string(), path: path.into() })?,
                    )*
                })
            }
        }
    };
}

functions! {
    prepare_session: fn(c_int, *const c_char);
    start_stream: fn(c_int, *const c_char, c_int, *const c_char);
    stop_stream: fn(c_int, *const c_char);
    release_session: fn(c_int, *const c_char);
    get_board_data_count: fn(c_int, *mut c_int, c_int, *const c_char);
    get_board_data: fn(c_int, c_int, *mut f64, c_int, *const c_char);
    config_board: fn(*const c_char, *mut c_char, *mut c_int, c_int, c_int, *const c_char);
    insert_marker: fn(f64, c_int, c_int, *const c_char);
    get_board_descr: fn(c_int, c_int, *mut c_char, *mut c_int, c_int);
    get_board_presets: fn(c_int, *mut c_int, *mut c_int);
    set_log_level_board_controller: fn(c_int);
    set_log_file_board_controller: fn(*const c_char);
    get_version_board_controller: fn(*mut c_char, *mut c_int, c_int);
}

/// A loaded BrainFlow. Cheap to clone; the library stays loaded as long as a clone or a board lives.
#[derive(Clone)]
pub struct Library {
    inner: Arc<Inner>,
}

struct Inner {
    functions: Functions,
    version: String,
    // Last, so that the functions are gone before the code they point to.
    _library: libloading::Library,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BrainFlow {}", self.inner.version)
    }
}

impl Library {
    /// Loads BrainFlow's `BoardController` from this file, checks its version, switches its log off.
    ///
    /// # Errors
    /// [`Error::Load`] when it is not there or not BrainFlow, [`Error::Version`] when it is too old.
    pub fn open(path: &Path) -> Result<Self, Error> {
        // SAFETY: loading runs the library's initialisers; the caller names a BrainFlow library.
        let library = unsafe { libloading::Library::new(path) }
            .map_err(|e| Error::Load { why: e.to_string(), path: path.into() })?;
        let functions = Functions::find(&library, path)?;
        let mut this = Inner { functions, version: String::new(), _library: library };
        this.version = read_text("get_version_board_controller", |buffer, length, room| {
            // SAFETY: `buffer` has `room` bytes and `length` is writable.
            unsafe { (this.functions.get_version_board_controller)(buffer, length, room) }
        })?;
        if version_numbers(&this.version) < version_numbers(OLDEST) {
            return Err(Error::Version { found: this.version, wanted: OLDEST, path: path.into() });
        }
        let this = Self { inner: Arc::new(this) };
        this.set_log_level(LogLevel::Off)?;
        Ok(this)
    }

    /// The library's version, as `5.23.0`.
    pub fn version(&self) -> &str {
        &self.inner.version
    }

    /// Sets how much BrainFlow logs, to the terminal or to the file of [`Library::set_log_file`].
    ///
    /// # Errors
    /// [`Error::Refused`] with BrainFlow's code.
    pub fn set_log_level(&self, level: LogLevel) -> Result<(), Error> {
        // SAFETY: takes a number only.
        let rc = unsafe { (self.functions().set_log_level_board_controller)(level.number()) };
        check("set_log_level", rc)
    }

    /// Sends BrainFlow's log to a file instead of the terminal.
    ///
    /// # Errors
    /// [`Error::Refused`] with BrainFlow's code, [`Error::ZeroByte`] for an impossible path.
    pub fn set_log_file(&self, path: &Path) -> Result<(), Error> {
        let path = zero_terminated("the log file's path", &path.to_string_lossy())?;
        // SAFETY: `path` is zero-terminated and lives through the call.
        check("set_log_file", unsafe {
            (self.functions().set_log_file_board_controller)(path.as_ptr())
        })
    }

    /// What BrainFlow says of one preset of a board.
    ///
    /// For the playback and streaming boards ask for the master board: they have no rows of their own.
    ///
    /// # Errors
    /// [`Error::Refused`] where BrainFlow does not know the board or the board has no such preset,
    /// [`Error::Description`] when the answer makes no sense.
    pub fn describe(&self, board: i32, preset: Preset) -> Result<Description, Error> {
        let json = read_text("get_board_descr", |buffer, length, room| {
            // SAFETY: `buffer` has `room` bytes and `length` is writable.
            unsafe {
                (self.functions().get_board_descr)(board, preset.number(), buffer, length, room)
            }
        })?;
        Description::parse(board, &json)
    }

    /// The presets that a board has.
    ///
    /// # Errors
    /// [`Error::Refused`] where BrainFlow does not know the board.
    pub fn presets(&self, board: i32) -> Result<Vec<Preset>, Error> {
        // BrainFlow has three presets and gives no size; the room is for versions with some more.
        let (mut numbers, mut length) = ([0; 64], 0);
        // SAFETY: `numbers` has more room than BrainFlow has presets, `length` is writable.
        let rc = unsafe {
            (self.functions().get_board_presets)(board, numbers.as_mut_ptr(), &mut length)
        };
        check("get_board_presets", rc)?;
        let count = usize::try_from(length).unwrap_or(0).min(numbers.len());
        Ok(numbers[..count].iter().filter_map(|number| Preset::from_number(*number)).collect())
    }

    pub(crate) fn functions(&self) -> &Functions {
        &self.inner.functions
    }
}

/// Text with a zero at its end.
pub(crate) fn zero_terminated(what: &'static str, text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::ZeroByte { what })
}

/// Calls a function that writes text into (buffer, length, room).
pub(crate) fn read_text(
    action: &'static str,
    call: impl FnOnce(*mut c_char, *mut c_int, c_int) -> c_int,
) -> Result<String, Error> {
    let mut buffer = vec![0_u8; TEXT_BYTES];
    let mut length: c_int = 0;
    check(action, call(buffer.as_mut_ptr().cast(), &mut length, TEXT_BYTES as c_int))?;
    // Some functions count the zero, some do not: the text ends at the first zero or at the length.
    let length = usize::try_from(length).unwrap_or(0).min(buffer.len());
    let text = buffer[..length].split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(text).into_owned())
}

/// `5.23.0` as numbers; what is not a number counts as 0.
fn version_numbers(text: &str) -> [u32; 3] {
    let mut parts = text.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(version_numbers("5.9.9") < version_numbers("5.23.0"));
        assert!(version_numbers("DEV") < version_numbers(OLDEST));
    }

    #[test]
    fn a_missing_library_is_an_error_with_its_path() {
        let error = Library::open(Path::new("/nonexistent/libBoardController.so")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/libBoardController.so"), "{error}");
    }
}
