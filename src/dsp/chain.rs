//! The whole signal path as one object.
//!
//! Takes raw frames `[source_channels]`, `f32`, µV, and picture onsets; gives windows
//! `[channels, samples]`, µV, at the pack's rate, each with the reason not to decode it, if there is one.
//!
//! raw → notch → band-pass → (cleaning) → mapping → reference → resampling → history → window → gate
//!
//! Causal, and every value is made by the same operations in the same order, so that any cutting of the
//! stream into blocks gives the same bits. Up to [`BLOCK_FRAMES`] frames go through a stage together, up to
//! the mapping; what follows is done frame by frame, and windows come out at their frame. The filters start
//! settled on the first frame. Nothing allocates, blocks or reads time after `prepare`.

use super::clean::Cleaner;
use super::design::{self, NOTCH_Q};
use super::error::DspError;
use super::filter::SosFilter;
use super::history::Tag;
use super::mapping::Mapping;
use super::quality::electrodes::{ChannelQuality, QualityMeter};
use super::quality::gate::{Gate, GateConfig};
use super::quality::rails::{RawFlags, RawWatch};
use super::ready::ReadyQueue;
use super::reference::{Reference, Referencer};
use super::resample::Resampler;
use super::section::Section;
use super::window::{Cutter, OnsetCounts, Windows};
use crate::signal::{FrameMeta, Lock, Window};
use crate::units::{MAX_CHANNELS, SampleRate};

/// Longest settling that makes sense: a high-pass of 0.01 Hz settles in some minutes.
const MAX_SETTLE_SECS: f64 = 600.0;

/// Frames that go through a stage together at most: those of 1024 channels, raw and filtered, still lie in a
/// core's own cache.
pub const BLOCK_FRAMES: usize = 32;

/// What is done with a window, and at which frame it became complete.
pub type OnWindow<'a> = &'a mut dyn FnMut(&FrameMeta, &mut Window);

/// What the chain is to do: the source's side, the model pack's side, and what is wanted.
#[derive(Clone, Debug)]
pub struct ChainConfig {
    /// The source's nominal rate.
    pub source_rate: SampleRate,
    /// Values in a raw frame.
    pub source_channels: usize,
    /// Weights `[channels, source_channels]`, row-major.
    pub mapping: Vec<f32>,
    /// Channels of the pack.
    pub channels: usize,
    /// The pack's rate.
    pub rate: SampleRate,
    /// Corners of the Butterworth band-pass, Hz.
    pub band_hz: [f64; 2],
    /// Its order (sections).
    pub band_order: u32,
    /// Mains notch; left out at or above half the source's rate, where the signal holds nothing.
    pub notch_hz: Option<f64>,
    /// What is subtracted from every channel, if anything.
    pub reference: Reference,
    /// Window relative to the onset.
    pub window_secs: [f64; 2],
    /// Baseline relative to the onset.
    pub baseline_secs: Option<[f64; 2]>,
    /// Which windows are wanted.
    pub windows: Windows,
    /// How long after the start or a gap the filters are taken to settle.
    pub settle_secs: f64,
    /// Thresholds of the gate.
    pub gate: GateConfig,
}

/// The signal path; see the module's text.
pub struct Chain {
    watch: RawWatch,
    filter: SosFilter,
    /// Between filters and mapping, where it is asked for: see [`Chain::with_cleaner`].
    cleaner: Option<Cleaner>,
    mapping: Mapping,
    referencer: Referencer,
    resampler: Resampler,
    cutter: Cutter,
    gate: Gate,
    meter: QualityMeter,
    ready: ReadyQueue,
    /// The pack's.
    rate: SampleRate,
    source_channels: usize,
    channels: usize,
    /// `[BLOCK_FRAMES, source_channels]`: after notch and band-pass.
    filtered: Vec<f32>,
    /// Where the last frame lies in it.
    last_filtered: usize,
    /// `[BLOCK_FRAMES, channels]`: mapped and referenced.
    mapped: Vec<f32>,
    /// `[channels]`: at the pack's rate.
    resampled: Vec<f32>,
    /// What the raw frames since the last processed one showed.
    flags: RawFlags,
    started: bool,
    gap: bool,
    last_index: Option<u64>,
    /// Processed frames since the start or the last gap, up to `settle_frames`.
    calm_frames: usize,
    settle_frames: usize,
}

