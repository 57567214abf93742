//! Running quality of every source channel.
//!
//! Takes blocks of raw and filtered frames `[frames × channels]`, µV; gives one [`ChannelQuality`] a channel, renewed twice a
//! second from medians over half-overlapping seconds, sixteen channels at a time so that no block costs much. The filtered
//! signal is looked at 125 to 250 times a second, the raw one through a causal decimation to 500 to 1000 Hz (less where it is
//! slower), so that a rate of 4096 Hz costs little more than one of 500 and gives the same verdicts.
//!
//! Everything goes by the count of frames: any cutting of a stream into blocks gives the same verdicts at the same frame, bit
//! for bit, where `railed` is given frame by frame. Given once a block, a rail may be seen up to a block earlier. Does not
//! allocate after `prepare`; keeps below 10 MB for 1024 channels at any rate.

use super::bands::Bands;
use super::bridges::Bridges;
use super::decimate::{Decimator, Rows};
use super::past::{LOOKS, Look, Past};
use super::verdict::{Features, Reason, Verdict, judge};
use crate::dsp::error::DspError;
use crate::units::SampleRate;

/// Stretch that is judged: long enough for bins of 1 Hz, short enough to see a loose contact at once.
const SPAN_SECS: f64 = 1.0;

/// Seconds that are looked at in a second: they overlap by half.
const LOOKS_PER_SEC: usize = 2;

/// Seconds over which medians are taken: for what is unusable, and for what asks for care.
const RECENT: usize = 3;
const STEADY: usize = LOOKS;

/// The raw signal is looked at no slower than this, where it comes that fast: 100 Hz must be free of what folds onto it.
const RAW_HZ: f64 = 500.0;

/// The filtered signal is looked at no slower than this: it ends at some 40 Hz, and power does not mind folding.
const FILTERED_HZ: f64 = 125.0;

/// Channels that are renewed together: a line of the cache.
const LANES: usize = 16;

/// Least frames in a second that make a spectrum.
const LEAST_FRAMES: usize = 8;

/// Quality of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChannelQuality {
    /// Standard deviation after notch and band-pass, µV, of a second: the median over the last four seconds.
    pub std_uv: f32,
    /// Share of the raw signal's power in 1–100 Hz (or up to half the rate) that lies at mains ± 1 Hz, likewise.
    pub mains_share: f32,
    /// Root mean square at the mains ± 1 Hz, µV, likewise.
    pub mains_uv: f32,
    /// Root mean square in 20–75 Hz without the mains, µV, likewise.
    pub fast_uv: f32,
    /// How far the level has wandered within eight seconds, µV.
    pub drift_uv: f32,
    /// Impedance, where it was measured, kΩ.
    pub impedance_kohm: Option<f32>,
    /// The channel whose signal this one shows too.
    pub copies: Option<u16>,
    /// What all that adds up to.
    pub verdict: Verdict,
    /// Why it is not good.
    pub reason: Option<Reason>,
}

/// Watches all channels.
pub struct QualityMeter {
    channels: usize,
    raw: Decimator,
    filtered: Rows,
    /// Frames from one look at the filtered signal to the next, and since the last.
    filtered_every: usize,
    filtered_phase: usize,
    bands: Bands,
    bridges: Bridges,
    pasts: Vec<Past>,
    qualities: Vec<ChannelQuality>,
    frames: u64,
    frames_per_span: u64,
    /// Groups due per row, as a fraction: due += groups; one for every `renewal_rows`.
    due: usize,
    renewal_rows: usize,
    turn: usize,
    /// `[LANES, rows]`: the channels that are renewed now, each in one stretch.
    seconds: Vec<f32>,
}

