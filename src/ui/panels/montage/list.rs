//! The list of channels: what the device calls each, which electrode it is, and what it does for the pack.
//!
//! A channel's electrode is a field to type in (Enter takes it, empty is none) and a list to choose from; its handle can be
//! dragged onto the head. Gives what was done; changes nothing itself.

use std::collections::BTreeMap;

use egui::accesskit::Role;
use egui::{ComboBox, Key, RichText, ScrollArea, Sense, TextEdit, Ui, vec2};

use super::draft::Draft;
use super::head::Dragged;
use crate::signal::montage::{TEN_TEN, position};
use crate::ui::look::parts;
use crate::ui::look::theme::Palette;

/// Height of a row.
const ROW: f32 = 26.0;
/// Channels of the pack that a row names at most.
const NAMED: usize = 3;

/// What was done in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// This channel is to be at this site, or at none.
    Assign(usize, Option<String>),
    /// This channel is chosen, or no longer.
    Choose(Option<usize>),
}

/// What is being typed, by channel, and what of it is no electrode.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    texts: BTreeMap<usize, String>,
    wrong: BTreeMap<usize, String>,
}

impl Typed {
    /// Forgets everything: the channels are others.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Paints the list in what height is left.
pub fn ui(
    ui: &mut Ui,
    palette: &Palette,
    draft: &Draft,
    (chosen, typed): (Option<usize>, &mut Typed),
) -> Option<Done> {
    let mut done = None;
    let area = ScrollArea::vertical().id_salt("channels").auto_shrink([false, true]);
    area.show_rows(ui, ROW, draft.labels().len(), |ui, rows| {
        ui.set_max_width(ui.available_width() - 8.0); // room for the floating scroll bar
        for channel in rows {
            done = row(ui, palette, (draft, channel), chosen, typed).or(done.take());
        }
    });
    done
}

fn row(
    ui: &mut Ui,
    palette: &Palette,
    (draft, channel): (&Draft, usize),
    chosen: Option<usize>,
    typed: &mut Typed,
) -> Option<Done> {
    let label = &draft.labels()[channel];
    let is_chosen = chosen == Some(channel);
    let mut done = None;
    ui.horizontal(|ui| {
        ui.set_height(ROW - 4.0);
        handle(ui, palette, label, channel);
        let short: String = label.chars().filter(|c| !c.is_control()).take(14).collect();
        let button = egui::Button::selectable(is_chosen, format!("{}  {short}", channel + 1));
        let button = ui.add_sized(vec2(112.0, ROW - 6.0), button);
        let button =
            button.on_hover_text(format!("{label}: choose it, then press a site on the head"));
        if button.clicked() {
            done = Some(Done::Choose((!is_chosen).then_some(channel)));
        }
        done = field(ui, draft, channel, typed).or(done.take());
        done = choice(ui, draft, channel).or(done.take());
        if let Some(text) = typed.wrong.get(&channel) {
            parts::inline_mark(ui, "Error", |rect| {
                parts::verdict_shape(rect, crate::snapshot::QualityVerdict::Bad, palette)
            });
            ui.label(RichText::new(format!("'{text}' is no electrode")).color(palette.bad));
        } else {
            ui.add(
                egui::Label::new(RichText::new(feeds(draft, channel)).small().weak()).truncate(),
            );
        }
    });
    done
}

/// Six dots to take a channel by.
fn handle(ui: &mut Ui, palette: &Palette, label: &str, channel: usize) {
    let (rect, response) = ui.allocate_exact_size(vec2(14.0, ROW - 6.0), Sense::drag());
    parts::name(&response, Role::Image, format!("Drag {label} onto the head"));
    response.dnd_set_drag_payload(Dragged(channel));
    let ink = if response.hovered() || response.dragged() { palette.accent } else { palette.weak };
    for (x, y) in [(-2.5, -5.0), (2.5, -5.0), (-2.5, 0.0), (2.5, 0.0), (-2.5, 5.0), (2.5, 5.0)] {
        ui.painter().circle_filled(rect.center() + vec2(x, y), 1.3, ink);
    }
    response.on_hover_cursor(egui::CursorIcon::Grab);
}

/// The electrode, to type.
fn field(ui: &mut Ui, draft: &Draft, channel: usize, typed: &mut Typed) -> Option<Done> {
    let now = draft.sites().site(channel).unwrap_or_default();
    let mut text = typed.texts.get(&channel).cloned().unwrap_or_else(|| now.to_owned());
    let field = TextEdit::singleline(&mut text).hint_text("none").desired_width(58.0);
    let response = ui.add(field);
    let label = &draft.labels()[channel];
    let value = text.clone();
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, "", &value, "none");
        info.label = Some(format!("Electrode of {label}"));
        info
    });
    if response.changed() {
        typed.wrong.remove(&channel);
        typed.texts.insert(channel, text);
        return None;
    }
    if !response.lost_focus() {
        return None;
    }
    let text = typed.texts.remove(&channel)?;
    if ui.input(|input| input.key_pressed(Key::Escape)) {
        return None;
    }
    let text = text.trim();
    if text.is_empty() || text == "-" {
        return Some(Done::Assign(channel, None));
    }
    if position(text).is_none() {
        typed.wrong.insert(channel, text.chars().take(12).collect());
        return None;
    }
    typed.wrong.remove(&channel);
    Some(Done::Assign(channel, Some(text.to_owned())))
}

/// The same, to choose.
fn choice(ui: &mut Ui, draft: &Draft, channel: usize) -> Option<Done> {
    let mut done = None;
    let combo = ComboBox::from_id_salt(("site of", channel)).width(22.0).selected_text("");
    let response = combo.show_ui(ui, |ui| {
        if ui.selectable_label(draft.sites().site(channel).is_none(), "none").clicked() {
            done = Some(Done::Assign(channel, None));
        }
        for site in TEN_TEN {
            let holder = draft.sites().holder(site);
            let text = match holder {
                Some(holder) if holder != channel => {
                    format!("{site}  (now {})", draft.labels()[holder])
                }
                _ => site.to_owned(),
            };
            if ui.selectable_label(holder == Some(channel), text).clicked() {
                done = Some(Done::Assign(channel, Some(site.to_owned())));
            }
        }
    });
    let label = format!("Choose the electrode of {}", draft.labels()[channel]);
    parts::name(&response.response, Role::ComboBox, label);
    done
}

/// What a channel does for the pack.
fn feeds(draft: &Draft, channel: usize) -> String {
    if draft.sites().site(channel).is_none() {
        return "no electrode: not decoded".into();
    }
    if draft.given.origins.is_empty() {
        return String::new();
    }
    let (own, helped) = draft.feeds(channel);
    let mut parts = Vec::new();
    parts.extend(own.map(|own| format!("is {own}")));
    if !helped.is_empty() {
        let more = helped.len().saturating_sub(NAMED);
        let names = helped[..helped.len().min(NAMED)].join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        parts.push(format!("helps {names}{more}"));
    }
    if parts.is_empty() { "not used by the pack".into() } else { parts.join(", ") }
}
