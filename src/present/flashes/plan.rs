//! A page that is to be shown: its pictures, its pace, what is sought.
//!
//! Takes numbers from anywhere; gives them checked.

use serde::{Deserialize, Serialize};

use crate::signal::OpenPage;
use crate::signal::flash::MAX_PAGE;

/// Most flashes of a page.
pub const MOST_FLASHES: usize = 2000;

/// When pictures light up.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FlashPace {
    /// From one onset to the next.
    pub soa_secs: f64,
    /// How long they stay lit.
    pub on_secs: f64,
    /// Dark before the first flash, and again after a pause: time to find the picture on the page.
    pub lead_secs: f64,
    /// From one onset of a picture to its next, at the soonest.
    pub least_gap_secs: f64,
}

impl Default for FlashPace {
    fn default() -> Self {
        Self { soa_secs: 0.2, on_secs: 0.1, lead_secs: 2.0, least_gap_secs: 0.4 }
    }
}

/// A page that is to be shown.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FlashPlan {
    /// Its number; another one for every page of a recording.
    pub page: u32,
    /// Row of each picture in the set from which the page was taken.
    pub rows: Vec<usize>,
    /// The picture of the page that the viewer is told to look for; none where the choice is free.
    pub sought: Option<u8>,
    /// When pictures light up.
    pub pace: FlashPace,
    /// The page ends after so many flashes that were seen.
    pub most_flashes: usize,
}

impl FlashPlan {
    /// Checks every value.
    ///
    /// # Errors
    /// What is impossible, and what is possible.
    pub fn check(&self) -> Result<(), String> {
        let within = |what: &str, value: f64, least: f64, most: f64| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(format!("{what} is {value}; {least} to {most} is possible"))
            }
        };
        let FlashPace { soa_secs, on_secs, lead_secs, least_gap_secs } = self.pace;
        within("the number of pictures", self.rows.len() as f64, 2.0, MAX_PAGE as f64)?;
        within("soa_secs", soa_secs, 0.08, 2.0)?;
        // Dark for a frame at 60 Hz at least: else nothing tells two flashes of neighbouring groups apart.
        within("on_secs", on_secs, 0.02, soa_secs - 0.02)?;
        within("lead_secs", lead_secs, 0.0, 60.0)?;
        within("least_gap_secs", least_gap_secs, 0.0, 2.0)?;
        within("most_flashes", self.most_flashes as f64, 1.0, MOST_FLASHES as f64)?;
        match self.sought {
            Some(picture) if usize::from(picture) >= self.rows.len() => Err(format!(
                "picture {picture} is sought on a page of {}: they are counted from 0",
                self.rows.len()
            )),
            _ => Ok(()),
        }
    }

    /// What whoever looks is told of it.
    pub(super) fn open_page(&self) -> OpenPage {
        OpenPage { number: self.page, pictures: self.pictures(), sought: self.sought }
    }

    /// How many pictures it has, as its flashes say.
    pub(super) fn pictures(&self) -> u8 {
        self.rows.len().min(MAX_PAGE) as u8
    }
}
