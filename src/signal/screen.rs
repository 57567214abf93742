//! What a presenter shows, told to whoever must know: the virtual subject, who looks, and the source, whose markers say it.
//!
//! Takes pictures, flashes of a page and markers with their times on the program's clock; gives each once, in order. All
//! ways are bounded and lock-free: the reading side sits on the acquisition thread. What finds no room is counted, never
//! waited for.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_queue::ArrayQueue;

use super::{Flash, Marker};

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

/// Some pictures of a page lit up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lighting {
    /// Which ones, of which page.
    pub flash: Flash,
    /// When, in seconds on the program's clock.
    pub onset_secs: f64,
    /// When they go dark.
    pub offset_secs: f64,
}

/// The page that is on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenPage {
    /// Its number, as in [`Flash::page`].
    pub number: u32,
    /// How many pictures it has: 1 to 60.
    pub pictures: u8,
    /// The picture that one is told to look for; where nothing is told, whoever looks chooses.
    pub sought: Option<u8>,
}

impl OpenPage {
    /// In one word, so that the page is read whole without a lock; 0 for none.
    fn pack(page: Option<Self>) -> u64 {
        let Some(Self { number, pictures, sought }) = page else { return 0 };
        let sought = sought.map_or(0, |picture| u64::from(picture) + 1);
        u64::from(number) << 32 | sought << 8 | u64::from(pictures.max(1))
    }

    fn unpack(word: u64) -> Option<Self> {
        let [pictures, sought] = [word & 0xff, word >> 8 & 0xffff];
        let sought = sought.checked_sub(1).map(|picture| picture as u8);
        (pictures > 0).then_some(Self {
            number: (word >> 32) as u32,
            pictures: pictures as u8,
            sought,
        })
    }
}

/// A screen between a presenter and a source.
#[derive(Debug)]
pub struct Screen {
    shown: ArrayQueue<Shown>,
    lit: ArrayQueue<Lighting>,
    page: AtomicU64,
    markers: ArrayQueue<Marker>,
    /// The same, for other programs.
    announced: ArrayQueue<Marker>,
    open: AtomicBool,
    dropped: AtomicU64,
}

impl Screen {
    /// A dark screen with room for so many pictures, flashes and markers that nobody has looked at yet.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self {
            shown: ArrayQueue::new(capacity),
            lit: ArrayQueue::new(capacity),
            page: AtomicU64::new(0),
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

    /// Puts a page on the screen, or takes it away.
    pub fn turn_to(&self, page: Option<OpenPage>) {
        self.page.store(OpenPage::pack(page), Ordering::Release);
    }

    /// The page that is on the screen. Flashes of the page before may still wait: their number tells.
    pub fn page(&self) -> Option<OpenPage> {
        OpenPage::unpack(self.page.load(Ordering::Acquire))
    }

    /// Lights some pictures of the page.
    pub fn light(&self, lighting: Lighting) {
        self.count(self.lit.push(lighting).is_err());
    }

    /// The next flash that nobody has looked at.
    pub fn next_lit(&self) -> Option<Lighting> {
        self.lit.pop()
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

    /// The next marker that nobody has taken.
    pub fn next_marker(&self) -> Option<Marker> {
        self.markers.pop()
    }

    /// The next marker that other programs have not been told.
    pub fn next_announced(&self) -> Option<Marker> {
        self.announced.pop()
    }

    /// Markers, pictures and flashes that found no room.
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
    use crate::signal::Lit;

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

    #[test]
    fn flashes_come_once_and_in_order_and_what_finds_no_room_is_counted() {
        let screen = Screen::new(2);
        let lit = |picture: usize| {
            let flash = Flash { page: 3, pictures: 40, lit: Lit::of([picture]), sought: None };
            Lighting { flash, onset_secs: picture as f64, offset_secs: picture as f64 + 0.1 }
        };
        (0..3).for_each(|picture| screen.light(lit(picture)));
        assert_eq!((screen.next_lit(), screen.next_lit()), (Some(lit(0)), Some(lit(1))));
        assert_eq!((screen.next_lit(), screen.dropped()), (None, 1));
    }

    #[test]
    fn the_page_is_told_as_it_is() {
        let screen = Screen::new(2);
        assert_eq!(screen.page(), None);
        for number in [0, 7, u32::MAX] {
            for sought in [None, Some(0), Some(59), Some(u8::MAX)] {
                let page = Some(OpenPage { number, pictures: 60, sought });
                screen.turn_to(page);
                assert_eq!(screen.page(), page);
            }
        }
        screen.turn_to(None);
        assert_eq!(screen.page(), None);
    }
}
