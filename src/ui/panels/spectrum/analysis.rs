//! The arithmetic of the page, done beside the window.
//!
//! Takes jobs: a source, blocks of frames, samples of the channel that is looked at, electrodes. Gives the density of every
//! channel whenever a stretch became whole, columns of the spectrogram, and the weights of a scalp map. Memory is that of
//! [`RunningWelch`] (at most 48 MiB) and of the map.

use crate::dsp::spectrogram::Spectrogram;
use crate::dsp::welch::RunningWelch;
use crate::signal::montage::{Position, interpolation_matrix};
use crate::units::SampleRate;

/// Frames in a row, with where some are missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// `[frames, channels]`, µV.
    pub values: Vec<f32>,
    /// Frames of the block before which some are missing.
    pub gaps: Vec<usize>,
    /// Time of the last frame, seconds on the program's clock.
    pub last_secs: f64,
    /// Nothing newer is there yet.
    pub newest: bool,
    /// So much is missing before it that nothing of before is averaged with it.
    pub anew: bool,
}

/// What spectra are made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// Values in a frame.
    pub channels: usize,
    /// Nominal rate, Hz.
    pub rate_hz: f64,
    /// Length of a stretch, seconds.
    pub stretch_secs: f64,
    /// How many seconds are averaged.
    pub over_secs: f64,
}

/// Something to do; the number says for which choice of the viewer, and comes back with the answer.
#[derive(Debug)]
pub enum Job {
    /// Spectra anew.
    Begin(u64, Setup),
    /// All channels.
    Frames(Block),
    /// Another channel's spectrogram.
    Watch(u64, f64),
    /// That channel alone, `[frames]`.
    Samples(Block),
    /// Weights that take electrodes to places.
    Map(u64, Vec<Position>, Vec<Position>),
}

/// The density of every channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectra {
    /// Of [`Job::Begin`].
    pub id: u64,
    /// Distance of two bins, Hz.
    pub bin_hz: f64,
    /// Bins of a channel.
    pub bins: usize,
    /// `[channels, bins]`, µV²/Hz.
    pub density: Vec<f32>,
    /// Stretches that it rests on, and at most.
    pub stretches: [usize; 2],
}

impl Spectra {
    /// The density of a channel, µV²/Hz.
    pub fn of(&self, channel: usize) -> &[f32] {
        self.density.get(channel * self.bins..(channel + 1) * self.bins).unwrap_or(&[])
    }

    /// The highest frequency that is there, Hz.
    pub fn top_hz(&self) -> f64 {
        self.bins.saturating_sub(1) as f64 * self.bin_hz
    }
}

/// A column of the spectrogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its place: columns of one stretch follow one another, after a gap some are left out.
    pub number: i64,
    /// `[bins]`, dB re 1 µV²/Hz.
    pub decibels: Box<[f32]>,
}

/// What was found.
#[derive(Debug)]
pub enum Answer {
    /// See [`Spectra`].
    Spectra(Spectra),
    /// Columns of the spectrogram, oldest first, with [`Job::Watch`]'s number, the distance of two bins in Hz and of two
    /// columns in seconds.
    Columns(u64, [f64; 2], Vec<Column>),
    /// `[places, electrodes]`.
    Map(u64, Vec<f32>),
}

/// Length of the spectrogram's stretches, seconds: 1 Hz.
const COLUMN_SECS: f64 = 1.0;
/// Time between two of its columns, seconds.
const HOP_SECS: f64 = 0.1;
/// Longest stretch of the spectrogram in samples; shorter than [`COLUMN_SECS`] above 32 kHz.
const MAX_COLUMN: usize = 1 << 15;
/// Most bins of a column that are kept: up to 600 Hz.
const COLUMN_BINS: usize = 601;
/// Powers below this are drawn as this, µV²/Hz: far below any amplifier's noise.
const FLOOR: f64 = 1e-9;

struct Watched {
    id: u64,
    spectrogram: Spectrogram,
    period_secs: f64,
    last: Option<i64>,
    whole: bool,
}

/// The state of the thread.
#[derive(Default)]
pub struct Analysis {
    welch: Option<(u64, RunningWelch, usize)>,
    /// A stretch became whole that was not told.
    due: bool,
    watched: Option<Watched>,
}