impl QualityMeter {
    /// For `channels` channels at `rate`; the mains are looked for at 50, 60 and `mains_hz`.
    ///
    /// # Errors
    /// [`DspError::OutOfRange`] when a second has too few samples for a spectrum.
    pub fn prepare(
        rate: SampleRate,
        channels: usize,
        mains_hz: Option<f64>,
    ) -> Result<Self, DspError> {
        let frames = rate.samples_in(SPAN_SECS);
        if frames < LEAST_FRAMES {
            let (what, expected) = ("the rate of a quality meter", "at least 8 Hz");
            return Err(DspError::OutOfRange { what, expected, got: rate.hz() });
        }
        let every = |hz: f64| ((rate.hz() / hz) as usize).max(1);
        let (factor, filtered_every) = (every(RAW_HZ), every(FILTERED_HZ));
        let rows = frames / factor;
        Ok(Self {
            channels,
            raw: Decimator::prepare(factor, rows, channels),
            filtered: Rows::prepare(frames / filtered_every, channels),
            filtered_every,
            filtered_phase: 0,
            bands: Bands::prepare(rows, factor, rate.hz(), mains_hz),
            bridges: Bridges::prepare(frames / filtered_every, channels, rows),
            pasts: vec![Past::default(); channels],
            qualities: vec![ChannelQuality::default(); channels],
            frames: 0,
            frames_per_span: frames as u64,
            due: 0,
            renewal_rows: (rows / LOOKS_PER_SEC).max(1),
            turn: 0,
            seconds: vec![0.0; LANES * rows],
        })
    }

    /// Forgets everything but impedances. Does not allocate.
    pub fn reset(&mut self) {
        self.raw.reset();
        self.filtered.reset();
        self.bridges.reset();
        self.pasts.iter_mut().for_each(Past::forget);
        self.qualities.fill(ChannelQuality::default());
        (self.frames, self.filtered_phase, self.due, self.turn) = (0, 0, 0, 0);
    }

    /// The newest verdicts, `[channels]`.
    pub fn qualities(&self) -> &[ChannelQuality] {
        &self.qualities
    }

    /// Takes what the amplifier measured at an electrode, kΩ; `None` where that is no longer known.
    pub fn set_impedance_kohm(&mut self, channel: usize, kohm: Option<f32>) {
        if let Some(past) = self.pasts.get_mut(channel) {
            past.impedance_kohm = kohm.filter(|kohm| kohm.is_finite());
        }
    }

    /// Takes the next frames, raw and filtered, each `[frames × channels]`, row-major, µV. `railed` says which values were at
    /// the end of the amplifier's range: `[frames × channels]`, or `[channels]` for all of the block.
    pub fn push_block(&mut self, raw_uv: &[f32], filtered_uv: &[f32], railed: &[bool]) {
        let width = self.channels.max(1);
        let by_frame = railed.len() == raw_uv.len();
        let frames = raw_uv.chunks_exact(width).zip(filtered_uv.chunks_exact(width));
        for (i, (raw, filtered)) in frames.enumerate() {
            if by_frame {
                self.note_rails(&railed[i * width..(i + 1) * width]);
            } else if i == 0 {
                self.note_rails(railed);
            }
            self.push(raw, filtered);
        }
        if !by_frame {
            self.note_rails(railed);
        }
    }

    fn note_rails(&mut self, railed: &[bool]) {
        // Rare, and found out many at a time.
        if railed.iter().fold(false, |any, railed| any | railed) {
            for (past, _) in self.pasts.iter_mut().zip(railed).filter(|(_, railed)| **railed) {
                past.railed_at = Some(self.frames);
            }
        }
    }

    fn push(&mut self, raw: &[f32], filtered: &[f32]) {
        self.frames += 1;
        self.filtered_phase += 1;
        if self.filtered_phase == self.filtered_every {
            self.filtered_phase = 0;
            self.filtered.next().copy_from_slice(filtered);
        }
        let was_full = self.raw.rows().is_full();
        if !self.raw.push(raw) || !self.raw.rows().is_full() || !self.filtered.is_full() {
            return;
        }
        self.bridges.tick(&self.filtered);
        let groups = self.channels.div_ceil(LANES);
        // The first group at once, the others after it.
        self.due += if was_full { groups } else { groups.max(self.renewal_rows) };
        while self.due >= self.renewal_rows {
            self.due -= self.renewal_rows;
            self.renew(self.turn * LANES);
            self.turn = (self.turn + 1) % groups;
        }
    }

