//! Short values: a text, or a few numbers.
//!
//! Takes an [`Input`] at the content of an array; gives what it holds. Longer ones are cut.

use super::array::{Array, Class, nested};
use super::input::Input;
use super::number::Order;
use crate::formats::FormatError;

/// Longest text that is kept, in bytes.
const MAX_TEXT_BYTES: u64 = 64 << 10;

/// Most numbers that are kept.
const MAX_NUMBERS: u64 = 1024;

/// What a short array holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An empty array of any class.
    Nothing,
    Text(String),
    Numbers(Vec<f64>),
    /// What is neither: a struct, a function, an object.
    Other,
}

impl Value {
    /// The number of an array with one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Numbers(numbers) if numbers.len() == 1 => numbers.first().copied(),
            _ => None,
        }
    }

    /// It as a text; numbers are joined by spaces.
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Numbers(numbers) => {
                numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(" ")
            }
            Self::Nothing | Self::Other => String::new(),
        }
    }
}

/// What an array holds; the input is left somewhere within it. A cell counts as what is in it, when that is one thing.
pub fn value(input: &mut Input<'_>, array: &Array) -> Result<Value, FormatError> {
    if array.class == Class::Cell && array.count() == 1 {
        let inner = nested(input, array.end)?;
        return if inner.class == Class::Cell { Ok(Value::Other) } else { plain(input, &inner) };
    }
    plain(input, array)
}

fn plain(input: &mut Input<'_>, array: &Array) -> Result<Value, FormatError> {
    if array.count() == 0 && array.class != Class::Other {
        return Ok(Value::Nothing);
    }
    Ok(match array.class {
        Class::Text => Value::Text(text(input, array)?),
        Class::Numbers => {
            let tag = input.tag(array.end)?;
            let most = array.count().min(MAX_NUMBERS);
            input.numbers(tag, most)?.map_or(Value::Other, Value::Numbers)
        }
        _ => Value::Other,
    })
}

/// The rows of an array of letters, as lines.
fn text(input: &mut Input<'_>, array: &Array) -> Result<String, FormatError> {
    let tag = input.tag(array.end)?;
    let order = input.order;
    let bytes = input.content(tag, MAX_TEXT_BYTES)?;
    let letters = letters(tag.kind, &bytes, order);
    let rows = array.dims.first().copied().unwrap_or(1);
    if rows <= 1 || array.count() != letters.len() as u64 {
        return Ok(letters.into_iter().collect());
    }
    // As everything, letters stand column by column.
    let rows = rows as usize;
    let line = |row: usize| {
        let line: String = letters.iter().skip(row).step_by(rows).collect();
        line.trim_end().to_owned()
    };
    Ok((0..rows).map(line).collect::<Vec<_>>().join("\n"))
}

/// Letters as they are stored: one byte each, or Unicode in units of one, two or four bytes.
fn letters(kind: u32, bytes: &[u8], order: Order) -> Vec<char> {
    let unit = |unit: &[u8]| {
        let shift = |unit: u32, byte: &u8| unit << 8 | u32::from(*byte);
        match order {
            Order::Little => unit.iter().rev().fold(0, shift),
            Order::Big => unit.iter().fold(0, shift),
        }
    };
    match kind {
        16 => String::from_utf8_lossy(bytes).chars().collect(),
        3 | 4 | 17 => {
            let units = bytes.chunks_exact(2).map(|bytes| unit(bytes) as u16);
            char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')).collect()
        }
        5 | 6 | 18 => {
            let units = bytes.chunks_exact(4).map(|bytes| char::from_u32(unit(bytes)));
            units.map(|letter| letter.unwrap_or('\u{fffd}')).collect()
        }
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_every_width_are_read() {
        let text = |kind, bytes: &[u8], order| letters(kind, bytes, order).into_iter().collect();
        let found: [String; 5] = [
            text(1, b"S\xe4", Order::Little),
            text(16, "Sä".as_bytes(), Order::Little),
            text(4, &[b'S', 0, 0xe4, 0], Order::Little),
            text(17, &[0, b'S', 0, 0xe4], Order::Big),
            text(18, &[b'S', 0, 0, 0, 0xe4, 0, 0, 0], Order::Little),
        ];
        assert!(found.iter().all(|text| text == "Sä"), "{found:?}");
    }
}
