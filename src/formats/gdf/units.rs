//! Units by their code, as version 2 numbers them: a unit in steps of 32, a power of ten in the lower five bits.

/// Units that recordings of the body carry, by code.
const UNITS: [(u16, &str); 28] = [
    (544, "%"),
    (608, "ppm"),
    (736, "deg"),
    (768, "rad"),
    (992, "pH"),
    (1280, "m"),
    (1600, "l"),
    (1728, "g"),
    (2176, "s"),
    (2208, "min"),
    (2464, "1/s"),
    (2496, "Hz"),
    (2528, "1/min"),
    (2720, "bpm"),
    (2816, "m/s"),
    (3040, "l/s"),
    (3072, "l/min"),
    (3840, "Pa"),
    (3872, "mmHg"),
    (3904, "cmH2O"),
    (4032, "W"),
    (4160, "A"),
    (4256, "V"),
    (4288, "Ohm"),
    (4384, "K"),
    (4416, "°F"),
    (6048, "°C"),
    (6624, "m/s2"),
];

/// Written before the unit, by the lower five bits.
fn prefix(power: u16) -> Option<&'static str> {
    Some(match power {
        0 => "",
        1 => "da",
        2 => "h",
        3 => "k",
        4 => "M",
        5 => "G",
        6 => "T",
        7 => "P",
        8 => "E",
        9 => "Z",
        10 => "Y",
        16 => "d",
        17 => "c",
        18 => "m",
        19 => "u",
        20 => "n",
        21 => "p",
        22 => "f",
        23 => "a",
        24 => "z",
        25 => "y",
        _ => return None,
    })
}

/// The unit of a code; empty for none and for a number without a unit; `code N` for one that is not in the table.
pub(super) fn unit(code: u16) -> String {
    let (base, power) = (code & !31, code & 31);
    if code == 0 || code == 512 {
        return String::new();
    }
    let known = UNITS.iter().find(|(own, _)| *own == base);
    match (prefix(power), known) {
        (Some(prefix), Some((_, name))) => format!("{prefix}{name}"),
        _ => format!("code {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::unit::microvolts_per;

    #[test]
    fn voltages_are_understood_and_others_named() {
        let scales = [4256, 4274, 4275, 4276].map(|code| microvolts_per(&unit(code)));
        assert_eq!(scales, [Some(1e6), Some(1e3), Some(1.0), Some(1e-3)]);
        assert_eq!([0, 512, 544, 1731, 6048].map(unit), ["", "", "%", "kg", "°C"]);
        assert_eq!([4287, 40_000].map(unit), ["code 4287", "code 40000"]);
    }
}
