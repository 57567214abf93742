//! The virtual subject: the same bits for the same parameters, a spectrum and responses like those of a person, and
//! the signal-to-noise ratio that was asked for.

use std::f64::consts::PI;
use std::sync::Arc;

use phosphene::signal::montage::Montage;
use phosphene::signal::{Chunk, MarkerEvent, StimulusSet};
use phosphene::source::simulator::SimulatedSource;
use phosphene::source::{CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source};
use phosphene::subject::evoked::{BAND_HZ, POSTERIOR, SPAN_SECS};
use phosphene::subject::{Event, Schedule, SimParams, Speed, VirtualSubject};
use phosphene::time::clock::Clock;
use phosphene::units::SampleRate;
use proptest::prelude::*;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

const RATE_HZ: f64 = 250.0;

fn bundled() -> Arc<StimulusSet> {
    Arc::new(StimulusSet::bundled().unwrap())
}

/// `[frames, channels]` and the onsets (row, seconds).
fn record(
    params: &SimParams,
    set: Arc<StimulusSet>,
    frames: usize,
) -> (Vec<f32>, Vec<(usize, f64)>) {
    let mut subject = VirtualSubject::new(params, set);
    let mut samples = vec![0.0; frames * subject.channels()];
    let mut onsets = Vec::new();
    subject.next_block(&mut samples, |event| {
        if let Event::Onset(trial) = event {
            onsets.push((trial.row, trial.onset_secs));
        }
    });
    (samples, onsets)
}

fn channel(samples: &[f32], params: &SimParams, label: &str) -> Vec<f64> {
    let at = params.montage.labels.iter().position(|l| l == label).unwrap();
    samples.iter().skip(at).step_by(params.montage.len()).map(|v| f64::from(*v)).collect()
}

fn average_referenced(mut samples: Vec<f32>, channels: usize) -> Vec<f32> {
    for frame in samples.chunks_exact_mut(channels) {
        let mean = frame.iter().sum::<f32>() / channels as f32;
        frame.iter_mut().for_each(|v| *v -= mean);
    }
    samples
}

/// Power density in µV²/Hz by Welch's method, Hann window, 1 Hz steps.
fn spectrum(samples: &[f64]) -> Vec<f64> {
    let n = RATE_HZ as usize;
    let fft = FftPlanner::new().plan_fft_forward(n);
    let window: Vec<f64> =
        (0..n).map(|i| 0.5 - 0.5 * (2.0 * PI * i as f64 / n as f64).cos()).collect();
    let norm = window.iter().map(|w| w * w).sum::<f64>() * RATE_HZ / 2.0;
    let mut power = vec![0.0; n / 2];
    let segments: Vec<&[f64]> = samples.windows(n).step_by(n / 2).collect();
    for segment in &segments {
        let mean = segment.iter().sum::<f64>() / n as f64;
        let mut values: Vec<Complex<f64>> =
            segment.iter().zip(&window).map(|(v, w)| ((v - mean) * w).into()).collect();
        fft.process(&mut values);
        for (p, v) in power.iter_mut().zip(&values) {
            *p += v.norm_sqr() / norm / segments.len() as f64;
        }
    }
    power
}

/// Keeps [`BAND_HZ`] of a whole recording, without phase.
fn band_limited(samples: &[f64]) -> Vec<f64> {
    let n = samples.len();
    let mut values: Vec<Complex<f64>> = samples.iter().map(|v| (*v).into()).collect();
    let mut planner = FftPlanner::new();
    planner.plan_fft_forward(n).process(&mut values);
    for (i, value) in values.iter_mut().enumerate() {
        let hz = i.min(n - i) as f64 * RATE_HZ / n as f64;
        if !(BAND_HZ[0]..=BAND_HZ[1]).contains(&hz) {
            *value = Complex::default();
        }
    }
    planner.plan_fft_inverse(n).process(&mut values);
    values.iter().map(|v| v.re / n as f64).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn any_cutting_into_blocks_gives_the_same_bits(cuts in proptest::collection::vec(1usize..700, 1..12)) {
        let params = SimParams { subject: 5, ..SimParams::default() };
        let frames: usize = cuts.iter().sum();
        let (whole, onsets) = record(&params, bundled(), frames);
        let mut subject = VirtualSubject::new(&params, bundled());
        let (mut pieces, mut heard) = (Vec::new(), Vec::new());
        for cut in cuts {
            let mut block = vec![f32::NAN; cut * 16];
            subject.next_block(&mut block, |event| {
                if let Event::Onset(trial) = event {
                    heard.push((trial.row, trial.onset_secs));
                }
            });
            pieces.extend(block);
        }
        prop_assert!(whole.iter().zip(&pieces).all(|(a, b)| a.to_bits() == b.to_bits()));
        prop_assert_eq!(onsets, heard);
    }
}

