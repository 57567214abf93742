//! The timeline of a replay: position, events, gaps and decodes, and the controls.
//!
//! Takes the replay's [`Transport`], whose state is atomics: asking never waits. Decodes are marked where their
//! pictures appeared: a disc where the picture shown came first, a ring where it did not, a dash where nothing was
//! decoded.

use egui::accesskit::Role;
use egui::{
    Button, Key, Modifiers, Pos2, Rect, RichText, Sense, Stroke, StrokeKind, Ui, pos2, vec2,
};

use crate::signal::Lock;
use crate::snapshot::Snapshot;
use crate::source::file::{Outline, Transport};
use crate::ui::look::parts;
use crate::ui::look::theme::Palette;
use crate::ui::scene::Scene;

/// Height of the bar, in points.
const HEIGHT: f32 = 34.0;
/// Marks kept; a recording of a day at one a second has more, and loses its oldest.
const MAX_MARKS: usize = 50_000;
/// One press of an arrow key, and one step, in seconds.
const NUDGE_SECS: f64 = 1.0;
/// Speeds that the buttons and keys go through.
const SPEEDS: [f64; 9] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 16.0];

/// What became of a decode.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mark {
    First,
    Other,
    None,
}

/// The panel: it remembers the decodes that it has seen.
#[derive(Debug, Default)]
pub struct TimelinePanel {
    marks: Vec<(f64, Mark)>,
    last: Option<u64>,
}

impl TimelinePanel {
    /// Forgets everything, for a new run.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes over a new decode.
    pub fn follow(&mut self, snapshot: &Snapshot) {
        let Some(decode) = &snapshot.decode else { return };
        let Lock::Stimulus { onset_secs, .. } = decode.lock else { return };
        if decode.control.succeeded {
            // What was right before means nothing either.
            self.marks.clear();
            return;
        }
        if self.last == Some(decode.window) {
            return;
        }
        self.last = Some(decode.window);
        let mark = match (decode.abstain, decode.truth_rank) {
            (Some(_), _) => Mark::None,
            (None, Some(1)) => Mark::First,
            (None, _) => Mark::Other,
        };
        // After a seek backwards a window comes again: its mark is the same.
        if !self.marks.iter().rev().take(2000).any(|(time, _)| *time == onset_secs) {
            if self.marks.len() == MAX_MARKS {
                self.marks.remove(0);
            }
            self.marks.push((onset_secs, mark));
        }
    }

    /// Paints controls and bar.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, transport: &Transport) {
        let Some(outline) = transport.outline() else { return };
        ui.horizontal(|ui| controls(ui, transport, outline));
        let width = ui.available_width();
        let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::click_and_drag());
        let label = format!(
            "Timeline: {} of {}",
            clock(transport.position_secs() - outline.first_secs),
            clock(outline.last_secs - outline.first_secs)
        );
        parts::name(&response, Role::Slider, label);
        let axis = Axis { rect, outline };
        self.paint(ui, scene.palette, &axis, transport);
        if let Some(at) =
            response.interact_pointer_pos().filter(|_| response.clicked() || response.dragged())
        {
            transport.seek(axis.time(at.x));
        }
        if let Some(at) = response.hover_pos() {
            response.on_hover_text(hint(&axis, at));
        }
        if transport.is_playing() {
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(100));
        }
    }

    fn paint(&self, ui: &Ui, palette: &Palette, axis: &Axis<'_>, transport: &Transport) {
        let painter = ui.painter_at(axis.rect);
        let rect = axis.rect;
        painter.rect(rect, 4.0, palette.well, Stroke::new(1.0, palette.line), StrokeKind::Inside);
        let here = axis.x(transport.position_secs());
        let done = Rect::from_min_max(rect.min, pos2(here.max(rect.min.x), rect.max.y));
        painter.rect_filled(done, 4.0, palette.accent_soft);
        for [from, to] in &axis.outline.gaps {
            let least = axis.x(*from) + 2.0;
            let gap = Rect::from_min_max(
                pos2(axis.x(*from), rect.min.y),
                pos2(axis.x(*to).max(least), rect.max.y),
            );
            painter.rect_filled(gap, 0.0, palette.fair.gamma_multiply(0.5));
        }
        let mut last = f32::NEG_INFINITY;
        for (time, _) in &axis.outline.events {
            let x = axis.x(*time);
            // No two ticks on one point.
            if x - last >= 1.0 {
                painter.vline(x, rect.max.y - 9.0..=rect.max.y, Stroke::new(1.0, palette.null));
                last = x;
            }
        }
        for (time, mark) in &self.marks {
            let at = pos2(axis.x(*time), rect.min.y + 9.0);
            match mark {
                Mark::First => painter.circle_filled(at, 3.0, palette.accent),
                Mark::Other => painter.circle_stroke(at, 2.5, Stroke::new(1.2, palette.weak)),
                Mark::None => {
                    painter.hline(at.x - 2.5..=at.x + 2.5, at.y, Stroke::new(1.5, palette.fair))
                }
            };
        }
        painter.vline(here, rect.y_range(), Stroke::new(2.0, palette.text));
    }
}

