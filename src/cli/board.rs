//! `phosphene board`: what a board's channels are told, and how well its electrodes sit.
//!
//! Opens the source by itself and lets it go at the end: nothing is recorded, nothing decoded.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::dsp::quality::impedance::{ContactMeter, Current};
use crate::signal::{Chunk, StimulusSet};
use crate::snapshot::Contact;
use crate::source::board::{BoardCommand, ChannelSettings};
use crate::source::file::Speed;
use crate::source::{
    BoardState, CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceError, SourceInfo,
    SourceSpec, make,
};

use super::failure::Failure;
use super::terminal::{on_interrupt, print_json};
use crate::time::clock::Clock;

/// Measurements of a channel; the last is told: the first may still hold the contact's drift.
const MEASUREMENTS: u32 = 2;

/// A board that sends nothing for so long is lost, in seconds.
const SILENT_SECS: f64 = 10.0;

/// Seconds of signal after which a channel that gave no figure is given up.
const PATIENCE_SECS: f64 = 15.0;

const EXAMPLES: &str = "\
Examples:
  phosphene board --source brainflow:cyton,serial_port=/dev/ttyUSB0
  phosphene board --source brainflow:cyton,serial_port=/dev/ttyUSB0 --impedance
  phosphene board --source 'brainflow:cyton_daisy,serial_port=/dev/ttyUSB0,settings=3 gain 12/5 off' --impedance=1,3 --json

Settings are given in the source, also for live and record: settings=3 gain 12/5 off/all bias off/1 input shorted.";

/// Arguments of `board`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The board: brainflow:cyton or brainflow:cyton_daisy, with its port and settings
    #[arg(long, short, value_name = "SOURCE")]
    pub source: String,
    /// Measure the impedance of all channels that are on, or of these
    #[arg(long, value_name = "CHANNELS", num_args = 0..=1, require_equals = true, value_delimiter = ',')]
    pub impedance: Option<Vec<usize>>,
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Document {
    schema: u32,
    source: String,
    channels: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    channel: usize,
    label: String,
    on: bool,
    gain: u8,
    input: &'static str,
    bias: bool,
    srb2: bool,
    srb1: bool,
    /// Absent where it was not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    impedance_ohm: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    noise_ohm: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<String>,
}

/// Runs `board`.
///
/// # Errors
/// Exit code 2 for arguments that make no sense or a source without settings, 3 when the board is not there or is lost.
pub fn run(args: &Args) -> Result<(), Failure> {
    let spec: SourceSpec = args.source.parse().map_err(|e| Failure::usage(format!("{e}")))?;
    let failed = |e: SourceError| Failure { code: e.exit_code(), message: e.to_string() };
    let mut source =
        make::source(&spec, Speed::Times(1.0), &StimulusSet::bundled_or_none()).map_err(failed)?;
    let info = source.prepare(&make::clock_for(&spec).map_err(failed)?).map_err(failed)?;
    let outcome = look(args, source.as_mut(), &info);
    source.stop();
    let rows = outcome?;
    if args.json {
        return print_json(&Document { schema: 1, source: info.name, channels: rows });
    }
    print(&info.name, &rows);
    Ok(())
}

fn look(args: &Args, source: &mut dyn Source, info: &SourceInfo) -> Result<Vec<Row>, Failure> {
    let state = source.board().ok_or_else(|| {
        Failure::usage(format!(
            "{} has no settings that are known here; OpenBCI's cyton and cyton_daisy have",
            info.name
        ))
    })?;
    let interrupted = on_interrupt()?;
    let mut contacts = vec![None; state.channels().len()];
    if let Some(chosen) = &args.impedance {
        let chosen = channels(&state, chosen)?;
        let found: Result<(), Failure> = chosen.into_iter().try_for_each(|channel| {
            contacts[channel] = Some(measure(source, info, (&state, channel), &interrupted)?);
            Ok(())
        });
        // Also after a failure: no current is left on.
        let off = source.command(&BoardCommand::Measure(None));
        found?;
        off.map_err(|e| Failure { code: e.exit_code(), message: e.to_string() })?;
    }
    let rows = state.channels().iter().zip(&info.channels).zip(contacts);
    Ok(rows
        .enumerate()
        .map(|(channel, ((settings, label), contact))| row(channel, label, settings, contact))
        .collect())
}

