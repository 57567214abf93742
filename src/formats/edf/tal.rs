//! Time-stamped annotation lists: `+onset[\x15duration]\x14text\x14…\x00`.
//!
//! Takes the bytes of an annotation signal in one record; gives the onset that the record says for itself and
//! the events in it. What is not understood is counted and left out.

use crate::formats::recording::Event;

const TEXT_ENDS: u8 = 0x14;
const DURATION_BEGINS: u8 = 0x15;

/// What one record's annotations say.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    /// Onset of the record, where its first list is the time-keeping one.
    pub onset_secs: Option<f64>,
    /// Annotations with a text.
    pub events: Vec<Event>,
    /// Lists that are not understood.
    pub bad: u64,
}

/// Reads all lists of one record.
pub(super) fn parse(bytes: &[u8]) -> Annotations {
    let mut found = Annotations::default();
    let lists = bytes.split(|byte| *byte == 0).filter(|list| !list.is_empty());
    for (place, list) in lists.enumerate() {
        let mut parts = list.split(|byte| *byte == TEXT_ENDS);
        let Some((time_secs, duration_secs)) = parts.next().and_then(times) else {
            found.bad += 1;
            continue;
        };
        let texts: Vec<&[u8]> = parts.collect();
        // An empty first text marks the list that tells the record's own time.
        if place == 0 && texts.first().is_some_and(|text| text.is_empty()) {
            found.onset_secs = Some(time_secs);
        }
        found.events.extend(texts.into_iter().filter(|text| !text.is_empty()).map(|text| Event {
            time_secs,
            duration_secs,
            label: String::from_utf8_lossy(text).into_owned(),
        }));
    }
    found
}

fn times(bytes: &[u8]) -> Option<(f64, Option<f64>)> {
    let mut parts = bytes.split(|byte| *byte == DURATION_BEGINS);
    let number = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).ok()?.trim();
        super::numbers::parsed(text.strip_prefix('+').unwrap_or(text))
    };
    let onset = number(parts.next()?)?;
    Some((onset, parts.next().and_then(number)))
}

/// One list. `onset` and `duration` are texts that [`seconds`] made.
pub(super) fn list(onset: &str, duration: Option<&str>, text: &str) -> Vec<u8> {
    let mut bytes = onset.as_bytes().to_vec();
    if let Some(duration) = duration {
        bytes.push(DURATION_BEGINS);
        bytes.extend(duration.as_bytes());
    }
    bytes.push(TEXT_ENDS);
    // The two bytes with a meaning and the end of a list may not stand in a text.
    bytes.extend(
        text.bytes()
            .map(|byte| if matches!(byte, 0 | TEXT_ENDS | DURATION_BEGINS) { b' ' } else { byte }),
    );
    bytes.extend([TEXT_ENDS, 0]);
    bytes
}

/// Microseconds as seconds with their sign and without trailing zeros, as `+12.5`.
pub(super) fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { '-' } else { '+' };
    let (whole, rest) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let text = format!("{sign}{whole}.{rest:06}");
    text.trim_end_matches('0').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_back() {
        let mut bytes = list("+1.5", None, "");
        bytes.extend(list("+1.75", Some("0.5"), "a\u{14}é"));
        bytes.extend([0, 0, b'x', TEXT_ENDS, 0]);
        let found = parse(&bytes);
        assert_eq!((found.onset_secs, found.bad), (Some(1.5), 1));
        let expected = Event { time_secs: 1.75, duration_secs: Some(0.5), label: "a é".into() };
        assert_eq!(found.events, [expected]);
    }

    #[test]
    fn seconds_have_no_noise() {
        let texts = [0, 1_500_000, -20_000, 8_192_200_000].map(seconds);
        assert_eq!(texts, ["+0", "+1.5", "-0.02", "+8192.2"]);
    }
}