/// From times to points and back.
struct Axis<'a> {
    rect: Rect,
    outline: &'a Outline,
}

impl Axis<'_> {
    fn x(&self, time_secs: f64) -> f32 {
        let span = (self.outline.last_secs - self.outline.first_secs).max(1e-9);
        let share = ((time_secs - self.outline.first_secs) / span).clamp(0.0, 1.0);
        // Not a number before the first frame.
        let share = if share.is_nan() { 0.0 } else { share };
        self.rect.min.x + self.rect.width() * share as f32
    }

    fn time(&self, x: f32) -> f64 {
        let share = f64::from(((x - self.rect.min.x) / self.rect.width().max(1.0)).clamp(0.0, 1.0));
        self.outline.first_secs + share * (self.outline.last_secs - self.outline.first_secs)
    }
}

fn hint(axis: &Axis<'_>, at: Pos2) -> String {
    let time = axis.time(at.x);
    let into = clock(time - axis.outline.first_secs);
    let near = |event: &&(f64, String)| (axis.x(event.0) - at.x).abs() < 4.0;
    match axis.outline.events.iter().find(near) {
        Some((_, label)) => format!("{into} · {label}"),
        None => into,
    }
}

fn controls(ui: &mut Ui, transport: &Transport, outline: &Outline) {
    let playing = transport.is_playing() && !transport.is_at_end();
    let mut button = |text: &str, name: &str, hint: &str| {
        let response = ui.add(Button::new(RichText::new(text)));
        parts::name(&response, Role::Button, name);
        response.on_hover_text(hint).clicked()
    };
    let (word, hint) = if playing { ("Pause", "Space") } else { ("Play", "Space") };
    if button(word, word, hint) {
        play_or_pause(transport, outline);
    }
    if button("Step", "Step one second", "Full stop. Plays one second, then holds still.") {
        transport.step(NUDGE_SECS);
    }
    if button("‹ Event", "Previous event", "Shift and left arrow") {
        transport.seek_event(false);
    }
    if button("Event ›", "Next event", "Shift and right arrow") {
        transport.seek_event(true);
    }
    if button("Slower", "Slower", "[") {
        step_speed(transport, false);
    }
    ui.label(RichText::new(format!("{}×", transport.speed())).strong());
    let mut button = |text: &str, name: &str, hint: &str| {
        let response = ui.add(Button::new(RichText::new(text)));
        parts::name(&response, Role::Button, name);
        response.on_hover_text(hint).clicked()
    };
    if button("Faster", "Faster", "]") {
        step_speed(transport, true);
    }
    let looping = transport.is_looping();
    if ui.selectable_label(looping, "Loop").on_hover_text("L. Begins again at the end.").clicked() {
        transport.set_looping(!looping);
    }
    let length = clock(outline.last_secs - outline.first_secs);
    let here = clock(transport.position_secs() - outline.first_secs);
    ui.label(format!("{here} of {length}"));
    let state = match (transport.is_at_end(), playing) {
        (true, _) => "at its end",
        (false, true) => "playing",
        (false, false) => "paused",
    };
    parts::weak(ui, format!("Replay, {state}. Arrow keys: 1 s; with Shift: events."));
}

