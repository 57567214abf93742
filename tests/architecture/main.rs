//! The rules of ARCHITECTURE.md that a machine can hold: a module imports only from modules above it in
//! `src/lib.rs`; only `decode/session.rs` names `ort`; only `ui` names `egui`; only `pipeline` spawns threads.

use std::path::{Path, PathBuf};

/// Modules in flow order, as `src/lib.rs` lists them.
fn modules() -> Vec<String> {
    let lib = std::fs::read_to_string(root().join("lib.rs")).expect("the source tree can be read");
    lib.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the source tree can be read") {
        let path = entry.expect("the source tree can be read").path();
        if path.is_dir() {
            sources_below(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source file with its module and its text without comments.
fn files() -> Vec<(String, PathBuf, String)> {
    let mut paths = Vec::new();
    sources_below(&root(), &mut paths);
    paths
        .into_iter()
        .filter_map(|path| {
            let relative = path.strip_prefix(root()).expect("the source tree can be read");
            let first = relative.components().next()?.as_os_str().to_str()?;
            let module = first.trim_end_matches(".rs").to_owned();
            let text = std::fs::read_to_string(&path).expect("the source tree can be read");
            let code: Vec<&str> =
                text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            Some((module, path, code.join("\n")))
        })
        .filter(|(module, _, _)| module != "lib" && module != "main")
        .collect()
}

#[test]
fn modules_import_only_from_above() {
    let order = modules();
    assert!(order.len() >= 14, "the list in lib.rs was not understood: {order:?}");
    let mut wrong = Vec::new();
    for (module, path, code) in files() {
        let own = order.iter().position(|m| *m == module).expect("every module is in lib.rs");
        for (place, other) in order.iter().enumerate() {
            let named = code.contains(&format!("crate::{other}::"));
            let peers = ["source", "dsp", "decode"];
            let are_peers = peers.contains(&module.as_str()) && peers.contains(&other.as_str());
            if named && *other != module && (place > own || are_peers) {
                wrong.push(format!("{} uses {other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn foreign_names_stay_in_their_rooms() {
    let rules: [(&str, &str); 4] = [
        ("ort::", "decode/session.rs"),
        ("egui", "ui/"),
        ("thread::Builder", "pipeline/"),
        ("Instant::now", "time/clock.rs"),
    ];
    let mut wrong = Vec::new();
    for (_, path, code) in files() {
        let relative = path
            .strip_prefix(root())
            .expect("the source tree can be read")
            .to_string_lossy()
            .replace('\\', "/");
        // Tests inside a file may use threads and clocks of their own.
        let product = code.split("#[cfg(test)]").next().unwrap_or_default();
        for (name, room) in rules {
            let names_it = product.match_indices(name).any(|(at, _)| {
                !product[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
            });
            if names_it && !relative.starts_with(room) {
                wrong.push(format!("{relative} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is() {
    let mut silent = Vec::new();
    let mut paths = Vec::new();
    sources_below(&root(), &mut paths);
    for path in paths {
        if !std::fs::read_to_string(&path).expect("the source tree can be read").starts_with("//!")
        {
            silent.push(path);
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}
