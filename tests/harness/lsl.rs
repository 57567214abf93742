//! What the LSL tests share: a liblsl that stays on this machine, outlets, and reading with a limit.

use std::sync::OnceLock;

use lsl::{ChannelFormat, ExPushable, StreamInfo, StreamOutlet};
use phosphene::signal::{Chunk, FrameMeta, Marker};
use phosphene::source::lsl::{LslSource, configure, lsl_clock};
use phosphene::source::spec::SourceSpec;
use phosphene::source::{CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceError};
use phosphene::time::clock::Clock;

/// Reads that a test makes at most; each waits a millisecond or less.
pub const MAX_READS: usize = 60_000;

/// LSL's clock, with liblsl confined to the loopback interface and to this run; `None` where it is missing.
pub fn lsl_on_loopback() -> Option<Clock> {
    // liblsl takes its configuration once, before anything else of it is used.
    static READY: OnceLock<bool> = OnceLock::new();
    let configured = || configure(&configuration()).inspect_err(|why| println!("skipped: {why}"));
    let ready = *READY.get_or_init(|| configured().is_ok());
    if ready { lsl_clock() } else { None }
}

/// The content of a configuration file: this machine, this run of the tests, nobody else.
pub fn configuration() -> String {
    let session = format!("phosphene-test-{}", std::process::id());
    format!(
        "[lab]\nKnownPeers={{127.0.0.1}}\nSessionID={session}\n\
         [multicast]\nResolveScope=machine\n[ports]\nIPv6=disable\n"
    )
}

/// A source from its text.
pub fn source(spec: &str) -> LslSource {
    match spec.parse().unwrap() {
        SourceSpec::Lsl(parameters) => LslSource::new(&parameters).unwrap(),
        other => panic!("{other} is no LSL source"),
    }
}

/// A chunk as the pipeline makes it.
pub fn chunk(channels: usize) -> Chunk {
    Chunk::with_capacity(channels, CHUNK_FRAMES, CHUNK_MARKERS)
}

/// An outlet with `(label, type, unit)` per channel; without a description when all are empty.
pub fn outlet(
    name: &str,
    kind: &str,
    rate_hz: f64,
    format: ChannelFormat,
    channels: &[(&str, &str, &str)],
) -> StreamOutlet {
    let count = channels.len() as u32;
    let id = format!("id-{name}");
    let mut info = StreamInfo::new(name, kind, count, rate_hz, format, &id).unwrap();
    let mut list = info.desc().append_child("channels");
    for (label, kind, unit) in channels {
        let mut channel = list.append_child("channel");
        for (field, value) in [("label", label), ("type", kind), ("unit", unit)] {
            if !value.is_empty() {
                channel.append_child_value(field, value);
            }
        }
    }
    StreamOutlet::new(&info, 0, 60).unwrap()
}

/// An outlet of one number without a rate: markers.
pub fn outlet_of_numbers(name: &str) -> StreamOutlet {
    outlet(name, "Markers", 0.0, ChannelFormat::Int32, &[("", "", "")])
}

/// What came out of a source.
#[derive(Default)]
pub struct Received {
    pub frames: Vec<(FrameMeta, Vec<f32>)>,
    pub markers: Vec<Marker>,
    pub statuses: Vec<ReadStatus>,
}

impl Received {
    /// Reads until `enough`, or fails after [`MAX_READS`]. `before` runs before each read.
    pub fn read_until(
        &mut self,
        source: &mut LslSource,
        chunk: &mut Chunk,
        mut before: impl FnMut(usize),
        enough: impl Fn(&Self) -> bool,
    ) {
        for read in 0..MAX_READS {
            before(read);
            self.read(source, chunk).unwrap();
            if enough(self) {
                return;
            }
        }
        let (frames, markers) = (self.frames.len(), self.markers.len());
        panic!("gave up with {frames} frames, {markers} markers, {:?}", self.statuses.last());
    }

    /// Reads once.
    pub fn read(&mut self, source: &mut LslSource, chunk: &mut Chunk) -> Result<(), SourceError> {
        chunk.clear();
        let status = source.read(chunk)?;
        if self.statuses.last() != Some(&status) {
            self.statuses.push(status);
        }
        for (i, meta) in chunk.frames().iter().enumerate() {
            self.frames.push((*meta, chunk.frame(i).to_vec()));
        }
        self.markers.extend_from_slice(chunk.markers());
        Ok(())
    }
}

/// Pushes frames `from..to` stamped `start + i / rate`, every channel holding `i + channel`.
pub fn push_ramp(
    outlet: &StreamOutlet,
    width: usize,
    range: std::ops::Range<u32>,
    start: f64,
    rate_hz: f64,
) {
    for i in range {
        let values: Vec<f32> = (0..width).map(|c| (i + c as u32) as f32).collect();
        outlet.push_sample_ex(&values, start + f64::from(i) / rate_hz, true).unwrap();
    }
}
