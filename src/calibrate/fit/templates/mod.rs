//! A personal decoder by responses: what every picture evokes in this person is estimated with everything that is known
//! of responses, and an epoch is compared with all of them.
//!
//! ```text
//! epoch = response to its picture + noise           noise: `crate::calibrate::trials::noise`
//! response to a picture with embedding g = common + W·g,   W Gaussian about the mean person's W₀
//! ```
//!
//! A pack may bring W₀ and the covariance of persons, learned from many ([`Population`]). The decoder then works from a
//! minute of trials on, and for pictures that were never calibrated. Without them, or where the trials show nothing of what
//! the pack expects, W₀ is zero and the covariance A ⊗ B of space and time is found from this person's trials alone, by
//! expectation-maximisation; that takes several trials of every picture and knows those pictures only, and the pack's own
//! answer is a second witness, weighed by how reliable it proves on the same trials.
//!
//! The posterior means, shrunk by their own uncertainty, give a linear score of every picture: one linear map into the
//! embedding space, in which the inner product with a picture is its score.
//!
//! | file | holds |
//! |---|---|
//! | this file | channels and bins in, one linear map out |
//! | `model` | responses and noise → a score of every picture |
//! | `contrasts` | means of pictures without what is common to all |
//! | `belief` | Gaussian beliefs about responses, before and after the trials |
//! | `population` | beliefs from a pack |
//! | `prior` | beliefs from one person's trials, by expectation-maximisation |
//! | `space` | pictures' embeddings and the axes on which they differ |
//! | `answering` | how the map answers to pictures, and how surely |
//! | `witness` | how much the pack's own answer weighs |
//!
//! Sources: empirical Bayes (Efron & Morris 1973, J. Am. Stat. Assoc. 68:117); non-stationary squared-exponential
//! covariance (Paciorek & Schervish 2004, NIPS 16); linear discriminant analysis of event-related potentials (Blankertz
//! et al. 2011, NeuroImage 56:814).

mod answering;
mod belief;
mod bins;
mod contrasts;
mod fit;
mod model;
pub mod population;
mod prior;
mod space;
mod witness;

pub use answering::Answering;
pub use fit::{Templates, fit};
pub use population::Population;
