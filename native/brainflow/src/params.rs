//! The parameters of a session, as the JSON that BrainFlow takes.
//!
//! BrainFlow demands all sixteen keys and refuses the JSON when one is missing; and the text itself is the
//! key of the session, so it is made once and handed to every call byte for byte the same.

use std::ffi::CString;

use serde_json::{Map, Value, json};

use crate::boards;
use crate::code::Error;

/// Keys that hold text.
const TEXT_KEYS: [&str; 9] = [
    "file",
    "file_anc",
    "file_aux",
    "ip_address",
    "ip_address_anc",
    "ip_address_aux",
    "mac_address",
    "other_info",
    "serial_number",
];

/// Keys that hold a whole number.
const NUMBER_KEYS: [&str; 5] = ["ip_port", "ip_port_anc", "ip_port_aux", "ip_protocol", "timeout"];

/// Parameters of a session; everything is empty, zero or "no board" until it is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    values: Map<String, Value>,
}

/// A parameter that BrainFlow does not have, or a value that it cannot take.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParamsError {
    /// No such parameter.
    #[error("BrainFlow has no parameter '{key}'; it has {}", Params::keys().join(", "))]
    UnknownKey {
        /// What was given.
        key: String,
    },
    /// The value does not fit the parameter.
    #[error("{key} cannot be '{value}': expected {expected}")]
    BadValue {
        /// Which parameter.
        key: &'static str,
        /// What was given.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Default for Params {
    fn default() -> Self {
        let mut values = Map::new();
        for key in TEXT_KEYS.iter().chain(&["serial_port"]) {
            values.insert((*key).into(), json!(""));
        }
        for key in NUMBER_KEYS {
            values.insert(key.into(), json!(0));
        }
        values.insert("master_board".into(), json!(boards::NO_BOARD));
        Self { values }
    }
}

impl Params {
    /// The names of all parameters.
    pub fn keys() -> Vec<&'static str> {
        let mut keys: Vec<_> = TEXT_KEYS
            .iter()
            .chain(&NUMBER_KEYS)
            .chain(&["serial_port", "master_board"])
            .copied()
            .collect();
        keys.sort_unstable();
        keys
    }

    /// Sets a parameter from text: `master_board` by name or number, `ip_protocol` as number, `udp` or `tcp`.
    ///
    /// # Errors
    /// [`ParamsError`] when there is no such parameter or the value does not fit it.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ParamsError> {
        let Some(known) = Self::keys().into_iter().find(|known| known.eq_ignore_ascii_case(key))
        else {
            return Err(ParamsError::UnknownKey { key: key.into() });
        };
        let bad = |expected| ParamsError::BadValue { key: known, value: value.into(), expected };
        let value = match known {
            "master_board" => {
                json!(boards::find(value).ok_or_else(|| bad("the name or number of a board"))?.id)
            }
            "ip_protocol" => json!(protocol(value).ok_or_else(|| bad("udp, tcp, 1 or 2"))?),
            "ip_port" | "ip_port_aux" | "ip_port_anc" => {
                json!(value.parse::<u16>().map_err(|_| bad("a port from 0 to 65535"))?)
            }
            "timeout" => {
                json!(value.parse::<u16>().map_err(|_| bad("whole seconds from 0 to 65535"))?)
            }
            _ => json!(value),
        };
        self.values.insert(known.into(), value);
        Ok(())
    }

    /// The text of a parameter; empty when it is not set or not a text.
    pub fn text(&self, key: &str) -> &str {
        self.values.get(key).and_then(Value::as_str).unwrap_or("")
    }

    /// The number of a parameter; zero when it is not set or not a number.
    pub fn number(&self, key: &str) -> i64 {
        self.values.get(key).and_then(Value::as_i64).unwrap_or(0)
    }

    /// Number of the board that a playback or streaming session stands for, if it is set.
    pub fn master_board(&self) -> Option<i32> {
        let id = i32::try_from(self.number("master_board")).ok()?;
        (id != boards::NO_BOARD).then_some(id)
    }

    /// True when the parameter has a value of its own.
    pub fn is_set(&self, key: &str) -> bool {
        match key {
            "master_board" => self.master_board().is_some(),
            _ => !self.text(key).is_empty() || self.number(key) != 0,
        }
    }

    /// The JSON with all sixteen keys.
    pub fn to_json(&self) -> String {
        Value::Object(self.values.clone()).to_string()
    }

    /// The JSON as BrainFlow takes it.
    pub(crate) fn to_c(&self) -> Result<CString, Error> {
        CString::new(self.to_json()).map_err(|_| Error::ZeroByte { what: "a session parameter" })
    }
}

/// Numbers of `IpProtocolTypes`.
fn protocol(text: &str) -> Option<u8> {
    match text.to_ascii_lowercase().as_str() {
        "0" | "" => Some(0),
        "1" | "udp" => Some(1),
        "2" | "tcp" => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sixteen_keys_are_always_there() {
        let json: Map<String, Value> = serde_json::from_str(&Params::default().to_json()).unwrap();
        assert_eq!(json.len(), 16);
        assert_eq!(json["master_board"], json!(-100));
        assert_eq!(json["timeout"], json!(0));
        assert_eq!(Params::keys().len(), 16);
    }

    #[test]
    fn values_are_checked_and_typed() {
        let mut params = Params::default();
        params.set("Serial_Port", "/dev/ttyUSB0").unwrap();
        params.set("ip_protocol", "tcp").unwrap();
        params.set("master_board", "synthetic").unwrap();
        assert_eq!(params.text("serial_port"), "/dev/ttyUSB0");
        assert_eq!(params.number("ip_protocol"), 2);
        assert_eq!(params.master_board(), Some(-1));
        assert!(params.is_set("serial_port") && !params.is_set("file"));
        assert!(params.set("ip_port", "70000").unwrap_err().to_string().contains("65535"));
        assert!(params.set("port", "x").unwrap_err().to_string().contains("serial_port"));
    }
}
