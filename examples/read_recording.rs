//! Reads a recording and says how long that took and how much memory: for `benches/peers/read_speed.py`.
//!
//! `read_recording whole FILE` loads an XDF file into memory; `read_recording pieces FILE` reads any format block by
//! block. Prints one line of JSON.

use std::fs::File;
use std::path::Path;

use phosphene::formats::recording::Block;
use phosphene::formats::xdf::{LoadOptions, load};
use phosphene::time::clock::Clock;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, how, path] = arguments.as_slice() else {
        eprintln!("usage: read_recording whole|pieces FILE");
        std::process::exit(2);
    };
    let clock = Clock::system();
    let begun_secs = clock.now_secs();
    let outcome = if how == "whole" { whole(Path::new(path)) } else { pieces(Path::new(path)) };
    match outcome {
        Ok((samples, sum)) => {
            let secs = clock.now_secs() - begun_secs;
            println!("{{\"secs\": {secs}, \"samples\": {samples}, \"sum\": {sum}}}");
        }
        Err(why) => {
            eprintln!("{why}");
            std::process::exit(6);
        }
    }
}

/// Samples of all streams, and the sum of first values, so that nothing is optimised away.
fn whole(path: &Path) -> Result<(usize, f64), Box<dyn std::error::Error>> {
    let options = LoadOptions { max_decoded_bytes: 16 << 30, ..LoadOptions::default() };
    let file = load(File::open(path)?, path, &options)?;
    let samples = file.streams.iter().map(|stream| stream.len()).sum();
    Ok((samples, file.streams.iter().filter_map(|stream| stream.values.number(0)).sum()))
}

fn pieces(path: &Path) -> Result<(usize, f64), Box<dyn std::error::Error>> {
    let mut reader = phosphene::formats::open(path)?;
    let (mut block, mut samples, mut sum) = (Block::default(), 0, 0.0);
    while reader.next_block(&mut block)? {
        samples += block.times_secs.len();
        sum += block.values.first().copied().unwrap_or(0.0);
    }
    Ok((samples, sum))
}
