//! Watches the raw signal before anything else touches it.
//!
//! Takes raw frames `[frames, source_channels]`, µV; gives what filters can bear and says what was wrong
//! with each. Only channels that the mapping uses count. A value that is not finite, or that no amplifier
//! gives, is replaced by the last usable one of its channel: one NaN in a recursive filter would stay there
//! for ever, and one damaged number would swing it for seconds. A block in
//! which every value is finite and far from any rail, as nearly all are, costs one look at its values and
//! no copy.

/// No amplifier gives more: a hundred volts. What is larger is damage on the way and treated as not finite.
const LIMIT_UV: f32 = 1e8;

/// A value this near to the configured rail counts as on it, relative.
const RAIL_TOLERANCE: f32 = 1e-3;

/// Without a configured rail: a value beyond this that does not change is on the rail. No electrode
/// offset is larger, and a converter that still works never repeats its last bit there.
const STUCK_ABOVE_UV: f32 = 1e5;

/// Equal values in a row that make a channel stuck.
const STUCK_FRAMES: u8 = 3;

/// Channels that are looked at value by value when one of them needs it.
const GROUP: usize = 32;

/// A number's bits without its sign: these order as sizes do, and what is not finite is above all others.
const SIZE_BITS: u32 = 0x7fff_ffff;

/// What was seen in one or several raw frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawFlags {
    /// Most used channels that were at a rail at once.
    pub railed: u16,
    /// A used channel held a value that is not finite or beyond any amplifier.
    pub not_finite: bool,
}

impl RawFlags {
    /// Both of what two spans saw.
    pub fn merge(&mut self, other: Self) {
        self.railed = self.railed.max(other.railed);
        self.not_finite |= other.not_finite;
    }
}

/// One channel's recent past.
#[derive(Clone, Copy, Default)]
struct Past {
    value_uv: f32,
    repeats: u8,
}

/// Watches every source channel.
pub struct RawWatch {
    rail_uv: Option<f32>,
    used: Vec<bool>,
    past: Vec<Past>,
    /// The bits of the largest size at which a value is neither near a rail nor able to be stuck.
    calm_bits: i32,
    /// `[frames, source_channels]`: the block as filters can bear it, where the raw one is not.
    clean: Vec<f32>,
    is_copied: bool,
    /// `[frames, source_channels]`.
    railed: Vec<bool>,
    any_railed: bool,
    /// `[frames]`.
    flags: Vec<RawFlags>,
}

impl RawWatch {
    /// `used` `[source_channels]` tells which channels count; `rail_uv` is the amplifier's limit if known;
    /// `frames` is the most that a block will hold.
    pub fn prepare(rail_uv: Option<f32>, used: Vec<bool>, frames: usize) -> Self {
        let values = used.len() * frames;
        Self {
            rail_uv,
            past: vec![Past::default(); used.len()],
            calm_bits: calm_bits(rail_uv),
            clean: vec![0.0; values],
            is_copied: false,
            railed: vec![false; values],
            any_railed: false,
            flags: vec![RawFlags::default(); frames],
            used,
        }
    }

    /// Forgets the past. Does not allocate.
    pub fn reset(&mut self) {
        self.past.fill(Past::default());
    }

    /// Looks at a block `[frames, source_channels]`, µV, of at most the frames that were prepared for;
    /// what is beyond is left out. What was seen is there until the next block.
    pub fn observe(&mut self, raw: &[f32]) {
        let channels = self.used.len().max(1);
        let frames = (raw.len() / channels).min(self.flags.len());
        let raw = &raw[..frames * channels];
        self.flags[..frames].fill(RawFlags::default());
        if std::mem::take(&mut self.any_railed) {
            self.railed.fill(false);
        }
        self.is_copied = !is_calm(raw, self.calm_bits);
        if !self.is_copied {
            self.pass(raw, 0..self.used.len());
            return;
        }
        self.clean[..raw.len()].copy_from_slice(raw);
        for from in (0..self.used.len()).step_by(GROUP) {
            let group = from..(from + GROUP).min(self.used.len());
            let mut rows = raw.chunks_exact(channels).map(|frame| &frame[group.clone()]);
            if rows.all(|row| is_calm(row, self.calm_bits)) {
                self.pass(raw, group);
            } else {
                raw.chunks_exact(channels)
                    .enumerate()
                    .for_each(|(i, frame)| self.observe_frame(i, frame, group.clone()));
            }
        }
    }

    /// The block that was observed last, in which every value is finite and bounded; `raw` is that block.
    pub fn clean<'a>(&'a self, raw: &'a [f32]) -> &'a [f32] {
        if self.is_copied { &self.clean[..raw.len().min(self.clean.len())] } else { raw }
    }

    /// What frame `i` of the block showed.
    pub fn flags(&self, i: usize) -> RawFlags {
        self.flags[i]
    }

    /// Which values of a block of so many frames were at a rail, used or not: `[frames, source_channels]`.
    pub fn railed(&self, frames: usize) -> &[bool] {
        &self.railed[..frames * self.used.len()]
    }

