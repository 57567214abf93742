//! One verdict for the cap: whether what is connected can be decoded, and what to mend first.
//!
//! Takes the verdicts on its electrodes, how much the pack makes of each, and what is known of the stream; gives a
//! [`CapVerdict`] with one sentence, the same on screen and in JSON. The limits are those at which the gate refuses windows
//! ([`GateConfig`]), so that the sentence and the decoder agree.

use serde::Serialize;

use super::quality::{ChannelQuality, QualityReason, QualityVerdict};
use super::timing::{LOST_GRAVE, LOST_SHARE, RATE_OFF, WINDOWS_SHARE};
use super::words::{percent, reason};
use super::{ChannelOrigin, PackState, RunState, Snapshot};
use crate::dsp::GateConfig;
use crate::signal::{Abstention, Lock};

/// Share of the pack's channels that may be missing before decoding suffers (interpolation bears a quarter), and before it is
/// no use (the share of channels below which a headset is refused).
const WEAK_SHARE: f64 = 0.25;
const USELESS_SHARE: f64 = 0.5;

/// Share of windows that came too late or held a gap from which decoding does not happen.
const WINDOWS_GRAVE: f64 = 0.95;

/// Electrodes that the sentence names.
const NAMED: usize = 3;

/// What is known of the stream; `None` where nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct StreamState {
    /// Share of samples lost in the last minute.
    pub lost_share: Option<f64>,
    /// Share of windows that came too late for the decoder.
    pub late_share: Option<f64>,
    /// Share of windows refused because samples were missing in them or shortly before.
    pub gap_share: Option<f64>,
    /// How far the rate is off its nominal one, as a share; positive is fast.
    pub rate_off: Option<f64>,
}

impl StreamState {
    /// What a snapshot tells of the last minute.
    pub fn of(snapshot: &Snapshot) -> Self {
        let part = |some: u64, all: u64| (all > 0).then(|| some as f64 / all as f64);
        let (health, windows) = (&snapshot.health, snapshot.recent_windows());
        // Every run begins with filters that settle, and free-running windows are meant to be passed over.
        let behind = if windows.gaps > 0 { windows.settling } else { 0 };
        let locked =
            snapshot.decode.as_ref().is_some_and(|d| matches!(d.lock, Lock::Stimulus { .. }));
        Self {
            lost_share: part(health.lost, health.received + health.lost),
            late_share: part(windows.skipped, windows.made).filter(|_| locked),
            gap_share: part(windows.gaps + behind, windows.known),
            rate_off: health.rate_off(),
        }
    }
}

/// Whether it can be decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CapGrade {
    /// Not known yet.
    #[default]
    Unknown,
    /// Decoding works.
    Works,
    /// Decoding works less well than it could.
    Weak,
    /// Nothing can be decoded.
    Fails,
}

/// The verdict on the cap.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CapVerdict {
    /// Whether it can be decoded.
    pub grade: CapGrade,
    /// How many electrodes are good.
    pub good: usize,
    /// Usable with care.
    pub fair: usize,
    /// Not usable.
    pub bad: usize,
    /// Not judged yet.
    pub unknown: usize,
    /// Channels to mend, in the source's order of channels, most important first. Those that nothing is made of are not in it.
    pub fix: Vec<usize>,
    /// All of it in a sentence.
    pub sentence: String,
}

impl CapVerdict {
    /// The verdict on what a snapshot shows.
    pub fn of(snapshot: &Snapshot) -> Self {
        let labels = snapshot.source.as_ref().map(|s| s.channels.as_slice()).unwrap_or_default();
        let weights = match &snapshot.pack {
            PackState::Ready(pack) => Some(weights(&pack.montage, labels)),
            _ => None,
        };
        let stream = StreamState::of(snapshot);
        let mut cap = Self::judge(&snapshot.quality, labels, weights.as_deref(), &stream);
        if let Some(sentence) = overruled(snapshot, &cap) {
            (cap.grade, cap.sentence) = (CapGrade::Fails, sentence);
        }
        cap
    }

