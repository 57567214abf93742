//! Which picture of a page the virtual subject looks for.
//!
//! Takes the wish of the parameters and what is known of a page; gives the number of a picture, the same for the same
//! subject, session and page, whatever was on the pages before. On copy pages nobody asks: there it is told.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::signal::flash::MAX_PAGE;
use crate::signal::{Flash, Lit, PageShown};

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

/// The page in view, with what is looked for on it.
#[derive(Clone, Debug)]
pub(super) struct InView {
    number: u32,
    told: Option<PageShown>,
    /// Pictures that are known to be on it.
    pictures: Lit,
    /// How much each is liked.
    liking: [u64; 64],
}

impl InView {
    /// Turns to the page of a flash.
    pub fn new(flash: Flash, told: Option<PageShown>, wishes: &mut ChaCha8Rng) -> Self {
        wishes.set_word_pos(WORDS_PER_PAGE * u128::from(flash.page));
        let liking = std::array::from_fn(|_| wishes.random());
        let pictures = told.map_or(Lit::default(), |page| Lit::of(0..page.pictures.min(64)));
        Self { number: flash.page, told, pictures, liking }
    }

    /// Whether a flash belongs to another page.
    pub fn is_left(&self, flash: Flash) -> bool {
        self.number != flash.page
    }

    /// The picture that is looked for. A page that nobody has told becomes known as its pictures light up, so that a drawn
    /// wish may change during the first flashes.
    pub fn sought(&mut self, flash: Flash, wish: Wish) -> Option<usize> {
        if self.told.is_none() {
            self.pictures.0 |= flash.lit.0;
        }
        let nearest = self.told.and_then(|page| page.nearest);
        match (flash.sought.or(nearest), wish) {
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

    /// How many of the pictures beside this one light up, also over a corner; none where nobody has told the rows.
    pub fn beside(&self, picture: usize, lit: Lit) -> usize {
        let columns = self.told.map_or(0, |page| page.columns);
        if columns == 0 {
            return 0;
        }
        let touches = |other: &usize| {
            let (rows, places) = (
                (other / columns).abs_diff(picture / columns),
                (other % columns).abs_diff(picture % columns),
            );
            rows.max(places) == 1
        };
        lit.pictures().filter(touches).count()
    }
}
