//! The JSON files and the README.

use serde_json::{Map, Value, json};

use super::entities::Entities;
use super::facts::Facts;
use crate::exchange::survey::Survey;
use crate::formats::own::EEG_KIND;
use crate::formats::recording::WriteHead;

/// The version of the specification that is followed.
const BIDS_VERSION: &str = "1.10.0";

fn text(value: &Value) -> String {
    format!("{value:#}\n")
}

fn simulated(head: &WriteHead) -> &'static str {
    if head.simulated { " SIMULATED: the signal does not come from a person." } else { "" }
}

pub(super) fn dataset_description(head: &WriteHead) -> String {
    text(&json!({
        "Name": if head.simulated { "EEG data set (SIMULATED)" } else { "EEG data set" },
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{ "Name": "Phosphene", "Version": env!("CARGO_PKG_VERSION") }],
    }))
}

pub(super) fn readme(head: &WriteHead) -> String {
    format!(
        "EEG recordings of people looking at pictures, made or converted with Phosphene {}.{}\n\n\
         Each run has its signal (BDF+), channels, events and, where they are known, the places of the \
         electrodes. The events of type 'stimulus' are the onsets of pictures; 'stim_file' names the picture. \
         Pictures of Phosphene's own set are under stimuli/ (Fluent Emoji, Microsoft, MIT licence). \
         The recordings as they were made are under sourcedata/.\n",
        env!("CARGO_PKG_VERSION"),
        simulated(head)
    )
}

pub(super) fn participants_description() -> String {
    text(
        &json!({ "participant_id": { "Description": "Name of the participant, as in the folders" } }),
    )
}

pub(super) fn eeg(head: &WriteHead, found: &Survey, entities: &Entities, facts: &Facts) -> String {
    let stream = &head.stream;
    let reference = facts.reference.clone().or_else(|| {
        let said = stream
            .channels
            .iter()
            .map(|channel| channel.reference.trim())
            .find(|text| !text.is_empty());
        said.map(Into::into)
    });
    let count = |kind: &str| {
        stream.channels.iter().filter(|c| super::tables::kind_of(c, stream) == kind).count()
    };
    let mut json = Map::new();
    let mut add = |name: &str, value: Value| json.insert(name.into(), value);
    add("TaskName", entities.task().into());
    add("TaskDescription", format!("Looking at pictures.{}", simulated(head)).into());
    add("EEGReference", reference.unwrap_or_else(|| "n/a".into()).into());
    add("SamplingFrequency", stream.rate_hz.into());
    add("PowerLineFrequency", facts.mains_hz.map_or_else(|| "n/a".into(), Value::from));
    add("SoftwareFilters", software_filters(head));
    add("RecordingType", if has_gaps(head, found) { "discontinuous" } else { "continuous" }.into());
    add("EEGChannelCount", count(EEG_KIND).into());
    add("EOGChannelCount", count("EOG").into());
    add("ECGChannelCount", count("ECG").into());
    add("EMGChannelCount", count("EMG").into());
    add("MiscChannelCount", count("MISC").into());
    add("TriggerChannelCount", count("TRIG").into());
    for (fact, name) in [("device", "ManufacturersModelName"), ("manufacturer", "Manufacturer")] {
        if let Some((_, said)) = head.facts.iter().find(|(known, _)| known == fact) {
            add(name, said.clone().into());
        }
    }
    text(&Value::Object(json))
}

fn has_gaps(head: &WriteHead, found: &Survey) -> bool {
    let same =
        |s: &&crate::exchange::survey::StreamSurvey| s.channels.len() == head.stream.channels.len();
    found.streams.iter().filter(same).any(|stream| stream.gap_count > 0)
}

/// What the file says of filters, as an object; "n/a" where it says nothing.
fn software_filters(head: &WriteHead) -> Value {
    let said = head
        .stream
        .channels
        .iter()
        .map(|channel| channel.filtering.trim())
        .find(|text| !text.is_empty());
    said.map_or_else(|| "n/a".into(), |said| json!({ "AsRecorded": { "Description": said } }))
}

pub(super) fn events_description() -> String {
    text(&json!({
        "onset": { "Description": "Time since the first sample", "Units": "s" },
        "duration": { "Description": "How long; n/a where the recording does not say", "Units": "s" },
        "trial_type": { "Description": "stimulus: a picture appeared; stimulus_off: it went away; other: anything else" },
        "value": { "Description": "The marker as recorded" },
        "stim_file": { "Description": "The picture that was shown" },
        "concept": { "Description": "What the picture shows" },
        "trial": { "Description": "Number of the picture's onset in this run, from 1" },
    }))
}

pub(super) fn coordinates() -> String {
    text(&json!({
        "EEGCoordinateSystem": "Other",
        "EEGCoordinateUnits": "mm",
        "EEGCoordinateSystemDescription": "x to the right ear, y to the nose, z up, origin between the ears; as the recording gives them",
    }))
}
