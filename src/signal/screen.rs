//! What a presenter shows, told to whoever must know: the virtual subject, who looks, and the source, whose markers say it.
//!
//! Takes pictures with their times on the program's clock and markers; gives each once, in order. Both ways are bounded
//! and lock-free: the reading side sits on the acquisition thread. What finds no room is counted, never waited for.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_queue::ArrayQueue;

use super::{Flash, Marker};

/// Pages that nobody has turned to yet: one begins seconds after another.
const PAGES: usize = 8;

/// One picture on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    /// Row in the stimulus set.
    pub row: usize,
    /// When it appeared, in seconds on the program's clock.
    pub onset_secs: f64,
    /// When it goes away.
    pub offset_secs: f64,
}

/// Some pictures of a page that light up together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lighting {
    /// Which, and of which page.
    pub flash: Flash,
    /// When they light up, in seconds on the program's clock.
    pub onset_secs: f64,
    /// When their light goes out.
    pub offset_secs: f64,
}

/// A page of pictures, told before its first flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageShown {
    /// Its number, as in [`Flash::page`].
    pub page: u32,
    /// How many pictures stand on it, row by row.
    pub pictures: usize,
    /// How many of them in a full row.
    pub columns: usize,
    /// The picture of it that is nearest to what the simulated wearer wants, where somebody has worked that out: a wish
    /// for something that may be on no page cannot be told by a picture's number.
    pub nearest: Option<u8>,
}

/// A screen between a presenter and a source.
#[derive(Debug)]
pub struct Screen {
    shown: ArrayQueue<Shown>,
    lit: ArrayQueue<Lighting>,
    pages: ArrayQueue<PageShown>,
    markers: ArrayQueue<Marker>,
    /// The same, for other programs.
    announced: ArrayQueue<Marker>,
    open: AtomicBool,
    dropped: AtomicU64,
}

impl Screen {
    /// A dark screen with room for so many pictures and markers that nobody has looked at yet.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self {
            shown: ArrayQueue::new(capacity),
            lit: ArrayQueue::new(capacity),
            pages: ArrayQueue::new(PAGES),
            markers: ArrayQueue::new(capacity),
            announced: ArrayQueue::new(capacity),
            open: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
        }
    }

    /// A presenter begins (true) or ends: the virtual subject looks at this screen, or at its own schedule again.
    pub fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Release);
    }

    /// Whether a presenter is at work.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Shows a picture.
    pub fn show(&self, picture: Shown) {
        self.count(self.shown.push(picture).is_err());
    }

    /// Turns to a page; must come before its first flash.
    pub fn turn_to(&self, page: PageShown) {
        self.count(self.pages.push(page).is_err());
    }

    /// Lights up some pictures of the page.
    pub fn light(&self, lighting: Lighting) {
        self.count(self.lit.push(lighting).is_err());
    }

    /// Says a marker.
    pub fn say(&self, marker: Marker) {
        self.count(self.markers.push(marker).is_err());
        // Nobody may be there to take it; what is recorded is what counts.
        self.announced.force_push(marker);
    }

    /// The next picture that nobody has looked at.
    pub fn next_shown(&self) -> Option<Shown> {
        self.shown.pop()
    }

    /// The next page that nobody has turned to.
    pub fn next_page(&self) -> Option<PageShown> {
        self.pages.pop()
    }

    /// The next flash that nobody has seen.
    pub fn next_lit(&self) -> Option<Lighting> {
        self.lit.pop()
    }

    /// The next marker that nobody has taken.
    pub fn next_marker(&self) -> Option<Marker> {
        self.markers.pop()
    }

    /// The next marker that other programs have not been told.
    pub fn next_announced(&self) -> Option<Marker> {
        self.announced.pop()
    }

    /// Markers, pictures, pages and flashes that found no room.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn count(&self, is_full: bool) {
        if is_full {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_comes_once_and_in_order_and_what_finds_no_room_is_counted() {
        let screen = Screen::new(2);
        for i in 0..3 {
            screen.say(Marker::new(f64::from(i), "x"));
        }
        assert_eq!(screen.next_marker().map(|m| m.time_secs), Some(0.0));
        assert_eq!(screen.next_marker().map(|m| m.time_secs), Some(1.0));
        assert_eq!((screen.next_marker(), screen.dropped()), (None, 1));
        // Whoever announces hears the newest.
        assert_eq!(screen.next_announced().map(|m| m.time_secs), Some(1.0));
        assert!(!screen.is_open() && screen.next_shown().is_none());
    }
}
