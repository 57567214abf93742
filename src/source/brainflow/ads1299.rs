//! The words of OpenBCI's firmware for its converter, the ADS1299, on the Cyton and the Daisy.
//!
//! Takes [`BoardCommand`]s, gives what to send, and what the board is told afterwards. Source: OpenBCI, Cyton Board SDK
//! (<https://docs.openbci.com/Cyton/CytonSDK/>). While it streams the firmware answers none of them: it stops, changes its
//! registers and starts again, its sample number at 0.

use std::fmt::Write as _;

use ::brainflow::BoardModel;
use arrayvec::{ArrayString, ArrayVec};

use crate::signal::marker::MAX_LABEL_BYTES;
use crate::source::board::{
    BoardCommand, BoardInfo, BoardState, ChannelSettings, GAINS, LeadOff, MAX_BOARD_CHANNELS,
    MODULE_CHANNELS,
};

/// The current by which impedance is measured: 6 nA, at the converter's clock of 2.048 MHz divided by 2¹⁶, which the
/// vendor's documentation rounds to 31.5 Hz; behind 2.2 kΩ (OpenBCI GUI, constants of the Cyton; ADS1299, register LOFF).
const LEAD_OFF: LeadOff = LeadOff { amps: 6e-9, hz: 31.25, series_ohm: 2200.0, seen_share: 1.0 };

/// Rate at which the converters measure, in Hz. With a Daisy each sends the mean of its last two samples at half of it
/// (OpenBCI, Cyton Data Format), which leaves cos(π · f ÷ rate) of a sine: 92 % at the current's frequency.
const CONVERTER_HZ: f64 = 250.0;

/// Signal that is left out after a command, in seconds: what the radio held back (less than 0.1 s where it works), the
/// restart (some 0.1 s), and the converter's filter (four samples). What comes later was sampled and scaled as told.
const PAUSE_SECS: f64 = 0.5;

/// Where it is documented.
const DOCUMENTED: &str = "https://docs.openbci.com/Cyton/CytonSDK/";

/// Names of the channels in `x…X` and `z…Z`.
const LETTERS: &[u8; MAX_BOARD_CHANNELS] = b"12345678QWERTYUI";
/// What switches each channel off, and on.
const OFF: &[u8; MAX_BOARD_CHANNELS] = b"12345678qwertyui";
const ON: &[u8; MAX_BOARD_CHANNELS] = b"!@#$%^&*QWERTYUI";

/// Room for the settings of all channels, and the lead-off current of two.
pub(super) type Text = ArrayString<192>;
/// Words for a marker.
pub(super) type Label = ArrayString<MAX_LABEL_BYTES>;

/// What a command comes to.
pub(super) struct Plan {
    /// What to send, in this order.
    pub texts: ArrayVec<Text, 2>,
    /// What the board is told afterwards.
    pub after: BoardState,
    /// What to write beside the signal.
    pub labels: ArrayVec<Label, { MAX_BOARD_CHANNELS + 1 }>,
}

/// What can be set on a board; `None` for those that are not known to understand these words.
pub(super) fn info(board: &BoardModel) -> Option<BoardInfo> {
    let channels = match board.id {
        0 => MODULE_CHANNELS,
        2 => 2 * MODULE_CHANNELS,
        _ => return None,
    };
    let is_averaged = channels > MODULE_CHANNELS;
    let mean_of_two = (std::f64::consts::PI * LEAD_OFF.hz / CONVERTER_HZ).cos();
    let lead_off =
        Some(LeadOff { seen_share: if is_averaged { mean_of_two } else { 1.0 }, ..LEAD_OFF });
    Some(BoardInfo { channels, lead_off, pause_secs: PAUSE_SECS, documented: DOCUMENTED })
}

/// How to carry out a command.
pub(super) fn plan(now: &BoardState, command: &BoardCommand) -> Result<Plan, String> {
    let mut plan = Plan { texts: ArrayVec::new(), after: *now, labels: ArrayVec::new() };
    match *command {
        BoardCommand::Set { channel, settings } => set(now, channel, settings, &mut plan)?,
        BoardCommand::Srb1 { module, on } => srb1(now, module, on, &mut plan)?,
        BoardCommand::Measure(channel) => measure(now, channel, &mut plan)?,
        BoardCommand::Defaults => defaults(now, &mut plan),
    }
    Ok(plan)
}

