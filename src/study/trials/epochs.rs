//! Labelled epochs of a recording, cut by the very signal path of live use: for fitting and for scoring.
//!
//! Takes a source that waits for nobody and the pack's contract; gives for every picture onset the window that the
//! decoder would have seen live, and the stretch of the same length before the onset. Windows that the gate refuses
//! are counted by reason, not given.

use std::collections::BTreeMap;

use crate::dsp::Windows;
use crate::dsp::chain::{Chain, ChainConfig};
use crate::dsp::clean::{Cleaner, Learn};
use crate::pipeline::cleaner::cleaner;
use crate::pipeline::contract::{self, InputContract};
use crate::signal::marker::MarkerEvent;
use crate::signal::{Abstention, Chunk, Lock, Marker, Window};
use crate::source::{CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceError, SourceInfo};
use crate::time::clock::Clock;

/// Why a recording gives no epochs.
#[derive(Debug, thiserror::Error)]
pub enum EpochError {
    /// The recording.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Its channels.
    #[error(
        "too few of the pack's electrodes are in the recording. It has {has}; the pack wants {wants}. Record with these, or use a pack for this headset"
    )]
    Montage {
        /// Labels in the recording.
        has: String,
        /// Labels of the pack.
        wants: String,
    },
    /// What is to be cleaned.
    #[error("{0}")]
    Cleaning(String),
    /// The signal path cannot be built for its rate.
    #[error(transparent)]
    Chain(#[from] crate::dsp::DspError),
}

/// One epoch.
#[derive(Clone, Debug)]
pub struct Epoch {
    /// What the marker named.
    pub id: String,
    /// When it was shown, in the recording's time.
    pub onset_secs: f64,
    /// `[channels, samples]`, µV.
    pub eeg_uv: Vec<f32>,
    /// The same length of signal, ending at the onset; `None` where that was refused.
    pub before_uv: Option<Vec<f32>>,
}

/// All epochs of a recording.
#[derive(Clone, Debug)]
pub struct Epochs {
    /// Channels of an epoch.
    pub channels: usize,
    /// Samples of a channel.
    pub samples: usize,
    /// Sampling rate of the epochs.
    pub rate_hz: f64,
    /// In the order of the onsets.
    pub epochs: Vec<Epoch>,
    /// Onsets that gave no epoch, by reason.
    pub refused: BTreeMap<Abstention, usize>,
    /// The recording.
    pub source: SourceInfo,
}

/// Which markers begin an epoch, and which windows are kept.
pub struct EpochOptions<'a> {
    /// What a marker stands for; `None` for one that begins no epoch.
    pub name: &'a dyn Fn(&Marker) -> Option<String>,
    /// Keep windows that the gate takes for artefacts or for no EEG: for recordings in unknown units.
    pub keep_artefacts: bool,
}

/// The name of the picture that a marker of this program says to have appeared.
pub fn shown_picture(marker: &Marker) -> Option<String> {
    match marker.event() {
        MarkerEvent::StimulusOnset(id) => Some(id.to_owned()),
        _ => None,
    }
}

/// Cuts every epoch of a source.
///
/// # Errors
/// [`EpochError`].
pub fn collect(
    source: &mut dyn Source,
    contract: &InputContract,
    options: &EpochOptions<'_>,
    mut on_progress: impl FnMut(f64),
) -> Result<Epochs, EpochError> {
    let info = source.prepare(&Clock::system())?;
    let windows = Windows { locked: true, free: false, ..Windows::default() };
    let fitted = contract::fit(contract, &info, windows);
    if fitted.refuse.is_some() {
        let (has, wants) = (info.channels.join(" "), contract.channels.join(" "));
        return Err(EpochError::Montage { has, wants });
    }
    let [begin_secs, end_secs] = contract.window_secs;
    // The last sample before the onset ends it: one period earlier than the window's own length.
    let period_secs = fitted.chain.rate.period_secs();
    let before = ChainConfig {
        window_secs: [begin_secs - end_secs - period_secs, -period_secs],
        baseline_secs: None,
        ..fitted.chain.clone()
    };
    let rate_hz = fitted.chain.rate.hz();
    let channels = fitted.chain.channels;
    let cleaner =
        || cleaner(&contract.cleaning, &info, &fitted, Learn::Here).map_err(EpochError::Cleaning);
    let clean = |chain: Chain, cleaner: Option<Cleaner>| match cleaner {
        Some(cleaner) => chain.with_cleaner(cleaner),
        None => chain,
    };
    let chain = clean(Chain::prepare(fitted.chain.clone())?, cleaner()?);
    let mut cutter = Cutter::new(chain, clean(Chain::prepare(before)?, cleaner()?), channels);
    let mut chunk = Chunk::with_capacity(info.channels.len(), CHUNK_FRAMES, CHUNK_MARKERS);
    let mut frames = 0_u64;
    loop {
        chunk.clear();
        let status = source.read(&mut chunk)?;
        cutter.take(&chunk, options);
        frames += chunk.len() as u64;
        on_progress(frames as f64 / info.rate.hz());
        if status == ReadStatus::End {
            break;
        }
    }
    source.stop();
    Ok(cutter.finish(rate_hz, info))
}

