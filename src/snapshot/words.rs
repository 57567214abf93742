//! What is believed in words that people use: the same on screen, in the report and on paper.
//!
//! Takes numbers; gives texts. A probability is never a certainty that it is not, and a p-value is never 0.

use super::{BelievedView, Presented, QualityReason};
use crate::decode::Scope;

/// A count with thin groups of three: `12 345`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A probability: `42 %`; small ones with a digit more, and never a certainty that is none.
pub fn share(probability: f64) -> String {
    match probability {
        p if !p.is_finite() => "–".into(),
        p if p >= 0.995 => "over 99 %".into(),
        p if p >= 0.0995 => format!("{:.0} %", p * 100.0),
        p if p >= 0.001 => format!("{:.1} %", p * 100.0),
        _ => "under 0.1 %".into(),
    }
}

/// Why an electrode is not good, in two or three words.
pub fn reason(reason: QualityReason) -> &'static str {
    match reason {
        QualityReason::Off => "not connected",
        QualityReason::Railed => "at the limit",
        QualityReason::Flat => "flat",
        QualityReason::Muscle => "muscle",
        QualityReason::LineNoise => "mains hum",
        QualityReason::Drift => "drifting",
        QualityReason::Copy => "copies another",
        QualityReason::Impedance => "high impedance",
    }
}

/// A span of time in words: `8 s`, `2 min 05 s`, `1 h 02 min`.
pub fn duration(secs: f64) -> String {
    let secs = if secs.is_finite() { secs.max(0.0) as u64 } else { 0 };
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => format!("{} min {:02} s", secs / 60, secs % 60),
        _ => format!("{} h {:02} min", secs / 3600, secs / 60 % 60),
    }
}

/// A share as a percentage: `2.5 %`.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", share * 100.0) } else { "–".into() }
}

/// A p-value: three digits, small ones as a power of ten.
pub fn p_value(p: f64) -> String {
    match p {
        p if !p.is_finite() => "p not known".into(),
        p if p >= 0.001 => format!("p = {p:.3}"),
        p if p >= 1e-12 => format!("p = {p:.0e}"),
        _ => "p < 1e-12".into(),
    }
}

/// How many trials were averaged.
pub fn looks(k: u32) -> String {
    if k == 1 { "1 look".into() } else { format!("{k} looks") }
}

/// How many pictures are in play, and whether the decoder was told of them.
pub fn scope(believed: &BelievedView) -> String {
    let pictures = count(believed.pictures as u64);
    match believed.scope {
        Scope::Told => format!("told: {pictures} pictures"),
        Scope::Remembered => format!("remembered: {pictures} drawings"),
    }
}

/// What guessing gives each picture in play.
pub fn chance(believed: &BelievedView) -> String {
    share(1.0 / believed.pictures.max(1) as f64)
}

/// What a picture is, above it; `name` where it is no more than a reconstruction or a twin.
pub fn title(presented: Presented, believed: Option<&BelievedView>, name: &str) -> String {
    let best = believed.and_then(|believed| believed.best.first());
    match (presented, best) {
        (Presented::Guess, Some(best)) => {
            format!("Best guess: {}, {}", best.label, share(best.probability))
        }
        (Presented::Noise, _) => "No better than noise".into(),
        (Presented::Mean, Some(_)) => "Mean of what cannot be ruled out".into(),
        _ => name.into(),
    }
}

/// Said where more was averaged than probabilities were calibrated for.
pub fn beyond(believed: &BelievedView, k: u32) -> Option<String> {
    believed
        .beyond_calibration
        .then(|| format!("k = {k} is beyond what was calibrated ({})", believed.calibrated_to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(count(7), "7");
        assert_eq!(count(1_234_567), "1 234 567");
        assert_eq!(p_value(0.0121), "p = 0.012");
        assert_eq!(p_value(3.2e-7), "p = 3e-7");
        assert_eq!(p_value(0.0), "p < 1e-12");
        assert_eq!(p_value(f64::NAN), "p not known");
        assert_eq!(share(0.42), "42 %");
        assert_eq!(share(0.025), "2.5 %");
        assert_eq!(share(1.0), "over 99 %");
        assert_eq!(share(1e-9), "under 0.1 %");
        assert_eq!((looks(1), looks(12)), ("1 look".into(), "12 looks".into()));
    }
}
