//! What a board is told, while it streams and before: scale, gaps, markers, impedance, and what comes back after a loss.

use phosphene::dsp::quality::impedance::{ContactMeter, Current};
use phosphene::source::board::{BoardCommand, ChannelSettings, Input};
use phosphene::source::{ReadStatus, Source};
use phosphene::units::SampleRate;

use super::cyton::{Bench, UV_PER_COUNT};
use super::device::FakeCyton;
use super::device::firmware::count_of;
use crate::harness::brainflow::{Read, one_at_a_time, read_until, source};

fn labels(read: &Read) -> Vec<&str> {
    read.markers.iter().map(|marker| marker.label()).collect()
}

fn set(bench: &mut Bench, channel: usize, settings: ChannelSettings) {
    bench.source.command(&BoardCommand::Set { channel, settings }).unwrap();
}

/// Frames since the last start of the board's stream, by what an untouched channel says.
fn sample_of(bench: &Bench, read: &Read, frame: usize) -> u64 {
    let counts = bench.value(read, frame, 0) / UV_PER_COUNT;
    ((counts.round() - 24.0) / 96.0).round() as u64
}

#[test]
fn a_gain_changes_the_scale_and_not_the_microvolts() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(false, "");
    let mut frames = bench.read(100).frames.len() as u64;
    let mut last = 0;
    for gain in [12, 1, 2, 4, 6, 8, 24] {
        set(&mut bench, 2, ChannelSettings { gain, ..ChannelSettings::default() });
        let read = bench.read(150);
        assert_eq!(bench.device.board(|board| board.channels[2].gain), gain);
        (frames, last) = (frames + read.frames.len() as u64, read.frames.last().unwrap().index);
        assert!(read.frames[0].gap_before, "gain {gain}");
        assert_eq!(labels(&read), [format!("board: channel 3 gain {gain}")]);
        assert!(read.markers[0].time_secs < read.frames[0].time_secs);
        // One count at this gain; the analogue value is exact to half of it, and truncated by the device.
        let step_uv = UV_PER_COUNT * 24.0 / f64::from(gain);
        for frame in 0..read.frames.len() {
            let sample = sample_of(&bench, &read, frame);
            let truth = f64::from(count_of(sample, 2)) * UV_PER_COUNT;
            let got = bench.value(&read, frame, 2);
            assert!((got - truth).abs() <= step_uv * 1.001, "gain {gain}: {got} for {truth} µV");
        }
    }
    let (lost, gaps) = bench.lost();
    // Each command costs at least its half second, and every frame of it is counted.
    assert_eq!((gaps, frames + lost), (7, last + 1));
    assert!(lost > 7 * 120, "{lost}");
    assert_eq!(bench.source.counters().left_out, lost, "nothing else went missing");
    assert_eq!(bench.source.board().unwrap().settings[2], ChannelSettings::default());
}

#[test]
fn channels_inputs_bias_and_references_reach_the_board() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(true, "");
    bench.read(50);
    set(&mut bench, 8, ChannelSettings { on: false, ..ChannelSettings::default() });
    let read = bench.read(50);
    assert_eq!(labels(&read), ["board: channel 9 off"]);
    assert!((1..read.frames.len()).all(|frame| bench.value(&read, frame, 8) == 0.0));
    let test = ChannelSettings {
        input: Input::TestSignal,
        bias: false,
        srb2: false,
        ..ChannelSettings::default()
    };
    set(&mut bench, 4, test);
    let read = bench.read(150);
    assert_eq!(labels(&read), ["board: channel 5 input test signal, bias off, srb2 off"]);
    // ±1.875 mV: the reference divided by 2400.
    let peak = (0..read.frames.len()).map(|f| bench.value(&read, f, 4).abs()).fold(0.0, f64::max);
    assert!((peak - 1875.0).abs() < 0.1, "{peak} µV");
    bench.source.command(&BoardCommand::Srb1 { module: 1, on: true }).unwrap();
    let told = bench.device.board(|board| board.channels);
    assert!(!told[8].on && told[4].input == 5 && !told[4].bias && !told[4].srb2);
    // Heard with the next look of the device at its port.
    let read = bench.read(50);
    let told = bench.device.board(|board| board.channels);
    assert!(told[8..].iter().all(|c| c.srb1) && !told[0].srb1);
    assert_eq!(labels(&read), ["board: channels 9 to 16 srb1 on"]);
    bench.source.command(&BoardCommand::Defaults).unwrap();
    let read = bench.read(50);
    assert_eq!(labels(&read), ["board: defaults"]);
    let told = bench.device.board(|board| board.channels);
    assert!(told.iter().all(|c| c.on && c.gain == 24 && c.bias && c.srb2 && !c.srb1));
}

