//! The evidence behind the picture on screen: what is believed and how surely, two p-values, the control, and how p went.
//!
//! A refused window has no evidence; the panel then says why and shows nothing of the decode before.

use std::collections::VecDeque;

use egui::{Align2, Rect, RichText, Stroke, Ui, pos2, vec2};

use crate::signal::Lock;
use crate::snapshot::{
    BelievedView, DecodeView, GuessView, PackState, RankedLabel, RunState, Snapshot,
};
use crate::ui::look::{parts, theme, words};
use crate::ui::scene::Scene;

/// Decodes kept for the strip of p-values.
const MAX_HISTORY: usize = 120;
/// Height of a bar with its label, in points.
const BAR: f32 = 24.0;
/// The line drawn in the strip.
const ALPHA: f64 = 0.05;

/// The panel with the last p-values; `None` for a refused window.
#[derive(Default)]
pub struct EvidencePanel {
    history: VecDeque<(u64, Option<f64>)>,
}

impl EvidencePanel {
    /// Notes the newest decode.
    pub fn follow(&mut self, snapshot: &Snapshot) {
        let Some(decode) = &snapshot.decode else { return };
        let p = if decode.abstain.is_some() { None } else { decode.p_value };
        if let Some((window, known)) = self.history.back_mut()
            && *window == decode.window
        {
            // The p-value follows the picture.
            *known = p;
            return;
        }
        if self.history.len() == MAX_HISTORY {
            self.history.pop_front();
        }
        self.history.push_back((decode.window, p));
    }

    /// Forgets everything, as before a new run.
    pub fn clear(&mut self) {
        self.history.clear();
    }

    /// Paints the card.
    pub fn ui(&self, ui: &mut Ui, scene: &Scene<'_>) {
        theme::card(scene.palette).show(ui, |ui| {
            ui.set_width(ui.available_width());
            parts::eyebrow(ui, scene.palette, "EVIDENCE");
            match &scene.snapshot.decode {
                None => {
                    parts::weak(
                        ui,
                        "Appears with the first decode: what is believed, how surely, and whether the control agrees.",
                    );
                }
                Some(decode) => match decode.abstain {
                    Some(reason) => abstained(ui, scene, reason.plain_words()),
                    None => decoded(ui, scene, decode),
                },
            }
            self.strip(ui, scene);
        });
    }

    /// The last p-values on a logarithmic scale, small ones high; refused windows as crosses below.
    fn strip(&self, ui: &mut Ui, scene: &Scene<'_>) {
        if self.history.is_empty() || scene.snapshot.control.succeeded {
            return;
        }
        ui.add_space(4.0);
        let below = self.history.iter().filter(|(_, p)| p.is_some_and(|p| p < ALPHA)).count();
        let known = self.history.iter().filter(|(_, p)| p.is_some()).count();
        let windows = self.history.len();
        let plural = if windows == 1 { "" } else { "s" };
        let label =
            format!("Last {windows} window{plural}: p below {ALPHA} in {below} of {known} decoded");
        let rect = parts::canvas(ui, vec2(ui.available_width(), 46.0), label.clone());
        ui.painter().rect_filled(rect, 4.0, scene.palette.well);
        let plot = rect.shrink2(vec2(6.0, 6.0));
        let line = strip_y(plot, ALPHA);
        let stroke = Stroke::new(1.0, scene.palette.line);
        ui.painter().line_segment([pos2(plot.left(), line), pos2(plot.right(), line)], stroke);
        parts::tag(
            ui,
            pos2(plot.left(), line - 1.0),
            Align2::LEFT_BOTTOM,
            "0.05",
            scene.palette.weak,
        );
        for (i, (_, p)) in self.history.iter().rev().enumerate() {
            let x = plot.right() - 3.0 - i as f32 * (plot.width() - 36.0) / MAX_HISTORY as f32;
            strip_mark(ui, scene, plot, x, *p);
        }
        parts::weak(ui, label);
    }
}

fn strip_y(plot: Rect, p: f64) -> f32 {
    let share = (-p.max(1e-3).log10() / 3.0).clamp(0.0, 1.0) as f32;
    plot.bottom() - plot.height() * share
}

