//! LSL streams in and out, against the real liblsl, on the loopback interface.

use lsl::{ChannelFormat, ExPushable};
use phosphene::formats::recording::ChannelHead;
use phosphene::publish::Publisher;
use phosphene::signal::{Chunk, FrameMeta, Marker};
use phosphene::source::lsl::list_streams;
use phosphene::source::{ReadStatus, Source, SourceError, SourceInfo, SourceKind};
use phosphene::units::SampleRate;

use crate::harness::lsl::{
    MAX_READS, Received, chunk, lsl_on_loopback, outlet, outlet_of_numbers, push_ramp, source,
};

/// A clock offset within one machine is at most half the longest round trip that liblsl accepts (0.128 s).
const MAX_OFFSET_SECS: f64 = 0.064;

const RATE_HZ: f64 = 250.0;

#[test]
fn labels_and_units_come_from_the_description() {
    let Some(clock) = lsl_on_loopback() else { return };
    let channels =
        [("O1", "EEG", "volts"), ("O2", "EEG", "µV"), ("Lid", "EOG", "mV"), ("", "EEG", "mV")];
    let outlet = outlet("units", "EEG", RATE_HZ, ChannelFormat::Double64, &channels);
    let mut source = source("lsl:name=units,markers=none");
    let info = source.prepare(&clock).unwrap();
    assert_eq!(info.channels, ["O1", "O2", "Ch4"]);
    assert_eq!((info.rate.hz(), info.source_unit.as_str()), (RATE_HZ, "mixed"));
    assert!(!info.has_markers && !info.simulated);
    assert!(info.notes.iter().any(|note| note.contains("Lid (EOG)")), "{:?}", info.notes);

    let start = clock.now_secs();
    for i in 0..50 {
        outlet
            .push_sample_ex(&vec![12e-6, -3.5, 99.0, 0.25], start + f64::from(i) / RATE_HZ, true)
            .unwrap();
    }
    let mut received = Received::default();
    received.read_until(&mut source, &mut chunk(3), |_| {}, |got| got.frames.len() == 50);
    let counters = source.counters();
    assert!(counters.clock_offset_secs.abs() <= MAX_OFFSET_SECS, "{counters:?}");
    assert!(counters.clock_uncertainty_secs <= MAX_OFFSET_SECS, "{counters:?}");
    for (i, (meta, values)) in received.frames.iter().enumerate() {
        assert_eq!(values, &[12.0, -3.5, 250.0]);
        assert_eq!(meta.index, i as u64);
        let stamp = start + i as f64 / RATE_HZ;
        assert!((meta.time_secs - stamp - counters.clock_offset_secs).abs() < 1e-9);
        assert!(meta.arrival_secs >= start && !meta.gap_before);
    }
    assert_eq!((counters.lost, counters.gaps, counters.reconnects), (0, 0, 0));
}

#[test]
fn integers_and_bare_descriptions_are_understood() {
    let Some(clock) = lsl_on_loopback() else { return };
    let outlet = outlet("ints", "EEG", RATE_HZ, ChannelFormat::Int16, &[("", "", ""); 2]);
    let numbers = outlet_of_numbers("ints markers");
    let mut source = source("lsl:name=ints,markers=ints markers");
    let info = source.prepare(&clock).unwrap();
    assert_eq!(info.channels, ["Ch1", "Ch2"]);
    assert!(info.has_markers);
    assert!(info.notes.iter().any(|note| note.contains("no unit")), "{:?}", info.notes);

    let at = clock.now_secs();
    numbers.push_sample_ex(&vec![7_i32], at, true).unwrap();
    for i in 0..10 {
        outlet.push_sample_ex(&vec![-32_768_i16, 123], at + f64::from(i) / RATE_HZ, true).unwrap();
    }
    let mut received = Received::default();
    let enough = |got: &Received| got.frames.len() == 10 && got.markers.len() == 1;
    received.read_until(&mut source, &mut chunk(2), |_| {}, enough);
    assert_eq!(received.frames[0].1, [-32_768.0, 123.0]);
    assert_eq!(received.markers[0].label(), "7");
    assert!((received.markers[0].time_secs - at).abs() <= MAX_OFFSET_SECS);
    drop(source);
}

