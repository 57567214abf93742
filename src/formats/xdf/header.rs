//! The XML of file headers, stream headers and footers.
//!
//! Takes bytes that should be XML; gives what the program needs of them. Bytes that are not UTF-8 are
//! replaced, and XML that is cut or not well formed is searched for the few elements without which a
//! stream cannot be read: damaged metadata costs labels and units, never the samples.
//! Names of elements: github.com/sccn/xdf/wiki/EEG-Meta-Data.

use roxmltree::{Document, Node, ParsingOptions};

use crate::units::{MAX_CHANNELS, MAX_RATE_HZ};

/// Most XML nodes accepted in one header: [`MAX_CHANNELS`] channels with two hundred elements each.
const MAX_NODES: u32 = 200_000;

/// How the values of a stream are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelFormat {
    /// Signed, 1 byte.
    Int8,
    /// Signed, 2 bytes.
    Int16,
    /// Signed, 4 bytes.
    Int32,
    /// Signed, 8 bytes.
    Int64,
    /// IEEE single.
    Float32,
    /// IEEE double.
    Double64,
    /// Text.
    String,
}

impl ChannelFormat {
    /// Every format.
    pub const ALL: [Self; 7] = [
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Float32,
        Self::Double64,
        Self::String,
    ];

    /// The name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float32 => "float32",
            Self::Double64 => "double64",
            Self::String => "string",
        }
    }

    /// Bytes per value; for text the least that one takes (a length of zero in two bytes).
    pub fn min_bytes(self) -> usize {
        match self {
            Self::Int8 => 1,
            Self::Int16 | Self::String => 2,
            Self::Int32 | Self::Float32 => 4,
            Self::Int64 | Self::Double64 => 8,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// What a header says of one channel; empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChannelInfo {
    /// Label, as `Oz`.
    pub label: String,
    /// Unit as written.
    pub unit: String,
    /// Type, as `EEG`.
    pub kind: String,
    /// Position in millimetres: right, front, up.
    pub location_mm: Option<[f64; 3]>,
    /// Filters in words, as `highpass: lower 0.5, order 2`.
    pub filtering: String,
}

/// What the header of a stream says.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamHeader {
    /// As `<name>` has it.
    pub name: String,
    /// Type, as `EEG` or `Markers`.
    pub kind: String,
    /// Identity of the device.
    pub source_id: String,
    /// Computer that sent it.
    pub hostname: String,
    /// Values per sample, at most [`MAX_CHANNELS`].
    pub channel_count: usize,
    /// Nominal rate in Hz; zero for an irregular stream.
    pub nominal_rate_hz: f64,
    /// How values are stored.
    pub format: ChannelFormat,
    /// Metadata of the channels: none, or one for each channel that the header describes.
    pub channels: Vec<ChannelInfo>,
    /// Electrodes that the signal refers to, as `A1 A2`, or `common average`.
    pub reference: String,
    /// True when the stream says that samples may be missing, so that its stamps must not be smoothed.
    pub can_drop_samples: bool,
    /// True when the stream says that its signal does not come from a person.
    pub simulated: bool,
    /// How strongly a simulated wearer answers to pictures, in dB, where the stream says.
    pub snr_db: Option<f64>,
    /// True when Phosphene wrote it with the stamps of its own clock, to be replayed as they are.
    pub own_stamps: bool,
    /// The header as it stands in the file.
    pub xml: String,
}

/// What the header of the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileHeader {
    /// When recording began, as written.
    pub datetime: String,
    /// The version of Phosphene that wrote it; empty for other recorders.
    pub phosphene_version: String,
    /// The header as it stands in the file.
    pub xml: String,
}

/// What the footer of a stream says. It may be wrong: LabRecorder's is off by one at times.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Footer {
    /// Samples written.
    pub sample_count: Option<u64>,
    /// First stamp.
    pub first_secs: Option<f64>,
    /// Last stamp.
    pub last_secs: Option<f64>,
}

impl StreamHeader {
    /// Reads a header. The text of the error says what is missing; the warning, what was repaired.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, Option<String>), String> {
        let xml = decode(bytes);
        let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
        match Document::parse_with_options(&xml, options) {
            Ok(document) => Ok((from_document(document.root_element(), &xml)?, None)),
            Err(why) => {
                let warning =
                    format!("its description is not sound XML ({why}): labels and units are lost");
                Ok((from_fragments(&xml)?, Some(warning)))
            }
        }
    }

    /// Time between two samples, in seconds; zero for an irregular stream.
    pub fn period_secs(&self) -> f64 {
        if self.nominal_rate_hz > 0.0 { 1.0 / self.nominal_rate_hz } else { 0.0 }
    }
}

