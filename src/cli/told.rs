//! What a headless run tells the terminal: a line while it runs, each change for the worse once, a summary at the end.
//!
//! All of it goes to standard error; standard output is for the JSON document.

use indicatif::{ProgressBar, ProgressStyle};

use crate::decode::ControlView;
use crate::pipeline::RunReport;
use crate::pipeline::decoding::CONTROL_SUCCEEDS;
use crate::signal::montage::Said;
use crate::snapshot::timing::{hertz, offset_words, seconds, troubles};
use crate::snapshot::{PackState, RunState, Snapshot, states};
use crate::source::mounted::proposal;

/// The line of a run: a bar where its end is known.
pub(super) fn progress(seconds: Option<f64>) -> ProgressBar {
    let bar = seconds.map_or_else(ProgressBar::new_spinner, |s| ProgressBar::new(s.ceil() as u64));
    let template = if seconds.is_some() {
        "{bar:30} {pos}/{len} s  {msg}"
    } else {
        "{spinner} {elapsed}  {msg}"
    };
    ProgressStyle::with_template(template).map(|style| bar.set_style(style)).unwrap_or_default();
    bar
}

/// Says in that line how the run stands.
pub(super) fn show(bar: &ProgressBar, snapshot: &Snapshot, seconds: f64, now_secs: f64) {
    bar.set_position(seconds as u64);
    let simulated = snapshot.source.as_ref().is_some_and(|source| source.simulated);
    let label = if simulated { "SIMULATED · " } else { "" };
    let state = states::short(&snapshot.run, now_secs);
    let decoded = snapshot.windows.decoded;
    bar.set_message(format!(
        "{label}{state} · {decoded} pictures · {:.1}/s",
        snapshot.images_per_s
    ));
}

/// Says on standard error, once each, when the source is not well, why and what to do, and when it is again.
#[derive(Default)]
pub(super) struct StateTeller {
    told: &'static str,
    hint: String,
}

impl StateTeller {
    /// Tells the news, if there are any.
    pub(super) fn tell(&mut self, bar: &ProgressBar, snapshot: &Snapshot, now_secs: f64) {
        let key = states::key(&snapshot.run);
        let hint = match &snapshot.run {
            RunState::Searching { hint, .. } => hint.clone(),
            _ => String::new(),
        };
        let is_news = key != self.told || hint != self.hint;
        let was_well = matches!(self.told, "" | "connecting" | "streaming" | "searching");
        (self.told, self.hint) = (key, hint);
        if !is_news {
            return;
        }
        let kind = snapshot.source.as_ref().map(|source| source.kind);
        let text = match &snapshot.run {
            RunState::Running if !was_well => Some(states::short(&snapshot.run, now_secs)),
            // What is looked for is said once it is not there at once.
            RunState::Searching { hint, .. } if hint.is_empty() => None,
            RunState::Searching { .. }
            | RunState::Stalled { .. }
            | RunState::SourceLost { .. }
            | RunState::Reconnecting { .. } => states::what_to_do(&snapshot.run, kind, now_secs),
            _ => None,
        };
        if let Some(text) = text {
            bar.suspend(|| eprintln!("{text}"));
        }
    }
}

/// Who says which electrodes there are, what the pack can do with them, and what to do where that is little.
fn montage_lines(snapshot: &Snapshot) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    if let Some(source) = &snapshot.source
        && let Some(mounted) = &source.mounted
    {
        if let Some(note) = mounted.note() {
            let _ = writeln!(text, "{note}");
        }
        for caution in &mounted.cautions {
            let _ = writeln!(text, "caution     {caution}");
        }
        if mounted.said == Said::ByLabel
            && let Some((question, presets)) = proposal(&mounted.device_labels, &source.name)
        {
            let names: Vec<&str> = presets.iter().map(|preset| preset.name.as_str()).collect();
            let _ = writeln!(
                text,
                "montage     {question} Say so with --montage {}",
                names.join(" or ")
            );
        }
    }
    if let PackState::Ready(pack) = &snapshot.pack
        && let Some(expected) = &pack.expected
    {
        let _ = writeln!(text, "expected    {}", expected.sentence());
        if expected.advises_calibration() {
            let kept = 100.0 * expected.kept();
            let _ = writeln!(
                text,
                "advice      only {kept:.0} % of what the pack can do is left with these electrodes: calibrate (`phosphene calibrate`)"
            );
        }
    }
    text
}

