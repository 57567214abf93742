//! What `--out DIR` leaves behind: `decodes.jsonl`, the pictures, and `sheet.png`.
//!
//! Lines are flushed one by one, so that a killed run keeps what it had. Everything made from simulated
//! signal says SIMULATED: in every line, in every picture's text chunk, and drawn on the sheet.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::decode::Show;
use crate::pipeline::line::{Line, noise_word};
use crate::pipeline::{DecodeSink, RunFacts};
use crate::signal::{Lock, StimulusSet};
use crate::snapshot::{BelievedView, DecodeView, Picture};

use super::failure::Failure;
use super::sheet::{Row, Sheet};

/// Rows that the sheet keeps: the newest ones.
const SHEET_ROWS: usize = 24;

/// The folder of `--out`.
pub struct OutputFolder {
    folder: PathBuf,
    lines: BufWriter<File>,
    stimuli: Arc<StimulusSet>,
    simulated: bool,
    pictures: bool,
    sheet: Sheet,
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
        Ok(Self {
            folder: folder.into(),
            lines: BufWriter::new(file),
            stimuli,
            simulated: true,
            pictures: true,
            sheet: Sheet::new(SHEET_ROWS),
        })
    }

    /// Whether every picture gets a file of its own, and not only the sheet.
    #[must_use]
    pub fn with_pictures(self, pictures: bool) -> Self {
        Self { pictures, ..self }
    }

    fn write_line(&mut self, decode: &DecodeView) -> std::io::Result<()> {
        let line = Line::of(decode, &self.stimuli, None, self.simulated);
        serde_json::to_writer(&mut self.lines, &line)?;
        self.lines.write_all(b"\n")?;
        self.lines.flush()
    }

    fn write_pictures(&mut self, decode: &DecodeView) -> std::io::Result<()> {
        let Some(image) = &decode.image else { return Ok(()) };
        if self.pictures {
            self.write_files(decode, image)?;
        }
        let seen_row = match decode.lock {
            Lock::Stimulus { row: Some(row), .. } => Some(usize::from(row)),
            _ => None,
        };
        let seen = seen_row.and_then(|row| self.stimuli.stimuli.get(row));
        self.sheet.push(Row {
            seen: seen.and_then(|stimulus| Picture::from_encoded(&stimulus.png).ok()),
            decode: decode.clone(),
        });
        Ok(())
    }

    fn write_files(&self, decode: &DecodeView, image: &Picture) -> std::io::Result<()> {
        let name =
            |suffix: &str| self.folder.join(format!("window-{:06}{suffix}.png", decode.window));
        let (own, twin) = (Made::of(decode), Made::of_twin(decode));
        write_png_with(&name(""), image, self.simulated, Some(&own.words))?;
        for (draw, number) in decode.draws.iter().zip(1..) {
            let note = own.draw_words(number);
            write_png_with(&name(&format!("-draw-{number}")), draw, self.simulated, Some(&note))?;
        }
        if let Some(image) = &decode.twin_image {
            write_png_with(&name("-twin"), image, self.simulated, Some(&twin.words))?;
        }
        Ok(())
    }
}

/// How a picture was made, for its file.
struct Made<'a> {
    believed: Option<&'a BelievedView>,
    words: String,
}

impl<'a> Made<'a> {
    fn of(decode: &'a DecodeView) -> Self {
        Self::from(decode, decode.believed.as_ref(), decode.steady_weight)
    }

    fn of_twin(decode: &'a DecodeView) -> Self {
        Self::from(decode, decode.twin_believed.as_ref(), decode.twin_steady_weight)
    }

    fn from(decode: &DecodeView, believed: Option<&'a BelievedView>, weight: Option<f32>) -> Self {
        let words = match (decode.shows, believed.and_then(|b| Some((b, b.best.first()?)))) {
            (Show::Best, Some((b, best))) => format!(
                "best guess: {}, probability {:.3} among {}, {:.1} of {:.1} bits{}",
                best.label,
                best.probability,
                b.pictures,
                b.gain_bits,
                b.needed_bits,
                if b.better_than_noise { "" } else { ": NO BETTER THAN NOISE" }
            ),
            _ => {
                let mixed = weight.map(|w| format!("steadied, weight of this window {w:.2}; "));
                let mixed = mixed.unwrap_or_default();
                format!("mean of what cannot be ruled out; {mixed}{} noise", noise_word(decode))
            }
        };
        Self { believed, words }
    }

    fn draw_words(&self, number: usize) -> String {
        let draw = self.believed.and_then(|b| b.draws.get(number - 1));
        draw.map_or_else(String::new, |draw| {
            format!(
                "draw {number} of the posterior: {}, probability {:.3}",
                draw.label, draw.probability
            )
        })
    }
}

impl DecodeSink for OutputFolder {
    fn begin(&mut self, run: &RunFacts) {
        self.simulated = run.simulated;
    }

    fn decode(&mut self, decode: &DecodeView) -> Result<(), String> {
        if decode.control.succeeded {
            self.sheet.withhold();
        }
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
