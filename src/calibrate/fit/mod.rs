//! From trials to a personal decoder: `embedding = bias + packᵀ·answer + signalᵀ·epoch`.
//!
//! [`templates`] where responses can be told from noise, [`ridge`] where they cannot; [`personal`] chooses.

pub mod options;
pub mod personal;
pub mod ridge;
pub mod templates;
