//! The page of views: traces, spectrum and spectrogram, bands and scalp map, filter response.
//!
//! Reads the signal that the traces keep, as it came to the window; which signal that is, stands on the page. All
//! arithmetic over samples is done beside the window ([`feed`]); a frame only paints what was found. Nothing is read while
//! the page is not shown.

mod analysis;
mod bands;
mod choice;
mod density;
mod feed;
mod readings;
mod response;
mod scalp;
mod waterfall;

use egui::{ScrollArea, Ui};

use crate::snapshot::SourceView;
use crate::ui::look::{parts, theme, words};
use crate::ui::panels::traces::TracesPanel;
use crate::ui::scene::{Action, Scene};
use choice::{Choice, Tab};
use feed::Feed;

/// The page with what it found.
#[derive(Default)]
pub struct SpectrumPanel {
    choice: Choice,
    feed: Feed,
    waterfall: waterfall::Waterfall,
    scalp: scalp::Scalp,
    source: Option<(Vec<String>, f64)>,
}

impl SpectrumPanel {
    /// Paints the page over the signal that the traces keep.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        traces: &mut TracesPanel,
        actions: &mut Vec<Action>,
    ) {
        let Some(source) = scene.snapshot.source.clone().filter(|s| !s.channels.is_empty()) else {
            let text = format!("No signal. {}", words::run_words(scene.snapshot, scene.now_secs));
            let rect = parts::canvas(ui, ui.available_size(), text.clone());
            return parts::centred_text(ui, rect, &text, scene.palette.weak);
        };
        self.follow(&source);
        let history = traces.history();
        let reads = matches!(self.choice.tab, Tab::Spectrum | Tab::Bands);
        if reads && history.channels() == source.channels.len() {
            self.feed.tick(history, self.choice.setup(&source), self.choice.watched);
            self.waterfall.take(&mut self.feed);
        }
        if self.choice.tab == Tab::Traces {
            self.choice.tabs_ui(ui, scene);
            return traces.ui(ui, scene, actions);
        }
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            theme::card(scene.palette).show(ui, |ui| {
                ui.set_width(ui.available_width());
                self.choice.tabs_ui(ui, scene);
                match self.choice.tab {
                    Tab::Bands => self.bands_ui(ui, scene, &source),
                    Tab::Filters => response::ui(ui, scene, &source, &mut self.choice),
                    Tab::Spectrum | Tab::Traces => self.spectrum_ui(ui, scene, &source),
                }
            });
        });
    }

    /// Another source has other channels to look at.
    fn follow(&mut self, source: &SourceView) {
        let now = Some((source.channels.clone(), source.rate_hz));
        if now != self.source {
            self.choice.begin(source);
            self.source = now;
        }
    }

    fn spectrum_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, source: &SourceView) {
        self.choice.spectrum_controls(ui, source);
        let height = (ui.available_height() - 190.0).max(380.0);
        let spectra = self.feed.spectra.as_ref();
        density::ui(ui, scene, source, spectra, &mut self.choice, height * 0.55);
        ui.add_space(6.0);
        self.choice.watched_ui(ui, source);
        self.waterfall.ui(ui, scene, source, &self.choice, height * 0.45);
    }

    fn bands_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, source: &SourceView) {
        self.choice.bands_controls(ui);
        let Some(spectra) = &self.feed.spectra else {
            let text = "The first stretch is not whole yet.";
            let rect = parts::canvas(ui, egui::vec2(ui.available_width(), 360.0), text);
            return parts::centred_text(ui, rect, text, scene.palette.weak);
        };
        let values = bands::values(spectra, source.channels.len(), self.choice.relative);
        let map_width = (ui.available_width() * 0.42).clamp(260.0, 520.0);
        let wide = ui.available_width() > 760.0;
        let (feed, choice, scalp) = (&mut self.feed, &self.choice, &mut self.scalp);
        if wide {
            let height = (ui.available_height() - 30.0).max(380.0);
            ui.horizontal_top(|ui| {
                let size = egui::vec2(ui.available_width() - map_width - 12.0, height);
                ui.allocate_ui(size, |ui| bands::ui(ui, scene, source, &values, choice, height));
                ui.allocate_ui(egui::vec2(map_width, height), |ui| {
                    ui.vertical(|ui| scalp.ui(ui, scene, source, &values, choice, feed));
                });
            });
        } else {
            bands::ui(ui, scene, source, &values, choice, 360.0);
            scalp.ui(ui, scene, source, &values, choice, feed);
        }
    }
}
