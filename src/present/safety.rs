//! Whether a page on which pictures light up may be shown to somebody who may be photosensitive, and how it must look.
//!
//! Takes the geometry of a page, its pace and how a lit picture looks; gives a verdict in plain words. The rules:
//!
//! - WCAG 2.2, 2.3.1 with its *general flash threshold*: at most three flashes in any second; or else what flashes at the
//!   same time covers less than a quarter of any field of ten degrees, which is taken as a third of the screen's width by a
//!   third of its height (341 × 256 of 1024 × 768 pixels). A flash is a change of relative luminance by a tenth of the
//!   maximum or more and back.
//! - ITU-R BT.1702 (television): the same rate, a quarter of the screen, steps of 20 cd/m², which is a tenth of a screen of
//!   200 cd/m². Whoever keeps the first rule keeps this one on such a screen.
//! - By itself: no picture lights up more than three times in any second, and no page flashes faster than
//!   [`MOST_PER_SEC`], however small the area, because the distance to the screen is not known. Sensitivity is greatest
//!   from about 15 to 25 a second.
//!
//! Every onset counts as a flash, wherever on the page it is: stricter than counting each place by itself. It is a
//! judgement on numbers that the window promises to keep, not a measurement of the screen.

use std::fmt;

/// Flashes in a second up to which everything may be shown.
pub const SAFE_PER_SEC: f64 = 3.0;

/// Flashes in a second above which nothing is shown unless somebody takes it upon themselves.
pub const MOST_PER_SEC: f64 = 8.0;

/// A smaller change of relative luminance (0 black, 1 white) is no flash.
pub const STEP: f64 = 0.1;

/// Share of a field of ten degrees from which flashes at the same time are dangerous.
pub const AREA: f64 = 0.25;

/// A third of the screen's width and of its height stand for ten degrees.
const FIELDS: f64 = 3.0;

/// Width of the screen over its height, for the patch.
const ASPECT: f64 = 1.6;

/// Places of the field of ten degrees that are tried along each side of a picture's place.
const OFFSETS: usize = 24;

/// With more places in the field than this, their number bounds what is lit instead of every choice of them.
const MOST_PLACES: usize = 20;

/// How a lit picture looks. Its colours are never saturated red.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Highlight {
    /// Side of the picture as a share of its place on the page.
    pub picture_side: f64,
    /// Inner side of the white frame, likewise.
    pub frame_inner: f64,
    /// Outer side of the white frame, likewise.
    pub frame_outer: f64,
    /// How far the picture goes towards white in linear light: its relative luminance rises by at most so much.
    pub brighten: f64,
    /// Side of the photodiode's patch as a share of the screen's width; 0 without.
    pub patch_side: f64,
}

/// What the window draws: a white frame, and the picture a little brighter. The frame is a flash, but small; the picture
/// brightens by less than a flash. It does not grow: a picture that grows moves all its edges, and would count whole.
pub const HIGHLIGHT: Highlight = Highlight {
    picture_side: 0.8,
    frame_inner: 0.84,
    frame_outer: 0.96,
    brighten: 0.08,
    patch_side: 0.04,
};

/// A page as it is to be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageLook {
    /// Pictures in a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// Most pictures that light up together, none of which touch.
    pub most_lit: usize,
    /// From one onset to the next.
    pub soa_secs: f64,
    /// How long pictures stay lit.
    pub on_secs: f64,
    /// From one onset of a picture to its next, at the soonest.
    pub least_gap_secs: f64,
    /// Share of the screen's width and height that the page takes.
    pub share_of_screen: [f64; 2],
    /// How a lit picture looks.
    pub highlight: Highlight,
}

/// Whether it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Safety {
    /// To everybody.
    Safe,
    /// After these words.
    Warn(String),
    /// Not unless somebody has read these words and takes it upon themselves.
    Refuse(String),
}

impl Safety {
    /// Whether it may be shown, given whether the viewer has accepted the risk that [`Safety::Refuse`] names.
    pub fn allows(&self, is_accepted: bool) -> bool {
        is_accepted || !matches!(self, Self::Refuse(_))
    }
}

impl fmt::Display for Safety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Safe => f.write_str("Flashes at most three times a second"),
            Self::Warn(words) | Self::Refuse(words) => f.write_str(words),
        }
    }
}

/// What whoever is sensitive must know.
const SENSITIVE: &str = "Do not look at it if you or your family have had seizures, or if flicker gives you migraine. \
     Stop at once when you feel unwell: the Escape key ends it";