    /// Remembers the last values of channels that passed in one look. How often a value came again only
    /// matters where it can be stuck, and none of these can.
    fn pass(&mut self, raw: &[f32], channels: std::ops::Range<usize>) {
        let Some(last) = raw.len().checked_sub(self.used.len()) else { return };
        let values = &raw[last..][channels.clone()];
        for (past, value) in self.past[channels].iter_mut().zip(values) {
            *past = Past { value_uv: *value, repeats: 1 };
        }
    }

    fn observe_frame(&mut self, frame: usize, raw: &[f32], channels: std::ops::Range<usize>) {
        let flags = &mut self.flags[frame];
        for i in channels {
            let (value, past) = (raw[i], &mut self.past[i]);
            // False for what is not a number.
            let is_usable = value.abs() <= LIMIT_UV;
            if is_usable {
                let same = value == past.value_uv;
                past.repeats = if same { past.repeats.saturating_add(1) } else { 1 };
                past.value_uv = value;
            }
            let railed = at_rail(*past, self.rail_uv);
            let at = frame * self.used.len() + i;
            (self.railed[at], self.clean[at]) = (railed, past.value_uv);
            self.any_railed |= railed;
            flags.not_finite |= self.used[i] && !is_usable;
            flags.railed += u16::from(self.used[i] && railed);
        }
    }
}

/// Whether every value's size has at most these bits.
fn is_calm(values: &[f32], calm_bits: i32) -> bool {
    let above = |value: &f32| (value.to_bits() & SIZE_BITS) as i32 > calm_bits;
    // Not `any`, which stops at the first: without a way out many values go at once.
    !values.iter().fold(false, |found, value| found | above(value))
}

fn calm_bits(rail_uv: Option<f32>) -> i32 {
    let stuck = STUCK_ABOVE_UV.to_bits() as i32;
    match rail_uv.map(|rail| rail * (1.0 - RAIL_TOLERANCE)) {
        // One below the first size that is on the rail.
        Some(limit) if limit > 0.0 => stuck.min(limit.to_bits() as i32 - 1),
        Some(limit) if limit <= 0.0 => -1,
        _ => stuck,
    }
}

fn at_rail(past: Past, rail_uv: Option<f32>) -> bool {
    let size = past.value_uv.abs();
    let stuck = size > STUCK_ABOVE_UV && past.repeats >= STUCK_FRAMES;
    stuck || rail_uv.is_some_and(|rail| size >= rail * (1.0 - RAIL_TOLERANCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_a_number_is_held_and_told() {
        let mut watch = RawWatch::prepare(None, vec![true, false], 2);
        let block = [5.0, f32::NAN, f32::INFINITY, 1.0];
        watch.observe(&block);
        assert_eq!(watch.flags(0), RawFlags::default());
        assert!(watch.flags(1).not_finite);
        assert_eq!(watch.clean(&block), [5.0, 0.0, 5.0, 1.0]);
        let calm = [7.0, 1.0, 8.0, -1.0];
        watch.observe(&calm);
        assert_eq!((watch.clean(&calm), watch.flags(1)), (&calm[..], RawFlags::default()));
        watch.observe(&[f32::NAN, 1e12]);
        assert_eq!(watch.clean(&[f32::NAN, 1e12]), [8.0, -1.0]);
    }

    #[test]
    fn rails_are_found_by_limit_and_by_standing_still() {
        let mut known = RawWatch::prepare(Some(187_500.0), vec![true; 2], 1);
        known.observe(&[-187_400.0, 187_000.0]);
        assert_eq!((known.flags(0).railed, known.railed(1)), (1, &[true, false][..]));
        known.observe(&[0.0, 0.0]);
        assert_eq!((known.flags(0).railed, known.railed(1)), (0, &[false; 2][..]));
        let mut unknown = RawWatch::prepare(None, vec![true; 2], 4);
        unknown.observe(&[2e5, 9e4, 2e5, 9e4, 2e5, 9e4, 2e5, 9e4]);
        assert_eq!([0, 1, 2, 3].map(|i| unknown.flags(i).railed), [0, 0, 1, 1]);
    }

    #[test]
    fn one_look_is_enough_for_what_is_far_from_every_rail() {
        let limit_uv = 1000.0_f32 * (1.0 - RAIL_TOLERANCE);
        for (rail, at_most) in [(None, STUCK_ABOVE_UV), (Some(1000.0), limit_uv.next_down())] {
            let bits = calm_bits(rail);
            assert!(is_calm(&[at_most, -at_most, 0.0, -0.0], bits), "{rail:?}");
            for busy in [at_most.next_up(), f32::NAN, f32::NEG_INFINITY] {
                assert!(!is_calm(&[0.0, busy], bits), "{rail:?} {busy}");
            }
        }
        assert!(!is_calm(&[0.0], calm_bits(Some(0.0))));
        assert!(is_calm(&[1.0], calm_bits(Some(f32::NAN))));
    }
}
