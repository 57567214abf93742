//! The gate on real EEG: a resting-quality recording must mostly pass, in the default settings.
//!
//! Data: N170 recordings with a Muse (four dry electrodes, 256 Hz), kept outside the repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use phosphene::dsp::{Chain, ChainConfig, Windows};
use phosphene::signal::Abstention;

use crate::harness::dsp::{config, drain, meta};
use crate::harness::public;

const HZ: f64 = 256.0;

/// TP9, AF7 and TP10 of a recording: columns 1, 2 and 4.
fn frames(path: &Path) -> Vec<[f32; 3]> {
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let values: Vec<f32> = line.split(',').filter_map(|v| v.parse().ok()).collect();
        [values[1], values[2], values[4]]
    };
    text.lines().skip(1).map(row).collect()
}

fn recordings() -> Vec<PathBuf> {
    let folder = public("eeg/neurotechx-eeg-notebooks/N170/subject1/session1").unwrap_or_default();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let mut paths: Vec<_> = entries.filter(|p| p.extension().is_some_and(|e| e == "csv")).collect();
    paths.sort();
    paths
}

#[test]
fn real_eeg_mostly_passes_the_gate_and_is_never_taken_for_a_test_tone() {
    let paths = recordings();
    if paths.is_empty() {
        return;
    }
    let windows = Windows { locked: false, flashes: false, free: true, hop_secs: 0.5 };
    let mut reasons: BTreeMap<Option<Abstention>, u64> = BTreeMap::new();
    for path in paths {
        let mut chain = Chain::prepare(ChainConfig { windows, ..config(HZ) }).unwrap();
        let mut made = Vec::new();
        for (i, frame) in frames(&path).iter().enumerate() {
            chain.push_frame(meta(i, HZ), frame);
            drain(&mut chain, &mut made);
        }
        for window in made {
            *reasons.entry(window.abstain).or_default() += 1;
        }
    }
    println!("{reasons:?}");
    let all: u64 = reasons.values().sum();
    let count = |reason| reasons.get(&reason).copied().unwrap_or(0);
    assert!(all > 1000);
    assert!(count(None) * 10 > all * 7, "{reasons:?}");
    assert!(count(Some(Abstention::NotEeg)) * 200 < all, "{reasons:?}");
    assert_eq!(count(Some(Abstention::Flat)) + count(Some(Abstention::NotFinite)), 0);
}
