//! A flash: some pictures of a page light up together, for whoever looks for one of them.
//!
//! A flash is told by its marker alone, so that a recording, another program and a replay know it without a table:
//!
//! ```text
//! flash/<page>/<pictures>/<lit>[/<sought>]        flash/12/40/00000000000000a1/7
//! ```
//!
//! `<page>`: number of the page, from 0; another number is another search. `<pictures>`: how many are on it. `<lit>`: sixteen hexadecimal digits, bit i for
//! picture i of the page. `<sought>`: the picture that the wearer was told to look for (a copy page); absent where the choice
//! is the wearer's own.

use serde::{Deserialize, Serialize};

/// What stands before everything else in a flash's marker.
pub const FLASH_PREFIX: &str = "flash/";

/// The marker of a page that is paused: a flash whose window holds it is left out, since whoever looked may have looked away.
pub const PAUSE_LABEL: &str = "flash_pause";

/// Most pictures of a page.
pub const MAX_PAGE: usize = 60;

/// Which pictures of a page light up: bit i for picture i.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lit(pub u64);

impl Lit {
    /// These pictures; those beyond the 64th are left out.
    pub fn of(pictures: impl IntoIterator<Item = usize>) -> Self {
        let bit = |picture: usize| u32::try_from(picture).ok().and_then(|i| 1_u64.checked_shl(i));
        Self(pictures.into_iter().filter_map(bit).fold(0, |all, one| all | one))
    }

    /// Whether this picture lights up.
    pub fn holds(self, picture: usize) -> bool {
        picture < 64 && self.0 >> picture & 1 == 1
    }

    /// Whether any picture lights up in both.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// How many.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// None at all.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each, in order.
    pub fn pictures(self) -> impl Iterator<Item = usize> {
        (0..64).filter(move |i| self.holds(*i))
    }
}

/// What a flash's marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// Number of the page.
    pub page: u32,
    /// How many pictures are on it.
    pub pictures: u8,
    /// The pictures that light up.
    pub lit: Lit,
    /// The picture that the wearer was told to look for.
    pub sought: Option<u8>,
}

impl Flash {
    /// The label of its marker.
    pub fn label(self) -> String {
        let sought = self.sought.map_or_else(String::new, |picture| format!("/{picture}"));
        format!("{FLASH_PREFIX}{}/{}/{:016x}{sought}", self.page, self.pictures, self.lit.0)
    }

    /// Reads a marker's label; nothing for any other marker, for one that lights nothing, and for one that speaks of a picture
    /// that is not on the page. Does not allocate.
    pub fn read(label: &str) -> Option<Self> {
        let mut parts = label.strip_prefix(FLASH_PREFIX)?.split('/');
        let page = number(parts.next()?)?;
        let pictures = u8::try_from(number(parts.next()?)?).ok()?;
        let lit = parts.next().filter(|digits| digits.len() == 16 && is_plain(digits, 16))?;
        let lit = Lit(u64::from_str_radix(lit, 16).ok()?);
        let sought = match parts.next() {
            Some(digits) => Some(u8::try_from(number(digits)?).ok().filter(|i| *i < pictures)?),
            None => None,
        };
        let is_page = (1..=MAX_PAGE).contains(&usize::from(pictures));
        let is_on_it = !lit.is_empty() && lit.pictures().all(|i| i < usize::from(pictures));
        let is_flash = parts.next().is_none() && is_page && is_on_it;
        is_flash.then_some(Self { page, pictures, lit, sought })
    }
}

fn number(digits: &str) -> Option<u32> {
    if is_plain(digits, 10) { digits.parse().ok() } else { None }
}

/// Digits only: `from_str` would take a sign too.
fn is_plain(digits: &str, radix: u32) -> bool {
    !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_tells_the_whole_flash() {
        for sought in [None, Some(0), Some(59)] {
            let flash = Flash { page: u32::MAX, pictures: 60, lit: Lit::of([0, 5, 7, 59]), sought };
            assert_eq!(Flash::read(&flash.label()), Some(flash));
        }
        let flash = Flash { page: 12, pictures: 40, lit: Lit::of([0, 5, 7]), sought: Some(7) };
        assert_eq!(flash.label(), "flash/12/40/00000000000000a1/7");
    }

    #[test]
    fn other_markers_are_no_flashes() {
        for label in [
            "",
            "flash",
            "flash/",
            "flash/1",
            "flash/1/40",
            "flash/1/00000000000000a1",
            "flash/1/40/a1",
            "flash/-1/40/00000000000000a1",
            "flash/+1/40/00000000000000a1",
            "flash/1/40/+0000000000000a1",
            "flash/1/40/0000000000000000",
            "flash/1/40/00000000000000a1/",
            "flash/1/40/00000000000000a1/40",
            "flash/1/40/00000000000000a1/7/8",
            "flash/1/7/00000000000000a1",
            "flash/1/0/00000000000000a1",
            "flash/1/61/00000000000000a1",
            "flash/4294967296/40/00000000000000a1",
            "stim/fox",
        ] {
            assert_eq!(Flash::read(label), None, "{label}");
        }
    }

    #[test]
    fn pictures_come_in_order_and_each_once() {
        let lit = Lit::of([9, 2, 9, 64, 1000]);
        assert_eq!((lit.pictures().collect::<Vec<_>>(), lit.len()), (vec![2, 9], 2));
        assert!(lit.holds(9) && !lit.holds(64) && !Lit::default().meets(lit));
    }
}
