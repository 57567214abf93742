//! What ONNX files are made of: protobuf messages, and the two that a graph needs of us, nodes and float32 tensors.
//!
//! Field numbers from `onnx.proto`; the wire format from protobuf.dev, "Encoding".

use faer::MatRef;

use crate::calibrate::trials::CalibrationError;

/// The number that ONNX has for float32.
const FLOAT: u64 = 1;

/// The number that ONNX has for attributes that are whole numbers.
const WHOLE_NUMBER: u64 = 2;

/// A node without attributes.
pub(super) fn node(operator: &str, inputs: &[&str], output: &str) -> Vec<u8> {
    node_with(operator, inputs, output, &[])
}

/// A node whose attributes are whole numbers.
pub(super) fn node_with(
    operator: &str,
    inputs: &[&str],
    output: &str,
    attributes: &[(&str, u64)],
) -> Vec<u8> {
    let mut out = Vec::new();
    inputs.iter().for_each(|name| put_bytes(&mut out, 1, name.as_bytes()));
    put_bytes(&mut out, 2, output.as_bytes());
    put_bytes(&mut out, 3, format!("{output} by {operator}").as_bytes());
    put_bytes(&mut out, 4, operator.as_bytes());
    for (name, value) in attributes {
        let mut attribute = Vec::new();
        put_bytes(&mut attribute, 1, name.as_bytes());
        put_number(&mut attribute, 3, *value);
        put_number(&mut attribute, 20, WHOLE_NUMBER);
        put_bytes(&mut out, 5, &attribute);
    }
    out
}

/// A float32 initializer, row-major.
pub(super) fn tensor(name: &str, values: MatRef<'_, f64>) -> Vec<u8> {
    let mut raw = Vec::with_capacity(values.nrows() * values.ncols() * 4);
    for i in 0..values.nrows() {
        for j in 0..values.ncols() {
            raw.extend_from_slice(&(values[(i, j)] as f32).to_le_bytes());
        }
    }
    raw_tensor(name, FLOAT, &[values.nrows() as u64, values.ncols() as u64], &raw)
}

/// An initializer from its bytes; `kind` is ONNX's number of the element type.
pub(super) fn raw_tensor(name: &str, kind: u64, shape: &[u64], raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + 64);
    shape.iter().for_each(|size| put_number(&mut out, 1, *size));
    put_number(&mut out, 2, kind);
    put_bytes(&mut out, 8, name.as_bytes());
    put_bytes(&mut out, 9, raw);
    out
}

/// A field of a message.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub number: u64,
    pub wire: Wire<'a>,
    /// Key and value as they stand.
    pub whole: &'a [u8],
}

#[derive(Clone, Copy)]
pub(super) enum Wire<'a> {
    Bytes(&'a [u8]),
    Other,
}

/// The fields of a message, in order.
pub(super) fn fields(message: &[u8]) -> Result<Vec<Field<'_>>, CalibrationError> {
    let broken = |at: usize| CalibrationError::Graph(format!("it is cut or damaged at byte {at}"));
    let (mut all, mut at) = (Vec::new(), 0);
    while at < message.len() {
        let begin = at;
        let key = take_varint(message, &mut at).ok_or_else(|| broken(begin))?;
        let mut wire = Wire::Other;
        match key & 7 {
            0 => drop(take_varint(message, &mut at).ok_or_else(|| broken(begin))?),
            1 => at += 8,
            5 => at += 4,
            2 => {
                let length = take_varint(message, &mut at).ok_or_else(|| broken(begin))?;
                let length = usize::try_from(length).map_err(|_| broken(begin))?;
                let end = at.checked_add(length).ok_or_else(|| broken(begin))?;
                wire = Wire::Bytes(message.get(at..end).ok_or_else(|| broken(begin))?);
                at = end;
            }
            _ => return Err(broken(begin)),
        }
        let whole = message.get(begin..at).ok_or_else(|| broken(begin))?;
        all.push(Field { number: key >> 3, wire, whole });
    }
    Ok(all)
}

fn take_varint(message: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *message.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn put_number(out: &mut Vec<u8>, number: u64, value: u64) {
    put_varint(out, number << 3);
    put_varint(out, value);
}

pub(super) fn put_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
