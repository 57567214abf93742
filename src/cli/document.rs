//! The JSON document of `live` and `replay`: schema 1. Fields may be added, never renamed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::decode::{ControlView, Showing, Steadying};
use crate::pipeline::RunReport;
use crate::pipeline::decoding::CONTROL_SUCCEEDS;
use crate::pipeline::kept::PValues;
use crate::snapshot::timing::troubles;
use crate::snapshot::{
    CapGrade, CapVerdict, ChannelQuality, CleaningView, Expectation, PackState, Percentiles, Phase,
    QualityReason, QualityVerdict, Score, Snapshot, StreamState, TruthView, states,
};
use crate::source::SourceKind;
use crate::subject::strength;

/// The whole document.
#[derive(Debug, Serialize)]
pub struct LiveDocument {
    schema: u32,
    source: Option<SourcePart>,
    pack: Option<PackPart>,
    seconds: f64,
    samples: SamplesPart,
    /// How the stream keeps time, and what is wrong with it.
    timing: TimingPart,
    windows: WindowsPart,
    /// How good the signal was in the last seconds; `null` before a verdict.
    quality: Option<QualityPart>,
    /// What the decoder's signal was cleaned of; absent where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    cleaning: Option<CleaningPart>,
    images_per_s: f64,
    pictures: Option<PicturesPart>,
    truth: Option<TruthView>,
    null_twin: Option<Score>,
    /// Whether the null twin names pictures more often than guessing does: then scores are withheld.
    control: ControlView,
    /// Why there is no score, if so.
    withheld: Option<&'static str>,
    /// `null` where the control succeeds.
    evidence: Option<EvidencePart>,
    latency_ms: LatencyPart,
    decode_hash: String,
    process: ProcessPart,
    notices: Vec<String>,
}

