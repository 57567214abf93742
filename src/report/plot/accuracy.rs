//! Accuracy against the number of trials averaged.

use maud::{Markup, html};
use plotters::prelude::*;

use super::axis::Axis;
use super::frame::{
    Area, BLUE, Drawn, GREEN, LABEL, ORANGE, TEXT, Tip, VERMILION, figure, px, quiet, stroke,
};
use super::pen::{self, Marker, Place};
use crate::calibrate::score::Score;
use crate::report::words::{number, percent, split_words};

/// Colour and marker of each split, in the order in which they appear.
const SPLITS: [(RGBColor, Marker); 4] = [
    (BLUE, Marker::Circle),
    (VERMILION, Marker::Triangle),
    (GREEN, Marker::Square),
    (ORANGE, Marker::Cross),
];

/// Width of the axes, then of the legend, which has the right side for itself: no curve runs behind it.
const WIDTHS: [f64; 2] = [600.0, 250.0];
const HEIGHT: f64 = 300.0;

/// Distance between series at the same k, in pixels: their intervals stand side by side.
const DODGE: f64 = 7.0;

/// The scores of one encoder on one split.
struct Series<'a> {
    words: String,
    look: (RGBColor, Marker),
    is_dashed: bool,
    scores: Vec<&'a Score>,
}

/// Top-1 against the number of trials averaged, for every split and encoder.
pub(in crate::report) fn against_k(scores: &[Score]) -> Markup {
    let points: Vec<&Score> = scores.iter().filter(|score| score.metric == "top1").collect();
    if points.is_empty() {
        return html! { p { "There are too few trials." } };
    }
    let size = [WIDTHS[0] + WIDTHS[1], HEIGHT];
    figure("Top-1 accuracy against the number of trials averaged", size, |area| draw(area, &points))
}

/// In the order in which they appear; solid for the personal encoder, dashed for others.
fn series<'a>(points: &[&'a Score]) -> Vec<Series<'a>> {
    let mut splits = Vec::new();
    let mut all: Vec<Series<'a>> = Vec::new();
    for score in points {
        let split = split_words(score.split);
        if !splits.contains(&split) {
            splits.push(split);
        }
        let place = splits.iter().position(|known| *known == split).unwrap_or(0);
        let words = format!("{}, {split}", score.encoder);
        match all.iter_mut().find(|series| series.words == words) {
            Some(series) => series.scores.push(score),
            None => all.push(Series {
                words,
                look: SPLITS[place % SPLITS.len()],
                is_dashed: score.encoder != "personal",
                scores: vec![score],
            }),
        }
    }
    all
}

/// Each value once, in order.
fn once(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

fn draw(area: &Area<'_>, points: &[&Score]) -> Drawn<Vec<Tip>> {
    let ks = once(points.iter().map(|score| (score.k as f64).ln()).collect());
    let most = ks.last().copied().unwrap_or(0.0).max(2.0_f64.ln());
    let (left, _) = area.split_horizontally(px(WIDTHS[0]));
    let mut chart = ChartBuilder::on(&left)
        .margin(px(10.0))
        .x_label_area_size(px(38.0))
        .y_label_area_size(px(58.0))
        .build_cartesian_2d(
            Axis::new(-0.15..most + 0.15, &ks),
            Axis::new(0.0..1.0, &[0.0, 0.25, 0.5, 0.75, 1.0]),
        )?;
    let mut mesh = chart.configure_mesh();
    quiet(&mut mesh, LABEL);
    mesh.disable_x_mesh()
        .x_desc("k, the trials averaged")
        .y_desc("top-1 accuracy")
        .x_label_formatter(&|k| format!("{:.0}", k.exp()))
        .y_label_formatter(&|share| percent(*share))
        .draw()?;
    let place = |k: f64, share: f64| chart.backend_coord(&(k, share));
    let chances = once(points.iter().map(|score| score.chance).collect());
    for chance in &chances {
        pen::chance(area, place(-0.15, *chance), place(most + 0.15, *chance))?;
    }
    let series = series(points);
    let mut tips = Vec::new();
    for (i, one) in series.iter().enumerate() {
        let aside = px((i as f64 - (series.len() - 1) as f64 / 2.0) * DODGE);
        let at = |k: usize, share: f64| {
            let (x, y) = place((k as f64).ln(), share.clamp(0.0, 1.0));
            (x + aside, y)
        };
        tips.extend(draw_series(area, one, at)?);
    }
    legend(area, &series, &chances)?;
    Ok(tips)
}

fn draw_series(
    area: &Area<'_>,
    series: &Series<'_>,
    at: impl Fn(usize, f64) -> Place,
) -> Drawn<Vec<Tip>> {
    let (colour, marker) = series.look;
    let line: Vec<Place> = series.scores.iter().map(|s| at(s.k, s.value)).collect();
    pen::line(area, &line, stroke(colour, 2.0), series.is_dashed)?;
    let mut tips = Vec::new();
    for (score, place) in series.scores.iter().zip(line) {
        let ends = score.ci95.map(|share| at(score.k, share));
        pen::line(area, &ends, stroke(colour, 1.5), false)?;
        pen::marker(area, place, marker, colour)?;
        let [low, high] = score.ci95.map(|share| number(share, 3));
        let value = number(score.value, 3);
        let words = format!("{} k={}: {value} ({low} – {high})", score.encoder, score.k);
        tips.push(Tip::around(place, 14.0, words));
    }
    Ok(tips)
}

fn legend(area: &Area<'_>, series: &[Series<'_>], chances: &[f64]) -> Drawn {
    let row = |i: usize| (px(WIDTHS[0] + 4.0), px(22.0 + 18.0 * i as f64));
    for (i, one) in series.iter().enumerate() {
        pen::key(area, row(i), &one.words, |from, to| {
            let (colour, marker) = one.look;
            pen::line(area, &[from, to], stroke(colour, 2.0), one.is_dashed)?;
            pen::marker(area, ((from.0 + to.0) / 2, from.1), marker, colour)
        })?;
    }
    let next = series.len();
    let words: Vec<String> = chances.iter().map(|share| percent(*share)).collect();
    let words = format!("chance, {}", words.join(" and "));
    pen::key(area, row(next), &words, |from, to| pen::chance(area, from, to))?;
    pen::key(area, row(next + 1), "95 % interval", |from, to| {
        let middle = (from.0 + to.0) / 2;
        let ends = [(middle, from.1 - px(6.0)), (middle, from.1 + px(6.0))];
        pen::line(area, &ends, stroke(TEXT, 1.5), false)
    })
}
