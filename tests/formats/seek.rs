//! Reading from the middle: whatever the format, what comes after a seek is what reading from the front gives there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use phosphene::formats::recording::{
    Block, Calendar, ChannelHead, Event, ReadRecording, StreamHead, WriteHead, WriteRecording,
};
use phosphene::formats::{brainvision, edf, open, xdf};
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

/// Seeks on each reader.
const SEEKS: usize = 100;

/// Every so manyth is read to the end; of the others three blocks.
const WHOLE: usize = 5;

/// A time, and all values or texts at that time, to the last bit.
type Row = (u64, Vec<u64>, Vec<String>);

/// What a reader gives from where it stands.
#[derive(Debug, Default)]
struct Given {
    rows: Vec<Vec<Row>>,
    events: Vec<Event>,
    at_end: bool,
}

impl Given {
    fn read(reader: &mut dyn ReadRecording, most_blocks: usize) -> Self {
        let streams = reader.head().streams.len();
        let mut given = Self { rows: vec![Vec::new(); streams], ..Self::default() };
        let mut block = Block::default();
        for _ in 0..most_blocks {
            let more = reader.next_block(&mut block).unwrap();
            let count = block.times_secs.len().max(1);
            let (numbers, texts) = (block.values.len() / count, block.texts.len() / count);
            for (row, time_secs) in block.times_secs.iter().enumerate() {
                let values = &block.values[row * numbers..(row + 1) * numbers];
                let values = values.iter().map(|value| value.to_bits()).collect();
                let texts = block.texts[row * texts..(row + 1) * texts].to_vec();
                given.rows[block.stream].push((time_secs.to_bits(), values, texts));
            }
            given.events.append(&mut block.events);
            if !more {
                given.at_end = true;
                break;
            }
        }
        given
    }

    fn events_from(&self, secs: f64) -> Vec<&Event> {
        self.events.iter().filter(|event| event.time_secs >= secs).collect()
    }
}

fn secs_of(row: &Row) -> f64 {
    f64::from_bits(row.0)
}

/// Compares what was given after a seek with the front; gives how long before the time the earliest row was.
fn compare(front: &Given, given: &Given, secs: f64, about: &str) -> f64 {
    let mut lead_secs = 0.0_f64;
    for (stream, (all, rows)) in front.rows.iter().zip(&given.rows).enumerate() {
        let wanted = all.iter().position(|row| secs_of(row) >= secs).unwrap_or(all.len());
        if given.at_end {
            assert!(rows.len() >= all.len() - wanted, "{about}: stream {stream} begins too late");
        }
        let mut places = (0..=wanted).rev();
        let place = places.find(|place| {
            let there = &all[*place..];
            if given.at_end { there == rows.as_slice() } else { there.starts_with(rows) }
        });
        assert!(place.is_some(), "{about}: stream {stream} gives other rows than the front");
        if let Some(first) = rows.first() {
            lead_secs = lead_secs.max(secs - secs_of(first));
        }
    }
    if given.at_end {
        assert_eq!(given.events_from(secs), front.events_from(secs), "{about}");
    }
    for event in &given.events {
        assert!(front.events.contains(event), "{about}: {event:?} is not in the front");
    }
    lead_secs
}

/// Times worth a seek: anywhere, at samples and events and beside them, outside.
fn times(front: &Given, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let rows: Vec<f64> = front.rows.iter().flatten().map(secs_of).collect();
    let first = rows.iter().copied().fold(f64::INFINITY, f64::min).min(1e9);
    let last = rows.iter().copied().fold(f64::NEG_INFINITY, f64::max).max(first);
    let events: Vec<f64> = front.events.iter().map(|event| event.time_secs).collect();
    let mut times = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, first, last, last.next_up()];
    while times.len() < SEEKS {
        let exact = match rng.random_range(0..3) {
            0 if !rows.is_empty() => rows[rng.random_range(0..rows.len())],
            1 if !events.is_empty() => events[rng.random_range(0..events.len())],
            _ => rng.random_range(first - 1.0..last + 1.0),
        };
        times.push([exact, exact.next_up(), exact.next_down()][rng.random_range(0..3)]);
    }
    times.shuffle(rng);
    times
}

