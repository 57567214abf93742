//! What `fit` and `evaluate` share: their arguments, the pack, reading sessions with a progress bar.

use std::path::{Path, PathBuf};

use crate::decode::Pack;
use crate::decode::session::Runtime;
use crate::study::trials::sessions::{self, SessionError, Sessions, TestRuns};

use super::cleaning::CleanArgs;
use super::failure::Failure;
use super::montage::mounting;

/// Threads of the encoder.
pub const THREADS: usize = 2;

/// What every command on sessions takes.
#[derive(Clone, Debug, clap::Args)]
pub struct SessionArgs {
    /// Recorded sessions: folders of recordings, or single recordings
    #[arg(value_name = "SESSION", required = true)]
    pub sessions: Vec<PathBuf>,
    /// Folder of the model pack [default: the bundled pack]
    #[arg(long, value_name = "DIR")]
    pub pack: Option<PathBuf>,
    /// Which electrodes the channels of the recordings are: a preset, pairs as in Ch1=Fp1,Ch2=Fp2, a TOML file, or label
    /// for their own labels alone [default: what is saved for a recording, else its labels]
    #[arg(long, value_name = "PRESET|PAIRS|FILE|label")]
    pub montage: Option<String>,
    /// Seed of divisions, intervals and permutations
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// What is cleaned
    #[command(flatten)]
    pub clean: CleanArgs,
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

impl SessionArgs {
    /// Class packs do not say yet what their signal was cleaned of, so nobody could hold live use to it.
    ///
    /// # Errors
    /// Exit code 2 where cleaning was asked for.
    pub fn refuse_cleaning_of_classes(&self) -> Result<(), Failure> {
        if self.clean.cleaning().is_off() {
            return Ok(());
        }
        Err(Failure::usage("--clean, --bad and --reference do not go with --events yet"))
    }
}

/// The folder of the pack that was named, or of the bundled one.
///
/// # Errors
/// Exit code 4 where there is none.
pub fn pack_folder(folder: Option<&Path>) -> Result<PathBuf, Failure> {
    let folder = folder.map(Path::to_path_buf).or_else(crate::config::bundled_pack);
    let why = "the bundled pack was not found; give its folder with --pack models/demo";
    folder.ok_or_else(|| Failure::pack(why))
}

/// That pack, verified.
///
/// # Errors
/// Exit code 4.
pub fn open_pack(folder: Option<&Path>) -> Result<Pack, Failure> {
    Ok(Pack::open(&pack_folder(folder)?)?)
}

/// Reads sessions with a progress bar.
///
/// # Errors
/// Exit code 2 for the montage, 4 for the pack, 6 for the sessions.
pub fn load(
    args: &SessionArgs,
    test_runs: TestRuns,
    pack: &Pack,
    runtime: &Runtime,
) -> Result<Sessions, Failure> {
    let bar = indicatif::ProgressBar::new_spinner();
    let on_progress = |place: usize, count: usize, secs: f64| {
        bar.set_message(format!("reading recording {} of {count}: {secs:.0} s", place + 1));
        bar.tick();
    };
    let (mounting, cleaning) = (mounting(args.montage.as_deref())?, args.clean.cleaning());
    let how = (test_runs, &mounting);
    let found = sessions::load_with(&args.sessions, how, pack, &cleaning, runtime, on_progress);
    bar.finish_and_clear();
    found.map_err(|error| match error {
        SessionError::Pack(_) | SessionError::Decode(_) => Failure::pack(error.to_string()),
        _ => Failure::file(error.to_string()),
    })
}
