//! `phosphene pack generate`: any gallery label or picture file, any number of steps, one seed or several.
//!
//! Takes a pack and a label or a picture; gives a PNG, `[size, size]` of the pack or a sheet of such, and a
//! report. Numbers of steps that the generator was not trained for are painted and said to be such.

use std::path::{Path, PathBuf};

use clap::Args;
use image::{RgbImage, imageops};
use serde_json::json;

use super::report::{Report, identity};
use crate::cli::failure::Failure;
use crate::decode::encoding::encoder::ImageEncoder;
use crate::decode::encoding::square::{fit, read_upright};
use crate::decode::painting::noise::NoiseKey;
use crate::decode::painting::paint::{MAX_STEPS, Painted, Painter};
use crate::decode::session::Runtime;
use crate::decode::{Gallery, Pack};
use crate::signal::Picture;
use crate::time::clock::Clock;

/// Threads that each graph uses.
const THREADS: usize = 2;

/// Most pictures on a sheet.
const MAX_COUNT: u32 = 64;

/// Most pixels of a sheet.
const MAX_SHEET_PX: u64 = 64 << 20;

/// Pixels between the pictures of a sheet, and their colour.
const GAP: u32 = 4;
const GAP_RGB: [u8; 3] = [24, 26, 30];

/// Most names in a message.
const MAX_NAMES: usize = 60;

/// Most suggestions for a name that is not there, and how alike they must be (Jaro–Winkler, 0–1).
const MAX_NEAREST: usize = 5;
const MIN_LIKENESS: f64 = 0.7;

const EXAMPLES: &str = "\
Examples:
  phosphene pack generate models/demo --label panda --out panda.png
  phosphene pack generate models/demo --label \"coffee cup\" --steps 0 --out prior.png
  phosphene pack generate models/demo --image photo.jpg --steps 4 --count 9 --out nine-seeds.png";

/// What `phosphene pack generate` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct GenerateArgs {
    /// Folder with pack.toml
    pub dir: PathBuf,
    /// Gallery label or short name to paint
    #[arg(long, required_unless_present = "image", conflicts_with = "image")]
    pub label: Option<String>,
    /// Picture to embed and paint again: PNG, JPEG or WebP of any size; transparency becomes grey
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// Steps of the generator, 0 (its prior alone) to 64 [default: the pack's own]
    #[arg(long, value_name = "N")]
    pub steps: Option<u32>,
    /// Seed of the noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Paint this many seeds, from --seed on, side by side on one sheet
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub count: u32,
    /// PNG file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Prints one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Paints one embedding and writes the PNG.
///
/// # Errors
/// [`Failure`]: 2 for an unknown label, steps or count, 4 for the pack, 5 when the PNG cannot be written, 6
/// when the picture cannot be read.
pub fn generate(args: &GenerateArgs, library: &Path) -> Result<Report, Failure> {
    let pack = Pack::open(&args.dir)?;
    let steps = args.steps.unwrap_or(pack.manifest().generator.steps);
    check_numbers(&pack, steps, args.count)?;
    let runtime = Runtime::load(library, THREADS)?;
    let (embedding, what) = match (&args.label, &args.image) {
        (Some(label), _) => embedding_of_label(&pack, label)?,
        (None, Some(file)) => {
            (embedding_of_picture(&pack, &runtime, file)?, file.display().to_string())
        }
        (None, None) => return Err(Failure::usage("give --label or --image")),
    };
    let mut painter = Painter::load(&pack, &runtime)?;
    let mut painted = Vec::new();
    for seed in (0..u64::from(args.count)).map(|i| args.seed.wrapping_add(i)) {
        let key = NoiseKey { seed, window: 0 };
        painted.push(painter.paint(&embedding, key, steps, &|| false, &Clock::system())?);
    }
    write_png(&sheet(&painted), &args.out)?;
    Ok(report(&pack, args, &what, steps, &painted))
}

fn check_numbers(pack: &Pack, steps: u32, count: u32) -> Result<(), Failure> {
    let generator = &pack.manifest().generator;
    let allowed = &generator.steps_allowed;
    if steps > MAX_STEPS && !allowed.contains(&steps) {
        return Err(Failure::usage(format!(
            "--steps goes from 0, the prior alone, to {MAX_STEPS}; this pack was trained for {allowed:?}. Got {steps}"
        )));
    }
    if steps == 0 && generator.prior.is_none() {
        let why = "this pack has no prior, so there is nothing to show in 0 steps. Use --steps 1";
        return Err(Failure::usage(why));
    }
    if steps == 0 && count > 1 {
        let why = "0 steps use no noise, so every seed gives the same picture. Leave --count away";
        return Err(Failure::usage(why));
    }
    let side = pack.manifest().decoder.size_px + u64::from(GAP);
    let most = (MAX_SHEET_PX / (side * side)).clamp(1, u64::from(MAX_COUNT));
    if count == 0 || u64::from(count) > most {
        return Err(Failure::usage(format!("--count goes from 1 to {most}. Got {count}")));
    }
    Ok(())
}

