//! What `--out DIR` leaves behind: `decodes.jsonl`, the pictures, and `sheet.png`.
//!
//! Lines are flushed one by one, so that a killed run keeps what it had. Everything made from simulated
//! signal says SIMULATED: in every line, in every picture's text chunk, and drawn on the sheet.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::pipeline::{DecodeSink, RunFacts};
use crate::signal::{Lock, StimulusSet};
use crate::snapshot::{DecodeView, Picture, RankedLabel, StageTimes};

use super::failure::Failure;
use super::sheet::{Row, Sheet};

/// Rows that the sheet keeps: the newest ones.
const SHEET_ROWS: usize = 24;

/// The folder of `--out`.
pub struct OutputFolder {
    folder: PathBuf,
    lines: BufWriter<File>,
    stimuli: Arc<StimulusSet>,
    labels: Vec<String>,
    simulated: bool,
    sheet: Sheet,
}

#[derive(Serialize)]
struct Line<'a> {
    window: u64,
    onset_secs: Option<f64>,
    stimulus: Option<&'a str>,
    k: u32,
    top5: &'a [RankedLabel],
    margin: f32,
    truth_rank: Option<u32>,
    p_value: Option<f64>,
    null_size: usize,
    abstained: Option<&'static str>,
    latency_ms: StageTimes,
    embedding_sha256: &'a str,
    seed: u64,
    steps: u32,
    /// Weight of this window in its picture; `null` where the picture is not steadied.
    steady_weight: Option<f32>,
    twin_steady_weight: Option<f32>,
    noise: &'static str,
    simulated: bool,
}

impl OutputFolder {
    /// Makes the folder if need be. An older run's files in it are refused, never overwritten.
    ///
    /// # Errors
    /// Exit code 5 when the folder cannot be written or already holds a run.
    pub fn create(folder: &Path, stimuli: Arc<StimulusSet>) -> Result<Self, Failure> {
        let refused = |what: &str, e: std::io::Error| {
            Failure::output(format!("{what} failed: {e}: {}", folder.display()))
        };
        std::fs::create_dir_all(folder).map_err(|e| refused("making the output folder", e))?;
        let path = folder.join("decodes.jsonl");
        let file = File::create_new(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => Failure::output(format!(
                "an earlier run is in this folder; give another: {}",
                folder.display()
            )),
            _ => refused("making decodes.jsonl", e),
        })?;
        let labels = stimuli.stimuli.iter().map(|s| s.label.clone()).collect();
        Ok(Self {
            folder: folder.into(),
            lines: BufWriter::new(file),
            stimuli,
            labels,
            simulated: true,
            sheet: Sheet::new(SHEET_ROWS),
        })
    }

    fn write_line(&mut self, decode: &DecodeView) -> std::io::Result<()> {
        let (row, onset_secs) = match decode.lock {
            Lock::Stimulus { row, onset_secs } => (row, Some(onset_secs)),
            Lock::Free => (None, None),
        };
        let line = Line {
            window: decode.window,
            onset_secs,
            stimulus: row
                .and_then(|r| self.stimuli.stimuli.get(usize::from(r)))
                .map(|s| s.id.as_str()),
            k: decode.k,
            top5: &decode.top,
            margin: decode.margin,
            truth_rank: decode.truth_rank,
            p_value: decode.p_value,
            null_size: decode.null_size,
            abstained: decode.abstain.map(crate::signal::Abstention::key),
            latency_ms: decode.latency,
            embedding_sha256: &decode.embedding_sha256,
            seed: decode.seed,
            steps: decode.steps,
            steady_weight: decode.steady_weight,
            twin_steady_weight: decode.twin_steady_weight,
            noise: noise_word(decode),
            simulated: self.simulated,
        };
        serde_json::to_writer(&mut self.lines, &line)?;
        self.lines.write_all(b"\n")?;
        self.lines.flush()
    }

    fn write_pictures(&mut self, decode: &DecodeView) -> std::io::Result<()> {
        let Some(image) = &decode.image else { return Ok(()) };
        let name =
            |suffix: &str| self.folder.join(format!("window-{:06}{suffix}.png", decode.window));
        let note = |weight: Option<f32>| {
            let noise = noise_word(decode);
            let mixed = weight.map(|w| format!("steadied, weight of this window {w:.2}; "));
            format!("{}{noise} noise", mixed.unwrap_or_default())
        };
        write_png_with(&name(""), image, self.simulated, Some(&note(decode.steady_weight)))?;
        if let Some(twin) = &decode.twin_image {
            let note = note(decode.twin_steady_weight);
            write_png_with(&name("-twin"), twin, self.simulated, Some(&note))?;
        }
        let seen_row = match decode.lock {
            Lock::Stimulus { row: Some(row), .. } => Some(usize::from(row)),
            _ => None,
        };
        let seen = seen_row.and_then(|row| self.stimuli.stimuli.get(row));
        self.sheet.push(Row {
            seen: seen.and_then(|stimulus| Picture::from_encoded(&stimulus.png).ok()),
            seen_label: seen_row.and_then(|row| self.labels.get(row)).cloned(),
            reconstruction: image.clone(),
            twin: decode.twin_image.clone(),
            best: decode.top.first().map(|best| best.label.clone()).unwrap_or_default(),
            rank: decode.truth_rank,
            k: decode.k,
            p_value: decode.p_value,
            steady_weight: decode.steady_weight,
        });
        Ok(())
    }
}

fn noise_word(decode: &DecodeView) -> &'static str {
    if decode.noise_held { "fixed" } else { "fresh" }
}

impl DecodeSink for OutputFolder {
    fn begin(&mut self, run: &RunFacts) {
        self.simulated = run.simulated;
    }

    fn decode(&mut self, decode: &DecodeView) -> Result<(), String> {
        self.write_line(decode)
            .and_then(|()| self.write_pictures(decode))
            .map_err(|e| format!("writing the output failed: {e}: {}", self.folder.display()))
    }

    fn finish(&mut self) -> Result<(), String> {
        let path = self.folder.join("sheet.png");
        let picture = self.sheet.draw(self.simulated).map_err(|e| e.to_string())?;
        write_png(&path, &picture, self.simulated)
            .and_then(|()| self.lines.flush())
            .and_then(|()| self.lines.get_ref().sync_all())
            .map_err(|e| format!("writing the sheet failed: {e}: {}", path.display()))
    }
}

/// Writes an 8-bit RGB PNG with a text chunk that says where it comes from.
///
/// # Errors
/// What the system or the encoder said.
pub fn write_png(path: &Path, picture: &Picture, simulated: bool) -> std::io::Result<()> {
    write_png_with(path, picture, simulated, None)
}

/// As [`write_png`], with a text chunk `Description` that says how the picture was made.
fn write_png_with(
    path: &Path,
    picture: &Picture,
    simulated: bool,
    made: Option<&str>,
) -> std::io::Result<()> {
    let file = BufWriter::new(File::create(path)?);
    let mut encoder = png::Encoder::new(file, picture.width, picture.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let origin =
        if simulated { "SIMULATED signal, not from a person" } else { "recorded or live signal" };
    encoder.add_text_chunk(
        "Software".into(),
        concat!("Phosphene ", env!("CARGO_PKG_VERSION")).into(),
    )?;
    encoder.add_text_chunk("Comment".into(), origin.into())?;
    if let Some(made) = made {
        encoder.add_text_chunk("Description".into(), made.into())?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&picture.rgb)?;
    writer.finish()?;
    Ok(())
}
