//! The bar at the top: name, state, SIMULATED badge, recording light, appearance.

use egui::{RichText, Shape, Stroke, ThemePreference, Ui, vec2};

use crate::snapshot::{Level, PackState, QualityVerdict, RecordingState, RunState};
use crate::subject::strength;
use crate::ui::look::{parts, theme, words};
use crate::ui::scene::{Action, Page, Scene};

/// Narrower than this, appearance and help go into a menu.
const ROOMY: f32 = 1540.0;
/// Narrower than this, the pages go into a menu.
const PAGES_ROOMY: f32 = 1120.0;
/// Narrower than this, only the name of the source is said.
const TIGHT: f32 = 760.0;

/// Paints the bar.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let width = ui.available_width();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        wordmark(ui, scene);
        state(ui, scene, width);
        simulated(ui, scene, width);
        recording(ui, scene, actions);
        let open = scene.view.connect_open;
        if ui.selectable_label(open, "Connect").on_hover_text("C").clicked() {
            actions.push(Action::ToggleConnect);
        }
        if ui.button("Calibrate").on_hover_text("K").clicked() {
            actions.push(Action::ToggleCalibration);
        }
        pages(ui, scene, width, actions);
        if width >= ROOMY {
            ui.separator();
            appearance(ui, scene, actions);
        } else {
            ui.menu_button("View", |ui| appearance(ui, scene, actions));
        }
    });
}

/// The pages beside the pictures, while there is something to see on them.
fn pages(ui: &mut Ui, scene: &Scene<'_>, width: f32, actions: &mut Vec<Action>) {
    if scene.snapshot.source.is_none() {
        return;
    }
    let mut choose = |ui: &mut Ui| {
        for (page, key) in Page::ALL.into_iter().zip(["F2", "F3", "F4", "F5", "F6", "F7"]) {
            if ui
                .selectable_label(scene.view.page == page, page.words())
                .on_hover_text(key)
                .clicked()
            {
                actions.push(Action::Show(page));
            }
        }
    };
    if width >= PAGES_ROOMY {
        ui.separator();
        choose(ui);
    } else {
        ui.menu_button(scene.view.page.words(), choose);
    }
}

fn wordmark(ui: &mut Ui, scene: &Scene<'_>) {
    let (rect, _) = ui.allocate_exact_size(vec2(20.0, 22.0), egui::Sense::hover());
    let c = rect.center();
    // A phosphene: light without light, as rings around a point.
    for (radius, strength) in [(9.0, 0.35), (6.0, 0.65)] {
        let stroke = Stroke::new(1.4, scene.palette.accent.gamma_multiply(strength));
        ui.painter().circle_stroke(c, radius, stroke);
    }
    ui.painter().circle_filled(c, 3.0, scene.palette.accent);
    let font = theme::font(ui, theme::TITLE);
    ui.label(RichText::new("Phosphene").font(font).strong());
    ui.separator();
}

fn state(ui: &mut Ui, scene: &Scene<'_>, width: f32) {
    let verdict = match scene.snapshot.run {
        RunState::Running => QualityVerdict::Good,
        RunState::Stalled { .. } | RunState::Reconnecting { .. } => QualityVerdict::Fair,
        RunState::SourceLost { .. } | RunState::Failed { .. } => QualityVerdict::Bad,
        RunState::Idle | RunState::Searching { .. } | RunState::Connecting | RunState::Ended => {
            QualityVerdict::Unknown
        }
    };
    let words = words::run_words(scene.snapshot, scene.now_secs);
    parts::inline_mark(ui, &format!("State: {words}"), |r| {
        parts::verdict_shape(r, verdict, scene.palette)
    });
    ui.label(&words);
    if let Some(source) = &scene.snapshot.source {
        let channels = source.channels.len();
        // The badge beside it says what else is said in the name.
        let name = source.name.trim_end_matches(" (SIMULATED)");
        let full = format!("{name} · {channels} channels · {} Hz", source.rate_hz);
        let text = if width < TIGHT { name.to_owned() } else { full.clone() };
        let hover =
            format!("{}\n{full}\n{}", words::kind_words(source.kind), source.notes.join("\n"));
        ui.label(RichText::new(text).weak()).on_hover_text(hover);
    }
}