fn set(
    now: &BoardState,
    channel: usize,
    settings: ChannelSettings,
    plan: &mut Plan,
) -> Result<(), String> {
    let before = *known(now, channel)?;
    if now.measuring == Some(channel) {
        return Err("its impedance is being measured: stop that first".into());
    }
    let after = ChannelSettings { srb1: before.srb1, ..settings };
    if !GAINS.contains(&after.gain) {
        return Err(format!("it has no gain of {}; it has {GAINS:?}", after.gain));
    }
    let mut text = Text::new();
    if after.on && !before.on {
        text.push(char::from(ON[channel]));
    }
    if (ChannelSettings { on: before.on, ..after }) != before {
        write_channel(&mut text, channel, &after);
    }
    if !after.on && before.on {
        // Not by the settings alone: this takes the channel out of bias and SRB2, too.
        text.push(char::from(OFF[channel]));
    }
    plan.after.settings[channel] = after;
    label(plan, channel, &after.news_since(before));
    send(plan, text);
    Ok(())
}

fn srb1(now: &BoardState, module: usize, on: bool, plan: &mut Plan) -> Result<(), String> {
    let first = module * MODULE_CHANNELS;
    known(now, first)?;
    let mut text = Text::new();
    for channel in first..first + MODULE_CHANNELS {
        let after = ChannelSettings { srb1: on, ..now.settings[channel] };
        plan.after.settings[channel] = after;
        // One that is being measured gets its settings when that is over.
        if now.measuring != Some(channel) {
            write_channel(&mut text, channel, &after);
        }
    }
    let mut words = Label::new();
    let last = first + MODULE_CHANNELS;
    let on = if on { "on" } else { "off" };
    let _ = write!(words, "board: channels {} to {last} srb1 {on}", first + 1);
    plan.labels.push(words);
    send(plan, text);
    Ok(())
}

/// As the vendor's own program does it: gain 1, normal input, in the bias, SRB off, the current on the negative input,
/// where the electrode is.
fn measure(now: &BoardState, channel: Option<usize>, plan: &mut Plan) -> Result<(), String> {
    let mut text = Text::new();
    if let Some(before) = now.measuring {
        write_channel(&mut text, before, &now.settings[before]);
        write_current(&mut text, before, false);
        label(plan, before, "impedance off");
    }
    if let Some(channel) = channel {
        let settings = known(now, channel)?;
        if !settings.on {
            return Err(format!("channel {} is off", channel + 1));
        }
        let measured = ChannelSettings { gain: 1, srb2: false, ..ChannelSettings::default() };
        write_channel(&mut text, channel, &measured);
        write_current(&mut text, channel, true);
        label(plan, channel, "impedance on");
    }
    plan.after.measuring = channel;
    send(plan, text);
    Ok(())
}

fn defaults(now: &BoardState, plan: &mut Plan) {
    let mut text = Text::new();
    if let Some(channel) = now.measuring {
        write_current(&mut text, channel, false);
    }
    send(plan, text);
    // Alone: BrainFlow learns of the gains only where nothing else stands beside it.
    let mut text = Text::new();
    text.push('d');
    send(plan, text);
    plan.after = BoardState::fresh(now.info);
    let mut words = Label::new();
    words.push_str("board: defaults");
    plan.labels.push(words);
}

/// Everything that differs from a board after its reset, for one that was lost and is told anew.
pub(super) fn told_again(state: &BoardState) -> Text {
    let mut text = Text::new();
    for (channel, settings) in state.channels().iter().enumerate() {
        let fresh = ChannelSettings::default();
        if (ChannelSettings { on: true, ..*settings }) != fresh {
            write_channel(&mut text, channel, settings);
        }
        if !settings.on {
            text.push(char::from(OFF[channel]));
        }
    }
    text
}

fn known(now: &BoardState, channel: usize) -> Result<&ChannelSettings, String> {
    let count = now.channels().len();
    now.channels()
        .get(channel)
        .ok_or_else(|| format!("it has {count} channels, not {}", channel + 1))
}

fn send(plan: &mut Plan, text: Text) {
    if !text.is_empty() {
        plan.texts.push(text);
    }
}

fn label(plan: &mut Plan, channel: usize, news: &str) {
    if news.is_empty() {
        return;
    }
    let mut words = Label::new();
    // Cut where it is too long, which five settings together are not.
    let _ = write!(words, "board: channel {} {news}", channel + 1);
    let _ = plan.labels.try_push(words);
}

/// `x (CHANNEL, POWER_DOWN, GAIN_SET, INPUT_TYPE_SET, BIAS_SET, SRB2_SET, SRB1_SET) X`
fn write_channel(text: &mut Text, channel: usize, settings: &ChannelSettings) {
    let gain = GAINS.iter().position(|gain| *gain == settings.gain).unwrap_or(GAINS.len() - 1);
    let _ = write!(
        text,
        "x{}{}{gain}{}{}{}{}X",
        char::from(LETTERS[channel]),
        u8::from(!settings.on),
        settings.input.number(),
        u8::from(settings.bias),
        u8::from(settings.srb2),
        u8::from(settings.srb1)
    );
}