/// The channels to measure, from 0; all that are on where none is named.
fn channels(state: &BoardState, chosen: &[usize]) -> Result<Vec<usize>, Failure> {
    let count = state.channels().len();
    if chosen.is_empty() {
        return Ok((0..count).filter(|channel| state.settings[*channel].on).collect());
    }
    let known = |number: &usize| {
        let has = (1..=count).contains(number);
        has.then(|| number - 1).ok_or_else(|| {
            Failure::usage(format!("--impedance: there is no channel {number} of {count}"))
        })
    };
    chosen.iter().map(known).collect()
}

fn measure(
    source: &mut dyn Source,
    info: &SourceInfo,
    (state, channel): (&BoardState, usize),
    interrupted: &AtomicBool,
) -> Result<Contact, Failure> {
    let failed = |e: SourceError| Failure { code: e.exit_code(), message: e.to_string() };
    let lead_off = state.info.lead_off;
    let meter = lead_off.and_then(|l| {
        let current = Current { amps: l.seen_amps(), hz: l.hz, series_ohm: l.series_ohm };
        ContactMeter::new(info.rate, current)
    });
    let mut meter = meter.ok_or_else(|| Failure::usage("this board cannot measure impedance"))?;
    source.command(&BoardCommand::Measure(Some(channel))).map_err(failed)?;
    meter.attend(Some(channel));
    let mut chunk = Chunk::with_capacity(info.channels.len(), CHUNK_FRAMES, CHUNK_MARKERS);
    let (clock, mut renewals, mut seen) = (Clock::system(), 0, 0);
    let mut heard_secs = clock.now_secs();
    while seen as f64 <= PATIENCE_SECS * info.rate.hz() {
        chunk.clear();
        let status = source.read(&mut chunk).map_err(failed)?;
        let ended = |why| Failure {
            code: 3,
            message: format!("{why} while channel {} was measured", channel + 1),
        };
        if interrupted.load(Ordering::Relaxed) {
            return Err(ended("interrupted"));
        }
        let now_secs = clock.now_secs();
        if !chunk.is_empty() {
            heard_secs = now_secs;
        }
        let is_lost = matches!(status, ReadStatus::Lost | ReadStatus::End);
        if is_lost || now_secs - heard_secs > SILENT_SECS {
            return Err(ended("the board was lost"));
        }
        seen += chunk.len();
        for (frame, meta) in chunk.frames().iter().enumerate() {
            let Some(found) = meter.push(chunk.frame(frame)[channel], meta.gap_before) else {
                continue;
            };
            renewals += 1;
            if renewals >= MEASUREMENTS {
                return Ok(Contact { ohm: found.ohm, noise_ohm: found.noise_ohm, renewals });
            }
        }
    }
    let message = format!(
        "channel {} gave no figure in {PATIENCE_SECS} s: too much of its signal is lost",
        channel + 1
    );
    Err(Failure { code: 3, message })
}

fn row(channel: usize, label: &str, settings: &ChannelSettings, contact: Option<Contact>) -> Row {
    Row {
        channel: channel + 1,
        label: label.into(),
        on: settings.on,
        gain: settings.gain,
        input: settings.input.words(),
        bias: settings.bias,
        srb2: settings.srb2,
        srb1: settings.srb1,
        impedance_ohm: contact.map(|contact| contact.ohm),
        noise_ohm: contact.map(|contact| contact.noise_ohm),
        verdict: contact.map(|contact| contact.words()),
    }
}

fn print(name: &str, rows: &[Row]) {
    println!("{name}");
    println!("  channel      on   gain  input           bias  SRB2  SRB1  impedance");
    let switch = |on: bool| if on { "on" } else { "off" };
    for row in rows {
        println!(
            "  {:>2} {:<8}  {:<4} {:>4}  {:<14}  {:<4}  {:<4}  {:<4}  {}",
            row.channel,
            row.label,
            switch(row.on),
            row.gain,
            row.input,
            switch(row.bias),
            switch(row.srb2),
            switch(row.srb1),
            row.verdict.as_deref().unwrap_or("not measured")
        );
    }
}
