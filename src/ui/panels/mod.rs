//! One panel a file, in the order of the screen. A panel reads the [`super::scene::Scene`] and pushes actions.

pub mod top_bar;
pub mod banner;
pub mod connect;
pub mod welcome;
pub mod decoder_bar;
pub mod pictures;
pub mod evidence;
pub mod scores;
pub mod ledger;
pub mod traces;
pub mod timeline;
pub mod notices;
pub mod help;
pub mod calibrate;

use connect::ConnectPanel;
use evidence::EvidencePanel;
use pictures::PicturesPanel;
use timeline::TimelinePanel;
use traces::TracesPanel;

/// Panels with a memory.
#[derive(Default)]
pub struct Panels {
    /// Which source, which pack.
    pub connect: ConnectPanel,
    /// The signal.
    pub traces: TracesPanel,
    /// The three squares.
    pub pictures: PicturesPanel,
    /// Scores of the decode and p-values.
    pub evidence: EvidencePanel,
    /// Where a replay is.
    pub timeline: TimelinePanel,
}
