//! Writes the list of bundled pictures: reads `assets/stimuli/stimuli.toml`, gives a Rust table of
//! `(id, label, PNG bytes)` in the order of that file. It only reads `id`, `label` and `file`; the program's
//! own tests check the rest with a real TOML parser.

use std::fmt::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("assets/stimuli");
    println!("cargo::rerun-if-changed=assets/stimuli");
    let text = std::fs::read_to_string(folder.join("stimuli.toml"))?;
    let mut table = String::from("[\n");
    for entry in text.split("[[stimulus]]").skip(1) {
        let value = |key: &str| quoted_value(entry, key).ok_or(format!("no {key} in {entry}"));
        let path = folder.join(value("file")?);
        writeln!(table, "({:?}, {:?}, include_bytes!({path:?})),", value("id")?, value("label")?)?;
    }
    table.push(']');
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("stimuli.rs"), table)?;
    Ok(())
}

/// The text between the quotes of `key = "…"`.
fn quoted_value<'a>(entry: &'a str, key: &str) -> Option<&'a str> {
    let line = entry.lines().find(|line| line.split('=').next().map(str::trim) == Some(key))?;
    line.split_once('=')?.1.trim().strip_prefix('"')?.strip_suffix('"')
}