impl FileHeader {
    /// Reads what can be read.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let xml = decode(bytes);
        let phosphene = loose_text(&xml, "phosphene_version").unwrap_or_default();
        Self {
            datetime: loose_text(&xml, "datetime").unwrap_or_default().into(),
            phosphene_version: phosphene.into(),
            xml: xml.clone(),
        }
    }
}

impl Footer {
    /// Reads what can be read. Counts are written as `9` or `9.0`.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let xml = decode(bytes);
        let number = |tag| loose_text(&xml, tag).and_then(|text| text.parse::<f64>().ok());
        Self {
            sample_count: number("sample_count").filter(|n| *n >= 0.0).map(|n| n as u64),
            first_secs: number("first_timestamp"),
            last_secs: number("last_timestamp"),
        }
    }
}

fn decode(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned()
}

fn from_document(info: Node<'_, '_>, xml: &str) -> Result<StreamHeader, String> {
    let mut header = essentials(&|tag| child_text(info, tag), xml)?;
    let Some(desc) = child(info, "desc") else {
        return Ok(header);
    };
    header.channels = child(desc, "channels").map_or_else(Vec::new, channels);
    header.channels.truncate(header.channel_count);
    header.reference = child(desc, "reference").map_or_else(String::new, reference);
    let drops = child(desc, "synchronization").map(|node| child_text(node, "can_drop_samples"));
    header.can_drop_samples = drops.is_some_and(is_true);
    if let Some(own) = child(desc, "phosphene") {
        header.simulated = is_true(child_text(own, "simulated"));
        header.snr_db = child_text(own, "snr_db").parse().ok().filter(|db: &f64| db.is_finite());
        header.own_stamps = child_text(own, "stamps") == "program";
    }
    Ok(header)
}

fn channels(list: Node<'_, '_>) -> Vec<ChannelInfo> {
    let each = list.children().filter(|node| node.has_tag_name("channel")).take(MAX_CHANNELS);
    each.map(|channel| ChannelInfo {
        label: child_text(channel, "label").into(),
        unit: child_text(channel, "unit").into(),
        kind: child_text(channel, "type").into(),
        location_mm: child(channel, "location").and_then(location_mm),
        filtering: child(channel, "filtering").map_or_else(String::new, in_words),
    })
    .collect()
}

/// Three finite numbers, or nothing.
fn location_mm(location: Node<'_, '_>) -> Option<[f64; 3]> {
    let [x, y, z] = ["X", "Y", "Z"]
        .map(|axis| child_text(location, axis).parse::<f64>().ok().filter(|mm| mm.is_finite()));
    Some([x?, y?, z?])
}

/// The text of an element, or what its elements say: `highpass: design IIR, lower 0.5; notch: lower 50`.
fn in_words(element: Node<'_, '_>) -> String {
    let elements = |node: Node<'_, '_>| node.children().filter(Node::is_element).count() > 0;
    let parts = element.children().filter(Node::is_element).map(|part| {
        let name = part.tag_name().name();
        let inside = if elements(part) {
            let facts = part.children().filter(Node::is_element);
            let fact = |fact: Node<'_, '_>| {
                format!("{} {}", fact.tag_name().name(), fact.text().unwrap_or_default().trim())
            };
            facts.map(fact).collect::<Vec<_>>().join(", ")
        } else {
            part.text().unwrap_or_default().trim().to_owned()
        };
        format!("{name}: {inside}")
    });
    let words = parts.collect::<Vec<_>>().join("; ");
    if words.is_empty() { element.text().unwrap_or_default().trim().to_owned() } else { words }
}

fn reference(element: Node<'_, '_>) -> String {
    if is_yes(child_text(element, "common_average")) {
        return "common average".into();
    }
    let labels = element.children().filter(|node| node.has_tag_name("label"));
    let labels: Vec<&str> = labels.filter_map(|node| node.text()).map(str::trim).collect();
    labels.join(" ")
}

fn is_yes(text: &str) -> bool {
    text.eq_ignore_ascii_case("yes") || is_true(text)
}

fn from_fragments(xml: &str) -> Result<StreamHeader, String> {
    essentials(&|tag| loose_text(xml, tag).unwrap_or_default(), xml)
}

/// What is needed to read samples, and what names the stream.
fn essentials<'a>(text: &dyn Fn(&str) -> &'a str, xml: &str) -> Result<StreamHeader, String> {
    let wrong = |tag: &str, expected: String| {
        Err(format!("its {tag} is '{}' where {expected} is expected", text(tag)))
    };
    let Some(channel_count) = text("channel_count").parse().ok().filter(|n| *n <= MAX_CHANNELS)
    else {
        return wrong("channel_count", format!("0 to {MAX_CHANNELS}"));
    };
    let Some(format) = ChannelFormat::from_name(text("channel_format")) else {
        return wrong("channel_format", ChannelFormat::ALL.map(ChannelFormat::name).join(", "));
    };
    let rate = text("nominal_srate").parse().ok();
    let Some(nominal_rate_hz) = rate.filter(|rate| (0.0..=MAX_RATE_HZ).contains(rate)) else {
        return wrong("nominal_srate", format!("0 to {MAX_RATE_HZ} Hz"));
    };
    Ok(StreamHeader {
        name: text("name").into(),
        kind: text("type").into(),
        source_id: text("source_id").into(),
        hostname: text("hostname").into(),
        channel_count,
        nominal_rate_hz,
        format,
        channels: Vec::new(),
        reference: String::new(),
        can_drop_samples: false,
        simulated: false,
        snr_db: None,
        own_stamps: false,
        xml: xml.into(),
    })
}

