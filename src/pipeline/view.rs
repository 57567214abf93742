//! Sources and decodes as viewers see them.

use std::sync::Arc;

use crate::decode::inference::gallery::Ranked;
use crate::decode::inference::judge::Guess;
use crate::decode::{Believed, Decoded, Labels, Scope};
use crate::signal::{Lock, StimulusSet, Window};
use crate::snapshot::{BelievedView, DecodeView, GuessView, RankedLabel, SourceView, StageTimes};
use crate::source::SourceInfo;

/// The source as viewers see it.
pub fn view_of(info: &SourceInfo) -> SourceView {
    SourceView {
        kind: info.kind,
        name: info.name.clone(),
        simulated: info.simulated,
        snr_db: info.snr_db,
        channels: info.channels.clone(),
        mounted: info.mounted.clone(),
        rate_hz: info.rate.hz(),
        unit: info.source_unit.clone(),
        has_markers: info.has_markers,
        notes: info.notes.clone(),
    }
}

/// What decodes are put into words with.
#[derive(Clone, Debug)]
pub struct Words {
    /// What people call the pictures in play.
    pub labels: Labels,
    /// The pictures that can be shown.
    pub stimuli: Arc<StimulusSet>,
}

/// A decode as viewers see it: one record of the same windows.
pub fn decode_view(words: &Words, decoded: &Decoded, window: &Window, live: bool) -> DecodeView {
    let twin = decoded.twin.as_ref();
    let believed = |found: &Believed| believed_view(&words.labels, found, decoded.k);
    DecodeView {
        window: decoded.window,
        lock: decoded.lock,
        seen: seen(words, decoded.lock),
        k: decoded.k,
        abstain: decoded.abstain,
        top: labelled(&words.labels, &decoded.top),
        margin: decoded.margin,
        truth_rank: decoded.truth_rank,
        believed: decoded.believed.as_ref().map(believed),
        p_shown: decoded.p_shown,
        p_value: decoded.p_value,
        null_size: decoded.null_size,
        shows: decoded.shows,
        image: decoded.image.clone(),
        draws: decoded.draws.clone(),
        twin_image: twin.and_then(|twin| twin.image.clone()),
        twin_draws: twin.map(|twin| twin.draws.clone()).unwrap_or_default(),
        twin_top: twin.map(|twin| labelled(&words.labels, &twin.top)).unwrap_or_default(),
        twin_believed: twin.and_then(|twin| twin.believed.as_ref()).map(believed),
        control: decoded.control,
        steady_weight: decoded.steady_weight,
        twin_steady_weight: twin.and_then(|twin| twin.steady_weight),
        noise_held: decoded.noise_held,
        seed: decoded.seed,
        steps: decoded.steps,
        latency: stage_times(decoded, window, live),
        embedding_sha256: decoded.embedding_sha256.clone(),
    }
}

/// The same decode without anything that a control that succeeds makes worthless: pictures, guesses and ranks.
pub fn withheld(view: DecodeView) -> DecodeView {
    DecodeView {
        top: Vec::new(),
        margin: 0.0,
        truth_rank: None,
        believed: None,
        p_shown: None,
        p_value: None,
        image: None,
        draws: Vec::new(),
        twin_image: None,
        twin_draws: Vec::new(),
        twin_top: Vec::new(),
        twin_believed: None,
        ..view
    }
}

fn seen(words: &Words, lock: Lock) -> Option<String> {
    let Lock::Stimulus { row, .. } = lock else { return None };
    let of_set = row.and_then(|row| words.stimuli.stimuli.get(usize::from(row)));
    Some(of_set.map_or_else(|| "a picture not in this set".into(), |s| s.label.clone()))
}

/// What is believed after k looks, with the pictures' names.
pub fn believed_view(labels: &Labels, found: &Believed, k: u32) -> BelievedView {
    let guess = |guess: &Guess| GuessView {
        row: guess.row,
        label: labels.of(found.scope, guess.row).to_owned(),
        probability: guess.probability,
    };
    BelievedView {
        scope: found.scope,
        pictures: found.pictures,
        best: found.best.iter().map(guess).collect(),
        draws: found.draws.iter().map(guess).collect(),
        gain_bits: found.gain_bits,
        needed_bits: found.needed_bits(),
        noise_bits: found.mark_bits,
        better_than_noise: found.better_than_noise(),
        decided: found.decided(),
        something_else: found.something_else,
        truth_row: found.truth.map(|(truth, _)| truth.row),
        truth_probability: found.truth.map(|(truth, _)| truth.probability),
        truth_rank: found.truth.map(|(_, rank)| rank),
        more_looks: found.more_looks,
        beyond_calibration: k > found.calibrated_to,
        calibrated_to: found.calibrated_to,
    }
}

fn labelled(labels: &Labels, ranked: &[Ranked]) -> Vec<RankedLabel> {
    let label = |row: u16| labels.of(Scope::Told, usize::from(row)).to_owned();
    ranked
        .iter()
        .map(|r| RankedLabel {
            row: r.row,
            label: label(r.row),
            score: r.score,
            probability: r.probability,
        })
        .collect()
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
