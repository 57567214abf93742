//! Any bytes into the XDF reader: no panic, no memory beyond a small multiple of the input, and what is
//! loaded holds together. Good seeds: tests/vectors/xdf/*.xdf.

#![no_main]

use std::io::Cursor;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use phosphene::formats::xdf::{LoadOptions, load};

fuzz_target!(|bytes: &[u8]| {
    for options in [LoadOptions::raw(), LoadOptions::default()] {
        let Ok(file) = load(Cursor::new(bytes), Path::new("fuzz.xdf"), &options) else { continue };
        for stream in &file.streams {
            assert_eq!(stream.values.len(), stream.len() * stream.header.channel_count);
            assert!(stream.values.bytes() <= 16 * bytes.len() as u64);
        }
    }
});
