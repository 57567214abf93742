//! The user's own pictures: read from a folder, embedded by the pack's image encoder.
//!
//! Takes a folder of PNG, JPEG and WebP files; gives a [`StimulusSet`] whose names are those of the files. What is shown
//! is what was embedded: each picture on the square that the image encoder sees. How a session keeps them:
//! [`crate::study::folder::pictures`].

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::decode::Pack;
use crate::decode::encoding::encoder::ImageEncoder;
use crate::decode::encoding::square::{fit, read_upright};
use crate::decode::session::Runtime;
use crate::signal::{Picture, Stimulus, StimulusSet};
use crate::study::error::PersonalError;

/// Pictures that a session may have: each is shown many times.
pub const MOST_SHOWN: usize = 500;

/// Fewest pictures.
const LEAST: usize = 4;

/// Cosine from which two embeddings of a picture are of one encoder: files may have been scaled in between.
const SAME_COSINE: f32 = 0.95;

/// Endings of picture files.
const ENDINGS: [&str; 4] = ["png", "jpg", "jpeg", "webp"];

/// Longest name of a picture.
const MAX_NAME: usize = 48;

/// Reads and embeds a folder of at most `most` pictures; `on_progress` gets a share and says whether to go on.
///
/// # Errors
/// [`PersonalError::Output`] for the folder or a file in it, and when it was not to go on; [`PersonalError::Pack`] for a
/// pack without an image encoder.
pub fn from_folder(
    (folder, most): (&Path, usize),
    pack: &Pack,
    runtime: &Runtime,
    mut on_progress: impl FnMut(f64) -> bool,
) -> Result<StimulusSet, PersonalError> {
    let Some(mut encoder) = ImageEncoder::load(pack, runtime)? else {
        let why = "this pack has no [image_encoder], so it cannot embed pictures of your own";
        return Err(PersonalError::Pack(why.into()));
    };
    let files = files(folder, most)?;
    let mut set = StimulusSet { dim: pack.manifest().dim(), ..StimulusSet::default() };
    // No picture has a name of the pack's gallery: a marker must say which of the two was shown.
    let mut names: BTreeSet<String> = pack.manifest().gallery.ids.iter().cloned().collect();
    for (i, file) in files.iter().enumerate() {
        let wrong = |why: String| {
            PersonalError::Output(format!("the picture cannot be used: {why}: {}", file.display()))
        };
        let picture = read_upright(file).and_then(|whole| fit(&whole, encoder.size_px()));
        let picture = picture.map_err(wrong)?;
        let mut embedding = encoder.embed(&picture)?;
        let length = embedding.iter().map(|v| v * v).sum::<f32>().sqrt();
        if !(length.is_finite() && length > 0.0) {
            return Err(wrong("the image encoder says nothing of it".into()));
        }
        embedding.iter_mut().for_each(|v| *v /= length);
        set.embeddings.extend_from_slice(&embedding);
        let id = unique(&name_of(file), &mut names);
        let label = id.replace('_', " ");
        let png = png(&picture).ok_or_else(|| wrong("it cannot be written as PNG".into()))?;
        set.stimuli.push(Stimulus { id, label, png: Cow::Owned(png) });
        if !on_progress((i + 1) as f64 / files.len() as f64) {
            return Err(PersonalError::Output("the pictures are no longer wanted".into()));
        }
    }
    Ok(set)
}

/// Whether this pack's image encoder gives a set its embeddings; `None` where the pack has none to ask.
///
/// # Errors
/// [`PersonalError::Pack`] as the encoder fails, [`PersonalError::Output`] for a picture that cannot be read.
pub fn same_embeddings(
    set: &StimulusSet,
    pack: &Pack,
    runtime: &Runtime,
) -> Result<Option<bool>, PersonalError> {
    let (Some(mut encoder), Some(first)) =
        (ImageEncoder::load(pack, runtime)?, set.stimuli.first())
    else {
        return Ok(None);
    };
    let wrong = |why: String| {
        PersonalError::Output(format!("the picture {} cannot be used: {why}", first.id))
    };
    let picture = Picture::from_encoded(&first.png).map_err(|why| wrong(why.to_string()))?;
    let pixels = image::RgbImage::from_raw(picture.width, picture.height, picture.rgb);
    let whole = pixels.ok_or_else(|| wrong("its pixels do not fill it".into()))?.into();
    let picture = fit(&whole, encoder.size_px()).map_err(wrong)?;
    let anew = encoder.embed(&picture)?;
    let length = anew.iter().map(|v| v * v).sum::<f32>().sqrt();
    let kept = set.embeddings.chunks_exact(set.dim.max(1)).next().unwrap_or_default();
    let product = kept.iter().zip(&anew).map(|(a, b)| a * b).sum::<f32>();
    Ok(Some(kept.len() == anew.len() && product > SAME_COSINE * length))
}

/// The picture files of a folder, by name.
fn files(folder: &Path, most: usize) -> Result<Vec<PathBuf>, PersonalError> {
    let wrong = |why: String| PersonalError::Output(format!("{why}: {}", folder.display()));
    let entries = std::fs::read_dir(folder)
        .map_err(|e| wrong(format!("the folder of pictures cannot be read ({e})")))?;
    let is_picture = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        path.is_file() && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
    };
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_picture).collect();
    files.sort();
    if !(LEAST..=most).contains(&files.len()) {
        return Err(wrong(format!(
            "it holds {} pictures (PNG, JPEG, WebP); {LEAST} to {most} are possible here",
            files.len()
        )));
    }
    Ok(files)
}

/// A name that can be a marker, from that of a file.
fn name_of(file: &Path) -> String {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' };
    let name: String = stem.chars().map(plain).take(MAX_NAME).collect();
    if name.is_empty() { "picture".into() } else { name }
}

fn unique(name: &str, names: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|n: u32| format!("{name}_{n}"));
    let mut all = std::iter::once(name.to_owned()).chain(numbered);
    let free = all.find(|name| !names.contains(name)).unwrap_or_default();
    names.insert(free.clone());
    free
}

fn png(picture: &Picture) -> Option<Vec<u8>> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_raw(picture.width, picture.height, picture.rgb.clone())?;
    pixels.write_to(&mut bytes, image::ImageFormat::Png).ok()?;
    Some(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_become_markers_of_their_own() {
        let mut names = BTreeSet::new();
        let mut of = |file: &str| unique(&name_of(Path::new(file)), &mut names);
        assert_eq!(of("my dog.JPG"), "my_dog");
        assert_eq!(of("my_dog.png"), "my_dog_2");
        assert_eq!(of("Übung/ä.png"), "_");
        assert_eq!(of(".png"), ".png");
    }

    #[test]
    fn a_folder_without_pictures_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let why = files(folder.path(), 500).unwrap_err().to_string();
        assert!(why.contains("0 pictures") && why.contains("4 to 500 are"), "{why}");
        assert!(files(&folder.path().join("none"), 500).unwrap_err().to_string().contains("none"));
    }
}