/// Seeks about in a file with one reader; gives the longest lead in seconds.
fn check(path: &Path, seed: u64) -> f64 {
    let front = Given::read(&mut *open(path).unwrap(), usize::MAX);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut longest_secs = 0.0_f64;
    // A reader that has read nothing yet, and one that has read to the end.
    for is_surveyed in [false, true] {
        let mut reader = open(path).unwrap();
        if is_surveyed {
            Given::read(&mut *reader, usize::MAX);
        }
        for (number, secs) in times(&front, &mut rng).into_iter().enumerate() {
            let about = format!("{}: seek {number} to {secs:?} ({is_surveyed})", path.display());
            reader.seek_secs(secs).unwrap();
            let most = if number % WHOLE == 0 { usize::MAX } else { 3 };
            let given = Given::read(&mut *reader, most);
            // Before the beginning, or NaN, everything comes.
            let secs = if secs.is_nan() { f64::NEG_INFINITY } else { secs };
            let lead_secs = compare(&front, &given, secs, &about);
            if is_surveyed && secs.is_finite() {
                longest_secs = longest_secs.max(lead_secs);
            }
        }
        assert!(reader.warnings().len() <= 100, "{:?}", reader.warnings());
        reader.rewind().unwrap();
        let again = Given::read(&mut *reader, usize::MAX);
        assert_eq!(again.rows, front.rows, "{}: rewound", path.display());
        assert_eq!(again.events, front.events, "{}: rewound", path.display());
    }
    longest_secs
}

/// All files below a folder, in order.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn check_vectors(folder: &str) -> usize {
    let files = files_below(&crate::harness::vectors(folder));
    let is_recording = |path: &&PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        ending != "py" && open(path).is_ok()
    };
    let recordings: Vec<_> = files.iter().filter(is_recording).collect();
    let mut leads = BTreeMap::<String, f64>::new();
    for (seed, path) in recordings.iter().enumerate() {
        let front = Given::read(&mut *open(path).unwrap(), usize::MAX);
        let all = front.rows.iter().flatten().map(secs_of).filter(|secs| secs.is_finite());
        let length_secs = all.fold(0.0_f64, f64::max);
        let share = check(path, seed as u64) / length_secs.max(1e-9);
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let least = leads.entry(ending.to_lowercase()).or_insert(f64::INFINITY);
        *least = least.min(share);
    }
    // A reader that only rewinds begins as early as the file is long, in each of them.
    for ending in ["set", "fif", "gdf", "cnt"] {
        if let Some(share) = leads.get(ending) {
            assert!(*share < 0.8, "{ending}: begins {share} of the length early, at best");
        }
    }
    recordings.len()
}

#[test]
fn every_vector_is_read_from_the_middle_as_from_the_front() {
    assert!(check_vectors("formats") >= 40, "most of the vectors are recordings");
    assert!(check_vectors("xdf") >= 2);
}

fn channel(label: &str, unit: &str) -> ChannelHead {
    ChannelHead { label: label.into(), unit: unit.into(), ..ChannelHead::default() }
}

/// The head of a file of these channels in µV, with an event every 0.7 s.
fn head(labels: &[&str], most: f64, secs: u32) -> WriteHead {
    let event = |i: u32| Event {
        time_secs: f64::from(i) * 0.7,
        duration_secs: None,
        label: format!("e{i}"),
    };
    WriteHead {
        started: Some(Calendar { year: 2026, month: 11, day: 29, hour: 9, minute: 0, second: 0.0 }),
        stream: StreamHead {
            rate_hz: 250.0,
            channels: labels.iter().map(|label| channel(label, "uV")).collect(),
            ..StreamHead::default()
        },
        ranges: vec![[-most, most]; labels.len()],
        events: (0..secs * 10 / 7).map(event).collect(),
        ..WriteHead::default()
    }
}

