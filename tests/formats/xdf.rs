//! The XDF reader and writer: what is written comes back, damaged and cut files give what they hold, and `repair` makes
//! them whole (`tests/peers/xdf.rs`: against pyxdf).

use std::fs::File;
use std::io::Cursor;
use std::path::Path;

use phosphene::formats::recording::Block;
use phosphene::formats::xdf::{
    ChannelFormat, FileDescription, LoadOptions, Stream, Values, XdfFile, XdfWriter, is_unfinished,
    load, repair,
};

use crate::harness::xdf::{
    description, killed, load_bytes, load_file, load_raw, two_streams, written,
};
use crate::harness::{public, vectors};

#[test]
fn what_is_written_reads_back_to_the_bit() {
    let file = load_bytes(&written(40));
    assert_eq!(file.warnings, [""; 0]);
    let eeg = &file.streams[0];
    assert_eq!(eeg.len(), 400);
    for (i, stamp) in eeg.stamps.iter().enumerate() {
        assert_eq!(stamp.to_bits(), (1000.0 + i as f64 / 250.0).to_bits());
    }
    let Values::Float32(values) = &eeg.values else { panic!("{:?}", eeg.header.format) };
    assert!(values.iter().enumerate().all(|(i, v)| v.to_bits() == (i as f32 * 0.1).to_bits()));
    assert_eq!(file.streams[1].values.text(39), "m39 <µ>");
    let footer = eeg.footer.unwrap();
    assert_eq!(footer.sample_count, Some(400));
    assert_eq!(footer.last_secs.map(f64::to_bits), eeg.stamps.last().map(|s| s.to_bits()));
}

#[test]
fn wrong_shapes_are_refused_and_write_nothing() {
    let mut writer = XdfWriter::new(Vec::new(), &FileDescription::default()).unwrap();
    let id = writer.add_stream(&description("eeg", 250.0, ChannelFormat::Float32, 2)).unwrap();
    let before = writer.whole_bytes();
    let message = writer.samples(id, &[1.0], &[1.0_f32]).unwrap_err().to_string();
    assert!(message.contains("2 values of float32") && message.contains("1 values"), "{message}");
    assert!(writer.samples(id, &[1.0], &[1.0_f64, 2.0]).is_err());
    assert_eq!(writer.whole_bytes(), before);
}

#[test]
fn a_file_cut_anywhere_gives_every_sample_before_the_cut() {
    let whole = written(6);
    let all = load_bytes(&whole);
    let mut last = 0;
    for cut in 4..whole.len() {
        let file = load_bytes(&whole[..cut]);
        let Some(eeg) = file.streams.first() else { continue };
        assert!(eeg.len() >= last, "cut at {cut}: {} samples after {last}", eeg.len());
        last = eeg.len();
        assert_eq!(eeg.stamps, all.streams[0].stamps[..last]);
        assert_eq!(eeg.values.len(), 2 * last);
    }
    assert_eq!(last, 60);
}

#[test]
fn a_damaged_chunk_costs_only_what_is_before_the_next_boundary() {
    let whole = written(20);
    let boundary = phosphene::formats::xdf::BOUNDARY;
    let starts: Vec<_> =
        (0..whole.len()).filter(|at| whole[*at..].starts_with(&boundary)).collect();
    let sample_chunk = starts[9] + boundary.len();
    for damage in 0..40 {
        let mut bytes = whole.clone();
        bytes[sample_chunk + damage] ^= 0xFF;
        let file = load_bytes(&bytes);
        let samples = file.streams[0].len();
        assert!(samples >= 190, "byte {damage} of a chunk cost {} samples", 200 - samples);
        if samples < 200 {
            assert!(!file.warnings.is_empty(), "byte {damage}: samples went in silence");
        }
    }
}

