"""What MNE, edfio, pyedflib (the library of EDFbrowser) and the BIDS validator say of converted recordings.

Takes   `mne FILE`, `edfio FILE`, `pyedflib FILE` or `bids FOLDER`.
Gives   JSON: for a file channels, rate, samples, first and last sample in µV, annotations; for bids the errors.
Exits   3 when the peer is not installed.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path


def with_mne(path):
    try:
        import mne
    except ImportError:
        sys.exit(3)
    readers = {".edf": mne.io.read_raw_edf, ".bdf": mne.io.read_raw_bdf, ".vhdr": mne.io.read_raw_brainvision}
    raw = readers[Path(path).suffix](path, preload=True, verbose="error")
    data = raw.get_data() * 1e6
    notes = [[float(n["onset"]), float(n["duration"]), str(n["description"])] for n in raw.annotations]
    return {
        "channels": raw.ch_names,
        "rate_hz": raw.info["sfreq"],
        "samples": data.shape[1],
        "first": data[:, 0].tolist(),
        "last": data[:, -1].tolist(),
        "annotations": notes,
        "started": str(raw.info["meas_date"]),
    }


def with_edfio(path):
    try:
        import edfio
    except ImportError:
        sys.exit(3)
    read = edfio.read_bdf if path.endswith(".bdf") else edfio.read_edf
    recording = read(path)
    return {
        "channels": list(recording.labels),
        "rate_hz": recording.signals[0].sampling_frequency,
        "samples": len(recording.signals[0].data),
        "first": [float(s.data[0]) for s in recording.signals],
        "last": [float(s.data[-1]) for s in recording.signals],
        "annotations": [[n.onset, n.duration, n.text] for n in recording.annotations],
    }


def with_pyedflib(path):
    try:
        import pyedflib
    except ImportError:
        sys.exit(3)
    with pyedflib.EdfReader(path) as recording:
        signals = [recording.readSignal(i) for i in range(recording.signals_in_file)]
        onsets, durations, texts = recording.readAnnotations()
        return {
            "channels": recording.getSignalLabels(),
            "rate_hz": float(recording.getSampleFrequency(0)),
            "samples": len(signals[0]),
            "first": [float(s[0]) for s in signals],
            "last": [float(s[-1]) for s in signals],
            "annotations": [list(map(str, note)) for note in zip(onsets, durations, texts)],
        }


def with_validator(folder):
    program = Path(sys.executable).with_name("bids-validator-deno")
    program = str(program) if program.exists() else shutil.which("bids-validator-deno")
    if not program:
        sys.exit(3)
    output = subprocess.run([program, folder, "--format", "json"], capture_output=True, text=True).stdout
    issues = json.loads(output)["issues"]["issues"]
    return {"errors": [issue for issue in issues if issue.get("severity") == "error"]}


peers = {"mne": with_mne, "edfio": with_edfio, "pyedflib": with_pyedflib, "bids": with_validator}
print(json.dumps(peers[sys.argv[1]](sys.argv[2])))
