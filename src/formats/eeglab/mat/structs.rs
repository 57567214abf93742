//! The fields of structs.
//!
//! Takes an [`Input`] at the content of a struct or of an array of them; shows field after field, and passes over what
//! is not wanted.

use super::array::{Array, MATRIX, nested};
use super::input::Input;
use super::value::{Value, value};
use crate::formats::FormatError;

/// Shows every field of a struct with one element: its name, and the input at its content. What is left of the field
/// is passed over.
pub fn each_field(
    input: &mut Input<'_>,
    array: &Array,
    take: &mut dyn FnMut(&str, &mut Input<'_>, &Array) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    if array.count() != 1 {
        return Ok(());
    }
    for name in array.fields(input)? {
        let field = nested(input, array.end)?;
        take(&name, input, &field)?;
        input.go_to(field.end)?;
    }
    Ok(())
}

/// Shows the fields that are `wanted` of the first `most` structs of an array: the number of the struct, from 0, the
/// place of the field in `wanted`, and what it holds.
pub fn each_struct(
    input: &mut Input<'_>,
    array: &Array,
    wanted: &[&str],
    most: u64,
    take: &mut dyn FnMut(usize, usize, Value) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    if array.count() == 0 {
        return Ok(());
    }
    let fields = array.fields(input)?;
    let places: Vec<Option<usize>> =
        fields.iter().map(|field| wanted.iter().position(|wanted| field == wanted)).collect();
    if places.is_empty() {
        return Ok(());
    }
    for row in 0..array.count().min(most) as usize {
        for place in &places {
            let tag = input.tag(array.end)?;
            let end = input.at() + tag.bytes;
            if let Some(place) = place {
                if tag.kind != MATRIX {
                    let got = format!("an element of type {}", tag.kind);
                    return Err(input.malformed("an array", got));
                }
                let field = Array::read(input, end)?;
                take(row, *place, value(input, &field)?)?;
            }
            input.go_to(end)?;
        }
    }
    Ok(())
}