impl Chain {
    /// Designs the filters and sets all memory aside.
    ///
    /// # Errors
    /// [`DspError`] with the setting that cannot work.
    pub fn prepare(config: ChainConfig) -> Result<Self, DspError> {
        check_channels("source channels", config.source_channels)?;
        check_channels("pack channels", config.channels)?;
        let mapping = Mapping::prepare(&config.mapping, config.channels, config.source_channels)?;
        let (used, sourced) = (mapping.used(), mapping.sourced());
        let used_sources = used.iter().filter(|u| **u).count();
        let keep_hz = config.band_hz[1];
        let resampler =
            Resampler::prepare(config.source_rate, config.rate, keep_hz, config.channels)?;
        let cutter = Cutter::prepare(
            config.rate,
            config.channels,
            config.window_secs,
            config.baseline_secs,
            config.windows,
        )?;
        let samples = cutter.samples();
        Ok(Self {
            watch: RawWatch::prepare(config.gate.rail_uv, used, BLOCK_FRAMES),
            filter: SosFilter::prepare(&sections(&config)?, config.source_channels),
            cleaner: None,
            mapping,
            referencer: Referencer::prepare(config.reference, sourced.clone())?,
            settle_frames: settle_frames(&config, resampler.delay_secs())?,
            resampler,
            cutter,
            gate: Gate::prepare(config.gate, config.rate, samples, sourced, used_sources)?,
            meter: QualityMeter::prepare(
                config.source_rate,
                config.source_channels,
                config.notch_hz,
            )?,
            ready: ReadyQueue::prepare(config.channels, samples),
            rate: config.rate,
            source_channels: config.source_channels,
            channels: config.channels,
            filtered: vec![0.0; BLOCK_FRAMES * config.source_channels],
            last_filtered: 0,
            mapped: vec![0.0; BLOCK_FRAMES * config.channels],
            resampled: vec![0.0; config.channels],
            flags: RawFlags::default(),
            started: false,
            gap: false,
            last_index: None,
            calm_frames: 0,
        })
    }

    /// The same chain with a cleaner of its source channels. Windows settle later by the cleaner's delay.
    #[must_use]
    pub fn with_cleaner(mut self, cleaner: Cleaner) -> Self {
        // Counted behind the resampler.
        self.settle_frames += self.rate.samples_in(cleaner.delay_secs());
        self.cleaner = Some(cleaner);
        self
    }

    /// The cleaner, where there is one.
    pub fn cleaner(&mut self) -> Option<&mut Cleaner> {
        self.cleaner.as_mut()
    }

    /// Changes which windows are wanted.
    pub fn set_windows(&mut self, windows: Windows) {
        self.cutter.set_windows(windows);
    }

    /// Back to the state after `prepare`, window numbers included.
    pub fn reset(&mut self) {
        self.watch.reset();
        self.filter.reset();
        self.resampler.reset();
        self.cutter.reset();
        self.meter.reset();
        if let Some(cleaner) = &mut self.cleaner {
            cleaner.reset();
        }
        self.ready.reset();
        self.filtered.fill(0.0);
        self.last_filtered = 0;
        (self.flags, self.gap, self.last_index) = (RawFlags::default(), false, None);
        (self.started, self.calm_frames) = (false, 0);
    }

    /// A picture appeared: its row in the stimulus set if known, and when. May come before its samples or
    /// after them.
    pub fn push_onset(&mut self, row: Option<u16>, onset_secs: f64) {
        self.push_lock(Lock::Stimulus { row, onset_secs });
    }

    /// The same for anything that a window can be locked to.
    pub fn push_lock(&mut self, lock: Lock) {
        self.cutter.push_onset(lock);
        self.cut_due_windows();
    }

    /// A page of flashes is paused: those whose windows hold this moment are refused as torn.
    pub fn pause_flashes(&mut self, at_secs: f64) {
        self.cutter.pause_flashes(at_secs);
    }

    /// Takes the next raw frame; windows wait for [`Chain::pop_window`]. One of the wrong width is dropped,
    /// and the next counts as after a gap.
    pub fn push_frame(&mut self, meta: FrameMeta, raw_uv: &[f32]) {
        self.advance(&[meta], raw_uv, None);
    }

