//! Which picture of a page the virtual subject looks for.
//!
//! Takes the wish of the parameters and what is known of a page; gives the number of a picture, the same for the same
//! subject, session and page, whatever was on the pages before. On copy pages nobody asks: there it is told. A wish that no
//! number can tell (for something like a drawing that may stand on no page) is worked out elsewhere, page by page, and told
//! through [`Wanted`].

use std::sync::atomic::{AtomicU64, Ordering};

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::signal::flash::MAX_PAGE;
use crate::signal::{Flash, Lit, OpenPage};

/// Width of a page over its height, in pictures: what lies beside what.
const ASPECT: f64 = 1.6;

/// Random words of the sequence of wishes that belong to one page: two for each picture.
const WORDS_PER_PAGE: u128 = 128;

/// What it looks for where it may choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// Any picture, another on every page.
    #[default]
    Drawn,
    /// The picture in this place, on every page.
    Picture(u8),
    /// None: it does not take part, though it answers on copy pages.
    Nobody,
}

impl Wish {
    /// Reads `drawn`, `nobody` or the number of a picture, from 0.
    ///
    /// # Errors
    /// A sentence that says what is possible.
    pub fn read(text: &str) -> Result<Self, String> {
        let picture = || text.parse().ok().filter(|i| usize::from(*i) < MAX_PAGE);
        match text {
            "drawn" => Ok(Self::Drawn),
            "nobody" => Ok(Self::Nobody),
            _ => picture().map(Self::Picture).ok_or_else(|| {
                format!(
                    "seeks={text} is not a picture from 0 to {}, nor drawn, nor nobody",
                    MAX_PAGE - 1
                )
            }),
        }
    }

    /// What it looks for on free pages, in words.
    pub fn words(self) -> String {
        match self {
            Self::Drawn => "a picture that it draws, another on every page".into(),
            Self::Picture(i) => format!("picture {i} of every page"),
            Self::Nobody => "none (nobody is looking)".into(),
        }
    }
}

/// What the wearer wants on one page, as somebody has worked it out from what stands there; goes before the wish of the
/// parameters, on that page only. Lock-free: set by whoever makes the page, read where signals are made.
#[derive(Debug, Default)]
pub struct Wanted(AtomicU64);

impl Wanted {
    /// On this page it looks for this picture; call it before the page's first flash.
    pub fn set(&self, page: u32, picture: u8) {
        self.0.store(u64::from(page) << 32 | (u64::from(picture) + 1), Ordering::Release);
    }

    /// It looks for what its parameters say again.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Release);
    }

    /// What is wanted on this page.
    pub fn on(&self, page: u32) -> Option<u8> {
        let word = self.0.load(Ordering::Acquire);
        let picture = (word & 0x1ff).checked_sub(1).and_then(|picture| u8::try_from(picture).ok());
        picture.filter(|_| word >> 32 == u64::from(page))
    }
}

/// The page in view, with what is looked for on it.
#[derive(Clone, Debug)]
pub(super) struct InView {
    number: u32,
    wanted: Option<u8>,
    /// Pictures that are known to be on it, and whether these are all.
    pictures: Lit,
    is_told: bool,
    columns: usize,
    /// How much each is liked.
    liking: [u64; 64],
}

impl InView {
    /// Turns to the page of a flash; `page` is the one that is open, if that is told.
    pub fn new(
        flash: Flash,
        page: Option<OpenPage>,
        wanted: Option<u8>,
        wishes: &mut ChaCha8Rng,
    ) -> Self {
        wishes.set_word_pos(WORDS_PER_PAGE * u128::from(flash.page));
        let liking = std::array::from_fn(|_| wishes.random());
        let told = page.filter(|page| page.number == flash.page);
        let pictures = told.map_or(0, |page| usize::from(page.pictures).min(64));
        let columns = (ASPECT * pictures as f64).sqrt().round() as usize;
        let (number, is_told) = (flash.page, told.is_some());
        Self { number, wanted, pictures: Lit::of(0..pictures), is_told, columns, liking }
    }

    /// Whether a flash belongs to another page.
    pub fn is_left(&self, flash: Flash) -> bool {
        self.number != flash.page
    }

    /// The picture that is looked for. A page that nobody has told becomes known as its pictures light up, so that a drawn
    /// wish may change during the first flashes.
    pub fn sought(&mut self, flash: Flash, wish: Wish) -> Option<usize> {
        if !self.is_told {
            self.pictures.0 |= flash.lit.0;
        }
        match (flash.sought.or(self.wanted), wish) {
            (Some(told), _) => Some(usize::from(told)),
            (None, Wish::Nobody) => None,
            (None, Wish::Picture(picture)) => Some(usize::from(picture)),
            (None, Wish::Drawn) => self.pictures.pictures().max_by_key(|i| self.liking[*i]),
        }
    }

