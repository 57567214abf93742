//! What the viewer chose on the page, and the controls for it.

use egui::{ComboBox, RichText, ScrollArea, Ui};

use super::analysis::Setup;
use crate::dsp::bands::BANDS;
use crate::snapshot::SourceView;
use crate::ui::look::parts;
use crate::ui::scene::Scene;

/// Most channels compared in one plot: as many as can be told apart.
pub const MOST_COMPARED: usize = 6;
/// Resolutions of the spectrum, Hz.
const RESOLUTIONS_HZ: [f64; 3] = [1.0, 0.5, 0.25];
/// Seconds that are averaged.
const OVER_SECS: [f64; 4] = [4.0, 8.0, 16.0, 30.0];
/// Highest frequencies of the plots, Hz; the last is all that is there.
const TOPS_HZ: [f64; 5] = [45.0, 70.0, 125.0, 250.0, f64::INFINITY];

/// Which signal the page shows.
const SIGNAL_WORDS: &str = "Signal: raw, as the source gives it; neither the display filter nor the decoder's filters are in it";

/// Parts of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The signal itself, as large as the page.
    Traces,
    /// Spectrum and spectrogram.
    #[default]
    Spectrum,
    /// Band powers and scalp map.
    Bands,
    /// What the filters do.
    Filters,
}

/// Units of the spectrum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// µV²/Hz on a logarithmic axis.
    #[default]
    Power,
    /// dB re 1 µV²/Hz.
    Decibels,
}

/// Everything that can be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Part of the page.
    pub tab: Tab,
    /// Channels in the spectrum.
    pub compared: Vec<usize>,
    /// Channel of the spectrogram.
    pub watched: usize,
    /// Distance of two bins, Hz.
    pub resolution_hz: f64,
    /// Seconds that are averaged.
    pub over_secs: f64,
    /// Units of the spectrum.
    pub unit: Unit,
    /// Highest frequency shown, Hz.
    pub top_hz: f64,
    /// Where values are read, Hz.
    pub cursor_hz: f64,
    /// Band of the map.
    pub band: usize,
    /// Shares instead of powers.
    pub relative: bool,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            tab: Tab::default(),
            compared: Vec::new(),
            watched: 0,
            resolution_hz: 0.5,
            over_secs: 8.0,
            unit: Unit::default(),
            top_hz: 70.0,
            cursor_hz: 10.0,
            band: 2,
            relative: false,
        }
    }
}

impl Choice {
    /// Begins with a source: the midline from back to front, where it is there.
    pub fn begin(&mut self, source: &SourceView) {
        let named = |name: &str| {
            source.channels.iter().position(|label| {
                crate::signal::montage::canonical_label(label).eq_ignore_ascii_case(name)
            })
        };
        self.compared = ["Oz", "Cz", "Fz"].into_iter().filter_map(named).collect();
        if self.compared.is_empty() {
            self.compared = (0..source.channels.len().min(3)).collect();
        }
        self.watched = self.compared[0];
    }

    /// What the spectra are made of.
    pub fn setup(&self, source: &SourceView) -> Setup {
        Setup {
            channels: source.channels.len(),
            rate_hz: source.rate_hz,
            stretch_secs: 1.0 / self.resolution_hz,
            over_secs: self.over_secs.max(1.0 / self.resolution_hz),
        }
    }

