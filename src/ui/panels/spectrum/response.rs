//! What the filters do: how much of each frequency passes, and how late it comes out, in plots and in words.
//!
//! The decoder's filters are the very sections that run; the display filter is the one chosen above the traces.

use egui::{Align2, DragValue, RichText, Ui};
use egui_plot::{AxisHints, GridInput, GridMark, Line, LineStyle, Plot, Span, VLine};

use super::choice::Choice;
use crate::dsp::bands::ALPHA;
use crate::dsp::design::{gain_at, group_delay_secs};
use crate::dsp::section::Section;
use crate::snapshot::{FiltersView, SourceView};
use crate::ui::look::parts;
use crate::ui::scene::Scene;
use crate::units::SampleRate;

/// Lowest frequency of the plots, Hz.
const LOW_HZ: f64 = 0.1;
/// Points of a curve.
const POINTS: usize = 480;
/// The magnitude's axis ends here, dB.
const FLOOR_DB: f64 = -80.0;
/// Where less than this passes, the delay means nothing and is not drawn, dB.
const DELAY_ABOVE_DB: f64 = -40.0;
/// Room for the words beside the plots.
const AXIS_WIDTH: f32 = 62.0;

/// One filter.
struct Shown<'a> {
    name: &'static str,
    sections: &'a [Section],
    rate: SampleRate,
}

/// Paints words and plots.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, source: &SourceView, choice: &mut Choice) {
    let Ok(rate) = SampleRate::new(source.rate_hz) else {
        parts::weak(ui, "The source has no regular rate: there are no filters.");
        return;
    };
    let display = scene.view.filter.design(rate);
    let decoder = scene.snapshot.filters.as_deref();
    let mut filters = Vec::new();
    if let Some(view) = decoder {
        let (name, rate) = ("Decoder", SampleRate::new(view.rate_hz).unwrap_or(rate));
        filters.push(Shown { name, sections: &view.sections, rate });
    }
    if let Ok(design) = &display {
        filters.push(Shown { name: "Display", sections: design.sections(), rate });
    }
    cursor_ui(ui, choice, rate);
    for line in told(&filters, decoder, display.as_ref().err(), choice.cursor_hz) {
        ui.add(egui::Label::new(line).wrap());
    }
    let height = ((ui.available_height() - 76.0) * 0.5).clamp(170.0, 320.0);
    ui.add_space(6.0);
    parts::weak(ui, "What passes, dB (solid: decoder, dashed: display)");
    plot(ui, scene, &filters, choice, "magnitude", height);
    parts::weak(
        ui,
        "How late it comes out, ms (group delay; not drawn where less than −40 dB pass)",
    );
    plot(ui, scene, &filters, choice, "delay", height);
}

fn cursor_ui(ui: &mut Ui, choice: &mut Choice, rate: SampleRate) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("At").weak());
        let range = LOW_HZ..=rate.hz() / 2.0;
        let value = DragValue::new(&mut choice.cursor_hz).speed(0.1).range(range);
        let response = ui.add(value.suffix(" Hz").fixed_decimals(2));
        response.on_hover_text("Also follows the pointer over the plots.");
    });
}