/// `z (CHANNEL, PCHAN, NCHAN) Z`
fn write_current(text: &mut Text, channel: usize, on: bool) {
    let _ = write!(text, "z{}0{}Z", char::from(LETTERS[channel]), u8::from(on));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::board::Input;

    fn fresh(id: i32) -> BoardState {
        BoardState::fresh(info(::brainflow::boards::by_id(id).unwrap()).unwrap())
    }

    fn said(state: &BoardState, command: BoardCommand) -> (Vec<String>, Vec<String>, BoardState) {
        let plan = plan(state, &command).unwrap();
        let texts = plan.texts.iter().map(|text| text.to_string()).collect();
        (texts, plan.labels.iter().map(|label| label.to_string()).collect(), plan.after)
    }

    #[test]
    fn settings_become_the_vendors_words() {
        let state = fresh(2);
        // The vendor's own example: channel 3 with gain 2, out of bias and SRB2.
        let settings =
            ChannelSettings { gain: 4, bias: false, srb2: false, ..ChannelSettings::default() };
        let (texts, labels, after) = said(&state, BoardCommand::Set { channel: 2, settings });
        assert_eq!(texts, ["x3020000X"]);
        assert_eq!(labels, ["board: channel 3 gain 4, bias off, srb2 off"]);
        assert_eq!(after.settings[2], settings);
        let settings = ChannelSettings { input: Input::TestSignal, ..ChannelSettings::default() };
        let (texts, _, _) = said(&state, BoardCommand::Set { channel: 15, settings });
        assert_eq!(texts, ["xI065110X"]);
    }

    #[test]
    fn channels_go_off_and_on_by_their_own_letters() {
        let off = ChannelSettings { on: false, ..ChannelSettings::default() };
        let (texts, labels, after) =
            said(&fresh(2), BoardCommand::Set { channel: 8, settings: off });
        assert_eq!((texts, labels), (vec!["q".into()], vec!["board: channel 9 off".into()]));
        let on = ChannelSettings { gain: 8, ..ChannelSettings::default() };
        let (texts, _, _) = said(&after, BoardCommand::Set { channel: 8, settings: on });
        assert_eq!(texts, ["QxQ040110X"]);
    }

    #[test]
    fn impedance_is_measured_as_the_vendor_does_and_what_was_there_comes_back() {
        let gain = ChannelSettings { gain: 12, ..ChannelSettings::default() };
        let (_, _, state) = said(&fresh(0), BoardCommand::Set { channel: 0, settings: gain });
        let (texts, labels, measuring) = said(&state, BoardCommand::Measure(Some(0)));
        assert_eq!(texts, ["x1000100Xz101Z"]);
        assert_eq!(labels, ["board: channel 1 impedance on"]);
        let (texts, labels, next) = said(&measuring, BoardCommand::Measure(Some(1)));
        assert_eq!(texts, ["x1050110Xz100Zx2000100Xz201Z"]);
        assert_eq!(labels.len(), 2);
        let (texts, _, after) = said(&next, BoardCommand::Measure(None));
        assert_eq!(texts, ["x2060110Xz200Z"]);
        assert_eq!(after, state);
    }

    #[test]
    fn srb1_holds_for_a_whole_converter() {
        let (texts, labels, after) = said(&fresh(2), BoardCommand::Srb1 { module: 1, on: true });
        assert_eq!(texts[0].matches("060111X").count(), 8);
        assert_eq!(labels, ["board: channels 9 to 16 srb1 on"]);
        assert!(after.settings[8..].iter().all(|s| s.srb1) && !after.settings[0].srb1);
        let again = told_again(&after);
        assert_eq!(again.as_str(), texts[0]);
    }

    #[test]
    fn a_board_that_came_back_is_told_everything_again() {
        let all = ChannelSettings {
            on: false,
            gain: 1,
            input: Input::Shorted,
            bias: false,
            srb2: false,
            srb1: true,
        };
        let mut state = fresh(2);
        assert_eq!(told_again(&state).as_str(), "");
        state.settings = [all; MAX_BOARD_CHANNELS];
        let text = told_again(&state);
        assert!(text.starts_with("x1101001X1") && text.ends_with("xI101001Xi"), "{text}");
    }

    #[test]
    fn what_a_board_does_not_have_is_refused() {
        let state = fresh(0);
        let settings = ChannelSettings { gain: 3, ..ChannelSettings::default() };
        for command in [
            BoardCommand::Set { channel: 0, settings },
            BoardCommand::Set { channel: 8, settings: ChannelSettings::default() },
            BoardCommand::Srb1 { module: 1, on: true },
            BoardCommand::Measure(Some(8)),
        ] {
            assert!(plan(&state, &command).is_err(), "{command:?}");
        }
        assert!(info(::brainflow::boards::by_id(-1).unwrap()).is_none());
    }
}
