//! How the channels of one montage are made from those of another.
//!
//! Takes the labels of a source and the labels that a model wants; gives a matrix `[wanted, source]` and, for
//! each wanted channel, where it comes from. A wanted channel that the source has is taken as it is; one that
//! it has not is interpolated when an electrode is near enough; otherwise it is missing and its row is zero.

use super::spline::interpolation_matrix;
use super::{Position, canonical_label, degrees_between, own_numbering, position};

/// Farthest that the nearest electrode may be from a wanted one for interpolation, in degrees. Beyond it the
/// spline extrapolates: its value says nothing about that place.
pub const MAX_INTERPOLATION_DEG: f64 = 60.0;

/// Electrodes that have to be measured before others are estimated: the value of one alone says nothing of another place.
const LEAST_MEASURED: usize = 2;

/// Where a wanted channel comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// The source has it, as this channel.
    Direct {
        /// Channel of the source.
        source: usize,
    },
    /// Estimated by spherical splines.
    Interpolated {
        /// The source's channels and what each contributes, the largest first. The weights sum to one.
        from: Vec<(usize, f32)>,
        /// Nearest channel of the source.
        nearest: usize,
        /// How far away that is on the head, in degrees as seen from its centre.
        distance_deg: f64,
    },
    /// Not known: the label is no electrode, or nothing is near.
    Missing {
        /// How far away the nearest channel is, in degrees; `None` when a position is not known.
        distance_deg: Option<f64>,
    },
}

/// A linear map from a source's channels to those wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelMap {
    /// `[wanted, source]`, row-major.
    pub matrix: Vec<f32>,
    /// Where each wanted channel comes from.
    pub origins: Vec<Origin>,
    /// How many wanted channels the source has itself.
    pub direct_count: usize,
    source_count: usize,
}

impl ChannelMap {
    /// The map from channels with `source_labels` to channels with `wanted_labels`.
    pub fn between<S: AsRef<str>, W: AsRef<str>>(source_labels: &[S], wanted_labels: &[W]) -> Self {
        let source = Electrodes::new(source_labels);
        let wanted = Electrodes::new(wanted_labels);
        let usable: Vec<usize> = source.first_of_each_known();
        let measured: Vec<Position> = usable.iter().filter_map(|&i| source.positions[i]).collect();
        let mut map = Self {
            matrix: vec![0.0; wanted.names.len() * source.names.len()],
            origins: Vec::with_capacity(wanted.names.len()),
            direct_count: 0,
            source_count: source.names.len(),
        };
        let places: Vec<Position> = wanted.positions.iter().copied().flatten().collect();
        // One inverse for all of them: most of the work with many electrodes.
        let weights = interpolation_matrix(&measured, &places);
        let mut rows = weights.chunks_exact(measured.len().max(1));
        for (row, name) in wanted.names.iter().enumerate() {
            let weights = wanted.positions[row].and_then(|_| rows.next()).unwrap_or_default();
            let origin = match source.names.iter().position(|n| n == name) {
                Some(source) => Origin::Direct { source },
                None => interpolated(wanted.positions[row], &usable, &measured, weights),
            };
            map.set_row(row, &origin);
            map.origins.push(origin);
        }
        map
    }

    fn set_row(&mut self, row: usize, origin: &Origin) {
        let values = &mut self.matrix[row * self.source_count..(row + 1) * self.source_count];
        match origin {
            Origin::Direct { source } => {
                values[*source] = 1.0;
                self.direct_count += 1;
            }
            Origin::Interpolated { from, .. } => {
                for &(source, weight) in from {
                    values[source] = weight;
                }
            }
            Origin::Missing { .. } => {}
        }
    }

    /// Channels of the source.
    pub fn source_count(&self) -> usize {
        self.source_count
    }

    /// How many wanted channels are estimated.
    pub fn interpolated_count(&self) -> usize {
        self.origins.iter().filter(|o| matches!(o, Origin::Interpolated { .. })).count()
    }

    /// How many wanted channels cannot be had.
    pub fn missing_count(&self) -> usize {
        self.origins.iter().filter(|o| matches!(o, Origin::Missing { .. })).count()
    }

    /// One frame of the source, `[source]`, as wanted, `[wanted]`. Does not allocate.
    pub fn apply(&self, source: &[f32], wanted: &mut [f32]) {
        for (value, row) in
            wanted.iter_mut().zip(self.matrix.chunks_exact(self.source_count.max(1)))
        {
            *value = row.iter().zip(source).map(|(w, s)| w * s).sum();
        }
    }
}

/// Canonical names (lower case, to compare) and positions.
struct Electrodes {
    names: Vec<String>,
    positions: Vec<Option<Position>>,
}

impl Electrodes {
    /// A cap's own numbering (A1 … D32) looks like names of sites and says nothing of places.
    fn new<S: AsRef<str>>(labels: &[S]) -> Self {
        if own_numbering(labels).is_some() {
            let names = labels.iter().map(|l| format!("cap {}", l.as_ref().to_ascii_lowercase()));
            return Self { names: names.collect(), positions: vec![None; labels.len()] };
        }
        Self {
            names: labels
                .iter()
                .map(|l| canonical_label(l.as_ref()).to_ascii_lowercase())
                .collect(),
            positions: labels.iter().map(|l| position(l.as_ref())).collect(),
        }
    }

