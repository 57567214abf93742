//! How often the verdicts on electrodes are right: faults of known strength are put on one electrode after the other, into the
//! simulated wearer and into recordings of people, and the verdicts are counted, on those electrodes and on the others.
//!
//! Data of people: N170 and P300 recordings with a Muse (four dry electrodes, 256 Hz), kept outside the repository.

use std::sync::Arc;

use phosphene::dsp::{Chain, ChainConfig, ChannelQuality, Verdict};
use phosphene::signal::{Montage, StimulusSet};
use phosphene::subject::{SimParams, VirtualSubject};

use crate::harness::dsp::{config, meta, rate};
use crate::harness::electrodes::Fault;
use crate::harness::public;

/// Seconds before the fault, and how long after it the verdicts are counted from: the high-pass swings after a step, and a bridge
const BEFORE_SECS: f64 = 8.0;
const SETTLE_SECS: f64 = 6.0;

/// A stretch of signal.
struct Stretch {
    hz: f64,
    channels: usize,
    samples: Vec<f32>,
}

impl Stretch {
    /// The simulated wearer with this cap at this rate.
    fn simulated(cap: &str, hz: f64, secs: f64, subject: u64) -> Self {
        let params = SimParams {
            subject,
            montage: Montage::standard(cap).unwrap(),
            rate: rate(hz),
            ..SimParams::default()
        };
        let mut person = VirtualSubject::new(&params, Arc::new(StimulusSet::bundled().unwrap()));
        let channels = person.channels();
        let mut samples = vec![0.0; (secs * hz) as usize * channels];
        person.next_block(&mut samples, |_| ());
        Self { hz, channels, samples }
    }

    /// The verdicts on every channel, twice a second from when they are counted.
    fn verdicts(&self) -> Vec<Vec<ChannelQuality>> {
        let mut mapping = vec![0.0; self.channels * self.channels];
        mapping.iter_mut().step_by(self.channels + 1).for_each(|weight| *weight = 1.0);
        let mut chain = Chain::prepare(ChainConfig {
            source_channels: self.channels,
            channels: self.channels,
            mapping,
            ..config(self.hz)
        })
        .unwrap();
        let (from, every) =
            (((BEFORE_SECS + SETTLE_SECS) * self.hz) as usize, (self.hz / 2.0) as usize);
        let mut seen = Vec::new();
        for (i, frame) in self.samples.chunks_exact(self.channels).enumerate() {
            chain.push_frame(meta(i, self.hz), frame);
            if i >= from && i % every == 0 {
                seen.push(chain.quality().to_vec());
            }
        }
        seen
    }
}

/// What was counted for one fault.
#[derive(Debug, Default)]
struct Count {
    looks: f64,
    not_good: f64,
    reason: f64,
    others: f64,
    alarms: f64,
}

impl Count {
    fn add(&mut self, fault: Fault, seen: &[Vec<ChannelQuality>], touched: &[usize]) {
        for look in seen {
            for (channel, quality) in look.iter().enumerate() {
                let bad = f64::from(u8::from(quality.verdict != Verdict::Good));
                if touched.contains(&channel) {
                    self.looks += 1.0;
                    self.not_good += bad;
                    self.reason += f64::from(u8::from(quality.reason == fault.reason()));
                } else {
                    self.others += 1.0;
                    self.alarms += bad;
                }
            }
        }
    }

    /// Share of looks at the electrode with the fault that say so, and that give the reason; share of alarms on others.
    fn shares(&self) -> [f64; 3] {
        let of = |part: f64, all: f64| if all > 0.0 { part / all } else { 0.0 };
        [of(self.not_good, self.looks), of(self.reason, self.looks), of(self.alarms, self.others)]
    }
}

