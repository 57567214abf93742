//! Strips above the pictures that say what is going on when it is not simply running.
//!
//! At most three, most serious first; each says what happened and what to do.

use egui::{CornerRadius, Margin, Stroke, Ui};

use crate::pipeline::WindowMode;
use crate::pipeline::decoding::CONTROL_SUCCEEDS;
use crate::signal::montage::Said;
use crate::snapshot::{Level, PackState, RecordingState, RunState, Snapshot, states};
use crate::source::mounted::proposal;
use crate::ui::look::{parts, words};
use crate::ui::scene::{Action, Page, Scene};

/// One strip.
pub struct Banner {
    level: Level,
    text: String,
    /// Text of the button and what it does.
    offer: Option<(&'static str, Action)>,
}

/// The strips that this moment calls for.
pub fn banners(scene: &Scene<'_>) -> Vec<Banner> {
    let strips = [
        control(scene.snapshot),
        recording(scene.snapshot),
        run(scene),
        pack(scene),
        uncalibrated(scene.snapshot),
        montage(scene),
        markers(scene),
    ];
    let mut all: Vec<Banner> = strips.into_iter().flatten().collect();
    all.sort_by_key(|banner| match banner.level {
        Level::Error => 0,
        Level::Warning => 1,
        Level::Info => 2,
    });
    all.truncate(3);
    all
}

fn run(scene: &Scene<'_>) -> Option<Banner> {
    let (level, offer) = match &scene.snapshot.run {
        RunState::Idle | RunState::Running => return None,
        RunState::Searching { .. } => (Level::Info, ("Stop looking", Action::Disconnect)),
        RunState::Connecting => (Level::Info, ("Cancel", Action::Disconnect)),
        RunState::Stalled { .. } | RunState::SourceLost { .. } => {
            (Level::Warning, ("Disconnect", Action::Disconnect))
        }
        RunState::Reconnecting { .. } => (Level::Info, ("Disconnect", Action::Disconnect)),
        RunState::Ended => (Level::Info, ("Start again", Action::ConnectAgain)),
        RunState::Failed { .. } => (Level::Error, ("Try again", Action::ConnectAgain)),
    };
    let kind = scene.snapshot.source.as_ref().map(|source| source.kind);
    let text = states::what_to_do(&scene.snapshot.run, kind, scene.now_secs)?;
    Some(Banner { level, text, offer: Some(offer) })
}

fn pack(scene: &Scene<'_>) -> Option<Banner> {
    match &scene.snapshot.pack {
        PackState::Refused(why) => {
            let text = format!("The model pack was refused: {why}");
            Some(Banner { level: Level::Error, text, offer: None })
        }
        PackState::Loading if scene.snapshot.run != RunState::Idle => Some(Banner {
            level: Level::Info,
            text: "Loading and verifying the model pack.".into(),
            offer: None,
        }),
        PackState::Ready(pack) if pack.simulated_training && real(scene.snapshot) => {
            let text = "This pack was trained on simulated signal only. Its pictures of real EEG mean nothing.";
            Some(Banner { level: Level::Warning, text: text.into(), offer: None })
        }
        PackState::Ready(pack) => {
            pack.caution.clone().map(|text| Banner { level: Level::Warning, text, offer: None })
        }
        PackState::None | PackState::Loading => None,
    }
}

/// The null twin names what is seen.
fn control(snapshot: &Snapshot) -> Option<Banner> {
    snapshot.control.succeeded.then(|| Banner {
        level: Level::Error,
        text: CONTROL_SUCCEEDS.into(),
        offer: Some(("Start again", Action::ConnectAgain)),
    })
}

/// An encoder of which nobody has said how it answers.
fn uncalibrated(snapshot: &Snapshot) -> Option<Banner> {
    let PackState::Ready(pack) = &snapshot.pack else { return None };
    pack.calibrated_by.is_none().then(|| Banner {
        level: Level::Info,
        text: "Not calibrated: this pack or encoder does not say how it answers, so there are no probabilities.".into(),
        offer: None,
    })
}

fn real(snapshot: &Snapshot) -> bool {
    snapshot.source.as_ref().is_some_and(|source| !source.simulated)
}

/// A source without markers: what that means for scores and windows.
fn markers(scene: &Scene<'_>) -> Option<Banner> {
    let source = scene.snapshot.source.as_ref()?;
    if source.has_markers || !scene.snapshot.run.is_connected() {
        return None;
    }
    if scene.view.mode == WindowMode::Locked {
        let text = "Windows wait for picture onsets, but this source sends no markers.";
        let offer = Some(("Free-running", Action::SetMode(WindowMode::Free)));
        return Some(Banner { level: Level::Warning, text: text.into(), offer });
    }
    let text =
        "No markers: windows run freely, and there is nothing to score the pictures against.";
    Some(Banner { level: Level::Info, text: text.into(), offer: None })
}

/// A headset that names no electrode, or too little of what the pack wants.
fn montage(scene: &Scene<'_>) -> Option<Banner> {
    let source = scene.snapshot.source.as_ref().filter(|_| scene.view.page != Page::Montage)?;
    let offer = Some(("Choose electrodes", Action::Show(Page::Montage)));
    if let Some(mounted) = source.mounted.as_ref().filter(|mounted| mounted.said == Said::ByLabel)
        && let Some((text, _)) = proposal(&mounted.device_labels, &source.name)
    {
        return Some(Banner { level: Level::Warning, text, offer });
    }
    let PackState::Ready(pack) = &scene.snapshot.pack else { return None };
    let expected = pack.expected.as_ref().filter(|expected| expected.advises_calibration())?;
    let text = format!(
        "Only {:.0} % of what this pack can do is left with these electrodes: calibrate.",
        100.0 * expected.kept()
    );
    let offer = Some(("Calibrate", Action::ToggleCalibration));
    Some(Banner { level: Level::Warning, text, offer })
}

fn recording(snapshot: &Snapshot) -> Option<Banner> {
    let text = match &snapshot.recording {
        RecordingState::Failed(why) => format!("The recording could not be kept safe: {why}"),
        RecordingState::On { lost, .. } if *lost > 0 => {
            format!(
                "The recording lost {} frames: the disk or this computer is too slow.",
                words::count(*lost)
            )
        }
        RecordingState::On { .. } | RecordingState::Off => return None,
    };
    Some(Banner { level: Level::Error, text, offer: None })
}

impl Banner {
    /// Paints the strip.
    pub fn ui(&self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let palette = scene.palette;
        let edge = match self.level {
            Level::Info => palette.line,
            Level::Warning => palette.fair,
            Level::Error => palette.bad,
        };
        egui::Frame::new()
            .fill(palette.card)
            .stroke(Stroke::new(1.0, edge))
            .corner_radius(CornerRadius::same(6))
            .inner_margin(Margin::symmetric(10, 6))
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.horizontal_wrapped(|ui| {
                    parts::inline_mark(ui, level_words(self.level), |r| {
                        parts::level_shape(r, self.level, palette)
                    });
                    ui.label(&self.text);
                    if let Some((text, action)) = &self.offer
                        && ui.button(*text).clicked()
                    {
                        actions.push(action.clone());
                    }
                });
            });
    }
}

/// How serious, in one word.
pub fn level_words(level: Level) -> &'static str {
    match level {
        Level::Info => "Note",
        Level::Warning => "Warning",
        Level::Error => "Error",
    }
}