    /// Takes the next raw frames `[frames, source_channels]`, row-major, any number of them, and shows
    /// `on_window` every window at the frame at which it became complete. Frames of the wrong width are
    /// dropped, and the next counts as after a gap.
    pub fn push_block(&mut self, metas: &[FrameMeta], raw_uv: &[f32], on_window: OnWindow<'_>) {
        self.advance(metas, raw_uv, Some(on_window));
    }

    /// Fills `out` with the oldest window not yet taken, and says when that was; false when there is none.
    /// `out` must have the pack's shape.
    pub fn pop_window(&mut self, now_secs: f64, out: &mut Window) -> bool {
        self.ready.pop(now_secs, out)
    }

    /// The last frame after notch and band-pass, `[source_channels]`, µV.
    pub fn filtered_frame(&self) -> &[f32] {
        &self.filtered[self.last_filtered..][..self.source_channels]
    }

    /// Quality of every source channel over the last second, `[source_channels]`.
    pub fn quality(&self) -> &[ChannelQuality] {
        self.meter.qualities()
    }

    /// Takes what the amplifier measured at a source channel, kΩ; see [`QualityMeter::set_impedance_kohm`].
    pub fn set_impedance_kohm(&mut self, channel: usize, kohm: Option<f32>) {
        self.meter.set_impedance_kohm(channel, kohm);
    }

    /// Windows cut so far, refused ones included.
    pub fn windows_made(&self) -> u64 {
        self.ready.made()
    }

    /// Windows that were replaced because nobody took them.
    pub fn windows_skipped(&self) -> u64 {
        self.ready.skipped()
    }

    /// Onsets that gave no window.
    pub fn onset_counts(&self) -> OnsetCounts {
        self.cutter.counts()
    }

    /// Samples per channel of a window.
    pub fn window_samples(&self) -> usize {
        self.cutter.samples()
    }

    /// Notch and band-pass as they run.
    pub fn sections(&self) -> &[Section] {
        self.filter.sections()
    }

    /// How long the resampler holds every sample back, seconds. Sample times are corrected for it.
    pub fn resampler_delay_secs(&self) -> f64 {
        self.resampler.delay_secs()
    }

    fn advance(
        &mut self,
        metas: &[FrameMeta],
        raw_uv: &[f32],
        mut on_window: Option<OnWindow<'_>>,
    ) {
        if raw_uv.len() != metas.len() * self.source_channels {
            self.gap = true;
            return;
        }
        let (mut metas, mut raw_uv) = (metas, raw_uv);
        while let Some(first) = metas.first() {
            // Frames are numbered upwards for ever; only a replay that is rewound begins again.
            if self.last_index.is_some_and(|last| first.index <= last) {
                self.reset();
            }
            // A cleaner goes by the meter's verdicts, which move from frame to frame.
            let most = if self.cleaner.is_some() { 1 } else { BLOCK_FRAMES };
            let (now, later) = metas.split_at(upward_run(metas, most));
            let (raw_now, raw_later) = raw_uv.split_at(now.len() * self.source_channels);
            if let Some(cleaner) = self.cleaner.as_mut()
                && (self.gap || is_after_gap(first, self.last_index))
            {
                cleaner.note_gap();
            }
            self.filter_block(raw_now);
            for (i, meta) in now.iter().enumerate() {
                self.take_mapped(i, meta);
                if let Some(on_window) = &mut on_window {
                    while let Some(window) = self.ready.take() {
                        on_window(meta, window);
                    }
                }
            }
            (metas, raw_uv) = (later, raw_later);
        }
    }

    /// Raw frames to mapped ones, at most [`BLOCK_FRAMES`].
    fn filter_block(&mut self, raw_uv: &[f32]) {
        let frames = raw_uv.len() / self.source_channels;
        self.watch.observe(raw_uv);
        let clean = self.watch.clean(raw_uv);
        if !std::mem::replace(&mut self.started, true) {
            self.filter.settle_on(&clean[..self.source_channels]);
        }
        let filtered = &mut self.filtered[..clean.len()];
        self.filter.process_block(clean, filtered);
        self.last_filtered = clean.len() - self.source_channels;
        self.meter.push_block(clean, filtered, self.watch.railed(frames));
        if let Some(cleaner) = &mut self.cleaner {
            cleaner.process_block(filtered, self.meter.qualities());
        }
        let mapped = &mut self.mapped[..frames * self.channels];
        self.mapping.apply(filtered, mapped);
        self.referencer.apply(mapped);
    }

