//! Would a score on this plan mean anything? The reasons why not, one sentence each.
//!
//! Looks at what was planned (or recorded), not at how it came about. What can be counted is counted; what can only be
//! suspected (pictures that follow time, intervals that tell the picture) is held against a thousand random orders.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::{Plan, PlannedRun, PlannedTrial, Role};

/// Random orders that a suspicion is held against: a suspicion of p = 0.001 can then be told from none.
const DRAWS: usize = 1000;

/// Intervals that differ by less than this from one to the next are not jittered, in seconds: a frame at 60 Hz.
const LEAST_JITTER_SECS: f64 = 0.016;

/// Largest ratio of how often two pictures of a run are shown.
const BALANCE: usize = 2;

/// Presentations of a picture from which its successors are judged.
const MIN_SUCCESSIONS: usize = 4;

/// Every reason; none for a sound plan.
pub fn check(plan: &Plan) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(both_sides(plan));
    found.extend(test_first(plan));
    found.extend(same_order(plan));
    found.extend(one_after_the_other(plan));
    for (i, run) in plan.runs.iter().enumerate() {
        let number = i + 1;
        let trials: Vec<&PlannedTrial> = Plan::counted(run).collect();
        found.extend(in_a_row(run).map(|why| format!("run {number}: {why}")));
        found.extend(unbalanced(&trials).map(|why| format!("run {number}: {why}")));
        found.extend(not_jittered(run).map(|why| format!("run {number}: {why}")));
        let place: Vec<f64> = (0..trials.len()).map(|place| place as f64).collect();
        if tells_picture(&trials, &place) {
            found.push(format!(
                "run {number}: the picture follows time: when a trial is held tells what it shows"
            ));
        }
        let waits = waits(run);
        if tells_picture(&trials, &waits) {
            found.push(format!("run {number}: the time before a picture tells which one comes"));
        }
    }
    found
}

fn shown(plan: &Plan, role: Role) -> BTreeSet<usize> {
    let runs = plan.runs.iter().filter(|run| run.role == role);
    runs.flat_map(|run| run.trials.iter().map(|trial| trial.picture)).collect()
}

fn both_sides(plan: &Plan) -> Option<String> {
    let shared = shown(plan, Role::Training).intersection(&shown(plan, Role::Test)).count();
    (shared > 0).then(|| {
        format!(
            "{shared} pictures are shown in training and in test: their repeats must be on one side"
        )
    })
}

fn test_first(plan: &Plan) -> Option<String> {
    let first_test = plan.runs.iter().position(|run| run.role == Role::Test)?;
    let last_training = plan.runs.iter().rposition(|run| run.role == Role::Training)?;
    (first_test < last_training)
        .then(|| "a test run is held before a training run: test runs come last".into())
}

fn same_order(plan: &Plan) -> Option<String> {
    let orders: Vec<Vec<usize>> = plan
        .runs
        .iter()
        .map(|run| Plan::counted(run).map(|trial| trial.picture).collect())
        .collect();
    for (i, a) in orders.iter().enumerate() {
        for (j, b) in orders.iter().enumerate().skip(i + 1) {
            let both = a.len().min(b.len());
            let same = a.iter().zip(b).filter(|(x, y)| x == y).count();
            let pictures = a.iter().collect::<BTreeSet<_>>().len().max(1);
            // Ten standard deviations above what chance gives.
            let chance = both as f64 / pictures as f64;
            if both >= 8 && same as f64 > chance + 10.0 * chance.sqrt().max(0.5) {
                return Some(format!(
                    "runs {} and {} have the same order: the place in a run tells the picture",
                    i + 1,
                    j + 1
                ));
            }
        }
    }
    None
}