/// Puts each fault on every electrode in turn.
fn table(stretches: &[Stretch], faults: &[Fault]) -> Vec<(Fault, [f64; 3])> {
    faults
        .iter()
        .map(|fault| {
            let mut count = Count::default();
            for (s, stretch) in stretches.iter().enumerate() {
                for channel in 0..stretch.channels {
                    let mut samples = stretch.samples.clone();
                    let from = (BEFORE_SECS * stretch.hz) as usize;
                    let seed = (s * 64 + channel) as u64 + 1;
                    let touched =
                        fault.put(&mut samples, stretch.channels, channel, from, stretch.hz, seed);
                    let touched = if *fault == Fault::None { Vec::new() } else { touched };
                    let seen = Stretch { samples, ..*stretch }.verdicts();
                    count.add(*fault, &seen, &touched);
                    if *fault == Fault::None {
                        break;
                    }
                }
            }
            let [not_good, reason, alarms] = count.shares();
            println!(
                "{fault:?}: not good {:.1} %, with this reason {:.1} %, others {:.1} %",
                100.0 * not_good,
                100.0 * reason,
                100.0 * alarms
            );
            (*fault, [not_good, reason, alarms])
        })
        .collect()
}

/// Faults that must be found, of the size that real ones have.
const PLAIN: [Fault; 10] = [
    Fault::OffHum(1500.0),
    Fault::OffWalk(5000.0),
    Fault::Railed,
    Fault::Mains(20.0),
    Fault::Mains(100.0),
    Fault::Drift(800.0),
    Fault::Muscle(20.0),
    Fault::Muscle(80.0),
    Fault::Flat(0.02),
    Fault::Bridged(1.0),
];

/// Weaker ones, for the table.
const FAINT: [Fault; 12] = [
    Fault::OffHum(300.0),
    Fault::OffWalk(500.0),
    Fault::OffWalk(1500.0),
    Fault::Mains(5.0),
    Fault::Mains(10.0),
    Fault::Drift(300.0),
    Fault::Drift(450.0),
    Fault::Muscle(8.0),
    Fault::Muscle(12.0),
    Fault::Flat(0.3),
    Fault::Bridged(0.8),
    Fault::Bridged(0.95),
];

#[test]
fn faults_on_a_simulated_wearer_are_found_and_nothing_else() {
    for hz in [125.0, 250.0, 1000.0] {
        println!("simulated, {hz} Hz");
        let stretches = [1, 2].map(|subject| Stretch::simulated("cyton8", hz, 26.0, subject));
        let [(_, [_, _, clean])] = table(&stretches, &[Fault::None])[..] else { panic!() };
        assert!(clean < 0.05, "{clean} at {hz} Hz");
        for (fault, [not_good, reason, alarms]) in table(&stretches, &PLAIN) {
            assert!(not_good > 0.95, "{fault:?} at {hz} Hz: {not_good}");
            assert!(reason > 0.85, "{fault:?} at {hz} Hz: {reason}");
            assert!(alarms < clean + 0.02, "{fault:?} at {hz} Hz: {alarms}");
        }
    }
}

/// A stretch of a Muse's recording: TP9, AF7, AF8 and TP10 from `from_secs` on.
fn muse(path: &std::path::Path, from_secs: f64, secs: f64) -> Stretch {
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1 + (from_secs * 256.0) as usize).take((secs * 256.0) as usize);
    let values = |line: &str| -> Vec<f32> {
        line.split(',').filter_map(|v| v.parse().ok()).skip(1).take(4).collect()
    };
    Stretch { hz: 256.0, channels: 4, samples: rows.flat_map(values).collect() }
}

#[test]
fn faults_on_recorded_people_are_found_and_little_else() {
    let Some(folder) = public("eeg/neurotechx-eeg-notebooks/N170/subject1/session1") else {
        return;
    };
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let stretches: Vec<Stretch> = paths.iter().map(|path| muse(path, 30.0, 26.0)).collect();
    let [(_, [_, _, clean])] = table(&stretches, &[Fault::None])[..] else { panic!() };
    assert!(clean < 0.15, "{clean}");
    for (fault, [not_good, reason, alarms]) in table(&stretches, &PLAIN) {
        assert!(not_good > 0.95, "{fault:?}: {not_good}");
        assert!(reason > 0.85, "{fault:?}: {reason}");
        assert!(alarms < clean + 0.05, "{fault:?}: {alarms}");
    }
    table(&stretches, &FAINT);
}
