//! Publishes any source as two LSL streams: EEG (float32, µV) and Markers (text).
//!
//! Takes what a source gives, frames `[frames, channels]` in µV with times on LSL's clock, and sends each
//! frame with its own time. The streams describe themselves as the XDF conventions for EEG say, and say so
//! when no person made the signal: `desc/simulated` and SIMULATED in the name. Drop inlets of the same
//! process before this.

use lsl::ExPushable;

use crate::formats::recording::ChannelHead;
use crate::signal::{Chunk, Marker};
use crate::source::lsl::ensure_loaded;
use crate::source::{SourceError, SourceInfo};
use crate::time::clock::Clock;

/// Signal that liblsl keeps for a receiver that is slow, in seconds.
const BUFFER_SECS: i32 = 60;

/// The word that a simulated stream carries in its name.
const SIMULATED: &str = "SIMULATED";

/// Two outlets that live as long as this.
pub struct Publisher {
    eeg: lsl::StreamOutlet,
    markers: lsl::StreamOutlet,
    name: String,
    frame_uv: Vec<f32>,
}

impl Publisher {
    /// Makes the streams known: `name` and `name markers`, with SIMULATED added where `info` says so. The
    /// source ids follow from the name, so that a receiver finds the streams again after a restart; two
    /// publishers on one network need two names. What `known` says of a channel of the same label (place,
    /// reference, filters) is published with it.
    ///
    /// # Errors
    /// [`SourceError`] when liblsl cannot be had or refuses the streams.
    pub fn new(info: &SourceInfo, name: &str, known: &[ChannelHead]) -> Result<Self, SourceError> {
        ensure_loaded()?;
        let name = if info.simulated && !name.contains(SIMULATED) {
            format!("{name} {SIMULATED}")
        } else {
            name.to_owned()
        };
        let refused = |why: lsl::Error| SourceError::Unusable {
            what: format!("LSL stream '{name}'"),
            why: format!("liblsl could not publish it: {why}"),
            remedy: "Choose another name and check that a network interface is up".into(),
        };
        let (eeg, markers) = outlets(info, &name, known).map_err(refused)?;
        Ok(Self { eeg, markers, frame_uv: Vec::with_capacity(info.channels.len()), name })
    }

    /// Name of the EEG stream as published.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True when somebody receives the EEG stream.
    pub fn has_receivers(&self) -> bool {
        self.eeg.have_consumers()
    }

    /// Sends a chunk's markers and frames. A chunk of another width is refused.
    ///
    /// # Errors
    /// [`SourceError::Lost`] when liblsl refuses.
    pub fn write(&mut self, chunk: &Chunk) -> Result<(), SourceError> {
        let width = self.frame_uv.capacity();
        if chunk.channels() != width {
            let why = format!("a frame has {} channels instead of {width}", chunk.channels());
            return Err(self.lost(&why));
        }
        let sent = self.send(chunk);
        sent.map_err(|why| self.lost(&why.to_string()))
    }

    fn send(&mut self, chunk: &Chunk) -> Result<(), lsl::Error> {
        for marker in chunk.markers() {
            self.markers.push_sample_ex(&vec![marker.label()], marker.time_secs, true)?;
        }
        for (i, meta) in chunk.frames().iter().enumerate() {
            self.frame_uv.clear();
            self.frame_uv.extend_from_slice(chunk.frame(i));
            // Only the last frame of a chunk is pushed through: one packet for all of them.
            let last = i + 1 == chunk.len();
            self.eeg.push_sample_ex(&self.frame_uv, meta.time_secs, last)?;
        }
        Ok(())
    }

    fn lost(&self, why: &str) -> SourceError {
        SourceError::Lost {
            what: format!("LSL outlet '{}'", self.name),
            why: why.into(),
            remedy: "Start publishing again".into(),
        }
    }
}

/// A stream of markers by itself.
pub struct MarkerOutlet {
    outlet: lsl::StreamOutlet,
    /// What to add to the program's clock to get LSL's; nothing where they are the same.
    shift_secs: f64,
}

