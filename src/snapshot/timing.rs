//! What is wrong with a stream's time and losses, in plain words: the same in the strip, in the terminal and in JSON.
//!
//! Each threshold is a constant here, with its reason. Nothing is said twice, and nothing while all is well.

use super::words::{count, duration, percent};
use super::{Level, RecentWindows, Snapshot};
use crate::signal::Lock;

/// Chunks from this distance on are told, in seconds: a tenth of a second is where people notice a delay (Nielsen,
/// Usability Engineering, 1993, chapter 5).
const COARSE_SECS: f64 = 0.1;

/// A rate that is off by this share is told: an answer half a second after a picture is then 2.5 ms out of place, and
/// no crystal is as bad (they are specified to a ten-thousandth).
pub(super) const RATE_OFF: f64 = 0.005;

/// Share of samples lost in a minute from which on it is told: at 250 Hz, one in four seconds.
pub(super) const LOST_SHARE: f64 = 0.001;

/// And from which on it is grave: then most windows of half a second hold a gap.
pub(super) const LOST_GRAVE: f64 = 0.01;

/// Scatter of stamps that is told, in seconds: a component of 50 ms loses a tenth of its height when averaged over more.
const JITTER_SECS: f64 = 0.01;

/// Uncertainty of the clock offset that is told, in seconds.
const UNSURE_SECS: f64 = 0.01;

/// Share of windows passed over or refused from which on it is told.
pub(super) const WINDOWS_SHARE: f64 = 0.1;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// How serious.
    pub level: Level,
    /// In plain words: a sentence.
    pub text: String,
}

/// All that is wrong, most serious first.
pub fn troubles(snapshot: &Snapshot) -> Vec<Trouble> {
    let found = [
        lost(snapshot),
        refused_for_gaps(snapshot),
        lost_here(snapshot),
        chunks(snapshot),
        passed_over(snapshot),
        rate(snapshot),
        offset(snapshot),
        jitter(snapshot),
    ];
    let mut all: Vec<Trouble> = found.into_iter().flatten().collect();
    all.sort_by_key(|trouble| match trouble.level {
        Level::Error => 0,
        Level::Warning => 1,
        Level::Info => 2,
    });
    all
}

fn warning(text: String) -> Option<Trouble> {
    Some(Trouble { level: Level::Warning, text })
}

fn lost(snapshot: &Snapshot) -> Option<Trouble> {
    let health = &snapshot.health;
    let share = health.lost_share();
    if health.lost == 0 || share < LOST_SHARE {
        return None;
    }
    let level = if share >= LOST_GRAVE { Level::Error } else { Level::Warning };
    let (lost, all) = (count(health.lost), count(health.lost + health.received));
    let span = if health.span_secs < 60.0 {
        format!("the last {}", duration(health.span_secs))
    } else {
        "the last minute".into()
    };
    let text = format!("{} of samples lost in {span}: {lost} of {all}.", percent(share));
    Some(Trouble { level, text })
}

/// Electrodes may all be good while nothing is decoded, because samples are missing.
fn refused_for_gaps(snapshot: &Snapshot) -> Option<Trouble> {
    let RecentWindows { gaps, settling, known, .. } = snapshot.recent_windows();
    // Every run begins with filters that settle; without a gap there is nothing to tell.
    let both = gaps + settling;
    if snapshot.counters.gaps == 0 || gaps == 0 || (both as f64) < WINDOWS_SHARE * known as f64 {
        return None;
    }
    let text = format!(
        "{} of {} windows were not decoded because samples are missing in them or shortly before ({} and {}).",
        count(both),
        count(known),
        count(gaps),
        count(settling)
    );
    warning(text)
}

fn lost_here(snapshot: &Snapshot) -> Option<Trouble> {
    let dropped = snapshot.dropped_in_rings;
    (dropped > 0).then(|| Trouble {
        level: Level::Error,
        text: format!("{} samples were lost in this computer: it is too busy.", count(dropped)),
    })
}

