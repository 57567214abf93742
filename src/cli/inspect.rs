//! `phosphene inspect`: what is in a recording.
//!
//! Reads all of it once, whatever its format and length, and prints in ten lines whether it can be trusted, then streams,
//! channels, units, rates, counts, gaps, clock offsets and events: for people, or as one JSON document. Times for people count
//! from the first sample; those of the document are the recording's own.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::exchange;
use crate::exchange::convert::find_eeg;
use crate::exchange::cut::cut;
use crate::exchange::survey::{Gap, StreamSurvey, Survey, survey};
use crate::exchange::trust::{self, Electrode, Line};
use crate::formats;
use crate::formats::recording::{Head, StreamHead};

use super::failure::Failure;
use super::terminal::print_json;

const EXAMPLES: &str = "\
Examples:
  phosphene inspect session.xdf
  phosphene inspect recording.edf --json
  phosphene inspect session.xdf --stamps pyxdf
  phosphene inspect night.edf --from 3600 --until 3660

Reads XDF (.xdf, .xdfz), EDF, BDF, BrainVision, EEGLAB (.set), FIF, GDF, Neuroscan (.cnt), and text of OpenBCI,
BrainFlow, Muse, Emotiv, Unicorn, Crown and OpenViBE.";

/// Channels, gaps and events that are listed for people; the rest is counted.
const MAX_LINES: usize = 12;

/// Arguments of `inspect`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The recording
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
    /// Whose rules say when the samples of an XDF were taken
    #[arg(long, value_name = "RULES", default_value = "settled")]
    pub stamps: super::stamps::Rules,
    /// Which piece of it
    #[command(flatten)]
    pub span: super::span::SpanArgs,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    format: &'a str,
    started: Option<String>,
    simulated: bool,
    facts: BTreeMap<&'a str, &'a str>,
    trust: TrustPart,
    streams: Vec<StreamPart<'a>>,
    events: &'a BTreeMap<String, u64>,
    warnings: &'a [String],
}

#[derive(Debug, Serialize)]
struct TrustPart {
    verdict: String,
    found: Vec<LinePart>,
    events_outside: u64,
    events_in_gaps: u64,
    events_unplaced: u64,
}

#[derive(Debug, Serialize)]
struct LinePart {
    about: &'static str,
    found: String,
    remedy: Option<String>,
}

#[derive(Debug, Serialize)]
struct StreamPart<'a> {
    id: u32,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    channels: Vec<&'a str>,
    /// The place on the head that each channel's label stands for; null where it stands for none.
    electrodes: Vec<Option<String>>,
    /// The unit that all channels share; null when they differ.
    unit: Option<&'a str>,
    units: Vec<&'a str>,
    rate_hz: f64,
    measured_rate_hz: f64,
    samples: u64,
    first_time: Option<f64>,
    last_time: Option<f64>,
    gaps: Vec<GapPart>,
    gap_count: u64,
    clock_resets: u64,
    clock_offsets: u64,
    clock_drift_ppm: f64,
    clock_error_secs: f64,
    impossible_stamps: u64,
    clock_steps_back: u64,
    late: u64,
    uneven_stamps: u64,
    first_sample: Cells<'a>,
    last_sample: Cells<'a>,
    mean: Vec<f64>,
    std: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct GapPart {
    after: f64,
    step: f64,
}

