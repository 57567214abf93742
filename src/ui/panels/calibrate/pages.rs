//! The pages of a session that are not pictures: setup, waiting, pause, conclusion, result, failure.

use egui::{Button, ComboBox, Key, ProgressBar, RichText, ScrollArea, TextEdit, Ui, vec2};

use super::{SessionPanel, Stage, Wish};
use crate::calibrate::score::Score;
use crate::present::protocol::Protocol;
use crate::snapshot::{PackState, QualityVerdict, RecordingState, RunState};
use crate::study::calibration::conclude::Outcome;
use crate::ui::engine::{Conclusion, Engine};
use crate::ui::look::{parts, theme, words};
use crate::ui::scene::Scene;

/// Width of a page, in points.
const WIDTH: f32 = 620.0;

/// What a click asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Begin,
    Plan,
}

impl SessionPanel {
    /// Paints the page of the stage.
    pub(super) fn page(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        engine: &mut dyn Engine,
        wishes: &mut Vec<Wish>,
    ) {
        let frame = egui::Frame::new().fill(scene.palette.ground).inner_margin(14.0);
        let mut choice = None;
        egui::CentralPanel::no_frame().frame(frame).show(ui, |ui| {
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                let width = ui.available_width().min(WIDTH);
                ui.horizontal(|ui| {
                    ui.add_space((ui.available_width() - width).max(0.0) * 0.5);
                    ui.vertical(|ui| {
                        ui.set_width(width);
                        ui.add_space(18.0);
                        choice = self.inside(ui, scene, engine, wishes);
                    });
                });
            });
        });
        match choice {
            Some(Choice::Begin) => self.begin(ui.ctx(), scene, engine),
            Some(Choice::Plan) => self.plan(),
            None => {}
        }
    }

    fn inside(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        engine: &mut dyn Engine,
        wishes: &mut Vec<Wish>,
    ) -> Option<Choice> {
        match &self.stage {
            Stage::Setup => return self.setup(ui, scene, engine, wishes),
            Stage::Creating => {
                title(ui, "One moment");
                ui.label("The session's folder is being made.");
            }
            Stage::Starting { run, .. } => {
                title(ui, &format!("Run {}", run + 1));
                ui.label("The recording is being opened.");
            }
            Stage::Stopping { .. } => {
                title(ui, "One moment");
                ui.label("The recording is being closed.");
            }
            Stage::Pause { next, since_secs } => {
                let runs = self.planned.as_ref().map_or(0, |session| session.plan.runs.len());
                let pause = self.planned.as_ref().map_or(0.0, |session| session.plan.pause_secs);
                title(ui, &format!("{next} of {runs} runs are done"));
                let left = (pause - (scene.now_secs - since_secs)).max(0.0);
                ui.label(format!("Blink, stretch, rest. It goes on in {left:.0} s."));
                ui.label(RichText::new("Space goes on at once, Escape stops the session.").weak());
            }
            Stage::Concluding => {
                concluding(ui, &engine.conclusion());
                if ui.button("Close, it goes on in the background (Esc)").clicked() || escape(ui) {
                    wishes.push(Wish::Close);
                }
            }
            Stage::Result => {
                if let Conclusion::Done(outcome) = engine.conclusion() {
                    result(ui, scene, &outcome, wishes);
                }
            }
            Stage::Failed(why) => {
                title(ui, "The session is over");
                ui.label(RichText::new(why.as_str()).color(scene.palette.bad));
                if let Ok(session) = &self.planned {
                    parts::weak(ui, format!("Its folder: {}", session.folder.display()));
                }
                if ui.button("Close").clicked() || escape(ui) {
                    wishes.push(Wish::Close);
                }
            }
            Stage::Presenting { .. } => {}
        }
        None
    }

    fn setup(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        engine: &mut dyn Engine,
        wishes: &mut Vec<Wish>,
    ) -> Option<Choice> {
        let mut choice = None;
        title(ui, "Calibrate");
        ui.label("Look at the cross. Pictures appear behind it; press Space when one comes twice in a row.");
        ui.add_space(10.0);
        egui::Grid::new("session").num_columns(2).spacing([14.0, 8.0]).show(ui, |ui| {
            let label = ui.label("Subject");
            let field = TextEdit::singleline(&mut self.subject).desired_width(120.0);
            if ui.add(field).labelled_by(label.id).changed() {
                choice = Some(Choice::Plan);
            }
            ui.end_row();
            let label = ui.label("Protocol");
            let combo = ComboBox::from_id_salt("protocol").selected_text(&self.protocol);
            let shown = combo.show_ui(ui, |ui| {
                let own = self.own_protocol.iter().map(|protocol| protocol.name.clone());
                let known = Protocol::BUNDLED.map(|(name, _)| name.to_owned());
                for name in known.into_iter().chain(own) {
                    if ui.selectable_value(&mut self.protocol, name.clone(), name).clicked() {
                        choice = Some(Choice::Plan);
                    }
                }
            });
            shown.response.labelled_by(label.id);
            ui.end_row();
            self.pictures_row(ui, scene, engine, wishes);
        });
        self.pictures_news(ui, scene, engine);
        ui.add_space(8.0);
        self.what_it_is(ui, scene);
        ui.add_space(8.0);
        self.what_it_buys(ui, scene);
        theme::card(scene.palette).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.label(RichText::new("Photosensitive epilepsy").strong());
            let text = if self.planned.as_ref().is_ok_and(|s| s.protocol.flashes()) {
                "WARNING: this protocol changes the picture more than three times a second. Flashing pictures can cause seizures. Do not hold it with anyone who may be photosensitive."
            } else {
                "Pictures change less than three times a second. Whoever has had a seizure, or is not sure, asks a physician first; stop with Escape at any unease."
            };
            ui.label(text);
        });
        ui.add_space(12.0);
        let why_not = self.why_not(scene, engine);
        ui.horizontal_wrapped(|ui| {
            let text = RichText::new("Begin (Enter)").strong();
            let begin = Button::new(text).fill(scene.palette.accent_soft).min_size(vec2(0.0, 34.0));
            let clicked = ui.add_enabled(why_not.is_none(), begin).clicked();
            let enter = !ui.ctx().text_edit_focused() && ui.input(|i| i.key_pressed(Key::Enter));
            if why_not.is_none() && (clicked || enter) {
                choice = Some(Choice::Begin);
            }
            if ui.add(Button::new("Not now (Esc)").min_size(vec2(0.0, 34.0))).clicked()
                || escape(ui)
            {
                wishes.push(Wish::Close);
            }
        });
        if let Some(why) = why_not {
            ui.label(RichText::new(why).color(scene.palette.fair));
        }
        self.earlier(ui, wishes);
        choice
    }

    /// What earlier sessions were worth.
    fn earlier(&self, ui: &mut Ui, wishes: &mut Vec<Wish>) {
        if self.before.is_empty() {
            return;
        }
        ui.add_space(14.0);
        ui.label(RichText::new("Held before").strong());
        for listed in &self.before {
            fact(ui, &listed.session, listed.verdict.clone());
            ui.horizontal(|ui| {
                if let Some(report) = &listed.report
                    && ui.button(format!("Report of {}", listed.session)).clicked()
                {
                    open(ui, report);
                }
                if let Some(encoder) = &listed.encoder
                    && ui.button(format!("Use the encoder of {}", listed.session)).clicked()
                {
                    wishes.push(Wish::UseEncoder(encoder.clone()));
                }
            });
        }
    }

    /// Duration, headset, display.
    fn what_it_is(&self, ui: &mut Ui, scene: &Scene<'_>) {
        match &self.planned {
            Ok(session) => {
                let trials: usize = session.plan.runs.iter().map(|run| run.trials.len()).sum();
                let minutes = session.plan.seconds() / 60.0;
                let runs = session.plan.runs.len();
                fact(
                    ui,
                    "Takes",
                    format!("{minutes:.1} minutes: {trials} pictures in {runs} runs"),
                );
                fact(ui, "Goes to", session.folder.display().to_string());
            }
            Err(why) => {
                ui.label(RichText::new(why).color(scene.palette.bad));
            }
        }
        let channels = &scene.snapshot.quality;
        let bad = channels.iter().filter(|channel| channel.verdict == QualityVerdict::Bad).count();
        let headset = match &scene.snapshot.source {
            Some(source) if bad > 0 => {
                format!("{}: {bad} of {} electrodes are bad", source.name, channels.len())
            }
            Some(source) => source.name.clone(),
            None => "none is connected".into(),
        };
        fact(ui, "Headset", headset);
        let display = match self.meter.verdict() {
            Some(display) => format!(
                "{:.1} Hz, jitter {:.1} ms, {} missed: {}",
                display.refresh_hz,
                display.jitter_secs * 1e3,
                words::percent(display.missed_share),
                display.verdict
            ),
            None => format!("being measured, {}", words::percent(f64::from(self.meter.progress()))),
        };
        fact(ui, "Display", display);
    }

    /// Why it cannot begin.
    fn why_not(&self, scene: &Scene<'_>, engine: &dyn Engine) -> Option<String> {
        if let Err(why) = &self.planned {
            return Some(format!("This session cannot be held: {why}"));
        }
        if self.choice.is_busy() {
            return Some("Your pictures are being embedded.".into());
        }
        if matches!(scene.snapshot.run, RunState::Connecting | RunState::Searching { .. }) {
            return Some("The headset is being connected.".into());
        }
        if matches!(scene.snapshot.run, RunState::Stalled { .. }) || scene.snapshot.run.is_away() {
            return Some("Nothing comes from the headset: see that it is on and in reach.".into());
        }
        if scene.snapshot.run != RunState::Running {
            return Some("Connect a headset first: close this page (Esc), then press C.".into());
        }
        if let Some(why) = engine.cannot_present() {
            return Some(why);
        }
        if matches!(scene.snapshot.recording, RecordingState::On { .. }) {
            return Some(
                "A recording runs: stop it first, close this page (Esc) and press R.".into(),
            );
        }
        if !matches!(scene.snapshot.pack, PackState::Ready(_)) {
            return Some(
                "A model pack is needed: its gallery holds the pictures' embeddings.".into(),
            );
        }
        self.meter.verdict().is_none().then(|| "The display is being measured.".into())
    }
}

