//! What the bundled pack's encoder scored with the electrodes of common headsets.
//!
//! Takes the table in `assets/montages/measured.toml`, which `examples/montage_loss.rs` writes: for presets of
//! `assets/montages/presets.toml`, the share of single trials of simulated subjects whose picture came first. It counts
//! for the encoder that it names by its SHA-256 alone, and for exactly the electrodes of a preset.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::signal::montage::{canonical_label, preset_named};

/// What was measured with one set of electrodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Share of trials whose picture came first.
    pub top1: f64,
    /// The same subjects' with every electrode of the pack.
    pub top1_all_channels: f64,
    /// 95 % interval of it, whole subjects drawn with replacement.
    pub ci95: [f64; 2],
    /// Trials that it rests on.
    pub trials: u64,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// Of the encoder that was tried.
    encoder_sha256: String,
    /// Whose trials, for whoever reads the file.
    #[serde(rename = "source")]
    _source: String,
    /// The preset that has every electrode of the pack.
    whole: String,
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    preset: String,
    top1: f64,
    ci95: [f64; 2],
    trials: u64,
}

type Electrodes = BTreeSet<String>;

/// What was measured with exactly these electrodes and this encoder.
pub fn of<'a>(encoder_sha256: &str, electrodes: impl Iterator<Item = &'a str>) -> Option<Measured> {
    static TABLE: LazyLock<(String, Vec<(Electrodes, Measured)>)> = LazyLock::new(read);
    let (encoder, rows) = &*TABLE;
    if !encoder.eq_ignore_ascii_case(encoder_sha256) {
        return None;
    }
    let wanted: Electrodes = electrodes.map(canonical_label).collect();
    rows.iter().find(|(electrodes, _)| *electrodes == wanted).map(|(_, found)| *found)
}

fn read() -> (String, Vec<(Electrodes, Measured)>) {
    let text = include_str!("../../assets/montages/measured.toml");
    let table: Table = toml::from_str(text).unwrap_or_default();
    let whole = table.row.iter().find(|row| row.preset == table.whole).map(|row| row.top1);
    let row = |row: Row| {
        let preset = preset_named(&row.preset)?;
        let Row { top1, ci95, trials, .. } = row;
        Some((
            preset.electrodes().map(str::to_owned).collect(),
            Measured { top1, top1_all_channels: whole?, ci95, trials },
        ))
    };
    (table.encoder_sha256, table.row.into_iter().filter_map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_of_the_bundled_encoder_and_of_presets_that_there_are() {
        let (encoder, rows) = read();
        let manifest = include_str!("../../models/demo/pack.toml");
        assert!(
            manifest.contains(&format!("\"encoder.onnx\" = \"{encoder}\"")),
            "run examples/montage_loss.rs anew"
        );
        assert!(rows.len() >= 20, "{}", rows.len());
        for (electrodes, Measured { top1, ci95: [low, high], trials, .. }) in &rows {
            assert!(0.0 <= *low && low <= top1 && top1 <= high && *high <= 1.0, "{electrodes:?}");
            assert!(*trials > 1000);
        }
        let cyton = preset_named("cyton8").unwrap();
        assert!(of(&encoder, cyton.electrodes()).is_some());
        assert!(of(&encoder, cyton.electrodes().skip(1)).is_none(), "exactly these");
        assert!(of("another", cyton.electrodes()).is_none());
    }
}
