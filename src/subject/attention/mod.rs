//! The virtual subject looks for a picture on a page whose pictures light up.
//!
//! Takes pages and flashes as a presenter shows them; gives, for each sample, the activity of [`SOURCES`] dipoles. Every
//! flash evokes a small visual response, the one that holds the sought picture also what attention adds ([`components`]),
//! weaker soon after another target and not at all in a lapse ([`recovery`]); one beside it distracts a little, as
//! neighbours do in grids (Townsend et al. 2010, Clin. Neurophysiol. 121:1109). Responses overlap and add. Which picture is
//! sought says [`wish`]; how strongly it answers, [`strength`]. Randomness is its own: without flashes nothing here draws
//! or adds anything. Allocates only when it is made.

mod components;
mod recovery;
pub mod strength;
mod wish;

use std::sync::Arc;

use arrayvec::ArrayVec;
use rand_chacha::ChaCha8Rng;

use self::components::{N1, N200, P1, P300, P300_CENTRAL, PARTS, TARGET};
use self::recovery::{Lapses, delay_secs, recovered};
use self::wish::InView;
use super::noise::normal;
use super::params::SimParams;
use super::sequence::{Stream, stream};
use crate::signal::{Flash, OpenPage};

pub(super) use self::components::{Person, SOURCES};
pub(super) use self::strength::detectability;
pub use self::wish::{Wanted, Wish};

/// Flashes whose effect can overlap at most; at 30 a second the oldest has faded.
const MAX_ACTIVE: usize = 40;

/// How long after its onset a flash has an effect, in seconds.
const RESPONSE_SECS: f64 = 1.1;

/// A flash further ahead than this is no flash, in seconds.
const MOST_AHEAD_SECS: f64 = 60.0;

/// P1 and N1, at their sites, when a sixth of the page lights up, in µV; they grow with the root of that share.
const VISUAL_UV: [f64; 2] = [1.5, -2.0];
const USUAL_SHARE: f64 = 1.0 / 6.0;
/// Root of the share above which they grow no more.
const LARGEST_VISUAL: f64 = 2.0;

/// Standard deviations from flash to flash: of visual responses, and of what attention adds.
const VISUAL_SPREAD: f64 = 0.2;
const AMPLITUDE_SPREAD: f64 = 0.3;

/// What a flash beside the sought picture evokes, as share of a target's.
const DISTRACTION: f64 = 0.1;

/// Two targets never lie further apart than this in effect, in seconds.
const LONG_AGO_SECS: f64 = 1e3;

/// What it looks for and how strongly, in words.
pub fn words(params: &SimParams) -> String {
    format!(
        "on a page of flashes this simulated wearer looks for {}, and answers so strongly that single flashes are told apart \
         with an area under the curve of about {} (default cap)",
        params.seeks.words(),
        params.attention_auc
    )
}

/// A flash that still has an effect.
#[derive(Clone, Copy, Debug)]
struct Active {
    onset_secs: f64,
    later_secs: f64,
    drive: [f64; PARTS],
}

/// The running search.
#[derive(Clone, Debug)]
pub(super) struct Attention {
    person: Person,
    wish: Wish,
    /// P300 of a rested person at Pz, in µV.
    amplitude_uv: f64,
    wanted: Option<Arc<Wanted>>,
    in_view: Option<InView>,
    upcoming: Option<(Flash, f64)>,
    active: ArrayVec<Active, MAX_ACTIVE>,
    last_target_secs: f64,
    lapses: Lapses,
    flashes_rng: ChaCha8Rng,
    wishes_rng: ChaCha8Rng,
}

impl Attention {
    /// A person who answers with this much d′ per µV, see [`detectability`].
    pub fn new(params: &SimParams, person: Person, d_prime_per_uv: f64) -> Self {
        let amplitude_uv = strength::d_prime(params.attention_auc) / d_prime_per_uv;
        Self {
            person,
            wish: params.seeks,
            amplitude_uv: if amplitude_uv.is_finite() { amplitude_uv } else { 0.0 },
            wanted: None,
            in_view: None,
            upcoming: None,
            active: ArrayVec::new(),
            last_target_secs: -LONG_AGO_SECS,
            lapses: Lapses::new(stream(params, Stream::Lapses)),
            flashes_rng: stream(params, Stream::Flashes),
            wishes_rng: stream(params, Stream::Wishes),
        }
    }

