//! One session with one board: prepare, stream, read, release. Dropping it releases the board.
//!
//! Data is `[rows, frames]`, row-major, `f64`, in the board's units (EEG in µV). Which row holds what says
//! the [`Description`]: for the playback and streaming boards that of their master board, because BrainFlow
//! has none for themselves.

use std::ffi::{CString, c_int};

use crate::boards;
use crate::code::{Code, Error, check};
use crate::description::{Description, Preset};
use crate::library::{Library, read_text, zero_terminated};
use crate::params::Params;

/// Most frames that BrainFlow's own buffer can hold: one day at 250 Hz.
pub const MAX_BUFFER_FRAMES: usize = 86_400 * 250;

/// A session with a board.
#[derive(Debug)]
pub struct Board {
    api: Library,
    id: i32,
    params: CString,
    description: Description,
    streaming: bool,
    // False once released, so that dropping does not release twice.
    prepared: bool,
}

impl Board {
    /// Opens a session: connects to the device. May take some seconds, and while it does BrainFlow keeps
    /// all its other sessions in this process waiting.
    ///
    /// # Errors
    /// [`Error::Refused`] with BrainFlow's code, [`Error::Description`] when the board cannot be read.
    pub fn prepare(library: &Library, id: i32, params: &Params) -> Result<Self, Error> {
        let description = library.describe(Self::described_as(id, params)?, Preset::Default)?;
        let json = params.to_c()?;
        // SAFETY: `json` is zero-terminated and lives through the call.
        let rc = unsafe { (library.functions().prepare_session)(id, json.as_ptr()) };
        check("prepare_session", rc)?;
        let api = library.clone();
        Ok(Self { api, id, params: json, description, streaming: false, prepared: true })
    }

    /// The board whose description fits: the master board for playback and streaming.
    fn described_as(id: i32, params: &Params) -> Result<i32, Error> {
        match id {
            boards::PLAYBACK_FILE | boards::STREAMING => {
                params.master_board().ok_or(Error::Refused {
                    action: "prepare_session without master_board",
                    code: Code::INVALID_ARGUMENTS,
                })
            }
            _ => Ok(id),
        }
    }

    /// What each row of the data holds.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Starts the stream. BrainFlow keeps up to `buffer_frames`, at most [`MAX_BUFFER_FRAMES`], and drops
    /// the oldest without a word when nobody reads. `streamer` may name a second destination, as
    /// `file://PATH:w` or `streaming_board://225.1.1.1:6677`; empty for none.
    ///
    /// # Errors
    /// [`Error::Refused`] with BrainFlow's code.
    pub fn start(&mut self, buffer_frames: usize, streamer: &str) -> Result<(), Error> {
        let frames = buffer_frames.clamp(1, MAX_BUFFER_FRAMES) as c_int;
        let streamer = zero_terminated("the streamer", streamer)?;
        // SAFETY: both texts are zero-terminated and live through the call.
        let rc = unsafe {
            (self.api.functions().start_stream)(
                frames,
                streamer.as_ptr(),
                self.id,
                self.params.as_ptr(),
            )
        };
        check("start_stream", rc)?;
        self.streaming = true;
        Ok(())
    }

    /// Frames that wait to be read.
    ///
    /// # Errors
    /// [`Error::Refused`] with BrainFlow's code.
    pub fn frames_waiting(&self) -> Result<usize, Error> {
        let mut count: c_int = 0;
        // SAFETY: `count` is writable, the text is zero-terminated.
        let rc = unsafe {
            (self.api.functions().get_board_data_count)(
                Preset::Default.number(),
                &mut count,
                self.id,
                self.params.as_ptr(),
            )
        };
        check("get_board_data_count", rc)?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Takes up to `max_frames` waiting frames, oldest first, into `buffer`, and gives their number `n`.
    ///
    /// Row `r` is `buffer[r * n..(r + 1) * n]`. No more is taken than fits. Does not allocate.
    ///
    /// # Errors
    /// [`Error::Refused`] with BrainFlow's code.
    pub fn read_into(&mut self, max_frames: usize, buffer: &mut [f64]) -> Result<usize, Error> {
        let room = buffer.len() / self.description.num_rows;
        // BrainFlow lays rows out by the number it returns: never ask for more than are there.
        let frames = self.frames_waiting()?.min(max_frames).min(room).min(MAX_BUFFER_FRAMES);
        if frames == 0 {
            return Ok(0);
        }
        // SAFETY: `buffer` has room for `frames` values of each of the board's rows; only this session's
        // owner takes data (`&mut self`), so that many frames are still there.
        let rc = unsafe {
            (self.api.functions().get_board_data)(
                frames as c_int,
                Preset::Default.number(),
                buffer.as_mut_ptr(),
                self.id,
                self.params.as_ptr(),
            )
        };
        check("get_board_data", rc)?;
        Ok(frames)
    }

    /// Sends a command to the board and gives its answer.
    ///
    /// # Errors
    /// [`Error::Refused`] with BrainFlow's code.
    pub fn config(&mut self, command: &str) -> Result<String, Error> {
        let command = zero_terminated("the command", command)?;
        read_text("config_board", |buffer, length, room| {
            // SAFETY: the texts are zero-terminated, `buffer` has `room` bytes, `length` is writable.
            unsafe {
                (self.api.functions().config_board)(
                    command.as_ptr(),
                    buffer,
                    length,
                    room,
                    self.id,
                    self.params.as_ptr(),
                )
            }
        })
    }

    /// Marks the next frame that the board delivers. Zero means "no marker" and is refused.
    ///
    /// # Errors
    /// [`Error::Refused`] with BrainFlow's code.
    pub fn insert_marker(&mut self, value: f64) -> Result<(), Error> {
        // SAFETY: numbers and a zero-terminated text.
        let rc = unsafe {
            (self.api.functions().insert_marker)(
                value,
                Preset::Default.number(),
                self.id,
                self.params.as_ptr(),
            )
        };
        check("insert_marker", rc)
    }

    /// Stops the stream; what waits can still be read.
    ///
    /// # Errors
    /// [`Error::Refused`] with BrainFlow's code.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.streaming = false;
        // SAFETY: a number and a zero-terminated text.
        let rc = unsafe { (self.api.functions().stop_stream)(self.id, self.params.as_ptr()) };
        check("stop_stream", rc)
    }

    /// Ends the session and says how that went; dropping does the same in silence.
    ///
    /// # Errors
    /// [`Error::Refused`] with BrainFlow's code.
    pub fn release(mut self) -> Result<(), Error> {
        self.let_go()
    }

    fn let_go(&mut self) -> Result<(), Error> {
        if !std::mem::replace(&mut self.prepared, false) {
            return Ok(());
        }
        if self.streaming {
            // An unplugged board refuses to stop; it must be released all the same.
            let _ = self.stop();
        }
        // SAFETY: a number and a zero-terminated text.
        let rc = unsafe { (self.api.functions().release_session)(self.id, self.params.as_ptr()) };
        check("release_session", rc)
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.let_go();
    }
}