fn strip_mark(ui: &Ui, scene: &Scene<'_>, plot: Rect, x: f32, p: Option<f64>) {
    match p.filter(|p| p.is_finite()) {
        Some(p) => {
            let color = if p < ALPHA { scene.palette.accent } else { scene.palette.weak };
            ui.painter().circle_filled(pos2(x, strip_y(plot, p)), 2.0, color);
        }
        None => {
            let at = pos2(x, plot.bottom());
            ui.painter()
                .line_segment([at, at - vec2(0.0, 5.0)], Stroke::new(1.5, scene.palette.fair));
        }
    }
}

fn abstained(ui: &mut Ui, scene: &Scene<'_>, reason: &str) {
    ui.add_space(2.0);
    let title = theme::font(ui, theme::TITLE);
    ui.label(RichText::new("No decode").font(title).strong().color(scene.palette.fair));
    ui.add(egui::Label::new(reason).wrap());
    parts::weak(ui, "Nothing is shown for this window, so there is no evidence either.");
}

fn decoded(ui: &mut Ui, scene: &Scene<'_>, decode: &DecodeView) {
    if decode.control.succeeded {
        return withheld(ui, scene);
    }
    headline(ui, scene, decode);
    if scene.snapshot.run != RunState::Running {
        parts::weak(ui, "Of the last decode; nothing new is coming in.");
    }
    ui.add_space(4.0);
    match &decode.believed {
        Some(believed) => believed_rows(ui, scene, decode, believed),
        None => {
            for (place, entry) in decode.top.iter().take(5).enumerate() {
                bar(ui, scene, decode, place, entry);
            }
            chance_legend(ui, scene, decode);
            parts::row(ui, "Rank of what was seen", truth_words(scene, decode));
            parts::row(ui, "Margin of first over second", format!("{:.3}", decode.margin));
        }
    }
    parts::row(ui, "Looks averaged", format!("k = {}", decode.k));
    p_rows(ui, decode);
}

fn withheld(ui: &mut Ui, scene: &Scene<'_>) {
    let title = theme::font(ui, theme::TITLE);
    ui.label(RichText::new("Withheld").font(title).strong().color(scene.palette.bad));
    let why = "The control succeeds: windows in which something else was seen name the picture. Nothing here can be \
believed, so nothing is shown.";
    ui.add(egui::Label::new(why).wrap());
}

/// What the program believes, in a few large words.
fn headline(ui: &mut Ui, scene: &Scene<'_>, decode: &DecodeView) {
    let figure = theme::font(ui, theme::FIGURE);
    let (text, below) = match &decode.believed {
        None => {
            (decode.p_value.map_or("p not known yet".into(), words::p_value), null_words(decode))
        }
        Some(believed) => believed_words(believed, decode.k),
    };
    let noise = decode.believed.as_ref().is_some_and(|believed| !believed.better_than_noise);
    let ink = if noise { scene.palette.fair } else { scene.palette.text };
    ui.add(egui::Label::new(RichText::new(text).font(figure).color(ink)).wrap());
    parts::weak(ui, below);
}

