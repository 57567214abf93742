//! Electrode positions of the 10-20, 10-10 and 10-05 systems on the unit sphere, computed from the name.
//!
//! Takes a label in any spelling that headsets use; gives x to the right, y to the nose, z to the vertex.
//! The construction is that of Oostenveld & Praamstra 2001 (Clin. Neurophysiol. 112:713) on the sphere that
//! BESA and BioSemi use: 10 % of an arc is 22.5° along the midline, so that Fpz, T7, Oz and T8 lie on the
//! equator, and 18° along the equator. A row (as F or CPP) is the circle through its two equatorial
//! electrodes and its midline electrode, divided evenly; numbers 9 and 10 lie one step below the equator.

/// A place on the unit sphere: x right, y front, z up.
pub type Position = [f64; 3];

/// One tenth of the nasion–vertex–inion arc, in degrees.
const MIDLINE_STEP_DEG: f64 = 22.5;

/// One tenth of the half circle Fpz–T7–Oz, in degrees.
const EQUATOR_STEP_DEG: f64 = 18.0;

/// Rows from front to back in tenths of the arc before (+) and behind (−) the vertex.
const ROWS: [(&str, f64); 29] = [
    ("n", 5.0),
    ("nfp", 4.5),
    ("fp", 4.0),
    ("afp", 3.5),
    ("af", 3.0),
    ("aff", 2.5),
    ("f", 2.0),
    ("fft", 1.5),
    ("ffc", 1.5),
    ("ft", 1.0),
    ("fc", 1.0),
    ("ftt", 0.5),
    ("fcc", 0.5),
    ("t", 0.0),
    ("c", 0.0),
    ("ttp", -0.5),
    ("ccp", -0.5),
    ("tp", -1.0),
    ("cp", -1.0),
    ("tpp", -1.5),
    ("cpp", -1.5),
    ("p", -2.0),
    ("ppo", -2.5),
    ("po", -3.0),
    ("poo", -3.5),
    ("o", -4.0),
    ("oi", -4.5),
    ("i", -5.0),
    ("m", f64::NAN), // mastoids are aliases, see `modern_name`
];

/// The sites of the 10-10 system, from front to back, each row from left to right.
pub const TEN_TEN: [&str; 77] = [
    "Nz", "Fp1", "Fpz", "Fp2", "AF7", "AF3", "AFz", "AF4", "AF8", "F9", "F7", "F5", "F3", "F1",
    "Fz", "F2", "F4", "F6", "F8", "F10", "FT9", "FT7", "FC5", "FC3", "FC1", "FCz", "FC2", "FC4",
    "FC6", "FT8", "FT10", "T9", "T7", "C5", "C3", "C1", "Cz", "C2", "C4", "C6", "T8", "T10", "TP9",
    "TP7", "CP5", "CP3", "CP1", "CPz", "CP2", "CP4", "CP6", "TP8", "TP10", "P9", "P7", "P5", "P3",
    "P1", "Pz", "P2", "P4", "P6", "P8", "P10", "PO9", "PO7", "PO3", "POz", "PO4", "PO8", "PO10",
    "O1", "Oz", "O2", "I1", "Iz", "I2",
];

/// What is written before the electrode name in files: `EEG Fp1-REF`, `POL Cz` (Nihon Kohden), `EEG.AF3` (Emotiv).
const PREFIXES: [&str; 6] = ["eeg ", "eeg-", "eeg_", "eeg:", "eeg.", "pol "];

/// What is written after it, naming the reference. A bipolar `C3-P3` is not among them and stays unknown.
const REFERENCES: [&str; 21] = [
    "ref",
    "reference",
    "vref",
    "le",
    "ae",
    "avg",
    "ave",
    "av",
    "ar",
    "car",
    "a1",
    "a2",
    "a1a2",
    "a1+a2",
    "m1",
    "m2",
    "m1m2",
    "m1+m2",
    "tp9",
    "tp10",
    "linked",
];

