//! The real-time threads before all others, where the system allows it.
//!
//! An ordinary thread that is woken waits until those that run have had their share: a millisecond at the 99th percentile on
//! an idle computer, hundreds beside a compiler. Acquisition and the signal stage sleep nearly always, so that nobody
//! misses what they take. A thread that a library starts from such a one (liblsl's receiver) inherits this. On Linux the
//! system allows it to root and where `rtprio` has a limit above zero (`/etc/security/limits.d`), as for audio; where it is
//! refused all goes on as before.

use thread_priority::ThreadPriority;

/// Puts the calling thread before all others; whether the system allows it.
pub fn go_before_others() -> bool {
    #[cfg(unix)]
    {
        use thread_priority::unix::{
            RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
        // As little as there is: the system's own urgent threads stay before ours.
        set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy).is_ok()
    }
    #[cfg(not(unix))]
    {
        ThreadPriority::Max.set_for_current().is_ok()
    }
}

/// Whether a thread of this program may go before others. Tried on a thread of its own.
pub fn is_allowed() -> bool {
    let tried = std::thread::Builder::new().name("phosphene-try".into()).spawn(go_before_others);
    tried.is_ok_and(|thread| thread.join().unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_tried_changes_only_the_thread_that_tries_it() {
        use thread_priority::unix::{ThreadSchedulePolicy, thread_schedule_policy};
        let is_urgent =
            || matches!(thread_schedule_policy(), Ok(ThreadSchedulePolicy::Realtime(_)));
        let tried = std::thread::Builder::new().spawn(move || (go_before_others(), is_urgent()));
        let (was_allowed, (said, became)) = (is_allowed(), tried.unwrap().join().unwrap());
        assert_eq!((was_allowed, said), (became, became));
        assert!(!is_urgent());
    }
}
