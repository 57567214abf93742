//! The head on which channels are placed: drag a channel onto a site, or choose a channel and press a site.
//!
//! Gives what was done; changes nothing itself. Every site is a control of its own with a name, so that the keyboard and a
//! screen reader reach it: Tab to a site, Enter puts the chosen channel there.

use egui::accesskit::Role;
use egui::{Align2, FontId, Rect, Response, Sense, Stroke, Ui, vec2};

use super::draft::Draft;
use super::place::Head;
use crate::signal::montage::{TEN_TEN, position};
use crate::ui::look::parts;
use crate::ui::look::theme::Palette;

/// Up to so many channels each bears its own name beside its site; more would cover one another.
const NAMED_CHANNELS: usize = 20;

/// What was done on the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// This channel is to be at this site.
    Put(usize, String),
    /// This channel is chosen.
    Choose(usize),
}

/// What is dragged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dragged(pub usize);

/// Paints the head in a square and gives what was done.
pub fn ui(
    ui: &mut Ui,
    palette: &Palette,
    draft: &Draft,
    chosen: Option<usize>,
    side: f32,
) -> Option<Done> {
    let words = format!(
        "Head from above: {} of {} channels placed",
        draft.sites().placed(),
        draft.labels().len()
    );
    let rect = parts::canvas(ui, vec2(side, side), words);
    let head = Head::within(rect);
    head.outline(ui, palette);
    let dragging = egui::DragAndDrop::has_payload_of_type::<Dragged>(ui.ctx());
    let shows_free = dragging || chosen.is_some();
    let mut done = None;
    for site in sites_shown(draft) {
        let Some(at) = position(&site) else { continue };
        let holder = draft.sites().holder(&site);
        let radius = (0.062 * head.radius()).clamp(6.0, 11.0);
        let place = Rect::from_center_size(head.at(at), vec2(2.0, 2.0) * radius);
        // Free sites are controls only while a channel is chosen: Tab need not go through all of them.
        let is_control = holder.is_some() || chosen.is_some();
        let sense = if is_control { Sense::click_and_drag() } else { Sense::hover() };
        let response = ui.interact(place, ui.scope_id().with(("site", &site)), sense);
        name(&response, draft, &site, holder);
        paint(ui, palette, &response, (draft, &site, holder), (chosen, shows_free));
        if let Some(channel) = holder {
            response.dnd_set_drag_payload(Dragged(channel));
        }
        if let Some(dropped) = response.dnd_release_payload::<Dragged>() {
            done = Some(Done::Put(dropped.0, site.clone()));
        } else if response.clicked() {
            done = match (chosen, holder) {
                (Some(channel), None) => Some(Done::Put(channel, site.clone())),
                (_, Some(channel)) => Some(Done::Choose(channel)),
                (None, None) => done,
            };
        }
        hint(response, draft, &site, holder, chosen);
    }
    done
}

/// The 10-10 sites, and whatever else a channel is at.
fn sites_shown(draft: &Draft) -> Vec<String> {
    let mut sites: Vec<String> = TEN_TEN.iter().map(|site| (*site).to_owned()).collect();
    let more =
        draft.sites().all().iter().flatten().filter(|site| !TEN_TEN.contains(&site.as_str()));
    sites.extend(more.cloned());
    sites
}

fn name(response: &Response, draft: &Draft, site: &str, holder: Option<usize>) {
    let words = match holder {
        Some(channel) => format!("Site {site}: {}", draft.labels()[channel]),
        None => format!("Site {site}: free"),
    };
    parts::name(response, Role::Button, words);
}

fn hint(
    response: Response,
    draft: &Draft,
    site: &str,
    holder: Option<usize>,
    chosen: Option<usize>,
) {
    response.on_hover_ui(|ui| {
        let label = |channel: usize| draft.labels()[channel].as_str();
        ui.label(match (holder, chosen) {
            (Some(channel), _) => format!("{site}: {}", label(channel)),
            (None, Some(channel)) => format!("{site}: put {} here", label(channel)),
            (None, None) => format!("{site}: free. Drag a channel here, or choose one first"),
        });
    });
}

fn paint(
    ui: &Ui,
    palette: &Palette,
    response: &Response,
    (draft, site, holder): (&Draft, &str, Option<usize>),
    (chosen, shows_free): (Option<usize>, bool),
) {
    let (painter, at, radius) = (ui.painter(), response.rect.center(), 0.5 * response.rect.width());
    let under = response.dnd_hover_payload::<Dragged>().is_some()
        || response.hovered()
        || response.has_focus();
    let Some(channel) = holder else {
        let edge = if under { palette.accent } else { palette.weak };
        let radius = if under {
            radius
        } else if shows_free {
            0.55 * radius
        } else {
            0.3 * radius
        };
        painter.circle(at, radius, palette.card, Stroke::new(if under { 2.0 } else { 1.0 }, edge));
        if under {
            let font = FontId::proportional(10.5);
            painter.text(
                at - vec2(0.0, radius + 2.0),
                Align2::CENTER_BOTTOM,
                site,
                font,
                palette.text,
            );
        }
        return;
    };
    let is_chosen = chosen == Some(channel);
    let width = if is_chosen || under { 2.5 } else { 1.4 };
    painter.circle(at, radius, palette.accent_soft, Stroke::new(width, palette.accent));
    let font = FontId::proportional((0.86 * radius).max(7.0));
    painter.text(at, Align2::CENTER_CENTER, site, font, palette.text);
    if draft.labels().len() <= NAMED_CHANNELS {
        let font = FontId::proportional(10.5);
        let label: String = draft.labels()[channel].chars().take(10).collect();
        painter.text(at + vec2(0.0, radius + 1.0), Align2::CENTER_TOP, label, font, palette.weak);
    }
}
