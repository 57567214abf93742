//! Fields in bytes: little-endian numbers and text of fixed width, for formats whose headers are made of them.
//!
//! Takes bytes and a place; gives zeros and empty text where there are none, so that callers check lengths once, in their own
//! words.

/// The bytes at a place; zeros where there are none. Callers have checked the length of what they read from.
pub(in crate::formats) fn at<const N: usize>(bytes: &[u8], place: usize) -> [u8; N] {
    bytes.get(place..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
}

/// A whole number of four bytes.
pub(in crate::formats) fn u32_at(bytes: &[u8], place: usize) -> u32 {
    u32::from_le_bytes(at(bytes, place))
}

/// A number of four bytes.
pub(in crate::formats) fn f32_at(bytes: &[u8], place: usize) -> f64 {
    f64::from(f32::from_le_bytes(at(bytes, place)))
}

/// A number of eight bytes.
pub(in crate::formats) fn f64_at(bytes: &[u8], place: usize) -> f64 {
    f64::from_le_bytes(at(bytes, place))
}

/// The text of a field, up to its first zero. Bytes above 127 that are not UTF-8 are taken for Latin-1.
pub(in crate::formats) fn text_at(bytes: &[u8], place: usize, width: usize) -> String {
    let field = bytes.get(place..).unwrap_or_default();
    let field = field.get(..width).unwrap_or(field);
    text(field.split(|byte| *byte == 0).next().unwrap_or_default())
}

/// Bytes as text without the spaces around it.
pub(in crate::formats) fn text(bytes: &[u8]) -> String {
    let text: String = match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    text.trim().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_end_at_zero_and_at_the_end_of_the_bytes() {
        assert_eq!(text_at(b"xOz\0garbage", 1, 10), "Oz");
        assert_eq!(text_at(b"  \xb5V   ", 0, 8), "µV");
        assert_eq!(text_at(b"ab", 5, 8), "");
        assert_eq!(u32_at(&[1, 2, 0, 0], 0), 513);
        assert_eq!(u32_at(&[1, 2, 0], 0), 0);
    }
}
