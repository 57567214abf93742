//! What a file says of one channel.
//!
//! Takes the record of a channel (96 bytes) and the tags that correct it; gives its head, and what one step of
//! its samples is worth.

use super::tags;
use super::words::{ON_THE_HEAD, STIM_CHANNEL, channel_kind, tag as kinds, unit};
use crate::formats::recording::ChannelHead;

/// Bytes of a record.
pub(super) const RECORD_BYTES: usize = 96;

const MM_PER_M: f64 = 1e3;

/// A channel as the file describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Channel {
    /// The name in the record, which has room for 15 characters.
    pub short_name: String,
    pub name: String,
    kind: i32,
    range: f64,
    calibration: f64,
    /// Position in metres.
    place: [f64; 3],
    unit: i32,
    unit_power: i32,
}

impl Channel {
    /// `None` when the record is too short.
    pub fn parse(record: &[u8]) -> Option<Self> {
        let bytes = |at: usize| record.get(at..at + 4)?.try_into().ok();
        let int = |at| Some(i32::from_be_bytes(bytes(at)?));
        let float = |at| Some(f64::from(f32::from_be_bytes(bytes(at)?)));
        let name = tags::text(record.get(80..RECORD_BYTES)?).trim().to_owned();
        Some(Self {
            short_name: name.clone(),
            name,
            kind: int(8)?,
            range: float(12)?,
            calibration: float(16)?,
            place: [float(24)?, float(28)?, float(32)?],
            unit: int(72)?,
            unit_power: int(76)?,
        })
    }

    /// Takes a tag that stands for one field of the record.
    pub fn correct(&mut self, kind: i32, numbers: &[f64], text: &str) {
        let first = numbers.first().copied();
        let int = |before: i32| first.map_or(before, |number| number as i32);
        match kind {
            kinds::CH_KIND => self.kind = int(self.kind),
            kinds::CH_RANGE => self.range = first.unwrap_or(self.range),
            kinds::CH_CAL => self.calibration = first.unwrap_or(self.calibration),
            kinds::CH_UNIT => self.unit = int(self.unit),
            kinds::CH_UNIT_MUL => self.unit_power = int(self.unit_power),
            kinds::CH_DACQ_NAME if !text.trim().is_empty() => self.name = text.trim().to_owned(),
            kinds::CH_LOC => {
                if let &[x, y, z, ..] = numbers {
                    self.place = [x, y, z];
                }
            }
            _ => {}
        }
    }

    pub fn is_stim(&self) -> bool {
        self.kind == STIM_CHANNEL
    }

    /// What one step of a sample is in the channel's unit.
    pub fn scale(&self) -> f64 {
        self.range * self.calibration
    }

    /// Whether the unit has a power of ten, which not every program minds.
    pub fn has_power(&self) -> bool {
        self.unit_power != 0 && !self.unit().is_empty()
    }

    /// Codes of events have no unit, although files give them volts.
    fn unit(&self) -> String {
        if self.is_stim() { String::new() } else { unit(self.unit, self.unit_power) }
    }

    /// The place is known of electrodes, in the coordinates of the head: those that were not measured are not
    /// numbers, or all zero.
    fn location_mm(&self) -> Option<[f64; 3]> {
        let known = self.place.iter().all(|metres| metres.is_finite())
            && self.place.iter().any(|metres| *metres != 0.0);
        (known && ON_THE_HEAD.contains(&self.kind)).then(|| self.place.map(|m| m * MM_PER_M))
    }

    /// `filtering` is that of the whole recording; codes of events are not filtered.
    pub fn head(&self, filtering: &str) -> ChannelHead {
        ChannelHead {
            label: self.name.clone(),
            unit: self.unit(),
            kind: channel_kind(self.kind).into(),
            filtering: if self.is_stim() { String::new() } else { filtering.into() },
            location_mm: self.location_mm(),
            ..ChannelHead::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: i32, name: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; RECORD_BYTES];
        bytes[8..12].copy_from_slice(&kind.to_be_bytes());
        bytes[12..16].copy_from_slice(&2_f32.to_be_bytes());
        bytes[16..20].copy_from_slice(&0.5e-6_f32.to_be_bytes());
        bytes[28..32].copy_from_slice(&0.085_f32.to_be_bytes());
        bytes[72..76].copy_from_slice(&107_i32.to_be_bytes());
        bytes[80..80 + name.len()].copy_from_slice(name);
        bytes
    }

    #[test]
    fn a_record_is_read_and_corrected() {
        let mut channel = Channel::parse(&record(2, b"a name cut at 1")).unwrap();
        assert!((channel.scale() - 1e-6).abs() < 1e-12);
        let head = channel.head("HP:0.1Hz");
        assert_eq!((head.unit.as_str(), head.kind.as_str()), ("V", "EEG"));
        assert_eq!(head.filtering, "HP:0.1Hz");
        assert!((head.location_mm.unwrap()[1] - 85.0).abs() < 1e-4);
        channel.correct(kinds::CH_DACQ_NAME, &[], "a name cut at 15 characters");
        channel.correct(kinds::CH_KIND, &[502.0], "");
        channel.correct(kinds::CH_LOC, &[1.0], "");
        let head = channel.head("");
        assert_eq!(head.label, "a name cut at 15 characters");
        assert_eq!((head.kind.as_str(), head.location_mm), ("MISC", None));
        assert_eq!(Channel::parse(&[0; 95]), None);
    }

    #[test]
    fn a_name_of_sixteen_bytes_has_no_end() {
        let channel = Channel::parse(&record(3, b"sixteen letters!")).unwrap();
        assert_eq!(channel.name, "sixteen letters!");
        assert_eq!(
            channel.head("HP:1Hz"),
            ChannelHead {
                label: "sixteen letters!".into(),
                kind: "TRIG".into(),
                ..ChannelHead::default()
            }
        );
    }
}
