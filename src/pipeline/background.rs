//! Work that a viewer must not wait for: a scan of devices, the end of a run. One named thread each.

use std::cell::RefCell;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, bounded};

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

/// How far some work is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// At work.
    Working,
    /// This is what came of it.
    Done(T),
    /// A fault of the program ended it.
    Died,
}

/// Work whose value can be asked for again and again.
pub struct Kept<T> {
    work: Later<T>,
    value: RefCell<Option<T>>,
}

impl<T: Clone + Send + 'static> Kept<T> {
    /// As [`Later::run`].
    pub fn run(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Self {
        Self { work: Later::run(name, work), value: RefCell::new(None) }
    }

    /// Where it is.
    pub fn progress(&self) -> Progress<T> {
        let mut value = self.value.borrow_mut();
        // Before the value is looked for: it comes before the end.
        let is_over = self.is_over();
        if let Some(found) = self.work.take() {
            *value = Some(found);
        }
        match &*value {
            Some(found) => Progress::Done(found.clone()),
            None if is_over => Progress::Died,
            None => Progress::Working,
        }
    }

    /// True when the work is over, with or without a value.
    pub fn is_over(&self) -> bool {
        self.work.is_over()
    }
}
