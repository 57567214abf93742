//! The pictures that can be shown: names, labels, pixels and where each lies in the embedding space.
//!
//! The bundled set is compiled into the program from `assets/stimuli`. Its embeddings are what the
//! virtual subject's brain responds to, and what a pack's gallery is compared with. A folder of the same
//! layout is read by [`StimulusSet::from_folder`]: `stimuli.toml` lists the pictures, `embeddings.safetensors`
//! holds the tensor `embeddings`, f32 `[pictures, dim]`, unit rows, in the same order.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most pictures in a set: rows cross threads as `u16`, and this bounds what a folder may ask for.
pub const MAX_STIMULI: usize = 10_000;

/// Largest picture file, in bytes.
pub const MAX_PNG_BYTES: u64 = 16 << 20;

/// Largest embeddings file, in bytes.
const MAX_EMBEDDINGS_BYTES: u64 = 256 << 20;

/// Farthest that an embedding's squared length may be from one.
const UNIT_TOLERANCE: f32 = 1e-3;

const BUNDLED: &[(&str, &str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/stimuli.rs"));
const BUNDLED_EMBEDDINGS: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/stimuli/embeddings.safetensors"));

/// One picture of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Stimulus {
    /// Short ASCII name, as in markers: `panda`.
    pub id: String,
    /// What a person calls it: `giant panda`.
    pub label: String,
    /// PNG file, as bytes.
    pub png: Cow<'static, [u8]>,
}

/// Pictures with their embeddings, in a fixed order.
#[derive(Clone, Debug, Default)]
pub struct StimulusSet {
    /// The pictures.
    pub stimuli: Vec<Stimulus>,
    /// Length of an embedding.
    pub dim: usize,
    /// Embeddings, `[stimuli, dim]`, row-major, unit length.
    pub embeddings: Vec<f32>,
}

/// Why a set of pictures cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StimulusError {
    /// A file is missing, too large or cannot be opened.
    #[error("the stimulus file cannot be read ({why}): {}. A set needs stimuli.toml, the pictures it lists and embeddings.safetensors", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The list of pictures is not understood.
    #[error("the list of stimuli is not understood: {why}. See assets/stimuli/stimuli.toml for an example: {}", path.display())]
    List {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with line and column.
        why: String,
    },
    /// The embeddings do not fit.
    #[error(
        "the tensor 'embeddings' cannot be used: {0}. Write it as f32 [pictures, dim] with rows of length one"
    )]
    Embeddings(String),
}

#[derive(serde::Deserialize)]
struct ListFile {
    stimulus: Vec<ListEntry>,
}

#[derive(serde::Deserialize)]
struct ListEntry {
    id: String,
    label: String,
    file: String,
}

impl StimulusSet {
    /// The forty pictures that come with the program.
    ///
    /// # Errors
    /// [`StimulusError`] only if the program was built from a damaged `assets/stimuli`.
    pub fn bundled() -> Result<Self, StimulusError> {
        let stimulus = |&(id, label, png): &(&str, &str, &'static [u8])| Stimulus {
            id: id.into(),
            label: label.into(),
            png: Cow::Borrowed(png),
        };
        Self::new(BUNDLED.iter().map(stimulus).collect(), BUNDLED_EMBEDDINGS)
    }

    /// The bundled pictures, to share. A test proves that they can be read; a damaged build has none and says so.
    pub fn bundled_or_none() -> Arc<Self> {
        let set = Self::bundled();
        Arc::new(
            set.inspect_err(|e| tracing::error!("the bundled pictures cannot be used: {e}"))
                .unwrap_or_default(),
        )
    }

    /// Reads a folder with `stimuli.toml`, the pictures that it lists, and `embeddings.safetensors`.
    ///
    /// # Errors
    /// [`StimulusError`] says which file and what is wrong with it.
    pub fn from_folder(folder: &Path) -> Result<Self, StimulusError> {
        let path = folder.join("stimuli.toml");
        let wrong = |why: String| StimulusError::List { path: path.clone(), why };
        let text = read_bounded(&path, MAX_PNG_BYTES)?;
        let text = String::from_utf8(text).map_err(|e| wrong(e.to_string()))?;
        let list: ListFile = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        if list.stimulus.is_empty() || list.stimulus.len() > MAX_STIMULI {
            return Err(wrong(format!(
                "{} pictures; 1 to {MAX_STIMULI} are possible",
                list.stimulus.len()
            )));
        }
        let mut stimuli: Vec<Stimulus> = Vec::with_capacity(list.stimulus.len());
        for entry in list.stimulus {
            check_entry(&entry, &stimuli).map_err(wrong)?;
            let png = read_bounded(&folder.join(&entry.file), MAX_PNG_BYTES)?;
            stimuli.push(Stimulus { id: entry.id, label: entry.label, png: Cow::Owned(png) });
        }
        let embeddings =
            read_bounded(&folder.join("embeddings.safetensors"), MAX_EMBEDDINGS_BYTES)?;
        Self::new(stimuli, &embeddings)
    }

    fn new(stimuli: Vec<Stimulus>, embeddings: &[u8]) -> Result<Self, StimulusError> {
        let (dim, embeddings) = read_embeddings(embeddings, stimuli.len())?;
        Ok(Self { stimuli, dim, embeddings })
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.stimuli.len()
    }

