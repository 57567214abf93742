//! Whole XDF files whose stamps are wrong in the ways that happen: every event stays with the sample that was taken when it
//! happened. Drawn from seeds, so that no threshold is tuned to one file (`src/time/stretches_tests.rs` draws many more, of
//! the stamps alone).

use std::path::Path;

use phosphene::exchange::survey::{Survey, survey};
use phosphene::exchange::trust;
use phosphene::formats::open;
use phosphene::formats::recording::{Block, Head};
use phosphene::formats::xdf::{ChannelFormat, FileDescription, XdfWriter};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::harness::xdf::description;

const SECS: usize = 20;
const SEEDS: u64 = 25;
const RATES_HZ: [usize; 6] = [100, 125, 200, 250, 256, 500];

/// A recording: samples and events with the times at which they happened and those with which they were stamped.
struct Made {
    rate_hz: usize,
    /// `(happened, stamped)` of each sample, in seconds from the start.
    samples: Vec<[f64; 2]>,
    events: Vec<[f64; 2]>,
    /// Time zero of the stamps of either stream.
    zero_secs: [f64; 2],
}

impl Made {
    fn regular(rate_hz: usize) -> Self {
        let sample = |i: usize| [i as f64 / rate_hz as f64; 2];
        let event = |i: usize| [i as f64 + 0.5; 2];
        Self {
            rate_hz,
            samples: (0..SECS * rate_hz).map(sample).collect(),
            events: (0..SECS - 1).map(event).collect(),
            zero_secs: [1000.0; 2],
        }
    }

    /// Writes it; chunks of a tenth of a second stand in the file as they would have arrived.
    fn write(&self, path: &Path) {
        let mut writer = XdfWriter::new(Vec::new(), &FileDescription::default()).unwrap();
        let mut headset = description("Headset", self.rate_hz as f64, ChannelFormat::Float32, 2);
        headset.kind = "EEG".into();
        let mut marks = description("Marks", 0.0, ChannelFormat::String, 1);
        marks.kind = "Markers".into();
        let ids = [writer.add_stream(&headset).unwrap(), writer.add_stream(&marks).unwrap()];
        for at in 0..=SECS / 5 {
            for (id, zero) in ids.into_iter().zip(self.zero_secs) {
                writer.clock_offset(id, zero + at as f64 * 5.0, 0.0).unwrap();
            }
        }
        let mut events = self.events.iter().enumerate().peekable();
        for chunk in self.samples.chunks(self.rate_hz / 10) {
            let arrived = chunk[chunk.len() - 1][0];
            while let Some((place, event)) = events.next_if(|(_, event)| event[0] < arrived) {
                writer
                    .texts(ids[1], &[self.zero_secs[1] + event[1]], &[format!("m{place}")])
                    .unwrap();
            }
            let stamps: Vec<f64> = chunk.iter().map(|[_, s]| self.zero_secs[0] + s).collect();
            let half_secs = 0.5 / self.rate_hz as f64 + 1e-9;
            let spike = |time: f64| {
                self.events.iter().any(|[happened, _]| (happened - time).abs() <= half_secs)
            };
            let values: Vec<f32> = chunk
                .iter()
                .flat_map(|[time, _]| [*time as f32, if spike(*time) { 1000.0 } else { 0.0 }])
                .collect();
            writer.samples(ids[0], &stamps, &values).unwrap();
        }
        std::fs::write(path, writer.finish().unwrap()).unwrap();
    }

    /// What the program reads; panics where an event is not within a sample of its spike.
    fn read(&self, within_samples: usize, about: &str) -> (Head, Survey) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.xdf");
        self.write(&path);
        let mut reader = open(&path).unwrap();
        let (mut block, mut times, mut spikes) = (Block::default(), Vec::new(), Vec::new());
        while reader.next_block(&mut block).unwrap() {
            if block.stream == 0 {
                times.extend_from_slice(&block.times_secs);
                spikes.extend(block.values.iter().skip(1).step_by(2).map(|v| *v > 500.0));
            }
        }
        let mut reader = open(&path).unwrap();
        let found = survey(&mut *reader, |_| {}).unwrap();
        for event in &found.events {
            let off = |place: &usize| (times[*place] - event.time_secs).abs();
            let nearest = (0..times.len()).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap();
            let around = nearest.saturating_sub(within_samples)
                ..(nearest + within_samples + 1).min(times.len());
            let at = event.time_secs - times[0];
            assert!(spikes[around].iter().any(|spike| *spike), "{about}: {} at {at}", event.label);
        }
        (reader.head().clone(), found)
    }
}

fn each_seed(test: impl Fn(&mut ChaCha8Rng, &str)) {
    for seed in 0..SEEDS {
        test(&mut ChaCha8Rng::seed_from_u64(seed), &format!("seed {seed}"));
    }
}

