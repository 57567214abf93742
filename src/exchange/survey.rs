//! What is in a recording, found out by reading all of it once.
//!
//! Takes any [`ReadRecording`]; gives counts, times, gaps, moments and extremes of every stream, and all
//! events. Memory does not grow with the samples; events and gaps are kept up to a limit, then counted.

use std::collections::BTreeMap;

use crate::formats::events::{MAX_EVENTS, as_events, is_markers};
use crate::formats::recording::{Block, Event, Head, ReadRecording, StreamHead};
use crate::formats::{FormatError, own};
use crate::time::gaps::GAP_PERIODS;

/// Gaps kept for each stream; further ones are counted.
pub const MAX_GAPS: usize = 10_000;

/// A nominal rate further from the measured one than this share is told.
pub const RATE_TOLERANCE: f64 = 0.002;

/// Standard deviations of EEG lie within these, in µV: amplifier noise to drifting electrodes.
const PLAUSIBLE_STD_UV: std::ops::Range<f64> = 0.05..20_000.0;

/// Samples that are missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// Time of the last sample before it, in seconds.
    pub after_secs: f64,
    /// From there to the next sample, in seconds.
    pub step_secs: f64,
}

/// Mean, spread and extremes of a channel, in its unit. Values that are not finite are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    count: u64,
    /// Mean of the finite values; zero when there is none.
    pub mean: f64,
    squares: f64,
    /// Smallest value; infinite when there is none.
    pub min: f64,
    /// Largest value; minus infinity when there is none.
    pub max: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self { count: 0, mean: 0.0, squares: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Moments {
    /// Takes a value. Running mean and squares after Welford (1962).
    fn take(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.count += 1;
        let off = value - self.mean;
        self.mean += off / self.count as f64;
        self.squares += off * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Standard deviation (of the sample as a whole, divided by n).
    pub fn std(&self) -> f64 {
        if self.count == 0 { 0.0 } else { (self.squares / self.count as f64).sqrt() }
    }
}

/// One stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamSurvey {
    /// Samples, each of all channels.
    pub samples: u64,
    /// Time of the first sample, in seconds.
    pub first_secs: f64,
    /// Time of the last sample, in seconds.
    pub last_secs: f64,
    /// Gaps, in order; at most [`MAX_GAPS`].
    pub gaps: Vec<Gap>,
    /// All gaps.
    pub gap_count: u64,
    /// From the last sample before to the first behind each of them: the sum, in seconds.
    pub gap_secs: f64,
    /// The longest of them.
    pub longest_gap: Option<Gap>,
    /// Steps back in time.
    pub steps_back: u64,
    /// Seconds of signal without the gaps.
    signal_secs: f64,
    /// First sample, `[channels]`; empty for text.
    pub first_sample: Vec<f64>,
    /// Last sample, `[channels]`; empty for text.
    pub last_sample: Vec<f64>,
    /// First and last text of a stream of text, `[channels]`.
    pub first_last_text: Option<[Vec<String>; 2]>,
    /// Of each channel; empty for text.
    pub channels: Vec<Moments>,
}

impl StreamSurvey {
    /// Samples per second of signal; gaps do not count. Zero where there are fewer than two samples.
    pub fn measured_rate_hz(&self) -> f64 {
        let steps = self.samples.saturating_sub(1 + self.gap_count + self.steps_back);
        if self.signal_secs > 0.0 { steps as f64 / self.signal_secs } else { 0.0 }
    }
}

/// A whole recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// One for each stream of the head.
    pub streams: Vec<StreamSurvey>,
    /// Annotations of the file and samples of its streams of markers, by time; at most [`MAX_EVENTS`].
    pub events: Vec<Event>,
    /// How many of each label.
    pub event_counts: BTreeMap<String, u64>,
    /// What was odd, the reader's own warnings included.
    pub warnings: Vec<String>,
}

/// Reads a recording to its end. `on_progress` gets the share read, 0 to 1, some times a second of reading.
///
/// # Errors
/// [`FormatError`] of the reader.
pub fn survey(
    reader: &mut dyn ReadRecording,
    mut on_progress: impl FnMut(f64),
) -> Result<Survey, FormatError> {
    let head = reader.head().clone();
    let mut found = Survey {
        streams: head.streams.iter().map(|_| StreamSurvey::default()).collect(),
        ..Survey::default()
    };
    let mut block = Block::default();
    while reader.next_block(&mut block)? {
        found.take(&head, &mut block);
        on_progress(reader.progress());
    }
    found.take_events(&mut block.events);
    found.events.sort_by(|a, b| a.time_secs.total_cmp(&b.time_secs));
    found.warnings.splice(..0, reader.warnings().iter().cloned());
    found.doubt(&head);
    Ok(found)
}

