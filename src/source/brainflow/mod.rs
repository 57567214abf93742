//! BrainFlow boards: `brainflow:BOARD[,key=value…]`.
//!
//! Takes the board by name or number and BrainFlow's parameters; gives `[frames, channels]`, `f32`, µV of
//! the board's EEG rows. Loss is counted by package counter and by clock. A board that falls silent for [`STALL_SECS`] is
//! said to be lost; one that is still silent after [`SILENCE_SECS`] is let go and sought every [`RETRY_SECS`], and told again
//! what it was told before. Reading allocates nothing while data flows and waits at most [`MAX_READ_WAIT_SECS`].
//!
//! Boards with settings of their own take [`BoardCommand`]s while they stream. A command is one write to the port, by the
//! thread that reads: it takes as long as the system takes to accept up to 192 bytes, and it allocates. The board stops and
//! starts again for it, so what arrives in the [`super::board::BoardInfo::pause_secs`] after it is left out, as a gap that is
//! counted as lost, and a marker says what was changed. BrainFlow scales by the gain that it has sent, so µV stay µV.

use ::brainflow::Library;

mod ads1299;
mod devices;
mod listen;
mod ports;
mod settings;
mod frames;
mod request;
mod session;

pub use devices::{KnownBoard, list_boards};
pub use ports::{SerialPort, Usb, serial_ports};

use frames::Frames;
use request::Request;
use session::Session;

use super::spec::Parameters;
use super::{
    BoardCommand, BoardState, MAX_READ_WAIT_SECS, ReadStatus, Source, SourceCounters, SourceError,
    SourceInfo,
};
use crate::signal::{Chunk, Marker};
use crate::time::clock::Clock;

/// A board that sends nothing for this long is said to be lost, in seconds; its session is kept, for it may only be far away.
pub const STALL_SECS: f64 = 1.0;
/// A board that sends nothing for this long is let go and sought, in seconds.
pub const SILENCE_SECS: f64 = 3.0;
/// A board that has not sent anything yet may take this long, in seconds: Bluetooth boards start slowly.
pub const FIRST_DATA_SECS: f64 = 10.0;
/// Pause between two attempts to get a lost board back, in seconds.
pub const RETRY_SECS: f64 = 2.0;
/// Pause between two looks at BrainFlow's buffer.
const POLL: std::time::Duration = std::time::Duration::from_millis(1);

/// A BrainFlow board as a source.
#[derive(Debug)]
pub struct BrainflowSource {
    request: Request,
    live: Option<Live>,
}

/// What exists once the source is prepared.
#[derive(Debug)]
struct Live {
    native: Library,
    clock: Clock,
    frames: Frames,
    state: State,
    reconnects: u64,
    last_read_secs: f64,
    /// What the board is told, where it can be told something.
    board: Option<BoardState>,
    /// Until when, after a command, what arrives is left out.
    pause_until_secs: Option<f64>,
    /// What was changed, to be written beside the signal.
    said: arrayvec::ArrayVec<Marker, MOST_SAID>,
}

/// Markers of commands that wait for the next read at most; the oldest stay.
const MOST_SAID: usize = 32;

#[derive(Debug)]
enum State {
    /// Data flows or is about to; when the last of it came or the stream was started.
    Streaming { session: Session, last_data_secs: f64, has_sent: bool },
    /// The board is gone; what is left of the session is released at the first attempt.
    Lost { remains: Option<Session>, next_attempt_secs: f64 },
    /// The played file is over.
    Ended,
}

impl BrainflowSource {
    /// A source for this board (name or number) with these parameters. Touches no device.
    ///
    /// # Errors
    /// [`SourceError::BadSpec`] for an unknown board, an unknown or impossible parameter, or a missing one.
    pub fn new(board: &str, parameters: &Parameters) -> Result<Self, SourceError> {
        Ok(Self { request: Request::new(board, parameters)?, live: None })
    }
}

impl Source for BrainflowSource {
    fn prepare(&mut self, clock: &Clock) -> Result<SourceInfo, SourceError> {
        self.request.check_file()?;
        let library = session::open_library()?;
        let session =
            Session::open(&library, &self.request).map_err(|e| self.request.refused(&e))?;
        let (frames, mut info) = Frames::plan(&self.request, session.description())?;
        info.notes.extend_from_slice(session.notes());
        let now = clock.now_secs();
        self.live = Some(Live {
            native: library,
            clock: clock.clone(),
            frames,
            state: State::Streaming { session, last_data_secs: now, has_sent: false },
            reconnects: 0,
            last_read_secs: now,
            board: self.request.told,
            pause_until_secs: None,
            said: arrayvec::ArrayVec::new(),
        });
        Ok(info)
    }

    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError> {
        let Some(live) = &mut self.live else {
            return Err(SourceError::Unusable {
                what: self.request.board.name.into(),
                why: "it was read before it was prepared".into(),
                remedy: "Start it again".into(),
            });
        };
        Ok(live.read(&self.request, chunk))
    }

    fn counters(&self) -> SourceCounters {
        self.live.as_ref().map_or_else(SourceCounters::default, |live| SourceCounters {
            reconnects: live.reconnects,
            ..live.frames.counters()
        })
    }

    fn board(&self) -> Option<BoardState> {
        self.live.as_ref()?.board
    }

