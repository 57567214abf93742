//! System packages: which are needed, which are missing, and how to get them here.
//!
//! Installs only as root or where `sudo` asks for no password; otherwise prints the exact command. What
//! only tests and screenshots need is optional for running.

use crate::shell::{Failure, Shell, say, succeeds};

/// What the packages are wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Building and starting Phosphene.
    Running,
    /// Tests and screenshots as well.
    Everything,
}

/// How much a package is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Nothing builds or runs without it.
    Required,
    /// The window needs it.
    Window,
    /// Only tests and screenshots need it.
    Tests,
}

/// A package under its name for each package manager; empty where there is none or it is always there.
struct Package {
    need: Need,
    why: &'static str,
    apt: &'static str,
    dnf: &'static str,
    pacman: &'static str,
}

const fn package(need: Need, why: &'static str, [apt, dnf, pacman]: [&'static str; 3]) -> Package {
    Package { need, why, apt, dnf, pacman }
}

const PACKAGES: &[Package] = &[
    package(Need::Required, "C compiler and linker", ["build-essential", "gcc", "base-devel"]),
    package(Need::Required, "fetches the native libraries", ["python3", "python3", "python"]),
    package(
        Need::Required,
        "fetches the native libraries",
        ["python3-pip", "python3-pip", "python-pip"],
    ),
    package(Need::Required, "fetches the native libraries", ["python3-venv", "", ""]),
    package(
        Need::Window,
        "keyboard in the window",
        ["libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"],
    ),
    package(
        Need::Window,
        "window on Wayland",
        ["libwayland-client0", "libwayland-client", "wayland"],
    ),
    package(Need::Window, "window on X11", ["libx11-xcb1", "libX11-xcb", "libx11"]),
    package(Need::Window, "mouse pointer on X11", ["libxcursor1", "libXcursor", "libxcursor"]),
    package(Need::Window, "mouse and touch on X11", ["libxi6", "libXi", "libxi"]),
    package(Need::Window, "Vulkan", ["libvulkan1", "vulkan-loader", "vulkan-icd-loader"]),
    package(
        Need::Window,
        "graphics without a graphics card",
        ["mesa-vulkan-drivers", "mesa-vulkan-drivers", "vulkan-swrast"],
    ),
    package(
        Need::Tests,
        "a display for screenshots",
        ["xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"],
    ),
    package(Need::Tests, "clicks in screenshots", ["xdotool", "xdotool", "xdotool"]),
    package(Need::Tests, "screenshots", ["imagemagick", "ImageMagick", "imagemagick"]),
];

/// A package manager of Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manager {
    Apt,
    Dnf,
    Pacman,
}

impl Manager {
    /// The one of this machine.
    fn here() -> Option<Self> {
        [(Self::Apt, "apt-get"), (Self::Dnf, "dnf"), (Self::Pacman, "pacman")]
            .into_iter()
            .find(|(_, program)| succeeds(program, &["--version"]))
            .map(|(manager, _)| manager)
    }

    fn name_of(self, package: &Package) -> &'static str {
        match self {
            Self::Apt => package.apt,
            Self::Dnf => package.dnf,
            Self::Pacman => package.pacman,
        }
    }

    fn has(self, name: &str) -> bool {
        match self {
            Self::Apt => dpkg_has(name),
            Self::Dnf => succeeds("rpm", &["--query", "--whatprovides", name]),
            Self::Pacman => {
                succeeds("pacman", &["--query", name])
                    || succeeds("pacman", &["--query", "--groups", name])
            }
        }
    }

    /// The command that installs, without `sudo`.
    fn install(self) -> &'static [&'static str] {
        match self {
            Self::Apt => &["apt-get", "install", "--yes", "--no-install-recommends"],
            Self::Dnf => &["dnf", "install", "--assumeyes"],
            Self::Pacman => &["pacman", "--sync", "--needed", "--noconfirm"],
        }
    }
}

/// Whether dpkg has the package installed; since Debian 13 some carry the suffix `t64`.
fn dpkg_has(name: &str) -> bool {
    let status = |name: &str| {
        let arguments = ["--show", "--showformat=${db:Status-Status}", name];
        std::process::Command::new("dpkg-query").args(arguments).output()
    };
    [name.to_string(), format!("{name}t64")]
        .iter()
        .any(|name| status(name).is_ok_and(|output| output.stdout == b"installed"))
}

