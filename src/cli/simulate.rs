//! `phosphene simulate`: the virtual subject as real LSL streams, EEG and Markers.

use std::sync::atomic::Ordering;

use crate::publish::lsl::Publisher;
use crate::signal::Chunk;
use crate::source::simulator::SimulatedSource;
use crate::source::spec::Parameters;
use crate::source::{CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceError};
use crate::subject::SimParams;
use crate::time::clock::Clock;

use super::failure::Failure;
use super::terminal::on_interrupt;

/// Arguments of `simulate`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Which virtual subject
    #[arg(long, value_name = "N")]
    pub subject: Option<u64>,
    /// Signal-to-noise ratio of the evoked response, in dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true)]
    pub snr: Option<f64>,
    /// Name of the electrode montage
    #[arg(long, value_name = "NAME")]
    pub montage: Option<String>,
    /// Sampling rate in Hz
    #[arg(long, value_name = "HZ")]
    pub rate: Option<f64>,
    /// Name of the LSL streams
    #[arg(long, value_name = "NAME", default_value = "Phosphene-SIMULATED")]
    pub name: String,
    /// Stop after this many seconds
    #[arg(long, value_name = "N")]
    pub seconds: Option<f64>,
}

/// Runs `simulate`.
///
/// # Errors
/// Exit code 2 for parameters that cannot be, 3 when liblsl is not available.
pub fn run(args: Args) -> Result<(), Failure> {
    let params = SimParams::from_parameters(&parameters(&args)).map_err(usage)?;
    let clock = crate::source::make::lsl_clock().map_err(unavailable)?;
    let mut source = SimulatedSource::new(params, crate::signal::StimulusSet::bundled_or_none());
    let info = source.prepare(&clock).map_err(unavailable)?;
    let mut publisher = Publisher::new(&info, &args.name, &[]).map_err(unavailable)?;
    eprintln!(
        "publishing {} channels at {} Hz as LSL streams '{name}' and '{name} markers'; Ctrl-C ends",
        info.channels.len(),
        info.rate.hz(),
        name = publisher.name(),
    );
    publish(&mut source, &mut publisher, &clock, args.seconds, info.channels.len())?;
    source.stop();
    Ok(())
}

fn publish(
    source: &mut SimulatedSource,
    publisher: &mut Publisher,
    clock: &Clock,
    seconds: Option<f64>,
    channels: usize,
) -> Result<(), Failure> {
    let interrupted = on_interrupt()?;
    let started_secs = clock.now_secs();
    let mut chunk = Chunk::with_capacity(channels, CHUNK_FRAMES, CHUNK_MARKERS);
    while !interrupted.load(Ordering::Relaxed) {
        chunk.clear();
        if source.read(&mut chunk).map_err(unavailable)? == ReadStatus::End {
            break;
        }
        publisher.write(&chunk).map_err(unavailable)?;
        if seconds.is_some_and(|limit| clock.now_secs() - started_secs >= limit) {
            break;
        }
    }
    Ok(())
}

fn parameters(args: &Args) -> Parameters {
    let mut parameters = Parameters::new();
    let mut set = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            parameters.insert(key.into(), value);
        }
    };
    set("subject", args.subject.map(|v| v.to_string()));
    set("snr", args.snr.map(|v| v.to_string()));
    set("montage", args.montage.clone());
    set("rate", args.rate.map(|v| v.to_string()));
    parameters
}

fn usage(error: SourceError) -> Failure {
    Failure::usage(error.to_string())
}

fn unavailable(error: SourceError) -> Failure {
    Failure::source(error.to_string())
}
