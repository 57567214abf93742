//! Small troublesome recordings with right answers (folder `trouble` of the public recordings, see `harness::public`): each stands
//! for a kind that people meet. Other seeds of the same kinds can be laid in its place.

use std::path::Path;

use phosphene::exchange::survey::{StreamSurvey, Survey, survey};
use phosphene::exchange::trust::Electrode;
use phosphene::formats::open;
use phosphene::formats::recording::{Block, Head, StreamHead};
use serde_json::Value;

use crate::harness::public;

/// A recording as the program reads it, and its first regular stream.
struct Read {
    head: Head,
    found: Survey,
    place: usize,
    times_secs: Vec<f64>,
    values: Vec<f64>,
}

impl Read {
    fn file(path: &Path) -> Result<Self, String> {
        let mut reader = open(path).map_err(|e| e.to_string())?;
        let head = reader.head().clone();
        let found = survey(&mut *reader, |_| {}).map_err(|e| e.to_string())?;
        let regular = |s: &StreamHead| s.rate_hz > 0.0 && !s.is_text;
        let place = head.streams.iter().position(regular).ok_or("no signal")?;
        reader.rewind().map_err(|e| e.to_string())?;
        let (mut times_secs, mut values, mut block) = (Vec::new(), Vec::new(), Block::default());
        while reader.next_block(&mut block).map_err(|e| e.to_string())? {
            if block.stream == place {
                times_secs.extend_from_slice(&block.times_secs);
                values.extend_from_slice(&block.values);
            }
        }
        Ok(Self { head, found, place, times_secs, values })
    }

    fn stream(&self) -> &StreamHead {
        &self.head.streams[self.place]
    }

    fn seen(&self) -> &StreamSurvey {
        &self.found.streams[self.place]
    }

    /// Channels of EEG where any is named so, else all.
    fn eeg(&self) -> Vec<&str> {
        let channels = &self.stream().channels;
        let any = channels.iter().any(|c| c.kind == "EEG");
        let kept = channels.iter().filter(|c| !any || c.kind == "EEG");
        kept.map(|c| c.label.as_str()).collect()
    }

    /// Missing samples at each gap.
    fn missing(&self) -> Vec<i64> {
        let rate_hz = self.seen().measured_rate_hz();
        self.seen().gaps.iter().map(|g| (g.step_secs * rate_hz).round() as i64 - 1).collect()
    }

    /// How many samples each event is away from the spike that belongs to it.
    fn off_spikes(&self) -> Vec<(String, usize)> {
        let stream = self.stream();
        let spike = stream.channels.iter().position(|c| c.label == "Spike").unwrap();
        let is_spike = |row: &usize| self.values[row * stream.channels.len() + spike] == 1000.0;
        let spikes: Vec<usize> = (0..self.times_secs.len()).filter(is_spike).collect();
        let nearest = |time: f64| {
            let off = |row: &usize| (self.times_secs[*row] - time).abs();
            (0..self.times_secs.len()).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap()
        };
        let off = |time: f64| spikes.iter().map(|s| s.abs_diff(nearest(time))).min().unwrap();
        self.found.events.iter().map(|e| (e.label.clone(), off(e.time_secs))).collect()
    }

    /// Events with the sample, from 0, at which they are, halves kept.
    fn events(&self) -> Vec<(f64, &str)> {
        let (first, rate_hz) = (self.seen().first_secs, self.stream().rate_hz);
        let sample = |secs: f64| ((secs - first) * rate_hz * 2.0).round() / 2.0;
        self.found.events.iter().map(|e| (sample(e.time_secs), e.label.as_str())).collect()
    }
}

