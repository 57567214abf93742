//! Maps of the scalp: a head from above at fixed times.

use maud::{Markup, html};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axis::{Axis, ticks};
use super::frame::{
    Area, BLUE, Drawn, LABEL, LINE, TEXT, VERMILION, WEAK, anchored, figure, px, quiet, stroke,
};
use crate::report::data::ReportData;
use crate::report::words::number;

/// When maps are drawn, in seconds after the onset.
const TIMES_SECS: [f64; 4] = [0.1, 0.17, 0.25, 0.35];

/// Width and height of a map, and width of the scale, in pixels.
const MAP: [f64; 2] = [200.0, 222.0];
const SCALE: f64 = 90.0;

/// Rows of a map.
const ROWS: usize = 56;

/// Steps of colour on either side of nothing.
const STEPS: i32 = 10;

/// An electrode's place on the unit disc and its value, −1 to 1.
type Electrode = ([f64; 2], f64);

/// A map at each time that the epochs cover.
pub(super) fn maps(mean: &[Vec<f64>], data: &ReportData<'_>) -> Markup {
    let times = times(data);
    let known: Vec<(&[f64], [f64; 2])> = mean
        .iter()
        .zip(&data.positions)
        .filter_map(|(mean, place)| Some((mean.as_slice(), (*place)?)))
        .collect();
    if known.len() < 3 || times.is_empty() {
        return html! { p { "Too few electrodes have a known place." } };
    }
    let values = |sample: usize| known.iter().map(move |(mean, place)| (*place, mean[sample]));
    let most = times
        .iter()
        .flat_map(|(_, sample)| values(*sample))
        .fold(0.1_f64, |most, (_, value)| most.max(value.abs()));
    let size = [MAP[0] * times.len() as f64 + SCALE, MAP[1]];
    let name = format!("Scalp maps; full colour is {} µV", number(most, 1));
    html! {
        (figure(&name, size, |area| {
            let (heads, right) = area.split_horizontally(px(MAP[0] * times.len() as f64));
            for (head, (secs, sample)) in heads.split_evenly((1, times.len())).iter().zip(&times) {
                let electrodes: Vec<Electrode> =
                    values(*sample).map(|(place, value)| (place, value / most)).collect();
                draw_head(head, &electrodes)?;
                let at = (px(MAP[0] / 2.0), px(MAP[1] - 12.0));
                let words = format!("{:.0} ms", secs * 1e3);
                head.draw(&Text::new(words, at, anchored(LABEL + 1.0, &TEXT, HPos::Center)))?;
            }
            scale(&right, most)?;
            Ok(Vec::new())
        }))
        p { "Orange is positive, blue negative; full colour is " (number(most, 2)) " µV." }
    }
}

/// Times and their samples, as far as they lie within the epochs.
fn times(data: &ReportData<'_>) -> Vec<(f64, usize)> {
    let sample_of = |secs: f64| ((secs - data.window_start_secs) * data.rate_hz).round();
    TIMES_SECS
        .into_iter()
        .map(|secs| (secs, sample_of(secs)))
        .filter(|(_, sample)| (0.0..data.trials.samples as f64).contains(sample))
        .map(|(secs, sample)| (secs, sample as usize))
        .collect()
}

/// The colour of a value in steps.
fn step_colour(step: i32) -> RGBAColor {
    let colour = if step > 0 { VERMILION } else { BLUE };
    colour.mix(f64::from(step.abs()) / f64::from(STEPS))
}

/// Spread from the electrodes by inverse square distance, in steps of colour.
fn step_at(u: f64, v: f64, electrodes: &[Electrode]) -> i32 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for ([x, y], value) in electrodes {
        let weight = 1.0 / ((u - x).powi(2) + (v - y).powi(2) + 1e-3);
        sum += weight * value;
        weights += weight;
    }
    let value: f64 = (sum / weights).clamp(-1.0, 1.0);
    (value * f64::from(STEPS)).round() as i32
}

/// A row of a map as runs of one colour: fewer shapes than squares, and no seams between them.
fn runs(v: f64, electrodes: &[Electrode]) -> Vec<(f64, f64, i32)> {
    let edge = (1.0 - v * v).max(0.0).sqrt();
    let width = 2.0 * edge / ROWS as f64;
    let mut all: Vec<(f64, f64, i32)> = Vec::new();
    for i in 0..ROWS {
        let from = -edge + width * i as f64;
        let step = step_at(from + width / 2.0, v, electrodes);
        match all.last_mut() {
            Some(run) if run.2 == step => run.1 = from + width,
            _ => all.push((from, from + width, step)),
        }
    }
    all
}

fn draw_head(area: &Area<'_>, electrodes: &[Electrode]) -> Drawn {
    let [width, _] = MAP;
    let (across, down) = area.get_pixel_range();
    let pixels = (across, down.start..down.start + px(width));
    // A head that fills 80 % of its square; the nose is up.
    let disc = area.apply_coord_spec(Cartesian2d::<RangedCoordf64, RangedCoordf64>::new(
        -1.2..1.2,
        1.25..-1.15,
        pixels,
    ));
    let row = 2.0 / ROWS as f64;
    for i in 0..ROWS {
        let top = -1.0 + row * i as f64;
        for (from, to, step) in runs(top + row / 2.0, electrodes) {
            if step != 0 {
                let corners = [(from, top), (to, top + row)];
                disc.draw(&Rectangle::new(corners, step_colour(step).filled()))?;
            }
        }
    }
    let frame = stroke(WEAK, 1.5);
    disc.draw(&Circle::new((0.0, 0.0), px(width / 2.4), frame))?;
    disc.draw(&PathElement::new([(-0.11, 0.995), (0.0, 1.14), (0.11, 0.995)], frame))?;
    for (place, _) in electrodes {
        disc.draw(&Circle::new((place[0], place[1]), px(1.8), TEXT.filled()))?;
    }
    Ok(())
}

/// What colour stands for how many µV.
fn scale(area: &Area<'_>, most: f64) -> Drawn {
    let marks = ticks(-most, most, 5);
    let mut chart = ChartBuilder::on(area)
        .margin_top(px(30.0))
        .margin_bottom(px(42.0))
        .margin_left(px(22.0))
        .right_y_label_area_size(px(54.0))
        .build_cartesian_2d(0.0..1.0, Axis::new(-most..most, &marks))?;
    let step = most / f64::from(STEPS);
    for i in -STEPS..=STEPS {
        let middle = f64::from(i) * step;
        let [low, high] = [-0.5, 0.5].map(|half| (middle + half * step).clamp(-most, most));
        let corners = [(0.0, low), (1.0, high)];
        chart.draw_series([Rectangle::new(corners, step_colour(i).filled())])?;
    }
    let mut mesh = chart.configure_mesh();
    quiet(&mut mesh, LABEL);
    let digits = usize::from(most < 5.0);
    mesh.disable_mesh()
        .disable_x_axis()
        .y_label_formatter(&|uv| number(*uv, digits) + " µV")
        .draw()?;
    chart.draw_series([Rectangle::new([(0.0, -most), (1.0, most)], stroke(LINE, 1.0))])?;
    Ok(())
}
