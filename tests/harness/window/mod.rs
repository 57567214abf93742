//! The window without a display: a scripted engine, one snapshot for every state, and the window over them. Used by the
//! tests of the window and by `examples/ui_states.rs`; it makes no signal of its own beyond sines and seeded noise.

#![allow(dead_code)] // each user needs a part of it

pub mod engine;
pub mod states;
pub mod wearer;

use egui_kittest::Harness;
use phosphene::ui::App;

/// A window of this size over an app, as the program opens it.
pub fn opened(app: App, size: [f32; 2], pixels_per_point: f32) -> Harness<'static, App> {
    let mut installed = false;
    Harness::builder().with_size(size).with_pixels_per_point(pixels_per_point).build_ui_state(
        move |ui, app: &mut App| {
            if !std::mem::replace(&mut installed, true) {
                app.install(ui.ctx());
            }
            app.ui(ui);
        },
        app,
    )
}
