//! The calls, one line each: what the loaded library is asked, and what is returned before it is loaded.
//!
//! A call before [`crate::load`] reaches no library: it returns null, zero, an empty text or liblsl's
//! internal error (−4), and writes that error where it has an `ec` to write to. No handle can exist by
//! then, so nothing else can follow from it.

#![allow(non_camel_case_types, missing_debug_implementations)] // liblsl's own names; handles are opaque

use std::ffi::{CStr, c_char, c_ulong};
use std::ptr::null_mut;

use libloading::Library;

use crate::{
    LoadError, lsl_channel_format_t, lsl_channel_format_t_cft_undefined, lsl_continuous_resolver,
    lsl_error_code_t_lsl_internal_error, lsl_inlet, lsl_outlet, lsl_streaminfo, lsl_xml_ptr,
    symbol,
};

/// What every text is before a library is loaded.
const NO_TEXT: &CStr = c"";

/// Says "internal error" where the caller looks for one.
fn no_library(ec: *mut i32) {
    // SAFETY: `ec` is null or the caller's writable error code, as liblsl itself requires.
    if let Some(ec) = unsafe { ec.as_mut() } {
        *ec = lsl_error_code_t_lsl_internal_error;
    }
}

/// From one list of declarations: the table of functions, its look-up, and one forwarding call each.
macro_rules! calls {
    ($( fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $ret:ty)? $(= $absent:expr)?; )*) => {
        /// The address of every call in the loaded library.
        pub(crate) struct Calls {
            $( $name: unsafe extern "C" fn($($kind),*) $(-> $ret)?, )*
        }

        impl Calls {
            /// Looks every call up.
            pub(crate) fn find(library: &Library) -> Result<Self, LoadError> {
                // SAFETY: the types are those of liblsl's public headers for these names.
                Ok(unsafe { Self { $( $name: symbol(library, stringify!($name))?, )* } })
            }
        }

        impl Calls {
            /// The library's version.
            ///
            /// # Safety
            /// The library is still loaded.
            pub(crate) unsafe fn version(&self) -> i32 {
                // SAFETY: the call takes nothing.
                unsafe { (self.lsl_library_version)() }
            }
        }

        $(
            #[doc = concat!("Forwards to liblsl's `", stringify!($name), "`.\n\n# Safety\n")]
            #[doc = "Handles come from this library and are not yet destroyed; pointers are valid for as"]
            #[doc = "many elements as is said beside them; texts end in NUL."]
            pub unsafe extern "C" fn $name($($arg: $kind),*) $(-> $ret)? {
                match crate::calls_if_loaded() {
                    // SAFETY: the caller keeps the promises above.
                    Some(calls) => unsafe { (calls.$name)($($arg),*) },
                    None => { $($absent)? }
                }
            }
        )*
    };
}

