//! Reading an LSL stream allocates nothing while data flow.

use assert_no_alloc::assert_no_alloc;
use lsl::{ChannelFormat, ExPushable};
use phosphene::source::Source;

use crate::harness::lsl::{chunk, lsl_on_loopback, outlet, outlet_of_numbers, source};

const RATE_HZ: f64 = 250.0;

#[test]
fn reading_allocates_nothing_while_data_flow() {
    let Some(clock) = lsl_on_loopback() else { return };
    let outlet = outlet("frugal", "EEG", RATE_HZ, ChannelFormat::Int32, &[("Cz", "EEG", "nV"); 8]);
    let texts = outlet_of_numbers("frugal markers");
    let mut source = source("lsl:name=frugal,markers=frugal markers");
    source.prepare(&clock).unwrap();
    let (start, mut chunk, mut frames) = (clock.now_secs(), chunk(8), 0);
    for i in 0..200 {
        let at = start + f64::from(i) / RATE_HZ;
        outlet.push_sample_ex(&vec![i; 8], at, true).unwrap();
        texts.push_sample_ex(&vec![i], at, true).unwrap();
        chunk.clear();
        assert_no_alloc(|| source.read(&mut chunk)).unwrap();
        frames += chunk.len();
    }
    assert!(frames > 0);
    drop(source);
}
