//! Looks into an ONNX file before ONNX Runtime does: is it whole, does it keep its weights to itself, does it
//! need operators that ONNX Runtime does not have?
//!
//! Takes the bytes of a file, gives the first thing that is wrong. Follows the messages of `onnx.proto` in which a tensor
//! or a node can be, and passes over weights, so it needs a few kilobytes whatever the size of the file. Weights in other
//! files are refused: no hash covers them, and their path may lead anywhere.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use super::error::PackError;
use super::rules::shortened;
use super::wire::{Value, Wire};

/// Deepest nesting of messages; protobuf's own limit.
const MAX_DEPTH: u32 = 100;

/// Longest name that is read; longer ones are cut.
const MAX_NAME_BYTES: u64 = 200;

/// Most names that are kept.
const MAX_NAMES: usize = 1024;

/// Families of operators that ONNX Runtime brings for the CPU.
const KNOWN_DOMAINS: [&str; 4] = ["", "ai.onnx", "ai.onnx.ml", "com.microsoft"];

/// Checks the ONNX file at `path`; `file` is its name in messages.
///
/// # Errors
/// [`PackError::Graph`] with what is wrong, [`PackError::Io`].
pub fn inspect_file(path: &Path, file: &str) -> Result<(), PackError> {
    let io = |source| PackError::Io { action: "reading", source, path: path.to_owned() };
    let opened = File::open(path).map_err(io)?;
    let bytes = opened.metadata().map_err(io)?.len();
    inspect(opened, bytes).map_err(|why| PackError::Graph { file: file.to_owned(), why })
}

/// Checks an ONNX model of `bytes` bytes.
///
/// # Errors
/// What is wrong, with the byte.
pub fn inspect(model: impl Read + Seek, bytes: u64) -> Result<(), String> {
    let mut walk = Walk { wire: Wire::new(BufReader::new(model)), seen: Seen::default() };
    walk.message(Kind::Model, bytes, 0)?;
    walk.seen.judge()
}

/// The messages that are looked into, as `onnx.proto` calls them but for the end in `Proto`.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Model,
    Graph,
    Function,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
}

/// What a field is to this check.
enum Field {
    Inside(Kind),
    Name(Slot),
    External,
    Location,
    Other,
}

/// Where a name belongs.
enum Slot {
    Operator,
    Domain,
    Tensor,
}

fn field_of(kind: Kind, number: u64) -> Field {
    use Field::{External, Inside, Location, Name, Other};
    match (kind, number) {
        (Kind::Model, 7) => Inside(Kind::Graph),           // graph
        (Kind::Model, 25) => Inside(Kind::Function),       // functions
        (Kind::Function, 7) => Inside(Kind::Node),         // node
        (Kind::Function, 10) => Name(Slot::Domain),        // domain
        (Kind::Function, 11) => Inside(Kind::Attribute),   // attribute_proto
        (Kind::Graph, 1) => Inside(Kind::Node),            // node
        (Kind::Graph, 5) => Inside(Kind::Tensor),          // initializer
        (Kind::Graph, 15) => Inside(Kind::SparseTensor),   // sparse_initializer
        (Kind::Node, 4) => Name(Slot::Operator),           // op_type
        (Kind::Node, 5) => Inside(Kind::Attribute),        // attribute
        (Kind::Node, 7) => Name(Slot::Domain),             // domain
        (Kind::Attribute, 5 | 10) => Inside(Kind::Tensor), // t, tensors
        (Kind::Attribute, 6 | 11) => Inside(Kind::Graph),  // g, graphs
        (Kind::Attribute, 22 | 23) => Inside(Kind::SparseTensor), // sparse_tensor, sparse_tensors
        (Kind::SparseTensor, 1 | 2) => Inside(Kind::Tensor), // values, indices
        (Kind::Tensor, 8) => Name(Slot::Tensor),           // name
        (Kind::Tensor, 13) => External,                    // external_data
        (Kind::Tensor, 14) => Location,                    // data_location
        _ => Other,
    }
}

