//! The streams of a file whose samples come from other threads, by the number that each reader was given.
//!
//! Takes heads and blocks; writes headers, samples and clock offsets in the order in which they come. What a number
//! without a stream sends is let go of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::feed::{Head, Header};
use super::report::StreamReport;
use crate::formats::xdf::{StreamId, XdfWriteError, XdfWriter};
use crate::record::sink::RecordSink;
use crate::source::lsl::{Block, BlockValues};

/// A stream of the file.
#[derive(Debug)]
struct Stream {
    id: StreamId,
    own_clock: bool,
    lost: Arc<AtomicU64>,
    report: StreamReport,
}

/// All of them.
#[derive(Debug, Default)]
pub(in crate::record) struct Table(BTreeMap<usize, Stream>);

impl Table {
    /// Writes a stream's header.
    pub fn add<S: RecordSink>(
        &mut self,
        writer: &mut XdfWriter<S>,
        key: usize,
        head: Head,
    ) -> Result<(), XdfWriteError> {
        let (id, own_clock, format, channels, rate_hz) = match &head.header {
            Header::AsSent(xml) => {
                let (id, said) = writer.add_stream_as_described(xml)?;
                (id, false, said.format, said.channel_count, said.nominal_rate_hz)
            }
            Header::Own(own) => {
                (writer.add_stream(own)?, true, own.format, own.channels.len(), own.rate_hz)
            }
        };
        let report = StreamReport {
            name: head.name,
            kind: head.kind,
            format: format.name(),
            channels,
            rate_hz,
            ..StreamReport::default()
        };
        self.0.insert(key, Stream { id, own_clock, lost: head.lost, report });
        Ok(())
    }

    /// Writes samples.
    pub fn put<S: RecordSink>(
        &self,
        writer: &mut XdfWriter<S>,
        key: usize,
        block: &Block,
    ) -> Result<(), XdfWriteError> {
        let Some(Stream { id, .. }) = self.0.get(&key) else { return Ok(()) };
        let (id, stamps) = (*id, &block.stamps);
        match &block.values {
            BlockValues::Int8(values) => writer.samples(id, stamps, values),
            BlockValues::Int16(values) => writer.samples(id, stamps, values),
            BlockValues::Int32(values) => writer.samples(id, stamps, values),
            BlockValues::Int64(values) => writer.samples(id, stamps, values),
            BlockValues::Float32(values) => writer.samples(id, stamps, values),
            BlockValues::Double64(values) => writer.samples(id, stamps, values),
            texts @ BlockValues::Text { .. } => {
                let texts: Vec<&[u8]> = texts.texts().collect();
                writer.texts(id, stamps, &texts)
            }
        }
    }

    /// Writes a measured clock offset: when on the stream's clock, and what to add, in seconds.
    pub fn offset<S: RecordSink>(
        &self,
        writer: &mut XdfWriter<S>,
        key: usize,
        (at_secs, offset_secs): (f64, f64),
    ) -> Result<(), XdfWriteError> {
        self.0
            .get(&key)
            .map_or(Ok(()), |stream| writer.clock_offset(stream.id, at_secs, offset_secs))
    }

    /// Writes that the program's own streams are on its own clock.
    pub fn own_offsets<S: RecordSink>(
        &self,
        writer: &mut XdfWriter<S>,
        now_secs: f64,
    ) -> Result<(), XdfWriteError> {
        let mut own = self.0.values().filter(|stream| stream.own_clock);
        own.try_for_each(|stream| writer.clock_offset(stream.id, now_secs, 0.0))
    }

    /// What is written of each so far.
    pub fn reports<S: RecordSink>(&self, writer: &XdfWriter<S>) -> Vec<StreamReport> {
        let report = |stream: &Stream| {
            let range = writer.stamp_range_secs(stream.id);
            StreamReport {
                samples: writer.sample_count(stream.id),
                first: range.map(|(first, _)| first),
                last: range.map(|(_, last)| last),
                lost: stream.lost.load(Ordering::Relaxed),
                clock_offsets: writer.offset_count(stream.id),
                ..stream.report.clone()
            }
        };
        self.0.values().map(report).collect()
    }
}
