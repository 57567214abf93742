//! The whole signal path: windows lie where the contract says, and how the stream is cut does not matter.

use phosphene::dsp::design::{self, NOTCH_Q};
use phosphene::dsp::filter::SosFilter;
use phosphene::dsp::{Chain, ChainConfig, DspError, Reference, Windows};
use phosphene::signal::{Abstention, Flash, Following, Lit, Lock, Window};
use proptest::prelude::*;

use crate::harness::dsp::{Noise, bits, config, drain, meta, noise_frames, rate, run};

/// Straightforward batch computation of a locked window at 250 Hz, for comparison.
fn batch_window(frames: &[[f32; 3]], first: usize) -> Vec<f32> {
    let mut sections = vec![design::notch(50.0, NOTCH_Q, rate(250.0)).unwrap()];
    sections.extend(design::band_pass(4, [0.5, 40.0], rate(250.0)).unwrap());
    let mut filter = SosFilter::prepare(&sections, 3);
    filter.settle_on(&frames[0]);
    let mut mapped = [Vec::new(), Vec::new()];
    for frame in frames {
        let mut frame = *frame;
        filter.process_in_place(&mut frame);
        mapped[0].push(frame[2]);
        mapped[1].push((0.5 * f64::from(frame[0]) + 0.5 * f64::from(frame[1])) as f32);
    }
    let mut out = Vec::new();
    for channel in mapped {
        let mean = channel[first - 50..first].iter().map(|v| f64::from(*v)).sum::<f64>() / 50.0;
        out.extend(channel[first..first + 200].iter().map(|v| (f64::from(*v) - mean) as f32));
    }
    out
}

