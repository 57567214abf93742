//! In which order channels stand, and how they are shown.
//!
//! Worst first is by verdict, and within one verdict in the montage's order: channels do not change places with every
//! figure. It is made anew at most every [`RESORT_SECS`].

use crate::snapshot::{ChannelQuality, QualityVerdict};

/// Channels keep their places at least so long, seconds.
pub const RESORT_SECS: f64 = 3.0;

/// Which channel stands on top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the source has them.
    #[default]
    Montage,
    /// Bad ones first, then fair ones.
    WorstFirst,
}

/// How they are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// One lane a channel, to scroll through.
    #[default]
    Lanes,
    /// All at once, one row of colours a channel.
    Overview,
}

/// What the viewer chose for the traces alone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Choice {
    /// Which channel stands on top.
    pub order: Order,
    /// How they are drawn.
    pub look: Look,
    /// Lanes on screen at once; 0 is as many as can be read.
    pub lanes: usize,
}

/// The channels in order.
#[derive(Debug, Default)]
pub struct Sorted {
    channels: Vec<usize>,
    order: Order,
    since_secs: f64,
}

impl Sorted {
    /// Channel numbers from the top down.
    pub fn channels(
        &mut self,
        count: usize,
        order: Order,
        quality: &[ChannelQuality],
        now_secs: f64,
    ) -> &[usize] {
        let same = self.channels.len() == count && self.order == order;
        let lately = (0.0..RESORT_SECS).contains(&(now_secs - self.since_secs));
        if !same || (order == Order::WorstFirst && !lately) {
            self.channels = (0..count).collect();
            self.since_secs = now_secs;
            self.order = order;
            if order == Order::WorstFirst {
                let verdict = |channel: usize| quality.get(channel).map(|q| q.verdict);
                self.channels.sort_by_key(|channel| rank(verdict(*channel).unwrap_or_default()));
            }
        }
        &self.channels
    }

    /// The order as it is.
    pub fn held(&self) -> &[usize] {
        &self.channels
    }
}

fn rank(verdict: QualityVerdict) -> u8 {
    match verdict {
        QualityVerdict::Bad => 0,
        QualityVerdict::Fair => 1,
        QualityVerdict::Unknown => 2,
        QualityVerdict::Good => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_stand_first_and_channels_do_not_dance() {
        let of = |verdicts: &[QualityVerdict]| -> Vec<ChannelQuality> {
            let quality = |v: &QualityVerdict| ChannelQuality { verdict: *v, ..Default::default() };
            verdicts.iter().map(quality).collect()
        };
        use QualityVerdict::{Bad, Fair, Good, Unknown};
        let quality = of(&[Good, Bad, Unknown, Fair, Good, Bad]);
        let mut sorted = Sorted::default();
        assert_eq!(sorted.channels(6, Order::Montage, &quality, 0.0), [0, 1, 2, 3, 4, 5]);
        let worst = [1, 5, 3, 2, 0, 4];
        assert_eq!(sorted.channels(6, Order::WorstFirst, &quality, 0.1), worst);
        let mended = of(&[Good; 6]);
        assert_eq!(sorted.channels(6, Order::WorstFirst, &mended, 1.0), worst, "too soon");
        assert_eq!(sorted.channels(6, Order::WorstFirst, &mended, 9.0), [0, 1, 2, 3, 4, 5]);
        assert_eq!(sorted.channels(3, Order::WorstFirst, &[], 9.1), [0, 1, 2]);
    }
}
