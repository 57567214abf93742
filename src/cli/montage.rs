//! `--montage`, as every command takes it that reads the channels of a source or a recording.

use std::path::Path;

use crate::signal::montage::{MontageSpec, preset_named};
use crate::source::mounted::Mounting;

use super::failure::Failure;

/// Largest file of a montage, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// What is written for the labels alone, whatever is saved for the device.
const BY_LABEL: &str = "label";

/// Which electrodes the channels of a source are: as this says; `None` is what is saved for the device, else its labels.
///
/// # Errors
/// Exit code 2 for what makes no sense, 6 for a file that cannot be read.
pub fn mounting(text: Option<&str>) -> Result<Mounting, Failure> {
    let Some(text) = text else { return Ok(Mounting::Saved) };
    if text.eq_ignore_ascii_case(BY_LABEL) {
        return Ok(Mounting::ByLabel);
    }
    let is_file = !text.contains('=') && preset_named(text).is_none();
    let path = Path::new(text);
    let said = |why: String| Failure::usage(format!("--montage {text}: {why}"));
    let spec =
        if is_file && (path.exists() || path.extension().is_some_and(|ending| ending == "toml")) {
            MontageSpec::from_toml(&read(path)?)
        } else {
            MontageSpec::parse(text)
        };
    spec.map(Mounting::Given).map_err(said)
}

fn read(path: &Path) -> Result<String, Failure> {
    let unreadable = |why: String| {
        Failure::file(format!("the montage {} cannot be read: {why}", path.display()))
    };
    let about = std::fs::metadata(path).map_err(|why| unreadable(why.to_string()))?;
    if about.len() > MAX_FILE_BYTES {
        return Err(unreadable(format!(
            "it has {} bytes; at most {MAX_FILE_BYTES} are read",
            about.len()
        )));
    }
    std::fs::read_to_string(path).map_err(|why| unreadable(why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_pairs_and_files_are_understood_and_the_rest_gets_its_exit_code() {
        assert_eq!(mounting(None).unwrap(), Mounting::Saved);
        assert_eq!(mounting(Some("Label")).unwrap(), Mounting::ByLabel);
        assert!(matches!(
            mounting(Some("cyton8")).unwrap(),
            Mounting::Given(MontageSpec::Preset(_))
        ));
        assert!(matches!(
            mounting(Some("1=O1,2=O2")).unwrap(),
            Mounting::Given(MontageSpec::Pairs(_))
        ));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cap.toml");
        std::fs::write(&file, "sites = ['O1', 'O2']").unwrap();
        let text = file.display().to_string();
        assert!(matches!(mounting(Some(&text)).unwrap(), Mounting::Given(MontageSpec::InOrder(_))));
        std::fs::write(&file, "sites = ['Nose']").unwrap();
        for (text, code, why) in [
            (text.as_str(), 2, "'Nose' is no electrode"),
            ("nowhere.toml", 6, "cannot be read"),
            ("cytn8", 2, "the nearest is cyton8"),
            ("Ch1=Q9", 2, "'Q9' is no electrode"),
        ] {
            let failure = mounting(Some(text)).unwrap_err();
            assert!(failure.code == code && failure.message.contains(why), "{text}: {failure:?}");
        }
    }
}
