//! What was asked for after `brainflow:`, checked before any device is touched.
//!
//! Takes the board (name or number) and `key=value` pairs: BrainFlow's sixteen parameters and five of
//! ours (`names`, `settings`, `config`, `streamer`, `buffer_secs`). Gives a [`Request`] or says what is missing.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use ::brainflow::{BoardModel, Link, Params, boards};

use super::ports::ports_sentence;
use super::{ads1299, settings};
use crate::formats::FormatError;
use crate::source::spec::Parameters;
use crate::source::{BoardState, SourceError};

/// Seconds that BrainFlow keeps for us while the program does not read, unless `buffer_secs` says otherwise.
const BUFFER_SECS: f64 = 60.0;
/// Silence after the last frame of a played file that ends it, in seconds; a file set to loop goes on sooner.
const END_SECS: f64 = 0.5;
/// Longest pause within a played file, in seconds: playback waits as long as the recording did.
const PAUSE_SECS: f64 = 60.0;

/// A board and all that is needed to start it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// The board of the session.
    pub board: &'static BoardModel,
    /// The board that describes the data: the master board for playback and streaming.
    pub described_as: &'static BoardModel,
    /// BrainFlow's parameters.
    pub params: Params,
    /// Channel labels in place of BrainFlow's; empty for BrainFlow's.
    pub names: Vec<String>,
    /// Commands for the board, sent before the stream starts.
    pub config: Vec<String>,
    /// What the board's channels are to be told at the start; `None` for a board without settings of its own.
    pub told: Option<BoardState>,
    /// Second destination that BrainFlow itself writes to; empty for none.
    pub streamer: String,
    /// Seconds that BrainFlow keeps while the program does not read.
    pub buffer_secs: f64,
    /// Frames in the file that is played.
    file_frames: u64,
}

impl Request {
    /// Understands and checks what was asked for.
    pub fn new(board: &str, parameters: &Parameters) -> Result<Self, SourceError> {
        let bad = |why: String| SourceError::BadSpec { spec: spec_text(board, parameters), why };
        let model = boards::find(board).ok_or_else(|| bad(unknown_board(board)))?;
        let mut request = Self {
            board: model,
            described_as: model,
            params: Params::default(),
            names: Vec::new(),
            config: Vec::new(),
            told: ads1299::info(model).map(BoardState::fresh),
            streamer: String::new(),
            buffer_secs: BUFFER_SECS,
            file_frames: 0,
        };
        for (key, value) in parameters {
            request.set(key, value).map_err(bad)?;
        }
        request.check_needs().map_err(bad)?;
        if let Some(master) = request.params.master_board().filter(|_| request.has_master()) {
            request.described_as = boards::by_id(master)
                .filter(|master| master.id > boards::STREAMING)
                .ok_or_else(|| bad("master_board must be the board that made the data".into()))?;
        }
        Ok(request)
    }

    /// True for the boards that pass on what another board made.
    pub fn has_master(&self) -> bool {
        matches!(self.board.id, boards::PLAYBACK_FILE | boards::STREAMING)
    }

    /// True when the signal is made by BrainFlow, here or where it was recorded.
    pub fn is_synthetic(&self) -> bool {
        self.described_as.id == boards::SYNTHETIC
    }

    /// True when a file is played: it ends, and is not sought when it is silent.
    pub fn is_file(&self) -> bool {
        self.board.id == boards::PLAYBACK_FILE
    }

    /// Counts the frames of the file that is to be played, because BrainFlow does not say when it is over.
    pub fn check_file(&mut self) -> Result<(), SourceError> {
        if !self.is_file() {
            return Ok(());
        }
        let path = PathBuf::from(self.params.text("file"));
        let count = File::open(&path).and_then(|file| count_lines(BufReader::new(file)));
        let action = "opening a recording for playback";
        self.file_frames = count.map_err(|source| FormatError::Io { action, source, path })?;
        Ok(())
    }

    /// Whether the played file is over, after `delivered` frames and some seconds of silence.
    pub fn has_ended(&self, delivered: u64, silent_secs: f64) -> bool {
        let patience = if delivered >= self.file_frames { END_SECS } else { PAUSE_SECS };
        self.is_file() && silent_secs > patience
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "names" => self.names = list(value, '/'),
            "settings" => {
                let fresh = self.told.ok_or_else(|| {
                    format!(
                        "{} has no settings= ; give its own commands as config=",
                        self.board.name
                    )
                })?;
                self.told = Some(settings::applied(fresh, value)?);
            }
            "config" => self.config = checked_commands(self.board, value)?,
            "streamer" => self.streamer = value.into(),
            "buffer_secs" => {
                self.buffer_secs =
                    value.parse().ok().filter(|secs| (1.0..=3600.0).contains(secs)).ok_or_else(
                        || format!("buffer_secs cannot be '{value}': expected 1 to 3600"),
                    )?;
            }
            _ => self.params.set(key, value).map_err(|e| {
                format!("{e}; Phosphene adds names, settings, config, streamer and buffer_secs")
            })?,
        }
        Ok(())
    }

    /// Names every parameter that is missing, with an example and, for ports, what is plugged in.
    fn check_needs(&self) -> Result<(), String> {
        let missing: Vec<_> =
            self.board.needs.iter().filter(|need| !self.params.is_set(need.key)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = missing.iter().map(|need| need.key).collect();
        let examples: Vec<_> =
            missing.iter().map(|need| format!("{}={}", need.key, need.example)).collect();
        let mut why = format!(
            "{} needs {}, as in brainflow:{},{}",
            self.board.name,
            names.join(" and "),
            self.board.name,
            examples.join(",")
        );
        if self.board.link == Link::Serial {
            why += &ports_sentence();
        }
        Err(why)
    }
}

