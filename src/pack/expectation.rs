//! What score to expect of a headset that lacks some of a pack's channels.
//!
//! Takes the pack's table and which channels are interpolated or left at zero; gives a share of single trials
//! and a sentence that says where it comes from. It is an expectation, never a measurement.
//!
//! How losses combine. Two estimates are made, and the larger loss counts:
//! 1. the sum of the losses of each channel alone (a negative one counts as 0), which is too small where
//!    channels stand in for one another;
//! 2. the loss by count: the table's rows for so many absent and for so many interpolated channels (linear
//!    between rows; beyond the last row linear down to chance at no channels), weighted by how many of the
//!    missing are absent and how many are interpolated. It does not know which channels are gone.
//!
//! Where a figure for interpolated channels is not given, the one for absent channels stands in. The result
//! is never below chance. Where this very set of electrodes was tried ([`super::measured`]), that figure takes the
//! place of both; [`Basis`] says which of them it is, and where the table ends.

use serde::Serialize;

use super::expected::{ChannelLossSpec, CountRow, ExpectedSpec};
use super::measured::Measured;

/// Share of what the pack scores above chance with every electrode, below which calibration is advised. A choice of this
/// program, not a finding: with less than half of it left, more looks are lost by the montage than the wearer gains by
/// anything else that can be done without calibration.
pub const ADVISE_BELOW: f64 = 0.5;

/// What an expected score rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "basis")]
pub enum Basis {
    /// The pack's table by channel and by count.
    #[default]
    Tabled,
    /// Trials with this very set of electrodes.
    Measured {
        /// Their number.
        trials: u64,
        /// 95 % interval of the share.
        ci95: [f64; 2],
    },
    /// More channels are missing than the table goes: between its last row and chance, where nothing was measured.
    Beyond,
}

/// A score to expect of one headset, every trial decoded alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expectation {
    /// True when it comes from simulated subjects.
    pub simulated: bool,
    /// Whose trials.
    pub source: String,
    /// Pictures to choose from.
    pub gallery: u64,
    /// What guessing scores.
    pub chance_top1: f64,
    /// Signal to noise at which it was found, dB.
    pub snr_db: Option<f64>,
    /// Channels of the pack.
    pub channels: usize,
    /// Channels that are interpolated.
    pub interpolated: Vec<String>,
    /// Channels that are left at zero.
    pub absent: Vec<String>,
    /// Expected share of trials whose picture comes first, with every channel.
    pub top1_all_channels: f64,
    /// The same with the channels that there are.
    pub top1: f64,
    /// The same at the signal to noise of a simulated source, where that is known and in the pack's table.
    pub at_source_snr: Option<AtSnr>,
    /// What `top1` rests on.
    #[serde(flatten)]
    pub basis: Basis,
}

/// An expected score at one signal to noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtSnr {
    /// The source's signal to noise, dB.
    pub snr_db: f64,
    /// Expected share of trials whose picture comes first.
    pub top1: f64,
}

impl Expectation {
    /// What to expect with these channels interpolated and absent; `None` when the pack has no table for it.
    pub fn of(
        spec: &ExpectedSpec,
        channels: usize,
        interpolated: Vec<String>,
        absent: Vec<String>,
    ) -> Option<Self> {
        let table = spec.channels.as_ref()?;
        let chance_top1 = spec.chance();
        let top1_all_channels = table.by_count.first()?.top1_absent;
        let missing = interpolated.len() + absent.len();
        let single = single_losses(table, &interpolated, &absent);
        let counted = count_loss(table, channels, interpolated.len(), absent.len(), chance_top1);
        let top1 = (top1_all_channels - single.max(counted).max(0.0)).max(chance_top1);
        Some(Self {
            simulated: spec.simulated,
            source: table.source.clone(),
            gallery: spec.gallery,
            chance_top1,
            snr_db: table.snr_db,
            channels,
            interpolated,
            absent,
            top1_all_channels,
            top1,
            at_source_snr: None,
            basis: if beyond(table, missing) { Basis::Beyond } else { Basis::Tabled },
        })
    }

