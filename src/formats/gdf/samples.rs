//! Types of samples, by their GDF number.

/// What a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SampleType {
    Int8,
    Uint8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Uint64,
    Float32,
    Float64,
    Int24,
    Uint24,
}

impl SampleType {
    /// The type of a number; `None` for those that are not read: characters, floats of 16 bytes, bits that do not
    /// fill bytes. Whole numbers of n bits are 255 + n, unsigned 511 + n.
    pub fn of(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Int8,
            2 => Self::Uint8,
            3 => Self::Int16,
            4 => Self::Uint16,
            5 => Self::Int32,
            6 => Self::Uint32,
            7 => Self::Int64,
            8 => Self::Uint64,
            16 => Self::Float32,
            17 => Self::Float64,
            279 => Self::Int24,
            535 => Self::Uint24,
            _ => return None,
        })
    }

    /// Bytes of a sample.
    pub fn bytes(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 => 1,
            Self::Int16 | Self::Uint16 => 2,
            Self::Int24 | Self::Uint24 => 3,
            Self::Int32 | Self::Uint32 | Self::Float32 => 4,
            Self::Int64 | Self::Uint64 | Self::Float64 => 8,
        }
    }

    /// The sample in so many bytes; zero for another count. Beyond 53 bits it is rounded.
    pub fn number(self, bytes: &[u8]) -> f64 {
        match (self, bytes) {
            (Self::Int8, &[a]) => f64::from(i8::from_le_bytes([a])),
            (Self::Uint8, &[a]) => f64::from(a),
            (Self::Int16, &[a, b]) => f64::from(i16::from_le_bytes([a, b])),
            (Self::Uint16, &[a, b]) => f64::from(u16::from_le_bytes([a, b])),
            (Self::Int24, &[a, b, c]) => f64::from(i32::from_le_bytes([0, a, b, c]) >> 8),
            (Self::Uint24, &[a, b, c]) => f64::from(u32::from_le_bytes([a, b, c, 0])),
            (Self::Int32, &[a, b, c, d]) => f64::from(i32::from_le_bytes([a, b, c, d])),
            (Self::Uint32, &[a, b, c, d]) => f64::from(u32::from_le_bytes([a, b, c, d])),
            (Self::Float32, &[a, b, c, d]) => f64::from(f32::from_le_bytes([a, b, c, d])),
            (Self::Int64, &[a, b, c, d, e, f, g, h]) => {
                i64::from_le_bytes([a, b, c, d, e, f, g, h]) as f64
            }
            (Self::Uint64, &[a, b, c, d, e, f, g, h]) => {
                u64::from_le_bytes([a, b, c, d, e, f, g, h]) as f64
            }
            (Self::Float64, &[a, b, c, d, e, f, g, h]) => {
                f64::from_le_bytes([a, b, c, d, e, f, g, h])
            }
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_keeps_its_sign() {
        let of = |number, bytes: &[u8]| {
            let found = SampleType::of(number).unwrap();
            assert_eq!(found.bytes(), bytes.len(), "{number}");
            found.number(bytes)
        };
        assert_eq!((of(1, &[0xff]), of(2, &[0xff])), (-1.0, 255.0));
        assert_eq!((of(3, &[0, 0x80]), of(4, &[0, 0x80])), (-32_768.0, 32_768.0));
        assert_eq!((of(279, &[0xff; 3]), of(535, &[0xff; 3])), (-1.0, 16_777_215.0));
        assert_eq!((of(5, &[0xff; 4]), of(6, &[0xff; 4])), (-1.0, 4_294_967_295.0));
        assert_eq!((of(7, &[0xff; 8]), of(8, &[0xff; 8])), (-1.0, u64::MAX as f64));
        assert_eq!(of(16, &1.5_f32.to_le_bytes()), 1.5);
        assert_eq!(of(17, &(-0.1_f64).to_le_bytes()), -0.1);
        assert_eq!([0, 9, 18, 256 + 11, 1 << 16].map(SampleType::of), [None; 5]);
    }
}
