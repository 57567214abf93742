//! How well an electrode sits, by the small alternating current that a board can send through it.
//!
//! Takes one channel's raw signal while the current flows, µV, frame by frame; gives an impedance about every second:
//! amplitude at the current's frequency ÷ current − the board's own resistor. The amplitude is that of a sine, found by
//! correlation with sine and cosine under a Hann window over a whole number of periods: what is not at that frequency, as an
//! offset, the mains or EEG, does not count. The same at two frequencies beside it tells what noise would read. Causal;
//! allocates nothing after it is made.
//!
//! Formula and figures: OpenBCI's own program, which takes √2 · standard deviation within its pass band for the amplitude;
//! with EEG in that band it reads higher than this one.

use crate::units::SampleRate;

/// Periods that one measurement spans: about a second at 31.25 Hz, and whole, so that an offset counts for nothing.
const PERIODS: f64 = 31.0;

/// How far beside the current's frequency noise is looked at, in periods a measurement: beyond what the window spreads.
const BESIDE: [f64; 2] = [-5.0, 5.0];

/// Most samples of one measurement; a rate that needs more is not one of a board that can do this.
const MOST_SAMPLES: f64 = 1e6;

/// The current that a board sends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Current {
    /// Amplitude in A.
    pub amps: f64,
    /// Frequency in Hz.
    pub hz: f64,
    /// The board's resistor before the electrode, in ohm.
    pub series_ohm: f64,
}

/// An impedance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impedance {
    /// At the current's frequency, in ohm; never below zero.
    pub ohm: f32,
    /// What the signal beside it would read, in ohm.
    pub noise_ohm: f32,
}

/// One frequency's share of a measurement.
#[derive(Clone, Copy, Debug, Default)]
struct Tone {
    step: f64,
    sine: f64,
    cosine: f64,
}

/// Measures one channel at a time.
#[derive(Clone, Debug)]
pub struct ContactMeter {
    current: Current,
    samples: usize,
    tones: [Tone; 3],
    taken: usize,
    first_uv: f64,
    channel: Option<usize>,
    /// The current flows: a gap has passed since it was switched on.
    flows: bool,
}

impl ContactMeter {
    /// A meter for this rate; `None` where the rate cannot hold the frequency.
    pub fn new(rate: SampleRate, current: Current) -> Option<Self> {
        let samples = (PERIODS * rate.hz() / current.hz).round();
        let fits = current.hz > 0.0 && samples <= MOST_SAMPLES && current.hz < rate.hz() / 2.5;
        let tone = |beside: f64| Tone {
            step: std::f64::consts::TAU * (PERIODS + beside) / samples,
            ..Tone::default()
        };
        fits.then(|| Self {
            current,
            samples: samples as usize,
            tones: [tone(0.0), tone(BESIDE[0]), tone(BESIDE[1])],
            taken: 0,
            first_uv: 0.0,
            channel: None,
            flows: false,
        })
    }

    /// Says which channel the current flows through from now on. Nothing is measured until a gap has passed: what came
    /// before was taken without it.
    pub fn attend(&mut self, channel: Option<usize>) {
        if channel != self.channel {
            self.channel = channel;
            self.flows = false;
            self.begin();
        }
    }

    /// Takes the next sample of that channel, µV; gives a figure when one is complete. What is not a number begins anew.
    pub fn push(&mut self, value_uv: f32, gap_before: bool) -> Option<Impedance> {
        if gap_before {
            self.flows = self.channel.is_some();
            self.begin();
        }
        let value_uv = f64::from(value_uv);
        if !self.flows || !value_uv.is_finite() {
            self.begin();
            return None;
        }
        if self.taken == 0 {
            self.first_uv = value_uv;
        }
        let at = self.taken as f64;
        let turn = std::f64::consts::TAU * at / self.samples as f64;
        let weighed = (value_uv - self.first_uv) * (0.5 - 0.5 * turn.cos());
        for tone in &mut self.tones {
            let (sine, cosine) = (tone.step * at).sin_cos();
            tone.sine += weighed * sine;
            tone.cosine += weighed * cosine;
        }
        self.taken += 1;
        (self.taken == self.samples).then(|| self.conclude())
    }

    fn begin(&mut self) {
        self.taken = 0;
        for tone in &mut self.tones {
            (tone.sine, tone.cosine) = (0.0, 0.0);
        }
    }

