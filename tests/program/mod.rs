//! The program itself, run by a test from the project's folder.

#![allow(dead_code)] // each test program uses a part
#![allow(clippy::unwrap_used)] // a helper that fails is a test that fails

use std::process::{Command, Output};

use serde_json::Value;

fn phosphene(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_phosphene"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .output()
        .unwrap()
}

/// What it printed; it must succeed.
pub fn run(arguments: &[&str]) -> Vec<u8> {
    let output = phosphene(arguments);
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
    let output = phosphene(arguments);
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}
