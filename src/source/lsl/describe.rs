//! What a stream says of its channels.
//!
//! Takes the stream's description (the XML of `<info>`, from a peer and therefore not trusted), gives labels,
//! which channels are EEG, and the factor that turns each into µV. Follows the XDF conventions for EEG
//! (github.com/sccn/xdf/wiki/EEG-Meta-Data), where every field is optional; whatever had to be guessed is
//! told in `notes`. A description that cannot be read at all does not make the numbers unusable: channels are numbered
//! then, and that is told too. Names are cleaned of control characters and cut, and no more than [`MAX_XML_BYTES`]
//! are read, so that a hostile description decides neither what is on the screen nor how much memory is taken.

use roxmltree::{Document, Node, ParsingOptions};

/// Most XML nodes that a description may have: a thousand channels with a hundred fields each.
pub(super) const MAX_NODES: u32 = 200_000;

/// Most bytes of XML that are read: thirty kilobytes for each of the channels that can be used.
const MAX_XML_BYTES: usize = 32 << 20;

/// Longest name that is taken over from a stream, in characters: longer than any electrode's.
const MAX_NAME_CHARS: usize = 48;

/// Other channels that are named in a note; the rest are counted.
const NAMED: usize = 8;

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
/// In words, when `unit` is not a unit, or no channel is EEG.
pub(super) fn describe(xml: &str, count: usize, unit: Option<&str>) -> Result<Description, String> {
    if xml.len() > MAX_XML_BYTES {
        let size = xml.len() >> 20;
        return without(&format!("is {size} MB long and was not read"), count, unit);
    }
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    match Document::parse_with_options(xml, options) {
        Ok(document) => {
            let root = document.root_element();
            let desc = child(root, "desc");
            let mut notes = Vec::new();
            let channels = stated_channels(desc, count, &mut notes);
            let simulated = desc.is_some_and(|desc| text(desc, "simulated") == "true")
                || text(root, "name").contains("SIMULATED");
            finish(channels, unit, simulated, notes)
        }
        Err(roxmltree::Error::NodesLimitReached) => {
            without(&format!("has more than {MAX_NODES} parts and was not read"), count, unit)
        }
        Err(why) => without(&format!("is not well-formed XML ({why})"), count, unit),
    }
}

/// As [`describe`], for a stream whose description `cannot`, in words, be had.
///
/// # Errors
/// In words, when `unit` is not a unit.
pub(super) fn without(
    cannot: &str,
    count: usize,
    unit: Option<&str>,
) -> Result<Description, String> {
    let note =
        format!("the stream's description {cannot}: its numbers are used, channels are numbered");
    finish(vec![Channel::default(); count], unit, false, vec![clean(&note, usize::MAX)])
}

fn finish(
    mut channels: Vec<Channel>,
    unit: Option<&str>,
    simulated: bool,
    mut notes: Vec<String>,
) -> Result<Description, String> {
    if let Some(unit) = unit {
        scale_of(unit)
            .ok_or_else(|| format!("'{unit}' is not a unit of voltage: V, mV, uV or nV"))?;
        channels.iter_mut().for_each(|channel| channel.unit = unit.into());
    }
    let picks = eeg_channels(&channels, &mut notes)?;
    let labels = labels(&channels, &picks, &mut notes);
    let (scales, unit, unit_assumed) = scales(&channels, &picks, &mut notes);
    Ok(Description { labels, picks, scales, unit, unit_assumed, simulated, notes })
}

