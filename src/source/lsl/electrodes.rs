//! A stream's description with its EEG channels named by the electrodes that somebody says they are.
//!
//! Takes the XML of `<info>`, which comes from a peer, and a montage; gives the XML with `<label>` as the electrode and the
//! device's own label beside it (`<device_label>`), so that a recording keeps both. Nothing else is touched. Streams that
//! carry no EEG come back as they are.

use std::ops::Range;

use roxmltree::{Document, Node, ParsingOptions};

use super::describe::{MAX_NODES, child, describe, text};
use crate::signal::montage::MontageSpec;

/// The description under the names of electrodes.
///
/// # Errors
/// In words: the description cannot be read, or the montage does not fit its channels.
pub fn with_electrodes(xml: &str, montage: &MontageSpec) -> Result<String, String> {
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(xml, options)
        .map_err(|why| format!("its description is not well-formed XML: {why}"))?;
    let root = document.root_element();
    if !text(root, "type").eq_ignore_ascii_case("EEG") {
        return Ok(xml.to_owned());
    }
    let count = text(root, "channel_count")
        .parse::<usize>()
        .ok()
        .filter(|count| (1..=MAX_CHANNELS).contains(count));
    let count = count.ok_or("its description does not say how many channels it has")?;
    let found = describe(xml, count, None)?;
    let sites = montage.resolve(&found.labels)?;
    let names = sites.names(&found.labels);
    let mut named: Vec<Option<(&str, &str)>> = vec![None; count];
    for ((place, name), label) in found.picks.iter().zip(&names).zip(&found.labels) {
        if let Some(channel) = named.get_mut(*place) {
            *channel = Some((name, label));
        }
    }
    Ok(edited(xml, edits(xml, root, &named)))
}

/// Most channels of a stream.
const MAX_CHANNELS: usize = 100_000;

type Edit = (Range<usize>, String);

fn edits(xml: &str, root: Node<'_, '_>, named: &[Option<(&str, &str)>]) -> Vec<Edit> {
    let desc = child(root, "desc");
    let list = desc.and_then(|desc| child(desc, "channels"));
    let channels: Vec<Node<'_, '_>> = list
        .iter()
        .flat_map(|list| list.children().filter(|node| node.has_tag_name("channel")))
        .collect();
    if channels.len() == named.len() {
        return channels
            .iter()
            .zip(named)
            .filter_map(|(node, named)| Some(edit(*node, (*named)?)))
            .collect();
    }
    // None, or not as many as there are: a list of its own comes first, and readers take the first.
    let all: String = named
        .iter()
        .map(|named| format!("<channel>{}</channel>", named.map(labels).unwrap_or_default()))
        .collect();
    let all = format!("<channels>{all}</channels>");
    match (desc, desc.and_then(|desc| desc.first_child())) {
        (Some(_), Some(first)) => vec![(first.range().start..first.range().start, all)],
        (Some(desc), None) => vec![(desc.range(), format!("<desc>{all}</desc>"))],
        (None, _) => {
            let end = xml.rfind("</").unwrap_or(xml.len());
            vec![(end..end, format!("<desc>{all}</desc>"))]
        }
    }
}

fn edit(channel: Node<'_, '_>, named: (&str, &str)) -> Edit {
    match (child(channel, "label"), channel.first_child()) {
        (Some(label), _) => (label.range(), labels(named)),
        (None, Some(first)) => (first.range().start..first.range().start, labels(named)),
        (None, None) => (channel.range(), format!("<channel>{}</channel>", labels(named))),
    }
}

fn labels((name, device): (&str, &str)) -> String {
    format!("<label>{}</label><device_label>{}</device_label>", escaped(name), escaped(device))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The last first, so that the places of the others stay.
fn edited(xml: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut text = xml.to_owned();
    for (range, with) in edits {
        text.replace_range(range, &with);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(desc: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><info><name>x</name><type>EEG</type><channel_count>2</channel_count>{desc}</info>"
        )
    }

    fn labels_of(xml: &str) -> Vec<String> {
        describe(xml, 2, None).unwrap().labels
    }

    #[test]
    fn every_shape_of_description_gets_its_electrodes_and_keeps_the_rest() {
        let montage = MontageSpec::parse("1=O1,2=O2").unwrap();
        for desc in [
            "",
            "<desc/>",
            "<desc></desc>",
            "<desc><amp a=\"1\"/></desc>",
            "<desc><channels/><amp/></desc>",
            "<desc><channels><channel/><channel></channel></channels></desc>",
            "<desc><channels><channel><unit>mV</unit></channel><channel><label>B &amp; C</label></channel></channels></desc>",
        ] {
            let named = with_electrodes(&info(desc), &montage).unwrap();
            assert_eq!(labels_of(&named), ["O1", "O2"], "{desc}: {named}");
            assert_eq!(named.matches("<amp").count(), desc.matches("<amp").count(), "{named}");
            assert_eq!(named.matches("mV").count(), desc.matches("mV").count(), "{named}");
            assert_eq!(named.matches("<device_label>").count(), 2, "{named}");
        }
        let named = with_electrodes(&info("<desc><channels><channel><label>B &amp; C</label></channel><channel/></channels></desc>"), &montage).unwrap();
        assert!(
            named.contains("<label>O1</label><device_label>B &amp; C</device_label>"),
            "{named}"
        );
    }

    #[test]
    fn channels_that_are_no_eeg_and_streams_of_markers_stay() {
        let desc = "<desc><channels><channel><label>a</label><type>EEG</type></channel><channel><label>b</label><type>EMG</type></channel></channels></desc>";
        let montage = MontageSpec::parse("a=Cz").unwrap();
        let named = with_electrodes(&info(desc), &montage).unwrap();
        assert!(
            named.contains("<label>Cz</label>") && named.contains("<label>b</label>"),
            "{named}"
        );
        let markers = info("").replace(">EEG<", ">Markers<");
        assert_eq!(with_electrodes(&markers, &montage).unwrap(), markers);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let montage = MontageSpec::parse("cyton8").unwrap();
        assert!(with_electrodes(&info(""), &montage).unwrap_err().contains("8 channels"));
        assert!(with_electrodes("<info>", &montage).unwrap_err().contains("XML"));
        let none = info("").replace("<channel_count>2</channel_count>", "");
        assert!(with_electrodes(&none, &montage).unwrap_err().contains("how many channels"));
    }
}
