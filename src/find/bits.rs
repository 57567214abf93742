//! What selections are worth, in bits and bits a minute.
//!
//! Takes counts and times of selections among n pictures; gives Wolpaw's bits (Wolpaw et al. 2000, IEEE Trans. Rehabil. Eng. 8:164:
//! all wrong pictures alike) and the mutual information of what was sought and what was found, which also counts *none found* as
//! an answer. A search that finds nothing is worth nothing and takes its time. Copy pages only: what a free page sought is not known.

use serde::{Deserialize, Serialize};

use crate::calibrate::score::metrics;
use crate::stats::wilson_interval;

/// Selections for each picture below which mutual information from the table of all pairs would be mostly its own bias.
const LEAST_EACH: usize = 5;

/// Bits of one selection among `pictures` of which a share `right` is right, all wrong ones alike; 0 at chance and below.
pub fn wolpaw(pictures: usize, right: f64) -> f64 {
    let n = pictures as f64;
    if pictures < 2 || right.is_nan() || right <= 1.0 / n {
        return 0.0;
    }
    let right = right.min(1.0);
    let wrong = 1.0 - right;
    let lost = if wrong > 0.0 { wrong * (wrong / (n - 1.0)).log2() } else { 0.0 };
    n.log2() + right * right.log2() + lost
}

/// Mutual information in bits of pairs (sought, found) as they were counted, less the bias of counting (Miller 1955); none
/// where there are fewer than five selections a picture.
pub fn mutual_information(pictures: usize, pairs: &[(usize, Option<usize>)]) -> Option<f64> {
    if pictures < 2 || pairs.len() < LEAST_EACH * pictures {
        return None;
    }
    // The last column is "none found".
    let column = |found: Option<usize>| found.map_or(pictures, |picture| picture.min(pictures - 1));
    let mut table = vec![0_u32; pictures * (pictures + 1)];
    for (sought, found) in pairs {
        table[sought.min(&(pictures - 1)) * (pictures + 1) + column(*found)] += 1;
    }
    let total = pairs.len() as f64;
    let rows: Vec<f64> =
        table.chunks_exact(pictures + 1).map(|row| f64::from(row.iter().sum::<u32>())).collect();
    let columns: Vec<f64> = (0..=pictures)
        .map(|j| f64::from(table.iter().skip(j).step_by(pictures + 1).sum::<u32>()))
        .collect();
    let mut bits = 0.0;
    for (at, count) in table.iter().enumerate().filter(|(_, count)| **count > 0) {
        let count = f64::from(*count);
        let (row, column) = (rows[at / (pictures + 1)], columns[at % (pictures + 1)]);
        bits += count / total * (count * total / (row * column)).log2();
    }
    let filled = |counts: &[f64]| counts.iter().filter(|count| **count > 0.0).count() as f64;
    let cells = table.iter().filter(|count| **count > 0).count() as f64;
    let bias =
        (cells - filled(&rows) - filled(&columns) + 1.0) / (2.0 * total * std::f64::consts::LN_2);
    Some((bits - bias).max(0.0))
}

/// One search of a copy page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// What was to be looked for.
    pub sought: usize,
    /// What was found.
    pub found: Option<usize>,
    /// Seconds of flashing, with the last response.
    pub secs: f64,
    /// Seconds since the search before ended.
    pub secs_with_pauses: f64,
}

/// What searches were worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Worth {
    /// Searches.
    pub searches: u64,
    /// Those that found a picture.
    pub found: u64,
    /// Those that found the right one.
    pub right: u64,
    /// Right of those found.
    pub accuracy: f64,
    /// Its 95 % interval (Wilson).
    pub accuracy_ci95: [f64; 2],
    /// Wolpaw's bits of a selection.
    pub bits: f64,
    /// Wolpaw's bits a minute of flashing.
    pub bits_a_minute: f64,
    /// Wolpaw's bits a minute, pauses counted.
    pub bits_a_minute_with_pauses: f64,
}

impl Worth {
    /// From counts and times of searches among `pictures`.
    pub fn of(
        pictures: usize,
        [searches, found, right]: [u64; 3],
        secs: f64,
        secs_with_pauses: f64,
    ) -> Self {
        let accuracy = if found == 0 { 0.0 } else { right as f64 / found as f64 };
        let bits = wolpaw(pictures, accuracy);
        let rate = |secs: f64| if secs > 0.0 { bits * found as f64 / secs * 60.0 } else { 0.0 };
        Self {
            searches,
            found,
            right,
            accuracy,
            accuracy_ci95: wilson_interval(right, found),
            bits,
            bits_a_minute: rate(secs),
            bits_a_minute_with_pauses: rate(secs_with_pauses),
        }
    }

