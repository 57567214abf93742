//! Every stream of a recording into an XDF file; events of formats without streams become a stream of markers.

use std::fs::OpenOptions;
use std::path::Path;

use super::choose::Converted;
use crate::formats::recording::{Block, ChannelHead, Event, Head, ReadRecording, StreamHead};
use crate::formats::xdf::{
    ChannelDescription, ChannelFormat, FileDescription, ReferenceDescription, StreamDescription,
    StreamId, XdfWriteError, XdfWriter,
};
use crate::formats::{FormatError, own};

/// Samples between two boundaries: about every ten seconds of a usual recording.
const BOUNDARY_SAMPLES: u64 = 4096;

/// Writes `path`, which must not exist.
pub(super) fn write(
    reader: &mut dyn ReadRecording,
    path: &Path,
    mut on_progress: impl FnMut(f64),
) -> Result<Converted, FormatError> {
    reader.rewind()?;
    let io =
        |action: &'static str| move |source| FormatError::Io { action, source, path: path.into() };
    let failed = |why: XdfWriteError| match why {
        XdfWriteError::Io(source) => io("writing")(source),
        XdfWriteError::Shape { .. } => {
            FormatError::Unusable { format: "XDF", why: why.to_string() }
        }
    };
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(io("making the file"))?;
    let head = reader.head().clone();
    let started = head.started.map(|time| time.iso8601()).unwrap_or_default();
    let about = FileDescription { datetime_utc: started, simulated: head.simulated };
    let mut writer = XdfWriter::new(file, &about).map_err(failed)?;
    let mut streams = Vec::with_capacity(head.streams.len());
    for stream in &head.streams {
        streams.push(writer.add_stream(&description(&head, stream)).map_err(failed)?);
    }
    let mut copy =
        Copy { streams, annotations: None, done: Converted::default(), since_boundary: 0 };
    let mut block = Block::default();
    while reader.next_block(&mut block)? {
        on_progress(reader.progress());
        copy.block(&mut writer, &head, &block).map_err(failed)?;
    }
    copy.events(&mut writer, &head, &block.events).map_err(failed)?;
    let file = writer.finish().map_err(failed)?;
    file.sync_all().map_err(io("synchronising with the disk"))?;
    Ok(copy.done)
}

struct Copy {
    streams: Vec<StreamId>,
    annotations: Option<StreamId>,
    done: Converted,
    since_boundary: u64,
}

impl Copy {
    fn block(
        &mut self,
        writer: &mut XdfWriter<std::fs::File>,
        head: &Head,
        block: &Block,
    ) -> Result<(), XdfWriteError> {
        if let (Some(stream), Some(id)) =
            (head.streams.get(block.stream), self.streams.get(block.stream))
        {
            if stream.is_text {
                writer.texts(*id, &block.times_secs, &block.texts)?;
            } else {
                writer.samples(*id, &block.times_secs, &block.values)?;
            }
            self.done.samples += block.times_secs.len() as u64;
            self.since_boundary += block.times_secs.len() as u64;
        }
        self.events(writer, head, &block.events)?;
        if self.since_boundary >= BOUNDARY_SAMPLES {
            self.since_boundary = 0;
            writer.boundary()?;
        }
        Ok(())
    }

    /// Annotations go into a stream of markers of their own, made with the first of them.
    fn events(
        &mut self,
        writer: &mut XdfWriter<std::fs::File>,
        head: &Head,
        events: &[Event],
    ) -> Result<(), XdfWriteError> {
        if events.is_empty() {
            return Ok(());
        }
        let id = match self.annotations {
            Some(id) => id,
            None => {
                let markers = StreamDescription {
                    name: "annotations".into(),
                    kind: own::MARKERS_KIND.into(),
                    channels: vec![ChannelDescription::default()],
                    simulated: head.simulated,
                    ..StreamDescription::default()
                };
                *self.annotations.insert(writer.add_stream(&markers)?)
            }
        };
        let times: Vec<f64> = events.iter().map(|event| event.time_secs).collect();
        let labels: Vec<&str> = events.iter().map(|event| event.label.as_str()).collect();
        self.done.events += events.len() as u64;
        writer.texts(id, &times, &labels)
    }
}

/// Numbers are written as double64, which holds every format's values exactly.
fn description(head: &Head, stream: &StreamHead) -> StreamDescription {
    let fallback = if head.streams.len() == 1 { "signal" } else { "" };
    StreamDescription {
        name: if stream.name.is_empty() { fallback.into() } else { stream.name.clone() },
        kind: if stream.kind.is_empty() { own::EEG_KIND.into() } else { stream.kind.clone() },
        rate_hz: stream.rate_hz,
        format: if stream.is_text { ChannelFormat::String } else { ChannelFormat::Double64 },
        channels: stream.channels.iter().map(channel).collect(),
        // Times are as the source had them: readers must not draw lines through gaps.
        can_drop_samples: true,
        simulated: head.simulated,
        reference: reference(stream),
        facts: facts(head, stream),
        ..StreamDescription::default()
    }
}

/// Where it comes from, and what was known of its clock: the times are already on the recorder's.
fn facts(head: &Head, stream: &StreamHead) -> Vec<(&'static str, String)> {
    let mut facts = vec![("converted_from", head.format.to_owned())];
    if stream.clock_offsets > 0 {
        facts.push(("clock_offsets_applied", stream.clock_offsets.to_string()));
        facts.push(("clock_resets", stream.clock_resets.to_string()));
        facts.push(("clock_drift_ppm", stream.clock_drift_ppm.to_string()));
        facts.push(("clock_error_secs", stream.clock_error_secs.to_string()));
    }
    facts
}

/// What every channel refers to; nothing where they differ or do not say.
fn reference(stream: &StreamHead) -> Option<ReferenceDescription> {
    let words = &stream.channels.first()?.reference;
    let shared = stream.channels.iter().all(|channel| channel.reference == *words);
    (shared && !words.is_empty()).then(|| {
        let common_average = words == "common average";
        let labels = if common_average {
            Vec::new()
        } else {
            words.split_whitespace().map(Into::into).collect()
        };
        ReferenceDescription { labels, common_average, ..ReferenceDescription::default() }
    })
}

fn channel(channel: &ChannelHead) -> ChannelDescription {
    ChannelDescription {
        label: channel.label.clone(),
        unit: if channel.microvolts() == Some(1.0) {
            "microvolts".into()
        } else {
            channel.unit.clone()
        },
        kind: channel.kind.clone(),
        location_mm: channel.location_mm,
        filtering: channel.filtering.clone(),
        ..ChannelDescription::default()
    }
}
