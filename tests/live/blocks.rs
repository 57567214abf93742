//! Blocks give what single frames give, to the bit, wherever the stream is cut; and both give what the plain
//! operations give, written down one after the other.

use phosphene::dsp::design;
use phosphene::dsp::filter::SosFilter;
use phosphene::dsp::quality::rails::{RawFlags, RawWatch};
use phosphene::dsp::section::Section;
use phosphene::dsp::{Chain, ChainConfig, Reference, Windows};
use phosphene::signal::{FrameMeta, Lock, Window};
use proptest::prelude::*;

use crate::harness::dsp::{Noise, config, meta, rate};

/// What amplifiers send besides EEG: at a rail, standing still, beyond everything, not a number, denormal.
const ODD: [f32; 8] = [2e5, -1.875e5, 9.9e4, 1e12, f32::NAN, f32::NEG_INFINITY, -0.0, 3e-39];

/// `frames` frames of `channels` channels with some odd values, several in a row where `held` is more than 1.
fn signal(frames: usize, channels: usize, seed: u64, held: usize) -> Vec<f32> {
    let mut noise = Noise(seed);
    let mut values: Vec<f32> = (0..frames * channels).map(|_| noise.next_uv()).collect();
    let mut pick = |most: usize| ((noise.next_uv() / 40.0 + 0.5) * most as f32) as usize % most;
    for _ in 0..if held == 0 { 0 } else { 12 } {
        let (channel, from, odd) = (pick(channels), pick(frames), ODD[pick(ODD.len())]);
        for frame in from..(from + held).min(frames) {
            values[frame * channels + channel] = odd;
        }
    }
    values
}

fn to_bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The cascade of one channel, one operation after the other, from rest.
fn plain_cascade(sections: &[Section], signal: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut memory = vec![[0.0_f64; 2]; sections.len()];
    let mut filter = |(n, value): (usize, f32)| {
        let mut x = f64::from(value);
        for (Section { b, a }, [near, far]) in sections.iter().zip(&mut memory) {
            let y = b[0] * x + *near;
            *near = b[1] * x - a[0] * y + *far;
            *far = b[2] * x - a[1] * y;
            x = y;
        }
        if (n + 1).is_multiple_of(64) {
            let tiny = memory.as_flattened_mut().iter_mut().filter(|state| state.abs() < 1e-30);
            tiny.for_each(|state| *state = 0.0);
        }
        x as f32
    };
    signal.enumerate().map(&mut filter).collect()
}

/// The watch of one frame, value by value: what filters get and what was seen.
fn plain_watch(past: &mut [(f32, u32)], rail: Option<f32>, frame: &[f32]) -> (Vec<f32>, RawFlags) {
    let mut flags = RawFlags::default();
    let mut clean = Vec::new();
    for ((held, repeats), value) in past.iter_mut().zip(frame) {
        // What no amplifier gives is damage, as what is no number.
        let is_usable = value.abs() <= 1e8;
        if is_usable {
            *repeats = if value == held { *repeats + 1 } else { 1 };
            *held = *value;
        }
        let at_rail = rail.is_some_and(|rail| held.abs() >= rail * (1.0 - 1e-3));
        flags.railed += u16::from(at_rail || held.abs() > 1e5 && *repeats >= 3);
        flags.not_finite |= !is_usable;
        clean.push(*held);
    }
    (clean, flags)
}

/// Everything that is to be known of a window.
fn all_of(window: &Window) -> (u64, Lock, String, u64, Vec<u32>) {
    let said = format!("{:?}", window.abstain);
    let last = window.last_sample_secs.to_bits();
    (window.index, window.lock, said, last, to_bits(&window.samples_uv))
}

/// A chain of `channels` channels, blended into as many with one left empty, at 512 Hz.
fn wide(channels: usize) -> ChainConfig {
    let mut mapping = vec![0.0; channels * channels];
    for row in 1..channels {
        mapping[row * channels + row] = 1.0;
        mapping[row * channels + row / 2] += 0.25;
    }
    ChainConfig {
        source_channels: channels,
        channels,
        mapping,
        reference: Reference::CommonAverage,
        windows: Windows { locked: true, flashes: false, free: true, hop_secs: 0.04 },
        settle_secs: 0.3,
        ..config(512.0)
    }
}

