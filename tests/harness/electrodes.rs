//! What goes wrong with an electrode, put into a recording that is sound: the same for the same seed.

use std::f64::consts::TAU;

use phosphene::dsp::Reason;

use super::dsp::Noise;

/// A fault. Amplitudes in µV.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Nothing is changed.
    None,
    /// The input floats: hum of this root mean square in place of the brain, over a slow walk.
    OffHum(f64),
    /// The input floats: the level walks, by this much in a second.
    OffWalk(f64),
    /// At the end of the range.
    Railed,
    /// Hum of this root mean square on top.
    Mains(f64),
    /// The level sways by this much from top to bottom, in four to eight seconds.
    Drift(f64),
    /// Muscle of this root mean square in 20 to 100 Hz on top.
    Muscle(f64),
    /// Nothing but noise of this root mean square.
    Flat(f64),
    /// Gel joins it to the next electrode: this share of the mean of both in each, and 0.3 µV of noise of its own.
    Bridged(f64),
}

impl Fault {
    /// What the meter ought to say.
    pub fn reason(self) -> Option<Reason> {
        Some(match self {
            Self::None => return None,
            Self::OffHum(_) | Self::OffWalk(_) => Reason::Off,
            Self::Railed => Reason::Railed,
            Self::Mains(_) => Reason::LineNoise,
            Self::Drift(_) => Reason::Drift,
            Self::Muscle(_) => Reason::Muscle,
            Self::Flat(_) => Reason::Flat,
            Self::Bridged(_) => Reason::Copy,
        })
    }

    /// Puts the fault on `channel` of `[frames × channels]`, from `from` on; a bridge also takes the channel after it. Gives
    /// the channels that are no longer sound.
    pub fn put(
        self,
        samples: &mut [f32],
        channels: usize,
        channel: usize,
        from: usize,
        hz: f64,
        seed: u64,
    ) -> Vec<usize> {
        let other = (channel + 1) % channels;
        let mut noise = Unit(Noise(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1));
        let (mut walk, phase) = (0.0, noise.next() * 3.0);
        let sway_secs = 6.0 + noise.next();
        let muscle = Muscle::new(&mut noise);
        for (i, frame) in samples.chunks_exact_mut(channels).enumerate().skip(from) {
            let t = i as f64 / hz;
            let hum = 2.0_f64.sqrt() * (TAU * 50.0 * t + phase).sin();
            let value = f64::from(frame[channel]);
            let changed = match self {
                Self::None => value,
                Self::OffHum(uv) => {
                    walk += noise.next() * 30.0 / hz.sqrt();
                    uv * hum + walk
                }
                Self::OffWalk(uv) => {
                    walk += noise.next() * uv / hz.sqrt();
                    walk + 20.0 * hum
                }
                Self::Railed => 187_500.0,
                Self::Mains(uv) => value + uv * hum,
                Self::Drift(uv) => value + uv * 0.5 * (TAU * t / sway_secs + phase).sin(),
                Self::Muscle(uv) => value + uv * muscle.at(t, hz),
                Self::Flat(uv) => uv * noise.next(),
                Self::Bridged(share) => {
                    let joined = 0.5 * (value + f64::from(frame[other]));
                    let own = f64::from(frame[other]);
                    frame[other] =
                        (share * joined + (1.0 - share) * own + 0.3 * noise.next()) as f32;
                    share * joined + (1.0 - share) * value + 0.3 * noise.next()
                }
            };
            frame[channel] = changed as f32;
        }
        if matches!(self, Self::Bridged(_)) { vec![channel, other] } else { vec![channel] }
    }
}

/// As many tones of 20 to 100 Hz as sound like noise, of one unit together; the rate holds those below nine tenths of its half.
struct Muscle(Vec<[f64; 2]>);

impl Muscle {
    const TONES: usize = 48;

    fn new(noise: &mut Unit) -> Self {
        let mut tone = |i: usize| {
            let hz = 20.0 + 80.0 * (i as f64 + 0.5 + 0.28 * noise.next()) / Self::TONES as f64;
            [hz, 2.0 * noise.next()]
        };
        Self((0..Self::TONES).map(&mut tone).collect())
    }

    fn at(&self, secs: f64, hz: f64) -> f64 {
        let heard = self.0.iter().filter(|[tone, _]| *tone < 0.45 * hz);
        let sum: f64 = heard.map(|[tone, phase]| (TAU * tone * secs + phase).sin()).sum();
        sum * (2.0 / Self::TONES as f64).sqrt()
    }
}

/// Noise of mean 0 and deviation 1.
struct Unit(Noise);

impl Unit {
    fn next(&mut self) -> f64 {
        f64::from(self.0.next_uv()) / (40.0 / 12.0_f64.sqrt())
    }
}