struct Cutter {
    chain: Chain,
    before: Chain,
    window: Window,
    before_window: Window,
    ids: Vec<String>,
    found: BTreeMap<OrderedSecs, Epoch>,
    earlier: BTreeMap<OrderedSecs, Vec<f32>>,
    refused: BTreeMap<Abstention, usize>,
}

/// Onset times order by their bits: they are finite, and the same onset has the same bits in both chains.
type OrderedSecs = (i64, u64);

fn key(secs: f64) -> OrderedSecs {
    (secs.floor() as i64, secs.to_bits())
}

/// Whether a window with this verdict is kept.
fn is_usable(abstain: Option<Abstention>, keep_artefacts: bool) -> bool {
    let torn = |why| matches!(why, Abstention::Gap | Abstention::NotFinite | Abstention::Settling);
    abstain.is_none_or(|why| keep_artefacts && !torn(why))
}

impl Cutter {
    fn new(chain: Chain, before: Chain, channels: usize) -> Self {
        let samples = (chain.window_samples(), before.window_samples());
        Self {
            chain,
            before,
            window: Window::with_shape(channels, samples.0),
            before_window: Window::with_shape(channels, samples.1),
            ids: Vec::new(),
            found: BTreeMap::new(),
            earlier: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }

    fn take(&mut self, chunk: &Chunk, options: &EpochOptions<'_>) {
        for marker in chunk.markers() {
            if let Some(id) = (options.name)(marker) {
                let row = self.row(&id);
                self.chain.push_onset(row, marker.time_secs);
                self.before.push_onset(row, marker.time_secs);
            }
        }
        for (i, meta) in chunk.frames().iter().enumerate() {
            self.chain.push_frame(*meta, chunk.frame(i));
            self.before.push_frame(*meta, chunk.frame(i));
            while self.chain.pop_window(meta.arrival_secs, &mut self.window) {
                self.keep(options.keep_artefacts);
            }
            while self.before.pop_window(meta.arrival_secs, &mut self.before_window) {
                let is_kept = is_usable(self.before_window.abstain, options.keep_artefacts);
                if let (Lock::Stimulus { onset_secs, .. }, true) =
                    (self.before_window.lock, is_kept)
                {
                    self.earlier.insert(key(onset_secs), self.before_window.samples_uv.clone());
                }
            }
        }
    }

    /// The number that stands for a name within this pass; names beyond the room of a row share the last.
    fn row(&mut self, id: &str) -> Option<u16> {
        let place = self.ids.iter().position(|known| known == id).unwrap_or_else(|| {
            self.ids.push(id.to_owned());
            self.ids.len() - 1
        });
        u16::try_from(place).ok()
    }

    fn keep(&mut self, keep_artefacts: bool) {
        let Lock::Stimulus { row: Some(row), onset_secs, .. } = self.window.lock else { return };
        if let Some(why) = self.window.abstain.filter(|why| !is_usable(Some(*why), keep_artefacts))
        {
            *self.refused.entry(why).or_default() += 1;
            return;
        }
        let Some(id) = self.ids.get(usize::from(row)).cloned() else { return };
        let eeg_uv = self.window.samples_uv.clone();
        self.found.insert(key(onset_secs), Epoch { id, onset_secs, eeg_uv, before_uv: None });
    }

    fn finish(mut self, rate_hz: f64, source: SourceInfo) -> Epochs {
        for (onset, epoch) in &mut self.found {
            epoch.before_uv =
                self.earlier.remove(onset).filter(|before| before.len() == epoch.eeg_uv.len());
        }
        Epochs {
            channels: self.window.channels,
            samples: self.window.samples,
            rate_hz,
            epochs: self.found.into_values().collect(),
            refused: self.refused,
            source,
        }
    }
}
