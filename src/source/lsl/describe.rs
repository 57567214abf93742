//! What a stream says of its channels.
//!
//! Takes the stream's description (the XML of `<info>`, from a peer and therefore not trusted), gives labels,
//! which channels are EEG, and the factor that turns each into µV. Follows the XDF conventions for EEG
//! (github.com/sccn/xdf/wiki/EEG-Meta-Data), where every field is optional; whatever had to be guessed is
//! told in `notes`.

use roxmltree::{Document, Node, ParsingOptions};

/// Most XML nodes that a description may have: a thousand channels with a hundred fields each.
pub(super) const MAX_NODES: u32 = 200_000;

/// What is known of the channels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Description {
    /// Labels of the EEG channels.
    pub labels: Vec<String>,
    /// For each EEG channel: its place in the stream.
    pub picks: Vec<usize>,
    /// For each EEG channel: µV per unit of the stream.
    pub scales: Vec<f64>,
    /// The unit as the stream names it, for display.
    pub unit: String,
    /// True when the stream states no unit that is understood.
    pub unit_assumed: bool,
    /// True when the stream says that no person made it.
    pub simulated: bool,
    /// What had to be guessed or left out.
    pub notes: Vec<String>,
}

/// One channel as the stream states it; empty where it does not.
#[derive(Clone, Debug, Default)]
struct Channel {
    label: String,
    kind: String,
    unit: String,
}

/// Reads a description for a stream of `count` channels. `unit` overrides what the stream states.
///
/// # Errors
/// In words, when the XML is broken, `unit` is not a unit, or no channel is EEG.
pub(super) fn describe(xml: &str, count: usize, unit: Option<&str>) -> Result<Description, String> {
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(xml, options)
        .map_err(|why| format!("its description is not well-formed XML: {why}"))?;
    let root = document.root_element();
    let desc = child(root, "desc");
    let mut notes = Vec::new();
    let mut channels = stated_channels(desc, count, &mut notes);
    if let Some(unit) = unit {
        scale_of(unit)
            .ok_or_else(|| format!("'{unit}' is not a unit of voltage: V, mV, uV or nV"))?;
        channels.iter_mut().for_each(|channel| channel.unit = unit.into());
    }
    let picks = eeg_channels(&channels, &mut notes)?;
    let labels = labels(&channels, &picks, &mut notes);
    let (scales, unit, unit_assumed) = scales(&channels, &picks, &mut notes);
    let simulated = desc.is_some_and(|desc| text(desc, "simulated") == "true")
        || text(root, "name").contains("SIMULATED");
    Ok(Description { labels, picks, scales, unit, unit_assumed, simulated, notes })
}

pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.has_tag_name(name))
}

pub(super) fn text<'a>(node: Node<'a, '_>, name: &str) -> &'a str {
    child(node, name).and_then(|child| child.text()).unwrap_or("").trim()
}

/// The channels as stated, filled up or cut to the number of channels that the stream really has.
fn stated_channels(
    desc: Option<Node<'_, '_>>,
    count: usize,
    notes: &mut Vec<String>,
) -> Vec<Channel> {
    let list = desc.and_then(|desc| child(desc, "channels"));
    let mut channels: Vec<Channel> = list
        .iter()
        .flat_map(|list| list.children().filter(|node| node.has_tag_name("channel")))
        .map(|node| Channel {
            label: text(node, "label").into(),
            kind: text(node, "type").into(),
            unit: text(node, "unit").into(),
        })
        .collect();
    if !channels.is_empty() && channels.len() != count {
        let stated = channels.len();
        notes.push(format!("the stream describes {stated} channels but has {count}"));
    }
    channels.resize_with(count, Channel::default);
    channels
}

/// Places of the EEG channels; all of them where the stream states no types.
fn eeg_channels(channels: &[Channel], notes: &mut Vec<String>) -> Result<Vec<usize>, String> {
    if channels.iter().all(|channel| channel.kind.is_empty()) {
        return Ok((0..channels.len()).collect());
    }
    let is_eeg = |channel: &Channel| channel.kind.eq_ignore_ascii_case("EEG");
    let picks: Vec<usize> =
        channels.iter().enumerate().filter(|(_, c)| is_eeg(c)).map(|(i, _)| i).collect();
    let others: Vec<String> = channels
        .iter()
        .filter(|channel| !is_eeg(channel))
        .map(|channel| format!("{} ({})", channel.label, channel.kind))
        .collect();
    if picks.is_empty() {
        return Err(format!("none of its channels is EEG: {}", others.join(", ")));
    }
    if !others.is_empty() {
        notes.push(format!("channels that are not EEG are left out: {}", others.join(", ")));
    }
    Ok(picks)
}

