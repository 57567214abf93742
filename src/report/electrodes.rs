//! How good each electrode was: its spread before the pictures against the others', over all trials that were used.

use maud::{Markup, html};

use super::data::ReportData;
use super::words::number;
use crate::calibrate::Trials;

/// Length of the longest bar, in pixels.
const LONGEST: f64 = 260.0;

/// Farther from the median than by this factor is worth a look.
const ODD_FACTOR: f64 = 3.0;

/// One row a channel.
pub(super) fn table(data: &ReportData<'_>) -> Markup {
    let Some(spreads) = spreads(data.trials) else {
        return html! { p { "There is no signal." } };
    };
    let mut sorted = spreads.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let scale = Scale { median, most: sorted[sorted.len() - 1].max(f64::MIN_POSITIVE) };
    html! {
        p.weak { "Standard deviation of the filtered signal before the pictures, in µV. Less than a third or more than three times the median is worth a look." }
        .wide { table {
            tr { th { "channel" } th { "µV" } th { (scale.axis()) } th {} }
            @for (name, spread) in data.channels.iter().zip(&spreads) {
                tr {
                    td { (name) }
                    td { (number(*spread, 1)) }
                    td { (scale.bar(*spread)) }
                    td { @if scale.is_odd(*spread) { "worth a look" } }
                }
            }
        } }
    }
}

/// Root of the mean variance of each channel; `None` without a signal.
fn spreads(trials: &Trials) -> Option<Vec<f64>> {
    let signal = if trials.before.is_empty() { &trials.eeg } else { &trials.before };
    let width = trials.channels * trials.samples;
    if width == 0 || signal.is_empty() {
        return None;
    }
    let spread = |channel: usize| {
        let of = |epoch: &[f32]| {
            variance(&epoch[channel * trials.samples..(channel + 1) * trials.samples])
        };
        let variances: Vec<f64> = signal.chunks_exact(width).map(of).collect();
        (variances.iter().sum::<f64>() / variances.len() as f64).sqrt()
    };
    Some((0..trials.channels).map(spread).collect())
}

fn variance(values: &[f32]) -> f64 {
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
    values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / values.len() as f64
}

/// What all bars share.
struct Scale {
    median: f64,
    most: f64,
}

impl Scale {
    fn x(&self, uv: f64) -> String {
        format!("{:.1}", (LONGEST * uv / self.most).clamp(0.0, LONGEST))
    }

    fn is_odd(&self, uv: f64) -> bool {
        uv < self.median / ODD_FACTOR || uv > self.median * ODD_FACTOR
    }

    /// Limits and median, where they are on the scale.
    fn marks(&self) -> impl Iterator<Item = (f64, &'static str)> {
        let factors = [(1.0 / ODD_FACTOR, "⅓ ×"), (1.0, "median"), (ODD_FACTOR, "3 ×")];
        factors
            .map(|(factor, words)| (self.median * factor, words))
            .into_iter()
            .filter(|(at, _)| *at <= self.most)
    }

    /// The axis above the bars.
    fn axis(&self) -> Markup {
        html! {
            svg.bar width=(LONGEST + 30.0) height="28" role="img" aria-label="Scale of the bars" {
                text x="0" y="24" font-size="10" fill="var(--weak)" { "0" }
                @for (at, words) in self.marks() {
                    text x=(self.x(at)) y="11" font-size="10" fill="var(--weak)" text-anchor="middle" { (words) }
                    text x=(self.x(at)) y="24" font-size="10" fill="var(--weak)" text-anchor="middle" { (number(at, 1)) }
                }
            }
        }
    }

    fn bar(&self, uv: f64) -> Markup {
        let colour = if self.is_odd(uv) { "var(--bad)" } else { "var(--accent)" };
        html! {
            svg.bar width=(LONGEST + 30.0) height="14" role="img" aria-label=(format!("{} µV", number(uv, 1))) {
                rect y="2" width=(self.x(uv)) height="10" fill=(colour) {}
                @for (at, _) in self.marks() {
                    line x1=(self.x(at)) x2=(self.x(at)) y1="0" y2="14" stroke="var(--text)" stroke-dasharray="3 2" {}
                }
            }
        }
    }
}
