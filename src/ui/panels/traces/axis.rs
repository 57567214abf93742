//! Where time lies on the screen, and the seconds below.

use egui::{Align2, Rect, Ui, pos2, vec2};

use crate::ui::look::parts;
use crate::ui::scene::Scene;

/// Space left of the lanes for labels, and right of them for verdicts.
pub const GUTTERS: [f32; 2] = [64.0, 44.0];

/// Where time lies on the screen.
#[derive(Clone, Copy)]
pub struct Axis {
    /// The part that holds signal.
    pub plot: Rect,
    /// Time at the right edge.
    pub end_secs: f64,
    /// Seconds from the left edge to the right one.
    pub span_secs: f64,
}

impl Axis {
    /// Of an area with gutters.
    pub fn of(rect: Rect, end_secs: f64, span_secs: f64) -> Self {
        Self { plot: plot_rect(rect), end_secs, span_secs }
    }

    /// Time at the left edge.
    pub fn start_secs(&self) -> f64 {
        self.end_secs - self.span_secs
    }

    /// Where a moment is.
    pub fn x_of(&self, secs: f64) -> f32 {
        let share = 1.0 - (self.end_secs - secs) / self.span_secs;
        self.plot.left() + self.plot.width() * share as f32
    }
}

/// An area without its gutters.
pub fn plot_rect(rect: Rect) -> Rect {
    Rect::from_min_max(
        pos2(rect.left() + GUTTERS[0], rect.top()),
        pos2(rect.right() - GUTTERS[1], rect.bottom()),
    )
}

/// Paints the seconds below the lanes.
pub fn time_axis(ui: &mut Ui, scene: &Scene<'_>, height: f32) {
    let (rect, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
    let plot = plot_rect(rect);
    let span = scene.view.span_secs;
    for step in 0..=5 {
        let share = f64::from(step) / 5.0;
        let align = match step {
            0 => Align2::LEFT_CENTER,
            5 => Align2::RIGHT_CENTER,
            _ => Align2::CENTER_CENTER,
        };
        let text = if step == 5 {
            "now".into()
        } else {
            format!("−{:.1} s", span * (1.0 - share)).replace(".0 s", " s")
        };
        let text = if step == 5 && scene.view.paused { "paused".into() } else { text };
        let at = pos2(plot.left() + plot.width() * share as f32, plot.center().y);
        parts::tag(ui, at, align, &text, scene.palette.weak);
    }
}
