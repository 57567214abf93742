//! The virtual subject: a head, a brain and a screen in front of it.
//!
//! Takes parameters and a stimulus set; gives frames `[channels]` in µV and what was shown. Sample k is a function
//! of the parameters and k alone: blocks may be of any length, the clock plays no part, and two subjects made
//! from the same parameters give the same bits. Allocates only in [`VirtualSubject::new`].

use std::sync::Arc;

use arrayvec::ArrayVec;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::anatomy::Anatomy;
use super::artefacts::{Artefacts, SENSOR_NOISE_UV};
use super::attention::{Attention, Person, Wanted, detectability};
use super::background::Background;
use super::evoked::{BAND_HZ, Drive, POSTERIOR, RESPONSE_SECS, Response};
use super::forward::{Dipole, Electrodes, average_reference, rotated};
use super::noise::white_variance_in;
use super::params::SimParams;
use super::schedule::{Schedule, Trial};
use super::sequence::{Stream, stream};
use super::{artefacts, attention, background, evoked};
use crate::signal::montage::{Montage, Position};
use crate::signal::{Flash, OpenPage, StimulusSet};

/// Seed of what all people have in common. Changing it makes every trained encoder worthless.
const EVERYONE_SEED: u64 = 0x5048_4f53_5048_454e;

/// Pictures whose effect can overlap: onsets are at least 0.1 s apart and an effect ends [`RESPONSE_SECS`]
/// after the picture is gone.
const MAX_ACTIVE: usize = 32;

/// Number of a trial that a presenter shows: it says the markers itself.
pub const PRESENTED: u64 = u64::MAX;

/// Where the generators' activities lie in one frame.
const EVOKED: usize = background::SOURCES;
const ARTEFACTS: usize = EVOKED + evoked::SOURCES;
const ATTENTION: usize = ARTEFACTS + artefacts::SOURCES;
const SOURCES: usize = ATTENTION + attention::SOURCES;

/// The random sequence of a person that holds how they answer flashes; the first holds all else.
const ATTENTION_STREAM: u64 = 1;

/// Something that happened on the virtual screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A picture appeared.
    Onset(Trial),
    /// It went away.
    Offset(Trial),
}

impl Event {
    /// When, in seconds since the first sample.
    pub fn secs(&self) -> f64 {
        match self {
            Self::Onset(trial) => trial.onset_secs,
            Self::Offset(trial) => trial.offset_secs,
        }
    }
}

/// A picture that still has an effect.
#[derive(Clone, Copy, Debug)]
struct Active {
    trial: Trial,
    drive: Drive,
    offset_told: bool,
}

/// A person who sees pictures and wears electrodes.
#[derive(Clone, Debug)]
pub struct VirtualSubject {
    stimuli: Arc<StimulusSet>,
    channels: usize,
    rate_hz: f64,
    next_index: u64,
    schedule: Schedule,
    upcoming: Option<Trial>,
    /// Looks at a presenter's screen; the own schedule passes unseen.
    looks_away: bool,
    active: ArrayVec<Active, MAX_ACTIVE>,
    response: Response,
    background: Background,
    artefacts: Artefacts,
    attention: Attention,
    trial_rng: ChaCha8Rng,
    /// What each generator adds to each channel, `[SOURCES, channels]`, µV.
    mixing: Vec<f32>,
    activity: [f32; SOURCES],
}

impl VirtualSubject {
    /// Makes the subject. Embeddings come from the set; pictures themselves are not looked at.
    pub fn new(params: &SimParams, stimuli: Arc<StimulusSet>) -> Self {
        let mut own = ChaCha8Rng::seed_from_u64(params.subject);
        let anatomy = Anatomy::new(&mut own);
        let response =
            Response::new(stimuli.dim, &mut ChaCha8Rng::seed_from_u64(EVERYONE_SEED), &mut own);
        let background = Background::new(params, &anatomy);
        let mut searching = ChaCha8Rng::seed_from_u64(params.subject);
        searching.set_stream(ATTENTION_STREAM);
        let person = Person::new(&mut searching);
        let Mixing { matrix: mixing, d_prime_per_uv } =
            Mixing::new(params, anatomy, (&response, &person), &background, &mut own);
        let mut schedule = Schedule::new(params, stimuli.len());
        Self {
            channels: params.montage.len(),
            rate_hz: params.rate.hz(),
            next_index: 0,
            upcoming: schedule.next(),
            looks_away: false,
            schedule,
            active: ArrayVec::new(),
            response,
            background,
            artefacts: Artefacts::new(params),
            attention: Attention::new(params, person, d_prime_per_uv),
            trial_rng: stream(params, Stream::Trials),
            mixing,
            activity: [0.0; SOURCES],
            stimuli,
        }
    }

