//! A board's own settings: what its channels can be told, what they are told now, and the words for both.
//!
//! A source that has such settings says so ([`BoardState`]) and takes [`BoardCommand`]s; every other has none. All of it is
//! `Copy` and of fixed size, so that it crosses threads without a lock. The values are those of the ADS1299, the converter of
//! OpenBCI's Cyton and Daisy (Texas Instruments, SBAS499; OpenBCI, Cyton Board SDK).

use std::fmt::Write as _;

use arrayvec::ArrayString;

/// Most channels of a board with settings: a Cyton with a Daisy.
pub const MAX_BOARD_CHANNELS: usize = 16;

/// Channels of one converter: what is said of its reference inputs holds for all of them.
pub const MODULE_CHANNELS: usize = 8;

/// What the amplifier can multiply by.
pub const GAINS: [u8; 7] = [1, 2, 4, 6, 8, 12, 24];

/// Room for what changed, in words.
pub type Words = ArrayString<64>;

/// What a channel measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// Its electrode.
    #[default]
    Normal,
    /// Nothing: both inputs on half the supply, for the amplifier's own noise.
    Shorted,
    /// The bias signal.
    BiasMeasured,
    /// The supply voltage.
    Supply,
    /// The chip's temperature.
    Temperature,
    /// The chip's test signal, a square wave.
    TestSignal,
    /// The bias drive is the positive electrode.
    BiasDriveP,
    /// The bias drive is the negative electrode.
    BiasDriveN,
}

impl Input {
    /// All of them, in the order of the vendor's numbers.
    pub const ALL: [Self; 8] = [
        Self::Normal,
        Self::Shorted,
        Self::BiasMeasured,
        Self::Supply,
        Self::Temperature,
        Self::TestSignal,
        Self::BiasDriveP,
        Self::BiasDriveN,
    ];

    /// The vendor's number.
    pub fn number(self) -> u8 {
        Self::ALL.into_iter().zip(0..).find(|(input, _)| *input == self).map_or(0, |found| found.1)
    }

    /// In one or two words, as written in `settings=`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Shorted => "shorted",
            Self::BiasMeasured => "bias measured",
            Self::Supply => "supply",
            Self::Temperature => "temperature",
            Self::TestSignal => "test signal",
            Self::BiasDriveP => "bias drive +",
            Self::BiasDriveN => "bias drive −",
        }
    }

    /// What it is for.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Normal => "The electrode.",
            Self::Shorted => "Both inputs tied together: the amplifier's own noise.",
            Self::BiasMeasured => "The bias signal, measured.",
            Self::Supply => "The supply voltage, measured.",
            Self::Temperature => "The chip's temperature.",
            Self::TestSignal => "The chip's own square wave, to check scale and cables.",
            Self::BiasDriveP => "The bias drive on the positive input.",
            Self::BiasDriveN => "The bias drive on the negative input.",
        }
    }
}

/// What one channel is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelSettings {
    /// Measures at all.
    pub on: bool,
    /// Amplification, one of [`GAINS`].
    pub gain: u8,
    /// What it measures.
    pub input: Input,
    /// Takes part in the bias signal.
    pub bias: bool,
    /// Its positive input is tied to SRB2, the reference of the lower row of pins.
    pub srb2: bool,
    /// The negative inputs of its converter are tied to SRB1: always the same for all channels of one.
    pub srb1: bool,
}

impl Default for ChannelSettings {
    /// As the board is after a reset (OpenBCI, Cyton Board SDK).
    fn default() -> Self {
        Self { on: true, gain: 24, input: Input::Normal, bias: true, srb2: true, srb1: false }
    }
}

impl ChannelSettings {
    /// Packed, so that a thread can hand it on in one atomic number.
    pub fn to_bits(self) -> u32 {
        let flags = [self.on, self.bias, self.srb2, self.srb1];
        let flags = flags.into_iter().zip(0..).map(|(flag, at)| u32::from(flag) << at).sum::<u32>();
        flags | u32::from(self.input.number()) << 4 | u32::from(self.gain) << 8
    }

    /// What [`Self::to_bits`] packed.
    pub fn from_bits(bits: u32) -> Self {
        let flag = |at: u32| bits >> at & 1 == 1;
        Self {
            on: flag(0),
            bias: flag(1),
            srb2: flag(2),
            srb1: flag(3),
            input: Input::ALL[(bits >> 4 & 7) as usize],
            gain: (bits >> 8 & 0xFF) as u8,
        }
    }

