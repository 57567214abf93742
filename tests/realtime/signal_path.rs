//! After `prepare` nothing in the signal path allocates: a minute of 64 channels under an allocator that
//! aborts the program when it is asked for memory.

use assert_no_alloc::assert_no_alloc;
use phosphene::dsp::display::{DisplayDesign, DisplayFilter};
use phosphene::dsp::{BandStatistics, Chain, ChainConfig, GateConfig, Reference, Windows};
use phosphene::signal::{FrameMeta, Window};
use phosphene::units::SampleRate;

const CHANNELS: usize = 64;
const SOURCE_HZ: usize = 512;

fn config() -> ChainConfig {
    let mut mapping = vec![0.0; CHANNELS * CHANNELS];
    (0..CHANNELS).for_each(|c| mapping[c * CHANNELS + c] = 1.0);
    ChainConfig {
        source_rate: SampleRate::new(SOURCE_HZ as f64).unwrap(),
        source_channels: CHANNELS,
        mapping,
        channels: CHANNELS,
        rate: SampleRate::new(250.0).unwrap(),
        band_hz: [0.5, 40.0],
        band_order: 4,
        notch_hz: Some(50.0),
        reference: Reference::CommonAverage,
        window_secs: [0.0, 0.8],
        baseline_secs: Some([-0.2, 0.0]),
        windows: Windows { locked: true, flashes: false, free: true, hop_secs: 0.25 },
        settle_secs: 2.0,
        gate: GateConfig {
            training: Some(BandStatistics { mean: [0.0; 5], std: [10.0; 5] }),
            ..GateConfig::default()
        },
    }
}

#[test]
fn a_minute_of_64_channels_allocates_nothing() {
    let mut chain = Chain::prepare(config()).unwrap();
    let mut window = Window::with_shape(CHANNELS, chain.window_samples());
    let rate = SampleRate::new(SOURCE_HZ as f64).unwrap();
    let design = DisplayDesign::new(0.5, 40.0, 50.0, rate).unwrap();
    let mut display = DisplayFilter::prepare(CHANNELS, &DisplayDesign::OFF);
    let mut frame = vec![0.0_f32; CHANNELS];
    let (mut state, mut decodable, mut refused) = (1_u32, 0, 0);
    assert_no_alloc(|| {
        for i in 0..60 * SOURCE_HZ {
            for value in &mut frame {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *value = (state >> 8) as f32 * 2e-6;
            }
            let time_secs = i as f64 / SOURCE_HZ as f64;
            let gap_before = i == 30 * SOURCE_HZ;
            let meta =
                FrameMeta { index: i as u64, time_secs, arrival_secs: time_secs, gap_before };
            if i % 300 == 0 {
                chain.push_onset(Some(1), time_secs - 0.5);
                chain.push_onset(None, time_secs + 0.5);
                display.set_design(&design);
                chain.set_windows(Windows {
                    locked: true,
                    flashes: false,
                    free: true,
                    hop_secs: 0.2,
                });
            }
            if i == 45 * SOURCE_HZ {
                (frame[3], frame[4]) = (f32::NAN, 2e5);
            }
            let mut count = |window: &Window| {
                *(if window.abstain.is_some() { &mut refused } else { &mut decodable }) += 1;
            };
            if i % 2 == 0 {
                chain.push_block(&[meta], &frame, &mut |_, window| count(window));
            } else {
                chain.push_frame(meta, &frame);
                while chain.pop_window(time_secs, &mut window) {
                    count(&window);
                }
            }
            display.process_in_place(&mut frame);
            std::hint::black_box((chain.filtered_frame(), chain.quality()));
        }
        chain.reset();
    });
    assert!(decodable > 300, "{decodable} windows were decodable, {refused} refused");
    assert!(refused > 0, "the gap, the start and what was not a number must refuse some");
}