/// Writes 60 s at 250 Hz. Behind sample `gap` everything is 7.3 s later.
fn write(
    mut writer: Box<dyn WriteRecording>,
    channels: usize,
    gap: Option<usize>,
    value: impl Fn(usize, usize) -> f64,
) {
    let late = |i: usize| if gap.is_some_and(|gap| i >= gap) { 7.3 } else { 0.0 };
    let times: Vec<f64> = (0..15_000).map(|i| i as f64 / 250.0 + late(i)).collect();
    let values: Vec<f64> =
        (0..15_000 * channels).map(|cell| value(cell / channels, cell % channels)).collect();
    writer.write(&times, &values).unwrap();
    writer.finish().unwrap();
}

fn write_edf(path: &Path, kind: edf::Kind, gap: Option<usize>) {
    let head = head(&["O1", "Oz", "O2"], 100.0, 67);
    let writer = edf::EdfWriter::create(path, kind, &head).unwrap();
    write(Box::new(writer), 3, gap, |i, c| (i % 190) as f64 - 95.0 + 0.1 * c as f64);
}

#[test]
fn files_of_records_begin_at_the_record() {
    let folder = tempfile::tempdir().unwrap();
    for (name, kind, gap) in [
        ("a.edf", edf::Kind::Edf, None),
        ("a.bdf", edf::Kind::Bdf, None),
        ("gap.edf", edf::Kind::Edf, Some(7654)),
        ("gap.bdf", edf::Kind::Bdf, Some(7654)),
    ] {
        let path = folder.path().join(name);
        write_edf(&path, kind, gap);
        let lead_secs = check(&path, 1);
        assert!(lead_secs <= 1.01, "{name} begins {lead_secs} s early");
    }
}

/// Exchanges two parts of equal length.
fn exchange(bytes: &mut [u8], first: usize, second: usize, len: usize) {
    for i in 0..len {
        bytes.swap(first + i, second + i);
    }
}

#[test]
fn records_and_annotations_in_any_order_are_found() {
    let folder = tempfile::tempdir().unwrap();
    for (name, gap) in [("c.edf", None), ("d.edf", Some(7654))] {
        let path = folder.path().join(name);
        write_edf(&path, edf::Kind::Edf, gap);
        let sound = std::fs::read(&path).unwrap();
        let number = |at: usize| -> usize {
            String::from_utf8_lossy(&sound[at..at + 8]).trim().parse().unwrap()
        };
        let (header_bytes, records) = (number(184), number(236));
        let record_bytes = (sound.len() - header_bytes) / records;
        let annotations_at = 3 * 2 * 250;
        let at = |record: usize| header_bytes + record * record_bytes;
        // Annotations of late records in an early one, and the other way about; where each record has its own time, whole
        // records out of order.
        let (from, len) = match gap {
            None => (annotations_at, record_bytes - annotations_at),
            Some(_) => (0, record_bytes),
        };
        let mut bytes = sound.clone();
        for (early, late) in [(1, 40), (2, 55), (30, 31)] {
            exchange(&mut bytes, at(early) + from, at(late) + from, len);
        }
        std::fs::write(&path, bytes).unwrap();
        check(&path, 2);
    }
}

