//! `phosphene fit`: a personal encoder from recorded sessions.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::calibrate::onnx::{Ends, personal_encoder};
use crate::calibrate::personal::FitOptions;
use crate::calibrate::split::Split;
use crate::calibrate::{self, Personal};
use crate::clock::{Clock, utc_now_iso8601};
use crate::decode::Pack;
use crate::decode::encoder::Encoder;
use crate::decode::session::Runtime;
use crate::pipeline::sessions::{RunRead, Sessions};
use crate::pipeline::sources;

use super::sessions::{SessionArgs, THREADS, load, open_pack};
use super::{Failure, print_json};

const EXAMPLES: &str = "\
Examples:
  phosphene record --source sim:repeats=1 --seconds 600 --out ses-01.xdf
  phosphene fit ses-01.xdf                              writes ses-01-fit/encoder.onnx and fit.toml
  phosphene fit calibration/sub-01/ses-01 calibration/sub-01/ses-02 --out calibration/sub-01/fit
  phosphene live --encoder ses-01-fit/encoder.onnx";

/// Epochs on which the written graph is compared with the fit.
const COMPARED: usize = 32;

/// Farthest that they may be apart.
const TOLERANCE: f64 = 1e-4;

/// Arguments of `fit`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What every command on sessions takes.
    #[command(flatten)]
    pub common: SessionArgs,
    /// Folder for encoder.onnx and fit.toml [default: the session's folder, or NAME-fit beside a recording]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Choose the strength so that pictures never shown in calibration are decoded, instead of those that were
    #[arg(long)]
    pub for_new_pictures: bool,
}

/// What was fitted and how, also the content of `fit.toml`.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    program: String,
    created: String,
    simulated: bool,
    encoder: String,
    encoder_sha256: String,
    pack: &'a str,
    pack_sha256: &'a str,
    pack_encoder_sha256: &'a str,
    trials: usize,
    pictures: usize,
    strength_chosen_by: Split,
    seed: u64,
    inner_mean_reciprocal_rank: f64,
    pack_mean_reciprocal_rank: f64,
    largest_difference_in_onnx_runtime: f64,
    fit_seconds: f64,
    strength: calibrate::ridge::Strength,
    runs: &'a [RunRead],
}

/// Runs `fit`.
///
/// # Errors
/// Exit code 4 for the pack, 5 when nothing can be written, 6 when the sessions cannot be used.
pub fn run(args: &Args) -> Result<(), Failure> {
    let folder = out_folder(args);
    refuse_to_write_over(&folder)?;
    let pack = open_pack(args.common.pack.as_deref())?;
    let runtime = Runtime::load(&sources::onnx_runtime().map_err(Failure::pack)?, THREADS)?;
    let sessions = load(&args.common.sessions, &pack, &runtime)?;
    let clock = Clock::system();
    let started_secs = clock.now_secs();
    let inner = if args.for_new_pictures { Split::Pictures } else { Split::Runs };
    let options =
        FitOptions { rate_hz: sessions.rate_hz, inner, with_pack: true, seed: args.common.seed };
    let personal = calibrate::fit(&sessions.trials, &sessions.pictures, &options)
        .map_err(|e| Failure::file(e.to_string()))?;
    let fit_seconds = clock.now_secs() - started_secs;
    let written = Written::new(&folder, &pack, &personal)?;
    let (pack_with, difference) = written.checked(pack, &runtime, &sessions, &personal)?;
    let manifest = pack_with.manifest();
    let document = Document {
        schema: 1,
        program: format!("phosphene {}", env!("CARGO_PKG_VERSION")),
        created: utc_now_iso8601(),
        simulated: sessions.simulated(),
        encoder: written.path.display().to_string(),
        encoder_sha256: pack_with.encoder_sha256().to_owned(),
        pack: &manifest.name,
        pack_sha256: pack_with.sha256(),
        pack_encoder_sha256: &written.pack_encoder_sha256,
        trials: sessions.trials.len(),
        pictures: sessions.pictures.len(),
        strength_chosen_by: inner,
        seed: args.common.seed,
        inner_mean_reciprocal_rank: personal.inner_score[0],
        pack_mean_reciprocal_rank: personal.inner_score[1],
        largest_difference_in_onnx_runtime: difference,
        fit_seconds,
        strength: personal.strength,
        runs: &sessions.runs,
    };
    let text = toml::to_string(&document)
        .map_err(|e| Failure::unexpected(format!("fit.toml cannot be written: {e}")))?;
    write_new(&folder.join("fit.toml"), text.as_bytes())?;
    if args.common.json {
        return print_json(&document);
    }
    eprint!("{}", summary(&document));
    Ok(())
}