    /// Values per frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Number of the next frame, from 0. It is taken at this number divided by the rate.
    pub fn next_index(&self) -> u64 {
        self.next_index
    }

    /// The next frames, as many as fit into `out`, `[frames, channels]`, µV. `on_event` hears of every onset
    /// and offset up to the last of these frames, in order of time. Does not allocate.
    pub fn next_block(&mut self, out: &mut [f32], mut on_event: impl FnMut(Event)) {
        for frame in out.chunks_exact_mut(self.channels) {
            self.next_frame(frame, &mut on_event);
        }
    }

    fn next_frame(&mut self, frame: &mut [f32], on_event: &mut impl FnMut(Event)) {
        let secs = self.next_index as f64 / self.rate_hz;
        self.next_index += 1;
        self.show(secs, on_event);
        let (brain, rest) = self.activity.split_at_mut(ARTEFACTS);
        let (artefacts, searching) = rest.split_at_mut(artefacts::SOURCES);
        let (background, evoked) = brain.split_at_mut(EVOKED);
        self.background.next(background);
        evoked.fill(0.0);
        for Active { trial, drive, .. } in &self.active {
            self.response.add(drive, secs - trial.onset_secs, secs - trial.offset_secs, evoked);
        }
        self.artefacts.next(secs, artefacts);
        self.attention.next(secs, searching);
        self.mix(frame);
        self.artefacts.add_sensor_noise(frame);
    }

    /// Brings the screen to this time.
    fn show(&mut self, secs: f64, on_event: &mut impl FnMut(Event)) {
        self.active.retain(|a| secs < a.trial.offset_secs + RESPONSE_SECS);
        loop {
            // An offset always precedes the next onset, see `SimParams::check`.
            for active in &mut self.active {
                if !active.offset_told && active.trial.offset_secs <= secs {
                    active.offset_told = true;
                    on_event(Event::Offset(active.trial));
                }
            }
            let Some(trial) = self.upcoming.filter(|trial| trial.onset_secs <= secs) else {
                return;
            };
            let drive = self.response.drive(self.stimuli.embedding(trial.row), &mut self.trial_rng);
            // A full list means that its oldest entry has long faded.
            if self.active.is_full() {
                self.active.remove(0);
            }
            self.active.push(Active { trial, drive, offset_told: false });
            on_event(Event::Onset(trial));
            self.upcoming = if self.looks_away { None } else { self.schedule.next() };
        }
    }

    /// Looks at a presenter's screen (true), or at the own schedule again, from where that is by now.
    pub fn look_away(&mut self, away: bool) {
        if self.looks_away == away {
            return;
        }
        self.looks_away = away;
        let now_secs = self.next_index as f64 / self.rate_hz;
        self.upcoming = None;
        if !away {
            self.attention.look_away();
            self.upcoming = self.schedule.find(|trial| trial.onset_secs >= now_secs);
        }
    }

    /// A picture on the presenter's screen, in seconds since the first sample; false while one before it has not
    /// begun. An onset in the past takes effect with the next frame, as far on as it is by then.
    pub fn see(&mut self, row: usize, onset_secs: f64, offset_secs: f64) -> bool {
        let is_free = self.looks_away && self.upcoming.is_none() && row < self.stimuli.len();
        if is_free {
            let number = PRESENTED;
            self.upcoming = Some(Trial { number, row, flash: 0, onset_secs, offset_secs });
        }
        is_free
    }

    /// Whether a picture of the presenter's can be taken.
    pub fn can_see(&self) -> bool {
        self.looks_away && self.upcoming.is_none()
    }

    /// Looks for what is wanted there from now on, on pages that are free.
    pub fn heed(&mut self, wanted: Arc<Wanted>) {
        self.attention.heed(wanted);
    }

    /// Pictures of a page light up, in seconds since the first sample; false while a flash before has not begun. `page` is
    /// the one that is open, if that is known. As with [`VirtualSubject::see`], what is past takes effect as far on as it is.
    pub fn flash(&mut self, flash: Flash, onset_secs: f64, page: Option<OpenPage>) -> bool {
        let now_secs = self.next_index as f64 / self.rate_hz;
        self.looks_away && self.attention.see(flash, onset_secs, page, now_secs)
    }

    /// Whether a flash of the presenter's can be taken.
    pub fn can_see_flash(&self) -> bool {
        self.looks_away && self.attention.can_see()
    }

