//! How late the pictures came.

use maud::{Markup, html};
use plotters::prelude::*;

use super::frame::{Area, BLUE, Drawn, LABEL, Tip, figure, px, quiet};
use crate::present::presenter::TrialTiming;
use crate::report::words::number;

const SIZE: [f64; 2] = [600.0, 220.0];
const BINS: usize = 30;

/// A histogram.
pub(in crate::report) fn lateness(timing: &[TrialTiming]) -> Markup {
    let late_ms: Vec<f64> = timing
        .iter()
        .map(|trial| (trial.shown_secs - trial.planned_secs) * 1e3)
        .filter(|late| late.is_finite())
        .collect();
    if late_ms.is_empty() {
        return html! { p { "No trial was timed." } };
    }
    figure("How late pictures came", SIZE, |area| draw(area, &late_ms))
}

/// Bounds and counts of the bins; from zero, or from the earliest where one came early.
fn binned(late_ms: &[f64]) -> ([f64; 2], [usize; BINS]) {
    let least = late_ms.iter().copied().fold(f64::MAX, f64::min).min(0.0);
    let most = late_ms.iter().copied().fold(f64::MIN, f64::max).max(least + 1.0);
    let mut counts = [0; BINS];
    for late in late_ms {
        let bin = ((late - least) / (most - least) * BINS as f64) as usize;
        counts[bin.min(BINS - 1)] += 1;
    }
    ([least, most], counts)
}

fn draw(area: &Area<'_>, late_ms: &[f64]) -> Drawn<Vec<Tip>> {
    let ([least, most], counts) = binned(late_ms);
    let highest = counts.iter().max().copied().unwrap_or(0).max(1);
    let mut chart = ChartBuilder::on(area)
        .margin(px(10.0))
        .x_label_area_size(px(38.0))
        .y_label_area_size(px(58.0))
        .build_cartesian_2d(least..most, 0.0..highest as f64 * 1.05)?;
    let mut mesh = chart.configure_mesh();
    quiet(&mut mesh, LABEL);
    mesh.disable_x_mesh()
        .y_labels(4)
        .x_desc("ms after planned")
        .y_desc("trials")
        .x_label_formatter(&|ms| number(*ms, usize::from(most - least < 5.0)))
        .y_label_formatter(&|count| number(*count, 0))
        .draw()?;
    let bin = (most - least) / BINS as f64;
    let mut tips = Vec::new();
    for (i, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let from = least + bin * i as f64;
        let top_left = chart.backend_coord(&(from, *count as f64));
        let bottom_right = chart.backend_coord(&(from + bin, 0.0));
        let bar = [(top_left.0 + px(0.5), top_left.1), (bottom_right.0 - px(0.5), bottom_right.1)];
        area.draw(&Rectangle::new(bar, BLUE.filled()))?;
        let [(x, y), (right, bottom)] = bar;
        let words = format!("{count} trials, {} – {} ms", number(from, 1), number(from + bin, 1));
        tips.push(Tip { place: [x, y, right - x, bottom - y], words });
    }
    Ok(tips)
}
