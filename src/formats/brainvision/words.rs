//! The name of the format, and its text.

/// The name in messages.
pub(super) const FORMAT: &str = "BrainVision";

/// UTF-8 where it is, else Latin-1, whatever the header claims.
pub(super) fn decoded(bytes: Vec<u8>) -> String {
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(raw) => raw.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    };
    text.trim_start_matches('\u{feff}').to_owned()
}
