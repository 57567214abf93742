//! A BrainFlow session that streams, with the buffer its data is read into.
//!
//! Opening connects to the device and may block for seconds; reading neither blocks nor allocates.

use ::brainflow::{Board, Description, Error, Library, Link, Params};

use super::ports::why_silent;
use super::request::Request;
use crate::native;
use crate::source::{CHUNK_FRAMES, SourceError};

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
}

impl Session {
    /// Connects and starts the stream.
    pub fn open(library: &Library, request: &Request) -> Result<Self, Error> {
        Self::open_with(library, request, &request.params)
    }

    /// Connects again to a board that was lost; it must still have the same number of rows.
    pub fn reopen(library: &Library, request: &Request, rows: usize) -> Result<Self, Error> {
        let mut params = request.params.clone();
        if !params.is_set("timeout") && request.board.link != Link::Serial {
            // The key and the value are BrainFlow's own, so this cannot fail.
            let _ = params.set("timeout", SEEK_TIMEOUT_SECS);
        }
        let session = Self::open_with(library, request, &params)?;
        if session.board.description().num_rows != rows {
            let why =
                format!("it had {rows} rows and has {} now", session.board.description().num_rows);
            return Err(Error::Description { board: request.board.id, why });
        }
        Ok(session)
    }

    fn open_with(library: &Library, request: &Request, params: &Params) -> Result<Self, Error> {
        let mut board = Board::prepare(library, request.board.id, params)?;
        for command in &request.config {
            board.config(command)?;
        }
        let description = board.description();
        let buffer = vec![0.0; description.num_rows * CHUNK_FRAMES];
        let kept = (request.buffer_secs * description.rate_hz).ceil() as usize;
        board.start(kept, &request.streamer)?;
        Ok(Self { board, buffer })
    }

    /// What each row holds.
    pub fn description(&self) -> &Description {
        self.board.description()
    }

    /// Takes up to `room` frames that wait.
    pub fn read(&mut self, room: usize) -> Result<Data<'_>, Error> {
        let frames = self.board.read_into(room, &mut self.buffer)?;
        Ok(Data { frames, values: &self.buffer })
    }
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
    pub fn refused(&self, error: &Error) -> SourceError {
        let (why, mut remedy) = match error {
            Error::Refused { action, code } => {
                (format!("{action} failed with BrainFlow's code {code}"), code.remedy().to_string())
            }
            other => (other.to_string(), "Is it the board that you have?".into()),
        };
        match self.board.link {
            // What is seen on the port says more than BrainFlow's code.
            Link::Serial => remedy = why_silent(self.params.text("serial_port")),
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
