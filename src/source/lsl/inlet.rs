//! One inlet: pulls frames into memory that is set aside beforehand.
//!
//! Stands on the raw calls because the `lsl` crate pulls chunks into new vectors. Gives frames of all the
//! stream's channels, row-major, in the stream's unit, and stamps on the sender's clock. liblsl does no
//! post-processing: no clock correction, no smoothing ("dejitter" assumes that nothing was lost), and it
//! does not recover by itself, so that a loss is seen. Must be dropped before outlets of the same process.

#![allow(unsafe_code)] // calls into liblsl, each with its reason beside it

use std::ffi::c_ulong;

use super::info::Info;
use crate::source::{CHUNK_FRAMES, SourceError};

/// Signal that liblsl keeps for us while we do not read, in seconds.
const BUFFER_SECS: i32 = 30;

/// What a call to liblsl can end with besides an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Not yet.
    Timeout,
    /// The sender is gone.
    Lost,
    /// Anything else, by liblsl's number.
    Other(i32),
}

impl Trouble {
    pub(super) fn check(code: i32) -> Result<(), Self> {
        match code {
            0 => Ok(()),
            lsl_sys::lsl_error_code_t_lsl_timeout_error => Err(Self::Timeout),
            lsl_sys::lsl_error_code_t_lsl_lost_error => Err(Self::Lost),
            other => Err(Self::Other(other)),
        }
    }
}

/// Offset of the sender's clock: add it to a stamp.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Correction {
    /// In seconds.
    pub offset_secs: f64,
    /// Half the round trip, in seconds.
    pub uncertainty_secs: f64,
}

/// A raw inlet, destroyed when dropped.
#[derive(Debug)]
pub(super) struct Handle(pub(super) lsl_sys::lsl_inlet);

impl Handle {
    /// An inlet for a resolved stream. Does not connect yet. With `recover`, liblsl finds a lost stream
    /// again by itself and says nothing.
    pub fn new(info: &Info, recover: bool) -> Result<Self, SourceError> {
        // SAFETY: the description is alive, and liblsl copies it into the inlet.
        let inlet =
            unsafe { lsl_sys::lsl_create_inlet(info.raw(), BUFFER_SECS, 0, i32::from(recover)) };
        if inlet.is_null() {
            return Err(SourceError::Unusable {
                what: format!("LSL stream '{}'", info.name()),
                why: "liblsl could not make an inlet for it".into(),
                remedy: "Restart the program that sends it.".into(),
            });
        }
        Ok(Self(inlet))
    }

    /// The full description as XML. The first call starts fetching it; a timeout of zero only looks.
    pub fn description(&self, timeout_secs: f64) -> Result<String, Trouble> {
        let mut code = 0;
        // SAFETY: the handle is alive; the description and its text are ours to destroy.
        unsafe {
            let info = lsl_sys::lsl_get_fullinfo(self.0, timeout_secs, &mut code);
            if info.is_null() {
                return Err(Trouble::check(code).err().unwrap_or(Trouble::Other(code)));
            }
            let text = lsl_sys::lsl_get_xml(info);
            lsl_sys::lsl_destroy_streaminfo(info);
            if text.is_null() {
                return Err(Trouble::Other(code));
            }
            let xml = std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned();
            lsl_sys::lsl_destroy_string(text);
            Ok(xml)
        }
    }

    /// Starts the flow of data; with a timeout of zero it goes on in the background.
    pub fn open(&self, timeout_secs: f64) -> Result<(), Trouble> {
        let mut code = 0;
        // SAFETY: the handle is alive.
        unsafe { lsl_sys::lsl_open_stream(self.0, timeout_secs, &mut code) };
        Trouble::check(code)
    }

    /// The newest clock offset. liblsl measures it in the background (a burst of eight probes every 2 s);
    /// only the very first measurement is waited for, and with a timeout of zero not even that.
    pub fn correction(&self, timeout_secs: f64) -> Result<Correction, Trouble> {
        let (mut remote_secs, mut round_trip_secs, mut code) = (0.0, 0.0, 0);
        // SAFETY: the handle is alive and the three addresses are those of locals.
        let offset_secs = unsafe {
            lsl_sys::lsl_time_correction_ex(
                self.0,
                &mut remote_secs,
                &mut round_trip_secs,
                timeout_secs,
                &mut code,
            )
        };
        Trouble::check(code)?;
        Ok(Correction { offset_secs, uncertainty_secs: round_trip_secs / 2.0 })
    }

    /// True when liblsl saw the sender's clock start anew since the last call.
    pub fn was_clock_reset(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { lsl_sys::lsl_was_clock_reset(self.0) != 0 }
    }

