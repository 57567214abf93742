//! The native libraries: fetched as hash-checked wheels, unpacked into `native/lib`.
//!
//! pip checks the wheels against `native/wheels.txt`; `unpack.py` writes the hash of every unpacked file
//! into `native/lib/VERSIONS`, and nothing is fetched as long as these agree. A library that an
//! environment variable names is left to the user.

use std::path::PathBuf;

use crate::shell::{Failure, Shell, say, succeeds};

/// Unpacks wheels, and verifies what was unpacked.
const UNPACK: &str = include_str!("unpack.py");
/// Version of Python that the wheels are chosen for; any Python can unpack them.
const WHEELS_FOR_PYTHON: &str = "3.11";

/// A library, the wheel it comes in, and the variable that overrides it.
struct Library {
    name: &'static str,
    wheel: &'static str,
    variable: &'static str,
}

const LIBRARIES: [Library; 3] = [
    Library { name: "liblsl", wheel: "pylsl", variable: "PHOSPHENE_LIBLSL" },
    Library { name: "BrainFlow", wheel: "brainflow", variable: "PHOSPHENE_BRAINFLOW" },
    Library { name: "ONNX Runtime", wheel: "onnxruntime", variable: "ORT_DYLIB_PATH" },
];

impl Library {
    /// The file that the environment names, if it does.
    fn named(&self) -> Option<PathBuf> {
        std::env::var_os(self.variable).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Why there is no wheel of it for this machine, if there is none.
    fn absence(&self) -> Option<&'static str> {
        match (std::env::consts::OS, std::env::consts::ARCH, self.wheel) {
            ("linux", "aarch64", "pylsl") => Some("install liblsl 1.18 or newer from the system"),
            ("linux", "aarch64", "brainflow") => Some("build BrainFlow 5.23 from its source"),
            ("macos", "x86_64", "onnxruntime") => {
                Some("ONNX Runtime ended its builds for Macs with Intel")
            }
            ("linux" | "macos" | "windows", "x86_64" | "aarch64", _) => None,
            _ => Some("build it from its source"),
        }
    }
}

/// pip's names of the platforms whose wheels run on this machine.
fn platforms() -> &'static [&'static str] {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => &["manylinux_2_35_x86_64", "manylinux_2_28_x86_64"],
        ("linux", "aarch64") => &["manylinux_2_28_aarch64"],
        ("macos", "aarch64") => &["macosx_14_0_arm64", "macosx_11_0_universal2"],
        ("macos", _) => &["macosx_11_0_universal2", "macosx_11_0_x86_64"],
        ("windows", _) => &["win_amd64"],
        _ => &[],
    }
}

/// The name under which Python 3 runs here.
pub fn python() -> Option<&'static str> {
    ["python3", "python", "py"]
        .into_iter()
        .find(|name| succeeds(name, &["-c", "import sys; sys.exit(sys.version_info < (3, 8))"]))
}

fn needed_python() -> Result<&'static str, Failure> {
    python().ok_or_else(|| Failure::usage("Python 3.8 or newer is needed to fetch what is missing"))
}