#[test]
fn real_time_and_offline_give_the_same_samples_and_markers() {
    let real_time = SimParams { seconds: Some(8.0), ..SimParams::default() };
    let offline = SimParams { speed: Speed::Max, ..real_time.clone() };
    let (clock, hand) = Clock::manual(100.0);
    let read_all = |params: &SimParams, steps_secs: f64| {
        let mut source = SimulatedSource::new(params.clone(), bundled());
        hand.set_secs(100.0);
        let info = source.prepare(&clock).unwrap();
        assert!(info.simulated && info.name.contains("SIMULATED"));
        let start_secs = source.start_secs().unwrap();
        let mut chunk = Chunk::with_capacity(16, CHUNK_FRAMES, CHUNK_MARKERS);
        let (mut samples, mut markers, mut times) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            chunk.clear();
            match source.read(&mut chunk).unwrap() {
                ReadStatus::End => return (samples, markers, times),
                ReadStatus::Data => {}
                _ => hand.set_secs(clock.now_secs() + steps_secs),
            }
            let now_secs = clock.now_secs();
            assert!(chunk.frames().iter().all(|f| source.is_offline() || f.time_secs <= now_secs));
            samples.extend_from_slice(chunk.samples());
            markers.extend(
                chunk.markers().iter().map(|m| (m.time_secs - start_secs, m.label().to_owned())),
            );
            times.extend(chunk.frames().iter().map(|f| (f.index, f.time_secs - start_secs)));
        }
    };
    let fast = read_all(&offline, 0.0);
    assert_eq!(fast.0.len(), 2000 * 16);
    for steps_secs in [0.004, 0.3] {
        let slow = read_all(&real_time, steps_secs);
        assert_eq!(fast.0, slow.0);
        assert_eq!(fast.2.len(), slow.2.len());
        for (a, b) in fast.1.iter().zip(&slow.1) {
            assert_eq!(a.1, b.1);
            assert!((a.0 - b.0).abs() < 1e-9);
        }
    }
}

#[test]
fn markers_tell_the_schedule_at_its_exact_times() {
    let params = SimParams { speed: Speed::Max, seconds: Some(60.0), ..SimParams::default() };
    let set = bundled();
    let mut source = SimulatedSource::new(params.clone(), set.clone());
    source.prepare(&Clock::manual(0.0).0).unwrap();
    let mut expected = Schedule::new(&params, set.len());
    assert_eq!(source.schedule().shown_at(30.0), expected.shown_at(30.0));
    let mut chunk = Chunk::with_capacity(16, 100, CHUNK_MARKERS);
    let (mut onsets, mut offsets) = (0, 0);
    while source.read(&mut chunk).unwrap() != ReadStatus::End {
        for marker in chunk.markers() {
            match marker.event() {
                MarkerEvent::StimulusOnset(id) => {
                    let trial = expected.next().unwrap();
                    assert_eq!(
                        (marker.time_secs, id),
                        (trial.onset_secs, set.stimuli[trial.row].id.as_str())
                    );
                    onsets += 1;
                }
                MarkerEvent::StimulusOffset => offsets += 1,
                MarkerEvent::Flash(flash) => panic!("{flash:?}"),
                MarkerEvent::FlashPause => panic!("a pause"),
                MarkerEvent::Other(label) => panic!("{label}"),
            }
        }
        chunk.clear();
    }
    assert!((68..75).contains(&onsets), "{onsets}");
    assert!(offsets == onsets || offsets + 1 == onsets);
}

#[test]
fn subjects_and_sessions_differ() {
    let one = SimParams::default();
    let other_subject = SimParams { subject: 2, ..one.clone() };
    let other_session = SimParams { seed: 2, ..one.clone() };
    let a = record(&one, bundled(), 2500);
    assert_eq!(a, record(&one, bundled(), 2500));
    for params in [other_subject, other_session] {
        let b = record(&params, bundled(), 2500);
        assert_ne!(a.0, b.0);
        assert_ne!(a.1, b.1);
    }
}