#[derive(Debug, Serialize)]
struct SourcePart {
    kind: SourceKind,
    name: String,
    simulated: bool,
    /// How strongly a simulated wearer answers, in dB of signal to noise, and how many times the amplitude of recorded
    /// people's answers that is; `null` where nobody says.
    snr_db: Option<f64>,
    times_people: Option<f64>,
    channels: Vec<String>,
    rate_hz: f64,
    unit: &'static str,
    source_unit: String,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PackPart {
    name: String,
    sha256: String,
    encoder_sha256: String,
    steps: u32,
    simulated_training: bool,
    /// Where probabilities come from; `null` where the encoder in use is not calibrated.
    calibrated_by: Option<String>,
    /// Drawings that the generator remembers.
    remembered: Option<usize>,
    /// Channels of the pack that the source has itself, that are interpolated, and that are missing.
    montage: MontagePart,
    /// What the pack expects of this montage: never a measurement. Absent when the pack does not say.
    expected: Option<Expectation>,
    /// Why scores with this source mean nothing. Absent when there is no such reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    caution: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct MontagePart {
    direct: usize,
    interpolated: Vec<String>,
    missing: Vec<String>,
}

/// What was asked for, and what it came to in the last second of the run.
#[derive(Debug, Serialize)]
struct CleaningPart {
    asked: String,
    /// Whether artefact components were taken out: not where there was not yet enough to learn from.
    components_on: bool,
    /// Clean signal that was learned from during the run, seconds.
    learned_secs: f32,
    components: u16,
    channels: u16,
    removed_share: f32,
    interpolated: u16,
}

impl CleaningPart {
    fn of(view: &CleaningView) -> Self {
        let effect = view.effect;
        Self {
            asked: view.asked.to_string(),
            components_on: effect.phase == Phase::Cleaning,
            learned_secs: effect.clean_secs,
            components: effect.components,
            channels: effect.channels,
            removed_share: effect.removed_share,
            interpolated: effect.interpolated,
        }
    }
}

#[derive(Debug, Serialize)]
struct SamplesPart {
    received: u64,
    lost: u64,
    /// Those of `lost` that only the clock tells of; the rest was counted by the device.
    lost_by_clock: u64,
    gaps: u64,
    clock_resets: u64,
    reconnects: u64,
    late: u64,
    repeated: u64,
    dropped_in_rings: u64,
    clock_offset_secs: f64,
    clock_uncertainty_secs: f64,
}

/// Over the last minute; `null` where nothing can be said.
#[derive(Debug, Serialize)]
struct TimingPart {
    /// searching, connecting, streaming, stalled, lost, reconnecting, ended or failed: how it stood at the end.
    state: &'static str,
    nominal_rate_hz: f64,
    measured_rate_hz: Option<f64>,
    rate_error_hz: f64,
    jitter_ms: Option<f64>,
    /// How far apart chunks are.
    chunk_ms: Option<f64>,
    longest_silence_ms: f64,
    drift_ppm: Option<f64>,
    drift_error_ppm: Option<f64>,
    last_minute: MinutePart,
    /// What is wrong, in sentences, the gravest first.
    said: Vec<String>,
}

#[derive(Debug, Serialize)]
struct MinutePart {
    seconds: f64,
    received: u64,
    lost: u64,
    lost_by_clock: u64,
}

#[derive(Debug, Serialize)]
struct WindowsPart {
    made: u64,
    decoded: u64,
    skipped: u64,
    abstained: u64,
    abstained_why: BTreeMap<&'static str, u64>,
}

/// The verdict on the cap, what it knows of the stream, and every electrode in the source's order.
#[derive(Debug, Serialize)]
struct QualityPart {
    #[serde(flatten)]
    cap: CapVerdict,
    stream: StreamState,
    electrodes: Vec<ElectrodePart>,
}

#[derive(Debug, Serialize)]
struct ElectrodePart {
    channel: String,
    verdict: QualityVerdict,
    /// Why it is not good.
    reason: Option<QualityReason>,
    std_uv: f32,
    mains_uv: f32,
    mains_share: f32,
    fast_uv: f32,
    drift_uv: f32,
    impedance_kohm: Option<f32>,
    /// The channel whose signal it shows too.
    copies: Option<String>,
}

/// How the pictures were made; nothing else in the document depends on it.
#[derive(Debug, Serialize)]
struct PicturesPart {
    /// `show` best or mean; `scope` told or remembered: as asked for last.
    #[serde(flatten)]
    showing: Showing,
    /// As asked for last: `steady` auto, on or off; `noise` auto, fresh or fixed.
    #[serde(flatten)]
    steadying: Steadying,
    /// Pictures that were steadied.
    steadied: u64,
}

/// p that there is anything at all, against windows without information; and, apart, p of the shown picture.
#[derive(Debug, Serialize)]
struct EvidencePart {
    #[serde(flatten)]
    anything: PSummary,
    /// Of the shown picture, against windows in which others were seen.
    shown: PSummary,
}

#[derive(Debug, Serialize)]
struct PSummary {
    decodes: usize,
    median_p: Option<f64>,
    share_below_0_05: Option<f64>,
}

/// Milliseconds; `null` for a stage that never ran.
#[derive(Debug, Serialize)]
struct LatencyPart {
    arrival: Option<Percentiles>,
    /// From the sample's own time stamp to the end of the filters: the oldest sample of each pass.
    sample_to_filtered: Option<Percentiles>,
    window: Option<Percentiles>,
    wait: Option<Percentiles>,
    encode: Option<Percentiles>,
    denoise: Option<Percentiles>,
    decode_image: Option<Percentiles>,
    window_to_image: Option<Percentiles>,
}

#[derive(Debug, Serialize)]
struct ProcessPart {
    /// From the start of the program's run to its first picture.
    first_picture_secs: Option<f64>,
    /// Largest resident memory, where the system tells.
    peak_rss_mb: Option<f64>,
    /// Processor time of the acquisition and the signal thread together, as a share of one core.
    acquire_and_filter_cpu_share: Option<f64>,
}

impl LiveDocument {
    /// The document of a run that is over.
    pub fn of(report: &RunReport) -> Self {
        let snapshot = &report.snapshot;
        Self {
            schema: 1,
            source: source_part(snapshot),
            pack: pack_part(snapshot),
            seconds: report.seconds,
            samples: samples_part(snapshot),
            timing: timing_part(snapshot),
            windows: windows_part(snapshot),
            quality: quality_part(snapshot),
            cleaning: snapshot.cleaning.as_ref().map(CleaningPart::of),
            images_per_s: report.images_per_s,
            pictures: pictures_part(snapshot),
            truth: snapshot.truth.as_deref().cloned(),
            null_twin: snapshot.twin_truth,
            control: snapshot.control,
            withheld: snapshot.control.succeeded.then_some(CONTROL_SUCCEEDS),
            evidence: (!snapshot.control.succeeded).then(|| EvidencePart {
                anything: p_summary(&report.p_values),
                shown: p_summary(&report.p_shown),
            }),
            latency_ms: latency_part(report),
            decode_hash: report.decode_hash.clone(),
            process: ProcessPart {
                first_picture_secs: report.first_picture_secs,
                peak_rss_mb: crate::native::memory::peak_rss_mb(),
                acquire_and_filter_cpu_share: report.acquire_and_filter_cpu_share,
            },
            notices: snapshot.notices.iter().map(|n| n.text.clone()).collect(),
        }
    }
}

fn source_part(snapshot: &Snapshot) -> Option<SourcePart> {
    let source = snapshot.source.as_ref()?;
    Some(SourcePart {
        kind: source.kind,
        name: source.name.clone(),
        simulated: source.simulated,
        snr_db: source.snr_db,
        times_people: source.snr_db.map(strength::times_people),
        channels: source.channels.clone(),
        rate_hz: source.rate_hz,
        unit: "uV",
        source_unit: source.unit.clone(),
        notes: source.notes.clone(),
    })
}

fn pack_part(snapshot: &Snapshot) -> Option<PackPart> {
    let PackState::Ready(pack) = &snapshot.pack else { return None };
    let mut montage = MontagePart::default();
    for origin in &pack.montage {
        match origin.from.as_slice() {
            [] => montage.missing.push(origin.label.clone()),
            [_] => montage.direct += 1,
            _ => montage.interpolated.push(origin.label.clone()),
        }
    }
    Some(PackPart {
        name: pack.name.clone(),
        sha256: pack.sha256.clone(),
        encoder_sha256: pack.encoder_sha256.clone(),
        steps: pack.steps,
        simulated_training: pack.simulated_training,
        calibrated_by: pack.calibrated_by.clone(),
        remembered: pack.remembered,
        montage,
        expected: pack.expected.clone(),
        caution: pack.caution.clone(),
    })
}

fn samples_part(snapshot: &Snapshot) -> SamplesPart {
    let counters = snapshot.counters;
    SamplesPart {
        received: snapshot.received,
        lost: counters.lost + snapshot.dropped_in_rings,
        lost_by_clock: counters.lost_by_clock,
        gaps: counters.gaps,
        clock_resets: counters.clock_resets,
        reconnects: counters.reconnects,
        late: counters.late,
        repeated: counters.repeated,
        dropped_in_rings: snapshot.dropped_in_rings,
        clock_offset_secs: counters.clock_offset_secs,
        clock_uncertainty_secs: counters.clock_uncertainty_secs,
    }
}

fn timing_part(snapshot: &Snapshot) -> TimingPart {
    let health = &snapshot.health;
    TimingPart {
        state: states::key(&snapshot.run),
        nominal_rate_hz: health.nominal_hz,
        measured_rate_hz: health.rate_hz,
        rate_error_hz: health.rate_error_hz,
        jitter_ms: health.jitter_secs.map(|secs| secs * 1e3),
        chunk_ms: health.chunk_secs.map(|secs| secs * 1e3),
        longest_silence_ms: health.longest_wait_secs * 1e3,
        drift_ppm: health.drift_ppm.map(|(ppm, _)| ppm),
        drift_error_ppm: health.drift_ppm.map(|(_, error)| error),
        last_minute: MinutePart {
            seconds: health.span_secs,
            received: health.received,
            lost: health.lost,
            lost_by_clock: health.lost_by_clock,
        },
        said: troubles(snapshot).into_iter().map(|trouble| trouble.text).collect(),
    }
}

fn windows_part(snapshot: &Snapshot) -> WindowsPart {
    let windows = &snapshot.windows;
    WindowsPart {
        made: windows.made,
        decoded: windows.decoded,
        skipped: windows.skipped,
        abstained: windows.abstained.values().sum(),
        abstained_why: windows.abstained.iter().map(|(why, n)| (why.key(), *n)).collect(),
    }
}

fn quality_part(snapshot: &Snapshot) -> Option<QualityPart> {
    let source = snapshot.source.as_ref()?;
    let cap = CapVerdict::of(snapshot);
    let electrode = |(channel, quality): (&String, &ChannelQuality)| ElectrodePart {
        channel: channel.clone(),
        verdict: quality.verdict,
        reason: quality.reason,
        std_uv: quality.std_uv,
        mains_uv: quality.mains_uv,
        mains_share: quality.mains_share,
        fast_uv: quality.fast_uv,
        drift_uv: quality.drift_uv,
        impedance_kohm: quality.impedance_kohm,
        copies: quality.copies.and_then(|other| source.channels.get(usize::from(other)).cloned()),
    };
    let electrodes = source.channels.iter().zip(snapshot.quality.iter()).map(electrode).collect();
    let known = cap.grade != CapGrade::Unknown;
    known.then(|| QualityPart { cap, stream: StreamState::of(snapshot), electrodes })
}

fn pictures_part(snapshot: &Snapshot) -> Option<PicturesPart> {
    let PackState::Ready(pack) = &snapshot.pack else { return None };
    let (showing, steadying) = (pack.showing, pack.steadying);
    Some(PicturesPart { showing, steadying, steadied: snapshot.windows.steadied })
}

fn p_summary(p_values: &PValues) -> PSummary {
    let share = p_values.below(0.05) as f64 / p_values.len() as f64;
    PSummary {
        decodes: p_values.len(),
        median_p: p_values.percentile(50.0),
        share_below_0_05: (!p_values.is_empty()).then_some(share),
    }
}

fn latency_part(report: &RunReport) -> LatencyPart {
    let latency = report.snapshot.latency;
    LatencyPart {
        arrival: latency.arrival,
        sample_to_filtered: report.sample_to_filtered,
        window: latency.window,
        wait: latency.wait,
        encode: latency.encode,
        denoise: latency.denoise,
        decode_image: latency.decode_image,
        window_to_image: latency.window_to_image,
    }
}
