//! How everything looks: colours and spacing ([`theme`]), the small parts that panels are made of ([`parts`]), and states
//! in plain words ([`words`]).

pub mod advice;
pub mod parts;
pub mod theme;
pub mod words;
