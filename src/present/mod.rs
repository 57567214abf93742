//! What is shown when: the plan of a session, the ways in which a plan would leak, and holding it.
//!
//! [`protocol`] makes a plan from a seed; [`presenter`] holds it. Nothing here knows a window or a clock.

pub mod presenter;
pub mod protocol;
