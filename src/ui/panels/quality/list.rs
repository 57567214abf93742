//! All electrodes, worst first; a row chooses.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Rect, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::snapshot::{ChannelQuality, QualityVerdict, SourceView};
use crate::ui::look::{advice, parts};
use crate::ui::scene::Scene;

/// Height of a row.
const ROW: f32 = 22.0;

/// Paints it in the room there is; gives the electrode that was just chosen.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, source: &SourceView, shown: usize) -> Option<usize> {
    let of = |channel: usize| scene.snapshot.quality.get(channel).cloned().unwrap_or_default();
    let mut order: Vec<(usize, ChannelQuality)> =
        (0..source.channels.len()).map(|channel| (channel, of(channel))).collect();
    order.sort_by_key(|(channel, quality)| (rank(quality), *channel));
    parts::eyebrow(ui, scene.palette, "ELECTRODES, WORST FIRST");
    let mut chosen = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    let rows = ScrollArea::vertical().auto_shrink([false, false]);
    rows.show_rows(ui, ROW, order.len(), |ui, range| {
        for (channel, quality) in &order[range] {
            if row(ui, scene, &source.channels[*channel], quality, *channel == shown) {
                chosen = Some(*channel);
            }
        }
    });
    chosen
}

/// Bad, fair, not known, good; within one by what must be mended first.
fn rank(quality: &ChannelQuality) -> (u8, Option<crate::snapshot::QualityReason>) {
    let verdict = match quality.verdict {
        QualityVerdict::Bad => 0,
        QualityVerdict::Fair => 1,
        QualityVerdict::Unknown => 2,
        QualityVerdict::Good => 3,
    };
    (verdict, quality.reason)
}

fn row(ui: &mut Ui, scene: &Scene<'_>, label: &str, quality: &ChannelQuality, shown: bool) -> bool {
    let palette = scene.palette;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let state = advice::state(quality);
    let name = format!("{label}: {state}");
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, shown, &name));
    if shown || response.hovered() || response.has_focus() {
        let ground = if shown { palette.accent_soft } else { palette.well };
        ui.painter().rect_filled(rect, CornerRadius::same(4), ground);
    }
    if response.has_focus() {
        let stroke = ui.visuals().selection.stroke;
        ui.painter().rect_stroke(rect, CornerRadius::same(4), stroke, egui::StrokeKind::Inside);
    }
    let middle = rect.center().y;
    let mark = Rect::from_center_size(pos2(rect.left() + 11.0, middle), vec2(10.0, 10.0));
    ui.painter().add(parts::verdict_shape(mark, quality.verdict, palette));
    let name: String = label.chars().take(14).collect();
    parts::tag(ui, pos2(rect.left() + 24.0, middle), Align2::LEFT_CENTER, &name, palette.text);
    let at = pos2(rect.left() + rect.width() * 0.42, middle);
    parts::tag(ui, at, Align2::LEFT_CENTER, state, palette.weak);
    if quality.verdict != QualityVerdict::Unknown {
        let figure = format!("{:.1} µV", quality.std_uv);
        let at = pos2(rect.right() - 10.0, middle);
        parts::tag(ui, at, Align2::RIGHT_CENTER, &figure, palette.weak);
    }
    response.clicked()
}