calls! {
    fn lsl_protocol_version() -> i32 = 0;
    fn lsl_library_version() -> i32 = 0;
    fn lsl_library_info() -> *const c_char = NO_TEXT.as_ptr();
    fn lsl_local_clock() -> f64 = 0.0;
    fn lsl_resolve_all(buffer: *mut lsl_streaminfo, buffer_elements: u32, wait_time: f64) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_resolve_byprop(buffer: *mut lsl_streaminfo, buffer_elements: u32, prop: *const c_char, value: *const c_char, minimum: i32, timeout: f64) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_resolve_bypred(buffer: *mut lsl_streaminfo, buffer_elements: u32, pred: *const c_char, minimum: i32, timeout: f64) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_destroy_string(text: *mut c_char);
    fn lsl_create_streaminfo(name: *const c_char, kind: *const c_char, channel_count: i32, nominal_srate: f64, channel_format: lsl_channel_format_t, source_id: *const c_char) -> lsl_streaminfo = null_mut();
    fn lsl_destroy_streaminfo(info: lsl_streaminfo);
    fn lsl_copy_streaminfo(info: lsl_streaminfo) -> lsl_streaminfo = null_mut();
    fn lsl_get_name(info: lsl_streaminfo) -> *const c_char = NO_TEXT.as_ptr();
    fn lsl_get_type(info: lsl_streaminfo) -> *const c_char = NO_TEXT.as_ptr();
    fn lsl_get_channel_count(info: lsl_streaminfo) -> i32 = 0;
    fn lsl_get_nominal_srate(info: lsl_streaminfo) -> f64 = 0.0;
    fn lsl_get_channel_format(info: lsl_streaminfo) -> lsl_channel_format_t = lsl_channel_format_t_cft_undefined;
    fn lsl_get_source_id(info: lsl_streaminfo) -> *const c_char = NO_TEXT.as_ptr();
    fn lsl_get_version(info: lsl_streaminfo) -> i32 = 0;
    fn lsl_get_created_at(info: lsl_streaminfo) -> f64 = 0.0;
    fn lsl_get_uid(info: lsl_streaminfo) -> *const c_char = NO_TEXT.as_ptr();
    fn lsl_get_session_id(info: lsl_streaminfo) -> *const c_char = NO_TEXT.as_ptr();
    fn lsl_get_hostname(info: lsl_streaminfo) -> *const c_char = NO_TEXT.as_ptr();
    fn lsl_get_desc(info: lsl_streaminfo) -> lsl_xml_ptr = null_mut();
    fn lsl_get_xml(info: lsl_streaminfo) -> *mut c_char = null_mut();
    fn lsl_get_channel_bytes(info: lsl_streaminfo) -> i32 = 0;
    fn lsl_get_sample_bytes(info: lsl_streaminfo) -> i32 = 0;
    fn lsl_stream_info_matches_query(info: lsl_streaminfo, query: *const c_char) -> i32 = 0;
    fn lsl_streaminfo_from_xml(xml: *const c_char) -> lsl_streaminfo = null_mut();
    fn lsl_create_outlet(info: lsl_streaminfo, chunk_size: i32, max_buffered: i32) -> lsl_outlet = null_mut();
    fn lsl_destroy_outlet(outlet: lsl_outlet);
    fn lsl_push_sample_ftp(outlet: lsl_outlet, data: *const f32, timestamp: f64, pushthrough: i32) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_push_sample_dtp(outlet: lsl_outlet, data: *const f64, timestamp: f64, pushthrough: i32) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_push_sample_ltp(outlet: lsl_outlet, data: *const i64, timestamp: f64, pushthrough: i32) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_push_sample_itp(outlet: lsl_outlet, data: *const i32, timestamp: f64, pushthrough: i32) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_push_sample_stp(outlet: lsl_outlet, data: *const i16, timestamp: f64, pushthrough: i32) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_push_sample_ctp(outlet: lsl_outlet, data: *const i8, timestamp: f64, pushthrough: i32) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_push_sample_buftp(outlet: lsl_outlet, data: *mut *const c_char, lengths: *const u32, timestamp: f64, pushthrough: i32) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_have_consumers(outlet: lsl_outlet) -> i32 = 0;
    fn lsl_wait_for_consumers(outlet: lsl_outlet, timeout: f64) -> i32 = 0;
    fn lsl_get_info(outlet: lsl_outlet) -> lsl_streaminfo = null_mut();
    fn lsl_create_inlet(info: lsl_streaminfo, max_buflen: i32, max_chunklen: i32, recover: i32) -> lsl_inlet = null_mut();
    fn lsl_destroy_inlet(inlet: lsl_inlet);
    fn lsl_get_fullinfo(inlet: lsl_inlet, timeout: f64, ec: *mut i32) -> lsl_streaminfo = { no_library(ec); null_mut() };
    fn lsl_open_stream(inlet: lsl_inlet, timeout: f64, ec: *mut i32) = no_library(ec);
    fn lsl_close_stream(inlet: lsl_inlet);
    fn lsl_time_correction(inlet: lsl_inlet, timeout: f64, ec: *mut i32) -> f64 = { no_library(ec); 0.0 };
    fn lsl_time_correction_ex(inlet: lsl_inlet, remote_time: *mut f64, uncertainty: *mut f64, timeout: f64, ec: *mut i32) -> f64 = { no_library(ec); 0.0 };
    fn lsl_set_postprocessing(inlet: lsl_inlet, flags: u32) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_pull_sample_f(inlet: lsl_inlet, buffer: *mut f32, buffer_elements: i32, timeout: f64, ec: *mut i32) -> f64 = { no_library(ec); 0.0 };
    fn lsl_pull_sample_d(inlet: lsl_inlet, buffer: *mut f64, buffer_elements: i32, timeout: f64, ec: *mut i32) -> f64 = { no_library(ec); 0.0 };
    fn lsl_pull_sample_l(inlet: lsl_inlet, buffer: *mut i64, buffer_elements: i32, timeout: f64, ec: *mut i32) -> f64 = { no_library(ec); 0.0 };
    fn lsl_pull_sample_i(inlet: lsl_inlet, buffer: *mut i32, buffer_elements: i32, timeout: f64, ec: *mut i32) -> f64 = { no_library(ec); 0.0 };
    fn lsl_pull_sample_s(inlet: lsl_inlet, buffer: *mut i16, buffer_elements: i32, timeout: f64, ec: *mut i32) -> f64 = { no_library(ec); 0.0 };
    fn lsl_pull_sample_c(inlet: lsl_inlet, buffer: *mut i8, buffer_elements: i32, timeout: f64, ec: *mut i32) -> f64 = { no_library(ec); 0.0 };
    fn lsl_pull_sample_str(inlet: lsl_inlet, buffer: *mut *mut c_char, buffer_elements: i32, timeout: f64, ec: *mut i32) -> f64 = { no_library(ec); 0.0 };
    fn lsl_pull_sample_buf(inlet: lsl_inlet, buffer: *mut *mut c_char, buffer_lengths: *mut u32, buffer_elements: i32, timeout: f64, ec: *mut i32) -> f64 = { no_library(ec); 0.0 };
    fn lsl_pull_chunk_f(inlet: lsl_inlet, data_buffer: *mut f32, timestamp_buffer: *mut f64, data_buffer_elements: c_ulong, timestamp_buffer_elements: c_ulong, timeout: f64, ec: *mut i32) -> c_ulong = { no_library(ec); 0 };
    fn lsl_pull_chunk_d(inlet: lsl_inlet, data_buffer: *mut f64, timestamp_buffer: *mut f64, data_buffer_elements: c_ulong, timestamp_buffer_elements: c_ulong, timeout: f64, ec: *mut i32) -> c_ulong = { no_library(ec); 0 };
    fn lsl_pull_chunk_l(inlet: lsl_inlet, data_buffer: *mut i64, timestamp_buffer: *mut f64, data_buffer_elements: c_ulong, timestamp_buffer_elements: c_ulong, timeout: f64, ec: *mut i32) -> c_ulong = { no_library(ec); 0 };
    fn lsl_pull_chunk_i(inlet: lsl_inlet, data_buffer: *mut i32, timestamp_buffer: *mut f64, data_buffer_elements: c_ulong, timestamp_buffer_elements: c_ulong, timeout: f64, ec: *mut i32) -> c_ulong = { no_library(ec); 0 };
    fn lsl_pull_chunk_s(inlet: lsl_inlet, data_buffer: *mut i16, timestamp_buffer: *mut f64, data_buffer_elements: c_ulong, timestamp_buffer_elements: c_ulong, timeout: f64, ec: *mut i32) -> c_ulong = { no_library(ec); 0 };
    fn lsl_pull_chunk_c(inlet: lsl_inlet, data_buffer: *mut i8, timestamp_buffer: *mut f64, data_buffer_elements: c_ulong, timestamp_buffer_elements: c_ulong, timeout: f64, ec: *mut i32) -> c_ulong = { no_library(ec); 0 };
    fn lsl_samples_available(inlet: lsl_inlet) -> u32 = 0;
    fn lsl_was_clock_reset(inlet: lsl_inlet) -> u32 = 0;
    fn lsl_smoothing_halftime(inlet: lsl_inlet, value: f32) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_first_child(element: lsl_xml_ptr) -> lsl_xml_ptr = null_mut();
    fn lsl_last_child(element: lsl_xml_ptr) -> lsl_xml_ptr = null_mut();
    fn lsl_next_sibling(element: lsl_xml_ptr) -> lsl_xml_ptr = null_mut();
    fn lsl_previous_sibling(element: lsl_xml_ptr) -> lsl_xml_ptr = null_mut();
    fn lsl_parent(element: lsl_xml_ptr) -> lsl_xml_ptr = null_mut();
    fn lsl_child(element: lsl_xml_ptr, name: *const c_char) -> lsl_xml_ptr = null_mut();
    fn lsl_next_sibling_n(element: lsl_xml_ptr, name: *const c_char) -> lsl_xml_ptr = null_mut();
    fn lsl_previous_sibling_n(element: lsl_xml_ptr, name: *const c_char) -> lsl_xml_ptr = null_mut();
    fn lsl_empty(element: lsl_xml_ptr) -> i32 = 0;
    fn lsl_is_text(element: lsl_xml_ptr) -> i32 = 0;
    fn lsl_name(element: lsl_xml_ptr) -> *const c_char = NO_TEXT.as_ptr();
    fn lsl_value(element: lsl_xml_ptr) -> *const c_char = NO_TEXT.as_ptr();
    fn lsl_child_value(element: lsl_xml_ptr) -> *const c_char = NO_TEXT.as_ptr();
    fn lsl_child_value_n(element: lsl_xml_ptr, name: *const c_char) -> *const c_char = NO_TEXT.as_ptr();
    fn lsl_append_child_value(element: lsl_xml_ptr, name: *const c_char, value: *const c_char) -> lsl_xml_ptr = null_mut();
    fn lsl_prepend_child_value(element: lsl_xml_ptr, name: *const c_char, value: *const c_char) -> lsl_xml_ptr = null_mut();
    fn lsl_set_child_value(element: lsl_xml_ptr, name: *const c_char, value: *const c_char) -> i32 = 0;
    fn lsl_set_name(element: lsl_xml_ptr, text: *const c_char) -> i32 = 0;
    fn lsl_set_value(element: lsl_xml_ptr, text: *const c_char) -> i32 = 0;
    fn lsl_append_child(element: lsl_xml_ptr, name: *const c_char) -> lsl_xml_ptr = null_mut();
    fn lsl_prepend_child(element: lsl_xml_ptr, name: *const c_char) -> lsl_xml_ptr = null_mut();
    fn lsl_append_copy(element: lsl_xml_ptr, other: lsl_xml_ptr) -> lsl_xml_ptr = null_mut();
    fn lsl_prepend_copy(element: lsl_xml_ptr, other: lsl_xml_ptr) -> lsl_xml_ptr = null_mut();
    fn lsl_remove_child_n(element: lsl_xml_ptr, name: *const c_char);
    fn lsl_remove_child(element: lsl_xml_ptr, other: lsl_xml_ptr);
    fn lsl_create_continuous_resolver(forget_after: f64) -> lsl_continuous_resolver = null_mut();
    fn lsl_create_continuous_resolver_byprop(prop: *const c_char, value: *const c_char, forget_after: f64) -> lsl_continuous_resolver = null_mut();
    fn lsl_create_continuous_resolver_bypred(pred: *const c_char, forget_after: f64) -> lsl_continuous_resolver = null_mut();
    fn lsl_resolver_results(resolver: lsl_continuous_resolver, buffer: *mut lsl_streaminfo, buffer_elements: u32) -> i32 = lsl_error_code_t_lsl_internal_error;
    fn lsl_destroy_continuous_resolver(resolver: lsl_continuous_resolver);
    fn lsl_last_error() -> *const c_char = NO_TEXT.as_ptr();
    fn lsl_inlet_flush(inlet: lsl_inlet) -> u32 = 0;
}
