//! The signal behind the scores: the mean response of every channel with its interval, and maps of the scalp.

use std::fmt::Write;

use super::data::ReportData;
use super::plots::open;
use super::{escaped, number};

/// Points of a line at most.
const POINTS: usize = 160;

/// Size of one channel's plot.
const PANEL: [f64; 2] = [220.0, 110.0];

/// Panels in a row.
const ACROSS: usize = 4;

/// Channels that are drawn at most.
const MOST_CHANNELS: usize = 64;

/// When maps are drawn, in seconds after the onset.
const MAP_SECS: [f64; 4] = [0.1, 0.17, 0.25, 0.35];

/// Squares across a map.
const MAP_GRID: usize = 28;

/// 97.5th percentile of the normal distribution: half-width of a 95 % interval in standard errors.
const Z95: f64 = 1.96;

/// How good each electrode was: its spread before the pictures against the others', over all trials that were used.
pub(super) fn electrodes(data: &ReportData<'_>) -> String {
    let trials = data.trials;
    let signal = if trials.before.is_empty() { &trials.eeg } else { &trials.before };
    let width = trials.channels * trials.samples;
    if width == 0 || signal.is_empty() {
        return "<p>There is no signal.</p>".into();
    }
    let spread = |channel: usize| {
        let of = |epoch: &[f32]| {
            let own = &epoch[channel * trials.samples..(channel + 1) * trials.samples];
            let mean = own.iter().map(|v| f64::from(*v)).sum::<f64>() / own.len() as f64;
            own.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / own.len() as f64
        };
        let variances: Vec<f64> = signal.chunks_exact(width).map(of).collect();
        (variances.iter().sum::<f64>() / variances.len() as f64).sqrt()
    };
    let spreads: Vec<f64> = (0..trials.channels).map(spread).collect();
    let mut sorted = spreads.clone();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted[sorted.len() / 2];
    let most = sorted.last().copied().unwrap_or(1.0).max(f64::MIN_POSITIVE);
    let mut html = String::from(
        "<p class=\"weak\">Standard deviation of the filtered signal before the pictures, in µV. Less than a third or more than three times the median is worth a look.</p><div class=\"wide\"><table>",
    );
    for (name, spread) in data.channels.iter().zip(&spreads) {
        let odd = *spread < usual / 3.0 || *spread > usual * 3.0;
        let bar = (200.0 * spread / most).clamp(0.0, 200.0);
        let _ = write!(
            html,
            "<tr><td>{}</td><td>{}</td><td><svg width=\"200\" height=\"10\" role=\"img\" aria-label=\"{} µV\"><rect width=\"{bar:.0}\" height=\"10\" fill=\"{}\"/></svg></td><td>{}</td></tr>",
            escaped(name),
            number(*spread, 1),
            number(*spread, 1),
            if odd { "#d55e00" } else { "#0072b2" },
            if odd { "worth a look" } else { "" }
        );
    }
    html + "</table></div>"
}

/// Mean and half-width of its 95 % interval, `[channels][samples]`.
pub(super) struct Response {
    mean: Vec<Vec<f64>>,
    half: Vec<Vec<f64>>,
}

impl Response {
    /// Over all trials.
    pub fn of(data: &ReportData<'_>) -> Option<Self> {
        let trials = data.trials;
        let count = trials.len() as f64;
        if trials.len() < 2 || trials.samples == 0 {
            return None;
        }
        let shape = || vec![vec![0.0; trials.samples]; trials.channels];
        let (mut mean, mut half) = (shape(), shape());
        for (channel, (mean, half)) in mean.iter_mut().zip(&mut half).enumerate() {
            for (sample, (mean, half)) in mean.iter_mut().zip(half).enumerate() {
                let value =
                    |i: usize| f64::from(trials.epoch(i)[channel * trials.samples + sample]);
                *mean = (0..trials.len()).map(value).sum::<f64>() / count;
                let spread: f64 = (0..trials.len()).map(|i| (value(i) - *mean).powi(2)).sum();
                *half = Z95 * (spread / (count - 1.0) / count).sqrt();
            }
        }
        Some(Self { mean, half })
    }

    /// One panel a channel.
    pub fn plots(&self, data: &ReportData<'_>) -> String {
        let shown = self.mean.len().min(MOST_CHANNELS);
        let most = self.mean.iter().flatten().fold(0.5_f64, |most, v| most.max(v.abs())) * 1.1;
        let rows = shown.div_ceil(ACROSS).max(1);
        let [width, height] = PANEL;
        let name = format!("Mean response of every channel, plus and minus {} µV", number(most, 1));
        let mut svg = open(width * ACROSS as f64, height * rows as f64, &name);
        for channel in 0..shown {
            let left = (channel % ACROSS) as f64 * width;
            let top = (channel / ACROSS) as f64 * height;
            self.panel(&mut svg, data, channel, [left, top], most);
        }
        svg + "</svg>"
    }

