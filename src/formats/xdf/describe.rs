//! What is written about a file and its streams, as XML that LSL's own tools understand.
//!
//! Takes plain descriptions; gives the text of headers, with everything that XML 1.0 does not allow
//! escaped or replaced. Names of elements: github.com/sccn/xdf/wiki/EEG-Meta-Data. What Phosphene alone
//! needs stands under `desc/phosphene`, where other readers ignore it.

use std::fmt::Write;

use super::header::ChannelFormat;

/// What is written about the file.
#[derive(Clone, Debug, Default)]
pub struct FileDescription {
    /// When recording began, ISO 8601 in UTC.
    pub datetime_utc: String,
    /// True when no part of the signal comes from a person.
    pub simulated: bool,
}

/// What is written about one channel; empty parts are left out.
#[derive(Clone, Debug, Default)]
pub struct ChannelDescription {
    /// Label, 10-05 name where there is one.
    pub label: String,
    /// Unit, as `microvolts`.
    pub unit: String,
    /// Type, as `EEG`.
    pub kind: String,
    /// Position in millimetres: right, front, up.
    pub location_mm: Option<[f64; 3]>,
    /// Filters in words, where no more is known than another file's text.
    pub filtering: String,
    /// Filters that the values have gone through.
    pub filters: Vec<FilterDescription>,
}

/// A filter that the values have gone through.
#[derive(Clone, Debug, Default)]
pub struct FilterDescription {
    /// `highpass`, `lowpass` or `notch`; the element's name, so letters only.
    pub kind: &'static str,
    /// Design, as `Butterworth`.
    pub design: String,
    /// Lower edge in Hz.
    pub lower_hz: Option<f64>,
    /// Upper edge in Hz.
    pub upper_hz: Option<f64>,
    /// As `<order>` has it.
    pub order: u32,
}

/// The reference of the channels.
#[derive(Clone, Debug, Default)]
pub struct ReferenceDescription {
    /// Electrodes.
    pub labels: Vec<String>,
    /// True when it has been subtracted in software.
    pub subtracted: bool,
    /// True when it is the mean of all channels.
    pub common_average: bool,
}

/// What is written about a stream.
#[derive(Clone, Debug)]
pub struct StreamDescription {
    /// Name, written as `<name>`.
    pub name: String,
    /// Type, as `EEG` or `Markers`.
    pub kind: String,
    /// Identity of the device.
    pub source_id: String,
    /// Nominal rate in Hz; zero for an irregular stream.
    pub rate_hz: f64,
    /// How values are stored.
    pub format: ChannelFormat,
    /// One for each value of a sample, in this order.
    pub channels: Vec<ChannelDescription>,
    /// The reference, where it is known.
    pub reference: Option<ReferenceDescription>,
    /// True when samples may be missing: readers must not smooth the stamps.
    pub can_drop_samples: bool,
    /// True when the signal does not come from a person.
    pub simulated: bool,
    /// True when the stamps are those of Phosphene's clock, to be replayed as they are.
    pub own_stamps: bool,
    /// Further facts for `desc/phosphene`: element name (letters and underscores) and text.
    pub facts: Vec<(&'static str, String)>,
}

impl Default for StreamDescription {
    /// An irregular stream of text without channels, real, from elsewhere.
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: String::new(),
            source_id: String::new(),
            rate_hz: 0.0,
            format: ChannelFormat::String,
            channels: Vec::new(),
            reference: None,
            can_drop_samples: false,
            simulated: false,
            own_stamps: false,
            facts: Vec::new(),
        }
    }
}

const DECLARATION: &str = "<?xml version=\"1.0\"?>";

/// The XML of the file header.
pub(super) fn file_xml(file: &FileDescription) -> String {
    let mut xml = Xml::new();
    xml.within("info", |xml| {
        xml.leaf("version", "1.0");
        xml.leaf("datetime", &file.datetime_utc);
        xml.within("phosphene", |xml| {
            xml.leaf("phosphene_version", env!("CARGO_PKG_VERSION"));
            xml.leaf("simulated", flag(file.simulated));
        });
    });
    xml.0
}

/// The XML of a stream header. The rate is written with as many digits as it takes to read it back
/// exactly: deduced stamps depend on every bit of it.
pub(super) fn stream_xml(stream: &StreamDescription) -> String {
    let mut xml = Xml::new();
    xml.within("info", |xml| {
        xml.leaf("name", &stream.name);
        xml.leaf("type", &stream.kind);
        xml.leaf("channel_count", &stream.channels.len().to_string());
        xml.leaf("nominal_srate", &stream.rate_hz.to_string());
        xml.leaf("channel_format", stream.format.name());
        xml.leaf("source_id", &stream.source_id);
        xml.leaf("version", "1.10");
        xml.within("desc", |xml| desc(xml, stream));
    });
    xml.0
}

