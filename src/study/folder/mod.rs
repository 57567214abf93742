//! What a session that was held left in its folder: who, with which pack, its runs, how it was held.
//!
//! Takes a folder; gives what its `protocol.toml` and `held.json` say and which recordings are there. A folder without
//! `protocol.toml` is no session of this program: its recordings are read all the same ([`crate::study::trials::sessions`]).

pub mod pictures;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::present::presenter::{Attention, TrialTiming};

/// Largest `protocol.toml` and `held.json`, in bytes: a session of two hours takes a few MiB.
const MAX_BYTES: u64 = 64 << 20;

/// Part of the names of recordings that nothing is fitted to before it has been scored on them.
pub const TEST_TASK: &str = "_task-test_";

/// How the names of timing tables end: no recordings, though they are tables too.
pub const TIMING_ENDING: &str = "_timing.csv";

/// What became of the runs.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Held {
    /// When every trial was seen, run after run.
    pub timing: Vec<TrialTiming>,
    /// How the task was done; `None` where nobody could press a key.
    pub attention: Option<Attention>,
    /// What the display can do; `None` for a virtual one.
    pub display: Option<Display>,
}

/// What a display was found to do before the session.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Display {
    /// Refreshes in a second.
    pub refresh_hz: f64,
    /// Standard deviation of the time between two.
    pub jitter_secs: f64,
    /// Share of refreshes that passed without a new frame.
    pub missed_share: f64,
    /// What that means, in words.
    pub verdict: String,
}

/// A session that was held.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// `sub-01`.
    pub subject: String,
    /// `ses-01`.
    pub session: String,
    /// Name of its protocol.
    pub protocol: String,
    /// Hash of the pack that it was held with; empty where that was not known.
    pub pack_sha256: String,
    /// Runs with pictures that no training run shows.
    pub test: Vec<PathBuf>,
    /// How it was held; empty where it was broken off.
    pub held: Held,
}

#[derive(Deserialize)]
struct Kept {
    subject: String,
    session: String,
    #[serde(default)]
    pack_sha256: String,
    protocol: KeptProtocol,
}

#[derive(Deserialize)]
struct KeptProtocol {
    name: String,
}

impl Folder {
    /// Reads it; `None` where it is no session of this program, or what it says of itself is damaged.
    pub fn read(path: &Path) -> Option<Self> {
        let kept: Kept = toml::from_str(&text(&path.join("protocol.toml"))?).ok()?;
        let held = text(&path.join("held.json")).and_then(|text| serde_json::from_str(&text).ok());
        let mut test: Vec<PathBuf> = std::fs::read_dir(path)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|file| {
                let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
                name.is_some_and(|name| name.contains(TEST_TASK) && name.ends_with(".xdf"))
            })
            .collect();
        test.sort();
        Some(Self {
            path: path.into(),
            subject: kept.subject,
            session: kept.session,
            protocol: kept.protocol.name,
            pack_sha256: kept.pack_sha256,
            test,
            held: held.unwrap_or_default(),
        })
    }

    /// The personal encoder that was fitted to it, where there is one.
    pub fn encoder(&self) -> Option<PathBuf> {
        Some(self.path.join("encoder.onnx")).filter(|path| path.is_file())
    }
}

fn text(path: &Path) -> Option<String> {
    let size = std::fs::metadata(path).ok()?.len();
    if size > MAX_BYTES {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

/// The newest personal encoder of somebody else below `root` that was fitted to the same pack.
pub fn someone_elses_encoder(root: &Path, subject: &str, pack_sha256: &str) -> Option<PathBuf> {
    let others = folders_in(root).into_iter().filter(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| name.starts_with("sub-") && name != subject)
    });
    let mut sessions: Vec<Folder> =
        others.flat_map(|path| folders_in(&path)).filter_map(|path| Folder::read(&path)).collect();
    sessions.retain(|kept| kept.pack_sha256 == pack_sha256);
    sessions.iter().rev().find_map(Folder::encoder)
}

