//! `cargo xtask training-check`: the training scripts' own tests and `train.py --quick`, in a Python of their own.
//!
//! Neither the program nor its tests need Python with PyTorch; this is for those who change
//! `models/training`, and for continuous integration. Everything is kept below `target/`, nothing is
//! written into the source tree. Needs Python 3.10 or newer, `npm` (the drawings) and about 6 GB.

use crate::python;
use crate::shell::{Failure, Shell, say, succeeds};

const VENV: &str = "target/training/venv";
const WORK: &str = "target/training/work";
const TESTS: [&str; 7] = [
    "test_training.py",
    "test_eeg.py",
    "test_metrics.py",
    "test_strength.py",
    "test_answers.py",
    "test_widened.py",
    "test_painted.py",
];

/// Installs what training needs, runs its tests, then every stage on few pictures and steps.
pub fn check(shell: &Shell) -> Result<(), Failure> {
    if !succeeds("npm", &["--version"]) {
        return Err(Failure::usage(
            "npm is missing: it fetches the drawings that the demonstration pack is trained on. Install Node.js.",
        ));
    }
    let list = "models/training/requirements-evaluate.txt";
    let python = python::environment(shell, VENV, list, "PyTorch is large: some minutes")?;
    say("== tests of the training scripts");
    for pattern in TESTS {
        let tests = ["-m", "unittest", "discover", "-s", "models/training", "-p", pattern];
        shell.run(&python, &tests)?;
    }
    say("== every stage of training, on few pictures and steps");
    let script = "models/training/train.py";
    shell.run(&python, &[script, "all", "--quick", "--work", WORK])?;
    say("Training works: its tests and a quick run of every stage.");
    Ok(())
}