fn believed_words(believed: &BelievedView, k: u32) -> (String, String) {
    let Some(best) = believed.best.first() else { return (String::new(), String::new()) };
    let (guess, chance) = (words::share(best.probability), words::chance(believed));
    if !believed.better_than_noise {
        let mut below = format!(
            "{:.1} bits gained; windows without information gain up to {:.1}.",
            believed.gain_bits, believed.noise_bits
        );
        if let Some(beyond) = words::beyond(believed, k) {
            below += &format!(" {beyond}.");
        }
        return ("No better than noise".into(), below);
    }
    let text = match believed.decided {
        true => format!("{}: {guess}", capital(&best.label)),
        false => format!("Perhaps {}: {guess}", best.label),
    };
    let mut below = format!("chance {chance}");
    if let Some(other) = believed.something_else.filter(|p| *p >= 0.5) {
        below += &format!(". More probably something else: {}", words::share(other));
    }
    if let Some(beyond) = words::beyond(believed, k) {
        below += &format!(". {beyond}");
    }
    (text, below)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn believed_rows(ui: &mut Ui, scene: &Scene<'_>, decode: &DecodeView, believed: &BelievedView) {
    for (place, guess) in believed.best.iter().take(5).enumerate() {
        let seen = believed.truth_row == Some(guess.row);
        guess_bar(ui, scene, decode, (place, seen), guess);
    }
    if let Some(null) = decode.twin_believed.as_ref().and_then(|twin| twin.best.first()) {
        null_legend(
            ui,
            scene,
            format!("best guess of the null twin, {}", words::share(null.probability)),
        );
    }
    parts::row(ui, "Pictures in play", words::scope(believed));
    let other = believed.something_else.map_or_else(|| "not asked".into(), words::share);
    let hint = "Whether it is none of these. A decoder of a few classes does not ask.";
    row_with_hint(ui, "Something else", other, hint);
    let bits = format!("{:.1} of {:.1} bits", believed.gain_bits, believed.needed_bits);
    let hint =
        "What has been learned of the picture, and what it takes to name one of those in play.";
    row_with_hint(ui, "Gained", bits, hint);
    let hint =
        "More looks at the same picture that naming the best guess will take, if it is right.";
    row_with_hint(ui, "More looks", looks_words(believed), hint);
    if let Some(rank) = believed.truth_rank {
        let share = words::share(believed.truth_probability.unwrap_or_default());
        parts::row(ui, "What was seen", format!("rank {rank} of {}, {share}", believed.pictures));
    }
}

fn looks_words(believed: &BelievedView) -> String {
    match believed.more_looks {
        _ if believed.decided => "none: it is named".into(),
        _ if !believed.better_than_noise => "cannot be told yet".into(),
        Some(more) => format!("about {more}, if it is right"),
        None => "more than a person can take".into(),
    }
}

/// Two p-values, never mixed: of the shown picture, and that there is anything.
fn p_rows(ui: &mut Ui, decode: &DecodeView) {
    let shown = decode.p_shown.map_or_else(|| "not known".into(), words::p_value);
    row_with_hint(
        ui,
        "Of the picture seen",
        shown,
        "Its score against its scores in windows of this stream in which \
other pictures were seen.",
    );
    if decode.believed.is_some() {
        let any = decode.p_value.map_or_else(|| "not known yet".into(), words::p_value);
        row_with_hint(
            ui,
            "That there is anything",
            any,
            "Information gained against windows without information: \
other windows of this stream, phase-randomised. It does not say that the guess is right.",
        );
    }
    let control = &decode.control;
    if control.trials > 0 {
        let text =
            format!("{} of {} named, e = {:.1}", control.hits, control.trials, control.e_value);
        row_with_hint(
            ui,
            "Control (null twin)",
            text,
            "How often another window, phase-randomised, names the picture. \
Above e = 20 the control succeeds, and everything is withheld.",
        );
    }
}

fn row_with_hint(ui: &mut Ui, label: &str, value: String, hint: &str) {
    parts::row(ui, label, value).on_hover_text(hint);
}

fn guess_bar(
    ui: &mut Ui,
    scene: &Scene<'_>,
    decode: &DecodeView,
    (place, seen): (usize, bool),
    guess: &GuessView,
) {
    let suffix = if seen { ", which was seen" } else { "" };
    let share = words::share(guess.probability);
    let spoken = format!("{}. {}{suffix}: probability {share}", place + 1, guess.label);
    let null = decode.twin_believed.as_ref().and_then(|twin| twin.best.first());
    let drawn = Bar {
        label: &guess.label,
        seen,
        value: share,
        filled: guess.probability as f32,
        null: null.map(|null| null.probability as f32),
    };
    drawn.ui(ui, scene, place, spoken);
}

fn null_words(decode: &DecodeView) -> String {
    match (decode.p_value, decode.null_size) {
        (Some(_), n) => format!("against {n} phase-randomised windows"),
        (None, 0) => "No phase-randomised windows yet; the null twin makes them.".into(),
        (None, n) => format!("Only {n} phase-randomised windows so far: too few."),
    }
}

fn truth_words(scene: &Scene<'_>, decode: &DecodeView) -> String {
    let gallery = gallery_size(scene).map_or_else(String::new, |n| format!(" of {n}"));
    decode.truth_rank.map_or_else(|| "not known".into(), |rank| format!("{rank}{gallery}"))
}

fn gallery_size(scene: &Scene<'_>) -> Option<usize> {
    match &scene.snapshot.pack {
        PackState::Ready(pack) if !pack.labels.is_empty() => Some(pack.labels.len()),
        _ => scene.snapshot.truth.as_ref().map(|truth| truth.gallery),
    }
}

/// The scale of the bars: from 0 to the best score of either twin.
fn best_score(decode: &DecodeView) -> f32 {
    let scores = decode.top.iter().chain(&decode.twin_top).map(|entry| entry.score);
    scores.filter(|s| s.is_finite()).fold(1e-6, f32::max)
}

fn bar(ui: &mut Ui, scene: &Scene<'_>, decode: &DecodeView, place: usize, entry: &RankedLabel) {
    let seen = matches!(decode.lock, Lock::Stimulus { row: Some(row), .. } if row == entry.row);
    let suffix = if seen { ", which was seen" } else { "" };
    let spoken = format!("{}. {}{suffix}: score {:.3}", place + 1, entry.label, entry.score);
    let best = best_score(decode);
    let drawn = Bar {
        label: &entry.label,
        seen,
        value: format!("{:.3}", entry.score),
        filled: entry.score / best,
        null: decode.twin_top.first().map(|null| null.score / best),
    };
    drawn.ui(ui, scene, place, spoken);
}

/// A name with a value, and a bar from 0 to 1 with the null twin's on it.
struct Bar<'a> {
    label: &'a str,
    seen: bool,
    value: String,
    filled: f32,
    null: Option<f32>,
}

