//! Which signals belong together, and where they are in a record.
//!
//! Takes a header; gives the channels of each rate with their scales, what else they say (triggers, counts), and the places of
//! annotations. Sizes are checked against [`MAX_RECORD_BYTES`].

use super::header::{Header, Signal};
use super::{Kind, emotiv};
use crate::formats::recording::{ChannelHead, StreamHead};
use crate::units::MAX_RATE_HZ;

/// Longest record accepted, in bytes. The standard recommends 61 440; a whole hour in one record fits.
pub(super) const MAX_RECORD_BYTES: u64 = 256 << 20;

/// Types that may stand before a label, as in `EEG Fp1`.
const KINDS: [&str; 8] = ["EEG", "EOG", "ECG", "EMG", "MEG", "ERG", "NC", "MISC"];

/// How the values of a channel are codes of events.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trigger {
    /// BioSemi: the lower 16 bits of the sample.
    LowBits,
    /// Emotiv: the value.
    Value,
}

impl Trigger {
    /// The code of a value with that place's scale; zero is none.
    pub fn code(self, value: f64, place: &Place) -> i64 {
        match self {
            Self::LowBits => (value / place.gain - place.offset).round() as i64 & 0xffff,
            Self::Value => value.round() as i64,
        }
    }
}

/// A signal's place in a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// First byte.
    pub from: usize,
    pub gain: f64,
    pub offset: f64,
}

/// Channels of one rate.
#[derive(Debug)]
pub(super) struct Group {
    pub samples: usize,
    pub places: Vec<Place>,
    /// Places in `places` of the channels whose changes are events; of several the first that is not zero counts.
    pub triggers: Vec<(usize, Trigger)>,
    /// Place in `places` of Emotiv's count of samples.
    pub counter: Option<usize>,
}

impl Group {
    /// The code that its trigger channels bear in a row of values; zero is none.
    pub fn code(&self, row: &[f64]) -> i64 {
        let codes = self
            .triggers
            .iter()
            .map(|(channel, trigger)| trigger.code(row[*channel], &self.places[*channel]));
        codes.into_iter().find(|code| *code != 0).unwrap_or(0)
    }
}

/// Whether samples of the signal have a time at all.
pub(super) fn has_rate(header: &Header, signal: &Signal) -> bool {
    header.record_secs > 0.0 && signal.samples as f64 / header.record_secs <= MAX_RATE_HZ
}

/// Where everything is in a record.
pub(super) struct Layout {
    pub bytes: u64,
    pub groups: Vec<Group>,
    pub streams: Vec<StreamHead>,
    pub annotations: Vec<std::ops::Range<usize>>,
}

impl Layout {
    pub fn of(header: &Header) -> Self {
        let mut layout =
            Self { bytes: 0, groups: Vec::new(), streams: Vec::new(), annotations: Vec::new() };
        let width = header.kind.sample_bytes() as u64;
        for signal in &header.signals {
            let from = layout.bytes;
            layout.bytes = layout.bytes.saturating_add(signal.samples as u64 * width);
            if layout.bytes > MAX_RECORD_BYTES {
                break;
            }
            if signal.is_annotation {
                layout.annotations.push(from as usize..layout.bytes as usize);
            } else if signal.samples > 0 && has_rate(header, signal) {
                layout.add(header, signal, from as usize);
            }
        }
        layout
    }

    fn add(&mut self, header: &Header, signal: &Signal, from: usize) {
        let place = Place { from, gain: signal.gain, offset: signal.offset };
        let at =
            self.groups.iter().position(|group| group.samples == signal.samples).unwrap_or_else(
                || {
                    self.groups.push(Group {
                        samples: signal.samples,
                        places: Vec::new(),
                        triggers: Vec::new(),
                        counter: None,
                    });
                    let rate_hz = signal.samples as f64 / header.record_secs;
                    self.streams.push(StreamHead { rate_hz, ..StreamHead::default() });
                    self.groups.len() - 1
                },
            );
        let channel = channel(header, signal);
        let group = &mut self.groups[at];
        let here = group.places.len();
        match (channel.kind.as_str(), header.is_emotiv) {
            ("TRIG", true) => group.triggers.push((here, Trigger::Value)),
            ("TRIG", false) => group.triggers.push((here, Trigger::LowBits)),
            (_, true) if channel.label == emotiv::COUNTER => group.counter = Some(here),
            _ => {}
        }
        group.places.push(place);
        self.streams[at].channels.push(channel);
    }
}

fn channel(header: &Header, signal: &Signal) -> ChannelHead {
    let (prefix, rest) = signal.label.split_once(' ').unwrap_or(("", &signal.label));
    let (of_kind, label) =
        if KINDS.contains(&prefix) { (prefix, rest.trim()) } else { ("", signal.label.as_str()) };
    let of_kind = match (header.kind, header.is_emotiv) {
        (_, true) => emotiv::kind_of(&signal.label),
        (Kind::Bdf, _) if signal.label == "Status" => "TRIG",
        _ => of_kind,
    };
    ChannelHead {
        label: label.into(),
        unit: signal.unit.clone(),
        kind: of_kind.into(),
        filtering: signal.filtering.clone(),
        ..ChannelHead::default()
    }
}
