//! Copies a message byte for byte but for chosen fields: whatever else a file from elsewhere holds, known here or not,
//! stays as it is.
//!
//! Field numbers from `onnx.proto`. Decoding and encoding again would lose the fields that are not in
//! [`super::messages`].

use std::io::Cursor;

use crate::calibrate::trials::CalibrationError;
use crate::pack::wire::{Value, Wire};

/// `ModelProto.producer_name`.
pub const MODEL_PRODUCER_NAME: u64 = 2;
/// `ModelProto.graph`.
pub const MODEL_GRAPH: u64 = 7;
/// `GraphProto.node`.
pub const GRAPH_NODE: u64 = 1;
/// `NodeProto.input`: names of tensors.
pub const NODE_INPUT: u64 = 1;
/// `NodeProto.output`: names of tensors.
pub const NODE_OUTPUT: u64 = 2;

/// The message with other contents in some of its fields. `exchange` sees number and content of every field that has a
/// length, and gives what stands there instead, or nothing where all stays.
pub fn spliced(
    message: &[u8],
    mut exchange: impl FnMut(u64, &[u8]) -> Result<Option<Vec<u8>>, CalibrationError>,
) -> Result<Vec<u8>, CalibrationError> {
    let end = message.len() as u64;
    let mut out = Vec::with_capacity(message.len());
    let mut wire = Wire::new(Cursor::new(message));
    while wire.at() < end {
        let start = wire.at() as usize;
        let field = wire.field(end).map_err(CalibrationError::Graph)?;
        let mut other = None;
        if let Value::Block { end: block_end } = field.value {
            let content = &message[wire.at() as usize..block_end as usize];
            wire.skip_to(block_end).map_err(CalibrationError::Graph)?;
            other = exchange(field.number, content)?;
        }
        match other {
            Some(content) => put(&mut out, field.number, &content),
            None => out.extend_from_slice(&message[start..wire.at() as usize]),
        }
    }
    Ok(out)
}

/// Appends a field with a length: key, length, content.
fn put(out: &mut Vec<u8>, number: u64, content: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fields of all four wire types; the third writes its length in two bytes where one would do.
    const STRANGE: &[u8] =
        &[8, 150, 1, 17, 1, 2, 3, 4, 5, 6, 7, 8, 26, 0x82, 0, 9, 9, 37, 1, 2, 3, 4];

    #[test]
    fn what_is_not_exchanged_stays_to_the_bit() {
        assert_eq!(spliced(STRANGE, |_, _| Ok(None)).unwrap(), STRANGE);
        let longer = spliced(STRANGE, |number, content| {
            assert_eq!((number, content), (3, &[9, 9][..]));
            Ok(Some(vec![7; 300]))
        })
        .unwrap();
        let (before, after) = (&STRANGE[..12], &STRANGE[17..]);
        assert_eq!(longer, [before, &[26, 0xac, 2], &[7; 300], after].concat());
    }

    #[test]
    fn what_is_cut_is_refused() {
        for end in [1, 5, 13, 15, 16, 19] {
            let why = spliced(&STRANGE[..end], |_, _| Ok(None)).unwrap_err().to_string();
            assert!(why.contains("cut short"), "{end}: {why}");
        }
    }
}
