//! Plots as SVG: accuracy against k, confusion, lateness of the pictures.
//!
//! Colours are those of Okabe and Ito, which colour-blind people can tell apart.

use std::fmt::Write;

use faer::Mat;

use super::table::split_words;
use super::{escaped, number};
use crate::calibrate::score::Score;
use crate::present::presenter::TrialTiming;

/// Blue and vermilion, solid for the personal encoder, dashed for the pack's.
const COLOURS: [&str; 3] = ["#0072b2", "#d55e00", "#009e73"];

/// Side of a confusion plot, in pixels.
const SIDE: f64 = 420.0;

/// Top-1 against the number of trials averaged, for every split and encoder.
pub(super) fn against_k(scores: &[Score]) -> String {
    let points: Vec<&Score> = scores.iter().filter(|score| score.metric == "top1").collect();
    if points.is_empty() {
        return "<p>There are too few trials.</p>".into();
    }
    // The legend has the right side for itself: no curve runs behind it.
    let (width, height, left, bottom, legend) = (560.0, 280.0, 46.0, 34.0, 250.0);
    let most_k = points.iter().map(|score| score.k).max().unwrap_or(1) as f64;
    let x = |k: f64| left + (width - left - 20.0) * (k.ln() / most_k.max(2.0).ln());
    let y = |value: f64| (height - bottom) - (height - bottom - 12.0) * value.clamp(0.0, 1.0);
    let mut svg =
        open(width + legend, height, "Top-1 accuracy against the number of trials averaged");
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{left}\" x2=\"{}\" y1=\"{1}\" y2=\"{1}\"/><text x=\"{2}\" y=\"{3}\" text-anchor=\"end\">{tick}</text>",
            width - 20.0,
            y(tick),
            left - 6.0,
            y(tick) + 4.0
        );
    }
    let mut kinds: Vec<(&str, &str)> = Vec::new();
    for score in &points {
        let kind = (split_words(score.split), score.encoder);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    for (i, (split, encoder)) in kinds.iter().enumerate() {
        let colour = COLOURS[(i / 2) % COLOURS.len()];
        let dash = if *encoder == "personal" { "" } else { " stroke-dasharray=\"5 4\"" };
        let own: Vec<&&Score> = points
            .iter()
            .filter(|s| split_words(s.split) == *split && s.encoder == *encoder)
            .collect();
        let line: Vec<String> =
            own.iter().map(|s| format!("{:.1},{:.1}", x(s.k as f64), y(s.value))).collect();
        let _ = write!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dash} points=\"{}\"/>",
            line.join(" ")
        );
        for score in own {
            let (cx, [low, high]) = (x(score.k as f64), score.ci95.map(y));
            let _ = write!(
                svg,
                "<line stroke=\"{colour}\" x1=\"{cx:.1}\" x2=\"{cx:.1}\" y1=\"{low:.1}\" y2=\"{high:.1}\"/><circle cx=\"{cx:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{colour}\"><title>{} k={}: {}</title></circle>",
                y(score.value),
                escaped(encoder),
                score.k,
                number(score.value, 3)
            );
        }
        let row = 18.0 + 16.0 * i as f64;
        let _ = write!(
            svg,
            "<line stroke=\"{colour}\" stroke-width=\"2\"{dash} x1=\"{0}\" x2=\"{1}\" y1=\"{row}\" y2=\"{row}\"/><text x=\"{2}\" y=\"{3}\">{4}, {split}</text>",
            width,
            width + 28.0,
            width + 34.0,
            row + 4.0,
            escaped(encoder)
        );
    }
    if let Some(chance) = points.first().map(|score| score.chance) {
        let _ = write!(
            svg,
            "<line class=\"chance\" x1=\"{left}\" x2=\"{}\" y1=\"{1}\" y2=\"{1}\"/><text x=\"{2}\" y=\"{3}\" text-anchor=\"end\">chance</text>",
            width - 20.0,
            y(chance),
            width - 22.0,
            y(chance) - 4.0
        );
    }
    let mut ks: Vec<usize> = points.iter().map(|score| score.k).collect();
    ks.sort_unstable();
    ks.dedup();
    for k in ks {
        let at = x(k as f64);
        let _ = write!(
            svg,
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">k = {k}</text>",
            height - 12.0
        );
    }
    svg + "</svg>"
}

/// How often each picture was taken for each: darker is more often within its row.
pub(super) fn confusion(counts: &Mat<f64>, ids: &[String]) -> String {
    let n = counts.nrows();
    if n == 0 {
        return "<p>There is none.</p>".into();
    }
    let cell = SIDE / n as f64;
    let mut svg = open(SIDE + 110.0, SIDE + 16.0, "Confusion: seen in rows, decoded in columns");
    for row in 0..n {
        let sum: f64 = (0..n).map(|column| counts[(row, column)]).sum();
        for column in (0..n).filter(|column| counts[(row, *column)] > 0.0) {
            let share = counts[(row, column)] / sum.max(1.0);
            let name = |i: usize| ids.get(i).map_or_else(String::new, |id| escaped(id));
            let _ = write!(
                svg,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{cell:.1}\" height=\"{cell:.1}\" fill=\"#0072b2\" fill-opacity=\"{share:.2}\"><title>{} seen, {} decoded: {}</title></rect>",
                105.0 + column as f64 * cell,
                row as f64 * cell,
                name(row),
                name(column),
                counts[(row, column)]
            );
        }
        if let Some(id) = ids.get(row) {
            let _ = write!(
                svg,
                "<text class=\"tiny\" x=\"100\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                (row as f64 + 0.5) * cell + 3.0,
                escaped(id)
            );
        }
    }
    let _ = write!(
        svg,
        "<rect class=\"frame\" x=\"105\" y=\"0\" width=\"{SIDE}\" height=\"{SIDE}\"/></svg>"
    );
    svg
}

/// How late pictures came, as a histogram.
pub(super) fn lateness(timing: &[TrialTiming]) -> String {
    let late_ms: Vec<f64> = timing
        .iter()
        .map(|trial| (trial.shown_secs - trial.planned_secs) * 1e3)
        .filter(|late| late.is_finite())
        .collect();
    if late_ms.is_empty() {
        return "<p>No trial was timed.</p>".into();
    }
    let least = late_ms.iter().copied().fold(f64::MAX, f64::min).min(0.0);
    let most = late_ms.iter().copied().fold(f64::MIN, f64::max).max(least + 1.0);
    let bins = 30_usize;
    let mut counts = vec![0_usize; bins];
    for late in &late_ms {
        let bin = ((late - least) / (most - least) * bins as f64) as usize;
        counts[bin.min(bins - 1)] += 1;
    }
    let highest = counts.iter().max().copied().unwrap_or(1).max(1) as f64;
    let mut svg = open(560.0, 150.0, "How late pictures came");
    for (i, count) in counts.iter().enumerate() {
        let height = 110.0 * *count as f64 / highest;
        let _ = write!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"16\" height=\"{height:.1}\" fill=\"#0072b2\"><title>{count} trials</title></rect>",
            20.0 + 17.0 * i as f64,
            115.0 - height
        );
    }
    let _ = write!(
        svg,
        "<text x=\"20\" y=\"135\">{} ms</text><text x=\"530\" y=\"135\" text-anchor=\"end\">{} ms after planned</text></svg>",
        number(least, 1),
        number(most, 1)
    );
    svg
}

/// The beginning of an SVG with a name for those who do not see it.
pub(super) fn open(width: f64, height: f64, name: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\"><title>{}</title>",
        escaped(name)
    )
}