/// Names of the packages that are missing here, with how much each is needed.
fn missing(manager: Manager) -> Vec<(&'static Package, &'static str)> {
    PACKAGES
        .iter()
        .map(|package| (package, manager.name_of(package)))
        .filter(|(package, name)| !name.is_empty() && !is_there(package, manager, name))
        .collect()
}

/// Whether what the package brings is there, from this package or from elsewhere.
fn is_there(package: &Package, manager: Manager, name: &str) -> bool {
    let by_hand: &[&[&str]] = match package.apt {
        "build-essential" => &[&["cc", "--version"], &["ld", "--version"]],
        "python3" => &[&["python3", "--version"]],
        "python3-pip" => &[&["python3", "-m", "pip", "--version"]],
        "python3-venv" => &[&["python3", "-m", "ensurepip", "--version"]],
        _ => &[],
    };
    let works = !by_hand.is_empty() && by_hand.iter().all(|c| succeeds(c[0], &c[1..]));
    works || manager.has(name)
}

/// Sees to it that what is needed is there, and installs it where that needs no password.
///
/// # Errors
/// Exit code 2 with the command to run, where it must be run by hand.
pub fn ensure(shell: &Shell, wanted: For) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return ensure_elsewhere();
    }
    let Some(manager) = Manager::here() else {
        say(
            "Neither apt, dnf nor pacman is here: taking for granted that the system packages are there.",
        );
        return Ok(());
    };
    let absent: Vec<_> = missing(manager)
        .into_iter()
        .filter(|(package, _)| wanted == For::Everything || package.need != Need::Tests)
        .collect();
    if absent.is_empty() {
        return Ok(());
    }
    let command = install_command(manager, absent.iter().map(|(_, name)| *name));
    if install(shell, manager, &command) {
        return Ok(());
    }
    refuse_or_go_on(wanted, &absent, &command)
}

fn install_command<'a>(manager: Manager, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    manager.install().iter().copied().chain(names).collect()
}

/// Installs where no password is asked for; false where that is not possible or did not work.
fn install(shell: &Shell, manager: Manager, command: &[&str]) -> bool {
    let sudo: &[&str] = match (is_root(), succeeds("sudo", &["-n", "true"])) {
        (true, _) => &[],
        (false, true) => &["sudo", "-n"],
        (false, false) => return false,
    };
    let run = |command: &[&str]| {
        let words: Vec<&str> = sudo.iter().chain(command).copied().collect();
        say(&format!("Installing: {}", words.join(" ")));
        shell.run_with(words[0], &words[1..], &[("DEBIAN_FRONTEND", "noninteractive")])
    };
    // A fresh machine has no package lists, an old one has stale ones: refresh once and try again.
    run(command).is_ok()
        || (manager == Manager::Apt && run(&["apt-get", "update"]).is_ok() && run(command).is_ok())
}

/// Stops where something is missing that the task cannot do without.
fn refuse_or_go_on(
    wanted: For,
    absent: &[(&Package, &str)],
    command: &[&str],
) -> Result<(), Failure> {
    let list: Vec<_> =
        absent.iter().map(|(package, name)| format!("  {name}: {}", package.why)).collect();
    let prefix = if is_root() { "" } else { "sudo " };
    let message = format!(
        "These system packages are missing:\n{}\nInstall them with:\n  {prefix}{}",
        list.join("\n"),
        command.join(" ")
    );
    let optional = absent.iter().all(|(package, _)| package.need != Need::Required);
    if wanted == For::Running && optional {
        say(&format!("{message}\nGoing on without them; the window may not open."));
        return Ok(());
    }
    Err(Failure::usage(message))
}

fn is_root() -> bool {
    let id = std::process::Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// macOS and Windows: graphics and windows are part of the system.
fn ensure_elsewhere() -> Result<(), Failure> {
    if cfg!(target_os = "macos") && !succeeds("cc", &["--version"]) {
        return Err(Failure::usage(
            "There is no C compiler. Install Apple's with:\n  xcode-select --install",
        ));
    }
    if crate::libraries::python().is_some() {
        return Ok(());
    }
    Err(Failure::usage(if cfg!(windows) {
        "Python 3 is missing. Install it with:\n  winget install Python.Python.3.12"
    } else {
        "Python 3 is missing. Install it with:\n  brew install python"
    }))
}

/// Says what is missing.
pub fn report() {
    let Some(manager) = Manager::here().filter(|_| cfg!(target_os = "linux")) else { return };
    let absent = missing(manager);
    if absent.is_empty() {
        say("System packages: all there.");
    }
    for (package, name) in absent {
        say(&format!("System package {name} is missing: {}", package.why));
    }
}
