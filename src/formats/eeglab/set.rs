//! What a data set says: the fields of `EEG`, inside the struct or alone.
//!
//! Takes the variables of a `.set` file; gives the fields that are used, as they are written. The samples themselves
//! are only located here. Source: EEGLAB's documentation of its data structures (`eeg_checkset`).

use std::fs::File;
use std::path::Path;

use super::mat::{
    Array, Bytes, Class, Input, Number, Order, Value, Variables, each_field, each_struct, value,
};
use super::words::unusable;
use crate::formats::FormatError;
use crate::formats::events::MAX_EVENTS;
use crate::units::MAX_CHANNELS;

/// Most text of all events together, in bytes.
const MAX_EVENT_TEXT_BYTES: usize = 64 << 20;

/// Longest label of an event or a channel, in letters.
const MAX_LABEL: usize = 1000;

/// Fields that are kept as facts, and under which name.
const FACTS: [(&str, &str); 7] = [
    ("setname", "title"),
    ("subject", "patient"),
    ("group", "group"),
    ("condition", "condition"),
    ("session", "session"),
    ("comments", "comment"),
    ("ref", "reference"),
];

/// Samples that stand in the `.set` file.
#[derive(Debug)]
pub(super) struct Inside {
    pub bytes: Bytes,
    pub number: Number,
    pub order: Order,
    pub dims: Vec<u64>,
}

/// A channel as `chanlocs` has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub label: String,
    pub kind: String,
    pub reference: String,
    /// To the nose, to the left ear, up, in the unit of whoever wrote it.
    pub xyz: [Option<f64>; 3],
}

/// An event as `event` has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RawEvent {
    pub label: String,
    pub is_number: bool,
    /// In samples from 1.
    pub latency: Option<f64>,
    /// In samples.
    pub duration: Option<f64>,
}

/// The fields of a data set.
#[derive(Debug, Default)]
pub(super) struct DataSet {
    pub srate: Option<f64>,
    pub nbchan: Option<f64>,
    pub pnts: Option<f64>,
    pub trials: Option<f64>,
    pub xmin: Option<f64>,
    pub inside: Option<Inside>,
    /// What `data` names where it is a text, and `datfile`.
    pub data_name: String,
    pub datfile: String,
    pub places: Vec<Place>,
    /// Where the nose is, as `+X`.
    pub nose: String,
    pub events: Vec<RawEvent>,
    pub facts: Vec<(String, String)>,
    pub warnings: Vec<String>,
    found: bool,
    event_text: usize,
}

impl DataSet {
    /// Reads the fields of a file; gives the file too, where samples may stand.
    pub fn read(path: &Path) -> Result<(Self, File), FormatError> {
        let (mut set, mut variables) = (Self::default(), Variables::open(path)?);
        loop {
            match variables.next(&mut |input, array| set.variable(input, array)) {
                Ok(true) => {}
                Ok(false) => break,
                // What stands before the cut is good, and samples come early.
                Err(_) if variables.is_cut() && set.has_samples() => break,
                Err(why) => return Err(why),
            }
        }
        if variables.is_cut() {
            set.warnings.push(
                "the file ends too early: fields that stood behind the cut are missing, such as the names of channels \
                 and the events"
                    .into(),
            );
        }
        if !set.found {
            return Err(unusable("it holds no variable EEG, nor fields of one"));
        }
        Ok((set, variables.into_file()))
    }

    fn has_samples(&self) -> bool {
        self.srate.is_some() && (self.inside.is_some() || !self.data_name.is_empty())
    }

    fn variable(&mut self, input: &mut Input<'_>, array: &Array) -> Result<bool, FormatError> {
        match array.name.as_str() {
            "EEG" => self.nested(input, array).map(|()| true),
            "ALLEEG" if !self.found => Err(several(array)),
            "EEGDATA" => self.field("data", input, array),
            name => self.field(name, input, array),
        }
    }

    /// The struct, or one more of the same name within it.
    fn nested(&mut self, input: &mut Input<'_>, array: &Array) -> Result<(), FormatError> {
        if array.class != Class::Struct {
            return Err(unusable("its variable EEG is not a struct"));
        }
        if array.count() != 1 {
            return Err(several(array));
        }
        self.found = true;
        each_field(input, array, &mut |name, input, field| {
            if name == "EEG" && field.class == Class::Struct {
                return each_field(input, field, &mut |name, input, field| {
                    self.field(name, input, field).map(|_| ())
                });
            }
            self.field(name, input, field).map(|_| ())
        })
    }

    /// Takes a field; false when it is none that is used.
    fn field(
        &mut self,
        name: &str,
        input: &mut Input<'_>,
        array: &Array,
    ) -> Result<bool, FormatError> {
        let number = match name {
            "srate" => &mut self.srate,
            "nbchan" => &mut self.nbchan,
            "pnts" => &mut self.pnts,
            "trials" => &mut self.trials,
            "xmin" => &mut self.xmin,
            "data" | "datfile" | "chanlocs" | "chaninfo" | "event" => {
                return self.long_field(name, input, array).map(|()| true);
            }
            _ => {
                let Some((_, fact)) = FACTS.iter().find(|(field, _)| *field == name) else {
                    return Ok(false);
                };
                let text = value(input, array)?.into_text();
                if !text.trim().is_empty() {
                    self.facts.push(((*fact).into(), text.trim().into()));
                }
                return Ok(true);
            }
        };
        *number = value(input, array)?.number();
        self.found |= name == "srate";
        Ok(true)
    }

