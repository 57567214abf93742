//! The window: one panel a file. Panels read the [`crate::snapshot::Snapshot`] and push actions.
//!
//! ```text
//! Engine ──snapshot, traces──► App ──Scene──► panels ──Action──► App ──Command──► Engine
//! ```
//!
//! [`run`] starts it. Nothing in a frame blocks; frames are painted when the engine has something new (at
//! most 30 a second) or when someone touches the window.

pub mod engine;
pub mod look;
pub mod scene;
pub mod keys;
mod record;
pub mod panels;
pub mod layout;
mod initial;
pub mod app;

pub use app::App;
pub use engine::{
    Conclusion, DeviceEntry, Embedding, Engine, KnownWearer, Learning, NewSession, Taught, ToLearn,
    Wake,
};
pub use initial::InitialView;

use crate::time::clock::Clock;

/// Size at the start, in points.
const FIRST_SIZE: [f32; 2] = [1440.0, 900.0];
/// Smallest size in points; below it even one column has no room.
const LEAST_SIZE: [f32; 2] = [480.0, 340.0];

/// Why there is no window. Says what to install or to set.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// There is nothing to show a window on.
    #[error(
        "no display was found ({0}). On a computer with a desktop, start Phosphene from there; over SSH use 'ssh -X' \
         or set DISPLAY; without any screen run 'phosphene live --headless'"
    )]
    NoDisplay(String),
    /// There is nothing to draw with.
    #[error(
        "no graphics adapter can be used ({0}). Install a Vulkan driver: mesa-vulkan-drivers on Debian and Ubuntu \
         (it also draws without a graphics card), mesa-vulkan-drivers on Fedora; 'phosphene doctor' checks it"
    )]
    NoGraphics(String),
    /// Something else went wrong.
    #[error("the window could not be opened: {0}")]
    Other(String),
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// [`WindowError`] when there is no display or no graphics adapter.
pub fn run(engine: Box<dyn Engine>, clock: Clock, initial: InitialView) -> Result<(), WindowError> {
    let viewport = egui::ViewportBuilder::default()
        .with_title("Phosphene")
        .with_app_id("phosphene")
        .with_inner_size(FIRST_SIZE)
        .with_min_inner_size(LEAST_SIZE);
    let options = eframe::NativeOptions { viewport, ..eframe::NativeOptions::default() };
    let start = move |creation: &eframe::CreationContext<'_>| {
        let mut app = App::new(engine, clock, initial);
        app.install(&creation.egui_ctx);
        Ok(Box::new(Shell(app)) as Box<dyn eframe::App>)
    };
    eframe::run_native("Phosphene", options, Box::new(start)).map_err(|error| explain(&error))
}

/// The thin layer between [`App`] and the native window.
struct Shell(App);

impl eframe::App for Shell {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.0.ui(ui);
    }
}

fn explain(error: &eframe::Error) -> WindowError {
    // Some of these begin with the path of a source file; what follows the last colon is for people.
    let tail = |why: String| why.rsplit(": ").next().unwrap_or_default().to_owned();
    match error {
        eframe::Error::Wgpu(why) => WindowError::NoGraphics(why.to_string()),
        eframe::Error::Winit(why) => WindowError::NoDisplay(tail(why.to_string())),
        eframe::Error::WinitEventLoop(why) => WindowError::NoDisplay(tail(why.to_string())),
        other => WindowError::Other(other.to_string()),
    }
}
