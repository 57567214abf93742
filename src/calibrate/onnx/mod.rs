//! Writes a personal `encoder.onnx`: the pack's encoder with a linear correction behind and beside it, one graph with
//! the pack's own input and output.
//!
//! ```text
//! eeg ─┬─► (pack's encoder) ─► answer ─► MatMul pack ──┐
//!      └─► Flatten ──────────► MatMul signal ──► Add ──┴─► Add bias ─► embedding
//! ```
//!
//! The pack's nodes and weights are copied byte for byte; only the name of its output changes. Where the pack's answer
//! weighs nothing, or for a few classes, it is a graph of our own: [`own`].

mod graph;
pub mod own;
mod wire;

use super::fit::personal::Personal;
use super::trials::CalibrationError;
use wire::{Wire, fields, node, put_bytes, tensor};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::fit::personal::Method;

    #[test]
    fn what_is_no_model_is_refused() {
        let personal = Personal {
            signal: faer::Mat::zeros(1, 1),
            pack: faer::Mat::zeros(1, 1),
            bias: vec![0.0],
            method: Method::Templates { pack_weight: 0.0, response_strength: None },
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