    /// P300 at Pz that a flash with the sought picture evokes in this person, rested, in µV as recorded.
    pub fn p300_uv(&self) -> f64 {
        self.attention.amplitude_uv()
    }

    fn mix(&self, frame: &mut [f32]) {
        frame.fill(0.0);
        for (&activity, map) in self.activity.iter().zip(self.mixing.chunks_exact(self.channels)) {
            if activity != 0.0 {
                frame.iter_mut().zip(map).for_each(|(value, gain)| *value += activity * gain);
            }
        }
    }
}

/// Collects the maps of all generators and sets the strength of the response to pictures.
struct Mixing {
    matrix: Vec<f32>,
    /// See [`detectability`].
    d_prime_per_uv: f64,
}

impl Mixing {
    fn new(
        params: &SimParams,
        anatomy: Anatomy,
        (response, person): (&Response, &Person),
        background: &Background,
        own: &mut ChaCha8Rng,
    ) -> Self {
        let worn = |montage: &Montage| -> Vec<Option<Position>> {
            let askew = |place: &Option<Position>| place.map(|p| rotated(p, anatomy.cap_rad));
            montage.positions.iter().map(askew).collect()
        };
        let reference = Montage::standard("posterior16").unwrap_or_default();
        let reference_electrodes = Electrodes::new(&worn(&reference));
        let brain = background::dipoles(own, &reference_electrodes);
        let posterior = |dipole| {
            let mut map = reference_electrodes.map(dipole);
            average_reference(&mut map);
            POSTERIOR
                .iter()
                .filter_map(|l| Some(map[reference.labels.iter().position(|r| r == l)?]))
                .collect()
        };
        let noise_maps: Vec<Vec<f64>> = brain.iter().map(posterior).collect();
        let noise = noise_power(&noise_maps, background, params, anatomy.gain);
        let specific_maps: Vec<Vec<f64>> =
            response.dipoles[..evoked::PATTERNS].iter().map(posterior).collect();
        // Like the noise, the response passes the skull; the ratio is that after it.
        let signal = response.specific_power(&specific_maps) * anatomy.gain * anatomy.gain;
        let specific_gain = (10f64.powf(params.snr_db / 10.0) * noise / signal).sqrt();

        let electrodes = Electrodes::new(&worn(&params.montage));
        let mut matrix = Vec::with_capacity(SOURCES * params.montage.len());
        let mut append =
            |map: Vec<f64>, gain: f64| matrix.extend(map.iter().map(|v| (v * gain) as f32));
        for dipole in &brain {
            append(electrodes.map(dipole), anatomy.gain);
        }
        for (i, dipole) in response.dipoles.iter().enumerate() {
            let gain = if i < evoked::PATTERNS { specific_gain } else { 1.0 };
            append(electrodes.map(dipole), gain * anatomy.gain);
        }
        for map in artefacts::maps(params, &electrodes) {
            append(map, 1.0);
        }
        // As recorded: what the skull takes off is in the strength that is asked for.
        for dipole in &person.dipoles {
            append(electrodes.map(dipole), 1.0);
        }
        let scaled = |dipole: &Dipole, gain: f64| {
            reference_electrodes.map(dipole).into_iter().map(|v| v * gain).collect()
        };
        let answers: Vec<Vec<f64>> = person.dipoles.iter().map(|d| scaled(d, 1.0)).collect();
        let brain: Vec<Vec<f64>> = brain.iter().map(|d| scaled(d, anatomy.gain)).collect();
        let d_prime_per_uv = detectability(person, &answers, &brain, background, params.rate.hz());
        Self { matrix, d_prime_per_uv }
    }
}

/// Mean power of the background at the posterior electrodes in [`BAND_HZ`], µV². Electrode noise counts in full:
/// averaging over 16 electrodes takes 1/16 of it off.
fn noise_power(maps: &[Vec<f64>], background: &Background, params: &SimParams, gain: f64) -> f64 {
    let rate = params.rate.hz();
    let variances = background.variances_in(BAND_HZ, rate);
    let mean_square = |map: &Vec<f64>| map.iter().map(|v| v * v).sum::<f64>() / map.len() as f64;
    let brain: f64 = maps.iter().zip(variances).map(|(map, v)| v * mean_square(map)).sum();
    let sensor = SENSOR_NOISE_UV.powi(2) * rate / 250.0 * white_variance_in(BAND_HZ, rate);
    brain * gain * gain + sensor * 15.0 / 16.0
}