    fn conclude(&mut self) -> Impedance {
        // A Hann window's mean is one half; a sine's amplitude is twice the length of its correlation.
        let amplitude = |tone: Tone| tone.sine.hypot(tone.cosine) * 4.0 / self.samples as f64;
        let [at, below, above] = self.tones.map(amplitude);
        let ohm = |amplitude_uv: f64| amplitude_uv * 1e-6 / self.current.amps;
        let impedance = Impedance {
            ohm: (ohm(at) - self.current.series_ohm).max(0.0) as f32,
            noise_ohm: ohm((below + above) / 2.0) as f32,
        };
        self.begin();
        impedance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CYTON: Current = Current { amps: 6e-9, hz: 31.25, series_ohm: 2200.0 };

    /// What is measured at a rate through `ohm` on top of `rest`, which is given the time.
    fn measured(rate_hz: f64, ohm: f64, rest: impl Fn(f64) -> f64) -> Impedance {
        let mut meter = ContactMeter::new(SampleRate::new(rate_hz).unwrap(), CYTON).unwrap();
        meter.attend(Some(0));
        let amplitude_uv = (ohm + CYTON.series_ohm) * CYTON.amps * 1e6;
        let mut found = None;
        for i in 0..(2.2 * rate_hz) as usize {
            let t = i as f64 / rate_hz;
            let value = amplitude_uv * (std::f64::consts::TAU * CYTON.hz * t + 0.7).sin() + rest(t);
            found = meter.push(value as f32, i == 0).or(found);
        }
        found.unwrap()
    }

    #[test]
    fn a_known_resistor_reads_as_itself() {
        for rate_hz in [125.0, 250.0, 1000.0] {
            for ohm in [0.0, 1e3, 5e3, 50e3, 2e6] {
                let found = f64::from(measured(rate_hz, ohm, |_| 0.0).ohm);
                assert!((found - ohm).abs() <= 1.0 + ohm * 1e-5, "{rate_hz} Hz, {ohm}: {found}");
            }
        }
    }

    #[test]
    fn offset_mains_and_alpha_do_not_count() {
        let tau = std::f64::consts::TAU;
        let rest = |t: f64| {
            40_000.0 + 50.0 * (tau * 50.0 * t).sin() + 30.0 * (tau * 10.0 * t).sin() + 20.0 * t
        };
        let found = measured(250.0, 5e3, rest);
        assert!((found.ohm - 5e3).abs() < 100.0, "{found:?}");
        assert!(found.noise_ohm < 300.0, "{found:?}");
    }

    #[test]
    fn noise_is_told_from_a_contact() {
        // A reproducible noise of 100 µV: 17 kΩ would drown in it.
        let mut state = 1_u64;
        let mut meter = ContactMeter::new(SampleRate::new(250.0).unwrap(), CYTON).unwrap();
        meter.attend(Some(0));
        let mut found = None;
        for i in 0..1000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let noise = ((state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5) * 346.0;
            found = meter.push(noise, i == 0).or(found);
        }
        let found = found.unwrap();
        assert!(found.noise_ohm > 500.0, "{found:?}");
    }

    #[test]
    fn nothing_is_measured_before_the_current_flows_or_across_a_gap() {
        let mut meter = ContactMeter::new(SampleRate::new(250.0).unwrap(), CYTON).unwrap();
        assert!((0..600).all(|i| meter.push(1.0, i == 0).is_none()), "no channel");
        meter.attend(Some(3));
        assert!((0..600).all(|_| meter.push(1.0, false).is_none()), "no gap has passed");
        assert!((0..200).all(|i| meter.push(1.0, i == 0).is_none()));
        assert!((0..247).all(|i| meter.push(1.0, i == 0).is_none()), "the gap begins it anew");
        assert!(meter.push(1.0, false).is_some());
        meter.push(f32::NAN, false);
        assert!((0..247).all(|_| meter.push(1.0, false).is_none()));
        assert!(meter.push(1.0, false).is_some());
    }

    #[test]
    fn a_rate_that_cannot_hold_the_frequency_has_no_meter() {
        assert!(ContactMeter::new(SampleRate::new(64.0).unwrap(), CYTON).is_none());
        let still = Current { hz: 0.0, ..CYTON };
        assert!(ContactMeter::new(SampleRate::new(250.0).unwrap(), still).is_none());
    }
}
