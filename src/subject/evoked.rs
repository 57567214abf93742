//! What a picture does to the brain: the event-related response.
//!
//! Five components follow an onset: P1, N1, P2, N2 and P3. Each has a part that every picture evokes, and
//! [`PATTERNS_PER_COMPONENT`] patterns (dipole × Gaussian time course) whose amplitude is linear in the
//! picture's embedding: wₚ · e. Most of wₚ is the same in all people, a share [`INDIVIDUAL_SHARE`] of its
//! variance is the subject's own, as are latencies, places and directions.
//!
//! **Signal-to-noise ratio**: 10 log₁₀ of the mean power of the picture-specific part over that of the background
//! (1/f, alpha, beta, electrode noise; no artefacts), both within 0.5–40 Hz and 0–0.8 s after onset, in average
//! reference over `posterior16`, averaged over its eight lateral posterior electrodes ([`POSTERIOR`]), for
//! embeddings evenly spread over the unit sphere. It is computed from the model, not measured on a run.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rustfft::num_complex::Complex;

use super::forward::{Dipole, random_direction};
use super::noise::normal;
use crate::signal::montage::position;

/// The electrodes at which the signal-to-noise ratio holds.
pub const POSTERIOR: [&str; 8] = ["P7", "P8", "PO7", "PO3", "PO4", "PO8", "O1", "O2"];

/// The band in which it holds, in Hz.
pub const BAND_HZ: [f64; 2] = [0.5, 40.0];

/// The time after onset in which it holds, in seconds.
pub const SPAN_SECS: f64 = 0.8;

/// Share of the variance of the response weights that differs from person to person.
pub const INDIVIDUAL_SHARE: f64 = 0.35;

/// Patterns of each component that carry the picture.
pub const PATTERNS_PER_COMPONENT: usize = 6;

const COMPONENTS: usize = COMPONENT_TABLE.len();

/// Patterns that carry the picture.
pub(super) const PATTERNS: usize = COMPONENTS * PATTERNS_PER_COMPONENT;

/// Dipoles that every picture drives: a left and a right one for each component.
const COMMON_DIPOLES: usize = COMPONENTS * 2;

/// Dipoles: first those that carry the picture, then those common to all.
pub(super) const SOURCES: usize = PATTERNS + COMMON_DIPOLES;

/// Standard deviations from trial to trial.
const AMPLITUDE_SPREAD: f64 = 0.2;
const LATENCY_SPREAD_SECS: f64 = 0.008;

/// Response to the disappearance: this share of the common part of the first two components.
const OFFSET_SHARE: f64 = 0.25;

/// The left and right dipoles of P1 and N1 in the common part.
const OFFSET_SOURCES: std::ops::Range<usize> = PATTERNS..PATTERNS + 4;

/// How long after its onset or offset a picture can still have an effect, in seconds.
pub(super) const RESPONSE_SECS: f64 = 1.0;

/// Peak latency and width (s), common amplitude (µV at the sites), where it arises on the left and the right,
/// and where its picture-specific patterns arise. Latencies and topographies after Luck 2014, An Introduction
/// to the Event-Related Potential Technique, ch. 3.
struct Component {
    peak_secs: f64,
    width_secs: f64,
    common_uv: f64,
    common_sites: [&'static str; 2],
    sites: [&'static str; PATTERNS_PER_COMPONENT],
}

const COMPONENT_TABLE: [Component; 5] = [
    Component {
        peak_secs: 0.100,
        width_secs: 0.014,
        common_uv: 8.0,
        common_sites: ["PO7", "PO8"],
        sites: ["O1", "O2", "PO7", "PO8", "Oz", "POz"],
    },
    Component {
        peak_secs: 0.170,
        width_secs: 0.018,
        common_uv: -9.0,
        common_sites: ["P7", "P8"],
        sites: ["P7", "P8", "PO7", "PO8", "O1", "O2"],
    },
    Component {
        peak_secs: 0.230,
        width_secs: 0.024,
        common_uv: 4.0,
        common_sites: ["PO3", "PO4"],
        sites: ["PO3", "PO4", "Oz", "P7", "P8", "Pz"],
    },
    Component {
        peak_secs: 0.310,
        width_secs: 0.034,
        common_uv: -3.0,
        common_sites: ["P7", "P8"],
        sites: ["P7", "P8", "P3", "P4", "PO7", "PO8"],
    },
    Component {
        peak_secs: 0.430,
        width_secs: 0.060,
        common_uv: 4.0,
        common_sites: ["P1", "P2"],
        sites: ["Pz", "P3", "P4", "POz", "PO3", "PO4"],
    },
];

/// A Gaussian in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub peak_secs: f64,
    pub width_secs: f64,
}

impl Course {
    /// The value at a time; zero beyond five widths, where it is below 4e-6.
    pub fn at(self, secs: f64) -> f64 {
        let z = (secs - self.peak_secs) / self.width_secs;
        if z.abs() > 5.0 { 0.0 } else { (-0.5 * z * z).exp() }
    }
}

/// How one subject responds.
#[derive(Clone, Debug)]
pub(super) struct Response {
    /// `[SOURCES]`
    pub dipoles: Vec<Dipole>,
    courses: [Course; SOURCES],
    /// `[PATTERNS, dim]`
    weights: Vec<f64>,
    dim: usize,
}

/// How one picture drives every dipole in one trial.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drive {
    amplitudes: [f32; SOURCES],
    latency_secs: f64,
}

