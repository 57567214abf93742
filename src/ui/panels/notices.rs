//! The bar at the bottom and the list of messages.

use egui::{Align, Layout, RichText, Ui, vec2};

use super::banner::level_words;
use crate::snapshot::{Level, Notice};
use crate::ui::look::{parts, theme, words};
use crate::ui::scene::{Action, Scene};

/// Paints the bar: the last message, the list's button, and what the program does not do.
pub fn status_bar(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let notices = &scene.snapshot.notices;
    let wide = ui.available_width() > 900.0;
    if !wide {
        ui.label(RichText::new(words::HONEST_LINE).small().weak());
    }
    ui.horizontal(|ui| {
        let open = scene.view.messages_open;
        let text = format!("Messages ({})", notices.len());
        if ui.selectable_label(open, text).on_hover_text("N").clicked() {
            actions.push(Action::ToggleMessages);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if wide {
                ui.label(RichText::new(words::HONEST_LINE).small().weak());
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| match notices.last() {
                Some(last) => one_line(ui, scene, last),
                None => {
                    ui.label(RichText::new("No messages").small().weak());
                }
            });
        });
    });
}

fn mark(ui: &mut Ui, scene: &Scene<'_>, level: Level) {
    parts::inline_mark(ui, level_words(level), |r| parts::level_shape(r, level, scene.palette));
}

fn one_line(ui: &mut Ui, scene: &Scene<'_>, notice: &Notice) {
    mark(ui, scene, notice.level);
    ui.add(egui::Label::new(RichText::new(&notice.text).small()).truncate())
        .on_hover_text(&notice.text);
}

/// Paints the list above the bar, newest first.
pub fn list(ui: &mut Ui, scene: &Scene<'_>) {
    parts::eyebrow(ui, scene.palette, "MESSAGES");
    egui::ScrollArea::vertical().auto_shrink([false, true]).max_height(180.0).show(ui, |ui| {
        for notice in scene.snapshot.notices.iter().rev() {
            ui.horizontal_top(|ui| {
                mark(ui, scene, notice.level);
                let ago = format!("{} ago", words::duration(scene.now_secs - notice.at_secs));
                ui.add_sized(vec2(84.0, 14.0), egui::Label::new(RichText::new(ago).small().weak()));
                ui.add(egui::Label::new(&notice.text).wrap());
            });
        }
        if scene.snapshot.notices.is_empty() {
            parts::weak(ui, "Nothing has happened yet.");
        }
    });
    ui.add_space(theme::GAP * 0.5);
}