    /// The verdict on electrodes with these labels, weighed by how much the pack makes of each (see [`weights`]); without a
    /// pack all count alike, and nothing is said of decoding.
    pub fn judge(
        quality: &[ChannelQuality],
        labels: &[String],
        weights: Option<&[f64]>,
        stream: &StreamState,
    ) -> Self {
        let alike = vec![1.0; quality.len()];
        let (decodes, weights) = (weights.is_some(), weights.unwrap_or(&alike));
        let with = |verdict| quality.iter().filter(|q| q.verdict == verdict).count();
        let mut cap = Self {
            grade: CapGrade::Unknown,
            good: with(QualityVerdict::Good),
            fair: with(QualityVerdict::Fair),
            bad: with(QualityVerdict::Bad),
            unknown: with(QualityVerdict::Unknown),
            fix: to_mend(quality, weights),
            sentence: String::new(),
        };
        if cap.unknown == quality.len() {
            cap.sentence =
                "No verdict yet: electrodes are judged from one second of signal on.".into();
            return cap;
        }
        let (electrodes, cause) = electrodes(quality, weights);
        let (flow, trouble) = flow(stream);
        cap.grade = electrodes.max(flow);
        cap.sentence =
            cap.words(quality, labels, decodes, cause.map(String::from).into_iter().chain(trouble));
        cap
    }

    fn words(
        &self,
        quality: &[ChannelQuality],
        labels: &[String],
        decodes: bool,
        causes: impl Iterator<Item = String>,
    ) -> String {
        let works = match (self.grade, decodes) {
            (CapGrade::Works | CapGrade::Unknown, true) => "decoding works",
            (CapGrade::Works | CapGrade::Unknown, false) => "the signal is sound",
            (CapGrade::Weak, true) => "decoding is weakened",
            (CapGrade::Weak, false) => "the signal is weakened",
            (CapGrade::Fails, true) => "decoding does not work",
            (CapGrade::Fails, false) => "the signal is of no use",
        };
        let mut text = format!("{} of {} good: {works}", self.good, quality.len());
        for why in causes {
            text = format!("{text}, {why}");
        }
        if !self.fix.is_empty() {
            text = format!("{text}; {}", self.mending(quality, labels));
        }
        text + "."
    }

    /// `fix O1 (flat), P4 (mains hum) and 2 more`.
    fn mending(&self, quality: &[ChannelQuality], labels: &[String]) -> String {
        let name = |channel: &usize| {
            let label = labels.get(*channel).map_or("?", String::as_str);
            quality[*channel]
                .reason
                .map_or(label.into(), |why| format!("{label} ({})", reason(why)))
        };
        let more = self.fix.len().saturating_sub(NAMED);
        let mut names: Vec<String> = self.fix.iter().take(NAMED).map(name).collect();
        if more > 0 {
            names.push(format!("{more} more"));
        }
        let last = names.pop().unwrap_or_default();
        let all = if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) };
        let verb = if self.bad > 0 || self.grade > CapGrade::Works { "fix" } else { "see to" };
        format!("{verb} {all}")
    }
}

/// How much of the pack's channels comes from each source channel, `[labels]`: one for a channel that is used as it is.
pub fn weights(montage: &[ChannelOrigin], labels: &[String]) -> Vec<f64> {
    let mut weights = vec![0.0; labels.len()];
    for origin in montage {
        let whole: f64 = origin.from.iter().map(|(_, w)| f64::from(w.abs())).sum();
        for (label, weight) in &origin.from {
            if let Some(at) = labels.iter().position(|known| known == label) {
                weights[at] += f64::from(weight.abs()) / whole;
            }
        }
    }
    if weights.iter().all(|weight| *weight == 0.0) { vec![1.0; labels.len()] } else { weights }
}

/// Channels that are not good, those that decide first: bad before fair, then by weight, then by what must be mended first.
fn to_mend(quality: &[ChannelQuality], weights: &[f64]) -> Vec<usize> {
    let weight = |channel: usize| weights.get(channel).copied().unwrap_or(0.0);
    let mend = |channel: &usize| quality[*channel].verdict > QualityVerdict::Good;
    let mut channels: Vec<usize> = (0..quality.len()).filter(mend).collect();
    channels.retain(|channel| weight(*channel) > 0.0);
    channels.sort_by(|a, b| {
        let by_verdict = quality[*b].verdict.cmp(&quality[*a].verdict);
        let by_weight = || weight(*b).total_cmp(&weight(*a));
        let by_reason = || quality[*a].reason.cmp(&quality[*b].reason);
        by_verdict.then_with(by_weight).then_with(by_reason).then(a.cmp(b))
    });
    channels
}

