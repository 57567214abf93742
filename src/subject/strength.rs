//! How strongly the virtual subject answers, beside people: named levels, and a level in words.
//!
//! The levels come from `models/training/strength.py` (table in `models/training/strength.md`): simulated wearers with a plain
//! linear encoder of their own, fitted to as many trials as published decoders of THINGS-EEG2 are, reach at
//! [`PUBLISHED_SNR_DB`] what those reach on recorded people.

/// Signal-to-noise ratio when none is asked for, in dB; see [`super::evoked`] for the definition. Here a linear
/// decoder that never met the subject is right in a quarter to a third of single trials among forty pictures,
/// and a plain regression fitted to the subject in two fifths: hard enough that averaging and calibration show their worth.
pub const DEFAULT_SNR_DB: f64 = -14.0;

/// Where the simulated wearer answers as strongly as recorded people.
pub const PUBLISHED_SNR_DB: f64 = -32.0;

/// Where d′ is half of that of the weaker published decoder.
pub const WEAK_SNR_DB: f64 = -37.0;

/// Within this factor an answer is called as strong.
const ALIKE: f64 = 1.12;

/// The names with their levels in dB.
pub const LEVELS: [(&str, f64); 3] =
    [("demo", DEFAULT_SNR_DB), ("published", PUBLISHED_SNR_DB), ("weak", WEAK_SNR_DB)];

/// The level of a name.
///
/// # Errors
/// A sentence that says which names there are.
pub fn level(name: &str) -> Result<f64, String> {
    let found = LEVELS.iter().find(|(known, _)| *known == name);
    found.map(|(_, snr_db)| *snr_db).ok_or_else(|| {
        let names: Vec<&str> = LEVELS.iter().map(|(known, _)| *known).collect();
        format!("strength={name} is not one of {}", names.join(", "))
    })
}

/// How many times the amplitude of recorded people's answers.
pub fn times_people(snr_db: f64) -> f64 {
    10.0_f64.powf((snr_db - PUBLISHED_SNR_DB) / 20.0)
}

/// Above and below this the factor is said in whole numbers.
fn figure(times: f64) -> String {
    if times < 3.0 { format!("{times:.1}") } else { format!("{times:.0}") }
}

/// A level in a few words, for a badge.
pub fn in_short(snr_db: f64) -> String {
    match times_people(snr_db) {
        t if (1.0 / ALIKE..=ALIKE).contains(&t) => "as strong as people".into(),
        t if t > 1.0 => format!("{}× as strong as people", figure(t)),
        t => format!("{}× weaker than people", figure(1.0 / t)),
    }
}

/// A level in words.
pub fn words(snr_db: f64) -> String {
    let times = times_people(snr_db);
    let how = match times {
        t if (1.0 / ALIKE..=ALIKE).contains(&t) => "about as strongly as recorded people".into(),
        t if t > 1.0 => format!("about {} times as strongly as recorded people", figure(t)),
        t => format!("about {} times more weakly than recorded people", figure(1.0 / t)),
    };
    format!("this simulated wearer answers {how} (amplitude)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_said_beside_people() {
        assert!(words(PUBLISHED_SNR_DB).contains("about as strongly as"));
        assert!(
            words(DEFAULT_SNR_DB).contains("times as strongly as"),
            "{}",
            words(DEFAULT_SNR_DB)
        );
        assert!(words(WEAK_SNR_DB).contains("times more weakly than"));
        assert_eq!(in_short(DEFAULT_SNR_DB), "8× as strong as people");
        assert_eq!(in_short(PUBLISHED_SNR_DB), "as strong as people");
        assert_eq!(in_short(WEAK_SNR_DB), "1.8× weaker than people");
        assert!((times_people(PUBLISHED_SNR_DB + 20.0) - 10.0).abs() < 1e-9);
        assert_eq!(level("demo"), Ok(DEFAULT_SNR_DB));
        assert!(level("strong").is_err_and(|why| why.contains("demo, published, weak")));
    }
}
