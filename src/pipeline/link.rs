//! How the connection to the source stands, told by the acquisition thread with atomics alone.
//!
//! The thread writes what it sees: frames came, or the source says that it is away. That a source has stalled nobody
//! needs to notice: it follows from how old the last frame is, on the viewer's thread, for sources of every kind.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use crate::snapshot::{LostWhy, RunState};
use crate::source::ReadStatus;

/// A source that has sent nothing for this long has stalled, in seconds.
pub const STALL_SECS: f64 = 1.0;

const UP: u8 = 0;
const LOST: u8 = 1;
const RETURNING: u8 = 2;

/// The connection to the source.
#[derive(Debug, Default)]
pub struct Link {
    state: AtomicU8,
    why: AtomicU8,
    /// Bits of seconds on the program's clock: since when it is away.
    away_since: AtomicU64,
    /// The same of the last frame, or of when it was connected.
    last_frame: AtomicU64,
    /// Bits of seconds: the silence that is put up with; more than [`STALL_SECS`] where it arrives in chunks.
    allowed_secs: AtomicU64,
    any_frame: AtomicBool,
    /// Set where silence means nothing: a recording under a viewer's control stands still when it is told to.
    may_pause: AtomicBool,
}

impl Link {
    /// The source is prepared. Real-time safe, as all that follow.
    pub fn connected(&self, now_secs: f64, may_pause: bool) {
        self.last_frame.store(now_secs.to_bits(), Ordering::Relaxed);
        self.may_pause.store(may_pause, Ordering::Relaxed);
    }

    /// What one read brought.
    pub fn note(
        &self,
        status: ReadStatus,
        frames: usize,
        why: LostWhy,
        now_secs: impl Fn() -> f64,
    ) {
        if frames > 0 {
            self.last_frame.store(now_secs().to_bits(), Ordering::Relaxed);
            self.any_frame.store(true, Ordering::Relaxed);
        }
        let (new, old) = (state_of(status), self.state.load(Ordering::Relaxed));
        if new == old {
            return;
        }
        if old == UP {
            self.away_since.store(now_secs().to_bits(), Ordering::Relaxed);
        }
        self.why.store(code_of(why), Ordering::Relaxed);
        self.state.store(new, Ordering::Release);
    }

    /// The silence that is usual for the stream and put up with, in seconds.
    pub fn allow_silence(&self, secs: f64) {
        self.allowed_secs.store(secs.to_bits(), Ordering::Relaxed);
    }

    /// What a run that is running really is at this moment.
    pub fn state(&self, now_secs: f64) -> RunState {
        let secs = |bits: &AtomicU64| f64::from_bits(bits.load(Ordering::Relaxed));
        match self.state.load(Ordering::Acquire) {
            LOST => {
                let why = why_of(self.why.load(Ordering::Relaxed));
                RunState::SourceLost { since_secs: secs(&self.away_since), why }
            }
            RETURNING => RunState::Reconnecting { since_secs: secs(&self.away_since) },
            _ => {
                let since_secs = secs(&self.last_frame);
                let most_secs = STALL_SECS.max(secs(&self.allowed_secs));
                let watched = since_secs != 0.0 && !self.may_pause.load(Ordering::Relaxed);
                if watched && now_secs - since_secs >= most_secs {
                    let ever = self.any_frame.load(Ordering::Relaxed);
                    RunState::Stalled { since_secs, ever }
                } else {
                    RunState::Running
                }
            }
        }
    }
}

fn state_of(status: ReadStatus) -> u8 {
    match status {
        ReadStatus::Lost => LOST,
        ReadStatus::Returning => RETURNING,
        ReadStatus::Data | ReadStatus::Idle | ReadStatus::End => UP,
    }
}

fn code_of(why: LostWhy) -> u8 {
    match why {
        LostWhy::Unknown => 0,
        LostWhy::Closed => 1,
        LostWhy::Silent => 2,
    }
}

fn why_of(code: u8) -> LostWhy {
    match code {
        1 => LostWhy::Closed,
        2 => LostWhy::Silent,
        _ => LostWhy::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_stalls_is_lost_and_comes_back() {
        let link = Link::default();
        let note = |status, frames, now| link.note(status, frames, LostWhy::Closed, || now);
        link.connected(10.0, false);
        assert_eq!(link.state(10.9), RunState::Running);
        assert_eq!(link.state(11.0), RunState::Stalled { since_secs: 10.0, ever: false });
        note(ReadStatus::Data, 1, 12.0);
        assert_eq!(link.state(12.5), RunState::Running);
        note(ReadStatus::Idle, 0, 12.9);
        assert_eq!(link.state(13.2), RunState::Stalled { since_secs: 12.0, ever: true });
        link.allow_silence(3.0);
        assert_eq!(link.state(14.9), RunState::Running, "chunks of two seconds are no stall");
        assert_eq!(link.state(15.1), RunState::Stalled { since_secs: 12.0, ever: true });
        note(ReadStatus::Lost, 0, 16.0);
        note(ReadStatus::Lost, 0, 17.0);
        let lost = RunState::SourceLost { since_secs: 16.0, why: LostWhy::Closed };
        assert_eq!(link.state(18.0), lost);
        note(ReadStatus::Returning, 0, 18.0);
        assert_eq!(link.state(18.1), RunState::Reconnecting { since_secs: 16.0 });
        note(ReadStatus::Data, 5, 19.0);
        assert_eq!(link.state(19.5), RunState::Running);
    }

    #[test]
    fn a_recording_that_may_pause_does_not_stall() {
        let link = Link::default();
        assert_eq!(link.state(1e9), RunState::Running, "nothing is connected yet");
        link.connected(10.0, true);
        assert_eq!(link.state(1000.0), RunState::Running);
    }
}
