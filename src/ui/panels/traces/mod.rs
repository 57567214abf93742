//! The signal as it scrolls by: one lane a channel, with quality, markers and gaps.
//!
//! Takes display-filtered frames once a frame of the window ([`TracesPanel::push`]), paints minimum and
//! maximum per column. A loss is drawn as a hatched stretch, never joined.

pub mod columns;
pub mod controls;
pub mod history;
pub mod lanes;
pub mod mesh;

use egui::{Sense, Ui, vec2};

use crate::signal::FrameMeta;
use crate::snapshot::{QualityVerdict, Snapshot, SourceView};
use crate::ui::look::{parts, theme, words};
use crate::ui::panels::cleaning;
use crate::ui::scene::{Action, Scene};
use columns::Columns;
use history::History;
use lanes::GUTTERS;

/// A lane lower than this cannot be read: the lanes scroll instead.
const MIN_LANE: f32 = 15.0;
/// Columns × channels painted at most, so that software rendering keeps up (four vertices each).
const COLUMN_BUDGET: usize = 26_000;
/// The panel with its memory of the signal.
#[derive(Default)]
pub struct TracesPanel {
    history: History,
    columns: Columns,
    source: Option<(Vec<String>, f64)>,
    frozen_secs: Option<f64>,
}

impl TracesPanel {
    /// Follows the source: a new one starts with an empty screen.
    pub fn follow(&mut self, snapshot: &Snapshot) {
        let now = snapshot.source.as_ref().map(|s| (s.channels.clone(), s.rate_hz));
        if now.is_some() && now != self.source {
            self.forget(now);
        }
        if let Some(stimulus) = &snapshot.stimulus {
            self.history.mark(stimulus.onset_secs, &stimulus.label);
        }
    }

    /// Empties the screen, as before a new run.
    pub fn clear(&mut self) {
        self.forget(None);
    }

    fn forget(&mut self, source: Option<(Vec<String>, f64)>) {
        let (channels, rate_hz) = source.as_ref().map_or((0, 1.0), |(c, rate)| (c.len(), *rate));
        self.history.reset(channels, rate_hz);
        self.columns.reset();
        self.frozen_secs = None;
        self.source = source;
    }

    /// Takes one frame, `[channels]`, µV.
    pub fn push(&mut self, meta: FrameMeta, values_uv: &[f32]) {
        self.history.push(meta, values_uv);
    }

    /// Paints the panel into the space that is left.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        theme::card(scene.palette).show(ui, |ui| {
            controls::ui(ui, scene, actions);
            cleaning::ui(ui, scene);
            ui.add_space(2.0);
            match (&scene.snapshot.source, self.history.newest_secs()) {
                (Some(source), Some(newest)) if self.history.channels() > 0 => {
                    self.lanes_ui(ui, scene, source, newest);
                }
                _ => empty_ui(ui, scene),
            }
        });
    }

    fn lanes_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, source: &SourceView, newest_secs: f64) {
        let channels = self.history.channels();
        let end_secs = self.end_secs(scene, newest_secs);
        let axis = 18.0;
        let size = ui.available_size();
        let lanes_height = (size.y - axis).max(60.0);
        let lane = (lanes_height / channels as f32).max(MIN_LANE);
        let width = (size.x - GUTTERS[0] - GUTTERS[1]).max(40.0);
        let keep = (COLUMN_BUDGET / channels).clamp(120, width as usize + 1);
        let period_secs = 1.0 / source.rate_hz.max(1e-3);
        let column_secs = (scene.view.span_secs / keep as f64).max(period_secs);
        self.columns.update(&self.history, column_secs, keep + 2, end_secs, period_secs);
        let lanes = lanes::Lanes { scene, source, columns: &self.columns, end_secs, lane };
        egui::ScrollArea::vertical().max_height(lanes_height).show_viewport(ui, |ui, visible| {
            let (rect, response) = ui.allocate_exact_size(
                vec2(ui.available_width(), lane * channels as f32),
                Sense::hover(),
            );
            parts::name(&response, egui::accesskit::Role::Image, self.words(scene));
            lanes.paint(ui, rect, visible);
            let from_secs = end_secs - scene.view.span_secs;
            lanes.paint_markers(ui, rect, self.history.markers(from_secs, end_secs));
            lanes.hover(&response, rect);
        });
        lanes::time_axis(ui, scene, axis);
    }

    /// The right edge of the screen: the newest sample, or where the traces were stopped.
    fn end_secs(&mut self, scene: &Scene<'_>, newest_secs: f64) -> f64 {
        if !scene.view.paused {
            self.frozen_secs = None;
            return newest_secs;
        }
        *self.frozen_secs.get_or_insert(newest_secs)
    }

    /// What a screen reader says of the painted signal.
    fn words(&self, scene: &Scene<'_>) -> String {
        let quality = &scene.snapshot.quality;
        let with = |v: QualityVerdict| quality.iter().filter(|q| q.verdict == v).count();
        let newest = self.history.newest_secs().unwrap_or(0.0);
        let gaps = self.columns.gaps(newest - scene.view.span_secs, newest).count();
        format!(
            "Signal of {} channels, {} µV per division, {} s; {} good, {} fair, {} bad; {gaps} gaps on screen{}",
            self.history.channels(),
            scene.view.uv_per_div(),
            scene.view.span_secs,
            with(QualityVerdict::Good),
            with(QualityVerdict::Fair),
            with(QualityVerdict::Bad),
            if scene.view.paused { "; paused" } else { "" },
        )
    }
}

fn empty_ui(ui: &mut Ui, scene: &Scene<'_>) {
    let size = vec2(ui.available_width(), ui.available_height().max(60.0));
    let text = format!("No signal yet. {}", words::run_words(scene.snapshot, scene.now_secs));
    let rect = parts::canvas(ui, size, text.clone());
    parts::centred_text(ui, rect, &text, scene.palette.weak);
}
