//! A recording of the simulated subject, replayed: the same windows, embeddings and hash at every speed and after a
//! pause; after a seek the same embeddings from there on.
//!
//! Needs ONNX Runtime and the bundled pack, which `cargo xtask setup` and git bring.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use phosphene::pipeline::{Pipeline, RunConfig, RunReport};
use phosphene::snapshot::RunState;
use phosphene::source::file::Transport;
use serde_json::Value;

use crate::harness::demo_pack;
use crate::harness::program::{json, undisturbed};

/// A live recording of twenty seconds, made once, with its own decode hash.
fn recording() -> &'static (tempfile::TempDir, PathBuf, String) {
    static MADE: OnceLock<(tempfile::TempDir, PathBuf, String)> = OnceLock::new();
    MADE.get_or_init(|| {
        let _quiet = undisturbed();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("live.xdf");
        let document = json(&[
            "live",
            "--source",
            "sim:subject=5",
            "--headless",
            "--seconds",
            "20",
            "--no-twin",
            "--json",
            "--record",
            path.to_str().unwrap(),
        ]);
        let hash = document["decode_hash"].as_str().unwrap().to_owned();
        assert_eq!(
            document["windows"]["skipped"], 0,
            "this computer is too slow for the test: {}",
            document["windows"]
        );
        (folder, path, hash)
    })
}

/// The line of each decode, by its window's onset.
fn decodes(folder: &Path) -> BTreeMap<String, Value> {
    let lines = std::fs::read_to_string(folder.join("decodes.jsonl")).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["onset_secs"].to_string(), line)).collect()
}

#[test]
fn a_live_recording_replayed_at_any_speed_gives_its_hash() {
    let (_, path, hash) = recording();
    let path = path.to_str().unwrap();
    let same_at = |speed: &str| {
        let quick = ["--speed", speed, "--headless", "--no-twin", "--json"];
        let found = json(&[&["replay", path], &quick[..]].concat());
        let (got, windows) = (&found["decode_hash"], &found["windows"]);
        assert_eq!(got.as_str(), Some(hash.as_str()), "speed {speed}: {windows}");
    };
    // At the recording's own speed most of the time is waiting: the others run beside it.
    std::thread::scope(|scope| {
        scope.spawn(|| same_at("1"));
        ["max", "16", "4"].into_iter().for_each(same_at);
    });
}

/// Replays under a transport until `until` says so; every window is collected by the sink's folder.
fn controlled(
    out: &Path,
    transport: &Arc<Transport>,
    mut until: impl FnMut(&Transport, f64) -> bool,
) -> RunReport {
    let (_, path, _) = recording();
    let config = RunConfig {
        spec: format!("file:{}", path.display()).parse().unwrap(),
        pack: Some(demo_pack()),
        twin: false,
        transport: Some(transport.clone()),
        ..RunConfig::default()
    };
    let sink = phosphene::cli::output::OutputFolder::create(
        out,
        phosphene::signal::StimulusSet::bundled_or_none(),
    )
    .unwrap();
    let pipeline = Pipeline::start(config, vec![Box::new(sink)]);
    let clock = phosphene::time::clock::Clock::system();
    let begun_secs = clock.now_secs();
    loop {
        std::thread::sleep(Duration::from_millis(5));
        assert!(
            clock.now_secs() - begun_secs < 120.0,
            "the replay does not end: {:?}",
            pipeline.snapshot().run
        );
        assert!(
            !matches!(pipeline.snapshot().run, RunState::Failed { .. }),
            "{:?}",
            pipeline.snapshot().run
        );
        if pipeline.snapshot().run == RunState::Ended || until(transport, transport.position_secs())
        {
            break;
        }
    }
    pipeline.stop()
}

