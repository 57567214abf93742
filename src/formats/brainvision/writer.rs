//! BrainVision out: header, markers, samples.
//!
//! Takes samples at rising times; gives three files that must not exist. Multiplexed, UTF-8, version 1.0. Values
//! are rounded to single precision, or to 16 bits over the range given. The format knows no gaps but as a new
//! segment: where samples are missing a `New Segment` marker stands, and samples after it follow directly.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::markers::date_text;
use super::words::FORMAT;
use crate::formats::FormatError;
use crate::formats::recording::{Event, WriteHead, WriteRecording};
use crate::time::gaps::GAP_PERIODS;

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// 16 bits, scaled by each channel's range.
    Int16,
    /// Single precision.
    Float32,
}

/// Writes one recording.
#[derive(Debug)]
pub struct BrainVisionWriter {
    signal: BufWriter<File>,
    markers: File,
    header: File,
    paths: [PathBuf; 3],
    encoding: Encoding,
    about: WriteHead,
    resolutions: Vec<f64>,
    samples: u64,
    last_secs: f64,
    /// First sample and time of each segment.
    segments: Vec<(u64, f64)>,
    clipped: u64,
}

impl BrainVisionWriter {
    /// Makes `path` with the endings vhdr, vmrk and eeg.
    ///
    /// # Errors
    /// [`FormatError::Io`] when one of them is there or cannot be made; then none is left behind.
    pub fn create(path: &Path, encoding: Encoding, head: &WriteHead) -> Result<Self, FormatError> {
        let paths = ["vhdr", "vmrk", "eeg"].map(|ending| path.with_extension(ending));
        let mut made = Vec::new();
        for path in &paths {
            match OpenOptions::new().write(true).create_new(true).open(path) {
                Ok(file) => made.push(file),
                Err(source) => {
                    for path in &paths[..made.len()] {
                        let _ = std::fs::remove_file(path);
                    }
                    return Err(FormatError::Io {
                        action: "making the file",
                        source,
                        path: path.clone(),
                    });
                }
            }
        }
        let mut made = made.into_iter();
        let (Some(header), Some(markers), Some(signal)) = (made.next(), made.next(), made.next())
        else {
            return Err(FormatError::Unusable {
                format: FORMAT,
                why: "three files were not made".into(),
            });
        };
        let resolution = |range: &[f64; 2]| match encoding {
            Encoding::Float32 => 1.0,
            Encoding::Int16 => (range[0].abs().max(range[1].abs()) / 32_767.0).max(1e-12),
        };
        Ok(Self {
            signal: BufWriter::new(signal),
            markers,
            header,
            paths,
            encoding,
            resolutions: head.ranges.iter().map(resolution).collect(),
            about: head.clone(),
            samples: 0,
            last_secs: f64::NEG_INFINITY,
            segments: Vec::new(),
            clipped: 0,
        })
    }

    fn failed(&self, which: usize) -> impl Fn(std::io::Error) -> FormatError + use<> {
        let path = self.paths[which].clone();
        move |source| FormatError::Io { action: "writing", source, path: path.clone() }
    }

    fn put(&mut self, channel: usize, value: f64) -> std::io::Result<()> {
        match self.encoding {
            Encoding::Float32 => self.signal.write_all(&(value as f32).to_le_bytes()),
            Encoding::Int16 => {
                let step = (value / self.resolutions[channel]).round();
                self.clipped += u64::from(step.abs() > 32_767.0);
                self.signal.write_all(&(step.clamp(-32_768.0, 32_767.0) as i16).to_le_bytes())
            }
        }
    }

    /// Number of the sample at a time, from 0: within its segment, and not beyond it.
    fn sample_at(&self, time_secs: f64) -> u64 {
        let place =
            self.segments.partition_point(|(_, start)| *start <= time_secs).saturating_sub(1);
        let Some((first, start_secs)) = self.segments.get(place) else { return 0 };
        let end = self.segments.get(place + 1).map_or(self.samples, |(next, _)| *next);
        let into = ((time_secs - start_secs) * self.about.stream.rate_hz).round().max(0.0) as u64;
        (first + into).min(end.saturating_sub(1))
    }

