//! When a stream that says nothing is doubted, and when it is gone.
//!
//! A connection that breaks is told by liblsl at once. A machine that is switched off, frozen or cut off says
//! nothing: then silence is all there is. Silence alone is no loss, since a sender may pause; so a silent stream is
//! asked for, and is gone when it does not answer either. The silence that is usual for a stream (one that arrives
//! in chunks is silent between them) is learned and put up with.

/// Silence after which a stream is doubted and asked for, in seconds.
const DOUBT_SECS: f64 = 0.75;

/// So many times its usual silence a stream is allowed.
const USUAL_TIMES: f64 = 1.5;

/// Silence that is never put up with, in seconds.
const MOST_SECS: f64 = 10.0;

/// Share by which what is usual forgets, per second.
const FORGETS: f64 = 0.02;

/// A doubted stream that has not answered for this long is gone, in seconds: three waves of questions, of which the
/// network may lose one.
pub(super) const GONE_SECS: f64 = 1.5;

/// A stream that does not answer is forgotten by a resolver after this long, in seconds: three of its waves.
pub(super) const FORGET_SECS: f64 = 1.5;

/// The usual silence of one stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silence {
    last_secs: f64,
    usual_secs: f64,
}

impl Silence {
    /// Begins to listen.
    pub fn since(now_secs: f64) -> Self {
        Self { last_secs: now_secs, usual_secs: 0.0 }
    }

    /// Something came.
    pub fn broken(&mut self, now_secs: f64) {
        let silent_secs = (now_secs - self.last_secs).clamp(0.0, MOST_SECS);
        // One stall is not what is usual: it takes several to get there.
        let believed_secs = silent_secs.min(USUAL_TIMES * self.usual_secs + DOUBT_SECS);
        self.usual_secs = (self.usual_secs * (1.0 - FORGETS * silent_secs)).max(believed_secs);
        self.last_secs = now_secs;
    }

    /// When something came last.
    pub fn last_secs(&self) -> f64 {
        self.last_secs
    }

    /// Whether it has been silent for longer than it usually is.
    pub fn is_odd(&self, now_secs: f64) -> bool {
        let most_secs = (USUAL_TIMES * self.usual_secs).clamp(DOUBT_SECS, MOST_SECS);
        now_secs - self.last_secs > most_secs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_is_learned_and_forgotten() {
        let mut silence = Silence::since(0.0);
        for i in 1..=100 {
            silence.broken(f64::from(i) * 0.004);
        }
        assert!(!silence.is_odd(1.1) && silence.is_odd(1.2));
        silence.broken(5.4);
        assert!(silence.is_odd(6.6), "one stall of five seconds is not what is usual");
        silence = Silence::since(1.0);
        for chunk in 1..=5 {
            silence.broken(1.0 + f64::from(chunk) * 2.0);
        }
        assert!(!silence.is_odd(13.9) && silence.is_odd(14.1), "chunks of two seconds are usual");
        for i in 1..=50_000 {
            silence.broken(11.0 + f64::from(i) * 0.004);
        }
        assert!(silence.is_odd(212.0), "and no longer when they have become single samples");
    }
}
