//! What a viewer may see: one immutable value, replaced as a whole.
//!
//! The pipeline publishes; the window and the command line read. Nothing here can change the pipeline;
//! for that there is [`crate::pipeline::Command`].

mod belief;
pub mod cap;
pub mod quality;
pub mod recent;
pub mod states;
pub mod timing;
mod cleaning;
mod filters;
pub mod board;
pub mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::decode::{ControlView, Show, Showing, Steadying};
pub use crate::find::FindView;
pub use crate::pack::{Basis, Expectation, ExpectedSpec};
pub use crate::signal::montage::Mounted;
pub use crate::signal::picture::Picture;
use crate::signal::window::{Abstention, Lock};
pub use crate::source::LostWhy;
use crate::source::{SourceCounters, SourceKind};
pub use crate::time::health::Health;
pub use belief::{BelievedView, GuessView, Presented};
pub use board::{BoardView, Contact};
pub use cap::{CapGrade, CapVerdict, StreamState};
pub use cleaning::{CleaningView, Effect, Phase};
pub use filters::FiltersView;
pub use quality::{ChannelQuality, QualityReason, QualityVerdict};
pub use recent::RecentWindows;
pub use states::RunState;

/// Everything that a viewer needs for one frame.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// What the pipeline as a whole is doing.
    pub run: RunState,
    /// Since when it does, in seconds on the program's clock; zero where nothing runs.
    pub run_since_secs: f64,
    /// How the stream keeps time.
    pub health: Health,
    /// Windows of the last minute; `None` where nobody counts by the minute.
    pub recent: Option<RecentWindows>,
    /// The source, once it is prepared.
    pub source: Option<Arc<SourceView>>,
    /// Frames received by the acquisition thread.
    pub received: u64,
    /// Frames lost between the threads because this computer was too slow.
    pub dropped_in_rings: u64,
    /// What the source knows of losses and time.
    pub counters: SourceCounters,
    /// The model pack.
    pub pack: PackState,
    /// What is happening to each window.
    pub windows: WindowCounts,
    /// The newest decode, abstentions included.
    pub decode: Option<Arc<DecodeView>>,
    /// The picture that the source says is on show now.
    pub stimulus: Option<StimulusView>,
    /// Scores so far, where the source tells which picture was shown.
    pub truth: Option<Arc<TruthView>>,
    /// The null twin's scores over the same trials.
    pub twin_truth: Option<Score>,
    /// Whether the control succeeds.
    pub control: ControlView,
    /// Time per stage over the last decodes.
    pub latency: LatencyView,
    /// How a search by attention stands, where there is one.
    pub found: Option<Arc<FindView>>,
    /// Pictures per second over the last five seconds.
    pub images_per_s: f64,
    /// Whether this run is being written to a file, and whether that goes well.
    pub recording: RecordingState,
    /// The filters before the decoder, once they are set up.
    pub filters: Option<Arc<FiltersView>>,
    /// Quality of each source channel over the last second, in the source's order.
    pub quality: Arc<Vec<ChannelQuality>>,
    /// What is cleaned and what that does; `None` where nothing is.
    pub cleaning: Option<CleaningView>,
    /// The board's own settings; `None` where the source has none.
    pub board: Option<Arc<BoardView>>,
    /// What happened, newest last; at most [`MAX_NOTICES`].
    pub notices: Vec<Notice>,
}

/// Most notices kept: more than a person reads; the newest stay.
pub const MAX_NOTICES: usize = 50;

