//! Wakes a thread that sleeps until something is there, without making the other wait.
//!
//! One side rings, one thread sleeps. Ringing is two atomic operations, and a call of the system only when
//! the other does sleep; it never blocks and never allocates. Dropping the [`Bell`] rings it.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;

#[derive(Default)]
struct Shared {
    /// Set by the sleeper before it looks for the last time, taken back by whoever wakes it.
    sleeps: AtomicBool,
    thread: OnceLock<Thread>,
}

/// The side that rings.
pub(super) struct Bell(Arc<Shared>);

/// The side that sleeps.
pub(super) struct Sleeper(Arc<Shared>);

/// Both sides.
pub(super) fn bell() -> (Bell, Sleeper) {
    let shared = Arc::new(Shared::default());
    (Bell(shared.clone()), Sleeper(shared))
}

impl Bell {
    /// Something is there. Call it after making it visible.
    pub fn ring(&self) {
        // Either the sleeper's last look sees what was written, or this sees that it sleeps.
        fence(Ordering::SeqCst);
        if self.0.sleeps.load(Ordering::Relaxed)
            && self.0.sleeps.swap(false, Ordering::Relaxed)
            && let Some(thread) = self.0.thread.get()
        {
            thread.unpark();
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.ring();
    }
}

impl Sleeper {
    /// Sleeps until the bell rings, `most` at the longest; returns at once when `is_there` says that what
    /// it would wait for is there. The first call notes the thread, and all others must come from it.
    pub fn sleep_unless(&self, most: Duration, is_there: impl Fn() -> bool) {
        self.0.thread.get_or_init(std::thread::current);
        self.0.sleeps.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !is_there() {
            std::thread::park_timeout(most);
        }
        self.0.sleeps.store(false, Ordering::Relaxed);
    }
}