    /// P300 of the rested person at Pz, in µV.
    pub fn amplitude_uv(&self) -> f64 {
        self.amplitude_uv
    }

    /// Looks for what is wanted there from now on, page by page.
    pub fn heed(&mut self, wanted: Arc<Wanted>) {
        self.wanted = Some(wanted);
    }

    /// Whether a flash can be taken.
    pub fn can_see(&self) -> bool {
        self.upcoming.is_none()
    }

    /// A flash, in seconds since the first sample, and the page that is open; false while a flash before has not begun, and
    /// for an onset that is no time near `now_secs`.
    pub fn see(
        &mut self,
        flash: Flash,
        onset_secs: f64,
        page: Option<OpenPage>,
        now_secs: f64,
    ) -> bool {
        let is_taken = self.can_see() && onset_secs <= now_secs + MOST_AHEAD_SECS;
        if is_taken {
            if self.in_view.as_ref().is_none_or(|page| page.is_left(flash)) {
                let wanted = self.wanted.as_ref().and_then(|wanted| wanted.on(flash.page));
                self.in_view = Some(InView::new(flash, page, wanted, &mut self.wishes_rng));
            }
            self.upcoming = Some((flash, onset_secs));
        }
        is_taken
    }

    /// Looks elsewhere: what has not begun is not seen.
    pub fn look_away(&mut self) {
        self.upcoming = None;
    }

    /// The activity of every dipole at a time, `[SOURCES]`.
    pub fn next(&mut self, secs: f64, activity: &mut [f32]) {
        activity.fill(0.0);
        if let Some((flash, onset_secs)) = self.upcoming.filter(|(_, onset)| *onset <= secs) {
            self.upcoming = None;
            self.begin(flash, onset_secs);
        }
        self.active.retain(|a| secs < a.onset_secs + RESPONSE_SECS);
        for Active { onset_secs, later_secs, drive } in &self.active {
            self.person.add(drive, *later_secs, secs - onset_secs, activity);
        }
    }

    fn begin(&mut self, flash: Flash, onset_secs: f64) {
        let Some(page) = self.in_view.as_mut() else { return };
        let sought = page.sought(flash, self.wish);
        let is_target = sought.is_some_and(|picture| flash.lit.holds(picture));
        let is_beside = sought.is_some_and(|picture| page.is_beside(picture, flash.lit));
        let visual = (page.share(flash.lit) / USUAL_SHARE).sqrt().min(LARGEST_VISUAL);

        // Every flash draws as much, so that none depends on which were targets.
        let [varied, stronger, later]: [f64; 3] =
            std::array::from_fn(|_| normal(&mut self.flashes_rng));
        let visual = visual * (1.0 + VISUAL_SPREAD * varied);
        let is_elsewhere = self.lapses.at(onset_secs);
        let since_secs = onset_secs - self.last_target_secs;
        let attended = match (is_target, is_beside) {
            _ if is_elsewhere => 0.0,
            (true, _) => recovered(since_secs),
            (false, true) => DISTRACTION * recovered(since_secs),
            (false, false) => 0.0,
        };
        if is_target && !is_elsewhere {
            self.last_target_secs = onset_secs;
        }
        let uv = self.amplitude_uv * attended * (1.0 + AMPLITUDE_SPREAD * stronger).max(0.0);
        let mut drive = [0.0; PARTS];
        for part in [N1, N200, P300, P300_CENTRAL] {
            drive[part] = uv * TARGET[part];
        }
        drive[P1] += VISUAL_UV[0] * visual;
        drive[N1] += VISUAL_UV[1] * visual;
        let later_secs = self.person.jitter_secs * later + delay_secs(since_secs);
        if self.active.is_full() {
            self.active.remove(0);
        }
        self.active.push(Active { onset_secs, later_secs, drive });
    }
}
