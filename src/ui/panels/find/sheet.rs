//! Where the pictures of a page stand on the screen, and whether it may be shown so.
//!
//! Takes the screen and how many pictures there are; gives a square place for each, in the rows in which
//! [`Page`](crate::find::code::Page) reckons which pictures touch, the patch for a photodiode beside them, and the
//! numbers by which [`safety`](crate::present::safety) judges. What is judged is what is drawn.

use egui::{Rect, Vec2, pos2, vec2};

use crate::find::code::{Code, CodeRules, Page};
use crate::present::flashes::FlashPace;
use crate::present::safety::{self, HIGHLIGHT, PageLook, Safety};

/// Share of the screen's height above the page, for what is to be looked for.
const TOP: f32 = 0.075;

/// A page on a screen.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    page: Page,
    screen: Rect,
    origin: egui::Pos2,
    side: f32,
}

impl Sheet {
    pub fn new(screen: Rect, page: Page) -> Self {
        let top = screen.top() + screen.height() * TOP;
        let bottom = patch(screen).top();
        let room = Rect::from_min_max(
            pos2(screen.left(), top),
            pos2(screen.right(), bottom.max(top + 1.0)),
        );
        let (columns, rows) = (page.columns() as f32, page.rows() as f32);
        let side = (room.width() / columns).min(room.height() / rows).max(1.0);
        let origin = room.center() - vec2(columns, rows) * side * 0.5;
        Self { page, screen, origin, side }
    }

    /// The square of a picture, with all that may light up around it.
    pub fn place(&self, picture: usize) -> Rect {
        let (row, column) = self.page.place(picture);
        let corner = self.origin + vec2(column as f32, row as f32) * self.side;
        Rect::from_min_size(corner, Vec2::splat(self.side))
    }

    /// Above the pictures.
    pub fn above(&self) -> Rect {
        Rect::from_min_max(
            self.screen.min,
            pos2(self.screen.right(), self.screen.top() + self.screen.height() * TOP),
        )
    }

    pub fn screen(&self) -> Rect {
        self.screen
    }

    /// As safety judges it, with at most so many pictures lit together.
    pub fn look(&self, pace: &FlashPace, most_lit: usize) -> PageLook {
        let share = |count: usize, whole: f32| {
            f64::from((count as f32 * self.side / whole.max(1.0)).clamp(0.01, 1.0))
        };
        let (columns, rows) = (self.page.columns(), self.page.rows());
        PageLook {
            columns,
            rows,
            most_lit,
            soa_secs: pace.soa_secs,
            on_secs: pace.on_secs,
            least_gap_secs: pace.least_gap_secs,
            share_of_screen: [
                share(columns, self.screen.width()),
                share(rows, self.screen.height()),
            ],
            highlight: HIGHLIGHT,
        }
    }
}

/// The patch: bottom left.
pub(super) fn patch(screen: Rect) -> Rect {
    let side = screen.width() * HIGHLIGHT.patch_side as f32;
    Rect::from_min_size(pos2(screen.left(), screen.bottom() - side), Vec2::splat(side))
}

/// How a code is put together at this pace.
pub(super) fn rules(pace: &FlashPace) -> CodeRules {
    let FlashPace { soa_secs, least_gap_secs, .. } = *pace;
    CodeRules { soa_secs, least_gap_secs, ..CodeRules::default() }
}

/// What safety says of a page of so many pictures on this screen.
///
/// # Errors
/// Why there can be no such page.
pub(super) fn judged(screen: Rect, pictures: usize, pace: &FlashPace) -> Result<Safety, String> {
    let page = Page::new(pictures).map_err(|why| why.to_string())?;
    // Group sizes are those of the page, whatever the seed.
    let code = Code::new(page, 0, rules(pace)).map_err(|why| why.to_string())?;
    Ok(safety::judge(&Sheet::new(screen, page).look(pace, code.largest_group())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(width: f32, height: f32) -> Rect {
        Rect::from_min_size(pos2(0.0, 0.0), vec2(width, height))
    }

    #[test]
    fn places_lie_on_the_screen_beside_the_patch_and_do_not_overlap() {
        for (width, height) in [(1440.0, 900.0), (1920.0, 1080.0), (1024.0, 700.0), (700.0, 900.0)]
        {
            for pictures in 10..=60 {
                let sheet = Sheet::new(screen(width, height), Page::new(pictures).unwrap());
                let places: Vec<Rect> = (0..pictures).map(|i| sheet.place(i)).collect();
                for (i, place) in places.iter().enumerate() {
                    let fits = screen(width, height).expand(0.01).contains_rect(*place);
                    assert!(fits, "{pictures} on {width}: {place:?}");
                    assert!(!place.shrink(0.01).intersects(patch(screen(width, height))));
                    assert!(!place.shrink(0.01).intersects(sheet.above()), "{place:?}");
                    assert!(places[..i].iter().all(|b| !b.shrink(0.01).intersects(*place)));
                }
            }
        }
    }

    #[test]
    fn every_size_of_page_is_shown_after_a_warning_and_a_fast_one_is_refused() {
        let pace = FlashPace::default();
        for pictures in [10, 20, 40, 60] {
            let verdict = judged(screen(1440.0, 900.0), pictures, &pace).unwrap();
            assert!(matches!(verdict, Safety::Warn(_)), "{pictures}: {verdict}");
        }
        let fast = FlashPace { soa_secs: 0.1, on_secs: 0.05, ..pace };
        let verdict = judged(screen(1440.0, 900.0), 40, &fast).unwrap();
        assert!(matches!(verdict, Safety::Refuse(_)), "{verdict}");
        assert!(judged(screen(1440.0, 900.0), 9, &pace).is_err());
    }
}
