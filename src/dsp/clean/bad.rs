//! Electrodes that measure nothing, replaced by what the others make expected.
//!
//! Takes frames `[source_channels]` after the filters and each electrode's verdict; gives frames in which bad electrodes are
//! spherical splines through the good ones, exactly as if they were missing from the montage. Named electrodes are replaced
//! always; those that the quality meter calls bad, when it has done so for [`BAD_AFTER_SECS`], until it has called them
//! better for [`GOOD_AFTER_SECS`]. One becomes the other over `FADE_SECS`.
//!
//! With K the inverse of the splines' system over all electrodes, what the bad ones B are expected to measure from the good
//! ones G is −(K_BB)⁻¹ K_BG: a change of the set needs no new inverse, and no memory.

use super::spd;
use crate::dsp::error::DspError;
use crate::dsp::quality::electrodes::ChannelQuality;
use crate::dsp::quality::verdict::Verdict;
use crate::signal::montage::{Position, spline_precision};
use crate::units::SampleRate;

/// How long an electrode is called bad before it is replaced. A blink of the meter is not enough.
pub const BAD_AFTER_SECS: f64 = 1.0;
/// How long it is called better before it comes back.
pub const GOOD_AFTER_SECS: f64 = 3.0;
/// A jump between the two would be an artefact of its own.
const FADE_SECS: f64 = 0.25;
/// Verdicts are looked at so often: as often as the meter renews them.
const LOOK_SECS: f64 = 0.25;
/// Share of the placed electrodes that may be replaced by their verdicts: with fewer left, the gate refuses windows. As many as it
/// bears that are flat or saturated.
const MOST_REPLACED: f64 = 0.25;

/// One electrode's standing.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    is_named: bool,
    is_bad: bool,
    /// Frames for which the verdict has been the other than `is_bad` says.
    against: usize,
    /// How much of it is replaced, 0–1.
    replaced: f32,
}

impl Standing {
    fn takes_part(&self) -> bool {
        self.is_bad || self.replaced > 0.0
    }
}

/// Watches and replaces.
pub struct BadElectrodes {
    /// Source channels with a place on the head.
    placed: Vec<usize>,
    standings: Vec<Standing>,
    watches: bool,
    /// `[placed, placed]`.
    precision: Vec<f64>,
    /// Places among `placed` that are replaced, and by what: `[members][placed]`.
    members: Vec<usize>,
    weights: Vec<f64>,
    system: Vec<f64>,
    values: Vec<f64>,
    look_frames: usize,
    since_look: usize,
    bad_after: usize,
    good_after: usize,
    fade: f32,
}

impl BadElectrodes {
    /// For source channels at `places`; `named` are replaced always, others when they are called bad and `watches` is set.
    ///
    /// # Errors
    /// [`DspError::OutOfRange`] when a named electrode has no place on the head, or when fewer than two good ones are left.
    pub fn prepare(
        places: &[Option<Position>],
        named: &[bool],
        watches: bool,
        rate: SampleRate,
    ) -> Result<Self, DspError> {
        let placed: Vec<usize> = (0..places.len()).filter(|c| places[*c].is_some()).collect();
        let is_named = |c: &usize| named.get(*c).copied().unwrap_or(false);
        if let Some(c) = (0..places.len()).find(|c| is_named(c) && places[*c].is_none()) {
            let (what, expected) = ("the bad electrode in channel", "one with a place on the head");
            return Err(DspError::OutOfRange { what, expected, got: c as f64 });
        }
        let good = placed.iter().filter(|c| !is_named(c)).count();
        if good < 2 {
            let (what, expected) = ("the number of electrodes to interpolate from", "2 or more");
            return Err(DspError::OutOfRange { what, expected, got: good as f64 });
        }
        let n = placed.len();
        let positions: Vec<Position> = placed.iter().filter_map(|c| places[*c]).collect();
        let standing = |c: &usize| {
            let is_named = is_named(c);
            let replaced = if is_named { 1.0 } else { 0.0 };
            Standing { is_named, is_bad: is_named, against: 0, replaced }
        };
        let mut made = Self {
            standings: placed.iter().map(standing).collect(),
            precision: spline_precision(&positions),
            members: Vec::with_capacity(n),
            weights: vec![0.0; n * n],
            system: vec![0.0; n * n],
            values: vec![0.0; n],
            placed,
            watches,
            look_frames: rate.samples_in(LOOK_SECS).max(1),
            since_look: 0,
            bad_after: rate.samples_in(BAD_AFTER_SECS),
            good_after: rate.samples_in(GOOD_AFTER_SECS),
            fade: (1.0 / (FADE_SECS * rate.hz())) as f32,
        };
        made.choose();
        Ok(made)
    }