/// The source as a viewer sees it.
#[derive(Clone, Debug)]
pub struct SourceView {
    /// Which kind.
    pub kind: SourceKind,
    /// What is shown for it: the stream's, board's or file's name.
    pub name: String,
    /// Not from a person: label everything SIMULATED.
    pub simulated: bool,
    /// How strongly a simulated wearer answers, in dB of signal to noise; `None` where nobody says.
    pub snr_db: Option<f64>,
    /// Labels in the source's order.
    pub channels: Vec<String>,
    /// What the device calls its channels, and who says which electrodes they are.
    pub mounted: Option<Mounted>,
    /// Nominal rate in Hz.
    pub rate_hz: f64,
    /// What the source calls its unit.
    pub unit: String,
    /// Whether stimulus markers can come.
    pub has_markers: bool,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// The model pack as a viewer sees it.
#[derive(Clone, Debug, Default)]
pub enum PackState {
    /// None was asked for.
    #[default]
    None,
    /// Being read and verified.
    Loading,
    /// In use.
    Ready(Arc<PackView>),
    /// It cannot be used; the message says which file or tensor, expected and got.
    Refused(String),
}

/// A pack in use.
#[derive(Clone, Debug)]
pub struct PackView {
    /// Name and version.
    pub name: String,
    /// SHA-256 of pack.toml, in hexadecimal: with it, of every file of the pack.
    pub sha256: String,
    /// SHA-256 of the encoder in use, the pack's or a personal one.
    pub encoder_sha256: String,
    /// True when it was trained on simulated signal only.
    pub simulated_training: bool,
    /// Labels of the gallery, in row order.
    pub labels: Vec<String>,
    /// Numbers of generator steps that the manifest allows, one of which is `steps`.
    pub steps_allowed: Vec<u32>,
    /// Steps in use.
    pub steps: u32,
    /// How pictures follow one another, as asked for.
    pub steadying: Steadying,
    /// What is painted, as asked for.
    pub showing: Showing,
    /// Where probabilities come from, in a sentence; `None` where the encoder in use is not calibrated.
    pub calibrated_by: Option<String>,
    /// Drawings that the generator remembers, where the pack tells them.
    pub remembered: Option<usize>,
    /// Every channel of the pack and where it comes from.
    pub montage: Vec<ChannelOrigin>,
    /// What score to expect with this montage; `None` without a source, or when the pack does not say.
    pub expected: Option<Expectation>,
    /// What the pack says of fewer electrodes and of noise, where it is about the encoder in use.
    pub expected_table: Option<Arc<ExpectedSpec>>,
    /// Why scores with this source mean nothing: the simulated brain answers to another embedding space.
    pub caution: Option<String>,
    /// Whose work is in the pack, one line each.
    pub credits: Vec<String>,
    /// Band that the decoder sees, Hz.
    pub band_hz: [f64; 2],
    /// Window relative to the onset, seconds.
    pub window_secs: [f64; 2],
}

/// Where one of the pack's channels comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelOrigin {
    /// The pack's channel.
    pub label: String,
    /// Source channels and weights that make it: one with weight 1 when it is there, several when it is
    /// interpolated, none when it is left at zero.
    pub from: Vec<(String, f32)>,
}

/// What happened to the windows so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowCounts {
    /// Windows that the signal stage completed.
    pub made: u64,
    /// Windows turned into a picture.
    pub decoded: u64,
    /// Those of them whose picture was steadied.
    pub steadied: u64,
    /// Windows replaced by newer ones before the decoder was free.
    pub skipped: u64,
    /// Windows refused, by reason.
    pub abstained: BTreeMap<Abstention, u64>,
}

/// One decode: evidence first, then pixels, all of the same windows.
#[derive(Clone, Debug, Default)]
pub struct DecodeView {
    /// Number of the window.
    pub window: u64,
    /// What it was aligned to.
    pub lock: Lock,
    /// Trials averaged in this decode.
    pub k: u32,
    /// Why there is no picture, if so; the evidence is empty then.
    pub abstain: Option<Abstention>,
    /// Best five gallery entries, best first.
    pub top: Vec<RankedLabel>,
    /// How far the best is above the second, in units of the score.
    pub margin: f32,
    /// Rank of the picture that was really shown, from 1, where that is known.
    pub truth_rank: Option<u32>,
    /// What was on show for these windows, where the source tells: the picture's label.
    pub seen: Option<String>,
    /// What is believed, with probabilities; `None` where the encoder in use has no answer model.
    pub believed: Option<BelievedView>,
    /// p of the shown picture, against windows of the stream in which others were seen.
    pub p_shown: Option<f64>,
    /// p that there is anything at all, against windows without information; `None` until there are enough of them.
    pub p_value: Option<f64>,
    /// How many phase-randomised windows that rests on.
    pub null_size: usize,
    /// What the picture is: the best guess, or a mean.
    pub shows: Show,
    /// The reconstruction.
    pub image: Option<Arc<Picture>>,
    /// Pictures of the four draws of `believed`; they follow the reconstruction.
    pub draws: Vec<Arc<Picture>>,
    /// The same machinery and seed, fed with another window, phase-randomised.
    pub twin_image: Option<Arc<Picture>>,
    /// Its draws.
    pub twin_draws: Vec<Arc<Picture>>,
    /// Best five of the null twin.
    pub twin_top: Vec<RankedLabel>,
    /// What would be believed of it.
    pub twin_believed: Option<BelievedView>,
    /// Whether the control succeeds, over the run so far. Pictures and ranks are withheld then.
    pub control: ControlView,
    /// Weight of this window in the picture where the picture is steadied, 0–1. The evidence is never.
    pub steady_weight: Option<f32>,
    /// The same of the null twin, which is steadied by its own evidence.
    pub twin_steady_weight: Option<f32>,
    /// Whether the pictures started from the noise that is held for the run.
    pub noise_held: bool,
    /// Seed of the noise.
    pub seed: u64,
    /// Steps of the generator.
    pub steps: u32,
    /// Time per stage of this decode.
    pub latency: StageTimes,
    /// SHA-256 of the embedding's bytes, in hexadecimal.
    pub embedding_sha256: String,
}

