//! Work that a viewer must not wait for: a scan of devices, the end of a run. One named thread each.

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, bounded};

use super::Pipeline;

/// A value that will be there later.
pub struct Later<T> {
    receiver: Receiver<T>,
    handle: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Later<T> {
    /// Runs `work` on a thread of its own.
    pub fn run(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Self {
        let (sender, receiver) = bounded(1);
        let body = move || {
            // The channel holds one value and this is the only one: there is room.
            let _ = sender.send(work());
        };
        let handle = std::thread::Builder::new().name(name.into()).spawn(body).ok();
        Self { receiver, handle }
    }

    /// The value, once, when it is there.
    pub fn take(&self) -> Option<T> {
        self.receiver.try_recv().ok()
    }

    /// True when the work is over, with or without a value.
    pub fn is_over(&self) -> bool {
        self.handle.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl<T> Drop for Later<T> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take()
            && handle.join().is_err()
        {
            tracing::error!("background work ended by a fault of the program");
        }
    }
}

/// Ends a run without making the caller wait; the returned value joins it at the latest when dropped.
pub fn retire(pipeline: Pipeline) -> Later<()> {
    Later::run("phosphene-retire", move || {
        let _ = pipeline.abort();
    })
}
