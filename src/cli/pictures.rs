//! `--pictures`: the user's own pictures, for a session or for a run.
//!
//! Takes a folder of picture files, which the pack's image encoder embeds under a progress bar, or a set that is embedded
//! already (`stimuli.toml`, as sessions keep it); gives the set. What was embedded by another pack is refused.

use std::path::Path;
use std::sync::Arc;

use indicatif::ProgressBar;

use crate::decode::Pack;
use crate::decode::session::Runtime;
use crate::native;
use crate::signal::StimulusSet;
use crate::study::calibration::pictures;

use super::failure::Failure;
use super::sessions::THREADS;

/// At most `most` pictures of a folder.
///
/// # Errors
/// Exit code 6 for the folder or a file in it, 3 for a pack that cannot embed.
pub fn own_pictures(folder: &Path, pack: &Path, most: usize) -> Result<Arc<StimulusSet>, Failure> {
    let pack = Pack::open(pack)?;
    let runtime = Runtime::load(&native::onnx_runtime().map_err(Failure::pack)?, THREADS)?;
    if folder.join("stimuli.toml").is_file() {
        return embedded(folder, &pack, &runtime, most);
    }
    let bar = ProgressBar::new(100);
    let on_progress = |share: f64| {
        bar.set_position((share * 100.0) as u64);
        true
    };
    let set = pictures::from_folder((folder, most), &pack, &runtime, on_progress)
        .map_err(|why| Failure::file(why.to_string()));
    bar.finish_and_clear();
    set.map(Arc::new)
}

fn embedded(
    folder: &Path,
    pack: &Pack,
    runtime: &Runtime,
    most: usize,
) -> Result<Arc<StimulusSet>, Failure> {
    let set = StimulusSet::from_folder(folder).map_err(|why| Failure::file(why.to_string()))?;
    let same = pictures::same_embeddings(&set, pack, runtime)
        .map_err(|why| Failure::file(format!("{why}: {}", folder.display())))?;
    if set.dim != pack.manifest().dim() || same == Some(false) {
        return Err(Failure::file(format!(
            "these pictures were embedded by another image encoder than this pack's: give the folder of the picture \
             files, and the pack embeds them anew: {}",
            folder.display()
        )));
    }
    if set.len() > most {
        let why = format!("{} pictures; at most {most} are possible here", set.len());
        return Err(Failure::file(format!("{why}: {}", folder.display())));
    }
    Ok(Arc::new(set))
}
