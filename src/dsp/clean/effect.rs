//! What cleaning is at, and what it came to: small enough to be copied to whoever shows it.

/// How far subspace cleaning is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Not asked for.
    #[default]
    Off,
    /// Signal is collected to learn from; nothing is cleaned.
    Collecting,
    /// It is being learned from; nothing is cleaned yet.
    Learning,
    /// Artefact components are taken out.
    Cleaning,
}

/// What cleaning came to: over the last whole second, where it is about signal.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effect {
    /// How far subspace cleaning is.
    pub phase: Phase,
    /// Signal collected so far, seconds.
    pub collected_secs: f32,
    /// Signal that is collected before it is learned from, seconds.
    pub wanted_secs: f32,
    /// Clean signal that was learned from, seconds; 0 where that was done before the run.
    pub clean_secs: f32,
    /// Clean signal in the last attempt that failed, seconds; 0 where none failed.
    pub failed_secs: f32,
    /// Most components that were replaced at once.
    pub components: u16,
    /// Of so many.
    pub channels: u16,
    /// Power of what was taken out relative to the signal's, 0–1.
    pub removed_share: f32,
    /// Electrodes that are interpolated now.
    pub interpolated: u16,
}
