//! The header file: sections of `key=value`.

use std::collections::BTreeMap;

use super::words::FORMAT;
use crate::formats::FormatError;
use crate::formats::recording::ChannelHead;
use crate::units::{MAX_CHANNELS, MAX_RATE_HZ};

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Int16,
    Int32,
    UInt16,
    Float32,
}

impl Binary {
    pub fn bytes(self) -> usize {
        match self {
            Self::Int16 | Self::UInt16 => 2,
            Self::Int32 | Self::Float32 => 4,
        }
    }

    /// The number in so many bytes.
    pub fn number(self, bytes: &[u8]) -> f64 {
        match (self, bytes) {
            (Self::Int16, &[a, b]) => f64::from(i16::from_le_bytes([a, b])),
            (Self::UInt16, &[a, b]) => f64::from(u16::from_le_bytes([a, b])),
            (Self::Int32, &[a, b, c, d]) => f64::from(i32::from_le_bytes([a, b, c, d])),
            (Self::Float32, &[a, b, c, d]) => f64::from(f32::from_le_bytes([a, b, c, d])),
            _ => f64::NAN,
        }
    }
}

/// What a header says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub data_file: String,
    pub marker_file: String,
    pub binary: Binary,
    /// Samples of a channel stand together, not samples of a time.
    pub is_vectorized: bool,
    /// Samples per channel, where the header says so.
    pub points: Option<u64>,
    pub interval_us: f64,
    pub channels: Vec<ChannelHead>,
    /// Unit per step of each channel.
    pub resolutions: Vec<f64>,
    pub warnings: Vec<String>,
    pub simulated: bool,
}

impl Header {
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let sections = sections(text);
        let common = sections
            .get("common infos")
            .ok_or_else(|| unusable("its header has no section [Common Infos]"))?;
        let value = |key: &str| common.get(key).map_or("", String::as_str);
        let format = value("dataformat").to_uppercase();
        if !format.is_empty() && format != "BINARY" {
            return Err(unusable(&format!(
                "DataFormat is '{format}': only BINARY is read; export it as binary"
            )));
        }
        let orientation = value("dataorientation").to_uppercase();
        if !["MULTIPLEXED", "VECTORIZED"].contains(&orientation.as_str()) {
            return Err(unusable(&format!(
                "DataOrientation is '{orientation}' where MULTIPLEXED or VECTORIZED is expected"
            )));
        }
        let infos = sections.get("binary infos");
        let binary =
            infos.and_then(|s| s.get("binaryformat")).map_or("", String::as_str).to_uppercase();
        let binary = match binary.as_str() {
            "INT_16" => Binary::Int16,
            "UINT_16" => Binary::UInt16,
            "INT_32" => Binary::Int32,
            "IEEE_FLOAT_32" => Binary::Float32,
            other => {
                return Err(unusable(&format!(
                    "BinaryFormat is '{other}' where INT_16, INT_32 or IEEE_FLOAT_32 is expected"
                )));
            }
        };
        if infos
            .and_then(|s| s.get("usebigendianorder"))
            .is_some_and(|said| said.eq_ignore_ascii_case("yes"))
        {
            return Err(unusable("UseBigEndianOrder=YES: only little-endian samples are read"));
        }
        let count = value("numberofchannels");
        let Some(count) = count.parse::<usize>().ok().filter(|n| (1..=MAX_CHANNELS).contains(n))
        else {
            return Err(unusable(&format!(
                "NumberOfChannels is '{count}' where 1 to {MAX_CHANNELS} are expected"
            )));
        };
        let interval = value("samplinginterval");
        let Some(interval_us) =
            interval.parse::<f64>().ok().filter(|us| *us >= 1e6 / MAX_RATE_HZ && *us <= 1e9)
        else {
            return Err(unusable(&format!(
                "SamplingInterval is '{interval}' where microseconds are expected"
            )));
        };
        let mut header = Self {
            data_file: value("datafile").into(),
            marker_file: value("markerfile").into(),
            binary,
            is_vectorized: orientation == "VECTORIZED",
            points: value("datapoints").parse().ok(),
            interval_us,
            channels: Vec::with_capacity(count),
            resolutions: Vec::with_capacity(count),
            warnings: Vec::new(),
            simulated: text.contains("SIMULATED"),
        };
        header.take_channels(count, sections.get("channel infos"), sections.get("coordinates"));
        Ok(header)
    }

    fn take_channels(&mut self, count: usize, infos: Option<&Section>, places: Option<&Section>) {
        for number in 1..=count {
            let key = format!("ch{number}");
            let Some(said) = infos.and_then(|infos| infos.get(&key)) else {
                self.warnings.push(format!("Ch{number} is not described: µV are assumed"));
                self.channels.push(ChannelHead {
                    label: format!("Ch{number}"),
                    unit: "µV".into(),
                    ..ChannelHead::default()
                });
                self.resolutions.push(1.0);
                continue;
            };
            let parts: Vec<String> =
                said.split(',').map(|part| part.trim().replace("\\1", ",")).collect();
            let part = |i: usize| parts.get(i).map_or("", String::as_str);
            let resolution = part(2).parse::<f64>().ok().filter(|r| r.is_finite() && *r != 0.0);
            if resolution.is_none() && !part(2).is_empty() {
                self.warnings
                    .push(format!("the resolution of Ch{number} is '{}': 1 is taken", part(2)));
            }
            // Without a unit the format means microvolts.
            let unit = if part(3).is_empty() { "µV" } else { part(3) };
            self.channels.push(ChannelHead {
                label: part(0).into(),
                unit: unit.into(),
                reference: part(1).into(),
                location_mm: places
                    .and_then(|places| places.get(&key))
                    .and_then(|said| location(said)),
                ..ChannelHead::default()
            });
            self.resolutions.push(resolution.unwrap_or(1.0));
        }
    }
}

pub(super) type Section = BTreeMap<String, String>;

/// Sections by their names, keys in lower case. Comments begin with `;`; the section [Comment] is free text.
pub(super) fn sections(text: &str) -> BTreeMap<String, Section> {
    let mut sections: BTreeMap<String, Section> = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name = title.trim().to_lowercase();
            continue;
        }
        if name == "comment" || line.starts_with(';') {
            continue;
        }
        if let Some((key, value)) = line.split_once('=') {
            let section = sections.entry(name.clone()).or_default();
            section.entry(key.trim().to_lowercase()).or_insert_with(|| value.trim().into());
        }
    }
    sections
}

/// Radius, theta (from the vertex, negative to the left) and phi in degrees, on a head of 85 mm: right, front, up.
fn location(said: &str) -> Option<[f64; 3]> {
    const HEAD_MM: f64 = 85.0;
    let mut numbers =
        said.split(',').map(|part| part.trim().parse::<f64>().ok().filter(|n| n.is_finite()));
    let (radius, theta, phi) =
        (numbers.next()??, numbers.next()??.to_radians(), numbers.next()??.to_radians());
    (radius > 0.0).then(|| {
        [theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()]
            .map(|x| x * radius * HEAD_MM)
    })
}

fn unusable(why: &str) -> FormatError {
    FormatError::Unusable { format: FORMAT, why: why.into() }
}