impl Analysis {
    /// Does one job.
    pub fn step(&mut self, job: Job) -> Option<Answer> {
        match job {
            Job::Begin(id, setup) => {
                self.begin(id, setup);
                None
            }
            Job::Frames(block) => self.frames(&block),
            Job::Watch(id, rate_hz) => {
                self.watched = watch(id, rate_hz);
                None
            }
            Job::Samples(block) => self.samples(&block),
            Job::Map(id, electrodes, places) => {
                let weights = interpolation_matrix(&electrodes, &places);
                Some(Answer::Map(id, weights.into_iter().map(|w| w as f32).collect()))
            }
        }
    }

    fn begin(&mut self, id: u64, setup: Setup) {
        let spans = [setup.stretch_secs, setup.over_secs];
        let welch = SampleRate::new(setup.rate_hz).ok().and_then(|rate| {
            // A stretch that would be too short is as long as the rate lets it be.
            RunningWelch::prepare(setup.channels, rate, spans)
                .or_else(|_| RunningWelch::prepare(setup.channels, rate, [4.0 / rate.hz(); 2]))
                .ok()
        });
        self.welch = welch.map(|welch| (id, welch, setup.channels));
        self.due = false;
    }

    fn frames(&mut self, block: &Block) -> Option<Answer> {
        let (id, welch, channels) = self.welch.as_mut()?;
        if block.anew {
            welch.forget();
        }
        for (gap, part) in parts(block, *channels) {
            if gap {
                welch.gap();
            }
            self.due |= welch.push(part) > 0;
        }
        if !(self.due && block.newest) {
            return None;
        }
        self.due = false;
        let bins = welch.bins();
        let mut density = vec![0.0; *channels * bins];
        for (channel, out) in density.chunks_exact_mut(bins).enumerate() {
            welch.density(channel, out);
        }
        let (bin_hz, stretches) = (welch.bin_hz(), welch.stretches());
        Some(Answer::Spectra(Spectra { id: *id, bin_hz, bins, density, stretches }))
    }

    fn samples(&mut self, block: &Block) -> Option<Answer> {
        let watched = self.watched.as_mut()?;
        let mut columns = Vec::new();
        let mut left = block.values.len();
        for (gap, part) in parts(block, 1) {
            if gap {
                watched.spectrogram.gap();
                watched.whole = false;
            }
            for value in part {
                left -= 1;
                let last_secs = block.last_secs - left as f64 * watched.period_secs;
                columns.extend(watched.push(*value, last_secs));
            }
        }
        let scale = [watched.spectrogram.bin_hz(), watched.spectrogram.hop_secs()];
        (!columns.is_empty()).then_some(Answer::Columns(watched.id, scale, columns))
    }
}

impl Watched {
    fn push(&mut self, value_uv: f32, last_secs: f64) -> Option<Column> {
        self.whole &= value_uv.is_finite();
        let middle_secs = last_secs - self.spectrogram.middle_before_secs();
        let hop_secs = self.spectrogram.hop_secs();
        let density = self.spectrogram.push(value_uv)?;
        let decibels =
            density.iter().take(COLUMN_BINS).map(|v| (10.0 * v.max(FLOOR).log10()) as f32);
        let by_time = (middle_secs / hop_secs).round() as i64;
        let number = match self.last {
            Some(last) if std::mem::replace(&mut self.whole, true) => last + 1,
            Some(last) => by_time.max(last + 1),
            None => by_time,
        };
        (self.last, self.whole) = (Some(number), true);
        Some(Column { number, decibels: decibels.collect() })
    }
}

fn watch(id: u64, rate_hz: f64) -> Option<Watched> {
    let rate = SampleRate::new(rate_hz).ok()?;
    let length = rate.samples_in(COLUMN_SECS).clamp(16, MAX_COLUMN);
    let hop = rate.samples_in(HOP_SECS).max(1);
    let spectrogram = Spectrogram::prepare(length, hop, rate).ok()?;
    let period_secs = rate.period_secs();
    Some(Watched { id, spectrogram, period_secs, last: None, whole: false })
}

