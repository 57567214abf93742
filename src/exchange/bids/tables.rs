//! The tab-separated files.

use std::fmt::Write;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::formats::FormatError;
use crate::formats::own::EEG_KIND;
use crate::formats::recording::{ChannelHead, StreamHead, WriteHead};
use crate::signal::{Marker, marker::MarkerEvent};

/// Types of channels that BIDS knows, as far as they are met here.
const KINDS: [&str; 13] = [
    "EEG", "EOG", "HEOG", "VEOG", "ECG", "EMG", "GSR", "PPG", "RESP", "TEMP", "TRIG", "REF", "MISC",
];

/// Largest list of participants that is read.
const MAX_PARTICIPANTS_BYTES: u64 = 16 << 20;

/// The type of a channel: its own, else EEG where it is measured in volts and the stream is not something else.
pub(super) fn kind_of(channel: &ChannelHead, stream: &StreamHead) -> &'static str {
    let kind = channel.kind.to_uppercase();
    if let Some(known) = KINDS.iter().find(|known| **known == kind) {
        return known;
    }
    let eeg = stream.kind.is_empty() || stream.kind.eq_ignore_ascii_case(EEG_KIND);
    if kind.is_empty() && eeg && (channel.microvolts().is_some() || channel.unit.is_empty()) {
        EEG_KIND
    } else {
        "MISC"
    }
}

/// A cell: tabs and line ends would break the table.
fn cell(text: &str) -> String {
    let clean: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.is_empty() { "n/a".into() } else { clean }
}

pub(super) fn channels(head: &WriteHead) -> String {
    let mut table = "name\ttype\tunits\tsampling_frequency\treference\n".to_owned();
    for channel in &head.stream.channels {
        let unit =
            if channel.microvolts() == Some(1.0) { "uV".into() } else { cell(&channel.unit) };
        let (kind, rate_hz) = (kind_of(channel, &head.stream), head.stream.rate_hz);
        let _ = writeln!(
            table,
            "{}\t{kind}\t{unit}\t{rate_hz}\t{}",
            cell(&channel.label),
            cell(&channel.reference)
        );
    }
    table
}

/// `None` where no place is known. BIDS wants every electrode or none: unknown ones are n/a.
pub(super) fn electrodes(head: &WriteHead) -> Option<String> {
    let channels = &head.stream.channels;
    channels.iter().any(|channel| channel.location_mm.is_some()).then(|| {
        let mut table = "name\tx\ty\tz\n".to_owned();
        for channel in channels {
            let _ = match channel.location_mm {
                Some([x, y, z]) => writeln!(table, "{}\t{x}\t{y}\t{z}", cell(&channel.label)),
                None => writeln!(table, "{}\tn/a\tn/a\tn/a", cell(&channel.label)),
            };
        }
        table
    })
}

/// The events of a run. `is_picture` tells which stimuli have their picture in the data set.
pub(super) fn events(head: &WriteHead, is_picture: &dyn Fn(&str) -> bool) -> String {
    let mut table = "onset\tduration\ttrial_type\tvalue\tstim_file\tconcept\ttrial\n".to_owned();
    let mut events: Vec<_> =
        head.events.iter().filter(|event| event.time_secs.is_finite()).collect();
    events.sort_by(|a, b| a.time_secs.total_cmp(&b.time_secs));
    let mut trial = 0;
    for event in events {
        let duration = event
            .duration_secs
            .filter(|secs| secs.is_finite())
            .map_or_else(|| "n/a".into(), |secs| secs.to_string());
        let marker = Marker::new(event.time_secs, &event.label);
        let (kind, rest) = match marker.event() {
            MarkerEvent::StimulusOnset(id) => {
                trial += 1;
                let file = if is_picture(id) { format!("{id}.png") } else { "n/a".into() };
                ("stimulus", format!("{file}\t{}\t{trial}", cell(id)))
            }
            MarkerEvent::StimulusOffset => ("stimulus_off", "n/a\tn/a\tn/a".into()),
            MarkerEvent::Flash(_) => ("flash", "n/a\tn/a\tn/a".into()),
            MarkerEvent::FlashPause => ("flash_pause", "n/a\tn/a\tn/a".into()),
            MarkerEvent::Other(_) => ("other", "n/a\tn/a\tn/a".into()),
        };
        let _ = writeln!(
            table,
            "{}\t{duration}\t{kind}\t{}\t{rest}",
            event.time_secs,
            cell(&event.label)
        );
    }
    table
}

/// Adds a row to the list of participants, which is made where it is missing. Other rows and columns stay.
pub(super) fn add_participant(path: &Path, participant: &str) -> Result<(), FormatError> {
    let io =
        |action: &'static str| move |source| FormatError::Io { action, source, path: path.into() };
    let before = match fs::metadata(path) {
        Ok(there) if there.len() > MAX_PARTICIPANTS_BYTES => {
            let why = format!(
                "participants.tsv has {} bytes; no list of participants is that long",
                there.len()
            );
            return Err(FormatError::Unusable { format: "BIDS", why });
        }
        Ok(_) => fs::read_to_string(path).map_err(io("reading"))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "participant_id\n".into(),
        Err(error) => return Err(io("reading")(error)),
    };
    let mut lines = before.lines();
    let columns: Vec<&str> =
        lines.next().unwrap_or_default().trim_start_matches('\u{feff}').split('\t').collect();
    if columns.first() != Some(&"participant_id") {
        let why =
            "the first column of participants.tsv is not participant_id; mend it by hand".into();
        return Err(FormatError::Unusable { format: "BIDS", why });
    }
    if lines.any(|line| line.split('\t').next() == Some(participant)) {
        return Ok(());
    }
    let unknown = "\tn/a".repeat(columns.len() - 1);
    let ended = if before.ends_with('\n') { "" } else { "\n" };
    let after = format!("{before}{ended}{participant}{unknown}\n");
    // Written beside and renamed: the list is whole whenever the program dies.
    let beside = path.with_extension("tsv.new");
    let mut file = fs::File::create(&beside).map_err(io("writing"))?;
    file.write_all(after.as_bytes()).and_then(|()| file.sync_all()).map_err(io("writing"))?;
    fs::rename(&beside, path).map_err(io("writing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::recording::Event;

    #[test]
    fn participants_are_added_once_and_keep_their_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("participants.tsv");
        add_participant(&path, "sub-01").unwrap();
        fs::write(&path, "participant_id\tage\nsub-01\t30").unwrap();
        add_participant(&path, "sub-02").unwrap();
        add_participant(&path, "sub-02").unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "participant_id\tage\nsub-01\t30\nsub-02\tn/a\n"
        );
        fs::write(&path, "name\nx\n").unwrap();
        assert!(
            add_participant(&path, "sub-03").unwrap_err().to_string().contains("participant_id")
        );
    }

    #[test]
    fn events_are_sorted_and_name_their_pictures() {
        let event =
            |time_secs, label: &str| Event { time_secs, duration_secs: None, label: label.into() };
        let head = WriteHead {
            events: vec![event(2.0, "a\tb"), event(1.0, "stim/panda"), event(1.5, "stim_off")],
            ..WriteHead::default()
        };
        let table = events(&head, &|id| id == "panda");
        let lines: Vec<&str> = table.lines().skip(1).collect();
        assert_eq!(lines[0], "1\tn/a\tstimulus\tstim/panda\tpanda.png\tpanda\t1");
        assert!(lines[1].starts_with("1.5\tn/a\tstimulus_off"));
        assert!(lines[2].contains("other\ta b\t"));
    }
}
