//! The colours of everything that is seen: the window, the report, the picture sheet.
//!
//! Plain bytes, so that nothing here needs the window's libraries. The hues are those of Okabe and Ito (2008), which
//! stay apart under every common colour blindness; `ui::look::theme` tests that text meets WCAG AA on every ground.

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// The colours of one theme.
#[derive(Debug)]
pub struct Hues {
    /// Behind everything.
    pub ground: Rgb,
    /// Cards.
    pub card: Rgb,
    /// Wells inside cards: plots, picture frames, text fields.
    pub well: Rgb,
    /// Edges of cards, rules, grid lines.
    pub line: Rgb,
    /// Text.
    pub text: Rgb,
    /// Second-rank text, and guessing in plots.
    pub weak: Rgb,
    /// What can be acted on, and the measured quantity in plots: blue.
    pub accent: Rgb,
    /// The accent as a quiet ground.
    pub accent_soft: Rgb,
    /// Fine: bluish green.
    pub good: Rgb,
    /// With care: orange.
    pub fair: Rgb,
    /// Not usable, errors, the recording light: vermilion.
    pub bad: Rgb,
    /// The null twin: reddish purple.
    pub null: Rgb,
    /// Ground of the SIMULATED badge.
    pub badge: Rgb,
    /// Text on the badge.
    pub on_badge: Rgb,
    /// Traces, in turn.
    pub traces: [Rgb; 2],
}

/// Light on dark.
pub const DARK: Hues = Hues {
    ground: [13, 17, 23],
    card: [20, 26, 34],
    well: [9, 12, 17],
    line: [43, 52, 64],
    text: [226, 232, 240],
    weak: [148, 160, 176],
    accent: [86, 180, 233],
    accent_soft: [24, 56, 78],
    good: [46, 190, 146],
    fair: [230, 159, 0],
    bad: [255, 126, 61],
    null: [214, 143, 183],
    badge: [240, 228, 66],
    on_badge: [18, 18, 12],
    traces: [[134, 196, 232], [178, 190, 206]],
};

/// Dark on light.
pub const LIGHT: Hues = Hues {
    ground: [240, 243, 246],
    card: [255, 255, 255],
    well: [247, 249, 251],
    line: [211, 218, 226],
    text: [24, 32, 42],
    weak: [84, 96, 112],
    accent: [0, 104, 168],
    accent_soft: [214, 233, 246],
    good: [0, 122, 89],
    fair: [146, 92, 0],
    bad: [184, 70, 0],
    null: [158, 74, 120],
    badge: [240, 228, 66],
    on_badge: [18, 18, 12],
    traces: [[0, 92, 150], [66, 80, 98]],
};
