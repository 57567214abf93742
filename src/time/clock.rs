//! The one place that reads time.
//!
//! Gives seconds on one monotonic clock. Where liblsl is loaded that clock is LSL's local clock, so that
//! stamps of LSL streams and of everything else can be subtracted; otherwise it is the system's monotonic
//! clock, which liblsl uses too. Tests inject [`Clock::manual`]. Reading never allocates, locks or blocks.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A monotonic clock in seconds. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Function(fn() -> f64),
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The system's monotonic clock.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock read through a function, as LSL's local clock.
    pub fn from_fn(now_secs: fn() -> f64) -> Self {
        Self(Kind::Function(now_secs))
    }

    /// A clock that stands still until it is set: for tests and for running offline.
    pub fn manual(start_secs: f64) -> (Self, ManualClock) {
        let bits = Arc::new(AtomicU64::new(start_secs.to_bits()));
        (Self(Kind::Manual(bits.clone())), ManualClock(bits))
    }

    /// The time now, in seconds.
    pub fn now_secs(&self) -> f64 {
        match &self.0 {
            Kind::System => system_now_secs(),
            Kind::Function(now) => now(),
            Kind::Manual(bits) => f64::from_bits(bits.load(Ordering::Acquire)),
        }
    }
}

/// The hand that sets a [`Clock::manual`].
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Sets the time, in seconds.
    pub fn set_secs(&self, secs: f64) {
        self.0.store(secs.to_bits(), Ordering::Release);
    }
}

#[cfg(target_os = "linux")]
fn system_now_secs() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is a valid, writable timespec for the duration of the call.
    let rc = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut t) };
    if rc == 0 { t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9 } else { since_start_secs() }
}

/// Processor time that the calling thread has used, in seconds, where the system tells.
#[cfg(target_os = "linux")]
pub fn thread_cpu_secs() -> Option<f64> {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is a valid, writable timespec for the duration of the call.
    let rc = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    (rc == 0).then_some(t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9)
}

/// Processor time that the calling thread has used, in seconds, where the system tells.
#[cfg(not(target_os = "linux"))]
pub fn thread_cpu_secs() -> Option<f64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn system_now_secs() -> f64 {
    since_start_secs()
}

/// Seconds since the first reading, for platforms whose monotonic clock has no public epoch.
#[allow(clippy::disallowed_methods)] // this file is the one place that may
fn since_start_secs() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// The date and time of day in UTC as `YYYY-MM-DDThh:mm:ssZ`, for file headers and file names only.
#[allow(clippy::disallowed_methods)] // this file is the one place that may
pub fn utc_now_iso8601() -> String {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.as_secs());
    iso8601_from_unix_secs(since_epoch)
}

/// Formats seconds since 1970 as ISO 8601 in UTC (civil-from-days, proleptic Gregorian calendar).
fn iso8601_from_unix_secs(secs: u64) -> String {
    let (days, rest) = ((secs / 86_400) as i64, secs % 86_400);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (h, m, s) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_clock_shows_what_was_set() {
        let (clock, hand) = Clock::manual(3.0);
        hand.set_secs(4.5);
        assert_eq!(clock.now_secs(), 4.5);
    }

    #[test]
    fn system_clock_never_goes_back() {
        let clock = Clock::system();
        let first = clock.now_secs();
        assert!(clock.now_secs() >= first);
    }

    #[test]
    fn dates_follow_the_gregorian_calendar() {
        assert_eq!(iso8601_from_unix_secs(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso8601_from_unix_secs(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(iso8601_from_unix_secs(1_795_458_250), "2026-11-23T18:24:10Z");
    }
}
