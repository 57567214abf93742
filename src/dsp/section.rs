//! One second-order section of a filter: its coefficients.

/// One second-order section, `a0 = 1`: `y = b0 x + b1 x₁ + b2 x₂ − a1 y₁ − a2 y₂`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// Numerator `[b0, b1, b2]`.
    pub b: [f64; 3],
    /// Denominator `[a1, a2]`.
    pub a: [f64; 2],
}

impl Section {
    /// The section that changes nothing.
    pub const IDENTITY: Self = Self { b: [1.0, 0.0, 0.0], a: [0.0, 0.0] };
}