/// Sees to it that the native libraries are there.
///
/// # Errors
/// Exit code 2 where Python is missing, otherwise that of pip.
pub fn ensure(shell: &Shell) -> Result<(), Failure> {
    let wanted: Vec<&Library> = LIBRARIES.iter().filter(|library| is_wanted(library)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let python = needed_python()?;
    let wheels: Vec<&str> = wanted.iter().map(|library| library.wheel).collect();
    if unpack(shell, python, "verify", &wheels).is_ok() {
        return Ok(());
    }
    let names: Vec<&str> = wanted.iter().map(|library| library.name).collect();
    say(&format!("Fetching {} …", names.join(", ")));
    fetch(shell, &wheels)?;
    say(unpack(shell, python, "unpack", &wheels)?.trim_end());
    Ok(())
}

/// Says why a library is not fetched, if so.
fn is_wanted(library: &Library) -> bool {
    if let Some(path) = library.named() {
        let verdict =
            if path.is_file() { "is used" } else { "does not exist, although it is named" };
        say(&format!("{} {verdict} by {}: {}", library.name, library.variable, path.display()));
        return false;
    }
    let Some(remedy) = library.absence() else { return true };
    say(&format!(
        "There is no {} for this machine on PyPI: {remedy}, then set {} to its file.",
        library.name, library.variable
    ));
    false
}

fn unpack(shell: &Shell, python: &str, mode: &str, wheels: &[&str]) -> Result<String, Failure> {
    let arguments: Vec<&str> =
        ["-c", UNPACK, mode].into_iter().chain(wheels.iter().copied()).collect();
    shell.capture(python, &arguments)
}

/// Downloads the wheels; pip refuses any whose hash is not in `native/wheels.txt`.
fn fetch(shell: &Shell, wheels: &[&str]) -> Result<(), Failure> {
    let requirements = shell.path("native/wheels/wanted.txt");
    write_requirements(shell, wheels, &requirements)
        .map_err(|e| Failure::new(format!("{} cannot be written: {e}", requirements.display())))?;
    let requirements = requirements.to_string_lossy();
    let mut arguments =
        vec!["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes"];
    arguments.extend(["--no-deps", "--only-binary=:all:", "--python-version", WHEELS_FOR_PYTHON]);
    arguments.extend(["--dest", "native/wheels", "--requirement", &requirements]);
    arguments.extend(platforms().iter().flat_map(|platform| ["--platform", platform]));
    shell.run(&python_with_pip(shell)?, &arguments)
}

/// Writes the part of `native/wheels.txt` that is about these wheels.
fn write_requirements(shell: &Shell, wheels: &[&str], to: &std::path::Path) -> std::io::Result<()> {
    let all = std::fs::read_to_string(shell.path("native/wheels.txt"))?;
    std::fs::create_dir_all(shell.path("native/wheels"))?;
    std::fs::write(to, requirements_of(&all, wheels))
}

/// The requirements of these wheels, without comments.
fn requirements_of(all: &str, wheels: &[&str]) -> String {
    let mut kept = String::new();
    let mut keeping = false;
    for line in all.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, _)) = line.split_once("==") {
            keeping = wheels.contains(&name);
        }
        if keeping {
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

/// A Python that has pip: this one, or a virtual environment of our own.
///
/// # Errors
/// Exit code 2 where Python is missing.
pub fn python_with_pip(shell: &Shell) -> Result<String, Failure> {
    let python = needed_python()?;
    if succeeds(python, &["-m", "pip", "--version"]) {
        return Ok(python.into());
    }
    let inside = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    let own = shell.path("native/.venv").join(inside);
    if !own.is_file() {
        say("Python has no pip: making a virtual environment in native/.venv");
        shell.run(python, &["-m", "venv", "native/.venv"])?;
    }
    Ok(own.to_string_lossy().into_owned())
}

/// Says which libraries are there.
pub fn report(shell: &Shell) {
    for library in LIBRARIES.iter().filter(|library| is_wanted(library)) {
        let there = python()
            .is_some_and(|python| unpack(shell, python, "verify", &[library.wheel]).is_ok());
        let verdict =
            if there { "unpacked, hashes agree" } else { "missing: run `cargo xtask setup`" };
        say(&format!("{}: {verdict}", library.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PINNED: &str = include_str!("../../native/wheels.txt");

    #[test]
    fn every_library_is_pinned_with_a_hash() {
        for library in &LIBRARIES {
            let requirements = requirements_of(PINNED, &[library.wheel]);
            assert!(requirements.starts_with(&format!("{}==", library.wheel)), "{requirements}");
            assert!(requirements.contains("--hash=sha256:"), "{requirements}");
        }
    }

    #[test]
    fn other_wheels_and_comments_are_left_out() {
        let requirements = requirements_of(PINNED, &["pylsl"]);
        assert!(
            !requirements.contains("brainflow") && !requirements.contains('#'),
            "{requirements}"
        );
        // A backslash at the very end would join the next requirement.
        assert!(!requirements.trim_end().ends_with('\\'), "{requirements}");
    }
}
