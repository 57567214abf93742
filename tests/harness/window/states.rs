//! One snapshot for every state of the window, and what it shows: decodes, pictures, packs, sources.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use phosphene::decode::{ControlView, Scope, Show};
use phosphene::pipeline::contract;
use phosphene::signal::montage::{Mounted, Sites};
use phosphene::signal::{Abstention, Lock};
use phosphene::snapshot::*;
use phosphene::source::{SourceCounters, SourceKind};

/// A soft blob on a gradient: something to look at.
pub fn picture(hue: f32, sharp: f32) -> Picture {
    let side = 96u32;
    let mut rgb = Vec::with_capacity((side * side * 3) as usize);
    for y in 0..side {
        for x in 0..side {
            let (u, v) = (x as f32 / side as f32 - 0.5, y as f32 / side as f32 - 0.5);
            let blob = (-(u * u + v * v) * 14.0 * sharp).exp();
            let ripple = 0.5 + 0.5 * ((u * 9.0 + hue * 7.0).sin() * (v * 8.0).cos());
            for channel in 0..3 {
                let tint = 0.5 + 0.5 * ((hue + channel as f32 / 3.0) * std::f32::consts::TAU).cos();
                rgb.push(
                    (255.0 * (0.25 * ripple + 0.75 * blob * tint + 0.08 * v).clamp(0.0, 1.0)) as u8,
                );
            }
        }
    }
    Picture { width: side, height: side, rgb }
}

const LABELS: [&str; 8] = ["O1", "O2", "Oz", "PO7", "PO8", "P3", "P4", "Pz"];

fn source(
    simulated: bool,
    has_markers: bool,
    channels: Vec<String>,
    rate_hz: f64,
) -> Arc<SourceView> {
    let (kind, name) =
        if simulated { (SourceKind::Sim, "Virtual subject 3") } else { (SourceKind::Lsl, "Amp 1") };
    Arc::new(SourceView {
        kind,
        name: name.into(),
        simulated,
        snr_db: simulated.then_some(-14.0),
        mounted: None,
        channels,
        rate_hz,
        unit: "uV".into(),
        has_markers,
        notes: vec!["Unit taken to be µV".into()],
    })
}

fn pack() -> PackView {
    PackView {
        name: "phosphene-demo 1.0".into(),
        sha256: "ab".repeat(32),
        encoder_sha256: "cd".repeat(32),
        simulated_training: true,
        labels: (0..40).map(|i| format!("label {i}")).collect(),
        steps_allowed: vec![1, 2, 4],
        steps: 2,
        steadying: Default::default(),
        showing: Default::default(),
        calibrated_by: Some("simulated subjects, n = 60".into()),
        remembered: Some(6009),
        montage: LABELS
            .iter()
            .map(|l| ChannelOrigin { label: (*l).into(), from: vec![((*l).into(), 1.0)] })
            .collect(),
        expected: Some(Expectation {
            simulated: true,
            source: "simulated subjects never used in training, n = 24".into(),
            gallery: 40,
            chance_top1: 0.025,
            snr_db: Some(-14.0),
            channels: 8,
            interpolated: vec![],
            absent: vec![],
            top1_all_channels: 0.30,
            top1: 0.30,
            at_source_snr: None,
            basis: Basis::Tabled,
        }),
        expected_table: None,
        caution: None,
        credits: vec!["pictures: Drawings, A. Person, MIT (npm drawings@1.0.0)".into()],
        band_hz: [0.5, 40.0],
        window_secs: [0.0, 0.8],
    }
}

fn ranked(labels: [&str; 5], first: f32) -> Vec<RankedLabel> {
    let row = |i: usize| [7, 3, 21, 30, 14][i];
    labels
        .iter()
        .enumerate()
        .map(|(i, label)| RankedLabel {
            row: row(i),
            label: (*label).into(),
            score: first - 0.05 * i as f32,
            probability: None,
        })
        .collect()
}

/// What is believed among forty told pictures, the best guess with this probability.
pub fn believed(labels: [&str; 5], best: f64) -> BelievedView {
    let guess = |(i, label): (usize, &&str)| GuessView {
        row: [7, 3, 21, 30, 14][i],
        label: (*label).into(),
        probability: best / f64::from(1 << i),
    };
    let all: Vec<GuessView> = labels.iter().enumerate().map(guess).collect();
    BelievedView {
        scope: Scope::Told,
        pictures: 40,
        draws: [0, 0, 1, 3].map(|i| all[i].clone()).to_vec(),
        best: all,
        gain_bits: 5.3 * best,
        needed_bits: 5.32,
        noise_bits: 1.1,
        better_than_noise: best > 0.3,
        decided: best >= 0.95,
        something_else: Some(0.12),
        truth_row: Some(7),
        truth_probability: Some(best),
        truth_rank: Some(1),
        more_looks: (best > 0.3 && best < 0.95).then_some(4),
        beyond_calibration: false,
        calibrated_to: 80,
    }
}

