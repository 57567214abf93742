//! All subcommands, and the way from arguments to an exit code.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::failure::Failure;
use super::{
    board, calibrate, convert, devices, doctor, evaluate, find, fit, inspect, live, montages, pack,
    record, replay, simulate,
};

const EXAMPLES: &str = "\
Examples:
  phosphene                                        the window, on the simulated headset
  phosphene live --source lsl:type=EEG             the window, on the first EEG stream of the network
  phosphene live --source brainflow:cyton,serial_port=/dev/ttyUSB0
  phosphene live --source sim --headless --seconds 30 --out live-out --json
  phosphene devices                                what can be reached now
  phosphene doctor                                 what works on this computer, and how to mend the rest
  phosphene pack check models/demo

Phosphene reconstructs images seen during calibrated viewing. It does not read thoughts.";

/// Turns live EEG into pictures: live, causal, honest.
#[derive(Debug, Parser)]
#[command(name = "phosphene", version, about, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Subcommands>,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Watch reconstructions of a source, in the window or headless
    Live(live::Args),
    /// List LSL streams, BrainFlow boards and serial ports that can be reached now
    Devices(devices::Args),
    /// List the montages of common headsets, and those that are saved for devices
    Montages(montages::Args),
    /// Show and measure a board's channels: gain, bias, references, impedance
    Board(board::Args),
    /// Check native libraries, model packs and graphics, and say how to mend what does not work
    Doctor(doctor::Args),
    /// Publish the virtual subject as real LSL streams: EEG and Markers
    Simulate(simulate::Args),
    /// Show what is in a recording: streams, rates, gaps, events
    Inspect(inspect::Args),
    /// Write a recording in another format, or as a BIDS data set
    Convert(convert::Args),
    /// Replay a recording through the very same stages, in the window or headless
    Replay(replay::Args),
    /// Record any number of sources at once into one XDF file
    Record(record::Args),
    /// Hold a calibration session: pictures in the window or before the virtual subject, then fit, score, report
    Calibrate(calibrate::Args),
    /// Find the picture that one looks for on a page, by attention
    Find(find::Args),
    /// Fit a personal encoder to recorded sessions
    Fit(fit::Args),
    /// Score recorded sessions, with chance, intervals and controls
    Evaluate(evaluate::Args),
    /// Check, show or try a model pack
    Pack(pack::PackArgs),
}

/// Reads the arguments, runs the command, gives the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log();
    let outcome = match cli.command {
        None => live::run(live::Args::default()),
        Some(Subcommands::Live(args)) => live::run(args),
        Some(Subcommands::Devices(args)) => devices::run(&args),
        Some(Subcommands::Montages(args)) => montages::run(&args),
        Some(Subcommands::Board(args)) => board::run(&args),
        Some(Subcommands::Doctor(args)) => doctor::run(&args),
        Some(Subcommands::Simulate(args)) => simulate::run(args),
        Some(Subcommands::Replay(args)) => replay::run(args),
        Some(Subcommands::Inspect(args)) => inspect::run(&args),
        Some(Subcommands::Convert(args)) => convert::run(&args),
        Some(Subcommands::Record(args)) => record::run(&args),
        Some(Subcommands::Calibrate(args)) => calibrate::run(&args),
        Some(Subcommands::Find(args)) => find::run(&args),
        Some(Subcommands::Fit(args)) => fit::run(&args),
        Some(Subcommands::Evaluate(args)) => evaluate::run(&args),
        Some(Subcommands::Pack(args)) => {
            pack::run(&args, || crate::native::onnx_runtime().map_err(Failure::pack))
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("phosphene: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

/// Logs go to standard error; `RUST_LOG` chooses how much.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "phosphene=warn,ort=error,wgpu=error".into());
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
