//! A Cyton's firmware, version 3.1.1, as far as its documentation tells: bytes in, answers and packets out. Knows no port.
//!
//! Sources: OpenBCI, Cyton Board SDK and Cyton Data Format. What its electrodes measure is [`count_of`], at gain 24.

use super::multi::{Collected, Multi};

/// Channels of one converter.
pub const CHANNELS: usize = 8;
/// Amplitude of the current for impedance, A, and the resistor in the board, ohm.
const LEAD_OFF_AMPS: f64 = 6e-9;
const SERIES_OHM: f64 = 2200.0;
/// Volts per count at gain 1: 4.5 V reference, 24 bits with sign.
const VOLTS_PER_COUNT: f64 = 4.5 / ((1 << 23) as f64 - 1.0);
/// The test signal, 1×: reference ÷ 2400, in V, and its period in samples at 250 Hz (slow pulse: clock ÷ 2²¹).
const TEST_VOLTS: f64 = 4.5 / 2400.0;
const TEST_PERIOD: u64 = 256;
const GAINS: [u8; 7] = [1, 2, 4, 6, 8, 12, 24];

/// What a channel is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channel {
    pub on: bool,
    pub gain: u8,
    pub input: u8,
    pub bias: bool,
    pub srb2: bool,
    pub srb1: bool,
    pub current_p: bool,
    pub current_n: bool,
    /// What sits on it, in ohm.
    pub ohm: f64,
}

impl Channel {
    const FRESH: Self = Self {
        on: true,
        gain: 24,
        input: 0,
        bias: true,
        srb2: true,
        srb1: false,
        current_p: false,
        current_n: false,
        ohm: 5000.0,
    };
}

/// What an electrode gives in sample `sample` since the stream began, as counts at gain 24.
pub fn count_of(sample: u64, channel: usize) -> i32 {
    let sign = if channel.is_multiple_of(2) { 1 } else { -1 };
    sign * ((sample % 80_000) as i32 * 96 + (channel as i32 + 1) * 24)
}

/// The board.
pub struct Firmware {
    pub channels: [Channel; 2 * CHANNELS],
    pub daisy_is_there: bool,
    pub daisy_is_used: bool,
    pub streams: bool,
    /// Starts of the stream so far.
    pub starts: u64,
    sample: u64,
    number: u8,
    before: [i32; 2 * CHANNELS],
    multi: Multi,
    answers: Vec<u8>,
    rate: &'static str,
}

impl Firmware {
    pub fn new(daisy: bool) -> Self {
        Self {
            channels: [Channel::FRESH; 2 * CHANNELS],
            daisy_is_there: daisy,
            daisy_is_used: daisy,
            streams: false,
            starts: 0,
            sample: 0,
            number: 0,
            before: [0; 2 * CHANNELS],
            multi: Multi::default(),
            answers: Vec::new(),
            rate: "250",
        }
    }

