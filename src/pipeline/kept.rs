//! What a run keeps of its decodes for its summary, in memory that does not grow with the hours.

use std::collections::BTreeMap;

use crate::stats::percentile_at;

/// p-values, counted. Each is a fraction over at most [`crate::decode::inference::evidence::MAX_NULL`] nulls, so only so
/// many different ones can come, however long the run.
#[derive(Clone, Debug, Default)]
pub struct PValues {
    /// By their bits, which rise with the value: p-values are not negative.
    counts: BTreeMap<u64, usize>,
    len: usize,
}

impl PValues {
    /// Counts one; what is not a number from 0 to 1 is no p-value and is left out.
    pub fn add(&mut self, p: f64) {
        if (0.0..=1.0).contains(&p) {
            // Adding zero makes −0 the same as 0.
            *self.counts.entry((p + 0.0).to_bits()).or_default() += 1;
            self.len += 1;
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True before the first.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many are smaller than `p`.
    pub fn below(&self, p: f64) -> usize {
        self.counts.range(..p.to_bits()).map(|(_, count)| count).sum()
    }

    /// The percentile, as [`crate::stats::percentile_of_sorted`] of all of them; `None` before the first.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        (!self.is_empty()).then(|| percentile_at(self.len, percent, |rank| self.at(rank)))
    }

    /// The one at this place in rising order, from 0.
    fn at(&self, rank: usize) -> f64 {
        let mut before = 0;
        for (bits, count) in &self.counts {
            before += count;
            if rank < before {
                return f64::from_bits(*bits);
            }
        }
        f64::NAN
    }
}

/// Numbers that were seen, kept as runs of consecutive ones: a recording that is replayed from end to end is one run.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// First number of each run → last.
    runs: BTreeMap<u64, u64>,
}

impl Seen {
    /// Adds a number; true where it is new.
    pub fn insert(&mut self, number: u64) -> bool {
        let before = self.runs.range(..=number).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| number <= last) {
            return false;
        }
        let after = number.checked_add(1).and_then(|next| self.runs.remove(&next));
        let first = match before {
            Some((first, last)) if last + 1 == number => first,
            _ => number,
        };
        self.runs.insert(first, after.unwrap_or(number));
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::stats::percentile_of_sorted;

    /// Numbers that leap about but meet again.
    fn scattered(count: u64, modulus: u64) -> impl Iterator<Item = u64> {
        (0..count).map(move |i| (i * i * 31 + i * 7) % modulus)
    }

    #[test]
    fn counted_p_values_give_what_all_of_them_would() {
        let (mut counted, mut all) = (PValues::default(), Vec::new());
        assert!(counted.percentile(50.0).is_none());
        for i in scattered(2500, 401) {
            let p = (1 + i) as f64 / 401.0;
            counted.add(p);
            all.push(p);
            let mut sorted = all.clone();
            sorted.sort_by(f64::total_cmp);
            assert_eq!(counted.percentile(50.0), Some(percentile_of_sorted(&sorted, 50.0)));
            assert_eq!(counted.below(0.05), all.iter().filter(|p| **p < 0.05).count());
        }
        assert_eq!(counted.len(), all.len());
        assert!(counted.counts.len() <= 401, "{}", counted.counts.len());
        counted.add(f64::NAN);
        assert_eq!(counted.len(), all.len());
    }

    #[test]
    fn runs_know_what_a_set_knows() {
        let (mut runs, mut set) = (Seen::default(), HashSet::new());
        for number in scattered(3000, 1009) {
            assert_eq!(runs.insert(number), set.insert(number), "{number}");
        }
        (0..1009).for_each(|number| assert_eq!(runs.insert(number), set.insert(number)));
        assert_eq!(runs.runs, BTreeMap::from([(0, 1008)]));
        assert!(runs.insert(u64::MAX) && !runs.insert(u64::MAX));
    }
}
