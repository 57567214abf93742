//! The picture sheet: seen | best guess | four draws | null twin, row by row, in columns of rows.
//!
//! What gained no more than windows without information do is shown as its draws, under a veil.
//!
//! Takes decodes one by one, keeps the newest, draws them once at the end, on the dark ground of the window and in
//! its letters.

use std::collections::VecDeque;
use std::sync::Arc;

use ab_glyph::InvalidFont;

use super::canvas::Canvas;
use crate::palette::{DARK, Rgb};
use crate::snapshot::{DecodeView, Picture, Presented};

/// Edge of one picture on the sheet, in pixels.
const CELL: u32 = 128;
/// Pictures side by side.
const CELLS: u32 = 4;
const GAP: u32 = 8;
const CAPTION: u32 = 2 * LINE + GAP;
const HEADER: u32 = 64;
const ROW_HEIGHT: u32 = CELL + CAPTION + GAP;
const COLUMN_WIDTH: u32 = CELLS * CELL + (CELLS - 1) * GAP;
const COLUMN_GAP: u32 = 32;
const MARGIN: u32 = 24;
const COLUMNS: u32 = 2;

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
    /// All that came of it.
    pub decode: DecodeView,
}

/// The newest decodes, to be drawn.
pub struct Sheet {
    withheld: bool,
    rows: VecDeque<Row>,
    most: usize,
}

impl Sheet {
    /// A sheet that keeps the newest `most` rows.
    pub fn new(most: usize) -> Self {
        Self { withheld: false, rows: VecDeque::new(), most }
    }

    /// Adds a row; the oldest goes when there are too many.
    pub fn push(&mut self, row: Row) {
        if self.rows.len() == self.most {
            self.rows.pop_front();
        }
        self.rows.push_back(row);
    }

    /// Lets go of all rows and says so: the control succeeds, nothing on the sheet means anything.
    pub fn withhold(&mut self) {
        self.withheld = true;
        self.rows.clear();
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
        if self.withheld {
            let words = "Withheld: the control succeeds. Nothing of this run means anything.";
            canvas.text(MARGIN, MARGIN + HEADER + GAP, LETTERS, TEXT, words);
        }
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
    let what = "each row: seen | best guess | four draws from what is believed | null twin (another window, phase-randomised)";
    canvas.text(MARGIN, MARGIN + 28, LETTERS, MUTED, what);
}

fn draw_row(canvas: &mut Canvas, x: u32, y: u32, row: &Row) {
    let left = |cell: u32| x + cell * (CELL + GAP);
    let decode = &row.decode;
    match &row.seen {
        Some(picture) => canvas.picture(left(0), y, CELL, picture),
        None => draw_unknown(canvas, left(0), y),
    }
    let presented = Presented::of(decode.shows, decode.believed.as_ref());
    draw_made(canvas, (left(1), y), presented, decode.image.as_deref(), &decode.draws);
    draw_four(canvas, (left(2), y), &decode.draws);
    if presented == Presented::Noise {
        canvas.veil(left(2), y, CELL);
    }
    let twin = Presented::of(decode.shows, decode.twin_believed.as_ref());
    draw_made(canvas, (left(3), y), twin, decode.twin_image.as_deref(), &decode.twin_draws);
    for (i, (colour, line)) in (0_u32..).zip(captions(decode, presented)) {
        let line = canvas.clipped(LETTERS, &line, COLUMN_WIDTH);
        canvas.text(x, y + CELL + 4 + i * LINE, LETTERS, colour, &line);
    }
}

/// A reconstruction or a twin, as it may be presented.
fn draw_made(
    canvas: &mut Canvas,
    (x, y): (u32, u32),
    presented: Presented,
    picture: Option<&Picture>,
    draws: &[Arc<Picture>],
) {
    match (presented, picture) {
        (Presented::Noise, _) => {
            draw_four(canvas, (x, y), draws);
            canvas.veil(x, y, CELL);
            for (i, word) in (0_u32..).zip(["no better", "than noise"]) {
                let aside = (CELL - canvas.width(LETTERS, word)) / 2;
                canvas.text(x + aside, y + CELL / 2 - LINE + i * LINE, LETTERS, TEXT, word);
            }
        }
        (_, Some(picture)) => canvas.picture(x, y, CELL, picture),
        (_, None) => draw_unknown(canvas, x, y),
    }
}

/// Four small pictures in a square.
fn draw_four(canvas: &mut Canvas, (x, y): (u32, u32), draws: &[Arc<Picture>]) {
    let half = CELL / 2;
    canvas.square(x, y, CELL, EMPTY);
    for (i, draw) in (0_u32..4).zip(draws) {
        canvas.picture(x + i % 2 * half, y + i / 2 * half, half, draw);
    }
}

fn captions(decode: &DecodeView, presented: Presented) -> [(Rgb, String); 2] {
    let seen = decode.seen.as_deref().unwrap_or("unknown");
    let p = |name: &str, p: Option<f64>| match p {
        Some(p) => format!("  {name} {p:.3}"),
        None => format!("  {name} -"),
    };
    let ps = p("p shown", decode.p_shown) + &p("p any", decode.p_value);
    let rank = decode.truth_rank.map_or(String::new(), |rank| format!("  rank {rank}"));
    let best = decode.top.first().map_or("", |best| best.label.as_str());
    let (first, second) = match (&decode.believed, presented) {
        (Some(believed), _) => {
            let best = believed.best.first();
            let guess = best.map_or(String::new(), |best| {
                format!("{} {:.0} %", best.label, 100.0 * best.probability)
            });
            let bits = format!("{:.1} of {:.1} bits", believed.gain_bits, believed.needed_bits);
            let chance = 100.0 / believed.pictures.max(1) as f64;
            let first = format!("seen {seen}, best guess {guess} (chance {chance:.1} %)");
            (first, format!("k {}  {bits}{rank}{ps}", decode.k))
        }
        (None, _) => {
            let steadied =
                decode.steady_weight.map_or(String::new(), |w| format!("  steadied {w:.2}"));
            let first = format!("seen {seen}, closest {best}: a mean, not calibrated");
            (first, format!("k {}{ps}{rank}{steadied}", decode.k))
        }
    };
    [(TEXT, first), (MUTED, second)]
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
    use crate::decode::Show;
    use crate::snapshot::BelievedView;

    fn row(label: &str) -> Row {
        let picture = Picture { width: 2, height: 2, rgb: vec![200; 12] };
        let decode = DecodeView {
            seen: Some(label.into()),
            image: Some(Arc::new(picture)),
            shows: Show::Mean,
            ..DecodeView::default()
        };
        Row { seen: None, decode }
    }

    #[test]
    fn where_nothing_was_gained_guess_and_draws_are_under_the_veil() {
        let third = |gain_bits: f64| {
            let believed =
                BelievedView { better_than_noise: gain_bits > 1.0, ..BelievedView::default() };
            let mut row = row("a");
            let picture = row.decode.image.clone().expect("a picture");
            row.decode.shows = Show::Best;
            row.decode.believed = Some(believed);
            row.decode.draws = vec![picture; 4];
            let mut sheet = Sheet::new(1);
            sheet.push(row);
            let made = sheet.draw(true).expect("the font is sound");
            let left = MARGIN + 2 * (CELL + GAP) + 3;
            made.rgb[(((MARGIN + HEADER + 3) * made.width + left) * 3) as usize]
        };
        assert_eq!(third(2.0), 200);
        assert!(third(0.5) < 120, "{}", third(0.5));
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
