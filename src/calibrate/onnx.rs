//! Writes a personal `encoder.onnx`: the pack's encoder with a linear correction behind and beside it, one graph with
//! the pack's own input and output.
//!
//! ```text
//! eeg ─┬─► (pack's encoder) ─► answer ─► MatMul pack ──┐
//!      └─► Flatten ──────────► MatMul signal ──► Add ──┴─► Add bias ─► embedding
//! ```
//!
//! Or an encoder of its own for a few classes, which has nothing of the pack's in it:
//!
//! ```text
//! eeg ─► Flatten ─► MatMul weights ─► Add offsets ─► Softmax ─► MatMul class embeddings ─► embedding
//! ```
//!
//! The pack's nodes and weights are copied byte for byte; only the name of its output changes. Field numbers from
//! `onnx.proto`; the wire format from protobuf.dev, "Encoding".

use faer::MatRef;

use super::classes::Linear;
use super::personal::Personal;
use super::trials::CalibrationError;

/// The number that ONNX has for float32.
const FLOAT: u64 = 1;

/// What the pack's own answer is called in the new graph, and what names of ours begin with.
const PREFIX: &str = "phosphene/";

/// Names of the graph's ends, as the manifest has them.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// Input, `[1, channels, samples]`.
    pub input: &'a str,
    /// Output, `[1, dim]`.
    pub output: &'a str,
}

/// The bytes of the personal encoder, from those of the pack's.
///
/// # Errors
/// [`CalibrationError::Graph`] when these are no ONNX model with that output.
pub fn personal_encoder(
    pack: &[u8],
    ends: Ends<'_>,
    personal: &Personal,
) -> Result<Vec<u8>, CalibrationError> {
    let mut out =
        Vec::with_capacity(pack.len() + personal.signal.nrows() * personal.bias.len() * 4);
    let mut found = false;
    for field in fields(pack)? {
        match (field.number, field.wire) {
            (7, Wire::Bytes(graph)) => {
                put_bytes(&mut out, 7, &extended(graph, ends, personal)?);
                found = true;
            }
            (2, Wire::Bytes(_)) => put_bytes(&mut out, 2, b"phosphene fit"),
            _ => out.extend_from_slice(field.whole),
        }
    }
    if found { Ok(out) } else { Err(CalibrationError::Graph("it holds no graph".into())) }
}

/// Version of the format and of the operators that a graph of our own says: old enough for every runtime here.
const IR_VERSION: u64 = 8;
const OPERATORS: u64 = 17;

/// The bytes of an encoder for a few classes: `[1, channels, samples]` µV → posteriors → `[1, dim]`.
///
/// `embeddings` is `[classes, dim]`.
pub fn class_encoder(
    ends: Ends<'_>,
    (channels, samples): (usize, usize),
    linear: &Linear,
    embeddings: MatRef<'_, f64>,
) -> Vec<u8> {
    let name = |what: &str| format!("{PREFIX}{what}");
    let (flat, scores, moved) = (name("flat"), name("scores"), name("moved"));
    let (share, weights, offsets, classes) =
        (name("share"), name("weights"), name("offsets"), name("classes"));
    let nodes: [(&str, &[&str], &str); 5] = [
        ("Flatten", &[ends.input], &flat),
        ("MatMul", &[&flat, &weights], &scores),
        ("Add", &[&scores, &offsets], &moved),
        ("Softmax", &[&moved], &share),
        ("MatMul", &[&share, &classes], ends.output),
    ];
    let mut graph = Vec::new();
    for (operator, inputs, output) in nodes {
        put_bytes(&mut graph, 1, &node(operator, inputs, output));
    }
    put_bytes(&mut graph, 2, b"phosphene classes");
    put_bytes(&mut graph, 5, &tensor(&weights, linear.weights.as_ref()));
    let row = faer::Mat::from_fn(1, linear.offsets.len(), |_, j| linear.offsets[j]);
    put_bytes(&mut graph, 5, &tensor(&offsets, row.as_ref()));
    put_bytes(&mut graph, 5, &tensor(&classes, embeddings));
    put_bytes(&mut graph, 11, &value(ends.input, &[1, channels, samples]));
    put_bytes(&mut graph, 12, &value(ends.output, &[1, embeddings.ncols()]));
    let mut operators = Vec::new();
    put_bytes(&mut operators, 1, b"");
    put_number(&mut operators, 2, OPERATORS);
    let mut out = Vec::with_capacity(graph.len() + 64);
    put_number(&mut out, 1, IR_VERSION);
    put_bytes(&mut out, 2, b"phosphene fit");
    put_bytes(&mut out, 7, &graph);
    put_bytes(&mut out, 8, &operators);
    out
}

/// What a float32 tensor at an end of the graph is called, and its shape.
fn value(name: &str, shape: &[usize]) -> Vec<u8> {
    let mut dims = Vec::new();
    for size in shape {
        let mut dim = Vec::new();
        put_number(&mut dim, 1, *size as u64);
        put_bytes(&mut dims, 1, &dim);
    }
    let mut tensor = Vec::new();
    put_number(&mut tensor, 1, FLOAT);
    put_bytes(&mut tensor, 2, &dims);
    let (mut kind, mut out) = (Vec::new(), Vec::new());
    put_bytes(&mut kind, 1, &tensor);
    put_bytes(&mut out, 1, name.as_bytes());
    put_bytes(&mut out, 2, &kind);
    out
}