/// A text from a peer without control characters, which could write anywhere on a terminal, and cut to `most`
/// characters.
pub(super) fn clean(text: &str, most: usize) -> String {
    let kept = |c: &char| {
        !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(kept).take(most).collect::<String>().trim().to_owned()
}

fn named(others: &[String]) -> String {
    let rest = others.len().saturating_sub(NAMED);
    let first = others[..others.len() - rest].join(", ");
    if rest > 0 { format!("{first} and {rest} more") } else { first }
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
    let nodes =
        || list.iter().flat_map(|list| list.children().filter(|n| n.has_tag_name("channel")));
    let mut channels: Vec<Channel> = nodes()
        .take(count)
        .map(|node| Channel {
            label: clean(text(node, "label"), MAX_NAME_CHARS),
            kind: clean(text(node, "type"), MAX_NAME_CHARS),
            unit: clean(text(node, "unit"), MAX_NAME_CHARS),
        })
        .collect();
    let stated = nodes().count();
    if stated > 0 && stated != count {
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
        return Err(format!("none of its channels is EEG: {}", named(&others)));
    }
    if !others.is_empty() {
        notes.push(format!("channels that are not EEG are left out: {}", named(&others)));
    }
    Ok(picks)
}

/// Labels as stated, or by number; a label that occurs twice gets its number behind it.
fn labels(channels: &[Channel], picks: &[usize], notes: &mut Vec<String>) -> Vec<String> {
    let mut labels: Vec<String> = Vec::with_capacity(picks.len());
    let mut taken = std::collections::HashSet::new();
    let (mut missing, mut twice) = (0, 0);
    for &i in picks {
        let mut label = channels[i].label.clone();
        if label.is_empty() {
            missing += 1;
            label = format!("Ch{}", i + 1);
        }
        if !taken.insert(label.clone()) {
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
        assert!(describe("<info/>", 1, Some("lux")).unwrap_err().contains("lux"));
        assert!(describe(&xml(&[("X", "EMG", "")]), 1, None).unwrap_err().contains("EMG"));
    }

    #[test]
    fn a_broken_description_leaves_the_numbers_usable() {
        for broken in
            ["<info>", "", "no XML", "<info>\u{1}</info>", "<a><b></a></b>", "<info>&no;</info>"]
        {
            let found = describe(broken, 3, Some("nV")).unwrap();
            assert_eq!((found.labels.len(), found.labels[2].as_str()), (3, "Ch3"));
            assert_eq!((found.picks, found.scales), (vec![0, 1, 2], vec![1e-3; 3]));
            assert!(found.notes[0].contains("numbers are used"), "{:?}", found.notes);
            assert!(!found.notes[0].chars().any(char::is_control), "{:?}", found.notes);
        }
        let told = without("does not come", 2, None).unwrap();
        assert!(told.unit_assumed && told.notes[0].contains("does not come"));
    }

    #[test]
    fn a_hostile_description_takes_bounded_time_memory_and_screen() {
        // Five megabytes of one label; a hundred thousand channels, for a stream of four; too many parts.
        let long = xml(&[(&"x".repeat(5 << 20), "EEG", "uV")]);
        assert_eq!(describe(&long, 1, None).unwrap().labels[0].len(), MAX_NAME_CHARS);
        let many = format!(
            "<info><desc><channels>{}</channels></desc></info>",
            "<channel/>".repeat(100_000)
        );
        let found = describe(&many, 4, None).unwrap();
        assert_eq!(found.labels.len(), 4);
        assert!(found.notes[0].contains("describes 100000 channels but has 4"));
        let parts = format!("<info>{}</info>", "<a/>".repeat(MAX_NODES as usize));
        assert!(describe(&parts, 2, None).unwrap().notes[0].contains("parts"));
        let huge = " ".repeat(MAX_XML_BYTES + 1);
        assert!(describe(&huge, 2, None).unwrap().notes[0].contains("32 MB"));
        let deep = "<a>".repeat(200_000);
        assert_eq!(describe(&deep, 2, None).unwrap().labels.len(), 2);
    }

    #[test]
    fn names_cannot_write_on_the_terminal() {
        let found =
            describe(&xml(&[("C\u{7f}\u{202e}z\u{9b}2J\n", "EEG", "u\tV")]), 1, None).unwrap();
        assert_eq!((found.labels[0].as_str(), found.unit.as_str()), ("Cz2J", "uV"));
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