fn desc(xml: &mut Xml, stream: &StreamDescription) {
    xml.within("channels", |xml| {
        for each in &stream.channels {
            xml.within("channel", |xml| channel(xml, each));
        }
    });
    if let Some(reference) = &stream.reference {
        xml.within("reference", |xml| {
            for label in &reference.labels {
                xml.leaf("label", label);
            }
            xml.leaf("subtracted", if reference.subtracted { "Yes" } else { "No" });
            xml.leaf("common_average", if reference.common_average { "Yes" } else { "No" });
        });
    }
    xml.within("synchronization", |xml| {
        xml.leaf("can_drop_samples", flag(stream.can_drop_samples));
    });
    xml.within("phosphene", |xml| {
        xml.leaf("simulated", flag(stream.simulated));
        xml.leaf("stamps", if stream.own_stamps { "program" } else { "source" });
        for (tag, text) in &stream.facts {
            xml.leaf(tag, text);
        }
    });
}

fn channel(xml: &mut Xml, channel: &ChannelDescription) {
    for (tag, text) in [("label", &channel.label), ("unit", &channel.unit), ("type", &channel.kind)]
    {
        if !text.is_empty() {
            xml.leaf(tag, text);
        }
    }
    if let Some(at) = channel.location_mm {
        xml.within("location", |xml| {
            for (tag, mm) in ["X", "Y", "Z"].into_iter().zip(at) {
                xml.leaf(tag, &mm.to_string());
            }
        });
    }
    if !channel.filtering.is_empty() {
        xml.leaf("filtering", &channel.filtering);
    }
    if channel.filters.is_empty() {
        return;
    }
    xml.within("filtering", |xml| {
        for filter in &channel.filters {
            xml.within(filter.kind, |xml| describe_filter(xml, filter));
        }
    });
}

fn describe_filter(xml: &mut Xml, filter: &FilterDescription) {
    xml.leaf("design", &filter.design);
    for (tag, edge) in [("lower", filter.lower_hz), ("upper", filter.upper_hz)] {
        if let Some(hz) = edge {
            xml.leaf(tag, &hz.to_string());
        }
    }
    xml.leaf("order", &filter.order.to_string());
}

fn flag(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// XML being written.
pub(super) struct Xml(pub(super) String);

impl Xml {
    /// A document with its declaration.
    pub fn new() -> Self {
        Self(DECLARATION.into())
    }

    /// An element with elements inside.
    pub fn within(&mut self, tag: &str, inside: impl FnOnce(&mut Self)) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "<{tag}>");
        inside(self);
        let _ = write!(self.0, "</{tag}>");
    }

    /// An element with text inside.
    pub fn leaf(&mut self, tag: &str, text: &str) {
        self.within(tag, |xml| text.chars().for_each(|c| xml.push_escaped(c)));
    }

    fn push_escaped(&mut self, c: char) {
        match c {
            '&' => self.0.push_str("&amp;"),
            '<' => self.0.push_str("&lt;"),
            '>' => self.0.push_str("&gt;"),
            '"' => self.0.push_str("&quot;"),
            '\'' => self.0.push_str("&apos;"),
            '\t' | '\n' => self.0.push(c),
            // Not allowed in XML 1.0, not even escaped.
            '\u{FFFE}' | '\u{FFFF}' => self.0.push('\u{FFFD}'),
            c if c.is_control() && (c as u32) < 0x20 => self.0.push('\u{FFFD}'),
            c => self.0.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::header::StreamHeader;
    use super::*;

    #[test]
    fn any_name_reads_back_and_forbidden_characters_are_replaced() {
        let description = StreamDescription {
            name: "A<&>\"'\u{1}µ".into(),
            rate_hz: 1000.0 / 3.0,
            channels: vec![ChannelDescription { label: "O1".into(), ..Default::default() }],
            simulated: true,
            ..Default::default()
        };
        let (header, repaired) = StreamHeader::parse(stream_xml(&description).as_bytes()).unwrap();
        assert_eq!(repaired, None);
        assert_eq!(header.name, "A<&>\"'\u{FFFD}µ");
        assert_eq!(header.nominal_rate_hz.to_bits(), description.rate_hz.to_bits());
        assert!(header.simulated && !header.own_stamps);
    }
}