    /// The parts of the page, and which signal it shows.
    pub fn tabs_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        ui.horizontal_wrapped(|ui| {
            parts::eyebrow(ui, scene.palette, "VIEWS");
            for (tab, words) in [
                (Tab::Traces, "Traces"),
                (Tab::Spectrum, "Spectrum"),
                (Tab::Bands, "Bands and map"),
                (Tab::Filters, "Filters"),
            ] {
                ui.selectable_value(&mut self.tab, tab, words);
            }
            if matches!(self.tab, Tab::Spectrum | Tab::Bands) {
                ui.label(RichText::new(SIGNAL_WORDS).weak());
            }
        });
        ui.add_space(2.0);
    }

    /// Controls of the spectrum.
    pub fn spectrum_controls(&mut self, ui: &mut Ui, source: &SourceView) {
        ui.horizontal_wrapped(|ui| {
            self.compared_ui(ui, source);
            let units = |unit: Unit| match unit {
                Unit::Power => "µV²/Hz".to_owned(),
                Unit::Decibels => "dB re 1 µV²/Hz".to_owned(),
            };
            pick(ui, "Unit", &mut self.unit, &[Unit::Power, Unit::Decibels], units);
            pick(ui, "Up to", &mut self.top_hz, &TOPS_HZ, top_words);
            self.resolution_ui(ui);
        });
    }

    fn resolution_ui(&mut self, ui: &mut Ui) {
        pick(ui, "Resolution", &mut self.resolution_hz, &RESOLUTIONS_HZ, |hz| format!("{hz} Hz"));
        pick(ui, "Averaged over", &mut self.over_secs, &OVER_SECS, |secs| format!("{secs} s"));
    }

    /// Which channels are compared: a list with boxes.
    fn compared_ui(&mut self, ui: &mut Ui, source: &SourceView) {
        let name = |channel: &usize| source.channels.get(*channel).cloned().unwrap_or_default();
        let names: Vec<String> = self.compared.iter().map(name).collect();
        let title = format!("Channels: {}", names.join(", "));
        let button = ui.menu_button(&title, |ui| {
            parts::weak(ui, format!("At most {MOST_COMPARED} at once"));
            ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                for (channel, label) in source.channels.iter().enumerate() {
                    self.compared_row(ui, channel, label);
                }
            });
        });
        parts::name(&button.response, egui::accesskit::Role::Button, title);
    }

    fn compared_row(&mut self, ui: &mut Ui, channel: usize, label: &str) {
        let place = self.compared.iter().position(|c| *c == channel);
        let mut on = place.is_some();
        let room = on || self.compared.len() < MOST_COMPARED;
        ui.add_enabled(room, egui::Checkbox::new(&mut on, label));
        match place {
            None if on => self.compared.push(channel),
            Some(at) if !on && self.compared.len() > 1 => drop(self.compared.remove(at)),
            _ => {}
        }
    }

    /// Which channel the spectrogram is of.
    pub fn watched_ui(&mut self, ui: &mut Ui, source: &SourceView) {
        ui.horizontal_wrapped(|ui| {
            let channels: Vec<usize> = (0..source.channels.len()).collect();
            let name = |channel: usize| source.channels.get(channel).cloned().unwrap_or_default();
            pick(ui, "Spectrogram of", &mut self.watched, &channels, name);
        });
    }

    /// Controls of bands and map.
    pub fn bands_controls(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            for (shares, words, hint) in [
                (false, "Power", "Absolute: dB re 1 µV²"),
                (true, "Share", "Relative: of the power from 0.5 to 45 Hz"),
            ] {
                ui.selectable_value(&mut self.relative, shares, words).on_hover_text(hint);
            }
            let bands: Vec<usize> = (0..BANDS.len()).collect();
            pick(ui, "Band", &mut self.band, &bands, band_words);
            self.resolution_ui(ui);
        });
    }
}

/// A band with its limits.
pub fn band_words(band: usize) -> String {
    let band = BANDS[band.min(BANDS.len() - 1)];
    format!("{} {}–{} Hz", band.name, band.hz[0], band.hz[1])
}

fn top_words(hz: f64) -> String {
    if hz.is_finite() { format!("{hz} Hz") } else { "all there is".into() }
}

/// A name and a list to choose from.
fn pick<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    value: &mut T,
    choices: &[T],
    words: impl Fn(T) -> String,
) {
    let shown = words(*value);
    ui.label(RichText::new(name).weak());
    let list = ComboBox::from_id_salt(name).selected_text(&shown).width(64.0);
    let response = list.show_ui(ui, |ui| {
        for choice in choices {
            ui.selectable_value(value, *choice, words(*choice));
        }
    });
    parts::name(&response.response, egui::accesskit::Role::ComboBox, format!("{name}: {shown}"));
}
