//! The command line: one file per subcommand. Reads arguments, runs, turns outcomes into exit codes.
//!
//! Exit codes: 0 done · 1 unexpected · 2 usage · 3 source not available or lost for good · 4 model pack or
//! encoder refused · 5 recording or output could not be kept safe · 6 file cannot be read.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub mod calibrate;
pub mod convert;
pub mod devices;
pub mod doctor;
pub mod document;
pub mod evaluate;
mod evaluate_classes;
pub mod fit;
pub mod generate;
pub mod inspect;
pub mod live;
pub mod output;
pub mod pack;
mod pack_show;
pub mod record;
pub mod replay;
pub mod sessions;
pub mod sheet;
pub mod simulate;
#[cfg(feature = "window")]
mod window;

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
    /// Fit a personal encoder to recorded sessions
    Fit(fit::Args),
    /// Score recorded sessions, with chance, intervals and controls
    Evaluate(evaluate::Args),
    /// Check, show or try a model pack
    Pack(pack::PackArgs),
}

/// A command that did not succeed: what to say and which exit code to give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What happened and what to do, in plain words.
    pub message: String,
    /// Exit code.
    pub code: u8,
}

impl Failure {
    /// Anything that the other codes do not cover.
    pub fn unexpected(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// The arguments do not make sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }

    /// The source is not available or was lost for good.
    pub fn source(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 3 }
    }

    /// The model pack or the encoder is refused.
    pub fn pack(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 4 }
    }

    /// A recording or an output could not be kept safe.
    pub fn output(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 5 }
    }

    /// A file cannot be read.
    pub fn file(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 6 }
    }
}

impl From<crate::decode::PackError> for Failure {
    fn from(error: crate::decode::PackError) -> Self {
        Self::pack(error.to_string())
    }
}

impl From<crate::decode::DecodeError> for Failure {
    fn from(error: crate::decode::DecodeError) -> Self {
        Self::pack(error.to_string())
    }
}

impl From<crate::pipeline::RunFailure> for Failure {
    fn from(failure: crate::pipeline::RunFailure) -> Self {
        Self { message: failure.message, code: failure.exit_code }
    }
}

impl From<crate::study::error::PersonalError> for Failure {
    fn from(error: crate::study::error::PersonalError) -> Self {
        use crate::study::error::PersonalError;
        let message = error.to_string();
        match error {
            PersonalError::Pack(_) => Self::pack(message),
            PersonalError::Output(_) => Self::output(message),
            PersonalError::Sessions(_) => Self::file(message),
            PersonalError::Run(failure) => Self { message, code: failure.exit_code },
            PersonalError::Unexpected(_) => Self::unexpected(message),
        }
    }
}

/// Reads the arguments, runs the command, gives the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log();
    let outcome = match cli.command {
        None => live::run(live::Args::default()),
        Some(Subcommands::Live(args)) => live::run(args),
        Some(Subcommands::Devices(args)) => devices::run(&args),
        Some(Subcommands::Doctor(args)) => doctor::run(&args),
        Some(Subcommands::Simulate(args)) => simulate::run(args),
        Some(Subcommands::Replay(args)) => replay::run(args),
        Some(Subcommands::Inspect(args)) => inspect::run(&args),
        Some(Subcommands::Convert(args)) => convert::run(&args),
        Some(Subcommands::Record(args)) => record::run(&args),
        Some(Subcommands::Calibrate(args)) => calibrate::run(&args),
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

/// Prints one JSON document on standard output. A closed pipe is not an error.
///
/// # Errors
/// Exit code 1 when the document cannot be made.
pub fn print_json(document: &impl serde::Serialize) -> Result<(), Failure> {
    use std::io::Write;
    let text = serde_json::to_string_pretty(document)
        .map_err(|e| Failure::unexpected(format!("the JSON document failed: {e}")))?;
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(())
}
