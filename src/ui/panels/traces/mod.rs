//! The signal as it scrolls by: one lane a channel, or all channels at once, with quality, marks and gaps.
//!
//! Takes raw frames once a frame of the window ([`TracesPanel::push`]), filters what is drawn, paints minimum and
//! maximum per column. A loss is drawn as a hatched stretch, never joined; what the window did not draw is told apart.

pub mod axis;
pub mod controls;
pub mod history;
pub mod lanes;
pub mod levels;
pub mod mesh;
pub mod order;
pub mod overview;
pub mod peaks;
pub mod seams;

use egui::{Key, Sense, Ui, vec2};

use crate::dsp::display::DisplayDesign;
use crate::signal::{FrameMeta, Marker, MarkerEvent};
use crate::snapshot::{QualityVerdict, Snapshot, SourceView};
use crate::ui::look::{parts, theme, words};
use crate::ui::panels::cleaning;
use crate::ui::scene::{Action, Scene};
use crate::units::SampleRate;
use axis::{Axis, GUTTERS};
use history::{History, Seam};
use order::{Choice, Look, Sorted};
use peaks::{Gap, Peaks};

/// A lane lower than this cannot be read: the lanes scroll instead.
const MIN_LANE: f32 = 15.0;
/// Columns × lanes painted at most, so that software rendering keeps up (four vertices each).
const COLUMN_BUDGET: usize = 26_000;
/// Columns of a lane at least.
const LEAST_COLUMNS: usize = 120;
/// Height of the seconds below.
const TIME_AXIS: f32 = 18.0;

/// The panel with its memory of the signal.
#[derive(Default)]
pub struct TracesPanel {
    history: History,
    peaks: Peaks,
    choice: Choice,
    sorted: Sorted,
    overview: overview::Overview,
    source: Option<(Vec<String>, f64)>,
    frozen_secs: Option<f64>,
    /// A row to be scrolled to.
    wanted_row: Option<usize>,
}

impl TracesPanel {
    /// Follows the source: a new one starts with an empty screen.
    pub fn follow(&mut self, snapshot: &Snapshot) {
        let now = snapshot.source.as_ref().map(|s| (s.channels.clone(), s.rate_hz));
        if now.is_some() && now != self.source {
            self.forget(now);
        }
        if let Some(stimulus) = &snapshot.stimulus {
            self.history.name_mark(stimulus.onset_secs, &stimulus.label);
        }
    }

    /// Empties the screen, as before a new run.
    pub fn clear(&mut self) {
        self.forget(None);
    }

    fn forget(&mut self, source: Option<(Vec<String>, f64)>) {
        let (channels, rate_hz) = source.as_ref().map_or((0, 1.0), |(c, rate)| (c.len(), *rate));
        self.history.reset(channels, rate_hz);
        self.peaks = Peaks::default();
        self.frozen_secs = None;
        self.source = source;
    }

    /// Takes one raw frame, `[channels]`, µV.
    pub fn push(&mut self, meta: FrameMeta, values_uv: &[f32]) {
        self.history.push(meta, values_uv);
    }

    /// Takes a mark. Of a picture's going away and of a flash only the line is drawn.
    pub fn mark(&mut self, marker: Marker) {
        let label = match marker.event() {
            MarkerEvent::StimulusOnset(id) => id,
            MarkerEvent::StimulusOffset | MarkerEvent::Flash(_) => "",
            MarkerEvent::FlashPause => "pause",
            MarkerEvent::Other(label) => label,
        };
        self.history.mark(marker.time_secs, label);
    }