/// What the electrodes allow, and why not more.
fn electrodes(quality: &[ChannelQuality], weights: &[f64]) -> (CapGrade, Option<&'static str>) {
    let gate = GateConfig::default();
    let all: f64 = weights.iter().sum();
    let share = |of: &dyn Fn(&ChannelQuality) -> bool| {
        let with = quality.iter().zip(weights).filter(|(q, _)| of(q));
        if all > 0.0 { with.map(|(_, w)| w).sum::<f64>() / all } else { 0.0 }
    };
    let is_bad = |q: &ChannelQuality| q.verdict == QualityVerdict::Bad;
    let bad_by = |why: QualityReason| share(&|q| is_bad(q) && q.reason == Some(why));
    let loud = bad_by(QualityReason::Off) + bad_by(QualityReason::Muscle);
    let bad = share(&is_bad);
    let doubtful = share(&|q| q.verdict >= QualityVerdict::Fair);
    let copies = share(&|q| q.copies.is_some());
    if bad_by(QualityReason::Flat) > gate.flat_share {
        (CapGrade::Fails, Some("too many electrodes give nothing"))
    } else if bad_by(QualityReason::Railed) > gate.saturated_share {
        (CapGrade::Fails, Some("too many are at the amplifier's limit"))
    } else if loud > gate.artefact_share {
        (CapGrade::Fails, Some("too many swing further than EEG"))
    } else if bad > USELESS_SHARE {
        (CapGrade::Fails, None)
    } else if copies > USELESS_SHARE {
        let why = "most electrodes show the same signal: look at reference and ground first";
        (CapGrade::Weak, Some(why))
    } else if bad > WEAK_SHARE || doubtful > USELESS_SHARE {
        (CapGrade::Weak, None)
    } else {
        (CapGrade::Works, None)
    }
}

/// What no electrode can make good: nothing comes, or the pack cannot use what comes.
fn overruled(snapshot: &Snapshot, cap: &CapVerdict) -> Option<String> {
    if matches!(snapshot.run, RunState::Stalled { .. }) || snapshot.run.is_away() {
        return Some("Nothing comes from the source: the verdicts are those before.".into());
    }
    let refused = snapshot.windows.abstained.get(&Abstention::MontageMismatch);
    refused.is_some_and(|windows| *windows > 0).then(|| {
        format!(
            "{} of {} good, but too few of them are electrodes that this pack knows: nothing is decoded. See the Montage page.",
            cap.good,
            snapshot.quality.len()
        )
    })
}

