//! Where time lies on the screen, and how much room is beside it.

use egui::{Rect, pos2};

/// Space left of the lanes for labels, and right of them for verdicts.
pub(super) const GUTTERS: [f32; 2] = [64.0, 44.0];

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

/// The part of an area that holds signal.
pub(super) fn plot_rect(rect: Rect) -> Rect {
    Rect::from_min_max(
        pos2(rect.left() + GUTTERS[0], rect.top()),
        pos2(rect.right() - GUTTERS[1], rect.bottom()),
    )
}
