//! The head of the page: what is known of the device, what is proposed, what was said and whether it is kept, and what it
//! costs. Gives what was done; changes nothing itself.

use egui::{Button, RichText, Ui};

use super::draft::{Draft, Keeping};
use super::map;
use crate::signal::montage::{Preset, presets};
use crate::snapshot::{PackState, QualityVerdict};
use crate::source::mounted::proposal;
use crate::ui::look::parts;
use crate::ui::look::theme::Palette;
use crate::ui::scene::{Action, Scene};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Done {
    /// This preset is to be used.
    Take(&'static Preset),
    /// The last step is taken back.
    Undo,
    /// The labels are to speak for themselves.
    Reset,
    /// The run begins anew with what was said.
    Apply,
}

/// What it is about.
pub struct About<'a> {
    /// What is in hand.
    pub draft: &'a Draft,
    /// What of a preset does not fit.
    pub refused: Option<&'a str>,
    /// Whether what was said is kept.
    pub keeping: &'a Keeping,
    /// Whether the run is being recorded: it cannot begin anew then.
    pub is_recording: bool,
}

/// Paints it and gives what was done.
pub fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    about: &About<'_>,
    actions: &mut Vec<Action>,
) -> Option<Done> {
    let draft = about.draft;
    let mut done = None;
    parts::eyebrow(ui, scene.palette, "MONTAGE");
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(&draft.key.name).strong());
        let (placed, all) = (draft.sites().placed(), draft.labels().len());
        ui.label(format!("{placed} of {all} channels are electrodes, {}.", draft.words()));
    });
    done = proposed(ui, scene.palette, draft).or(done.take());
    done = buttons(ui, about).or(done.take());
    said(ui, scene.palette, about);
    ui.add_space(4.0);
    cost(ui, scene, draft, actions);
    done
}

/// What a device without names may be.
fn proposed(ui: &mut Ui, palette: &Palette, draft: &Draft) -> Option<Done> {
    if !draft.is_by_label() {
        return None;
    }
    let (question, presets) = proposal(draft.labels(), &draft.key.name)?;
    let mut done = None;
    ui.horizontal_wrapped(|ui| {
        parts::inline_mark(ui, "Question", |rect| {
            parts::verdict_shape(rect, QualityVerdict::Fair, palette)
        });
        ui.label(question);
        if let Some(first) = presets.first() {
            let button = ui.button("Use").on_hover_text(preset_words(first));
            if button.clicked() {
                done = Some(Done::Take(first));
            }
        }
        parts::weak(ui, "or another preset, or place them by hand");
    });
    done
}

fn buttons(ui: &mut Ui, about: &About<'_>) -> Option<Done> {
    let draft = about.draft;
    let mut done = None;
    ui.horizontal_wrapped(|ui| {
        ui.menu_button("Presets", |ui| done = menu(ui, draft.labels().len()));
        let undo = ui.add_enabled(draft.can_undo(), Button::new("Undo")).on_hover_text("Ctrl Z");
        if undo.clicked() {
            done = Some(Done::Undo);
        }
        let reset = ui.add_enabled(!draft.is_by_label(), Button::new("Reset"));
        if reset.on_hover_text("As the device's own labels say; what was kept is forgotten").clicked() {
            done = Some(Done::Reset);
        }
        if draft.is_pending() {
            let apply = Button::new(RichText::new("Apply").strong());
            let apply = ui.add_enabled(!about.is_recording, apply);
            if apply.on_hover_text("Begins the run anew with these electrodes").clicked() {
                done = Some(Done::Apply);
            }
            parts::weak(ui, if about.is_recording {
                "The run still uses the montage before: it can begin anew when the recording is over."
            } else {
                "The run still uses the montage before; Apply begins it anew."
            });
        }
    });
    done
}

