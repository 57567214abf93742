//! The spectrum of a few channels, with all others as a band behind them; alpha and mains marked; a cursor with values.

use egui::{Align2, Color32, DragValue, RichText, Sense, Shape, Stroke, Ui, vec2};
use egui_plot::{
    AxisHints, FilledArea, Line, LineStyle, Plot, PlotPoint, PlotUi, Span, Text, VLine,
};

use super::analysis::Spectra;
use super::choice::{Choice, Unit};
use super::readings::{self, STANDS_OUT_DB};
use crate::dsp::bands::ALPHA;
use crate::snapshot::SourceView;
use crate::ui::look::theme::Palette;
use crate::ui::look::{parts, words};
use crate::ui::scene::Scene;

/// Powers below this are drawn as this, µV²/Hz.
const FLOOR: f32 = 1e-6;
/// Channels from which on the others are drawn as a band.
const BAND_FROM: usize = 8;
/// Quantiles of all channels between which the band lies.
const BAND_QUANTILES: [f64; 2] = [0.1, 0.9];
/// Room for the words beside the plot.
const AXIS_WIDTH: f32 = 52.0;

/// Where most channels lie, and what that was made of: found once for each new estimate, not in every frame.
pub struct Band {
    key: (u64, u64, Unit),
    values: [Vec<f64>; 3],
}

/// Paints plot, readings and cursor.
pub fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    source: &SourceView,
    (spectra, version): (Option<&Spectra>, u64),
    (choice, held): (&mut Choice, &mut Option<Band>),
    height: f32,
) {
    let Some(spectra) = spectra else {
        let text =
            format!("The first stretch of {} s is not whole yet.", 1.0 / choice.resolution_hz);
        let rect = parts::canvas(ui, egui::vec2(ui.available_width(), height), text.clone());
        return parts::centred_text(ui, rect, &text, scene.palette.weak);
    };
    plot(ui, scene, source, (spectra, version), (choice, held), height);
    cursor(ui, scene, source, spectra, choice);
    told(ui, source, spectra, choice);
}

fn plot(
    ui: &mut Ui,
    scene: &Scene<'_>,
    source: &SourceView,
    (spectra, version): (&Spectra, u64),
    (choice, held): (&mut Choice, &mut Option<Band>),
    height: f32,
) {
    let palette = scene.palette;
    let (unit, top_hz) = (choice.unit, choice.top_hz.min(spectra.top_hz()));
    let lines: Vec<(usize, Vec<[f64; 2]>)> = choice
        .compared
        .iter()
        .map(|channel| (*channel, points(spectra.of(*channel), spectra.bin_hz, top_hz, unit)))
        .collect();
    let key = (version, top_hz.to_bits(), unit);
    let band = (source.channels.len() >= BAND_FROM).then(|| {
        if held.as_ref().is_none_or(|held| held.key != key) {
            *held = Some(Band { key, values: quantiles(spectra, top_hz, unit) });
        }
        held.as_ref().map(|held| &held.values)
    });
    // Given, not found by the plot: what is written into it would widen it frame by frame.
    let of_lines = lines.iter().flat_map(|(_, points)| points.iter().map(|point| point[1]));
    let of_band = band.flatten().into_iter().flat_map(|band| band[1..].iter().flatten().copied());
    let [low, high] = y_range(of_lines.chain(of_band));
    let y_axis = AxisHints::new_y()
        .formatter(move |mark, _| axis_words(unit, mark.value))
        .min_thickness(AXIS_WIDTH);
    let x_axis = AxisHints::new_x().formatter(|mark, _| format!("{} Hz", mark.value));
    let response = Plot::new("density")
        .height(height)
        .show_background(false)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .grid_color(palette.line)
        .show_crosshair(false)
        .include_x(0.0)
        .include_x(top_hz)
        .set_margin_fraction(egui::vec2(0.0, 0.05))
        .label_formatter(|_| None)
        .custom_x_axes(vec![x_axis])
        .custom_y_axes(vec![y_axis])
        .show(ui, |plot| {
            plot.set_plot_bounds_y(low..=high);
            let alpha = Span::new("alpha", ALPHA.hz[0]..=ALPHA.hz[1])
                .fill(palette.accent.gamma_multiply(0.08))
                .border_width(0.0)
                .label_align(Align2::LEFT_TOP);
            plot.span(alpha);
            for hz in [50.0, 60.0] {
                if top_hz > hz {
                    let span = Span::new("", (hz - 1.0)..=(hz + 1.0));
                    plot.span(span.fill(palette.fair.gamma_multiply(0.12)).border_width(0.0));
                }
            }
            if let Some(Some([xs, low, high])) = band {
                let area = FilledArea::new("all channels", xs, low, high);
                plot.add(area.fill_color(palette.weak.gamma_multiply(0.16)));
            }
            for (place, (channel, points)) in lines.iter().enumerate() {
                let (color, style) = stroke(scene, place);
                let name = source.channels.get(*channel).cloned().unwrap_or_default();
                plot.line(Line::new(name, points.clone()).color(color).style(style).width(1.6));
            }
            let cursor = VLine::new("cursor", choice.cursor_hz).color(palette.weak);
            plot.vline(cursor.style(LineStyle::dotted_dense()));
            mains_names(plot, palette, top_hz, high);
            plot.response().hovered().then(|| plot.pointer_coordinate()).flatten()
        });
    if let Some(at) = response.inner {
        let bin = (at.x.clamp(0.0, top_hz) / spectra.bin_hz).round();
        choice.cursor_hz = bin * spectra.bin_hz;
    }
    let words = plot_words(source, spectra, choice);
    parts::name(&response.response, egui::accesskit::Role::Image, words);
}