    /// What is new in `self` since `before`, as in `gain 12, bias off`; empty where nothing is.
    pub fn news_since(self, before: Self) -> Words {
        let mut words = Words::new();
        let mut say = |text: std::fmt::Arguments<'_>| {
            // Longer than all five together is not possible.
            let _ = write!(words, "{}{text}", if words.is_empty() { "" } else { ", " });
        };
        let switch = |on: bool| if on { "on" } else { "off" };
        if self.on != before.on {
            say(format_args!("{}", switch(self.on)));
        }
        if self.gain != before.gain {
            say(format_args!("gain {}", self.gain));
        }
        if self.input != before.input {
            say(format_args!("input {}", self.input.words()));
        }
        for (name, now, then) in [
            ("bias", self.bias, before.bias),
            ("srb2", self.srb2, before.srb2),
            ("srb1", self.srb1, before.srb1),
        ] {
            if now != then {
                say(format_args!("{name} {}", switch(now)));
            }
        }
        words
    }
}

/// The small alternating current by which a board measures how well an electrode sits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeadOff {
    /// Amplitude in A.
    pub amps: f64,
    /// Frequency in Hz.
    pub hz: f64,
    /// Resistor in the board before the electrode, in ohm: it is not the electrode's.
    pub series_ohm: f64,
    /// Share of the amplitude that is left of it in the signal that the board sends; 1 where it sends what it measures.
    pub seen_share: f64,
}

impl LeadOff {
    /// The current that the signal shows, in A.
    pub fn seen_amps(&self) -> f64 {
        self.amps * self.seen_share
    }
}

/// What can be set on a board.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoardInfo {
    /// Channels, at most [`MAX_BOARD_CHANNELS`], in the source's order.
    pub channels: usize,
    /// How impedance is measured, where it can be.
    pub lead_off: Option<LeadOff>,
    /// Seconds of signal that a command costs: the board stops and starts again, and its amplifiers settle.
    pub pause_secs: f64,
    /// Where the vendor documents all of it.
    pub documented: &'static str,
}

/// A board and what it is told now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoardState {
    /// What can be set.
    pub info: BoardInfo,
    /// What each channel is told; those beyond `info.channels` mean nothing.
    pub settings: [ChannelSettings; MAX_BOARD_CHANNELS],
    /// The channel whose impedance is being measured.
    pub measuring: Option<usize>,
}

impl BoardState {
    /// A board after its reset.
    pub fn fresh(info: BoardInfo) -> Self {
        let settings = [ChannelSettings::default(); MAX_BOARD_CHANNELS];
        Self { info, settings, measuring: None }
    }

    /// What each of its channels is told.
    pub fn channels(&self) -> &[ChannelSettings] {
        &self.settings[..self.info.channels.min(MAX_BOARD_CHANNELS)]
    }
}

/// What a board may be told while it streams. Channels count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoardCommand {
    /// Changes one channel; `srb1` in it means nothing, see [`BoardCommand::Srb1`].
    Set {
        /// Which channel.
        channel: usize,
        /// What it is told.
        settings: ChannelSettings,
    },
    /// Ties the negative inputs of all channels of one converter to SRB1, or unties them.
    Srb1 {
        /// Which converter: 0 is the Cyton's, 1 the Daisy's.
        module: usize,
        /// Tied.
        on: bool,
    },
    /// Measures the impedance of this channel from now on, or of none.
    Measure(Option<usize>),
    /// All channels as after a reset.
    Defaults,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_being_packed() {
        for gain in GAINS {
            for input in Input::ALL {
                for flags in 0..16_u32 {
                    let flag = |at: u32| flags >> at & 1 == 1;
                    let (on, bias, srb2, srb1) = (flag(0), flag(1), flag(2), flag(3));
                    let settings = ChannelSettings { on, gain, input, bias, srb2, srb1 };
                    assert_eq!(ChannelSettings::from_bits(settings.to_bits()), settings);
                }
            }
        }
    }

    #[test]
    fn what_changed_is_said_in_words() {
        let before = ChannelSettings::default();
        assert_eq!(before.news_since(before).as_str(), "");
        let after = ChannelSettings { gain: 12, bias: false, ..before };
        assert_eq!(after.news_since(before).as_str(), "gain 12, bias off");
        let all = ChannelSettings {
            on: false,
            gain: 1,
            input: Input::BiasMeasured,
            bias: false,
            srb2: false,
            srb1: true,
        };
        let words = "off, gain 1, input bias measured, bias off, srb2 off, srb1 on";
        assert_eq!(all.news_since(before).as_str(), words);
    }
}
