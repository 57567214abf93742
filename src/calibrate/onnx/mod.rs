//! Writes a personal `encoder.onnx`: the pack's encoder with a linear correction behind and beside it, one graph with
//! the pack's own input and output.
//!
//! ```text
//! eeg ─┬─► (pack's encoder) ─► answer ─► MatMul pack ──┐
//!      └─► Flatten ──────────► MatMul signal ──► Add ──┴─► Add bias ─► embedding
//! ```
//!
//! The pack's nodes and weights are copied byte for byte (`splice`); only the name of its output changes. Where the pack's answer
//! weighs nothing, or for a few classes, it is a graph of our own: [`own`].

mod graph;
mod messages;
pub mod own;
#[cfg(test)]
mod pinned;
mod splice;

use prost::Message;

use super::fit::personal::Personal;
use super::trials::CalibrationError;
use messages::{Graph, Node, Tensor};
use splice::{GRAPH_NODE, MODEL_GRAPH, MODEL_PRODUCER_NAME, NODE_INPUT, NODE_OUTPUT, spliced};

/// What the pack's own answer is called in the new graph, and what names of ours begin with.
const PREFIX: &str = "phosphene/";

/// Who made the file, as its `producer_name` says.
const PRODUCER: &str = "phosphene fit";

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
    let mut found = false;
    let out = spliced(pack, |number, content| match number {
        MODEL_GRAPH => {
            found = true;
            extended(content, ends, personal).map(Some)
        }
        MODEL_PRODUCER_NAME => Ok(Some(PRODUCER.into())),
        _ => Ok(None),
    })?;
    if found { Ok(out) } else { Err(CalibrationError::Graph("it holds no graph".into())) }
}

/// The graph with its output renamed and our nodes behind it.
fn extended(
    graph: &[u8],
    ends: Ends<'_>,
    personal: &Personal,
) -> Result<Vec<u8>, CalibrationError> {
    let answer = format!("{PREFIX}answer");
    let mut renamed = false;
    let mut out = spliced(graph, |number, node| match number {
        GRAPH_NODE => {
            let (node, makes) = renamed_node(node, ends.output, &answer)?;
            renamed |= makes;
            Ok(Some(node))
        }
        _ => Ok(None),
    })?;
    if !renamed {
        let why = format!("no node of it makes its output '{}'", ends.output);
        return Err(CalibrationError::Graph(why));
    }
    out.extend(correction(&answer, ends, personal).encode_to_vec());
    Ok(out)
}

/// Our nodes and weights: from the pack's answer and the input to the output.
fn correction(answer: &str, ends: Ends<'_>, personal: &Personal) -> Graph {
    let name = |what: &str| format!("{PREFIX}{what}");
    let (flat, beside, behind) = (name("flat"), name("beside"), name("behind"));
    let (sum, signal, pack, bias) = (name("sum"), name("signal"), name("pack"), name("bias"));
    let nodes: [(&str, &[&str], &str); 5] = [
        ("Flatten", &[ends.input], &flat),
        ("MatMul", &[&flat, &signal], &beside),
        ("MatMul", &[answer, &pack], &behind),
        ("Add", &[&beside, &behind], &sum),
        ("Add", &[&sum, &bias], ends.output),
    ];
    let row = faer::Mat::from_fn(1, personal.bias.len(), |_, j| personal.bias[j]);
    Graph {
        node: nodes.map(|(operator, inputs, out)| Node::new(operator, inputs, out, &[])).into(),
        initializer: vec![
            Tensor::floats(&signal, personal.signal.as_ref()),
            Tensor::floats(&pack, personal.pack.as_ref()),
            Tensor::floats(&bias, row.as_ref()),
        ],
        ..Graph::default()
    }
}

/// A node with one tensor's name exchanged among its inputs and outputs, and whether it makes that tensor.
fn renamed_node(node: &[u8], from: &str, to: &str) -> Result<(Vec<u8>, bool), CalibrationError> {
    let mut makes = false;
    let renamed = spliced(node, |number, name| match number {
        NODE_INPUT | NODE_OUTPUT if name == from.as_bytes() => {
            makes |= number == NODE_OUTPUT;
            Ok(Some(to.into()))
        }
        _ => Ok(None),
    })?;
    Ok((renamed, makes))
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
            answering: None,
        };
        let ends = Ends { input: "eeg", output: "embedding" };
        let refused =
            |bytes: &[u8]| personal_encoder(bytes, ends, &personal).unwrap_err().to_string();
        assert!(refused(b"").contains("no graph"));
        assert!(refused(&[0x3a, 0x7f]).contains("byte 2: 127 bytes expected"));
        let empty_graph = [0x3a, 0]; // field 7, no bytes
        assert!(refused(&empty_graph).contains("'embedding'"));
    }
}