/// Earlobes and mastoids: beside another of them as the reference, they are a derivation and no electrode.
const EARS: [&str; 6] = ["a1", "a2", "m1", "m2", "tp9", "tp10"];

/// The name without prefix, reference and padding: `EEG FP1-REF` gives `Fp1`, `Fc5..` gives `FC5`.
/// Labels that are no electrode come back trimmed and otherwise as they are.
pub fn canonical_label(label: &str) -> String {
    let bare = strip(label);
    match parse(&bare) {
        Some(site) => site.name(&bare),
        None => label.trim().to_owned(),
    }
}

/// The position of an electrode, or `None` when the label is not one of the 10-05 system.
pub fn position(label: &str) -> Option<Position> {
    parse(&strip(label)).map(Site::position)
}

/// The two electrodes of a bipolar derivation (`EEG Pz-Cz`): it is their difference, and no electrode.
pub fn derivation(label: &str) -> Option<[String; 2]> {
    if position(label).is_some() {
        return None;
    }
    let text = without_prefix(label);
    let (first, second) = text.split_once(['-', '/'])?;
    let site = |name: &str| position(name).map(|_| canonical_label(name));
    Some([site(first)?, site(second)?])
}

/// The angle between two positions as seen from the centre of the head, in degrees.
pub fn degrees_between(a: Position, b: Position) -> f64 {
    let cosine: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    cosine.clamp(-1.0, 1.0).acos().to_degrees()
}

/// Lower case, without what stands before the name.
fn without_prefix(label: &str) -> String {
    let text = label.trim().to_ascii_lowercase();
    let rest = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
    rest.unwrap_or(&text).trim().to_owned()
}

/// Lower case, without prefix, reference, trailing dots and the old names.
fn strip(label: &str) -> String {
    let mut text = without_prefix(label).trim_end_matches('.').to_owned();
    if let Some((name, reference)) = text.rsplit_once(['-', ' ', '_', ':', '/'])
        && REFERENCES.contains(&reference)
        && !(EARS.contains(&name.trim()) && EARS.contains(&reference))
    {
        text = name.trim().to_owned();
    }
    modern_name(&text).unwrap_or(&text).to_owned()
}

/// Names of the old 10-20 system, earlobes and mastoids, as the nearest 10-10 site.
fn modern_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "t3" => "t7",
        "t4" => "t8",
        "t5" => "p7",
        "t6" => "p8",
        "a1" => "t9",
        "a2" => "t10",
        "m1" => "tp9",
        "m2" => "tp10",
        _ => return None,
    })
}

/// A site in the coordinates of the system.
#[derive(Clone, Copy, Debug)]
struct Site {
    row: &'static str,
    /// Tenths of the arc before the vertex.
    front: f64,
    /// 0 on the midline, 1 for numbers 1 and 2, … 5 for 9 and 10; half for names with `h`. Right is positive.
    side: f64,
}

fn parse(name: &str) -> Option<Site> {
    let digits_at = name.find(|c: char| c.is_ascii_digit());
    let (row, side) = match digits_at {
        None => (name.strip_suffix('z')?, 0.0),
        Some(at) => {
            let (digits, half) = match name[at..].strip_suffix('h') {
                Some(digits) => (digits, 0.5),
                None => (&name[at..], 0.0),
            };
            let number: u32 = digits.parse().ok().filter(|n| (1..=10).contains(n))?;
            let side = f64::from(number.div_ceil(2)) - half;
            (&name[..at], if number.is_multiple_of(2) { side } else { -side })
        }
    };
    let (row, front) = ROWS.into_iter().find(|(known, front)| *known == row && !front.is_nan())?;
    let steps = side.abs();
    let exists = match row {
        "fp" | "o" | "n" | "i" | "nfp" | "oi" => steps <= 1.0,
        // Beside the midline rows C, FC, CP … end where the rows of the temple, T, FT, TP …, begin.
        "t" | "ft" | "tp" | "ftt" | "ttp" | "fft" | "tpp" => steps > 3.0,
        "c" | "fc" | "cp" | "fcc" | "ccp" | "ffc" | "cpp" => steps <= 3.0,
        _ => true,
    };
    exists.then_some(Site { row, front, side })
}

