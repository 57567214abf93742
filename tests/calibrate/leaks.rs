//! Ten leaks planted in a sound plan, one at a time: each is found, and for its own reason.

use phosphene::present::protocol::{Plan, PlannedRun, Protocol, Role, check, plan};

const TEXT: &str = include_str!("../../calibration/default.toml");

fn sound() -> Plan {
    plan(&Protocol::parse(TEXT).unwrap(), 40).unwrap()
}

/// Gives the trials of a run other pictures, at the times that were planned.
fn show(run: &mut PlannedRun, pictures: &[usize]) {
    run.trials.truncate(pictures.len());
    for (trial, picture) in run.trials.iter_mut().zip(pictures) {
        (trial.picture, trial.is_repeat) = (*picture, false);
    }
}

fn pictures_of(run: &PlannedRun) -> Vec<usize> {
    let mut all: Vec<usize> = run.trials.iter().map(|trial| trial.picture).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn a_plan_keeps_what_it_promises() {
    for seed in 0..20 {
        let mut protocol = Protocol::parse(TEXT).unwrap();
        protocol.seed = seed;
        let plan = plan(&protocol, 40).unwrap();
        assert_eq!(plan.runs.len(), 6);
        assert_eq!(plan.runs[5].role, Role::Test);
        assert_eq!((pictures_of(&plan.runs[0]).len(), pictures_of(&plan.runs[5]).len()), (32, 8));
        for run in &plan.runs {
            let repeats = run.trials.iter().filter(|trial| trial.is_repeat).count();
            assert_eq!(run.trials.len() - repeats, 96);
            assert!(run.trials.windows(2).all(|pair| {
                let step = pair[1].onset_secs - pair[0].onset_secs;
                (0.7..=0.9).contains(&step)
                    && pair[1].is_repeat == (pair[0].picture == pair[1].picture)
            }));
        }
    }
}

/// What is wrong, how to plant it in a sound plan, and a word that the check must say.
type Leak = (&'static str, fn(&mut Plan), &'static str);

const LEAKS: [Leak; 10] = [
    (
        "a test picture in training",
        |plan| {
            let stranger = plan.runs[5].trials[0].picture;
            plan.runs[2].trials[10].picture = stranger;
        },
        "on one side",
    ),
    (
        "all training pictures in the test",
        |plan| {
            let training = pictures_of(&plan.runs[0]);
            show(&mut plan.runs[5], &training);
        },
        "on one side",
    ),
    ("the test before the training", |plan| plan.runs.rotate_right(1), "come last"),
    (
        "blocks of one picture",
        |plan| {
            let blocks: Vec<usize> =
                pictures_of(&plan.runs[1]).into_iter().flat_map(|picture| [picture; 3]).collect();
            show(&mut plan.runs[1], &blocks);
        },
        "follows itself",
    ),
    (
        "a picture now and then twice in a row",
        |plan| {
            let again = plan.runs[3].trials[20].picture;
            (plan.runs[3].trials[21].picture, plan.runs[3].trials[21].is_repeat) = (again, false);
        },
        "follows itself",
    ),
    (
        "half of the pictures in the first half of a run",
        |plan| {
            let shown = pictures_of(&plan.runs[0]);
            let (early, late) = shown.split_at(16);
            let order: Vec<usize> = [early, early, early, late, late, late].concat();
            show(&mut plan.runs[0], &order);
        },
        "follows time",
    ),
    ("the same order in two runs", |plan| plan.runs[4] = plan.runs[1].clone(), "same order"),
    (
        "one picture always after another",
        |plan| {
            for run in &mut plan.runs[..5] {
                let mut order = pictures_of(run);
                let shift = run.trials[0].picture % order.len();
                order.rotate_left(shift);
                let order = [order.clone(), order.clone(), order].concat();
                show(run, &order);
            }
        },
        "foreseen",
    ),
    (
        "fixed intervals",
        |plan| {
            for (i, trial) in plan.runs[2].trials.iter_mut().enumerate() {
                trial.onset_secs = 3.0 + 0.8 * i as f64;
            }
        },
        "fixed intervals",
    ),
    (
        "a longer wait before some pictures",
        |plan| {
            let mut onset_secs = 3.0;
            for trial in &mut plan.runs[0].trials {
                onset_secs += if trial.picture % 2 == 0 { 0.72 } else { 0.88 };
                trial.onset_secs = onset_secs;
            }
        },
        "time before a picture",
    ),
];

#[test]
fn ten_planted_leaks_are_found() {
    assert_eq!(check(&sound()), Vec::<String>::new());
    for (name, plant, words) in LEAKS {
        let mut plan = sound();
        plant(&mut plan);
        let found = check(&plan);
        assert!(found.iter().any(|why| why.contains(words)), "{name}: {found:?}");
    }
    let mut plan = sound();
    let frequent = plan.runs[0].trials[0].picture;
    for i in (0..60).step_by(4) {
        plan.runs[0].trials[i].picture = frequent;
    }
    assert!(check(&plan).iter().any(|why| why.contains("frequent")), "an eleventh: imbalance");
}

#[test]
fn what_cannot_be_planned_is_said() {
    let protocol = Protocol::parse(TEXT).unwrap();
    assert!(plan(&protocol, 9).unwrap_err().contains("9 pictures"));
    let mut endless = protocol.clone();
    endless.runs.training = 50;
    endless.runs.training_cycles = 50;
    assert!(plan(&endless, 40).unwrap_err().contains("minutes"));
    let mut fixed = protocol;
    fixed.timing.jitter_secs = 0.0;
    assert!(plan(&fixed, 40).unwrap_err().contains("jitter_secs"));
}
