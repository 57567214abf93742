"""Small EEGLAB data sets of every form that is read or refused, and what the peers read from them.

Gives   tests/vectors/formats/eeglab/*.set, *.fdt, *.dat, and eeglab.json beside them: for each set its channels with
        count, first, last, exact sum (math.fsum) and greatest value in µV, its events [seconds, duration, text], and
        with what sentence it is refused. The samples are those that scipy.io.loadmat and numpy.fromfile give; where
        MNE reads the set too (all but `.dat` and what is refused) its samples are asserted to be the same within
        1e-7 of the greatest, as it goes through single precision, and its events within 1e-9 s. Times of sets with
        cuts are those of the channel `Clock`, which was made before anything was cut out.
Run     python tests/vectors/formats/make_eeglab.py   (SciPy 1.17.1, NumPy 2.4.6, MNE 1.13.2)
"""

import json
import math
import struct
import warnings
import zlib
from pathlib import Path

import mne
import numpy as np
from scipy.io import loadmat
from scipy.io import savemat as write_mat

warnings.simplefilter("ignore")
mne.set_log_level("error")
OUT = Path(__file__).with_name("eeglab")
rng = np.random.default_rng(5)
FOUND = {}


def savemat(path, variables, **options):
    """As SciPy's, but without the moment of writing, so that the same script gives the same bytes."""
    write_mat(path, variables, **options)
    made = b"MATLAB 5.0 MAT-file Platform: posix, Created on: Fri Jan  2 10:00:00 2026".ljust(116)
    path.write_bytes(made + path.read_bytes()[116:])


# ------------------------------------------------ a writer of level 5 for what SciPy does not write
class Mat:
    """Big-endian files, whole numbers in few bytes, text in 16 bits: as MATLAB writes and SciPy does not."""

    def __init__(self, order=">", packed=False):
        self.order, self.packed = order, packed

    def element(self, kind, content):
        if len(content) <= 4:
            return struct.pack(self.order + "I", len(content) << 16 | kind) + content.ljust(4, b"\0")
        return struct.pack(self.order + "II", kind, len(content)) + content + b"\0" * (-len(content) % 8)

    def numbers(self, values):
        """In as few bytes as hold them."""
        values = np.asarray(values)
        flat = values.ravel(order="F")
        for kind, dtype in ((2, "u1"), (1, "i1"), (3, "i2"), (4, "u2"), (5, "i4"), (7, "f4")):
            with np.errstate(all="ignore"):
                cast = flat.astype(dtype)
            if np.array_equal(cast.astype(float), flat.astype(float)):
                return self.element(kind, cast.astype(self.order + dtype).tobytes())
        return self.element(9, flat.astype(self.order + "f8").tobytes())

    def matrix(self, name, value):
        if isinstance(value, str):
            dims, kind = (1 if value else 0, len(value)), 4
            body = self.element(4, value.encode("utf-16-be" if self.order == ">" else "utf-16-le"))
        elif isinstance(value, list):
            dims, kind = (1, len(value)), 2
            body = self.fields(value)
        elif isinstance(value, dict):
            dims, kind, body = (1, 1), 2, self.fields([value])
        elif isinstance(value, tuple):
            dims, kind, body = (1, len(value)), 1, b"".join(self.matrix("", v) for v in value)
        else:
            value = np.atleast_2d(value)
            dims, kind, body = value.shape, 7 if value.dtype == np.float32 else 6, self.numbers(value)
        flags = self.element(6, struct.pack(self.order + "II", kind, 0))
        shape = self.element(5, struct.pack(f"{self.order}{len(dims)}i", *dims))
        content = flags + shape + self.element(1, name.encode()) + body
        return struct.pack(self.order + "II", 14, len(content)) + content

    def fields(self, rows):
        names = list(rows[0])
        table = b"".join(n.encode().ljust(32, b"\0") for n in names)
        head = self.element(5, struct.pack(self.order + "i", 32)) + self.element(1, table)
        return head + b"".join(self.matrix("", row[n]) for row in rows for n in names)

    def write(self, path, **variables):
        text = b"MATLAB 5.0 MAT-file, Platform: MACI64, Created on: Fri Jan  2 10:00:00 2026".ljust(116) + b" " * 8
        out = text + struct.pack(self.order + "HH", 0x0100, 0x4D49)
        for name, value in variables.items():
            matrix = self.matrix(name, value)
            if self.packed:
                matrix = zlib.compress(matrix)
                matrix = struct.pack(self.order + "II", 15, len(matrix)) + matrix
            out += matrix
        path.write_bytes(out)


# ------------------------------------------------ what goes into them
def table(rows, names):
    return np.array(rows, dtype=[(name, object) for name in names])