fn out_folder(args: &Args) -> PathBuf {
    if let Some(out) = &args.out {
        return out.clone();
    }
    let first = &args.common.sessions[0]; // clap asks for at least one
    if first.is_dir() {
        return first.clone();
    }
    let stem = first.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    first.with_file_name(format!("{}-fit", stem.unwrap_or_default()))
}

fn refuse_to_write_over(folder: &Path) -> Result<(), Failure> {
    for name in ["encoder.onnx", "fit.toml"] {
        let path = folder.join(name);
        if path.exists() {
            return Err(Failure::output(format!(
                "there is a fit already, it is not written over. Give another folder with --out: {}",
                path.display()
            )));
        }
    }
    Ok(())
}

/// The encoder on disk.
struct Written {
    path: PathBuf,
    pack_encoder_sha256: String,
}

impl Written {
    fn new(folder: &Path, pack: &Pack, personal: &Personal) -> Result<Self, Failure> {
        let (own, _) = pack.encoder_file();
        let bytes = std::fs::read(own).map_err(|e| {
            Failure::pack(format!("the pack's encoder cannot be read ({e}): {}", own.display()))
        })?;
        let spec = &pack.manifest().encoder;
        let ends = Ends { input: &spec.input, output: &spec.output };
        let graph =
            personal_encoder(&bytes, ends, personal).map_err(|e| Failure::pack(e.to_string()))?;
        std::fs::create_dir_all(folder).map_err(|e| {
            Failure::output(format!("the folder cannot be made ({e}): {}", folder.display()))
        })?;
        let path = folder.join("encoder.onnx");
        write_new(&path, &graph)?;
        Ok(Self { path, pack_encoder_sha256: pack.encoder_sha256().to_owned() })
    }

    /// The pack with the new encoder and the largest difference between the fit and ONNX Runtime. An encoder that
    /// does not do what was fitted does not stay.
    fn checked(
        &self,
        pack: Pack,
        runtime: &Runtime,
        sessions: &Sessions,
        personal: &Personal,
    ) -> Result<(Pack, f64), Failure> {
        let outcome = (|| {
            let pack = pack.with_encoder(&self.path)?;
            let difference = difference(&pack, runtime, sessions, personal)?;
            if difference <= TOLERANCE {
                return Ok((pack, difference));
            }
            Err(Failure::unexpected(format!(
                "the written encoder differs from the fit by {difference:.1e}, more than {TOLERANCE:.0e}; it was taken back"
            )))
        })();
        if outcome.is_err() {
            let _ = std::fs::remove_file(&self.path);
        }
        outcome
    }
}

fn difference(
    pack: &Pack,
    runtime: &Runtime,
    sessions: &Sessions,
    personal: &Personal,
) -> Result<f64, Failure> {
    let mut encoder = Encoder::load(pack, runtime)?;
    let trials = &sessions.trials;
    let mut embedding = vec![0.0_f32; encoder.dim()];
    let mut largest = 0.0_f64;
    for i in 0..trials.len().min(COMPARED) {
        encoder.encode(trials.epoch(i), &mut embedding)?;
        let answer: Vec<f64> = (0..encoder.dim()).map(|j| trials.zero_shot[(i, j)]).collect();
        let expected = personal.predict(trials.epoch(i), &answer);
        for (got, want) in embedding.iter().zip(expected) {
            largest = largest.max((f64::from(*got) - want).abs());
        }
    }
    Ok(largest)
}

/// Writes a file that must not exist, synchronised with the disk.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write;
    let failed = |e: std::io::Error| {
        Failure::output(format!("it cannot be written ({e}): {}", path.display()))
    };
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)
}

fn summary(document: &Document<'_>) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let label = if document.simulated { " (SIMULATED)" } else { "" };
    let _ = writeln!(
        text,
        "fitted to   {} trials of {} pictures{label}",
        document.trials, document.pictures
    );
    for run in document.runs {
        let refused: usize = run.refused.values().sum();
        let _ = writeln!(
            text,
            "            {} trials, {refused} refused, {} of unknown pictures: {}",
            run.trials,
            run.unknown,
            run.path.display()
        );
    }
    let _ = writeln!(
        text,
        "inner score {:.3} mean reciprocal rank, {:.3} by the pack's own encoder",
        document.inner_mean_reciprocal_rank, document.pack_mean_reciprocal_rank
    );
    let _ = writeln!(text, "in          {:.1} s", document.fit_seconds);
    let _ = writeln!(text, "written     {}", document.encoder);
    let _ = writeln!(text, "This is no score: `phosphene evaluate` gives one, with its controls.");
    text
}
