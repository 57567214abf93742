//! Numbers as they are stored.
//!
//! Takes bytes and their order; gives double precision, which holds all but the longest whole numbers exactly.

/// Order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The lowest first: `IM` in the header.
    Little,
    /// The highest first: `MI`.
    Big,
}

/// How a number is stored. The class of an array does not tell: MATLAB stores whole numbers in as few bytes as they need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Single,
    Double,
    Int64,
    UInt64,
}

impl Number {
    /// The one with this type number of the format.
    pub fn of_kind(kind: u32) -> Option<Self> {
        Some(match kind {
            1 => Self::Int8,
            2 => Self::UInt8,
            3 => Self::Int16,
            4 => Self::UInt16,
            5 => Self::Int32,
            6 => Self::UInt32,
            7 => Self::Single,
            9 => Self::Double,
            12 => Self::Int64,
            13 => Self::UInt64,
            _ => return None,
        })
    }

    /// Bytes of one.
    pub fn bytes(self) -> usize {
        match self {
            Self::Int8 | Self::UInt8 => 1,
            Self::Int16 | Self::UInt16 => 2,
            Self::Int32 | Self::UInt32 | Self::Single => 4,
            Self::Double | Self::Int64 | Self::UInt64 => 8,
        }
    }

    /// Fills cells with the numbers in `bytes`, as many as both have.
    pub fn fill<'c>(self, bytes: &[u8], order: Order, cells: impl Iterator<Item = &'c mut f64>) {
        match self {
            Self::Int8 => each(bytes, order, cells, |b| f64::from(i8::from_le_bytes(b))),
            Self::UInt8 => each(bytes, order, cells, |b| f64::from(u8::from_le_bytes(b))),
            Self::Int16 => each(bytes, order, cells, |b| f64::from(i16::from_le_bytes(b))),
            Self::UInt16 => each(bytes, order, cells, |b| f64::from(u16::from_le_bytes(b))),
            Self::Int32 => each(bytes, order, cells, |b| f64::from(i32::from_le_bytes(b))),
            Self::UInt32 => each(bytes, order, cells, |b| f64::from(u32::from_le_bytes(b))),
            Self::Single => each(bytes, order, cells, |b| f64::from(f32::from_le_bytes(b))),
            Self::Double => each(bytes, order, cells, f64::from_le_bytes),
            Self::Int64 => each(bytes, order, cells, |b| i64::from_le_bytes(b) as f64),
            Self::UInt64 => each(bytes, order, cells, |b| u64::from_le_bytes(b) as f64),
        }
    }
}

fn each<'c, const N: usize>(
    bytes: &[u8],
    order: Order,
    cells: impl Iterator<Item = &'c mut f64>,
    number: impl Fn([u8; N]) -> f64,
) {
    for (cell, bytes) in cells.zip(bytes.as_chunks::<N>().0) {
        let mut bytes = *bytes;
        if order == Order::Big {
            bytes.reverse();
        }
        *cell = number(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_of_bytes_give_the_same_numbers() {
        let mut cells = [0.0; 2];
        Number::Int16.fill(&[0xfe, 0xff, 3, 0], Order::Little, cells.iter_mut());
        assert_eq!(cells, [-2.0, 3.0]);
        Number::Int16.fill(&[0xff, 0xfe, 0, 3], Order::Big, cells.iter_mut());
        assert_eq!(cells, [-2.0, 3.0]);
        Number::Double.fill(&1.25_f64.to_be_bytes(), Order::Big, cells.iter_mut());
        assert_eq!(cells, [1.25, 3.0], "a cell without bytes is left alone");
    }
}
