//! `phosphene devices`: what can be reached now.

use serde::Serialize;

use crate::source::{brainflow, lsl};

use super::failure::Failure;
use super::terminal::print_json;

/// Arguments of `devices`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Seconds to listen for LSL streams
    #[arg(long, value_name = "N", default_value_t = 1.5)]
    pub wait: f64,
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Devices {
    /// LSL streams on the network.
    pub lsl: Vec<lsl::StreamSummary>,
    /// Why LSL could not be asked, if so.
    pub lsl_error: Option<String>,
    /// Serial ports that a board may sit on.
    pub serial_ports: Vec<brainflow::SerialPort>,
    /// Boards that BrainFlow knows, with what each needs.
    pub brainflow: Vec<brainflow::KnownBoard>,
    /// Why BrainFlow could not be asked, if so.
    pub brainflow_error: Option<String>,
}

/// Looks for everything; takes about `wait_secs`.
pub fn scan(wait_secs: f64) -> Devices {
    let (lsl, lsl_error) = match lsl::list_streams(wait_secs) {
        Ok(streams) => (streams, None),
        Err(e) => (Vec::new(), Some(e.to_string())),
    };
    let brainflow_error =
        crate::native::find(crate::native::Library::Brainflow).err().map(|e| e.to_string());
    Devices {
        lsl,
        lsl_error,
        serial_ports: brainflow::serial_ports(),
        brainflow: brainflow::list_boards(),
        brainflow_error,
    }
}

/// Runs `devices`.
///
/// # Errors
/// Exit code 2 when the waiting time is not usable.
pub fn run(args: &Args) -> Result<(), Failure> {
    if !(args.wait > 0.0 && args.wait <= 60.0) {
        return Err(Failure::usage("--wait must be more than 0 and at most 60 seconds"));
    }
    let devices = scan(args.wait);
    if args.json { print_json(&devices) } else { print(&devices) }
}

fn print(devices: &Devices) -> Result<(), Failure> {
    println!("Simulated headset\n  --source sim");
    println!("\nLSL streams");
    match (&devices.lsl_error, devices.lsl.is_empty()) {
        (Some(why), _) => println!("  {why}"),
        (None, true) => {
            println!("  none answered. {}.", lsl::network_hint())
        }
        (None, false) => devices.lsl.iter().for_each(|stream| print_stream(stream, &devices.lsl)),
    }
    println!("\nSerial ports");
    if devices.serial_ports.is_empty() {
        println!("  none. Is the dongle plugged in?");
    }
    for port in &devices.serial_ports {
        let device = port.device.as_deref().unwrap_or("unknown device");
        println!("  {} ({device})", port.path);
        for board in if port.boards.is_empty() { &["cyton"][..] } else { &port.boards } {
            println!("    --source brainflow:{board},serial_port={}", port.path);
        }
    }
    println!("\nBrainFlow boards");
    if let Some(why) = &devices.brainflow_error {
        println!("  {why}");
    }
    for board in &devices.brainflow {
        println!("  {:<28} {:<22} --source {}", board.name, board.connection, board.example);
    }
    Ok(())
}

fn print_stream(stream: &lsl::StreamSummary, all: &[lsl::StreamSummary]) {
    print!(
        "  {} ({}, {} channels, {} Hz, on {})",
        stream.title_among(all),
        stream.kind,
        stream.channels,
        stream.rate_hz,
        stream.hostname
    );
    // Irregular streams carry markers, not EEG.
    let is_signal = stream.rate_hz > 0.0;
    println!(
        "{}",
        if is_signal {
            format!("    --source '{}'", stream.spec_among(all))
        } else {
            String::new()
        }
    );
}