    /// How much of the page lights up, from 0 to 1.
    pub fn share(&self, lit: Lit) -> f64 {
        (lit.len() as f64 / self.pictures.len().max(1) as f64).min(1.0)
    }

    /// Whether a picture beside this one lights up, also over a corner; never on a page that nobody has told.
    pub fn is_beside(&self, picture: usize, lit: Lit) -> bool {
        let Some(row) = picture.checked_div(self.columns) else { return false };
        let place = picture % self.columns;
        lit.pictures().any(|other| {
            let rows = (other / self.columns).abs_diff(row);
            rows.max((other % self.columns).abs_diff(place)) == 1
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn flash(page: u32, lit: &[usize]) -> Flash {
        Flash { page, pictures: 60, lit: Lit::of(lit.iter().copied()), sought: None }
    }

    fn view(page: u32, pictures: u8, wanted: Option<u8>) -> InView {
        let open = OpenPage { number: page, pictures, sought: None };
        InView::new(flash(page, &[0]), Some(open), wanted, &mut ChaCha8Rng::seed_from_u64(4))
    }

    #[test]
    fn a_drawn_wish_stays_on_its_page_and_falls_on_every_picture() {
        let mut times = [0; 12];
        for page in 0..1200 {
            let first = view(page, 12, None).sought(flash(page, &[1]), Wish::Drawn).unwrap();
            let mut again = view(page, 12, None);
            for lit in [[3, 4], [5, 11]] {
                assert_eq!(again.sought(flash(page, &lit), Wish::Drawn), Some(first));
            }
            times[first] += 1;
        }
        assert!(times.iter().all(|n| (60..150).contains(n)), "{times:?}");
    }

    #[test]
    fn what_is_told_goes_before_what_is_wanted_and_that_before_the_wish() {
        let told = Flash { sought: Some(9), ..flash(3, &[0]) };
        for (wanted, wish, free) in [
            (None, Wish::Nobody, None),
            (None, Wish::Picture(2), Some(2)),
            (Some(5), Wish::Picture(2), Some(5)),
            (Some(5), Wish::Nobody, Some(5)),
        ] {
            let mut page = view(3, 40, wanted);
            assert_eq!(page.sought(flash(3, &[0]), wish), free);
            assert_eq!(page.sought(told, wish), Some(9));
        }
    }

    #[test]
    fn a_page_that_nobody_told_becomes_known_by_its_flashes() {
        let mut page = InView::new(flash(0, &[0]), None, None, &mut ChaCha8Rng::seed_from_u64(4));
        assert_eq!(page.sought(flash(0, &[7]), Wish::Drawn), Some(7));
        assert!(!page.is_beside(7, Lit::of([8])));
        let late: Vec<_> = (0..3).map(|_| page.sought(flash(0, &[1, 2, 3]), Wish::Drawn)).collect();
        assert!(late.iter().all(|picture| *picture == late[0]));
        assert_eq!(page.share(Lit::of([1, 7])), 0.5);
    }

    #[test]
    fn neighbours_touch_also_over_a_corner_but_not_around_the_edge() {
        // Eight in a row.
        let page = view(0, 40, None);
        for (other, is_beside) in [
            (8, true),
            (10, true),
            (1, true),
            (17, true),
            (18, true),
            (9, false),
            (11, false),
            (25, false),
        ] {
            assert_eq!(page.is_beside(9, Lit::of([other])), is_beside, "{other}");
        }
        assert!(!page.is_beside(7, Lit::of([8])) && !page.is_beside(63, Lit::of([0])));
    }

    #[test]
    fn wanted_holds_for_its_page_only() {
        let wanted = Wanted::default();
        assert_eq!(wanted.on(0), None);
        wanted.set(u32::MAX, 255);
        assert_eq!((wanted.on(u32::MAX), wanted.on(0)), (Some(255), None));
        wanted.set(0, 0);
        assert_eq!(wanted.on(0), Some(0));
        wanted.clear();
        assert_eq!(wanted.on(0), None);
    }

    #[test]
    fn wishes_are_read_and_others_are_refused() {
        assert_eq!(Wish::read("7"), Ok(Wish::Picture(7)));
        assert_eq!(Wish::read("nobody"), Ok(Wish::Nobody));
        assert_eq!(Wish::read("drawn"), Ok(Wish::Drawn));
        for text in ["", "60", "-1", "256", "somebody"] {
            assert!(Wish::read(text).is_err_and(|why| why.contains("0 to 59")), "{text}");
        }
    }
}
