//! Which dialect a text is, by its first lines.

use std::path::Path;

use super::layout::Layout;
use super::look::{Look, shown};
use super::{brainflow, emotiv, headsets, muse, openbci, openvibe, sd_card, table};
use crate::formats::FormatError;

/// Finds the dialect by the first text.
pub(super) fn layout(text: &str, is_whole: bool, path: &Path) -> Result<Layout, FormatError> {
    let look = Look::new(text, is_whole);
    let unknown = |why: String| FormatError::Unknown { why, path: path.into() };
    let Some(line) = look.lines.first() else {
        return Err(unknown("its first half MiB holds no line of text".into()));
    };
    if let Some(layout) = sd_card::layout(&look.lines) {
        return Ok(layout);
    }
    if line.starts_with('%') {
        return openbci::layout(&look).map_err(unknown);
    }
    let known = emotiv::layout(&look)
        .or_else(|| openvibe::layout(&look))
        .or_else(|| muse::layout(&look))
        .or_else(|| headsets::layout(&look))
        .or_else(|| brainflow::layout(&look))
        .or_else(|| table::layout(&look));
    known.unwrap_or_else(|| Err(no_format(line))).map_err(unknown)
}

fn no_format(line: &str) -> String {
    format!("it begins with '{}', which is no format of recordings known here", shown(line, 40))
}