fn title(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).size(28.0).strong());
    ui.add_space(6.0);
}

/// A label and a text that may take several lines.
fn fact(ui: &mut Ui, label: &str, value: impl Into<String>) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(format!("{label}:")).weak());
        ui.label(value.into());
    });
}

fn escape(ui: &Ui) -> bool {
    ui.input(|input| input.key_pressed(Key::Escape))
}

fn concluding(ui: &mut Ui, conclusion: &Conclusion) {
    title(ui, "Fitting and judging");
    if let Conclusion::Working(step, share) = conclusion {
        ui.label(step.words());
        ui.add(ProgressBar::new(*share as f32).desired_width(360.0));
    } else {
        ui.label("reading the recordings");
    }
}

fn result(ui: &mut Ui, scene: &Scene<'_>, outcome: &Outcome, wishes: &mut Vec<Wish>) {
    let evaluation = &outcome.evaluation;
    title(ui, if evaluation.simulated { "The result (SIMULATED)" } else { "The result" });
    if let Some(why) = &evaluation.refused {
        ui.label(RichText::new(format!("No score: {why}.")).color(scene.palette.bad));
    } else if let Some(score) = evaluation.headline("personal") {
        ui.label(RichText::new(sentence(score)).size(17.0));
        if let Some(pack) = evaluation.headline("pack") {
            parts::weak(
                ui,
                format!("The pack's own encoder, without calibration: {:.1} %", 100.0 * pack.value),
            );
        }
        let held_out = evaluation.held_out.iter();
        let mut held_out = held_out.filter(|s| s.metric == "top1" && s.k == 1);
        if let Some(score) = held_out.find(|score| score.encoder == "personal") {
            let text = format!(
                "Pictures that were never calibrated, chosen among {}: {}",
                score.n,
                sentence(score)
            );
            parts::weak(ui, text);
        }
    }
    for caution in &evaluation.cautions {
        ui.label(RichText::new(format!("Caution: {caution}")).color(scene.palette.fair));
    }
    ui.add_space(8.0);
    fact(
        ui,
        "Fitted to",
        format!("{} trials, {:.1} s", outcome.fit.trials, outcome.fit.fit_seconds),
    );
    fact(ui, "Report", outcome.report.display().to_string());
    ui.add_space(10.0);
    ui.horizontal_wrapped(|ui| {
        let encoder = Button::new(RichText::new("Use this encoder now (Enter)").strong());
        let enter = ui.input(|input| input.key_pressed(Key::Enter));
        if ui.add(encoder.fill(scene.palette.accent_soft)).clicked() || enter {
            wishes.push(Wish::UseEncoder(outcome.fit.encoder.clone().into()));
        }
        if ui.button("Open the report (O)").clicked() || ui.input(|i| i.key_pressed(Key::O)) {
            open(ui, &outcome.report);
        }
        if ui.button("Close (Esc)").clicked() || escape(ui) {
            wishes.push(Wish::Close);
        }
    });
}

/// Shows a page in the browser.
fn open(ui: &Ui, page: &std::path::Path) {
    let path = std::fs::canonicalize(page).unwrap_or_else(|_| page.to_path_buf());
    ui.ctx().open_url(egui::OpenUrl::new_tab(format!("file://{}", path.display())));
}

fn sentence(score: &Score) -> String {
    let [low, high] = score.ci95.map(|value| 100.0 * value);
    format!(
        "{:.1} % right at the first guess (95 %: {low:.1}–{high:.1}), where chance is {:.1} %; {}, {} trials",
        100.0 * score.value,
        100.0 * score.chance,
        words::p_value(score.p_value),
        score.trials
    )
}