fn rate(rng: &mut ChaCha8Rng) -> usize {
    RATES_HZ[rng.random_range(0..RATES_HZ.len())]
}

#[test]
fn a_dropout_is_a_gap_and_moves_no_event() {
    each_seed(|rng, about| {
        let mut made = Made::regular(rate(rng));
        let rate_hz = made.rate_hz;
        let from = rng.random_range(3 * rate_hz..15 * rate_hz);
        let lost = rng.random_range((rate_hz / 20).max(5)..4 * rate_hz);
        let (start, end) = (from as f64 / rate_hz as f64, (from + lost) as f64 / rate_hz as f64);
        made.samples.drain(from..from + lost);
        made.events.retain(|[at, _]| *at < start - 0.05 || *at > end + 0.05);
        for sample in &mut made.samples {
            sample[1] += rng.random_range(-0.001..0.001);
        }
        let (_, found) = made.read(1, about);
        let eeg = &found.streams[0];
        assert_eq!(eeg.gap_count, 1, "{about}: {:?}", eeg.gaps);
        let missing = (eeg.gaps[0].step_secs * rate_hz as f64).round() as usize - 1;
        assert!(missing.abs_diff(lost) <= 1, "{about}: {missing} missing, not {lost}");
        assert_eq!(found.events.len(), made.events.len(), "{about}");
    });
}

#[test]
fn behind_a_step_back_the_order_of_arrival_tells() {
    each_seed(|rng, about| {
        let mut made = Made::regular(250);
        let back = (rng.random_range(0.3..6.0_f64) * 1000.0).round() / 1000.0;
        made.events.retain(|[at, _]| (at - 10.0).abs() > 0.05);
        for times in made.samples.iter_mut().chain(&mut made.events) {
            times[1] -= if times[0] >= 10.0 { back } else { 0.0 };
        }
        let (head, found) = made.read(1, about);
        assert_eq!(found.streams[0].gap_count, 0, "{about}");
        assert_eq!(head.streams[0].stamps.steps_back, 1, "{about}");
        let said = format!("stepped back by {back:.3} s at sample 2500");
        let is_said = found.warnings.iter().any(|warning| warning.contains(&said));
        assert!(is_said, "{about}: {:?}", found.warnings);
    });
}

#[test]
fn events_of_a_clock_that_did_not_step_stay() {
    let mut made = Made::regular(250);
    for times in &mut made.samples {
        times[1] -= if times[0] >= 10.0 { 2.0 } else { 0.0 };
    }
    let (_, found) = made.read(1, "another computer's events");
    assert_eq!(found.events.len(), SECS - 1);
}

#[test]
fn impossible_stamps_are_taken_from_their_neighbours() {
    each_seed(|rng, about| {
        let mut made = Made::regular(rate(rng));
        let count = made.samples.len();
        let mut bad = Vec::new();
        for wrong in [f64::NAN, f64::INFINITY, 1e15, -1000.0] {
            let place = rng.random_range(1..count - 1);
            made.samples[place][1] = wrong;
            bad.push(place);
        }
        bad.sort_unstable();
        bad.dedup();
        let (head, found) = made.read(1, about);
        let eeg = &found.streams[0];
        assert_eq!((eeg.samples, eeg.gap_count), (count as u64, 0), "{about}: {:?}", eeg.gaps);
        assert_eq!(head.streams[0].stamps.impossible, bad.len() as u64, "{about}");
        assert!((eeg.last_secs - eeg.first_secs - SECS as f64).abs() < 0.1, "{about}");
    });
}

#[test]
fn streams_without_a_second_in_common_are_told_and_not_placed() {
    let mut made = Made::regular(250);
    made.zero_secs = [1_700_000_000.0, 50.0];
    let (head, found) = made.read(1, "Unix time beside LSL time");
    assert!(found.events.is_empty() && head.streams[1].is_apart);
    let placed = trust::placed(&head, &found, &found.streams[0]);
    assert_eq!(placed.unplaced, (SECS - 1) as u64);
    let verdict = trust::verdict(&trust::lines(&head, &found), &found.warnings);
    assert!(verdict.contains("events"), "{verdict}");
    let is_said = |w: &String| w.contains("Headset looks like Unix time, Marks does not");
    assert!(found.warnings.iter().any(is_said), "{:?}", found.warnings);
}

#[test]
fn a_clean_recording_can_be_trusted() {
    let (head, found) = Made::regular(250).read(0, "clean");
    let lines = trust::lines(&head, &found);
    let about: Vec<_> = lines.iter().map(|line| line.about).collect();
    assert_eq!(about, ["length", "rate", "gaps", "stamps", "clocks", "events", "electrodes"]);
    let odd: Vec<_> =
        lines.iter().filter(|line| line.remedy.is_some()).map(|line| line.about).collect();
    // Its channels are called C0 and C1, and C0 is no electrode.
    assert_eq!(odd, ["electrodes"]);
}
