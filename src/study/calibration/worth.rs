//! What so many minutes of calibration buy, so that nobody gives an evening to something that cannot work.
//!
//! Takes `calibration/worth.toml`, which says on whom it was found (`benches/peers/published.py --table` writes it); gives it
//! checked, and in plain words.

use serde::Deserialize;

/// Largest share of the minutes that are planned by which a measured length may be longer.
const NEARLY: f64 = 0.2;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worth {
    /// 1.
    schema: u32,
    /// Name of the model pack with which it was found.
    pub pack: String,
    /// Told pictures among which was chosen.
    pub pictures: u32,
    /// On whom, in words.
    pub source: String,
    /// By strength of the wearer's answers.
    #[serde(rename = "strength")]
    pub strengths: Vec<Strength>,
}

/// At one strength.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strength {
    /// As `strength=` of a simulated wearer has it.
    pub name: String,
    /// Numbers of looks at one picture, rising.
    pub looks: Vec<u32>,
    /// By minutes of calibration, rising.
    pub rows: Vec<Row>,
}

/// After so many minutes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Of calibration, over all sessions.
    pub minutes: u32,
    /// Share of pictures that are named, for each number of looks.
    pub top1: Vec<f64>,
}

impl Worth {
    /// The one that comes along.
    ///
    /// # Errors
    /// As [`Worth::parse`].
    pub fn bundled() -> Result<Self, String> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/calibration/worth.toml");
        Self::parse(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/calibration/worth.toml")))
            .map_err(|why| format!("{path}: {why}"))
    }

    /// Reads the text.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let worth: Self = toml::from_str(text).map_err(|e| format!("it is not understood: {e}"))?;
        worth.check().map(|()| worth)
    }

    fn check(&self) -> Result<(), String> {
        let rising = |values: &[u32]| {
            values.first().is_some_and(|first| *first > 0) && values.windows(2).all(|w| w[0] < w[1])
        };
        if self.schema != 1 {
            return Err(format!("schema is {}; this program knows 1", self.schema));
        }
        if self.pictures < 2 || self.strengths.is_empty() {
            return Err("at least two pictures and one strength are needed".into());
        }
        for strength in &self.strengths {
            let minutes: Vec<u32> = strength.rows.iter().map(|row| row.minutes).collect();
            if !rising(&strength.looks) || !rising(&minutes) {
                let name = &strength.name;
                return Err(format!(
                    "looks and minutes at strength '{name}' must be above 0 and rise"
                ));
            }
            for row in &strength.rows {
                let shares = row.top1.iter().all(|share| (0.0..=1.0).contains(share));
                if !shares || row.top1.len() != strength.looks.len() {
                    return Err(format!(
                        "top1 after {} minutes at strength '{}' must be {} shares from 0 to 1",
                        row.minutes,
                        strength.name,
                        strength.looks.len()
                    ));
                }
            }
        }
        Ok(())
    }

    /// Chance in words.
    pub fn chance(&self) -> String {
        format!("guessing names {} in 100", in_hundred(1.0 / f64::from(self.pictures)))
    }

    /// What a calibration of so many minutes buys, a sentence for each strength; none where nobody measured one so short.
    pub fn sentences(&self, minutes: f64) -> Vec<String> {
        self.strengths.iter().filter_map(|strength| strength.sentence(minutes)).collect()
    }
}

impl Strength {
    /// Its name in words.
    pub fn words(&self) -> String {
        match self.name.as_str() {
            "demo" => "the demonstration".into(),
            "published" => "recorded people".into(),
            other => format!("'{other}'"),
        }
    }

    /// The longest calibration that was measured and is not longer.
    pub fn row(&self, minutes: f64) -> Option<&Row> {
        self.rows.iter().rev().find(|row| f64::from(row.minutes) <= minutes * (1.0 + NEARLY))
    }

    fn sentence(&self, minutes: f64) -> Option<String> {
        let row = self.row(minutes)?;
        let shares: Vec<String> = self
            .looks
            .iter()
            .zip(&row.top1)
            .map(|(looks, share)| {
                let share = in_hundred(*share);
                if *looks == 1 {
                    format!("one look names {share} in 100 pictures")
                } else {
                    format!("{looks} looks {share}")
                }
            })
            .collect();
        Some(format!(
            "At the strength of {}, {} minutes buy: {}.",
            self.words(),
            row.minutes,
            shares.join(", ")
        ))
    }
}

/// A share as whole numbers in a hundred; small ones with a decimal.
pub fn in_hundred(share: f64) -> String {
    let share = 100.0 * share;
    if share < 9.95 && (share - share.round()).abs() > 0.05 {
        format!("{share:.1}")
    } else {
        format!("{share:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"
schema = 1
pack = "phosphene-demo"
pictures = 40
source = "simulated wearers"
[[strength]]
name = "published"
looks = [1, 10, 40]
rows = [
    { minutes = 2, top1 = [0.03, 0.05, 0.1] },
    { minutes = 10, top1 = [0.043, 0.17, 0.49] },
]
"#;

    #[test]
    fn ten_minutes_are_said_in_plain_words_and_shorter_ones_by_the_row_below() {
        let worth = Worth::parse(SOUND).unwrap();
        let ten = "At the strength of recorded people, 10 minutes buy: one look names 4.3 in 100 pictures, 10 looks 17, 40 looks 49.";
        assert_eq!(worth.sentences(10.4), [ten]);
        assert_eq!(worth.sentences(9.0), [ten], "nearly ten");
        assert!(worth.sentences(4.0)[0].contains("2 minutes buy"));
        assert_eq!(worth.sentences(1.0), [""; 0]);
        assert_eq!(worth.chance(), "guessing names 2.5 in 100");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (from, to, said) in [
            ("schema = 1", "schema = 2", "schema is 2"),
            ("pictures = 40", "pictures = 1", "two pictures"),
            ("0.17, 0.49", "0.17", "3 shares"),
            ("0.17, 0.49", "0.17, 1.49", "3 shares"),
            ("minutes = 10", "minutes = 1", "must be above 0 and rise"),
            ("looks = [1", "looks = [20", "must be above 0 and rise"),
            ("source", "sauce", "unknown field"),
        ] {
            let why = Worth::parse(&SOUND.replace(from, to)).unwrap_err();
            assert!(why.contains(said), "{said}: {why}");
        }
    }

    #[test]
    fn the_one_that_comes_along_is_sound_and_has_both_strengths() {
        let worth = Worth::bundled().unwrap();
        let names: Vec<&str> = worth.strengths.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["demo", "published"]);
        assert_eq!(worth.sentences(10.0).len(), 2);
    }
}
