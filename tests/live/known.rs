//! A device whose every value, number and picture is known, read offline in reads of uneven size.

use phosphene::signal::{Chunk, FrameMeta, Marker, StimulusSet};
use phosphene::source::{ReadStatus, Source, SourceCounters, SourceError, SourceInfo, SourceKind};
use phosphene::time::clock::Clock;
use phosphene::units::SampleRate;

use crate::harness::dsp::Noise;

pub const CHANNELS: usize = 4;
pub const RATE_HZ: f64 = 250.0;
pub const FRAMES: u64 = 7500;
/// A picture appears every so many seconds, each another one.
pub const SOA_SECS: f64 = 0.9;
pub const PICTURES: usize = 32;

/// The value of a channel in a frame: white noise of 12 µV, the same for ever.
pub fn sent(number: u64, channel: usize) -> f32 {
    let mut noise =
        Noise((number * CHANNELS as u64 + channel as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    noise.next_uv();
    noise.next_uv()
}

/// When picture `row` appears, in seconds since the first frame.
pub fn onset_secs(row: usize) -> f64 {
    0.7001 + row as f64 * SOA_SECS
}

/// A device whose every value is known; offline, in reads of uneven size.
pub struct Known {
    next: u64,
    reads: u64,
    ids: Vec<String>,
}

impl Known {
    pub fn new(set: &StimulusSet) -> Self {
        Self { next: 0, reads: 0, ids: set.stimuli.iter().map(|s| s.id.clone()).collect() }
    }
}

impl Source for Known {
    fn prepare(&mut self, _: &Clock) -> Result<SourceInfo, SourceError> {
        Ok(SourceInfo {
            kind: SourceKind::Sim,
            name: "known".into(),
            simulated: true,
            snr_db: None,
            channels: ["O1", "Oz", "O2", "Pz"].map(String::from).to_vec(),
            rate: SampleRate::new(RATE_HZ).unwrap(),
            source_unit: "uV".into(),
            has_markers: true,
            notes: vec![],
            mounted: None,
        })
    }

    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError> {
        if self.next == FRAMES {
            return Ok(ReadStatus::End);
        }
        self.reads += 1;
        let most = [1, 7, 64, 250, 512][self.reads as usize % 5];
        while chunk.len() < most && self.next < FRAMES {
            let time_secs = self.next as f64 / RATE_HZ;
            for row in (0..PICTURES).filter(|row| (onset_secs(*row) * RATE_HZ) as u64 == self.next)
            {
                assert!(chunk.push_marker(Marker::stimulus_onset(onset_secs(row), &self.ids[row])));
            }
            let values: [f32; CHANNELS] = std::array::from_fn(|channel| sent(self.next, channel));
            let meta = FrameMeta {
                index: self.next,
                time_secs,
                arrival_secs: time_secs,
                gap_before: false,
            };
            assert!(chunk.push(meta, &values));
            self.next += 1;
        }
        Ok(ReadStatus::Data)
    }

    fn counters(&self) -> SourceCounters {
        SourceCounters::default()
    }

    fn is_offline(&self) -> bool {
        true
    }

    fn stop(&mut self) {}
}
