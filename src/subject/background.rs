//! The brain's own activity while it looks at pictures: 1/f noise, alpha and beta rhythms.
//!
//! Gives, for each sample, the activity of [`SOURCES`] dipoles, unit variance; and the map of each to the
//! electrodes in µV. 1/f noise comes from dipoles all over the head, so that it is correlated between
//! electrodes as EEG is; alpha from the back of the head, waxing and waning, at the subject's own frequency;
//! beta from the motor strip. Amplitudes are set on fixed electrodes, so that every cap sees the same head.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::anatomy::Anatomy;
use super::forward::{Dipole, Electrodes, random_direction, rms};
use super::noise::{Pink, Resonance, Wander, normal};
use super::params::SimParams;
use super::sequence::{Stream, stream};
use crate::signal::montage::position;

/// Dipoles with 1/f noise: enough that no two electrodes see the same noise, few enough to compute a session
/// at many times real time.
const PINK_DIPOLES: usize = 40;

/// Where alpha comes from: under these electrodes.
const ALPHA_SITES: [&str; 6] = ["O1", "O2", "PO3", "PO4", "P3", "P4"];

/// Where beta comes from.
const BETA_SITES: [&str; 4] = ["C3", "C4", "FC1", "FC2"];

/// Number of dipoles.
pub(super) const SOURCES: usize = PINK_DIPOLES + ALPHA_SITES.len() + BETA_SITES.len();

/// Root mean square over the electrodes of `posterior16`, in µV: 1/f, alpha, beta. Together about 12 µV,
/// as in a healthy adult with open eyes.
const RMS_UV: [f64; 3] = [10.0, 5.5, 2.0];

/// Width of the subject's alpha and beta rhythms, in Hz.
const ALPHA_WIDTH_HZ: f64 = 1.2;
const BETA_WIDTH_HZ: f64 = 4.0;

/// Waxing and waning of alpha: standard deviation of the logarithm of its envelope, and its memory.
const ENVELOPE_SPREAD: f64 = 0.5;
const ENVELOPE_MEMORY_SECS: f64 = 1.5;

/// The running activity.
#[derive(Clone, Debug)]
pub(super) struct Background {
    pink: Vec<Pink>,
    alpha: Vec<Resonance>,
    beta: Vec<Resonance>,
    envelope: Wander,
    rng: ChaCha8Rng,
}

impl Background {
    pub fn new(params: &SimParams, anatomy: &Anatomy) -> Self {
        let rate = params.rate.hz();
        Self {
            pink: vec![Pink::new(rate); PINK_DIPOLES],
            alpha: vec![Resonance::new(anatomy.alpha_hz, ALPHA_WIDTH_HZ, rate); ALPHA_SITES.len()],
            beta: vec![Resonance::new(anatomy.beta_hz, BETA_WIDTH_HZ, rate); BETA_SITES.len()],
            envelope: Wander::new(ENVELOPE_MEMORY_SECS, rate),
            rng: stream(params, Stream::Background),
        }
    }

    /// The activity of every dipole at the next sample, `[SOURCES]`.
    pub fn next(&mut self, activity: &mut [f32]) {
        let (pink, rhythms) = activity.split_at_mut(PINK_DIPOLES);
        let (alpha, beta) = rhythms.split_at_mut(ALPHA_SITES.len());
        for (value, noise) in pink.iter_mut().zip(&mut self.pink) {
            *value = noise.next(normal(&mut self.rng)) as f32;
        }
        // A log-normal envelope whose mean square is one.
        let waxing = self.envelope.next(normal(&mut self.rng));
        let envelope = (ENVELOPE_SPREAD * waxing - ENVELOPE_SPREAD * ENVELOPE_SPREAD).exp();
        for (value, rhythm) in alpha.iter_mut().zip(&mut self.alpha) {
            *value = (envelope * rhythm.next(normal(&mut self.rng))) as f32;
        }
        for (value, rhythm) in beta.iter_mut().zip(&mut self.beta) {
            *value = rhythm.next(normal(&mut self.rng)) as f32;
        }
    }

    /// How much of each dipole's unit variance lies in a band, `[SOURCES]`.
    pub fn variances_in(&self, band_hz: [f64; 2], rate_hz: f64) -> Vec<f64> {
        let pink = self.pink.first().map_or(0.0, |p| p.variance_in(band_hz, rate_hz));
        let rhythm = |r: &[Resonance]| r.first().map_or(0.0, |r| r.variance_in(band_hz, rate_hz));
        let mut variances = vec![pink; PINK_DIPOLES];
        variances.extend([rhythm(&self.alpha); ALPHA_SITES.len()]);
        variances.extend([rhythm(&self.beta); BETA_SITES.len()]);
        variances
    }
}

/// The dipoles of a subject with their strengths set in µV at the reference electrodes, `[SOURCES]`.
pub(super) fn dipoles(rng: &mut ChaCha8Rng, reference_electrodes: &Electrodes) -> Vec<Dipole> {
    let pink = (0..PINK_DIPOLES).map(|_| Dipole::anywhere(rng)).collect();
    let alpha = rhythm_dipoles(&ALPHA_SITES, rng);
    let beta = rhythm_dipoles(&BETA_SITES, rng);
    let groups: [Vec<Dipole>; 3] = [pink, alpha, beta];
    let scaled = groups.into_iter().zip(RMS_UV).map(|(mut group, rms_uv)| {
        scale_to(&mut group, rms_uv, reference_electrodes);
        group
    });
    scaled.flatten().collect()
}

fn rhythm_dipoles(sites: &[&str], rng: &mut ChaCha8Rng) -> Vec<Dipole> {
    let under = |site: &&str| {
        let place = position(site).unwrap_or([0.0, 0.0, 1.0]);
        let radial = rng.random_range(0.6..0.95);
        Dipole::under(place, 0.6, radial, random_direction(rng)).varied(0.05, 0.2, rng)
    };
    sites.iter().map(under).collect()
}

/// Scales independent unit-variance dipoles so that together they have this root mean square.
fn scale_to(dipoles: &mut [Dipole], rms_uv: f64, electrodes: &Electrodes) {
    let squared: f64 = dipoles.iter().map(|d| rms(&electrodes.map(d)).powi(2)).sum();
    let factor = rms_uv / squared.sqrt();
    for dipole in dipoles {
        dipole.moment = dipole.moment.map(|m| m * factor);
    }
}
