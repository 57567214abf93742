//! An axis with ticks of our choice and labels of our wording.

use std::ops::Range;

use plotters::coord::ranged1d::{BoldPoints, DefaultFormatting, KeyPointHint, Ranged};
use plotters::coord::types::RangedCoordf64;

/// From one value to another, with ticks where they are wanted; plotters' own with chosen ticks has no labels.
pub(super) struct Axis {
    values: RangedCoordf64,
    ticks: Vec<f64>,
}

impl Axis {
    /// With ticks at these values.
    pub fn new(range: Range<f64>, ticks: &[f64]) -> Self {
        Self { values: range.into(), ticks: ticks.to_vec() }
    }
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.values.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.values.range()
    }
}

/// Round values between two others, at most as many as asked for.
pub(super) fn ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let axis: RangedCoordf64 = (low..high).into();
    axis.key_points(BoldPoints(most))
}
