//! From trials to what can be decoded with: a personal encoder ([`personal`]), or a pack of a few classes ([`class_pack`]).

pub mod answers;
pub mod class_answers;
pub mod class_pack;
pub mod personal;
