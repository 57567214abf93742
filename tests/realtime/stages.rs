//! The real-time stages keep their promise: after they are made, acquisition and filtering allocate nothing,
//! whatever flows, a full ring and a screen that does not draw included.

use assert_no_alloc::assert_no_alloc;
use crossbeam_channel::bounded;
use phosphene::dsp::chain::Chain;
use phosphene::hop::backlog::backlog;
use phosphene::hop::ring::{display_ring, frame_ring};
use phosphene::hop::slot::slot;
use phosphene::pipeline::WindowMode;
use phosphene::pipeline::acquire::{Acquire, HealthFeed};
use phosphene::pipeline::contract::{self, InputContract};
use phosphene::pipeline::process::{Process, ProcessParts, StimulusRows};
use phosphene::pipeline::shared::Shared;
use phosphene::pipeline::traces::Traces;
use phosphene::signal::Window;
use phosphene::snapshot::{ChannelQuality, Health};
use phosphene::source::file::Speed;
use phosphene::source::make;
use phosphene::time::clock::Clock;
use phosphene::time::health::HealthMeter;

/// Reads that the test makes; with 512 frames a read this is more than a minute of signal.
const READS: usize = 60;

#[test]
fn acquisition_and_filtering_allocate_nothing() {
    let shared = Shared::new(Clock::system());
    let spec = "sim:speed=max,montage=biosemi64".parse().unwrap();
    let mut source =
        make::source(&spec, Speed::Max, &phosphene::signal::StimulusSet::bundled_or_none())
            .unwrap();
    let info = source.prepare(&shared.clock).unwrap();
    let channels = info.channels.len();
    let windows = contract::windows(WindowMode::Locked, info.has_markers);
    let fitted = contract::fit(&InputContract::without_pack(), &info, windows);
    let chain = Chain::prepare(fitted.chain).unwrap();
    let samples = chain.window_samples();
    let (to_process, from_acquire) = frame_ring(channels, 1024);
    let (to_record, _full_soon) = frame_ring(channels, 1024);
    let (to_screen, _never_drawn) = display_ring(channels, 256);
    let traces = Traces::new(channels, to_screen);
    let (quality, _nobody_looks) = slot(|| vec![ChannelQuality::default(); channels]);
    let (_commands, receiver) = bounded(1);
    let (mut waiting, mut newest) = backlog(|| Window::with_shape(channels, samples));
    let (health_writer, mut health) = slot(Health::default);
    let feed = HealthFeed::new(HealthMeter::new(info.rate.hz(), false), health_writer);
    let acquire = Acquire::new(source, channels, to_process, Some(to_record));
    let mut acquire = acquire.with_health(feed);
    let mut process = Process::new(ProcessParts {
        ring: from_acquire,
        chain,
        wants_windows: true,
        refuse: None,
        traces: Some(traces),
        quality,
        rate_hz: info.rate.hz(),
        transport: None,
        stamps_are_live: true,
        commands: receiver,
        rows: StimulusRows::of(&phosphene::signal::StimulusSet::bundled_or_none()),
        learner: None,
    });
    let mut publish = |window: &Window| {
        waiting.buffer().copy_from(window);
        waiting.publish(window.index.is_multiple_of(3));
    };
    let mut frames = 0;
    assert_no_alloc(|| {
        for _ in 0..READS {
            let _ = acquire.step(&shared);
            frames += process.step(&shared, &mut publish);
            process.rest();
        }
    });
    assert!(frames > 60 * 250, "only {frames} frames flowed");
    assert!(newest.take().is_some(), "no window was made");
    assert!(health.take().is_some_and(|health| health.received > 250), "the stream was measured");
    assert!(shared.snapshot(|_| None).dropped_in_rings > 0, "the recorder's ring was to overflow");
}