/// A gallery entry with its score.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct RankedLabel {
    /// Row in the gallery.
    pub row: u16,
    /// Label of that row, as the gallery has it.
    pub label: String,
    /// Inner product of embedding and gallery entry.
    pub score: f32,
    /// Posterior probability; absent where the encoder in use has no answer model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

/// The picture on show.
#[derive(Clone, Debug, PartialEq)]
pub struct StimulusView {
    /// Row in the stimulus set, if it is one of ours.
    pub row: Option<u16>,
    /// Its label, or the marker's own text.
    pub label: String,
    /// Onset on the program's clock, in seconds.
    pub onset_secs: f64,
}

/// A share of trials with all that is needed to judge it.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Score {
    /// Trials that the shares rest on.
    pub trials: u64,
    /// Share whose true picture came first.
    pub top1: f64,
    /// Share whose true picture was among the first five.
    pub top5: f64,
}

/// Scores against what was really shown. Every trial counts once, decoded alone (k = 1).
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct TruthView {
    /// Trials decoded.
    pub trials: u64,
    /// Pictures in the gallery.
    pub gallery: usize,
    /// Share of trials whose true picture came first.
    pub top1: f64,
    /// Share of trials whose true picture was among the first five.
    pub top5: f64,
    /// `top1` by guessing.
    pub chance_top1: f64,
    /// `top5` by guessing.
    pub chance_top5: f64,
    /// Wilson interval of `top1`.
    pub ci95_top1: [f64; 2],
    /// Probability of at least that many hits by guessing (exact binomial tail).
    pub p_value: f64,
    /// The same, averaging the embeddings of the last k trials of one picture.
    pub by_k: Vec<ScoreAtK>,
}

/// The score when k trials of the same picture are averaged.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ScoreAtK {
    /// Trials averaged.
    pub k: u32,
    /// Decodes with that k.
    pub trials: u64,
    /// Share whose true picture came first.
    pub top1: f64,
    /// Share whose true picture was among the first five.
    pub top5: f64,
}

/// Milliseconds per stage of one decode. `None` where the stage did not run or its start is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct StageTimes {
    /// Last sample of the window taken → it reached the program.
    pub arrival: Option<f32>,
    /// It reached the program → the window was complete.
    pub window: Option<f32>,
    /// The window was complete → the decoder began.
    pub wait: Option<f32>,
    /// Encoder.
    pub encode: Option<f32>,
    /// Denoiser with all its steps.
    pub denoise: Option<f32>,
    /// Image decoder.
    pub decode_image: Option<f32>,
    /// The window was complete → the picture was there.
    pub window_to_image: Option<f32>,
    /// The picture was there → a frame that shows it was handed to the screen.
    pub screen: Option<f32>,
}

/// Percentiles of one stage, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Percentiles {
    /// Median.
    pub p50: f32,
    /// 95th percentile.
    pub p95: f32,
    /// 99th percentile.
    pub p99: f32,
}

/// Percentiles of every stage over the last decodes; `None` where it never ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct LatencyView {
    /// Sample taken → reached the program.
    pub arrival: Option<Percentiles>,
    /// Reached the program → window complete.
    pub window: Option<Percentiles>,
    /// Window complete → decoder began.
    pub wait: Option<Percentiles>,
    /// Encoder.
    pub encode: Option<Percentiles>,
    /// Denoiser.
    pub denoise: Option<Percentiles>,
    /// Image decoder.
    pub decode_image: Option<Percentiles>,
    /// Window complete → picture.
    pub window_to_image: Option<Percentiles>,
    /// Picture → screen; never where there is no window.
    pub screen: Option<Percentiles>,
}

/// Whether the run is being written to a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RecordingState {
    /// Nothing is being written.
    #[default]
    Off,
    /// Writing.
    On {
        /// The file.
        path: std::path::PathBuf,
        /// Frames written.
        frames: u64,
        /// Frames lost on the way to the file: always shown as an error.
        lost: u64,
        /// Streams recorded beside the run's own, each with its samples so far.
        also: Vec<(String, u64)>,
    },
    /// It could not be kept safe; the message says why.
    Failed(String),
}

/// How serious a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Good to know.
    Info,
    /// Something may be wrong.
    Warning,
    /// Something is wrong or data was lost.
    Error,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// When, on the program's clock, in seconds.
    pub at_secs: f64,
    /// How serious.
    pub level: Level,
    /// In plain words.
    pub text: String,
}