/// The same picture twice or more in a row without being the task.
fn in_a_row(run: &PlannedRun) -> Option<String> {
    let twice = run
        .trials
        .windows(2)
        .filter(|pair| pair[0].picture == pair[1].picture && !pair[1].is_repeat);
    let count = twice.count();
    (count > 0).then(|| {
        format!("a picture follows itself {count} times: pictures in blocks are told apart by slow drifts")
    })
}

fn unbalanced(trials: &[&PlannedTrial]) -> Option<String> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    trials.iter().for_each(|trial| *counts.entry(trial.picture).or_default() += 1);
    let (least, most) = (*counts.values().min()?, *counts.values().max()?);
    // Repetitions take some trials away, so a picture shown once may be gone.
    (most > BALANCE * least && most > 3).then(|| {
        format!(
            "one picture is shown {most} times and another {least}: guessing the frequent one pays"
        )
    })
}

fn not_jittered(run: &PlannedRun) -> Option<String> {
    let steps = steps(run);
    let (Some(least), Some(most)) =
        (steps.iter().copied().reduce(f64::min), steps.iter().copied().reduce(f64::max))
    else {
        return None;
    };
    (steps.len() > 4 && most - least < LEAST_JITTER_SECS).then(|| {
        "pictures come at fixed intervals: the brain foresees them, and rhythms lock to them. Set timing.jitter_secs"
            .into()
    })
}

fn steps(run: &PlannedRun) -> Vec<f64> {
    run.trials.windows(2).map(|pair| pair[1].onset_secs - pair[0].onset_secs).collect()
}

/// The time since the trial before, of every trial that counts; that of the first is the mean.
fn waits(run: &PlannedRun) -> Vec<f64> {
    let steps = steps(run);
    let mean = steps.iter().sum::<f64>() / steps.len().max(1) as f64;
    let of = |i: usize| if i == 0 { mean } else { steps[i - 1] };
    let after = |i: usize| i > 0 && run.trials[i - 1].is_repeat;
    (0..run.trials.len()).filter(|i| !run.trials[*i].is_repeat && !after(*i)).map(of).collect()
}

/// Pictures that are always followed by the same other one.
fn one_after_the_other(plan: &Plan) -> Option<String> {
    let mut followers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for run in &plan.runs {
        let order: Vec<usize> = Plan::counted(run).map(|trial| trial.picture).collect();
        for pair in order.windows(2).filter(|pair| pair[0] != pair[1]) {
            followers.entry(pair[0]).or_default().push(pair[1]);
        }
    }
    let always =
        |all: &&Vec<usize>| all.len() >= MIN_SUCCESSIONS && all.iter().all(|next| *next == all[0]);
    let (judged, foretold) = (
        followers.values().filter(|all| all.len() >= MIN_SUCCESSIONS).count(),
        followers.values().filter(always).count(),
    );
    // With two pictures in turn, each always follows the other.
    (foretold > 0 && foretold * 10 >= judged).then(|| {
        format!("{foretold} pictures are always followed by the same one: the next picture can be foreseen")
    })
}

/// Whether a number of each trial differs more between pictures than in any of a thousand random orders.
fn tells_picture(trials: &[&PlannedTrial], values: &[f64]) -> bool {
    let pictures: Vec<usize> = trials.iter().map(|trial| trial.picture).collect();
    let repeated = pictures.len() > pictures.iter().collect::<BTreeSet<_>>().len();
    if !repeated || values.len() != pictures.len() {
        return false;
    }
    let observed = between(&pictures, values);
    let mut rng = ChaCha8Rng::seed_from_u64(0x7e11);
    let mut shuffled = pictures;
    (0..DRAWS).all(|_| {
        shuffled.shuffle(&mut rng);
        between(&shuffled, values) < observed
    })
}

/// Sum of squares between pictures.
fn between(pictures: &[usize], values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (picture, value) in pictures.iter().zip(values) {
        let (sum, count) = sums.entry(*picture).or_default();
        *sum += value - mean;
        *count += 1.0;
    }
    sums.values().map(|(sum, count)| sum * sum / count).sum()
}
