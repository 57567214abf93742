//! Colours, type and spacing of the window: [`palette`] in egui's words.
//!
//! No meaning rests on hue alone: each goes with a shape or a word. Text meets 4.5 : 1 on its ground, which
//! the tests compute after WCAG 2.2 §1.4.3.

use egui::{
    Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Theme,
    Visuals, vec2,
};

use crate::palette;

/// Space between cards and around the page, in points.
pub const GAP: f32 = 10.0;
/// Corner radius of cards.
pub const RADIUS: u8 = 8;
/// Inner margin of a card.
pub const CARD_MARGIN: i8 = 12;

/// Named text styles beside egui's own.
pub const TITLE: &str = "title";
/// The small capitals above a card.
pub const EYEBROW: &str = "eyebrow";
/// The one large number of a card.
pub const FIGURE: &str = "figure";

/// The colours of one theme.
#[derive(Debug, PartialEq)]
pub struct Palette {
    /// Behind everything.
    pub ground: Color32,
    /// Ground of the cards on which panels stand.
    pub card: Color32,
    /// Wells inside cards: plots, picture frames, text fields.
    pub well: Color32,
    /// Edges of cards, rules, grid lines.
    pub line: Color32,
    /// Text of first rank.
    pub text: Color32,
    /// Second-rank text.
    pub weak: Color32,
    /// What can be acted on, and the measured quantity in plots.
    pub accent: Color32,
    /// The accent as a quiet ground.
    pub accent_soft: Color32,
    /// Fine.
    pub good: Color32,
    /// With care.
    pub fair: Color32,
    /// Not usable, errors, the recording light.
    pub bad: Color32,
    /// The null twin and chance.
    pub null: Color32,
    /// What was found by attention.
    pub found: Color32,
    /// Ground of the SIMULATED badge; its text is [`Palette::on_badge`].
    pub badge: Color32,
    /// Text on the badge.
    pub on_badge: Color32,
    /// Traces, in turn.
    pub traces: [Color32; 2],
}

const DARK: Palette = Palette::from_hues(&palette::DARK);
const LIGHT: Palette = Palette::from_hues(&palette::LIGHT);

const fn rgb([r, g, b]: palette::Rgb) -> Color32 {
    Color32::from_rgb(r, g, b)
}

impl Palette {
    /// The colours that go with these visuals.
    pub fn of(visuals: &Visuals) -> &'static Self {
        if visuals.dark_mode { &DARK } else { &LIGHT }
    }

    const fn from_hues(hues: &palette::Hues) -> Self {
        Self {
            ground: rgb(hues.ground),
            card: rgb(hues.card),
            well: rgb(hues.well),
            line: rgb(hues.line),
            text: rgb(hues.text),
            weak: rgb(hues.weak),
            accent: rgb(hues.accent),
            accent_soft: rgb(hues.accent_soft),
            good: rgb(hues.good),
            fair: rgb(hues.fair),
            bad: rgb(hues.bad),
            null: rgb(hues.null),
            found: rgb(hues.found),
            badge: rgb(hues.badge),
            on_badge: rgb(hues.on_badge),
            traces: [rgb(hues.traces[0]), rgb(hues.traces[1])],
        }
    }
}

/// Sets both themes up; called once.
pub fn install(ctx: &egui::Context) {
    ctx.set_style_of(Theme::Dark, style(Visuals::dark(), &DARK));
    ctx.set_style_of(Theme::Light, style(Visuals::light(), &LIGHT));
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
}

fn style(visuals: Visuals, palette: &Palette) -> Style {
    let mut style = Style { visuals: paint(visuals, palette), ..Style::default() };
    style.text_styles = [
        (TextStyle::Small, 11.5, FontFamily::Proportional),
        (TextStyle::Body, 13.5, FontFamily::Proportional),
        (TextStyle::Button, 13.5, FontFamily::Proportional),
        (TextStyle::Monospace, 12.5, FontFamily::Monospace),
        (TextStyle::Heading, 22.0, FontFamily::Proportional),
        (TextStyle::Name(TITLE.into()), 15.0, FontFamily::Proportional),
        (TextStyle::Name(EYEBROW.into()), 11.0, FontFamily::Proportional),
        (TextStyle::Name(FIGURE.into()), 26.0, FontFamily::Proportional),
    ]
    .map(|(name, size, family)| (name, FontId::new(size, family)))
    .into();
    style.spacing.item_spacing = vec2(8.0, 6.0);
    style.spacing.button_padding = vec2(9.0, 4.0);
    style.spacing.interact_size.y = 26.0;
    style.spacing.scroll = egui::style::ScrollStyle::floating();
    style.animation_time = 0.0; // nothing moves but the signal; also spares repaints
    style
}

fn paint(mut visuals: Visuals, palette: &Palette) -> Visuals {
    visuals.panel_fill = palette.ground;
    visuals.window_fill = palette.card;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_corner_radius = CornerRadius::same(RADIUS);
    visuals.window_shadow =
        Shadow { offset: [0, 6], blur: 24, spread: 0, color: Color32::from_black_alpha(70) };
    visuals.popup_shadow = visuals.window_shadow;
    visuals.extreme_bg_color = palette.well;
    visuals.faint_bg_color = palette.well;
    visuals.weak_text_color = Some(palette.weak);
    visuals.hyperlink_color = palette.accent;
    visuals.warn_fg_color = palette.fair;
    visuals.error_fg_color = palette.bad;
    visuals.selection.bg_fill = palette.accent_soft;
    visuals.selection.stroke = Stroke::new(1.5, palette.accent);
    paint_widgets(&mut visuals, palette);
    visuals
}

fn paint_widgets(visuals: &mut Visuals, palette: &Palette) {
    let widgets = &mut visuals.widgets;
    widgets.noninteractive.fg_stroke.color = palette.text;
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, palette.line);
    for (widget, fill, edge) in [
        (&mut widgets.inactive, palette.well, palette.line),
        (&mut widgets.hovered, palette.accent_soft, palette.accent),
        (&mut widgets.active, palette.accent_soft, palette.accent),
        (&mut widgets.open, palette.accent_soft, palette.accent),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, edge);
        widget.fg_stroke = Stroke::new(1.2, palette.text);
        widget.corner_radius = CornerRadius::same(5);
        widget.expansion = 0.0;
    }
}

/// The frame of a card.
pub fn card(palette: &Palette) -> egui::Frame {
    egui::Frame::new()
        .fill(palette.card)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CornerRadius::same(RADIUS))
        .inner_margin(Margin::same(CARD_MARGIN))
}

/// A font by the name of its style; body text before [`install`] has run.
pub fn font(ui: &egui::Ui, name: &'static str) -> FontId {
    let styles = &ui.style().text_styles;
    styles.get(&TextStyle::Name(name.into())).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance after WCAG 2.2.
    fn luminance(color: Color32) -> f64 {
        let linear = |byte: u8| {
            let c = f64::from(byte) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_meets_wcag_aa_on_every_ground() {
        for (name, p) in [("dark", &DARK), ("light", &LIGHT)] {
            for ground in [p.ground, p.card, p.well] {
                for ink in [p.text, p.weak, p.accent, p.good, p.fair, p.bad, p.null, p.found] {
                    let ratio = contrast(ink, ground);
                    assert!(ratio >= 4.5, "{name}: {ink:?} on {ground:?} is {ratio:.2}");
                }
            }
            assert!(contrast(p.on_badge, p.badge) >= 7.0);
            assert!(contrast(p.text, p.accent_soft) >= 4.5);
        }
    }
}
