//! Scores as rows of a table.

use std::fmt::Write;

use super::{escaped, number};
use crate::calibrate::score::Score;
use crate::calibrate::split::Split;

/// What was left out, in words.
pub(super) fn split_words(split: Split) -> &'static str {
    match split {
        Split::Runs => "runs left out",
        Split::Pictures => "pictures left out",
        Split::Sessions => "sessions left out",
        Split::TestRuns => "test runs",
    }
}

/// The whole table.
pub(super) fn scores(scores: &[Score]) -> String {
    if scores.is_empty() {
        return "<p>There is none.</p>".into();
    }
    let mut text = String::from(
        "<div class=\"wide\"><table><tr><th>split</th><th>encoder</th><th>metric</th><th>k</th><th>n</th><th>value</th><th>chance</th><th>95 % interval</th><th>p</th><th>trials</th><th>controls</th></tr>",
    );
    for score in scores {
        let controls: Vec<String> = score
            .controls
            .iter()
            .map(|(control, got)| {
                let name = format!("{control:?}");
                format!("{} {}", escaped(&name), number(got.value, 3))
            })
            .collect();
        let [low, high] = score.ci95;
        let _ = write!(
            text,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><b>{}</b></td><td>{}</td><td>{} – {}</td><td>{}</td><td>{}</td><td class=\"small\">{}</td></tr>",
            split_words(score.split),
            escaped(score.encoder),
            escaped(score.metric),
            score.k,
            score.n,
            number(score.value, 3),
            number(score.chance, 3),
            number(low, 3),
            number(high, 3),
            number(score.p_value, 4),
            score.trials,
            controls.join(", ")
        );
    }
    text.push_str("</table></div>");
    text
}

/// One score as a sentence.
pub(super) fn sentence(score: &Score) -> String {
    let [low, high] = score.ci95;
    format!(
        "{}-way top-1 of single trials, {}: <b>{}</b> (95 % {}–{}), chance {}, p = {}, {} trials",
        score.n,
        split_words(score.split),
        number(score.value, 3),
        number(low, 3),
        number(high, 3),
        number(score.chance, 3),
        number(score.p_value, 4),
        score.trials
    )
}