#[test]
fn missing_stamps_are_counted_and_marked() {
    let Some(clock) = lsl_on_loopback() else { return };
    let outlet = outlet("holes", "EEG", RATE_HZ, ChannelFormat::Float32, &[("Cz", "EEG", "uV")]);
    let mut source = source("lsl:name=holes,markers=none");
    source.prepare(&clock).unwrap();
    let start = clock.now_secs();
    push_ramp(&outlet, 1, 0..300, start, RATE_HZ);
    push_ramp(&outlet, 1, 310..500, start, RATE_HZ);
    let mut received = Received::default();
    received.read_until(&mut source, &mut chunk(1), |_| {}, |got| got.frames.len() == 490);
    let counters = source.counters();
    assert_eq!((counters.lost, counters.gaps), (10, 1));
    for (meta, values) in &received.frames {
        assert_eq!(meta.index as f32, values[0]);
        assert_eq!(meta.gap_before, meta.index == 310);
    }
}

#[test]
fn a_stream_that_vanishes_and_returns_shows_the_break() {
    let Some(clock) = lsl_on_loopback() else { return };
    let make = || outlet("phoenix", "EEG", RATE_HZ, ChannelFormat::Float32, &[("Cz", "EEG", "uV")]);
    let first = make();
    let mut source = source("lsl:source_id=id-phoenix,markers=none");
    source.prepare(&clock).unwrap();
    let mut chunk = chunk(1);
    let mut received = Received::default();
    push_ramp(&first, 1, 0..100, clock.now_secs(), RATE_HZ);
    received.read_until(&mut source, &mut chunk, |_| {}, |got| got.frames.len() == 100);

    drop(first);
    let is_lost = |got: &Received| got.statuses.last() == Some(&ReadStatus::Lost);
    received.read_until(&mut source, &mut chunk, |_| {}, is_lost);
    assert_eq!(received.frames.len(), 100);

    let second = make();
    let feed = |_| push_ramp(&second, 1, 0..1, clock.now_secs(), RATE_HZ);
    received.read_until(&mut source, &mut chunk, feed, |got| got.frames.len() > 150);
    let counters = source.counters();
    assert_eq!((counters.reconnects, counters.clock_resets), (1, 0));
    assert!(counters.gaps >= 1, "{counters:?}");
    let (before, after) = (received.frames[99].0, received.frames[100].0);
    assert!(after.gap_before);
    let away = ((after.time_secs - before.time_secs) * RATE_HZ).round() as u64;
    assert_eq!(after.index - before.index, away);
    assert!(counters.lost >= away - 1);
    assert_eq!(received.statuses.last(), Some(&ReadStatus::Data));
    source.stop();
}

#[test]
fn a_stream_that_returns_changed_ends_the_source() {
    let Some(clock) = lsl_on_loopback() else { return };
    let first = outlet("shifty", "EEG", RATE_HZ, ChannelFormat::Float32, &[("Cz", "EEG", "uV")]);
    let mut source = source("lsl:name=shifty,markers=none");
    source.prepare(&clock).unwrap();
    drop(first);
    let channels = [("Cz", "EEG", "uV"), ("Pz", "EEG", "uV")];
    let _second = outlet("shifty", "EEG", RATE_HZ, ChannelFormat::Float32, &channels);
    let (mut received, mut chunk) = (Received::default(), chunk(1));
    let error = (0..MAX_READS).find_map(|_| received.read(&mut source, &mut chunk).err());
    let error = error.expect("the change is noticed");
    assert!(matches!(error, SourceError::Lost { .. }), "{error}");
    assert!(error.to_string().contains("2 channels instead of 1"), "{error}");
}

