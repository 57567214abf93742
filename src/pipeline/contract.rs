//! What the decoder wants to see, set against what the source gives.
//!
//! Takes a pack's input section and a source's description, gives the signal stage's configuration and the
//! map of channels that viewers see.

use crate::decode::Pack;
use crate::dsp::chain::ChainConfig;
use crate::dsp::quality::gate::{BandStatistics, GateConfig};
use crate::dsp::reference::Reference;
use crate::dsp::window::Windows;
use crate::find::wearer::WearerInput;
use crate::pack::{Expectation, ExpectedSpec, Manifest, measured};
use crate::signal::Abstention;
use crate::signal::montage::{ChannelMap, canonical_label};
use crate::snapshot::ChannelOrigin;
use crate::source::{SourceInfo, SourceSpec};
use crate::subject::SimParams;
use crate::units::SampleRate;

use super::cleaning::Cleaning;
use super::config::WindowMode;

/// Seconds after the start, and after each gap, in which windows are refused because the filters still
/// swing. The slowest pole of a 0.5 Hz high-pass of order 4 falls below 1 % in about this time.
const SETTLE_SECS: f64 = 1.0;

/// How often a free-running window is cut. The decoder takes the newest and skips the rest, so this bounds
/// pictures to 25 per second and the age of a window to 40 ms.
const FREE_HOP_SECS: f64 = 0.04;

/// Least share of the pack's channels that the headset must have or that can be interpolated.
const MIN_CHANNEL_SHARE: f64 = 0.5;

/// Least number of the pack's channels that the headset must have itself.
const MIN_DIRECT_CHANNELS: usize = 2;

/// What the decoder wants to see.
#[derive(Clone, Debug)]
pub struct InputContract {
    /// Channels by 10-05 name, in order; empty means the source's own.
    pub channels: Vec<String>,
    /// Sampling rate of the windows.
    pub rate: Option<SampleRate>,
    /// Window relative to the onset, seconds.
    pub window_secs: [f64; 2],
    /// Baseline relative to the onset, seconds.
    pub baseline_secs: Option<[f64; 2]>,
    /// Band-pass corners, Hz.
    pub band_hz: [f64; 2],
    /// Order of the band-pass prototype.
    pub band_order: u32,
    /// Mains notch, Hz.
    pub notch_hz: Option<f64>,
    /// Re-reference.
    pub reference: Reference,
    /// What the power of a usual window is.
    pub power: Option<BandStatistics>,
    /// Every channel must be the headset's own: one that is interpolated says nothing that the others do not.
    pub own_channels_only: bool,
    /// What is cleaned, whoever decodes.
    pub cleaning: Cleaning,
}

impl InputContract {
    /// What is used for traces and quality when there is no pack: the source's own channels and rate.
    pub fn without_pack() -> Self {
        Self {
            channels: Vec::new(),
            rate: None,
            window_secs: [0.0, 0.8],
            baseline_secs: None,
            band_hz: [0.5, 40.0],
            band_order: 4,
            notch_hz: Some(50.0),
            reference: Reference::None,
            power: None,
            own_channels_only: false,
            cleaning: Cleaning::default(),
        }
    }

    /// The same with cleaning.
    #[must_use]
    pub fn with_cleaning(self, cleaning: &Cleaning) -> Self {
        Self { cleaning: cleaning.clone(), ..self }
    }

    /// What the detector of a wearer asks for. No reference is taken off: the detector weighs electrodes itself.
    ///
    /// # Errors
    /// Why its rate is none, in plain words.
    pub fn of_wearer(input: &WearerInput) -> Result<Self, String> {
        let rate = input.rate().ok_or_else(|| format!("{} Hz is no rate", input.rate_hz))?;
        Ok(Self {
            channels: input.channels.clone(),
            rate: Some(rate),
            window_secs: input.window_secs,
            band_hz: input.band_hz,
            band_order: input.band_order,
            notch_hz: None,
            own_channels_only: true,
            ..Self::without_pack()
        })
    }

    /// What a pack asks for.
    pub fn of(manifest: &Manifest) -> Self {
        let input = &manifest.input;
        let reference = match input.reference.as_str() {
            "average" => Reference::CommonAverage,
            "none" => Reference::None,
            name => input
                .channels
                .iter()
                .position(|c| c == name)
                .map_or(Reference::None, Reference::Channel),
        };
        Self {
            channels: input.channels.clone(),
            rate: Some(input.sample_rate_hz),
            window_secs: input.window_secs,
            baseline_secs: input.baseline_secs,
            band_hz: input.band_hz,
            band_order: input.band_order,
            notch_hz: (input.notch_hz > 0.0).then_some(input.notch_hz),
            reference,
            power: manifest.quality.as_ref().and_then(|quality| {
                let mean = quality.log_band_power_mean.as_slice().try_into().ok()?;
                let std = quality.log_band_power_std.as_slice().try_into().ok()?;
                Some(BandStatistics { mean, std })
            }),
            own_channels_only: false,
            cleaning: Cleaning::default(),
        }
    }
}

/// The contract set against a source.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// For the signal stage.
    pub chain: ChainConfig,
    /// Where each of the pack's channels comes from.
    pub origins: Vec<ChannelOrigin>,
    /// Set when too few of the pack's channels can be had.
    pub refuse: Option<Abstention>,
}