#[test]
fn lying_lengths_and_counts_take_no_memory_and_no_file() {
    let mut bytes = written(1);
    // Says 2^60 samples, has none.
    let mut lie = vec![1, 15, 3, 0, 1, 0, 0, 0, 8];
    lie.extend((1_u64 << 60).to_le_bytes());
    let footers = bytes.len();
    bytes.extend(&lie);
    bytes.extend([8, 255, 255, 255, 255, 255, 255, 255, 127, 3, 0]);
    let file = load_bytes(&bytes);
    assert_eq!(file.streams[0].len(), 10);
    assert!(
        file.warnings.iter().any(|w| w.contains(&format!("byte {}", footers + 17))),
        "{:?}",
        file.warnings
    );
}

#[test]
fn other_files_and_too_large_ones_are_refused() {
    let other = load(Cursor::new(b"EDF"), Path::new("a.xdf"), &LoadOptions::raw()).unwrap_err();
    assert!(other.to_string().contains("XDF:"), "{other}");
    let options = LoadOptions { max_decoded_bytes: 1000, ..LoadOptions::raw() };
    let large = load(Cursor::new(written(40)), Path::new("a.xdf"), &options).unwrap_err();
    assert!(large.to_string().contains("shorter"), "{large}");
}

#[test]
fn no_damage_makes_it_panic_or_lose_its_shape() {
    let sound = std::fs::read(vectors("xdf/formats.xdf")).unwrap();
    let sound: Vec<u8> = sound.into_iter().chain(written(3)[4..].to_vec()).collect();
    let mut random = 7_u64;
    let mut next = |below: usize| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below
    };
    for _ in 0..3000 {
        let mut bytes = sound.clone();
        for _ in 0..=next(6) {
            let at = 4 + next(bytes.len() - 4);
            bytes[at] = next(256) as u8;
        }
        let end = if next(3) == 0 { 4 + next(bytes.len() - 4) } else { bytes.len() };
        let options = LoadOptions::default();
        let file = load(Cursor::new(&bytes[..end]), Path::new("a.xdf"), &options).unwrap();
        for stream in &file.streams {
            assert_eq!(stream.values.len(), stream.len() * stream.header.channel_count);
            assert_eq!(stream.segments.last().map_or(0, |run| run.end), stream.len());
        }
    }
}

