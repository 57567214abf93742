//! The part of ONNX that encoders of ours consist of, under the names and numbers of `onnx.proto`; `prost` makes the
//! bytes.
//!
//! `required` means no more than: written where it is zero or empty too. These messages are written only. A file from
//! elsewhere holds fields that are not here, which decoding would lose: it is copied by [`super::splice`].

use faer::MatRef;
use prost::Message;

/// `TensorProto.DataType.FLOAT`: float32.
pub const FLOAT: i32 = 1;
/// `TensorProto.DataType.INT64`.
pub const INT64: i32 = 7;
/// `TensorProto.DataType.DOUBLE`: float64.
pub const DOUBLE: i32 = 11;

/// `AttributeProto.AttributeType.INT`.
const INT: i32 = 2;

/// `ModelProto`: what a file holds.
#[derive(Message)]
pub struct Model {
    #[prost(int64, required, tag = 1)]
    pub ir_version: i64,
    #[prost(string, required, tag = 2)]
    pub producer_name: String,
    #[prost(message, required, tag = 7)]
    pub graph: Graph,
    #[prost(message, repeated, tag = 8)]
    pub opset_import: Vec<OperatorSetId>,
}

/// `OperatorSetIdProto`: a family of operators, `""` for ONNX's own.
#[derive(Message)]
pub struct OperatorSetId {
    #[prost(string, required, tag = 1)]
    pub domain: String,
    #[prost(int64, required, tag = 2)]
    pub version: i64,
}

/// `GraphProto`. Bytes of two of them one after the other are both in one, as with every message.
#[derive(Message)]
pub struct Graph {
    #[prost(message, repeated, tag = 1)]
    pub node: Vec<Node>,
    #[prost(string, optional, tag = 2)]
    pub name: Option<String>,
    #[prost(message, repeated, tag = 5)]
    pub initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = 11)]
    pub input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = 12)]
    pub output: Vec<ValueInfo>,
}

/// `NodeProto`: an operator with the names of the tensors that it takes and makes.
#[derive(Message)]
pub struct Node {
    #[prost(string, repeated, tag = 1)]
    pub input: Vec<String>,
    #[prost(string, repeated, tag = 2)]
    pub output: Vec<String>,
    #[prost(string, required, tag = 3)]
    pub name: String,
    #[prost(string, required, tag = 4)]
    pub op_type: String,
    #[prost(message, repeated, tag = 5)]
    pub attribute: Vec<Attribute>,
}

impl Node {
    /// A node with one output, whose attributes are whole numbers.
    pub fn new(operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, i64)]) -> Self {
        let attribute = |&(name, i): &(&str, i64)| Attribute { name: name.into(), i, r#type: INT };
        Self {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: format!("{output} by {operator}"),
            op_type: operator.to_owned(),
            attribute: attributes.iter().map(attribute).collect(),
        }
    }
}

/// `AttributeProto` of a whole number.
#[derive(Message)]
pub struct Attribute {
    #[prost(string, required, tag = 1)]
    pub name: String,
    #[prost(int64, required, tag = 3)]
    pub i: i64,
    #[prost(int32, required, tag = 20)]
    pub r#type: i32,
}

/// `TensorProto`: numbers that do not change, little-endian and row by row in `raw_data`.
#[derive(Message)]
pub struct Tensor {
    #[prost(int64, repeated, packed = "false", tag = 1)]
    pub dims: Vec<i64>,
    #[prost(int32, required, tag = 2)]
    pub data_type: i32,
    #[prost(string, required, tag = 8)]
    pub name: String,
    #[prost(bytes = "vec", required, tag = 9)]
    pub raw_data: Vec<u8>,
}

impl Tensor {
    /// A matrix in double precision.
    pub fn doubles(name: &str, values: MatRef<'_, f64>) -> Self {
        Self::matrix(name, values, DOUBLE, f64::to_le_bytes)
    }

    /// A matrix rounded to single precision, which is the pack's.
    pub fn floats(name: &str, values: MatRef<'_, f64>) -> Self {
        Self::matrix(name, values, FLOAT, |value| (value as f32).to_le_bytes())
    }

    fn matrix<const N: usize>(
        name: &str,
        values: MatRef<'_, f64>,
        data_type: i32,
        bytes: impl Fn(f64) -> [u8; N],
    ) -> Self {
        let (rows, columns) = values.shape();
        let mut raw_data = Vec::with_capacity(rows * columns * N);
        for i in 0..rows {
            (0..columns).for_each(|j| raw_data.extend_from_slice(&bytes(values[(i, j)])));
        }
        Self { dims: vec![rows as i64, columns as i64], data_type, name: name.into(), raw_data }
    }

    /// A row of whole numbers, such as a shape.
    pub fn whole_numbers(name: &str, values: &[i64]) -> Self {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { dims: vec![values.len() as i64], data_type: INT64, name: name.into(), raw_data }
    }
}

/// `ValueInfoProto`: an end of the graph.
#[derive(Message)]
pub struct ValueInfo {
    #[prost(string, required, tag = 1)]
    pub name: String,
    #[prost(message, required, tag = 2)]
    pub r#type: Type,
}

impl ValueInfo {
    /// A float32 tensor.
    pub fn floats(name: &str, sizes: &[usize]) -> Self {
        let dim = sizes.iter().map(|&size| Dimension { dim_value: size as i64 }).collect();
        let tensor_type = TensorType { elem_type: FLOAT, shape: Shape { dim } };
        Self { name: name.to_owned(), r#type: Type { tensor_type } }
    }
}

/// `TypeProto` of a tensor.
#[derive(Message)]
pub struct Type {
    #[prost(message, required, tag = 1)]
    pub tensor_type: TensorType,
}

/// `TypeProto.Tensor`.
#[derive(Message)]
pub struct TensorType {
    #[prost(int32, required, tag = 1)]
    pub elem_type: i32,
    #[prost(message, required, tag = 2)]
    pub shape: Shape,
}

/// `TensorShapeProto`.
#[derive(Message)]
pub struct Shape {
    #[prost(message, repeated, tag = 1)]
    pub dim: Vec<Dimension>,
}

/// `TensorShapeProto.Dimension` of known size.
#[derive(Message)]
pub struct Dimension {
    #[prost(int64, required, tag = 1)]
    pub dim_value: i64,
}
