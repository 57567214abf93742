//! Few classes (two to ten labels): face against house, target against non-target.
//!
//! Takes epochs with a class each; gives a linear score of every class. Two kinds of features are tried, and inner
//! cross-validation chooses: covariances of xDAWN-filtered epochs in the tangent space (Rivet et al. 2009, IEEE TBME
//! 56:2035; Barachant et al. 2013, Neurocomputing 112:172), and the whitened epochs themselves in bins. The classifier is
//! linear discriminant analysis with Ledoit-Wolf shrinkage (Blankertz et al. 2011, NeuroImage 56:814).

//!
//! | | |
//! |---|---|
//! | `part` | some of the trials, without a copy |
//! | `xdawn`, `covariances`, `tangent` | covariances of filtered epochs, and their logarithms |
//! | `epochs` | whitened epochs in bins |
//! | `discriminant`, `classifier` | what is fitted to either, or both |
//! | `choice` | inner and outer cross-validation |
//! | `measures`, `score`, `judge` | AUC and accuracy beside chance, interval, p-value and controls |
//! | `left_out`, `additive` | for packs: how surely classes are named, and the classifier as a graph |

pub mod additive;
mod part;
mod covariances;
mod xdawn;
mod tangent;
mod epochs;
mod discriminant;
mod classifier;
mod measures;
mod choice;
pub mod left_out;
mod judge;
pub mod score;

pub use choice::{choose, cross_validated};
pub use classifier::{Classifier, Kind, MIN_PER_CLASS, posteriors};
pub use measures::{balanced_accuracy, mean_auc};