    fn panel(
        &self,
        svg: &mut String,
        data: &ReportData<'_>,
        channel: usize,
        [left, top]: [f64; 2],
        most: f64,
    ) {
        let [width, height] = [PANEL[0] - 12.0, PANEL[1] - 18.0];
        let samples = data.trials.samples;
        let x = |sample: usize| left + 4.0 + width * sample as f64 / samples.max(2) as f64;
        let y = |uv: f64| top + 14.0 + height * 0.5 * (1.0 - (uv / most).clamp(-1.0, 1.0));
        let every = samples.div_ceil(POINTS).max(1);
        let at = |f: &dyn Fn(usize) -> f64| -> Vec<String> {
            (0..samples).step_by(every).map(|s| format!("{:.1},{:.1}", x(s), y(f(s)))).collect()
        };
        let (mean, half) = (&self.mean[channel], &self.half[channel]);
        let mut band = at(&|s| mean[s] + half[s]);
        let mut low = at(&|s| mean[s] - half[s]);
        low.reverse();
        band.extend(low);
        let onset = x((-data.window_start_secs * data.rate_hz).max(0.0) as usize);
        let label = data.channels.get(channel).map_or_else(String::new, |label| escaped(label));
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{2:.1}\" y2=\"{2:.1}\"/><line class=\"grid\" x1=\"{onset:.1}\" x2=\"{onset:.1}\" y1=\"{3:.1}\" y2=\"{4:.1}\"/><polygon fill=\"#0072b2\" fill-opacity=\"0.3\" points=\"{5}\"/><polyline fill=\"none\" stroke=\"#0072b2\" stroke-width=\"1.5\" points=\"{6}\"/><text x=\"{7:.1}\" y=\"{8:.1}\">{label}</text>",
            left + 4.0,
            left + width,
            y(0.0),
            top + 14.0,
            top + 14.0 + height,
            band.join(" "),
            at(&|s| mean[s]).join(" "),
            left + 6.0,
            top + 12.0
        );
    }

    /// Maps at fixed times.
    pub fn maps(&self, data: &ReportData<'_>) -> String {
        let sample_of = |secs: f64| ((secs - data.window_start_secs) * data.rate_hz).round();
        let times: Vec<(f64, usize)> = MAP_SECS
            .iter()
            .map(|secs| (*secs, sample_of(*secs)))
            .filter(|(_, sample)| (0.0..data.trials.samples as f64).contains(sample))
            .map(|(secs, sample)| (secs, sample as usize))
            .collect();
        let known: Vec<(usize, [f64; 2])> = data
            .positions
            .iter()
            .enumerate()
            .filter_map(|(i, place)| Some((i, (*place)?)))
            .filter(|(i, _)| *i < self.mean.len())
            .collect();
        if known.len() < 3 || times.is_empty() {
            return "<p>Too few electrodes have a known place.</p>".into();
        }
        let most = times
            .iter()
            .flat_map(|(_, sample)| known.iter().map(|(i, _)| self.mean[*i][*sample].abs()))
            .fold(0.1_f64, f64::max);
        let name = format!("Scalp maps; full colour is {} µV", number(most, 1));
        let mut svg = open(190.0 * times.len() as f64, 215.0, &name);
        for (i, (secs, sample)) in times.iter().enumerate() {
            let values: Vec<([f64; 2], f64)> =
                known.iter().map(|(c, place)| (*place, self.mean[*c][*sample] / most)).collect();
            head(&mut svg, 95.0 + 190.0 * i as f64, &values);
            let _ = write!(
                svg,
                "<text x=\"{}\" y=\"208\" text-anchor=\"middle\">{:.0} ms</text>",
                95.0 + 190.0 * i as f64,
                secs * 1e3
            );
        }
        svg + &format!(
            "</svg><p>Orange is positive, blue negative; full colour is {} µV.</p>",
            number(most, 2)
        )
    }
}

/// A head from above with values of −1 to 1 at its electrodes, spread by inverse square distance.
fn head(svg: &mut String, cx: f64, values: &[([f64; 2], f64)]) {
    let (cy, radius) = (104.0, 78.0);
    let step = 2.0 / MAP_GRID as f64;
    for row in 0..MAP_GRID {
        for column in 0..MAP_GRID {
            let [u, v] = [column, row].map(|i| -1.0 + step * (i as f64 + 0.5));
            if u * u + v * v > 1.0 {
                continue;
            }
            let (mut sum, mut weights) = (0.0, 0.0);
            for ([x, y], value) in values {
                let weight = 1.0 / ((u - x).powi(2) + (v - y).powi(2) + 1e-3);
                sum += weight * value;
                weights += weight;
            }
            let value: f64 = (sum / weights).clamp(-1.0, 1.0);
            let colour = if value > 0.0 { "#e69f00" } else { "#0072b2" };
            let _ = write!(
                svg,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{2:.1}\" height=\"{2:.1}\" fill=\"{colour}\" fill-opacity=\"{3:.2}\"/>",
                cx + (u - step / 2.0) * radius,
                cy - (v + step / 2.0) * radius,
                step * radius + 0.3,
                value.abs()
            );
        }
    }
    let _ = write!(
        svg,
        "<circle class=\"frame\" cx=\"{cx}\" cy=\"{cy}\" r=\"{radius}\"/><path class=\"frame\" d=\"M {} {} l 9 -12 l 9 12\"/>",
        cx - 9.0,
        cy - radius + 1.0
    );
    for ([x, y], _) in values {
        let _ = write!(
            svg,
            "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2\"/>",
            cx + x * radius,
            cy - y * radius
        );
    }
}