    /// Channels with a position, without those whose name came before.
    fn first_of_each_known(&self) -> Vec<usize> {
        let is_first = |i: &usize| !self.names[..*i].contains(&self.names[*i]);
        (0..self.names.len()).filter(|&i| self.positions[i].is_some()).filter(is_first).collect()
    }
}

/// `weights` are the splines' for this place, one for each of `measured`.
fn interpolated(
    wanted: Option<Position>,
    usable: &[usize],
    measured: &[Position],
    weights: &[f64],
) -> Origin {
    let Some(wanted) = wanted else { return Origin::Missing { distance_deg: None } };
    let distances = measured.iter().map(|&from| degrees_between(from, wanted));
    let Some((at, distance_deg)) = distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)) else {
        return Origin::Missing { distance_deg: None };
    };
    if distance_deg > MAX_INTERPOLATION_DEG || measured.len() < LEAST_MEASURED {
        return Origin::Missing { distance_deg: Some(distance_deg) };
    }
    let mut from: Vec<(usize, f32)> =
        usable.iter().zip(weights).map(|(&source, &weight)| (source, weight as f32)).collect();
    from.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    Origin::Interpolated { from, nearest: usable[at], distance_deg }
}

#[cfg(test)]
mod tests {
    use super::super::Montage;
    use super::*;

    #[test]
    fn a_headset_that_has_all_gives_a_permutation() {
        let map = ChannelMap::between(&["EEG O2-REF", "T3", "fz"], &["Fz", "T7", "O2"]);
        assert_eq!(map.direct_count, 3);
        assert_eq!(map.matrix, [0., 0., 1., 0., 1., 0., 1., 0., 0.]);
    }

    #[test]
    fn far_electrodes_and_strange_labels_are_missing_not_invented() {
        let map = ChannelMap::between(&["AF7", "AF8", "ECG"], &["Oz", "AFz", "thing", "ecg"]);
        assert!(matches!(map.origins[0], Origin::Missing { distance_deg: Some(d) } if d > 100.0));
        assert!(matches!(map.origins[1], Origin::Interpolated { .. }));
        assert_eq!(map.origins[2], Origin::Missing { distance_deg: None });
        assert_eq!(map.origins[3], Origin::Direct { source: 2 });
        assert_eq!(map.matrix[..3], [0.0; 3]);
        assert_eq!((map.missing_count(), map.interpolated_count()), (2, 1));
    }

    #[test]
    fn one_electrode_however_often_it_is_named_stands_in_for_no_other() {
        let eight: Vec<String> =
            (1..=8).map(|i| if i == 1 { "Oz".into() } else { format!("Oz.{i}") }).collect();
        let wanted = Montage::standard("posterior16").unwrap();
        let map = ChannelMap::between(&eight, &wanted.labels);
        assert_eq!((map.direct_count, map.interpolated_count()), (1, 0));
        let map = ChannelMap::between(&["Oz"; 8], &wanted.labels);
        assert_eq!((map.direct_count, map.interpolated_count()), (1, 0));
    }

    #[test]
    fn a_caps_own_numbers_stand_for_no_electrode() {
        let labels: Vec<String> =
            "ABCD".chars().flat_map(|c| (1..=32).map(move |i| format!("{c}{i}"))).collect();
        let map = ChannelMap::between(&labels, &["C3", "C4", "Cz", "T9"]);
        assert_eq!(map.missing_count(), 4, "C3 of a BioSemi cap is near Fp2");
    }

    #[test]
    fn nothing_measured_gives_nothing() {
        let none: [&str; 0] = [];
        let map = ChannelMap::between(&none, &["Cz"]);
        assert_eq!(map.missing_count(), 1);
        let mut out = [7.0];
        map.apply(&[], &mut out);
        assert!(ChannelMap::between(&["Cz"], &none).matrix.is_empty());
    }

    #[test]
    fn interpolation_follows_a_smooth_field() {
        let full = Montage::standard("biosemi64").unwrap();
        let wanted = Montage::standard("posterior16").unwrap();
        let without = |l: &&String| !["PO7", "Pz", "O2"].contains(&l.as_str());
        let source: Vec<&String> = full.labels.iter().filter(without).collect();
        let map = ChannelMap::between(&source, &wanted.labels);
        assert_eq!((map.direct_count, map.interpolated_count()), (13, 3));
        // A gradient over the head: a first-order spherical harmonic, which splines follow closely.
        let field = |label: &String| position(label).unwrap()[1] as f32 * 10.0;
        let measured: Vec<f32> = source.iter().map(|l| field(l)).collect();
        let mut got = vec![0.0; 16];
        map.apply(&measured, &mut got);
        for (label, got) in wanted.labels.iter().zip(got) {
            assert!((got - field(label)).abs() < 0.1, "{label}: {got} instead of {}", field(label));
        }
    }
}
