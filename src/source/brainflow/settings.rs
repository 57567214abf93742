//! Settings as people write them: `settings=3 gain 12/5 off/all bias off`.
//!
//! Takes the text and a board after its reset; gives the board as it is to be. The words are those of the markers that a
//! change leaves in a recording.

use crate::source::board::{BoardState, ChannelSettings, GAINS, Input, MODULE_CHANNELS};

/// What can be said, for error messages.
const GRAMMAR: &str = "expected CHANNEL|all then on, off, gain 12, input shorted, bias off, srb2 off or srb1 on, as in 3 gain 12/5 off";

/// Carries out every item of `text`, in order.
pub(super) fn applied(mut state: BoardState, text: &str) -> Result<BoardState, String> {
    for item in text.split('/').map(str::trim).filter(|item| !item.is_empty()) {
        let wrong = || format!("settings: '{item}' is not understood: {GRAMMAR}");
        let (whom, what) = item.split_once(' ').ok_or_else(wrong)?;
        let count = state.channels().len();
        let channels = match whom {
            "all" => 0..count,
            number => {
                let number: usize = number.parse().map_err(|_| wrong())?;
                let has = (1..=count).contains(&number);
                let at = number.wrapping_sub(1);
                has.then_some(at..number).ok_or_else(|| {
                    format!("settings: the board has {count} channels, not {number}")
                })?
            }
        };
        for channel in channels {
            change(&mut state.settings, channel, what.trim()).ok_or_else(wrong)?;
        }
    }
    Ok(state)
}

fn change(settings: &mut [ChannelSettings], channel: usize, what: &str) -> Option<()> {
    let (word, value) = what.split_once(' ').unwrap_or((what, ""));
    let (value, channels) = (value.trim(), &mut settings[channel]);
    let switch = || match value {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    };
    match word {
        "on" | "off" if value.is_empty() => channels.on = word == "on",
        "gain" => channels.gain = value.parse().ok().filter(|gain| GAINS.contains(gain))?,
        "input" => {
            // A minus sign can be typed in two ways.
            let value = value.replace('-', "−");
            channels.input = Input::ALL.into_iter().find(|input| input.words() == value)?;
        }
        "bias" => channels.bias = switch()?,
        "srb2" => channels.srb2 = switch()?,
        "srb1" => {
            let on = switch()?;
            let first = channel / MODULE_CHANNELS * MODULE_CHANNELS;
            settings[first..first + MODULE_CHANNELS].iter_mut().for_each(|s| s.srb1 = on);
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::brainflow::ads1299;

    fn fresh(id: i32) -> BoardState {
        BoardState::fresh(ads1299::info(::brainflow::boards::by_id(id).unwrap()).unwrap())
    }

    #[test]
    fn settings_are_read_in_order() {
        let text = "all gain 8/3 gain 12/5 off/2 input test signal/1 input bias drive -/16 srb1 on/all bias off";
        let state = applied(fresh(2), text).unwrap();
        assert_eq!((state.settings[0].gain, state.settings[2].gain), (8, 12));
        assert!(!state.settings[4].on && state.settings[5].on);
        assert_eq!(state.settings[1].input, Input::TestSignal);
        assert_eq!(state.settings[0].input, Input::BiasDriveN);
        assert!(state.settings[8..].iter().all(|s| s.srb1) && !state.settings[7].srb1);
        assert!(state.channels().iter().all(|s| !s.bias));
        assert_eq!(applied(fresh(0), "").unwrap(), fresh(0));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (text, word) in [
            ("3", "expected"),
            ("3 gain 5", "gain 5"),
            ("9 off", "8 channels"),
            ("0 off", "8 channels"),
            ("x off", "expected"),
            ("all bias perhaps", "perhaps"),
            ("1 off now", "off now"),
            ("1 srb1", "expected"),
        ] {
            let said = applied(fresh(0), text).unwrap_err();
            assert!(said.contains(word), "{text}: {said}");
        }
    }
}
