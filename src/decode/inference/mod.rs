//! What the encoder's answers mean: from embeddings to evidence.
//!
//! ```text
//! embedding ─► trials (mean of k) ─► weighing ─► ranks, probabilities, p-values
//!                                       │
//!          with an answer model: judge ◄┘      without: gallery (cosines), evidence (p)
//!  (classes) model ─► posterior ─► nothing (better than noise?), looks (how many more?)
//!            shown (p of the shown picture), anything (p that there is anything)
//! ```

pub mod anything;
mod classes;
pub mod evidence;
pub mod gallery;
pub mod judge;
pub mod looks;
pub mod model;
pub mod nothing;
pub mod posterior;
pub mod shown;
pub mod trials;
pub mod weighing;
