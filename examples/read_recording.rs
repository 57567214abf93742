//! Reads a recording and says how long that took and how much memory: for `benches/peers/read_speed.py`.
//!
//! `read_recording whole FILE` loads an XDF file into memory; `read_recording pieces FILE` reads any format block by
//! block; `read_recording seek FILE` reads it once, then goes to a hundred places in it and reads a block at each.
//! Prints one line of JSON.

use std::fs::File;
use std::path::Path;

use phosphene::formats::recording::Block;
use phosphene::formats::xdf::{LoadOptions, load};
use phosphene::time::clock::Clock;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Places that are gone to, and what their choice begins with, so that every run goes to the same.
const SEEKS: usize = 100;
const SEED: u64 = 20_261_129;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, how, path] = arguments.as_slice() else {
        eprintln!("usage: read_recording whole|pieces|seek FILE");
        std::process::exit(2);
    };
    let clock = Clock::system();
    let begun_secs = clock.now_secs();
    let path = Path::new(path);
    let told = |(samples, sum)| {
        let secs = clock.now_secs() - begun_secs;
        format!("{{\"secs\": {secs}, \"samples\": {samples}, \"sum\": {sum}}}")
    };
    let outcome = match how.as_str() {
        "whole" => whole(path).map(told),
        "seek" => seek(path, &clock),
        _ => pieces(path).map(told),
    };
    match outcome {
        Ok(line) => println!("{line}"),
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

/// Milliseconds from a seek to the block in hand: the median, the largest, and how far before the wanted time blocks begin.
fn seek(path: &Path, clock: &Clock) -> Result<String, Box<dyn std::error::Error>> {
    let mut reader = phosphene::formats::open(path)?;
    let (mut block, mut last_secs) = (Block::default(), 0.0_f64);
    let mut first_secs = f64::INFINITY;
    while reader.next_block(&mut block)? {
        last_secs = block.times_secs.iter().copied().fold(last_secs, f64::max);
        first_secs = block.times_secs.iter().copied().fold(first_secs, f64::min);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let (mut millis, mut lead_secs) = (Vec::with_capacity(SEEKS), 0.0_f64);
    for _ in 0..SEEKS {
        let secs = first_secs + rng.random_range(0.0..1.0) * (last_secs - first_secs);
        let begun_secs = clock.now_secs();
        reader.seek_secs(secs)?;
        reader.next_block(&mut block)?;
        millis.push(1e3 * (clock.now_secs() - begun_secs));
        lead_secs = block.times_secs.first().map_or(lead_secs, |first| lead_secs.max(secs - first));
    }
    millis.sort_by(f64::total_cmp);
    let (median, largest) = (millis[SEEKS / 2], millis[SEEKS - 1]);
    Ok(format!(
        "{{\"seeks\": {SEEKS}, \"median_ms\": {median:.3}, \"largest_ms\": {largest:.3}, \"lead_secs\": {lead_secs:.3}}}"
    ))
}
