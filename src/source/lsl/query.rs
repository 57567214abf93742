//! What `lsl:…` asks for: which stream, which markers, how long to look.
//!
//! Takes the `key=value` pairs of a source, gives a predicate in liblsl's language (XPath 1.0 over the
//! stream's description). Our own keys: `markers`, `timeout`, `unit`, `pred`; every other key is a field
//! of the stream, as `name`, `type`, `source_id`, `hostname`, `uid`.

use crate::source::spec::Parameters;
use crate::source::{SourceError, SourceSpec};

/// How long to look for the stream when nothing is said, in seconds. Twice what a busy network takes.
pub(super) const DEFAULT_TIMEOUT_SECS: f64 = 5.0;

/// Longest time to look, in seconds.
const MAX_TIMEOUT_SECS: f64 = 600.0;

/// Which marker stream is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MarkerChoice {
    /// The most fitting stream of type Markers, if there is one.
    Auto,
    /// The stream with this name; its absence is an error.
    Named(String),
    /// None.
    Off,
}

/// A source of kind `lsl`, understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    /// Which EEG stream.
    pub predicate: String,
    /// Which marker stream.
    pub markers: MarkerChoice,
    /// How long to look, in seconds, where it was said.
    pub timeout_secs: Option<f64>,
    /// Overrides the unit that the stream states.
    pub unit: Option<String>,
}

/// The pairs as they are written after `--source`.
pub(super) fn display(parameters: &Parameters) -> String {
    SourceSpec::Lsl(parameters.clone()).to_string()
}

impl Query {
    /// How long to look, in seconds.
    pub fn patience_secs(&self) -> f64 {
        self.timeout_secs.unwrap_or(DEFAULT_TIMEOUT_SECS)
    }

    /// Understands the pairs of a source.
    ///
    /// # Errors
    /// [`SourceError::BadSpec`] when a key or value cannot be used.
    pub fn from_parameters(parameters: &Parameters) -> Result<Self, SourceError> {
        let bad = |why: String| SourceError::BadSpec { spec: display(parameters), why };
        let mut query = Self {
            predicate: String::new(),
            markers: MarkerChoice::Auto,
            timeout_secs: None,
            unit: None,
        };
        let mut terms = Vec::new();
        for (key, value) in parameters {
            match key.as_str() {
                "markers" => query.markers = marker_choice(value),
                "timeout" => query.timeout_secs = Some(timeout_secs(value).map_err(bad)?),
                "unit" => query.unit = Some(value.clone()),
                "pred" => terms.push(format!("({value})")),
                _ => terms.push(term(key, value).map_err(bad)?),
            }
        }
        if terms.is_empty() {
            terms.push("type='EEG'".into());
        }
        query.predicate = terms.join(" and ");
        if query.predicate.contains('\0') {
            return Err(bad("a NUL byte cannot be part of it".into()));
        }
        Ok(query)
    }
}

fn marker_choice(value: &str) -> MarkerChoice {
    match value {
        "" | "auto" => MarkerChoice::Auto,
        "none" | "off" => MarkerChoice::Off,
        name => MarkerChoice::Named(name.into()),
    }
}

fn timeout_secs(value: &str) -> Result<f64, String> {
    value
        .parse()
        .ok()
        .filter(|secs| (0.0..=MAX_TIMEOUT_SECS).contains(secs))
        .ok_or_else(|| format!("timeout must be 0 to {MAX_TIMEOUT_SECS} seconds, not '{value}'"))
}

/// One condition, `field='value'`.
pub(super) fn term(field: &str, value: &str) -> Result<String, String> {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '-');
    if field.is_empty() || !field.chars().all(letters) {
        return Err(format!("'{field}' is not a field of a stream, as name or type"));
    }
    if !value.contains('\'') {
        Ok(format!("{field}='{value}'"))
    } else if !value.contains('"') {
        Ok(format!("{field}=\"{value}\""))
    } else {
        Err(format!("the value of {field} holds both kinds of quotation mark"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Result<Query, SourceError> {
        let pairs = pairs.iter().map(|(key, value)| ((*key).into(), (*value).into()));
        Query::from_parameters(&pairs.collect())
    }

    #[test]
    fn fields_become_a_predicate_and_our_keys_do_not() {
        let asked = [("name", "Amp 1"), ("type", "EEG"), ("markers", "none"), ("timeout", "2")];
        let query = query(&asked).unwrap();
        assert_eq!(query.predicate, "name='Amp 1' and type='EEG'");
        assert_eq!((query.markers, query.timeout_secs), (MarkerChoice::Off, Some(2.0)));
    }

    #[test]
    fn nothing_asked_means_any_eeg() {
        assert_eq!(query(&[]).unwrap().predicate, "type='EEG'");
        assert_eq!(
            query(&[("pred", "name='a' or name='b'")]).unwrap().predicate,
            "(name='a' or name='b')"
        );
    }

    #[test]
    fn quotation_marks_cannot_break_out() {
        assert_eq!(query(&[("name", "Ann's")]).unwrap().predicate, "name=\"Ann's\"");
        for pairs in
            [[("name", "a'\"b")], [("na me", "x")], [("timeout", "soon")], [("timeout", "inf")]]
        {
            assert!(matches!(query(&pairs), Err(SourceError::BadSpec { .. })), "{pairs:?}");
        }
    }
}