fn report(pack: &Pack, args: &GenerateArgs, what: &str, steps: u32, painted: &[Painted]) -> Report {
    let trained = pack.manifest().generator.steps_allowed.contains(&steps);
    let mean = |ms: fn(&Painted) -> f32| painted.iter().map(ms).sum::<f32>() / painted.len() as f32;
    let mut json = identity(pack);
    json["ok"] = true.into();
    json["of"] = what.into();
    json["steps"] = steps.into();
    json["trained_for_steps"] = trained.into();
    json["seed"] = args.seed.into();
    json["count"] = args.count.into();
    json["out"] = args.out.display().to_string().into();
    json["milliseconds"] =
        json!({ "denoise": mean(|p| p.denoise_ms), "decode_image": mean(|p| p.decode_image_ms) });
    let seeds = match args.count {
        1 => format!("seed {}", args.seed),
        n => format!("{n} seeds from {}", args.seed),
    };
    let allowed = &pack.manifest().generator.steps_allowed;
    let note = match (steps, trained) {
        (_, true) => String::new(),
        (0, _) => "\nnote: 0 steps show the prior alone; the denoiser is not run".into(),
        _ => format!("\nnote: this pack was trained for {allowed:?} steps, not for {steps}"),
    };
    let text = format!("{what}: {steps} steps, {seeds}: {}{note}", args.out.display());
    Report { json, text }
}

/// The embedding with the label as the gallery writes it.
fn embedding_of_label(pack: &Pack, label: &str) -> Result<(Vec<f32>, String), Failure> {
    let gallery = Gallery::load(pack)?;
    let wanted = plain(label);
    let matches = |names: &[String]| names.iter().position(|name| plain(name) == wanted);
    let row = gallery.row_of(label).map(usize::from);
    match row.or_else(|| matches(gallery.labels())).or_else(|| matches(gallery.ids())) {
        Some(row) => Ok((gallery.embedding(row).to_vec(), gallery.labels()[row].clone())),
        None => Err(Failure::usage(unknown_label(gallery.labels(), label))),
    }
}

/// Upper and lower case, underscores and hyphens make no difference.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', '-'], " ").trim().to_owned()
}

fn unknown_label(labels: &[String], label: &str) -> String {
    let near = nearest(labels, label);
    let hint = match near.is_empty() {
        true => String::new(),
        false => format!(" Nearest: {}.", near.join(", ")),
    };
    let known: Vec<&str> = labels.iter().take(MAX_NAMES).map(String::as_str).collect();
    let more = match labels.len().saturating_sub(MAX_NAMES) {
        0 => String::new(),
        n => format!(" and {n} more; see `phosphene pack show`"),
    };
    format!("the gallery holds no '{label}'.{hint} It holds: {}{more}", known.join(", "))
}

/// Names that hold the wanted one or a word of it, or are spelt much like it; the most alike first.
fn nearest<'a>(labels: &'a [String], label: &str) -> Vec<&'a str> {
    let wanted = plain(label);
    let likeness = |name: &str| {
        let name = plain(name);
        let shares_word = name.split(' ').any(|word| wanted.split(' ').any(|w| w == word));
        let alike = strsim::jaro_winkler(&name, &wanted);
        if shares_word { 1.0 + alike } else { alike }
    };
    let mut ranked: Vec<(f64, &str)> =
        labels.iter().map(|name| (likeness(name), name.as_str())).collect();
    ranked.retain(|(alike, _)| *alike >= MIN_LIKENESS);
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked.into_iter().take(MAX_NEAREST).map(|(_, name)| name).collect()
}

fn embedding_of_picture(pack: &Pack, runtime: &Runtime, file: &Path) -> Result<Vec<f32>, Failure> {
    let Some(mut encoder) = ImageEncoder::load(pack, runtime)? else {
        let message = "this pack has no [image_encoder], so it cannot embed a picture. Use --label";
        return Err(Failure::pack(message));
    };
    let fitted = read_upright(file).and_then(|whole| fit(&whole, encoder.size_px()));
    let picture = fitted.map_err(|why| {
        Failure::file(format!("the picture cannot be read: {why}: {}", file.display()))
    })?;
    Ok(encoder.embed(&picture)?)
}

/// One picture as it is, several in a nearly square grid.
fn sheet(painted: &[Painted]) -> Picture {
    if let [one] = painted {
        return one.picture.clone();
    }
    let columns = (1..).find(|c: &usize| c * c >= painted.len()).unwrap_or(1);
    let rows = painted.len().div_ceil(columns);
    let side = painted.first().map_or(0, |p| p.picture.width);
    let extent = |n: usize| n as u32 * (side + GAP) - GAP;
    let mut whole = RgbImage::from_pixel(extent(columns), extent(rows), image::Rgb(GAP_RGB));
    for (i, painted) in painted.iter().enumerate() {
        let Picture { width, height, rgb } = painted.picture.clone();
        let Some(cell) = RgbImage::from_raw(width, height, rgb) else { continue };
        let at = |n: usize| (n as u32 * (side + GAP)).into();
        imageops::replace(&mut whole, &cell, at(i % columns), at(i / columns));
    }
    Picture { width: whole.width(), height: whole.height(), rgb: whole.into_raw() }
}

fn write_png(picture: &Picture, out: &Path) -> Result<(), Failure> {
    let format = image::ImageFormat::Png;
    let (width, height) = (picture.width, picture.height);
    let colour = image::ExtendedColorType::Rgb8;
    image::save_buffer_with_format(out, &picture.rgb, width, height, colour, format).map_err(|e| {
        Failure::output(format!("the picture cannot be written: {e}: {}", out.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_nearly_right_are_suggested() {
        let labels = ["teddy bear", "pear", "bicycle", "banana", "boat"].map(String::from);
        assert_eq!(nearest(&labels, "Bear")[..2], ["teddy bear", "pear"]);
        assert_eq!(nearest(&labels, "bycicle")[0], "bicycle");
        assert!(nearest(&labels, "xylophone").is_empty());
        let message = unknown_label(&labels, "bananna");
        assert!(message.contains("Nearest: banana") && message.contains("teddy bear, pear"));
    }

    #[test]
    fn case_underscores_and_hyphens_make_no_difference() {
        assert_eq!(plain("Coffee_Cup"), plain("coffee-cup "));
    }
}
