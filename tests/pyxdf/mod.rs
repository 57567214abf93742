//! Asks pyxdf what is in a file, where Python has it. Shared by the tests of XDF.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What pyxdf reads from a file; `None`, said aloud, where it is not installed.
pub fn read(path: &Path) -> Option<Value> {
    let python = std::env::var("PHOSPHENE_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/xdf_check.py");
    let output = Command::new(&python).arg("-B").arg(script).arg(path).output();
    match output {
        Ok(output) if output.status.success() => serde_json::from_slice(&output.stdout).ok(),
        Ok(output) if output.status.code() != Some(3) => {
            panic!("{}", String::from_utf8_lossy(&output.stderr))
        }
        _ => {
            eprintln!("skipped: {python} with pyxdf is not there (PHOSPHENE_PYTHON names another)");
            None
        }
    }
}
