//! A board's settings as a viewer sees them, what its electrodes' impedances mean, and a walk over all of them.

use super::QualityVerdict;
use crate::dsp::quality::verdict::{BAD_KOHM, GOOD_KOHM};
use crate::source::{BoardCommand, BoardState};

/// Up to here a contact is good, in ohm, and up to there fair: the one rule of [`crate::dsp::quality::verdict`].
pub const GOOD_OHM: f32 = GOOD_KOHM * 1000.0;
/// See [`GOOD_OHM`].
pub const FAIR_OHM: f32 = BAD_KOHM * 1000.0;
/// Up to here a contact is good by the practice of electrodes with gel or paste, in ohm (IFCN guidelines, 1999: below 5 kΩ;
/// amplifiers of today take twice as much).
pub const GEL_OHM: f32 = 10e3;

/// Measurements after which a figure is settled, in a walk over all channels: the first may still hold the contact's drift.
const SETTLED: u32 = 2;

/// How well an electrode sits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contact {
    /// Impedance at the current's frequency, without the board's own resistor, in ohm.
    pub ohm: f32,
    /// What the signal beside that frequency would read, in ohm: a figure below it means nothing.
    pub noise_ohm: f32,
    /// How often it was measured since the current was switched on.
    pub renewals: u32,
}

impl Contact {
    /// What the figure means.
    pub fn verdict(&self) -> QualityVerdict {
        match self.ohm {
            // More noise than current: the contact may be anything below.
            _ if self.noise_ohm > FAIR_OHM => QualityVerdict::Bad,
            ohm if ohm <= GOOD_OHM => QualityVerdict::Good,
            ohm if ohm <= FAIR_OHM => QualityVerdict::Fair,
            _ => QualityVerdict::Bad,
        }
    }

    /// The figure with its unit and what it means: `5.2 kΩ, good`.
    pub fn words(&self) -> String {
        let mark = if self.noise_ohm > self.ohm { "below " } else { "" };
        let ohm = self.ohm.max(self.noise_ohm);
        let meaning = match self.verdict() {
            QualityVerdict::Good if ohm <= GEL_OHM => "good, also for gel",
            QualityVerdict::Good => "good for a dry electrode",
            QualityVerdict::Fair => "poor contact",
            _ => "no contact",
        };
        format!("{mark}{}, {meaning}", ohm_words(ohm))
    }
}

/// An impedance with its unit: `850 Ω`, `5.2 kΩ`, `3.1 MΩ`.
pub fn ohm_words(ohm: f32) -> String {
    match ohm {
        ohm if ohm < 1e3 => format!("{ohm:.0} Ω"),
        ohm if ohm < 1e5 => format!("{:.1} kΩ", ohm / 1e3),
        ohm if ohm < 1e6 => format!("{:.0} kΩ", ohm / 1e3),
        ohm => format!("{:.1} MΩ", ohm / 1e6),
    }
}

/// A board's own settings.
#[derive(Clone, Debug, PartialEq)]
pub struct BoardView {
    /// What can be set, and what is.
    pub state: BoardState,
    /// The last impedance of each channel.
    pub contacts: Vec<Option<Contact>>,
    /// Commands that were carried out or refused.
    pub commands: u64,
    /// Why the last one was refused, if it was.
    pub refused: Option<String>,
}

/// Every channel's impedance in turn: each until its figure has settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    left: Vec<usize>,
    asked: Option<(usize, u64)>,
}

impl Walk {
    /// Over these channels, in their order.
    pub fn over(channels: impl IntoIterator<Item = usize>) -> Self {
        let mut left: Vec<usize> = channels.into_iter().collect();
        left.reverse();
        Self { left, asked: None }
    }

    /// Over every channel of the board that is on.
    pub fn over_all(view: &BoardView) -> Self {
        let on = view.state.channels().iter().enumerate().filter(|(_, settings)| settings.on);
        Self::over(on.map(|(channel, _)| channel))
    }

    /// Channels that have not been measured.
    pub fn left(&self) -> usize {
        self.left.len() + usize::from(self.asked.is_some())
    }

    /// What to tell the board next; `None` while it measures, and when the walk is over.
    pub fn next(&mut self, view: &BoardView) -> Option<BoardCommand> {
        if let Some((channel, commands)) = self.asked {
            if view.commands <= commands {
                return None; // it has not heard yet
            }
            let is_measured = view.state.measuring == Some(channel);
            let renewals = view.contacts.get(channel).copied().flatten().map_or(0, |c| c.renewals);
            if is_measured && renewals < SETTLED {
                return None;
            }
            self.asked = None;
            if !is_measured {
                // Refused, or somebody else told it otherwise: it is not pursued.
                self.left.clear();
                return None;
            }
            let next = self.left.pop();
            self.asked = next.map(|channel| (channel, view.commands));
            return Some(BoardCommand::Measure(next));
        }
        let channel = self.left.pop()?;
        self.asked = Some((channel, view.commands));
        Some(BoardCommand::Measure(Some(channel)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::board::BoardInfo;

    fn view() -> BoardView {
        let info = BoardInfo { channels: 3, lead_off: None, pause_secs: 0.5, documented: "" };
        let mut state = BoardState::fresh(info);
        state.settings[1].on = false;
        BoardView { state, contacts: vec![None; 3], commands: 0, refused: None }
    }

    #[test]
    fn a_walk_measures_every_channel_that_is_on_until_it_settles() {
        let mut view = view();
        let mut walk = Walk::over_all(&view);
        assert_eq!(walk.next(&view), Some(BoardCommand::Measure(Some(0))));
        assert_eq!((walk.next(&view), walk.left()), (None, 2), "the board has not heard yet");
        let contact = |renewals| Some(Contact { ohm: 5e3, noise_ohm: 1.0, renewals });
        (view.commands, view.state.measuring, view.contacts[0]) = (1, Some(0), contact(1));
        assert_eq!(walk.next(&view), None, "not settled");
        view.contacts[0] = contact(2);
        assert_eq!(walk.next(&view), Some(BoardCommand::Measure(Some(2))));
        (view.commands, view.state.measuring, view.contacts[2]) = (2, Some(2), contact(2));
        assert_eq!(walk.next(&view), Some(BoardCommand::Measure(None)));
        assert_eq!((walk.next(&view), walk.left()), (None, 0));
    }

    #[test]
    fn a_walk_ends_where_the_board_refuses_or_is_told_otherwise() {
        let mut view = view();
        let mut walk = Walk::over_all(&view);
        assert!(walk.next(&view).is_some());
        view.commands = 1;
        assert_eq!((walk.next(&view), walk.left()), (None, 0));
    }

    #[test]
    fn figures_have_units_and_a_meaning() {
        let words = |ohm, noise_ohm| Contact { ohm, noise_ohm, renewals: 2 }.words();
        assert_eq!(words(850.0, 10.0), "850 Ω, good, also for gel");
        assert_eq!(words(5230.0, 10.0), "5.2 kΩ, good, also for gel");
        assert_eq!(words(45e3, 10.0), "45.0 kΩ, good for a dry electrode");
        assert_eq!(words(900e3, 10.0), "900 kΩ, poor contact");
        assert_eq!(words(3.1e6, 10.0), "3.1 MΩ, no contact");
        assert_eq!(words(2e3, 8e3), "below 8.0 kΩ, good, also for gel");
        assert_eq!(words(2e3, 8e6), "below 8.0 MΩ, no contact");
    }
}
