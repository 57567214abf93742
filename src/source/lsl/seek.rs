//! Looks for a stream that may not be there yet, for as long as it is wanted.
//!
//! Takes what `lsl:…` asks for; returns when a stream that fits answers, when time is over, or when it is told to stop.
//! Connecting is left to the source's own `prepare`. Waits and allocates: for a thread that has no samples yet.

use std::time::Duration;

use super::describe::clean;
use super::library::ensure_loaded;
use super::query::Query;
use super::resolve::{
    MAX_STREAM_NAME_CHARS, StreamSummary, not_found_among, remedy, resolver, there,
};
use crate::source::SourceError;
use crate::source::spec::Parameters;
use crate::time::clock::Clock;

/// How often to look at the answers, and to ask whether to go on.
const POLL: Duration = Duration::from_millis(20);

/// When what else is there is told first, in seconds: a stream that is there has answered by then.
const TELL_AFTER_SECS: f64 = 2.0;

/// How often that is told anew, in seconds.
const TELL_EVERY_SECS: f64 = 2.0;

/// Where the search is.
#[derive(Clone, Debug, PartialEq)]
pub struct Sought {
    /// What is looked for, in words.
    pub what: String,
    /// What else is there and what to do; empty at first.
    pub hint: String,
}

/// Looks until a stream that fits is there, for `patience_secs` at most (for ever where that is infinite; a `timeout` in
/// the parameters is stronger). `go_on` is asked all the time, with news where there are any, and ends the search with
/// false. True when the stream is there.
///
/// # Errors
/// [`SourceError::NotFound`] with what else is there, [`SourceError::BadSpec`], [`SourceError::Library`],
/// [`SourceError::Unusable`] without a network.
pub fn seek(
    parameters: &Parameters,
    clock: &Clock,
    patience_secs: f64,
    go_on: &mut dyn FnMut(Option<Sought>) -> bool,
) -> Result<bool, SourceError> {
    ensure_loaded()?;
    let query = Query::from_parameters(parameters)?;
    let patience_secs = query.timeout_secs.unwrap_or(patience_secs);
    let what = format!("LSL stream with {}", clean(&query.predicate, MAX_STREAM_NAME_CHARS));
    let wanted = resolver(&query.predicate)?;
    // Every stream has a name, so this asks for all of them.
    let everything = resolver("count(name)=1")?;
    let all =
        || -> Vec<StreamSummary> { everything.results().iter().map(StreamSummary::of).collect() };
    let started_secs = clock.now_secs();
    let mut next_tell_secs = started_secs + TELL_AFTER_SECS;
    let mut news = Some(Sought { what: what.clone(), hint: String::new() });
    loop {
        if !wanted.results().is_empty() {
            return Ok(true);
        }
        if !go_on(news.take()) {
            return Ok(false);
        }
        let now_secs = clock.now_secs();
        if now_secs - started_secs >= patience_secs {
            return Err(not_found_among(&what, patience_secs, &all()));
        }
        if now_secs >= next_tell_secs {
            next_tell_secs = now_secs + TELL_EVERY_SECS;
            let others = all();
            let hint = format!("Streams that are there: {}. {}.", there(&others), remedy(&others));
            news = Some(Sought { what: what.clone(), hint });
        }
        std::thread::sleep(POLL);
    }
}
