//! Opens a file as one of the native libraries and asks it for its version.
//!
//! Nothing is called before its name has been found in the file, so that a text file or some other library
//! gives a reason and not a crash. A library that has answered stays loaded until the program ends: some
//! start threads that could not survive being unmapped.

#![allow(unsafe_code)] // three foreign calls, each with its reason beside it

use std::ffi::{CStr, c_char, c_int};
use std::path::Path;

use libloading::Library as Opened;

use super::library::Library;

/// The version that the interface of ONNX Runtime must have (`ORT_API_VERSION`), as `ort` is built for it.
const ORT_API_VERSION: u32 = 24;

/// The head of ONNX Runtime's interface, as in `onnxruntime_c_api.h`.
#[repr(C)]
struct OrtApiBase {
    get_api: unsafe extern "C" fn(u32) -> *const std::ffi::c_void,
    get_version_string: unsafe extern "C" fn() -> *const c_char,
}

/// The version that the library states, or why it cannot be asked.
pub(super) fn version(library: Library, path: &Path) -> Result<String, String> {
    // SAFETY: loading runs the file's start-up code; the user or the system put the file there for this.
    let opened = unsafe { Opened::new(path) }.map_err(|why| not_loaded(path, &why))?;
    let version = match library {
        Library::Lsl => lsl_version(&opened),
        Library::Brainflow => brainflow_version(&opened),
        Library::OnnxRuntime => onnx_runtime_version(&opened),
    }?;
    std::mem::forget(opened);
    Ok(version)
}

/// The loader's reason in one line; a name that the system does not know is no more than that.
fn not_loaded(path: &Path, why: &libloading::Error) -> String {
    if path.components().count() == 1 && !path.exists() {
        return "not installed on the system".into();
    }
    let cause = std::error::Error::source(why).map_or_else(|| why.to_string(), |c| c.to_string());
    format!("the system cannot load it: {cause}")
}

/// Copies the address of a function out of a library.
///
/// # Safety
/// `T` must be the type of the function with this name.
unsafe fn function<T: Copy>(opened: &Opened, name: &str) -> Result<T, String> {
    // SAFETY: as promised by the caller.
    unsafe { opened.get::<T>(name) }
        .map(|found| *found)
        .map_err(|_| format!("it is another library: it does not offer {name}"))
}

fn lsl_version(opened: &Opened) -> Result<String, String> {
    // SAFETY: the type is that of liblsl's header; the call takes nothing and changes nothing.
    let number = unsafe {
        let call: unsafe extern "C" fn() -> i32 = function(opened, "lsl_library_version")?;
        call()
    };
    Ok(format!("{}.{}", number / 100, number % 100))
}

fn brainflow_version(opened: &Opened) -> Result<String, String> {
    type GetVersion = unsafe extern "C" fn(*mut c_char, *mut c_int, c_int) -> c_int;
    let mut text = [0_u8; 64];
    let mut length: c_int = 0;
    // SAFETY: the type is that of BrainFlow's header; the call writes at most the given number of bytes.
    let code = unsafe {
        let call: GetVersion = function(opened, "get_version_board_controller")?;
        call(text.as_mut_ptr().cast(), &mut length, text.len() as c_int)
    };
    let length = usize::try_from(length).unwrap_or(0).min(text.len());
    if code != 0 || length == 0 {
        return Err(format!("it does not tell its version (code {code})"));
    }
    Ok(String::from_utf8_lossy(&text[..length]).trim_end_matches('\0').to_owned())
}

fn onnx_runtime_version(opened: &Opened) -> Result<String, String> {
    // SAFETY: the types are those of ONNX Runtime's header; the base and its text live as long as the
    // library; asking for an interface changes nothing.
    unsafe {
        let call: unsafe extern "C" fn() -> *const OrtApiBase = function(opened, "OrtGetApiBase")?;
        let base = call().as_ref().ok_or("it gives no interface")?;
        let text = (base.get_version_string)();
        if text.is_null() {
            return Err("it does not tell its version".into());
        }
        let version = CStr::from_ptr(text).to_string_lossy().into_owned();
        if Library::OnnxRuntime.accepts(&version) && (base.get_api)(ORT_API_VERSION).is_null() {
            return Err(format!("version {version} lacks interface {ORT_API_VERSION}"));
        }
        Ok(version)
    }
}
