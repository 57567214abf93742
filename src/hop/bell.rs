//! Wakes a thread that sleeps until something is there, without making the other wait.
//!
//! One side rings and says how much waits, one thread sleeps and says how much is worth waking it. Ringing
//! is two atomic operations, and a call of the system only when the other sleeps and wants that little; it
//! never blocks and never allocates. Dropping the [`Bell`] rings it for everything.

use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;

#[derive(Default)]
struct Shared {
    /// How much the sleeper wants, set before it looks for the last time; 0 while it is awake.
    wanted: AtomicUsize,
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
    /// So much is there now. Call it after making it visible.
    pub fn ring(&self, waiting: usize) {
        // Either the sleeper's last look sees what was written, or this sees that it sleeps.
        fence(Ordering::SeqCst);
        let wanted = self.0.wanted.load(Ordering::Relaxed);
        if (1..=waiting).contains(&wanted)
            && self.0.wanted.swap(0, Ordering::AcqRel) != 0
            && let Some(thread) = self.0.thread.get()
        {
            thread.unpark();
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.ring(usize::MAX);
    }
}

impl Sleeper {
    /// Sleeps until the bell rings for at least `wanted`, `most` at the longest; returns at once when
    /// `is_there` says that what it would wait for is there. The first call notes the thread, and all
    /// others must come from it.
    pub fn sleep(&self, wanted: usize, most: Duration, is_there: impl Fn() -> bool) {
        self.0.thread.get_or_init(std::thread::current);
        // Released, so that who sees it sees the thread, too.
        self.0.wanted.store(wanted.max(1), Ordering::Release);
        fence(Ordering::SeqCst);
        if !is_there() {
            std::thread::park_timeout(most);
        }
        self.0.wanted.store(0, Ordering::Relaxed);
    }
}