    fn long_field(
        &mut self,
        name: &str,
        input: &mut Input<'_>,
        array: &Array,
    ) -> Result<(), FormatError> {
        match name {
            "data" if array.class != Class::Text => self.samples(input, array)?,
            "data" => self.data_name = value(input, array)?.into_text(),
            "datfile" => self.datfile = value(input, array)?.into_text(),
            "chanlocs" if array.class == Class::Struct => self.chanlocs(input, array)?,
            "chaninfo" if array.class == Class::Struct => {
                each_field(input, array, &mut |name, input, field| {
                    if name == "nosedir" {
                        self.nose = value(input, field)?.into_text();
                    }
                    Ok(())
                })?;
            }
            "event" if array.class == Class::Struct => self.events(input, array)?,
            "event" if array.count() > 0 => {
                self.warnings.push("EEG.event is not a struct: there are no events".into());
            }
            _ => {}
        }
        Ok(())
    }

    /// Locates the samples.
    fn samples(&mut self, input: &mut Input<'_>, array: &Array) -> Result<(), FormatError> {
        if array.class != Class::Numbers || array.is_complex {
            return Err(unusable(format!(
                "EEG.data ({}) is no array of real numbers: in MATLAB, EEG.data = single(full(EEG.data(:,:,:))), \
                 then save it again",
                array.shape()
            )));
        }
        if array.count() == 0 {
            return Ok(());
        }
        let epochs = array.dims.iter().skip(2).fold(1_u64, |all, dim| all.saturating_mul(*dim));
        if epochs > 1 {
            return Err(epoched(epochs, array.dims.get(1).copied().unwrap_or_default()));
        }
        let tag = input.tag(array.end)?;
        let Some(number) = Number::of_kind(tag.kind) else {
            return Err(input.malformed("numbers", format!("an element of type {}", tag.kind)));
        };
        let needed = array.count().saturating_mul(number.bytes() as u64);
        if needed != tag.bytes {
            let expected = format!("{} numbers in {needed} bytes", array.shape());
            return Err(input.malformed(&expected, format!("{} bytes", tag.bytes)));
        }
        let (order, dims) = (input.order, array.dims.clone());
        let bytes = input.keep(tag.bytes)?;
        self.inside = Some(Inside { bytes, number, order, dims });
        Ok(())
    }

    fn chanlocs(&mut self, input: &mut Input<'_>, array: &Array) -> Result<(), FormatError> {
        self.places.clear();
        let places = &mut self.places;
        let wanted = ["labels", "type", "ref", "X", "Y", "Z"];
        // One more than there may be, so that the count can be found wrong.
        let most = MAX_CHANNELS as u64 + 2;
        each_struct(input, array, &wanted, most, &mut |row, which, value| {
            let Some(place) = row_of(places, row) else { return Ok(()) };
            match which {
                0 => place.label = label(value),
                1 => place.kind = label(value),
                2 => place.reference = label(value),
                axis => {
                    if let Some(cell) = place.xyz.get_mut(axis - 3) {
                        *cell = value.number().filter(|number| number.is_finite());
                    }
                }
            }
            Ok(())
        })
    }

    fn events(&mut self, input: &mut Input<'_>, array: &Array) -> Result<(), FormatError> {
        self.events.clear();
        let (events, text) = (&mut self.events, &mut self.event_text);
        let wanted = ["type", "latency", "duration"];
        each_struct(input, array, &wanted, MAX_EVENTS as u64, &mut |row, which, value| {
            let Some(event) = row_of(events, row) else { return Ok(()) };
            match which {
                0 => {
                    event.is_number = matches!(value, Value::Numbers(_));
                    event.label = label(value);
                    *text += event.label.len();
                }
                1 => event.latency = value.number(),
                _ => event.duration = value.number(),
            }
            if *text > MAX_EVENT_TEXT_BYTES {
                let most = MAX_EVENT_TEXT_BYTES >> 20;
                return Err(unusable(format!("its events hold more than {most} MiB of text")));
            }
            Ok(())
        })?;
        if array.count() > MAX_EVENTS as u64 {
            let all = array.count();
            self.warnings.push(format!("of {all} events the first {MAX_EVENTS} are read"));
        }
        Ok(())
    }
}

/// The row with this number, made when it is the next.
fn row_of<T: Default>(rows: &mut Vec<T>, row: usize) -> Option<&mut T> {
    if row == rows.len() {
        rows.push(T::default());
    }
    rows.get_mut(row)
}

fn label(value: Value) -> String {
    let text = value.into_text();
    if text.len() <= MAX_LABEL { text } else { text.chars().take(MAX_LABEL).collect() }
}

/// Refuses epochs.
pub(super) fn epoched(epochs: u64, points: u64) -> FormatError {
    unusable(format!(
        "it holds {epochs} epochs of {points} samples, cut out of a recording: save the continuous data set instead \
         (in EEGLAB before Tools > Extract epochs)"
    ))
}

fn several(array: &Array) -> FormatError {
    unusable(format!(
        "it holds {} data sets where one is expected: save each one alone (in EEGLAB File > Save current dataset as)",
        array.count()
    ))
}
