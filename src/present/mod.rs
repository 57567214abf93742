//! What is shown when: the plan of a session, the ways in which a plan would leak, and holding it.
//!
//! [`protocol`] makes a plan from a seed; [`presenter`] holds it. [`flashes`] shows one page on which pictures light up;
//! [`safety`] says whether that may be shown. Nothing here knows a window or a clock.

pub mod flashes;
pub mod presenter;
pub mod protocol;
pub mod safety;