fn chunks(snapshot: &Snapshot) -> Option<Trouble> {
    let chunk_secs = snapshot.health.chunk_secs.filter(|secs| *secs >= COARSE_SECS)?;
    let RecentWindows { made, skipped, .. } = snapshot.recent_windows();
    let what = format!("Arrives in chunks of {}", seconds(chunk_secs));
    let then = if skipped > 0 && skipped as f64 >= WINDOWS_SHARE * made as f64 {
        let (skipped, made) = (count(skipped), count(made));
        format!(
            "{skipped} of {made} windows were passed over: those of the next chunk came before the decoder was free"
        )
    } else {
        format!("pictures come up to {} late", seconds(chunk_secs))
    };
    let text = format!("{what}: {then}. Set smaller chunks in the program that sends.");
    warning(text)
}

/// Windows at picture onsets that the decoder did not get to. Free-running ones are meant to be passed over.
fn passed_over(snapshot: &Snapshot) -> Option<Trouble> {
    let RecentWindows { made, skipped, .. } = snapshot.recent_windows();
    let locked = matches!(snapshot.decode.as_ref()?.lock, Lock::Stimulus { .. });
    let is_told = snapshot.health.chunk_secs.is_some_and(|secs| secs >= COARSE_SECS);
    if !locked || is_told || skipped == 0 || (skipped as f64) < WINDOWS_SHARE * made as f64 {
        return None;
    }
    warning(format!(
        "{} of {} windows were passed over for newer ones: the decoder is slower than pictures follow one another.",
        count(skipped),
        count(made)
    ))
}

fn rate(snapshot: &Snapshot) -> Option<Trouble> {
    let health = &snapshot.health;
    let off = health.rate_off().filter(|off| off.abs() >= RATE_OFF)?;
    let (rate, nominal) = (hertz(health.rate_hz?), hertz(health.nominal_hz));
    let word = if off > 0.0 { "fast" } else { "slow" };
    warning(format!("Runs at {rate} Hz, not {nominal} ({} {word}).", percent(off.abs())))
}

fn offset(snapshot: &Snapshot) -> Option<Trouble> {
    let unsure_secs = snapshot.counters.clock_uncertainty_secs;
    if unsure_secs.is_nan() || unsure_secs < UNSURE_SECS {
        return None;
    }
    if unsure_secs.is_infinite() {
        return warning(
            "The sender's clock could not be compared with ours: times may be wrong.".into(),
        );
    }
    let text = format!(
        "The sender's clock is known to {} only: the network is slow or busy.",
        seconds(unsure_secs)
    );
    Some(Trouble { level: Level::Info, text })
}

fn jitter(snapshot: &Snapshot) -> Option<Trouble> {
    let jitter_secs = snapshot.health.jitter_secs.filter(|secs| *secs >= JITTER_SECS)?;
    let text = format!(
        "Stamps scatter by {}: they are taken on arrival, or once for many samples.",
        seconds(jitter_secs)
    );
    Some(Trouble { level: Level::Info, text })
}

/// An offset as large as this, in seconds, is between clocks that count from different days: only how surely it is known tells
/// anything.
const ANOTHER_DAY_SECS: f64 = 86_400.0;

/// The offset of the source's clock from ours, and how surely it is known.
pub fn offset_words(snapshot: &Snapshot) -> String {
    let counters = &snapshot.counters;
    let (offset, unsure) = (counters.clock_offset_secs, counters.clock_uncertainty_secs);
    if unsure == 0.0 && offset == 0.0 {
        return "none (our clock)".into();
    }
    if !unsure.is_finite() {
        return "not known".into();
    }
    match offset.abs() {
        ANOTHER_DAY_SECS.. => {
            format!("known to ± {} (its clock counts from another day)", seconds(unsure))
        }
        1.0.. => format!("{offset:+.4} s ± {}", seconds(unsure)),
        _ => format!("{:+.2} ± {:.2} ms", offset * 1e3, unsure * 1e3),
    }
}

