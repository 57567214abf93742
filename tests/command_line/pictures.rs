//! The wearer's own pictures in a run: told of in place of the gallery, seen by the virtual subject, kept in what is written.
//!
//! Needs ONNX Runtime and the bundled pack, which `cargo xtask setup` and git bring.

use std::path::Path;

use serde_json::Value;

use crate::harness::program::{json, refused};
use crate::harness::root;

const NAMES: [&str; 6] = ["panda", "banana", "bicycle", "airplane", "backpack", "guitar"];

/// Six of the bundled pictures under names of their own, and one of them once more.
fn own_pictures(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for name in NAMES {
        let file = root().join(format!("assets/stimuli/{name}.png"));
        std::fs::copy(&file, folder.join(format!("my {name}.png"))).unwrap();
    }
    std::fs::copy(folder.join("my guitar.png"), folder.join("your guitar.png")).unwrap();
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_run_tells_of_ones_own_pictures_and_says_which_are_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (mine, out) = (folder.path().join("mine"), folder.path().join("out"));
    own_pictures(&mine);
    let document = json(&[
        "live",
        "--headless",
        "--json",
        "--source",
        "sim:subject=7,snr=-5,speed=max,seconds=60",
        "--pictures",
        text(&mine),
        "--out",
        text(&out),
    ]);
    assert_eq!(document["truth"]["gallery"], 7);
    let notices = document["notices"].to_string();
    assert!(notices.contains("of the 7 pictures in play 1"), "{notices}");
    let top1 = document["truth"]["top1"].as_f64().unwrap();
    assert!(top1 > 0.6, "chance is a sixth: {document}");
    let lines = std::fs::read_to_string(out.join("decodes.jsonl")).unwrap();
    let decodes: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let named = |decode: &Value| decode["top"][0]["label"].as_str().map(str::to_owned);
    assert!(
        decodes
            .iter()
            .filter_map(named)
            .all(|label| label.contains("my") || label.contains("your"))
    );
    let together = decodes.iter().filter(|decode| decode["believed"]["scope"] == "told").count();
    assert!(together > 20, "{together} of {}", decodes.len());
    assert!(out.join("sheet.png").is_file());
}

#[test]
fn pictures_that_cannot_be_told_of_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let with = |pictures: &Path| {
        refused(&["live", "--headless", "--source", "sim", "--pictures", text(pictures)])
    };
    let (code, why) = with(&empty);
    assert!(code == 6 && why.contains("4 to 10000"), "{code}: {why}");
    // A set that another encoder embedded: its first picture says so.
    let other = folder.path().join("other");
    crate::harness::copy_folder(&root().join("assets/stimuli"), &other);
    let file = other.join("embeddings.safetensors");
    let mut bytes = std::fs::read(&file).unwrap();
    let values = bytes.len() - 40 * 256 * 4;
    let (first, rest) = bytes[values..].split_at_mut(256 * 4);
    first.swap_with_slice(&mut rest[..256 * 4]);
    std::fs::write(&file, bytes).unwrap();
    let (code, why) = with(&other);
    assert!(code == 6 && why.contains("another image encoder"), "{code}: {why}");
}
