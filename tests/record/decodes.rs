//! A live recording holds every decode as a line of its own stream.

use std::time::Duration;

use phosphene::pipeline::{Pipeline, Recording, RunConfig};

use crate::harness::program::undisturbed;
use crate::harness::xdf::load_raw;

#[test]
fn decodes_are_in_the_recording() {
    let Some(pack) = phosphene::config::bundled_pack() else {
        println!("skipped: the bundled pack is not there");
        return;
    };
    let _busy = undisturbed();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    let config = RunConfig {
        pack: Some(pack),
        record: Some(Recording::to(path.clone())),
        ..RunConfig::default()
    };
    let pipeline = Pipeline::start(config, Vec::new());
    for _ in 0..600 {
        std::thread::sleep(Duration::from_millis(50));
        if pipeline.snapshot().windows.decoded >= 3 {
            break;
        }
    }
    let report = pipeline.stop();
    assert_eq!(report.failure, None);
    let windows = &report.snapshot.windows;
    let told = windows.decoded + windows.abstained.values().sum::<u64>();
    assert!(windows.decoded >= 3, "{windows:?}");
    let file = load_raw(&path);
    let decodes = file.streams.iter().find(|s| s.header.kind == "Decodes").unwrap();
    assert_eq!(decodes.len() as u64, told);
    for i in 0..decodes.len() {
        let line: serde_json::Value = serde_json::from_str(&decodes.values.text(i)).unwrap();
        assert_eq!(line["pack_sha256"].as_str().unwrap().len(), 64);
        assert!(line["embedding_sha256"].is_string() && line["latency_ms"].is_object());
        assert_eq!((line["seed"].is_u64(), line["simulated"].as_bool()), (true, Some(true)));
        if line["abstained"].is_null() {
            assert_eq!(line["top5"].as_array().unwrap().len(), 5);
        }
    }
}
