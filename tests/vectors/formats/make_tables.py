"""Small tables as the programs of headsets write them, and what is in them: tests/vectors/formats/tables/.

Gives   one file of each dialect, made from a seed, and tables.json: for each its rate, its channels of EEG with count,
        first, last and exact sum (math.fsum), its events as [sample, label], and the samples that are missing.
Oracle  the values are read back from the files by NumPy (numpy.loadtxt of the columns of EEG; json for JSON); rates,
        events, times and losses are those the files were made with.
        Tolerance of a test: values and sums 1e-9 of their size, times of counted samples 1e-9 s, of samples whose stamps
        are those of packets 12 ms (the stamps are up to 20 ms late), rates 0.5 Hz.
Run     python tests/vectors/formats/make_tables.py   (NumPy 2.4)
"""

import io
import json
import math
from pathlib import Path

import numpy as np

OUT = Path(__file__).with_name("tables")
OUT.mkdir(exist_ok=True)
rng = np.random.default_rng(20260102)
found = {}


def say(name, text, labels, columns, events, rate_hz, *, delimiter=",", skip=1, encoding="utf-8", decimal=".", **more):
    (OUT / name).write_bytes(text.encode(encoding))
    plain = text.lstrip("\ufeff").replace('"', "")
    if decimal == ",":
        plain = plain.replace(",", ".")
    data = np.loadtxt(io.StringIO(plain), delimiter=delimiter, skiprows=skip, usecols=columns, ndmin=2, comments="#")
    entry(name, labels, data.T, events, rate_hz, **more)


def entry(name, labels, data, events, rate_hz, **more):
    channels = [{"label": l, "count": len(v), "first": float(v[0]), "last": float(v[-1]), "sum": math.fsum(v)}
                for l, v in zip(labels, data)]
    found[name] = {"rate_hz": rate_hz, "channels": channels, "events": events, **more}


def row(*cells):
    return [f"{c:.1f}" if isinstance(c, float) else str(c) for c in cells]


def eeg(n, channels, middle=0.0):
    return middle + rng.normal(0, 20, (n, channels))


def muse(name, stamps, events, header, digits=3, **more):
    values, n = eeg(len(stamps), 5), len(stamps)
    marks = dict(events)
    lines = [header] + [",".join([f"{s:.{digits}f}"] + row(*map(float, v)) + [str(marks.get(i, 0))])
                        for i, (s, v) in enumerate(zip(stamps, values))]
    labels = ["TP9", "AF7", "AF8", "TP10"]
    say(name, "\n".join(lines) + "\n", labels, [1, 2, 3, 4], [[i, str(m)] for i, m in events], 256.0, **more)


