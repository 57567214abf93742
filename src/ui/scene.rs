//! What every panel gets: the snapshot, the viewer's own choices, and the colours.
//!
//! Panels read a [`Scene`] and push [`Action`]s. Nothing changes until the frame is over; then
//! [`super::app::App`] applies the actions in one place.

use std::path::PathBuf;

use egui::ThemePreference;

use super::look::theme::Palette;
use crate::decode::{Noise, Scope, Show, Showing, Steady, Steadying};
use crate::pipeline::cleaning::Cleaning;
use crate::pipeline::{Command, DisplayFilter, WindowMode};
use crate::snapshot::Snapshot;
use crate::source::SourceSpec;
use crate::source::file::Transport;
use crate::source::mounted::Choice;

/// Sensitivities of the traces, in µV per division; a division is the distance between two channels.
pub const UV_PER_DIV: [f32; 10] = [2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 5000.0];

/// Lengths of the traces, in seconds.
pub const SPANS_SECS: [f64; 5] = [2.0, 5.0, 10.0, 20.0, 30.0];

/// Smallest and largest text scale.
pub const TEXT_SCALE_RANGE: [f32; 2] = [0.8, 2.0];

/// What the middle of the window shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// Pictures, signal and evidence.
    #[default]
    Pictures,
    /// Every electrode's verdict, and what to do.
    Quality,
    /// What the signal is made of.
    Spectrum,
    /// Where the electrodes are.
    Montage,
    /// The board's own settings.
    Board,
    /// The picture that one looks for, found by attention.
    Find,
}

impl Page {
    /// All of them, in the order of their keys from F2 on.
    pub const ALL: [Self; 6] =
        [Self::Pictures, Self::Quality, Self::Spectrum, Self::Montage, Self::Board, Self::Find];

    /// Its name on the screen.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pictures => "Pictures",
            Self::Quality => "Quality",
            Self::Spectrum => "Spectrum",
            Self::Montage => "Montage",
            Self::Board => "Board",
            Self::Find => "Find",
        }
    }
}

/// What the viewer has chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// What the middle shows.
    pub page: Page,
    /// Light, dark or as the desktop says.
    pub theme: ThemePreference,
    /// 1.0 is the normal size.
    pub text_scale: f32,
    /// The connect panel is open.
    pub connect_open: bool,
    /// The list of keys is open.
    pub help_open: bool,
    /// The list of messages is open.
    pub messages_open: bool,
    /// The traces stand still.
    pub paused: bool,
    /// The null twin is on.
    pub twin: bool,
    /// How pictures follow one another.
    pub steadying: Steadying,
    /// What is painted, and of which pictures.
    pub showing: Showing,
    /// Which windows are decoded.
    pub mode: WindowMode,
    /// What is cleaned before the decoder sees it.
    pub cleaning: Cleaning,
    /// Filter of the traces.
    pub filter: DisplayFilter,
    /// Index into [`UV_PER_DIV`].
    pub scale: usize,
    /// Seconds of traces on screen.
    pub span_secs: f64,
    /// Where recordings go.
    pub record_folder: PathBuf,
    /// What goes into them beside the connected source.
    pub record_also: Vec<SourceSpec>,
}

impl View {
    /// The sensitivity in µV per division.
    pub fn uv_per_div(&self) -> f32 {
        UV_PER_DIV[self.scale.min(UV_PER_DIV.len() - 1)]
    }
}

/// Something that the viewer asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Passes a command to the pipeline.
    Send(Command),
    /// Starts a run.
    Connect {
        /// The source.
        source: SourceSpec,
        /// The pack's folder.
        pack: Option<PathBuf>,
    },
    /// Starts the last run again.
    ConnectAgain,
    /// Ends the run.
    Disconnect,
    /// Looks for devices.
    ScanDevices,
    /// Starts or ends the recording.
    ToggleRecording,
    /// Changes where recordings go.
    SetRecordFolder(PathBuf),
    /// Records a source beside the connected one, or no longer.
    ToggleRecordAlso(SourceSpec),
    /// Light, dark or as the desktop says.
    SetTheme(ThemePreference),
    /// Changes the text scale by this much; 0 sets it back to 1.
    StepTextScale(f32),
    /// Shows another page.
    Show(Page),
    /// Opens or closes the connect panel.
    ToggleConnect,
    /// Opens or closes the list of keys.
    ToggleHelp,
    /// Opens or closes the calibration session.
    ToggleCalibration,
    /// Opens or closes the list of messages.
    ToggleMessages,
    /// Closes whatever is open on top.
    CloseOverlays,
    /// Stops the traces or lets them run.
    TogglePause,
    /// Makes the traces larger (+1) or smaller (−1).
    StepScale(i32),
    /// Changes the length of the traces.
    SetSpan(f64),
    /// Changes what is cleaned, and starts the run again.
    Clean(Cleaning),
    /// Changes the filter of the traces.
    SetFilter(DisplayFilter),
    /// Switches the null twin.
    ToggleTwin,
    /// Changes which windows are decoded.
    SetMode(WindowMode),
    /// Changes the generator's steps.
    SetSteps(u32),
    /// Changes how pictures follow one another.
    SetSteadying(Steadying),
    /// Changes what is painted.
    SetShowing(Showing),
    /// Keeps what is said of a device's channels.
    KeepMontage(Choice),
    /// Begins the run anew with that.
    UseMontage(Choice),
}

/// One frame's worth of reading.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What the engine says.
    pub snapshot: &'a Snapshot,
    /// What the viewer has chosen.
    pub view: &'a View,
    /// Colours of the theme in use.
    pub palette: &'a Palette,
    /// The time of this frame on the program's clock.
    pub now_secs: f64,
    /// The controls of a replay, where the run is one.
    pub replay: Option<&'a Transport>,
}

/// The mode after this one, in the order of the M key.
pub fn next_mode(mode: WindowMode) -> WindowMode {
    match mode {
        WindowMode::Auto => WindowMode::Locked,
        WindowMode::Locked => WindowMode::Free,
        WindowMode::Free => WindowMode::Auto,
    }
}

/// A mode in plain words.
pub fn mode_words(mode: WindowMode) -> &'static str {
    match mode {
        WindowMode::Auto => "Automatic",
        WindowMode::Locked => "Picture onsets",
        WindowMode::Free => "Free-running",
    }
}

/// The same with the next choice of steadying, in the order of the S key.
pub fn next_steady(now: Steadying) -> Steadying {
    let steady = match now.steady {
        Steady::Auto => Steady::On,
        Steady::On => Steady::Off,
        Steady::Off => Steady::Auto,
    };
    Steadying { steady, ..now }
}

/// The same with the next choice of noise, in the order of the F key.
pub fn next_noise(now: Steadying) -> Steadying {
    let noise = match now.noise {
        Noise::Auto => Noise::Fresh,
        Noise::Fresh => Noise::Fixed,
        Noise::Fixed => Noise::Auto,
    };
    Steadying { noise, ..now }
}

/// The same with the other kind of picture, as the B key does.
pub fn next_show(now: Showing) -> Showing {
    let show = match now.show {
        Show::Best => Show::Mean,
        Show::Mean => Show::Best,
    };
    Showing { show, ..now }
}

/// The same with the other scope, as the O key does.
pub fn next_scope(now: Showing) -> Showing {
    let scope = match now.scope {
        Scope::Told => Scope::Remembered,
        Scope::Remembered => Scope::Told,
    };
    Showing { scope, ..now }
}
