//! Virtual environments below `target/`, each filled from a list of pinned packages.

use crate::shell::{Failure, Shell, say};

/// The interpreter of the environment in `folder`, made where it is not there and brought up to date with `list`. When
/// nothing is missing, pip asks no network.
pub fn environment(shell: &Shell, folder: &str, list: &str, why: &str) -> Result<String, Failure> {
    let inside = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    let own = shell.path(folder).join(inside);
    if !own.is_file() {
        say(&format!("Making a virtual environment in {folder} ({why}) …"));
        let system = if cfg!(windows) { "python" } else { "python3" };
        shell.run(system, &["-m", "venv", folder])?;
    }
    let own = own.to_string_lossy().into_owned();
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", list];
    shell.run(&own, &install)?;
    Ok(own)
}

/// The interpreter that the tests ask what other programs read from our files, unless `PHOSPHENE_PYTHON` names one;
/// without it they skip that.
pub fn peers(shell: &Shell) -> Option<String> {
    if let Ok(named) = std::env::var("PHOSPHENE_PYTHON") {
        return Some(named);
    }
    let list = "tests/peers/requirements.txt";
    match environment(shell, "target/peers", list, "MNE, pyxdf and others read our files") {
        Ok(python) => Some(python),
        Err(failure) => {
            say(&format!("{}\nThe tests that ask Python's packages will skip.", failure.message));
            None
        }
    }
}
