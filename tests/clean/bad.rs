//! Bad electrodes: MNE's weights, patience before one goes and before it comes back, no jump between the two.

use phosphene::dsp::clean::bad::{BAD_AFTER_SECS, BadElectrodes, GOOD_AFTER_SECS};
use phosphene::dsp::quality::electrodes::ChannelQuality;
use phosphene::dsp::quality::verdict::Verdict;
use phosphene::units::SampleRate;

use super::signal::vectors;

fn rate() -> SampleRate {
    SampleRate::new(100.0).unwrap()
}

fn verdicts(count: usize, bad: &[usize]) -> Vec<ChannelQuality> {
    let verdict = |c: usize| if bad.contains(&c) { Verdict::Bad } else { Verdict::Good };
    (0..count)
        .map(|c| ChannelQuality { verdict: verdict(c), ..ChannelQuality::default() })
        .collect()
}

/// Within 1e-6, as the montage's own interpolation: float32 of frames.
#[test]
fn what_is_put_in_place_is_mnes() {
    let vectors = vectors().interpolation;
    let names = &vectors.names;
    for case in vectors.cases {
        let named: Vec<bool> = names.iter().map(|n| case.bad.contains(n)).collect();
        let places: Vec<_> = vectors.positions.iter().copied().map(Some).collect();
        let mut bad = BadElectrodes::prepare(&places, &named, false, rate()).unwrap();
        assert_eq!(bad.count(), case.bad.len());
        for (from, good) in case.good.iter().enumerate() {
            // One good electrode at a time says 1: what the bad ones then say is their weight.
            let mut frame: Vec<f32> =
                names.iter().map(|n| f32::from(u8::from(n == good))).collect();
            named.iter().zip(&mut frame).filter(|(n, _)| **n).for_each(|(_, v)| *v = 1e6);
            bad.process_frame(&mut frame, &[]);
            for (name, weights) in case.bad.iter().zip(&case.matrix) {
                let got = frame[names.iter().position(|n| n == name).unwrap()];
                assert!((f64::from(got) - weights[from]).abs() < 1e-6, "{name} from {good}");
            }
        }
    }
}

/// Frames for which an electrode counts as replaced, while its verdict follows `is_bad`.
fn replaced(is_bad: impl Fn(usize) -> bool, frames: usize) -> Vec<bool> {
    let positions = vectors().interpolation.positions;
    let places: Vec<_> = positions.iter().copied().map(Some).collect();
    let mut bad = BadElectrodes::prepare(&places, &[], true, rate()).unwrap();
    let (good, ill) = (verdicts(16, &[]), verdicts(16, &[3]));
    let step = |t: usize| {
        let mut frame = [1.0; 16];
        bad.process_frame(&mut frame, if is_bad(t) { &ill } else { &good });
        // Splines keep what all electrodes share.
        assert!(frame.iter().all(|v| (v - 1.0).abs() < 1e-4), "{frame:?}");
        bad.count() == 1
    };
    (0..frames).map(step).collect()
}

#[test]
fn a_verdict_needs_time_both_ways() {
    let seen = replaced(|t| (500..1500).contains(&t), 3000);
    let first = seen.iter().position(|r| *r).unwrap();
    let last = seen.iter().rposition(|r| *r).unwrap();
    let (after, until) = ((first - 500) as f64 / 100.0, (last - 1500) as f64 / 100.0);
    assert!((BAD_AFTER_SECS - 0.3..BAD_AFTER_SECS + 0.3).contains(&after), "{after}");
    assert!((GOOD_AFTER_SECS..GOOD_AFTER_SECS + 0.6).contains(&until), "{until}");
    let turns = seen.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(turns, 2);
}

#[test]
fn a_flickering_verdict_changes_nothing() {
    let seen = replaced(|t| t % 100 < 50, 3000);
    assert!(seen.iter().all(|r| !r), "half a second is too short to go");
    let seen = replaced(|t| t < 500 || t % 300 < 150, 3000);
    assert!(seen[300..].iter().all(|r| *r), "a second and a half is too short to come back");
}

#[test]
fn one_becomes_the_other_without_a_jump() {
    let positions = vectors().interpolation.positions;
    let places: Vec<_> = positions.iter().copied().map(Some).collect();
    let mut bad = BadElectrodes::prepare(&places, &[], true, rate()).unwrap();
    let ill = verdicts(16, &[3]);
    let mut before = 100.0;
    for _ in 0..400 {
        let mut frame = [0.0; 16];
        frame[3] = 100.0;
        bad.process_frame(&mut frame, &ill);
        let step: f32 = before - frame[3];
        assert!((0.0..=4.1).contains(&step), "{step} µV");
        before = frame[3];
    }
    assert!(before.abs() < 1e-3, "replaced in the end: {before}");
}

#[test]
fn too_many_are_not_replaced_and_nonsense_is_refused() {
    let positions = vectors().interpolation.positions;
    let places: Vec<_> = positions.iter().copied().map(Some).collect();
    let mut bad = BadElectrodes::prepare(&places, &[], true, rate()).unwrap();
    let ill = verdicts(16, &[0, 1, 2, 3, 4, 5, 6, 7]);
    (0..500).for_each(|_| bad.process_frame(&mut [0.0; 16], &ill));
    assert_eq!(bad.count(), 4, "a quarter");
    bad.reset();
    assert_eq!(bad.count(), 0);
    let mut unplaced = places.clone();
    unplaced[2] = None;
    let named: Vec<bool> = (0..16).map(|c| c == 2).collect();
    assert!(BadElectrodes::prepare(&unplaced, &named, false, rate()).is_err());
    assert!(BadElectrodes::prepare(&places, &[true; 16], false, rate()).is_err());
}