/// Labels as stated, or by number; a label that occurs twice gets its number behind it.
fn labels(channels: &[Channel], picks: &[usize], notes: &mut Vec<String>) -> Vec<String> {
    let mut labels: Vec<String> = Vec::with_capacity(picks.len());
    let (mut missing, mut twice) = (0, 0);
    for &i in picks {
        let mut label = channels[i].label.clone();
        if label.is_empty() {
            missing += 1;
            label = format!("Ch{}", i + 1);
        }
        if labels.contains(&label) {
            twice += 1;
            label = format!("{label}.{}", i + 1);
        }
        labels.push(label);
    }
    if missing > 0 {
        notes.push(format!(
            "{missing} channels have no label and are numbered: electrode positions are unknown"
        ));
    }
    if twice > 0 {
        notes.push(format!("{twice} labels occur twice and got their number behind them"));
    }
    labels
}

/// Factors to µV, the unit for display, and whether any had to be assumed.
fn scales(
    channels: &[Channel],
    picks: &[usize],
    notes: &mut Vec<String>,
) -> (Vec<f64>, String, bool) {
    let mut stated: Vec<&str> = picks.iter().map(|&i| channels[i].unit.as_str()).collect();
    let scales = stated.iter().map(|unit| scale_of(unit).unwrap_or(1.0)).collect();
    stated.sort_unstable();
    stated.dedup();
    let unknown: Vec<&str> =
        stated.iter().filter(|unit| scale_of(unit).is_none()).copied().collect();
    for unit in &unknown {
        notes.push(match *unit {
            "" => "the stream states no unit: µV is assumed".into(),
            other => format!("the unit '{other}' is not one of voltage: µV is assumed"),
        });
    }
    let name = match stated.as_slice() {
        [""] => "unknown (taken as µV)".to_owned(),
        [one] => (*one).to_owned(),
        _ => "mixed".to_owned(),
    };
    (scales, name, !unknown.is_empty())
}

/// µV per unit, for the spellings that amplifiers and programs use.
pub(super) fn scale_of(unit: &str) -> Option<f64> {
    // Both the micro sign (U+00B5) and the Greek letter mu (U+03BC) are in use.
    let unit = unit.trim().to_lowercase().replace(['\u{b5}', '\u{3bc}'], "u");
    match unit.as_str() {
        "uv" | "microvolt" | "microvolts" => Some(1.0),
        "v" | "volt" | "volts" => Some(1e6),
        "mv" | "millivolt" | "millivolts" => Some(1e3),
        "nv" | "nanovolt" | "nanovolts" => Some(1e-3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(channels: &[(&str, &str, &str)]) -> String {
        let channels: String = channels
            .iter()
            .map(|(label, kind, unit)| {
                format!("<channel><label>{label}</label><type>{kind}</type><unit>{unit}</unit></channel>")
            })
            .collect();
        format!("<info><name>x</name><desc><channels>{channels}</channels></desc></info>")
    }

    #[test]
    fn only_eeg_is_kept_and_every_unit_becomes_microvolts() {
        let xml = xml(&[("O1", "EEG", "µV"), ("EMG1", "EMG", "mV"), ("O2", "EEG", "volts")]);
        let found = describe(&xml, 3, None).unwrap();
        assert_eq!(found.labels, ["O1", "O2"]);
        assert_eq!((found.picks, found.scales), (vec![0, 2], vec![1.0, 1e6]));
        assert_eq!(found.unit, "mixed");
        assert!(found.notes.iter().any(|note| note.contains("EMG1 (EMG)")));
    }

    #[test]
    fn a_bare_stream_gets_numbers_and_notes() {
        let found = describe("<info><desc/></info>", 2, None).unwrap();
        assert_eq!(found.labels, ["Ch1", "Ch2"]);
        assert!(found.unit_assumed && found.notes.len() == 2, "{:?}", found.notes);
    }

    #[test]
    fn what_cannot_be_used_is_refused_in_words() {
        assert!(describe("<info>", 1, None).unwrap_err().contains("XML"));
        assert!(describe("<info/>", 1, Some("lux")).unwrap_err().contains("lux"));
        assert!(describe(&xml(&[("X", "EMG", "")]), 1, None).unwrap_err().contains("EMG"));
    }

    #[test]
    fn more_or_fewer_channels_than_described_are_told() {
        for count in [1, 3] {
            let found = describe(&xml(&[("A", "", ""), ("A", "", "")]), count, Some("nV")).unwrap();
            assert_eq!(found.labels.len(), count);
            assert_eq!(found.scales, vec![1e-3; count]);
            assert!(found.notes[0].contains("describes 2"));
        }
    }
}
