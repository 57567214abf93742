//! What BrainFlow says of a board: rate, names, and which row of its data holds what.
//!
//! Read from the JSON of `get_board_descr`, once. Every row number is checked against the number of rows.

use serde_json::{Map, Value};

use crate::code::Error;

/// Most rows and the highest rate that are believed; BrainFlow's widest board has 131 rows.
const MAX_ROWS: usize = 4096;
const MAX_RATE_HZ: i64 = 1_000_000;

/// A group of rows that a board gives at one rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// The main one; EEG is here.
    #[default]
    Default,
    /// The second one, as an accelerometer at another rate.
    Auxiliary,
    /// The third one.
    Ancillary,
}

impl Preset {
    /// BrainFlow's number of it.
    pub fn number(self) -> i32 {
        match self {
            Self::Default => 0,
            Self::Auxiliary => 1,
            Self::Ancillary => 2,
        }
    }

    /// The preset with this number.
    pub fn from_number(number: i32) -> Option<Self> {
        [Self::Default, Self::Auxiliary, Self::Ancillary].into_iter().find(|p| p.number() == number)
    }
}

/// One preset of one board.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// BrainFlow's number of the board.
    pub board: i32,
    /// BrainFlow's name of the device.
    pub device_name: String,
    /// Samples per second.
    pub rate_hz: f64,
    /// Rows of the data.
    pub num_rows: usize,
    /// Row of the package counter, where there is one.
    pub package_row: Option<usize>,
    /// Row of the time stamps, in seconds since 1970.
    pub timestamp_row: Option<usize>,
    /// Row of the markers.
    pub marker_row: Option<usize>,
    /// Row of the battery level in per cent, where there is one.
    pub battery_row: Option<usize>,
    /// Names of the EEG channels as BrainFlow gives them; empty where it gives none.
    pub eeg_names: Vec<String>,
    raw: Map<String, Value>,
}

impl Description {
    /// Reads BrainFlow's JSON.
    pub(crate) fn parse(board: i32, json: &str) -> Result<Self, Error> {
        let fail = |why: String| Error::Description { board, why };
        let value: Value =
            serde_json::from_str(json).map_err(|e| fail(format!("it is not JSON: {e}")))?;
        let Value::Object(raw) = value else { return Err(fail("it is not a JSON object".into())) };
        let number = |key: &str| raw.get(key).and_then(Value::as_i64);
        let num_rows = number("num_rows")
            .and_then(|rows| usize::try_from(rows).ok())
            .filter(|rows| (1..=MAX_ROWS).contains(rows))
            .ok_or_else(|| fail(format!("num_rows is not between 1 and {MAX_ROWS}")))?;
        let rate = number("sampling_rate")
            .filter(|rate| (1..=MAX_RATE_HZ).contains(rate))
            .ok_or_else(|| fail(format!("sampling_rate is not between 1 and {MAX_RATE_HZ} Hz")))?;
        let row = |key: &str| {
            number(key).and_then(|row| usize::try_from(row).ok()).filter(|row| *row < num_rows)
        };
        Ok(Self {
            board,
            device_name: text(&raw, "name"),
            rate_hz: rate as f64,
            num_rows,
            package_row: row("package_num_channel"),
            timestamp_row: row("timestamp_channel"),
            marker_row: row("marker_channel"),
            battery_row: row("battery_channel"),
            eeg_names: text(&raw, "eeg_names")
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(String::from)
                .collect(),
            raw,
        })
    }

    /// Rows of one kind: `eeg`, `exg`, `emg`, `ecg`, `eog`, `ppg`, `optical`, `eda`, `accel`, `rotation`,
    /// `analog`, `gyro`, `other`, `temperature`, `resistance`, `magnetometer`. Empty where there are none.
    ///
    /// `exg` is the union of `eeg`, `emg`, `ecg` and `eog`, as in BrainFlow's `get_exg_channels`.
    pub fn rows(&self, kind: &str) -> Vec<usize> {
        if kind == "exg" {
            let mut rows: Vec<_> =
                ["eeg", "emg", "ecg", "eog"].iter().flat_map(|kind| self.rows(kind)).collect();
            rows.sort_unstable();
            rows.dedup();
            return rows;
        }
        let Some(Value::Array(rows)) = self.raw.get(&format!("{kind}_channels")) else {
            return Vec::new();
        };
        let mut known = Vec::new();
        for row in rows.iter().filter_map(|row| usize::try_from(row.as_u64()?).ok()) {
            // A row that is named twice is one channel; one beyond the data is none.
            if row < self.num_rows && !known.contains(&row) {
                known.push(row);
            }
        }
        known
    }
}

fn text(raw: &Map<String, Value>, key: &str) -> String {
    raw.get(key).and_then(Value::as_str).unwrap_or("").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_outside_the_data_are_not_believed() {
        let json = r#"{"name":"X","sampling_rate":250,"num_rows":4,"eeg_channels":[1,2,9],
                       "timestamp_channel":3,"marker_channel":4,"eeg_names":"Cz, Pz"}"#;
        let description = Description::parse(5, json).unwrap();
        assert_eq!(description.rows("eeg"), [1, 2]);
        assert_eq!(description.timestamp_row, Some(3));
        assert_eq!(description.marker_row, None);
        assert_eq!(description.eeg_names, ["Cz", "Pz"]);
        assert!(description.rows("gyro").is_empty());
        assert_eq!(description.rows("exg"), [1, 2]);
    }

    #[test]
    fn rows_of_any_other_kind_are_none() {
        for rows in ["7", "null", "\"1,2\"", "{}", "[-1,1.5,\"2\",null,99,[1]]"] {
            let json = format!(r#"{{"sampling_rate":250,"num_rows":4,"eeg_channels":{rows}}}"#);
            let description = Description::parse(0, &json).unwrap();
            assert!(description.rows("eeg").is_empty() && description.rows("exg").is_empty());
            assert_eq!((description.package_row, description.timestamp_row), (None, None));
        }
        let json = r#"{"sampling_rate":250,"num_rows":4,"eeg_channels":[2,2,1,2]}"#;
        assert_eq!(Description::parse(0, json).unwrap().rows("eeg"), [2, 1]);
    }

    #[test]
    fn nonsense_is_refused_with_the_reason() {
        for (json, word) in [
            ("", "JSON"),
            ("[]", "object"),
            (r#"{"sampling_rate":250,"num_rows":-1}"#, "num_rows"),
            (r#"{"sampling_rate":0,"num_rows":3}"#, "sampling_rate"),
            (r#"{"num_rows":3}"#, "sampling_rate"),
            (r#"{"sampling_rate":250}"#, "num_rows"),
            (r#"{"sampling_rate":1000000000,"num_rows":3}"#, "sampling_rate"),
            (r#"{"sampling_rate":-250,"num_rows":3}"#, "sampling_rate"),
            (r#"{"sampling_rate":"250","num_rows":3}"#, "sampling_rate"),
            (r#"{"sampling_rate":250,"num_rows":4000000000}"#, "num_rows"),
        ] {
            let message = Description::parse(0, json).unwrap_err().to_string();
            assert!(message.contains(word), "{json}: {message}");
        }
    }
}
