//! `phosphene replay`: a recording through the very same stages as live, at any speed.
//!
//! Every window is decoded at every speed: the replay waits for the decoder. A recording of ours gives the decode
//! hash that it gave live. `--lsl` publishes the recording as streams for any other program instead.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::formats::recording::ChannelHead;
use crate::publish::lsl::Publisher;
use crate::signal::{Chunk, FrameMeta, Marker};
use crate::source::file::{FileSource, Speed, Transport, transport::SPEEDS};
use crate::source::{CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceError};
use crate::time::clock::Clock;

use super::decoding::DecodeArgs;
use super::failure::Failure;
use super::live::{self, Replaying};
use super::terminal::on_interrupt;

const EXAMPLES: &str = "\
Examples:
  phosphene replay session.xdf                                in the window: play, pause, seek, speed
  phosphene replay session.xdf --speed max --headless --json  every window, as fast as possible
  phosphene replay recording.edf --speed 4 --from 60
  phosphene replay session.xdf --lsl                          as LSL streams, for any other program";

/// Arguments of `replay`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The recording: XDF, EDF, BDF, BrainVision, OpenBCI, BrainFlow or Muse text
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Seconds of the recording per second, 0.1 to 16, or max (headless only)
    #[arg(long, value_name = "X|max", default_value = "1")]
    pub speed: Speed,
    /// Begin so many seconds into the recording
    #[arg(long, value_name = "SECS")]
    pub from: Option<f64>,
    /// Begin again at the end
    #[arg(long = "loop")]
    pub looping: bool,
    /// Publish the recording as LSL streams, at its own speed, in place of decoding it
    #[arg(long, conflicts_with_all = ["headless", "out", "json", "from"])]
    pub lsl: bool,
    /// What every run that decodes is asked
    #[command(flatten)]
    pub decoding: DecodeArgs,
}

/// Runs `replay`.
///
/// # Errors
/// Exit code 6 when the file cannot be read, others as `live`.
pub fn run(args: Args) -> Result<(), Failure> {
    if args.lsl {
        return publish(&args);
    }
    let at_once = args.speed == Speed::Max;
    if at_once && (!args.decoding.headless || args.looping || args.from.is_some()) {
        let why = "--speed max goes with --headless, and through the whole recording once";
        return Err(Failure::usage(why));
    }
    let transport = Arc::new(Transport::new(paced(args.speed)?));
    transport.set_looping(args.looping);
    transport.set_holding(!args.decoding.headless);
    if let Some(secs) = args.from {
        let first_secs = first_secs(&args)?;
        transport.seek(first_secs + secs);
    }
    live::run(live::Args {
        source: format!("file:{}", args.file.display()),
        decoding: args.decoding,
        replay: Some(Replaying { at_once, transport }),
        ..live::Args::default()
    })
}

fn paced(speed: Speed) -> Result<f64, Failure> {
    match speed {
        Speed::Max => Ok(1.0),
        Speed::Times(times) if SPEEDS.contains(&times) => Ok(times),
        Speed::Times(times) => Err(Failure::usage(format!(
            "--speed {times} is not from 0.1 to 16; max is as fast as possible"
        ))),
    }
}

/// Time of the first frame.
fn first_secs(args: &Args) -> Result<f64, Failure> {
    let transport = Arc::new(Transport::default());
    let mut source = FileSource::new(args.file.clone()).with_transport(transport.clone());
    source.prepare(&Clock::system()).map_err(|e| unavailable(&e))?;
    Ok(transport.outline().map_or(0.0, |outline| outline.first_secs))
}

fn publish(args: &Args) -> Result<(), Failure> {
    if args.speed != Speed::Times(1.0) {
        return Err(Failure::usage(
            "--lsl goes at the recording's own speed: receivers rely on its rate",
        ));
    }
    let clock = crate::source::make::lsl_clock().map_err(|e| unavailable(&e))?;
    let interrupted = on_interrupt()?;
    let mut source = FileSource::new(args.file.clone());
    let info = source.prepare(&clock).map_err(|e| unavailable(&e))?;
    let known = described(args);
    let mut publisher = Publisher::new(&info, &info.name, &known).map_err(|e| unavailable(&e))?;
    eprintln!(
        "publishing {} channels at {} Hz as LSL streams '{name}' and '{name} markers'; Ctrl-C ends",
        info.channels.len(),
        info.rate.hz(),
        name = publisher.name(),
    );
    let mut chunk = Chunk::with_capacity(info.channels.len(), CHUNK_FRAMES, CHUNK_MARKERS);
    let mut now = Chunk::with_capacity(info.channels.len(), CHUNK_FRAMES, CHUNK_MARKERS);
    while !interrupted.load(Ordering::Relaxed) {
        chunk.clear();
        if source.read(&mut chunk).map_err(|e| unavailable(&e))? == ReadStatus::End {
            if !args.looping {
                break;
            }
            source.prepare(&clock).map_err(|e| unavailable(&e))?;
            continue;
        }
        shifted(&chunk, source.counters().clock_offset_secs, &mut now);
        publisher.write(&now).map_err(|e| unavailable(&e))?;
    }
    Ok(())
}

/// What the file says of its channels; nothing where it says nothing.
fn described(args: &Args) -> Vec<ChannelHead> {
    let Ok(reader) = crate::formats::open(&args.file) else { return Vec::new() };
    reader.head().streams.iter().flat_map(|stream| stream.channels.clone()).collect()
}

/// The same frames and markers at the present time.
fn shifted(chunk: &Chunk, offset_secs: f64, out: &mut Chunk) {
    out.clear();
    for marker in chunk.markers() {
        let _ = out.push_marker(Marker::new(marker.time_secs + offset_secs, marker.label()));
    }
    for (i, meta) in chunk.frames().iter().enumerate() {
        let meta = FrameMeta { time_secs: meta.time_secs + offset_secs, ..*meta };
        let _ = out.push(meta, chunk.frame(i));
    }
}

fn unavailable(error: &SourceError) -> Failure {
    Failure { message: error.to_string(), code: error.exit_code() }
}
