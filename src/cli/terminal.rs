//! What commands share of the terminal: documents, bars, Ctrl-C, and what is said before anything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use super::failure::Failure;
use crate::record::recover::recover;

/// Prints one JSON document on standard output. A closed pipe is not an error.
///
/// # Errors
/// Exit code 1 when the document cannot be made.
pub fn print_json(document: &impl serde::Serialize) -> Result<(), Failure> {
    use std::io::Write;
    let text = serde_json::to_string_pretty(document)
        .map_err(|e| Failure::unexpected(format!("the JSON document failed: {e}")))?;
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(())
}

/// A flag that Ctrl-C or SIGTERM sets, so that recordings end properly.
///
/// # Errors
/// Exit code 1 when the system refuses a handler.
pub fn on_interrupt() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = flag.clone();
    ctrlc::set_handler(move || seen.store(true, Ordering::Relaxed))
        .map_err(|e| Failure::unexpected(format!("no handler for Ctrl-C: {e}")))?;
    Ok(flag)
}

/// Mends what earlier runs left unfinished and says so. For every command that records.
pub fn tell_recovered() {
    for found in recover() {
        eprintln!("phosphene: {}", found.said);
    }
}

/// A bar of a share in thousandths, with what is being done.
pub fn share_bar(doing: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(1000);
    ProgressStyle::with_template("{msg} {bar:30} {percent} %")
        .map(|style| bar.set_style(style))
        .unwrap_or_default();
    bar.set_message(doing);
    bar
}