n, t = 240, np.arange(240) / 256
late = np.repeat(rng.gamma(2.0, 0.004, n // 12).clip(0, 0.02), 12)
packets = 1000 + np.floor(np.arange(n) / 12) * 12 / 256 + late
head = "timestamps,TP9,AF7,AF8,TP10,Right AUX,Marker0"
muse("muse-one-stamp-a-packet.csv", packets, [(30, 1), (200, 10), (201, 2)], head, tolerance_secs=0.012)
muse("muse-packets-overlap.csv", packets + np.tile(np.arange(12) / 256, n // 12), [(30, 1)], head, tolerance_secs=0.012)
muse("muse-milliseconds.csv", 1.6e12 + 1000 * t, [(100, 1), (239, 2)], head, digits=0, tolerance_secs=0.001)
muse("muse-microseconds.csv", 1e6 * t, [(100, 1)], head, digits=0, tolerance_secs=0.001)
muse("muse-header-one-short.csv", 1.6e9 + t, [(100, 1)], head.replace("Right AUX,", ""), digits=4, tolerance_secs=0.001,
     said="(1) has 6 columns and line 2 has 7")

epoc = "AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8 AF4".split()
mark = {20: 1, 100: 2}
values = eeg(160, 14, 4200.0)
keep = [i for i in range(160) if not 140 <= i < 150]
lines = ["title: rec, recorded: 02.01.26 10.00.00, sampling:128, subject:, labels:COUNTER INTERPOLATED " + " ".join(epoc)
         + " RAW_CQ GYROX MARKER , chan:19, units:emotiv"]
lines += [",".join(row(i % 129, 0, *map(float, values[i]), 0, 1, mark.get(i, 0))) for i in keep]
say("emotiv-testbench.csv", "\r\n".join(lines) + "\r\n", epoc, range(2, 16), [[i, str(m)] for i, m in mark.items()], 128.0,
    missing=[[139, 10]], tolerance_secs=1e-9, started="2026-01-02T10:00:00")
names = ["Timestamp", "EEG.Counter", "EEG.Interpolated"] + [f"EEG.{c}" for c in epoc] + ["CQ.AF3", "MarkerIndex", "MarkerType", "MarkerValueInt"]
lines = ["title:rec,start timestamp:1767348000.0,headset type:EPOCX,sampling rate:eeg_128;mot_32", ",".join(names)]
lines += [",".join(row(f"{1767348000 + i / 128:.6f}", i % 128, 0, *map(float, values[i]), 4, *((0, 1, mark[i]) if i in mark else ("", "", "")))) for i in range(160)]
say("emotiv-pro.csv", "\n".join(lines) + "\n", epoc, range(3, 17), [[i, str(m)] for i, m in mark.items()], 128.0, skip=2,
    tolerance_secs=1e-9, started="2026-01-02T10:00:00")

keep = [i for i in range(200) if not 100 <= i < 125]
head = [f"EEG {i}" for i in range(1, 9)] + ["Accelerometer X", "Gyroscope X", "Battery Level", "Counter", "Validation Indicator"]
values = eeg(200, 8)
lines = [",".join(head)] + [",".join(row(*map(float, values[i]), 0, 0, 90, 7000 + i, 1)) for i in keep]
say("unicorn.csv", "\n".join(lines) + "\n", "Fz C3 Cz C4 Pz PO7 Oz PO8".split(), range(8), [], 250.0, missing=[[99, 25]], tolerance_secs=1e-9)

crown = "CP3 C3 F5 PO3 PO4 F6 C4 CP4".split()
values = eeg(160, 8)
lines = ["unixTimestamp," + ",".join(crown)] + [",".join(row(f"{1767348000000 + i * 1000 / 256:.0f}", *map(float, v))) for i, v in enumerate(values)]
say("neurosity.csv", "\n".join(lines) + "\n", crown, range(1, 9), [], 256.0, tolerance_secs=0.001, started="2026-01-02T10:00:00")
epochs = [{"label": "raw", "data": np.round(values[i:i + 16].T, 1).tolist(),
           "info": {"samplingRate": 256, "startTime": round(1767348000000 + i * 1000 / 256), "notchFrequency": "60Hz", "channelNames": crown}}
          for i in range(0, 160, 16)]
(OUT / "neurosity.json").write_text(json.dumps(epochs) + "\n")
entry("neurosity.json", crown, np.concatenate([np.array(e["data"]) for e in json.loads((OUT / "neurosity.json").read_text())], axis=1),
      [], 256.0, tolerance_secs=0.001, started="2026-01-02T10:00:00")

values, cells = eeg(200, 3), {50: ("33025", "0.1953125", "0.5"), 120: ("33026:32779", "0.46875:0.46875", "0:0")}
lines = ["Time:256Hz,Epoch,O1,Oz,O2,Event Id,Event Date,Event Duration"]
lines += [",".join([f"{i / 256:.10f}", str(i // 32)] + row(*map(float, v)) + list(cells.get(i, ("", "", "")))) for i, v in enumerate(values)]
say("openvibe.csv", "\n".join(lines) + "\n", ["O1", "Oz", "O2"], [2, 3, 4], [[50, "33025"], [120, "33026"], [120, "32779"]], 256.0, tolerance_secs=1e-9)
lines = ["Time (s);O1;Oz;O2;Sampling Rate"] + [";".join([f"{i / 256:.10f}"] + row(*map(float, v)) + ["256" if i == 0 else ""]) for i, v in enumerate(values)]
say("openvibe-old.csv", "\n".join(lines) + "\n", ["O1", "Oz", "O2"], [1, 2, 3], [], 256.0, delimiter=";", tolerance_secs=1e-9)

lines = ["\ufeffTime;Fz (uV);O1 (uV);Trigger"]
lines += [";".join([f"{i * 4000}"] + row(*map(float, v)) + [str(5 if 60 <= i < 80 else 0)]).replace(".", ",") for i, v in enumerate(eeg(200, 2))]
say("table-semicolons-utf16.csv", "\r\n".join(lines) + "\r\n", ["Fz", "O1"], [1, 2], [[60, "5"]], 250.0, delimiter=";", encoding="utf-16-le",
    decimal=",", tolerance_secs=1e-4, said="Trigger")
lines = ['"time","Cz","Pz","event","packet"']
lines += [",".join(f'"{c}"' for c in row(f"{i // 10 * 0.04:.2f}", *map(float, v), "go, now" if i == 70 else "", i // 10)) for i, v in enumerate(eeg(220, 2)) if not 100 <= i < 120]
(OUT / "table-quoted-packets.csv").write_text("\n".join(lines) + "\n")
data = np.array([[float(c) for c in line.split('","')[1:3]] for line in lines[1:]])
entry("table-quoted-packets.csv", ["Cz", "Pz"], data.T, [[70, "go, now"]], 250.0, missing=[[99, 20]], tolerance_secs=1e-9, said="packet")

(OUT / "tables.json").write_text(json.dumps(found, indent=0) + "\n")
