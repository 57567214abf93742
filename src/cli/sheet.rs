//! The picture sheet: seen | reconstruction | null twin, row by row, in columns of rows.
//!
//! Takes decodes one by one, keeps the newest, draws them once at the end, on the dark ground of the window and in
//! its letters.

use std::collections::VecDeque;
use std::sync::Arc;

use ab_glyph::InvalidFont;

use super::canvas::Canvas;
use crate::palette::{DARK, Rgb};
use crate::snapshot::Picture;

/// Edge of one picture on the sheet, in pixels.
const CELL: u32 = 128;
const GAP: u32 = 8;
const CAPTION: u32 = 2 * LINE + GAP;
const HEADER: u32 = 64;
const ROW_HEIGHT: u32 = CELL + CAPTION + GAP;
const COLUMN_WIDTH: u32 = 3 * CELL + 2 * GAP;
const COLUMN_GAP: u32 = 32;
const MARGIN: u32 = 24;
const COLUMNS: u32 = 3;

/// Heights of letters, in pixels.
const TITLE: f32 = 28.0;
const LETTERS: f32 = 16.0;
/// From one line of a caption to the next.
const LINE: u32 = 17;

const BACKGROUND: Rgb = DARK.ground;
const TEXT: Rgb = DARK.text;
const MUTED: Rgb = DARK.weak;
const EMPTY: Rgb = DARK.card;
/// Orange of the Okabe–Ito palette: the colour of everything simulated.
const SIMULATED: Rgb = DARK.fair;

/// One decode on the sheet.
pub struct Row {
    /// The picture shown, if known.
    pub seen: Option<Picture>,
    /// Its label.
    pub seen_label: Option<String>,
    /// What the generator made of it.
    pub reconstruction: Arc<Picture>,
    /// What the generator made of the phase-randomised window.
    pub twin: Option<Arc<Picture>>,
    /// Label of the best gallery entry.
    pub best: String,
    /// Rank of the true picture.
    pub rank: Option<u32>,
    /// Trials averaged.
    pub k: u32,
    /// Evidence.
    pub p_value: Option<f64>,
    /// Weight of this window in its picture, where the picture is steadied.
    pub steady_weight: Option<f32>,
}

/// The newest decodes, to be drawn.
pub struct Sheet {
    rows: VecDeque<Row>,
    most: usize,
}

impl Sheet {
    /// A sheet that keeps the newest `most` rows.
    pub fn new(most: usize) -> Self {
        Self { rows: VecDeque::new(), most }
    }

    /// Adds a row; the oldest goes when there are too many.
    pub fn push(&mut self, row: Row) {
        if self.rows.len() == self.most {
            self.rows.pop_front();
        }
        self.rows.push_back(row);
    }

    /// Draws the sheet; simulated signal is labelled.
    pub fn draw(&self, simulated: bool) -> Result<Picture, InvalidFont> {
        let down = (self.rows.len() as u32).div_ceil(COLUMNS).max(1);
        let mut canvas = Canvas::new(
            2 * MARGIN + COLUMNS * COLUMN_WIDTH + (COLUMNS - 1) * COLUMN_GAP,
            2 * MARGIN + HEADER + down * ROW_HEIGHT,
            BACKGROUND,
        )?;
        draw_header(&mut canvas, simulated);
        for (i, row) in (0_u32..).zip(&self.rows) {
            let x = MARGIN + (i % COLUMNS) * (COLUMN_WIDTH + COLUMN_GAP);
            let y = MARGIN + HEADER + (i / COLUMNS) * ROW_HEIGHT;
            draw_row(&mut canvas, x, y, row);
        }
        Ok(canvas.into_picture())
    }
}

fn draw_header(canvas: &mut Canvas, simulated: bool) {
    let (colour, origin) = if simulated {
        (SIMULATED, "SIMULATED: no person, no brain")
    } else {
        (MUTED, "recorded or live signal")
    };
    let name = "Phosphene";
    let after = MARGIN + canvas.width(TITLE, name) + 2 * GAP;
    canvas.text(MARGIN, MARGIN - 6, TITLE, TEXT, name);
    canvas.text(after, MARGIN - 6, TITLE, colour, origin);
    let what = "each row: seen | reconstruction | null twin (phase-randomised EEG, same seed)";
    canvas.text(MARGIN, MARGIN + 28, LETTERS, MUTED, what);
}

fn draw_row(canvas: &mut Canvas, x: u32, y: u32, row: &Row) {
    let cells = [row.seen.as_ref(), Some(&*row.reconstruction), row.twin.as_deref()];
    for (i, picture) in (0_u32..).zip(cells) {
        let left = x + i * (CELL + GAP);
        match picture {
            Some(picture) => canvas.picture(left, y, CELL, picture),
            None => draw_unknown(canvas, left, y),
        }
    }
    let seen = row.seen_label.as_deref().unwrap_or("unknown");
    let rank = row.rank.map_or(String::new(), |rank| format!("  rank {rank}"));
    let p = row.p_value.map_or("p -".into(), |p| format!("p {p:.3}"));
    let steadied = row.steady_weight.map_or(String::new(), |w| format!("  steadied {w:.2}"));
    let lines = [
        (TEXT, format!("seen {seen}, best {}", row.best)),
        (MUTED, format!("k {}  {p}{rank}{steadied}", row.k)),
    ];
    for (i, (colour, line)) in (0_u32..).zip(lines) {
        let line = canvas.clipped(LETTERS, &line, COLUMN_WIDTH);
        canvas.text(x, y + CELL + 4 + i * LINE, LETTERS, colour, &line);
    }
}

fn draw_unknown(canvas: &mut Canvas, x: u32, y: u32) {
    let word = "unknown";
    let aside = (CELL - canvas.width(LETTERS, word)) / 2;
    canvas.square(x, y, CELL, EMPTY);
    canvas.text(x + aside, y + (CELL - LINE) / 2, LETTERS, MUTED, word);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(label: &str) -> Row {
        let picture = Picture { width: 2, height: 2, rgb: vec![200; 12] };
        Row {
            seen: None,
            seen_label: Some(label.into()),
            reconstruction: Arc::new(picture),
            twin: None,
            best: "cat".into(),
            rank: Some(1),
            k: 1,
            p_value: None,
            steady_weight: None,
        }
    }

    #[test]
    fn the_sheet_keeps_the_newest_rows_and_draws_them() {
        let mut sheet = Sheet::new(2);
        for label in ["a", "b", "c"] {
            sheet.push(row(label));
        }
        assert_eq!(sheet.rows.len(), 2);
        let picture = sheet.draw(true).expect("the font is sound");
        assert_eq!(picture.rgb.len(), (picture.width * picture.height * 3) as usize);
        let inside = ((MARGIN + HEADER + 10) * picture.width + MARGIN + CELL + GAP + 10) * 3;
        assert_eq!(picture.rgb[inside as usize], 200, "the reconstruction is in the second cell");
        assert!(picture.rgb.chunks(3).any(|c| c == SIMULATED), "simulated sheets say so");
    }
}
