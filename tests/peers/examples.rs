//! Every reader against its peers, on public example files: values, counts, annotations.
//!
//! Expected numbers are in tests/vectors/formats/formats.json, made by make_formats.py beside it. Values of EDF, BDF
//! and text must be the peer's to the last bit; BrainVision's, which MNE scales to volts and back, to 1e-12 of the
//! largest. Sums are compared to 1e-12 of count times the largest value.

use std::path::Path;

use phosphene::formats::open;
use phosphene::formats::recording::{Block, ChannelHead, Event};
use serde_json::Value;

use crate::harness::{public, vectors};

struct Read {
    /// Channels of all streams of numbers, in their order, with their values.
    channels: Vec<(ChannelHead, Vec<f64>)>,
    events: Vec<Event>,
    /// Time of the first sample: edfio counts from there, Phosphene from the header's start.
    first_secs: f64,
}

fn read(path: &Path) -> Read {
    let mut reader = open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let heads = reader.head().streams.clone();
    let mut values: Vec<Vec<Vec<f64>>> =
        heads.iter().map(|s| vec![Vec::new(); s.channels.len()]).collect();
    let (mut events, mut block, mut first_secs) = (Vec::new(), Block::default(), None);
    loop {
        let more =
            reader.next_block(&mut block).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        first_secs = first_secs.or(block.times_secs.first().copied());
        events.append(&mut block.events);
        if !more {
            break;
        }
        let Some(head) = heads.get(block.stream) else { continue };
        let width = head.channels.len();
        for row in block.values.chunks_exact(width) {
            for (channel, value) in row.iter().enumerate() {
                values[block.stream][channel].push(*value);
            }
        }
    }
    let channels = heads
        .into_iter()
        .flat_map(|stream| stream.channels)
        .zip(values.into_iter().flatten())
        .collect();
    Read { channels, events, first_secs: first_secs.unwrap_or(0.0) }
}

fn same(name: &str, expected: &Value, values: &[f64], scale: f64, exact: bool) {
    let largest = values.iter().fold(0.0_f64, |most, value| most.max((value * scale).abs()));
    let tolerance = if exact { 0.0 } else { 1e-12 * largest };
    assert_eq!(expected["count"].as_u64(), Some(values.len() as u64), "{name}");
    let close = |what: &str, found: f64, expected: f64, tolerance: f64| {
        assert!(
            (found - expected).abs() <= tolerance,
            "{name}: {what} is {found}, expected {expected}"
        );
    };
    for (i, first) in expected["first"].as_array().unwrap().iter().enumerate() {
        close("a first value", values[i] * scale, first.as_f64().unwrap(), tolerance);
    }
    close(
        "the last value",
        values.last().unwrap() * scale,
        expected["last"].as_f64().unwrap(),
        tolerance,
    );
    let most = values.iter().fold(f64::NEG_INFINITY, |most, value| most.max(value * scale));
    close("the greatest value", most, expected["max"].as_f64().unwrap(), tolerance);
    let sum: f64 = values.iter().map(|value| value * scale).sum();
    let slack = 1e-12 * values.len() as f64 * largest.max(1e-9);
    close("the sum", sum, expected["sum"].as_f64().unwrap(), slack);
}

/// MNE brings other units to SI as well.
fn si_prefix(unit: &str) -> f64 {
    if unit.starts_with(['µ', 'μ', 'u']) { 1e-6 } else { 1.0 }
}

/// The label as the file has it, prefix included.
fn label(channel: &ChannelHead) -> String {
    match channel.kind.as_str() {
        "" | "TRIG" => channel.label.clone(),
        kind => format!("{kind} {}", channel.label),
    }
}

#[test]
fn example_files_read_as_their_peers_read_them() {
    let Some(folder) = public("formats") else { return };
    let vectors = std::fs::read_to_string(vectors("formats/formats.json")).unwrap();
    let vectors: serde_json::Map<String, Value> = serde_json::from_str(&vectors).unwrap();
    assert!(vectors.len() >= 20, "{}", vectors.len());
    let mut wrong = Vec::new();
    for (name, expected) in &vectors {
        let path = folder.join(name);
        if !path.exists() {
            continue;
        }
        if expected.get("refused").is_some() {
            // The peer refuses: a clear error or a stated recovery, never a panic.
            let _ = open(&path).map(|mut reader| reader.next_block(&mut Block::default()));
            continue;
        }
        let outcome = std::panic::catch_unwind(|| check(name, expected, &path));
        if outcome.is_err() {
            wrong.push(name.clone());
        }
    }
    assert_eq!(wrong, [""; 0]);
}

fn check(name: &str, expected: &Value, path: &Path) {
    let found = read(path);
    let peer = expected["peer"].as_str().unwrap();
    let channels = expected["channels"].as_array().unwrap();
    for (place, expected) in channels.iter().enumerate() {
        let title = expected["label"].as_str().unwrap();
        let by_label = || {
            found
                .channels
                .iter()
                .position(|(channel, _)| label(channel) == title || channel.label == title)
        };
        // Duplicate labels and text columns go by their order.
        let at = match peer {
            "edfio" => {
                let before =
                    channels[..place].iter().filter(|c| c["label"] == expected["label"]).count();
                let same =
                    |channel: &ChannelHead| label(channel) == title || channel.label == title;
                let mut places = (0..found.channels.len()).filter(|i| same(&found.channels[*i].0));
                places.nth(before)
            }
            "mne" => by_label(),
            _ => Some(place),
        };
        let Some(at) = at else {
            if peer == "mne" {
                continue; // MNE renames duplicates and status channels
            }
            panic!("{name}: there is no channel '{title}'");
        };
        let (channel, values) = &found.channels[at];
        let scale = if peer == "mne" {
            channel.microvolts().unwrap_or(si_prefix(&channel.unit))
        } else {
            1.0
        };
        same(&format!("{name}, {title}"), expected, values, scale, peer != "mne");
    }
    if let Some(notes) = expected["annotations"].as_array() {
        let is_trigger =
            |event: &&Event| event.label.parse::<u32>().is_ok() && event.duration_secs.is_none();
        let own: Vec<&Event> = found
            .events
            .iter()
            .filter(|e| !(peer == "edfio" && is_trigger(e) && notes.is_empty()))
            .collect();
        for note in notes {
            let (time, text) = (note[0].as_f64().unwrap(), note[2].as_str().unwrap());
            let there = own.iter().any(|e| {
                (e.time_secs - found.first_secs - time).abs() < 2e-3
                    && e.label.trim() == text.trim()
            });
            assert!(there, "{name}: there is no annotation '{text}' at {time}");
        }
    }
}
