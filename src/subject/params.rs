//! What the virtual subject can be asked for: the keys after `sim:`, checked.
//!
//! [`SimParams`] set key by key from text; every field stays in its possible range, or the answer is a sentence that
//! names the key, what was given and what is possible.

use super::attention::strength::{AUC_RANGE, DEFAULT_AUC};
use super::attention::wish::Wish;
use super::strength::DEFAULT_SNR_DB;
use crate::signal::Montage;
use crate::units::SampleRate;

/// The keys, in the order in which they are explained to the user.
const KEYS: &str = "subject, strength, snr, montage, attention, seeks, rate, seed, soa, jitter, on, repeats, line, artefacts, \
                    speed, seconds";

/// Most electrodes that a list in the specification may name.
const MAX_ELECTRODES: usize = 512;

/// How fast the signal comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// This many seconds of signal in a second; 1 is real time.
    Times(f64),
    /// As fast as it is read.
    Max,
}

/// What the virtual subject is, sees and wears.
#[derive(Clone, Debug, PartialEq)]
pub struct SimParams {
    /// Which person: anatomy, alpha frequency, response to pictures.
    pub subject: u64,
    /// Picture-specific response over background, in dB.
    pub snr_db: f64,
    /// How well a good linear detector tells its flashes apart in the default cap: area under the curve of single flashes.
    pub attention_auc: f64,
    /// What it looks for on a page of flashes, where it may choose.
    pub seeks: Wish,
    /// The electrodes.
    pub montage: Montage,
    /// Sampling rate.
    pub rate: SampleRate,
    /// Which session of that person: noise, artefacts, order of the pictures.
    pub seed: u64,
    /// Mean time from one onset to the next, in seconds.
    pub soa_secs: f64,
    /// Largest deviation from that mean, in seconds.
    pub jitter_secs: f64,
    /// How long a picture stays, in seconds.
    pub on_secs: f64,
    /// How many times in a row the same picture flashes.
    pub repeats: u32,
    /// Mains frequency, in Hz.
    pub line_hz: f64,
    /// Strength of mains, blinks, muscle and drift: 0 is none, 1 is usual.
    pub artefacts: f64,
    /// Pace.
    pub speed: Speed,
    /// When it ends, in seconds of signal; `None` is never.
    pub seconds: Option<f64>,
}

impl Default for SimParams {
    fn default() -> Self {
        Self {
            subject: 1,
            snr_db: DEFAULT_SNR_DB,
            attention_auc: DEFAULT_AUC,
            seeks: Wish::default(),
            montage: Montage::standard("posterior16").unwrap_or_default(),
            rate: SampleRate::HZ_250,
            seed: 1,
            soa_secs: 0.8,
            jitter_secs: 0.1,
            on_secs: 0.4,
            repeats: 3,
            line_hz: 50.0,
            artefacts: 1.0,
            speed: Speed::Times(1.0),
            seconds: None,
        }
    }
}

impl SimParams {
    /// Sets one of `KEYS` from its text.
    ///
    /// # Errors
    /// A sentence that says what is possible.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "subject" => self.subject = whole(key, value)?,
            "seed" => self.seed = whole(key, value)?,
            "strength" => self.snr_db = super::strength::level(value)?,
            "snr" => self.snr_db = number(key, value, -40.0, 40.0)?,
            "attention" => self.attention_auc = number(key, value, AUC_RANGE[0], AUC_RANGE[1])?,
            "seeks" => self.seeks = Wish::read(value)?,
            "montage" => self.montage = montage(value)?,
            "rate" => {
                let hz = number(key, value, 100.0, 8000.0)?;
                self.rate = SampleRate::new(hz).map_err(|e| e.to_string())?;
            }
            "soa" => self.soa_secs = number(key, value, 0.2, 60.0)?,
            "jitter" => self.jitter_secs = number(key, value, 0.0, 30.0)?,
            "on" => self.on_secs = number(key, value, 0.02, 30.0)?,
            "repeats" => self.repeats = number(key, value, 1.0, 1000.0)?.round() as u32,
            "line" => self.line_hz = line(value)?,
            "artefacts" => self.artefacts = number(key, value, 0.0, 1.0)?,
            "speed" if value == "max" => self.speed = Speed::Max,
            "speed" => self.speed = Speed::Times(number(key, value, 0.01, 1000.0)?),
            "seconds" => self.seconds = Some(number(key, value, 0.01, 1e7)?),
            _ => return Err(format!("'{key}' is not one of its keys, which are {KEYS}")),
        }
        Ok(())
    }

    /// Checks what depends on more than one field.
    ///
    /// # Errors
    /// A sentence that says what does not fit.
    pub fn check(&self) -> Result<(), String> {
        let shortest = self.soa_secs - self.jitter_secs;
        if shortest.is_nan() || shortest < 0.1 {
            return Err(format!(
                "soa={} with jitter={} leaves {shortest:.3} s between onsets; 0.1 s is the least",
                self.soa_secs, self.jitter_secs
            ));
        }
        if self.on_secs >= shortest {
            return Err(format!(
                "on={} is longer than the shortest time between onsets, soa − jitter = {shortest:.3} s",
                self.on_secs
            ));
        }
        if self.montage.is_empty() {
            return Err("the montage has no electrodes".into());
        }
        Ok(())
    }
}

fn whole(key: &str, value: &str) -> Result<u64, String> {
    value.parse().map_err(|_| format!("{key}={value} is not a whole number from 0 to {}", u64::MAX))
}

fn number(key: &str, value: &str, least: f64, most: f64) -> Result<f64, String> {
    let parsed = value.parse::<f64>().ok().filter(|v| (least..=most).contains(v));
    parsed.ok_or_else(|| format!("{key}={value} is not a number from {least} to {most}"))
}

fn line(value: &str) -> Result<f64, String> {
    match value {
        "50" => Ok(50.0),
        "60" => Ok(60.0),
        _ => Err(format!("line={value} is not a mains frequency: 50 or 60")),
    }
}

/// A standard montage by name, or electrodes with `/` between them.
fn montage(value: &str) -> Result<Montage, String> {
    if let Some(montage) = Montage::standard(value) {
        return Ok(montage);
    }
    let labels: Vec<&str> = value.split('/').map(str::trim).collect();
    let montage = Montage::from_labels(&labels);
    let unknown = labels.iter().zip(&montage.positions).find(|(_, position)| position.is_none());
    match unknown {
        None if labels.len() <= MAX_ELECTRODES => Ok(montage),
        None => Err(format!("montage names {} electrodes; at most {MAX_ELECTRODES}", labels.len())),
        Some((label, _)) => Err(format!(
            "montage={value}: '{label}' is neither an electrode nor a montage; montages are {}, or write \
             electrodes as in montage=O1/Oz/O2",
            Montage::standard_names().collect::<Vec<_>>().join(", ")
        )),
    }
}
