//! Keys while pages fill the screen: each counts once however long it is held, and is taken away.

use egui::{Context, Event, Key};

/// Whether this key went down in this frame.
pub(super) fn pressed(ctx: &Context, wanted: Key) -> bool {
    ctx.input_mut(|input| {
        let is_it = |event: &Event| {
            matches!(event, Event::Key { key, pressed: true, repeat: false, modifiers, .. }
                if *key == wanted && !modifiers.command && !modifiers.alt && !modifiers.ctrl)
        };
        let went_down = input.events.iter().any(is_it);
        // Whatever is painted after this must not take it for its own.
        input.events.retain(|event| !is_it(event));
        went_down
    })
}