impl Response {
    /// `everyone` draws what all people share and must be the same for all of them; `own` draws the rest.
    pub fn new(dim: usize, everyone: &mut ChaCha8Rng, own: &mut ChaCha8Rng) -> Self {
        let shift_secs = own.random_range(-0.010..0.010);
        let mut dipoles = Vec::with_capacity(SOURCES);
        let mut courses = [Course { peak_secs: 0.0, width_secs: 1.0 }; SOURCES];
        for (i, course) in courses[..PATTERNS].iter_mut().enumerate() {
            let (component, p) =
                (&COMPONENT_TABLE[i / PATTERNS_PER_COMPONENT], i % PATTERNS_PER_COMPONENT);
            *course = pattern_course(component, p, shift_secs);
            dipoles.push(pattern_dipole(component.sites[p], everyone).varied(0.06, 0.25, own));
        }
        for (i, course) in courses[PATTERNS..].iter_mut().enumerate() {
            let component = &COMPONENT_TABLE[i / 2];
            *course = Course {
                peak_secs: component.peak_secs + shift_secs,
                width_secs: component.width_secs,
            };
            dipoles.push(common_dipole(component, i % 2).varied(0.04, 0.12, own));
        }
        let weights = weights(dim, everyone, own);
        Self { dipoles, courses, weights, dim }
    }

    /// The drive of one picture; draws the variation from trial to trial.
    pub fn drive(&self, embedding: &[f32], rng: &mut ChaCha8Rng) -> Drive {
        let gains: [f64; COMPONENTS] =
            std::array::from_fn(|_| 1.0 + AMPLITUDE_SPREAD * normal(rng));
        let latency_secs = LATENCY_SPREAD_SECS * normal(rng);
        let mut amplitudes = [0.0; SOURCES];
        let rows = self.weights.chunks_exact(self.dim);
        for (i, (amplitude, weights)) in amplitudes.iter_mut().zip(rows).enumerate() {
            let projection: f64 =
                weights.iter().zip(embedding).map(|(w, e)| w * f64::from(*e)).sum();
            *amplitude = (gains[i / PATTERNS_PER_COMPONENT] * projection) as f32;
        }
        for (i, amplitude) in amplitudes[PATTERNS..].iter_mut().enumerate() {
            *amplitude = gains[i / 2] as f32;
        }
        Drive { amplitudes, latency_secs }
    }

    /// Adds the activity of every dipole this long after onset and offset, `[SOURCES]`.
    pub fn add(
        &self,
        drive: &Drive,
        since_onset_secs: f64,
        since_offset_secs: f64,
        activity: &mut [f32],
    ) {
        let on = since_onset_secs - drive.latency_secs;
        if (0.0..RESPONSE_SECS).contains(&on) {
            for ((value, course), amplitude) in
                activity.iter_mut().zip(&self.courses).zip(drive.amplitudes)
            {
                *value += amplitude * course.at(on) as f32;
            }
        }
        let off = since_offset_secs - drive.latency_secs;
        if (0.0..RESPONSE_SECS).contains(&off) {
            for i in OFFSET_SOURCES {
                let share = OFFSET_SHARE * f64::from(drive.amplitudes[i]);
                activity[i] += (share * self.courses[i].at(off)) as f32;
            }
        }
    }