#[test]
fn a_pause_and_a_change_of_speed_change_nothing() {
    let (_, _, hash) = recording();
    let folder = tempfile::tempdir().unwrap();
    let transport = Arc::new(Transport::new(16.0));
    let state = Mutex::new(0);
    let report = controlled(folder.path(), &transport, |transport, here| {
        let Some(outline) = transport.outline() else { return false };
        let mut state = state.lock().unwrap();
        let into = here - outline.first_secs;
        match *state {
            0 if into > 5.0 => {
                transport.set_playing(false);
                *state = 1;
            }
            1..=40 => *state += 1,
            41 => {
                let held = transport.position_secs();
                std::thread::sleep(Duration::from_millis(100));
                assert_eq!(transport.position_secs(), held, "a pause holds still");
                transport.set_speed(8.0);
                transport.set_playing(true);
                *state = 42;
            }
            _ => {}
        }
        false
    });
    assert_eq!(&report.decode_hash, hash);
    assert_eq!(report.snapshot.windows.skipped, 0);
}

#[test]
fn a_loop_shows_the_same_windows_again_and_scores_them_once() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("o");
    let transport = Arc::new(Transport::new(16.0));
    transport.set_looping(true);
    let state = Mutex::new((0, 0.0));
    let report = controlled(&out, &transport, |transport, here| {
        if transport.outline().is_none() {
            return false;
        }
        let mut state = state.lock().unwrap();
        state.0 += usize::from(here < state.1);
        state.1 = here;
        // Two rounds, and a part of the third.
        state.0 >= 2
    });
    let lines = std::fs::read_to_string(out.join("decodes.jsonl")).unwrap();
    let mut seen = BTreeMap::<String, Vec<Value>>::new();
    for line in lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let embedding = (line["embedding_sha256"].clone(), line["abstained"].clone());
        seen.entry(line["onset_secs"].to_string()).or_default().push(serde_json::json!(embedding));
    }
    assert!(seen.len() > 10, "{} windows", seen.len());
    for (onset, rounds) in &seen {
        assert!(rounds.iter().all(|round| round == &rounds[0]), "window at {onset}: {rounds:?}");
        assert!(rounds.len() >= 2, "window at {onset} came in one round of two only");
    }
    let trials = report.snapshot.truth.map_or(0, |truth| truth.trials);
    assert!(trials > 5 && trials as usize <= seen.len(), "{trials} trials of {}", seen.len());
}

#[test]
fn after_a_seek_every_window_is_what_it_was() {
    let (_, path, _) = recording();
    let (whole, sought) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    json(&[
        "replay",
        path.to_str().unwrap(),
        "--speed",
        "max",
        "--headless",
        "--no-twin",
        "--json",
        "--out",
        whole.path().join("o").to_str().unwrap(),
    ]);
    let expected = decodes(&whole.path().join("o"));
    // Forwards, then backwards: both go through the run-in.
    let transport = Arc::new(Transport::new(16.0));
    let state = Mutex::new(0);
    let out = sought.path().join("o");
    let report = controlled(&out, &transport, |transport, here| {
        let Some(outline) = transport.outline() else { return false };
        let mut state = state.lock().unwrap();
        if *state == 0 && here > outline.first_secs + 2.0 {
            transport.seek(outline.first_secs + 12.0);
            *state = 1;
        } else if *state == 1 && here > outline.first_secs + 16.0 {
            transport.seek(outline.first_secs + 7.0);
            *state = 2;
        }
        false
    });
    let lines = std::fs::read_to_string(out.join("decodes.jsonl")).unwrap();
    let mut seen = 0;
    for line in lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let same = &expected[&line["onset_secs"].to_string()];
        assert_eq!(line["window"], same["window"]);
        assert_eq!(line["embedding_sha256"], same["embedding_sha256"], "{line}");
        assert!(line["embedding_sha256"].is_string() || line["abstained"].is_string(), "{line}");
        seen += 1;
    }
    assert!(seen > expected.len() / 2, "{seen} of {}", expected.len());
    // Windows that came twice are trials once.
    let trials = report.snapshot.truth.map_or(0, |truth| truth.trials);
    assert!(trials > 5 && trials as usize <= expected.len(), "{trials} of {}", expected.len());
    assert!(seen > trials as usize, "the seek backwards showed {seen} windows again and again");
}
