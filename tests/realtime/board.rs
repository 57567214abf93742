//! Reading a board allocates nothing.

use assert_no_alloc::assert_no_alloc;
use phosphene::signal::Chunk;
use phosphene::source::{CHUNK_FRAMES, CHUNK_MARKERS, Source};

use crate::harness::brainflow::{one_at_a_time, prepared, read_until};

#[test]
fn reading_does_not_allocate() {
    let _turn = one_at_a_time();
    let (mut source, _) = prepared("synthetic");
    read_until(&mut source, 16, |read| !read.frames.is_empty());
    let mut chunk = Chunk::with_capacity(16, CHUNK_FRAMES, CHUNK_MARKERS);
    let mut frames = 0;
    assert_no_alloc(|| {
        while frames < 100 {
            chunk.clear();
            if source.read(&mut chunk).is_ok() {
                frames += chunk.len();
            }
        }
    });
    assert!(frames >= 100);
}
