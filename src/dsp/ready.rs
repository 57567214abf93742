//! Windows that are cut and wait to be taken: at most [`CAPACITY`], the oldest is replaced and counted.

use crate::signal::Window;

/// Windows that may wait. They are taken after every frame; more only come due at once when several late
/// onsets arrive together.
pub const CAPACITY: usize = 4;

/// A ring of prepared windows.
pub(super) struct ReadyQueue {
    windows: Vec<Window>,
    head: usize,
    waiting: usize,
    made: u64,
    skipped: u64,
}

impl ReadyQueue {
    pub fn prepare(channels: usize, samples: usize) -> Self {
        let windows = (0..CAPACITY).map(|_| Window::with_shape(channels, samples)).collect();
        Self { windows, head: 0, waiting: 0, made: 0, skipped: 0 }
    }

    pub fn reset(&mut self) {
        (self.head, self.waiting, self.made, self.skipped) = (0, 0, 0, 0);
    }

    /// The window to fill next, numbered; it waits from now on.
    pub fn next(&mut self) -> &mut Window {
        if self.waiting == CAPACITY {
            self.head = (self.head + 1) % CAPACITY;
            self.skipped += 1;
        } else {
            self.waiting += 1;
        }
        let window = &mut self.windows[(self.head + self.waiting - 1) % CAPACITY];
        window.index = self.made;
        self.made += 1;
        window
    }

    /// The oldest waiting window, which waits no more; it stays whole until the next one is filled.
    pub fn take(&mut self) -> Option<&mut Window> {
        if self.waiting == 0 {
            return None;
        }
        let oldest = self.head;
        self.head = (self.head + 1) % CAPACITY;
        self.waiting -= 1;
        Some(&mut self.windows[oldest])
    }

    /// Moves the oldest waiting window into `out`; false when there is none or `out` has another shape.
    pub fn pop(&mut self, now_secs: f64, out: &mut Window) -> bool {
        if out.samples_uv.len() != self.windows[self.head].samples_uv.len() {
            return false;
        }
        let Some(oldest) = self.take() else { return false };
        out.copy_from(oldest);
        out.made_secs = now_secs;
        true
    }

    pub fn made(&self) -> u64 {
        self.made
    }

    pub fn skipped(&self) -> u64 {
        self.skipped
    }
}