/// A block cut where frames are missing: whether some are missing before a part, and its values.
fn parts(block: &Block, channels: usize) -> impl Iterator<Item = (bool, &[f32])> {
    let frames = block.values.len() / channels.max(1);
    let starts = std::iter::once(0).chain(block.gaps.iter().copied().filter(|gap| *gap > 0));
    let ends = block.gaps.iter().copied().filter(|gap| *gap > 0).chain([frames]);
    let first_gap = block.gaps.first() == Some(&0);
    starts.zip(ends).map(move |(from, to)| {
        let values = block.values.get(from * channels..to * channels).unwrap_or(&[]);
        (from > 0 || first_gap, values)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(values: Vec<f32>, gaps: Vec<usize>, last_secs: f64) -> Block {
        Block { values, gaps, last_secs, newest: true, anew: false }
    }

    #[test]
    fn a_sine_of_ten_microvolts_has_fifty_square_microvolts_in_its_bins() {
        let mut analysis = Analysis::default();
        let setup = Setup { channels: 2, rate_hz: 200.0, stretch_secs: 2.0, over_secs: 8.0 };
        assert!(analysis.step(Job::Begin(7, setup)).is_none());
        let sine = |i: usize| 10.0 * (i as f32 * 0.05 * std::f32::consts::TAU).sin();
        let values = (0..2000).flat_map(|i| [sine(i), 0.0]).collect();
        let Some(Answer::Spectra(spectra)) = analysis.step(Job::Frames(block(values, vec![], 0.0)))
        else {
            panic!("no spectra")
        };
        let near = 18..=22; // 10 Hz in steps of 0.5 Hz
        let power: f32 = spectra.of(0)[near].iter().sum::<f32>() * spectra.bin_hz as f32;
        assert!((power - 50.0).abs() < 0.1, "{power}");
        assert!(spectra.of(1).iter().all(|v| *v == 0.0));
        assert_eq!((spectra.id, spectra.stretches, spectra.top_hz()), (7, [7, 7], 100.0));
        assert!(spectra.of(2).is_empty());
    }

    #[test]
    fn blocks_are_cut_where_frames_are_missing() {
        let whole = block((0..8).map(|i| i as f32).collect(), vec![0, 3], 0.0);
        let cut: Vec<(bool, Vec<f32>)> =
            parts(&whole, 2).map(|(gap, values)| (gap, values.to_vec())).collect();
        assert_eq!(cut, [(true, vec![0., 1., 2., 3., 4., 5.]), (true, vec![6., 7.])]);
    }

    #[test]
    fn columns_are_numbered_by_time_and_leave_room_for_a_gap() {
        let mut analysis = Analysis::default();
        analysis.step(Job::Watch(3, 100.0));
        let mut numbers = Vec::new();
        // Ten seconds, five missing, five more; in blocks of another length than the hop.
        let mut time_secs = 0.0;
        for (frames, gaps) in [(700, vec![]), (300, vec![]), (500, vec![0])] {
            if !gaps.is_empty() {
                time_secs += 5.0;
            }
            time_secs += frames as f64 * 0.01;
            let samples = block(vec![1.0; frames], gaps, time_secs - 0.01);
            if let Some(Answer::Columns(3, [1.0, hop_secs], columns)) =
                analysis.step(Job::Samples(samples))
            {
                assert!((hop_secs - 0.1).abs() < 1e-12);
                numbers.extend(columns.iter().map(|column| column.number));
            }
        }
        // Middles from 0.5 s to 9.5 s, and from 15.5 s to 19.5 s.
        let expected: Vec<i64> = (5..=95).chain(155..=195).collect();
        assert_eq!(numbers, expected);
    }

    #[test]
    fn a_map_keeps_what_electrodes_measure_and_a_common_offset() {
        let at = |label: &str| crate::signal::montage::position(label).unwrap();
        let electrodes: Vec<Position> = ["Fz", "Cz", "Pz", "C3", "C4"].map(at).to_vec();
        let job = Job::Map(9, electrodes.clone(), electrodes);
        let Some(Answer::Map(9, weights)) = Analysis::default().step(job) else { panic!() };
        for (row, weights) in weights.chunks_exact(5).enumerate() {
            assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-4);
            assert!((weights[row] - 1.0).abs() < 1e-2, "{weights:?}");
        }
    }
}