/// A running program whose best guess has this probability; below 0.3 it is no better than noise.
pub fn believing(best: f64) -> Snapshot {
    let mut snapshot = running();
    let labels = ["giant panda", "polar bear", "soccer ball", "zebra", "piano"];
    let decode = DecodeView { believed: Some(believed(labels, best)), ..decode(60) };
    snapshot.decode = Some(Arc::new(decode));
    snapshot
}

/// The null twin named the picture too often: everything is withheld.
pub fn control_succeeds() -> Snapshot {
    let mut snapshot = running();
    let control = ControlView {
        trials: 60,
        hits: 9,
        chance: 0.025,
        runs: 40,
        e_value: 310.0,
        e_highest: 310.0,
        succeeded: true,
    };
    let lock = Lock::Stimulus { row: Some(7), onset_secs: 98.2 };
    let decode = DecodeView {
        window: 60,
        lock,
        seen: Some("giant panda".into()),
        k: 1,
        control,
        ..DecodeView::default()
    };
    snapshot.decode = Some(Arc::new(decode));
    (snapshot.truth, snapshot.control) = (None, control);
    snapshot
}

/// A pack that does not say how its encoder answers: no probabilities.
pub fn uncalibrated() -> Snapshot {
    let mut snapshot = running();
    let pack = PackView { calibrated_by: None, remembered: None, ..pack() };
    snapshot.pack = PackState::Ready(Arc::new(pack));
    let decode = DecodeView {
        believed: None,
        twin_believed: None,
        draws: Vec::new(),
        twin_draws: Vec::new(),
        shows: Show::Mean,
        ..decode(60)
    };
    snapshot.decode = Some(Arc::new(decode));
    snapshot
}

/// A decode with all its evidence.
pub fn decode(window: u64) -> DecodeView {
    DecodeView {
        window,
        lock: Lock::Stimulus { row: Some(7), onset_secs: 98.2 },
        k: 1,
        abstain: None,
        top: ranked(["giant panda", "polar bear", "soccer ball", "zebra", "piano"], 0.61),
        margin: 0.052,
        truth_rank: Some(1),
        seen: Some("giant panda".into()),
        believed: Some(believed(
            ["giant panda", "polar bear", "soccer ball", "zebra", "piano"],
            0.62,
        )),
        p_shown: Some(0.025),
        p_value: Some(0.012),
        null_size: 180,
        shows: Show::Best,
        draws: [0.2, 0.3, 0.55, 0.9].map(|hue| Arc::new(picture(hue, 0.6))).to_vec(),
        twin_draws: [0.1, 0.5, 0.7, 0.85].map(|hue| Arc::new(picture(hue, 0.5))).to_vec(),
        twin_believed: Some(believed(["violin", "daisy", "canoe", "anchor", "castle"], 0.11)),
        control: ControlView {
            trials: 58,
            hits: 2,
            chance: 0.025,
            runs: 40,
            e_value: 1.1,
            e_highest: 1.6,
            succeeded: false,
        },
        image: Some(Arc::new(picture(0.25, 0.7))),
        twin_image: Some(Arc::new(picture(0.8, 0.4))),
        twin_top: ranked(["violin", "daisy", "canoe", "anchor", "castle"], 0.38),
        steady_weight: None,
        twin_steady_weight: None,
        noise_held: false,
        seed: 7,
        steps: 2,
        latency: StageTimes {
            arrival: Some(4.0),
            window: Some(2.1),
            wait: Some(0.4),
            encode: Some(6.2),
            denoise: Some(88.0),
            decode_image: Some(31.0),
            window_to_image: Some(127.0),
            screen: Some(14.0),
        },
        embedding_sha256: "ef".repeat(32),
    }
}

fn p3(p50: f32) -> Option<Percentiles> {
    Some(Percentiles { p50, p95: p50 * 1.4, p99: p50 * 1.9 })
}

/// Idle: the program was just started.
pub fn idle() -> Snapshot {
    Snapshot::default()
}

/// Connecting and loading the pack.
pub fn connecting() -> Snapshot {
    Snapshot { run: RunState::Connecting, pack: PackState::Loading, ..Snapshot::default() }
}

