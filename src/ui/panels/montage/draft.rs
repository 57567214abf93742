//! What the page has in hand: a device's channels, what is said of them, what was said before, and what follows.
//!
//! Pure: takes what the run says and what the user does; gives the choice to keep, and what the pack would get of it.
//! What follows is reckoned once for every change, never for a frame.

use crate::config::montages::DeviceKey;
use crate::pipeline::contract;
use crate::signal::montage::{Mounted, Preset, Said, Sites};
use crate::snapshot::{ChannelOrigin, Expectation, PackState, PackView, Snapshot, SourceView};
use crate::source::mounted::Choice;

/// Steps that can be taken back.
const MOST_UNDONE: usize = 64;

/// What is said where sites were placed one by one.
pub const BY_HAND: &str = "by hand";

/// One state of the sites, and in words where it comes from; `None` as the labels say.
type State = (Sites, Option<String>);

/// What the pack would get.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// Every channel of the pack and where it comes from.
    pub origins: Vec<ChannelOrigin>,
    /// What score to expect; `None` when the pack does not say.
    pub expected: Option<Expectation>,
    /// Whether there are enough of the pack's electrodes to decode at all.
    pub suffices: bool,
}

/// Whether what was said is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keeping {
    /// Nothing was said.
    #[default]
    Nothing,
    /// It is being written.
    AtWork,
    /// It is on the disk; what the user should know of the file.
    Kept(Vec<String>),
    /// It is not, and why.
    Failed(String),
}

/// What the page has in hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The device.
    pub key: DeviceKey,
    now: State,
    /// What the run uses.
    running: Sites,
    undo: Vec<State>,
    /// What follows.
    pub given: Given,
    /// Whether anything was said on this page.
    pub touched: bool,
}

impl Draft {
    /// What a source says; `None` where it does not say what the device calls its channels.
    pub fn of(source: &SourceView) -> Option<Self> {
        let mounted = source.mounted.as_ref()?;
        let key = DeviceKey {
            kind: format!("{:?}", source.kind).to_lowercase(),
            name: source.name.clone(),
            labels: mounted.device_labels.clone(),
        };
        let now = (mounted.sites.clone(), from(mounted));
        let running = mounted.sites.clone();
        Some(Self { key, now, running, undo: Vec::new(), given: Given::default(), touched: false })
    }

    /// Follows a run: a new device begins anew, the same one keeps what was said. `pack_is_new` when what follows
    /// has to be reckoned again.
    pub fn follow(held: &mut Option<Self>, snapshot: &Snapshot, pack_is_new: bool) {
        let Some(source) = snapshot.source.as_deref() else { return };
        let Some(mut found) = Self::of(source) else { return };
        match held {
            Some(draft) if draft.key == found.key => {
                let was_running = std::mem::replace(&mut draft.running, found.running);
                if draft.running != was_running && !draft.touched {
                    draft.now = found.now;
                    draft.reckon(snapshot);
                } else if pack_is_new {
                    draft.reckon(snapshot);
                }
            }
            _ => {
                found.reckon(snapshot);
                *held = Some(found);
            }
        }
    }

    /// The channels as the device calls them.
    pub fn labels(&self) -> &[String] {
        &self.key.labels
    }

    /// What they are.
    pub fn sites(&self) -> &Sites {
        &self.now.0
    }

    /// In words where that comes from.
    pub fn words(&self) -> &str {
        self.now.1.as_deref().unwrap_or("by the device's own labels")
    }

    /// Whether the run uses something else.
    pub fn is_pending(&self) -> bool {
        self.running != self.now.0
    }

    /// Whether there is a step to take back.
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether it is as the labels say.
    pub fn is_by_label(&self) -> bool {
        self.now.1.is_none()
    }

    /// What is to be kept.
    pub fn choice(&self) -> Choice {
        Choice { key: self.key.clone(), sites: self.now.0.clone(), from: self.now.1.clone() }
    }

    /// Gives a channel a site, or none; false when nothing changes.
    pub fn assign(&mut self, channel: usize, site: Option<&str>, snapshot: &Snapshot) -> bool {
        let mut sites = self.now.0.clone();
        sites.assign(channel, site);
        self.change((sites, Some(BY_HAND.into())), snapshot)
    }

    /// Takes a preset.
    ///
    /// # Errors
    /// In words, when it does not fit.
    pub fn take(&mut self, preset: &Preset, snapshot: &Snapshot) -> Result<bool, String> {
        let sites = Sites::of_preset(preset, self.labels().len())?;
        let from = format!("preset {} ({})", preset.name, preset.title);
        Ok(self.change((sites, Some(from)), snapshot))
    }

    /// Back to what the labels say.
    pub fn reset(&mut self, snapshot: &Snapshot) -> bool {
        let sites = Sites::by_label(self.labels());
        self.change((sites, None), snapshot)
    }

    /// Takes the last step back.
    pub fn undo(&mut self, snapshot: &Snapshot) -> bool {
        let Some(before) = self.undo.pop() else { return false };
        self.now = before;
        self.reckon(snapshot);
        true
    }

    fn change(&mut self, next: State, snapshot: &Snapshot) -> bool {
        if next.0 == self.now.0 && next.1.is_some() == self.now.1.is_some() {
            return false;
        }
        self.undo.push(std::mem::replace(&mut self.now, next));
        if self.undo.len() > MOST_UNDONE {
            self.undo.remove(0);
        }
        self.touched = true;
        self.reckon(snapshot);
        true
    }

    fn reckon(&mut self, snapshot: &Snapshot) {
        let PackState::Ready(pack) = &snapshot.pack else {
            self.given = Given::default();
            return;
        };
        let names = self.now.0.names(self.labels());
        let snr_db = snapshot.source.as_ref().and_then(|source| source.snr_db);
        self.given = given(&names, pack, snr_db);
    }

    /// What a channel does for the pack: the pack's channel that it is, and those that it helps to estimate, the most first.
    pub fn feeds(&self, channel: usize) -> (Option<&str>, Vec<&str>) {
        let Some(site) = self.sites().site(channel) else { return (None, Vec::new()) };
        let mut helped: Vec<(f32, &str)> = Vec::new();
        let mut own = None;
        for origin in &self.given.origins {
            match origin.from.as_slice() {
                [(from, _)] if from == site => own = Some(origin.label.as_str()),
                [] | [_] => {}
                many => {
                    let weight =
                        many.iter().find(|(from, _)| from == site).map_or(0.0, |(_, w)| w.abs());
                    // Less than a twentieth of what is estimated is not worth a word.
                    if weight >= 0.05 {
                        helped.push((weight, &origin.label));
                    }
                }
            }
        }
        helped.sort_by(|a, b| b.0.total_cmp(&a.0));
        (own, helped.into_iter().map(|(_, label)| label).collect())
    }
}

/// In words who said it; `None` for the labels.
fn from(mounted: &Mounted) -> Option<String> {
    match &mounted.said {
        Said::ByLabel => None,
        Said::Given(how) | Said::Saved { from: how, .. } => Some(how.clone()),
    }
}

fn given(names: &[String], pack: &PackView, snr_db: Option<f64>) -> Given {
    let wanted: Vec<String> = pack.montage.iter().map(|origin| origin.label.clone()).collect();
    let origins = contract::origins_between(names, &wanted);
    let table = pack.expected_table.as_deref();
    let expected = table
        .and_then(|table| contract::expected_of((table, &pack.encoder_sha256), &origins, snr_db));
    Given { suffices: contract::suffice(&origins), origins, expected }
}
