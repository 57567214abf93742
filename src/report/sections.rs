//! The sections that are words, tables and pictures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::data::{DisplayFacts, Example, ReportData, RunFacts};
use super::plot;
use super::words::number;

/// Seen, reconstructed, null twin, side by side.
pub(super) fn examples(data: &ReportData<'_>) -> Markup {
    if data.examples.is_empty() {
        return html! { p { "Nothing was painted." } };
    }
    let whose = if data.examples_are_new {
        "Pictures of the test runs, with which the encoder was not calibrated. The twin is the same machinery on the same trials with shuffled phases."
    } else {
        "Pictures that the decoder knows from other runs: only the trials were left out, so this is memory, not reconstruction."
    };
    html! {
        p.weak { (whose) " In the order in which they were first shown; none was chosen." }
        .examples { @for one in &data.examples { (example(one)) } }
    }
}

fn example(example: &Example) -> Markup {
    let image = |png: &[u8], what: &str| {
        let source = format!("data:image/png;base64,{}", STANDARD.encode(png));
        html! { img alt=(format!("{what}: {}", example.label)) title=(what) src=(source); }
    };
    html! {
        figure {
            (image(&example.seen_png, "seen")) " "
            (image(&example.reconstruction_png, "reconstructed")) " "
            @if let Some(png) = &example.twin_png { (image(png, "null twin")) }
            figcaption.small { (example.label) " · " (example.note) }
        }
    }
}

/// When the pictures came, and whether anybody looked.
pub(super) fn timing(data: &ReportData<'_>) -> Markup {
    if data.timing.is_empty() {
        return html! {
            p { "Another program showed the pictures: its markers are taken as they are." }
        };
    }
    let never = data.timing.iter().filter(|trial| !trial.shown_secs.is_finite()).count();
    let missed = data.timing.iter().filter(|trial| trial.missed_frames > 0).count();
    html! {
        (display(data.display.as_ref()))
        p {
            (data.timing.len()) " trials; " (missed) " came after missed refreshes, "
            (never) " were never shown."
        }
        (plot::lateness(data.timing))
        @if let Some(task) = &data.attention {
            p {
                "Attention task: " (task.hits) " of " (task.repeats)
                " repetitions were answered, " (task.false_alarms) " presses answered none."
            }
        } @else {
            p { "Attention task: nobody could press a key." }
        }
    }
}

fn display(display: Option<&DisplayFacts>) -> Markup {
    let Some(display) = display else {
        return html! { p { "A virtual display, which misses no refresh." } };
    };
    html! {
        p {
            "Display: " (number(display.refresh_hz, 1)) " Hz, jitter "
            (number(display.jitter_secs * 1e3, 2)) " ms, "
            (number(display.missed_share * 100.0, 1)) " % of refreshes missed: "
            (display.verdict) "."
        }
    }
}

/// The recordings and what was refused of them.
pub(super) fn recordings(runs: &[RunFacts]) -> Markup {
    html! {
        .wide { table {
            tr { th { "recording" } th { "trials" } th { "refused" } th { "SHA-256" } }
            @for run in runs {
                tr {
                    td { (run.file) }
                    td { (run.trials) }
                    td { (refused(run)) }
                    td.small { (run.sha256) }
                }
            }
        } }
    }
}

fn refused(run: &RunFacts) -> String {
    let all: Vec<String> = run.refused.iter().map(|(why, n)| format!("{n} {why}")).collect();
    if all.is_empty() { "none".into() } else { all.join(", ") }
}

/// What was used, and what makes every number again.
pub(super) fn facts(data: &ReportData<'_>) -> Markup {
    html! {
        .wide { table {
            @for (name, value) in &data.facts { tr { td { (name) } td.small { (value) } } }
        } }
        p { "Every number can be made again:" }
        pre { (data.commands.join("\n")) }
    }
}