    /// Judges the channels from `first` on anew.
    fn renew(&mut self, first: usize) {
        let lanes = (self.channels - first).min(LANES);
        let stds = self.deviations(first, lanes);
        let levels = self.gather(first, lanes);
        let rows = self.raw.rows().len();
        for lane in 0..lanes {
            let second = &mut self.seconds[lane * rows..(lane + 1) * rows];
            let made = self.bands.look(second);
            let past = &mut self.pasts[first + lane];
            past.remember(Look { std_uv: stds[lane], made }, levels[lane]);
            let railed = past.railed_at.is_some_and(|at| self.frames - at <= self.frames_per_span);
            let (near, copy) = self.bridges.near(first + lane);
            let recent = Features { railed, ..past.features(RECENT) };
            let steady = Features { copy, railed, ..past.features(STEADY) };
            let (verdict, reason) = judge(&recent, &steady);
            self.qualities[first + lane] = ChannelQuality {
                std_uv: steady.std_uv,
                mains_share: steady.mains_share,
                mains_uv: steady.mains_uv,
                fast_uv: steady.fast_uv,
                drift_uv: steady.drift_uv,
                impedance_kohm: steady.impedance_kohm,
                copies: copy.then_some(near.channel),
                verdict,
                reason,
            };
        }
    }

    /// Standard deviations of the filtered second.
    fn deviations(&self, first: usize, lanes: usize) -> [f32; LANES] {
        let (mut sums, mut squares) = ([0.0_f32; LANES], [0.0_f32; LANES]);
        let count = self.filtered.len() as f32;
        for row in self.filtered.iter() {
            for (sum, value) in sums.iter_mut().zip(&row[first..first + lanes]) {
                *sum += value;
            }
        }
        for row in self.filtered.iter() {
            for ((square, sum), value) in
                squares.iter_mut().zip(&sums).zip(&row[first..first + lanes])
            {
                let off = value - sum / count;
                *square += off * off;
            }
        }
        squares.map(|square| (square / count).sqrt())
    }

