//! Power of every channel in the classical bands: a row of bars a band, a bar a channel.
//!
//! Bars begin at nothing. A row spans up to the largest bar of the channels that are not bad; a bar that goes beyond is cut
//! and says so with a mark, so that one bad electrode does not hide all others.

use egui::{Align2, Rect, Response, Sense, Stroke, Ui, pos2, vec2};

use super::analysis::Spectra;
use super::choice::{Choice, band_words};
use crate::dsp::bands::{self, BANDS, COUNT};
use crate::snapshot::{QualityVerdict, SourceView};
use crate::ui::look::{parts, words};
use crate::ui::scene::Scene;

/// Room for the names of bands.
const GUTTER: f32 = 118.0;
/// Room for the names of channels.
const FOOT: f32 = 18.0;
/// Room that a channel's name takes.
const NAME: f32 = 30.0;

/// Powers of each band, µV², or their shares, `[channels]`.
pub type Values = Vec<[f64; COUNT]>;

/// What the bars and the map show.
pub fn values(spectra: &Spectra, channels: usize, relative: bool) -> Values {
    let of = |channel: usize| {
        let powers = bands::powers(spectra.of(channel), spectra.bin_hz);
        if relative { bands::shares(powers) } else { powers }
    };
    (0..channels).map(of).collect()
}

/// A value in words.
pub fn value_words(value: f64, relative: bool) -> String {
    match (value.is_finite(), relative) {
        (false, _) => "–".into(),
        (true, true) => words::percent(value),
        (true, false) if value < 10.0 => format!("{value:.2} µV²"),
        (true, false) => format!("{value:.0} µV²"),
    }
}

/// Paints the rows.
pub fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    source: &SourceView,
    values: &Values,
    choice: &Choice,
    height: f32,
) {
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let what = if choice.relative { "shares" } else { "powers" };
    let words =
        format!("Band {what} of {} channels. {}", values.len(), middle_words(values, choice));
    parts::name(&response, egui::accesskit::Role::Image, words);
    let row = (rect.height() - FOOT) / COUNT as f32;
    let plot = Rect::from_min_max(
        pos2(rect.left() + GUTTER, rect.top()),
        pos2(rect.right(), rect.bottom() - FOOT),
    );
    for band in 0..COUNT {
        let top = plot.top() + row * band as f32;
        let area = Rect::from_x_y_ranges(plot.x_range(), top + 5.0..=top + row - 4.0);
        paint_row(ui, scene, rect, area, values, [band, usize::from(choice.relative)]);
    }
    names(ui, scene, source, plot);
    hover(&response, plot, source, values, choice);
}

fn verdict(scene: &Scene<'_>, channel: usize) -> QualityVerdict {
    scene.snapshot.quality.get(channel).map(|q| q.verdict).unwrap_or_default()
}

fn paint_row(
    ui: &Ui,
    scene: &Scene<'_>,
    whole: Rect,
    area: Rect,
    values: &Values,
    [band, relative]: [usize; 2],
) {
    let palette = scene.palette;
    ui.painter().rect_filled(area, 2.0, palette.well);
    let usable =
        |(channel, _): &(usize, &[f64; COUNT])| verdict(scene, *channel) != QualityVerdict::Bad;
    let finite = |values: &mut dyn Iterator<Item = f64>| {
        values.filter(|value| value.is_finite()).fold(0.0, f64::max)
    };
    let of_usable = finite(&mut values.iter().enumerate().filter(usable).map(|(_, v)| v[band]));
    let top = if of_usable > 0.0 {
        of_usable
    } else {
        finite(&mut values.iter().map(|v| v[band])).max(1e-12)
    };
    let step = area.width() / values.len().max(1) as f32;
    let thick = (step * 0.8).max(1.0);
    for (channel, value) in values.iter().enumerate() {
        let share = value[band] / top;
        if !share.is_finite() {
            continue;
        }
        let middle = area.left() + (channel as f32 + 0.5) * step;
        let bad = verdict(scene, channel) == QualityVerdict::Bad;
        let ink = if bad { palette.weak.gamma_multiply(0.6) } else { palette.accent };
        let height = area.height() * share.min(1.0) as f32;
        let bar = Rect::from_min_max(
            pos2(middle - thick * 0.5, area.bottom() - height),
            pos2(middle + thick * 0.5, area.bottom()),
        );
        ui.painter().rect_filled(bar, 0.0, ink);
        if share > 1.0 + 1e-9 {
            let mark = Rect::from_center_size(pos2(middle, area.top() + 4.0), vec2(7.0, 7.0));
            ui.painter().add(parts::verdict_shape(mark, QualityVerdict::Fair, palette));
        }
    }
    let name = band_words(band);
    let at = pos2(whole.left(), area.top() + 1.0);
    parts::tag(ui, at, Align2::LEFT_TOP, &name, palette.text);
    let scale = format!("0 to {}", value_words(top, relative == 1));
    parts::tag(ui, at + vec2(0.0, 15.0), Align2::LEFT_TOP, &scale, palette.weak);
    let base = [area.left_bottom(), area.right_bottom()];
    ui.painter().line_segment(base, Stroke::new(1.0, palette.line));
}

fn names(ui: &Ui, scene: &Scene<'_>, source: &SourceView, plot: Rect) {
    let step = plot.width() / source.channels.len().max(1) as f32;
    let every = (NAME / step).ceil().max(1.0) as usize;
    for (channel, label) in source.channels.iter().enumerate().step_by(every) {
        let at = pos2(plot.left() + (channel as f32 + 0.5) * step, plot.bottom() + 2.0);
        let label: String = label.chars().take(5).collect();
        parts::tag(ui, at, Align2::CENTER_TOP, &label, scene.palette.weak);
    }
}

fn hover(response: &Response, plot: Rect, source: &SourceView, values: &Values, choice: &Choice) {
    let Some(at) = response.hover_pos().filter(|at| plot.contains(*at)) else { return };
    let channel = ((at.x - plot.left()) / plot.width() * values.len() as f32) as usize;
    let (Some(label), Some(of)) = (source.channels.get(channel), values.get(channel)) else {
        return;
    };
    let each = (0..COUNT)
        .map(|band| format!("{}: {}", BANDS[band].name, value_words(of[band], choice.relative)));
    let text = std::iter::once(label.clone()).chain(each).collect::<Vec<_>>().join("\n");
    response.clone().on_hover_text(text);
}

/// The middle channel of each band.
fn middle_words(values: &Values, choice: &Choice) -> String {
    let each = (0..COUNT).map(|band| {
        let mut of: Vec<f64> = values.iter().map(|v| v[band]).filter(|v| v.is_finite()).collect();
        let middle = match of.len() {
            0 => f64::NAN,
            n => *of.select_nth_unstable_by(n / 2, f64::total_cmp).1,
        };
        format!("{} {}", BANDS[band].name, value_words(middle, choice.relative))
    });
    format!("Median: {}", each.collect::<Vec<_>>().join(", "))
}