/// Everything runs and there is a decode.
pub fn running() -> Snapshot {
    let mut quality = vec![
        ChannelQuality {
            std_uv: 11.0,
            mains_share: 0.02,
            verdict: QualityVerdict::Good,
            ..ChannelQuality::default()
        };
        8
    ];
    (quality[5].verdict, quality[5].reason) =
        (QualityVerdict::Fair, Some(QualityReason::LineNoise));
    (quality[6].verdict, quality[6].reason) = (QualityVerdict::Bad, Some(QualityReason::Flat));
    Snapshot {
        run: RunState::Running,
        source: Some(source(true, true, LABELS.map(String::from).to_vec(), 250.0)),
        received: 25_000,
        pack: PackState::Ready(Arc::new(pack())),
        windows: WindowCounts {
            made: 61,
            decoded: 58,
            steadied: 0,
            skipped: 1,
            abstained: BTreeMap::from([(Abstention::Artefact, 2)]),
        },
        decode: Some(Arc::new(decode(60))),
        stimulus: Some(StimulusView {
            row: Some(7),
            label: "giant panda".into(),
            onset_secs: 98.2,
        }),
        truth: Some(Arc::new(TruthView {
            trials: 58,
            gallery: 40,
            top1: 0.41,
            top5: 0.78,
            chance_top1: 0.025,
            chance_top5: 0.125,
            ci95_top1: [0.29, 0.54],
            p_value: 3e-19,
            by_k: [(1, 0.3), (2, 0.42), (3, 0.55), (5, 0.71), (10, 0.9)]
                .map(|(k, top1)| ScoreAtK { k, trials: 60 / u64::from(k), top1, top5: 0.95 })
                .to_vec(),
        })),
        twin_truth: Some(Score { trials: 58, top1: 0.03, top5: 0.14 }),
        latency: LatencyView {
            arrival: p3(4.0),
            window: p3(2.0),
            wait: p3(0.4),
            encode: p3(6.1),
            denoise: p3(90.0),
            decode_image: p3(30.0),
            window_to_image: p3(126.0),
            screen: p3(13.0),
        },
        images_per_s: 2.9,
        quality: Arc::new(quality),
        notices: vec![
            Notice {
                at_secs: 20.0,
                level: Level::Info,
                text: "Connected to Virtual subject 3.".into(),
            },
            Notice {
                at_secs: 41.0,
                level: Level::Warning,
                text: "P3 shows mains hum. Check its electrode.".into(),
            },
        ],
        counters: SourceCounters {
            clock_offset_secs: 0.00042,
            clock_uncertainty_secs: 0.00009,
            ..SourceCounters::default()
        },
        ..Snapshot::default()
    }
}

/// A person's headset through LSL, without markers.
pub fn no_markers() -> Snapshot {
    let all = decode(60);
    let unknown = all.believed.clone().map(|believed| BelievedView {
        truth_row: None,
        truth_probability: None,
        truth_rank: None,
        ..believed
    });
    let free = DecodeView {
        lock: Lock::Free,
        seen: None,
        truth_rank: None,
        p_shown: None,
        believed: unknown,
        ..all
    };
    Snapshot {
        source: Some(source(false, false, LABELS.map(String::from).to_vec(), 250.0)),
        stimulus: None,
        truth: None,
        twin_truth: None,
        decode: Some(Arc::new(free)),
        ..running()
    }
}

/// The newest window was refused.
pub fn abstaining(reason: Abstention) -> Snapshot {
    let refused = DecodeView {
        window: 61,
        lock: Lock::Stimulus { row: Some(7), onset_secs: 99.0 },
        seen: Some("giant panda".into()),
        abstain: Some(reason),
        ..DecodeView::default()
    };
    Snapshot { decode: Some(Arc::new(refused)), ..running() }
}

/// The pack cannot be used.
pub fn pack_refused() -> Snapshot {
    let why = "encoder.onnx: input 'eeg' has shape [1, 63, 200], pack.toml says [1, 17, 200]. Export it again.";
    Snapshot {
        pack: PackState::Refused(why.into()),
        decode: None,
        truth: None,
        twin_truth: None,
        ..running()
    }
}

/// The headset went out of range.
pub fn lost() -> Snapshot {
    Snapshot { run: RunState::SourceLost { since_secs: 88.0, why: LostWhy::Unknown }, ..running() }
}

/// The stream is not there yet.
pub fn searching() -> Snapshot {
    let hint = "Streams that are there: 'Markers' (Markers). Start the program that sends it.";
    let what = "LSL stream with name='Amp 1'".into();
    let run = RunState::Searching { since_secs: 88.0, what, hint: hint.into() };
    Snapshot { run, pack: PackState::Loading, ..Snapshot::default() }
}

/// A person's headset that sends nothing any more, over a connection that stands.
pub fn stalled() -> Snapshot {
    Snapshot { run: RunState::Stalled { since_secs: 88.0, ever: true }, ..no_markers() }
}

