//! `[expected]` of a manifest: what the encoder scored with channels missing and at several noise levels.
//!
//! Takes what the training's evaluation wrote, gives it checked: every share from 0 to 1, every loss finite,
//! exactly the pack's channels, rows in rising order. Nothing here is a measurement of who wears the headset.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::PackError;
use super::limits::MAX_GALLERY_ROWS;
use super::rules::{MAX_SENTENCE_BYTES, between, plain, require, within};

/// Most rows of a table.
const MAX_ROWS: usize = 64;

/// Signal to noise that can be meant, in dB.
const SNR_DB: [f64; 2] = [-60.0, 60.0];

/// Most trials that can be meant.
const MAX_TRIALS: u64 = 1 << 40;

/// What to expect of the pack's own encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedSpec {
    /// True when it was found on simulated subjects: said with every figure.
    pub simulated: bool,
    /// Pictures to choose from in every figure here; chance is one in so many.
    pub gallery: u64,
    /// By channels that the headset has not.
    pub channels: Option<ChannelLossSpec>,
    /// By signal to noise.
    pub noise: Option<NoiseSpec>,
}

/// Single-trial top-1 with channels missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelLossSpec {
    /// Whose trials: "simulated subjects never used in training, n = 24".
    pub source: String,
    /// Trials behind each figure.
    pub trials: u64,
    /// Signal to noise at which it was found, dB; absent for recordings of people.
    pub snr_db: Option<f64>,
    /// Channel → top-1 lost when this one alone is left at zero. Every channel of the pack.
    pub loss_absent: BTreeMap<String, f64>,
    /// Channel → top-1 lost when this one alone is interpolated from all others.
    pub loss_interpolated: Option<BTreeMap<String, f64>>,
    /// Top-1 by how many channels are missing, mean over which ones; from 0, rising.
    pub by_count: Vec<CountRow>,
}

/// Top-1 with a number of channels missing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountRow {
    /// How many channels are missing.
    pub missing: u64,
    /// Mean top-1 when they are left at zero.
    pub top1_absent: f64,
    /// Mean top-1 when they are interpolated.
    pub top1_interpolated: Option<f64>,
}

/// Single-trial top-1 by signal to noise, every channel there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoiseSpec {
    /// Whose trials.
    pub source: String,
    /// One row per level, rising.
    pub levels: Vec<NoiseRow>,
}

/// Top-1 at one level of noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoiseRow {
    /// Picture-specific response over background, dB, as the simulator's `snr`.
    pub snr_db: f64,
    /// Trials that the shares rest on.
    pub trials: u64,
    /// Share of single trials whose picture came first.
    pub top1: f64,
    /// 95 % interval of it.
    pub ci95: [f64; 2],
}

impl ExpectedSpec {
    /// What guessing scores.
    pub fn chance(&self) -> f64 {
        1.0 / self.gallery.max(1) as f64
    }

    /// Checks every number; `channels` are the pack's.
    ///
    /// # Errors
    /// [`PackError::Field`] with the first field out of bounds.
    pub(super) fn check(&self, channels: &[String]) -> Result<(), PackError> {
        within("expected.gallery", self.gallery, 2, MAX_GALLERY_ROWS as u64)?;
        let some = self.channels.is_some() || self.noise.is_some();
        let expected = "followed by [expected.channels], [expected.noise] or both";
        require(some, "expected", expected, "neither")?;
        if let Some(losses) = &self.channels {
            losses.check(channels)?;
        }
        self.noise.as_ref().map_or(Ok(()), NoiseSpec::check)
    }
}

impl ChannelLossSpec {
    fn check(&self, channels: &[String]) -> Result<(), PackError> {
        plain("expected.channels.source", &self.source, MAX_SENTENCE_BYTES)?;
        within("expected.channels.trials", self.trials, 1, MAX_TRIALS)?;
        if let Some(snr_db) = self.snr_db {
            between("expected.channels.snr_db", snr_db, SNR_DB[0], SNR_DB[1])?;
        }
        check_losses("expected.channels.loss_absent", &self.loss_absent, channels)?;
        if let Some(losses) = &self.loss_interpolated {
            check_losses("expected.channels.loss_interpolated", losses, channels)?;
        }
        self.check_counts(channels.len() as u64)
    }

