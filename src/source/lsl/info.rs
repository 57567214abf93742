//! A stream as it was found on the network, and the resolver that finds it.
//!
//! Stands on the raw calls: the `lsl` crate keeps the handle of a found stream to itself, an inlet of ours
//! needs it, and its XML does not carry the sender's address.

#![allow(unsafe_code)] // calls into liblsl, each with its reason beside it

use std::ffi::{CStr, CString, c_char};

use lsl_sys::{lsl_continuous_resolver, lsl_streaminfo};

/// Streams that one look at a resolver returns at most: a full network of them; more would only be listed.
const MAX_RESULTS: usize = 1024;

/// A stream that was found. Destroyed when dropped.
#[derive(Debug)]
pub(super) struct Info(lsl_streaminfo);

impl Info {
    /// The handle, valid as long as this.
    pub fn raw(&self) -> lsl_streaminfo {
        self.0
    }

    /// As the outlet announces it; several streams may share one.
    pub fn name(&self) -> String {
        self.text(lsl_sys::lsl_get_name)
    }

    /// Its type, as EEG.
    pub fn kind(&self) -> String {
        self.text(lsl_sys::lsl_get_type)
    }

    /// Name of the device or program behind it; may be empty.
    pub fn source_id(&self) -> String {
        self.text(lsl_sys::lsl_get_source_id)
    }

    /// The machine that sends it.
    pub fn hostname(&self) -> String {
        self.text(lsl_sys::lsl_get_hostname)
    }

    /// New whenever the stream is started anew.
    pub fn uid(&self) -> String {
        self.text(lsl_sys::lsl_get_uid)
    }

    /// Number of channels; zero when the sender states a negative number.
    pub fn channels(&self) -> usize {
        // SAFETY: the handle is alive.
        let count = unsafe { lsl_sys::lsl_get_channel_count(self.0) };
        usize::try_from(count).unwrap_or(0)
    }

    /// Nominal rate in Hz; 0 for irregular.
    pub fn rate_hz(&self) -> f64 {
        // SAFETY: the handle is alive.
        unsafe { lsl_sys::lsl_get_nominal_srate(self.0) }
    }

    /// When it was started, in seconds on the sender's clock.
    pub fn created_at_secs(&self) -> f64 {
        // SAFETY: the handle is alive.
        unsafe { lsl_sys::lsl_get_created_at(self.0) }
    }

    /// Format of its values.
    pub fn format(&self) -> lsl::ChannelFormat {
        // SAFETY: the handle is alive.
        lsl::ChannelFormat::from_native(unsafe { lsl_sys::lsl_get_channel_format(self.0) })
    }

    fn text(&self, get: unsafe extern "C" fn(lsl_streaminfo) -> *const c_char) -> String {
        // SAFETY: the handle is alive; the text belongs to it, ends in NUL and is copied at once.
        unsafe {
            let text = get(self.0);
            if text.is_null() {
                String::new()
            } else {
                CStr::from_ptr(text).to_string_lossy().into_owned()
            }
        }
    }
}

impl Drop for Info {
    fn drop(&mut self) {
        // SAFETY: the handle is alive and not used again.
        unsafe { lsl_sys::lsl_destroy_streaminfo(self.0) };
    }
}

/// Asks the network in the background. Destroyed, and its threads ended, when dropped.
#[derive(Debug)]
pub(super) struct Resolver(lsl_continuous_resolver);

impl Resolver {
    /// Starts asking for a predicate; streams not heard of for `forget_secs` are forgotten. `None` when
    /// the predicate holds a NUL byte or liblsl cannot use the network.
    pub fn new(predicate: &str, forget_secs: f64) -> Option<Self> {
        let predicate = CString::new(predicate).ok()?;
        // SAFETY: the text ends in NUL and is copied.
        let raw = unsafe {
            lsl_sys::lsl_create_continuous_resolver_bypred(predicate.as_ptr(), forget_secs)
        };
        (!raw.is_null()).then_some(Self(raw))
    }

    /// The streams that are there now, oldest first.
    pub fn results(&self) -> Vec<Info> {
        let mut raw = vec![std::ptr::null_mut(); MAX_RESULTS];
        // SAFETY: the buffer has as many places as is said; what is written there is ours to destroy.
        let count =
            unsafe { lsl_sys::lsl_resolver_results(self.0, raw.as_mut_ptr(), MAX_RESULTS as u32) };
        raw.truncate(usize::try_from(count).unwrap_or(0));
        let mut found: Vec<Info> = raw.into_iter().filter(|raw| !raw.is_null()).map(Info).collect();
        found.sort_by(|a, b| a.created_at_secs().total_cmp(&b.created_at_secs()));
        found
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        // SAFETY: the handle is alive and not used again.
        unsafe { lsl_sys::lsl_destroy_continuous_resolver(self.0) };
    }
}