    /// From searches one by one.
    pub fn of_searches(pictures: usize, searches: &[Search]) -> Self {
        Self::of_chosen(pictures, searches, 0..searches.len())
    }

    fn of_chosen(
        pictures: usize,
        searches: &[Search],
        chosen: impl Iterator<Item = usize>,
    ) -> Self {
        let (mut counts, mut secs, mut with_pauses) = ([0_u64; 3], 0.0, 0.0);
        for search in chosen.filter_map(|i| searches.get(i)) {
            counts[0] += 1;
            counts[1] += u64::from(search.found.is_some());
            counts[2] += u64::from(search.found == Some(search.sought));
            secs += search.secs;
            with_pauses += search.secs_with_pauses;
        }
        Self::of(pictures, counts, secs, with_pauses)
    }
}

/// 95 % intervals of Wolpaw's bits a minute: of flashing, and with pauses. Searches are drawn again with their times.
pub fn bits_a_minute_ci95(pictures: usize, searches: &[Search], seed: u64) -> [[f64; 2]; 2] {
    let each: Vec<usize> = (0..searches.len()).collect();
    let interval = |rate: fn(&Worth) -> f64| {
        metrics::bootstrap(&each, seed, |chosen| {
            rate(&Worth::of_chosen(pictures, searches, chosen.iter().copied()))
        })
    };
    [interval(|worth| worth.bits_a_minute), interval(|worth| worth.bits_a_minute_with_pauses)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wolpaws_bits_are_those_of_the_paper() {
        assert_eq!(wolpaw(2, 1.0), 1.0);
        assert!((wolpaw(4, 0.9) - 1.372_508).abs() < 1e-5, "{}", wolpaw(4, 0.9));
        for nothing in [wolpaw(40, 0.025), wolpaw(40, 0.0), wolpaw(1, 1.0), wolpaw(40, f64::NAN)] {
            assert_eq!(nothing, 0.0);
        }
    }

    #[test]
    fn mutual_information_is_wolpaws_where_errors_are_alike_and_none_is_an_answer() {
        // Of each of 4 pictures 90 are right, 10 wrong in each of three ways, 30 not found.
        let mut pairs = Vec::new();
        for sought in 0..4 {
            let counts = (0..4).map(|found| (Some(found), if found == sought { 90 } else { 10 }));
            for (found, count) in counts.chain([(None, 30)]) {
                pairs.extend((0..count).map(|_| (sought, found)));
            }
        }
        let want = 0.8 * wolpaw(4, 0.75);
        let got = mutual_information(4, &pairs).unwrap();
        assert!((got - want).abs() < 0.02, "{got} {want}");
        // Without connection there is none left, on the whole.
        let idle: Vec<_> = (0..400).map(|i| (i % 4, Some(i / 4 % 4))).collect();
        assert_eq!(mutual_information(4, &idle), Some(0.0));
        assert_eq!(mutual_information(40, &idle[..199]), None);
        assert!(mutual_information(4, &[(99, Some(99)); 20]).is_some());
    }

    #[test]
    fn searches_that_find_nothing_cost_their_time() {
        let search = |found, secs| Search { sought: 1, found, secs, secs_with_pauses: 2.0 * secs };
        let searches = [
            search(Some(1), 10.0),
            search(None, 20.0),
            search(Some(1), 10.0),
            search(Some(2), 20.0),
        ];
        let worth = Worth::of_searches(40, &searches);
        assert_eq!((worth.searches, worth.found, worth.right), (4, 3, 2));
        assert!((worth.bits_a_minute - 3.0 * wolpaw(40, 2.0 / 3.0)).abs() < 1e-12);
        assert!((worth.bits_a_minute_with_pauses * 2.0 - worth.bits_a_minute).abs() < 1e-12);
        let [[low, high], _] = bits_a_minute_ci95(40, &searches, 1);
        assert!(low < worth.bits_a_minute && worth.bits_a_minute < high, "{low} {high}");
        assert_eq!(Worth::of(40, [0; 3], 0.0, 0.0).bits_a_minute, 0.0);
    }
}
