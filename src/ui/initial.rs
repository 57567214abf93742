//! How the window starts: what the command line hands over.

use std::path::PathBuf;
use std::sync::Arc;

use egui::ThemePreference;

use crate::decode::{Showing, Steadying};
use crate::pipeline::WindowMode;
use crate::pipeline::cleaning::Cleaning;
use crate::signal::StimulusSet;
use crate::source::SourceSpec;
use crate::study::calibration::Session;
use crate::ui::scene::Page;

/// How the window starts.
#[derive(Clone, Debug)]
pub struct InitialView {
    /// Light, dark or as the desktop says.
    pub theme: ThemePreference,
    /// 1.0 is the normal size.
    pub text_scale: f32,
    /// What the middle shows.
    pub page: Page,
    /// What the connect panel shows first.
    pub source: Option<SourceSpec>,
    /// The pack's folder that the connect panel shows first; `None` is the bundled pack.
    pub pack: Option<PathBuf>,
    /// Whether to connect at once.
    pub connect_now: bool,
    /// Recordings offered for choosing.
    pub recent_files: Vec<PathBuf>,
    /// Where recordings go.
    pub record_folder: PathBuf,
    /// Which windows are decoded.
    pub mode: WindowMode,
    /// What is cleaned.
    pub cleaning: Cleaning,
    /// Whether the null twin is on.
    pub twin: bool,
    /// How pictures follow one another.
    pub steadying: Steadying,
    /// What is painted.
    pub showing: Showing,
    /// Where calibration sessions go.
    pub sessions_folder: PathBuf,
    /// A session to be held at once.
    pub session: Option<Session>,
    /// The pictures of sessions; the bundled ones when `None`.
    pub stimuli: Option<Arc<StimulusSet>>,
}

impl Default for InitialView {
    fn default() -> Self {
        Self {
            theme: ThemePreference::System,
            text_scale: 1.0,
            page: Page::default(),
            source: None,
            pack: None,
            connect_now: false,
            recent_files: Vec::new(),
            record_folder: PathBuf::from("."),
            mode: WindowMode::Auto,
            cleaning: Cleaning::default(),
            twin: true,
            steadying: Steadying::default(),
            showing: Showing::default(),
            sessions_folder: PathBuf::from("calibration"),
            session: None,
            stimuli: None,
        }
    }
}
