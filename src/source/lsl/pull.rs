//! Pulls samples of any format into a [`Block`], bit for bit, without waiting.
//!
//! Numbers go straight into the block's memory; texts are copied out of liblsl's, one sample at a time,
//! because only that call tells their lengths (a text may hold NUL bytes).

#![allow(unsafe_code)] // calls into liblsl, each with its reason beside it

use std::ffi::{c_char, c_ulong};

use super::block::{Block, BlockValues};
use super::inlet::{Handle, Trouble};

/// Places for the texts of one sample.
#[derive(Debug)]
pub(super) struct TextPlaces {
    pointers: Vec<*mut c_char>,
    lengths: Vec<u32>,
}

impl TextPlaces {
    /// For samples of this many texts.
    pub fn new(channels: usize) -> Self {
        Self { pointers: vec![std::ptr::null_mut(); channels], lengths: vec![0; channels] }
    }
}

macro_rules! pull_numbers {
    ($inlet:expr, $block:expr, $values:expr, $call:ident) => {{
        let (room, channels) = ($block.room, $block.channels);
        $values.reserve(room * channels);
        $block.stamps.reserve(room);
        let mut code = 0;
        // SAFETY: both buffers have room for as many elements as is said; the handle is alive.
        let pulled = unsafe {
            lsl_sys::$call(
                $inlet.0,
                $values.as_mut_ptr().add($values.len()),
                $block.stamps.as_mut_ptr().add($block.stamps.len()),
                (room * channels) as c_ulong,
                room as c_ulong,
                0.0,
                &mut code,
            )
        };
        let samples = (pulled as usize / channels).min(room);
        // SAFETY: liblsl has written this many elements behind the old ends, within what was reserved.
        unsafe {
            $values.set_len($values.len() + samples * channels);
            $block.stamps.set_len($block.stamps.len() + samples);
        }
        Trouble::check(code).map(|()| samples)
    }};
}

/// The parts of a block that a pull fills.
struct Open<'a> {
    stamps: &'a mut Vec<f64>,
    room: usize,
    channels: usize,
}

/// Pulls what is there and fits; how many samples came.
///
/// # Errors
/// [`Trouble`], with what came before it kept in the block.
pub(super) fn pull_into(
    inlet: &Handle,
    block: &mut Block,
    places: &mut TextPlaces,
) -> Result<usize, Trouble> {
    use BlockValues as V;
    if matches!(block.values, V::Text { .. }) {
        return pull_texts(inlet, block, places);
    }
    let (room, channels) = (block.room(), block.channels());
    if room == 0 {
        return Ok(0);
    }
    let open = Open { stamps: &mut block.stamps, room, channels };
    match &mut block.values {
        V::Int8(values) => pull_numbers!(inlet, open, values, lsl_pull_chunk_c),
        V::Int16(values) => pull_numbers!(inlet, open, values, lsl_pull_chunk_s),
        V::Int32(values) => pull_numbers!(inlet, open, values, lsl_pull_chunk_i),
        V::Int64(values) => pull_numbers!(inlet, open, values, lsl_pull_chunk_l),
        V::Float32(values) => pull_numbers!(inlet, open, values, lsl_pull_chunk_f),
        V::Double64(values) => pull_numbers!(inlet, open, values, lsl_pull_chunk_d),
        V::Text { .. } => Ok(0),
    }
}

fn pull_texts(
    inlet: &Handle,
    block: &mut Block,
    places: &mut TextPlaces,
) -> Result<usize, Trouble> {
    let mut samples = 0;
    while block.room() > 0 {
        let Some(stamp_secs) = pull_text_sample(inlet, block, places)? else { break };
        block.stamps.push(stamp_secs);
        samples += 1;
    }
    Ok(samples)
}

/// One sample of texts, added to the block; its stamp, or nothing yet.
fn pull_text_sample(
    inlet: &Handle,
    block: &mut Block,
    places: &mut TextPlaces,
) -> Result<Option<f64>, Trouble> {
    let mut code = 0;
    places.pointers.fill(std::ptr::null_mut());
    // SAFETY: both lists hold as many places as is said; the texts put there are ours to destroy.
    let stamp_secs = unsafe {
        lsl_sys::lsl_pull_sample_buf(
            inlet.0,
            places.pointers.as_mut_ptr(),
            places.lengths.as_mut_ptr(),
            places.pointers.len() as i32,
            0.0,
            &mut code,
        )
    };
    Trouble::check(code)?;
    if stamp_secs == 0.0 {
        return Ok(None);
    }
    for (&text, &length) in places.pointers.iter().zip(&places.lengths) {
        if text.is_null() {
            block.push_text(b"");
            continue;
        }
        // SAFETY: liblsl wrote a text of this many bytes, and it is destroyed once, after the copy.
        unsafe {
            block.push_text(std::slice::from_raw_parts(text.cast::<u8>(), length as usize));
            lsl_sys::lsl_destroy_string(text);
        }
    }
    Ok(Some(stamp_secs))
}