#[test]
fn the_same_head_under_another_cap_gives_the_same_signal_at_the_same_place() {
    let params = SimParams { artefacts: 0.0, ..SimParams::default() };
    let wide = SimParams { montage: Montage::standard("biosemi64").unwrap(), ..params.clone() };
    let (narrow_samples, wide_samples) =
        (record(&params, bundled(), 2000).0, record(&wide, bundled(), 2000).0);
    let (a, b) = (channel(&narrow_samples, &params, "Oz"), channel(&wide_samples, &wide, "Oz"));
    let difference: f64 =
        a.iter().zip(&b).map(|(x, y)| (x - y).powi(2)).sum::<f64>() / a.len() as f64;
    // Only the electrodes' own noise of 1 µV differs.
    assert!((difference.sqrt() - 2f64.sqrt()).abs() < 0.15, "{}", difference.sqrt());
}

#[test]
fn the_spectrum_has_one_over_f_alpha_and_mains() {
    for (subject, line_hz) in [(1, 50.0), (2, 60.0), (3, 50.0)] {
        let params = SimParams { subject, line_hz, ..SimParams::default() };
        let (samples, _) = record(&params, bundled(), 120 * 250);
        let oz = channel(&samples, &params, "O2");
        let power = spectrum(&oz);
        let mean = |band: std::ops::Range<usize>| {
            let n = band.len() as f64;
            power[band].iter().sum::<f64>() / n
        };
        // Under 1/f the ratio of densities is that of the frequencies: 28 Hz / 3.5 Hz = 8, white noise of the
        // electrodes and evoked responses move it.
        let fall = mean(2..6) / mean(26..31);
        assert!((4.0..40.0).contains(&fall), "subject {subject}: {fall}");
        let alpha = power[8..13].iter().copied().fold(0.0, f64::max);
        assert!(alpha > 1.5 * mean(14..17), "subject {subject}: {alpha}");
        let line = line_hz as usize;
        let peak = power[line] / mean(line - 6..line - 2);
        println!(
            "subject {subject}: fall {fall:.1}, alpha {:.1}, mains {peak:.1}",
            alpha / mean(14..17)
        );
        assert!(peak > 4.0, "subject {subject}: {peak}");
        let quiet = SimParams { artefacts: 0.0, ..params.clone() };
        let samples = record(&quiet, bundled(), 60 * 250).0;
        for label in &quiet.montage.labels {
            let values = channel(&samples, &quiet, label);
            let rms = (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt();
            assert!((3.0..30.0).contains(&rms), "subject {subject} {label}: {rms} µV");
        }
        assert!(spectrum(&channel(&samples, &quiet, "O2"))[line] < power[line] / 3.0);
    }
}

#[test]
fn the_mean_response_has_p1_and_n1_at_the_back_of_the_head() {
    // Without artefacts and without picture-specific part, 2000 trials of four people.
    let (mut sum, mut trials) = (vec![0.0; 16 * 125], 0.0);
    for subject in 1..=4 {
        let params = SimParams {
            subject,
            artefacts: 0.0,
            snr_db: -40.0,
            repeats: 1,
            ..SimParams::default()
        };
        let (samples, onsets) = record(&params, bundled(), 500 * 200);
        let samples = average_referenced(samples, 16);
        for (_, onset_secs) in &onsets {
            let first = (onset_secs * RATE_HZ).round() as usize;
            let (Some(epoch), true) = (samples.get(first * 16..(first + 125) * 16), first > 25)
            else {
                continue;
            };
            let before = &samples[(first - 25) * 16..first * 16];
            for (i, value) in epoch.iter().enumerate() {
                let baseline = before.iter().skip(i % 16).step_by(16).sum::<f32>() / 25.0;
                sum[i] += f64::from(value - baseline);
            }
            trials += 1.0;
        }
    }
    let params = SimParams::default();
    let erp = |label: &str, ms: usize| {
        let at = params.montage.labels.iter().position(|l| l == label).unwrap();
        sum[(ms * 250 / 1000) * 16 + at] / trials
    };
    let peak_ms = |label: &str, sign: f64, from: usize, to: usize| {
        (from..to)
            .step_by(4)
            .max_by(|a, b| (sign * erp(label, *a)).total_cmp(&(sign * erp(label, *b))))
            .unwrap()
    };
    for (p1, n1) in [("PO7", "P7"), ("PO8", "P8")] {
        assert!((85..=115).contains(&peak_ms(p1, 1.0, 60, 140)), "{p1}");
        assert!((150..=190).contains(&peak_ms(n1, -1.0, 130, 220)), "{n1}");
        assert!(erp(p1, 100) > 1.0 && erp(p1, 100) > erp("Fz", 100) + 1.5, "{}", erp(p1, 100));
        assert!(erp(n1, 172) < -2.0 && erp(n1, 172) < erp("Fz", 172) - 3.0, "{}", erp(n1, 172));
    }
    assert!(erp("Pz", 432) > 1.0 && erp("Pz", 432) > erp("Fz", 432) + 1.0);
    assert!(erp("Pz", 0).abs() < 0.5);
}

/// Unit vectors in random directions.
fn random_pictures(count: usize) -> StimulusSet {
    let mut state = 7u64;
    let mut uniform = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / (1u64 << 31) as f64 - 0.5
    };
    let mut set = StimulusSet { dim: 128, ..StimulusSet::default() };
    for i in 0..count {
        // Sums of uniform values are near enough to normal.
        let row: Vec<f64> = (0..128).map(|_| (0..12).map(|_| uniform()).sum::<f64>()).collect();
        let norm = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        set.embeddings.extend(row.iter().map(|v| (v / norm) as f32));
        let png = std::borrow::Cow::Borrowed(&[][..]);
        set.stimuli.push(phosphene::signal::Stimulus {
            id: format!("p{i}"),
            label: String::new(),
            png,
        });
    }
    set
}

