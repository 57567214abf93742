//! Files of headsets, as their programs write them: losses, pauses, markers, what is left over.

use phosphene::formats::open;
use phosphene::formats::recording::Block;

#[test]
fn losses_of_a_headset_are_counted_and_shown_as_gaps() {
    let rows: Vec<u32> = (0..600).filter(|row| !(300..310).contains(row)).collect();
    let mut text = "%OpenBCI Raw EXG Data\n%Number of channels = 4\n%Sample Rate = 200 Hz\n%Board = OpenBCI_GUI$BoardGanglionNative\n".to_owned();
    for row in rows {
        let stamp = 1_700_000_000.0 + f64::from(row) / 200.0;
        text += &format!("{}, {row}.5, 2, 3, 4, 0.1, 0.2, 0.3, {stamp:.3}\n", row % 256);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("OpenBCI-RAW.txt");
    std::fs::write(&path, text).unwrap();
    let mut reader = open(&path).unwrap();
    let found = phosphene::exchange::survey::survey(&mut *reader, |_| {}).unwrap();
    let stream = &found.streams[0];
    assert_eq!((stream.samples, stream.gap_count), (590, 1));
    assert!((stream.gaps[0].step_secs - 11.0 / 200.0).abs() < 1e-9, "{:?}", stream.gaps);
    assert!((stream.last_secs - 599.0 / 200.0).abs() < 1e-9);
    assert!(
        found.warnings.iter().any(|w| w.contains("10 samples are missing")),
        "{:?}",
        found.warnings
    );
    assert_eq!(reader.head().started.unwrap().iso8601(), "2023-11-14T22:13:20");
}

/// Rows of an SD card as the Cyton writes them: channel 1 counts rows, channel 2 is its negative.
fn card_rows(rows: std::ops::Range<i32>) -> String {
    let row = |i: i32| {
        let hex = |value: i32| format!("{:06X}", value & 0xff_ffff);
        let channels = [hex(i), hex(-i)].join(",") + &",000000".repeat(6);
        let motion = if i % 10 == 0 { ",0010,FFF0,2000" } else { "" };
        format!("{:02X},{channels}{motion}\r\n", i % 256)
    };
    rows.map(row).collect()
}

#[test]
fn a_cytons_sd_card_is_read_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("OBCI_0A.TXT");
    // Counts 40 to 49 were lost; then the board was stopped for two seconds; behind the end is what the card held.
    let text = format!(
        "%START AT\r\n%000003E8\r\n{}{}%STOP AT\r\n%00000BB8\r\n%START AT\r\n%00001388\r\n{}%STOP AT\r\n%00002000\r\n\
         %Total time mS:\r\n%00001000\r\n%Over:\r\n%00\r\n{}\0\0\0\0",
        card_rows(0..40),
        card_rows(50..500),
        card_rows(0..20),
        card_rows(7..9)
    );
    std::fs::write(&path, text).unwrap();
    let mut reader = open(&path).unwrap();
    assert_eq!(reader.head().format, "OpenBCI SD hexadecimal");
    let (mut block, mut times, mut values) = (Block::default(), Vec::new(), Vec::new());
    loop {
        let more = reader.next_block(&mut block).unwrap();
        times.extend_from_slice(&block.times_secs);
        values.extend_from_slice(&block.values);
        if !more {
            break;
        }
    }
    assert_eq!((times.len(), values.len()), (510, 510 * 11));
    let uv = |counts: f64| counts * 4.5e6 / 24.0 / 8_388_607.0;
    let row = |i: usize| &values[i * 11..][..11];
    assert_eq!(&row(3)[..2], [uv(3.0), uv(-3.0)]);
    assert!(row(3)[8].is_nan(), "no acceleration was sent with this row");
    assert_eq!(row(10)[8..], [0x10 as f64 * 0.002 / 16.0, -0.002, 1.024]);
    assert_eq!((times[39], times[40]), (39.0 / 250.0, 50.0 / 250.0));
    let pause_secs = times[490] - times[489];
    assert!((pause_secs - 2.0).abs() < 0.01, "{pause_secs}");
    assert!(reader.warnings().iter().any(|said| said.contains("250 Hz and 24")));
}

#[test]
fn a_file_that_ends_in_zeros_is_read_up_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.csv");
    let mut bytes = b"timestamps,TP9,AF7\n".to_vec();
    for i in 0..100 {
        bytes.extend_from_slice(format!("{},1.0,2.0\n", f64::from(i) / 256.0).as_bytes());
    }
    bytes.resize(3 << 20, 0);
    std::fs::write(&path, bytes).unwrap();
    let mut reader = open(&path).unwrap();
    let found = phosphene::exchange::survey::survey(&mut *reader, |_| {}).unwrap();
    assert_eq!(found.streams[0].samples, 100);
    assert!(reader.warnings().iter().any(|said| said.contains("zeros")));
}

#[test]
fn muse_files_bring_their_markers() {
    let muse_lsl = "timestamps,TP9,AF7,AF8,TP10,Right AUX,Marker0\n".to_owned()
        + &(0..300)
            .map(|i| {
                format!("{:.3},1,2,3,4,5,{}\n", 100.0 + f64::from(i) / 256.0, u8::from(i == 128))
            })
            .collect::<String>();
    let monitor = "TimeStamp,Delta_TP9,RAW_TP9,RAW_AF7,RAW_AF8,RAW_TP10,Accelerometer_X,Elements\n"
        .to_owned()
        + &(0..300)
            .map(|i| {
                let secs = f64::from(i) / 256.0;
                let blink = if i == 100 {
                    format!("2024-02-29 10:00:{secs:06.3},,,,,,,/muse/elements/blink\n")
                } else {
                    String::new()
                };
                format!("{blink}2024-02-29 10:00:{secs:06.3},0.1,800,801,802,803,0.01,\n")
            })
            .collect::<String>();
    let folder = tempfile::tempdir().unwrap();
    for (name, text, label, at) in
        [("a.csv", muse_lsl, "1", 0.5), ("b.csv", monitor, "/muse/elements/blink", 99.0 / 256.0)]
    {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut reader = open(&path).unwrap();
        assert_eq!(reader.head().streams[0].rate_hz, 256.0, "{name}");
        let found = phosphene::exchange::survey::survey(&mut *reader, |_| {}).unwrap();
        assert_eq!(found.streams[0].samples, 300, "{name}");
        assert_eq!(found.events.len(), 1, "{name}: {:?}", found.events);
        assert!(
            found.events[0].label == label && (found.events[0].time_secs - at).abs() < 0.01,
            "{:?}",
            found.events
        );
    }
}
