//! Watches the raw signal before anything else touches it.
//!
//! Takes a raw frame `[source_channels]`, µV; gives a copy that filters can bear and says what was wrong
//! with it. Only channels that the mapping uses count. A value that is not finite, or that no amplifier gives, is
//! replaced by the last usable one of its channel: one NaN in a recursive filter would stay there for ever, and one
//! damaged number would swing it for seconds.

/// No amplifier gives more: a hundred volts. What is larger is damage on the way and treated as not finite.
const LIMIT_UV: f32 = 1e8;

/// A value this near to the configured rail counts as on it, relative.
const RAIL_TOLERANCE: f32 = 1e-3;

/// Without a configured rail: a value beyond this that does not change is on the rail. No electrode
/// offset is larger, and a converter that still works never repeats its last bit there.
const STUCK_ABOVE_UV: f32 = 1e5;

/// Equal values in a row that make a channel stuck.
const STUCK_FRAMES: u8 = 3;

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
    railed: Vec<bool>,
}

impl RawWatch {
    /// `used` `[source_channels]` tells which channels count; `rail_uv` is the amplifier's limit if known.
    pub fn prepare(rail_uv: Option<f32>, used: Vec<bool>) -> Self {
        let channels = used.len();
        let past = vec![Past::default(); channels];
        Self { rail_uv, used, past, railed: vec![false; channels] }
    }

    /// Forgets the past. Does not allocate.
    pub fn reset(&mut self) {
        self.past.fill(Past::default());
        self.railed.fill(false);
    }

    /// Which channels were at a rail in the last frame, used or not: `[source_channels]`.
    pub fn railed(&self) -> &[bool] {
        &self.railed
    }

    /// Looks at `raw` and fills `clean`, both `[source_channels]`, µV.
    pub fn observe(&mut self, raw: &[f32], clean: &mut [f32]) -> RawFlags {
        let mut flags = RawFlags::default();
        for (i, (value, clean)) in raw.iter().zip(clean).enumerate() {
            let past = &mut self.past[i];
            // False for what is not a number.
            let is_usable = value.abs() <= LIMIT_UV;
            if is_usable {
                let same = *value == past.value_uv;
                past.repeats = if same { past.repeats.saturating_add(1) } else { 1 };
                past.value_uv = *value;
            }
            self.railed[i] = at_rail(*past, self.rail_uv);
            flags.not_finite |= self.used[i] && !is_usable;
            flags.railed += u16::from(self.used[i] && self.railed[i]);
            *clean = past.value_uv;
        }
        flags
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
        let mut watch = RawWatch::prepare(None, vec![true, false]);
        let mut clean = [0.0; 2];
        assert_eq!(watch.observe(&[5.0, f32::NAN], &mut clean), RawFlags::default());
        assert!(watch.observe(&[f32::INFINITY, 1.0], &mut clean).not_finite);
        assert_eq!(clean, [5.0, 1.0]);
        assert!(watch.observe(&[-3e9, 2.0], &mut clean).not_finite);
        assert_eq!(clean, [5.0, 2.0]);
    }

    #[test]
    fn rails_are_found_by_limit_and_by_standing_still() {
        let mut known = RawWatch::prepare(Some(187_500.0), vec![true; 2]);
        let mut clean = [0.0; 2];
        assert_eq!(known.observe(&[-187_400.0, 187_000.0], &mut clean).railed, 1);
        let mut unknown = RawWatch::prepare(None, vec![true; 2]);
        let seen: Vec<u16> =
            (0..4).map(|_| unknown.observe(&[2e5, 9e4], &mut clean).railed).collect();
        assert_eq!(seen, [0, 0, 1, 1]);
    }
}