/// The run in plain words.
pub(super) fn summary(report: &RunReport) -> String {
    use std::fmt::Write;
    let snapshot = &report.snapshot;
    let mut text = String::new();
    if let Some(source) = &snapshot.source {
        let said = source.name.contains("SIMULATED");
        let label = if source.simulated && !said { " (SIMULATED)" } else { "" };
        let _ = writeln!(text, "source      {}{label}", source.name);
    }
    if let PackState::Ready(pack) = &snapshot.pack
        && let Some(caution) = &pack.caution
    {
        let _ = writeln!(text, "caution     {caution}");
    }
    text += &montage_lines(snapshot);
    if let Some(cleaning) = &snapshot.cleaning {
        let _ = writeln!(text, "cleaning    {} ({})", cleaning.sentence(), cleaning.asked);
    }
    let _ = writeln!(text, "samples     {}", samples_words(snapshot));
    for trouble in troubles(snapshot) {
        let _ = writeln!(text, "note        {}", trouble.text);
    }
    let counts = &snapshot.windows;
    let abstained: u64 = counts.abstained.values().sum();
    let _ = writeln!(
        text,
        "windows     {} made, {} decoded, {} passed over, {abstained} abstained",
        counts.made, counts.decoded, counts.skipped
    );
    for (why, n) in &counts.abstained {
        let _ = writeln!(text, "            {n} × {}", why.plain_words());
    }
    let _ = write!(text, "pictures    {:.1} per second", report.images_per_s);
    if let Some(times) = snapshot.latency.window_to_image {
        let _ =
            write!(text, ", window to picture p50 {:.0} ms, p95 {:.0} ms", times.p50, times.p95);
    }
    if counts.steadied > 0 {
        let _ = write!(text, ", {} steadied", counts.steadied);
    }
    text.push('\n');
    if let Some(truth) = &snapshot.truth {
        let [low, high] = truth.ci95_top1;
        let _ = writeln!(
            text,
            "truth       top-1 {:.3} of {} trials (chance {:.3}, 95 % interval {low:.3}–{high:.3}, p {:.2e}), top-5 {:.3}",
            truth.top1, truth.trials, truth.chance_top1, truth.p_value, truth.top5
        );
    }
    if let Some(twin) = snapshot.twin_truth {
        let _ = writeln!(text, "null twin   top-1 {:.3} of {} trials", twin.top1, twin.trials);
    }
    let control = &snapshot.control;
    if control.succeeded {
        let _ = writeln!(text, "WITHHELD    {CONTROL_SUCCEEDS}");
    } else if control.trials > 0 {
        let ControlView { hits, trials, runs, e_value, .. } = control;
        let _ =
            writeln!(text, "control     {hits} of {trials} named, e {e_value:.2} from {runs} runs");
    }
    let _ = writeln!(text, "decode hash {}", report.decode_hash);
    text
}

/// Rate, losses, offset and drift in one line.
fn samples_words(snapshot: &Snapshot) -> String {
    let (health, counters) = (&snapshot.health, &snapshot.counters);
    let rate = health.rate_hz.map_or_else(String::new, |rate| {
        format!(" at {} Hz (nominal {})", hertz(rate), hertz(health.nominal_hz))
    });
    let offset = format!("offset {}", offset_words(snapshot));
    let drift = health
        .drift_ppm
        .map_or_else(String::new, |(ppm, error)| format!(", drift {ppm:+.0} ± {error:.0} ppm"));
    let jitter =
        health.jitter_secs.map_or_else(String::new, |s| format!(", jitter {}", seconds(s)));
    format!(
        "{} received{rate}, {} lost ({} by the clock), {} gaps, {} reconnects, {offset}{drift}{jitter}",
        snapshot.received,
        counters.lost,
        counters.lost_by_clock,
        counters.gaps,
        counters.reconnects
    )
}
