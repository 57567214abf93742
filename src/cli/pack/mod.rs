//! `phosphene pack check|show|generate`: reads model packs without any signal.
//!
//! With `--json` one document goes to standard output, refusals included; else plain text does.

mod generate;
mod report;
mod show;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::Failure;
use crate::decode::encoding::encoder::ImageEncoder;
use crate::decode::session::Runtime;
use crate::decode::{DecodeTimes, Decoder, DecoderOptions, Pack};
use crate::pack::responses::Responses;
use crate::signal::Window;
use crate::signal::window::Lock;
use crate::time::clock::Clock;
pub use generate::{GenerateArgs, generate};
pub use report::Report;
use report::identity;
pub use show::show;

/// Threads that each graph uses.
const THREADS: usize = 2;

/// Checks, describes or tries out a model pack.
#[derive(Debug, Args)]
pub struct PackArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PackCommand,
}

/// What `phosphene pack` can do.
#[derive(Debug, Subcommand)]
pub enum PackCommand {
    /// Verifies every file, loads every graph, and decodes one silent window
    Check {
        /// Folder with pack.toml
        dir: PathBuf,
        /// Prints one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Shows what the pack says of itself
    Show {
        /// Folder with pack.toml
        dir: PathBuf,
        /// Headset to say the expected score for: a montage's name, or electrodes as O1/Oz/O2
        #[arg(long)]
        montage: Option<String>,
        /// Prints one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Paints the embedding of a gallery label or of a picture
    Generate(GenerateArgs),
}

/// Runs the command; `library` finds ONNX Runtime and is asked only where graphs are run.
///
/// # Errors
/// [`Failure`] with the message and the exit code of the contract.
pub fn run(
    args: &PackArgs,
    library: impl FnOnce() -> Result<PathBuf, Failure>,
) -> Result<(), Failure> {
    let (result, as_json) = match &args.command {
        PackCommand::Check { dir, json } => (library().and_then(|lib| check(dir, &lib)), *json),
        PackCommand::Show { dir, montage, json } => (show(dir, montage.as_deref()), *json),
        PackCommand::Generate(args) => (library().and_then(|lib| generate(args, &lib)), args.json),
    };
    match &result {
        Ok(report) if as_json => println!("{}", report.json),
        Ok(report) => println!("{}", report.text),
        Err(failure) if as_json => {
            println!("{}", json!({ "schema": 1, "ok": false, "error": failure.message }));
        }
        Err(_) => {}
    }
    result.map(|_| ())
}

/// Verifies every file of the pack, loads every graph and decodes one silent window.
///
/// # Errors
/// [`Failure`] with code 4 when anything is not as the manifest says.
pub fn check(dir: &Path, library: &Path) -> Result<Report, Failure> {
    let pack = Pack::open(dir)?;
    let runtime = Runtime::load(library, THREADS)?;
    let has_image_encoder = ImageEncoder::load(&pack, &runtime)?.is_some();
    let has_responses = Responses::load(&pack)?.is_some();
    let mut decoder = Decoder::load(&pack, &DecoderOptions::default(), library)?;
    let times = decode_silence(&pack, &mut decoder)?;
    let mut json = identity(&pack);
    json["ok"] = true.into();
    json["image_encoder"] = has_image_encoder.into();
    json["responses"] = has_responses.into();
    json["gallery"] = decoder.gallery().len().into();
    json["milliseconds"] = json!({
        "encode": times.encode_ms, "denoise": times.denoise_ms,
        "decode_image": times.decode_image_ms, "null": times.null_ms,
    });
    let warnings = pack.warnings().into_iter().map(|warning| format!("\nwarning: {warning}"));
    let text = format!(
        "{} {} is sound: {} files verified, {} gallery pictures, all graphs run.{}",
        pack.manifest().name,
        pack.manifest().version,
        pack.sizes().len(),
        decoder.gallery().len(),
        warnings.collect::<String>(),
    );
    Ok(Report { json, text })
}

fn decode_silence(pack: &Pack, decoder: &mut Decoder) -> Result<DecodeTimes, Failure> {
    let input = &pack.manifest().input;
    let mut window = Window::with_shape(input.channels.len(), input.samples());
    window.lock = Lock::Free;
    let never = AtomicBool::new(false);
    Ok(decoder.step(&window, &Clock::system(), &never)?.times)
}
