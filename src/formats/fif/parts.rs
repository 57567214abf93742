//! The files of a recording: recorders split one that grows beyond two gigabytes.
//!
//! Takes the first file; gives all that follow it and are beside it, each with its place in the recording. What
//! cannot be read of them is told and missing at the end.

use std::path::{Path, PathBuf};

use super::channel::Channel;
use super::contents::{Contents, Reference};
use super::landmarks::Landmarks;
use super::signal::Signal;
use super::tags::Input;
use super::words::FORMAT;
use crate::formats::FormatError;
use crate::formats::beside::is_plain;

/// Files of a recording at most.
const MAX_PARTS: usize = 100;

/// The role of a file that goes before.
const ROLE_BEFORE: i64 = 1;

/// The role of a file that follows.
const ROLE_NEXT: i64 = 2;

/// One file of a recording, and where its samples are.
#[derive(Debug)]
pub(super) struct Part {
    pub path: PathBuf,
    /// From its first buffer on.
    pub signal: Signal,
    /// Where its buffers begin.
    pub landmarks: Landmarks,
    /// The first sample on the file's own count.
    pub first: i64,
    /// The first sample on the recording's count, which begins at zero.
    pub place: i64,
    /// Samples from the first to behind the last, skipped ones too.
    pub length: i64,
    /// Bytes of all samples.
    pub bytes: u64,
    /// The file says where its samples are on the count.
    is_placed: bool,
}

impl Part {
    /// Walks through the buffers of a file.
    fn of(
        path: &Path,
        input: &mut Input,
        signal: Signal,
    ) -> Result<(Self, Vec<String>), FormatError> {
        let mut ahead = signal.clone();
        let (mut first, mut end, mut bytes) = (None, 0_i64, 0_u64);
        let mut landmarks = Landmarks::default();
        loop {
            let before = landmarks.is_due().then(|| ahead.clone());
            let Some(buffer) = ahead.next(input)? else { break };
            landmarks.note(buffer.first, before);
            first.get_or_insert(buffer.first);
            end = buffer.first.saturating_add(buffer.samples.cast_signed());
            bytes = bytes.saturating_add(buffer.samples.saturating_mul(buffer.row_bytes as u64));
        }
        let first = first.ok_or_else(|| unusable("it has no sample"))?;
        let mut warnings = Vec::new();
        if ahead.left_bytes > 0 {
            warnings.push(format!(
                "{} bytes at the ends of its buffers are not a whole sample and are left out",
                ahead.left_bytes
            ));
        }
        if ahead.left_skips > 0 {
            warnings.push(format!(
                "{} gap(s) of more than {} samples are left out, as no recording has such",
                ahead.left_skips,
                i32::MAX
            ));
        }
        let length = end.saturating_sub(first);
        let is_placed = ahead.is_placed;
        Ok((
            Self {
                path: path.into(),
                signal,
                landmarks,
                first,
                place: 0,
                length,
                bytes,
                is_placed,
            },
            warnings,
        ))
    }

    /// One sample behind the last, on the recording's count.
    pub fn end(&self) -> i64 {
        self.place.saturating_add(self.length)
    }
}

/// The files of a recording, the first with all that it says.
#[derive(Debug)]
pub(super) struct Parts {
    pub contents: Contents,
    pub parts: Vec<Part>,
    pub warnings: Vec<String>,
}

