//! A variable that names the wrong file is an error, not a fallback. A program of its own, since a
//! library is loaded once and a variable belongs to the whole process.

use phosphene::source::lsl::{LslSource, list_streams, lsl_clock};
use phosphene::source::{Source, SourceError};
use phosphene::time::clock::Clock;

#[test]
fn a_wrong_path_is_a_clear_error() {
    let wrong = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    // SAFETY: this is the only test of the program, and nothing has started a thread that reads variables.
    unsafe { std::env::set_var("PHOSPHENE_LIBLSL", wrong) };
    let mut source = LslSource::new(&[("name".into(), "x".into())].into()).unwrap();
    let error = source.prepare(&Clock::system()).unwrap_err();
    assert!(matches!(error, SourceError::Library { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains(wrong) && message.contains("PHOSPHENE_LIBLSL"), "{message}");
    assert!(list_streams(0.1).is_err());
    assert!(lsl_clock().is_none());
}