/// What is not from a person: the signal, with how strongly a simulated wearer answers beside recorded people; or what the
/// pack learned from, in words of its own, so that nobody takes a person's signal for a simulated one.
fn simulated(ui: &mut Ui, scene: &Scene<'_>, width: f32) {
    let signal = scene.snapshot.source.as_ref().filter(|source| source.simulated);
    let trained = matches!(&scene.snapshot.pack, PackState::Ready(pack) if pack.simulated_training);
    let palette = scene.palette;
    if let Some(source) = signal {
        let why = match trained {
            false => "The signal does not come from a person.",
            true => "Neither the signal nor the pack's training data comes from a person.",
        };
        let why = format!("{why}\n{}", source.notes.join("\n"));
        let text = match source.snr_db.filter(|_| width >= TIGHT) {
            Some(snr_db) => format!("SIMULATED · {}", strength::in_short(snr_db)),
            None => "SIMULATED".into(),
        };
        parts::badge(ui, &text, palette.badge, palette.on_badge).on_hover_text(why.trim());
    } else if trained {
        let (text, ground) = ("PACK: TRAINED ON SIMULATION", palette.accent_soft);
        let why = "The model pack was trained on simulated signal only: its pictures of real EEG mean nothing. \
                   The signal itself is the source's own.";
        parts::badge(ui, text, ground, palette.text).on_hover_text(why);
    }
}

fn recording(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let rate_hz = scene.snapshot.source.as_ref().map_or(0.0, |source| source.rate_hz);
    match &scene.snapshot.recording {
        RecordingState::On { lost, path, .. } => {
            let palette = scene.palette;
            parts::inline_mark(ui, "Recording light", |r| {
                Shape::circle_filled(r.center(), 5.0, palette.bad)
            });
            let words =
                words::recording_words(&scene.snapshot.recording, rate_hz).unwrap_or_default();
            ui.label(words).on_hover_text(path.display().to_string());
            if *lost > 0 {
                let text = format!("{} frames LOST", words::count(*lost));
                ui.label(RichText::new(text).strong().color(palette.bad));
            }
            button(ui, true, "Stop recording", actions);
        }
        RecordingState::Off => {
            button(ui, scene.snapshot.run.is_connected(), "Record", actions);
        }
        RecordingState::Failed(why) => {
            parts::inline_mark(ui, "Recording failed", |r| {
                parts::level_shape(r, Level::Error, scene.palette)
            });
            let text = RichText::new("Recording failed").strong().color(scene.palette.bad);
            ui.label(text).on_hover_text(why);
            button(ui, scene.snapshot.run.is_connected(), "Record", actions);
        }
    }
}

fn button(ui: &mut Ui, enabled: bool, text: &str, actions: &mut Vec<Action>) {
    let response = ui.add_enabled(enabled, egui::Button::new(text));
    let response = response.on_hover_text("R").on_disabled_hover_text("Connect a source first.");
    if response.clicked() {
        actions.push(Action::ToggleRecording);
    }
}

fn appearance(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let themes = [
        (ThemePreference::System, "Auto"),
        (ThemePreference::Light, "Light"),
        (ThemePreference::Dark, "Dark"),
    ];
    for (theme, text) in themes {
        if ui.selectable_label(scene.view.theme == theme, text).clicked() {
            actions.push(Action::SetTheme(theme));
        }
    }
    for (text, name, step) in [("A−", "Smaller text", -0.1), ("A+", "Larger text", 0.1)] {
        let response = ui.button(text).on_hover_text(name);
        parts::name(&response, egui::accesskit::Role::Button, name);
        if response.clicked() {
            actions.push(Action::StepTextScale(step));
        }
    }
    let help = ui.selectable_label(scene.view.help_open, "Keys").on_hover_text("F1 or ?");
    if help.clicked() {
        actions.push(Action::ToggleHelp);
    }
}