/// A sample: numbers, or texts.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Cells<'a> {
    Numbers(&'a [f64]),
    Texts(&'a [String]),
}

/// Runs `inspect`.
///
/// # Errors
/// Exit code 6 when the file cannot be read.
pub fn run(args: &Args) -> Result<(), Failure> {
    let cannot = |e: formats::FormatError| Failure::file(e.to_string());
    let mut reader = exchange::open(&args.file, args.stamps.into())
        .and_then(|whole| cut(whole, args.span.into()))
        .map_err(cannot)?;
    let bar = super::terminal::share_bar("reading");
    let found = survey(&mut *reader, |share| bar.set_position((share * 1000.0) as u64));
    bar.finish_and_clear();
    let found = found.map_err(cannot)?;
    let head = reader.head();
    if args.json {
        return print_json(&document(head, &found));
    }
    print!("{}", text(head, &found));
    Ok(())
}

fn document<'a>(head: &'a Head, found: &'a Survey) -> Document<'a> {
    let streams = head.streams.iter().zip(&found.streams).map(|(s, f)| stream_part(s, f)).collect();
    Document {
        format: head.format,
        started: head.started.map(|time| time.iso8601()),
        simulated: head.simulated,
        facts: head.facts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect(),
        trust: trust_part(head, found),
        streams,
        events: &found.event_counts,
        warnings: &found.warnings,
    }
}

fn trust_part(head: &Head, found: &Survey) -> TrustPart {
    let lines = trust::lines(head, found);
    let verdict = trust::verdict(&lines, &found.warnings);
    let placed = find_eeg(&head.streams, found)
        .map(|place| trust::placed(head, found, &found.streams[place]))
        .unwrap_or_default();
    let part = |Line { about, found, remedy }| LinePart { about, found, remedy };
    TrustPart {
        verdict,
        found: lines.into_iter().map(part).collect(),
        events_outside: placed.outside,
        events_in_gaps: placed.in_gaps,
        events_unplaced: placed.unplaced,
    }
}

fn site(label: &str) -> Option<String> {
    match Electrode::of(label) {
        Electrode::Site(name) => Some(name),
        Electrode::Bipolar(_) | Electrode::Unknown => None,
    }
}

fn stream_part<'a>(stream: &'a StreamHead, found: &'a StreamSurvey) -> StreamPart<'a> {
    let units: Vec<&str> = stream.channels.iter().map(|channel| channel.unit.as_str()).collect();
    let any = found.samples > 0;
    let (first_sample, last_sample) = match &found.first_last_text {
        Some([first, last]) => (Cells::Texts(first), Cells::Texts(last)),
        None => (Cells::Numbers(&found.first_sample), Cells::Numbers(&found.last_sample)),
    };
    StreamPart {
        id: stream.id,
        name: &stream.name,
        kind: &stream.kind,
        channels: stream.channels.iter().map(|channel| channel.label.as_str()).collect(),
        electrodes: stream.channels.iter().map(|channel| site(&channel.label)).collect(),
        unit: common_unit(stream),
        units,
        rate_hz: stream.rate_hz,
        measured_rate_hz: found.measured_rate_hz(),
        samples: found.samples,
        first_time: any.then_some(found.first_secs),
        last_time: any.then_some(found.last_secs),
        gaps: found
            .gaps
            .iter()
            .map(|Gap { after_secs, step_secs }| GapPart { after: *after_secs, step: *step_secs })
            .collect(),
        gap_count: found.gap_count,
        clock_resets: stream.clock_resets,
        clock_offsets: stream.clock_offsets,
        clock_drift_ppm: stream.clock_drift_ppm,
        clock_error_secs: stream.clock_error_secs,
        impossible_stamps: stream.stamps.impossible,
        clock_steps_back: stream.stamps.steps_back,
        late: stream.stamps.late,
        uneven_stamps: stream.stamps.uneven,
        first_sample,
        last_sample,
        mean: found.channels.iter().map(|moments| moments.mean).collect(),
        std: found.channels.iter().map(|moments| moments.std()).collect(),
    }
}

fn common_unit(stream: &StreamHead) -> Option<&str> {
    let first = stream.channels.first()?.unit.as_str();
    // The contract's spelling, whatever the file's.
    let shown = if stream.channels[0].microvolts() == Some(1.0) { "uV" } else { first };
    stream.channels.iter().all(|channel| channel.unit == first).then_some(shown)
}

/// The same for people.
fn text(head: &Head, found: &Survey) -> String {
    let mut text = String::new();
    let simulated = if head.simulated { " (SIMULATED)" } else { "" };
    let _ = writeln!(text, "format      {}{simulated}", head.format);
    trust_text(&mut text, head, found);
    if let Some(started) = head.started {
        let _ = writeln!(text, "started     {}", started.iso8601());
    }
    for (name, said) in &head.facts {
        let _ = writeln!(text, "{name:<11} {said}");
    }
    for (number, (stream, found)) in head.streams.iter().zip(&found.streams).enumerate() {
        stream_text(&mut text, number + 1, stream, found);
    }
    let mut counts: Vec<_> = found.event_counts.iter().collect();
    counts.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    if !counts.is_empty() {
        let _ = writeln!(text, "labels      {}", counts.len());
    }
    for (label, count) in counts.iter().take(MAX_LINES) {
        let _ = writeln!(text, "  {count:>7} × {label}");
    }
    more(&mut text, counts.len(), "labels");
    for warning in &found.warnings {
        let _ = writeln!(text, "warning     {warning}");
    }
    text
}

/// Whether it can be trusted: a line for each question, and what to do.
fn trust_text(text: &mut String, head: &Head, found: &Survey) {
    let lines = trust::lines(head, found);
    let _ = writeln!(text, "trust       {}", trust::verdict(&lines, &found.warnings));
    for line in &lines {
        let _ = writeln!(text, "{:<11} {}", line.about, line.found);
    }
    let remedies: Vec<&str> = lines.iter().filter_map(|line| line.remedy.as_deref()).collect();
    if !remedies.is_empty() {
        let _ = writeln!(text, "what to do  {}", remedies.join("; "));
    }
}

fn stream_text(text: &mut String, number: usize, stream: &StreamHead, found: &StreamSurvey) {
    let name = if stream.name.is_empty() { "unnamed" } else { &stream.name };
    let kind = if stream.kind.is_empty() { "no type" } else { &stream.kind };
    let _ =
        writeln!(text, "stream {number:<4} {name} ({kind}), {} channels", stream.channels.len());
    let seconds = found.last_secs - found.first_secs;
    if stream.rate_hz > 0.0 {
        let (named, measured) = (stream.rate_hz, found.measured_rate_hz());
        let _ = writeln!(text, "  rate      {named} Hz, measured {measured:.4} Hz");
    }
    let _ = writeln!(text, "  samples   {} in {seconds:.3} s", found.samples);
    if stream.clock_offsets > 0 {
        let (offsets, resets) = (stream.clock_offsets, stream.clock_resets);
        let _ = writeln!(
            text,
            "  clock     {offsets} offsets, {resets} resets, drift {:+.2} ppm ± {:.3} ms",
            stream.clock_drift_ppm,
            stream.clock_error_secs * 1e3
        );
    }
    for gap in found.gaps.iter().take(MAX_LINES) {
        let _ = writeln!(
            text,
            "  gap       {:.4} s from the start: {:.4} s to the next sample",
            gap.after_secs - found.first_secs,
            gap.step_secs
        );
    }
    more(text, found.gap_count as usize, "gaps");
    for (channel, moments) in stream.channels.iter().zip(&found.channels).take(MAX_LINES) {
        let unit = if channel.unit.is_empty() { "(no unit)" } else { &channel.unit };
        let label = if channel.label.is_empty() { "(no label)" } else { &channel.label };
        let stands_for = match site(&channel.label) {
            Some(name) if name != channel.label => format!(" = {name}"),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "  {:<16} mean {:>12.4}, sd {:>12.4}, {:.4} to {:.4} {unit}",
            format!("{label}{stands_for}"),
            moments.mean,
            moments.std(),
            moments.min,
            moments.max
        );
    }
    more(text, found.channels.len(), "channels");
}

fn more(text: &mut String, count: usize, what: &str) {
    if count > MAX_LINES {
        let _ = writeln!(text, "  … and {} more {what}", count - MAX_LINES);
    }
}