/// Reads the impedance of channels through resistors of known size.
fn measure(bench: &mut Bench, rate_hz: f64, resistors: &[(usize, f64)]) {
    let lead_off = bench.source.board().unwrap().info.lead_off.unwrap();
    let (amps, hz) = (lead_off.seen_amps(), lead_off.hz);
    let current = Current { amps, hz, series_ohm: lead_off.series_ohm };
    let mut meter = ContactMeter::new(SampleRate::new(rate_hz).unwrap(), current).unwrap();
    bench.read(20);
    for &(channel, ohm) in resistors {
        bench.device.board(|board| board.channels[channel].ohm = ohm);
        bench.source.command(&BoardCommand::Measure(Some(channel))).unwrap();
        meter.attend(Some(channel));
        let read = bench.read((1.2 * rate_hz) as usize);
        let found = (0..read.frames.len())
            .find_map(|f| {
                let value_uv = bench.value(&read, f, channel) as f32;
                meter.push(value_uv, read.frames[f].gap_before)
            })
            .unwrap();
        // One count at gain 1 is 0.54 µV or 89 Ω, and a Daisy's means are cut to whole ones.
        assert!((f64::from(found.ohm) - ohm).abs() < 89.0 + ohm * 1e-3, "{ohm}: {found:?}");
    }
    bench.source.command(&BoardCommand::Measure(None)).unwrap();
    bench.read(20);
    let told = bench.device.board(|board| board.channels);
    assert!(told.iter().all(|c| !c.current_n && c.gain == 24 && c.srb2));
}

#[test]
fn impedance_is_what_sits_on_the_channel() {
    let _turn = one_at_a_time();
    measure(&mut Bench::new(false, ""), 250.0, &[(0, 1000.0), (5, 47e3), (7, 2e6)]);
}

#[test]
fn a_daisys_averages_do_not_make_a_contact_better() {
    let _turn = one_at_a_time();
    measure(&mut Bench::new(true, ""), 125.0, &[(2, 47e3), (8, 900e3), (15, 5000.0)]);
}

#[test]
fn a_command_before_the_first_frame_marks_it() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(false, "");
    bench.source.command(&BoardCommand::Measure(Some(0))).unwrap();
    let read = bench.read(20);
    assert!(read.frames[0].gap_before, "what came before the current flowed is told apart");
    assert_eq!((read.frames[0].index, labels(&read)), (0, vec!["board: channel 1 impedance on"]));
}

#[test]
fn a_board_that_was_lost_is_told_again() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(false, "");
    bench.read(50);
    set(&mut bench, 1, ChannelSettings { gain: 8, ..ChannelSettings::default() });
    bench.source.command(&BoardCommand::Measure(Some(0))).unwrap();
    bench.read(50);
    bench.device.unplug();
    read_until(&mut bench.source, 8, |read| read.last_status() == Some(ReadStatus::Lost));
    bench.device = FakeCyton::plug_in(&bench.dir.path().join("port"));
    let read = bench.read(100);
    let told = bench.device.board(|board| board.channels);
    assert_eq!((told[1].gain, told[0].gain, told[0].current_n), (8, 24, false));
    assert_eq!(bench.source.board().unwrap().measuring, None);
    let truth = f64::from(count_of(sample_of(&bench, &read, 99), 1)) * UV_PER_COUNT;
    assert!((bench.value(&read, 99, 1) - truth).abs() <= 3.1 * UV_PER_COUNT);
}

#[test]
fn settings_are_told_before_the_stream_begins() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(false, ",settings=3 gain 12/5 off/all bias off");
    let read = bench.read(100);
    assert_eq!(bench.lost(), (0, 0));
    assert!(labels(&read).is_empty());
    let told = bench.device.board(|board| board.channels);
    assert_eq!((told[2].gain, told[4].on), (12, false));
    assert!(told[..8].iter().all(|c| !c.bias));
    let truth = f64::from(count_of(50, 2)) * UV_PER_COUNT;
    assert!((bench.value(&read, 50, 2) - truth).abs() <= 2.0 * UV_PER_COUNT);
}

#[test]
fn what_cannot_be_told_is_refused_and_changes_nothing() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(false, "");
    bench.read(20);
    let before = bench.source.board().unwrap();
    let bad = ChannelSettings { gain: 5, ..ChannelSettings::default() };
    for command in [
        BoardCommand::Set { channel: 0, settings: bad },
        BoardCommand::Measure(Some(8)),
        BoardCommand::Srb1 { module: 1, on: true },
    ] {
        let said = bench.source.command(&command).unwrap_err().to_string();
        assert!(said.contains("it has"), "{command:?}: {said}");
    }
    assert_eq!(bench.source.board(), Some(before));
    bench.read(100);
    assert_eq!(bench.lost(), (0, 0));
    let mut synthetic = source("synthetic").unwrap();
    assert!(synthetic.board().is_none());
    assert!(synthetic.command(&BoardCommand::Defaults).is_err());
}
