//! The list of keys, over everything else.

use egui::{Align2, Context, Grid, RichText, vec2};

use crate::ui::keys::HELP;
use crate::ui::look::{theme, words};
use crate::ui::scene::{Action, Scene};

/// Paints the overlay.
pub fn ui(ctx: &Context, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    egui::Window::new("Keys")
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
        .collapsible(false)
        .resizable(false)
        .title_bar(false)
        .frame(theme::card(scene.palette).shadow(ctx.global_style().visuals.window_shadow))
        .max_height(ctx.content_rect().height() - 60.0)
        .vscroll(true)
        .show(ctx, |ui| {
            ui.set_max_width((ctx.content_rect().width() - 60.0).min(460.0));
            ui.heading("Keys");
            Grid::new("keys").num_columns(2).spacing(vec2(18.0, 6.0)).show(ui, |ui| {
                for (keys, what) in HELP {
                    ui.label(RichText::new(keys).monospace().color(scene.palette.accent));
                    ui.label(what);
                    ui.end_row();
                }
            });
            ui.add_space(8.0);
            ui.label(RichText::new(words::HONEST_LINE).small().weak());
            ui.add_space(4.0);
            if ui.button("Close").clicked() {
                actions.push(Action::CloseOverlays);
            }
        });
}