/// The axis around all that is drawn, with a tenth of it as margin.
fn y_range(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let wide = |[low, high]: [f64; 2], value: f64| [low.min(value), high.max(value)];
    let [low, high] = values.filter(|v| v.is_finite()).fold([f64::MAX, f64::MIN], wide);
    if low > high {
        return [0.0, 1.0];
    }
    let margin = 0.05 * (high - low).max(0.1);
    [low - margin, high + margin]
}

/// What the bands at 50 and 60 Hz are.
fn mains_names(plot: &mut PlotUi<'_>, palette: &Palette, top_hz: f64, top: f64) {
    for hz in [50.0, 60.0] {
        if top_hz > hz {
            let words = egui::RichText::new(format!("mains {hz} Hz")).small();
            let at = PlotPoint::new(hz + 1.2, top);
            let text = Text::new("mains", at, words).color(palette.weak);
            plot.text(text.anchor(Align2::LEFT_TOP));
        }
    }
}

/// The lines are told apart by colour, and by how they are dashed.
fn stroke(scene: &Scene<'_>, place: usize) -> (Color32, LineStyle) {
    let p = scene.palette;
    let colors = [p.accent, p.fair, p.good, p.null, p.bad, p.weak];
    let styles = [
        LineStyle::Solid,
        LineStyle::Dashed { length: 8.0 },
        LineStyle::Dotted { spacing: 4.0 },
        LineStyle::Dashed { length: 4.0 },
        LineStyle::Dashed { length: 12.0 },
        LineStyle::Dotted { spacing: 7.0 },
    ];
    (colors[place % colors.len()], styles[place % styles.len()])
}

/// A density on the axis.
fn scaled(density: f32, unit: Unit) -> f64 {
    let exponent = f64::from(density.max(FLOOR)).log10();
    match unit {
        Unit::Power => exponent,
        Unit::Decibels => 10.0 * exponent,
    }
}

fn axis_words(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Decibels => format!("{value:.0} dB"),
        // Only whole powers of ten have a name.
        Unit::Power if (value - value.round()).abs() > 1e-6 => String::new(),
        Unit::Power if (-2.0..=3.0).contains(&value) => format!("{}", 10_f64.powf(value)),
        Unit::Power => format!("1e{value:.0}"),
    }
}

fn points(density: &[f32], bin_hz: f64, top_hz: f64, unit: Unit) -> Vec<[f64; 2]> {
    // Bin 0 holds only what is left of the mean.
    let bins = density.iter().enumerate().skip(1);
    bins.map(|(bin, density)| [bin as f64 * bin_hz, scaled(*density, unit)])
        .take_while(|[hz, _]| *hz <= top_hz + 1e-9)
        .filter(|[_, value]| value.is_finite())
        .collect()
}

/// Where most channels lie: frequencies, lower and upper quantile.
fn quantiles(spectra: &Spectra, top_hz: f64, unit: Unit) -> [Vec<f64>; 3] {
    let bins = ((top_hz / spectra.bin_hz + 1e-9) as usize).min(spectra.bins - 1);
    let channels = spectra.density.len() / spectra.bins;
    let mut out = [Vec::new(), Vec::new(), Vec::new()];
    let mut column = Vec::with_capacity(channels);
    for bin in 1..=bins {
        column.clear();
        column.extend((0..channels).map(|channel| spectra.density[channel * spectra.bins + bin]));
        column.retain(|value| value.is_finite());
        if column.is_empty() {
            continue;
        }
        out[0].push(bin as f64 * spectra.bin_hz);
        for (values, quantile) in out[1..].iter_mut().zip(BAND_QUANTILES) {
            let at = (quantile * (column.len() - 1) as f64).round() as usize;
            let (_, value, _) = column.select_nth_unstable_by(at, f32::total_cmp);
            values.push(scaled(*value, unit));
        }
    }
    out
}

