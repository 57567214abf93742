//! The only file that names `ort`: ONNX Runtime, opened at run time, and one graph with fixed shapes.
//!
//! Takes a library path and ONNX files with the tensors that the manifest promises; gives [`Graph`]s that
//! turn `f32` buffers into `f32` buffers. Every tensor's name, type and shape is checked before the first
//! run. Inputs and output are allocated once. The same inputs give the same bits: sequential execution,
//! deterministic kernels, a fixed number of threads, a fixed level of optimisation.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::ep::CPU;
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions};
use ort::session::{Session, SessionInputValue};
use ort::value::{Outlet, Tensor, TensorElementType, ValueType};

use super::error::DecodeError;
use crate::pack::PackError;

/// ONNX Runtime allows one environment per process, and never a second, so it is kept here for good.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// ONNX Runtime, loaded.
#[derive(Clone, Debug)]
pub struct Runtime {
    environment: Environment,
    threads: usize,
}

impl Runtime {
    /// Opens the library at `library` and sets the threads that each graph may use (at least 1). The first
    /// library opened in a process stays; later paths are ignored.
    ///
    /// # Errors
    /// [`PackError::Runtime`] when the file is not ONNX Runtime or older than 1.24.
    pub fn load(library: &Path, threads: usize) -> Result<Self, PackError> {
        let mut kept = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
        let environment = match kept.as_ref() {
            Some(environment) => environment.clone(),
            None => kept.insert(open_environment(library)?).clone(),
        };
        Ok(Self { environment, threads: threads.max(1) })
    }
}

fn open_environment(library: &Path) -> Result<Environment, PackError> {
    // `ort` looks for relative paths beside the program first; an absolute one means what it says.
    let library = std::path::absolute(library).unwrap_or_else(|_| library.to_owned());
    let builder = ort::init_from(library).map_err(|e| PackError::Runtime { why: e.to_string() })?;
    builder
        .with_name("phosphene")
        .with_telemetry(false)
        .with_logger(Arc::new(forward_log))
        .build()
        .map_err(|e| PackError::Runtime { why: e.to_string() })
}

/// ONNX Runtime's own words go where ours go; what it says of a broken file comes back as an error too.
fn forward_log(level: LogLevel, category: &str, _id: &str, _location: &str, message: &str) {
    match level {
        LogLevel::Verbose | LogLevel::Info => tracing::trace!(category, message),
        LogLevel::Warning => tracing::debug!(category, message),
        LogLevel::Error | LogLevel::Fatal => tracing::warn!(category, message),
    }
}

/// A tensor that a graph must have: `f32`, this name, this shape.
#[derive(Clone, Debug)]
pub struct TensorSpec {
    name: String,
    shape: Vec<usize>,
    /// Key of the manifest that names it, and those that give its shape.
    named_by: &'static str,
    sized_by: &'static str,
}

impl TensorSpec {
    /// A tensor by name and shape, the batch of one included.
    pub fn new(name: &str, shape: &[usize]) -> Self {
        Self { name: name.to_owned(), shape: shape.to_vec(), named_by: "", sized_by: "" }
    }

    /// Says which key of the manifest names it and which ones give its shape, for messages.
    pub fn by(self, named_by: &'static str, sized_by: &'static str) -> Self {
        Self { named_by, sized_by, ..self }
    }

    fn expected(&self) -> String {
        match self.sized_by {
            "" => format!("f32 {:?}", self.shape),
            keys => format!("f32 {:?} (by {keys})", self.shape),
        }
    }

    fn len(&self) -> usize {
        self.shape.iter().product()
    }

    fn fits(&self, declared: &[i64]) -> bool {
        // A dimension below zero is symbolic: any size will do. A single value may be a scalar.
        let same = |(want, got): (&usize, &i64)| *got < 0 || *got == *want as i64;
        (declared.is_empty() && self.shape == [1])
            || (declared.len() == self.shape.len() && self.shape.iter().zip(declared).all(same))
    }
}