impl Survey {
    fn take(&mut self, head: &Head, block: &mut Block) {
        if let (Some(stream), Some(found)) =
            (head.streams.get(block.stream), self.streams.get_mut(block.stream))
        {
            found.take(stream, block);
            if is_markers(stream) {
                let mut events: Vec<Event> = as_events(block).collect();
                self.take_events(&mut events);
            }
        }
        self.take_events(&mut block.events);
    }

    fn take_events(&mut self, events: &mut Vec<Event>) {
        for event in events.drain(..) {
            if let Some(count) = self.event_counts.get_mut(&event.label) {
                *count += 1;
            } else if self.event_counts.len() < MAX_EVENTS {
                self.event_counts.insert(event.label.clone(), 1);
            }
            if self.events.len() < MAX_EVENTS {
                self.events.push(event);
            }
        }
    }

    /// Warns of a unit that cannot be right, and of a rate that its stamps do not bear out.
    fn doubt(&mut self, head: &Head) {
        for (stream, found) in head.streams.iter().zip(&self.streams) {
            let name = if stream.name.is_empty() { "the signal" } else { &stream.name };
            if let Some(std_uv) = median_std_uv(stream, found)
                && !PLAUSIBLE_STD_UV.contains(&std_uv)
            {
                self.warnings.push(format!(
                    "{name} varies by {std_uv:.3e} µV (standard deviation, median channel), which EEG does \
                     not: its unit may be wrong"
                ));
            }
            let measured = found.measured_rate_hz();
            if stream.rate_hz > 0.0
                && measured > 0.0
                && (measured / stream.rate_hz - 1.0).abs() > RATE_TOLERANCE
            {
                self.warnings.push(format!(
                    "{name} has {} Hz by name and {measured:.2} Hz by its stamps",
                    stream.rate_hz
                ));
            }
            if stream.rate_hz > 0.0 && found.steps_back > 0 {
                self.warnings.push(format!(
                    "the stamps of {name} step back in time {} time(s)",
                    found.steps_back
                ));
            }
        }
    }
}

/// Standard deviation of the median EEG channel, in µV; `None` where no channel is known to be EEG in volts.
fn median_std_uv(stream: &StreamHead, found: &StreamSurvey) -> Option<f64> {
    let is_eeg = |kind: &str| kind.eq_ignore_ascii_case(own::EEG_KIND);
    let mut spreads: Vec<f64> = stream
        .channels
        .iter()
        .zip(&found.channels)
        .filter(|(channel, _)| {
            is_eeg(&channel.kind) || (channel.kind.is_empty() && is_eeg(&stream.kind))
        })
        .filter_map(|(channel, moments)| Some(channel.microvolts()? * moments.std()))
        .collect();
    spreads.sort_by(f64::total_cmp);
    spreads.get(spreads.len() / 2).copied()
}

impl StreamSurvey {
    fn take(&mut self, stream: &StreamHead, block: &Block) {
        let Some((first, last)) = block.times_secs.first().zip(block.times_secs.last()) else {
            return;
        };
        let before = (self.samples > 0).then_some(self.last_secs);
        if before.is_none() {
            self.first_secs = *first;
        }
        self.take_times(stream.rate_hz, before, &block.times_secs);
        self.last_secs = *last;
        let width = stream.channels.len();
        if stream.is_text {
            self.take_texts(width, block);
        } else if width > 0 {
            self.take_values(width, block, before.is_none());
        }
        self.samples += block.times_secs.len() as u64;
    }

    fn take_times(&mut self, rate_hz: f64, before: Option<f64>, times_secs: &[f64]) {
        let longest_secs = if rate_hz > 0.0 { GAP_PERIODS / rate_hz } else { f64::INFINITY };
        let mut last = before;
        for time in times_secs {
            if let Some(after_secs) = last {
                let step_secs = time - after_secs;
                if step_secs > longest_secs {
                    self.gap_count += 1;
                    self.gap_secs += step_secs;
                    if self.longest_gap.is_none_or(|longest| step_secs > longest.step_secs) {
                        self.longest_gap = Some(Gap { after_secs, step_secs });
                    }
                    if self.gaps.len() < MAX_GAPS {
                        self.gaps.push(Gap { after_secs, step_secs });
                    }
                } else if step_secs < 0.0 {
                    self.steps_back += 1;
                } else {
                    self.signal_secs += step_secs;
                }
            }
            last = Some(*time);
        }
    }