    /// True when there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.stimuli.is_empty()
    }

    /// The row of the picture with this name.
    pub fn row_of(&self, id: &str) -> Option<u16> {
        self.stimuli.iter().position(|s| s.id == id).and_then(|row| u16::try_from(row).ok())
    }

    /// The embedding of a row, `[dim]`.
    pub fn embedding(&self, row: usize) -> &[f32] {
        &self.embeddings[row * self.dim..(row + 1) * self.dim]
    }
}

/// An id must be a marker label of its own; a file must lie in the folder itself.
fn check_entry(entry: &ListEntry, earlier: &[Stimulus]) -> Result<(), String> {
    let is_id_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if entry.id.is_empty() || entry.id.len() > 64 || !entry.id.chars().all(is_id_char) {
        return Err(format!(
            "id '{}' is not 1 to 64 ASCII letters, digits, '_', '-' or '.'",
            entry.id
        ));
    }
    if earlier.iter().any(|s| s.id == entry.id) {
        return Err(format!("id '{}' is there twice", entry.id));
    }
    let is_plain_name = Path::new(&entry.file).file_name() == Some(entry.file.as_ref());
    is_plain_name.then_some(()).ok_or(format!("file '{}' is not a plain file name", entry.file))
}

fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, StimulusError> {
    let error = |why: String| StimulusError::Read { path: path.into(), why };
    let bytes = std::fs::metadata(path).map_err(|e| error(e.to_string()))?.len();
    if bytes > limit {
        return Err(error(format!("{bytes} bytes; at most {limit} are accepted")));
    }
    std::fs::read(path).map_err(|e| error(e.to_string()))
}

/// Reads tensor `embeddings` from safetensors bytes: its dimension and its values, row-major.
fn read_embeddings(bytes: &[u8], rows: usize) -> Result<(usize, Vec<f32>), StimulusError> {
    let wrong = |why: String| StimulusError::Embeddings(why);
    let file = safetensors::SafeTensors::deserialize(bytes).map_err(|e| wrong(e.to_string()))?;
    let tensor = file.tensor("embeddings").map_err(|e| wrong(e.to_string()))?;
    let &[got_rows, dim] = tensor.shape() else {
        return Err(wrong(format!("its shape is {:?}", tensor.shape())));
    };
    if got_rows != rows || dim == 0 || tensor.dtype() != safetensors::Dtype::F32 {
        let got = format!("{:?} [{got_rows}, {dim}]", tensor.dtype());
        return Err(wrong(format!("expected F32 [{rows}, dim], got {got}")));
    }
    let values: Vec<f32> =
        tensor.data().as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
    for (row, embedding) in values.chunks_exact(dim).enumerate() {
        let squared: f32 = embedding.iter().map(|v| v * v).sum();
        let is_unit = (squared - 1.0).abs() <= UNIT_TOLERANCE; // false for NaN
        if !is_unit {
            return Err(wrong(format!("row {row} has length {}", squared.sqrt())));
        }
    }
    Ok((dim, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/stimuli")
    }

    #[test]
    fn the_bundled_set_is_the_folder_it_was_made_from() {
        let bundled = StimulusSet::bundled().unwrap();
        let folder = StimulusSet::from_folder(&assets()).unwrap();
        assert_eq!((bundled.len(), bundled.dim), (40, 256));
        assert_eq!(bundled.stimuli, folder.stimuli);
        assert_eq!(bundled.embeddings, folder.embeddings);
        assert_eq!(
            bundled.row_of("panda").map(|row| bundled.stimuli[usize::from(row)].id.as_str()),
            Some("panda")
        );
        assert_eq!(bundled.row_of("nothing"), None);
    }

    #[test]
    fn bundled_pictures_decode_to_the_size_promised() {
        for stimulus in StimulusSet::bundled().unwrap().stimuli {
            let picture = image::load_from_memory(&stimulus.png).unwrap();
            assert_eq!((picture.width(), picture.height()), (128, 128), "{}", stimulus.id);
        }
    }

    #[test]
    fn damaged_folders_say_which_file_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let message = |text: &str| {
            std::fs::write(folder.path().join("stimuli.toml"), text).unwrap();
            StimulusSet::from_folder(folder.path()).unwrap_err().to_string()
        };
        let entry = |id: &str, file: &str| {
            format!("[[stimulus]]\nid = \"{id}\"\nlabel = \"x\"\nfile = \"{file}\"\n")
        };
        assert!(message("stimulus = 3").contains("stimuli.toml"));
        assert!(message("stimulus = []").contains("0 pictures"));
        assert!(message(&entry("a b", "a.png")).contains("'a b'"));
        assert!(message(&entry("a", "../a.png")).contains("plain file name"));
        assert!(message(&entry("a", "a.png")).contains("a.png"));
        std::fs::copy(assets().join("panda.png"), folder.path().join("a.png")).unwrap();
        assert!(message(&entry("a", "a.png")).contains("embeddings.safetensors"));
        assert!(message(&entry("a", "a.png").repeat(2)).contains("twice"));
        let embeddings = assets().join("embeddings.safetensors");
        std::fs::copy(embeddings, folder.path().join("embeddings.safetensors")).unwrap();
        assert!(message(&entry("a", "a.png")).contains("[1, dim]"));
    }
}