def chanlocs(labels, places=None, kinds=None):
    rows = []
    for i, label in enumerate(labels):
        x, y, z = places[i] if places else (np.empty((0, 0)),) * 3
        rows.append((label, kinds[i] if kinds else "", x, y, z))
    return table(rows, ["labels", "type", "X", "Y", "Z"])


def data_set(data, rate, events, **more):
    labels = ["Cz", "C3", "Fz", "Oz", "M1"][: len(data)]
    return dict(dict(setname="made", comments="made for a test", nbchan=float(len(data)), trials=1.0, srate=float(rate),
                     pnts=float(data.shape[1]), xmin=0.0, data=data, chanlocs=chanlocs(labels), ref="common",
                     event=table(events, ["type", "latency", "duration"])), **more)


def of(label, values):
    values = np.asarray(values, dtype=float)
    return {"label": label, "count": len(values), "first": values[:3].tolist(), "last": float(values[-1]),
            "sum": math.fsum(values), "max": float(values.max())}


def expect(name, values, rate, events, peer=True, labels=None, **more):
    """`values` in µV as SciPy or NumPy read them; `events` [seconds, duration or None, text]."""
    if peer:
        raw = mne.io.read_raw_eeglab(OUT / name, preload=True)
        theirs = raw.get_data() * 1e6
        assert theirs.shape == values.shape and raw.info["sfreq"] == rate, name
        assert np.abs(theirs - values).max() <= 1e-7 * np.abs(values).max(), name
        if "gaps" not in more:
            notes = sorted((float(n["onset"]), str(n["description"])) for n in raw.annotations)
            assert len(notes) == len(events), name
            assert all(abs(a[0] - b[0]) < 1e-9 and a[1] == b[2] for a, b in zip(notes, sorted(events))), (name, notes)
    labels = labels or ["Cz", "C3", "Fz", "Oz", "M1"][: len(values)]
    channels = [of(label, row) for label, row in zip(labels, values)]
    FOUND[name] = dict(rate_hz=rate, channels=channels, events=events, warns=more.pop("warns", None), **more)


def inside(name):
    """The samples of a set as SciPy reads them."""
    read = loadmat(OUT / name, squeeze_me=False)
    return np.asarray(read["data"] if "data" in read else read["EEG"]["data"][0, 0], dtype=float)


EVENTS = [("square", 51.0, 0.0), ("rt", 100.5, 0.0), ("S  1", 151.0, 25.0)]
AT_250 = [[0.2, 0.0, "square"], [0.398, 0.0, "rt"], [0.6, 0.1, "S  1"]]


def forms():
    """One set of each form."""
    v = rng.normal(0, 20, (4, 500))
    mm = [(0.0, 0.0, 85.0), (0.0, 60.0, 60.0), (60.0, 0.0, 60.0), (-85.0, 0.0, 0.0)]
    locs = chanlocs(["Cz", "C3", "Fz", "Oz"], mm, ["EEG", "", "EOG", "ACC"])
    savemat(OUT / "packed-single.set", dict(EEG=data_set(v.astype("f4"), 250, EVENTS, chanlocs=locs)), do_compression=True)
    places = [[0.0, 0.0, 85.0], [-60.0, 0.0, 60.0], [0.0, 60.0, 60.0], [0.0, -85.0, 0.0]]
    expect("packed-single.set", inside("packed-single.set"), 250.0, AT_250, places=places, units=["uV", "uV", "uV", ""])

    savemat(OUT / "bare-int16.set", dict(EEG=data_set(np.round(v * 10).astype("i2"), 250, EVENTS)), oned_as="column")
    expect("bare-int16.set", inside("bare-int16.set"), 250.0, AT_250)

    savemat(OUT / "fields-double.set", data_set(v[:3, :300], 250, EVENTS), oned_as="row", do_compression=True)
    expect("fields-double.set", inside("fields-double.set"), 250.0, AT_250)

    savemat(OUT / "one-channel.set", dict(EEG=data_set(v[:1, :400].astype("f4"), 250, EVENTS[:1])))
    expect("one-channel.set", inside("one-channel.set"), 250.0, AT_250[:1])

    f4 = v.astype("<f4")
    for name, data in (("pair", "pair.fdt"), ("renamed", "before.fdt"), ("old", "old.dat")):
        savemat(OUT / f"{name}.set", dict(EEG=dict(data_set(f4, 250, EVENTS), data=data, datfile=data)))
    (OUT / "pair.fdt").write_bytes(f4.T.tobytes())
    (OUT / "renamed.fdt").write_bytes(f4.T.tobytes())
    (OUT / "old.dat").write_bytes(f4.tobytes())
    read = np.fromfile(OUT / "pair.fdt", "<f4").reshape(500, 4).T.astype(float)
    expect("pair.set", read, 250.0, AT_250)
    expect("renamed.set", read, 250.0, AT_250, warns="'before.fdt' is not there")
    expect("old.set", read, 250.0, AT_250, peer=False)

    kinds = [dict(type=float(t), latency=l, duration=d) for t, l, d in ((7, 51.0, 0.0), (12, 100.5, 0.0), (7, 151.0, 25.0))]
    numbers = [[a, b, str(t)] for (a, b, _), t in zip(AT_250, (7, 12, 7))]
    for name, order, packed in (("big-endian", ">", False), ("little-packed", "<", True)):
        own = dict(data_set(np.round(v * 10), 250, []), event=kinds, setname="größe", comments="",
                   chanlocs=[dict(labels=label, type="") for label in ("Cz", "C3", "Fz", "Oz")],
                   etc=(1.0, "two", dict(a=np.arange(9.0))), times=np.arange(500) * 4.0)
        Mat(order, packed).write(OUT / f"{name}.set", EEG=own, other=np.arange(5.0))
        read = inside(f"{name}.set")
        assert np.array_equal(read, np.round(v * 10))
        expect(f"{name}.set", read, 250.0, numbers, peer=name != "big-endian", facts={"title": "größe"})