/// Sets a contract against a source.
pub fn fit(contract: &InputContract, source: &SourceInfo, windows: Windows) -> Fitted {
    let wanted = if contract.channels.is_empty() { &source.channels } else { &contract.channels };
    let mapping = if contract.channels.is_empty() {
        identity(source.channels.len())
    } else {
        ChannelMap::between(&source.channels, wanted).matrix
    };
    let origins = origins(&mapping, &source.channels, wanted);
    let enough = match contract.own_channels_only {
        true => origins.iter().all(is_direct),
        false => contract.channels.is_empty() || suffice(&origins),
    };
    // A low-pass at or above half the source's rate cannot be built; the amplifier has done it already.
    let highest_hz = source.rate.hz() * 0.45;
    let chain = ChainConfig {
        source_rate: source.rate,
        source_channels: source.channels.len(),
        channels: wanted.len(),
        mapping,
        rate: contract.rate.unwrap_or(source.rate),
        band_hz: [contract.band_hz[0], contract.band_hz[1].min(highest_hz)],
        band_order: contract.band_order,
        notch_hz: contract.notch_hz,
        reference: contract.reference,
        window_secs: contract.window_secs,
        baseline_secs: contract.baseline_secs,
        windows,
        settle_secs: SETTLE_SECS,
        gate: GateConfig { training: contract.power, ..GateConfig::default() },
    };
    Fitted { chain, origins, refuse: (!enough).then_some(Abstention::MontageMismatch) }
}

/// Whether enough of the pack's channels can be had: else every window is refused.
pub fn suffice(origins: &[ChannelOrigin]) -> bool {
    let had = origins.iter().filter(|origin| !origin.from.is_empty()).count();
    let direct = origins.iter().filter(|origin| is_direct(origin)).count();
    had as f64 >= MIN_CHANNEL_SHARE * origins.len() as f64 && direct >= MIN_DIRECT_CHANNELS
}

/// Whether the source has this channel itself, by any of its names.
fn is_direct(origin: &ChannelOrigin) -> bool {
    let wanted = canonical_label(&origin.label);
    let same = |label: &str| canonical_label(label).eq_ignore_ascii_case(&wanted);
    matches!(origin.from.as_slice(), [(label, _)] if same(label))
}

/// Channels as they are, whatever their names.
fn identity(channels: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; channels * channels];
    matrix.iter_mut().step_by(channels + 1).for_each(|weight| *weight = 1.0);
    matrix
}

fn origins(matrix: &[f32], source: &[String], wanted: &[String]) -> Vec<ChannelOrigin> {
    let rows = matrix.chunks(source.len().max(1));
    rows.zip(wanted)
        .map(|(row, label)| {
            let parts = source.iter().zip(row).filter(|(_, weight)| **weight != 0.0);
            ChannelOrigin {
                label: label.clone(),
                from: parts.map(|(s, w)| (s.clone(), *w)).collect(),
            }
        })
        .collect()
}

/// What score to expect of a pack's own encoder with channels that come from `origins`, at a simulated
/// source's signal to noise `snr_db` where that is known. `None` also when so few can be had that every
/// window is refused.
pub fn expectation(
    pack: &Pack,
    origins: &[ChannelOrigin],
    snr_db: Option<f64>,
) -> Option<Expectation> {
    expected_of((pack.own_expected()?, pack.encoder_sha256()), origins, snr_db)
}

/// The same by the pack's table and the SHA-256 of the encoder that the table is about.
pub fn expected_of(
    (table, encoder_sha256): (&ExpectedSpec, &str),
    origins: &[ChannelOrigin],
    snr_db: Option<f64>,
) -> Option<Expectation> {
    let named = |keep: fn(usize) -> bool| -> Vec<String> {
        let kept = origins.iter().filter(|origin| keep(origin.from.len()));
        kept.map(|origin| origin.label.clone()).collect()
    };
    if !suffice(origins) {
        return None;
    }
    let (mixed, absent) = (named(|parts| parts > 1), named(|parts| parts == 0));
    let found = Expectation::of(table, origins.len(), mixed, absent)?;
    let used =
        origins.iter().flat_map(|origin| origin.from.iter().map(|(label, _)| label.as_str()));
    Some(found.as_measured(measured::of(encoder_sha256, used)).at(table, snr_db))
}

/// The signal to noise of a virtual subject inside this program, dB; nobody knows that of a real headset.
pub fn snr_of(spec: &SourceSpec) -> Option<f64> {
    match spec {
        SourceSpec::Sim(parameters) => {
            SimParams::from_parameters(parameters).ok().map(|params| params.snr_db)
        }
        SourceSpec::Faulty { inner, .. } => snr_of(inner),
        SourceSpec::Lsl(_) | SourceSpec::Brainflow { .. } | SourceSpec::File(_) => None,
    }
}

/// How the pack's channels are made from labels: for packs that are set against a montage, not a source.
pub fn origins_between(source: &[String], wanted: &[String]) -> Vec<ChannelOrigin> {
    origins(&ChannelMap::between(source, wanted).matrix, source, wanted)
}

/// Windows of flashes and no others.
pub fn flashes_only() -> Windows {
    Windows { locked: false, flashes: true, free: false, ..Windows::default() }
}

/// Which windows a mode means for a source.
pub fn windows(mode: WindowMode, has_markers: bool) -> Windows {
    let locked = match mode {
        WindowMode::Auto => has_markers,
        WindowMode::Locked => true,
        WindowMode::Free => false,
    };
    Windows { locked, flashes: false, free: !locked, hop_secs: FREE_HOP_SECS }
}