    fn take_values(&mut self, width: usize, block: &Block, is_first: bool) {
        self.channels.resize(width, Moments::default());
        for row in block.values.chunks_exact(width) {
            for (moments, value) in self.channels.iter_mut().zip(row) {
                moments.take(*value);
            }
        }
        let mut rows = block.values.chunks_exact(width);
        if is_first {
            self.first_sample = rows.next().unwrap_or_default().to_vec();
        }
        self.last_sample = block.values.rchunks_exact(width).next().unwrap_or_default().to_vec();
    }

    fn take_texts(&mut self, width: usize, block: &Block) {
        if width == 0 || block.texts.len() < width {
            return;
        }
        let last = block.texts[block.texts.len() - width..].to_vec();
        match &mut self.first_last_text {
            Some(texts) => texts[1] = last,
            None => self.first_last_text = Some([block.texts[..width].to_vec(), last]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::recording::ChannelHead;

    struct Given {
        head: Head,
        blocks: std::vec::IntoIter<Block>,
    }

    impl ReadRecording for Given {
        fn head(&self) -> &Head {
            &self.head
        }
        fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
            *block = self.blocks.next().unwrap_or_default();
            Ok(!block.times_secs.is_empty())
        }
        fn rewind(&mut self) -> Result<(), FormatError> {
            Ok(())
        }
        fn progress(&self) -> f64 {
            1.0
        }
        fn warnings(&self) -> &[String] {
            &[]
        }
    }

    fn channel(unit: &str) -> ChannelHead {
        ChannelHead { unit: unit.into(), kind: "EEG".into(), ..ChannelHead::default() }
    }

    #[test]
    fn counts_gaps_moments_and_markers() {
        let eeg =
            StreamHead { rate_hz: 10.0, channels: vec![channel("uV")], ..StreamHead::default() };
        let markers = StreamHead {
            kind: "Markers".into(),
            is_text: true,
            channels: vec![ChannelHead::default()],
            ..StreamHead::default()
        };
        let head = Head { streams: vec![eeg, markers], ..Head::default() };
        let first = Block {
            times_secs: vec![0.0, 0.1, 0.2],
            values: vec![1.0, 2.0, 3.0],
            ..Block::default()
        };
        let marks = Block {
            stream: 1,
            times_secs: vec![0.15, 0.05],
            texts: vec!["b".into(), "a".into()],
            ..Block::default()
        };
        let last = Block { times_secs: vec![0.5, 0.6], values: vec![4.0, 5.0], ..Block::default() };
        let mut given = Given { head, blocks: vec![first, marks, last].into_iter() };
        let found = survey(&mut given, |_| {}).unwrap();
        let eeg = &found.streams[0];
        assert_eq!((eeg.samples, eeg.first_secs, eeg.last_secs, eeg.gap_count), (5, 0.0, 0.6, 1));
        assert!((eeg.gaps[0].after_secs - 0.2).abs() < 1e-12);
        assert!((eeg.measured_rate_hz() - 10.0).abs() < 1e-9);
        assert_eq!(
            (eeg.channels[0].mean, eeg.channels[0].min, eeg.channels[0].max),
            (3.0, 1.0, 5.0)
        );
        assert!((eeg.channels[0].std() - 2.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!((eeg.first_sample[0], eeg.last_sample[0]), (1.0, 5.0));
        let labels: Vec<_> = found.events.iter().map(|event| event.label.as_str()).collect();
        assert_eq!(labels, ["a", "b"]);
        assert_eq!(found.warnings, [""; 0]);
    }

    #[test]
    fn volts_called_microvolts_are_doubted() {
        let eeg =
            StreamHead { rate_hz: 10.0, channels: vec![channel("uV")], ..StreamHead::default() };
        let head = Head { streams: vec![eeg], ..Head::default() };
        let block = Block {
            times_secs: (0..100).map(|i| f64::from(i) * 0.1).collect(),
            values: (0..100).map(|i| 2e-5 * f64::from(i).sin()).collect(),
            ..Block::default()
        };
        let mut given = Given { head, blocks: vec![block].into_iter() };
        let found = survey(&mut given, |_| {}).unwrap();
        assert!(found.warnings[0].contains("unit may be wrong"), "{:?}", found.warnings);
    }
}
