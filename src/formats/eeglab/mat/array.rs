//! Arrays: what stands before their content.
//!
//! Takes an [`Input`] at an array; gives its class, shape and name, and leaves the input at its content.

use super::input::Input;
use crate::formats::FormatError;

/// Type number of an array.
pub const MATRIX: u32 = 14;

/// Longest list of field names, in bytes; names have at most 64.
const MAX_NAMES_BYTES: u64 = 1 << 20;

/// Most dimensions, and longest name of a variable or class.
const MAX_DIMENSIONS: u64 = 32;
const MAX_NAME_BYTES: u64 = 1024;

/// What an array holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Cell,
    /// Also an object, which is a struct with the name of its class.
    Struct,
    Text,
    Sparse,
    Numbers,
    /// Functions, and objects whose inside is not documented.
    Other,
}

/// What stands before the content of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    pub name: String,
    pub class: Class,
    pub is_complex: bool,
    pub dims: Vec<u64>,
    /// Where it ends, counted in the variable.
    pub end: u64,
    is_object: bool,
}

impl Array {
    /// How many elements it has.
    pub fn count(&self) -> u64 {
        self.dims.iter().fold(1, |count, dim| count.saturating_mul(*dim))
    }

    /// Its shape in words, as `3 × 1000`.
    pub fn shape(&self) -> String {
        self.dims.iter().map(u64::to_string).collect::<Vec<_>>().join(" × ")
    }

    /// Reads what stands before the content of an array that ends at `end`.
    pub fn read(input: &mut Input<'_>, end: u64) -> Result<Self, FormatError> {
        let nothing = Self {
            name: String::new(),
            class: Class::Numbers,
            is_complex: false,
            dims: vec![0, 0],
            end,
            is_object: false,
        };
        // An array without bytes is an empty one.
        if input.at() >= end {
            return Ok(nothing);
        }
        let tag = input.tag(end)?;
        let flags = input.numbers(tag, 1)?.and_then(|flags| flags.first().copied());
        let Some(flags) = flags else {
            return Err(input.malformed("the flags of an array", "another element"));
        };
        let flags = flags as u32;
        let class = match flags & 0xff {
            1 => Class::Cell,
            2 | 3 => Class::Struct,
            4 => Class::Text,
            5 => Class::Sparse,
            6..=15 => Class::Numbers,
            16 | 17 => return Ok(Self { class: Class::Other, ..nothing }),
            other => {
                return Err(input.malformed("a class of 1 to 17", other.to_string()));
            }
        };
        let tag = input.tag(end)?;
        let dims = input.numbers(tag, MAX_DIMENSIONS)?.unwrap_or_default();
        if dims.len() < 2 || dims.iter().any(|dim| *dim < 0.0) {
            return Err(input.malformed("two or more dimensions", format!("{dims:?}")));
        }
        let tag = input.tag(end)?;
        let name = input.content(tag, MAX_NAME_BYTES)?;
        Ok(Self {
            name: letters(&name),
            class,
            is_complex: flags & 0x800 != 0,
            dims: dims.iter().map(|dim| *dim as u64).collect(),
            end,
            is_object: flags & 0xff == 3,
        })
    }

    /// The names of its fields, when it is a struct.
    pub fn fields(&self, input: &mut Input<'_>) -> Result<Vec<String>, FormatError> {
        if self.is_object {
            let tag = input.tag(self.end)?;
            input.go_to(tag.next)?;
        }
        let tag = input.tag(self.end)?;
        let width = input.numbers(tag, 1)?.and_then(|width| width.first().copied());
        let Some(width) = width.filter(|width| (1.0..=4096.0).contains(width)) else {
            return Err(input.malformed("a length of field names", format!("{width:?}")));
        };
        let tag = input.tag(self.end)?;
        if tag.bytes > MAX_NAMES_BYTES {
            let expected = format!("names of fields in at most {MAX_NAMES_BYTES} bytes");
            return Err(input.malformed(&expected, tag.bytes.to_string()));
        }
        let bytes = input.content(tag, MAX_NAMES_BYTES)?;
        let fields: Vec<String> = bytes.chunks_exact(width as usize).map(letters).collect();
        // Every field of every element takes at least its tag.
        let least = self.count().saturating_mul(fields.len() as u64).saturating_mul(8);
        if least > self.end.saturating_sub(input.at()) {
            let got = format!("{} structs of {} fields", self.shape(), fields.len());
            return Err(input.malformed("no more structs than there is room for", got));
        }
        Ok(fields)
    }
}

/// A name, which zeros may fill up.
fn letters(name: &[u8]) -> String {
    name.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
}

/// The array that stands next within another that ends at `end`.
pub fn nested(input: &mut Input<'_>, end: u64) -> Result<Array, FormatError> {
    let tag = input.tag(end)?;
    if tag.kind != MATRIX {
        return Err(input.malformed("an array", format!("an element of type {}", tag.kind)));
    }
    Array::read(input, input.at() + tag.bytes)
}
