//! What could be connected: the boards that BrainFlow knows, and the serial ports that are there now.
//!
//! Opens nothing and needs no library, so it also works where BrainFlow is missing.

use ::brainflow::BOARDS;

/// A board that BrainFlow knows.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct KnownBoard {
    /// BrainFlow's number.
    pub id: i32,
    /// Name as written after `brainflow:`.
    pub name: &'static str,
    /// How it is connected, in plain words.
    pub connection: &'static str,
    /// Parameters that must be given.
    pub needs: Vec<&'static str>,
    /// What to type, with examples for what must be given.
    pub example: String,
}

/// A serial port that is there now.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SerialPort {
    /// Name to give as `serial_port`.
    pub path: String,
    /// What the system says is plugged in there, where it says so.
    pub device: Option<String>,
}

/// Every board that BrainFlow knows, with what it needs.
pub fn list_boards() -> Vec<KnownBoard> {
    let known = |board: &::brainflow::BoardModel| KnownBoard {
        id: board.id,
        name: board.name,
        connection: board.link.describe(),
        needs: board.needs.iter().map(|need| need.key).collect(),
        example: board.needs.iter().fold(format!("brainflow:{}", board.name), |text, need| {
            format!("{text},{}={}", need.key, need.example)
        }),
    };
    BOARDS.iter().map(known).collect()
}

/// The serial ports that could hold a dongle, in alphabetical order.
pub fn serial_ports() -> Vec<SerialPort> {
    let mut ports = if cfg!(windows) { windows_ports() } else { device_files() };
    ports.sort_by(|a, b| a.path.cmp(&b.path));
    ports
}

/// USB serial ports of Linux and macOS. On macOS only `cu.`: opening `tty.` waits for a modem's carrier.
fn device_files() -> Vec<SerialPort> {
    const PREFIXES: [&str; 4] = ["ttyUSB", "ttyACM", "cu.usb", "rfcomm"];
    names_in("/dev")
        .into_iter()
        .filter(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
        .map(|name| SerialPort { device: described_by_udev(&name), path: format!("/dev/{name}") })
        .collect()
}

/// What Linux's `/dev/serial/by-id` calls the device behind `/dev/NAME`.
fn described_by_udev(name: &str) -> Option<String> {
    const BY_ID: &str = "/dev/serial/by-id";
    names_in(BY_ID).into_iter().find(|link| {
        let target = std::fs::read_link(format!("{BY_ID}/{link}"));
        target.is_ok_and(|target| target.file_name().is_some_and(|file| file == name))
    })
}

fn names_in(folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// COM ports that exist: they open, or are refused because another program holds them.
fn windows_ports() -> Vec<SerialPort> {
    let exists = |name: &String| {
        let opened =
            std::fs::OpenOptions::new().read(true).write(true).open(format!(r"\\.\{name}"));
        opened.map_or_else(|e| e.kind() == std::io::ErrorKind::PermissionDenied, |_| true)
    };
    (1..=64)
        .map(|n| format!("COM{n}"))
        .filter(exists)
        .map(|path| SerialPort { path, device: None })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_can_be_typed_as_they_stand() {
        let boards = list_boards();
        assert!(boards.len() > 60);
        for board in boards {
            let spec: crate::source::SourceSpec = board.example.parse().unwrap();
            let crate::source::SourceSpec::Brainflow { board, parameters } = spec else {
                panic!("not a board")
            };
            super::super::request::Request::new(&board, &parameters).unwrap();
        }
    }
}
