//! A graph of our own in double precision, node by node: each call adds what it names and gives the name of the result.
//!
//! Values are matrices, but for what `input` and `finish` turn into the pack's single precision at the ends.

use faer::{Mat, MatRef};
use prost::Message;

use super::messages::{self, DOUBLE, FLOAT, Model, Node, OperatorSetId, Tensor, ValueInfo};
use super::{Ends, PREFIX, PRODUCER};

/// Version of the format and of the operators: old enough for every runtime here.
const IR_VERSION: i64 = 8;
const OPERATORS: i64 = 17;

/// The name of a value.
#[derive(Clone, Debug)]
pub(super) struct Value(String);

/// What was built so far.
#[derive(Default)]
pub(super) struct Graph {
    written: messages::Graph,
    made: usize,
}

impl Graph {
    fn fresh(&mut self) -> Value {
        self.made += 1;
        Value(format!("{PREFIX}{}", self.made))
    }

    fn apply(&mut self, operator: &str, inputs: &[&Value], attributes: &[(&str, i64)]) -> Value {
        let out = self.fresh();
        let names: Vec<&str> = inputs.iter().map(|value| value.0.as_str()).collect();
        self.written.node.push(Node::new(operator, &names, &out.0, attributes));
        out
    }

    /// A matrix that does not change.
    pub fn constant(&mut self, values: MatRef<'_, f64>) -> Value {
        let out = self.fresh();
        self.written.initializer.push(Tensor::doubles(&out.0, values));
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
        let sizes = [rows as i64, columns as i64];
        self.written.initializer.push(Tensor::whole_numbers(&shape.0, &sizes));
        self.apply("Reshape", &[value, &shape], &[])
    }

    /// The model's input `[1, rows, columns]` as a matrix in double precision.
    pub fn input(&mut self, name: &str, shape: [usize; 2]) -> Value {
        let wide = self.apply("Cast", &[&Value(name.to_owned())], &[("to", DOUBLE.into())]);
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
        self,
        name: &str,
        ends: Ends<'_>,
        result: &Value,
        (input, dim): ([usize; 3], usize),
    ) -> Vec<u8> {
        let mut graph = self.written;
        graph.node.push(Node::new("Cast", &[&result.0], ends.output, &[("to", FLOAT.into())]));
        graph.name = Some(name.to_owned());
        graph.input.push(ValueInfo::floats(ends.input, &input));
        graph.output.push(ValueInfo::floats(ends.output, &[1, dim]));
        let onnx = OperatorSetId { domain: String::new(), version: OPERATORS };
        let model = Model {
            ir_version: IR_VERSION,
            producer_name: PRODUCER.to_owned(),
            graph,
            opset_import: vec![onnx],
        };
        model.encode_to_vec()
    }
}