    /// Frame `i` of the block on its further way.
    fn take_mapped(&mut self, i: usize, meta: &FrameMeta) {
        self.gap |= is_after_gap(meta, self.last_index);
        self.last_index = Some(meta.index);
        self.flags.merge(self.watch.flags(i));
        self.resampler.push(&self.mapped[i * self.channels..][..self.channels]);
        while let Some(offset_secs) = self.resampler.pop(&mut self.resampled) {
            self.keep_frame(meta, offset_secs);
            self.cut_due_windows();
        }
    }

    fn keep_frame(&mut self, meta: &FrameMeta, offset_secs: f64) {
        let (gap, raw) = (std::mem::take(&mut self.gap), std::mem::take(&mut self.flags));
        // Values held in place of missing ones end in a step, which the filters must swallow too.
        let cleaning_secs = self.cleaner.as_ref().map_or(0.0, Cleaner::delay_secs);
        // With a delay the saturated values come out later than this frame, until all has settled again.
        let upset = gap || raw.not_finite || (cleaning_secs > 0.0 && raw.railed > 0);
        self.calm_frames = if upset { 0 } else { self.calm_frames + 1 }.min(self.settle_frames);
        let tag = Tag {
            time_secs: meta.time_secs + offset_secs - cleaning_secs,
            arrival_secs: meta.arrival_secs,
            gap,
            settled: self.calm_frames == self.settle_frames,
            raw,
        };
        self.cutter.push_frame(tag, &self.resampled);
    }

    fn cut_due_windows(&mut self) {
        while let Some(due) = self.cutter.next_due() {
            let window = self.ready.next();
            let span = self.cutter.cut(&due, window);
            window.abstain = self.gate.judge(span, window);
        }
    }
}

/// How many frames go together: as long as their numbers rise, and no more than there is room for.
fn upward_run(metas: &[FrameMeta], most: usize) -> usize {
    let rises = |pair: &&[FrameMeta]| pair[0].index < pair[1].index;
    let rising = 1 + metas.windows(2).take(most - 1).take_while(rises).count();
    rising.min(metas.len())
}

fn is_after_gap(meta: &FrameMeta, last_index: Option<u64>) -> bool {
    meta.gap_before || last_index.is_some_and(|last| last.wrapping_add(1) != meta.index)
}

/// The filters of a chain, apart: for learning from a recording what the chain's cleaner will see.
///
/// # Errors
/// As [`Chain::prepare`].
pub fn filter_of(config: &ChainConfig) -> Result<SosFilter, DspError> {
    Ok(SosFilter::prepare(&sections(config)?, config.source_channels))
}

/// Notch first, so that the band-pass does not ring on hum.
fn sections(config: &ChainConfig) -> Result<Vec<Section>, DspError> {
    let mut sections = Vec::new();
    if let Some(hz) = config.notch_hz.filter(|hz| *hz < config.source_rate.hz() / 2.0) {
        sections.push(design::notch(hz, NOTCH_Q, config.source_rate)?);
    }
    sections.extend(design::band_pass(config.band_order, config.band_hz, config.source_rate)?);
    Ok(sections)
}

fn settle_frames(config: &ChainConfig, resampler_delay_secs: f64) -> Result<usize, DspError> {
    if !(0.0..=MAX_SETTLE_SECS).contains(&config.settle_secs) {
        let (what, expected) = ("the settling time", "0 to 600 s");
        return Err(DspError::OutOfRange { what, expected, got: config.settle_secs });
    }
    // The resampler's taps reach over twice its delay.
    Ok(config.rate.samples_in(config.settle_secs + 2.0 * resampler_delay_secs))
}

fn check_channels(what: &'static str, channels: usize) -> Result<(), DspError> {
    if (1..=MAX_CHANNELS).contains(&channels) {
        return Ok(());
    }
    Err(DspError::OutOfRange { what, expected: "1 to 1024", got: channels as f64 })
}
