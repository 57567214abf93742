//! `read` of the virtual subject, alone and under a fault layer, allocates nothing after `prepare`.

use std::sync::Arc;

use assert_no_alloc::assert_no_alloc;
use phosphene::signal::{Chunk, Flash, Lighting, Lit, OpenPage, Screen, StimulusSet};
use phosphene::source::faulty::{Faults, FaultySource};
use phosphene::source::simulator::SimulatedSource;
use phosphene::source::{CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source};
use phosphene::subject::{SimParams, Speed};
use phosphene::time::clock::Clock;

fn read_to_the_end(source: &mut dyn Source) -> usize {
    let mut chunk = Chunk::with_capacity(16, CHUNK_FRAMES, CHUNK_MARKERS);
    source.prepare(&Clock::manual(0.0).0).unwrap();
    let mut frames = 0;
    assert_no_alloc(|| {
        loop {
            chunk.clear();
            match source.read(&mut chunk) {
                Ok(ReadStatus::End) | Err(_) => break,
                Ok(_) => frames += chunk.len(),
            }
        }
    });
    frames
}

#[test]
fn reading_does_not_allocate() {
    let params = SimParams { speed: Speed::Max, seconds: Some(60.0), ..SimParams::default() };
    let source = || SimulatedSource::new(params.clone(), Arc::new(StimulusSet::bundled().unwrap()));
    assert_eq!(read_to_the_end(&mut source()), 15_000);
    let faults = Faults {
        drop_probability: 0.1,
        jitter_secs: 0.01,
        repeat_probability: 0.05,
        swap_probability: 0.05,
        nan_probability: 0.05,
        stall_secs: vec![10.0],
        mute_secs: vec![40.0],
        reset_secs: vec![20.0],
        unplug_secs: vec![30.0],
        ..Faults::default()
    };
    let frames = read_to_the_end(&mut FaultySource::new(Box::new(source()), faults));
    assert!((12_000..14_000).contains(&frames), "{frames}");
}

#[test]
fn looking_for_a_picture_among_flashes_does_not_allocate() {
    let params = SimParams { speed: Speed::Max, seconds: Some(60.0), ..SimParams::default() };
    let screen = Arc::new(Screen::new(300));
    screen.set_open(true);
    screen.turn_to(Some(OpenPage { number: 1, pictures: 40, sought: None }));
    for k in 0..300 {
        // Two pages, of which nobody tells the second.
        let page = if k < 150 { 1 } else { 2 };
        let flash =
            Flash { page, pictures: 40, lit: Lit::of([k % 40, (k + 17) % 40]), sought: None };
        let onset_secs = 0.19 * k as f64;
        screen.light(Lighting { flash, onset_secs, offset_secs: onset_secs + 0.1 });
    }
    let source = SimulatedSource::new(params, Arc::new(StimulusSet::bundled().unwrap()));
    assert_eq!(read_to_the_end(&mut source.with_screen(screen.clone())), 15_000);
    assert_eq!(screen.next_lit(), None, "every flash was seen");
}
