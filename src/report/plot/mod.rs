//! Plots as SVG, drawn by plotters in the colours of the page: axes with units, the same conventions as the window's.

mod axis;
mod frame;
mod pen;
mod accuracy;
mod confusion;
mod lateness;
mod response;
mod maps;

pub(super) use accuracy::against_k;
pub(super) use confusion::confusion;
pub(super) use lateness::lateness;
pub(super) use response::Response;
