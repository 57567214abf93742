//! How long a stream may be silent before that is odd.
//!
//! Takes the times at which something came; says whether the silence since is longer than usual. A stream that arrives in
//! chunks is silent between them: what is usual is learned, in some chunks, and forgotten within a minute or two when it
//! has changed. One stall is not enough to be usual.

/// What one silence adds to what is usual at most, in seconds.
const LEARNS_SECS: f64 = 0.75;

/// So many times its usual silence a stream is allowed.
const USUAL_TIMES: f64 = 1.5;

/// Silence that is put up with at most, in seconds.
const MOST_SECS: f64 = 10.0;

/// Share by which what is usual forgets, per second.
const FORGETS: f64 = 0.02;

/// The usual silence of one stream.
#[derive(Clone, Copy, Debug)]
pub struct Silence {
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
        let believed_secs = silent_secs.min(USUAL_TIMES * self.usual_secs + LEARNS_SECS);
        self.usual_secs = (self.usual_secs * (1.0 - FORGETS * silent_secs)).max(believed_secs);
        self.last_secs = now_secs;
    }

    /// When something came last.
    pub fn last_secs(&self) -> f64 {
        self.last_secs
    }

    /// The silence that is put up with, in seconds; `least_secs` is put up with in any case.
    pub fn allowed_secs(&self, least_secs: f64) -> f64 {
        (USUAL_TIMES * self.usual_secs).clamp(least_secs, MOST_SECS)
    }

    /// Whether it has been silent for longer than that.
    pub fn is_odd(&self, now_secs: f64, least_secs: f64) -> bool {
        now_secs - self.last_secs > self.allowed_secs(least_secs)
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
        assert!(!silence.is_odd(1.1, 0.75) && silence.is_odd(1.2, 0.75));
        silence.broken(5.4);
        assert!(silence.is_odd(6.6, 0.75), "one stall of five seconds is not what is usual");
        silence = Silence::since(1.0);
        for chunk in 1..=5 {
            silence.broken(1.0 + f64::from(chunk) * 2.0);
        }
        assert!(
            !silence.is_odd(13.9, 0.75) && silence.is_odd(14.1, 0.75),
            "chunks of two seconds are usual"
        );
        for i in 1..=50_000 {
            silence.broken(11.0 + f64::from(i) * 0.004);
        }
        assert!(silence.is_odd(212.0, 0.75), "and no longer when they have become single samples");
    }
}