    fn check_counts(&self, channels: u64) -> Result<(), PackError> {
        let field = "expected.channels.by_count";
        let rows = &self.by_count;
        let ok = (1..=MAX_ROWS).contains(&rows.len());
        require(ok, field, &format!("1 to {MAX_ROWS} rows"), rows.len())?;
        let first = rows.first().map_or(0, |row| row.missing);
        require(first == 0, field, "a first row with missing = 0", format!("missing = {first}"))?;
        for (i, row) in rows.iter().enumerate() {
            within(&format!("{field}[{i}].missing"), row.missing, 0, channels)?;
            between(&format!("{field}[{i}].top1_absent"), row.top1_absent, 0.0, 1.0)?;
            let interpolated = row.top1_interpolated.unwrap_or(0.0);
            between(&format!("{field}[{i}].top1_interpolated"), interpolated, 0.0, 1.0)?;
        }
        rising(&format!("{field}[…].missing"), rows.iter().map(|row| row.missing as f64))
    }
}

impl NoiseSpec {
    fn check(&self) -> Result<(), PackError> {
        plain("expected.noise.source", &self.source, MAX_SENTENCE_BYTES)?;
        let field = "expected.noise.levels";
        let ok = (1..=MAX_ROWS).contains(&self.levels.len());
        require(ok, field, &format!("1 to {MAX_ROWS} rows"), self.levels.len())?;
        for (i, row) in self.levels.iter().enumerate() {
            between(&format!("{field}[{i}].snr_db"), row.snr_db, SNR_DB[0], SNR_DB[1])?;
            within(&format!("{field}[{i}].trials"), row.trials, 1, MAX_TRIALS)?;
            between(&format!("{field}[{i}].top1"), row.top1, 0.0, 1.0)?;
            let [low, high] = row.ci95;
            let ok = 0.0 <= low && low <= row.top1 && row.top1 <= high && high <= 1.0;
            let expected = format!("an interval within 0 to 1 around top1, {}", row.top1);
            require(ok, &format!("{field}[{i}].ci95"), &expected, format!("[{low}, {high}]"))?;
        }
        rising(&format!("{field}[…].snr_db"), self.levels.iter().map(|row| row.snr_db))
    }

    /// Top-1 at a level, linear in dB between two rows; `None` beyond the table.
    pub fn top1_at(&self, snr_db: f64) -> Option<f64> {
        let exact = self.levels.iter().find(|row| row.snr_db == snr_db).map(|row| row.top1);
        exact.or_else(|| {
            let above = self.levels.iter().position(|row| row.snr_db > snr_db)?;
            let (low, high) = (self.levels.get(above.checked_sub(1)?)?, self.levels[above]);
            let along = (snr_db - low.snr_db) / (high.snr_db - low.snr_db);
            Some(low.top1 + along * (high.top1 - low.top1))
        })
    }
}

/// Exactly the pack's channels, each with a loss that a share can lose (or gain, by luck of the draw).
fn check_losses(
    field: &str,
    losses: &BTreeMap<String, f64>,
    channels: &[String],
) -> Result<(), PackError> {
    let stranger = losses.keys().find(|name| !channels.contains(name));
    let expected = format!("a channel of input.channels: {}", channels.join(", "));
    let got = stranger.map_or("", String::as_str);
    require(stranger.is_none(), &format!("{field}: each key"), &expected, got)?;
    let left_out = channels.iter().find(|name| !losses.contains_key(*name));
    let got = left_out.map(|name| format!("none for '{name}'")).unwrap_or_default();
    require(left_out.is_none(), field, "a loss for every channel of input.channels", got)?;
    losses.iter().try_for_each(|(name, loss)| between(&format!("{field}.{name}"), *loss, -1.0, 1.0))
}

fn rising(field: &str, values: impl Iterator<Item = f64>) -> Result<(), PackError> {
    let values: Vec<f64> = values.collect();
    let fall = values.windows(2).find(|pair| pair[0] >= pair[1]);
    let got = fall.map(|pair| format!("{} after {}", pair[1], pair[0])).unwrap_or_default();
    require(fall.is_none(), field, "in rising order", got)
}
