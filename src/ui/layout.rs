//! Where the panels go, by the space there is (in points, so a larger text scale is a smaller window).
//!
//! Wide: connect on the left, pictures over signal in the middle, evidence on the right. Narrow: one
//! column that scrolls. The connect panel takes the whole page where there is no room beside it.

use egui::{CentralPanel, Frame, Margin, Panel, ScrollArea, Ui, vec2};

use super::look::theme;
use super::panels::{Panels, banner, decoder_bar, help, ledger, notices, scores, top_bar, welcome};
use super::scene::{Action, Page, Scene};
use crate::snapshot::RunState;

/// Narrower than this, everything is one column.
const TWO_COLUMNS: f32 = 880.0;
/// Narrower than this, the connect panel takes the whole page.
const THREE_COLUMNS: f32 = 1240.0;
/// Lower than this, the middle scrolls.
const TALL_ENOUGH: f32 = 470.0;
/// Height of the signal where the page scrolls.
const SIGNAL_HEIGHT: f32 = 320.0;
/// Width of the connect panel.
const CONNECT_WIDTH: f32 = 330.0;

/// Room beside cards for the scroll bar that floats over the right edge.
const SCROLL_BAR: f32 = 8.0;

/// Paints one frame.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, panels: &mut Panels, actions: &mut Vec<Action>) {
    bars(ui, scene, panels, actions);
    let width = ui.available_width();
    let idle = nothing_to_see(scene);
    let docked = width >= THREE_COLUMNS && (scene.view.connect_open || idle);
    if docked {
        let panel = Panel::left("connect").resizable(false).exact_size(CONNECT_WIDTH);
        panel.frame(panel_frame(scene, 14)).show(ui, |ui| panels.connect.ui(ui, scene, actions));
    } else if scene.view.connect_open {
        central(ui, scene, 14, |ui| {
            ui.set_max_width(560.0);
            panels.connect.ui(ui, scene, actions);
        });
        return overlays(ui, scene, actions);
    }
    if idle && scene.view.page != Page::Find {
        central(ui, scene, 14, |ui| {
            banners(ui, scene, actions);
            welcome::ui(ui, scene, panels.connect.form.pack_folder(), docked, actions);
        });
    } else if scene.view.page != Page::Pictures {
        central(ui, scene, 8, |ui| page(ui, scene, panels, actions));
    } else if width < TWO_COLUMNS {
        central(ui, scene, 8, |ui| one_column(ui, scene, panels, actions));
    } else {
        let right = if width >= 1400.0 { 380.0 } else { 336.0 };
        let panel = Panel::right("evidence").resizable(false).exact_size(right);
        panel.show_separator_line(false).frame(panel_frame(scene, 8)).show(ui, |ui| {
            ScrollArea::vertical()
                .auto_shrink([false, false])
                .show(ui, |ui| judged(ui, scene, panels));
        });
        central(ui, scene, 8, |ui| middle(ui, scene, panels, actions));
    }
    overlays(ui, scene, actions);
}

/// Nothing was connected, or nothing could be: there is no signal and no picture to look at.
fn nothing_to_see(scene: &Scene<'_>) -> bool {
    let never = matches!(scene.snapshot.run, RunState::Idle | RunState::Failed { .. });
    never && scene.snapshot.source.is_none()
}

fn bars(ui: &mut Ui, scene: &Scene<'_>, panels: &mut Panels, actions: &mut Vec<Action>) {
    let frame = |margin| Frame::new().fill(scene.palette.card).inner_margin(margin);
    let top = Panel::top("top bar").resizable(false).frame(frame(Margin::symmetric(12, 8)));
    top.show(ui, |ui| top_bar::ui(ui, scene, actions));
    let bottom = Panel::bottom("status").resizable(false).frame(frame(Margin::symmetric(12, 4)));
    bottom.show(ui, |ui| notices::status_bar(ui, scene, actions));
    if scene.snapshot.source.is_some() {
        let line = Panel::bottom("strip").resizable(false).frame(frame(Margin::symmetric(12, 3)));
        line.show(ui, |ui| panels.strip.ui(ui, scene, actions));
    }
    if let Some(transport) = scene.replay.filter(|transport| transport.outline().is_some()) {
        let line =
            Panel::bottom("timeline").resizable(false).frame(frame(Margin::symmetric(12, 6)));
        line.show(ui, |ui| panels.timeline.ui(ui, scene, transport));
    }
    if scene.view.messages_open {
        let list =
            Panel::bottom("messages").resizable(false).frame(frame(Margin::symmetric(12, 8)));
        list.show(ui, |ui| notices::list(ui, scene));
    }
}

