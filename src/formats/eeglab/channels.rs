//! Channels: `chanlocs` → what every reader gives.
//!
//! EEGLAB holds electrical channels in microvolts and says no unit; of other types it is not known. Positions are taken
//! for millimetres when their mean distance from the middle is that of a head.

use super::set::Place;
use crate::formats::recording::ChannelHead;

/// Types of channels whose samples are voltages; EEGLAB leaves the type of EEG mostly empty.
const ELECTRICAL: [&str; 12] =
    ["", "EEG", "EOG", "HEOG", "VEOG", "ECG", "EKG", "EMG", "REF", "SEEG", "ECOG", "EGG"];

/// Mean distance of electrodes from the middle of a head, in millimetres.
const HEAD_MM: std::ops::RangeInclusive<f64> = 40.0..=200.0;

/// Channels of a recording with `count`. A list with one more than that ends with the reference, as EEGLAB has it;
/// a list of another length tells nothing, as nobody knows which channel is which.
pub(super) fn channels(
    places: &[Place],
    count: usize,
    nose: &str,
    reference: &str,
    warnings: &mut Vec<String>,
) -> Vec<ChannelHead> {
    if places.is_empty() {
        warnings.push(format!("EEG.chanlocs is empty: the {count} channels have no names"));
    } else if places.len() != count && places.len() != count + 1 {
        warnings.push(format!(
            "EEG.chanlocs describes {} channels where there are {count}: which is which cannot be known, so they have \
             no names",
            places.len()
        ));
    }
    let known = places.len() == count || places.len() == count + 1;
    let is_mm = HEAD_MM.contains(&mean_distance(places));
    let nameless = Place::default();
    let channel = |number: usize| {
        let place = if known { places.get(number).unwrap_or(&nameless) } else { &nameless };
        let kind = place.kind.trim();
        let is_electrical = ELECTRICAL.iter().any(|name| name.eq_ignore_ascii_case(kind));
        let label = place.label.trim();
        let own = place.reference.trim();
        ChannelHead {
            label: if label.is_empty() { format!("Ch{}", number + 1) } else { label.into() },
            unit: if is_electrical { "uV".into() } else { String::new() },
            kind: kind.into(),
            reference: if own.is_empty() { reference.into() } else { own.into() },
            location_mm: location(place).filter(|_| is_mm).map(|at| turned(at, nose)),
            ..ChannelHead::default()
        }
    };
    (0..count).map(channel).collect()
}

/// The position of a channel that has one: the middle of the head is where EEGLAB puts those that do not.
fn location(place: &Place) -> Option<[f64; 3]> {
    let [Some(x), Some(y), Some(z)] = place.xyz else { return None };
    (distance([x, y, z]) > 0.0).then_some([x, y, z])
}

fn distance(at: [f64; 3]) -> f64 {
    at.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn mean_distance(places: &[Place]) -> f64 {
    let distances: Vec<f64> = places.iter().filter_map(location).map(distance).collect();
    distances.iter().sum::<f64>() / distances.len().max(1) as f64
}

/// Right, front, up of x, y, z, by where the nose is. Without a word it is at +X, and +Y is to the left.
fn turned([x, y, z]: [f64; 3], nose: &str) -> [f64; 3] {
    match nose.trim() {
        "+Y" | "+y" => [x, y, z],
        "-X" | "-x" => [y, -x, z],
        "-Y" | "-y" => [-x, -y, z],
        _ => [-y, x, z],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(label: &str, kind: &str, xyz: [f64; 3]) -> Place {
        let xyz = xyz.map(Some);
        Place { label: label.into(), kind: kind.into(), xyz, ..Place::default() }
    }

    #[test]
    fn millimetres_are_turned_to_right_front_up_and_head_radii_are_left_out() {
        let places = [place("C3", "", [0.0, 85.0, 0.0]), place("", "ACC", [0.0; 3])];
        let found = channels(&places, 2, "+X", "Cz", &mut Vec::new());
        assert_eq!(found[0].location_mm, Some([-85.0, 0.0, 0.0]));
        assert_eq!((found[0].unit.as_str(), found[0].reference.as_str()), ("uV", "Cz"));
        let Some([right, ..]) = channels(&places, 2, "+Y", "", &mut Vec::new())[0].location_mm
        else {
            panic!("no position")
        };
        assert_eq!(right, 0.0);
        assert_eq!((found[1].label.as_str(), found[1].unit.as_str()), ("Ch2", ""));
        assert_eq!(found[1].location_mm, None);
        let places = [place("C3", "EEG", [0.0, 1.0, 0.0])];
        assert_eq!(channels(&places, 1, "", "", &mut Vec::new())[0].location_mm, None);
    }

    #[test]
    fn names_that_cannot_be_matched_are_none() {
        let places = ["A", "B", "C"].map(|label| place(label, "", [0.0; 3]));
        let mut warnings = Vec::new();
        assert_eq!(channels(&places, 2, "", "", &mut warnings)[1].label, "B");
        assert!(warnings.is_empty());
        assert_eq!(channels(&places, 5, "", "", &mut warnings)[1].label, "Ch2");
        assert!(warnings[0].contains("3 channels where there are 5"));
    }
}