/// Play at the end begins again.
fn play_or_pause(transport: &Transport, outline: &Outline) {
    if transport.is_at_end() {
        transport.seek(outline.first_secs);
        transport.set_playing(true);
    } else {
        transport.set_playing(!transport.is_playing());
    }
}

fn step_speed(transport: &Transport, up: bool) {
    let now = transport.speed();
    let next = if up {
        SPEEDS.iter().find(|speed| **speed > now)
    } else {
        SPEEDS.iter().rev().find(|speed| **speed < now)
    };
    transport.set_speed(next.copied().unwrap_or(now));
}

/// Minutes and seconds with tenths.
fn clock(secs: f64) -> String {
    let tenths = if secs.is_finite() { (secs.max(0.0) * 10.0).round() as u64 } else { 0 };
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// The keys of a replay; true when Space was one of them.
pub fn keys(ui: &Ui, transport: &Transport, arrows_are_free: bool) -> bool {
    let ctx = ui.ctx();
    if ctx.text_edit_focused() {
        return false;
    }
    let pressed = |modifiers, key| ctx.input_mut(|input| input.consume_key(modifiers, key));
    let (here, outline) = (transport.position_secs(), transport.outline());
    // With Shift first: consuming without modifiers would take these too.
    for (key, forwards) in [(Key::ArrowLeft, false), (Key::ArrowRight, true)] {
        if pressed(Modifiers::SHIFT, key) {
            transport.seek_event(forwards);
        }
    }
    // A head in focus goes from electrode to electrode.
    let is_free = arrows_are_free;
    for (key, secs) in [(Key::ArrowLeft, -NUDGE_SECS), (Key::ArrowRight, NUDGE_SECS)] {
        if is_free && pressed(Modifiers::NONE, key) {
            transport.seek(here + secs);
        }
    }
    if let Some(outline) = outline.filter(|_| is_free) {
        for (key, time) in [(Key::Home, outline.first_secs), (Key::End, outline.last_secs)] {
            if pressed(Modifiers::NONE, key) {
                transport.seek(time);
            }
        }
    }
    if pressed(Modifiers::NONE, Key::Period) {
        transport.step(NUDGE_SECS);
    }
    for (key, up) in [(Key::OpenBracket, false), (Key::CloseBracket, true)] {
        if pressed(Modifiers::NONE, key) {
            step_speed(transport, up);
        }
    }
    if pressed(Modifiers::NONE, Key::L) {
        transport.set_looping(!transport.is_looping());
    }
    let focus_free = ctx.memory(|memory| memory.focused().is_none());
    let space = focus_free && pressed(Modifiers::NONE, Key::Space);
    match outline {
        Some(outline) if space => play_or_pause(transport, outline),
        None if space => transport.set_playing(!transport.is_playing()),
        _ => {}
    }
    space
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_speeds_read_as_people_write_them() {
        assert_eq!(
            (clock(61.25), clock(f64::NAN), clock(-1.0)),
            ("1:01.3".into(), "0:00.0".into(), "0:00.0".into())
        );
        let transport = Transport::new(1.0);
        step_speed(&transport, true);
        assert_eq!(transport.speed(), 2.0);
        (0..20).for_each(|_| step_speed(&transport, true));
        assert_eq!(transport.speed(), 16.0);
        (0..20).for_each(|_| step_speed(&transport, false));
        assert_eq!(transport.speed(), 0.1);
    }
}
