//! A graph of our own in double precision, node by node: each call adds what it names and gives the name of the result.
//!
//! Values are matrices, but for what `input` and `finish` turn into the pack's single precision at the ends.

use faer::{Mat, MatRef};

use super::wire::{node_with, put_bytes, put_number, raw_tensor};
use super::{Ends, PREFIX};

/// Numbers that ONNX has for element types.
const FLOAT: u64 = 1;
const INT64: u64 = 7;
const DOUBLE: u64 = 11;

/// Version of the format and of the operators: old enough for every runtime here.
const IR_VERSION: u64 = 8;
const OPERATORS: u64 = 17;

/// The name of a value.
#[derive(Clone, Debug)]
pub(super) struct Value(String);

/// What was built so far.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Vec<u8>>,
    tensors: Vec<Vec<u8>>,
    made: usize,
}

impl Graph {
    fn fresh(&mut self) -> Value {
        self.made += 1;
        Value(format!("{PREFIX}{}", self.made))
    }

    fn apply(&mut self, operator: &str, inputs: &[&Value], attributes: &[(&str, u64)]) -> Value {
        let out = self.fresh();
        let names: Vec<&str> = inputs.iter().map(|value| value.0.as_str()).collect();
        self.nodes.push(node_with(operator, &names, &out.0, attributes));
        out
    }

    /// A matrix that does not change.
    pub fn constant(&mut self, values: MatRef<'_, f64>) -> Value {
        let out = self.fresh();
        let mut raw = Vec::with_capacity(values.nrows() * values.ncols() * 8);
        for i in 0..values.nrows() {
            (0..values.ncols()).for_each(|j| raw.extend_from_slice(&values[(i, j)].to_le_bytes()));
        }
        let shape = [values.nrows() as u64, values.ncols() as u64];
        self.tensors.push(raw_tensor(&out.0, DOUBLE, &shape, &raw));
        out
    }

    /// A number that does not change, `[1, 1]`.
    pub fn number(&mut self, value: f64) -> Value {
        let one = Mat::from_fn(1, 1, |_, _| value);
        self.constant(one.as_ref())
    }

    /// The same values in another shape.
    pub fn reshape(&mut self, value: &Value, [rows, columns]: [usize; 2]) -> Value {
        let shape = self.fresh();
        let raw: Vec<u8> =
            [rows as i64, columns as i64].iter().flat_map(|size| size.to_le_bytes()).collect();
        self.tensors.push(raw_tensor(&shape.0, INT64, &[2], &raw));
        self.apply("Reshape", &[value, &shape], &[])
    }

    /// The model's input `[1, rows, columns]` as a matrix in double precision.
    pub fn input(&mut self, name: &str, shape: [usize; 2]) -> Value {
        let wide = self.apply("Cast", &[&Value(name.to_owned())], &[("to", DOUBLE)]);
        self.reshape(&wide, shape)
    }

    pub fn matmul(&mut self, a: &Value, b: &Value) -> Value {
        self.apply("MatMul", &[a, b], &[])
    }

    pub fn add(&mut self, a: &Value, b: &Value) -> Value {
        self.apply("Add", &[a, b], &[])
    }

    pub fn sub(&mut self, a: &Value, b: &Value) -> Value {
        self.apply("Sub", &[a, b], &[])
    }

    /// Element by element; a `[1, 1]` counts for all.
    pub fn mul(&mut self, a: &Value, b: &Value) -> Value {
        self.apply("Mul", &[a, b], &[])
    }

    pub fn scale(&mut self, a: &Value, factor: f64) -> Value {
        let factor = self.number(factor);
        self.mul(a, &factor)
    }

    pub fn div(&mut self, a: &Value, b: &Value) -> Value {
        self.apply("Div", &[a, b], &[])
    }

    pub fn transpose(&mut self, a: &Value) -> Value {
        self.apply("Transpose", &[a], &[])
    }

    /// One above the other.
    pub fn stack(&mut self, above: &Value, below: &Value) -> Value {
        self.apply("Concat", &[above, below], &[("axis", 0)])
    }

    /// The sum of all elements, `[1, 1]`.
    pub fn sum(&mut self, a: &Value) -> Value {
        self.apply("ReduceSum", &[a], &[])
    }

    /// `sqrt` or `log` of every element.
    pub fn root(&mut self, a: &Value) -> Value {
        self.apply("Sqrt", &[a], &[])
    }

    pub fn log(&mut self, a: &Value) -> Value {
        self.apply("Log", &[a], &[])
    }

    /// Every element kept between two numbers.
    pub fn clamp(&mut self, a: &Value, least: f64, most: f64) -> Value {
        let (least, most) = (self.number(least), self.number(most));
        let above = self.apply("Max", &[a, &least], &[]);
        self.apply("Min", &[&above, &most], &[])
    }

    /// Shares of each row's elements, by their exponentials.
    pub fn softmax(&mut self, a: &Value) -> Value {
        self.apply("Softmax", &[a], &[])
    }

    /// The model's bytes; `result` is its output, `[1, dim]`.
    pub fn finish(
        mut self,
        name: &str,
        ends: Ends<'_>,
        result: &Value,
        (input, dim): ([usize; 3], usize),
    ) -> Vec<u8> {
        self.nodes.push(node_with("Cast", &[&result.0], ends.output, &[("to", FLOAT)]));
        let mut graph = Vec::new();
        self.nodes.iter().for_each(|node| put_bytes(&mut graph, 1, node));
        put_bytes(&mut graph, 2, name.as_bytes());
        self.tensors.iter().for_each(|tensor| put_bytes(&mut graph, 5, tensor));
        put_bytes(&mut graph, 11, &value(ends.input, &input));
        put_bytes(&mut graph, 12, &value(ends.output, &[1, dim]));
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