    /// As after `prepare`. Does not allocate.
    pub fn reset(&mut self) {
        self.since_look = 0;
        for standing in &mut self.standings {
            let replaced = if standing.is_named { 1.0 } else { 0.0 };
            *standing = Standing { is_bad: standing.is_named, against: 0, replaced, ..*standing };
        }
        self.choose();
    }

    /// How many electrodes are being replaced.
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// Their source channels.
    pub fn replaced(&self) -> impl Iterator<Item = usize> + '_ {
        self.members.iter().map(|member| self.placed[*member])
    }

    /// Replaces what is bad in a frame `[source_channels]`; `qualities` `[source_channels]` are the newest verdicts.
    pub fn process_frame(&mut self, frame_uv: &mut [f32], qualities: &[ChannelQuality]) {
        self.since_look += 1;
        if self.since_look == self.look_frames {
            self.since_look = 0;
            if self.watches {
                self.look(qualities);
            }
        }
        if self.members.is_empty() {
            return;
        }
        for (value, c) in self.values.iter_mut().zip(&self.placed) {
            *value = f64::from(frame_uv[*c]);
        }
        let n = self.placed.len();
        let mut is_back = false;
        for (row, member) in self.weights.chunks_exact(n).zip(&self.members) {
            let standing = &mut self.standings[*member];
            let step = if standing.is_bad { self.fade } else { -self.fade };
            standing.replaced = (standing.replaced + step).clamp(0.0, 1.0);
            is_back |= !standing.takes_part();
            let share = f64::from(standing.replaced);
            let expected: f64 = row.iter().zip(&self.values).map(|(w, v)| w * v).sum();
            let own = self.values[*member];
            frame_uv[self.placed[*member]] = ((1.0 - share) * own + share * expected) as f32;
        }
        if is_back {
            self.choose();
        }
    }

    fn look(&mut self, qualities: &[ChannelQuality]) {
        let most = (self.placed.len() as f64 * MOST_REPLACED) as usize;
        let mut bad = self.standings.iter().filter(|s| s.is_bad && !s.is_named).count();
        let mut is_new = false;
        for (standing, c) in self.standings.iter_mut().zip(&self.placed) {
            let verdict = qualities.get(*c).map_or(Verdict::Unknown, |q| q.verdict);
            if standing.is_named || verdict == Verdict::Unknown {
                continue;
            }
            let agrees = (verdict == Verdict::Bad) == standing.is_bad;
            standing.against = if agrees { 0 } else { standing.against + self.look_frames };
            if standing.is_bad && standing.against >= self.good_after {
                (standing.is_bad, standing.against) = (false, 0);
                bad -= 1;
            } else if !standing.is_bad && standing.against >= self.bad_after && bad < most {
                is_new |= !standing.takes_part();
                (standing.is_bad, standing.against) = (true, 0);
                bad += 1;
            }
        }
        if is_new {
            self.choose();
        }
    }

    /// Finds the weights for those that take part now.
    fn choose(&mut self) {
        let n = self.placed.len();
        self.members.clear();
        self.members.extend((0..n).filter(|i| self.standings[*i].takes_part()));
        let count = self.members.len();
        for (at, member) in self.members.iter().enumerate() {
            let row = &self.precision[member * n..(member + 1) * n];
            self.weights[at * n..(at + 1) * n].copy_from_slice(row);
            for (column, other) in self.members.iter().enumerate() {
                self.system[at * count + column] = row[*other];
            }
        }
        let solvable = spd::factor(&mut self.system[..count * count], count);
        if solvable {
            spd::solve(&self.system, count, &mut self.weights[..count * n], n);
        }
        for row in self.weights[..count * n].chunks_exact_mut(n) {
            // A system that cannot be solved has no good electrode left: nothing is expected then.
            row.iter_mut().for_each(|weight| *weight = if solvable { -*weight } else { 0.0 });
            self.members.iter().for_each(|member| row[*member] = 0.0);
        }
    }
}
