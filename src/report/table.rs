//! Scores as rows of a table.

use std::fmt::Write;

use super::{escaped, number};
use crate::calibrate::score::Score;
use crate::calibrate::trials::split::Split;

/// What was left out, in words.
pub(super) fn split_words(split: Split) -> &'static str {
    match split {
        Split::Runs => "runs left out",
        Split::Pictures => "pictures left out",
        Split::Sessions => "sessions left out",
        Split::TestRuns => "test runs",
    }
}

/// A metric in words.
fn metric_words(metric: &str) -> &str {
    match metric {
        "top1" => "top-1",
        "top5" => "top-5",
        "two_way" => "2-way identification",
        "cosine" => "cosine of embeddings",
        "pixcorr" => "PixCorr",
        "ssim" => "SSIM",
        "image_top1" => "top-1 by the image encoder",
        "image_two_way" => "2-way by the image encoder",
        other => other,
    }
}

/// Single trials first; means over several are there to be opened.
pub(super) fn scores_by_k(all: &[Score]) -> String {
    let (single, several): (Vec<&Score>, Vec<&Score>) = all.iter().partition(|s| s.k == 1);
    let mut html = scores(single.iter().copied());
    if !several.is_empty() {
        let _ = write!(
            html,
            "<details><summary>Means over several trials: {} more rows</summary>{}</details>",
            several.len(),
            scores(several.iter().copied())
        );
    }
    html
}

/// The whole table.
pub(super) fn scores<'a>(scores: impl ExactSizeIterator<Item = &'a Score>) -> String {
    if scores.len() == 0 {
        return "<p>There is none.</p>".into();
    }
    let mut text = String::from(
        "<div class=\"wide\"><table><tr><th>split</th><th>encoder</th><th>metric</th><th>k</th><th>n</th><th>value</th><th>chance</th><th>95 % interval</th><th>p</th><th>trials</th><th>controls</th></tr>",
    );
    for score in scores {
        let controls: Vec<String> = score
            .controls
            .iter()
            .map(|(control, got)| format!("{} {}", control.words(), number(got.value, 3)))
            .collect();
        let [low, high] = score.ci95;
        let _ = write!(
            text,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><b>{}</b></td><td>{}</td><td>{} – {}</td><td>{}</td><td>{}</td><td class=\"small\">{}</td></tr>",
            split_words(score.split),
            escaped(score.encoder),
            escaped(metric_words(score.metric)),
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
