//! The text after `--source`, understood: `kind[:rest]`, with `key=value` pairs in `rest`.
//!
//! Gives a validated [`SourceSpec`]; makes nothing and opens nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::SourceError;

/// The predicate of `lsl:all`: every stream has a name.
const EVERY_STREAM: &str = "count(name)=1";

/// A source that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceSpec {
    /// `sim[:key=value,…]`
    Sim(Parameters),
    /// `lsl:PREDICATE`, as `lsl:type=EEG` or `lsl:name=MyAmp`; `lsl:all` for every stream.
    Lsl(Parameters),
    /// `brainflow:BOARD[,key=value…]`, board by name or number.
    Brainflow {
        /// Board name or id as given.
        board: String,
        /// BrainFlow's own parameters.
        parameters: Parameters,
    },
    /// `file:PATH`
    File(PathBuf),
    /// `faulty:key=value,…+SOURCE`: a fault layer over another source.
    Faulty {
        /// Which faults.
        parameters: Parameters,
        /// The source below.
        inner: Box<SourceSpec>,
    },
}

/// `key=value` pairs in alphabetical order; every key once.
pub type Parameters = BTreeMap<String, String>;

impl FromStr for SourceSpec {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let bad = |why: &str| SourceError::BadSpec { spec: text.into(), why: why.into() };
        match kind {
            "sim" => Ok(Self::Sim(parse_parameters(rest).map_err(|why| bad(&why))?)),
            "lsl" if rest.is_empty() => {
                Ok(Self::Lsl(Parameters::from([("type".into(), "EEG".into())])))
            }
            "lsl" if rest == "all" => {
                Ok(Self::Lsl(Parameters::from([("pred".into(), EVERY_STREAM.into())])))
            }
            "lsl" => Ok(Self::Lsl(parse_lsl(rest).map_err(|why| bad(&why))?)),
            "brainflow" => {
                let (board, parameters) = rest.split_once(',').unwrap_or((rest, ""));
                if board.is_empty() {
                    return Err(bad("name the board, as in brainflow:synthetic"));
                }
                let parameters = parse_parameters(parameters).map_err(|why| bad(&why))?;
                Ok(Self::Brainflow { board: board.into(), parameters })
            }
            "file" if rest.is_empty() => Err(bad("name the file, as in file:recording.xdf")),
            "file" => Ok(Self::File(rest.into())),
            "faulty" => {
                let (faults, inner) =
                    rest.split_once('+').ok_or_else(|| bad("name the source below after a '+'"))?;
                let parameters = parse_parameters(faults).map_err(|why| bad(&why))?;
                Ok(Self::Faulty { parameters, inner: Box::new(inner.parse()?) })
            }
            _ => Err(bad("the kinds are sim, lsl, brainflow, file and faulty")),
        }
    }
}

/// As [`parse_parameters`], but `pred=` takes all that follows it: a predicate may hold commas.
fn parse_lsl(text: &str) -> Result<Parameters, String> {
    let first = text.starts_with("pred=").then_some(0);
    let Some(start) = first.or_else(|| text.find(",pred=").map(|comma| comma + 1)) else {
        return parse_parameters(text);
    };
    let mut parameters = parse_parameters(&text[..start])?;
    parameters.insert("pred".into(), text[start + "pred=".len()..].into());
    Ok(parameters)
}

fn parse_parameters(text: &str) -> Result<Parameters, String> {
    let mut parameters = Parameters::new();
    for pair in text.split(',').filter(|pair| !pair.is_empty()) {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| format!("'{pair}' is not key=value"))?;
        if parameters.insert(key.trim().into(), value.trim().into()).is_some() {
            return Err(format!("'{key}' is given twice"));
        }
    }
    Ok(parameters)
}

fn write_parameters(f: &mut fmt::Formatter<'_>, parameters: &Parameters) -> fmt::Result {
    for (i, (key, value)) in parameters.iter().enumerate() {
        write!(f, "{}{key}={value}", if i == 0 { "" } else { "," })?;
    }
    Ok(())
}

impl fmt::Display for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sim(parameters) if parameters.is_empty() => write!(f, "sim"),
            Self::Sim(parameters) => {
                write!(f, "sim:").and_then(|()| write_parameters(f, parameters))
            }
            Self::Lsl(parameters) => {
                let mut others = parameters.clone();
                let predicate = others.remove("pred");
                write!(f, "lsl:").and_then(|()| write_parameters(f, &others))?;
                let comma = if others.is_empty() { "" } else { "," };
                predicate.map_or(Ok(()), |predicate| write!(f, "{comma}pred={predicate}"))
            }
            Self::Brainflow { board, parameters } => {
                write!(f, "brainflow:{board}")?;
                if !parameters.is_empty() {
                    write!(f, ",")?;
                }
                write_parameters(f, parameters)
            }
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Faulty { parameters, inner } => {
                write!(f, "faulty:")?;
                write_parameters(f, parameters)?;
                write!(f, "+{inner}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_read_back_as_written() {
        for text in [
            "sim",
            "sim:snr=0,subject=3",
            "lsl:name=Amp 1",
            "lsl:timeout=2,pred=starts-with(name,'A') and type='EEG'",
            "brainflow:synthetic",
            "brainflow:cyton,serial_port=/dev/ttyUSB0",
            "file:/tmp/a b.xdf",
            "faulty:drop=0.01+sim:subject=2",
        ] {
            let spec: SourceSpec = text.parse().unwrap();
            assert_eq!(spec.to_string(), text);
        }
    }

    #[test]
    fn wrong_specs_say_what_is_wrong() {
        for (text, word) in [
            ("muse", "kinds"),
            ("brainflow:", "board"),
            ("file:", "file"),
            ("sim:subject", "key=value"),
            ("sim:a=1,a=2", "twice"),
            ("faulty:drop=1", "+"),
        ] {
            let message = text.parse::<SourceSpec>().unwrap_err().to_string();
            assert!(message.contains(word), "{text}: {message}");
        }
    }
}
