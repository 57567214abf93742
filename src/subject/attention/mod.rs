//! The virtual subject looks for a picture on a page whose pictures light up.
//!
//! | file | holds |
//! |---|---|
//! | `components` | what a flash does to one person's brain, in space and time |
//! | `recovery` | weaker soon after another target; lapses |
//! | `wish` | which picture is looked for |
//! | `strength`, `matched` | how strongly it answers: from an area under the curve to µV |
//!
//! Takes pages and flashes as a presenter shows them; gives, for each sample, the activity of some dipoles. Every flash evokes
//! a small visual response, the one that holds the sought picture also what attention adds; one beside it distracts a little,
//! as neighbours do in grids (Townsend et al. 2010, Clin. Neurophysiol. 121:1109). Responses overlap and add. Randomness is
//! its own: without flashes nothing here draws or adds anything. Allocates only when it is made.

mod components;
mod matched;
mod recovery;
pub mod strength;
pub mod wish;

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
pub(super) use self::matched::detectability;
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

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;
    use crate::signal::Lit;
    use crate::subject::forward::Electrodes;

    const STEP_SECS: f64 = 0.004;

    fn person(subject: u64) -> Person {
        Person::new(&mut ChaCha8Rng::seed_from_u64(subject))
    }

    /// A P300 of 8 µV.
    fn wearer(seed: u64, seeks: Wish) -> Attention {
        let params = SimParams { attention_auc: 0.9, seeks, seed, ..SimParams::default() };
        Attention::new(&params, person(7), strength::d_prime(0.9) / 8.0)
    }

    fn lit(picture: usize, sought: Option<u8>) -> Flash {
        Flash { page: 0, pictures: 40, lit: Lit::of([picture]), sought }
    }

    fn page() -> Option<OpenPage> {
        Some(OpenPage { number: 0, pictures: 40, sought: None })
    }

    /// The activity while these flashes come, `[samples][SOURCES]`.
    fn run(wearer: &mut Attention, flashes: &[(f64, Flash)], secs: f64) -> Vec<[f32; SOURCES]> {
        let mut next = 0;
        let sample = |k: usize| {
            let now_secs = k as f64 * STEP_SECS;
            if let Some((onset_secs, flash)) = flashes.get(next).filter(|_| wearer.can_see()) {
                next += usize::from(wearer.see(*flash, *onset_secs, page(), now_secs));
            }
            let mut activity = [0.0; SOURCES];
            wearer.next(now_secs, &mut activity);
            activity
        };
        (0..(secs / STEP_SECS) as usize).map(sample).collect()
    }

    /// What an electrode sees.
    fn at(site: &str, person: &Person, activity: &[[f32; SOURCES]]) -> Vec<f64> {
        let place = crate::signal::montage::position(site);
        let map: Vec<f64> =
            person.dipoles.iter().map(|d| Electrodes::new(&[place]).map(d)[0]).collect();
        activity.iter().map(|a| a.iter().zip(&map).map(|(v, m)| f64::from(*v) * m).sum()).collect()
    }

    fn peak(values: &[f64]) -> (f64, f64) {
        let k = (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0);
        (values[k], k as f64 * STEP_SECS)
    }

    fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
        values.clone().sum::<f64>() / values.count() as f64
    }

    #[test]
    fn a_rested_person_answers_with_a_p300_of_the_size_that_was_asked_for() {
        let flashes: Vec<_> = (0..100).map(|i| (20.0 * f64::from(i), lit(3, Some(3)))).collect();
        let mut wearer = wearer(1, Wish::Drawn);
        let pz = at("Pz", &wearer.person.clone(), &run(&mut wearer, &flashes, 2000.0));
        let peaks: Vec<(f64, f64)> =
            pz.chunks(5000).map(|trial| peak(&trial[..275])).filter(|(uv, _)| *uv > 1.5).collect();
        let (uv, secs) = (mean(peaks.iter().map(|p| p.0)), mean(peaks.iter().map(|p| p.1)));
        let spread_secs = mean(peaks.iter().map(|p| (p.1 - secs).powi(2))).sqrt();
        println!("{} trials: {uv:.2} µV at {secs:.3} ± {spread_secs:.3} s", peaks.len());
        assert!((92..=100).contains(&peaks.len()), "lapses: {}", peaks.len());
        assert!((7.2..8.8).contains(&uv), "{uv} µV");
        assert!((0.3..0.5).contains(&secs) && (0.015..0.045).contains(&spread_secs));
    }

    #[test]
    fn people_peak_between_300_and_500_ms_where_it_is_known_to() {
        for subject in 0..50 {
            let person = person(subject);
            let drive = TARGET;
            let mut activity = vec![[0.0; SOURCES]; 200];
            for (k, a) in activity.iter_mut().enumerate() {
                person.add(&drive, 0.0, k as f64 * STEP_SECS, a);
            }
            let (uv, secs) = peak(&at("Pz", &person, &activity));
            assert!((0.9..1.1).contains(&uv), "subject {subject}: {uv}");
            assert!((0.29..0.5).contains(&secs), "subject {subject}: {secs}");
            let other = |site| peak(&at(site, &person, &activity)).0;
            assert!(other("Fz") < 0.8 * uv && other("Oz") < uv, "subject {subject}");
            // The N200 is occipital and lateral.
            let least = |site| {
                -peak(&at(site, &person, &activity).iter().map(|v| -v).collect::<Vec<_>>()).0
            };
            assert!(least("PO7") < -0.2 && least("PO8") < -0.2, "subject {subject}");
            assert!(least("Fz") > least("PO7"), "subject {subject}");
        }
    }

    #[test]
    fn a_target_soon_after_another_evokes_less() {
        let after = |gap_secs: f64| {
            let pair = |i: u32| [0.0, gap_secs].map(|s| (60.0 * f64::from(i) + s, lit(3, Some(3))));
            let flashes: Vec<_> = (0..60).flat_map(pair).collect();
            let mut wearer = wearer(2, Wish::Drawn);
            let person = wearer.person.clone();
            // All responses add, so that those of the first flashes can be taken off.
            let both = at("Pz", &person, &run(&mut wearer, &flashes, 3600.0));
            let of = |which: usize| {
                mean((0..60).map(|i| {
                    let from = (60.0 * f64::from(i) + [0.0, gap_secs][which]) / STEP_SECS;
                    let around = from as usize + 60..from as usize + 160;
                    both[around].iter().sum::<f64>()
                }))
            };
            of(1) / of(0)
        };
        let [soon, later, long] = [1.2, 3.0, 10.0].map(after);
        println!(
            "second of two targets: {soon:.2} after 1.2 s, {later:.2} after 3 s, {long:.2} after 10 s"
        );
        assert!((recovered(0.4) - 0.64).abs() < 0.02 && recovered(0.2) < 0.55);
        assert!((soon - recovered(1.2)).abs() < 0.08, "{soon}");
        assert!(soon < later && later < long && (0.9..1.1).contains(&long));
    }

    #[test]
    fn nobody_answers_with_what_every_flash_evokes_and_no_more() {
        let flashes: Vec<_> =
            (0..300u32).map(|i| (0.2 * f64::from(i), lit(i as usize % 40, None))).collect();
        let activity = run(&mut wearer(1, Wish::Nobody), &flashes, 61.0);
        assert!(activity.iter().all(|a| a[4..].iter().all(|v| *v == 0.0)));
        assert!(activity.iter().any(|a| a[0] != 0.0));
        let seeks = run(&mut wearer(1, Wish::Picture(5)), &flashes, 61.0);
        assert!(seeks.iter().any(|a| a[6] > 1.0));
        // Whom one looks for changes nothing of what every flash evokes.
        assert!(activity.iter().zip(&seeks).all(|(a, b)| a[..2] == b[..2]));
    }

    #[test]
    fn a_flash_beside_the_sought_picture_distracts_a_little() {
        let most = |picture| {
            let activity = run(&mut wearer(1, Wish::Drawn), &[(0.1, lit(picture, Some(12)))], 1.2);
            activity.iter().map(|a| a[6]).fold(0.0, f32::max)
        };
        let [sought, beside, far] = [12, 13, 30].map(most);
        assert!(beside > 0.0 && beside < 0.2 * sought && far == 0.0, "{sought} {beside} {far}");
    }

    #[test]
    fn without_flashes_there_is_nothing_and_impossible_times_are_refused() {
        let mut wearer = wearer(1, Wish::Drawn);
        assert!(run(&mut wearer, &[], 2.0).iter().flatten().all(|v| *v == 0.0));
        for onset_secs in [f64::NAN, f64::INFINITY, 100.0] {
            assert!(!wearer.see(lit(0, None), onset_secs, page(), 2.0), "{onset_secs}");
        }
        assert!(wearer.can_see());
        // More at once than anybody could see: the oldest are forgotten.
        let flood: Vec<_> = (0..2000).map(|_| (f64::NEG_INFINITY, lit(0, Some(0)))).collect();
        let activity = run(&mut wearer, &flood, 9.0);
        assert!(activity.iter().flatten().all(|v| v.is_finite()));
        let flood: Vec<_> = (0..2000).map(|_| (0.0, lit(0, Some(0)))).collect();
        assert!(run(&mut wearer, &flood, 9.0).iter().flatten().all(|v| v.is_finite()));
    }

    #[test]
    fn attention_lapses_for_some_per_cent_of_the_time() {
        let mut lapses = Lapses::new(ChaCha8Rng::seed_from_u64(3));
        let n = 100_000;
        let share = (0..n).filter(|i| lapses.at(f64::from(*i) * 0.2)).count() as f64 / f64::from(n);
        assert!((0.02..0.04).contains(&share), "{share}");
    }
}