#[test]
fn codes_of_biosemi_and_emotiv_are_those_of_the_front() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.bdf");
    let mut status = head(&["O1", "Status"], 8_388_607.0, 0);
    status.ranges = vec![[-100.0, 100.0], [-8_388_608.0, 8_388_607.0]];
    let writer = edf::EdfWriter::create(&path, edf::Kind::Bdf, &status).unwrap();
    // A code every 1.4 s that stays for as long, over the ends of records, and codes that follow one another.
    let code = |i: usize| if (i / 350).is_multiple_of(2) { 0.0 } else { (i / 90) as f64 };
    write(Box::new(writer), 2, None, |i, c| if c == 1 { code(i) } else { 1.0 });
    let found = Given::read(&mut *open(&path).unwrap(), usize::MAX).events.len();
    assert!(found > 40, "{found} codes");
    let lead_secs = check(&path, 3);
    assert!(lead_secs <= 1.01, "begins {lead_secs} s early");

    let path = folder.path().join("emotiv.edf");
    let emotiv = head(&["COUNTER", "AF3", "MARKER"], 3276.0, 0);
    let writer = edf::EdfWriter::create(&path, edf::Kind::Edf, &emotiv).unwrap();
    // Every 700 samples five are lost.
    let count = |i: usize| ((i + i / 700 * 5) % 128) as f64;
    let value = |i: usize, c: usize| match c {
        0 => count(i),
        1 => 4200.0 % 97.0 + (i % 50) as f64,
        _ => f64::from(u8::from((i / 333).is_multiple_of(3))),
    };
    write(Box::new(writer), 3, None, value);
    let lost = |said: &String| said == "105 samples are missing by the headset's count";
    let mut reader = open(&path).unwrap();
    Given::read(&mut *reader, usize::MAX);
    assert!(reader.warnings().iter().any(lost), "{:?}", reader.warnings());
    // A record that holds a loss, and the one before it.
    let lead_secs = check(&path, 4);
    assert!(lead_secs <= 2.1, "begins {lead_secs} s early");
}

#[test]
fn brainvision_begins_at_the_sample_across_pauses() {
    let folder = tempfile::tempdir().unwrap();
    for (name, encoding) in
        [("a.vhdr", brainvision::Encoding::Int16), ("b.vhdr", brainvision::Encoding::Float32)]
    {
        let path = folder.path().join(name);
        let head = head(&["O1", "Oz"], 100.0, 67);
        let writer = brainvision::BrainVisionWriter::create(&path, encoding, &head).unwrap();
        write(Box::new(writer), 2, Some(7654), |i, _| (i % 190) as f64 - 95.0);
        assert_eq!(check(&path, 5), 0.0, "{name}");
    }
}

/// Streams of their own rates and clocks: EEG in small chunks, one that comes late and in one long chunk, and words.
fn write_xdf(path: &Path) {
    let mut writer = xdf::XdfWriter::new(Vec::new(), &xdf::FileDescription::default()).unwrap();
    let stream = |rate_hz, format, channels| xdf::StreamDescription {
        rate_hz,
        format,
        channels: vec![xdf::ChannelDescription::default(); channels],
        ..xdf::StreamDescription::default()
    };
    let eeg = writer.add_stream(&stream(100.0, xdf::ChannelFormat::Float32, 2)).unwrap();
    let fast = writer.add_stream(&stream(2000.0, xdf::ChannelFormat::Int16, 1)).unwrap();
    let words = writer.add_stream(&stream(0.0, xdf::ChannelFormat::String, 1)).unwrap();
    for chunk in 0..60 {
        let stamps: Vec<f64> =
            (0..100).map(|i| 500.0 + f64::from(chunk) + f64::from(i) / 100.0).collect();
        let values: Vec<f32> = (0..200).map(|i| (200 * chunk + i) as f32).collect();
        writer.samples(eeg, &stamps, &values).unwrap();
        writer.clock_offset(eeg, 500.0 + f64::from(chunk), 0.25).unwrap();
        if chunk % 3 == 0 {
            // Sent late, and once out of order.
            let secs = 499.5 + f64::from(if chunk == 30 { 20 } else { chunk });
            writer.texts(words, &[secs], &[format!("w{chunk}")]).unwrap();
        }
        if chunk == 45 {
            let stamps: Vec<f64> = (0..80_000).map(|i| 502.0 + f64::from(i) / 2000.0).collect();
            let values: Vec<i16> = (0..80_000).map(|i| (i % 30_000) as i16).collect();
            writer.samples(fast, &stamps, &values).unwrap();
        }
    }
    std::fs::write(path, writer.finish().unwrap()).unwrap();
}