    fn command(&mut self, command: &BoardCommand) -> Result<(), SourceError> {
        let refused = |why: String, remedy: &str| SourceError::Unusable {
            what: format!("the board '{}'", self.request.board.name),
            why,
            remedy: remedy.into(),
        };
        let live = self.live.as_mut().ok_or_else(|| refused("it is not open".into(), "Connect"))?;
        live.command(command).map_err(|(why, remedy)| refused(why, remedy))
    }

    fn stop(&mut self) {
        self.live = None; // dropping the session releases the board
    }
}

impl Live {
    fn read(&mut self, request: &Request, chunk: &mut Chunk) -> ReadStatus {
        let status = match &mut self.state {
            State::Streaming { .. } => self.read_stream(request, chunk),
            State::Lost { .. } => self.seek(request),
            State::Ended => ReadStatus::End,
        };
        self.last_read_secs = self.clock.now_secs();
        let mut said_any = false;
        while self.said.first().is_some_and(|marker| chunk.push_marker(*marker)) {
            self.said.remove(0);
            said_any = true;
        }
        if said_any && status == ReadStatus::Idle { ReadStatus::Data } else { status }
    }

    /// Sends a command to a board that streams, or says why not and what to do.
    fn command(&mut self, command: &BoardCommand) -> Result<(), (String, &'static str)> {
        let State::Streaming { session, .. } = &mut self.state else {
            return Err(("it is not there just now".into(), "Wait until it is back"));
        };
        let Some(board) = &mut self.board else {
            return Err((
                "it has no settings that are known".into(),
                "Send its commands as config=",
            ));
        };
        let plan = ads1299::plan(board, command)
            .map_err(|why| (why, "Choose among what the Board page shows"))?;
        for text in &plan.texts {
            session.send(text).map_err(|error| (error.to_string(), "Is it still plugged in?"))?;
        }
        *board = plan.after;
        let now_secs = self.clock.now_secs();
        self.pause_until_secs = Some(now_secs + plan.after.info.pause_secs);
        for label in &plan.labels {
            // Only a flood of commands between two reads finds no room; the settings themselves are kept.
            let _ = self.said.try_push(Marker::new(now_secs, label));
        }
        Ok(())
    }

    /// Waits a moment for frames.
    fn read_stream(&mut self, request: &Request, chunk: &mut Chunk) -> ReadStatus {
        let State::Streaming { session, last_data_secs, has_sent } = &mut self.state else {
            return ReadStatus::Lost;
        };
        let started_secs = self.clock.now_secs();
        let attended = started_secs - self.last_read_secs < crate::time::arrival::STEP_SECS / 2.0;
        // Turns, not only the clock, bound the wait: an injected clock may stand still.
        for turn in 0..3 {
            match session.read(chunk.room()) {
                Ok(data) if data.frames > 0 => {
                    let now = self.clock.now_secs();
                    (*last_data_secs, *has_sent) = (now, true);
                    if self.pause_until_secs.is_some_and(|until| now < until) {
                        return ReadStatus::Idle;
                    }
                    if self.pause_until_secs.take().is_some() {
                        self.frames.resume_after_command();
                    }
                    self.frames.deliver(&data, now, attended, chunk);
                    return ReadStatus::Data;
                }
                Ok(_)
                    if turn < 2
                        && self.clock.now_secs() - started_secs < MAX_READ_WAIT_SECS / 2.0 =>
                {
                    std::thread::sleep(POLL);
                }
                Ok(_) => break,
                Err(_) => return self.lose(),
            }
        }
        let patience_secs = if *has_sent { SILENCE_SECS } else { FIRST_DATA_SECS };
        let silent_secs = self.clock.now_secs() - *last_data_secs;
        if request.has_ended(self.frames.delivered(), silent_secs) {
            self.state = State::Ended;
            return ReadStatus::End;
        }
        if request.is_file() {
            return ReadStatus::Idle;
        }
        match silent_secs {
            silent if silent > patience_secs => self.lose(),
            silent if *has_sent && silent > STALL_SECS => ReadStatus::Lost,
            _ if !*has_sent && self.reconnects > 0 => ReadStatus::Returning,
            _ => ReadStatus::Idle,
        }
    }

    fn lose(&mut self) -> ReadStatus {
        self.frames.interrupt();
        let next_attempt_secs = self.clock.now_secs();
        let was = std::mem::replace(&mut self.state, State::Ended);
        let remains = match was {
            State::Streaming { session, .. } => Some(session),
            _ => None,
        };
        self.state = State::Lost { remains, next_attempt_secs };
        ReadStatus::Lost
    }

    /// Tries to get the board back when it is time. May block as long as BrainFlow takes to connect.
    fn seek(&mut self, request: &Request) -> ReadStatus {
        let State::Lost { remains, next_attempt_secs } = &mut self.state else {
            return ReadStatus::Lost;
        };
        if self.clock.now_secs() < *next_attempt_secs {
            std::thread::sleep(POLL);
            return ReadStatus::Lost;
        }
        drop(remains.take());
        if let Some(board) = &mut self.board {
            board.measuring = None;
        }
        let (rows, told) = (self.frames.num_rows(), self.board.as_ref());
        if let Ok(session) = Session::reopen(&self.native, request, rows, told) {
            self.reconnects += 1;
            self.pause_until_secs = None;
            let last_data_secs = self.clock.now_secs();
            self.state = State::Streaming { session, last_data_secs, has_sent: false };
            return ReadStatus::Returning;
        }
        *next_attempt_secs = self.clock.now_secs() + RETRY_SECS;
        ReadStatus::Lost
    }
}
