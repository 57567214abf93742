"""Makes the XDF files of tests/vectors/xdf and what pyxdf 1.17.5 reads from them.

    python3 make_xdf.py [EXAMPLE.xdf ...]        (needs numpy and pyxdf 1.17.5)

Files that are named are only read: EXAMPLE.json says what pyxdf finds in them.

The files are written from the specification (github.com/sccn/xdf/wiki/Specifications), not with Phosphene:
  clocks.xdf    a drifting clock with jitter, outlying offsets, a break in the data and deduced stamps; a second
                stream whose clock restarts; markers on a third clock; a stream that may drop samples
  formats.xdf   every channel format, long texts, a text that is not UTF-8, an unknown tag, 8-byte lengths
"""

import json
import pathlib
import struct
import sys

import numpy as np
import pyxdf

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "peers"))

from xdf_check import read  # noqa: E402  how the tests ask pyxdf, too

BOUNDARY = bytes.fromhex("43A546DCCBF5410FB30ED5467383CBE4")
FORMATS = {"int8": "b", "int16": "h", "int32": "i", "int64": "q", "float32": "f", "double64": "d"}


def varlen(n, size=None):
    size = size or (1 if n < 256 else 4)
    return bytes([size]) + n.to_bytes(size, "little")


def chunk(tag, content, size=None):
    return varlen(len(content) + 2, size) + struct.pack("<H", tag) + content


def header(i, name, kind, channels, rate, fmt, desc=""):
    xml = (
        f'<?xml version="1.0"?><info><name>{name}</name><type>{kind}</type><channel_count>{channels}</channel_count>'
        f"<nominal_srate>{rate}</nominal_srate><channel_format>{fmt}</channel_format><desc>{desc}</desc></info>"
    )
    return chunk(2, struct.pack("<I", i) + xml.encode())


def value(fmt, v):
    if fmt == "string":
        raw = v if isinstance(v, bytes) else v.encode()
        return varlen(len(raw)) + raw
    return struct.pack("<" + FORMATS[fmt], v)


def samples(i, fmt, stamps, rows, size=None):
    out = struct.pack("<I", i) + varlen(len(rows), size or 4)
    for stamp, row in zip(stamps, rows):
        out += b"\0" if stamp is None else b"\x08" + struct.pack("<d", stamp)
        out += b"".join(value(fmt, v) for v in row)
    return chunk(3, out)


def offset(i, t, v):
    return chunk(4, struct.pack("<Idd", i, t, v))


def clocks():
    rng = np.random.default_rng(5)
    out = [b"XDF:", chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')]
    out += [
        header(1, "drift", "EEG", 2, 100, "float32"),
        header(2, "restart", "EEG", 1, 50, "int16"),
        header(3, "markers", "Markers", 1, 0, "string"),
        header(7, "drops", "video", 1, 30, "int32",
               "<synchronization><can_drop_samples>True</can_drop_samples></synchronization>"),
    ]
    # 1: clock 500 s ahead, 30 ppm fast, 2 ms jitter; 6 s missing after 40 s; every third stamp left out.
    t = np.arange(12000) / 100.0
    t[4000:] += 6.0
    device = 500 + t * (1 + 30e-6) + rng.normal(0, 0.002, len(t))
    for k in range(0, len(t), 50):
        stamps = [None if (k + j) % 3 == 1 else device[k + j] for j in range(50)]
        out.append(samples(1, "float32", stamps, rng.normal(0, 20, (50, 2))))
        if k % 500 == 0:
            measured = -500 - t[k] * 30e-6 + abs(rng.normal(0, 2e-5)) + (0.03 if k % 3500 == 500 else 0)
            out.append(offset(1, device[k], measured))
    out.append(chunk(5, BOUNDARY))
    # 2: clock restarts from 653150 to 262 after a pause.
    t = np.arange(6000) / 50.0
    t[3000:] += 40.0
    base = np.where(np.arange(6000) < 3000, 653150.0, 262.0 - 100.0)
    device = base + t + rng.normal(0, 0.001, 6000)
    for k in range(0, 6000, 25):
        out.append(samples(2, "int16", device[k : k + 25], rng.integers(-2000, 2000, (25, 1))))
        if k % 250 == 0:
            out.append(offset(2, device[k], 100 - base[k] + rng.normal(0, 3e-5)))
    # 3: a single offset.
    out.append(samples(3, "string", [10.0, 11.5, 12.25], [["a"], ["b & c"], ["stim/x"]]))
    out.append(offset(3, 10.0, 0.125))
    # 7: no line through its stamps.
    stamps = 3 + np.arange(300) / 30.0 + np.where(np.arange(300) > 150, 0.5, 0.0)
    out.append(samples(7, "int32", stamps, np.arange(300)[:, None]))
    return b"".join(out)


def formats():
    out = [b"XDF:", chunk(1, b"<info><version>1.0</version></info>", 8)]
    for i, fmt in enumerate(FORMATS, 1):
        out.append(header(i, fmt, "x", 3, 0, fmt))
        if fmt in ("float32", "double64"):
            rows = [[0.1, -2.5e-30, 3e30], [1 / 3, 0.0, -1.0]]
        else:
            bits = 8 * struct.calcsize(FORMATS[fmt])
            rows = [[-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, 0], [1, -1, 7]]
        out.append(samples(i, fmt, [1.0, 2.0], rows, size=8))
    out.append(chunk(99, b"of the future"))
    out.append(header(9, "text", "Markers", 2, 0, "string"))
    out.append(samples(9, "string", [1.0, 2.0], [["", "x" * 300], [b"caf\xe9", "\u00b5V"]], size=1))
    return b"".join(out)


def write_expected(path):
    streams = read(str(path))
    for stream in streams:
        # Stamps are the point; every hundredth sample of a long stream keeps the file small.
        stream["samples"] = len(stream["stamps"])
        stream["every"] = every = 100 if stream["samples"] > 1000 else 1
        width = len(stream["values"]) // max(1, stream["samples"])
        rows = range(0, stream["samples"], every)
        stream["values"] = [v for r in rows for v in stream["values"][r * width : (r + 1) * width]]
        stream["stamps"] = [stream["stamps"][r] for r in rows]
    with open(HERE / f"{path.stem}.json", "w") as f:
        json.dump(streams, f)
        f.write("\n")


def main():
    assert pyxdf.__version__ == "1.17.5", pyxdf.__version__
    for name, content in [("clocks", clocks()), ("formats", formats())]:
        path = HERE / f"{name}.xdf"
        path.write_bytes(content)
        write_expected(path)
    for path in sys.argv[1:]:
        write_expected(pathlib.Path(path))


main()
