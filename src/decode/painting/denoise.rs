//! Embedding → latent: the prior, then the denoising loop.
//!
//! Takes a conditioning embedding `[dim]` and noise `[latent]`, gives the latent `[latent]`. Between steps
//! it asks whether it should stop. Buffers are allocated once.

use super::scheduler::Flow;
use crate::decode::error::DecodeError;
use crate::decode::session::{Graph, Runtime, TensorSpec};
use crate::pack::Pack;
use crate::pack::PackError;

/// Places of the denoiser's inputs.
const X: usize = 0;
const T: usize = 1;
const EMBEDDING: usize = 2;
const MEAN: usize = 3;

/// Key of the manifest that gives a latent's shape.
const LATENT_KEY: &str = "generator.latent";

/// Prior, denoiser and scheduler of a pack.
#[derive(Debug)]
pub struct Generator {
    prior: Option<Graph>,
    denoiser: Graph,
    takes_mean: bool,
    flow: Flow,
    mean: Vec<f32>,
    velocity: Vec<f32>,
    x: Vec<f32>,
}

impl Generator {
    /// Loads prior and denoiser.
    ///
    /// # Errors
    /// [`PackError`] when a graph does not keep the manifest's contract.
    pub fn load(pack: &Pack, runtime: &Runtime) -> Result<Self, PackError> {
        let spec = &pack.manifest().generator;
        let latent = pack.manifest().latent_shape();
        let embedding = [1, pack.manifest().dim()];
        let mut inputs = vec![
            TensorSpec::new(&spec.input_x, &latent).by("generator.input_x", LATENT_KEY),
            TensorSpec::new(&spec.input_t, &[1]).by("generator.input_t", "the time alone"),
            TensorSpec::new(&spec.input_embedding, &embedding)
                .by("generator.input_embedding", "embedding.dim"),
        ];
        let of_mean =
            |name: &String| TensorSpec::new(name, &latent).by("generator.input_mean", LATENT_KEY);
        inputs.extend(spec.input_mean.iter().map(of_mean));
        let velocity = TensorSpec::new(&spec.output, &latent).by("generator.output", LATENT_KEY);
        let path = pack.path(&spec.file)?;
        let denoiser = Graph::load(runtime, &path, &spec.file, &inputs, &velocity)?;
        let size = latent.iter().product();
        Ok(Self {
            prior: load_prior(pack, runtime)?,
            denoiser,
            takes_mean: spec.input_mean.is_some(),
            flow: Flow { sigma: spec.sigma },
            mean: vec![0.0; size],
            velocity: vec![0.0; size],
            x: vec![0.0; size],
        })
    }

    /// Number of values in a latent.
    pub fn latent_len(&self) -> usize {
        self.x.len()
    }

    /// Whether there is a prior, so that 0 steps make sense.
    pub fn has_prior(&self) -> bool {
        self.prior.is_some()
    }

    /// Makes a latent, `[latent]`, in `steps` steps; in 0 steps it is the prior's mean, without noise.
    ///
    /// # Errors
    /// [`DecodeError::Cancelled`] when `cancelled` says so; else as a graph fails.
    pub fn sample(
        &mut self,
        embedding: &[f32],
        noise: &[f32],
        steps: u32,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<&[f32], DecodeError> {
        if let Some(prior) = &mut self.prior {
            prior.set(0, embedding)?;
            prior.run(&mut self.mean)?;
        }
        if steps == 0 {
            return Ok(&self.mean);
        }
        self.denoiser.set(EMBEDDING, embedding)?;
        if self.takes_mean {
            self.denoiser.set(MEAN, &self.mean)?;
        }
        self.flow.start(&self.mean, noise, &mut self.x);
        for step in self.flow.steps(steps) {
            if cancelled() {
                return Err(DecodeError::Cancelled);
            }
            self.denoiser.set(X, &self.x)?;
            self.denoiser.set(T, &[step.t])?;
            self.denoiser.run(&mut self.velocity)?;
            self.flow.advance(step, &self.velocity, &mut self.x);
        }
        Ok(&self.x)
    }
}

fn load_prior(pack: &Pack, runtime: &Runtime) -> Result<Option<Graph>, PackError> {
    let spec = &pack.manifest().generator;
    let (Some(file), Some(input), Some(output)) =
        (&spec.prior, &spec.prior_input, &spec.prior_output)
    else {
        return Ok(None);
    };
    let input = TensorSpec::new(input, &[1, pack.manifest().dim()])
        .by("generator.prior_input", "embedding.dim");
    let output = TensorSpec::new(output, &pack.manifest().latent_shape())
        .by("generator.prior_output", LATENT_KEY);
    Graph::load(runtime, &pack.path(file)?, file, &[input], &output).map(Some)
}
