//! Running quality of every source channel over the last second.
//!
//! Takes each raw and filtered frame `[source_channels]`, µV; gives one [`ChannelQuality`] a channel,
//! renewed four times a second, the channels taking turns so that no single frame costs much. Does not
//! allocate after `prepare`. The second is cut shorter where it would need more than 64 MiB.

use crate::dsp::error::DspError;
use crate::dsp::spectrum::Periodogram;
use crate::stats::standard_deviation;
use crate::units::SampleRate;

/// Stretch that is judged: long enough for bins of 1 Hz, short enough to see a loose contact at once.
const SPAN_SECS: f64 = 1.0;

/// How often each channel is judged anew.
const RENEWALS_PER_SEC: f64 = 4.0;

/// Most values remembered, raw and filtered together.
const MAX_VALUES: usize = 16 << 20;

/// Half the width of the mains line; one bin either side holds all of a tone under a Hann window.
const MAINS_HALF_WIDTH_HZ: f64 = 1.0;

/// The mains share is relative to power between these, Hz.
const BROAD_BAND_HZ: [f64; 2] = [1.0, 100.0];

/// Mains frequencies tried when none is configured.
const MAINS_HZ: [f64; 2] = [50.0, 60.0];

/// Below this a channel is flat: less than an amplifier's own noise.
const FLAT_STD_UV: f32 = 0.1;
/// Below this EEG is oddly quiet: bridged electrodes or two on one spot.
const QUIET_STD_UV: f32 = 0.5;
/// Above this there is more than EEG: awake and at rest its standard deviation is 5 to 30 µV.
const NOISY_STD_UV: f32 = 50.0;
/// Above this there is no EEG to be seen.
const BAD_STD_UV: f32 = 200.0;
/// Above this the contact picks up the room: more of the mains than of the brain.
const FAIR_MAINS_SHARE: f32 = 0.5;
/// Above this it picks up nothing else.
const BAD_MAINS_SHARE: f32 = 0.98;

/// A verdict on one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Not known yet.
    #[default]
    Unknown,
    /// Looks like EEG: 0.5–50 µV, mains at most half of the power.
    Good,
    /// Usable with care: very quiet, up to 200 µV, or with strong hum.
    Fair,
    /// Not usable: flat, at the rail, above 200 µV, or nothing but hum.
    Bad,
}

/// Quality of one channel over the last second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChannelQuality {
    /// Standard deviation after notch and band-pass, µV.
    pub std_uv: f32,
    /// Share of the raw signal's power in 1–100 Hz (or up to half the rate) that lies at mains ± 1 Hz.
    pub mains_share: f32,
    /// What the two shares and the spread add up to.
    pub verdict: Verdict,
}

/// Watches all channels.
pub struct QualityMeter {
    raw: Vec<f32>,
    filtered: Vec<f32>,
    qualities: Vec<ChannelQuality>,
    frames: usize,
    at: usize,
    filled: usize,
    periodogram: Periodogram,
    mains_bins: [std::ops::Range<usize>; 2],
    broad_bins: std::ops::Range<usize>,
    /// Channels due per frame, as a fraction: due += channels; one for every `renewal_frames`.
    due: usize,
    renewal_frames: usize,
    turn: usize,
}

impl QualityMeter {
    /// For `channels` channels at `rate`; `mains_hz` where it is known, else the stronger of 50 and 60 Hz.
    ///
    /// # Errors
    /// [`DspError::OutOfRange`] when a second has too few samples for a spectrum.
    pub fn prepare(
        rate: SampleRate,
        channels: usize,
        mains_hz: Option<f64>,
    ) -> Result<Self, DspError> {
        let longest = MAX_VALUES / 2 / channels.max(1);
        let frames = rate.samples_in(SPAN_SECS).min(longest);
        let periodogram = Periodogram::prepare(frames, rate)?;
        let around = |hz: f64| {
            let above = hz + MAINS_HALF_WIDTH_HZ + periodogram.bin_hz() / 2.0;
            periodogram.bins_between(hz - MAINS_HALF_WIDTH_HZ, above)
        };
        Ok(Self {
            raw: vec![0.0; channels * frames],
            filtered: vec![0.0; channels * frames],
            qualities: vec![ChannelQuality::default(); channels],
            frames,
            at: 0,
            filled: 0,
            mains_bins: MAINS_HZ.map(|hz| around(mains_hz.unwrap_or(hz))),
            broad_bins: periodogram.bins_between(BROAD_BAND_HZ[0], BROAD_BAND_HZ[1]),
            periodogram,
            due: 0,
            renewal_frames: rate.samples_in(1.0 / RENEWALS_PER_SEC).max(1),
            turn: 0,
        })
    }

