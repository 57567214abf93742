//! Whether a recording can be trusted, in ten lines.
//!
//! Takes what a file says of itself and its survey; gives one line for each question that a stranger would ask (length, rate,
//! gaps, stamps, clocks, events, electrodes), and what to do about what is wrong. Nothing is measured here.

use crate::exchange::convert::find_eeg;
use crate::exchange::survey::{RATE_TOLERANCE, StreamSurvey, Survey};
use crate::formats::recording::{Head, StreamHead};
use crate::signal::montage::{canonical_label, derivation, position};

/// Labels named in a line.
const MAX_NAMED: usize = 8;

/// What a channel's label stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Electrode {
    /// This place on the head, in the standard's spelling.
    Site(String),
    /// The difference of two: no electrode.
    Bipolar([String; 2]),
    /// No electrode that is known.
    Unknown,
}

impl Electrode {
    /// By a label.
    pub fn of(label: &str) -> Self {
        match derivation(label) {
            Some(pair) => Self::Bipolar(pair),
            None if position(label).is_some() => Self::Site(canonical_label(label)),
            None => Self::Unknown,
        }
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is about, in a word.
    pub about: &'static str,
    /// What was found.
    pub found: String,
    /// What to do about it; `None` where all is well.
    pub remedy: Option<String>,
}

/// Where the events lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// Before the first sample or behind the last.
    pub outside: u64,
    /// Inside a gap.
    pub in_gaps: u64,
    /// Not placed at all: their clock has nothing to do with the signal's.
    pub unplaced: u64,
}

/// The lines of a recording; empty when it holds no regular stream of numbers.
pub fn lines(head: &Head, found: &Survey) -> Vec<Line> {
    let Some(place) = find_eeg(&head.streams, found) else {
        return vec![Line {
            about: "signal",
            found: "no regular stream of numbers with samples in it".into(),
            remedy: Some("there is nothing to decode: look at the streams below".into()),
        }];
    };
    let (stream, seen) = (&head.streams[place], &found.streams[place]);
    let mut lines = vec![length(stream, seen), rate(stream, seen), gaps(seen), stamps(stream)];
    lines.extend(clocks(&head.streams));
    lines.push(events(head, found, seen));
    lines.push(electrodes(stream));
    lines
}

fn line(about: &'static str, found: String) -> Line {
    Line { about, found, remedy: None }
}

fn length(stream: &StreamHead, seen: &StreamSurvey) -> Line {
    let secs = seen.last_secs - seen.first_secs;
    let name = if stream.name.is_empty() { "the signal" } else { &stream.name };
    let channels = stream.channels.len();
    let found = format!("{name}: {secs:.3} s, {} samples of {channels} channels", seen.samples);
    line("length", found)
}

fn rate(stream: &StreamHead, seen: &StreamSurvey) -> Line {
    let measured = seen.measured_rate_hz();
    let off = measured / stream.rate_hz - 1.0;
    let found =
        format!("{} Hz by name, {measured:.3} Hz measured ({:+.3} %)", stream.rate_hz, off * 100.0);
    let remedy = (measured > 0.0 && off.abs() > RATE_TOLERANCE).then(|| {
        "times follow the measured rate; what reads only the nominal one drifts away from the events".into()
    });
    Line { about: "rate", found, remedy }
}

fn gaps(seen: &StreamSurvey) -> Line {
    if seen.gap_count == 0 {
        return line("gaps", "none".into());
    }
    let period_secs = 1.0 / seen.measured_rate_hz().max(f64::MIN_POSITIVE);
    let missing = seen.gap_secs - seen.gap_count as f64 * period_secs;
    let secs = (seen.last_secs - seen.first_secs).max(f64::MIN_POSITIVE);
    let longest = seen.longest_gap.map_or_else(String::new, |gap| {
        let (step, at) = (gap.step_secs - period_secs, gap.after_secs - seen.first_secs);
        format!("; the longest {step:.3} s at {at:.3} s from the start")
    });
    let share = 100.0 * missing / secs;
    Line {
        about: "gaps",
        found: format!("{}, {missing:.3} s in all ({share:.2} %){longest}", seen.gap_count),
        remedy: Some("leave out trials that touch a gap, as calibration and evaluation do".into()),
    }
}

fn stamps(stream: &StreamHead) -> Line {
    let faults = stream.stamps;
    let parts = [
        (faults.impossible, "impossible, taken from their neighbours"),
        (faults.steps_back, "step(s) back of the sender's clock, closed"),
        (faults.late, "time(s) late, nothing lost"),
        (faults.uneven, "jump(s) as of packets, re-timed at the device's rate"),
    ];
    let told: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if told.is_empty() {
        return line("stamps", "no fault found".into());
    }
    let wrong = faults.impossible + faults.steps_back > 0;
    Line {
        about: "stamps",
        found: told.join("; "),
        remedy: wrong.then(|| "look at the warnings: they name the samples".into()),
    }
}

