//! What the encoder's answers mean: from embeddings to evidence.
//!
//! ```text
//! embedding ─► trials (mean of k) ─► gallery: scores, ranks ─► evidence: p-value
//! ```

pub mod evidence;
pub mod gallery;
pub mod trials;
