//! The first lines of a text, which tell its dialect.
//!
//! Takes the first text of a file; gives its lines with their numbers, for messages and for whoever knows a dialect.

use super::layout::cells;

/// The first lines of a text, without empty ones.
pub(super) struct Look<'a> {
    pub lines: Vec<&'a str>,
    /// The number of each in the file, from one.
    pub numbers: Vec<u64>,
}

impl<'a> Look<'a> {
    /// Of the first text of a file; `is_whole` when that is all of it. Else the last line may be cut, and is left.
    pub fn new(text: &'a str, is_whole: bool) -> Self {
        let mut all: Vec<&str> = text.lines().map(str::trim_end).collect();
        if !is_whole && !text.ends_with('\n') {
            all.pop();
        }
        let numbered = (1..).zip(all).filter(|(_, line)| !line.trim().is_empty());
        let (numbers, lines) = numbered.unzip();
        Self { lines, numbers }
    }
}

/// The beginning of a text from a file, fit to be printed.
pub(super) fn shown(text: &str, most: usize) -> String {
    let cut = text.chars().nth(most).is_some();
    let start = text.chars().take(most).map(|c| if c.is_control() { '.' } else { c });
    start.chain(cut.then_some('…')).collect()
}

/// The character between the columns of a line: the one of tab, semicolon and comma that makes most cells.
pub(super) fn delimiter_of(line: &str) -> u8 {
    [b'\t', b';', b','].into_iter().rev().max_by_key(|d| cells(line, *d).len()).unwrap_or(b',')
}