/// One line for all clocks that were measured.
fn clocks(streams: &[StreamHead]) -> Option<Line> {
    let measured: Vec<&StreamHead> = streams.iter().filter(|s| s.clock_offsets > 0).collect();
    let words = |stream: &&StreamHead| {
        let resets = if stream.clock_resets > 0 {
            format!(", reset {} time(s)", stream.clock_resets)
        } else {
            String::new()
        };
        format!(
            "{} {:+.1} ppm ± {:.2} ms{resets}",
            stream.name,
            stream.clock_drift_ppm,
            stream.clock_error_secs * 1e3
        )
    };
    let mut found: Vec<String> = measured.iter().take(MAX_NAMED).map(words).collect();
    if measured.len() > MAX_NAMED {
        found.push(format!("and {} more", measured.len() - MAX_NAMED));
    }
    (!found.is_empty()).then(|| line("clocks", found.join("; ")))
}

/// Where events lie against the signal.
pub fn placed(head: &Head, found: &Survey, signal: &StreamSurvey) -> Placed {
    let mut placed = Placed::default();
    for event in &found.events {
        let time = event.time_secs;
        if !(signal.first_secs..=signal.last_secs).contains(&time) {
            placed.outside += 1;
            continue;
        }
        let before = signal.gaps.partition_point(|gap| gap.after_secs < time);
        let gap = before.checked_sub(1).and_then(|place| signal.gaps.get(place));
        placed.in_gaps += u64::from(gap.is_some_and(|gap| time < gap.after_secs + gap.step_secs));
    }
    let apart = head.streams.iter().zip(&found.streams).filter(|(stream, _)| stream.is_apart);
    placed.unplaced = apart.map(|(_, seen)| seen.samples).sum();
    placed
}

fn events(head: &Head, found: &Survey, signal: &StreamSurvey) -> Line {
    let placed = placed(head, found, signal);
    let count: u64 = found.event_counts.values().sum();
    let mut text = match count {
        0 => "none".into(),
        _ => format!("{count} of {} label(s)", found.event_counts.len()),
    };
    let faults = [
        (placed.outside, "outside the signal"),
        (placed.in_gaps, "inside a gap"),
        (placed.unplaced, "not placed: their clock has no second in common with the signal's"),
    ];
    let mut wrong = 0;
    for (number, what) in faults {
        if number > 0 {
            text += &format!("; {number} {what}");
            wrong += number;
        }
    }
    if signal.gap_count > signal.gaps.len() as u64 {
        text += &format!("; only the first {} gaps were held against them", signal.gaps.len());
    }
    let remedy = (wrong > 0).then(|| "these events cannot be used".into());
    Line { about: "events", found: text, remedy }
}

fn electrodes(stream: &StreamHead) -> Line {
    let is_eeg = |kind: &str| kind.is_empty() || kind.eq_ignore_ascii_case("EEG");
    let channels: Vec<_> = stream.channels.iter().filter(|c| is_eeg(&c.kind)).collect();
    let (mut known, mut others) = (Vec::new(), Vec::new());
    for channel in &channels {
        match Electrode::of(&channel.label) {
            Electrode::Site(name) => known.push(name),
            Electrode::Bipolar([a, b]) => {
                others.push(format!("{} (bipolar {a}, {b})", channel.label))
            }
            Electrode::Unknown if channel.label.trim().is_empty() => {
                others.push("(no label)".into())
            }
            Electrode::Unknown => others.push(channel.label.clone()),
        }
    }
    let named = |labels: &[String]| {
        let more = if labels.len() > MAX_NAMED { ", …" } else { "" };
        format!("{}{more}", labels[..labels.len().min(MAX_NAMED)].join(", "))
    };
    let mut found = format!("{} of {} known", known.len(), channels.len());
    if !known.is_empty() {
        found += &format!(": {}", named(&known));
    }
    if !others.is_empty() {
        found += &format!("; not known: {}", named(&others));
    }
    let remedy = (!others.is_empty()).then(|| {
        "channels without a place on the head are not decoded: give them the names of electrodes in the recorder, or in a \
         BIDS channels.tsv"
            .into()
    });
    Line { about: "electrodes", found, remedy }
}

/// The answer, from the lines and what else was odd.
pub fn verdict(lines: &[Line], warnings: &[String]) -> String {
    let wrong: Vec<&str> =
        lines.iter().filter(|line| line.remedy.is_some()).map(|line| line.about).collect();
    if wrong.contains(&"signal") {
        return "no: there is no signal in it".into();
    }
    match (wrong.as_slice(), warnings.len()) {
        ([], 0) => "yes: nothing is odd".into(),
        ([], count) => format!("yes, with {count} warning(s) below"),
        (wrong, _) => format!("with care: mind {}", wrong.join(", ")),
    }
}
