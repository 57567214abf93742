"""What the peers read from the public example files: tests/vectors/formats/formats.json.

Takes   the folder of example recordings (EDF, BDF, BrainVision, OpenBCI text, BrainFlow and Muse CSV).
Gives   for each file: its channels with count, first, last, exact sum (math.fsum) and greatest value, and its
        annotations. EDF and BDF by edfio (by MNE where edfio refuses), BrainVision by MNE in µV, text by NumPy.
Run     python tests/vectors/formats/make_formats.py FOLDER   (edfio 0.4.18, MNE 1.13.2, NumPy 2.4.6)
"""

import json
import math
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")
OUT = Path(__file__).with_name("formats.json")


def of(label, values):
    values = np.asarray(values, dtype=float)
    return {"label": label, "count": len(values), "first": values[:3].tolist(), "last": float(values[-1]),
            "sum": math.fsum(values), "max": float(values.max())}


def edf(path):
    import edfio

    read = edfio.read_bdf if path.suffix == ".bdf" else edfio.read_edf
    file = read(path)
    notes = [[float(n.onset), n.duration, n.text] for n in file.annotations]
    return {"peer": "edfio", "channels": [of(s.label, s.data) for s in file.signals], "annotations": notes}


def mne_raw(path):
    import mne

    if path.suffix == ".vhdr":
        raw = mne.io.read_raw_brainvision(path, preload=True, verbose="error")
    elif path.suffix == ".bdf":
        raw = mne.io.read_raw_bdf(path, preload=True, verbose="error", stim_channel=None)
    else:
        raw = mne.io.read_raw_edf(path, preload=True, verbose="error", stim_channel=None)
    notes = [[float(n["onset"]), float(n["duration"]), str(n["description"])] for n in raw.annotations]
    # MNE gives volts where the file had any voltage; other units it leaves as they are.
    scale = [1e6 if raw._orig_units.get(name, "").endswith("V") else 1.0 for name in raw.ch_names]
    data = raw.get_data()
    channels = [of(name, data[i] * scale[i]) for i, name in enumerate(raw.ch_names)]
    return {"peer": "mne", "rate_hz": raw.info["sfreq"], "channels": channels, "annotations": notes}


def text(path, columns, delimiter=",", skip=None):
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        cells = [cell.strip() for cell in line.split(delimiter)]
        try:
            row = [float(cells[c]) for c in columns]
        except (ValueError, IndexError):
            continue
        if skip and skip(cells):
            continue
        rows.append(row)
    data = np.array(rows)
    return {"peer": "numpy", "channels": [of(str(c), data[:, i]) for i, c in enumerate(columns)], "annotations": None}


def main(folder):
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        try:
            if path.suffix in (".edf", ".bdf"):
                try:
                    found[name] = edf(path)
                except Exception:
                    found[name] = mne_raw(path)
            elif path.suffix == ".vhdr":
                found[name] = mne_raw(path)
            elif "openbci" in name and path.suffix == ".txt":
                zeros = lambda cells: all(c in ("0.0", "0") for c in cells)
                found[name] = text(path, range(1, 9), skip=zeros)
            elif "brainflow" in name and path.suffix == ".csv":
                found[name] = text(path, range(1, 17), "\t")
        except Exception as refused:
            found[name] = {"refused": str(refused)[:200]}
        if name in found:
            print(name, found[name].get("peer", found[name].get("refused")))
    OUT.write_text(json.dumps(found, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


main(Path(sys.argv[1]))
