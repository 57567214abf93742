"""Small Neuroscan files by the structures of Scan 4, and what is in them: tests/vectors/formats/cnt/.

Takes   nothing.
Gives   *.cnt and cnt.json: rate, start, labels, and count, first and last sample, exact sum (math.fsum), greatest value
        and range of each channel in microvolts; events as [seconds, label].
Oracle  The values are those of MNE's read_raw_cnt; this script asserts that they are within 1e-9 of the range of the
        formula (v - baseline) * sensitivity * calibration / 204.8. The events are by the structures, as
        EEGLAB and BioSig place them: (byte - headers) / frame for types 1 and 2, the sample itself for type 3 (sccn/eeglab,
        pull request 5, checked there against Neuroscan's export). MNE 1.13 puts events of types 1 and 2 a sample earlier and takes the headers
        from the sample numbers of type 3, which this script asserts; it gives stretches from reject to accept as BAD_0
        where the reader gives both ends.
        The month stands first in dates, as MNE takes it.
        Readers should agree to 1e-9 of each channel's range; times to 1e-9 s.
Run     python tests/vectors/formats/make_cnt.py   (MNE 1.13.2, NumPy 2.4.6)
"""

import json
import math
import struct
import warnings
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")
OUT = Path(__file__).with_name("cnt")
LABELS = ["Oz", "O1", "O2"]
BASELINES, SENSITIVITIES, CALIBRATIONS = [0, -20, 31], [4.93, 1.0, 2.5], [1.0, 0.987, 1.25]
rng = np.random.default_rng(3)


def put(header, place, code, *values):
    struct.pack_into("<" + code, header, place, *values)


def headers(rate, samples, table, offset):
    setup = bytearray(900)
    put(setup, 0, "12s", b"Version 3.0")
    put(setup, 21, "20s", b"P01")
    put(setup, 205, "20s", b"test recording")
    put(setup, 225, "10s12s", b"03/04/11", b"15:16:17")
    put(setup, 370, "H", len(LABELS))
    put(setup, 376, "H", rate)
    put(setup, 438, "bb", 1, 1)
    put(setup, 864, "i", samples)
    put(setup, 869, "f", 0.5)
    put(setup, 875, "f", 100.0)
    put(setup, 886, "i", table)
    put(setup, 894, "i", offset)
    for label, baseline, sensitivity, calibration in zip(LABELS, BASELINES, SENSITIVITIES, CALIBRATIONS):
        electrode = bytearray(75)
        put(electrode, 0, "10s", label.encode())
        put(electrode, 14, "b", label == "O2")
        put(electrode, 47, "h", baseline)
        put(electrode, 59, "f", sensitivity)
        put(electrode, 71, "f", calibration)
        setup += electrode
    return bytes(setup)


def of(values):
    return {"first": values[:2].tolist(), "last": float(values[-1]), "sum": math.fsum(values), "max": float(values.max()),
            "range": float(np.ptp(values))}


def write(name, rate, samples, width, kind, events, run=1):
    """Events are (sample from 0, stimulus, key, pad and note)."""
    import mne

    path, n = OUT / name, len(LABELS)
    limit = 30_000 if width == 2 else 8_000_000
    data = rng.integers(-limit, limit, (samples, n))
    if run == 1:
        block = data.astype(f"<i{width}").tobytes()
    else:
        block = data.reshape(-1, run, n).transpose(0, 2, 1).astype(f"<i{width}").tobytes()
    start, frame = 900 + 75 * n, width * n
    table = start + samples * frame
    rows = b""
    for sample, stimulus, key, pad in events:
        place = sample if kind == 3 else start + sample * frame
        rows += struct.pack("<HBBI", stimulus, key, pad, place) + (bytes(11) if kind > 1 else b"")
    path.write_bytes(headers(rate, samples, table, 0 if run == 1 else run * width) + block
                     + struct.pack("<BiI", kind, len(rows), 0) + rows)
    raw = mne.io.read_raw_cnt(path, preload=True, verbose="error")
    assert raw.info["sfreq"] == rate and raw.ch_names == LABELS and raw.info["bads"] == ["O2"] and raw.n_times == samples
    channels = []
    for i in range(n):
        values = raw.get_data(picks=[i])[0] * 1e6
        scale = float(np.float32(SENSITIVITIES[i])) * float(np.float32(CALIBRATIONS[i])) / 204.8
        own = (data[:, i] - BASELINES[i]) * scale
        worst = np.abs(values - own).max() / np.ptp(own)
        assert worst < 1e-9, worst
        channels.append(of(values))
        print(name, LABELS[i], "MNE and formula differ by", worst, "of the range")
    own = [[sample / rate, f"KeyPad Response {pad & 15}" if pad & 15 else f"Keyboard Response {key}" if key else str(stimulus)]
           for sample, stimulus, key, pad in sorted(events)]
    shift = 1 if kind < 3 else 1 + start / frame
    for (secs, label), note in zip(own, raw.annotations, strict=True):
        right = max(0.0, math.floor(secs * rate - shift + 1e-9)) / rate
        assert note["description"] == label and abs(note["onset"] - right) < 1e-6, (note, secs, label)
    return {"rate_hz": rate, "started": "2011-03-04T15:16:17", "labels": LABELS, "count": samples, "channels": channels,
            "events": own}


def main():
    OUT.mkdir(exist_ok=True)
    events = [(10, 7, 0, 0), (200, 33025, 0, 0), (100, 0, 3, 0), (300, 12, 0, 2)]
    found = {"int16.cnt": write("int16.cnt", 250, 600, 2, 1, sorted(events)),
             "int32.cnt": write("int32.cnt", 1000, 1200, 4, 2, sorted(events)),
             "int32-sample-numbers.cnt": write("int32-sample-numbers.cnt", 500, 700, 4, 3, sorted(events)),
             "int16-runs.cnt": write("int16-runs.cnt", 250, 640, 2, 2, sorted(events), run=40)}
    (OUT / "cnt.json").write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")


main()
