//! Asks Python what its packages (`tests/peers/requirements.txt`) find in a file. `PHOSPHENE_PYTHON` names the
//! interpreter, which `cargo xtask test` sets up; without the package a test skips that part, said aloud.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What a script of `tests/peers` prints; `None` where the peer is not installed (exit code 3).
fn ask(script: &str, peer: &str, arguments: &[&Path]) -> Option<Value> {
    let python = std::env::var("PHOSPHENE_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = super::root().join("tests/peers").join(script);
    match Command::new(&python).arg("-B").arg(script).args(arguments).output() {
        Ok(output) if output.status.success() => {
            Some(serde_json::from_slice(&output.stdout).unwrap())
        }
        Ok(output) if output.status.code() != Some(3) => {
            panic!("{}", String::from_utf8_lossy(&output.stderr))
        }
        _ => {
            eprintln!("skipped: {python} has no {peer} (PHOSPHENE_PYTHON names another)");
            None
        }
    }
}

/// What pyxdf reads from a file.
pub fn pyxdf(path: &Path) -> Option<Value> {
    ask("xdf_check.py", "pyxdf", &[path])
}

/// What pyxdf reads from a file as it stands, no clock or stamp touched.
pub fn pyxdf_raw(path: &Path) -> Option<Value> {
    ask("xdf_raw_check.py", "pyxdf", &[path])
}

/// What `mne`, `edfio`, `pyedflib` or the validator of `bids` says of a converted recording.
pub fn converted(peer: &str, about: &Path) -> Option<Value> {
    ask("convert_check.py", peer, &[Path::new(peer), about])
}
