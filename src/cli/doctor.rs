//! `phosphene doctor`: what works on this computer, and how to mend what does not.

use serde::Serialize;

use crate::config;
use crate::decode::Pack;
use crate::native::{self, Library};
use crate::pipeline::urgent;
use crate::source::lsl;

use super::failure::Failure;
use super::terminal::print_json;

/// Arguments of `doctor`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// One thing that was checked.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What is checked, as the line's heading.
    pub what: String,
    /// Whether it works.
    pub ok: bool,
    /// Version and place, or what is wrong.
    pub found: String,
    /// How to mend it; empty when it works.
    pub remedy: String,
}

#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    ok: bool,
    checks: Vec<Check>,
}

/// Runs `doctor`.
///
/// # Errors
/// Exit code 1 when something that Phosphene cannot do without does not work.
pub fn run(args: &Args) -> Result<(), Failure> {
    let checks = checks();
    let ok = checks.iter().all(|check| check.ok);
    let report = Report { version: env!("CARGO_PKG_VERSION"), ok, checks };
    if args.json {
        print_json(&report)?;
    } else {
        print(&report);
    }
    if ok { Ok(()) } else { Err(Failure::unexpected("not everything works; see above")) }
}

fn checks() -> Vec<Check> {
    let mut checks: Vec<Check> = Library::ALL.into_iter().map(check_library).collect();
    checks.extend(check_packs());
    checks.push(check_display());
    checks.push(check_threads());
    checks.push(check_network());
    checks
}

fn check_library(library: Library) -> Check {
    match native::find(library) {
        Ok(found) => Check {
            what: library.to_string(),
            ok: true,
            found: format!("{} ({}), {}", found.version, found.origin, found.path.display()),
            remedy: String::new(),
        },
        Err(error) => Check {
            what: library.to_string(),
            ok: false,
            found: error.to_string(),
            remedy: error.remedy,
        },
    }
}

fn check_packs() -> Vec<Check> {
    let packs = config::packs();
    if packs.is_empty() {
        return vec![Check {
            what: "model pack".into(),
            ok: false,
            found: "no folder with a pack.toml was found".into(),
            remedy: format!(
                "start Phosphene in its project folder, or set {} to the models folder",
                config::MODELS_VARIABLE
            ),
        }];
    }
    packs.iter().map(|folder| check_pack(folder)).collect()
}

fn check_pack(folder: &std::path::Path) -> Check {
    let what = format!("model pack {}", folder.display());
    match Pack::open(folder) {
        Ok(pack) => Check { what, ok: true, found: found(&pack), remedy: String::new() },
        Err(error) => Check {
            what,
            ok: false,
            found: error.to_string(),
            remedy: "get a fresh copy of the pack, or run `phosphene pack check` for more".into(),
        },
    }
}

/// Name and version, and the score to expect of a headset with every channel.
fn found(pack: &Pack) -> String {
    let name = format!("{} {}", pack.manifest().name, pack.manifest().version);
    match pack.expectation(Vec::new(), Vec::new()) {
        Some(expected) => format!("{name}; {}", expected.sentence()),
        None => name,
    }
}

/// The network cards on which LSL streams may be.
fn check_network() -> Check {
    let (cards, caution) = lsl::network_cards();
    Check {
        what: "network for LSL".into(),
        ok: true,
        found: if cards.is_empty() {
            "no card is up, or the system does not tell: streams of this computer only".into()
        } else {
            cards.join(", ")
        },
        remedy: caution.unwrap_or_default(),
    }
}

/// Whether the threads that take and filter the signal go before all others.
fn check_threads() -> Check {
    let allowed = urgent::is_allowed();
    let remedy = match (allowed, cfg!(target_os = "linux")) {
        (true, _) => "",
        (false, true) => {
            "only if samples are late on a busy computer: put the line `@audio - rtprio 20` into \
             /etc/security/limits.d/phosphene.conf, join that group (sudo usermod -aG audio $USER), log in anew"
        }
        (false, false) => "only if samples are late on a busy computer: close other programs",
    };
    Check {
        what: "signal threads".into(),
        ok: true,
        found: if allowed {
            "go before all others"
        } else {
            "as all others: the system allows no more"
        }
        .into(),
        remedy: remedy.into(),
    }
}

#[cfg(target_os = "linux")]
fn check_display() -> Check {
    let display = ["WAYLAND_DISPLAY", "DISPLAY"].into_iter().find_map(|name| {
        std::env::var(name).ok().filter(|v| !v.is_empty()).map(|v| format!("{name}={v}"))
    });
    Check {
        what: "display".into(),
        // A computer without a display is a fine place for headless runs.
        ok: true,
        found: display.unwrap_or_else(|| "none: use --headless".into()),
        remedy: String::new(),
    }
}

#[cfg(not(target_os = "linux"))]
fn check_display() -> Check {
    Check {
        what: "display".into(),
        ok: true,
        found: "the system's own".into(),
        remedy: String::new(),
    }
}

fn print(report: &Report) {
    println!("Phosphene {}", report.version);
    for check in &report.checks {
        println!(
            "{}  {}\n      {}",
            if check.ok { "ok   " } else { "WRONG" },
            check.what,
            check.found
        );
        if !check.remedy.is_empty() {
            println!("      {}", check.remedy);
        }
    }
}
