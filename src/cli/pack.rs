//! `phosphene pack check|show|generate`: reads model packs without any signal.
//!
//! With `--json` one document goes to standard output, refusals included; else plain text does.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Failure;
use super::pack_show::identity;
pub use super::pack_show::show;
use crate::clock::Clock;
use crate::decode::encoder::ImageEncoder;
use crate::decode::paint::{NoiseKey, Painter};
use crate::decode::session::Runtime;
use crate::decode::{DecodeTimes, Decoder, DecoderOptions, Gallery, Pack};
use crate::signal::window::Lock;
use crate::signal::{Picture, Window};

/// Largest picture file that `--image` reads, in pixels a side, before it is made smaller.
const MAX_IMAGE_PX: u32 = 8192;

/// Threads that each graph uses.
const THREADS: usize = 2;

/// What stands for transparency in `--image`: the middle grey of the bundled stimuli.
const BACKGROUND: [f32; 3] = [128.0; 3];

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

/// What `phosphene pack generate` takes.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Folder with pack.toml
    pub dir: PathBuf,
    /// Gallery label or short name to paint
    #[arg(long, required_unless_present = "image", conflicts_with = "image")]
    pub label: Option<String>,
    /// Picture to embed and paint again
    #[arg(long)]
    pub image: Option<PathBuf>,
    /// Steps of the generator [default: the pack's own]
    #[arg(long)]
    pub steps: Option<u32>,
    /// Seed of the noise
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// PNG file to write
    #[arg(long)]
    pub out: PathBuf,
    /// Prints one JSON document
    #[arg(long)]
    pub json: bool,
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

/// Paints one embedding and writes the PNG.
///
/// # Errors
/// [`Failure`]: 2 for an unknown label or steps, 4 for the pack, 5 when the PNG cannot be written, 6 when
/// the picture cannot be read.
pub fn generate(args: &GenerateArgs, library: &Path) -> Result<Report, Failure> {
    let pack = Pack::open(&args.dir)?;
    let runtime = Runtime::load(library, THREADS)?;
    let (embedding, what) = match (&args.label, &args.image) {
        (Some(label), _) => (embedding_of_label(&pack, label)?, label.clone()),
        (None, Some(file)) => {
            (embedding_of_picture(&pack, &runtime, file)?, file.display().to_string())
        }
        (None, None) => return Err(Failure::usage("give --label or --image")),
    };
    let mut painter = Painter::load(&pack, &runtime)?;
    let steps = args.steps.unwrap_or(pack.manifest().generator.steps);
    painter.check_steps(steps).map_err(|e| Failure::usage(e.to_string()))?;
    let key = NoiseKey { seed: args.seed, window: 0 };
    let painted = painter.paint(&embedding, key, steps, &|| false, &Clock::system())?;
    write_png(&painted.picture, &args.out)?;
    let mut json = identity(&pack);
    json["ok"] = true.into();
    json["of"] = what.clone().into();
    json["steps"] = steps.into();
    json["seed"] = args.seed.into();
    json["out"] = args.out.display().to_string().into();
    json["milliseconds"] =
        json!({ "denoise": painted.denoise_ms, "decode_image": painted.decode_image_ms });
    let text = format!("{what}: {steps} steps, seed {}: {}", args.seed, args.out.display());
    Ok(Report { json, text })
}

fn embedding_of_label(pack: &Pack, label: &str) -> Result<Vec<f32>, Failure> {
    let gallery = Gallery::load(pack)?;
    let by_label = gallery.labels().iter().position(|known| known.eq_ignore_ascii_case(label));
    match gallery.row_of(label).map(usize::from).or(by_label) {
        Some(row) => Ok(gallery.embedding(row).to_vec()),
        None => {
            let known = gallery.labels().join(", ");
            Err(Failure::usage(format!("the gallery holds no '{label}'. It holds: {known}")))
        }
    }
}

fn embedding_of_picture(pack: &Pack, runtime: &Runtime, file: &Path) -> Result<Vec<f32>, Failure> {
    let Some(mut encoder) = ImageEncoder::load(pack, runtime)? else {
        let message = "this pack has no [image_encoder], so it cannot embed a picture. Use --label";
        return Err(Failure::pack(message));
    };
    let picture = read_picture(file, encoder.size_px())?;
    Ok(encoder.embed(&picture)?)
}

/// Reads a picture, fits it into a square on grey, and scales it to `side` pixels.
fn read_picture(file: &Path, side: u32) -> Result<Picture, Failure> {
    let unreadable = |why: String| {
        Failure::file(format!("the picture cannot be read: {why}: {}", file.display()))
    };
    let mut reader = image::ImageReader::open(file)
        .and_then(image::ImageReader::with_guessed_format)
        .map_err(|e| unreadable(e.to_string()))?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_IMAGE_PX);
    limits.max_image_height = Some(MAX_IMAGE_PX);
    reader.limits(limits);
    let whole = reader.decode().map_err(|e| unreadable(e.to_string()))?;
    let small = whole.resize(side, side, image::imageops::FilterType::Triangle).to_rgba8();
    let (left, top) = ((side - small.width()) / 2, (side - small.height()) / 2);
    let mut rgb: Vec<u8> = BACKGROUND.map(|v| v as u8).repeat(side as usize * side as usize);
    for (x, y, pixel) in small.enumerate_pixels() {
        let at = 3 * ((y + top) as usize * side as usize + (x + left) as usize);
        let alpha = f32::from(pixel[3]) / 255.0;
        for (plane, to) in rgb[at..at + 3].iter_mut().enumerate() {
            let over = alpha * f32::from(pixel[plane]) + (1.0 - alpha) * BACKGROUND[plane];
            *to = over.round() as u8;
        }
    }
    Ok(Picture { width: side, height: side, rgb })
}

fn write_png(picture: &Picture, out: &Path) -> Result<(), Failure> {
    let format = image::ImageFormat::Png;
    let (width, height) = (picture.width, picture.height);
    let colour = image::ExtendedColorType::Rgb8;
    image::save_buffer_with_format(out, &picture.rgb, width, height, colour, format).map_err(|e| {
        Failure::output(format!("the picture cannot be written: {e}: {}", out.display()))
    })
}
