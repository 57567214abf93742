//! Reads a manifest and checks what it says: every number that memory is set aside for, before it is used.
//!
//! Takes the text of `pack.toml`; gives the [`Manifest`] and the keys that nobody interprets, or the first field that is out
//! of bounds.

use std::collections::BTreeSet;

use super::error::PackError;
use super::limits::{
    KNOWN_KINDS, MAX_DIM, MAX_FILES, MAX_GALLERY_ROWS, MAX_GALLERY_VALUES, MAX_LATENT_VALUES,
    MAX_PICTURE_PX, MAX_SCALE, MAX_SIGMA, MAX_STEPS, MAX_WINDOW_SECS, MAX_WINDOW_VALUES, MIN_SCALE,
};
use super::manifest::{GeneratorSpec, InputSpec, Manifest};
use super::rules::{
    MAX_NAME_BYTES, MAX_SENTENCE_BYTES, between, plain, require, shortened, within,
};
use super::sureness::Sureness;
use crate::signal::montage::{canonical_label, position};
use crate::units::MAX_CHANNELS;

impl Manifest {
    /// Reads and checks a manifest; also gives the keys that were ignored.
    ///
    /// # Errors
    /// [`PackError::Manifest`] when it is not TOML or lacks a field, and what is out of bounds.
    pub fn parse(text: &str) -> Result<(Self, Vec<String>), PackError> {
        let as_error = |e: toml::de::Error| PackError::Manifest { why: explain(text, &e) };
        let manifest: Self = toml::from_str(text).map_err(as_error)?;
        check(&manifest)?;
        let written: toml::Table = toml::from_str(text).map_err(as_error)?;
        let known = toml::Table::try_from(&manifest)
            .map_err(|e| PackError::Manifest { why: e.to_string() })?;
        let mut unknown = Vec::new();
        collect_unknown("", &written, &known, &mut unknown);
        Ok((manifest, unknown))
    }
}

/// Checks a manifest.
///
/// # Errors
/// [`PackError::Field`] with the first field out of bounds, [`PackError::UnknownKind`],
/// [`PackError::Path`] and [`PackError::Unlisted`].
fn check(manifest: &Manifest) -> Result<(), PackError> {
    require(manifest.schema == 1, "schema", "1", manifest.schema)?;
    check_texts(manifest)?;
    check_files(manifest)?;
    check_input(&manifest.input)?;
    within("embedding.dim", manifest.embedding.dim, 1, MAX_DIM)?;
    check_generator(&manifest.generator)?;
    within("decoder.size_px", manifest.decoder.size_px, 1, MAX_PICTURE_PX)?;
    between("decoder.scale", manifest.decoder.scale.into(), MIN_SCALE, MAX_SCALE)?;
    if let Some(image_encoder) = &manifest.image_encoder {
        within("image_encoder.size_px", image_encoder.size_px, 1, MAX_PICTURE_PX)?;
    }
    check_sureness(manifest)?;
    check_gallery(manifest)?;
    check_quality(manifest)?;
    if let Some(expected) = &manifest.expected {
        expected.check(&manifest.input.channels)?;
    }
    super::credit::check(&manifest.credits, &manifest.files)
}

fn check_texts(manifest: &Manifest) -> Result<(), PackError> {
    plain("name", &manifest.name, MAX_NAME_BYTES)?;
    plain("version", &manifest.version, MAX_NAME_BYTES)?;
    plain("licence", &manifest.licence, MAX_SENTENCE_BYTES)?;
    plain("description", &manifest.description, MAX_SENTENCE_BYTES)?;
    plain("embedding.space", &manifest.embedding.space, MAX_SENTENCE_BYTES)
}

fn check_sureness(manifest: &Manifest) -> Result<(), PackError> {
    let Some(Sureness { single }) = manifest.embedding.sureness else { return Ok(()) };
    let known = (0.0..=1.0).contains(&single);
    require(known, "embedding.sureness.single", "a number from 0 to 1", single)
}

