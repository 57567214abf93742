//! What the thread shells share: what they hand to one another, and how they end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::hop::backlog::BacklogReader;
use crate::hop::ring::FrameConsumer;
use crate::pipeline::failure::RunFailure;
use crate::pipeline::shared::Shared;
use crate::pipeline::sink::RunFacts;
use crate::pipeline::urgent;
use crate::signal::Window;
use crate::snapshot::{ChannelOrigin, Level, RunState};
use crate::source::{SourceInfo, SourceSpec, make};
use crate::time::clock::thread_cpu_secs;

/// How long a stage sleeps when nothing waits: the delay that a hop adds at most.
pub(super) const IDLE: Duration = Duration::from_millis(1);

/// How a thread ends.
pub(super) type Outcome = Result<(), RunFailure>;

/// What acquisition tells the others once the source is prepared.
pub(super) struct Connected {
    pub info: SourceInfo,
    pub ring: FrameConsumer,
    /// Whether the source waits for the stages behind: then no window may be passed over, or it would wait for ever.
    pub source_waits: bool,
}

/// Tells the viewers that the run cannot go on.
pub(super) fn fail(shared: &Shared, exit_code: u8, message: String) -> RunFailure {
    shared.notice(Level::Error, message.clone());
    shared.set_run(RunState::Failed { message: message.clone(), exit_code });
    RunFailure { message, exit_code }
}

/// Puts this thread before all others, for a source that lives in our time: one that makes its own, or a recording, would
/// take all there is.
pub(super) fn go_first(spec: &SourceSpec) {
    if !make::makes_own_time(spec) && !urgent::go_before_others() {
        tracing::debug!("the system does not let this thread go before others");
    }
}

/// Counts the processor time of this thread, which is about to end.
pub(super) fn note_cpu(shared: &Shared) {
    if let Some(secs) = thread_cpu_secs() {
        shared.realtime_cpu_us.fetch_add((secs * 1e6) as u64, Ordering::Relaxed);
    }
}

/// What the signal thread tells the decode thread: where windows come from and how channels are mapped.
pub(super) struct FittedHop {
    pub windows: BacklogReader<Window>,
    pub origins: Vec<ChannelOrigin>,
    pub facts: RunFacts,
}