/// Judges a page.
pub fn judge(look: &PageLook) -> Safety {
    let numbers = [look.soa_secs, look.on_secs, look.least_gap_secs];
    if !numbers.iter().all(|secs| secs.is_finite() && *secs > 0.0) || !is_drawable(look) {
        return Safety::Refuse("These flashes have no rate or no size that could be judged".into());
    }
    let per_sec = 1.0 / look.soa_secs;
    // Three intervals of at least a third of a second: at most three onsets in any second.
    let is_picture_slow = look.least_gap_secs >= 1.0 / SAFE_PER_SEC - 1e-9;
    if per_sec <= SAFE_PER_SEC + 1e-9 {
        return Safety::Safe;
    }
    let share = lit_share(look);
    let why = if per_sec > MOST_PER_SEC + 1e-9 {
        format!("more than {MOST_PER_SEC:.0} are refused, however small")
    } else if !is_picture_slow {
        format!(
            "one picture may light up every {:.2} s, more than three times a second",
            look.least_gap_secs
        )
    } else if share >= AREA {
        format!(
            "they cover up to {:.0} % of the middle of the view (ten degrees); a quarter is the limit (WCAG 2.2, 2.3.1). Make the page smaller, or its pictures more",
            100.0 * share
        )
    } else {
        return Safety::Warn(format!(
            "Pictures on this page light up {per_sec:.1} times a second. Each time they cover at most {:.0} % of the middle of the view (ten degrees), below the limit of a quarter (WCAG 2.2, 2.3.1), and no picture lights up more than three times a second. {SENSITIVE}",
            100.0 * share
        ));
    };
    Safety::Refuse(format!(
        "Pictures on this page would light up {per_sec:.1} times a second: {why}. Flashing like this can cause seizures. {SENSITIVE}"
    ))
}

fn is_drawable(look: &PageLook) -> bool {
    let Highlight { picture_side, frame_inner, frame_outer, brighten, patch_side } = look.highlight;
    let shares = [picture_side, frame_inner, frame_outer, brighten, patch_side];
    let is_share = |share: &f64| (0.0..=1.0).contains(share);
    let has_places = (1..=64).contains(&look.columns) && (1..=64).contains(&look.rows);
    shares.iter().all(is_share)
        && frame_inner <= frame_outer
        && look.share_of_screen.iter().all(|share| *share > 0.0 && *share <= 1.0)
        && has_places
}

/// The largest share of any field of ten degrees in which luminance changes by a flash at the same time.
pub fn lit_share(look: &PageLook) -> f64 {
    let side = |i: usize, count: usize| FIELDS * look.share_of_screen[i] / count.max(1) as f64;
    let place = [side(0, look.columns), side(1, look.rows)];
    // Places that the field can touch along each side.
    let touched = |i: usize, count: usize| ((1.0 / place[i]).ceil() as usize + 1).min(count);
    let (columns, rows) = (touched(0, look.columns), touched(1, look.rows));
    let whole = place[0] * place[1] * flash_area(look.highlight);
    // Of places that do not touch, at most every other in each direction.
    let apart = look.most_lit.min(columns.div_ceil(2) * rows.div_ceil(2));
    let bound = (apart as f64 * whole).min(1.0);
    let lit = if columns * rows > MOST_PLACES {
        bound
    } else {
        bound.min(worst(look, place, columns, rows))
    };
    let patch = look.highlight.patch_side * FIELDS;
    lit + patch * patch * ASPECT
}

/// Share of a picture's place that flashes.
fn flash_area(highlight: Highlight) -> f64 {
    let square = |side: f64| side * side;
    let frame = square(highlight.frame_outer) - square(highlight.frame_inner);
    frame + if highlight.brighten >= STEP { square(highlight.picture_side) } else { 0.0 }
}

/// The same by trying: the field at every offset over the page, and every choice of places that do not touch.
fn worst(look: &PageLook, place: [f64; 2], columns: usize, rows: usize) -> f64 {
    let offsets = (0..OFFSETS).flat_map(|x| (0..OFFSETS).map(move |y| [x, y]));
    let share = |offset: [usize; 2]| {
        let begin = [0, 1].map(|i| place[i] * offset[i] as f64 / OFFSETS as f64);
        let lit: Vec<f64> = (0..columns * rows)
            .map(|cell| covered(look.highlight, place, [cell % columns, cell / columns], begin))
            .collect();
        most(&lit, columns, look.most_lit, 0, 0)
    };
    offsets.map(share).fold(0.0, f64::max)
}

/// What flashes of one lit place within the field that begins there.
fn covered(highlight: Highlight, place: [f64; 2], cell: [usize; 2], begin: [f64; 2]) -> f64 {
    let square = |side: f64| {
        let along = |i: usize| {
            let middle = (cell[i] as f64 + 0.5) * place[i] - begin[i];
            let half = side * place[i] / 2.0;
            ((middle + half).min(1.0) - (middle - half).max(0.0)).max(0.0)
        };
        along(0) * along(1)
    };
    let frame = square(highlight.frame_outer) - square(highlight.frame_inner);
    frame + if highlight.brighten >= STEP { square(highlight.picture_side) } else { 0.0 }
}

