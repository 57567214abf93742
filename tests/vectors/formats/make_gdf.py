"""Small GDF files by the specification, and what is in them: tests/vectors/formats/gdf/.

Takes   nothing, or the path of BioSig's save2gdf (2.5.0), by which biosig.gdf is made; without it that file stays.
Gives   *.gdf and gdf.json: streams with rate, labels, units, count, first and last sample, exact sum (math.fsum) and
        greatest value of each channel; events as [seconds, duration, label]; the start.
Oracle  "mne" where MNE's read_raw_gdf reads the file rightly: the numbers are then MNE's, in the file's unit, and this
        script asserts that they are within 1e-9 of the range of the formula physical = pmin + (digital - dmin) *
        (pmax - pmin) / (dmax - dmin). Else "formula", with the reason in "why": MNE 1.13 refuses 24-bit samples, several
        types in a file and a third header, reads the duration of 2.21 and later as a fraction, brings lower rates to
        the highest, places events by the rate of the signals instead of the table's, gives an event of mode 1 a
        duration of one sample and any other at least one, and takes other units than uV (2.x: or mV) for none.
        BioSig 2.5.0 gives the numbers of the formula, to the six digits that it prints.
        Readers should agree to 1e-9 of each channel's range; times to 1e-9 s.
Run     python tests/vectors/formats/make_gdf.py [SAVE2GDF]   (MNE 1.13.2, NumPy 2.4.6)
"""

import getpass
import json
import math
import struct
import subprocess
import sys
import tempfile
import warnings
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")
OUT = Path(__file__).with_name("gdf")
TYPES = {1: "<i1", 2: "<u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<i8", 8: "<u8", 16: "<f4", 17: "<f8"}
CODES = {"uV": 4275, "mV": 4274, "V": 4256, "nV": 4276, "%": 544, "": 0, "°C": 6048}
rng = np.random.default_rng(20)


def packed(values, kind):
    if kind in (279, 535):
        return b"".join(int(v).to_bytes(3, "little", signed=kind == 279) for v in values)
    return np.asarray(values).astype(TYPES[kind]).tobytes()


def channel(label, kind, samples, records, unit="uV", physical=(-800.0, 800.0), digital=None, filters=(0.5, 100.0, 50.0)):
    limits = {1: (-128, 127), 2: (0, 255), 3: (-32768, 32767), 4: (0, 65535), 279: (-(2**23), 2**23 - 1),
              535: (0, 2**24 - 1), 5: (-(2**31), 2**31 - 1), 6: (0, 2**32 - 1), 7: (-(2**40), 2**40), 8: (0, 2**40),
              16: physical, 17: physical}
    low, high = digital or limits[kind]
    count = samples * records
    if kind in (16, 17):
        values = rng.uniform(low, high, count).astype(TYPES[kind]).astype(float)
    else:
        values = rng.integers(min(low, high), max(low, high), count, endpoint=True)
    return dict(label=label, kind=kind, samples=samples, unit=unit, physical=physical, digital=(low, high), values=values,
                filters=filters)


def physical_values(c):
    (p0, p1), (d0, d1) = c["physical"], c["digital"]
    gain = (p1 - p0) / (d1 - d0)
    return np.array([float(v) for v in c["values"]]) * gain + (p0 - d0 * gain)


def padded(text, width):
    return text.encode().ljust(width, b"\0")[:width]


