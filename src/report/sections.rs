//! The sections that are words and tables.

use maud::{Markup, html};

use super::data::{DisplayFacts, ReportData, RunFacts};
use super::plot;
use super::words::number;

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
