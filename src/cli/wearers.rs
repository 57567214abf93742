//! Wearers' files behind the window: looked for, learnt, rehearsed, and paths of pictures written, each on a thread of its own.
//!
//! Files are believed as little as anything else that is read: up to a bound of bytes and of files, and one that cannot be used
//! says why. What was asked for last counts; what was asked for before ends first, without anybody waiting.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::find::detector::MAX_FILE_BYTES;
use crate::find::rehearsal::Rehearsal;
use crate::find::strip::strip;
use crate::find::{StopRule, Wearer};
use crate::pipeline::background::{Kept, Progress};
use crate::signal::Picture;
use crate::source::file::{FileSource, Speed};
use crate::source::mounted::{MountedSource, Mounting};
use crate::study::files::write_new;
use crate::study::find::CopyFlashes;
use crate::time::clock::utc_now_iso8601;
use crate::ui::engine::{KnownWearer, Learning, Taught, ToLearn};

/// Most files that are read of a folder: the newest by their names, which begin with the date.
const MOST_FILES: usize = 50;

/// Pages whose cost is worked out beside the one that was asked for.
const SIZES: [usize; 3] = [20, 40, 60];

/// Seed of rehearsals: the same answer to the same question.
const SEED: u64 = 1;

/// Height of a path that is written, in pixels.
const STRIP_PX: u32 = 192;

/// A wearer who is being learnt.
struct Lesson {
    work: Kept<Result<Arc<Taught>, String>>,
    /// Set when nobody waits for it any more.
    unwanted: Arc<AtomicBool>,
}

impl Drop for Lesson {
    fn drop(&mut self) {
        self.unwanted.store(true, Ordering::Relaxed);
    }
}

/// What is at work, and what came of it.
#[derive(Default)]
pub struct Wearers {
    listing: Option<Kept<Arc<Vec<KnownWearer>>>>,
    lesson: Option<Lesson>,
    rehearsal: Option<Kept<Result<Rehearsal, String>>>,
    path: Option<Kept<Result<PathBuf, String>>>,
}

impl Wearers {
    /// Begins to look through a folder.
    pub fn look(&mut self, folder: PathBuf) {
        let before = self.listing.take();
        self.listing = Some(Kept::run("phosphene-wearers", move || {
            drop(before);
            Arc::new(listed(&folder))
        }));
    }

    /// What was found.
    pub fn found(&self) -> Option<Arc<Vec<KnownWearer>>> {
        match self.listing.as_ref()?.progress() {
            Progress::Working => None,
            Progress::Done(found) => Some(found),
            Progress::Died => Some(Arc::default()),
        }
    }

    /// Begins to learn.
    pub fn learn(&mut self, what: ToLearn) {
        let before = self.lesson.take();
        if let Some(before) = &before {
            before.unwanted.store(true, Ordering::Relaxed);
        }
        let unwanted = Arc::new(AtomicBool::new(false));
        let given_up = unwanted.clone();
        let work = Kept::run("phosphene-learn", move || {
            drop(before);
            learnt(&what, &given_up).map(Arc::new)
        });
        self.lesson = Some(Lesson { work, unwanted });
    }

    /// Where that is.
    pub fn learning(&self) -> Learning {
        let Some(lesson) = &self.lesson else { return Learning::None };
        match lesson.work.progress() {
            Progress::Working => Learning::Working,
            Progress::Done(Ok(taught)) => Learning::Done(taught),
            Progress::Done(Err(why)) => Learning::Failed(why),
            Progress::Died => Learning::Failed(
                "the program failed while it learnt; the recording is whole: try `phosphene find RECORDING --learn FILE`".into(),
            ),
        }
    }

    /// Begins to work out what pages will take.
    pub fn rehearse(&mut self, wearer: Arc<Wearer>, pictures: usize, rule: StopRule) {
        let before = self.rehearsal.take();
        self.rehearsal = Some(Kept::run("phosphene-rehearse", move || {
            drop(before);
            Rehearsal::of(&wearer.law, pictures, &rule, SEED).map_err(|why| why.to_string())
        }));
    }

    /// What came of it.
    pub fn rehearsed(&self) -> Option<Result<Rehearsal, String>> {
        match self.rehearsal.as_ref()?.progress() {
            Progress::Working => None,
            Progress::Done(rehearsal) => Some(rehearsal),
            Progress::Died => Some(Err("the program failed while it worked this out".into())),
        }
    }

    /// Begins to write a path.
    pub fn keep_path(&mut self, file: PathBuf, pictures: Vec<Arc<Picture>>) {
        let before = self.path.take();
        self.path = Some(Kept::run("phosphene-path", move || {
            drop(before);
            written(&file, &pictures).map(|()| file)
        }));
    }

    /// What came of it.
    pub fn path_kept(&self) -> Option<Result<PathBuf, String>> {
        match self.path.as_ref()?.progress() {
            Progress::Working => None,
            Progress::Done(kept) => Some(kept),
            Progress::Died => Some(Err("the program failed while it wrote it".into())),
        }
    }
}