/// What was found on the way.
#[derive(Default)]
struct Seen {
    graphs: u64,
    /// Domain and operator of nodes from families that ONNX Runtime does not bring.
    foreign: BTreeSet<(String, String)>,
    /// Domains of functions that the model brings itself.
    own_domains: BTreeSet<String>,
}

impl Seen {
    fn judge(&self) -> Result<(), String> {
        if self.graphs == 0 {
            return Err("it holds no ONNX graph".into());
        }
        match self.foreign.iter().find(|(domain, _)| !self.own_domains.contains(domain)) {
            None => Ok(()),
            Some((domain, operator)) => Err(format!(
                "it uses the operator '{operator}' of '{domain}', which ONNX Runtime does not have without \
                 an extension. Packs may use the operators of ONNX and com.microsoft only"
            )),
        }
    }
}

/// Names of the message that is being read.
#[derive(Default)]
struct Names {
    operator: String,
    domain: String,
    tensor: String,
    external: bool,
}

struct Walk<R> {
    wire: Wire<BufReader<R>>,
    seen: Seen,
}

impl<R: Read + Seek> Walk<R> {
    /// Reads one message that ends at byte `end`.
    fn message(&mut self, kind: Kind, end: u64, depth: u32) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("byte {}: nested deeper than {MAX_DEPTH} levels", self.wire.at()));
        }
        self.seen.graphs += u64::from(kind == Kind::Graph);
        let mut names = Names::default();
        while self.wire.at() < end {
            let found = self.wire.field(end)?;
            let field = field_of(kind, found.number);
            match found.value {
                // TensorProto.DataLocation: 1 is EXTERNAL.
                Value::Number(1) => names.external |= matches!(field, Field::Location),
                Value::Number(_) | Value::Fixed => {}
                Value::Block { end } => self.block(&field, end, depth, &mut names)?,
            }
        }
        self.conclude(kind, names)
    }

    /// Reads what a field with a length holds, up to byte `end`.
    fn block(
        &mut self,
        field: &Field,
        end: u64,
        depth: u32,
        names: &mut Names,
    ) -> Result<(), String> {
        match field {
            Field::Inside(kind) => self.message(*kind, end, depth + 1)?,
            Field::Name(slot) => {
                let name = match slot {
                    Slot::Operator => &mut names.operator,
                    Slot::Domain => &mut names.domain,
                    Slot::Tensor => &mut names.tensor,
                };
                *name = self.wire.text(end, MAX_NAME_BYTES)?;
            }
            Field::External => names.external = true,
            Field::Location | Field::Other => {}
        }
        self.wire.skip_to(end)
    }

    fn conclude(&mut self, kind: Kind, names: Names) -> Result<(), String> {
        let seen = &mut self.seen;
        match kind {
            Kind::Tensor if names.external => Err(format!(
                "tensor '{}' keeps its values in another file, which no hash of pack.toml covers. Export it \
                 with the weights inside",
                shortened(&names.tensor)
            )),
            Kind::Node if !KNOWN_DOMAINS.contains(&names.domain.as_str()) => {
                if seen.foreign.len() < MAX_NAMES {
                    let (domain, operator) = (shortened(&names.domain), shortened(&names.operator));
                    seen.foreign.insert((domain, operator));
                }
                Ok(())
            }
            Kind::Function => {
                if seen.own_domains.len() < MAX_NAMES {
                    seen.own_domains.insert(shortened(&names.domain));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn check(bytes: &[u8]) -> Result<(), String> {
        inspect(Cursor::new(bytes), bytes.len() as u64)
    }

    /// A field with a length: number, content.
    fn block(number: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("test messages are short");
        [&[number << 3 | 2, length][..], content].concat()
    }

    fn node(operator: &str, domain: &str) -> Vec<u8> {
        block(1, &[block(4, operator.as_bytes()), block(7, domain.as_bytes())].concat())
    }

    #[test]
    fn weights_elsewhere_are_refused_wherever_they_hide() {
        let tensor = [block(8, b"w"), vec![14 << 3, 1]].concat();
        let named = [block(8, b"w"), block(13, b"\x0a\x08location")].concat();
        let here = [block(8, b"w"), block(9, &[0; 8]), vec![14 << 3, 0]].concat();
        assert_eq!(check(&block(7, &block(5, &here))), Ok(()));
        let hidden = block(7, &block(1, &block(5, &block(6, &block(5, &tensor)))));
        for model in [block(7, &block(5, &tensor)), block(7, &block(5, &named)), hidden] {
            let why = check(&model).unwrap_err();
            assert!(why.contains("tensor 'w' keeps its values in another file"), "{why}");
        }
    }

    #[test]
    fn operators_of_strangers_are_named_unless_the_model_brings_them() {
        let graph = block(7, &[node("Add", ""), node("Gelu", "com.microsoft")].concat());
        assert_eq!(check(&graph), Ok(()));
        let strange = block(7, &node("Magic", "my.ops"));
        let why = check(&strange).unwrap_err();
        assert!(why.contains("'Magic' of 'my.ops'"), "{why}");
        let mut function = vec![0xca, 0x01]; // field 25, with a length
        function.extend([8, 10 << 3 | 2, 6]);
        function.extend(b"my.ops");
        assert_eq!(check(&[strange, function].concat()), Ok(()));
    }

    /// A file of zeros behind these bytes, which counts what is read of it.
    struct Zeros {
        begin: Vec<u8>,
        at: u64,
        read: u64,
    }

    impl Read for &mut Zeros {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            for byte in out.iter_mut() {
                *byte = self.begin.get(self.at as usize).copied().unwrap_or(0);
                self.at += 1;
            }
            self.read += out.len() as u64;
            Ok(out.len())
        }
    }

    impl Seek for &mut Zeros {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            if let std::io::SeekFrom::Current(offset) = to {
                self.at = self.at.saturating_add_signed(offset);
            }
            Ok(self.at)
        }
    }

    #[test]
    fn weights_are_passed_over_unread() {
        // Graph, initializer, raw_data: each holds the next and 1 TiB of weights; lengths of six bytes.
        let weights = 1_u64 << 40;
        let mut begin = Vec::new();
        for (key, behind) in [(7 << 3 | 2, 14), (5 << 3 | 2, 7), (9 << 3 | 2, 0)] {
            let bytes = weights + behind;
            begin.push(key);
            begin.extend((0..5).map(|i| (bytes >> (7 * i)) as u8 | 0x80));
            begin.push((bytes >> 35) as u8);
        }
        let bytes = weights + begin.len() as u64;
        let mut model = Zeros { begin, at: 0, read: 0 };
        assert_eq!(inspect(&mut model, bytes), Ok(()));
        assert!(model.read <= 1 << 14, "{} bytes read", model.read);
    }

    #[test]
    fn what_is_no_onnx_says_where() {
        for (bytes, part) in [
            (&b""[..], "no ONNX graph"),
            (b"not a model", "byte 0"),
            (&[0xff; 40], "byte 0"),
            (&[7 << 3 | 2, 100, 1], "cut short"),
        ] {
            let why = check(bytes).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
        // Graph → node → attribute → graph …, each with a length of two bytes.
        let mut deep: Vec<u8> = Vec::new();
        for level in 0..150 {
            let number = [6_u8, 5, 1][level % 3];
            let length = [0x80 | (deep.len() & 0x7f) as u8, (deep.len() >> 7) as u8];
            deep = [&[number << 3 | 2][..], &length, &deep].concat();
        }
        let length = [0x80 | (deep.len() & 0x7f) as u8, (deep.len() >> 7) as u8];
        let why = check(&[&[7 << 3 | 2][..], &length, &deep].concat()).unwrap_err();
        assert!(why.contains("nested deeper"), "{why}");
    }
}
