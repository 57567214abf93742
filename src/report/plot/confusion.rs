//! How often each picture was taken for each.

use faer::Mat;
use maud::{Markup, html};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::frame::{Area, BLUE, Drawn, LABEL, LINE, Tip, WEAK, anchored, figure, px, stroke};
use crate::report::words::percent;

/// Side of one cell, in pixels, and of all, at least and at most.
const CELL: f64 = 14.0;
const SIDES: [f64; 2] = [280.0, 640.0];

/// Room for the names, the titles, and the scale, in pixels.
const NAMES: f64 = 118.0;
const SCALE: f64 = 100.0;

/// Font size of the names, in pixels.
const NAME: f64 = 9.5;

/// Letters of a name at most: what the room holds.
const LETTERS: usize = 19;

/// Fuller is more often within its row.
pub(in crate::report) fn confusion(counts: &Mat<f64>, ids: &[String]) -> Markup {
    let n = counts.nrows();
    if n == 0 {
        return html! { p { "There is none." } };
    }
    let side = (CELL * n as f64).clamp(SIDES[0], SIDES[1]);
    let size = [NAMES + side + SCALE, side + NAMES];
    figure("Confusion: seen in rows, decoded in columns", size, |area| {
        let table = Table { counts, ids, n, side };
        let tips = table.cells(area)?;
        table.names(area)?;
        scale(area, NAMES + side)?;
        Ok(tips)
    })
}

struct Table<'a> {
    counts: &'a Mat<f64>,
    ids: &'a [String],
    n: usize,
    side: f64,
}

impl Table<'_> {
    /// Where a column begins, and a row, in units.
    fn edges(&self, column: usize, row: usize) -> (i32, i32) {
        let along = |i: usize| self.side * i as f64 / self.n as f64;
        (px(NAMES + along(column)), px(1.0 + along(row)))
    }

    fn name(&self, i: usize) -> &str {
        self.ids.get(i).map_or("", String::as_str)
    }

    fn cells(&self, area: &Area<'_>) -> Drawn<Vec<Tip>> {
        let mut tips = Vec::new();
        for row in 0..self.n {
            let sum: f64 = (0..self.n).map(|column| self.counts[(row, column)]).sum();
            for column in 0..self.n {
                let count = self.counts[(row, column)];
                if count <= 0.0 {
                    continue;
                }
                let [from, to] = [self.edges(column, row), self.edges(column + 1, row + 1)];
                area.draw(&Rectangle::new([from, to], BLUE.mix(count / sum.max(1.0)).filled()))?;
                let words =
                    format!("{} seen, {} decoded: {count}", self.name(row), self.name(column));
                tips.push(Tip { place: [from.0, from.1, to.0 - from.0, to.1 - from.1], words });
            }
        }
        let frame = [self.edges(0, 0), self.edges(self.n, self.n)];
        area.draw(&Rectangle::new(frame, stroke(LINE, 1.0)))?;
        Ok(tips)
    }

    /// Names of rows and columns, as many as there is room for, and what the axes are.
    fn names(&self, area: &Area<'_>) -> Drawn {
        let every = (NAME * 1.1 * self.n as f64 / self.side).ceil().max(1.0) as usize;
        let beside = anchored(NAME, &WEAK, HPos::Right);
        let below = beside.transform(FontTransform::Rotate270);
        let half = px(self.side / self.n as f64 / 2.0);
        let (left, bottom) = self.edges(0, self.n);
        for i in (0..self.n).step_by(every) {
            let (x, y) = self.edges(i, i);
            let name = shortened(self.name(i));
            area.draw(&Text::new(name.clone(), (left - px(4.0), y + half), beside.clone()))?;
            area.draw(&Text::new(name, (x + half, bottom + px(4.0)), below.clone()))?;
        }
        let title = anchored(LABEL, &WEAK, HPos::Center);
        let middle = px(self.side / 2.0);
        let seen = title.transform(FontTransform::Rotate270);
        area.draw(&Text::new("picture seen", (px(7.0), middle), seen))?;
        let at = (left + middle, bottom + px(NAMES - 8.0));
        area.draw(&Text::new("picture decoded", at, title))
    }
}

/// What colour stands for which share.
fn scale(area: &Area<'_>, left: f64) -> Drawn {
    let (x, width, step) = (left + 24.0, 12.0, 12.0);
    let style = anchored(LABEL, &WEAK, HPos::Left);
    area.draw(&Text::new("share of row", (px(x - 4.0), px(8.0)), style.clone()))?;
    for i in 0..=10_u32 {
        let (share, top) = (1.0 - f64::from(i) / 10.0, 20.0 + step * f64::from(i));
        let corners = [(px(x), px(top)), (px(x + width), px(top + step))];
        area.draw(&Rectangle::new(corners, BLUE.mix(share).filled()))?;
        if i % 5 == 0 {
            let at = (px(x + width + 5.0), px(top + step / 2.0));
            area.draw(&Text::new(percent(share), at, style.clone()))?;
        }
    }
    let frame = [(px(x), px(20.0)), (px(x + width), px(20.0 + 11.0 * step))];
    area.draw(&Rectangle::new(frame, stroke(LINE, 1.0)))
}

/// As much of a name as there is room for.
fn shortened(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}