impl Bar<'_> {
    fn ui(&self, ui: &mut Ui, scene: &Scene<'_>, place: usize, spoken: String) {
        let palette = scene.palette;
        let rect = parts::canvas(ui, vec2(ui.available_width(), BAR), spoken);
        let text_y = rect.top() + 8.0;
        let label = if self.seen { format!("{}  (seen)", self.label) } else { self.label.into() };
        let ink = if place == 0 { palette.text } else { palette.weak };
        let clipped: String = label.chars().take(34).collect();
        parts::tag(ui, pos2(rect.left(), text_y), Align2::LEFT_CENTER, &clipped, ink);
        parts::tag(ui, pos2(rect.right(), text_y), Align2::RIGHT_CENTER, &self.value, ink);
        let track = Rect::from_min_max(
            pos2(rect.left(), rect.bottom() - 7.0),
            pos2(rect.right(), rect.bottom() - 2.0),
        );
        ui.painter().rect_filled(track, 2.0, palette.well);
        let width = track.width() * self.filled.clamp(0.0, 1.0);
        let filled = Rect::from_min_size(track.min, vec2(width, track.height()));
        let color = if place == 0 { palette.accent } else { palette.accent.gamma_multiply(0.55) };
        ui.painter().rect_filled(filled, 2.0, color);
        if let Some(null) = self.null {
            let x = track.left() + track.width() * null.clamp(0.0, 1.0);
            let line = [pos2(x, track.top() - 2.0), pos2(x, track.bottom() + 2.0)];
            ui.painter().line_segment(line, Stroke::new(2.0, palette.null));
        }
    }
}

fn null_legend(ui: &mut Ui, scene: &Scene<'_>, text: String) {
    ui.horizontal(|ui| {
        parts::inline_mark(ui, "Line", |rect| {
            let line = [rect.center_top(), rect.center_bottom()];
            egui::Shape::line_segment(line, Stroke::new(2.0, scene.palette.null))
        });
        parts::weak(ui, text);
    });
}

/// Says what the line through the bars is, and what guessing would give.
fn chance_legend(ui: &mut Ui, scene: &Scene<'_>, decode: &DecodeView) {
    if let Some(null) = decode.twin_top.first() {
        null_legend(ui, scene, format!("best score of the null twin, {:.3}", null.score));
    }
    if let Some(n) = gallery_size(scene).filter(|n| *n > 0) {
        let share = words::percent(1.0 / n as f64);
        parts::weak(ui, format!("Chance: first by guessing once in {n} ({share})."));
    }
}
