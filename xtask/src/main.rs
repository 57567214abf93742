//! `cargo xtask setup | run | test | training-check | doctor`: from a fresh checkout to a running Phosphene in one command.
//!
//! `setup` brings system packages and native libraries, `run` builds and starts, `test` checks everything,
//! `doctor` says what is there and changes nothing. Only the standard library is used, so that this builds in
//! seconds before anything else is there. Exit code: 0 done, 2 something must be installed by hand,
//! otherwise that of the command that failed.

mod checks;
mod libraries;
mod licences;
mod packages;
mod python;
mod shell;
mod training;

use std::process::ExitCode;

use shell::{Failure, Shell, say};

const USAGE: &str = "usage: cargo xtask COMMAND

  setup          install system packages and fetch the native libraries
  run [ARGS…]    set up, build, start Phosphene (ARGS go to it); without a display: a 30 s run on the
                 simulated headset that writes pictures into live-out/
  test           set up, then licences, format check, lints, tests, documentation (what other programs read
                 from our files is asked of Python's packages, in target/peers, about 500 MB)
  training-check what training the demonstration pack needs, its tests and a quick run of every stage
                 (Python with PyTorch in target/training, about 6 GB; the program itself needs none of it)
  doctor         say what is there and what is missing; change nothing";

fn main() -> ExitCode {
    if let Some(code) = checks::stand_in_for_rustdoc() {
        return code;
    }
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let shell = Shell::at_project_root();
    let outcome = match command.as_str() {
        "setup" => setup(&shell),
        "run" => run(&shell, &rest),
        "test" => test(&shell),
        "training-check" => training::check(&shell),
        "doctor" => doctor(&shell),
        _ => Err(Failure::usage(USAGE)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// Brings everything that a build, a run and the tests need.
fn setup(shell: &Shell) -> Result<(), Failure> {
    packages::ensure(shell, packages::For::Everything)?;
    libraries::ensure(shell)?;
    say("Set-up is complete.");
    Ok(())
}

/// Sets up, builds and starts; what only tests need may be missing.
fn run(shell: &Shell, arguments: &[String]) -> Result<(), Failure> {
    packages::ensure(shell, packages::For::Running)?;
    libraries::ensure(shell)?;
    say("Building (the first time takes some minutes) …");
    shell.run("cargo", &["build", "--release", "--package", "phosphene"])?;
    let program = shell.release_binary("phosphene");
    let program = program.to_string_lossy();
    if !arguments.is_empty() || has_display() {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        return shell.run(&program, &arguments);
    }
    say(
        "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set): running 30 s without the window.",
    );
    let folder = fresh_folder("live-out");
    let arguments = ["live", "--source", "sim", "--headless", "--seconds", "30", "--out", &folder];
    shell.run(&program, &arguments)?;
    say(&format!("Seen, reconstructed and null twin, row by row: {folder}/sheet.png"));
    say(&format!("One line per decode: {folder}/decodes.jsonl"));
    Ok(())
}

/// The first of `name`, `name-2`, `name-3` … that is not there yet: an earlier run is never written over.
fn fresh_folder(name: &str) -> String {
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    let free = |folder: &String| !std::path::Path::new(folder).exists();
    std::iter::once(name.to_owned()).chain(numbered).find(free).unwrap_or_default()
}

/// Everything that must hold before a change goes in.
fn test(shell: &Shell) -> Result<(), Failure> {
    packages::ensure(shell, packages::For::Everything)?;
    libraries::ensure(shell)?;
    licences::check(shell)?;
    step(shell, "format", &["fmt", "--all", "--check"])?;
    checks::run(shell)?;
    say("All good: licences, format, lints, tests, documentation.");
    Ok(())
}

fn step(shell: &Shell, name: &str, arguments: &[&str]) -> Result<(), Failure> {
    say(&format!("== {name}"));
    shell.run("cargo", arguments)
}

/// Says what is there; the program itself knows more, once it is built.
fn doctor(shell: &Shell) -> Result<(), Failure> {
    packages::report();
    libraries::report(shell);
    let program = shell.release_binary("phosphene");
    if program.is_file() {
        return shell.run(&program.to_string_lossy(), &["doctor"]);
    }
    say("Phosphene is not built yet: `cargo xtask run` builds it.");
    Ok(())
}

/// Whether a window can be shown.
fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
