//! Whether the signal can be trusted: a verdict for every electrode, and reasons not to decode a window.
//!
//! [`electrodes`] judges each source channel over the last second; [`rails`] finds saturated samples; [`gate`] refuses
//! windows; [`impedance`] measures a contact by a board's own current.

pub mod electrodes;
pub mod gate;
pub mod impedance;
pub mod rails;