    /// Forgets everything. Does not allocate.
    pub fn reset(&mut self) {
        (self.at, self.filled, self.due, self.turn) = (0, 0, 0, 0);
        self.qualities.fill(ChannelQuality::default());
    }

    /// The newest verdicts, `[channels]`.
    pub fn qualities(&self) -> &[ChannelQuality] {
        &self.qualities
    }

    /// Takes frames before and after filtering, µV, and which values are at a rail, each
    /// `[frames, channels]`, row-major.
    pub fn push_block(&mut self, raw_uv: &[f32], filtered_uv: &[f32], railed: &[bool]) {
        let channels = self.qualities.len().max(1);
        let frames = raw_uv.chunks_exact(channels).zip(filtered_uv.chunks_exact(channels));
        for ((raw_uv, filtered_uv), railed) in frames.zip(railed.chunks_exact(channels)) {
            self.push_raw(raw_uv);
            self.push_filtered(filtered_uv, railed);
        }
    }

    /// Takes a raw frame `[channels]`; [`QualityMeter::push_filtered`] completes it.
    pub fn push_raw(&mut self, raw_uv: &[f32]) {
        store(&mut self.raw, raw_uv, self.frames, self.at);
    }

    /// Takes the same frame after filtering, and which channels are at a rail, each `[channels]`.
    pub fn push_filtered(&mut self, filtered_uv: &[f32], railed: &[bool]) {
        store(&mut self.filtered, filtered_uv, self.frames, self.at);
        self.at = (self.at + 1) % self.frames;
        self.filled = (self.filled + 1).min(self.frames);
        if self.filled < self.frames {
            return;
        }
        self.due += self.qualities.len();
        while self.due >= self.renewal_frames {
            self.due -= self.renewal_frames;
            self.renew(self.turn, railed);
            self.turn = (self.turn + 1) % self.qualities.len();
        }
    }

    fn renew(&mut self, channel: usize, railed: &[bool]) {
        let all = channel * self.frames..(channel + 1) * self.frames;
        let std_uv = standard_deviation(&self.filtered[all.clone()]) as f32;
        let (newer, older) = self.raw[all].split_at(self.at);
        let density = self.periodogram.density(older.iter().chain(newer).copied());
        let power = |bins: &std::ops::Range<usize>| density[bins.clone()].iter().sum::<f64>();
        let broad = power(&self.broad_bins);
        let mains = self.mains_bins.iter().map(power).fold(0.0, f64::max);
        let mains_share = if broad > 0.0 { (mains / broad).min(1.0) as f32 } else { 0.0 };
        let at_rail = railed.get(channel).copied().unwrap_or(false);
        let verdict = if at_rail { Verdict::Bad } else { verdict(std_uv, mains_share) };
        self.qualities[channel] = ChannelQuality { std_uv, mains_share, verdict };
    }
}

/// Channel by channel, so that a spectrum reads one stretch of memory.
fn store(ring: &mut [f32], frame: &[f32], frames: usize, at: usize) {
    for (channel, value) in ring.chunks_exact_mut(frames).zip(frame) {
        channel[at] = *value;
    }
}

fn verdict(std_uv: f32, mains_share: f32) -> Verdict {
    // `contains` is false for NaN, which therefore is bad.
    if !(FLAT_STD_UV..=BAD_STD_UV).contains(&std_uv) || mains_share > BAD_MAINS_SHARE {
        Verdict::Bad
    } else if !(QUIET_STD_UV..=NOISY_STD_UV).contains(&std_uv) || mains_share > FAIR_MAINS_SHARE {
        Verdict::Fair
    } else {
        Verdict::Good
    }
}
