//! The marker file: `Mk1=type,description,position,points,channel,date`.
//!
//! Takes its text; gives the markers in order of position, and when each segment of the signal began.

use super::header::sections;
use crate::formats::recording::Calendar;

/// Type of the marker at the first sample of each segment.
const NEW_SEGMENT: &str = "New Segment";

/// A marker; its position counts samples from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub label: String,
    pub position: u64,
    pub points: u64,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Markers {
    pub marks: Vec<Mark>,
    /// First sample of each segment, counted from 0, and its date where one stands there; in order.
    pub segments: Vec<(u64, Option<Calendar>)>,
    pub bad: usize,
}

/// Reads a marker file. Labels are `type/description`, as MNE has them.
pub(super) fn parse(text: &str) -> Markers {
    let mut found = Markers::default();
    let sections = sections(text);
    let Some(infos) = sections.get("marker infos") else { return found };
    let numbered = infos
        .iter()
        .filter_map(|(key, said)| Some((key.strip_prefix("mk")?.parse::<u64>().ok()?, said)));
    let mut numbered: Vec<_> = numbered.collect();
    numbered.sort();
    for (_, said) in numbered {
        let parts: Vec<String> = said.split(',').map(|part| part.replace("\\1", ",")).collect();
        let part = |i: usize| parts.get(i).map_or("", |part| part.trim());
        let Some(position) = part(2).parse::<u64>().ok().filter(|position| *position > 0) else {
            found.bad += 1;
            continue;
        };
        if part(0) == NEW_SEGMENT {
            found.segments.push((position - 1, date(part(5))));
        }
        // Spaces inside a description count: `S  1` and `S 11` are two stimuli.
        let description = parts.get(1).map_or("", String::as_str);
        let label = format!("{}/{description}", part(0));
        found.marks.push(Mark { label, position, points: part(3).parse().unwrap_or(0) });
    }
    found.marks.sort_by_key(|mark| mark.position);
    found.segments.sort_by_key(|(first, _)| *first);
    found
}

/// `yyyymmddhhmmssµµµµµµ`.
fn date(text: &str) -> Option<Calendar> {
    if text.len() != 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let calendar = Calendar {
        year: text[..4].parse().ok()?,
        month: text[4..6].parse().ok()?,
        day: text[6..8].parse().ok()?,
        hour: text[8..10].parse().ok()?,
        minute: text[10..12].parse().ok()?,
        second: text[12..].parse::<f64>().ok()? * 1e-6,
    };
    let valid = (1..=12).contains(&calendar.month)
        && (1..=31).contains(&calendar.day)
        && calendar.hour < 24;
    (valid && calendar.minute < 60 && calendar.second < 61.0).then_some(calendar)
}

/// The date of a moment in that form.
pub(super) fn date_text(at: Calendar) -> String {
    let micros = (at.second * 1e6).round() as u64;
    format!("{:04}{:02}{:02}{:02}{:02}{micros:08}", at.year, at.month, at.day, at.hour, at.minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_in_order_with_their_escapes() {
        let text = "Brain Vision\n[Marker Infos]\n; a comment\nMk1=New Segment,,1,1,0,20131113161403794232\n\
            Mk3=Stimulus,S  1,200,1,0\nMk2=Comment,a\\1b,100,5,0\nMk4=Stimulus,x,nowhere,1,0\n";
        let found = parse(text);
        assert_eq!(found.segments.len(), 1);
        assert_eq!(found.segments[0].1.unwrap().iso8601(), "2013-11-13T16:14:03.794");
        let labels: Vec<_> = found.marks.iter().map(|mark| mark.label.as_str()).collect();
        assert_eq!((labels, found.bad), (vec!["New Segment/", "Comment/a,b", "Stimulus/S  1"], 1));
    }
}
