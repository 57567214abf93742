//! What a flash does to one person's brain, in space and time.
//!
//! Four parts: P1 and N1 follow every flash, by how much of the page lights up. The flash that holds the sought picture, on
//! which the eyes rest, evokes a larger N1, an N200 over occipital sites (Treder & Blankertz 2010, Behav. Brain Funct. 6:28:
//! much of what overt attention gives is visual) and the P300, parietal, its peak 300 to 500 ms after the flash (Polich 2007,
//! Clin. Neurophysiol. 118:2128), later and earlier from trial to trial (Aricò et al. 2014, J. Neural Eng. 11:035008).

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::super::evoked::Course;
use super::super::forward::{Dipole, Electrodes};
use crate::signal::montage::position;

/// Parts of the response, by which [`Person::courses`] go.
pub(super) const PARTS: usize = 5;
pub(super) const P1: usize = 0;
pub(super) const N1: usize = 1;
pub(super) const N200: usize = 2;
pub(super) const P300: usize = 3;
pub(super) const P300_CENTRAL: usize = 4;

/// Where the generators lie, and whose part each is. Together the two of the P300 peak at Pz.
const SITES: [(&str, usize); 8] = [
    ("PO7", P1),
    ("PO8", P1),
    ("PO7", N1),
    ("PO8", N1),
    ("PO7", N200),
    ("PO8", N200),
    ("Pz", P300),
    ("Cz", P300_CENTRAL),
];

/// Dipoles.
pub(in crate::subject) const SOURCES: usize = SITES.len();

/// What a target adds to each part, for a P300 of 1 µV at Pz; at its sites, in µV.
pub(super) const TARGET: [f64; PARTS] = [0.0, -0.25, -0.55, 0.75, 0.35];

/// Ranges of people: peaks and widths in seconds, and standard deviation of the P300's latency from trial to trial.
const N200_PEAK_SECS: [f64; 2] = [0.19, 0.24];
const P300_PEAK_SECS: [f64; 2] = [0.31, 0.47];
const P300_WIDTH_SECS: [f64; 2] = [0.055, 0.085];
const JITTER_SECS: [f64; 2] = [0.020, 0.040];

/// How one person answers flashes.
#[derive(Clone, Debug)]
pub(in crate::subject) struct Person {
    /// `[SOURCES]`; each of its own part gives 1 µV at its site, the P300 as a whole 1 µV at Pz.
    pub dipoles: Vec<Dipole>,
    pub(super) courses: [Course; PARTS],
    pub(super) jitter_secs: f64,
}

impl Person {
    /// Draws a person. What comes from the same seed is the same person in every session.
    pub fn new(own: &mut ChaCha8Rng) -> Self {
        let mut within = |[least, most]: [f64; 2]| own.random_range(least..most);
        let n200_secs = within(N200_PEAK_SECS);
        let peak_secs = within(P300_PEAK_SECS);
        let width_secs = within(P300_WIDTH_SECS);
        let jitter_secs = within(JITTER_SECS);
        let courses = [
            Course { peak_secs: 0.100, width_secs: 0.014 },
            Course { peak_secs: 0.165, width_secs: 0.018 },
            Course { peak_secs: n200_secs, width_secs: 0.026 },
            Course { peak_secs, width_secs },
            Course { peak_secs: peak_secs - 0.03, width_secs },
        ];
        let mut dipoles: Vec<Dipole> = SITES.iter().map(|(site, _)| generator(site, own)).collect();
        let pz = Electrodes::new(&[position("Pz")]);
        let p300 = |i: usize| TARGET[SITES[i].1] * pz.map(&dipoles[i])[0];
        let at_pz = p300(SOURCES - 2) + p300(SOURCES - 1);
        for dipole in &mut dipoles[SOURCES - 2..] {
            dipole.moment = dipole.moment.map(|m| m / at_pz);
        }
        Self { dipoles, courses, jitter_secs }
    }

    /// Adds the activity of every dipole, `[SOURCES]`, this long after a flash that drives the parts so. The P300 comes
    /// `later_secs` later than usual.
    pub(super) fn add(
        &self,
        drive: &[f64; PARTS],
        later_secs: f64,
        since_secs: f64,
        activity: &mut [f32],
    ) {
        let mut parts = [0.0; PARTS];
        for (part, (value, course)) in parts.iter_mut().zip(self.courses).enumerate() {
            let late_secs = if part >= P300 { later_secs } else { 0.0 };
            *value = if drive[part] == 0.0 {
                0.0
            } else {
                drive[part] * course.at(since_secs - late_secs)
            };
        }
        for (value, (_, part)) in activity.iter_mut().zip(SITES) {
            *value += parts[part] as f32;
        }
    }

    /// The part of each dipole.
    pub(super) fn part_of(dipole: usize) -> usize {
        SITES[dipole].1
    }
}

/// Mostly radial under its site, and in another person a little aside; 1 µV there against both mastoids.
fn generator(site: &str, own: &mut ChaCha8Rng) -> Dipole {
    let place = position(site).unwrap_or([0.0, 0.0, 1.0]);
    let dipole = Dipole::under(place, 0.5, 0.97, [0.0, 0.0, 1.0]).varied(0.04, 0.12, own);
    let there = Electrodes::new(&[Some(place)]).map(&dipole)[0];
    Dipole { moment: dipole.moment.map(|m| m / there), ..dipole }
}
