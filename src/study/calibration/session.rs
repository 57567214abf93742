//! A session that is going to be held: its plan, its folder, `protocol.toml` and timing tables.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::present::presenter::TrialTiming;
use crate::present::protocol::{Plan, PlannedRun, Protocol, Role, plan};
use crate::signal::StimulusSet;
use crate::study::calibration::pictures::MOST_SHOWN;
use crate::study::error::PersonalError;
use crate::study::files::write_new;
use crate::study::folder::{Folder, Held, TEST_TASK, TIMING_ENDING, folders_in};
use crate::time::clock::utc_now_iso8601;

/// Most earlier sessions that a fit goes on from: the newest, so that a fit stays a matter of seconds.
pub const MOST_EARLIER: usize = 3;

/// Most sessions of a subject that are looked for.
const MAX_SESSIONS: usize = 999;

/// A session that is going to be held.
#[derive(Clone, Debug)]
pub struct Session {
    /// What was asked for.
    pub protocol: Protocol,
    /// Every trial.
    pub plan: Plan,
    /// `sub-01`.
    pub subject: String,
    /// `ses-01`.
    pub session: String,
    /// Folder of all sessions.
    pub root: PathBuf,
    /// Where it goes.
    pub folder: PathBuf,
    /// Names of the pictures, by row.
    pub ids: Vec<String>,
    /// The pictures, where they are the user's own.
    pub own: Option<Arc<StimulusSet>>,
}

/// The start of `protocol.toml`, before the protocol's own keys.
#[derive(Serialize)]
struct Kept<'a> {
    schema: u32,
    program: String,
    created: String,
    subject: &'a str,
    session: &'a str,
    simulated: bool,
    pack_sha256: &'a str,
    protocol: &'a Protocol,
    plan_seed: u64,
    picture: Vec<KeptPicture<'a>>,
    run: Vec<KeptRun<'a>>,
}

#[derive(Serialize)]
struct KeptPicture<'a> {
    id: &'a str,
    sha256: String,
}

#[derive(Serialize)]
struct KeptRun<'a> {
    file: String,
    role: Role,
    trials: Vec<KeptTrial<'a>>,
}

#[derive(Serialize)]
struct KeptTrial<'a> {
    id: &'a str,
    onset_secs: f64,
    is_repeat: bool,
}