/// Those with the device's number of channels first; longer ones cannot be.
fn menu(ui: &mut Ui, channels: usize) -> Option<Done> {
    let mut done = None;
    ui.set_min_width(280.0);
    egui::ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
        let same = |preset: &&&Preset| preset.sites.len() == channels;
        let mut offer = |ui: &mut Ui, preset: &'static Preset| {
            let fits = preset.sites.len() <= channels;
            let text = format!("{} ({} channels)", preset.title, preset.sites.len());
            let button = ui.add_enabled(fits, Button::new(text).frame(false));
            if button.on_hover_text(preset_words(preset)).clicked() {
                done = Some(Done::Take(preset));
                ui.close();
            }
        };
        let all: Vec<&'static Preset> = presets().iter().collect();
        all.iter().filter(same).for_each(|preset| offer(ui, preset));
        ui.separator();
        all.iter().filter(|preset| !same(preset)).for_each(|preset| offer(ui, preset));
    });
    done
}

fn preset_words(preset: &Preset) -> String {
    let sites: Vec<&str> = preset.sites.iter().map(|site| site.as_deref().unwrap_or("-")).collect();
    format!("{}\n{}\nSource: {}", preset.name, sites.join(" "), preset.source)
}

/// Whether what was said is kept.
fn said(ui: &mut Ui, palette: &Palette, about: &About<'_>) {
    let problem = |ui: &mut Ui, text: &str| {
        ui.horizontal_wrapped(|ui| {
            parts::inline_mark(ui, "Error", |rect| {
                parts::verdict_shape(rect, QualityVerdict::Bad, palette)
            });
            ui.label(text);
        });
    };
    if let Some(why) = about.refused {
        problem(ui, why);
    }
    match about.keeping {
        Keeping::Nothing => {}
        Keeping::AtWork => {
            parts::weak(ui, "Being saved for this device …");
        }
        Keeping::Kept(said) => {
            let words = if about.draft.is_by_label() {
                "What was saved for this device is forgotten."
            } else {
                "Saved for this device: it is used whenever it is connected again."
            };
            parts::weak(ui, words);
            said.iter().for_each(|text| problem(ui, text));
        }
        Keeping::Failed(why) => {
            problem(ui, &format!("{why}. It can be used for this run all the same."))
        }
    }
}

/// What the pack can do with these electrodes, and what to do where it is little.
fn cost(ui: &mut Ui, scene: &Scene<'_>, draft: &Draft, actions: &mut Vec<Action>) {
    let PackState::Ready(pack) = &scene.snapshot.pack else { return };
    let given = &draft.given;
    let all = given.origins.len();
    if all == 0 {
        return;
    }
    let [measured, interpolated, missing] = map::counts(given);
    let counts = format!(
        "{measured} of the pack's {all} electrodes are measured, {interpolated} interpolated, {missing} missing."
    );
    let (verdict, words) = match &given.expected {
        _ if !given.suffices && draft.sites().placed() < draft.labels().len() => (
            QualityVerdict::Bad,
            "Too few for this pack as it stands: every window is refused. Say where the channels are.".to_owned(),
        ),
        _ if !given.suffices => (
            QualityVerdict::Bad,
            "Too few for this pack: every window is refused, and nothing is decoded. A pack for this headset is needed."
                .to_owned(),
        ),
        Some(expected) if expected.advises_calibration() => (
            QualityVerdict::Fair,
            format!(
                "Expected: {} Calibrate: a personal encoder is fitted to the electrodes that there are. Without it most \
                 pictures will be wrong, and a calibrated score may be low too: the report will say.",
                expected.plain_words()
            ),
        ),
        Some(expected) => (QualityVerdict::Good, format!("Expected: {}", expected.plain_words())),
        None if pack.expected_table.is_none() => {
            (QualityVerdict::Unknown, "What that costs is not known: this encoder does not say.".into())
        }
        None => (QualityVerdict::Unknown, "What that costs was not measured.".into()),
    };
    ui.horizontal_wrapped(|ui| {
        let word = match verdict {
            QualityVerdict::Good => "Enough",
            QualityVerdict::Fair => "Calibration advised",
            QualityVerdict::Bad => "Not decoded",
            QualityVerdict::Unknown => "Not known",
        };
        parts::inline_mark(ui, word, |rect| parts::verdict_shape(rect, verdict, scene.palette));
        ui.label(RichText::new(word).strong());
        ui.label(counts);
        ui.label(words);
        if verdict == QualityVerdict::Fair && ui.button("Calibrate").clicked() {
            actions.push(Action::ToggleCalibration);
        }
    });
}