/// The values under the cursor, and where it is.
fn cursor(
    ui: &mut Ui,
    scene: &Scene<'_>,
    source: &SourceView,
    spectra: &Spectra,
    choice: &mut Choice,
) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("At").weak());
        let range = 0.0..=spectra.top_hz();
        let value = DragValue::new(&mut choice.cursor_hz).speed(spectra.bin_hz).range(range);
        let response = ui.add(value.suffix(" Hz").fixed_decimals(2));
        response.on_hover_text("Also follows the pointer over the plot.");
        let bin = (choice.cursor_hz / spectra.bin_hz).round() as usize;
        for (place, channel) in choice.compared.iter().enumerate() {
            let Some(density) = spectra.of(*channel).get(bin) else { continue };
            let value = match choice.unit {
                Unit::Power => readings::density_words(f64::from(*density)),
                Unit::Decibels => format!("{:.1} dB", scaled(*density, Unit::Decibels)),
            };
            let (color, _) = stroke(scene, place);
            let name = source.channels.get(*channel).cloned().unwrap_or_default();
            swatch(ui, scene, place);
            ui.label(RichText::new(name).color(color).strong());
            ui.label(RichText::new(value).monospace());
        }
    });
}

/// A piece of a line as it is drawn, so that its dashes name the channel, too.
fn swatch(ui: &mut Ui, scene: &Scene<'_>, place: usize) {
    let (rect, _) = ui.allocate_exact_size(vec2(26.0, 12.0), Sense::hover());
    let (color, style) = stroke(scene, place);
    let (ends, line) = ([rect.left_center(), rect.right_center()], Stroke::new(2.0, color));
    match style {
        LineStyle::Solid => drop(ui.painter().line_segment(ends, line)),
        LineStyle::Dashed { length } => {
            ui.painter().extend(Shape::dashed_line(&ends, line, length, length * 0.6));
        }
        LineStyle::Dotted { spacing } => {
            ui.painter().extend(Shape::dotted_line(&ends, color, spacing, 1.2));
        }
    }
}

/// Alpha and mains of each channel in words, and what the estimate rests on.
fn told(ui: &mut Ui, source: &SourceView, spectra: &Spectra, choice: &Choice) {
    parts::weak(ui, channel_words(source, spectra, choice));
    parts::weak(ui, estimate_words(source, spectra, choice));
}

fn channel_words(source: &SourceView, spectra: &Spectra, choice: &Choice) -> String {
    let each = choice.compared.iter().map(|channel| {
        let density = spectra.of(*channel);
        let alpha = match readings::alpha(density, spectra.bin_hz) {
            Some(peak) if peak.above_db >= STANDS_OUT_DB => {
                format!("alpha peak at {:.1} Hz, {:.0} dB above its flanks", peak.hz, peak.above_db)
            }
            Some(_) => "no alpha peak".into(),
            None => "alpha not known".into(),
        };
        let mains = match readings::mains(density, spectra.bin_hz) {
            Some(peak) if peak.above_db >= STANDS_OUT_DB => {
                format!("mains {:.0} Hz {:.0} dB above its neighbours", peak.hz, peak.above_db)
            }
            Some(_) => "no mains hum".into(),
            None => "mains not known".into(),
        };
        let name = source.channels.get(*channel).cloned().unwrap_or_default();
        format!("{name}: {alpha}, {mains}")
    });
    each.collect::<Vec<_>>().join(" · ")
}

fn estimate_words(source: &SourceView, spectra: &Spectra, choice: &Choice) -> String {
    let [held, most] = spectra.stretches;
    let stretch_secs = 1.0 / spectra.bin_hz;
    let mut text = format!(
        "Welch: {held} of {most} half-overlapping stretches of {stretch_secs:.3} s, Hann, {:.2} Hz apart",
        spectra.bin_hz
    );
    if (spectra.bin_hz - choice.resolution_hz).abs() > 0.01 * choice.resolution_hz {
        text += " (coarser than chosen, so that memory stays bounded)";
    }
    if spectra.top_hz() < source.rate_hz / 2.0 - spectra.bin_hz {
        text += &format!(
            "; frequencies from {:.0} to {:.0} Hz are left away",
            spectra.top_hz(),
            source.rate_hz / 2.0
        );
    }
    if source.channels.len() >= BAND_FROM {
        text += &format!(
            "; grey: 8 in 10 of all {} channels",
            words::count(source.channels.len() as u64)
        );
    }
    text
}

fn plot_words(source: &SourceView, spectra: &Spectra, choice: &Choice) -> String {
    format!(
        "Spectrum of {} channels up to {:.0} Hz. {}",
        choice.compared.len(),
        choice.top_hz.min(spectra.top_hz()),
        channel_words(source, spectra, choice)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_is_as_wide_as_what_is_drawn() {
        let [low, high] = y_range([2.0, f64::NAN, -1.0, f64::INFINITY].into_iter());
        assert!((low + 1.15).abs() < 1e-12 && (high - 2.15).abs() < 1e-12, "{low} {high}");
        assert_eq!(y_range(std::iter::empty()), [0.0, 1.0]);
        let [low, high] = y_range(std::iter::once(3.0));
        assert!(low < 3.0 && high > 3.0);
    }
}