    fn header_text(&self) -> String {
        let name = |which: usize| {
            self.paths[which]
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into())
        };
        let (format, channels) = match self.encoding {
            Encoding::Int16 => ("INT_16", &self.about.stream.channels),
            Encoding::Float32 => ("IEEE_FLOAT_32", &self.about.stream.channels),
        };
        let mut text = format!(
            "Brain Vision Data Exchange Header File Version 1.0\n; written by Phosphene {}\n\n[Common Infos]\nCodepage=UTF-8\n\
             DataFile={}\nMarkerFile={}\nDataFormat=BINARY\nDataOrientation=MULTIPLEXED\nNumberOfChannels={}\n\
             ; microseconds\nSamplingInterval={}\n\n[Binary Infos]\nBinaryFormat={format}\n\n[Channel Infos]\n\
             ; Ch<number>=<name>,<reference>,<resolution in unit>,<unit>\n",
            env!("CARGO_PKG_VERSION"),
            name(2),
            name(1),
            channels.len(),
            1e6 / self.about.stream.rate_hz
        );
        for (place, (channel, resolution)) in channels.iter().zip(&self.resolutions).enumerate() {
            let unit = if channel.microvolts() == Some(1.0) { "µV" } else { &channel.unit };
            let _ = writeln!(
                text,
                "Ch{}={},{},{resolution},{}",
                place + 1,
                escaped(&channel.label),
                escaped(&channel.reference),
                escaped(unit)
            );
        }
        if self.about.simulated {
            text.push_str("\n[Comment]\nSIMULATED: the signal does not come from a person\n");
        }
        text
    }

    fn marker_text(&self) -> String {
        let data = self.paths[2]
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into());
        let mut text = format!(
            "Brain Vision Data Exchange Marker File, Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\nDataFile={data}\n\n\
             [Marker Infos]\n; Mk<number>=<type>,<description>,<position>,<points>,<channel (0: all)>,<date>\n"
        );
        let mut number = 0;
        for (first, start_secs) in &self.segments {
            number += 1;
            let date = self
                .about
                .started
                .map(|at| format!(",{}", date_text(at.plus_secs(*start_secs))))
                .unwrap_or_default();
            let _ = writeln!(text, "Mk{number}=New Segment,,{},1,0{date}", first + 1);
        }
        for event in self.about.events.iter().filter(|event| event.time_secs.is_finite()) {
            number += 1;
            let (kind, label) = kind_and_label(event);
            let points = event.duration_secs.unwrap_or(0.0) * self.about.stream.rate_hz;
            let points = if points.is_finite() { points.round().max(1.0) as u64 } else { 1 };
            let position = self.sample_at(event.time_secs) + 1;
            let _ = writeln!(
                text,
                "Mk{number}={},{},{position},{points},0",
                escaped(kind),
                escaped(label)
            );
        }
        text
    }
}

/// Labels that came from BrainVision keep their type; others are comments.
fn kind_and_label(event: &Event) -> (&str, &str) {
    match event.label.split_once('/') {
        Some((kind @ ("Stimulus" | "Response" | "Comment" | "SyncStatus"), label)) => (kind, label),
        _ => ("Comment", &event.label),
    }
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .replace(',', "\\1")
}

impl WriteRecording for BrainVisionWriter {
    fn write(&mut self, times_secs: &[f64], values: &[f64]) -> Result<(), FormatError> {
        let channels = self.resolutions.len();
        if channels == 0 || times_secs.len() * channels != values.len() {
            let why = format!(
                "{} values for {} samples of {channels} channels",
                values.len(),
                times_secs.len()
            );
            return Err(FormatError::Unusable { format: FORMAT, why });
        }
        let longest_secs = GAP_PERIODS / self.about.stream.rate_hz;
        for (time_secs, row) in times_secs.iter().zip(values.chunks_exact(channels)) {
            if time_secs - self.last_secs > longest_secs {
                self.segments.push((self.samples, *time_secs));
            }
            for (channel, value) in row.iter().enumerate() {
                self.put(channel, *value).map_err(self.failed(2))?;
            }
            self.last_secs = *time_secs;
            self.samples += 1;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, FormatError> {
        self.signal.flush().map_err(self.failed(2))?;
        self.signal.get_ref().sync_all().map_err(self.failed(2))?;
        for (which, text) in [(1, self.marker_text()), (0, self.header_text())] {
            let failed = self.failed(which);
            let file = if which == 1 { &mut self.markers } else { &mut self.header };
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        let mut notes = Vec::new();
        if self.segments.len() > 1 {
            let gaps = self.segments.len() - 1;
            notes.push(format!("{gaps} gap(s): BrainVision has no room for their length, only for where a new segment begins"));
        }
        if self.clipped > 0 {
            notes.push(format!(
                "{} value(s) beyond the range given were set to its ends",
                self.clipped
            ));
        }
        Ok(notes)
    }
}