/// Largest sum over places from `from` on, none of which touch one another or those taken (bits).
fn most(lit: &[f64], columns: usize, left: usize, from: usize, taken: u64) -> f64 {
    if from >= lit.len() || left == 0 {
        return 0.0;
    }
    let without = most(lit, columns, left, from + 1, taken);
    let touches = |other: usize| {
        (other / columns).abs_diff(from / columns) <= 1
            && (other % columns).abs_diff(from % columns) <= 1
    };
    let is_free = !(0..from).any(|other| taken >> other & 1 == 1 && touches(other));
    if !is_free || lit[from] <= 0.0 {
        return without;
    }
    without.max(lit[from] + most(lit, columns, left - 1, from + 1, taken | 1 << from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(columns: usize, rows: usize, most_lit: usize) -> PageLook {
        PageLook {
            columns,
            rows,
            most_lit,
            soa_secs: 0.2,
            on_secs: 0.1,
            least_gap_secs: 0.4,
            share_of_screen: [1.0, 1.0],
            highlight: HIGHLIGHT,
        }
    }

    #[test]
    fn pages_of_all_sizes_on_the_whole_screen_are_shown_after_a_warning() {
        for (columns, rows, most_lit) in [(4, 3, 2), (5, 3, 3), (6, 4, 5), (8, 5, 6), (10, 6, 7)] {
            let look = look(columns, rows, most_lit);
            let verdict = judge(&look);
            assert!(
                matches!(&verdict, Safety::Warn(words) if words.contains("5.0 times")),
                "{verdict}"
            );
            assert!(verdict.allows(false) && lit_share(&look) < 0.24, "{}", lit_share(&look));
        }
    }

    #[test]
    fn slow_flashes_are_safe_whatever_they_look_like() {
        let bright = Highlight { brighten: 1.0, ..HIGHLIGHT };
        let slow = PageLook { soa_secs: 1.0 / 3.0, highlight: bright, ..look(4, 3, 2) };
        assert_eq!(judge(&slow), Safety::Safe);
    }

    #[test]
    fn what_is_too_fast_too_large_or_no_number_is_refused_unless_accepted() {
        let bright = Highlight { brighten: 0.5, ..HIGHLIGHT };
        for (refused, words) in [
            (PageLook { soa_secs: 0.1, ..look(8, 5, 6) }, "however small"),
            (PageLook { least_gap_secs: 0.2, ..look(8, 5, 6) }, "every 0.20 s"),
            (PageLook { highlight: bright, ..look(4, 3, 2) }, "quarter is the limit"),
            (PageLook { soa_secs: f64::NAN, ..look(8, 5, 6) }, "no rate"),
            (PageLook { soa_secs: -1.0, ..look(8, 5, 6) }, "no rate"),
            (PageLook { share_of_screen: [f64::INFINITY, 1.0], ..look(8, 5, 6) }, "no size"),
            (look(0, 5, 6), "no size"),
        ] {
            let verdict = judge(&refused);
            assert!(matches!(&verdict, Safety::Refuse(why) if why.contains(words)), "{verdict}");
            assert!(!verdict.allows(false) && verdict.allows(true));
        }
    }

    #[test]
    fn the_share_of_the_field_is_that_of_a_place_that_can_be_drawn() {
        // One picture on the whole screen: the field lies inside it, and sees the frame only at a corner.
        let white = Highlight {
            brighten: 1.0,
            frame_inner: 1.0,
            frame_outer: 1.0,
            picture_side: 1.0,
            patch_side: 0.0,
        };
        assert!((lit_share(&PageLook { highlight: white, ..look(1, 1, 1) }) - 1.0).abs() < 1e-9);
        // Places of a field each, none of which touch: one whole, or a half of each of two.
        let three = PageLook { highlight: white, ..look(3, 3, 4) };
        assert!((lit_share(&three) - 1.0).abs() < 1e-9);
        // A page that takes a ninth of the screen is one field; four of nine places do not touch.
        let small = PageLook { share_of_screen: [1.0 / 3.0, 1.0 / 3.0], ..three };
        assert!((lit_share(&small) - 4.0 / 9.0).abs() < 1e-9, "{}", lit_share(&small));
        let fewer = PageLook { most_lit: 2, ..small };
        assert!((lit_share(&fewer) - 2.0 / 9.0).abs() < 1e-9);
    }
}
