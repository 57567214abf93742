//! The Cyton's numbers as its SD card holds them: hexadecimal, two's complement.

/// µV per count: 4.5 V reference, gain 24, 24 bits.
pub(super) const UV_PER_COUNT: f64 = 4.5e6 / 24.0 / 8_388_607.0;

/// g per count of the accelerometer at ±4 g: 2 mg, in the upper twelve of sixteen bits.
const G_PER_COUNT: f64 = 0.002 / 16.0;

/// The number in a cell, by how many digits it has: a count, an acceleration in g, a channel in µV.
pub(super) fn value(cell: &str) -> Option<f64> {
    let bits = u32::from_str_radix(cell, 16).ok().filter(|_| !cell.starts_with('+'))?;
    match cell.len() {
        2 => Some(f64::from(bits)),
        4 => Some(f64::from(bits as u16 as i16) * G_PER_COUNT),
        6 => Some(f64::from(((bits << 8) as i32) >> 8) * UV_PER_COUNT),
        _ => None,
    }
}
