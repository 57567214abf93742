//! The Cyton's SD card as the board writes it: hexadecimal, two's complement.
//!
//! ```text
//! %START AT                 the board's milliseconds, in hexadecimal, on the next line
//! %0001F4A0
//! 3F,FFE2A1,…[,0010,FF80,4000]      count, 8 or 16 channels of 24 bits, on some rows three accelerations of 16
//! %STOP AT … %Total time mS: …      and behind that whatever the card held before
//! ```
//!
//! The file names neither rate nor gain: 250 Hz and 24 are the board's own, and assumed with a warning. Source:
//! the Cyton's firmware and its documentation ("Cyton Data Format", "SD card").

use super::hexadecimal::value;
use super::layout::{COUNT_MODULUS, Column, Digits, Layout, Timing, cells, eeg, other};

/// Rate of the board unless it was told another.
const RATE_HZ: f64 = 250.0;

/// Rows that must look like it.
const ROWS: usize = 4;

/// Its layout, when the first rows are such rows.
pub(super) fn layout(lines: &[&str]) -> Option<Layout> {
    let rows = || lines.iter().filter(|line| !line.starts_with('%')).take(ROWS);
    let channels = rows().map(|line| channels_of(line)).min().flatten()?;
    let columns: Vec<Column> = std::iter::once(Column::Index)
        .chain((1..=channels).map(|number| eeg(&format!("EXG{number}"))))
        .chain(["X", "Y", "Z"].map(|axis| other(&format!("Accel {axis}"), "g")))
        .collect();
    Some(Layout {
        digits: Digits::CytonHex,
        rate_hz: RATE_HZ,
        is_rate_named: true,
        has_blank: true,
        timing: Timing::Counted { modulus: Some(COUNT_MODULUS), step: 1, rows: 1 },
        facts: vec![("device".into(), "OpenBCI Cyton".into())],
        warnings: vec!["the card names neither rate nor gain: 250 Hz and 24 are assumed".into()],
        ..Layout::new("OpenBCI SD hexadecimal", b',', columns)
    })
}

/// Channels of a row, where it is one.
fn channels_of(line: &str) -> Option<usize> {
    let cells = cells(line, b',');
    let (count, rest) = cells.split_first()?;
    let channels = rest.iter().take_while(|cell| cell.len() == 6).count();
    let others = &rest[channels..];
    let whole = count.len() == 2
        && [8, 16].contains(&channels)
        && (others.is_empty() || others.len() == 3)
        && others.iter().all(|cell| cell.len() == 4)
        && cells.iter().all(|cell| value(cell).is_some());
    whole.then_some(channels)
}

/// What the lines between the rows say: when the board began and stopped, and where the recording ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stamps {
    awaited: Option<Awaited>,
    running: bool,
    started_secs: Option<f64>,
    over: bool,
}

#[derive(Clone, Copy, Debug)]
enum Awaited {
    Start,
    Stop,
}

impl Stamps {
    /// Takes a line without its `%`. Gives when the board stopped, in seconds of its own time, once that is said.
    pub fn take(&mut self, said: &str) -> Option<f64> {
        match said {
            "START AT" => self.awaited = Some(Awaited::Start),
            "STOP AT" => self.awaited = Some(Awaited::Stop),
            _ if said.starts_with("Total time") => self.over = true,
            _ => {
                let secs = f64::from(u32::from_str_radix(said, 16).ok()?) * 1e-3;
                match self.awaited.take()? {
                    // Begun twice without a stop between: how long the board ran is not known.
                    Awaited::Start if self.running => {}
                    Awaited::Start => (self.running, self.started_secs) = (true, Some(secs)),
                    Awaited::Stop => {
                        self.running = false;
                        return Some(secs);
                    }
                }
            }
        }
        None
    }

    /// When the board began to send, for the first row behind that.
    pub fn take_start(&mut self) -> Option<f64> {
        self.started_secs.take()
    }

    /// Whether what follows is what the card held before.
    pub fn is_over(&self) -> bool {
        self.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::text::hexadecimal::UV_PER_COUNT;

    #[test]
    fn digits_are_twos_complement() {
        assert_eq!(value("FF"), Some(255.0));
        assert_eq!(value("7FFFFF").map(f64::round), Some(187_500.0));
        assert_eq!(value("FFFFFF"), Some(-UV_PER_COUNT));
        assert_eq!(value("2000"), Some(8192.0 * 0.002 / 16.0));
        assert_eq!((value("+1"), value("12345"), value("")), (None, None, None));
    }

    #[test]
    fn decimal_rows_are_not_taken_for_it() {
        assert!(layout(&["0.0,84022.69,84056.17,84118.64"]).is_none());
        assert!(layout(&["%OpenBCI Raw EEG Data"]).is_none());
        assert!(layout(&["00,123456"]).is_none(), "one channel is no Cyton");
    }
}