def cuts():
    """A recording of 4 s from which EEGLAB would have cut two stretches; `Clock` keeps the times."""
    rate = 200
    clock = np.arange(4 * rate) / rate
    whole = np.vstack([clock, rng.normal(0, 10, clock.size)])
    left = np.r_[0:150, 230:500, 600:800]
    rows = [("go", 101.0, 0.0), ("boundary", 150.5, 80.0), ("go", 170.0, 0.0), ("boundary", 420.5, 100.0), ("go", 421.0, 0.0)]
    savemat(OUT / "cuts.set", dict(EEG=data_set(whole[:, left].copy(), rate, rows)), do_compression=True)
    events = [[0.5, 0.0, "go"], [149.5 / rate, 0.4, "boundary"], [(169 + 80) / rate, 0.0, "go"],
              [(419.5 + 80) / rate, 0.5, "boundary"], [3.0, 0.0, "go"]]
    expect("cuts.set", inside("cuts.set"), 200.0, events, gaps=2)
    rows = [("boundary", 0.5, math.nan), ("boundary", 150.5, math.nan), ("go", 170.0, np.empty((0, 0)))]
    savemat(OUT / "cuts-unknown.set", dict(EEG=data_set(whole[:, left].astype("f4"), rate, rows)), do_compression=True)
    events = [[-0.5 / rate, None, "boundary"], [149.5 / rate, None, "boundary"], [169 / rate, None, "go"]]
    expect("cuts-unknown.set", inside("cuts-unknown.set"), 200.0, events, gaps=0, warns="mark cuts of unknown length")


def refused():
    """What is no recording, or in a form that is not read."""
    v = rng.normal(0, 20, (2, 50, 4)).astype("f4")
    base = data_set(v[:, :, 0], 250, EVENTS)
    savemat(OUT / "epochs.set", dict(EEG=dict(base, data=v, trials=4.0)))
    savemat(OUT / "epochs-flat.set", dict(EEG=dict(base, data=v.reshape(2, -1), trials=4.0)))
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Fri Jan 02 10:00:00 2026 HDF5 schema 1.00 ."
    (OUT / "v73.set").write_bytes(head.ljust(124) + b"\0\2IM" + b"\0" * 384 + b"\x89HDF\r\n\x1a\n" + b"\0" * 64)
    savemat(OUT / "outside.set", dict(EEG=dict(base, data="../pair.fdt")))
    savemat(OUT / "many.set", dict(EEG=np.array([(1.0, v[0]), (1.0, v[0])], dtype=[("srate", object), ("data", object)])))
    savemat(OUT / "transposed.set", dict(EEG=dict(base, data=v[:, :, 0].T.copy())))
    savemat(OUT / "other.set", dict(x=np.arange(5.0)))
    for name, words in (("epochs", "4 epochs of 50 samples, cut out of a recording: save the continuous data set instead"),
                        ("epochs-flat", "4 epochs of 50 samples"), ("v73", "MATLAB 7.3 file (HDF5)"),
                        ("outside", "which is not beside it"), ("many", "it holds 2 data sets"),
                        ("transposed", "50 × 2 where channels × samples, 2 × 50"), ("other", "no variable EEG")):
        FOUND[f"{name}.set"] = dict(refused=words)


OUT.mkdir(exist_ok=True)
forms()
cuts()
refused()
(OUT / "eeglab.json").write_text(json.dumps(FOUND, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
total = sum(path.stat().st_size for path in OUT.iterdir())
print(f"{len(FOUND)} sets, {total} bytes")
