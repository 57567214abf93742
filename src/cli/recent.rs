//! The sources used last, kept between runs of the window in one small file.
//!
//! What the file holds is believed as little as what anybody types: it is read up to a bound, and an entry that is not a
//! source is passed over. Nothing is written where the system has no place for it, or refuses.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::pipeline::background::Later;
use crate::snapshot::RunState;
use crate::source::SourceSpec;

/// Most sources that are kept.
const MOST: usize = 5;
/// Most bytes of the file that are read.
const MOST_BYTES: u64 = 64 * 1024;
/// Longest text of a source that is believed.
const LONGEST: usize = 500;

#[derive(Default, Serialize, Deserialize)]
struct File {
    #[serde(default)]
    sources: Vec<toml::Value>,
}

/// Where they are kept: the user's folder for settings.
pub fn place() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "phosphene")?;
    Some(folders.config_dir().join("recent.toml"))
}

/// The sources used last, the newest first; none where there is no file or it makes no sense.
pub fn load(path: &Path) -> Vec<SourceSpec> {
    let mut text = String::new();
    let read =
        std::fs::File::open(path).map(|file| file.take(MOST_BYTES).read_to_string(&mut text));
    if !matches!(read, Ok(Ok(_))) {
        return Vec::new();
    }
    let file: File = toml::from_str(&text).unwrap_or_default();
    let believed = |value: &toml::Value| {
        let text = value.as_str().filter(|text| text.len() <= LONGEST)?;
        let is_plain = !text.chars().any(char::is_control);
        text.parse().ok().filter(|_| is_plain)
    };
    let mut sources: Vec<SourceSpec> = Vec::new();
    for source in file.sources.iter().filter_map(believed) {
        if !sources.contains(&source) && sources.len() < MOST {
            sources.push(source);
        }
    }
    sources
}

/// The same with this one in front. A virtual subject is no device that anybody has to find again.
pub fn with(mut sources: Vec<SourceSpec>, newest: &SourceSpec) -> Vec<SourceSpec> {
    if matches!(newest, SourceSpec::Sim(_)) {
        return sources;
    }
    sources.retain(|source| source != newest);
    sources.insert(0, newest.clone());
    sources.truncate(MOST);
    sources
}

/// Writes them: whole or not at all.
pub fn save(path: &Path, sources: &[SourceSpec]) -> std::io::Result<()> {
    let texts = sources.iter().map(|source| toml::Value::String(source.to_string()));
    let file = File { sources: texts.collect() };
    let text = toml::to_string(&file).map_err(std::io::Error::other)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.persist(path)?;
    Ok(())
}

/// The list while the window runs: kept in the background when another source was used.
pub struct Used {
    sources: Arc<Vec<SourceSpec>>,
    is_noted: bool,
    saving: Option<Later<()>>,
}

impl Used {
    /// As it was kept.
    pub fn load() -> Self {
        let sources = Arc::new(place().map(|path| load(&path)).unwrap_or_default());
        Self { sources, is_noted: false, saving: None }
    }

    /// The last one first.
    pub fn sources(&self) -> Arc<Vec<SourceSpec>> {
        self.sources.clone()
    }

    /// Another run begins.
    pub fn begin(&mut self) {
        self.is_noted = false;
    }

    /// Once signal flows, the source is one that was used.
    pub fn note(&mut self, run: &RunState, source: &SourceSpec) {
        if self.is_noted || *run != RunState::Running {
            return;
        }
        self.is_noted = true;
        let sources = with(self.sources.as_ref().clone(), source);
        if let Some(path) = place().filter(|_| sources != *self.sources) {
            self.sources = Arc::new(sources.clone());
            // A list that cannot be kept is no reason to trouble anybody.
            let save = move || drop(save(&path, &sources));
            self.saving = Some(Later::run("phosphene-recent", save));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> SourceSpec {
        text.parse().unwrap()
    }

    #[test]
    fn the_newest_stands_first_and_five_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/recent.toml");
        assert!(load(&path).is_empty());
        let mut sources = Vec::new();
        for name in ["a", "b", "c", "d", "e", "f", "b"] {
            sources = with(sources, &spec(&format!("lsl:name={name}")));
        }
        sources = with(sources, &spec("sim:snr=-14"));
        save(&path, &sources).unwrap();
        let names: Vec<String> = load(&path).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["lsl:name=b", "lsl:name=f", "lsl:name=e", "lsl:name=d", "lsl:name=c"]);
    }

    #[test]
    fn hostile_content_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recent.toml");
        for (content, kept) in [
            (b"\xFF\xFE\x00".to_vec(), 0),
            (b"sources = 7".to_vec(), 0),
            (b"[[sources".to_vec(), 0),
            (b"sources = [1, [], \"muse\", \"lsl:name=a\", \"lsl:name=a\"]".to_vec(), 1),
            (b"sources = [\"lsl:name=a\\u001b[31m\", \"lsl:name=b\"]".to_vec(), 1),
            (format!("sources = [\"lsl:name={}\"]", "x".repeat(600)).into_bytes(), 0),
            (vec![b'#'; 1 << 20], 0),
        ] {
            std::fs::write(&path, &content).unwrap();
            let shown = String::from_utf8_lossy(&content[..content.len().min(60)]).into_owned();
            assert_eq!(load(&path).len(), kept, "{shown}");
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(load(&path).is_empty(), "a folder is no file");
        assert!(save(&path, &[]).is_err());
    }
}