/// Seconds or milliseconds, whichever is short: `2.0 s`, `12 ms`.
pub fn seconds(secs: f64) -> String {
    match secs {
        s if !s.is_finite() => "–".into(),
        s if s.abs() >= 1.0 => format!("{s:.1} s"),
        s if s.abs() >= 0.01 => format!("{:.0} ms", s * 1e3),
        s => format!("{:.2} ms", s * 1e3),
    }
}

/// A rate with as many digits as tell it from its nominal one: `250`, `252.5`, `249.93`.
pub fn hertz(hz: f64) -> String {
    let text = format!("{hz:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Abstention;
    use crate::snapshot::{Health, WindowCounts};
    use crate::source::SourceCounters;

    fn with(health: Health, windows: WindowCounts) -> Snapshot {
        let counters = SourceCounters { gaps: 3, ..SourceCounters::default() };
        Snapshot { health, windows, counters, ..Snapshot::default() }
    }

    fn texts(snapshot: &Snapshot) -> Vec<String> {
        troubles(snapshot).into_iter().map(|trouble| trouble.text).collect()
    }

    #[test]
    fn an_offset_is_said_as_far_as_it_tells_anything() {
        let said = |offset_secs, unsure| {
            let mut snapshot = Snapshot::default();
            let counters = &mut snapshot.counters;
            (counters.clock_offset_secs, counters.clock_uncertainty_secs) = (offset_secs, unsure);
            offset_words(&snapshot)
        };
        assert_eq!(said(0.0, 0.0), "none (our clock)");
        assert_eq!(said(0.002, f64::INFINITY), "not known");
        assert_eq!(said(-0.002, 0.0003), "-2.00 ± 0.30 ms");
        assert_eq!(said(3.5, 0.0003), "+3.5000 s ± 0.30 ms");
        assert_eq!(said(-1.8e9, 0.0003), "known to ± 0.30 ms (its clock counts from another day)");
    }

    #[test]
    fn a_healthy_stream_has_none() {
        let health = Health {
            nominal_hz: 250.0,
            rate_hz: Some(250.1),
            rate_error_hz: 0.001,
            jitter_secs: Some(0.0002),
            received: 15_000,
            span_secs: 60.0,
            ..Health::default()
        };
        let windows = WindowCounts { made: 100, skipped: 80, decoded: 20, ..Default::default() };
        assert_eq!(troubles(&with(health, windows)), []);
    }

    #[test]
    fn each_trouble_is_a_sentence_with_its_figures() {
        let health = Health {
            nominal_hz: 250.0,
            rate_hz: Some(252.5),
            rate_error_hz: 0.02,
            chunk_secs: Some(2.0),
            received: 14_250,
            lost: 750,
            span_secs: 60.0,
            ..Health::default()
        };
        let mut windows = WindowCounts { made: 278, skipped: 263, ..WindowCounts::default() };
        windows.abstained = [(Abstention::Gap, 12), (Abstention::Settling, 3)].into();
        let texts = texts(&with(health, windows));
        let expected = [
            "5.0 % of samples lost in the last minute: 750 of 15 000.",
            "15 of 15 windows were not decoded because samples are missing in them or shortly before (12 and 3).",
            "Arrives in chunks of 2.0 s: 263 of 278 windows were passed over: those of the next chunk came before the \
             decoder was free. Set smaller chunks in the program that sends.",
            "Runs at 252.5 Hz, not 250 (1.0 % fast).",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_clock_that_is_not_known_is_told() {
        let mut snapshot = Snapshot::default();
        snapshot.counters.clock_uncertainty_secs = f64::INFINITY;
        assert!(texts(&snapshot)[0].contains("could not be compared"));
        snapshot.counters.clock_uncertainty_secs = 0.05;
        assert!(texts(&snapshot)[0].contains("50 ms"));
    }
}