#[test]
fn windows_begin_at_the_first_sample_within_half_a_period_of_the_onset() {
    let frames = noise_frames(1500, 1);
    // Onsets in units of samples after frame 500: the half belongs to the earlier sample.
    for (after, first) in [(0.0, 500), (0.4, 500), (0.6, 501), (-0.4, 500), (-0.6, 499)] {
        let onset_secs = 100.0 + (500.0 + after) / 250.0;
        let (_, windows) = run(config(250.0), &frames, &[onset_secs]);
        let [window] = &windows[..] else { panic!("expected one window") };
        assert_eq!(window.samples_uv, batch_window(&frames, first), "onset {after} samples off");
        assert_eq!(window.abstain, None);
        assert_eq!(window.last_sample_secs, meta(first + 199, 250.0).time_secs);
        assert_eq!(window.last_arrival_secs, meta(first + 199, 250.0).arrival_secs);
        assert_eq!(window.lock, Lock::Stimulus { row: Some(0), onset_secs });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Frames come in chunks of any size, windows are taken once a chunk, markers come up to 2 s late:
    /// the same bits, at equal rates and through the resampler.
    #[test]
    fn any_cutting_of_the_stream_gives_the_same_bits(
        chunk_sizes in prop::collection::vec(1_usize..90, 1..40),
        lateness_secs in prop::collection::vec(-1.0_f64..2.0, 4),
        source_hz in prop::sample::select(vec![250.0, 256.0, 500.0]),
        seed in any::<u64>(),
    ) {
        let frames = noise_frames((6.0 * source_hz) as usize, seed);
        let onsets = [101.5, 102.3, 103.111, 103.9];
        let (_, expected) = run(config(source_hz), &frames, &onsets);
        prop_assert_eq!(expected.len(), onsets.len());

        let mut chain = Chain::prepare(config(source_hz)).unwrap();
        let mut got = Vec::new();
        let mut told = [false; 4];
        let mut sizes = chunk_sizes.iter().cycle();
        let mut at = 0;
        while at < frames.len() {
            let end = (at + sizes.next().unwrap()).min(frames.len());
            let now_secs = meta(end, source_hz).time_secs;
            for (row, onset) in onsets.iter().enumerate() {
                if !told[row] && onset + lateness_secs[row] <= now_secs {
                    told[row] = true;
                    chain.push_onset(Some(row as u16), *onset);
                }
            }
            for (i, frame) in frames[at..end].iter().enumerate() {
                chain.push_frame(meta(at + i, source_hz), frame);
            }
            drain(&mut chain, &mut got);
            at = end;
        }
        got.sort_by_key(Window::stimulus_row);
        let all = |windows: &[Window]| windows.iter().map(bits).collect::<Vec<_>>();
        prop_assert_eq!(all(&got), all(&expected));
    }

    /// What comes after a window's last sample leaves no trace in it.
    #[test]
    fn windows_are_causal(seed in any::<u64>()) {
        let frames = noise_frames(1200, seed);
        let (_, expected) = run(config(250.0), &frames, &[102.0]);
        let mut spoilt = frames.clone();
        spoilt[700..].fill([f32::NAN; 3]);
        let (_, got) = run(config(250.0), &spoilt, &[102.0]);
        prop_assert_eq!(bits(&got[0]), bits(&expected[0]));
    }
}

#[test]
fn resampling_keeps_events_where_they_are() {
    // The same 10 Hz wave at two source rates: windows agree, though the resampler holds samples back.
    let wave = |hz: f64| {
        let value = |i: usize| (20.0 * (std::f64::consts::TAU * 10.0 * i as f64 / hz).sin()) as f32;
        (0..(6.0 * hz) as usize).map(|i| [value(i); 3]).collect::<Vec<_>>()
    };
    let direct = run(config(250.0), &wave(250.0), &[103.0]).1;
    for source_hz in [256.0, 1000.0, 512.0] {
        let (chain, resampled) = run(config(source_hz), &wave(source_hz), &[103.0]);
        assert!(chain.resampler_delay_secs() > 0.005);
        let pairs = direct[0].samples_uv.iter().zip(&resampled[0].samples_uv);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // One sample of misplacement would be 5 µV. What is left is half an input period, since the
        // sample grids need not meet, and the warping of the filters' phase.
        let allowed = 20.0 * std::f64::consts::TAU * 10.0 * 0.002 * 0.8;
        assert!(f64::from(worst) < allowed, "{source_hz} Hz: {worst} µV of {allowed}");
    }
}

#[test]
fn a_gap_refuses_the_windows_that_span_it_and_those_before_the_filters_settle() {
    let frames = noise_frames(2000, 3);
    let mut chain = Chain::prepare(config(250.0)).unwrap();
    let mut windows = Vec::new();
    // Frame 1000 is at 104.2 s instead of 104.0 s: its index jumps. Settling lasts 1 s. The baseline of
    // the onset at 104.3 s reaches into the gap.
    let onsets = [100.1, 101.5, 103.5, 104.3, 104.5, 105.5, 106.0];
    for onset in onsets {
        chain.push_onset(None, onset);
    }
    for (i, frame) in frames.iter().enumerate() {
        let index = if i < 1000 { i } else { i + 50 };
        chain.push_frame(meta(index, 250.0), frame);
        drain(&mut chain, &mut windows);
    }
    let reasons: Vec<_> = windows.iter().map(|w| w.abstain).collect();
    let (gap, settling) = (Some(Abstention::Gap), Some(Abstention::Settling));
    assert_eq!(reasons, [settling, None, gap, gap, settling, None, None]);
}

#[test]
fn an_onset_inside_a_gap_is_refused_rather_than_moved() {
    let mut chain =
        Chain::prepare(ChainConfig { baseline_secs: None, settle_secs: 0.0, ..config(250.0) })
            .unwrap();
    chain.push_onset(None, 102.1);
    let mut windows = Vec::new();
    for (i, frame) in noise_frames(1000, 4).iter().enumerate() {
        let index = if i < 500 { i } else { i + 50 };
        chain.push_frame(meta(index, 250.0), frame);
        drain(&mut chain, &mut windows);
    }
    assert_eq!(windows[0].abstain, Some(Abstention::Gap));
}

#[test]
fn onsets_too_late_or_too_many_are_counted() {
    let (mut chain, _) = run(config(250.0), &noise_frames(2500, 5), &[]);
    chain.push_onset(None, 104.0);
    assert_eq!(chain.onset_counts().missed, 1);
    chain.push_onset(None, f64::NAN);
    for i in 0..70 {
        chain.push_onset(None, 1e6 + f64::from(i));
    }
    assert_eq!(chain.onset_counts().overflowed, 6);
    assert_eq!(chain.windows_made(), 0);
    // 108.5 s is 1.5 s ago: served at once, with no further frame.
    chain.push_onset(Some(9), 108.5);
    let mut windows = Vec::new();
    drain(&mut chain, &mut windows);
    assert_eq!(windows[0].stimulus_row(), Some(9));
}

#[test]
fn free_windows_come_once_a_hop_and_stop_when_told() {
    let windows = Windows { locked: false, flashes: false, free: true, hop_secs: 0.1 };
    let (mut chain, made) =
        run(ChainConfig { windows, ..config(250.0) }, &noise_frames(1000, 6), &[101.0]);
    // 1000 frames are 40 hops; the first nine end before 1.0 s of baseline and window are there.
    assert_eq!(made.len(), 31);
    assert!(made.iter().all(|w| w.lock == Lock::Free));
    assert_eq!(made.iter().map(|w| w.index).collect::<Vec<_>>(), (0..31).collect::<Vec<_>>());
    assert_eq!(made[30].samples_uv, batch_window(&noise_frames(1000, 6), 800));
    chain.set_windows(Windows { locked: true, flashes: false, free: false, hop_secs: 0.1 });
    chain.push_frame(meta(1000, 250.0), &[0.0; 3]);
    assert_eq!(chain.windows_made(), 31);
}

#[test]
fn windows_that_nobody_takes_are_replaced_and_counted() {
    let windows = Windows { locked: false, flashes: false, free: true, hop_secs: 0.004 };
    let mut chain = Chain::prepare(ChainConfig { windows, ..config(250.0) }).unwrap();
    for (i, frame) in noise_frames(260, 7).iter().enumerate() {
        chain.push_frame(meta(i, 250.0), frame);
    }
    let mut left = Vec::new();
    drain(&mut chain, &mut left);
    assert_eq!(chain.windows_made(), 11);
    assert_eq!(chain.windows_skipped(), 7);
    assert_eq!(left.iter().map(|w| w.index).collect::<Vec<_>>(), [7, 8, 9, 10]);
}

#[test]
fn a_clock_that_goes_back_starts_the_history_anew() {
    let frames = noise_frames(1500, 8);
    let mut chain = Chain::prepare(config(250.0)).unwrap();
    let mut windows = Vec::new();
    for (i, frame) in frames.iter().enumerate() {
        let mut meta = meta(i, 250.0);
        if i >= 500 {
            meta.time_secs -= 90.0;
            meta.gap_before = i == 500;
        }
        if i == 501 {
            // At 14 s on the new clock, where the old one had gone far beyond.
            chain.push_onset(Some(1), 14.0);
        }
        chain.push_frame(meta, frame);
        drain(&mut chain, &mut windows);
    }
    assert_eq!(windows.len(), 1);
    assert_eq!(windows[0].samples_uv, batch_window(&frames, 1000));
    assert_eq!(windows[0].abstain, None);
}

#[test]
fn reset_makes_a_chain_as_good_as_new() {
    let frames = noise_frames(800, 9);
    let (mut chain, first) = run(config(256.0), &frames, &[101.5]);
    chain.reset();
    chain.push_onset(Some(0), 101.5);
    let mut second = Vec::new();
    for (i, frame) in frames.iter().enumerate() {
        chain.push_frame(meta(i, 256.0), frame);
        drain(&mut chain, &mut second);
    }
    assert_eq!(bits(&second[0]), bits(&first[0]));
}

#[test]
fn the_common_average_of_every_sample_is_zero() {
    let config = ChainConfig { reference: Reference::CommonAverage, ..config(250.0) };
    let (_, windows) = run(config, &noise_frames(1000, 10), &[102.0]);
    for (a, b) in windows[0].channel(0).iter().zip(windows[0].channel(1)) {
        assert!((a + b).abs() < 1e-4);
    }
}

#[test]
fn an_electrode_offset_does_not_swing() {
    let mut noise = Noise(11);
    let frames: Vec<[f32; 3]> =
        (0..1000).map(|_| std::array::from_fn(|_| 60_000.0 + noise.next_uv())).collect();
    let (_, windows) = run(config(250.0), &frames, &[101.2]);
    assert_eq!(windows[0].abstain, None);
    assert!(windows[0].samples_uv.iter().all(|v| v.abs() < 60.0));
}

#[test]
fn impossible_settings_are_refused_with_the_reason() {
    let corner = Chain::prepare(ChainConfig { source_rate: rate(64.0), ..config(250.0) });
    assert!(matches!(corner.err(), Some(DspError::Corner { rate_hz: 64.0, .. })));
    let bad = |change: &dyn Fn(&mut ChainConfig)| {
        let mut config = config(250.0);
        change(&mut config);
        Chain::prepare(config).err().map(|e| e.to_string()).unwrap_or_default()
    };
    assert!(bad(&|c| c.band_hz = [40.0, 0.5]).contains("empty"));
    assert!(bad(&|c| c.band_order = 9).contains("1 to 8"));
    assert!(bad(&|c| c.mapping.truncate(5)).contains("expected 6"));
    assert!(bad(&|c| c.window_secs = [0.8, 0.0]).contains("window"));
    assert!(bad(&|c| c.window_secs = [f64::NAN, 0.8]).contains("window"));
    assert!(bad(&|c| c.baseline_secs = Some([-1e9, 0.0])).contains("baseline"));
    assert!(bad(&|c| c.settle_secs = f64::NAN).contains("settling"));
    assert!(bad(&|c| c.reference = Reference::Channel(2)).contains("reference"));
    assert!(bad(&|c| c.source_channels = 1_000_000).contains("1024"));
    assert!(bad(&|c| c.rate = rate(0.01)).contains("window"));
    let far_apart = |c: &mut ChainConfig| (c.source_rate, c.rate) = (rate(99.0), rate(100_000.0));
    assert!(bad(&far_apart).contains("ratio"));
}

#[test]
fn frames_of_the_wrong_width_are_a_gap() {
    let mut chain = Chain::prepare(config(250.0)).unwrap();
    chain.push_onset(None, 102.0);
    let mut windows = Vec::new();
    for (i, frame) in noise_frames(1000, 12).iter().enumerate() {
        let width = if i == 600 { 2 } else { 3 };
        chain.push_frame(meta(i, 250.0), &frame[..width]);
        drain(&mut chain, &mut windows);
    }
    assert_eq!(windows[0].abstain, Some(Abstention::Gap));
}

/// Windows of these flashes, with a page paused at some time.
fn flashed(flashes: &[(f64, u32, &[usize])], paused_secs: Option<f64>) -> Vec<Window> {
    let windows = Windows { locked: false, flashes: true, ..Windows::default() };
    let mut chain = Chain::prepare(ChainConfig { windows, ..config(250.0) }).unwrap();
    let (mut told, mut found) = (flashes.iter().peekable(), Vec::new());
    for (i, frame) in noise_frames(1500, 6).iter().enumerate() {
        let now_secs = meta(i, 250.0).time_secs;
        // A marker comes with the first frame behind it, as from a screen.
        while let Some((onset_secs, page, lit)) = told.next_if(|(secs, ..)| *secs <= now_secs) {
            let lit = Lit::of(lit.iter().copied());
            let flash = Flash { page: *page, pictures: 40, lit, sought: None };
            chain.push_lock(Lock::Flash { flash, onset_secs: *onset_secs });
        }
        if paused_secs.is_some_and(|secs| (secs..secs + 0.004).contains(&now_secs)) {
            chain.pause_flashes(now_secs);
        }
        chain.push_frame(meta(i, 250.0), frame);
        drain(&mut chain, &mut found);
    }
    found
}

#[test]
fn a_flash_comes_with_those_of_its_page_that_followed_within_its_window() {
    // The third lies in the window's last tenth of a second, whose markers may not be there yet; the last is another page.
    let flashes: [(f64, u32, &[usize]); 5] = [
        (102.0, 3, &[1, 2]),
        (102.2, 3, &[5]),
        (102.75, 3, &[7]),
        (103.9, 3, &[1]),
        (104.1, 4, &[9]),
    ];
    let windows = flashed(&flashes, None);
    assert!(windows.len() == 5 && windows.iter().all(|window| window.abstain.is_none()));
    let after = |i: usize| -> Vec<(f64, Lit)> {
        windows[i].following.iter().map(|f: &Following| (f.delay_secs, f.lit)).collect()
    };
    let delays = |i: usize| -> Vec<f64> {
        after(i).iter().map(|(secs, _)| (secs * 1e6).round() / 1e6).collect()
    };
    assert_eq!((delays(0), after(0)[0].1), (vec![0.2], Lit::of([5])));
    assert_eq!((delays(1), after(1)[0].1), (vec![0.55], Lit::of([7])));
    assert!(delays(2).is_empty() && delays(3).is_empty() && delays(4).is_empty());
    // Nobody asked for windows of pictures.
    let mut chain = Chain::prepare(config(250.0)).unwrap();
    let flash = Flash { page: 0, pictures: 40, lit: Lit::of([1]), sought: None };
    chain.push_lock(Lock::Flash { flash, onset_secs: 101.5 });
    for (i, frame) in noise_frames(1500, 6).iter().enumerate() {
        chain.push_frame(meta(i, 250.0), frame);
    }
    assert_eq!(chain.windows_made(), 0);
}

#[test]
fn a_pause_refuses_the_flashes_whose_windows_hold_it_and_no_others() {
    let flashes: [(f64, u32, &[usize]); 4] =
        [(102.0, 0, &[1]), (103.0, 0, &[2]), (103.4, 0, &[3]), (104.0, 0, &[4])];
    let reasons: Vec<_> =
        flashed(&flashes, Some(103.6)).iter().map(|window| window.abstain).collect();
    let gap = Some(Abstention::Gap);
    assert_eq!(reasons, [None, gap, gap, None]);
}