    /// Mean power in µV² of the picture-specific part by the definition at the top of this file, for patterns
    /// of unit gain whose maps to [`POSTERIOR`] are `maps`, `[PATTERNS][8]`.
    pub fn specific_power(&self, maps: &[Vec<f64>]) -> f64 {
        let courses: Vec<Vec<f64>> =
            self.courses[..PATTERNS].iter().map(|course| in_band(*course)).collect();
        let mean_product = |a: &[f64], b: &[f64]| {
            a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>() / a.len() as f64
        };
        let weights: Vec<&[f64]> = self.weights.chunks_exact(self.dim).collect();
        let mut power = 0.0;
        for p in 0..PATTERNS {
            for q in 0..PATTERNS {
                // For unit embeddings in all directions, E[(wₚ·e)(w_q·e)] = wₚ·w_q / dim.
                power += mean_product(weights[p], weights[q])
                    * mean_product(&maps[p], &maps[q])
                    * mean_product(&courses[p], &courses[q]);
            }
        }
        power * (1.0 + AMPLITUDE_SPREAD * AMPLITUDE_SPREAD)
    }
}

fn site(label: &str) -> [f64; 3] {
    position(label).unwrap_or([0.0, 0.0, 1.0])
}

/// The patterns of a component follow one another, so that together they span more than one dimension of time.
fn pattern_course(component: &Component, p: usize, shift_secs: f64) -> Course {
    let middle = (PATTERNS_PER_COMPONENT - 1) as f64 / 2.0;
    // Neighbouring sites come in left–right pairs: the step of 5 spreads each pair over the whole range.
    let place = ((p * 5 + 2) % PATTERNS_PER_COMPONENT) as f64 - middle;
    Course {
        peak_secs: component.peak_secs + 1.3 * component.width_secs * place / middle + shift_secs,
        width_secs: 0.75 * component.width_secs,
    }
}

fn pattern_dipole(label: &str, rng: &mut ChaCha8Rng) -> Dipole {
    let radial = rng.random_range(0.3..0.95);
    Dipole::under(site(label), 0.68, radial, random_direction(rng))
}

/// Mostly radial, so that the peak lies over the site; scaled to the amplitude in µV there.
fn common_dipole(component: &Component, side: usize) -> Dipole {
    let place = site(component.common_sites[side]);
    let mut dipole = Dipole::under(place, 0.5, 0.97, [0.0, 0.0, 1.0]);
    let factor = component.common_uv / dipole.potential_at(place);
    dipole.moment = dipole.moment.map(|m| m * factor);
    dipole
}

/// `[PATTERNS, dim]`, standard normal, partly common and partly individual.
fn weights(dim: usize, everyone: &mut ChaCha8Rng, own: &mut ChaCha8Rng) -> Vec<f64> {
    let (shared, individual) = ((1.0 - INDIVIDUAL_SHARE).sqrt(), INDIVIDUAL_SHARE.sqrt());
    (0..PATTERNS * dim).map(|_| shared * normal(everyone) + individual * normal(own)).collect()
}

/// A time course within [`BAND_HZ`], sampled over 0 … [`SPAN_SECS`].
fn in_band(course: Course) -> Vec<f64> {
    const RATE_HZ: f64 = 500.0;
    const LENGTH: usize = 4096;
    let lead = LENGTH / 4;
    let time = |i: usize| (i as f64 - lead as f64) / RATE_HZ;
    let mut values: Vec<Complex<f64>> = (0..LENGTH).map(|i| course.at(time(i)).into()).collect();
    let mut planner = rustfft::FftPlanner::new();
    planner.plan_fft_forward(LENGTH).process(&mut values);
    for (i, value) in values.iter_mut().enumerate() {
        let hz = i.min(LENGTH - i) as f64 * RATE_HZ / LENGTH as f64;
        if !(BAND_HZ[0]..=BAND_HZ[1]).contains(&hz) {
            *value = Complex::default();
        }
    }
    planner.plan_fft_inverse(LENGTH).process(&mut values);
    let span = lead..lead + (SPAN_SECS * RATE_HZ) as usize;
    values[span].iter().map(|value| value.re / LENGTH as f64).collect()
}