def header(version, channels, records, duration, start, third=b""):
    n, second = len(channels), version >= 1.9
    third = third + bytes(-len(third) % 256)
    bytes_ = 256 * (n + 1) + len(third)
    out = f"GDF {version:.2f}".encode()
    if second:
        day = (start - datetime(1970, 1, 1)).total_seconds() / 86400 + 719529
        out += padded("P01 X", 66)
        out = out.ljust(88, b"\0") + padded("test recording", 64) + bytes(16)
        out += struct.pack("<QQH", int(day * 2**32), 0, bytes_ // 256)
        out = out.ljust(236, b"\0") + struct.pack("<q", records)
        if version < 2.21:
            out += struct.pack("<II", duration.numerator, duration.denominator)
        else:
            out += struct.pack("<d", float(duration))
        out += struct.pack("<HH", n, 0)
    else:
        out += padded("P01 X", 80) + padded("test recording", 80) + start.strftime("%Y%m%d%H%M%S25").encode()
        out += struct.pack("<q", bytes_) + bytes(24 + 20)
        out += struct.pack("<qIII", records, duration.numerator, duration.denominator, n)
    assert len(out) == 256
    out += b"".join(padded(c["label"], 16) for c in channels)
    out += b"".join(padded("AgCl electrode", 80) for _ in channels)
    if second:
        out += b"".join(padded(c["unit"], 6) for c in channels)
        out += b"".join(struct.pack("<H", CODES[c["unit"]]) for c in channels)
    else:
        out += b"".join(padded(c["unit"], 8) for c in channels)
    for key in ("physical", "digital"):
        for end in (0, 1):
            code = "<q" if key == "digital" and not second else "<d"
            out += b"".join(struct.pack(code, (int if code == "<q" else float)(c[key][end])) for c in channels)
    if second:
        out += bytes(68 * n)
        for which in (1, 0, 2):
            out += b"".join(struct.pack("<f", c["filters"][which]) for c in channels)
    else:
        out += b"".join(padded("HP: 0.5Hz LP: 100Hz", 80) for _ in channels)
    out += b"".join(struct.pack("<I", c["samples"]) for c in channels)
    out += b"".join(struct.pack("<I", c["kind"]) for c in channels)
    out += bytes(32 * n) + third
    assert len(out) == bytes_
    return out


def table(version, mode, rate, events):
    """Events are (position from 1, type, channel, duration in samples)."""
    n = len(events)
    if version < 1.94:
        out = bytes([mode]) + int(rate).to_bytes(3, "little") + struct.pack("<I", n)
    else:
        out = bytes([mode]) + n.to_bytes(3, "little") + struct.pack("<f", rate)
    columns = [(0, "I"), (1, "H")] + ([(2, "H"), (3, "I")] if mode == 3 else [])
    for column, code in columns:
        out += b"".join(struct.pack("<" + code, event[column]) for event in events)
    return out


def of(values):
    return {"first": values[:2].tolist(), "last": float(values[-1]), "sum": math.fsum(values), "max": float(values.max()),
            "range": float(np.ptp(values))}


def streams(channels, duration):
    found = {}
    for c in channels:
        found.setdefault(c["samples"], []).append(c)
    return [{"rate_hz": float(samples / duration), "labels": [c["label"] for c in group],
             "units": [c["unit"] for c in group], "count": len(group[0]["values"]),
             "channels": [of(physical_values(c)) for c in group]} for samples, group in found.items()]


def by_mne(path, version, stream, channels):
    """Puts MNE's numbers in place of the formula's; gives the largest difference as a share of the range."""
    import mne

    raw = mne.io.read_raw_gdf(path, preload=True, verbose="error", stim_channel=None)
    assert abs(raw.info["sfreq"] - stream["rate_hz"]) < 1e-9, (raw.info["sfreq"], stream["rate_hz"])
    assert raw.ch_names == stream["labels"]
    worst = 0.0
    for i, c in enumerate(channels):
        scale = ({"uV": 1e6} if version < 1.9 else {"uV": 1e6, "mV": 1e3}).get(c["unit"], 1.0)
        data = raw.get_data(picks=[i])[0] * scale
        own = physical_values(c)
        assert len(data) == len(own)
        worst = max(worst, float(np.abs(data - own).max() / np.ptp(own)))
        stream["channels"][i] = of(data)
    assert worst < 1e-9, worst
    # Positions and types are asserted; the durations of the file are kept (see above).
    notes = [[float(note["onset"]), str(note["description"])] for note in raw.annotations]
    return worst, notes, raw.info["meas_date"]


def write(name, version, channels, records, duration, mode, rate, events, start=datetime(2011, 3, 4, 15, 16, 17),
          said=None, third=b"", why=None):
    path = OUT / name
    block = b""
    for record in range(records):
        for c in channels:
            block += packed(c["values"][record * c["samples"]:(record + 1) * c["samples"]], c["kind"])
    told = records if said is None else said
    file = header(version, channels, told, duration, start, third) + block
    if told >= 0:
        file += table(version, mode, rate, events)
    path.write_bytes(file)
    hundredths = ".250" if version < 1.9 else ""
    shown = [] if told < 0 else sorted(events)
    found = {"oracle": "mne" if why is None else "formula", "why": why or "", "started": start.isoformat() + hundredths,
             "streams": streams(channels, duration),
             "events": [[(p - 1) / rate, d / rate if mode == 3 else None, str(t)] for p, t, _, d in shown]}
    if why is None:
        worst, notes, date = by_mne(path, version, found["streams"][0], channels)
        # MNE rounds times to microseconds and orders events of one time by their text, the file by their place.
        own = sorted([on, label] for on, _, label in found["events"])
        for (mne_secs, mne_label), (secs, label) in zip(sorted(notes), own, strict=True):
            assert mne_label == label and abs(mne_secs - secs) < 1e-6, (notes, own)
        assert date.replace(tzinfo=None).isoformat(timespec="seconds")[:-3] == start.isoformat()[:-3]
        print(name, "MNE and formula differ by", worst, "of the range")
    return found


def biosig(save2gdf):
    """A file of another writer: BioSig makes GDF of an EDF+ that is written here."""
    import mne

    path = OUT / "biosig.gdf"
    with tempfile.TemporaryDirectory() as folder:
        edf = Path(folder) / "a.edf"
        values = rng.integers(-2000, 2000, (2, 200)).astype("<i2")
        fields = [("0", 8), ("X X X X", 80), ("Startdate 04-MAR-2011 X X X", 80), ("04.03.11", 8), ("15.16.17", 8),
                  ("768", 8), ("", 44), ("2", 8), ("1", 8), ("2", 4), ("Oz", 16), ("O1", 16), ("", 160), ("uV", 8),
                  ("mV", 8), ("-200", 8), ("-2", 8), ("200", 8), ("2", 8), ("-2000", 8), ("-2000", 8), ("2000", 8),
                  ("2000", 8), ("", 160), ("100", 8), ("100", 8), ("", 64)]
        signal = b"".join(values[c, 100 * r:100 * (r + 1)].tobytes() for r in (0, 1) for c in (0, 1))
        edf.write_bytes("".join(text.ljust(width) for text, width in fields).encode() + signal)
        subprocess.run([save2gdf, "-f=GDF", str(edf), str(path)], check=True, capture_output=True)
        # BioSig writes the name of the user as the technician.
        user = getpass.getuser().encode()
        path.write_bytes(path.read_bytes().replace(user + b"\0", b"x" * len(user) + b"\0"))
        raw = mne.io.read_raw_edf(edf, preload=True, verbose="error", stim_channel=None)
        data = raw.get_data() * np.array([[1e6], [1e3]])
    return {"oracle": "mne", "why": "MNE's numbers of the EDF that BioSig converted", "started": "2011-03-04T15:16:17",
            "streams": [{"rate_hz": 100.0, "labels": ["Oz", "O1"], "units": ["uV", "mV"], "count": 200,
                         "channels": [of(row) for row in data]}], "events": []}


def main():
    OUT.mkdir(exist_ok=True)
    second, found = Fraction(1), {}
    events = [(1, 32775, 0, 5), (65, 768, 0, 0), (200, 769, 1, 128), (65, 0x0300 + 7, 0, 1)]
    montage = [channel("Oz", 3, 128, 4), channel("O1", 3, 128, 4, "mV", (-3.0, 3.0), (2000, -2000)),
               channel("O2", 3, 128, 4, "uV", (0.0, 100.0), (-1000, 1000))]
    found["v1-int16.gdf"] = write("v1-int16.gdf", 1.25, montage, 4, second, 1, 128, sorted(events))
    found["v1-one-sample-records.gdf"] = write("v1-one-sample-records.gdf", 1.25, [channel("Oz", 16, 1, 700)], 700,
                                               Fraction(1, 250), 3, 250, sorted(events))
    found["v1-rates.gdf"] = write("v1-rates.gdf", 1.25, [channel("Oz", 3, 100, 5), channel("Temp", 3, 2, 5, "°C"),
                                                         channel("O1", 3, 100, 5)], 5, Fraction(2, 5), 3, 1000, events,
                                  why="two rates; the rate of the events is neither")
    found["v2-float32.gdf"] = write("v2-float32.gdf", 2.20, [channel("Oz", 16, 256, 3), channel("O1", 16, 256, 3, "mV")],
                                    3, second, 3, 256, sorted(events))
    found["v2-int32-fraction.gdf"] = write("v2-int32-fraction.gdf", 2.10, [channel("Oz", 5, 40, 6)], 6, Fraction(5, 16),
                                           1, 128, sorted(events))
    found["v2-int24.gdf"] = write("v2-int24.gdf", 2.20, [channel("Oz", 279, 250, 3), channel("O1", 535, 250, 3, "V")], 3,
                                  second, 1, 250, events, why="24-bit samples")
    types = [channel(f"T{kind}", kind, 32 if kind % 2 else 8, 3, unit)
             for kind, unit in zip([1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 279, 535], ["uV", "nV", "%", ""] * 3)]
    found["v2-types.gdf"] = write("v2-types.gdf", 2.20, types, 3, Fraction(1, 4), 3, 512, events, why="several types and rates")
    third = b"\x01" + (15).to_bytes(3, "little") + b"\0blink\0saccade\0" + b"\x03" + (12).to_bytes(3, "little") + b"g.tec\0HIamp\0"
    found["v251-third-header.gdf"] = write("v251-third-header.gdf", 2.51, [channel("Oz", 17, 50, 4)], 4, Fraction(1, 5), 3, 250,
                                           events, third=third, why="the duration of 2.21 and later, and a third header")
    found["v2-unfinished.gdf"] = write("v2-unfinished.gdf", 2.20, [channel("Oz", 3, 100, 3)], 3, second, 1, 100, [], said=-1,
                                       why="the number of records is -1")
    known = json.loads((OUT / "gdf.json").read_text()) if (OUT / "gdf.json").exists() else {}
    found["biosig.gdf"] = biosig(sys.argv[1]) if len(sys.argv) > 1 else known["biosig.gdf"]
    (OUT / "gdf.json").write_text(json.dumps(found, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


main()
