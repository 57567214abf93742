//! Which chunk holds a time.
//!
//! Takes the chunks of samples and the stamps of the streams; gives, for a time, the chunk at which each stream has to
//! begin so that none of its samples at or after that time is missed. Stamps need not rise: what counts is the latest
//! one up to the end of a chunk.

use super::assemble::SampleChunk;
use super::stream::Stream;

/// The latest stamps of streams, chunk by chunk.
#[derive(Debug, Default)]
pub(super) struct ChunkTimes {
    /// Of each stream, in the order of the file: the number of a chunk, and the latest stamp up to its end in seconds.
    of_streams: Vec<Vec<(usize, f64)>>,
}

impl ChunkTimes {
    /// From all chunks of a file.
    pub fn of(chunks: &[SampleChunk], streams: &[Stream]) -> Self {
        let mut firsts = vec![Vec::new(); streams.len()];
        for (number, chunk) in chunks.iter().enumerate() {
            if let Some(own) = firsts.get_mut(chunk.stream) {
                own.push((number, chunk.first));
            }
        }
        let pairs = firsts.iter().zip(streams);
        Self { of_streams: pairs.map(|(own, stream)| latest(own, &stream.stamps)).collect() }
    }

    /// The number of the first chunk of each stream with a sample at or after a time; `usize::MAX` where none has.
    pub fn starts(&self, secs: f64) -> Vec<usize> {
        let start = |own: &Vec<(usize, f64)>| {
            let place = own.partition_point(|(_, latest)| *latest < secs);
            own.get(place).map_or(usize::MAX, |(number, _)| *number)
        };
        self.of_streams.iter().map(start).collect()
    }
}

/// The latest stamp up to the end of each chunk, from the first sample of each.
fn latest(firsts: &[(usize, usize)], stamps: &[f64]) -> Vec<(usize, f64)> {
    let ends = firsts.iter().skip(1).map(|(_, first)| *first).chain([stamps.len()]);
    let mut latest = f64::NEG_INFINITY;
    let mut reached = |first: usize, end: usize| {
        let own = stamps.get(first..end).unwrap_or_default();
        latest = own.iter().copied().fold(latest, f64::max);
        latest
    };
    firsts.iter().zip(ends).map(|((number, first), end)| (*number, reached(*first, end))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_begins_at_its_first_chunk_that_reaches_the_time() {
        // Two streams whose chunks alternate; stamps of the first step back, the second has one that is none.
        let first = latest(&[(0, 0), (2, 2), (4, 4)], &[0.0, 1.0, 5.0, 2.0, 3.0, 6.0]);
        let second = latest(&[(1, 0), (3, 1), (5, 1)], &[0.5, f64::NAN]);
        assert_eq!(first, [(0, 1.0), (2, 5.0), (4, 6.0)]);
        assert_eq!(second, [(1, 0.5), (3, 0.5), (5, 0.5)]);
        let times = ChunkTimes { of_streams: vec![first, second, Vec::new()] };
        for (secs, right) in [
            (-1.0, [0, 1]),
            (0.5, [0, 1]),
            (1.0, [0, usize::MAX]),
            (1.5, [2, usize::MAX]),
            (5.0, [2, usize::MAX]),
            (5.5, [4, usize::MAX]),
            (6.5, [usize::MAX; 2]),
        ] {
            assert_eq!(times.starts(secs), [right[0], right[1], usize::MAX], "{secs}");
        }
    }
}