/// An ONNX graph with fixed inputs and one output.
pub struct Graph {
    file: String,
    session: Session,
    /// In the order of the ports.
    inputs: Vec<(String, Tensor<f32>)>,
    output: TensorSpec,
    options: RunOptions<HasSelectedOutputs>,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Graph {
    /// Loads the ONNX file at `path` and checks it against the ports. `file` is its name in messages.
    ///
    /// # Errors
    /// [`PackError::Graph`] when it is damaged, keeps weights elsewhere or ONNX Runtime refuses it, [`PackError::Tensor`] when a tensor differs.
    pub fn load(
        runtime: &Runtime,
        path: &Path,
        file: &str,
        inputs: &[TensorSpec],
        output: &TensorSpec,
    ) -> Result<Self, PackError> {
        let refused = |why: String| PackError::Graph { file: file.to_owned(), why };
        crate::pack::onnx::inspect_file(path, file)?;
        let session = open_session(runtime, path).map_err(|e| refused(first_line(&e)))?;
        for port in inputs {
            check_port(file, "input", port, session.inputs())?;
        }
        check_port(file, "output", output, session.outputs())?;
        check_no_others(file, inputs, session.inputs())?;
        let tensors: ort::Result<Vec<_>> =
            inputs.iter().map(|p| Ok((p.name.clone(), zeros(p, session.inputs())?))).collect();
        let inputs = tensors.map_err(|e| refused(first_line(&e)))?;
        let options = preallocated(output).map_err(|e| refused(first_line(&e)))?;
        Ok(Self { file: file.to_owned(), session, inputs, output: output.clone(), options })
    }

    /// Copies values into input `port`, by its place in the ports given to [`Graph::load`].
    ///
    /// # Errors
    /// [`DecodeError::Length`] when the number of values is not that of the port.
    pub fn set(&mut self, port: usize, values: &[f32]) -> Result<(), DecodeError> {
        let to: &mut [f32] = match self.inputs.get_mut(port) {
            Some((_, tensor)) => tensor.extract_tensor_mut().1,
            None => &mut [],
        };
        if to.len() != values.len() {
            let (expected, got) = (to.len(), values.len());
            return Err(DecodeError::Length { what: "model input", expected, got });
        }
        to.copy_from_slice(values);
        Ok(())
    }

    /// Runs the graph and copies its output, which is finite throughout.
    ///
    /// # Errors
    /// [`DecodeError::Run`], [`DecodeError::NotFinite`], [`DecodeError::Length`].
    pub fn run(&mut self, out: &mut [f32]) -> Result<(), DecodeError> {
        let Self { file, session, inputs, output, options } = self;
        let failed = |e: ort::Error| DecodeError::Run { file: file.clone(), why: first_line(&e) };
        let values: Vec<(&str, SessionInputValue<'_>)> =
            inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.into())).collect();
        let outputs = session.run_with_options::<_, 0>(values, options).map_err(failed)?;
        let Some(value) = outputs.get(&output.name) else {
            let why = format!("it gave no output '{}'", output.name);
            return Err(DecodeError::Run { file: file.clone(), why });
        };
        let (_, got) = value.try_extract_tensor::<f32>().map_err(failed)?;
        if got.len() != out.len() {
            let (expected, got) = (out.len(), got.len());
            return Err(DecodeError::Length { what: "model output", expected, got });
        }
        out.copy_from_slice(got);
        match out.iter().position(|v| !v.is_finite()) {
            None => Ok(()),
            Some(index) => {
                let (file, tensor) = (file.clone(), output.name.clone());
                Err(DecodeError::NotFinite { file, tensor, index })
            }
        }
    }
}

fn open_session(runtime: &Runtime, path: &Path) -> ort::Result<Session> {
    let mut builder = Session::builder(&runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_deterministic_compute(true)?
        .with_parallel_execution(false)?
        .with_inter_threads(1)?
        .with_intra_threads(runtime.threads)?
        // Idle threads sleep: the acquisition threads need the processor more.
        .with_intra_op_spinning(false)?
        // The arena keeps its peak, 5 MB for the bundled pack; without it each run asks the system anew, a tenth slower.
        .with_execution_providers([CPU::default().with_arena_allocator(true).build()])?;
    builder.commit_from_file(path)
}

fn check_port(
    file: &str,
    side: &str,
    port: &TensorSpec,
    declared: &[Outlet],
) -> Result<(), PackError> {
    let mismatch = |expected: String, got: String| PackError::Tensor {
        file: file.to_owned(),
        tensor: port.name.clone(),
        expected,
        got,
    };
    let Some(outlet) = declared.iter().find(|outlet| outlet.name() == port.name) else {
        let names: Vec<_> = declared.iter().map(Outlet::name).collect();
        let got = format!("only these: {}", names.join(", "));
        let by = match port.named_by {
            "" => String::new(),
            key => format!(", which {key} gives"),
        };
        return Err(mismatch(format!("an {side} of this name{by}"), got));
    };
    match outlet.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } if port.fits(shape) => {
            Ok(())
        }
        ValueType::Tensor { ty, shape, .. } => {
            let dims: &[i64] = shape;
            Err(mismatch(port.expected(), format!("{ty} {dims:?}")))
        }
        other => Err(mismatch(port.expected(), other.to_string())),
    }
}

fn check_no_others(
    file: &str,
    wanted: &[TensorSpec],
    declared: &[Outlet],
) -> Result<(), PackError> {
    match declared.iter().find(|outlet| wanted.iter().all(|port| port.name != outlet.name())) {
        None => Ok(()),
        Some(extra) => Err(PackError::Tensor {
            file: file.to_owned(),
            tensor: extra.name().to_owned(),
            expected: "no such input, since the manifest does not name it".into(),
            got: extra.dtype().to_string(),
        }),
    }
}

fn zeros(port: &TensorSpec, declared: &[Outlet]) -> ort::Result<Tensor<f32>> {
    let rank = declared
        .iter()
        .find(|outlet| outlet.name() == port.name)
        .and_then(|outlet| outlet.dtype().tensor_shape())
        .map_or(port.shape.len(), |shape| shape.len());
    let shape: &[usize] = if rank == 0 { &[] } else { &port.shape };
    Tensor::from_array((shape.to_vec(), vec![0.0; port.len()]))
}

fn preallocated(output: &TensorSpec) -> ort::Result<RunOptions<HasSelectedOutputs>> {
    let memory = Tensor::from_array((output.shape.clone(), vec![0.0_f32; output.len()]))?;
    let selector =
        OutputSelector::no_default().with(&output.name).preallocate(&output.name, memory);
    Ok(RunOptions::new()?.with_outputs(selector))
}

/// ONNX Runtime's messages run over many lines of source locations; the first says what matters.
fn first_line(error: &ort::Error) -> String {
    error.message().lines().next().unwrap_or("no reason given").trim().to_owned()
}
