//! Names of files: subject, session, task and run.

/// What tells one run from the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entities {
    subject: String,
    session: Option<String>,
    task: String,
    run: Option<u32>,
}

impl Entities {
    /// Checks the labels: letters and digits only, as BIDS demands; `sub-` and `ses-` may stand before them.
    ///
    /// # Errors
    /// What is wrong, in plain words.
    pub fn new(
        subject: &str,
        session: Option<&str>,
        task: &str,
        run: Option<u32>,
    ) -> Result<Self, String> {
        Ok(Self {
            subject: label("subject", subject, "sub-")?,
            session: session.map(|session| label("session", session, "ses-")).transpose()?,
            task: label("task", task, "task-")?,
            run,
        })
    }

    /// `sub-01`.
    pub fn participant(&self) -> String {
        format!("sub-{}", self.subject)
    }

    /// Name of the task.
    pub fn task(&self) -> &str {
        &self.task
    }

    /// `sub-01/ses-01/eeg`.
    pub(super) fn folder(&self) -> String {
        match &self.session {
            Some(session) => format!("sub-{}/ses-{session}/eeg", self.subject),
            None => format!("sub-{}/eeg", self.subject),
        }
    }

    /// `sub-01_ses-01`.
    pub(super) fn head_stem(&self) -> String {
        match &self.session {
            Some(session) => format!("sub-{}_ses-{session}", self.subject),
            None => format!("sub-{}", self.subject),
        }
    }

    /// `sub-01_ses-01_task-viewing_run-1`.
    pub(super) fn stem(&self) -> String {
        let run = self.run.map_or_else(String::new, |run| format!("_run-{run}"));
        format!("{}_task-{}{run}", self.head_stem(), self.task)
    }
}

fn label(what: &str, text: &str, prefix: &str) -> Result<String, String> {
    let bare = text.strip_prefix(prefix).unwrap_or(text);
    if !bare.is_empty() && bare.len() <= 64 && bare.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(bare.into());
    }
    Err(format!(
        "the {what} '{text}' is not a BIDS label: use 1 to 64 letters and digits, as 01 or S07"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_entities_and_cannot_leave_the_folder() {
        let all = Entities::new("sub-01", Some("A"), "viewing", Some(2)).unwrap();
        assert_eq!(
            (all.folder(), all.stem()),
            ("sub-01/ses-A/eeg".into(), "sub-01_ses-A_task-viewing_run-2".into())
        );
        for bad in ["", "a/b", "..", "a_b", "é"] {
            assert!(
                Entities::new(bad, None, "t", None).unwrap_err().contains("BIDS label"),
                "{bad}"
            );
        }
    }
}
