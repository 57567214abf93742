//! MAT-files of level 5: variables one after the other, bare or packed.
//!
//! [`Variables`] goes through the variables of a file; whoever asks takes from an [`Array`] what it wants through an
//! [`Input`] and the rest is passed over. Nothing is allocated for what is passed over, and every size is checked
//! against what it stands in. Source: MAT-File Format (Level 5), The MathWorks.

mod array;
mod input;
mod number;
mod value;
mod structs;
mod variables;

pub use array::{Array, Class};
pub use input::{Bytes, Input};
pub use number::{Number, Order};
pub use structs::{each_field, each_struct};
pub use value::{Value, value};
pub use variables::Variables;
