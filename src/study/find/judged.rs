//! What a session of pages came to: judged by what the wearer was told to look for, beside chance and the control.
//!
//! Takes the views of pages that are over; gives counts, accuracy, bits a minute and the control, as one document.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::held::HeldPage;
use super::windows::FlashWindows;
use crate::find::bits::{Search, Worth, bits_a_minute_ci95};
use crate::find::{FindView, Finder, TwinView, Verdict, Wearer};
use crate::source::Source;
use crate::study::error::PersonalError;

/// Seed of the bootstrap behind an interval.
const SEED: u64 = 1;

/// What a session came to.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// Pictures of a page.
    pub pictures: usize,
    /// Accuracy of pages whose picture was told, and what selections were worth.
    pub told: Worth,
    /// Interval of bits a minute without and with pauses, by drawing pages with replacement.
    pub bits_a_minute_ci95: [[f64; 2]; 2],
    /// Pages that stopped at a wrong picture, of those whose picture was told.
    pub wrong_stops: u64,
    /// Pages, by how they ended.
    pub found: u64,
    /// Nobody was looking.
    pub nobody: u64,
    /// Given up.
    pub gave_up: u64,
    /// The source ended before a verdict.
    pub unfinished: u64,
    /// The control.
    pub control: TwinView,
    /// Why results are not to be shown, where the control succeeds.
    pub withheld: Option<&'static str>,
    /// Flashes whose window was refused.
    pub refused: u64,
}

/// Judges pages; `last` is the view after the last of them.
pub fn judge(pictures: usize, pages: &[HeldPage], last: &FindView) -> Judged {
    let searches: Vec<Search> = pages
        .iter()
        .filter_map(|page| {
            let (sought, found) = (page.sought?, page.found);
            Some(Search { sought, found, secs: page.secs, secs_with_pauses: page.secs_with_pauses })
        })
        .collect();
    let wrong = |search: &&Search| search.found.is_some_and(|found| found != search.sought);
    let count =
        |is: fn(&Verdict) -> bool| pages.iter().filter(|page| is(&page.verdict)).count() as u64;
    Judged {
        pictures,
        told: Worth::of_searches(pictures, &searches),
        bits_a_minute_ci95: bits_a_minute_ci95(pictures, &searches, SEED),
        wrong_stops: searches.iter().filter(wrong).count() as u64,
        found: count(|verdict| matches!(verdict, Verdict::Found { .. })),
        nobody: count(|verdict| matches!(verdict, Verdict::NobodyLooks)),
        gave_up: count(|verdict| matches!(verdict, Verdict::GaveUp)),
        unfinished: count(|verdict| matches!(verdict, Verdict::Going)),
        control: last.control,
        withheld: last.withheld,
        refused: pages.iter().map(|page| page.refused).sum(),
    }
}

/// Pages of a recording, decided again: the same flashes give the same verdicts as live, bit by bit. The finder goes on over
/// several recordings, and so do its counts and its control.
///
/// # Errors
/// [`PersonalError::Sessions`] for a recording that cannot be read or lacks the wearer's electrodes, or when interrupted.
pub fn replayed(
    source: Box<dyn Source>,
    wearer: &Wearer,
    finder: &mut Finder,
    interrupted: &AtomicBool,
) -> Result<Vec<HeldPage>, PersonalError> {
    let mut windows = FlashWindows::open(source, Some(&wearer.input))?;
    let mut pages: Vec<HeldPage> = Vec::new();
    let mut began_secs = 0.0;
    let mut goes_on = true;
    while goes_on {
        goes_on = windows.step(&mut |window| {
            let Some(scored) = wearer.scored(window) else { return };
            let view = finder.take(&scored);
            match pages.last_mut() {
                Some(last) if Some(last.page) == view.page => {
                    let secs_with_pauses = scored.onset_secs - began_secs;
                    *last = HeldPage { secs_with_pauses, ..HeldPage::of(view) };
                }
                _ => {
                    began_secs = scored.onset_secs;
                    pages.push(HeldPage::of(view));
                }
            }
        })?;
        if interrupted.load(Ordering::Relaxed) {
            return Err(PersonalError::Sessions("interrupted".into()));
        }
    }
    windows.close()?;
    finder.end_page();
    Ok(pages)
}