/// A page beside the pictures; it scrolls by itself.
fn page(ui: &mut Ui, scene: &Scene<'_>, panels: &mut Panels, actions: &mut Vec<Action>) {
    banners(ui, scene, actions);
    match scene.view.page {
        Page::Pictures => {}
        Page::Quality => panels.quality.ui(ui, scene, actions),
        Page::Spectrum => panels.spectrum.ui(ui, scene, &mut panels.traces, actions),
        Page::Montage => panels.montage.ui(ui, scene, actions),
        Page::Board => panels.board.ui(ui, scene, actions),
        Page::Find => panels.find.ui(ui, scene),
    }
}

fn overlays(ui: &Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    if scene.view.help_open {
        help::ui(ui.ctx(), scene, actions);
    }
}

fn panel_frame(scene: &Scene<'_>, margin: i8) -> Frame {
    Frame::new().fill(scene.palette.ground).inner_margin(Margin::same(margin))
}

fn central(ui: &mut Ui, scene: &Scene<'_>, margin: i8, add: impl FnOnce(&mut Ui)) {
    CentralPanel::no_frame().frame(panel_frame(scene, margin)).show(ui, add);
}

fn banners(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    for banner in banner::banners(scene) {
        banner.ui(ui, scene, actions);
    }
}

/// Pictures over signal; scrolls where it is low.
fn middle(ui: &mut Ui, scene: &Scene<'_>, panels: &mut Panels, actions: &mut Vec<Action>) {
    banners(ui, scene, actions);
    let height = ui.available_height();
    if height >= TALL_ENOUGH {
        pictures(ui, scene, panels, (height * 0.6 - 130.0).clamp(140.0, 520.0), actions);
        panels.traces.ui(ui, scene, actions);
        return;
    }
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.set_max_width(ui.available_width() - SCROLL_BAR);
        pictures(ui, scene, panels, 220.0, actions);
        signal(ui, scene, panels, actions);
    });
}

fn one_column(ui: &mut Ui, scene: &Scene<'_>, panels: &mut Panels, actions: &mut Vec<Action>) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.set_max_width(ui.available_width() - SCROLL_BAR);
        banners(ui, scene, actions);
        pictures(ui, scene, panels, 280.0, actions);
        panels.evidence.ui(ui, scene);
        signal(ui, scene, panels, actions);
        scores::ui(ui, scene);
        ledger::ui(ui, scene);
    });
}

fn pictures(
    ui: &mut Ui,
    scene: &Scene<'_>,
    panels: &mut Panels,
    side: f32,
    actions: &mut Vec<Action>,
) {
    theme::card(scene.palette).show(ui, |ui| {
        ui.set_width(ui.available_width());
        decoder_bar::ui(ui, scene, actions);
        ui.add_space(2.0);
        panels.pictures.ui(ui, scene, side, actions);
    });
}

/// The signal in a fixed height, for pages that scroll.
fn signal(ui: &mut Ui, scene: &Scene<'_>, panels: &mut Panels, actions: &mut Vec<Action>) {
    ui.allocate_ui(vec2(ui.available_width(), SIGNAL_HEIGHT), |ui| {
        ui.set_max_height(SIGNAL_HEIGHT);
        panels.traces.ui(ui, scene, actions);
    });
}

/// Everything by which a picture is judged.
fn judged(ui: &mut Ui, scene: &Scene<'_>, panels: &mut Panels) {
    ui.set_max_width(ui.available_width() - SCROLL_BAR);
    panels.evidence.ui(ui, scene);
    scores::ui(ui, scene);
    ledger::ui(ui, scene);
}