/// Commands in the board's own words, but for those that would make what BrainFlow says of the signal untrue.
fn checked_commands(board: &BoardModel, text: &str) -> Result<Vec<String>, String> {
    let commands = list(text, ';');
    let has_settings = ads1299::info(board).is_some();
    // Of the board's words, `~6` alone keeps the rate that BrainFlow believes in; gains and lead-off are seen by nobody here.
    let changes = |command: &&String| {
        has_settings
            && (command.starts_with(['x', 'z', 'c', 'C', 'b', 's', 'v', 'd'])
                || command.starts_with('~') && *command != "~6" && *command != "~~")
    };
    match commands.iter().find(changes) {
        Some(command) if command.starts_with('~') => Err(format!(
            "config: '{command}' changes the rate, and {} streams at one only: leave it away",
            board.name
        )),
        Some(command) => Err(format!(
            "config: '{command}' would change the board behind Phosphene's back: write settings=3 gain 12/5 off instead"
        )),
        None => Ok(commands),
    }
}

/// Lines that hold something, without keeping them.
fn count_lines(mut reader: impl BufRead) -> std::io::Result<u64> {
    let (mut lines, mut has_text) = (0, false);
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(lines + u64::from(has_text));
        }
        for byte in bytes {
            match byte {
                b'\n' => lines += u64::from(std::mem::take(&mut has_text)),
                _ => has_text |= !byte.is_ascii_whitespace(),
            }
        }
        let used = bytes.len();
        reader.consume(used);
    }
}

fn unknown_board(board: &str) -> String {
    let near = boards::similar(board, 3);
    let hint = if near.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", near.join(" or "))
    };
    format!("BrainFlow has no board '{board}'{hint} `phosphene devices` lists all")
}

fn list(text: &str, separator: char) -> Vec<String> {
    text.split(separator).map(str::trim).filter(|part| !part.is_empty()).map(String::from).collect()
}

fn spec_text(board: &str, parameters: &Parameters) -> String {
    let pairs = parameters.iter().map(|(key, value)| format!(",{key}={value}"));
    format!("brainflow:{board}{}", pairs.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(board: &str, pairs: &[(&str, &str)]) -> Result<Request, String> {
        let parameters = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Request::new(board, &parameters).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_missing_is_named_with_an_example() {
        let message = request("cyton", &[]).unwrap_err();
        assert!(
            message.contains("cyton needs serial_port") && message.contains("serial port"),
            "{message}"
        );
        let message = request("streaming", &[("ip_port", "6677")]).unwrap_err();
        assert!(message.contains("ip_address and master_board"), "{message}");
        assert!(!message.contains("needs ip_port"), "{message}");
    }

    #[test]
    fn unknown_boards_keys_and_values_are_refused() {
        let message = request("cyton_dasy", &[]).unwrap_err();
        assert!(message.contains("cyton_daisy"), "{message}");
        assert!(
            request("synthetic", &[("port", "1")]).unwrap_err().contains("no parameter 'port'")
        );
        assert!(request("synthetic", &[("ip_port", "x")]).unwrap_err().contains("65535"));
        let circular = [("file", "a.csv"), ("master_board", "playback")];
        assert!(request("playback", &circular).unwrap_err().contains("master_board must"));
    }

    #[test]
    fn commands_that_belie_brainflows_description_are_refused() {
        let port = ("serial_port", "/dev/ttyUSB0");
        for (command, word) in [("~5", "rate"), ("x3020000X", "settings="), ("C", "settings=")] {
            let said = request("cyton", &[port, ("config", command)]).unwrap_err();
            assert!(said.contains(word), "{command}: {said}");
        }
        assert!(request("cyton", &[port, ("config", "~6;/2")]).is_ok());
        assert!(request("synthetic", &[("config", "~5")]).is_ok());
        let told = request("cyton", &[port, ("settings", "3 gain 12")]).unwrap().told.unwrap();
        assert_eq!(told.settings[2].gain, 12);
        let said = request("synthetic", &[("settings", "3 gain 12")]).unwrap_err();
        assert!(said.contains("no settings="), "{said}");
    }

    #[test]
    fn empty_lines_are_no_frames() {
        assert_eq!(count_lines("1\t2\n\r\n3\t4\n \n5".as_bytes()).unwrap(), 3);
    }

    #[test]
    fn playback_is_described_as_its_master_board() {
        let request = request("Playback", &[("file", "a.csv"), ("master_board", "-1")]).unwrap();
        assert_eq!(request.board.id, boards::PLAYBACK_FILE);
        assert_eq!(request.described_as.id, boards::SYNTHETIC);
        assert!(request.is_synthetic());
    }
}
