"""What MNE and the BIDS validator say of converted recordings.

Takes   `mne FILE` or `bids FOLDER`.
Gives   JSON: for mne channels, rate, samples, first and last sample in µV, annotations; for bids the errors.
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


def with_validator(folder):
    program = Path(sys.executable).with_name("bids-validator-deno")
    program = str(program) if program.exists() else shutil.which("bids-validator-deno")
    if not program:
        sys.exit(3)
    output = subprocess.run([program, folder, "--format", "json"], capture_output=True, text=True).stdout
    issues = json.loads(output)["issues"]["issues"]
    return {"errors": [issue for issue in issues if issue.get("severity") == "error"]}


print(json.dumps({"mne": with_mne, "bids": with_validator}[sys.argv[1]](sys.argv[2])))