    /// Number of the next packet.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Everything that it wants to say.
    pub fn take_answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }

    /// Hears one byte, at a time in seconds.
    pub fn hear(&mut self, byte: u8, now_secs: f64) {
        self.multi.expire(now_secs).into_iter().for_each(|late| self.answer(late));
        match self.multi.hear(byte, now_secs) {
            Collected::More => {}
            Collected::Whole(text) => self.obey_long(&text),
            Collected::No => self.obey(byte),
        }
    }

    fn obey(&mut self, byte: u8) {
        match byte {
            b'v' => self.reset(),
            b'V' => self.answer("v3.1.1$$$"),
            b'd' => {
                let kept = self.channels.map(|channel| channel.ohm);
                self.while_stopped(|board| {
                    for (channel, ohm) in board.channels.iter_mut().zip(kept) {
                        *channel = Channel { ohm, ..Channel::FRESH };
                    }
                });
                self.answer("updating channel settings to default$$$");
            }
            b'D' => self.answer("060110$$$"),
            b'b' => self.start(),
            b's' => self.streams = false,
            b'c' if self.daisy_is_used => {
                self.daisy_is_used = false;
                self.answer("daisy removed$$$");
            }
            b'C' => {
                let text = match (self.daisy_is_used, self.daisy_is_there) {
                    (true, _) => "16$$$",
                    (false, true) => "daisy attached16$$$",
                    (false, false) => "no daisy to attach!8$$$",
                };
                self.daisy_is_used = self.daisy_is_there;
                self.answer(text);
            }
            b'0' | b'-' | b'=' | b'p' | b'[' | b']' => {
                let input = if byte == b'0' { 1 } else { 5 };
                self.while_stopped(|board| {
                    board.channels.iter_mut().for_each(|c| (c.on, c.input) = (true, input));
                });
                self.answer("Success: Configured internal test signal.$$$");
            }
            b'<' => self.answer("Time stamp ON$$$"),
            b'>' => self.answer("Time stamp OFF$$$"),
            b'?' => self.answer("ADS Registers\n0x00, 3E\nLIS3DH Registers\n0x0F, 33\n$$$"),
            _ => self.switch(byte),
        }
    }

    fn switch(&mut self, byte: u8) {
        let at = |letters: &[u8]| letters.iter().position(|letter| *letter == byte);
        if let Some(channel) = at(b"12345678qwertyui") {
            self.while_stopped(|board| board.channels[channel].on = false);
        } else if let Some(channel) = at(b"!@#$%^&*QWERTYUI") {
            self.while_stopped(|board| board.channels[channel].on = true);
        }
    }

    fn obey_long(&mut self, text: &str) {
        match text.as_bytes()[0] {
            b'x' => self.set_channel(text),
            b'z' => self.set_current(text),
            b'~' => {
                const RATES: [&str; 7] = ["16000", "8000", "4000", "2000", "1000", "500", "250"];
                if text == "~~" {
                    self.answer(&format!("Sample rate is {}Hz$$$", self.rate));
                } else if let Some(rate) =
                    text[1..].parse().ok().and_then(|at: usize| RATES.get(at))
                {
                    self.rate = rate;
                    self.answer(&format!("Sample rate set to {rate}Hz$$$"));
                } else {
                    self.answer("Failure: sample value out of bounds$$$");
                }
            }
            _ if text == "//" => self.answer("Board mode is default$$$"),
            _ => self.answer("Board mode set$$$"),
        }
    }

    fn set_channel(&mut self, text: &str) {
        let letters = text.as_bytes();
        if letters[8] != b'X' {
            return self.answer("Failure: 9th char not X$$$");
        }
        let channel = b"12345678QWERTYUI".iter().position(|letter| *letter == letters[1]);
        let numbers: Vec<u8> = letters[2..8].iter().map(|byte| byte.wrapping_sub(b'0')).collect();
        let fits = numbers.iter().zip([1, 6, 7, 1, 1, 1]).all(|(number, most)| *number <= most);
        let Some(channel) = channel.filter(|_| fits) else {
            return self.answer("Failure: Err: too many chars$$$");
        };
        self.while_stopped(|board| {
            let told = &mut board.channels[channel];
            told.on = numbers[0] == 0;
            told.gain = GAINS[usize::from(numbers[1])];
            told.input = numbers[2];
            (told.bias, told.srb2) = (numbers[3] == 1, numbers[4] == 1);
            let first = channel / CHANNELS * CHANNELS;
            board.channels[first..first + CHANNELS]
                .iter_mut()
                .for_each(|c| c.srb1 = numbers[5] == 1);
        });
        self.answer(&format!("Success: Channel set for {}$$$", channel + 1));
    }

    fn set_current(&mut self, text: &str) {
        let letters = text.as_bytes();
        if letters[4] != b'Z' {
            return self.answer("Failure: 5th char not Z$$$");
        }
        let Some(channel) = b"12345678QWERTYUI".iter().position(|l| *l == letters[1]) else {
            return self.answer("Failure: Err: too many chars$$$");
        };
        self.while_stopped(|board| {
            let told = &mut board.channels[channel];
            (told.current_p, told.current_n) = (letters[2] == b'1', letters[3] == b'1');
        });
        self.answer(&format!("Success: Lead off set for {}$$$", channel + 1));
    }

    fn reset(&mut self) {
        let kept = self.channels.map(|channel| channel.ohm);
        let starts = self.starts;
        *self = Self::new(self.daisy_is_there);
        self.starts = starts;
        self.channels.iter_mut().zip(kept).for_each(|(channel, ohm)| channel.ohm = ohm);
        let daisy = if self.daisy_is_there { "On Daisy ADS1299 Device ID: 0x3E\n" } else { "" };
        self.answer(&format!(
            "OpenBCI V3 8-16 channel\nOn Board ADS1299 Device ID: 0x3E\n{daisy}LIS3DH Device ID: 0x33\nFirmware: v3.1.1\n$$$"
        ));
    }

    fn start(&mut self) {
        (self.streams, self.number, self.sample) = (true, 0, 0);
        self.before = [0; 2 * CHANNELS];
        self.starts += 1;
    }

    /// Registers can be written only while the converter stands still: a stream begins anew.
    fn while_stopped(&mut self, change: impl FnOnce(&mut Self)) {
        let streamed = self.streams;
        change(self);
        if streamed {
            self.start();
        }
    }

    /// Says something, but not into a stream.
    fn answer(&mut self, text: &str) {
        if !self.streams {
            self.answers.extend_from_slice(text.as_bytes());
        }
    }

    /// The next packet of the stream.
    pub fn packet(&mut self) -> [u8; 33] {
        let now: [i32; 2 * CHANNELS] = std::array::from_fn(|channel| self.measured(channel));
        let mut bytes = [0; 33];
        (bytes[0], bytes[1], bytes[32]) = (0xA0, self.number, 0xC0);
        let daisys_turn = self.daisy_is_used && self.number.is_multiple_of(2);
        let first = if daisys_turn { CHANNELS } else { 0 };
        for at in 0..CHANNELS {
            let channel = first + at;
            // Every sample of a half is the mean of two: its own turn comes with every other packet.
            let count = if self.daisy_is_used {
                (self.before[channel] + now[channel]) / 2
            } else {
                now[channel]
            };
            bytes[2 + 3 * at..5 + 3 * at].copy_from_slice(&count.to_be_bytes()[1..]);
        }
        self.before = now;
        self.number = self.number.wrapping_add(1);
        self.sample += 1;
        bytes
    }

    fn measured(&self, channel: usize) -> i32 {
        let told = self.channels[channel];
        let per_volt = f64::from(told.gain) / VOLTS_PER_COUNT;
        match (told.on, told.input) {
            (false, _) | (true, 1) => 0,
            (true, 5) => {
                let high = self.sample % TEST_PERIOD < TEST_PERIOD / 2;
                ((if high { TEST_VOLTS } else { -TEST_VOLTS }) * per_volt) as i32
            }
            _ if told.current_n || told.current_p => {
                // 31.25 Hz are eight samples a period.
                let phase = std::f64::consts::TAU * self.sample as f64 / 8.0;
                (LEAD_OFF_AMPS * (told.ohm + SERIES_OHM) * phase.sin() * per_volt).round() as i32
            }
            _ => count_of(self.sample, channel) * i32::from(told.gain) / 24,
        }
    }
}