    /// The same where this very set of electrodes was tried.
    #[must_use]
    pub fn as_measured(self, found: Option<Measured>) -> Self {
        let Some(Measured { top1, top1_all_channels, ci95, trials }) = found else { return self };
        Self { top1, top1_all_channels, basis: Basis::Measured { trials, ci95 }, ..self }
    }

    /// What is left of the score above chance, 0 to 1.
    pub fn kept(&self) -> f64 {
        let whole = self.top1_all_channels - self.chance_top1;
        if whole > 0.0 { ((self.top1 - self.chance_top1) / whole).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Whether so little is left that calibration is advised.
    pub fn advises_calibration(&self) -> bool {
        self.kept() < ADVISE_BELOW
    }

    /// What the electrodes cost, for a person: looks that name the right picture, and what that rests on.
    pub fn plain_words(&self) -> String {
        let share = |share: f64| format!("{:.0} %", 100.0 * share);
        let mut text = format!(
            "{} of single looks name the right picture of {}",
            share(self.top1),
            self.gallery
        );
        if self.kept() < 0.995 {
            text += &format!(
                " (every electrode: {}; guessing: {:.1} %): {} of what the pack can do is left",
                share(self.top1_all_channels),
                100.0 * self.chance_top1,
                share(self.kept())
            );
        } else {
            text += &format!(" (guessing: {:.1} %)", 100.0 * self.chance_top1);
        }
        text + &match self.basis {
            Basis::Tabled => format!(". From the pack's table: {}.", self.source),
            Basis::Measured { trials, ci95: [low, high] } => format!(
                ". Measured with exactly these electrodes on simulated subjects ({trials} looks, 95 % interval {} to {}).",
                share(low),
                share(high)
            ),
            Basis::Beyond => {
                ". Not measured: so many electrodes are missing that the pack's table ends before."
                    .into()
            }
        }
    }

    /// Adds what to expect at a simulated source's signal to noise: the share above chance that the missing
    /// channels leave is taken to be the same at every level.
    pub fn at(mut self, spec: &ExpectedSpec, snr_db: Option<f64>) -> Self {
        let left = self.kept();
        self.at_source_snr = snr_db.and_then(|snr_db| {
            let full = spec.noise.as_ref()?.top1_at(snr_db)?;
            let top1 = self.chance_top1 + left * (full - self.chance_top1).max(0.0);
            Some(AtSnr { snr_db, top1 })
        });
        self
    }

    /// The expectation in one sentence that says that it is one.
    pub fn sentence(&self) -> String {
        let direct =
            self.channels - (self.interpolated.len() + self.absent.len()).min(self.channels);
        let mut text = format!("{direct} of {} channels", self.channels);
        for (names, how) in [(&self.interpolated, "interpolated"), (&self.absent, "missing")] {
            if !names.is_empty() {
                text += &format!(", {} {how} ({})", names.len(), names.join(", "));
            }
        }
        text += &format!(": expected single-trial top-1 {:.2}", self.top1);
        if direct < self.channels {
            text += &format!(" (all channels {:.2})", self.top1_all_channels);
        }
        if let Some(here) = self.at_source_snr.filter(|here| Some(here.snr_db) != self.snr_db) {
            text += &format!(", {:.2} at this source's {}", here.top1, decibels(here.snr_db));
        }
        match self.basis {
            Basis::Tabled => {}
            Basis::Measured { trials, .. } => {
                text += &format!(", tried with exactly these electrodes in {trials} trials");
            }
            Basis::Beyond => text += ", beyond the pack's table and not measured",
        }
        let whose = if self.simulated { "simulated subjects" } else { "recordings" };
        let level = self.snr_db.map(|db| format!(", {}", decibels(db))).unwrap_or_default();
        text += &format!(
            "; {whose}{level}, {} pictures, chance {:.3}: an expectation, not a measurement",
            self.gallery, self.chance_top1
        );
        text
    }
}

/// A level in dB with a true minus sign.
pub fn decibels(db: f64) -> String {
    format!("{db} dB").replace('-', "−")
}

/// Whether the table ends before so many missing channels.
fn beyond(table: &ChannelLossSpec, missing: usize) -> bool {
    table.by_count.last().is_none_or(|last| missing as u64 > last.missing)
}

fn single_losses(table: &ChannelLossSpec, interpolated: &[String], absent: &[String]) -> f64 {
    let softer = table.loss_interpolated.as_ref().unwrap_or(&table.loss_absent);
    let sum = |names: &[String], losses: &std::collections::BTreeMap<String, f64>| -> f64 {
        names.iter().filter_map(|name| losses.get(name)).map(|loss| loss.max(0.0)).sum()
    };
    sum(interpolated, softer) + sum(absent, &table.loss_absent)
}

fn count_loss(
    table: &ChannelLossSpec,
    channels: usize,
    interpolated: usize,
    absent: usize,
    chance: f64,
) -> f64 {
    let missing = interpolated + absent;
    let Some(full) = table.by_count.first().filter(|_| missing > 0) else { return 0.0 };
    let top1 = |score: fn(&CountRow) -> f64| {
        let rows = table.by_count.iter().map(|row| (row.missing as f64, score(row)));
        along(rows.chain([(channels as f64, chance)]), missing as f64)
    };
    let absent_loss = full.top1_absent - top1(|row| row.top1_absent);
    let softer_loss =
        full.top1_absent - top1(|row| row.top1_interpolated.unwrap_or(row.top1_absent));
    let share = absent as f64 / missing as f64;
    share * absent_loss + (1.0 - share) * softer_loss
}

/// Linear interpolation in rows of rising `x`; the last value beyond them.
fn along(rows: impl Iterator<Item = (f64, f64)>, x: f64) -> f64 {
    let mut before: Option<(f64, f64)> = None;
    for (at, value) in rows {
        match before {
            Some((x0, y0)) if x < at => return y0 + (x - x0) / (at - x0) * (value - y0),
            _ if x == at => return value,
            _ => before = Some((at, value)),
        }
    }
    before.map_or(0.0, |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::expected::{NoiseRow, NoiseSpec};

    fn spec() -> ExpectedSpec {
        let losses = |scale: f64| {
            [("Fz", 0.01), ("Cz", 0.02), ("Pz", 0.03), ("Oz", 0.10)]
                .map(|(name, loss)| (name.to_owned(), loss * scale))
                .into()
        };
        let row = |missing, top1_absent, top1_interpolated| CountRow {
            missing,
            top1_absent,
            top1_interpolated: Some(top1_interpolated),
        };
        let level =
            |snr_db, top1| NoiseRow { snr_db, trials: 9, top1, ci95: [top1 - 0.01, top1 + 0.01] };
        ExpectedSpec {
            simulated: true,
            gallery: 40,
            channels: Some(ChannelLossSpec {
                source: "simulated subjects never used in training, n = 24".into(),
                trials: 4000,
                snr_db: Some(-14.0),
                loss_absent: losses(1.0),
                loss_interpolated: Some(losses(0.5)),
                by_count: vec![row(0, 0.30, 0.30), row(1, 0.26, 0.28), row(2, 0.20, 0.24)],
            }),
            noise: Some(NoiseSpec {
                source: "the same".into(),
                levels: vec![level(-18.0, 0.2), level(-14.0, 0.3), level(-10.0, 0.5)],
            }),
        }
    }

    fn top1(interpolated: &[&str], absent: &[&str]) -> f64 {
        let names = |all: &[&str]| all.iter().map(|n| (*n).to_owned()).collect();
        let found = Expectation::of(&spec(), 4, names(interpolated), names(absent));
        found.expect("the table is there").top1
    }

    #[test]
    fn the_larger_of_both_losses_counts() {
        let close = |got: f64, expected: f64| assert!((got - expected).abs() < 1e-12, "{got}");
        close(top1(&[], &[]), 0.30);
        close(top1(&[], &["Oz"]), 0.20); // alone it loses 0.10, more than the mean channel's 0.04
        close(top1(&[], &["Fz"]), 0.26); // alone it loses 0.01, less than the mean channel's 0.04
        close(top1(&["Fz"], &[]), 0.28);
        close(top1(&["Fz"], &["Cz"]), 0.22); // by count: half of 0.06 and half of 0.10
        close(top1(&["Pz", "Oz"], &[]), 0.30 - 0.065);
        close(top1(&[], &["Fz", "Cz", "Pz"]), 0.20 - 0.5 * (0.20 - 0.025)); // half-way to chance
        close(top1(&[], &["Fz", "Cz", "Pz", "Oz"]), 0.025);
    }

    #[test]
    fn the_sentence_says_that_it_is_simulated_and_expected() {
        let all = Expectation::of(&spec(), 4, vec![], vec![]).unwrap();
        assert_eq!(
            all.sentence(),
            "4 of 4 channels: expected single-trial top-1 0.30; simulated subjects, −14 dB, 40 pictures, \
             chance 0.025: an expectation, not a measurement"
        );
        let fewer = Expectation::of(&spec(), 4, vec!["Fz".into()], vec!["Oz".into()]).unwrap();
        let text = fewer.at(&spec(), Some(-12.0)).sentence();
        assert!(text.starts_with(
            "2 of 4 channels, 1 interpolated (Fz), 1 missing (Oz): expected single-trial top-1 "
        ));
        assert!(text.contains("at this source's −12 dB"), "{text}");
    }

    #[test]
    fn what_the_figure_rests_on_is_said_and_little_left_asks_for_calibration() {
        let all = Expectation::of(&spec(), 4, vec![], vec![]).unwrap();
        assert_eq!((all.basis, all.kept(), all.advises_calibration()), (Basis::Tabled, 1.0, false));
        let none = |names: &[&str]| {
            let names = names.iter().map(|n| (*n).to_owned()).collect();
            Expectation::of(&spec(), 4, vec![], names).unwrap()
        };
        assert_eq!(none(&["Fz", "Cz"]).basis, Basis::Tabled);
        let far = none(&["Fz", "Cz", "Pz"]);
        assert!(far.basis == Basis::Beyond && far.advises_calibration(), "{far:?}");
        assert!(far.plain_words().contains("Not measured"), "{}", far.plain_words());
        assert!(far.sentence().contains("beyond the pack's table and not measured"));
        let found =
            Measured { top1: 0.25, top1_all_channels: 0.3, ci95: [0.24, 0.26], trials: 4000 };
        let tried = far.as_measured(Some(found));
        assert!((tried.kept() - 0.225 / 0.275).abs() < 1e-12 && !tried.advises_calibration());
        let words = tried.plain_words();
        assert!(words.starts_with("25 % of single looks name the right picture of 40"), "{words}");
        assert!(words.contains("Measured with exactly these electrodes"), "{words}");
    }

    #[test]
    fn a_sources_own_noise_level_moves_the_expectation() {
        let at = |snr_db| {
            let all = Expectation::of(&spec(), 4, vec![], vec![]).unwrap();
            all.at(&spec(), snr_db).at_source_snr.map(|here| here.top1)
        };
        let close = |got: Option<f64>, expected: f64| {
            assert!(got.is_some_and(|got| (got - expected).abs() < 1e-12), "{got:?}");
        };
        close(at(Some(-18.0)), 0.2);
        close(at(Some(-12.0)), 0.4);
        assert_eq!((at(Some(-19.0)), at(Some(3.0)), at(None)), (None, None, None));
        let blind =
            Expectation::of(&spec(), 4, vec![], ["Fz", "Cz", "Pz", "Oz"].map(Into::into).into());
        close(blind.unwrap().at(&spec(), Some(-10.0)).at_source_snr.map(|here| here.top1), 0.025);
    }
}
