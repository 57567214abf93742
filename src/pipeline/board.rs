//! The board's settings on their way to the viewers: written by the threads that read and filter, read by anyone.
//!
//! Atomics throughout, but for why a command was refused: that is a text, made only when somebody gave one by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;

use crate::snapshot::{BoardView, Contact};
use crate::source::BoardState;
use crate::source::board::{BoardInfo, ChannelSettings, MAX_BOARD_CHANNELS};

/// What is known of the board.
#[derive(Default)]
pub struct BoardTap {
    info: ArcSwapOption<BoardInfo>,
    settings: [AtomicU32; MAX_BOARD_CHANNELS],
    /// One more than the channel; 0 for none.
    measuring: AtomicUsize,
    /// Two numbers of 32 bits, ohm and what noise alone would read; and how often each was renewed.
    contacts: [AtomicU64; MAX_BOARD_CHANNELS],
    renewals: [AtomicU32; MAX_BOARD_CHANNELS],
    commands: AtomicU64,
    refused: ArcSwapOption<String>,
}

impl BoardTap {
    /// Takes over what the source says; `None` for a source without settings.
    pub fn store(&self, state: Option<BoardState>) {
        let Some(state) = state else { return };
        for (packed, settings) in self.settings.iter().zip(state.settings) {
            packed.store(settings.to_bits(), Ordering::Relaxed);
        }
        let measuring = state.measuring.map_or(0, |channel| channel + 1);
        if self.measuring.swap(measuring, Ordering::Release) != measuring
            && let Some(channel) = state.measuring
        {
            self.renewals[channel].store(0, Ordering::Relaxed);
        }
        if self.info.load().is_none() {
            self.info.store(Some(Arc::new(state.info)));
        }
    }

    /// Notes that a command was carried out, or why not.
    pub fn answered(&self, refused: Option<String>) {
        self.refused.store(refused.map(Arc::new));
        self.commands.fetch_add(1, Ordering::Release);
    }

    /// The channel whose impedance is being measured. Real-time safe.
    pub fn measuring(&self) -> Option<usize> {
        self.measuring.load(Ordering::Acquire).checked_sub(1).filter(|c| *c < MAX_BOARD_CHANNELS)
    }

    /// Notes a measurement. Real-time safe.
    pub fn note_contact(&self, channel: usize, ohm: f32, noise_ohm: f32) {
        let packed = u64::from(ohm.to_bits()) << 32 | u64::from(noise_ohm.to_bits());
        if let Some(contact) = self.contacts.get(channel) {
            contact.store(packed, Ordering::Relaxed);
            self.renewals[channel].fetch_add(1, Ordering::Release);
        }
    }

    /// All of it as a viewer sees it; `None` where the source has no settings.
    pub fn view(&self) -> Option<Arc<BoardView>> {
        let info = *self.info.load_full()?;
        let mut state = BoardState::fresh(info);
        for (settings, packed) in state.settings.iter_mut().zip(&self.settings) {
            *settings = ChannelSettings::from_bits(packed.load(Ordering::Relaxed));
        }
        state.measuring = self.measuring();
        let contacts = (0..state.channels().len()).map(|channel| self.contact(channel)).collect();
        Some(Arc::new(BoardView {
            state,
            contacts,
            commands: self.commands.load(Ordering::Acquire),
            refused: self.refused.load_full().map(|why| why.as_ref().clone()),
        }))
    }

    fn contact(&self, channel: usize) -> Option<Contact> {
        let renewals = self.renewals[channel].load(Ordering::Acquire);
        let packed = self.contacts[channel].load(Ordering::Relaxed);
        let half = |bits: u64| f32::from_bits((bits & u64::from(u32::MAX)) as u32);
        let (ohm, noise_ohm) = (half(packed >> 32), half(packed));
        (packed != 0).then_some(Contact { ohm, noise_ohm, renewals })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::board::BoardInfo;

    #[test]
    fn what_was_stored_is_seen() {
        let tap = BoardTap::default();
        assert!(tap.view().is_none());
        let info =
            BoardInfo { channels: 8, lead_off: None, pause_secs: 0.5, documented: "somewhere" };
        let mut state = BoardState::fresh(info);
        state.settings[3].gain = 8;
        state.measuring = Some(2);
        tap.store(Some(state));
        tap.note_contact(2, 5000.0, 20.0);
        tap.answered(Some("no".into()));
        let view = tap.view().unwrap();
        assert_eq!(view.state, state);
        let contact = Contact { ohm: 5000.0, noise_ohm: 20.0, renewals: 1 };
        assert_eq!(view.contacts[2], Some(contact));
        assert_eq!((view.contacts[0], view.commands), (None, 1));
        assert_eq!(view.refused.as_deref(), Some("no"));
        state.measuring = None;
        tap.store(Some(state));
        assert_eq!(tap.measuring(), None);
        assert_eq!(tap.view().unwrap().contacts[2], Some(contact), "the last figure stays");
    }
}
