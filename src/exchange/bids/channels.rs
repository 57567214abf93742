//! BIDS: what a table of channels says of a recording beside it.
//!
//! Takes the text of a `_channels.tsv`; changes the head of the recording: types of channels are the table's, and so are units
//! where the file names none. Never changes a value. What does not fit together is said. Source: bids-specification 1.10.

use std::collections::BTreeMap;
use std::path::Path;

use super::import::channels_beside;
use crate::formats::FormatError;
use crate::formats::recording::{Block, ChannelHead, Head, ReadRecording};
use crate::formats::unit::microvolts_per;

/// Channels named in a warning.
const MAX_NAMED: usize = 8;

/// One row.
#[derive(Clone, Debug, Default, PartialEq)]
struct Said {
    kind: String,
    unit: String,
    is_bad: bool,
}

/// A recording with what the tables beside it say.
struct Told {
    inner: Box<dyn ReadRecording>,
    head: Head,
    said: Vec<String>,
    warnings: Vec<String>,
}

/// The recording as it is, or with what its table of channels says where it has one.
///
/// # Errors
/// [`FormatError`] where the table cannot be read, or two apply equally.
pub fn with_table(
    inner: Box<dyn ReadRecording>,
    path: &Path,
) -> Result<Box<dyn ReadRecording>, FormatError> {
    let Some(text) = channels_beside(path)? else { return Ok(inner) };
    let (mut head, mut said) = (inner.head().clone(), Vec::new());
    tell(&mut head, &rows(&text), &mut said);
    let warnings = said.clone();
    Ok(Box::new(Told { inner, head, said, warnings }))
}

/// The rows by the name of their channel; empty where the table has no names.
fn rows(text: &str) -> BTreeMap<String, Said> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split('\t').map(str::trim).collect();
    let place = |column: &str| names.iter().position(|name| *name == column);
    let Some(name) = place("name") else { return BTreeMap::new() };
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        let cell = |at: Option<usize>| {
            let text = at.and_then(|at| cells.get(at)).copied().unwrap_or_default();
            if text == "n/a" { "" } else { text }.to_owned()
        };
        let is_bad = cell(place("status")).eq_ignore_ascii_case("bad");
        let said = Said { kind: cell(place("type")), unit: cell(place("units")), is_bad };
        (cell(Some(name)), said)
    };
    lines.map(row).filter(|(name, _)| !name.is_empty()).collect()
}

/// Changes the head; says what does not fit.
fn tell(head: &mut Head, rows: &BTreeMap<String, Said>, said: &mut Vec<String>) {
    let (mut unnamed, mut units, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    for channel in head.streams.iter_mut().flat_map(|stream| &mut stream.channels) {
        let whole = format!("{} {}", channel.kind, channel.label);
        let Some(row) = rows.get(&channel.label).or_else(|| rows.get(&whole)) else {
            unnamed.push(channel.label.clone());
            continue;
        };
        if row.is_bad {
            bad.push(channel.label.clone());
        }
        if !row.kind.is_empty() {
            channel.kind.clone_from(&row.kind);
        }
        if take_unit(channel, &row.unit) {
            units.push(format!("{} ({}, not {})", channel.label, channel.unit, row.unit));
        }
    }
    for (labels, what) in [
        (unnamed, "channel(s) are not in channels.tsv"),
        (
            units,
            "channel(s) have another unit in the file than in channels.tsv; the file's is kept",
        ),
        (bad, "channel(s) are bad by channels.tsv"),
    ] {
        if !labels.is_empty() {
            let more = if labels.len() > MAX_NAMED { ", …" } else { "" };
            let named = labels[..labels.len().min(MAX_NAMED)].join(", ");
            said.push(format!("{} {what}: {named}{more}", labels.len()));
        }
    }
}

/// Takes a unit where the channel has none; true where it has another.
fn take_unit(channel: &mut ChannelHead, unit: &str) -> bool {
    if unit.is_empty() || channel.unit == unit {
        return false;
    }
    if channel.unit.is_empty() {
        unit.clone_into(&mut channel.unit);
        return false;
    }
    // Spellings of one voltage are one unit.
    let said = microvolts_per(unit);
    said.is_none() || channel.microvolts() != said
}

impl ReadRecording for Told {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        let more = self.inner.next_block(block)?;
        if self.warnings.len() != self.inner.warnings().len() + self.said.len() {
            self.warnings = [self.inner.warnings(), &self.said].concat();
        }
        Ok(more)
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        self.inner.rewind()
    }

    fn seek_secs(&mut self, secs: f64) -> Result<(), FormatError> {
        self.inner.seek_secs(secs)
    }

    fn progress(&self) -> f64 {
        self.inner.progress()
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::recording::StreamHead;

    fn channel(label: &str, kind: &str, unit: &str) -> ChannelHead {
        let [label, kind, unit] = [label, kind, unit].map(str::to_owned);
        ChannelHead { label, kind, unit, ..ChannelHead::default() }
    }

    #[test]
    fn types_and_missing_units_are_the_tables_and_the_rest_is_said() {
        let channels = vec![
            channel("Cz", "EEG", "uV"),
            channel("Oz", "", ""),
            channel("X1", "", "mV"),
            channel("new", "", ""),
            channel("T", "", "degC"),
        ];
        let mut head = Head {
            streams: vec![StreamHead { channels, ..StreamHead::default() }],
            ..Head::default()
        };
        let table = "name\ttype\tunits\tstatus\nEEG Cz\tEEG\tuV\tgood\nOz\tEEG\tV\tbad\n\
                     X1\tEOG\tuV\tn/a\nT\tTEMP\tuV\tgood\n";
        let mut said = Vec::new();
        tell(&mut head, &rows(table), &mut said);
        let found: Vec<_> =
            head.streams[0].channels.iter().map(|c| (c.kind.as_str(), c.unit.as_str())).collect();
        assert_eq!(found, [("EEG", "uV"), ("EEG", "V"), ("EOG", "mV"), ("", ""), ("TEMP", "degC")]);
        let said = said.join("\n");
        for word in [
            "not in channels.tsv: new",
            "X1 (mV, not uV), T (degC, not uV)",
            "bad by channels.tsv: Oz",
        ] {
            assert!(said.contains(word), "{said}");
        }
        assert!(rows("no names here").is_empty() && rows("").is_empty());
    }
}
