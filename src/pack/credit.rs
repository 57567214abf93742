//! `[[credit]]` of a manifest: whose work is in the pack, and under which licence.
//!
//! Takes the list, gives it checked: licence texts are files of the pack with a hash, every other file of
//! `[files]` is covered by at least one credit. A pack without any credit is accepted with a warning.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::error::PackError;
use super::rules::{MAX_NAME_BYTES, MAX_SENTENCE_BYTES, plain, require};

/// Most credits, and most files in one.
const MAX_ENTRIES: usize = 1024;

/// What somebody made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// Trained numbers.
    Weights,
    /// Pictures that were trained on or whose embeddings are in the pack.
    Pictures,
    /// A published network that is part of a file.
    Network,
    /// Recorded signal that was trained on.
    Recordings,
}

impl Work {
    /// The word of the manifest.
    pub fn word(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Pictures => "pictures",
            Self::Network => "network",
            Self::Recordings => "recordings",
        }
    }
}

/// One work with its author and licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credit {
    /// Weights, pictures, a network or recordings.
    pub what: Work,
    /// What its author calls it.
    pub title: String,
    /// Who made it.
    pub author: String,
    /// Where it came from, package@version.
    pub source: String,
    /// SPDX licence expression.
    pub licence: String,
    /// The licence's text: files of the pack, listed in `[files]`.
    pub licence_files: Vec<String>,
    /// Files of `[files]` that hold this work or were made from it.
    pub covers: Vec<String>,
}

impl Credit {
    /// The credit in one line.
    pub fn line(&self) -> String {
        let Self { what, title, author, source, licence, .. } = self;
        format!("{}: {title}, {author}, {licence} ({source})", what.word())
    }
}

/// Checks the credits against the files of the manifest.
///
/// # Errors
/// [`PackError::Field`] with the first that is wrong.
pub(super) fn check(credits: &[Credit], files: &BTreeMap<String, String>) -> Result<(), PackError> {
    let expected = format!("at most {MAX_ENTRIES} credits");
    require(credits.len() <= MAX_ENTRIES, "credit", &expected, credits.len())?;
    for (i, credit) in credits.iter().enumerate() {
        check_one(&format!("credit[{i}]"), credit, files)?;
    }
    let named = |list: fn(&Credit) -> &Vec<String>| -> BTreeSet<&str> {
        credits.iter().flat_map(list).map(String::as_str).collect()
    };
    let (texts, covered) = (named(|c| &c.licence_files), named(|c| &c.covers));
    let bare =
        files.keys().map(String::as_str).find(|f| !texts.contains(f) && !covered.contains(f));
    let got = bare.map(|file| format!("none that covers '{file}'")).unwrap_or_default();
    let ok = credits.is_empty() || bare.is_none();
    require(ok, "credit", "a list that covers every file of [files]", got)
}

fn check_one(
    field: &str,
    credit: &Credit,
    files: &BTreeMap<String, String>,
) -> Result<(), PackError> {
    for (key, text) in
        [("title", &credit.title), ("author", &credit.author), ("source", &credit.source)]
    {
        plain(&format!("{field}.{key}"), text, MAX_SENTENCE_BYTES)?;
    }
    let expected = "an SPDX expression, as 'MIT' or 'MIT OR Apache-2.0'";
    let ok = is_spdx(&credit.licence);
    require(ok, &format!("{field}.licence"), expected, format!("'{}'", credit.licence))?;
    let texts = &credit.licence_files;
    let at = format!("{field}.licence_files");
    require((1..=MAX_ENTRIES).contains(&texts.len()), &at, "one file or more", texts.len())?;
    require(credit.covers.len() <= MAX_ENTRIES, &format!("{field}.covers"), "fewer files", "more")?;
    let listed = [("licence_files", texts), ("covers", &credit.covers)];
    for (key, file) in listed.iter().flat_map(|(key, list)| list.iter().map(move |f| (key, f))) {
        let expected = "files that [files] lists with their SHA-256";
        let ok = files.contains_key(file);
        require(ok, &format!("{field}.{key}"), expected, format!("'{file}'"))?;
    }
    Ok(())
}

/// Whether a text has the form of an SPDX licence expression: identifiers of letters, digits, `.`, `-` and
/// `+`, joined by AND, OR or WITH, in brackets or not (SPDX 2.3, annex D). The list of licences is not known.
fn is_spdx(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let (mut depth, mut wants_name) = (0_usize, true);
    for word in spaced.split_whitespace() {
        match (word, wants_name) {
            ("(", true) => depth += 1,
            (")", false) if depth > 0 => depth -= 1,
            ("AND" | "OR" | "WITH", false) => wants_name = true,
            ("AND" | "OR" | "WITH", true) => return false,
            (name, true) if is_spdx_name(name) => wants_name = false,
            _ => return false,
        }
    }
    !wants_name && depth == 0 && text.len() <= MAX_NAME_BYTES
}

fn is_spdx_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))
}

#[cfg(test)]
mod tests {
    use super::is_spdx;

    #[test]
    fn licences_have_the_form_of_spdx() {
        for good in ["MIT", "MIT OR Apache-2.0", "(MIT OR GPL-2.0+) AND CC-BY-4.0", "LicenseRef-x"]
        {
            assert!(is_spdx(good), "{good}");
        }
        for bad in
            ["", " ", "MIT,", "MIT Apache-2.0", "OR MIT", "MIT OR", "(MIT", "MIT)", "AND", "()"]
        {
            assert!(!is_spdx(bad), "{bad}");
        }
    }
}
