//! What every check of a manifest says: field, expected, got.
//!
//! Takes a condition and the field's name, gives [`PackError::Field`] with what is there, shortened so that a
//! hostile manifest cannot fill the screen.

use std::fmt::Display;

use super::error::PackError;

/// Most characters of a value that a message repeats.
const SHOWN_CHARS: usize = 160;

/// Longest name, in bytes.
pub(super) const MAX_NAME_BYTES: usize = 200;

/// Longest sentence, in bytes.
pub(super) const MAX_SENTENCE_BYTES: usize = 4000;

/// Refuses unless `ok`.
pub(super) fn require(
    ok: bool,
    field: &str,
    expected: &str,
    got: impl Display,
) -> Result<(), PackError> {
    if ok {
        return Ok(());
    }
    let (field, expected) = (shortened(field), expected.to_owned());
    Err(PackError::Field { field, expected, got: shortened(&got.to_string()) })
}

/// Refuses what is not a number from `least` to `most`.
pub(super) fn within(field: &str, got: u64, least: u64, most: u64) -> Result<(), PackError> {
    require((least..=most).contains(&got), field, &format!("from {least} to {most}"), got)
}

/// Refuses what is not finite or not from `least` to `most`.
pub(super) fn between(field: &str, got: f64, least: f64, most: f64) -> Result<(), PackError> {
    require((least..=most).contains(&got), field, &format!("from {least} to {most}"), got)
}

/// Refuses text that is empty, too long, or would move a terminal's cursor.
pub(super) fn plain(field: &str, text: &str, most_bytes: usize) -> Result<(), PackError> {
    let ok = !text.trim().is_empty() && text.len() <= most_bytes;
    let expected = format!("text of 1 to {most_bytes} bytes");
    require(ok, field, &expected, format!("{} bytes: '{text}'", text.len()))?;
    let control = text.chars().find(|c| c.is_control());
    let got = control.map(|c| format!("{c:?}")).unwrap_or_default();
    require(control.is_none(), field, "text without control characters", got)
}

/// The beginning of a text, with control characters written out.
pub(super) fn shortened(text: &str) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        match c {
            _ if i == SHOWN_CHARS => {
                out.push('…');
                break;
            }
            '\n' => out.push(c),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}
