//! Shows one scripted state of the window: `cargo run --example ui_states -- running [light|dark] [scale]`.
//! For looking at the design; the program itself never shows scripted data.

#[path = "../tests/harness/window/mod.rs"]
mod window;

use egui::ThemePreference;
use phosphene::time::clock::Clock;
use phosphene::ui::{InitialView, run};
use window::{engine::ScriptedEngine, states::all};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted = arguments.first().map_or("running", String::as_str);
    let names: Vec<&str> = all().iter().map(|(name, _)| *name).collect();
    let (_, snapshot) = all()
        .into_iter()
        .find(|(name, _)| *name == wanted)
        .ok_or_else(|| format!("'{wanted}' is not one of {names:?}"))?;
    let channels = snapshot.source.as_ref().map_or(0, |source| source.channels.len());
    let rate_hz = snapshot.source.as_ref().map_or(250.0, |source| source.rate_hz);
    let engine = ScriptedEngine::with(snapshot);
    engine.fill(channels, rate_hz, 100.0, true);
    let theme = match arguments.get(1).map(String::as_str) {
        Some("light") => ThemePreference::Light,
        _ => ThemePreference::Dark,
    };
    let text_scale = arguments.get(2).map_or(Ok(1.0), |text| text.parse())?;
    let (clock, _hand) = Clock::manual(100.0);
    let initial = InitialView { theme, text_scale, ..InitialView::default() };
    run(Box::new(engine), clock, initial).map_err(|error| error.to_string())?;
    Ok(())
}