#[test]
fn a_file_cut_anywhere_is_made_whole_again_and_loses_no_complete_sample() {
    let bytes = two_streams();
    // Every byte of the end, where footers are, and every seventh before it.
    for keep in (40..bytes.len())
        .filter(|keep| bytes.len() - keep < 1500 || keep % 7 == 0)
        .chain([bytes.len()])
    {
        let before = load_bytes(&bytes[..keep]);
        let (folder, path) = killed(&bytes, keep);
        assert_eq!(is_unfinished(&path).unwrap(), keep < bytes.len(), "{keep}");
        let done = repair(&path).unwrap();
        let after = load_raw(&path);
        assert_eq!((after.cut, after.warnings.len()), (false, 0), "{keep}: {:?}", after.warnings);
        let samples = |file: &XdfFile| file.streams.iter().map(Stream::len).sum::<usize>();
        assert_eq!(samples(&before), samples(&after), "{keep}");
        for (before, after) in before.streams.iter().zip(&after.streams) {
            assert_eq!((&before.stamps, &before.values), (&after.stamps, &after.values), "{keep}");
            let footer = after.footer.expect("a footer");
            assert_eq!(footer.sample_count, Some(after.len() as u64), "{keep}");
            assert_eq!(
                footer.last_secs.filter(|_| !after.is_empty()),
                after.stamps.last().copied()
            );
        }
        // Once more changes nothing; what was torn off lies beside it.
        let whole = std::fs::read(&path).unwrap();
        assert!(repair(&path).unwrap().was_whole && !is_unfinished(&path).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        assert_eq!(done.torn.is_some(), before.cut, "{keep}");
        drop(folder);
    }
}

#[test]
fn what_a_power_cut_leaves_behind_a_file_is_cut_off_and_kept() {
    let bytes = two_streams();
    for keep in [bytes.len(), bytes.len() - 300, bytes.len() / 2] {
        for tail in [vec![0; 4096], vec![0xAB; 999], b"no chunk at all".to_vec()] {
            let (_folder, path) = killed(&bytes, keep);
            let whole = load_raw(&path);
            let mut grown = std::fs::read(&path).unwrap();
            grown.extend(&tail);
            std::fs::write(&path, &grown).unwrap();
            assert!(is_unfinished(&path).unwrap(), "{keep}");
            let done = repair(&path).unwrap();
            // Where a chunk was cut, the first bytes of the tail pass for its end; no reader can tell.
            let torn = std::fs::read(done.torn.unwrap()).unwrap();
            assert!(grown.ends_with(&torn) && (keep < bytes.len() || torn == tail), "{keep}");
            let after = load_raw(&path);
            assert!(!after.cut, "{keep}");
            assert!(keep < bytes.len() || after.warnings.is_empty(), "{:?}", after.warnings);
            assert!(after.streams.iter().all(|stream| stream.footer.is_some()));
            assert!(after.streams[0].len() + 25 >= whole.streams[0].len(), "{keep}");
            assert!(repair(&path).unwrap().was_whole && !is_unfinished(&path).unwrap());
        }
    }
}

#[test]
fn reading_in_pieces_and_packed_gives_the_same_numbers() {
    let mut files = vec![("streams", two_streams())];
    for name in ["minimal.xdf", "clock_resets.xdf", "empty_streams.xdf"] {
        if let Some(path) = public(&format!("formats/xdf-example-files/{name}")) {
            files.push((name, std::fs::read(path).unwrap()));
        }
    }
    let mut damaged = two_streams();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 40].fill(0x5a);
    files.push(("damaged", damaged));
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let plain = folder.path().join("plain.xdf");
        std::fs::write(&plain, &bytes).unwrap();
        let packed = folder.path().join("packed.xdfz");
        let mut gzip = flate2::write::GzEncoder::new(
            File::create(&packed).unwrap(),
            flate2::Compression::fast(),
        );
        std::io::Write::write_all(&mut gzip, &bytes).unwrap();
        gzip.finish().unwrap();
        let zlibbed = folder.path().join("zlib.xdfz");
        let mut zlib = flate2::write::ZlibEncoder::new(
            File::create(&zlibbed).unwrap(),
            flate2::Compression::fast(),
        );
        std::io::Write::write_all(&mut zlib, &bytes).unwrap();
        zlib.finish().unwrap();
        let expected = load_file(&plain, &LoadOptions::default());
        for path in [&plain, &packed, &zlibbed] {
            let mut reader = phosphene::formats::open(path).unwrap();
            for _ in 0..2 {
                let mut block = Block::default();
                let mut given = vec![0; expected.streams.len()];
                while reader.next_block(&mut block).unwrap() {
                    let (stream, from) = (&expected.streams[block.stream], given[block.stream]);
                    let rows = from..from + block.times_secs.len();
                    assert_eq!(block.times_secs, stream.stamps[rows.clone()], "{name}");
                    let width = stream.header.channel_count;
                    for (i, cell) in (rows.start * width..rows.end * width).enumerate() {
                        match stream.values.number(cell) {
                            Some(number) => {
                                assert_eq!(number.to_bits(), block.values[i].to_bits(), "{name}")
                            }
                            None => assert_eq!(stream.values.text(cell), block.texts[i], "{name}"),
                        }
                    }
                    given[block.stream] = rows.end;
                }
                let all: Vec<usize> = expected.streams.iter().map(Stream::len).collect();
                assert_eq!(given, all, "{name}");
                reader.rewind().unwrap();
            }
            assert!(reader.progress() < 1e-9);
        }
    }
}