    /// The signal of the last seconds, as it came to the window.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Paints the panel into the space that is left.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        theme::card(scene.palette).show(ui, |ui| {
            controls::ui(ui, scene, &mut self.choice, actions);
            cleaning::ui(ui, scene);
            ui.add_space(2.0);
            match (&scene.snapshot.source, self.history.newest_secs()) {
                (Some(source), Some(newest)) if self.history.channels() > 0 => {
                    self.signal_ui(ui, scene, source, newest);
                }
                _ => empty_ui(ui, scene),
            }
        });
    }

    fn signal_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, source: &SourceView, newest_secs: f64) {
        // What was held is drawn as it is; at the first frame of a pause there may be nothing held yet.
        let is_held = scene.view.paused && self.frozen_secs.is_some();
        if !is_held {
            let rate = SampleRate::new(source.rate_hz).ok();
            // One that cannot be built is said beside its controls.
            let design = rate.and_then(|rate| scene.view.filter.design(rate).ok());
            self.peaks.update(&self.history, &design.unwrap_or(DisplayDesign::OFF));
        }
        // What is not read yet comes with the next frame of the window: the edge is where reading is.
        let newest_secs = self.peaks.newest_secs().unwrap_or(newest_secs);
        let end_secs = self.end_secs(scene, newest_secs);
        let channels = self.history.channels();
        let quality = &scene.snapshot.quality;
        self.sorted.channels(channels, self.choice.order, quality, scene.now_secs);
        let from_secs = end_secs - scene.view.span_secs;
        let gaps: Vec<Gap> = self.peaks.gaps(from_secs, end_secs).collect();
        let height = (ui.available_height() - TIME_AXIS).max(60.0);
        match self.choice.look {
            Look::Lanes => self.lanes_ui(ui, scene, source, &gaps, [end_secs, f64::from(height)]),
            Look::Overview => {
                let (order, peaks) = (self.sorted.held(), &self.peaks);
                let shown = overview::Shown { scene, source, order, peaks, gaps: &gaps, end_secs };
                self.wanted_row = self.overview.ui(ui, &shown, height);
                if self.wanted_row.is_some() {
                    self.choice.look = Look::Lanes;
                }
            }
        }
        axis::time_axis(ui, scene, TIME_AXIS);
    }

    fn lanes_ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        source: &SourceView,
        gaps: &[Gap],
        [end_secs, height]: [f64; 2],
    ) {
        let height = height as f32;
        let order = self.sorted.held();
        let lane = match self.choice.lanes {
            0 => (height / order.len() as f32).max(MIN_LANE),
            lanes => height / lanes.min(order.len()) as f32,
        };
        let width = (ui.available_width() - GUTTERS[0] - GUTTERS[1]).max(40.0);
        let on_screen = ((height / lane).ceil() as usize + 1).min(order.len());
        let most = (COLUMN_BUDGET / on_screen.max(1)).clamp(LEAST_COLUMNS, width as usize + 1);
        let span_secs = scene.view.span_secs;
        let Some(columns) = self.peaks.columns(span_secs, most) else { return };
        let words = self.words(scene, gaps, end_secs);
        let mut area = egui::ScrollArea::vertical().max_height(height);
        if let Some(row) = self.wanted_row.take() {
            area = area.vertical_scroll_offset(((row as f32 + 0.5) * lane - height * 0.5).max(0.0));
        }
        area.show_viewport(ui, |ui, visible| {
            let size = vec2(ui.available_width(), lane * order.len() as f32);
            let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
            parts::name(&response, egui::accesskit::Role::Image, words);
            let axis = Axis::of(rect, end_secs, span_secs);
            let lanes = lanes::Lanes { scene, source, order, columns, gaps, axis, lane };
            lanes.paint(ui, rect, visible);
            seams::paint_marks(ui, scene, &axis, self.history.marks(axis.start_secs(), end_secs));
            lanes.hover(&response, rect);
            page_keys(ui, visible.height() - lane);
        });
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
    fn words(&self, scene: &Scene<'_>, gaps: &[Gap], end_secs: f64) -> String {
        let quality = &scene.snapshot.quality;
        let with = |v: QualityVerdict| quality.iter().filter(|q| q.verdict == v).count();
        let lost = gaps.iter().filter(|gap| gap.seam == Seam::Lost).count();
        let not_drawn = match gaps.len() - lost {
            0 => String::new(),
            n => format!("; {n} stretches not drawn"),
        };
        let marks = self.history.marks(end_secs - scene.view.span_secs, end_secs).count();
        format!(
            "Signal of {} channels, {} µV per division, {} s; {} good, {} fair, {} bad; {lost} gaps on \
             screen{not_drawn}; {marks} marks{}",
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

/// Page Up and Page Down scroll through the channels, where nothing else has the keyboard.
fn page_keys(ui: &Ui, page: f32) {
    if ui.memory(|memory| memory.focused().is_some()) {
        return;
    }
    let by = ui.input(|input| {
        let pressed = |key| f32::from(u8::from(input.key_pressed(key)));
        pressed(Key::PageUp) - pressed(Key::PageDown)
    });
    if by != 0.0 {
        ui.scroll_with_delta(vec2(0.0, by * page));
    }
}

fn empty_ui(ui: &mut Ui, scene: &Scene<'_>) {
    let size = vec2(ui.available_width(), ui.available_height().max(60.0));
    let text = format!("No signal yet. {}", words::run_words(scene.snapshot, scene.now_secs));
    let rect = parts::canvas(ui, size, text.clone());
    parts::centred_text(ui, rect, &text, scene.palette.weak);
}