#[test]
fn streams_that_cannot_be_eeg_are_refused() {
    let Some(clock) = lsl_on_loopback() else { return };
    let _events = outlet("events", "EEG", 0.0, ChannelFormat::Float32, &[("", "", "")]);
    let _texts = outlet("texts", "EEG", RATE_HZ, ChannelFormat::String, &[("", "", "")]);
    let _eog = outlet("eog", "EEG", RATE_HZ, ChannelFormat::Float32, &[("Lid", "EOG", "uV")]);
    for (name, word) in [("events", "irregular"), ("texts", "no numbers"), ("eog", "Lid (EOG)")] {
        let error = source(&format!("lsl:name={name},markers=none")).prepare(&clock).unwrap_err();
        assert!(matches!(error, SourceError::Unusable { .. }), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn hostile_streams_are_refused_in_one_sentence_or_used_by_their_numbers() {
    let Some(clock) = lsl_on_loopback() else { return };
    // liblsl itself refuses some of them; what it lets through must not hurt.
    let make = |name: &str, channels: u32, rate_hz: f64| {
        let info =
            lsl::StreamInfo::new(name, "EEG", channels, rate_hz, ChannelFormat::Float32, name)
                .ok()?;
        lsl::StreamOutlet::new(&info, 0, 1).ok()
    };
    let mut seen = 0;
    for (name, channels, rate_hz, word) in [
        ("wide", 100_000, RATE_HZ, "100000 channels; 1 to"),
        ("none", 0, RATE_HZ, "0 channels"),
        ("racing", 1, 1e9, "1000000000"),
        ("nan", 1, f64::NAN, "rate"),
        ("backwards", 1, -5.0, "rate"),
    ] {
        let Some(_outlet) = make(name, channels, rate_hz) else { continue };
        let found = source(&format!("lsl:name={name},markers=none,timeout=3")).prepare(&clock);
        // A stream whose announcement liblsl cannot read back is not found at all.
        let message = found.unwrap_err().to_string();
        assert!(message.contains(word) || message.contains("was found"), "{name}: {message}");
        assert!(message.len() < 1000 && !message.chars().any(char::is_control), "{message}");
        seen += usize::from(message.contains(word));
    }
    assert!(seen >= 2, "only {seen} of them could be made and found");
}

#[test]
fn a_description_of_five_megabytes_and_odd_names_do_no_harm() {
    let Some(clock) = lsl_on_loopback() else { return };
    let long = "x".repeat(5 << 20);
    let channels = [(long.as_str(), "EEG", "uV"), ("C\u{9b}2Jz", "EEG", "uV")];
    let outlet = outlet("weighty", "EEG", RATE_HZ, ChannelFormat::Float32, &channels);
    let mut source = source("lsl:name=weighty,markers=none");
    let info = source.prepare(&clock).unwrap();
    assert!(info.channels[0].len() < 100 && info.channels[1] == "C2Jz", "{:?}", info.channels[1]);
    push_ramp(&outlet, 2, 0..10, clock.now_secs(), RATE_HZ);
    let mut received = Received::default();
    received.read_until(&mut source, &mut chunk(2), |_| {}, |got| got.frames.len() == 10);
    drop(source);
}

#[test]
fn streams_of_one_name_are_told_apart_and_each_can_be_had() {
    let Some(clock) = lsl_on_loopback() else { return };
    let make = |source_id: &str, channels| {
        let info = lsl::StreamInfo::new(
            "homonym",
            "EEG",
            channels,
            RATE_HZ,
            ChannelFormat::Float32,
            source_id,
        );
        lsl::StreamOutlet::new(&info.unwrap(), 0, 60).unwrap()
    };
    let (_one, _two) = (make("cap-a", 1), make("cap-b", 2));
    let info = source("lsl:name=homonym,markers=none,timeout=3").prepare(&clock).unwrap();
    assert!(info.notes.iter().any(|note| note.contains("source_id=cap-")), "{:?}", info.notes);
    let listed: Vec<_> =
        list_streams(1.5).unwrap().into_iter().filter(|s| s.name == "homonym").collect();
    assert_eq!(listed.len(), 2);
    for stream in &listed {
        let spec = stream.spec_among(&listed);
        let info = source(&format!("{spec},markers=none")).prepare(&clock).unwrap();
        assert_eq!(info.channels.len(), stream.channels, "{spec}");
    }
}

#[test]
fn no_stream_is_an_error_that_tells_what_is_there() {
    let Some(clock) = lsl_on_loopback() else { return };
    let _other = outlet("bystander", "EEG", RATE_HZ, ChannelFormat::Float32, &[("Cz", "", "")]);
    let error = source("lsl:name=nobody,timeout=2").prepare(&clock).unwrap_err();
    assert!(matches!(error, SourceError::NotFound { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("nobody") && message.contains("'bystander' (EEG)"), "{message}");
    let error = source("lsl:name=bystander,timeout=2,markers=absent").prepare(&clock).unwrap_err();
    assert!(error.to_string().contains("'absent'"), "{error}");
}

#[test]
fn of_several_streams_the_oldest_is_taken_and_the_others_are_told() {
    let Some(clock) = lsl_on_loopback() else { return };
    let _old = outlet("twin-1", "Twin", RATE_HZ, ChannelFormat::Float32, &[("Cz", "", "uV")]);
    let _new = outlet("twin-2", "Twin", RATE_HZ, ChannelFormat::Float32, &[("Cz", "", "uV")]);
    let mut source =
        source("lsl:markers=none,timeout=3,pred=type='Twin' and starts-with(name,'twin')");
    let info = source.prepare(&clock).unwrap();
    assert_eq!(info.name, "twin-1");
    assert!(info.notes.iter().any(|note| note.contains("'twin-2'")), "{:?}", info.notes);
    let listed = list_streams(1.0).unwrap();
    assert!(listed.iter().any(|stream| stream.name == "twin-2" && stream.format == "float32"));
}

#[test]
fn what_is_published_comes_back_as_it_was() {
    let Some(clock) = lsl_on_loopback() else { return };
    let info = SourceInfo {
        mounted: None,
        kind: SourceKind::Sim,
        name: "virtual subject".into(),
        simulated: true,
        snr_db: None,
        channels: vec!["O1".into(), "O2".into()],
        rate: SampleRate::new(RATE_HZ).unwrap(),
        source_unit: "uV".into(),
        has_markers: true,
        notes: Vec::new(),
    };
    // What a recording says of its electrodes is published with them.
    let known = [ChannelHead {
        label: "O2".into(),
        location_mm: Some([28.5, -90.0, 12.0]),
        filtering: "HP:0.1Hz".into(),
        reference: "A1".into(),
        ..ChannelHead::default()
    }];
    let mut publisher = Publisher::new(&info, "round trip", &known).unwrap();
    assert_eq!(publisher.name(), "round trip SIMULATED");
    let found = lsl::resolve_byprop("name", publisher.name(), 1, 5.0).unwrap();
    let inlet = lsl::StreamInlet::new(&found[0], 1, 0, false).unwrap();
    let xml: String = inlet.info(5.0).unwrap().to_xml().unwrap().split_whitespace().collect();
    for part in [
        "<label>O1</label><unit>microvolts</unit><type>EEG</type></channel>",
        "<location><X>28.5</X><Y>-90</Y><Z>12</Z></location><filtering>HP:0.1Hz</filtering>",
        "<reference><label>A1</label></reference>",
    ] {
        assert!(xml.contains(part), "{part} is not in {xml}");
    }
    drop(inlet);
    let mut source = source("lsl:name=round trip SIMULATED");
    let seen = source.prepare(&clock).unwrap();
    assert_eq!((seen.channels, seen.simulated, seen.has_markers), (info.channels, true, true));
    assert_eq!(seen.source_unit, "microvolts");

    let start = clock.now_secs();
    let mut sent = Chunk::with_capacity(2, 100, 4);
    for i in 0..100_u64 {
        let meta = FrameMeta { time_secs: start + i as f64 / RATE_HZ, ..FrameMeta::default() };
        assert!(sent.push(meta, &[i as f32, -0.5 * i as f32]));
    }
    assert!(sent.push_marker(Marker::stimulus_onset(start + 0.1, "panda")));
    publisher.write(&sent).unwrap();
    assert!(publisher.has_receivers());
    let mut received = Received::default();
    let enough = |got: &Received| got.frames.len() == 100 && got.markers.len() == 1;
    received.read_until(&mut source, &mut chunk(2), |_| {}, enough);
    let values: Vec<f32> = received.frames.iter().flat_map(|(_, values)| values.clone()).collect();
    assert_eq!(values, sent.samples());
    assert_eq!(received.markers[0].label(), "stim/panda");
    assert!((received.markers[0].time_secs - start - 0.1).abs() <= MAX_OFFSET_SECS);
    let narrow = Chunk::with_capacity(1, 1, 1);
    assert!(publisher.write(&narrow).unwrap_err().to_string().contains("1 channels"));
    drop(source);
}
