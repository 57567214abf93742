//! Lints, tests and documentation from one build.
//!
//! `cargo clippy` and `cargo doc` build every dependency once more, as metadata alone, which takes minutes. Here Clippy
//! compiles what is tested, as the wrapper around rustc that it is; and where cargo has rustdoc run the examples of a
//! library's documentation, this program stands in for rustdoc and has the documentation written too, from the libraries
//! that were built for the tests.

use std::process::{Command, ExitCode};

use crate::python;
use crate::shell::{Failure, Shell, say};

/// Set where this program stands in for rustdoc.
const STANDS_IN: &str = "PHOSPHENE_XTASK_IS_RUSTDOC";

/// What Clippy adds to rustc's arguments, in the form in which `cargo clippy -- -D warnings` hands it over.
const DENY_WARNINGS: &str = "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__";

/// Arguments of rustdoc that are about running examples, and how many words follow each.
const ABOUT_TESTS: [(&str, usize); 6] = [
    ("--test", 0),
    ("--no-run", 0),
    ("--nocapture", 0),
    ("--test-args", 1),
    ("--test-run-directory", 1),
    ("--test-builder", 1),
];

/// See [`test_threads`].
const LEAST_TEST_THREADS: usize = 4;

/// Builds everything with lints, runs every test, writes the documentation.
///
/// # Errors
/// The first of them that fails.
pub fn run(shell: &Shell) -> Result<(), Failure> {
    let own = std::env::current_exe()
        .map_err(|e| Failure::new(format!("this program does not know where it is: {e}")))?;
    let own = own.to_string_lossy();
    let lints = [("RUSTC_WORKSPACE_WRAPPER", "clippy-driver"), ("CLIPPY_ARGS", DENY_WARNINGS)];
    say("== lints");
    // Without this program: it runs, and on some systems a running program cannot be written.
    let all = ["test", "--workspace", "--exclude", "xtask", "--all-targets", "--no-run"];
    // Python's packages come from the network while the processor builds.
    let (built, peers) = std::thread::scope(|scope| {
        let peers = scope.spawn(|| python::peers(shell));
        (shell.run_with("cargo", &all, &lints), peers.join().ok().flatten())
    });
    built?;
    say("== tests and documentation");
    let threads = test_threads();
    let mut variables = lints.to_vec();
    variables.push(("RUST_TEST_THREADS", threads.as_str()));
    variables.extend([("RUSTDOC", own.as_ref()), (STANDS_IN, "1")]);
    variables.extend(peers.iter().map(|path| ("PHOSPHENE_PYTHON", path.as_str())));
    shell.run_with("cargo", &["test", "--workspace"], &variables)
}

/// Tests at a time: more than a small machine has cores, since many wait for a device or for real time to pass.
fn test_threads() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::env::var("RUST_TEST_THREADS").unwrap_or_else(|_| cores.max(LEAST_TEST_THREADS).to_string())
}

/// Where this program was started as rustdoc: documents a library, then runs its examples. `None` otherwise.
pub fn stand_in_for_rustdoc() -> Option<ExitCode> {
    std::env::var_os(STANDS_IN)?;
    let given: Vec<String> = std::env::args().skip(1).collect();
    let mut runs = vec![given.clone()];
    if given.iter().any(|word| word == "--test") {
        runs.insert(0, to_document(&given));
    }
    let failed = runs.iter().find_map(|arguments| {
        let status = Command::new("rustdoc").args(arguments).status();
        let code = status.map_or(1, |status| status.code().unwrap_or(1));
        (code != 0).then(|| ExitCode::from(u8::try_from(code).unwrap_or(1)))
    });
    Some(failed.unwrap_or(ExitCode::SUCCESS))
}

/// The arguments that document what these test.
fn to_document(given: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = given.iter();
    while let Some(word) = words.next() {
        match ABOUT_TESTS.iter().find(|(known, _)| known == word) {
            Some((_, 1)) => _ = words.next(),
            Some(_) => {}
            None => kept.push(word.clone()),
        }
    }
    kept.extend(["-D", "warnings", "--out-dir", "target/doc"].map(str::to_owned));
    kept
}

#[cfg(test)]
mod tests {
    use super::to_document;

    #[test]
    fn what_is_about_examples_goes_and_the_libraries_stay() {
        let given = "--crate-name a --test src/lib.rs --test-run-directory /x --extern b=libb.rlib --test-args y";
        let given: Vec<String> = given.split(' ').map(str::to_owned).collect();
        let kept = to_document(&given).join(" ");
        assert!(
            kept.starts_with("--crate-name a src/lib.rs --extern b=libb.rlib -D warnings"),
            "{kept}"
        );
    }
}
