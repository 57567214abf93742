//! Files that a file names.

use std::path::{Component, Path};

/// Whether a name is that of a file in the same folder and nothing more: no path leads out of the folder of a recording.
pub(in crate::formats) fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
        && !name.contains(['\\', ':', '/', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_in_the_same_folder_are_plain() {
        assert!(is_plain("a b.fdt") && is_plain("rawé.eeg"));
        for name in ["", ".", "..", "a/b", "a/", "/a", "..\\a", "C:a", "a\0b"] {
            assert!(!is_plain(name), "{name:?}");
        }
    }
}