impl Session {
    /// Plans a session below `root`: the next one of this subject, or the one that is named. The order follows from the
    /// protocol's seed and the number of the session, so that no two sessions share it.
    ///
    /// # Errors
    /// A name that cannot be a folder, a protocol that leaks or cannot be held, a session that is there already.
    pub fn new(
        protocol: Protocol,
        stimuli: &StimulusSet,
        root: &Path,
        subject: &str,
        session: Option<&str>,
    ) -> Result<Self, String> {
        let subject = format!("sub-{}", plain(subject.trim_start_matches("sub-"), "subject")?);
        let below = root.join(&subject);
        let session = match session {
            Some(name) => format!("ses-{}", plain(name.trim_start_matches("ses-"), "session")?),
            None => next_session(&below)?,
        };
        let folder = below.join(&session);
        if folder.join("protocol.toml").exists() {
            return Err(format!(
                "this session was held already, it is not written over. Give another name with --session: {}",
                folder.display()
            ));
        }
        if stimuli.len() > MOST_SHOWN {
            return Err(format!(
                "there are {} pictures, and each is shown many times: at most {MOST_SHOWN}. `live --pictures` takes more",
                stimuli.len()
            ));
        }
        let number =
            session.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(131) + u64::from(byte));
        // TOML's integers have a sign.
        let seed = protocol.seed.wrapping_add(number) & i64::MAX.cast_unsigned();
        let seeded = Protocol { seed, ..protocol.clone() };
        let plan = plan(&seeded, stimuli.len())?;
        let ids = stimuli.stimuli.iter().map(|stimulus| stimulus.id.clone()).collect();
        let root = root.to_path_buf();
        Ok(Self { protocol, plan, subject, session, root, folder, ids, own: None })
    }

    /// Makes the folder and writes `protocol.toml`.
    ///
    /// # Errors
    /// [`PersonalError::Output`].
    pub fn create(
        &self,
        stimuli: &StimulusSet,
        simulated: bool,
        pack_sha256: &str,
    ) -> Result<(), PersonalError> {
        std::fs::create_dir_all(&self.folder).map_err(|e| {
            let folder = self.folder.display();
            PersonalError::Output(format!("the folder cannot be made ({e}): {folder}"))
        })?;
        if let Some(own) = &self.own {
            crate::study::folder::pictures::keep(own, &self.folder)?;
        }
        let picture = stimuli.stimuli.iter().map(|stimulus| KeptPicture {
            id: &stimulus.id,
            sha256: hex(&Sha256::digest(&stimulus.png)),
        });
        let run = self.plan.runs.iter().enumerate().map(|(i, run)| KeptRun {
            file: self.name(i, ".xdf"),
            role: run.role,
            trials: run.trials.iter().map(|trial| self.kept(trial)).collect(),
        });
        let kept = Kept {
            schema: 1,
            program: format!("phosphene {}", env!("CARGO_PKG_VERSION")),
            created: utc_now_iso8601(),
            subject: &self.subject,
            session: &self.session,
            simulated,
            pack_sha256,
            protocol: &self.protocol,
            plan_seed: self.plan.seed,
            picture: picture.collect(),
            run: run.collect(),
        };
        let text = toml::to_string(&kept).map_err(|e| {
            PersonalError::Unexpected(format!("protocol.toml cannot be written: {e}"))
        })?;
        write_new(&self.folder.join("protocol.toml"), text.as_bytes())
    }

    fn kept(&self, trial: &crate::present::protocol::PlannedTrial) -> KeptTrial<'_> {
        KeptTrial {
            id: self.ids.get(trial.picture).map_or("", String::as_str),
            onset_secs: trial.onset_secs,
            is_repeat: trial.is_repeat,
        }
    }

    /// Where a run's recording goes.
    pub fn recording(&self, run: usize) -> PathBuf {
        self.folder.join(self.name(run, ".xdf"))
    }

    fn name(&self, run: usize, ending: &str) -> String {
        let role = self.plan.runs.get(run).map_or(Role::Training, |run| run.role);
        let task = match role {
            Role::Training => "_task-calib_",
            Role::Test => TEST_TASK,
        };
        // Numbered within its task, as BIDS wants it.
        let before = self.plan.runs.iter().take(run).filter(|other| other.role == role).count();
        format!("{}_{}{task}run-{:02}{ending}", self.subject, self.session, before + 1)
    }

    /// The recordings with this role.
    pub fn recordings(&self, role: Role) -> Vec<PathBuf> {
        let of_role = |(_, run): &(usize, &PlannedRun)| run.role == role;
        self.plan.runs.iter().enumerate().filter(of_role).map(|(i, _)| self.recording(i)).collect()
    }

    /// Keeps how it was held.
    ///
    /// # Errors
    /// [`PersonalError::Output`].
    pub fn keep(&self, held: &Held) -> Result<(), PersonalError> {
        let text = serde_json::to_string_pretty(held)
            .map_err(|e| PersonalError::Unexpected(format!("held.json cannot be written: {e}")))?;
        write_new(&self.folder.join("held.json"), text.as_bytes())
    }

    /// Folders of the same person's newest sessions before this one that were held with the same pack, oldest first.
    pub fn earlier(&self, pack_sha256: &str) -> Vec<PathBuf> {
        let below = self.root.join(&self.subject);
        let mut found = folders_in(&below);
        found.retain(|path| *path != self.folder && *path < self.folder);
        found.retain(|path| Folder::read(path).is_some_and(|kept| kept.pack_sha256 == pack_sha256));
        found.split_off(found.len().saturating_sub(MOST_EARLIER))
    }

    /// Writes when every trial of a run was due and when it was seen.
    ///
    /// # Errors
    /// [`PersonalError::Output`].
    pub fn write_timing(&self, run: usize, log: &[TrialTiming]) -> Result<(), PersonalError> {
        use std::fmt::Write;
        let mut text = String::from(
            "trial,picture,is_repeat,planned_secs,shown_secs,uncertainty_secs,refresh_hz,missed_frames\n",
        );
        for (i, timing) in log.iter().enumerate() {
            let id = self.ids.get(timing.picture).map_or("", String::as_str);
            let TrialTiming { planned_secs, shown_secs, uncertainty_secs, refresh_hz, .. } = timing;
            let (repeat, missed) = (timing.is_repeat, timing.missed_frames);
            let _ = writeln!(
                text,
                "{i},{id},{repeat},{planned_secs:.6},{shown_secs:.6},{uncertainty_secs:.6},{refresh_hz:.3},{missed}"
            );
        }
        write_new(&self.folder.join(self.name(run, TIMING_ENDING)), text.as_bytes())
    }
}

fn plain<'a>(name: &'a str, what: &str) -> Result<&'a str, String> {
    let is_plain =
        !name.is_empty() && name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphanumeric());
    is_plain
        .then_some(name)
        .ok_or_else(|| format!("the {what} '{name}' is not 1 to 32 ASCII letters and digits"))
}

fn next_session(below: &Path) -> Result<String, String> {
    (1..=MAX_SESSIONS)
        .map(|number| format!("ses-{number:02}"))
        .find(|name| !below.join(name).exists())
        .ok_or_else(|| format!("{MAX_SESSIONS} sessions are there already: {}", below.display()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short() -> Protocol {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("calibration/short.toml");
        Protocol::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn sessions_are_numbered_never_written_over_and_no_two_have_the_same_order() {
        let root = tempfile::tempdir().unwrap();
        let stimuli = StimulusSet::bundled().unwrap();
        let make = |session| Session::new(short(), &stimuli, root.path(), "01", session);
        let first = make(None).unwrap();
        first.create(&stimuli, true, "hash").unwrap();
        let second = make(None).unwrap();
        assert_eq!((first.session.as_str(), second.session.as_str()), ("ses-01", "ses-02"));
        assert_ne!(first.plan, second.plan);
        assert!(make(Some("01")).unwrap_err().contains("held already"));
        assert!(make(Some("../x")).unwrap_err().contains("letters and digits"));
        let kept = std::fs::read_to_string(first.folder.join("protocol.toml")).unwrap();
        let kept: toml::Table = toml::from_str(&kept).unwrap();
        assert_eq!(kept["run"].as_array().unwrap().len(), first.plan.runs.len());
        let names: Vec<PathBuf> = (0..first.plan.runs.len()).map(|i| first.recording(i)).collect();
        assert!(names[0].ends_with("sub-01_ses-01_task-calib_run-01.xdf"), "{names:?}");
    }
}
