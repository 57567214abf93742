//! One panel a file, in the order of the screen. A panel reads the [`super::scene::Scene`] and pushes actions.

pub mod top_bar;
pub mod banner;
pub mod connect;
pub mod welcome;
pub mod decoder_bar;
pub mod pictures;
pub mod evidence;
pub mod scores;
pub mod ledger;
pub mod traces;
pub mod timeline;
pub mod notices;
pub mod help;
pub mod calibrate;