fn check_files(manifest: &Manifest) -> Result<(), PackError> {
    let count = manifest.files.len();
    require(count <= MAX_FILES, "files", &format!("at most {MAX_FILES} files"), count)?;
    for (file, hash) in &manifest.files {
        super::paths::check_relative(file)?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        require(is_hash, &format!("files.\"{file}\""), "64 hexadecimal digits", hash)?;
    }
    for (field, file) in manifest.used_files() {
        super::paths::check_relative(file)?;
        if !manifest.files.contains_key(file) {
            return Err(PackError::Unlisted { field, file: file.to_owned() });
        }
    }
    Ok(())
}

fn check_input(input: &InputSpec) -> Result<(), PackError> {
    let count = input.channels.len();
    let expected = format!("1 to {MAX_CHANNELS} names");
    require((1..=MAX_CHANNELS).contains(&count), "input.channels", &expected, count)?;
    let unknown = input.channels.iter().find(|name| position(name).is_none());
    let got = unknown.map(|name| format!("'{name}'")).unwrap_or_default();
    require(unknown.is_none(), "input.channels", "electrodes of the 10-05 system", got)?;
    unique("input.channels", input.channels.iter().map(|name| canonical_label(name)))?;
    check_span("input.window_secs", input.window_secs)?;
    if let Some(baseline) = input.baseline_secs {
        check_span("input.baseline_secs", baseline)?;
    }
    let samples = input.samples();
    let fits = samples >= 2 && samples.saturating_mul(count) <= MAX_WINDOW_VALUES;
    let expected = format!("2 samples or more and at most {MAX_WINDOW_VALUES} values in all");
    require(fits, "input.window_secs × sample_rate_hz × channels", &expected, samples)?;
    let [low, high] = input.band_hz;
    let nyquist = input.sample_rate_hz.hz() / 2.0;
    let band_ok = low >= 0.0 && low < high && high < nyquist;
    let expected = format!("two rising frequencies below {nyquist} Hz");
    require(band_ok, "input.band_hz", &expected, format!("{:?}", input.band_hz))?;
    within("input.band_order", input.band_order.into(), 1, 16)?;
    let notch_ok = (0.0..nyquist).contains(&input.notch_hz);
    require(notch_ok, "input.notch_hz", "0, or below half the rate", input.notch_hz)?;
    let known_reference = matches!(input.reference.as_str(), "average" | "none")
        || input.channels.contains(&input.reference);
    require(known_reference, "input.reference", "average, none or a channel", &input.reference)?;
    require(input.normalisation == "none", "input.normalisation", "none", &input.normalisation)?;
    require(input.unit == "uV", "input.unit", "uV", &input.unit)
}

fn check_span(field: &str, [start, end]: [f64; 2]) -> Result<(), PackError> {
    let ok =
        start.is_finite() && end > start && start >= -MAX_WINDOW_SECS && end <= MAX_WINDOW_SECS;
    let expected = format!("start before end, within {MAX_WINDOW_SECS} s of the onset");
    require(ok, field, &expected, format!("[{start}, {end}]"))
}

fn check_generator(generator: &GeneratorSpec) -> Result<(), PackError> {
    if !KNOWN_KINDS.contains(&generator.kind.as_str()) {
        let known = KNOWN_KINDS.join(", ");
        return Err(PackError::UnknownKind { got: generator.kind.clone(), known });
    }
    require(generator.latent.len() == 3, "generator.latent", "3 sizes", generator.latent.len())?;
    let values = generator.latent.iter().try_fold(1_u64, |product, &n| product.checked_mul(n));
    let ok = values.is_some_and(|n| (1..=MAX_LATENT_VALUES).contains(&n));
    let expected = format!("sizes whose product is from 1 to {MAX_LATENT_VALUES}");
    require(ok, "generator.latent", &expected, format!("{:?}", generator.latent))?;
    between("generator.sigma", generator.sigma.into(), 0.0, MAX_SIGMA)?;
    let allowed = &generator.steps_allowed;
    let steps_ok = allowed.iter().all(|n| (1..=MAX_STEPS).contains(n)) && allowed.len() <= 64;
    let expected = format!("up to 64 numbers from 1 to {MAX_STEPS}");
    require(steps_ok, "generator.steps_allowed", &expected, format!("{allowed:?}"))?;
    let expected = format!("one of steps_allowed, {allowed:?}");
    require(allowed.contains(&generator.steps), "generator.steps", &expected, generator.steps)?;
    let named = generator.prior_input.is_some() && generator.prior_output.is_some();
    let prior_ok = generator.prior.is_none() || named;
    require(prior_ok, "generator.prior_input and prior_output", "given with prior", "nothing")
}

