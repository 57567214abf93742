//! The keyboard: one table, read by the handler and by the help overlay.
//!
//! Letters are left alone while text is being typed; Space and Escape also while a widget has the focus
//! that would take them.

use egui::{Context, Key, Modifiers};

use super::scene::{
    Action, Page, Scene, next_mode, next_noise, next_scope, next_show, next_steady,
};
use crate::snapshot::PackState;

/// What the help overlay shows: keys and what they do.
pub const HELP: [(&str, &str); 24] = [
    ("Space", "Pause or resume the traces; in a replay: pause or play"),
    ("Left  Right", "Replay: one second back or on; with Shift: previous or next event"),
    ("Home  End", "Replay: to the beginning, to the end"),
    (".", "Replay: play one second, then hold still"),
    ("[  ]", "Replay: slower, faster"),
    ("L", "Replay: begin again at the end, or not"),
    ("+  or  -", "Traces larger or smaller (µV per division)"),
    ("R", "Start or stop recording"),
    ("C", "Open or close the connect panel"),
    ("K", "Calibrate: pictures are shown, and a personal encoder is fitted"),
    ("T", "Null twin on or off"),
    ("M", "Windows: automatic, picture onsets, free-running"),
    ("B", "Pictures: best guess with draws, or the mean"),
    ("O", "Pictures in play: those told, or all that the generator remembers"),
    ("1  2  4", "Steps of the generator"),
    ("S", "Steadying of means: automatic, on, off"),
    ("F", "Noise of means: automatic, fresh, fixed"),
    ("N", "Open or close the messages"),
    ("F2  to  F7", "Pages: pictures, quality, spectrum, montage, board, find"),
    ("Ctrl +  Ctrl -  Ctrl 0", "Text larger, smaller, normal"),
    ("Tab  Shift Tab", "Next or previous control"),
    ("Enter  Space", "Press the control in focus"),
    ("Esc", "Close what is open, leave the field"),
    ("F1  or  ?", "This list"),
];

/// The keys of [`Page::ALL`].
const PAGE_KEYS: [Key; 6] = [Key::F2, Key::F3, Key::F4, Key::F5, Key::F6, Key::F7];

/// How much one press changes the text scale.
const TEXT_STEP: f32 = 0.1;

/// Reads the keys of this frame.
pub fn pressed(ctx: &Context, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    with_control(ctx, actions);
    if take(ctx, Key::F1) {
        actions.push(Action::ToggleHelp);
    }
    for (key, page) in PAGE_KEYS.into_iter().zip(Page::ALL) {
        if take(ctx, key) {
            actions.push(Action::Show(page));
        }
    }
    if ctx.text_edit_focused() {
        return;
    }
    let focus_free = ctx.memory(|memory| memory.focused().is_none());
    if focus_free && take(ctx, Key::Space) {
        actions.push(Action::TogglePause);
    }
    if take(ctx, Key::Escape) {
        actions.push(Action::CloseOverlays);
    }
    letters(ctx, scene, actions);
}

fn with_control(ctx: &Context, actions: &mut Vec<Action>) {
    for (key, step) in [
        (Key::Plus, TEXT_STEP),
        (Key::Equals, TEXT_STEP),
        (Key::Minus, -TEXT_STEP),
        (Key::Num0, 0.0),
    ] {
        if ctx.input_mut(|input| input.consume_key(Modifiers::COMMAND, key)) {
            actions.push(Action::StepTextScale(step));
        }
    }
}

fn letters(ctx: &Context, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    for (key, action) in [
        (Key::Plus, Action::StepScale(1)),
        (Key::Equals, Action::StepScale(1)),
        (Key::Minus, Action::StepScale(-1)),
        (Key::R, Action::ToggleRecording),
        (Key::C, Action::ToggleConnect),
        (Key::T, Action::ToggleTwin),
        (Key::M, Action::SetMode(next_mode(scene.view.mode))),
        (Key::S, Action::SetSteadying(next_steady(scene.view.steadying))),
        (Key::F, Action::SetSteadying(next_noise(scene.view.steadying))),
        (Key::B, Action::SetShowing(next_show(scene.view.showing))),
        (Key::O, Action::SetShowing(next_scope(scene.view.showing))),
        (Key::K, Action::ToggleCalibration),
        (Key::N, Action::ToggleMessages),
        (Key::Questionmark, Action::ToggleHelp),
    ] {
        if take(ctx, key) {
            actions.push(action);
        }
    }
    for (key, steps) in [(Key::Num1, 1), (Key::Num2, 2), (Key::Num4, 4)] {
        if take(ctx, key) && matches!(scene.snapshot.pack, PackState::Ready(_)) {
            actions.push(Action::SetSteps(steps));
        }
    }
}

/// True when the key went down without Ctrl or Alt; Shift is ignored, since '+' and '?' may need it.
fn take(ctx: &Context, key: Key) -> bool {
    ctx.input(|input| {
        let held = input.modifiers.command || input.modifiers.ctrl || input.modifiers.alt;
        !held && input.key_pressed(key)
    })
}
