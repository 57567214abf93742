//! The picture sheet: seen | reconstruction | null twin, row by row, in columns of rows.
//!
//! Takes decodes one by one, keeps the newest, draws them once at the end. Text is an 8 × 8 pixel font.

use std::collections::VecDeque;
use std::sync::Arc;

use font8x8::UnicodeFonts;

use crate::snapshot::Picture;

/// Edge of one picture on the sheet, in pixels.
const CELL: u32 = 128;
const GAP: u32 = 8;
const CAPTION: u32 = 24;
const HEADER: u32 = 64;
const ROW_HEIGHT: u32 = CELL + CAPTION + GAP;
const COLUMN_WIDTH: u32 = 3 * CELL + 2 * GAP;
const COLUMN_GAP: u32 = 32;
const MARGIN: u32 = 24;
const COLUMNS: u32 = 3;

const BACKGROUND: [u8; 3] = [24, 26, 30];
const TEXT: [u8; 3] = [235, 235, 235];
const MUTED: [u8; 3] = [160, 165, 172];
const EMPTY: [u8; 3] = [44, 47, 53];
/// Orange of the Okabe–Ito palette: the colour of everything simulated.
const SIMULATED: [u8; 3] = [230, 159, 0];

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
    pub fn draw(&self, simulated: bool) -> Picture {
        let down = (self.rows.len() as u32).div_ceil(COLUMNS).max(1);
        let mut canvas = Canvas::new(
            2 * MARGIN + COLUMNS * COLUMN_WIDTH + (COLUMNS - 1) * COLUMN_GAP,
            2 * MARGIN + HEADER + down * ROW_HEIGHT,
        );
        draw_header(&mut canvas, simulated);
        for (i, row) in (0_u32..).zip(&self.rows) {
            let x = MARGIN + (i % COLUMNS) * (COLUMN_WIDTH + COLUMN_GAP);
            let y = MARGIN + HEADER + (i / COLUMNS) * ROW_HEIGHT;
            draw_row(&mut canvas, x, y, row);
        }
        canvas.picture
    }
}

fn draw_header(canvas: &mut Canvas, simulated: bool) {
    let (colour, origin) = if simulated {
        (SIMULATED, "SIMULATED: no person, no brain")
    } else {
        (MUTED, "recorded or live signal")
    };
    canvas.text(MARGIN, MARGIN, 2, TEXT, "Phosphene");
    canvas.text(MARGIN + 180, MARGIN, 2, colour, origin);
    let what = "each row: seen | reconstruction | null twin (phase-randomised EEG, same seed)";
    canvas.text(MARGIN, MARGIN + 28, 1, MUTED, what);
}

fn draw_row(canvas: &mut Canvas, x: u32, y: u32, row: &Row) {
    let cells = [row.seen.as_ref(), Some(&*row.reconstruction), row.twin.as_deref()];
    for (i, picture) in (0_u32..).zip(cells) {
        let left = x + i * (CELL + GAP);
        match picture {
            Some(picture) => canvas.blit(left, y, picture),
            None => {
                canvas.fill(left, y, CELL, CELL, EMPTY);
                canvas.text(left + 36, y + 60, 1, MUTED, "unknown");
            }
        }
    }
    let seen = row.seen_label.as_deref().unwrap_or("unknown");
    let rank = row.rank.map_or(String::new(), |rank| format!("  rank {rank}"));
    let p = row.p_value.map_or("p -".into(), |p| format!("p {p:.3}"));
    canvas.text(x, y + CELL + 4, 1, TEXT, &clip(&format!("seen {seen}, best {}", row.best)));
    let steadied = row.steady_weight.map_or(String::new(), |w| format!("  steadied {w:.2}"));
    canvas.text(x, y + CELL + 14, 1, MUTED, &format!("k {}  {p}{rank}{steadied}", row.k));
}

fn clip(text: &str) -> String {
    text.chars().take((COLUMN_WIDTH / 8) as usize).collect()
}

struct Canvas {
    picture: Picture,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
        let rgb = BACKGROUND.repeat((width * height) as usize);
        Self { picture: Picture { width, height, rgb } }
    }

    fn pixel(&mut self, x: u32, y: u32, colour: [u8; 3]) {
        if x < self.picture.width && y < self.picture.height {
            let at = ((y * self.picture.width + x) * 3) as usize;
            self.picture.rgb[at..at + 3].copy_from_slice(&colour);
        }
    }

    fn fill(&mut self, x: u32, y: u32, width: u32, height: u32, colour: [u8; 3]) {
        for dy in 0..height {
            for dx in 0..width {
                self.pixel(x + dx, y + dy, colour);
            }
        }
    }

    /// Draws a picture of any size into a cell, by the nearest pixel.
    fn blit(&mut self, x: u32, y: u32, picture: &Picture) {
        for dy in 0..CELL {
            for dx in 0..CELL {
                let (sx, sy) = (dx * picture.width / CELL, dy * picture.height / CELL);
                let at = ((sy * picture.width + sx) * 3) as usize;
                if let Some(&[r, g, b]) = picture.rgb.get(at..at + 3) {
                    self.pixel(x + dx, y + dy, [r, g, b]);
                }
            }
        }
    }

    fn text(&mut self, x: u32, y: u32, scale: u32, colour: [u8; 3], text: &str) {
        for (i, character) in (0_u32..).zip(text.chars()) {
            let Some(glyph) = font8x8::BASIC_FONTS.get(character) else { continue };
            for (row, bits) in (0_u32..).zip(glyph) {
                for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                    self.fill(x + (i * 8 + column) * scale, y + row * scale, scale, scale, colour);
                }
            }
        }
    }
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
        let picture = sheet.draw(true);
        assert_eq!(picture.rgb.len(), (picture.width * picture.height * 3) as usize);
        let inside = ((MARGIN + HEADER + 10) * picture.width + MARGIN + CELL + GAP + 10) * 3;
        assert_eq!(picture.rgb[inside as usize], 200, "the reconstruction is in the second cell");
        assert!(picture.rgb.chunks(3).any(|c| c == SIMULATED), "simulated sheets say so");
    }
}