fn check_gallery(manifest: &Manifest) -> Result<(), PackError> {
    let gallery = &manifest.gallery;
    let rows = gallery.ids.len();
    let expected = format!("2 to {MAX_GALLERY_ROWS} names");
    require((2..=MAX_GALLERY_ROWS).contains(&rows), "gallery.ids", &expected, rows)?;
    let labels = gallery.labels.len();
    require(labels == rows, "gallery.labels", &format!("{rows} labels, as many as ids"), labels)?;
    for (field, names) in [("gallery.ids", &gallery.ids), ("gallery.labels", &gallery.labels)] {
        names.iter().try_for_each(|name| plain(field, name, MAX_NAME_BYTES))?;
    }
    unique("gallery.ids", gallery.ids.iter())?;
    let members = &gallery.members;
    let listed = members.is_empty() || members.len() == rows;
    let expected = format!("{rows} lists, as many as ids, or none");
    require(listed, "gallery.members", &expected, members.len())?;
    members.iter().flatten().try_for_each(|name| plain("gallery.members", name, MAX_NAME_BYTES))?;
    unique("gallery.members", members.iter().flatten())?;
    let values = rows as u64 * manifest.embedding.dim;
    let expected = format!("at most {MAX_GALLERY_VALUES} values");
    require(values <= MAX_GALLERY_VALUES, "gallery.ids × embedding.dim", &expected, values)
}

fn check_quality(manifest: &Manifest) -> Result<(), PackError> {
    let Some(quality) = &manifest.quality else { return Ok(()) };
    let (mean, std) = (&quality.log_band_power_mean, &quality.log_band_power_std);
    let count_ok = mean.len() == std.len() && mean.len() <= 64;
    let expected = "two lists of the same length, at most 64";
    require(count_ok, "quality", expected, format!("{} and {}", mean.len(), std.len()))?;
    let finite =
        mean.iter().all(|m| m.is_finite()) && std.iter().all(|s| *s > 0.0 && s.is_finite());
    require(finite, "quality", "finite means and standard deviations above 0", "others")
}

fn unique<S: AsRef<str> + Ord>(
    field: &str,
    names: impl Iterator<Item = S>,
) -> Result<(), PackError> {
    let mut seen = BTreeSet::new();
    for name in names {
        let shown = name.as_ref().to_owned();
        require(seen.insert(name), field, "names that differ", format!("'{shown}' twice"))?;
    }
    Ok(())
}

/// What the parser says, with the line that it is about, without repeating more than a line of the file.
fn explain(text: &str, error: &toml::de::Error) -> String {
    let what = shortened(error.message());
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return what };
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let number = 1 + before.matches('\n').count();
    let line = text[start..].lines().next().unwrap_or_default().trim();
    format!("line {number}: {what}. The line reads: {}", shortened(line))
}

/// A key that was written but that reading it back does not give is one that nobody interprets.
fn collect_unknown(at: &str, written: &toml::Table, known: &toml::Table, out: &mut Vec<String>) {
    for (key, value) in written {
        let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        match (value, known.get(key)) {
            (_, None) => out.push(path),
            (toml::Value::Table(inner), Some(toml::Value::Table(known_inner))) => {
                collect_unknown(&path, inner, known_inner, out);
            }
            _ => {}
        }
    }
}