impl MarkerOutlet {
    /// Makes the stream known. `clock` is the one that its markers' times are on.
    ///
    /// # Errors
    /// [`SourceError`] when liblsl cannot be had or refuses the stream.
    pub fn open(name: &str, clock: &Clock) -> Result<Self, SourceError> {
        ensure_loaded()?;
        let refused = |why: lsl::Error| SourceError::Unusable {
            what: format!("LSL stream '{name}'"),
            why: format!("liblsl could not publish it: {why}"),
            remedy: "Check that a network interface is up".into(),
        };
        let outlet = marker_outlet(name).map_err(refused)?;
        let shift_secs = lsl::local_clock() - clock.now_secs();
        Ok(Self { outlet, shift_secs })
    }

    /// Sends a marker with its own time. What liblsl refuses is let go of.
    pub fn push(&mut self, marker: &Marker) {
        let stamp_secs = marker.time_secs + self.shift_secs;
        let _ = self.outlet.push_sample_ex(&vec![marker.label()], stamp_secs, true);
    }
}

fn marker_outlet(name: &str) -> Result<lsl::StreamOutlet, lsl::Error> {
    let (text, id) = (lsl::ChannelFormat::String, format!("phosphene/{name}"));
    let mut info = lsl::StreamInfo::new(name, "Markers", 1, lsl::IRREGULAR_RATE, text, &id)?;
    info.desc().append_child_value("manufacturer", "Phosphene");
    lsl::StreamOutlet::new(&info, 0, BUFFER_SECS)
}

fn outlets(
    info: &SourceInfo,
    name: &str,
    known: &[ChannelHead],
) -> Result<(lsl::StreamOutlet, lsl::StreamOutlet), lsl::Error> {
    let channels = u32::try_from(info.channels.len()).map_err(|_| lsl::Error::BadArgument)?;
    let float = lsl::ChannelFormat::Float32;
    let eeg_id = format!("phosphene/{name}/eeg");
    let mut eeg = lsl::StreamInfo::new(name, "EEG", channels, info.rate.hz(), float, &eeg_id)?;
    describe_eeg(&mut eeg, info, known);
    let (marker_name, marker_id) = (format!("{name} markers"), format!("phosphene/{name}/markers"));
    let text = lsl::ChannelFormat::String;
    let rate_hz = lsl::IRREGULAR_RATE;
    let mut markers = lsl::StreamInfo::new(&marker_name, "Markers", 1, rate_hz, text, &marker_id)?;
    markers.desc().append_child_value("manufacturer", "Phosphene");
    Ok((
        lsl::StreamOutlet::new(&eeg, 0, BUFFER_SECS)?,
        lsl::StreamOutlet::new(&markers, 0, BUFFER_SECS)?,
    ))
}

/// The description of the EEG stream.
fn describe_eeg(stream: &mut lsl::StreamInfo, info: &SourceInfo, known: &[ChannelHead]) {
    let mut desc = stream.desc();
    desc.append_child_value("manufacturer", "Phosphene");
    desc.append_child_value("simulated", if info.simulated { "true" } else { "false" });
    let mut channels = desc.append_child("channels");
    // A NUL would end a text early, and the safe layer panics on it.
    let sound = |text: &str| text.replace('\0', "");
    for label in &info.channels {
        let more = known.iter().find(|head| head.label == *label);
        let label = sound(label);
        let mut channel = channels.append_child("channel");
        channel.append_child_value("label", &label);
        channel.append_child_value("unit", "microvolts");
        channel.append_child_value("type", "EEG");
        if let Some(place_mm) = more.and_then(|head| head.location_mm) {
            let mut location = channel.append_child("location");
            for (axis, mm) in ["X", "Y", "Z"].into_iter().zip(place_mm) {
                location.append_child_value(axis, &mm.to_string());
            }
        }
        if let Some(head) = more.filter(|head| !head.filtering.is_empty()) {
            channel.append_child_value("filtering", &sound(&head.filtering));
        }
    }
    if let Some(head) = known.first().filter(|head| !head.reference.is_empty()) {
        let mut reference = desc.append_child("reference");
        reference.append_child_value("label", &sound(&head.reference));
    }
}