#[test]
fn xdf_begins_at_the_chunk_of_each_stream() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    write_xdf(&path);
    check(&path, 6);
    // Of the long chunk whole blocks are left out, and of the others whole chunks.
    let mut reader = open(&path).unwrap();
    reader.seek_secs(530.0).unwrap();
    let given = Given::read(&mut *reader, usize::MAX);
    let early = |stream: usize, secs: f64| 530.0 - secs_of(&given.rows[stream][0]) <= secs;
    assert!(early(0, 1.3) && early(1, 8.5) && given.rows[2].len() <= 13);
}

/// Texts that are long enough for several blocks, of each way to tell time.
fn texts() -> Vec<(&'static str, String)> {
    let mut made = [(); 5].map(|()| String::new());
    let [openbci, muse, openvibe, emotiv, neurosity] = &mut made;
    openbci.push_str("%OpenBCI Raw EXG Data\n%Number of channels = 2\n%Sample Rate = 250 Hz\n");
    muse.push_str("timestamps,TP9,AF7,AF8,TP10,Marker0\n");
    openvibe.push_str("Time:256Hz,Epoch,O1,Oz,Event Id,Event Date,Event Duration\n");
    emotiv.push_str("title: rec, recorded: 02.01.26 10.00.00, sampling:128, subject:, labels:COUNTER AF3 AF4 MARKER , chan:4, units:emotiv\n");
    for i in 0..9000_u32 {
        let (secs, value) = (f64::from(i) / 256.0, f64::from(i % 97) - 40.0);
        let count = i + i / 1100 * 9;
        let arrival = 1.6e9 + f64::from(count) / 250.0 + if i > 5000 { 4.0 } else { 0.0 };
        writeln!(openbci, "{}, {value}, 2, 0.1, 0.2, 0.3, {arrival}", count % 256).unwrap();
        if i % 777 == 5 {
            openbci.push_str("not, a, row\n");
        }
        let packet = 1.6e9 + f64::from(i / 12 * 12) / 256.0 + 0.004 * f64::from(i / 12 % 3);
        let marker = if i % 500 == 499 { "3" } else { "0" };
        writeln!(muse, "{packet:.4},1,{value},3,4,{marker}").unwrap();
        let later = secs + 0.002;
        let event = if i % 400 == 7 { format!("7,{later:.6},0") } else { ",,".into() };
        writeln!(openvibe, "{secs:.10},0,{value},1,{event}").unwrap();
        writeln!(emotiv, "{},4200.5,{},{}", count % 129, 4200.0 + value, i / 650 % 3).unwrap();
    }
    for i in 0..600_u32 {
        let label = if i % 50 == 13 { "Cz" } else { "C4" };
        let samples: Vec<u32> = (0..16).map(|sample| 16 * i + sample).collect();
        let start = 1_628_194_299_499.0 + (f64::from(i) * 62.5).round();
        writeln!(neurosity, "{{\"raw\":{{\"data\":[{samples:?},{samples:?}],\"info\":{{\"samplingRate\":256,\"startTime\":{start},\"channelNames\":[\"C3\",\"{label}\"]}}}}}}").unwrap();
    }
    // As after a power cut: zeros, and what the disk held before.
    muse.push_str("\0\0\0\n1600000099.0,1,2,3,4,3\n");
    let names = ["openbci.txt", "muse.csv", "openvibe.csv", "emotiv.csv", "neurosity.json"];
    names.into_iter().zip(made).collect()
}

#[test]
fn texts_begin_at_a_block_that_was_passed() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in texts() {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let lead_secs = check(&path, 7);
        // A block of 1024 rows, and of those whose times are settled half a second more.
        assert!(lead_secs <= 1100.0 / 128.0 + 0.6, "{name} begins {lead_secs} s early");
        if name.ends_with("txt") {
            let mut reader = open(&path).unwrap();
            for _ in 0..2 {
                Given::read(&mut *reader, usize::MAX);
                reader.seek_secs(20.0).unwrap();
            }
            let said = reader.warnings();
            let named = said.iter().filter(|said| said.contains("is left out")).count();
            assert_eq!(named, 10, "each line is told once: {said:?}");
        }
    }
}
