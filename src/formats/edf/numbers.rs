//! Numbers in fields of eight characters, and samples of two or three bytes.

use super::Kind;

/// Characters of a number field.
const FIELD: usize = 8;

/// The largest number of at most eight characters that is not above `value`, or the smallest that is not below
/// it: with its text. `None` when eight characters cannot hold it.
pub(super) fn rounded_outwards(value: f64, upwards: bool) -> Option<(f64, String)> {
    (0..=6).rev().find_map(|decimals| {
        let scale = 10_f64.powi(decimals);
        let scaled = if upwards { (value * scale).ceil() } else { (value * scale).floor() };
        let text = format!("{:.*}", decimals as usize, scaled / scale);
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        let text = if text == "-0" { "0" } else { text };
        (text.len() <= FIELD).then(|| {
            text.parse()
                .ok()
                .filter(|n: &f64| n.is_finite())
                .map(|number| (number, text.to_owned()))
        })?
    })
}

/// A number of a header as people write it: spaces around, a decimal comma at times.
pub(super) fn parsed(text: &str) -> Option<f64> {
    let text = text.trim().replace(',', ".");
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Appends a sample, little-endian two's complement.
pub(super) fn put(kind: Kind, sample: i32, out: &mut Vec<u8>) {
    out.extend(&sample.to_le_bytes()[..kind.sample_bytes()]);
}

/// The sample in two or three bytes.
pub(super) fn sample(bytes: &[u8]) -> i32 {
    match *bytes {
        [low, high] => i32::from(i16::from_le_bytes([low, high])),
        [low, middle, high] => i32::from_le_bytes([0, low, middle, high]) >> 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_hold_numbers_outwards() {
        for (value, upwards, text) in [
            (123.456_789_1, true, "123.4568"),
            (123.456_789_1, false, "123.4567"),
            (-0.000_000_1, false, "-0.00001"),
            (0.0, true, "0"),
            (-200_000.5, false, "-200001"),
            (12_345_678.0, true, "12345678"),
        ] {
            let (number, found) = rounded_outwards(value, upwards).unwrap();
            assert_eq!(found, text);
            assert!(if upwards { number >= value } else { number <= value });
        }
        assert_eq!(rounded_outwards(123_456_789.0, true), None);
    }

    #[test]
    fn samples_keep_their_sign() {
        for (kind, value) in
            [(Kind::Edf, -32_768), (Kind::Edf, 5), (Kind::Bdf, -8_388_608), (Kind::Bdf, 8_388_607)]
        {
            let mut bytes = Vec::new();
            put(kind, value, &mut bytes);
            assert_eq!(sample(&bytes), value);
        }
    }
}