/// The wearers of a folder, newest first; none where it is not there.
fn listed(folder: &Path) -> Vec<KnownWearer> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "json") && path.is_file())
        .collect();
    files.sort();
    let newest = files.into_iter().rev().take(MOST_FILES);
    let mut known: Vec<KnownWearer> =
        newest.map(|path| KnownWearer { wearer: read(&path).map(Arc::new), path }).collect();
    let created = |known: &KnownWearer| {
        known.wearer.as_ref().map_or_else(|_| String::new(), |wearer| wearer.created.clone())
    };
    known.sort_by_key(|known| std::cmp::Reverse(created(known)));
    known
}

fn read(path: &Path) -> Result<Wearer, String> {
    let said = |why: std::io::Error| format!("it cannot be read ({why})");
    let bytes = std::fs::metadata(path).map_err(said)?.len();
    if bytes > 2 * MAX_FILE_BYTES as u64 {
        return Err(format!("it has {bytes} bytes, more than any wearer's file"));
    }
    let text = std::fs::read_to_string(path).map_err(said)?;
    Wearer::from_json(&text).map_err(|why| why.to_string())
}

/// Learns from the recording and writes the file.
fn learnt(what: &ToLearn, unwanted: &AtomicBool) -> Result<Taught, String> {
    let ToLearn { recording, device, folder, pictures, rule } = what;
    let file = FileSource::new(recording.clone()).with_speed(Speed::Max);
    // The recording bears the names of electrodes under which it was made.
    let source = Box::new(MountedSource::new(Box::new(file), Mounting::ByLabel));
    let name = recording.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut flashes = CopyFlashes::default();
    let (info, input) =
        flashes.read(&name, source, None, unwanted).map_err(|why| why.to_string())?;
    let mut wearer = flashes.learn(input, &info, *pictures, rule).map_err(|why| why.to_string())?;
    if !device.is_empty() {
        // The recording is named beside it.
        wearer.source.clone_from(device);
    }
    let text = wearer.to_json().map_err(|why| why.to_string())?;
    let stamp = utc_now_iso8601().replace(':', "");
    let path = folder.join(format!("finder_{stamp}.json"));
    std::fs::create_dir_all(folder)
        .map_err(|why| format!("the folder cannot be made ({why}): {}", folder.display()))?;
    write_new(&path, text.as_bytes()).map_err(|why| why.to_string())?;
    let others = SIZES.iter().filter(|size| *size != pictures);
    let expected = others.filter_map(|size| Rehearsal::of(&wearer.law, *size, rule, SEED).ok());
    let expected = expected.collect();
    Ok(Taught { path, wearer: Arc::new(wearer), expected })
}

fn written(file: &Path, pictures: &[Arc<Picture>]) -> Result<(), String> {
    let pictures: Vec<&Picture> = pictures.iter().map(|picture| &**picture).collect();
    let strip = strip(&pictures, STRIP_PX).map_err(|why| why.to_string())?;
    let png = strip.to_png().ok_or("the pictures are damaged")?;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|why| format!("the folder cannot be made ({why}): {}", folder.display()))?;
    }
    write_new(file, &png).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait<T>(what: impl Fn() -> Option<T>) -> T {
        for _ in 0..2000 {
            if let Some(there) = what() {
                return there;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("it never came");
    }

    #[test]
    fn a_folder_that_is_not_there_holds_nobody_and_a_damaged_file_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut wearers = Wearers::default();
        assert!(wearers.found().is_none());
        wearers.look(folder.path().join("none"));
        assert!(wait(|| wearers.found()).is_empty());
        std::fs::write(folder.path().join("a.json"), "{}").unwrap();
        std::fs::write(folder.path().join("b.txt"), "{}").unwrap();
        wearers.look(folder.path().into());
        let found = wait(|| wearers.found());
        assert_eq!(found.len(), 1);
        assert!(found[0].wearer.as_ref().unwrap_err().contains("no file of a wearer"));
    }

    #[test]
    fn a_recording_that_is_not_there_fails_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut wearers = Wearers::default();
        let recording = folder.path().join("none.xdf");
        let (rule, pictures) = (StopRule::default(), 40);
        let folder = folder.path().join("finders");
        let device = String::new();
        wearers.learn(ToLearn { recording, device, folder: folder.clone(), pictures, rule });
        let why = wait(|| match wearers.learning() {
            Learning::Failed(why) => Some(why),
            _ => None,
        });
        assert!(why.contains("none.xdf") && !folder.exists(), "{why}");
    }

    #[test]
    fn a_path_is_written_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let picture = Arc::new(Picture { width: 2, height: 2, rgb: vec![9; 12] });
        let (mut wearers, file) = (Wearers::default(), folder.path().join("new/found.png"));
        wearers.keep_path(file.clone(), vec![picture.clone(), picture.clone()]);
        assert_eq!(wait(|| wearers.path_kept()), Ok(file.clone()));
        let strip = Picture::from_encoded(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(strip.height, STRIP_PX);
        wearers.keep_path(file.clone(), vec![picture]);
        assert!(wait(|| wearers.path_kept()).unwrap_err().contains("cannot be written"));
        wearers.keep_path(folder.path().join("none.png"), Vec::new());
        assert!(wait(|| wearers.path_kept()).is_err());
    }
}
