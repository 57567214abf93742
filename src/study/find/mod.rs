//! Finding by attention as something that is held, learnt from and judged.
//!
//! ```text
//! source ─► windows of flashes ─┬─► learn: copy pages ─► a wearer
//!                               └─► held: page after page ─► what was found ─► judged
//! ```

pub mod held;
pub mod judged;
pub mod learn;
pub mod windows;

pub use held::{Held, HeldPage};
pub use learn::CopyFlashes;
pub use windows::FlashWindows;
