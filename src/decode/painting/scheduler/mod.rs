//! Schedulers: how a generator walks from noise to a latent. One file per kind.

pub mod flow;

pub use flow::Flow;

/// One evaluation of the denoiser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Time given to the denoiser.
    pub t: f32,
    /// Time after the step.
    pub t_next: f32,
}
