//! The streams of a recording and how pending data goes into them; see [`crate::formats::own`].

use std::io::Write;

use crate::formats::own;
use crate::formats::xdf::{
    ChannelDescription, ChannelFormat, FileDescription, StreamDescription, StreamId, XdfWriteError,
    XdfWriter,
};
use crate::signal::Marker;
use crate::signal::montage::Said;
use crate::source::SourceInfo;

/// Frames and markers that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub stamps: Vec<f64>,
    /// `[stamps, channels]`, µV.
    pub values: Vec<f32>,
    pub markers: Vec<Marker>,
    pub breaks: Vec<(f64, [i64; 3])>,
}

/// The streams of a recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams {
    pub eeg: StreamId,
    pub markers: StreamId,
    pub continuity: StreamId,
    pub decodes: StreamId,
}

/// Writes the headers.
pub(super) fn begin<W: Write>(
    out: W,
    info: &SourceInfo,
    started_utc: &str,
    now_secs: f64,
) -> Result<(XdfWriter<W>, Streams), XdfWriteError> {
    let file = FileDescription { datetime_utc: started_utc.into(), simulated: info.simulated };
    let mut writer = XdfWriter::new(out, &file)?;
    let streams = Streams {
        eeg: writer.add_stream(&eeg(info))?,
        markers: writer.add_stream(&markers(info))?,
        continuity: writer.add_stream(&continuity(info))?,
        decodes: writer.add_stream(&beside(info, own::DECODES_KIND, "decodes"))?,
    };
    boundary(&mut writer, &streams, now_secs)?;
    Ok((writer, streams))
}

/// Writes a place to resume reading, and that all streams are on the recorder's own clock.
pub(super) fn boundary<W: Write>(
    writer: &mut XdfWriter<W>,
    streams: &Streams,
    now_secs: f64,
) -> Result<(), XdfWriteError> {
    for id in [streams.eeg, streams.markers, streams.continuity, streams.decodes] {
        writer.clock_offset(id, now_secs, 0.0)?;
    }
    writer.boundary()
}

/// Writes pending data, one chunk per stream. Breaks go first: a cut between the two must not make
/// frames look like neighbours that were not.
pub(super) fn write<W: Write>(
    writer: &mut XdfWriter<W>,
    streams: &Streams,
    pending: &Pending,
) -> Result<(), XdfWriteError> {
    let stamps: Vec<f64> = pending.breaks.iter().map(|(stamp, _)| *stamp).collect();
    let entries: Vec<i64> = pending.breaks.iter().flat_map(|(_, entry)| *entry).collect();
    writer.samples(streams.continuity, &stamps, &entries)?;
    writer.samples(streams.eeg, &pending.stamps, &pending.values)?;
    let stamps: Vec<f64> = pending.markers.iter().map(|marker| marker.time_secs).collect();
    let labels: Vec<&str> = pending.markers.iter().map(|marker| marker.label()).collect();
    writer.texts(streams.markers, &stamps, &labels)
}

/// The stream of frames.
pub(super) fn eeg(info: &SourceInfo) -> StreamDescription {
    let channel = |label: &String| ChannelDescription {
        label: label.clone(),
        unit: "microvolts".into(),
        kind: own::EEG_KIND.into(),
        ..ChannelDescription::default()
    };
    let mut facts = vec![
        ("source_name", info.name.clone()),
        ("source_kind", format!("{:?}", info.kind).to_lowercase()),
        ("source_unit", info.source_unit.clone()),
        ("processing", "none: the values are as the source gave them".into()),
    ];
    facts.extend(info.snr_db.map(|snr_db| ("snr_db", snr_db.to_string())));
    if let Some(mounted) = info.mounted.as_ref().filter(|mounted| mounted.said != Said::ByLabel) {
        facts.push(("electrodes", mounted.words()));
        facts.push(("device_channels", mounted.pairs()));
    }
    facts.extend(info.notes.iter().map(|note| ("note", note.clone())));
    StreamDescription {
        name: info.name.clone(),
        kind: own::EEG_KIND.into(),
        rate_hz: info.rate.hz(),
        format: ChannelFormat::Float32,
        channels: info.channels.iter().map(channel).collect(),
        // Gaps are gaps: without this, readers would draw one line through all stamps.
        can_drop_samples: true,
        facts,
        ..beside(info, own::EEG_KIND, "eeg")
    }
}

/// The stream of markers.
pub(super) fn markers(info: &SourceInfo) -> StreamDescription {
    beside(info, own::MARKERS_KIND, "markers")
}

/// The stream of breaks.
pub(super) fn continuity(info: &SourceInfo) -> StreamDescription {
    StreamDescription {
        format: ChannelFormat::Int64,
        channels: own::CONTINUITY_CHANNELS.map(plain_channel).into(),
        ..beside(info, own::CONTINUITY_KIND, "continuity")
    }
}

/// A stream of text that accompanies the signal.
fn beside(info: &SourceInfo, kind: &str, suffix: &str) -> StreamDescription {
    StreamDescription {
        name: format!("Phosphene {suffix}"),
        kind: kind.into(),
        source_id: format!("phosphene-{}-{suffix}", info.name),
        channels: vec![plain_channel(suffix)],
        simulated: info.simulated,
        own_stamps: true,
        ..StreamDescription::default()
    }
}

fn plain_channel(label: &str) -> ChannelDescription {
    ChannelDescription { label: label.into(), ..ChannelDescription::default() }
}