    /// One sample as texts, handed to `each` as raw bytes of the first channel; its stamp, or nothing yet.
    /// Numbers are turned into text by liblsl. `pointers` and `lengths` have one place per channel.
    pub fn pull_text(
        &self,
        pointers: &mut [*mut std::ffi::c_char],
        lengths: &mut [u32],
        each: &mut dyn FnMut(f64, &[u8]),
    ) -> Result<bool, Trouble> {
        debug_assert_eq!(pointers.len(), lengths.len());
        let mut code = 0;
        let count = pointers.len().min(lengths.len()) as i32;
        pointers.fill(std::ptr::null_mut());
        // SAFETY: both slices hold `count` places; liblsl fills them with texts that are ours to destroy.
        let stamp_secs = unsafe {
            lsl_sys::lsl_pull_sample_buf(
                self.0,
                pointers.as_mut_ptr(),
                lengths.as_mut_ptr(),
                count,
                0.0,
                &mut code,
            )
        };
        Trouble::check(code)?;
        if stamp_secs == 0.0 {
            return Ok(false);
        }
        if let (Some(&text), Some(&length)) = (pointers.first(), lengths.first())
            && !text.is_null()
        {
            // SAFETY: liblsl wrote a text of this many bytes.
            each(stamp_secs, unsafe { std::slice::from_raw_parts(text.cast(), length as usize) });
        }
        for text in pointers.iter().filter(|text| !text.is_null()) {
            // SAFETY: the text came from liblsl and is destroyed once.
            unsafe { lsl_sys::lsl_destroy_string(*text) };
        }
        Ok(true)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Not closed first: closing races with liblsl's own recovery. Destroying disconnects.
        // SAFETY: the handle is alive and not used again.
        unsafe { lsl_sys::lsl_destroy_inlet(self.0) };
    }
}

/// Frames in the width that keeps them exact: `f32` holds float32, int16 and int8; the rest need `f64`.
#[derive(Debug)]
enum Values {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

/// Memory for one pull: `[CHUNK_FRAMES, channels]` values and as many stamps.
#[derive(Debug)]
pub(super) struct PullBuffer {
    values: Values,
    stamps_secs: Vec<f64>,
    channels: usize,
}

impl PullBuffer {
    /// Sets the memory aside.
    pub fn new(format: lsl::ChannelFormat, channels: usize) -> Self {
        use lsl::ChannelFormat::{Float32, Int8, Int16};
        let len = channels * CHUNK_FRAMES;
        let values = match format {
            Float32 | Int16 | Int8 => Values::Single(vec![0.0; len]),
            _ => Values::Double(vec![0.0; len]),
        };
        Self { values, stamps_secs: vec![0.0; CHUNK_FRAMES], channels }
    }

    /// Pulls at most `frames` frames; waits up to `wait_secs` for the first and for no other.
    pub fn pull(
        &mut self,
        inlet: &Handle,
        frames: usize,
        wait_secs: f64,
    ) -> Result<usize, Trouble> {
        let frames = frames.min(CHUNK_FRAMES);
        if frames == 0 {
            return Ok(0);
        }
        let ready = self.pull_ready(inlet, 0, frames)?;
        if ready > 0 {
            return Ok(ready);
        }
        if !self.pull_first(inlet, wait_secs)? {
            return Ok(0);
        }
        Ok(1 + self.pull_ready(inlet, 1, frames)?)
    }

    /// Pulls what is there into places `from..to`; how many came.
    fn pull_ready(&mut self, inlet: &Handle, from: usize, to: usize) -> Result<usize, Trouble> {
        if from >= to {
            return Ok(0);
        }
        let mut code = 0;
        let range = from * self.channels..to * self.channels;
        let stamps = &mut self.stamps_secs[from..to];
        let (elements, times) = (range.len() as c_ulong, stamps.len() as c_ulong);
        let stamps = stamps.as_mut_ptr();
        // SAFETY: both buffers hold as many elements as is said; the handle is alive.
        let pulled = unsafe {
            match &mut self.values {
                Values::Single(values) => {
                    let values = values[range].as_mut_ptr();
                    lsl_sys::lsl_pull_chunk_f(
                        inlet.0, values, stamps, elements, times, 0.0, &mut code,
                    )
                }
                Values::Double(values) => {
                    let values = values[range].as_mut_ptr();
                    lsl_sys::lsl_pull_chunk_d(
                        inlet.0, values, stamps, elements, times, 0.0, &mut code,
                    )
                }
            }
        };
        Trouble::check(code)?;
        Ok(pulled as usize / self.channels)
    }

    /// Waits for one frame. Unlike a chunk, a single sample is handed over the moment that it arrives.
    fn pull_first(&mut self, inlet: &Handle, wait_secs: f64) -> Result<bool, Trouble> {
        let mut code = 0;
        let count = self.channels as i32;
        // SAFETY: the buffer holds at least one frame of `count` values; the handle is alive.
        let stamp_secs = unsafe {
            match &mut self.values {
                Values::Single(values) => {
                    let values = values.as_mut_ptr();
                    lsl_sys::lsl_pull_sample_f(inlet.0, values, count, wait_secs, &mut code)
                }
                Values::Double(values) => {
                    let values = values.as_mut_ptr();
                    lsl_sys::lsl_pull_sample_d(inlet.0, values, count, wait_secs, &mut code)
                }
            }
        };
        Trouble::check(code)?;
        self.stamps_secs[0] = stamp_secs;
        Ok(stamp_secs != 0.0)
    }

    /// The stamp of frame `i`, in seconds on the sender's clock.
    pub fn stamp_secs(&self, i: usize) -> f64 {
        self.stamps_secs[i]
    }

    /// Writes the picked channels of frame `i` in µV: `out`, `picks` and `scales` are of one length.
    pub fn frame_uv(&self, i: usize, picks: &[usize], scales: &[f64], out: &mut [f32]) {
        let start = i * self.channels;
        let picked = picks.iter().zip(scales).zip(out);
        match &self.values {
            Values::Single(values) => {
                picked.for_each(|((&c, &k), out)| *out = (f64::from(values[start + c]) * k) as f32);
            }
            Values::Double(values) => {
                picked.for_each(|((&c, &k), out)| *out = (values[start + c] * k) as f32);
            }
        }
    }
}