fn child<'a, 'i>(node: Node<'a, 'i>, tag: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.has_tag_name(tag))
}

fn child_text<'a>(node: Node<'a, '_>, tag: &str) -> &'a str {
    child(node, tag).and_then(|child| child.text()).unwrap_or_default().trim()
}

fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text == "1"
}

/// The text of the first `<tag>`, found without parsing.
fn loose_text<'a>(xml: &'a str, tag: &str) -> Option<&'a str> {
    let open = format!("<{tag}>");
    let start = xml.find(&open)? + open.len();
    let rest = &xml[start..];
    Some(rest[..rest.find('<')?].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "<?xml version=\"1.0\"?><info><name>A &amp; B</name><type>EEG</type>\
        <channel_count>2</channel_count><nominal_srate>250.000000000000000</nominal_srate>\
        <channel_format>float32</channel_format><desc><channels><channel><label>O1</label>\
        <unit>microvolts</unit><type>EEG</type></channel><channel><label>O2</label></channel>\
        </channels><synchronization><can_drop_samples>true</can_drop_samples></synchronization>\
        </desc></info>";

    #[test]
    fn a_sound_header_gives_everything() {
        let (header, warning) = StreamHeader::parse(SOUND.as_bytes()).unwrap();
        assert_eq!(warning, None);
        assert_eq!((header.name.as_str(), header.nominal_rate_hz), ("A & B", 250.0));
        assert_eq!(header.channels.len(), 2);
        assert_eq!(header.channels[0].unit, "microvolts");
        assert!(header.can_drop_samples && !header.simulated);
    }

    #[test]
    fn places_filters_and_the_reference_are_read() {
        let more = "<location><X>-20</X><Y>1.5</Y><Z>9</Z></location><filtering><highpass>\
            <lower>0.5</lower><order>2</order></highpass></filtering></channel><channel><label>O2";
        let xml = SOUND
            .replace("</channel><channel><label>O2", more)
            .replace("<synch", "<reference><label>A1</label><label>A2</label></reference><synch");
        let (header, _) = StreamHeader::parse(xml.as_bytes()).unwrap();
        assert_eq!(header.channels[0].location_mm, Some([-20.0, 1.5, 9.0]));
        assert_eq!(header.channels[0].filtering, "highpass: lower 0.5, order 2");
        assert_eq!((header.channels[1].location_mm, header.reference.as_str()), (None, "A1 A2"));
        let average = xml.replace("<label>A1</label>", "<common_average>Yes</common_average>");
        assert_eq!(StreamHeader::parse(average.as_bytes()).unwrap().0.reference, "common average");
        let broken = xml.replace("<X>-20</X>", "<X>nan</X>");
        assert_eq!(StreamHeader::parse(broken.as_bytes()).unwrap().0.channels[0].location_mm, None);
    }

    #[test]
    fn cut_and_broken_xml_still_gives_what_samples_need() {
        let cut = &SOUND.as_bytes()[..SOUND.find("<desc>").unwrap() + 30];
        let (header, warning) = StreamHeader::parse(cut).unwrap();
        assert!(warning.unwrap().contains("labels"));
        assert_eq!((header.channel_count, header.format), (2, ChannelFormat::Float32));
        let latin1 = SOUND.replace("O1", "\u{1}").into_bytes();
        let latin1: Vec<u8> = latin1.iter().map(|b| if *b == 1 { 0xE9 } else { *b }).collect();
        assert_eq!(StreamHeader::parse(&latin1).unwrap().0.channels[0].label, "\u{FFFD}");
    }

    #[test]
    fn impossible_headers_say_what_is_wrong() {
        for (from, to, word) in [
            (">2<", ">99999<", "channel_count"),
            (">float32<", ">float16<", "channel_format"),
            (">250.0", ">-250.0", "nominal_srate"),
        ] {
            let why = StreamHeader::parse(SOUND.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(why.contains(word), "{why}");
        }
    }

    #[test]
    fn footers_may_be_cut_and_count_in_floats() {
        let footer =
            Footer::parse(b"<info><first_timestamp>5.1</first_timestamp><sample_count>9.0<");
        assert_eq!(
            (footer.sample_count, footer.first_secs, footer.last_secs),
            (Some(9), Some(5.1), None)
        );
    }
}
