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
    /// What was found by attention, so that it is not taken for a reconstruction: violet.
    pub found: Rgb,
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
    found: [176, 162, 250],
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
    found: [92, 70, 186],
    badge: [240, 228, 66],
    on_badge: [18, 18, 12],
    traces: [[0, 92, 150], [66, 80, 98]],
};

/// From little to much, for whatever is shown as colour: dark blue to light yellow. Every step is lighter than the one
/// before, so that it reads in grey and with any colour blindness (test: luminance rises).
const SEQUENTIAL: [Rgb; 7] = [
    [12, 18, 44],
    [10, 51, 100],
    [38, 84, 132],
    [84, 116, 140],
    [140, 148, 126],
    [204, 184, 92],
    [250, 234, 118],
];

/// The colour of a share of the greatest value, 0–1; beyond them the ends.
pub fn sequential(share: f32) -> Rgb {
    let place = share.clamp(0.0, 1.0) * (SEQUENTIAL.len() - 1) as f32;
    let below = (place as usize).min(SEQUENTIAL.len() - 2);
    let rest = place - below as f32;
    let (low, high) = (SEQUENTIAL[below], SEQUENTIAL[below + 1]);
    let mix = |i: usize| f32::from(low[i]) + rest * (f32::from(high[i]) - f32::from(low[i]));
    [0, 1, 2].map(|i| mix(i).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_always_lighter() {
        let linear = |byte: u8| (f64::from(byte) / 255.0).powf(2.2);
        let luminance =
            |[r, g, b]: Rgb| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
        let steps: Vec<f64> = (0..=48).map(|i| luminance(sequential(i as f32 / 48.0))).collect();
        assert!(steps.windows(2).all(|pair| pair[1] > pair[0]), "{steps:?}");
        // Lightness (L* of CIELAB is about the cube root) grows evenly: no step hides another.
        let light: Vec<f64> = steps.iter().map(|y| y.cbrt()).collect();
        let rises: Vec<f64> = light.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = rises.iter().sum::<f64>() / rises.len() as f64;
        assert!(rises.iter().all(|r| (0.4..2.0).contains(&(r / mean))), "{rises:?}");
        assert_eq!(sequential(f32::NAN.max(0.0)), sequential(0.0));
        assert_eq!((sequential(-1.0), sequential(7.0)), (SEQUENTIAL[0], SEQUENTIAL[6]));
    }
}
