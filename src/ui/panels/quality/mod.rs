//! The page of signal quality: a head with every electrode's verdict, its reason and what to do, and one sentence for the cap.
//!
//! Wide: the head beside the chosen electrode and the list, worst first. Narrow: one column that scrolls. An electrode is
//! chosen with the pointer, with the arrow keys on the head, or in the list; until then it is the one that is to be mended
//! first.

mod cleaning;
mod detail;
mod head;
mod list;

use egui::{Align, Layout, Rect, RichText, ScrollArea, Ui, vec2};

use crate::snapshot::{CapGrade, CapVerdict, QualityVerdict, RunState, SourceView};
use crate::ui::look::{parts, theme, words};
use crate::ui::scene::{Action, Scene};

/// Narrower than this, everything is one column.
const TWO_COLUMNS: f32 = 780.0;
/// Width of the column beside the head.
const SIDE_WIDTH: f32 = 340.0;
/// Height of the head where the page scrolls.
const HEAD_HEIGHT: f32 = 340.0;
/// Height of the list where the page scrolls.
const LIST_HEIGHT: f32 = 260.0;
/// Lower than this, the page scrolls even where it is wide.
const TALL_ENOUGH: f32 = 440.0;

/// The page.
#[derive(Default)]
pub struct QualityPanel {
    /// The electrode that was chosen, in the source's order.
    chosen: Option<usize>,
    map: head::Map,
}

impl QualityPanel {
    /// Paints the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let Some(source) = scene.snapshot.source.clone() else {
            let size = vec2(ui.available_width(), ui.available_height().max(60.0));
            let text =
                format!("No signal yet. {}", words::run_words(scene.snapshot, scene.now_secs));
            let rect = parts::canvas(ui, size, text.clone());
            return parts::centred_text(ui, rect, &text, scene.palette.weak);
        };
        let cap = CapVerdict::of(scene.snapshot);
        verdict(ui, scene, &cap, actions);
        ui.add_space(theme::GAP - ui.spacing().item_spacing.y);
        let wide = ui.available_width() >= TWO_COLUMNS && ui.available_height() >= TALL_ENOUGH;
        if wide {
            self.two_columns(ui, scene, &source, &cap);
        } else {
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                ui.set_max_width(ui.available_width() - 8.0);
                self.head(ui, scene, &source, &cap, HEAD_HEIGHT);
                self.detail(ui, scene, &source, &cap);
                self.list(ui, scene, &source, &cap, LIST_HEIGHT);
            });
        }
    }

    fn two_columns(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        source: &SourceView,
        cap: &CapVerdict,
    ) {
        let whole = ui.available_rect_before_wrap();
        let split = whole.right() - SIDE_WIDTH;
        let left = Rect::from_min_max(whole.min, egui::pos2(split - theme::GAP, whole.bottom()));
        let right = Rect::from_min_max(egui::pos2(split, whole.top()), whole.max);
        let layout = Layout::top_down(Align::Min);
        ui.scope_builder(egui::UiBuilder::new().max_rect(left).layout(layout), |ui| {
            let height = left.height();
            self.head(ui, scene, source, cap, height);
        });
        ui.scope_builder(egui::UiBuilder::new().max_rect(right).layout(layout), |ui| {
            self.detail(ui, scene, source, cap);
            let height = ui.available_height();
            self.list(ui, scene, source, cap, height);
        });
        ui.advance_cursor_after_rect(whole);
    }

    /// The electrode in question: the chosen one, or the first to be mended, or the first.
    fn shown(&self, source: &SourceView, cap: &CapVerdict) -> usize {
        let chosen = self.chosen.filter(|channel| *channel < source.channels.len());
        chosen.or(cap.fix.first().copied()).unwrap_or(0)
    }

    fn head(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        source: &SourceView,
        cap: &CapVerdict,
        height: f32,
    ) {
        let shown = self.shown(source, cap);
        card(ui, scene, height, |ui| {
            if let Some(chosen) = self.map.ui(ui, scene, source, shown) {
                self.chosen = Some(chosen);
            }
        });
    }

    fn detail(&self, ui: &mut Ui, scene: &Scene<'_>, source: &SourceView, cap: &CapVerdict) {
        theme::card(scene.palette).show(ui, |ui| {
            ui.set_width(ui.available_width());
            detail::ui(ui, scene, source, self.shown(source, cap));
        });
    }

    fn list(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        source: &SourceView,
        cap: &CapVerdict,
        height: f32,
    ) {
        let shown = self.shown(source, cap);
        card(ui, scene, height, |ui| {
            if let Some(chosen) = list::ui(ui, scene, source, shown) {
                self.chosen = Some(chosen);
            }
        });
    }
}

/// A card of this height in all.
fn card(ui: &mut Ui, scene: &Scene<'_>, height: f32, add: impl FnOnce(&mut Ui)) {
    let inner = height - 2.0 * f32::from(theme::CARD_MARGIN) - 2.0;
    theme::card(scene.palette).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.set_height(inner.max(80.0));
        add(ui);
    });
}

/// The cap in one sentence.
fn verdict(ui: &mut Ui, scene: &Scene<'_>, cap: &CapVerdict, actions: &mut Vec<Action>) {
    theme::card(scene.palette).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            let (mark, name) = match cap.grade {
                CapGrade::Unknown => (QualityVerdict::Unknown, "not known yet"),
                CapGrade::Works => (QualityVerdict::Good, "works"),
                CapGrade::Weak => (QualityVerdict::Fair, "weakened"),
                CapGrade::Fails => (QualityVerdict::Bad, "does not work"),
            };
            parts::inline_mark(ui, name, |rect| parts::verdict_shape(rect, mark, scene.palette));
            let text = RichText::new(&cap.sentence).font(theme::font(ui, theme::TITLE));
            ui.add(egui::Label::new(text).wrap());
        });
        match note(scene) {
            Some(note) => drop(parts::weak(ui, note)),
            None if cap.grade != CapGrade::Unknown => counts(ui, scene, cap),
            None => {}
        }
        cleaning::ui(ui, scene, actions);
    });
}

/// How many there are of each, with the marks that stand for them.
fn counts(ui: &mut Ui, scene: &Scene<'_>, cap: &CapVerdict) {
    ui.horizontal(|ui| {
        for (verdict, count) in [
            (QualityVerdict::Good, cap.good),
            (QualityVerdict::Fair, cap.fair),
            (QualityVerdict::Bad, cap.bad),
            (QualityVerdict::Unknown, cap.unknown),
        ] {
            if verdict == QualityVerdict::Unknown && count == 0 {
                continue;
            }
            let word = words::verdict_words(verdict);
            parts::inline_mark(ui, word, |rect| parts::verdict_shape(rect, verdict, scene.palette));
            ui.label(RichText::new(format!("{count} {word}")).small().color(scene.palette.weak));
        }
    });
}

/// Whose verdicts these are, where they are not of now.
fn note(scene: &Scene<'_>) -> Option<&'static str> {
    match scene.snapshot.run {
        RunState::SourceLost { .. } => Some("The source is lost: verdicts are those before."),
        RunState::Stalled { .. } => Some("The source is silent: verdicts are those before."),
        RunState::Reconnecting { .. } => Some("The source comes back: verdicts are those before."),
        RunState::Ended => Some("The run has ended: verdicts are those of its last seconds."),
        _ => None,
    }
}