impl Parts {
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let (contents, part, own) = read(path)?;
        let mut warnings = contents.warnings();
        warnings.extend(own);
        if let Some(before) = contents.references.iter().find(|other| other.role == ROLE_BEFORE) {
            let name = before.name.rsplit(['/', '\\']).next().unwrap_or_default();
            warnings.push(format!(
                "this file goes on from another of the same recording ('{name}'): open the first to read them all"
            ));
        }
        let mut following = next_name(&contents.references, path);
        let mut found = Self { contents, parts: vec![part], warnings };
        while let Some(name) = following {
            following = match found.follow(path, &name) {
                Ok(next) => next,
                Err(why) => {
                    found.warnings.push(format!(
                        "the recording goes on in '{name}', which cannot be read, and ends here without it: {why}"
                    ));
                    None
                }
            };
        }
        Ok(found)
    }

    /// Takes the file `name` beside `first` as the one that follows; gives the name of the next.
    fn follow(&mut self, first: &Path, name: &str) -> Result<Option<String>, FormatError> {
        if !is_plain(name) {
            return Err(unusable("it is not the name of a file beside it"));
        }
        let path = first.with_file_name(name);
        if self.parts.len() >= MAX_PARTS || self.parts.iter().any(|part| part.path == path) {
            return Err(unusable("the files of the recording name one another in a circle"));
        }
        if !path.exists() {
            return Err(unusable("it is not there; put it beside the first file"));
        }
        let (contents, mut part, warnings) = read(&path)?;
        if !is_same(&self.contents, &contents)? {
            return Err(unusable("it has another rate, other channels or other calibrations"));
        }
        self.warnings.extend(
            warnings
                .into_iter()
                .chain(contents.oddity.clone())
                .map(|said| format!("'{name}': {said}")),
        );
        self.place(&mut part, name);
        self.parts.push(part);
        Ok(next_name(&contents.references, &path))
    }

    /// A file's samples go on where its own count says, but never before the end of the file before.
    fn place(&mut self, part: &mut Part, name: &str) {
        let Some(before) = self.parts.last() else { return };
        let end = before.first.saturating_add(before.length);
        let missing = if part.is_placed { part.first.saturating_sub(end) } else { 0 };
        part.place = before.end().saturating_add(missing.max(0));
        if missing > 0 {
            self.warnings.push(format!("{missing} samples are missing before '{name}'"));
        }
        if missing < 0 {
            self.warnings.push(format!(
                "'{name}' is counted to begin {} samples before the end of the file before it: it is taken to follow it",
                missing.unsigned_abs()
            ));
        }
    }
}

/// What a file holds, its samples, and what is odd about them.
fn read(path: &Path) -> Result<(Contents, Part, Vec<String>), FormatError> {
    let mut input = Input::open(path)?;
    input.check_mark()?;
    let contents = Contents::of(&mut input)?;
    let walker = contents.signal()?;
    contents.measurement.rate_hz()?;
    let channels = contents.measurement.channels()?.len();
    let (part, warnings) = Part::of(path, &mut input, Signal::new(walker, channels))?;
    Ok((contents, part, warnings))
}

fn is_same(first: &Contents, other: &Contents) -> Result<bool, FormatError> {
    let (a, b) = (&first.measurement, &other.measurement);
    let (rates, channels) = ((a.rate_hz()?, b.rate_hz()?), (a.channels()?, b.channels()?));
    let is_like =
        |(a, b): (&Channel, &Channel)| a.name == b.name && a.scale().total_cmp(&b.scale()).is_eq();
    Ok(rates.0 == rates.1
        && channels.0.len() == channels.1.len()
        && channels.0.iter().zip(channels.1).all(is_like))
}

/// The name of the file that follows. Some recorders give its number alone: then it is named as this one, with
/// the number before the first dot.
fn next_name(references: &[Reference], path: &Path) -> Option<String> {
    let next = references.iter().find(|other| other.role == ROLE_NEXT)?;
    if !next.name.is_empty() {
        return Some(next.name.clone());
    }
    let number = next.number?;
    let (stem, ending) = path.file_name()?.to_str()?.split_once('.')?;
    let unnumbered = match stem.rsplit_once('-') {
        Some((before, digits))
            if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            before
        }
        _ => stem,
    };
    Some(format!("{unnumbered}-{number}.{ending}"))
}

fn unusable(why: &str) -> FormatError {
    FormatError::Unusable { format: FORMAT, why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_file_is_named_or_numbered() {
        let name = |name: &str, number, path: &str| {
            let before = Reference { role: 1, name: "before.fif".into(), number: Some(0) };
            let next = Reference { role: 2, name: name.into(), number };
            next_name(&[before, next], Path::new(path))
        };
        assert_eq!(name("b.fif", Some(1), "x/a_raw.fif").as_deref(), Some("b.fif"));
        assert_eq!(name("", Some(1), "x/a_raw.fif").as_deref(), Some("a_raw-1.fif"));
        assert_eq!(name("", Some(2), "x/a_raw-1.fif").as_deref(), Some("a_raw-2.fif"));
        assert_eq!(name("", Some(1), "x/a-b.fif").as_deref(), Some("a-b-1.fif"));
        assert_eq!(name("", None, "x/a.fif"), None);
        assert_eq!(next_name(&[], Path::new("a.fif")), None);
    }

    #[test]
    fn names_that_lead_elsewhere_are_not_plain() {
        assert!(is_plain("a_raw-1.fif"));
        for name in
            ["", ".", "..", "../a.fif", "/etc/a", "b/a.fif", "b\\a.fif", "c:a.fif", "a.fif/"]
        {
            assert!(!is_plain(name), "{name}");
        }
    }
}