    /// Fills `seconds` with the raw second, mean removed, channel after channel, and gives the level of the newer half.
    /// A value that is not a number counts as the mean.
    fn gather(&mut self, first: usize, lanes: usize) -> [f32; LANES] {
        let count = self.raw.rows().len();
        let (mut base, mut sums, mut newer) = ([0.0_f32; LANES], [0.0; LANES], [0.0; LANES]);
        for (i, row) in self.raw.rows().iter().enumerate() {
            let row = &row[first..first + lanes];
            if i == 0 {
                let finite = |v: &f32| if v.is_finite() { *v } else { 0.0 };
                base.iter_mut().zip(row).for_each(|(base, v)| *base = finite(v));
            }
            let mut off = [0.0; LANES];
            for ((off, base), value) in off.iter_mut().zip(&base).zip(row) {
                let step = value - base;
                *off = if step.is_finite() { step } else { 0.0 };
            }
            let late = i >= count / 2;
            for lane in 0..LANES {
                sums[lane] += off[lane];
                newer[lane] += if late { off[lane] } else { 0.0 };
                self.seconds[lane * count + i] = off[lane];
            }
        }
        for (second, sum) in self.seconds.chunks_exact_mut(count).zip(&sums) {
            let mean = sum / count as f32;
            second.iter_mut().for_each(|value| *value -= mean);
        }
        std::array::from_fn(|lane| base[lane] + newer[lane] / (count - count / 2) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNELS: usize = 19;

    /// Noise with some hum, one channel at the rail for a moment, and one that copies another.
    fn signal(frames: usize, hz: f64) -> (Vec<f32>, Vec<bool>) {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        let (mut values, mut railed) = (Vec::new(), vec![false; frames * CHANNELS]);
        for i in 0..frames {
            let hum = (std::f64::consts::TAU * 50.0 * i as f64 / hz).sin() as f32;
            let start = values.len();
            values.extend((0..CHANNELS).map(|c| 20.0 * next() + 2.0 * c as f32 * hum));
            values[start + 3] = values[start + 4];
            railed[i * CHANNELS + 6] = i == frames / 2;
        }
        (values, railed)
    }

    /// Debug text, since what is not a number is the same here.
    fn watched(hz: f64, cut: impl Fn(usize) -> usize) -> Vec<String> {
        let (values, railed) = signal(6 * hz as usize, hz);
        let mut meter =
            QualityMeter::prepare(SampleRate::new(hz).unwrap(), CHANNELS, None).unwrap();
        let (mut at, mut blocks, mut seen) = (0, 0, Vec::new());
        let stop = |at: usize| (at / (hz as usize / 4) + 1) * (hz as usize / 4) * CHANNELS;
        while at < values.len() {
            let end = (at + cut(blocks) * CHANNELS).min(stop(at / CHANNELS)).min(values.len());
            meter.push_block(&values[at..end], &values[at..end], &railed[at..end]);
            (at, blocks) = (end, blocks + 1);
            if (end / CHANNELS).is_multiple_of(hz as usize / 4) {
                seen.push(format!("{:?}", meter.qualities()));
            }
        }
        seen
    }

    #[test]
    fn any_cutting_into_blocks_gives_the_same_verdicts_to_the_last_bit() {
        for hz in [125.0, 256.0, 1000.0, 4096.0] {
            let whole = watched(hz, |_| usize::MAX >> 8);
            assert_eq!(whole.len(), 24);
            assert!(whole.iter().any(|seen| seen.contains("Railed")));
            assert!(whole[23].contains("LineNoise") && whole[23].contains("copies: Some(4)"));
            assert_eq!(whole, watched(hz, |_| 1), "{hz} Hz, frame by frame");
            assert_eq!(whole, watched(hz, |block| 1 + block * 7 % 23), "{hz} Hz, unevenly");
        }
    }

    #[test]
    fn a_second_is_waited_for_and_reset_forgets_all_but_impedances() {
        let rate = SampleRate::new(250.0).unwrap();
        let mut meter = QualityMeter::prepare(rate, CHANNELS, None).unwrap();
        let (values, railed) = signal(500, 250.0);
        let part = 249 * CHANNELS;
        meter.push_block(&values[..part], &values[..part], &railed[..part]);
        assert!(meter.qualities().iter().all(|q| q.verdict == Verdict::Unknown));
        meter.set_impedance_kohm(1, Some(2600.0));
        meter.set_impedance_kohm(2, Some(f32::NAN));
        meter.set_impedance_kohm(CHANNELS, Some(1.0));
        meter.reset();
        assert!(meter.qualities().iter().all(|q| q.verdict == Verdict::Unknown));
        meter.push_block(&values, &values, &[false; CHANNELS]);
        let said = |channel: usize| {
            (meter.qualities()[channel].verdict, meter.qualities()[channel].reason)
        };
        assert_eq!(said(1), (Verdict::Bad, Some(Reason::Impedance)));
        assert_eq!(meter.qualities()[2].impedance_kohm, None);
    }

    #[test]
    fn what_is_not_a_number_spoils_its_own_channel_only() {
        let (sound, _) = signal(4000, 1000.0);
        let mut broken = sound.clone();
        for frame in broken.chunks_exact_mut(CHANNELS) {
            (frame[0], frame[7]) = (f32::NAN, f32::MAX);
        }
        let [sound, broken] = [sound, broken].map(|values| {
            let rate = SampleRate::new(1000.0).unwrap();
            let mut meter = QualityMeter::prepare(rate, CHANNELS, None).unwrap();
            meter.push_block(&values, &values, &[]);
            meter.qualities().to_vec()
        });
        assert_eq!([broken[0].verdict, broken[7].verdict], [Verdict::Bad; 2]);
        assert_eq!(broken[1..7], sound[1..7]);
        assert_eq!(broken[8..], sound[8..]);
    }

    #[test]
    fn rates_that_make_no_spectrum_are_refused_and_all_others_work() {
        let rate = |hz: f64| SampleRate::new(hz).unwrap();
        assert!(QualityMeter::prepare(rate(1.0), 4, None).is_err());
        for hz in [8.0, 10.5, 33.3, 64.0, 124.9, 499.0, 999.0, 1001.0, 16_384.0, 100_000.0] {
            let mut meter = QualityMeter::prepare(rate(hz), 2, None).unwrap();
            let frames = (2.0 * hz) as usize + 2;
            let values: Vec<f32> = (0..2 * frames).map(|i| (i * i % 37) as f32).collect();
            meter.push_block(&values, &values, &[false; 2]);
            assert!(meter.qualities().iter().all(|q| q.verdict != Verdict::Unknown), "{hz}");
        }
    }
}
