//! The offline run repeats itself to the bit, and equals the live run over the same samples.
//!
//! Needs ONNX Runtime and the bundled pack, which `cargo xtask setup` and git bring.

use std::sync::atomic::AtomicBool;

use phosphene::pipeline::offline::run_offline;
use phosphene::pipeline::{RunConfig, RunReport};
use phosphene::snapshot::PackState;
use phosphene::source::file::Speed;
use phosphene::source::make;

use crate::harness::{copy_folder, demo_pack};

fn config(spec: &str) -> RunConfig {
    RunConfig {
        spec: spec.parse().expect("the run works"),
        pack: Some(demo_pack()),
        ..RunConfig::default()
    }
}

fn run(spec: &str, seconds: f64) -> RunReport {
    run_as(&config(spec), seconds)
}

fn run_as(config: &RunConfig, seconds: f64) -> RunReport {
    let source = make::source(&config.spec, Speed::Max, &config.stimuli()).expect("the run works");
    let never = AtomicBool::new(false);
    run_offline(config, source, Vec::new(), Some(seconds), &never, |_| {}).expect("the run works")
}

#[test]
fn the_same_samples_give_the_same_embeddings() {
    let first = run("sim:speed=max,subject=9", 20.0);
    assert_eq!(first.decode_hash, run("sim:speed=max,subject=9", 20.0).decode_hash);
    assert_ne!(first.decode_hash, run("sim:speed=max,subject=10", 20.0).decode_hash);
    assert!(first.snapshot.windows.decoded >= 15, "{:?}", first.snapshot.windows);
    assert_eq!(first.snapshot.windows.skipped, 0);
}

#[test]
fn the_simulated_subject_is_read_above_chance_and_its_null_twin_is_not() {
    let report = run("sim:speed=max,subject=21", 240.0);
    let truth = report.snapshot.truth.clone().expect("the run works");
    assert!(truth.trials > 200, "{truth:?}");
    assert!(truth.p_value < 1e-6 && truth.ci95_top1[0] > truth.chance_top1, "{truth:?}");
    let twin = report.snapshot.twin_truth.expect("the run works");
    let hits = (twin.top1 * twin.trials as f64).round() as u64;
    let tail = phosphene::stats::binomial_tail(hits, twin.trials, truth.chance_top1);
    assert!(tail > 1e-3, "the null twin scores above chance: {twin:?}, p {tail}");
}

#[test]
fn without_a_response_the_evidence_stays_at_chance() {
    let report = run("sim:speed=max,subject=22,snr=-40", 240.0);
    let below = report.p_values.below(0.05);
    assert!(report.p_values.len() > 100);
    let share = below as f64 / report.p_values.len() as f64;
    assert!(share < 0.15, "{share} of the windows are below 0.05");
}

/// A pack whose names point to other embeddings than the simulated brain's is not silently at chance.
#[test]
fn a_pack_in_another_embedding_space_is_said_to_be_one() {
    let caution = |report: &RunReport| match &report.snapshot.pack {
        PackState::Ready(pack) => pack.caution.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(caution(&run("sim:speed=max,subject=9", 5.0)), None);

    let folder = tempfile::tempdir().expect("a folder");
    copy_folder(&demo_pack(), folder.path());
    let manifest = folder.path().join("pack.toml");
    let text = std::fs::read_to_string(&manifest).expect("the manifest");
    let mut table: toml::Table = text.parse().expect("the manifest");
    let ids = table["gallery"]["ids"].as_array_mut().expect("names");
    ids.rotate_left(1);
    std::fs::write(&manifest, table.to_string()).expect("the manifest");

    let config =
        RunConfig { pack: Some(folder.path().into()), ..config("sim:speed=max,subject=9") };
    let said = caution(&run_as(&config, 5.0)).expect("a caution");
    assert!(said.contains("other embeddings") && said.contains("chance"), "{said}");
}