/// What of the right answer the program does not give.
fn wrong(read: &Read, right: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let (stream, seen) = (read.stream(), read.seen());
    let period_secs = 1.0 / stream.rate_hz;
    let mut check = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    if let Some(count) = right["gaps"].as_u64() {
        check(seen.gap_count == count, format!("{} gaps", seen.gap_count));
    }
    if let (Some(secs), Some(gap)) = (right["gap_secs"].as_f64(), seen.gaps.first()) {
        // From the last sample before it or from the first that is missing.
        let off = [gap.step_secs, gap.step_secs - period_secs].map(|found| (found - secs).abs());
        check(off[0].min(off[1]) <= 1.1 * period_secs, format!("a gap of {} s", gap.step_secs));
    }
    if let (Some(secs), Some(gap)) = (right["gap_at_secs"].as_f64(), seen.gaps.first()) {
        let at = gap.after_secs - seen.first_secs + period_secs;
        check((at - secs).abs() <= 1.1 * period_secs, format!("a gap at {at} s"));
    }
    if let Some(rate_hz) = right["rate_hz"].as_f64() {
        let within = right["rate_tolerance_hz"].as_f64().unwrap_or(0.01);
        let measured = seen.measured_rate_hz();
        check((measured - rate_hz).abs() <= within, format!("{measured} Hz"));
    }
    if let Some(samples) = right["samples"].as_u64() {
        check(seen.samples == samples, format!("{} samples", seen.samples));
    }
    let missing = read.missing();
    if let Some(count) = right["missing_samples"].as_i64() {
        check((missing.iter().sum::<i64>() - count).abs() <= 1, format!("{missing:?} missing"));
    }
    if let Some(counts) = right["missing_samples"].as_array() {
        let counts: Vec<i64> = counts.iter().map(|count| count.as_i64().unwrap()).collect();
        let near = |(a, b): (&i64, &i64)| (a - b).abs() <= 2;
        let same = counts.len() == missing.len() && counts.iter().zip(&missing).all(near);
        check(same, format!("{missing:?} missing"));
    }
    if let Some(after) = right["gap_after_sample"].as_u64() {
        let step = |pair: &[f64]| pair[1] - pair[0] > 1.5 * period_secs;
        let at = read.times_secs.windows(2).position(step);
        check(at == Some(after as usize), format!("a gap after sample {at:?}"));
    }
    if let Some(within) = right["spike_of_each_event_within_samples"].as_u64() {
        let off = read.off_spikes();
        check(!off.is_empty(), "no events".into());
        let far: Vec<_> = off.iter().filter(|(_, off)| *off as u64 > within).collect();
        check(far.is_empty(), format!("events off by samples: {far:?}"));
    }
    for key in ["events_placed", "markers"] {
        if let Some(count) = right[key].as_u64() {
            let placed = read.found.events.len();
            check(placed as u64 == count, format!("{placed} events"));
        }
    }
    for key in ["events", "events_at_sample_from_0"] {
        for event in right[key].as_array().unwrap_or(&Vec::new()) {
            let wanted = (event[0].as_f64().unwrap(), event[1].as_str().unwrap());
            check(read.events().contains(&wanted), format!("no {wanted:?} in {:?}", read.events()));
        }
    }
    for event in right["annotations"].as_array().unwrap_or(&Vec::new()) {
        let wanted = (event[0].as_f64().unwrap() * stream.rate_hz, event[1].as_str().unwrap());
        check(read.events().contains(&wanted), format!("no {wanted:?} in {:?}", read.events()));
    }
    match &right["channels"] {
        Value::Array(names) => {
            let names: Vec<&str> = names.iter().map(|name| name.as_str().unwrap()).collect();
            check(read.eeg() == names, format!("channels {:?}", read.eeg()));
        }
        Value::Number(count) => {
            let channels = read.eeg();
            check(count.as_u64() == Some(channels.len() as u64), format!("channels {channels:?}"));
        }
        _ => {}
    }
    if let Some(mean) = right["mean_uv_about"].as_f64() {
        let first = seen.channels.iter().zip(&stream.channels).find(|(_, c)| c.kind == "EEG");
        let found = first.unwrap().0.mean;
        check((found / mean - 1.0).abs() < 0.01, format!("mean {found}"));
    }
    for (label, value) in right["first_value_uv"].as_object().into_iter().flatten() {
        let channel = stream.channels.iter().position(|c| c.label == *label).unwrap();
        let first = seen.first_sample[channel];
        check((first - value.as_f64().unwrap()).abs() < 1e-9, format!("{label}: {first}"));
    }
    wrong
}

/// The labels, which every format has alike.
fn wrong_labels(right: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for (label, site) in right["electrodes"].as_object().into_iter().flatten() {
        let wanted = Electrode::Site(site.as_str().unwrap().into());
        if Electrode::of(label) != wanted {
            wrong.push(format!("{label} is {:?}", Electrode::of(label)));
        }
    }
    for (label, pair) in right["bipolar"].as_object().into_iter().flatten() {
        let pair = [0, 1].map(|i| pair[i].as_str().unwrap().to_owned());
        if Electrode::of(label) != Electrode::Bipolar(pair) {
            wrong.push(format!("{label} is {:?}", Electrode::of(label)));
        }
    }
    for label in right["no_electrode"].as_array().into_iter().flatten() {
        let label = label.as_str().unwrap();
        if Electrode::of(label) != Electrode::Unknown {
            wrong.push(format!("{label} is {:?}", Electrode::of(label)));
        }
    }
    wrong
}

/// What must be said where a file is refused, or read with a word.
fn said(file: &str) -> &'static [&'static str] {
    match file {
        "eeglab-epochs.set" | "mne-epo.fif" => &["5 epochs of 200 samples"],
        "eeglab-v73.set" => &["7.3"],
        "xdf-stamps-step-back-2s.xdf" => &["stepped back by 2.000 s at sample 2500"],
        "xdf-trash-stamps.xdf" => &["3 time stamp(s) are impossible (samples 1000, 2000, 3000)"],
        "xdf-unix-time-eeg-lsl-time-markers.xdf" => &["have no second in common"],
        "xdf-stall-nothing-lost.xdf" => &["late, not lost"],
        "xdf-rate-off.xdf" => &["250 Hz by name and 247.5"],
        "muse-header-one-short.csv" => &["6", "7", "line 2"],
        _ => &[],
    }
}

#[test]
fn every_case_has_its_right_answer() {
    let Some(folder) = public("trouble") else { return };
    let cases = std::fs::read_to_string(folder.join("cases.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&cases).unwrap();
    let mut all = Vec::new();
    for case in &cases {
        let file = case["file"].as_str().unwrap();
        let right = &case["right"];
        let mut found = match Read::file(&folder.join(file)) {
            Ok(read) => {
                let text = read.found.warnings.join("\n");
                let silent = said(file).iter().filter(|word| !text.contains(**word));
                let silent: Vec<_> = silent.map(|w| format!("'{w}' is not said: {text}")).collect();
                [wrong(&read, right), silent].concat()
            }
            // Some may be refused, with a word of what they are.
            Err(why) if !said(file).is_empty() && said(file).iter().all(|w| why.contains(w)) => {
                Vec::new()
            }
            Err(why) => vec![why],
        };
        found.extend(wrong_labels(right));
        println!("{file}: {}", if found.is_empty() { "right" } else { "WRONG" });
        all.extend(found.iter().map(|what| format!("{file}: {what}")));
    }
    assert!(cases.len() >= 31 && all.is_empty(), "{}", all.join("\n"));
}
