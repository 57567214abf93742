//! The program itself, run by a test as a person would, from the project's folder; and tests in processes of their own.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard};

use serde_json::Value;

/// The built program, ready to be given arguments.
pub fn phosphene() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phosphene"));
    command.current_dir(super::root()).stdin(Stdio::null());
    command
}

/// What it printed; it must succeed.
pub fn run(arguments: &[&str]) -> Vec<u8> {
    let output = phosphene().args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    output.stdout
}

/// The JSON document that it printed; it must succeed.
pub fn json(arguments: &[&str]) -> Value {
    serde_json::from_slice(&run(arguments)).unwrap()
}

/// Its exit code and what it said.
pub fn refused(arguments: &[&str]) -> (i32, String) {
    let (code, _, errors) = outcome(arguments);
    (code, errors)
}

/// Its exit code, what it printed and what it said.
pub fn outcome(arguments: &[&str]) -> (i32, String, String) {
    told(phosphene().args(arguments).output().unwrap())
}

/// The same, with the user's data in a folder of the test's.
pub fn outcome_with_data(arguments: &[&str], data: &Path) -> (i32, String, String) {
    told(phosphene().args(arguments).env("XDG_DATA_HOME", data).output().unwrap())
}

fn told(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Runs an ignored test of this program in a process of its own and gives what it printed: for what belongs to a whole
/// process, such as variables and loaded libraries. `module` is the caller's `module_path!()`.
pub fn in_own_process(module: &str, test: &str, variables: &[(&str, &str)]) -> String {
    // libtest names a test without its crate.
    let inside = module.split_once("::").map_or("", |(_, inside)| inside);
    let name = [inside, test].join("::");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name.trim_start_matches(':'), "--ignored", "--nocapture"])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("1 passed"), "{name} did not run: {text}");
    text
}

/// Held by tests that fail on a busy computer (a live run that must skip no window) and by those that make it busy: the
/// processor is one resource, and the first kind needs it undisturbed.
pub fn undisturbed() -> MutexGuard<'static, ()> {
    static PROCESSOR: Mutex<()> = Mutex::new(());
    super::hold(&PROCESSOR)
}
