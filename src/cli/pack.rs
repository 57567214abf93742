//! `phosphene pack check|show|generate`: reads model packs without any signal.
//!
//! With `--json` one document goes to standard output, refusals included; else plain text does.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Failure;
pub use super::generate::{GenerateArgs, generate};
use crate::clock::Clock;
use crate::decode::encoder::ImageEncoder;
use crate::decode::session::Runtime;
use crate::decode::{DecodeTimes, Decoder, DecoderOptions, Pack};
use crate::signal::Window;
use crate::signal::window::Lock;

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
        PackCommand::Show { dir, json } => (show(dir), *json),
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

/// What a command found, for people and for programs.
#[derive(Clone, Debug)]
pub struct Report {
    /// One JSON document.
    pub json: serde_json::Value,
    /// The same in words.
    pub text: String,
}

/// Verifies every file of the pack, loads every graph and decodes one silent window.
///
/// # Errors
/// [`Failure`] with code 4 when anything is not as the manifest says.
pub fn check(dir: &Path, library: &Path) -> Result<Report, Failure> {
    let pack = Pack::open(dir)?;
    let runtime = Runtime::load(library, THREADS)?;
    let has_image_encoder = ImageEncoder::load(&pack, &runtime)?.is_some();
    let mut decoder = Decoder::load(&pack, &DecoderOptions::default(), library)?;
    let times = decode_silence(&pack, &mut decoder)?;
    let mut json = identity(&pack);
    json["ok"] = true.into();
    json["image_encoder"] = has_image_encoder.into();
    json["gallery"] = decoder.gallery().len().into();
    json["milliseconds"] = json!({
        "encode": times.encode_ms, "denoise": times.denoise_ms,
        "decode_image": times.decode_image_ms, "null": times.null_ms,
    });
    let warnings = pack.unknown_keys().iter().map(|key| {
        format!("\nwarning: pack.toml: '{key}' is not known to this version and is ignored")
    });
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

/// Tells what the pack says of itself, once its files are verified. Needs no ONNX Runtime.
///
/// # Errors
/// [`Failure`] with code 4 when the manifest or a file is refused.
pub fn show(dir: &Path) -> Result<Report, Failure> {
    let pack = Pack::open(dir)?;
    let mut json = identity(&pack);
    let manifest = serde_json::to_value(pack.manifest())
        .map_err(|e| Failure::unexpected(format!("the manifest cannot be shown: {e}")))?;
    json["manifest"] = manifest;
    let files: Vec<_> =
        pack.sizes().iter().map(|(file, bytes)| json!({ "file": file, "bytes": bytes })).collect();
    json["files"] = files.into();
    Ok(Report { json, text: describe(&pack) })
}

fn describe(pack: &Pack) -> String {
    let manifest = pack.manifest();
    let (input, generator) = (&manifest.input, &manifest.generator);
    let training = if manifest.simulated_training { "simulated signal only" } else { "recordings" };
    let bytes: u64 = pack.sizes().values().sum();
    [
        format!("{} {}: {}", manifest.name, manifest.version, manifest.description),
        format!("licence      {}", manifest.licence),
        format!("trained on   {training}"),
        format!("channels     {}", input.channels.join(" ")),
        format!(
            "window       {} to {} s at {} Hz, {} to {} Hz, reference {}",
            input.window_secs[0],
            input.window_secs[1],
            input.sample_rate_hz.hz(),
            input.band_hz[0],
            input.band_hz[1],
            input.reference
        ),
        format!("embedding    {} values, {}", manifest.embedding.dim, manifest.embedding.space),
        format!(
            "generator    {}, {} steps of {:?}",
            generator.kind, generator.steps, generator.steps_allowed
        ),
        format!("picture      {0} × {0} px", manifest.decoder.size_px),
        format!("gallery      {} pictures", manifest.gallery.ids.len()),
        format!("files        {}, {:.1} MB", pack.sizes().len(), bytes as f64 / 1e6),
        format!("sha256       {}", pack.sha256()),
    ]
    .join("\n")
}

pub(super) fn identity(pack: &Pack) -> serde_json::Value {
    let manifest = pack.manifest();
    json!({
        "schema": 1,
        "name": manifest.name,
        "version": manifest.version,
        "licence": manifest.licence,
        "simulated_training": manifest.simulated_training,
        "sha256": pack.sha256(),
        "encoder_sha256": pack.encoder_sha256(),
        "steps": manifest.generator.steps,
        "steps_allowed": manifest.generator.steps_allowed,
        "warnings": pack.unknown_keys().iter()
            .map(|key| format!("pack.toml: '{key}' is not known and is ignored"))
            .collect::<Vec<_>>(),
    })
}
