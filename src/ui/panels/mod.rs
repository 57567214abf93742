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
pub mod quality;
pub mod spectrum;
pub mod montage;
pub mod board;
pub mod strip;
pub mod timeline;
pub mod notices;
pub mod help;
pub mod calibrate;
pub mod find;
pub mod cleaning;

use board::BoardPanel;
use connect::ConnectPanel;
use evidence::EvidencePanel;
use find::FindPanel;
use montage::MontagePanel;
use pictures::PicturesPanel;
use quality::QualityPanel;
use spectrum::SpectrumPanel;
use strip::StripPanel;
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
    /// Every electrode's verdict.
    pub quality: QualityPanel,
    /// What the signal is made of.
    pub spectrum: SpectrumPanel,
    /// Where the electrodes are.
    pub montage: MontagePanel,
    /// The board's own settings.
    pub board: BoardPanel,
    /// The picture that one looks for.
    pub find: FindPanel,
    /// Time and loss.
    pub strip: StripPanel,
    /// Where a replay is.
    pub timeline: TimelinePanel,
}
