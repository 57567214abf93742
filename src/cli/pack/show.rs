//! `phosphene pack show`: what a verified pack says of itself, whose work it is, and what it expects to score.
//!
//! Takes a pack's folder and, where asked for, a headset's montage; gives plain text and one JSON document.
//! Needs no ONNX Runtime.

use std::path::Path;

use serde_json::json;

use super::report::{Report, identity};
use crate::cli::failure::Failure;
use crate::decode::Pack;
use crate::pack::Expectation;
use crate::pack::expectation::decibels;
use crate::pack::expected::ExpectedSpec;
use crate::pipeline::contract;
use crate::subject::SimParams;

/// Tells what the pack says of itself, once its files are verified. `montage` is a standard montage or
/// electrodes with `/` between them: what to expect of that headset is said too.
///
/// # Errors
/// [`Failure`] with code 4 when the manifest or a file is refused, 2 for an unknown montage.
pub fn show(dir: &Path, montage: Option<&str>) -> Result<Report, Failure> {
    let pack = Pack::open(dir)?;
    let expected = expectation(&pack, montage)?;
    let mut json = identity(&pack);
    let manifest = serde_json::to_value(pack.manifest())
        .map_err(|e| Failure::unexpected(format!("the manifest cannot be shown: {e}")))?;
    json["manifest"] = manifest;
    let files: Vec<_> =
        pack.sizes().iter().map(|(file, bytes)| json!({ "file": file, "bytes": bytes })).collect();
    json["files"] = files.into();
    json["expected"] = json!(expected);
    Ok(Report { json, text: describe(&pack, expected.as_ref()) })
}

/// What to expect of a montage; without one, of a headset with every channel.
fn expectation(pack: &Pack, montage: Option<&str>) -> Result<Option<Expectation>, Failure> {
    let wanted = &pack.manifest().input.channels;
    let labels = match montage {
        None => wanted.clone(),
        Some(text) => {
            let asked = [("montage".to_owned(), text.to_owned())].into();
            let params = SimParams::from_parameters(&asked);
            params.map_err(|e| Failure::usage(e.to_string()))?.montage.labels
        }
    };
    let origins = contract::origins_between(&labels, wanted);
    Ok(contract::expectation(pack, &origins, None))
}

fn describe(pack: &Pack, expected: Option<&Expectation>) -> String {
    let manifest = pack.manifest();
    let (input, generator) = (&manifest.input, &manifest.generator);
    let training = if manifest.simulated_training { "simulated signal only" } else { "recordings" };
    let bytes: u64 = pack.sizes().values().sum();
    let mut lines = vec![
        format!("{} {}: {}", manifest.name, manifest.version, manifest.description),
        format!("licence      {}", manifest.licence),
        format!("trained on   {training}"),
        format!("channels     {}", input.channels.join(" ")),
        format!(
            "window       {} to {} s at {} Hz, {} to {} Hz, reference {}",
            input.window_secs[0],
            input.window_secs[1],
            input.sample_rate_hz.hz(),
            input.band_hz[0],
            input.band_hz[1],
            input.reference
        ),
        format!("embedding    {} values, {}", manifest.embedding.dim, manifest.embedding.space),
        format!(
            "generator    {}, {} steps of {:?}",
            generator.kind, generator.steps, generator.steps_allowed
        ),
        format!("picture      {0} × {0} px", manifest.decoder.size_px),
        format!("gallery      {} pictures", manifest.gallery.ids.len()),
    ];
    lines.push(format!("expected     {}", expected_words(pack, expected)));
    lines.extend(manifest.expected.iter().flat_map(tables));
    lines.extend(manifest.credits.iter().map(|credit| format!("credit       {}", credit.line())));
    lines.push(format!("files        {}, {:.1} MB", pack.sizes().len(), bytes as f64 / 1e6));
    lines.push(format!("sha256       {}", pack.sha256()));
    lines.join("\n")
}

fn expected_words(pack: &Pack, expected: Option<&Expectation>) -> String {
    let table = pack.manifest().expected.as_ref().and_then(|expected| expected.channels.as_ref());
    match (expected, table) {
        (Some(expected), _) => expected.sentence(),
        (None, Some(_)) => {
            "nothing: too few of the pack's channels, every window is refused".into()
        }
        (None, None) => "the pack does not say what a missing channel costs".into(),
    }
}

/// The tables behind the expectation, one line each, with whose trials they are.
fn tables(expected: &ExpectedSpec) -> Vec<String> {
    let mut lines = Vec::new();
    let whose = if expected.simulated { "SIMULATED" } else { "recorded" };
    if let Some(losses) = &expected.channels {
        let rows = losses.by_count.iter().map(|row| match row.top1_interpolated {
            Some(soft) if row.missing > 0 => {
                format!("{}: {:.2} ({soft:.2} interpolated)", row.missing, row.top1_absent)
            }
            _ => format!("{}: {:.2}", row.missing, row.top1_absent),
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        lines.push(format!("  by missing channels   {rows} [{whose}: {}]", losses.source));
        let costs = losses.loss_absent.iter().map(|(name, loss)| format!("{name} {loss:.3}"));
        let costs = costs.collect::<Vec<_>>().join(", ");
        lines.push(format!("  lost without each     {costs}"));
    }
    if let Some(noise) = &expected.noise {
        let rows = noise.levels.iter().map(|row| {
            let [low, high] = row.ci95;
            let level = decibels(row.snr_db);
            format!("{level}: {:.2} ({low:.2}–{high:.2}, n = {})", row.top1, row.trials)
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        lines.push(format!("  by signal to noise    {rows} [{whose}: {}]", noise.source));
    }
    lines
}