/// The delays in words.
fn told(
    filters: &[Shown<'_>],
    decoder: Option<&FiltersView>,
    refused: Option<&String>,
    hz: f64,
) -> Vec<String> {
    let mut lines = Vec::new();
    for filter in filters {
        let at = |hz: f64| 1e3 * group_delay_secs(filter.sections, hz, filter.rate);
        let gain = gain_at(filter.sections, hz, filter.rate);
        let passed = match gain {
            g if g > 0.999 => "whole".to_owned(),
            g if g < 1e-4 => "not at all".to_owned(),
            g => format!("to {:.1} %", 100.0 * g),
        };
        let [low, high] = ALPHA.hz.map(at);
        let alpha = match [low.min(high).round(), low.max(high).round()] {
            [least, most] if least == most => format!("{most:.0} ms"),
            [least, most] => format!("{least:.0} to {most:.0} ms"),
        };
        let what = match filter.name {
            "Decoder" => "Decoder's filters: a wave of",
            _ => "Display filter: a wave of",
        };
        lines.push(format!(
            "{what} {hz:.1} Hz passes {passed} and comes out {:.0} ms late; alpha (8–13 Hz) {alpha}.",
            at(hz)
        ));
    }
    match decoder {
        Some(view) => {
            let mut line = String::from(
                "The decoder was trained behind filters of the same delay: it is shown, not corrected.",
            );
            if view.resampler_delay_secs > 0.0 {
                line += &format!(
                    " Resampling holds every sample back for another {:.0} ms; times are corrected for that.",
                    1e3 * view.resampler_delay_secs
                );
            }
            lines.push(line);
        }
        None => lines.push("The decoder's filters are not set up yet.".into()),
    }
    lines.extend(refused.cloned());
    lines
}

/// A curve: logarithm of the frequency, and dB or ms.
fn curve(filter: &Shown<'_>, of_delay: bool) -> Vec<Vec<[f64; 2]>> {
    let top_hz = filter.rate.hz() / 2.0 * 0.999;
    let (low, high) = (LOW_HZ.log10(), top_hz.log10());
    let mut runs = vec![Vec::new()];
    let even = (0..=POINTS).map(|i| low + (high - low) * i as f64 / POINTS as f64);
    // A notch is narrower than a step.
    let nulls = filter.sections.iter().filter_map(|section| null_hz(section, filter.rate));
    let mut places: Vec<f64> = even.chain(nulls.map(f64::log10)).collect();
    places.retain(|x| (low..=high).contains(x));
    places.sort_by(f64::total_cmp);
    for x in places {
        let hz = 10_f64.powf(x);
        let db = 20.0 * gain_at(filter.sections, hz, filter.rate).max(1e-12).log10();
        if !of_delay {
            runs[0].push([x, db.max(FLOOR_DB)]);
        } else if db >= DELAY_ABOVE_DB {
            let ms = 1e3 * group_delay_secs(filter.sections, hz, filter.rate);
            if let Some(run) = runs.last_mut() {
                run.push([x, ms]);
            }
        } else if runs.last().is_some_and(|run| !run.is_empty()) {
            runs.push(Vec::new());
        }
    }
    runs
}

/// Where a section lets nothing pass, if its zeros lie on the unit circle away from its ends.
fn null_hz(section: &Section, rate: SampleRate) -> Option<f64> {
    let [b0, b1, b2] = section.b;
    let cosine = -b1 / (2.0 * b0);
    let on_circle = (b2 - b0).abs() < 1e-9 * b0.abs() && cosine.abs() < 1.0 - 1e-9;
    on_circle.then(|| cosine.acos() / std::f64::consts::TAU * rate.hz())
}

fn plot(
    ui: &mut Ui,
    scene: &Scene<'_>,
    filters: &[Shown<'_>],
    choice: &mut Choice,
    id: &'static str,
    height: f32,
) {
    let palette = scene.palette;
    let of_delay = id == "delay";
    let unit = if of_delay { "ms" } else { "dB" };
    let y_axis = AxisHints::new_y()
        .formatter(move |mark, _| format!("{:.0} {unit}", mark.value))
        .min_thickness(AXIS_WIDTH);
    let x_axis = AxisHints::new_x().formatter(|mark, _| hz_words(10_f64.powf(mark.value)));
    let curves: Vec<Vec<Vec<[f64; 2]>>> =
        filters.iter().map(|filter| curve(filter, of_delay)).collect();
    let plot = Plot::new(id)
        .height(height)
        .show_background(false)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .grid_color(palette.line)
        .x_grid_spacer(decades)
        .include_y(0.0)
        .set_margin_fraction(egui::vec2(0.0, 0.05))
        .label_formatter(|_| None)
        .custom_x_axes(vec![x_axis])
        .custom_y_axes(vec![y_axis]);
    let response = plot.show(ui, |plot| {
        let [low, high] = ALPHA.hz.map(f64::log10);
        let align = if of_delay { Align2::CENTER_TOP } else { Align2::CENTER_BOTTOM };
        let span = Span::new("alpha", low..=high).border_width(0.0).label_align(align);
        plot.span(span.fill(palette.accent.gamma_multiply(0.08)));
        for (place, runs) in curves.into_iter().enumerate() {
            let decoder = filters[place].name == "Decoder";
            let (color, style) = match decoder {
                true => (palette.accent, LineStyle::Solid),
                false => (palette.fair, LineStyle::Dashed { length: 8.0 }),
            };
            for run in runs {
                plot.line(Line::new(filters[place].name, run).color(color).style(style).width(1.8));
            }
        }
        let cursor = VLine::new("cursor", choice.cursor_hz.max(LOW_HZ).log10());
        plot.vline(cursor.color(palette.weak).style(LineStyle::dotted_dense()));
        plot.response().hovered().then(|| plot.pointer_coordinate()).flatten()
    });
    if let Some(at) = response.inner {
        choice.cursor_hz = 10_f64.powf(at.x).max(LOW_HZ);
    }
    let what = if of_delay { "Group delay in ms" } else { "Magnitude in dB" };
    let names: Vec<&str> = filters.iter().map(|filter| filter.name).collect();
    let words = format!("{what} against frequency: {}", names.join(", "));
    parts::name(&response.response, egui::accesskit::Role::Image, words);
}

/// Lines at 1, 2 and 5 of every decade.
fn decades(input: GridInput) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    let mut marks = Vec::new();
    for decade in low.floor() as i32..=high.ceil() as i32 {
        for (step, size) in [(1.0, 1.0), (2.0, 0.3), (5.0, 0.3)] {
            let value = f64::from(decade) + f64::log10(step);
            if (low..=high).contains(&value) {
                marks.push(GridMark { value, step_size: size });
            }
        }
    }
    marks
}

fn hz_words(hz: f64) -> String {
    let rounded = if hz < 1.0 { (hz * 10.0).round() / 10.0 } else { hz.round() };
    format!("{rounded} Hz")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::display::DisplayDesign;

    #[test]
    fn words_say_the_delay_of_the_very_sections() {
        let rate = SampleRate::HZ_250;
        let design = DisplayDesign::new(0.5, 40.0, 50.0, rate).unwrap();
        let filters = [Shown { name: "Display", sections: design.sections(), rate }];
        let lines = told(&filters, None, None, 10.0);
        let ms = 1e3 * group_delay_secs(design.sections(), 10.0, rate);
        assert!(lines[0].contains(&format!("comes out {ms:.0} ms late")), "{lines:?}");
        assert!(lines[1].contains("not set up"));
        let lines = told(&filters, None, None, 50.0);
        assert!(lines[0].contains("passes not at all"), "{lines:?}");
    }

    #[test]
    fn delay_is_not_drawn_where_nothing_passes() {
        let rate = SampleRate::HZ_250;
        let design = DisplayDesign::new(0.5, 0.0, 50.0, rate).unwrap();
        let filter = Shown { name: "Display", sections: design.sections(), rate };
        assert_eq!(curve(&filter, false).len(), 1);
        let drawn = |hz: f64| {
            let x = hz.log10();
            curve(&filter, true).iter().flatten().any(|[at, _]| (at - x).abs() < 0.005)
        };
        assert!(drawn(10.0) && drawn(80.0));
        let deepest = curve(&filter, false)[0].iter().map(|[_, db]| *db).fold(0.0, f64::min);
        assert_eq!(deepest, FLOOR_DB, "the notch is seen to its ground");
    }
}
