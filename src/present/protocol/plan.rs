//! Every trial of a session, from a protocol and the number of pictures.

use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{MAX_SECS, Protocol, check};

/// Orders that are tried until one passes the check: an honest one fails it once in some hundred times.
const ATTEMPTS: u64 = 20;

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// To fit to.
    Training,
    /// To score on.
    Test,
}

/// One presentation.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct PlannedTrial {
    /// Row of the picture.
    pub picture: usize,
    /// Since the beginning of the run.
    pub onset_secs: f64,
    /// A repetition of the picture before: the task. Neither fitted nor scored.
    pub is_repeat: bool,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct PlannedRun {
    /// Whether its trials are fitted to or scored on.
    pub role: Role,
    /// In the order of their onsets.
    pub trials: Vec<PlannedTrial>,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Plan {
    /// In the order in which they are held.
    pub runs: Vec<PlannedRun>,
    /// From one onset to the next on average.
    pub interval_secs: f64,
    /// Between runs.
    pub pause_secs: f64,
    /// The seed that gave this order.
    pub seed: u64,
}

impl Plan {
    /// How long it takes, pauses included.
    pub fn seconds(&self) -> f64 {
        let run = |run: &PlannedRun| {
            run.trials.last().map_or(0.0, |trial| trial.onset_secs + 2.0 * self.interval_secs)
        };
        let pauses = self.pause_secs * self.runs.len().saturating_sub(1) as f64;
        self.runs.iter().map(run).sum::<f64>() + pauses
    }

    /// Trials that are fitted or scored: no repetitions, and none right after one.
    pub fn counted(run: &PlannedRun) -> impl Iterator<Item = &PlannedTrial> {
        let after = |i: usize| i > 0 && run.trials[i - 1].is_repeat;
        let keep = move |(i, trial): &(usize, &PlannedTrial)| !trial.is_repeat && !after(*i);
        run.trials.iter().enumerate().filter(keep).map(|(_, trial)| trial)
    }
}

/// Plans a session with so many pictures.
///
/// # Errors
/// Why no sound plan can be made: too few pictures, too long, or a leak that no order mends.
pub fn plan(protocol: &Protocol, pictures: usize) -> Result<Plan, String> {
    let held_out = protocol.pictures.held_out;
    if pictures < held_out + 2 {
        return Err(format!(
            "{pictures} pictures are there, {held_out} of them held out; at least two more must be left to train with"
        ));
    }
    let mut leaks = Vec::new();
    for attempt in 0..ATTEMPTS {
        let plan = ordered(protocol, pictures, protocol.seed.wrapping_add(attempt << 32));
        let seconds = plan.seconds();
        if seconds > MAX_SECS {
            return Err(format!(
                "it would take {:.0} minutes; {:.0} is the most",
                seconds / 60.0,
                MAX_SECS / 60.0
            ));
        }
        leaks = check(&plan);
        if leaks.is_empty() {
            return Ok(plan);
        }
    }
    Err(leaks.join("; "))
}

fn ordered(protocol: &Protocol, pictures: usize, seed: u64) -> Plan {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut all: Vec<usize> = (0..pictures).collect();
    all.shuffle(&mut rng);
    let (test, training) = all.split_at(protocol.pictures.held_out);
    let runs = &protocol.runs;
    let mut run = |role, shown: &[usize], cycles| PlannedRun {
        role,
        trials: timed(
            &order(shown, cycles, protocol.attention.repeat_share, &mut rng),
            protocol,
            &mut rng,
        ),
    };
    let mut planned: Vec<PlannedRun> =
        (0..runs.training).map(|_| run(Role::Training, training, runs.training_cycles)).collect();
    planned.extend((0..runs.test).map(|_| run(Role::Test, test, runs.test_cycles)));
    Plan {
        runs: planned,
        interval_secs: protocol.timing.interval_secs,
        pause_secs: runs.pause_secs,
        seed,
    }
}

/// Cycles of every picture once, no picture twice in a row but where the task asks for it (`true`).
fn order(
    shown: &[usize],
    cycles: usize,
    repeat_share: f64,
    rng: &mut ChaCha8Rng,
) -> Vec<(usize, bool)> {
    let mut order: Vec<(usize, bool)> = Vec::new();
    for _ in 0..cycles {
        let mut cycle = shown.to_vec();
        cycle.shuffle(rng);
        if order.last().is_some_and(|(last, _)| cycle.first() == Some(last)) && cycle.len() > 1 {
            let other = rng.random_range(1..cycle.len());
            cycle.swap(0, other);
        }
        for picture in cycle {
            order.push((picture, false));
            if rng.random_bool(repeat_share) {
                order.push((picture, true));
            }
        }
    }
    order
}

fn timed(order: &[(usize, bool)], protocol: &Protocol, rng: &mut ChaCha8Rng) -> Vec<PlannedTrial> {
    let timing = &protocol.timing;
    let mut onset_secs = timing.lead_secs;
    order
        .iter()
        .map(|(picture, is_repeat)| {
            let trial = PlannedTrial { picture: *picture, onset_secs, is_repeat: *is_repeat };
            onset_secs += timing.interval_secs + timing.jitter_secs * rng.random_range(-1.0..=1.0);
            trial
        })
        .collect()
}
