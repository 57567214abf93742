//! The mean response of every channel, with its interval.

use maud::{Markup, html};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axis::{Axis, ticks};
use super::frame::{Area, BLUE, Drawn, LABEL, TEXT, WEAK, anchored, figure, px, quiet, stroke};
use super::maps;
use super::pen::{self, Place};
use crate::report::data::ReportData;
use crate::report::words::number;

/// Points of a line at most.
const POINTS: usize = 160;

/// Size of one channel's plot, in pixels.
const PANEL: [f64; 2] = [228.0, 132.0];

/// Panels in a row.
const ACROSS: usize = 4;

/// Height of the legend above them, in pixels.
const LEGEND: f64 = 24.0;

/// Font size of the small labels, in pixels.
const SMALL: f64 = 9.5;

/// Channels that are drawn at most.
const MOST_CHANNELS: usize = 64;

/// 97.5th percentile of the normal distribution: half-width of a 95 % interval in standard errors.
const Z95: f64 = 1.96;

/// Mean and half-width of its 95 % interval, `[channels][samples]`.
pub(in crate::report) struct Response {
    mean: Vec<Vec<f64>>,
    half: Vec<Vec<f64>>,
}

impl Response {
    /// Over all trials.
    pub fn of(data: &ReportData<'_>) -> Option<Self> {
        let trials = data.trials;
        let count = trials.len() as f64;
        if trials.len() < 2 || trials.samples == 0 {
            return None;
        }
        let shape = || vec![vec![0.0; trials.samples]; trials.channels];
        let (mut mean, mut half) = (shape(), shape());
        for (channel, (mean, half)) in mean.iter_mut().zip(&mut half).enumerate() {
            for (sample, (mean, half)) in mean.iter_mut().zip(half).enumerate() {
                let value =
                    |i: usize| f64::from(trials.epoch(i)[channel * trials.samples + sample]);
                *mean = (0..trials.len()).map(value).sum::<f64>() / count;
                let spread: f64 = (0..trials.len()).map(|i| (value(i) - *mean).powi(2)).sum();
                *half = Z95 * (spread / (count - 1.0) / count).sqrt();
            }
        }
        Some(Self { mean, half })
    }

    /// One panel a channel, all on the same scales.
    pub fn plots(&self, data: &ReportData<'_>) -> Markup {
        let shown = self.mean.len().min(MOST_CHANNELS);
        let ends = self.mean.iter().flatten().zip(self.half.iter().flatten());
        let most = ends.fold(0.5_f64, |most, (mean, half)| most.max(mean.abs() + half)) * 1.05;
        let rows = shown.div_ceil(ACROSS).max(1);
        let [width, height] = PANEL;
        let size = [width * ACROSS as f64, LEGEND + height * rows as f64];
        let name = format!("Mean response of every channel, plus and minus {} µV", number(most, 1));
        html! {
            (figure(&name, size, |area| {
                let (top, panels) = area.split_vertically(px(LEGEND));
                legend(&top)?;
                let panels = panels.split_evenly((rows, ACROSS));
                for (channel, panel) in panels.iter().enumerate().take(shown) {
                    self.panel(area, panel, data, channel, most)?;
                }
                Ok(Vec::new())
            }))
            @if self.mean.len() > shown {
                p.weak { "The first " (shown) " of " (self.mean.len()) " channels." }
            }
        }
    }

    fn panel(
        &self,
        whole: &Area<'_>,
        panel: &Area<'_>,
        data: &ReportData<'_>,
        channel: usize,
        most: f64,
    ) -> Drawn {
        let ms = |sample: usize| (data.window_start_secs + sample as f64 / data.rate_hz) * 1e3;
        let samples = data.trials.samples;
        let (from, to) = (ms(0), ms(samples.max(2) - 1));
        let (times, volts) = (ticks(from, to, 5), ticks(-most, most, 4));
        let mut chart = ChartBuilder::on(panel)
            .margin_top(px(18.0))
            .margin_right(px(12.0))
            .x_label_area_size(px(20.0))
            .y_label_area_size(px(40.0))
            .build_cartesian_2d(Axis::new(from..to, &times), Axis::new(-most..most, &volts))?;
        let mut mesh = chart.configure_mesh();
        quiet(&mut mesh, SMALL);
        mesh.disable_x_mesh()
            .x_label_formatter(&|at| with_unit(*at, &times, "ms"))
            .y_label_formatter(&|at| with_unit(*at, &volts, "µV"))
            .draw()?;
        let place =
            |sample: usize, uv: f64| chart.backend_coord(&(ms(sample), uv.clamp(-most, most)));
        if (from..=to).contains(&0.0) {
            let ends = [most, -most].map(|uv| chart.backend_coord(&(0.0, uv)));
            pen::line(whole, &ends, onset(), false)?;
        }
        let every = samples.div_ceil(POINTS).max(1);
        let (mean, half) = (&self.mean[channel], &self.half[channel]);
        let along = |f: &dyn Fn(usize) -> f64| -> Vec<Place> {
            (0..samples).step_by(every).map(|s| place(s, f(s))).collect()
        };
        let [upper, lower] = [1.0, -1.0].map(|sign| along(&|s| mean[s] + sign * half[s]));
        pen::band(whole, &upper, &lower, BLUE)?;
        pen::line(whole, &along(&|s| mean[s]), stroke(BLUE, 1.5), false)?;
        let label = data.channels.get(channel).map_or("", String::as_str);
        let at = (px(40.0), px(9.0));
        panel.draw(&Text::new(label, at, anchored(LABEL + 1.0, &TEXT, HPos::Left)))
    }

    /// Maps at fixed times.
    pub fn maps(&self, data: &ReportData<'_>) -> Markup {
        maps::maps(&self.mean, data)
    }
}

fn onset() -> ShapeStyle {
    stroke(WEAK, 1.0)
}

/// Round numbers; the last one has the unit.
fn with_unit(at: f64, all: &[f64], unit: &str) -> String {
    let step = all.windows(2).map(|two| two[1] - two[0]).fold(f64::MAX, f64::min);
    let text = number(at, usize::from(step < 1.0));
    if all.last() == Some(&at) { format!("{text} {unit}") } else { text }
}

fn legend(area: &Area<'_>) -> Drawn {
    let y = px(LEGEND / 2.0);
    pen::key(area, (px(40.0), y), "mean", |from, to| {
        pen::line(area, &[from, to], stroke(BLUE, 1.5), false)
    })?;
    pen::key(area, (px(140.0), y), "95 % interval of the mean", |from, to| {
        let [upper, lower] = [-5.0, 5.0].map(|dy| [from, to].map(|(x, y)| (x, y + px(dy))));
        pen::band(area, &upper, &lower, BLUE)
    })?;
    pen::key(area, (px(360.0), y), "onset of the picture, 0 ms", |from, to| {
        let x = (from.0 + to.0) / 2;
        pen::line(area, &[(x, y - px(7.0)), (x, y + px(7.0))], onset(), false)
    })
}