/// The folders in a folder, by name.
pub fn folders_in(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut found: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

/// A session that was held, as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// `ses-01`.
    pub session: String,
    /// Its score in a sentence, or why there is none.
    pub verdict: String,
    /// Its report, where there is one.
    pub report: Option<PathBuf>,
    /// Its personal encoder, where there is one.
    pub encoder: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Scored {
    #[serde(default)]
    simulated: bool,
    refused: Option<String>,
    #[serde(default)]
    scores: Vec<ScoredLine>,
}

#[derive(Deserialize)]
struct ScoredLine {
    metric: String,
    encoder: String,
    value: f64,
    chance: f64,
    ci95: [f64; 2],
    trials: usize,
    k: usize,
    n: usize,
}

/// The sessions of a person, oldest first. Reads small files only.
pub fn listed(root: &Path, subject: &str) -> Vec<Listed> {
    let folders = folders_in(&root.join(format!("sub-{}", subject.trim_start_matches("sub-"))));
    let one = |path: PathBuf| {
        let kept = Folder::read(&path)?;
        let scored = text(&path.join("evaluation.json"));
        let scored: Option<Scored> = scored.and_then(|text| serde_json::from_str(&text).ok());
        let report = Some(path.join("report.html")).filter(|report| report.is_file());
        let verdict = scored.map_or_else(|| "it was not scored".into(), verdict);
        Some(Listed { session: kept.session.clone(), verdict, report, encoder: kept.encoder() })
    };
    folders.into_iter().filter_map(one).collect()
}

fn verdict(scored: Scored) -> String {
    let label = if scored.simulated { "SIMULATED, " } else { "" };
    if let Some(why) = scored.refused {
        return format!("{label}no score: {why}");
    }
    let is =
        |line: &&ScoredLine| line.metric == "top1" && line.encoder == "personal" && line.k == 1;
    let Some(line) = scored.scores.iter().find(is) else { return format!("{label}no score") };
    format!(
        "{label}{:.1} % right of {} (95 %: {:.1}–{:.1}, chance {:.1} %), {} single trials",
        100.0 * line.value,
        line.n,
        100.0 * line.ci95[0],
        100.0 * line.ci95[1],
        100.0 * line.chance,
        line.trials
    )
}

/// Says so where the session in this folder was held with another pack than the one with this hash: its pictures are known by
/// name only.
pub fn other_pack(path: &Path, sha256: &str) -> Option<String> {
    let held_with = Folder::read(path)?.pack_sha256;
    let short = |hash: &str| hash.chars().take(12).collect::<String>();
    (!held_with.is_empty() && held_with != sha256).then(|| {
        format!(
            "{} was held with another pack ({}…) than this one ({}…): its pictures are taken by their names",
            path.display(),
            short(&held_with),
            short(sha256)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_listed_with_their_scores_and_damaged_ones_with_what_is_left() {
        let root = tempfile::tempdir().unwrap();
        let session = |name: &str, evaluation: &str| {
            let path = root.path().join("sub-01").join(name);
            std::fs::create_dir_all(&path).unwrap();
            let protocol = format!(
                "subject = \"sub-01\"\nsession = \"{name}\"\n[protocol]\nname = \"short\"\n"
            );
            std::fs::write(path.join("protocol.toml"), protocol).unwrap();
            std::fs::write(path.join("evaluation.json"), evaluation).unwrap();
            path
        };
        let score = r#"{"metric":"top1","encoder":"personal","value":0.5,"chance":0.025,"ci95":[0.4,0.6],"trials":99,"k":1,"n":40}"#;
        let first = session("ses-01", &format!("{{\"simulated\":true,\"scores\":[{score}]}}"));
        session("ses-02", "{ damaged");
        session("ses-03", "{\"refused\":\"time tells\"}");
        std::fs::write(first.join("encoder.onnx"), "x").unwrap();
        std::fs::create_dir_all(root.path().join("sub-01/elsewhere")).unwrap();
        let all = listed(root.path(), "01");
        assert_eq!(all.len(), 3);
        assert!(
            all[0].verdict.starts_with("SIMULATED, 50.0 % right of 40") && all[0].encoder.is_some()
        );
        assert_eq!(all[1].verdict, "it was not scored");
        assert_eq!(all[2].verdict, "no score: time tells");
        assert!(listed(root.path(), "../..").is_empty());
    }
}
