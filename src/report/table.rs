//! Scores as rows of a table.

use maud::{Markup, html};

use super::words::{metric_words, number, split_words};
use crate::calibrate::score::Score;

/// Single trials first; means over several are there to be opened.
pub(super) fn scores_by_k(all: &[Score]) -> Markup {
    let (single, several): (Vec<&Score>, Vec<&Score>) = all.iter().partition(|s| s.k == 1);
    html! {
        (scores(single.into_iter()))
        @if !several.is_empty() {
            details {
                summary { "Means over several trials: " (several.len()) " more rows" }
                (scores(several.into_iter()))
            }
        }
    }
}

/// The whole table.
pub(super) fn scores<'a>(scores: impl ExactSizeIterator<Item = &'a Score>) -> Markup {
    const HEADS: [&str; 11] = [
        "split",
        "encoder",
        "metric",
        "k",
        "n",
        "value",
        "chance",
        "95 % interval",
        "p",
        "trials",
        "controls",
    ];
    if scores.len() == 0 {
        return html! { p { "There is none." } };
    }
    html! {
        .wide { table {
            tr { @for head in HEADS { th { (head) } } }
            @for score in scores { (row(score)) }
        } }
    }
}

fn row(score: &Score) -> Markup {
    let [low, high] = score.ci95;
    let controls: Vec<String> = score
        .controls
        .iter()
        .map(|(control, got)| format!("{} {}", control.words(), number(got.value, 3)))
        .collect();
    html! {
        tr {
            td { (split_words(score.split)) }
            td { (score.encoder) }
            td { (metric_words(score.metric)) }
            td { (score.k) }
            td { (score.n) }
            td { b { (number(score.value, 3)) } }
            td { (number(score.chance, 3)) }
            td { (number(low, 3)) " – " (number(high, 3)) }
            td { (number(score.p_value, 4)) }
            td { (score.trials) }
            td.small { (controls.join(", ")) }
        }
    }
}

/// One score as a sentence.
pub(super) fn sentence(score: &Score) -> Markup {
    let [low, high] = score.ci95;
    html! {
        (score.n) "-way top-1 of single trials, " (split_words(score.split)) ": "
        b { (number(score.value, 3)) }
        " (95 % " (number(low, 3)) "–" (number(high, 3)) "), chance " (number(score.chance, 3))
        ", p = " (number(score.p_value, 4)) ", " (score.trials) " trials"
    }
}
