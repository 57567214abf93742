//! Numbers and names as they are printed.

use crate::calibrate::trials::split::Split;

/// A number, or a dash where there is none.
pub(super) fn number(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    // What rounds to nothing has no sign.
    let text = format!("{value:.digits$}");
    if text.trim_start_matches(['-', '0', '.']).is_empty() {
        return format!("{:.digits$}", 0.0);
    }
    text
}

/// A share as the ticks of a plot have it: `50 %`, `2.5 %`.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    number(percent, usize::from((percent - percent.round()).abs() > 0.05)) + " %"
}

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
pub(super) fn metric_words(metric: &str) -> &str {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rounds_to_nothing_has_no_sign_and_what_is_not_is_a_dash() {
        assert_eq!(number(-0.0004, 3), "0.000");
        assert_eq!(number(f64::NAN, 1), "–");
        assert_eq!([0.5, 0.025, 0.0, -0.0].map(percent), ["50 %", "2.5 %", "0 %", "0 %"]);
    }
}
