//! The pictures of a session, where they are the user's own: in `stimuli/`, so that the session can be fitted and scored
//! without the folder that they came from.

use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};

use crate::signal::{Stimulus, StimulusSet};
use crate::study::error::PersonalError;
use crate::study::files::write_new;

/// Name of the folder in a session's folder.
pub const FOLDER: &str = "stimuli";

/// Keeps a set in a session's folder, as [`StimulusSet::from_folder`] reads it.
///
/// # Errors
/// [`PersonalError::Output`].
pub fn keep(set: &StimulusSet, session: &Path) -> Result<(), PersonalError> {
    #[derive(serde::Serialize)]
    struct List<'a> {
        stimulus: Vec<Entry<'a>>,
    }
    #[derive(serde::Serialize)]
    struct Entry<'a> {
        id: &'a str,
        label: &'a str,
        file: String,
    }
    let folder = session.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|e| {
        PersonalError::Output(format!("the folder cannot be made ({e}): {}", folder.display()))
    })?;
    let file = |id: &str| format!("{id}.png");
    let entry = |s: &'_ Stimulus| -> String { file(&s.id) };
    for stimulus in &set.stimuli {
        write_new(&folder.join(entry(stimulus)), &stimulus.png)?;
    }
    let all = set.stimuli.iter().map(|s| Entry { id: &s.id, label: &s.label, file: entry(s) });
    let unexpected =
        |why: String| PersonalError::Unexpected(format!("stimuli cannot be kept: {why}"));
    let text = toml::to_string(&List { stimulus: all.collect() })
        .map_err(|e| unexpected(e.to_string()))?;
    write_new(&folder.join("stimuli.toml"), text.as_bytes())?;
    let bytes: Vec<u8> = set.embeddings.iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, vec![set.len(), set.dim], &bytes);
    let view = view.map_err(|e| unexpected(e.to_string()))?;
    let file = safetensors::serialize([("embeddings", view)], None);
    let file = file.map_err(|e| unexpected(e.to_string()))?;
    write_new(&folder.join("embeddings.safetensors"), &file)
}

/// The set that a session was held with, where it was not the bundled one.
///
/// # Errors
/// What is wrong with it, in words.
pub fn kept(session: &Path) -> Result<Option<StimulusSet>, String> {
    let folder = session.join(FOLDER);
    if !folder.join("stimuli.toml").exists() {
        return Ok(None);
    }
    StimulusSet::from_folder(&folder).map(Some).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_set_reads_back_to_the_last_bit() {
        let bundled = StimulusSet::bundled().unwrap();
        let folder = tempfile::tempdir().unwrap();
        assert!(kept(folder.path()).unwrap().is_none());
        keep(&bundled, folder.path()).unwrap();
        let back = kept(folder.path()).unwrap().unwrap();
        assert_eq!(back.stimuli, bundled.stimuli);
        assert_eq!(back.embeddings, bundled.embeddings);
        assert!(keep(&bundled, folder.path()).is_err(), "nothing is written over");
    }
}