/// Frames with a gap, a jump of the numbers, and a replay that begins again.
fn numbered(frames: usize) -> Vec<FrameMeta> {
    let number = |i: usize| match i {
        0..500 => i,
        500..900 => i + 7,
        _ => i - 400,
    };
    let gap = |i: usize| FrameMeta { gap_before: i == 300, ..meta(i, 512.0) };
    (0..frames).map(|i| FrameMeta { index: number(i) as u64, ..gap(i) }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_chain_gives_the_same_bits_wherever_the_stream_is_cut(
        seed in any::<u64>(),
        channels in 2_usize..70,
        held in 0_usize..6,
        sizes in prop::collection::vec(1_usize..150, 1..12),
    ) {
        const FRAMES: usize = 1600;
        let (signal, metas) = (signal(FRAMES, channels, seed, held), numbered(FRAMES));
        let mut single = Chain::prepare(wide(channels)).unwrap();
        let mut cut = Chain::prepare(wide(channels)).unwrap();
        let (mut expected, mut got) = (Vec::new(), Vec::new());
        let mut window = Window::with_shape(channels, single.window_samples());
        let (mut at, mut sizes) = (0, sizes.iter().cycle());
        while at < FRAMES {
            let end = (at + sizes.next().unwrap()).min(FRAMES);
            single.push_onset(Some(3), metas[at].time_secs - 0.3);
            cut.push_onset(Some(3), metas[at].time_secs - 0.3);
            for i in at..end {
                single.push_frame(metas[i], &signal[i * channels..(i + 1) * channels]);
                while single.pop_window(0.0, &mut window) {
                    expected.push((i, all_of(&window)));
                }
            }
            let raw_uv = &signal[at * channels..end * channels];
            cut.push_block(&metas[at..end], raw_uv, &mut |last, window| {
                // A number may come twice, after a replay began again: the time does not.
                let i = metas.iter().position(|meta| meta.time_secs == last.time_secs);
                got.push((i.unwrap(), all_of(window)));
            });
            prop_assert_eq!(to_bits(cut.filtered_frame()), to_bits(single.filtered_frame()));
            prop_assert_eq!(cut.quality(), single.quality());
            at = end;
        }
        prop_assert!(expected.len() > 5, "{} windows", expected.len());
        prop_assert_eq!(got, expected);
        prop_assert_eq!(cut.onset_counts(), single.onset_counts());
    }

    #[test]
    fn a_filter_does_the_plain_operations_whatever_the_block(
        seed in any::<u64>(),
        channels in 1_usize..40,
        order in 1_u32..5,
        sizes in prop::collection::vec(1_usize..150, 1..12),
    ) {
        const FRAMES: usize = 700;
        let sections = design::band_pass(order, [60.0, 200.0], rate(512.0)).unwrap();
        let mut signal = signal(FRAMES, channels, seed, 0);
        // Silence until every state is tiny and flushed, which shows in what comes out, then signal again.
        signal[100 * channels..600 * channels].fill(0.0);
        let mut filter = SosFilter::prepare(&sections, channels);
        let mut in_place = SosFilter::prepare(&sections, channels);
        let (mut got, mut placed) = (vec![0.0; signal.len()], signal.clone());
        let (mut at, mut sizes) = (0, sizes.iter().cycle());
        while at < FRAMES {
            let end = (at + sizes.next().unwrap()).min(FRAMES);
            let span = at * channels..end * channels;
            filter.process_block(&signal[span.clone()], &mut got[span.clone()]);
            in_place.process_in_place(&mut placed[span]);
            at = end;
        }
        prop_assert_eq!(to_bits(&got), to_bits(&placed));
        for channel in 0..channels {
            let column = |values: &[f32]| -> Vec<f32> {
                values.iter().skip(channel).step_by(channels).copied().collect()
            };
            let expected = plain_cascade(&sections, column(&signal).into_iter());
            prop_assert_eq!(to_bits(&column(&got)), to_bits(&expected));
        }
    }

    #[test]
    fn the_watch_sees_in_a_block_what_it_sees_in_its_frames(
        seed in any::<u64>(),
        channels in 1_usize..70,
        held in 0_usize..6,
        rail in prop::option::of(prop::sample::select(vec![15.0_f32, 187_500.0])),
        sizes in prop::collection::vec(1_usize..=16, 1..12),
    ) {
        const FRAMES: usize = 160;
        let signal = signal(FRAMES, channels, seed, held);
        let mut watch = RawWatch::prepare(rail, vec![true; channels], 16);
        let mut past = vec![(0.0, 0); channels];
        let (mut at, mut sizes) = (0, sizes.iter().cycle());
        while at < FRAMES {
            let end = (at + sizes.next().unwrap()).min(FRAMES);
            let block = &signal[at * channels..end * channels];
            watch.observe(block);
            let clean = watch.clean(block).chunks_exact(channels);
            for (i, (frame, clean)) in block.chunks_exact(channels).zip(clean).enumerate() {
                let (expected, flags) = plain_watch(&mut past, rail, frame);
                prop_assert_eq!(to_bits(clean), to_bits(&expected));
                prop_assert_eq!(watch.flags(i), flags);
                let railed = &watch.railed(end - at)[i * channels..(i + 1) * channels];
                let count = railed.iter().filter(|railed| **railed).count();
                prop_assert_eq!(count, usize::from(flags.railed));
            }
            at = end;
        }
    }
}
