//! Sources and decodes as viewers see them.

use crate::decode::Decoded;
use crate::decode::inference::gallery::{Gallery, Ranked};
use crate::signal::Window;
use crate::snapshot::{DecodeView, RankedLabel, SourceView, StageTimes};
use crate::source::SourceInfo;

/// The source as viewers see it.
pub fn view_of(info: &SourceInfo) -> SourceView {
    SourceView {
        kind: info.kind,
        name: info.name.clone(),
        simulated: info.simulated,
        channels: info.channels.clone(),
        rate_hz: info.rate.hz(),
        unit: info.source_unit.clone(),
        has_markers: info.has_markers,
        notes: info.notes.clone(),
    }
}

/// A decode as viewers see it.
pub fn decode_view(
    gallery: &Gallery,
    decoded: &Decoded,
    window: &Window,
    live: bool,
) -> DecodeView {
    let twin = decoded.twin.as_ref();
    DecodeView {
        window: decoded.window,
        lock: decoded.lock,
        k: decoded.k,
        abstain: decoded.abstain,
        top: labelled(gallery, &decoded.top),
        margin: decoded.margin,
        truth_rank: decoded.truth_rank,
        p_value: decoded.p_value,
        null_size: decoded.null_size,
        image: decoded.image.clone(),
        twin_image: twin.and_then(|twin| twin.image.clone()),
        twin_top: twin.map(|twin| labelled(gallery, &twin.top)).unwrap_or_default(),
        steady_weight: decoded.steady_weight,
        twin_steady_weight: twin.and_then(|twin| twin.steady_weight),
        noise_held: decoded.noise_held,
        seed: decoded.seed,
        steps: decoded.steps,
        latency: stage_times(decoded, window, live),
        embedding_sha256: decoded.embedding_sha256.clone(),
    }
}

fn labelled(gallery: &Gallery, ranked: &[Ranked]) -> Vec<RankedLabel> {
    let label = |row: u16| gallery.labels().get(usize::from(row)).cloned().unwrap_or_default();
    ranked.iter().map(|r| RankedLabel { row: r.row, label: label(r.row), score: r.score }).collect()
}

fn stage_times(decoded: &Decoded, window: &Window, live: bool) -> StageTimes {
    let millis = |from: f64, to: f64| ((to - from) * 1e3) as f32;
    let times = &decoded.times;
    StageTimes {
        arrival: live.then(|| millis(window.last_sample_secs, window.last_arrival_secs)),
        window: Some(millis(window.last_arrival_secs, window.made_secs)),
        wait: Some(millis(window.made_secs, times.begun_secs)),
        encode: times.encode_ms,
        denoise: times.denoise_ms,
        decode_image: times.decode_image_ms,
        window_to_image: times.picture_secs.map(|at| millis(window.made_secs, at)),
        screen: None,
    }
}
