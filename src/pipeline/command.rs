//! What may be asked of a running pipeline, and which stage carries it out.

use crossbeam_channel::Sender;

use super::config::{Recording, WindowMode};
use crate::decode::{Showing, Steadying};
use crate::dsp::window::Windows;
use crate::source::BoardCommand;

/// What a viewer may ask of a running pipeline.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Changes which windows are decoded.
    SetMode(WindowMode),
    /// Changes the generator's steps; refused with a notice when the pack does not allow them.
    SetSteps(u32),
    /// Switches the null twin on or off.
    SetTwin(bool),
    /// Changes how pictures follow one another.
    SetSteadying(Steadying),
    /// Changes what is painted: best guess or mean, and of which pictures.
    SetShowing(Showing),
    /// Writes the run to a new file from now on.
    StartRecording(Recording),
    /// Ends the recording.
    StopRecording,
    /// Tells the board something; refused with a notice where the source has no settings of its own.
    Board(BoardCommand),
    /// Says when a picture reached the screen: window number and seconds on the program's clock.
    PictureShown {
        /// Number of the window.
        window: u64,
        /// Seconds on the program's clock.
        at_secs: f64,
    },
}

/// What may be changed while the stage runs. Designed elsewhere; of fixed size.
#[derive(Clone, Copy, Debug)]
pub enum ProcessCommand {
    /// Which windows to cut.
    Windows(Windows),
}

/// What the decode thread may be asked.
pub enum DecodeCommand {
    /// Steps of the generator.
    Steps(u32),
    /// The null twin on or off.
    Twin(bool),
    /// How pictures follow one another.
    Steadying(Steadying),
    /// What is painted.
    Showing(Showing),
    /// A picture was on the screen.
    Shown {
        /// Number of the window.
        window: u64,
        /// When, on the program's clock.
        at_secs: f64,
    },
}

/// What the record thread may be asked.
pub enum RecordCommand {
    /// Start writing.
    Start(Recording),
    /// Finish the file.
    Stop,
}

/// Where commands go in.
pub struct CommandEnds {
    /// To the source, by way of the thread that reads it.
    pub acquire: Sender<BoardCommand>,
    /// To the signal stage.
    pub process: Sender<ProcessCommand>,
    /// To the decode stage.
    pub decode: Sender<DecodeCommand>,
    /// To the recorder.
    pub record: Sender<RecordCommand>,
}