impl Site {
    fn position(self) -> Position {
        let steps = self.side.abs();
        let [left, front, up] = if self.front.abs() >= 4.0 {
            let azimuth = EQUATOR_STEP_DEG * steps;
            let polar = 90.0 + MIDLINE_STEP_DEG * (self.front.abs() - 4.0);
            let [left, front, up] = on_sphere(polar, azimuth);
            [left, front * self.front.signum(), up]
        } else if steps > 4.0 {
            on_sphere(90.0 + MIDLINE_STEP_DEG * (steps - 4.0), self.equator_azimuth_deg())
        } else {
            self.on_row(steps)
        };
        [if self.side > 0.0 { left } else { -left }, front, up].map(|v| v + 0.0)
    }

    fn equator_azimuth_deg(self) -> f64 {
        90.0 - EQUATOR_STEP_DEG * self.front
    }

    /// The point `steps` quarters of the way from the midline electrode to the equatorial one, along the
    /// circle through the midline electrode and both equatorial ones: distance to the left, front, up.
    fn on_row(self, steps: f64) -> Position {
        let [half_chord, chord_y, _] = on_sphere(90.0, self.equator_azimuth_deg());
        let (sin, cos) = (MIDLINE_STEP_DEG * self.front).to_radians().sin_cos();
        // From the chord's middle (0, chord_y, 0) to the midline electrode (0, sin, cos).
        let (dy, dz) = (sin - chord_y, cos);
        let height = dy.hypot(dz);
        let radius = (half_chord * half_chord + height * height) / (2.0 * height);
        let whole = half_chord.atan2(radius - height);
        let (s, c) = (whole * steps / 4.0).sin_cos();
        let down = radius * (1.0 - c) / height;
        [radius * s, sin - down * dy, cos - down * dz]
    }

    /// The name in the spelling of the standard.
    fn name(self, lower: &str) -> String {
        let row = match self.row {
            "fp" => "Fp".to_owned(),
            "nfp" => "NFp".to_owned(),
            "afp" => "AFp".to_owned(),
            row => row.to_ascii_uppercase(),
        };
        format!("{row}{}", &lower[self.row.len()..])
    }
}