/// It answers again.
pub fn reconnecting() -> Snapshot {
    Snapshot { run: RunState::Reconnecting { since_secs: 88.0 }, ..no_markers() }
}

/// Chunks of two seconds, a percent fast, one sample in twenty lost.
pub fn troubled() -> Snapshot {
    let health = Health {
        nominal_hz: 250.0,
        span_secs: 60.0,
        rate_hz: Some(252.5),
        rate_error_hz: 0.003,
        jitter_secs: Some(0.0004),
        chunk_secs: Some(2.0),
        longest_wait_secs: 2.1,
        drift_ppm: Some((12.0, 1.5)),
        received: 14_250,
        lost: 750,
        lost_by_clock: 750,
    };
    let mut windows = WindowCounts { made: 278, skipped: 263, ..WindowCounts::default() };
    windows.abstained = [(Abstention::Gap, 12), (Abstention::Settling, 3)].into();
    let mut counters = no_markers().counters;
    (counters.lost, counters.lost_by_clock, counters.gaps) = (1812, 1812, 640);
    Snapshot { health, windows, counters, ..no_markers() }
}

/// The recording is over.
pub fn ended() -> Snapshot {
    Snapshot { run: RunState::Ended, ..running() }
}

/// It could not even start.
pub fn failed() -> Snapshot {
    let message = "no LSL stream with type=EEG was found. Start the stream, and see that both computers are in one network.";
    Snapshot {
        run: RunState::Failed { message: message.into(), exit_code: 3 },
        ..Snapshot::default()
    }
}

/// Recording, with frames lost on the way to the file.
pub fn recording(lost: u64) -> Snapshot {
    let path = PathBuf::from("/data/phosphene_2026-11-23T182410Z.xdf");
    Snapshot {
        recording: RecordingState::On { path, frames: 31_250, lost, also: Vec::new() },
        ..running()
    }
}

/// 64 channels at 1000 Hz.
pub fn many_channels() -> Snapshot {
    let channels: Vec<String> = (1..=64).map(|i| format!("E{i}")).collect();
    let quality =
        vec![ChannelQuality { verdict: QualityVerdict::Good, ..ChannelQuality::default() }; 64];
    Snapshot {
        source: Some(source(true, true, channels, 1000.0)),
        quality: Arc::new(quality),
        ..running()
    }
}

/// A headset with these channels before the bundled pack's electrodes and table, and what the labels alone say of it.
pub fn worn(labels: &[String]) -> Snapshot {
    let manifest: toml::Value = toml::from_str(include_str!("../../../models/demo/pack.toml"))
        .expect("the bundled pack says so");
    let wanted: Vec<String> =
        manifest["input"]["channels"].clone().try_into().expect("the bundled pack says so");
    let sites = Sites::by_label(labels);
    let names = sites.names(labels);
    let mounted = Mounted { device_labels: labels.to_vec(), sites, ..Mounted::default() };
    let view = source(false, false, names.clone(), 250.0);
    let source = SourceView { mounted: Some(mounted), ..SourceView::clone(&view) };
    let pack = PackView {
        montage: contract::origins_between(&names, &wanted),
        encoder_sha256: manifest["files"]["encoder.onnx"]
            .as_str()
            .expect("the bundled pack says so")
            .into(),
        expected: None,
        expected_table: Some(Arc::new(
            manifest["expected"].clone().try_into().expect("the bundled pack says so"),
        )),
        ..pack()
    };
    Snapshot {
        source: Some(Arc::new(source)),
        pack: PackState::Ready(Arc::new(pack)),
        quality: Arc::new(vec![ChannelQuality::default(); labels.len()]),
        ..running()
    }
}

/// A headset that names no electrode: Ch1, Ch2 …
pub fn unnamed(channels: usize) -> Snapshot {
    worn(&(1..=channels).map(|i| format!("Ch{i}")).collect::<Vec<_>>())
}

/// Every state with a name.
pub fn all() -> Vec<(&'static str, Snapshot)> {
    vec![
        ("idle", idle()),
        ("connecting", connecting()),
        ("running", running()),
        ("sure", believing(0.97)),
        ("noise", believing(0.12)),
        ("control_succeeds", control_succeeds()),
        ("uncalibrated", uncalibrated()),
        ("no_markers", no_markers()),
        ("abstaining", abstaining(Abstention::Artefact)),
        ("pack_refused", pack_refused()),
        ("lost", lost()),
        ("searching", searching()),
        ("stalled", stalled()),
        ("reconnecting", reconnecting()),
        ("troubled", troubled()),
        ("ended", ended()),
        ("failed", failed()),
        ("recording", recording(0)),
        ("recording_lossy", recording(112)),
        ("many_channels", many_channels()),
        ("unnamed", unnamed(8)),
    ]
}