/// What the stream allows, and why not more.
fn flow(stream: &StreamState) -> (CapGrade, Option<String>) {
    let found = |share: Option<f64>, weak: f64| share.filter(|share| *share >= weak);
    let grade =
        |share: f64, grave: f64| if share >= grave { CapGrade::Fails } else { CapGrade::Weak };
    let by_loss = found(stream.lost_share, LOST_SHARE).map(|share| {
        (grade(share, LOST_GRAVE), format!("{} of the samples are lost", percent(share)))
    });
    let by_gaps = found(stream.gap_share, WINDOWS_SHARE).map(|share| {
        (grade(share, WINDOWS_GRAVE), format!("{} of the windows hold gaps", percent(share)))
    });
    let by_lateness = found(stream.late_share, WINDOWS_SHARE).map(|share| {
        (grade(share, WINDOWS_GRAVE), format!("{} of the windows are passed over", percent(share)))
    });
    let by_rate = stream.rate_off.filter(|off| off.abs() >= RATE_OFF).map(|off| {
        let word = if off > 0.0 { "fast" } else { "slow" };
        (CapGrade::Weak, format!("the stream runs {} {word}", percent(off.abs())))
    });
    let all = [by_loss, by_gaps, by_lateness, by_rate];
    // The first of the worst.
    let worst = all.into_iter().flatten().rev().max_by_key(|(grade, _)| *grade);
    worst.map_or((CapGrade::Works, None), |(grade, why)| (grade, Some(why)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("E{i}")).collect()
    }

    fn cap(
        count: usize,
        not_good: &[(usize, QualityVerdict, QualityReason)],
    ) -> Vec<ChannelQuality> {
        let good = ChannelQuality { verdict: QualityVerdict::Good, ..ChannelQuality::default() };
        let mut quality = vec![good; count];
        for (channel, verdict, reason) in not_good {
            quality[*channel].verdict = *verdict;
            quality[*channel].reason = Some(*reason);
        }
        quality
    }

    fn judged(quality: &[ChannelQuality], stream: StreamState) -> CapVerdict {
        CapVerdict::judge(quality, &labels(quality.len()), Some(&vec![1.0; quality.len()]), &stream)
    }

    use QualityReason::{Flat, LineNoise, Off};
    use QualityVerdict::{Bad, Fair};

    #[test]
    fn one_sentence_says_what_works_and_what_to_mend() {
        let none = StreamState::default();
        let said = |not_good: &[_]| judged(&cap(16, not_good), none).sentence;
        assert_eq!(said(&[]), "16 of 16 good: decoding works.");
        assert_eq!(said(&[(3, Bad, Flat)]), "15 of 16 good: decoding works; fix E3 (flat).");
        assert_eq!(
            said(&[(3, Fair, LineNoise)]),
            "15 of 16 good: decoding works; see to E3 (mains hum)."
        );
        let five = [1, 2, 3, 4, 5].map(|channel| (channel, Bad, Flat));
        assert_eq!(
            said(&five),
            "11 of 16 good: decoding does not work, too many electrodes give nothing; fix E1 (flat), E2 (flat), E3 (flat) and \
             2 more."
        );
        assert!(judged(&[ChannelQuality::default(); 4], none).sentence.contains("No verdict"));
        assert!(judged(&[], none).sentence.contains("No verdict"));
    }

    #[test]
    fn what_the_gate_refuses_cannot_be_decoded() {
        let none = StreamState::default();
        let off = |count: usize| -> Vec<_> { (0..count).map(|c| (c, Bad, Off)).collect() };
        assert_eq!(judged(&cap(16, &off(1)), none).grade, CapGrade::Works);
        assert_eq!(judged(&cap(16, &off(2)), none).grade, CapGrade::Fails);
        assert_eq!(judged(&cap(64, &off(6)), none).grade, CapGrade::Works);
    }

    #[test]
    fn electrodes_that_the_pack_does_not_use_do_not_count() {
        let quality = cap(4, &[(0, Bad, Off), (2, Bad, Off), (3, Fair, LineNoise)]);
        let origin = |label: &str, from: &[(&str, f32)]| ChannelOrigin {
            label: label.into(),
            from: from.iter().map(|(label, weight)| ((*label).into(), *weight)).collect(),
        };
        let montage = [origin("A", &[("E1", 1.0)]), origin("B", &[("E1", 0.5), ("E3", -1.5)])];
        let weights = weights(&montage, &labels(4));
        assert_eq!(weights, [0.0, 1.25, 0.0, 0.75]);
        let verdict =
            CapVerdict::judge(&quality, &labels(4), Some(&weights), &StreamState::default());
        assert_eq!((verdict.grade, verdict.fix), (CapGrade::Works, vec![3]));
    }

    #[test]
    fn a_stream_that_loses_comes_late_or_lies_is_part_of_it() {
        let said = |stream| judged(&cap(8, &[]), stream);
        let lost = said(StreamState { lost_share: Some(0.05), ..StreamState::default() });
        assert_eq!(
            lost.sentence,
            "8 of 8 good: decoding does not work, 5.0 % of the samples are lost."
        );
        let late = said(StreamState { late_share: Some(0.97), ..StreamState::default() });
        assert_eq!(late.grade, CapGrade::Fails);
        let off = said(StreamState { rate_off: Some(-0.01), ..StreamState::default() });
        assert_eq!(off.sentence, "8 of 8 good: decoding is weakened, the stream runs 1.0 % slow.");
        let fine = StreamState {
            lost_share: Some(0.0001),
            late_share: Some(0.01),
            gap_share: Some(0.0),
            rate_off: Some(1e-4),
        };
        assert_eq!(said(fine).sentence, "8 of 8 good: decoding works.");
    }

    #[test]
    fn all_electrodes_alike_mean_the_reference() {
        let mut quality = cap(8, &[]);
        for channel in &mut quality {
            channel.copies = Some(0);
        }
        let verdict = judged(&quality, StreamState::default());
        assert!(verdict.sentence.contains("reference and ground"), "{}", verdict.sentence);
    }
}