#[test]
fn the_signal_to_noise_ratio_measured_is_the_one_asked_for() {
    let frames = 400 * 250;
    for (set, subject, asked_db, rate_note) in [
        (Arc::new(random_pictures(400)), 1, -14.0, "random pictures"),
        (Arc::new(random_pictures(400)), 2, 0.0, "random pictures"),
        (bundled(), 3, -5.0, "bundled pictures"),
    ] {
        let with = SimParams {
            subject,
            snr_db: asked_db,
            artefacts: 0.0,
            repeats: 1,
            soa_secs: 1.5,
            ..SimParams::default()
        };
        // The same noise with hardly any picture-specific response, and with no pictures at all.
        let without = SimParams { snr_db: -40.0, ..with.clone() };
        let (a, onsets) = record(&with, set.clone(), frames);
        let (b, _) = record(&without, set, frames);
        let nothing = Arc::new(StimulusSet { dim: 128, ..StimulusSet::default() });
        let (noise, none) = record(&with, nothing, frames);
        assert!(none.is_empty());
        let specific: Vec<f32> = a.iter().zip(&b).map(|(x, y)| x - y).collect();
        let (specific, noise) = (average_referenced(specific, 16), average_referenced(noise, 16));
        let (mut signal_power, mut noise_power) = (0.0, 0.0);
        for label in POSTERIOR {
            let signal = band_limited(&channel(&specific, &with, label));
            let span = (SPAN_SECS * RATE_HZ) as usize;
            let starts = onsets.iter().map(|(_, secs)| (secs * RATE_HZ).round() as usize);
            let epochs: Vec<&[f64]> = starts.filter_map(|s| signal.get(s..s + span)).collect();
            signal_power += epochs.iter().flat_map(|e| e.iter()).map(|v| v * v).sum::<f64>()
                / (epochs.len() * span) as f64;
            let noise = band_limited(&channel(&noise, &with, label));
            noise_power += noise.iter().map(|v| v * v).sum::<f64>() / noise.len() as f64;
        }
        // What the run at −40 dB took away from the difference.
        let left = (1.0 - 10f64.powf((-40.0 - asked_db) / 20.0)).powi(2);
        let measured_db = 10.0 * (signal_power / left / noise_power).log10();
        println!(
            "{rate_note}, subject {subject}: asked {asked_db} dB, measured {measured_db:.2} dB"
        );
        assert!(
            (measured_db - asked_db).abs() < 1.0,
            "{rate_note}: {measured_db} instead of {asked_db} dB"
        );
    }
}

#[test]
fn other_rates_show_the_same_brain() {
    let params = SimParams {
        rate: SampleRate::new(1000.0).unwrap(),
        artefacts: 0.0,
        ..SimParams::default()
    };
    let (samples, onsets) = record(&params, bundled(), 10_000);
    assert_eq!(onsets, record(&SimParams::default(), bundled(), 2500).1);
    let values = channel(&samples, &params, "Oz");
    let rms = (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt();
    assert!((3.0..30.0).contains(&rms), "{rms}");
}
