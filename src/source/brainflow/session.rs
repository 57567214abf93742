//! A BrainFlow session that streams, with the buffer its data is read into.
//!
//! Opening connects to the device and may block for seconds; reading neither blocks nor allocates.

use ::brainflow::{Board, Description, Error, Library, Link, Params};

use super::ads1299;
use super::ports::why_silent;
use super::request::Request;
use crate::native;
use crate::source::{BoardState, CHUNK_FRAMES, SourceError};

/// Seconds that BrainFlow may take to find a lost board, where the board honours it and the user has not
/// said otherwise. Its own default is 6 to 15 s, during which the program could not be stopped.
const SEEK_TIMEOUT_SECS: &str = "5";

/// What was read: `[rows, frames]`, row-major.
pub(super) struct Data<'a> {
    pub frames: usize,
    pub values: &'a [f64],
}

impl Data<'_> {
    /// The value of one row in one frame.
    pub fn value(&self, row: usize, frame: usize) -> f64 {
        self.values[row * self.frames + frame]
    }
}

/// A board that streams.
#[derive(Debug)]
pub(super) struct Session {
    board: Board,
    buffer: Vec<f64>,
    notes: Vec<String>,
}

/// Why a session cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    /// BrainFlow says so.
    #[error("{0}")]
    Brainflow(#[from] Error),
    /// The board does.
    #[error("{why}")]
    Board {
        /// What it said or lacks.
        why: String,
        /// What to do.
        remedy: String,
    },
}

impl Session {
    /// Connects and starts the stream.
    pub fn open(library: &Library, request: &Request) -> Result<Self, OpenError> {
        Self::open_with(library, request, &request.params, request.told.as_ref())
    }

    /// Connects again to a board that was lost; it must still have the same number of rows, and is told again what it was
    /// told last.
    pub fn reopen(
        library: &Library,
        request: &Request,
        rows: usize,
        told: Option<&BoardState>,
    ) -> Result<Self, OpenError> {
        let mut params = request.params.clone();
        if !params.is_set("timeout") && request.board.link != Link::Serial {
            // The key and the value are BrainFlow's own, so this cannot fail.
            let _ = params.set("timeout", SEEK_TIMEOUT_SECS);
        }
        let session = Self::open_with(library, request, &params, told)?;
        if session.board.description().num_rows != rows {
            let why =
                format!("it had {rows} rows and has {} now", session.board.description().num_rows);
            return Err(Error::Description { board: request.board.id, why }.into());
        }
        Ok(session)
    }

    fn open_with(
        library: &Library,
        request: &Request,
        params: &Params,
        told: Option<&BoardState>,
    ) -> Result<Self, OpenError> {
        let mut board = Board::prepare(library, request.board.id, params)?;
        let mut notes = Vec::new();
        if let Some(told) = told {
            notes.extend(ask_for_channels(&mut board, told.info.channels)?);
            tell(&mut board, told)?;
        }
        for command in &request.config {
            board.config(command)?;
        }
        let description = board.description();
        let buffer = vec![0.0; description.num_rows * CHUNK_FRAMES];
        let kept = (request.buffer_secs * description.rate_hz).ceil() as usize;
        board.start(kept, &request.streamer)?;
        Ok(Self { board, buffer, notes })
    }

    /// What each row holds.
    pub fn description(&self) -> &Description {
        self.board.description()
    }

    /// What came to light while it was opened.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Sends the board's own words while it streams; BrainFlow waits for no answer then.
    pub fn send(&mut self, text: &str) -> Result<(), Error> {
        self.board.config(text).map(drop)
    }

    /// Takes up to `room` frames that wait.
    pub fn read(&mut self, room: usize) -> Result<Data<'_>, Error> {
        let frames = self.board.read_into(room, &mut self.buffer)?;
        Ok(Data { frames, values: &self.buffer })
    }
}

/// Sets the board to as many channels as its driver expects. A board with a Daisy sends both halves in turn: read as a Cyton
/// of 8 channels, every other frame would be the other half's; read with a Daisy that is not there, channels 9 to 16 would
/// be the Cyton's own at another time.
fn ask_for_channels(board: &mut Board, channels: usize) -> Result<Option<String>, OpenError> {
    if channels <= crate::source::board::MODULE_CHANNELS {
        let answer = board.config("c")?;
        return Ok(answer.contains("daisy removed").then(|| {
            "a Daisy is attached and not used: choose cyton_daisy for its 16 channels".into()
        }));
    }
    let answer = board.config("C")?;
    if answer.contains("no daisy") {
        return Err(OpenError::Board {
            why: "the board says that no Daisy is attached".into(),
            remedy: "Choose cyton for 8 channels, or switch it off and push the Daisy on".into(),
        });
    }
    let is_sure = answer.contains("16");
    Ok((!is_sure).then(|| {
        "the board did not say whether its Daisy is attached: channels 9 to 16 may be none".into()
    }))
}

/// Tells the board what differs from its state after a reset, and hears whether it took it.
fn tell(board: &mut Board, told: &BoardState) -> Result<(), OpenError> {
    let text = ads1299::told_again(told);
    if text.is_empty() {
        return Ok(());
    }
    let answer = board.config(&text)?;
    match answer.split("$$$").find(|part| part.contains("Failure")) {
        Some(failure) => Err(OpenError::Board {
            why: format!("the board refused its settings: {}", one_line(failure)),
            remedy: "Switch it off and on, then try again".into(),
        }),
        None => Ok(()),
    }
}

/// What a device says, made fit to be shown.
pub(super) fn one_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let words: String = plain.take(200).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Loads BrainFlow, or says how to get it.
pub(super) fn open_library() -> Result<Library, SourceError> {
    let missing =
        |why: String, remedy: String| SourceError::Library { library: "BrainFlow", why, remedy };
    let found = native::find(native::Library::Brainflow)
        .map_err(|error| missing(error.tried_in_one_line(), error.remedy))?;
    Library::open(&found.path).map_err(|e| {
        missing(format!("{}: {e}", found.path.display()), "Run `cargo xtask setup`.".into())
    })
}

impl Request {
    /// BrainFlow's refusal in the user's terms.
    pub fn refused(&self, error: &OpenError) -> SourceError {
        let (why, mut remedy) = match error {
            OpenError::Brainflow(Error::Refused { action, code }) => {
                (format!("{action} failed with BrainFlow's code {code}"), code.remedy().to_string())
            }
            OpenError::Brainflow(other) => {
                (other.to_string(), "Is it the board that you have?".into())
            }
            OpenError::Board { why, remedy } => (why.clone(), remedy.clone()),
        };
        let is_silent = matches!(error, OpenError::Brainflow(Error::Refused { .. }));
        match self.board.link {
            // What is seen on the port says more than BrainFlow's code.
            Link::Serial if is_silent => {
                remedy = why_silent(self.params.text("serial_port"), self.told.is_some());
            }
            Link::Bluetooth => {
                remedy += " For Bluetooth: is there an adapter, and is it switched on?"
            }
            _ => {}
        }
        SourceError::Unusable {
            what: match self.params.text("serial_port") {
                "" => format!("BrainFlow board '{}'", self.board.name),
                port => format!("BrainFlow board '{}' on {port}", self.board.name),
            },
            why,
            remedy,
        }
    }
}
