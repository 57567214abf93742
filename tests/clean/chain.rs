//! The cleaner in the chain: what is clean gives the same windows, a delay changes when they come and nothing else, a blink
//! that would have been refused is decoded, a gap is survived.

use phosphene::dsp::clean::{CleanSetup, Cleaner, Learn, Phase, SubspaceSetup};
use phosphene::dsp::{Chain, ChainConfig, GateConfig, Reference, Windows};
use phosphene::signal::montage::position;
use phosphene::signal::{Abstention, FrameMeta, Lock, Window};
use phosphene::units::SampleRate;

use super::signal::{CHANNELS, signal};

const HZ: f64 = 250.0;
const LABELS: [&str; CHANNELS] = ["Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2"];

fn rate() -> SampleRate {
    SampleRate::new(HZ).unwrap()
}

fn config() -> ChainConfig {
    let mut mapping = vec![0.0; CHANNELS * CHANNELS];
    mapping.iter_mut().step_by(CHANNELS + 1).for_each(|weight| *weight = 1.0);
    ChainConfig {
        source_rate: rate(),
        source_channels: CHANNELS,
        mapping,
        channels: CHANNELS,
        rate: rate(),
        band_hz: [0.5, 40.0],
        band_order: 4,
        notch_hz: None,
        reference: Reference::CommonAverage,
        window_secs: [0.0, 0.8],
        baseline_secs: Some([-0.2, 0.0]),
        windows: Windows { locked: true, flashes: false, free: false, hop_secs: 0.25 },
        settle_secs: 1.0,
        gate: GateConfig { artefact_peak_to_peak_uv: 150.0, ..GateConfig::default() },
    }
}

fn chain(subspace: Option<SubspaceSetup>) -> Chain {
    let setup = CleanSetup {
        rate: rate(),
        used: vec![true; CHANNELS],
        places: LABELS.map(position).to_vec(),
        named_bad: Vec::new(),
        watch_bad: false,
        reference: Vec::new(),
        subspace,
    };
    Chain::prepare(config()).unwrap().with_cleaner(Cleaner::prepare(setup).unwrap())
}

fn asr(delay_secs: f64) -> Option<SubspaceSetup> {
    Some(SubspaceSetup { cutoff: 20.0, delay_secs, statistics: None, learn: Learn::Here })
}

/// Windows at every 0.9 s from 1.5 s on, one of five with a blink, and how long after the last sample of its span each came, in frames.
fn run(chain: &mut Chain, frames: usize) -> Vec<(Window, usize)> {
    let all = signal();
    let mut window = Window::with_shape(CHANNELS, chain.window_samples());
    let mut found = Vec::new();
    for (at, frame) in all.chunks_exact(CHANNELS).take(frames).enumerate() {
        let time_secs = at as f64 / HZ;
        if at % 226 == 0 {
            chain.push_onset(Some(1), time_secs + 1.5);
        }
        let gap_before = at == 3000;
        chain.push_frame(
            FrameMeta { index: at as u64, time_secs, arrival_secs: time_secs, gap_before },
            frame,
        );
        while chain.pop_window(time_secs, &mut window) {
            let Lock::Stimulus { onset_secs, .. } = window.lock else { unreachable!() };
            let due = ((onset_secs + 0.8) * HZ).round() as usize;
            found.push((window.clone(), at + 1 - due.min(at + 1)));
        }
    }
    found
}

#[test]
fn before_anything_is_learned_windows_are_as_without() {
    let plain = run(&mut Chain::prepare(config()).unwrap(), 12_000);
    assert!(plain.len() > 35);
    for delay_secs in [0.0, 0.1] {
        let cleaned = run(&mut chain(asr(delay_secs)), 12_000);
        let settled = |window: &Window| window.abstain != Some(Abstention::Settling);
        let usable = |(w, _): &&(Window, usize)| settled(w) && w.abstain != Some(Abstention::Gap);
        // Those that settle later, or wait over the gap, by the delay are not to be had.
        for (found, late) in cleaned.iter().filter(usable) {
            let (same, soon) = plain.iter().find(|(w, _)| w.lock == found.lock).unwrap();
            assert_eq!(found.abstain, same.abstain);
            let apart = found.samples_uv.iter().zip(&same.samples_uv);
            assert!(apart.clone().all(|(a, b)| (a - b).abs() < 1e-3), "{:?}", found.lock);
            assert_eq!(*late, soon + (delay_secs * HZ) as usize);
        }
        let usable = cleaned.iter().filter(usable).count();
        assert!(usable + 4 >= plain.len(), "{usable} of {}", plain.len());
    }
}

#[test]
fn windows_with_blinks_are_decoded_once_it_is_learned() {
    let refused = |windows: &[(Window, usize)]| {
        let late = windows.iter().filter(|(w, _)| w.last_sample_secs > 82.0);
        late.filter(|(w, _)| w.abstain == Some(Abstention::Artefact)).count()
    };
    let plain = run(&mut Chain::prepare(config()).unwrap(), usize::MAX);
    let mut with = chain(asr(0.1));
    let cleaned = run(&mut with, usize::MAX);
    // The gap at 12 s restarts nothing but the settling: a minute is collected all the same.
    assert_eq!(with.cleaner().unwrap().effect().phase, Phase::Cleaning);
    assert!(refused(&plain) > 0, "no blink was refused");
    assert_eq!(refused(&cleaned), 0);
}
