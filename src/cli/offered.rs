//! What a scan found, as the connect panel lists it.

use crate::source::brainflow::SerialPort;
use crate::source::lsl::StreamSummary;
use crate::ui::engine::DeviceEntry;
use crate::ui::panels::connect::board_title;

use super::devices::Devices;

/// What was found as the panel lists it: headsets first. Streams of markers carry no signal; those of one name are told apart.
pub fn entries(devices: &Devices) -> Vec<DeviceEntry> {
    let signals = || devices.lsl.iter().filter(|stream| stream.rate_hz > 0.0);
    let streams = signals().map(|stream| {
        let StreamSummary { kind, channels, rate_hz, hostname, .. } = stream;
        DeviceEntry {
            spec: stream.spec_among(&devices.lsl),
            title: format!("LSL: {}", stream.title_among(&devices.lsl)),
            detail: format!("{kind}, {channels} channels, {rate_hz} Hz, on {hostname}"),
        }
    });
    streams.chain(devices.serial_ports.iter().flat_map(on_port)).collect()
}

/// The boards that may be behind a port.
fn on_port(port: &SerialPort) -> Vec<DeviceEntry> {
    let device = port.device.as_deref().unwrap_or("a serial port that does not say what it is");
    let entry = |board: &str, title: String, more: &str| DeviceEntry {
        spec: format!("brainflow:{board},serial_port={}", port.path),
        title,
        detail: format!("{device}{more}"),
    };
    if port.boards.is_empty() {
        let title = format!("Serial port {}", port.path);
        return vec![entry("cyton", title, ", as an OpenBCI Cyton; else choose the board below")];
    }
    let known = |board: &&str| entry(board, format!("{} on {}", board_title(board), port.path), "");
    port.boards.iter().map(known).collect()
}