/// The graph with its output renamed and our nodes behind it.
fn extended(
    graph: &[u8],
    ends: Ends<'_>,
    personal: &Personal,
) -> Result<Vec<u8>, CalibrationError> {
    let answer = format!("{PREFIX}answer");
    let mut out =
        Vec::with_capacity(graph.len() + personal.signal.nrows() * personal.bias.len() * 4);
    let mut renamed = false;
    for field in fields(graph)? {
        match (field.number, field.wire) {
            (1, Wire::Bytes(node)) => {
                let (node, made) = renamed_node(node, ends.output, &answer)?;
                renamed |= made;
                put_bytes(&mut out, 1, &node);
            }
            _ => out.extend_from_slice(field.whole),
        }
    }
    if !renamed {
        let why = format!("no node of it makes its output '{}'", ends.output);
        return Err(CalibrationError::Graph(why));
    }
    let name = |what: &str| format!("{PREFIX}{what}");
    let (flat, beside, behind) = (name("flat"), name("beside"), name("behind"));
    let (sum, signal, pack, bias) = (name("sum"), name("signal"), name("pack"), name("bias"));
    let nodes: [(&str, &[&str], &str); 5] = [
        ("Flatten", &[ends.input], &flat),
        ("MatMul", &[&flat, &signal], &beside),
        ("MatMul", &[&answer, &pack], &behind),
        ("Add", &[&beside, &behind], &sum),
        ("Add", &[&sum, &bias], ends.output),
    ];
    for (operator, inputs, output) in nodes {
        put_bytes(&mut out, 1, &node(operator, inputs, output));
    }
    put_bytes(&mut out, 5, &tensor(&signal, personal.signal.as_ref()));
    put_bytes(&mut out, 5, &tensor(&pack, personal.pack.as_ref()));
    let row = faer::Mat::from_fn(1, personal.bias.len(), |_, j| personal.bias[j]);
    put_bytes(&mut out, 5, &tensor(&bias, row.as_ref()));
    Ok(out)
}

/// A node with one tensor's name exchanged among its inputs and outputs, and whether it makes that tensor.
fn renamed_node(node: &[u8], from: &str, to: &str) -> Result<(Vec<u8>, bool), CalibrationError> {
    let (mut out, mut makes) = (Vec::with_capacity(node.len() + to.len()), false);
    for field in fields(node)? {
        match (field.number, field.wire) {
            (1 | 2, Wire::Bytes(name)) if name == from.as_bytes() => {
                makes |= field.number == 2;
                put_bytes(&mut out, field.number, to.as_bytes());
            }
            _ => out.extend_from_slice(field.whole),
        }
    }
    Ok((out, makes))
}

fn node(operator: &str, inputs: &[&str], output: &str) -> Vec<u8> {
    let mut out = Vec::new();
    inputs.iter().for_each(|name| put_bytes(&mut out, 1, name.as_bytes()));
    put_bytes(&mut out, 2, output.as_bytes());
    put_bytes(&mut out, 3, format!("{output} by {operator}").as_bytes());
    put_bytes(&mut out, 4, operator.as_bytes());
    out
}

/// A float32 initializer, row-major.
fn tensor(name: &str, values: MatRef<'_, f64>) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.nrows() * values.ncols() * 4 + 64);
    for size in [values.nrows(), values.ncols()] {
        put_number(&mut out, 1, size as u64);
    }
    put_number(&mut out, 2, FLOAT);
    put_bytes(&mut out, 8, name.as_bytes());
    let mut raw = Vec::with_capacity(values.nrows() * values.ncols() * 4);
    for i in 0..values.nrows() {
        for j in 0..values.ncols() {
            raw.extend_from_slice(&(values[(i, j)] as f32).to_le_bytes());
        }
    }
    put_bytes(&mut out, 9, &raw);
    out
}

/// A field of a message.
#[derive(Clone, Copy)]
struct Field<'a> {
    number: u64,
    wire: Wire<'a>,
    /// Key and value as they stand.
    whole: &'a [u8],
}

#[derive(Clone, Copy)]
enum Wire<'a> {
    Bytes(&'a [u8]),
    Other,
}

/// The fields of a message, in order.
fn fields(message: &[u8]) -> Result<Vec<Field<'_>>, CalibrationError> {
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

fn put_number(out: &mut Vec<u8>, number: u64, value: u64) {
    put_varint(out, number << 3);
    put_varint(out, value);
}

fn put_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_model_is_refused() {
        let personal = Personal {
            signal: faer::Mat::zeros(1, 1),
            pack: faer::Mat::zeros(1, 1),
            bias: vec![0.0],
            method: super::super::personal::Method::Templates { pack_weight: 0.0 },
            trials: 0,
        };
        let ends = Ends { input: "eeg", output: "embedding" };
        let refused =
            |bytes: &[u8]| personal_encoder(bytes, ends, &personal).unwrap_err().to_string();
        assert!(refused(b"").contains("no graph"));
        assert!(refused(&[0x3a, 0x7f]).contains("byte 0"));
        let mut empty_graph = Vec::new();
        put_bytes(&mut empty_graph, 7, b"");
        assert!(refused(&empty_graph).contains("'embedding'"));
    }
}