/// The point at these angles from the vertex and from the nose towards the left: left, front, up.
fn on_sphere(polar_deg: f64, azimuth_deg: f64) -> Position {
    let (sin_p, cos_p) = polar_deg.to_radians().sin_cos();
    let (sin_a, cos_a) = azimuth_deg.to_radians().sin_cos();
    [sin_p * sin_a, sin_p * cos_a, cos_p]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cardinal_electrodes_lie_where_the_system_says() {
        let near = |label: &str, want: Position| {
            let got = position(label).unwrap();
            assert!(degrees_between(got, want) < 1e-5, "{label}: {got:?}");
        };
        near("Cz", [0.0, 0.0, 1.0]);
        near("Fpz", [0.0, 1.0, 0.0]);
        near("Oz", [0.0, -1.0, 0.0]);
        near("T7", [-1.0, 0.0, 0.0]);
        near("t8", [1.0, 0.0, 0.0]);
        near("C3", [-(0.5f64.sqrt()), 0.0, 0.5f64.sqrt()]);
    }

    #[test]
    fn every_site_of_ten_ten_is_known_by_its_own_name() {
        let known = TEN_TEN
            .iter()
            .filter(|site| position(site).is_some() && canonical_label(site) == **site);
        let missing: Vec<_> = TEN_TEN.iter().filter(|site| position(site).is_none()).collect();
        assert_eq!(known.count(), TEN_TEN.len(), "{missing:?}");
    }

    #[test]
    fn every_position_is_on_the_sphere_and_mirrored() {
        for (row, _) in ROWS {
            for (left, right) in [("1", "2"), ("3h", "4h"), ("5", "6"), ("7", "8"), ("9", "10")] {
                let (Some(l), Some(r)) =
                    (position(&format!("{row}{left}")), position(&format!("{row}{right}")))
                else {
                    continue;
                };
                let norm: f64 = l.iter().map(|v| v * v).sum();
                assert!((norm - 1.0).abs() < 1e-12, "{row}{left}");
                assert!(l[0] < 0.0, "odd numbers are on the left: {row}{left}");
                assert!(degrees_between(l, [-r[0], r[1], r[2]]) < 1e-5);
            }
        }
    }

    #[test]
    fn spellings_of_files_and_old_names_are_understood() {
        for (spelling, name) in [
            ("EEG FP1-REF", "Fp1"),
            ("EEG Fpz-LE", "Fpz"),
            ("Fc5.", "FC5"),
            ("Iz..", "Iz"),
            ("T3", "T7"),
            ("t6", "P8"),
            (" poz ", "POz"),
            ("O1-A2", "O1"),
            ("afp3h", "AFp3h"),
            ("M2", "TP10"),
            ("PO10", "PO10"),
            ("POL Cz", "Cz"),
            ("C3..", "C3"),
            ("EEG T3-A1", "T7"),
            ("EEG O1-LE", "O1"),
            ("EEG F7-Ref", "F7"),
            ("EEG T5-AVG", "P7"),
            ("EEG.AF3", "AF3"),
            ("C4/M1", "C4"),
        ] {
            assert_eq!(canonical_label(spelling), name);
            assert_eq!(position(spelling), position(name), "{spelling}");
            assert!(position(spelling).is_some(), "{spelling}");
        }
    }

    /// The spherical montage differs by rounding and by BioSemi's own row angles, the head by its shape.
    #[test]
    fn positions_agree_with_mne_python() {
        type Montages =
            std::collections::BTreeMap<String, std::collections::BTreeMap<String, Position>>;
        let text = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/vectors/montage/montage.json"
        ));
        let mut vectors: serde_json::Value = serde_json::from_str(text).unwrap();
        let montages: Montages = serde_json::from_value(vectors["positions"].take()).unwrap();
        for (montage, most_deg, mean_deg) in [("biosemi64", 6.0, 2.0), ("standard_1005", 20.0, 8.0)]
        {
            let (mut worst, mut sum, mut unknown) = ((0.0, ""), 0.0, Vec::new());
            for (label, &want) in &montages[montage] {
                let Some(got) = position(label) else {
                    unknown.push(label);
                    continue;
                };
                let off = degrees_between(got, want);
                sum += off;
                worst = if off > worst.0 { (off, label) } else { worst };
            }
            let mean = sum / (montages[montage].len() - unknown.len()) as f64;
            println!("{montage}: mean {mean:.1}°, worst {worst:?}, unknown {unknown:?}");
            assert!(
                worst.0 < most_deg && mean < mean_deg,
                "{montage}: mean {mean}°, worst {worst:?}"
            );
            assert!(unknown.is_empty(), "{montage}: {unknown:?}");
        }
    }

    #[test]
    fn a_derivation_is_told_from_a_reference() {
        let both = |first: &str, second: &str| Some([first.to_owned(), second.to_owned()]);
        assert_eq!(derivation("EEG Pz-Cz"), both("Pz", "Cz"));
        assert_eq!(derivation("T3-O1"), both("T7", "O1"));
        for label in ["Cz", "Fp1-REF", "T3-A1", "EOG-L", "", "Pz-", "C3-P3-O1"] {
            assert_eq!(derivation(label), None, "{label}");
        }
    }

    #[test]
    fn other_channels_have_no_position() {
        for label in [
            "",
            "ECG",
            "C3-P3",
            "EEG Pz-Cz",
            "A1-A2",
            "EOG-L",
            "POL E",
            "EOG1",
            "Ch 3",
            "T1",
            "C9",
            "Fp7",
            "F11",
            "F0",
            "z",
            "m3",
            "é",
        ] {
            assert_eq!(position(label), None, "{label}");
            assert_eq!(canonical_label(label), label.trim());
        }
    }
}
