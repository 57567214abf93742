#!/usr/bin/env python3
"""How fast recordings are read, and with how much memory: Phosphene against pyxdf, edfio, pyedflib and MNE.

Makes a 64-channel float32 XDF file of about 500 MB in chunks of half a second, and 64-channel, 512 Hz, ten-minute files:
EDF and BDF (edfio), FIF (MNE), EEGLAB with its samples beside it (.set and .fdt) and packed inside it (SciPy). Every reader runs in a process of its own; peak memory is what the system says of that process.
Linux counts in it what the starting process holds at that moment, so the files are made in processes of their own and this
one imports nothing large: what it still holds is the floor that is printed, below which no peak can be seen (≤).
Alternates the sides three times and takes the best of each.

    pip install pyxdf==1.17.5 edfio==0.4.18 pyedflib==0.1.42 mne==1.13.2 scipy numpy
    cargo build --release --no-default-features --example read_recording
    python benches/peers/read_speed.py
"""
import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 3
PEERS = {
    "pyxdf": "import pyxdf; streams, _ = pyxdf.load_xdf(PATH); print(len(streams[0]['time_stamps']))",
    "edfio": "import edfio; f = (edfio.read_bdf if PATH.endswith('bdf') else edfio.read_edf)(PATH); print(sum(s.data.size for s in f.signals))",
    "mne": "import mne; read = mne.io.read_raw_fif if PATH.endswith('fif') else mne.io.read_raw_eeglab; print(read(PATH, preload=True, verbose=False).get_data().size)",
    "pyedflib": "import pyedflib; f = pyedflib.EdfReader(PATH); print(sum(f.readSignal(i).size for i in range(f.signals_in_file)))",
}


def chunk(tag, content):
    length = len(content) + 2
    return b"\x04" + struct.pack("<IH", length, tag) + content


def make_xdf(path, megabytes):
    import numpy as np

    header = (
        "<?xml version='1.0'?><info><name>bench</name><type>EEG</type><channel_count>64</channel_count>"
        "<nominal_srate>500</nominal_srate><channel_format>float32</channel_format></info>"
    ).encode()
    rows, stamp = 250, 1000.0
    values = np.random.default_rng(1).standard_normal((rows, 64)).astype("<f4") * 20
    with open(path, "wb") as out:
        out.write(b"XDF:" + chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>"))
        out.write(chunk(2, struct.pack("<I", 1) + header))
        for number in range(megabytes * 1_000_000 // (rows * 257)):
            # As LabRecorder: a stamp at the start of each chunk, the others deduced.
            body = b"".join((b"\x08" + struct.pack("<d", stamp) if i == 0 else b"\x00") + values[i].tobytes() for i in range(rows))
            out.write(chunk(3, struct.pack("<I", 1) + b"\x04" + struct.pack("<I", rows) + body))
            if number % 10 == 0:
                out.write(chunk(4, struct.pack("<Idd", 1, stamp, 0.01)))
            stamp += rows / 500
    return path


def make_edf(path):
    import edfio
    import numpy as np

    draw = np.random.default_rng(1)
    make, kind = (edfio.Bdf, edfio.BdfSignal) if path.suffix == ".bdf" else (edfio.Edf, edfio.EdfSignal)
    make([kind(draw.standard_normal(512 * 600) * 20, 512, label=f"C{i}", physical_range=(-500, 500)) for i in range(64)]).write(path)
    return path


def make_mne(path):
    import mne
    import numpy as np
    from scipy.io import savemat

    values = np.random.default_rng(1).standard_normal((64, 512 * 600)).astype("<f4") * 20
    if path.suffix == ".fif":
        info = mne.create_info(64, 512.0, "eeg")
        mne.io.RawArray(values * 1e-6, info, verbose=False).save(path, verbose=False)
        return path
    places = np.array([(f"C{i}",) for i in range(64)], dtype=[("labels", object)])
    inside = values
    if "beside" in path.stem:
        path.with_suffix(".fdt").write_bytes(values.T.tobytes())
        inside = path.with_suffix(".fdt").name
    about = dict(setname="bench", nbchan=64.0, trials=1.0, pnts=512.0 * 600, srate=512.0, xmin=0.0, chanlocs=places, event=[], data=inside)
    savemat(path, {"EEG": about}, do_compression="packed" in path.stem, appendmat=False)
    return path


def make(path, megabytes):
    """Makes the file in another process, whose arrays are not this one's."""
    subprocess.run([sys.executable, __file__, "--make", str(path), "--megabytes", str(megabytes)], check=True)
    return path


def measured(command):
    """(seconds of the process, peak MB, what it printed)."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[:3]} failed")
    return time.perf_counter() - began, usage.ru_maxrss / 1024, output


def compare(path, ours, peers):
    best = {}
    sides = {"phosphene " + how: [str(ours), how, str(path)] for how in (("whole", "pieces") if path.suffix == ".xdf" else ("pieces",))}
    sides |= {peer: [sys.executable, "-c", PEERS[peer].replace("PATH", repr(str(path)))] for peer in peers}
    for _ in range(ROUNDS):
        for name, command in sides.items():
            secs, peak, output = measured(command)
            if name.startswith("phosphene"):
                secs = json.loads(output)["secs"]
            else:
                secs -= imports(name)
            best[name] = min(best.get(name, (9e9, 9e9)), (secs, peak))
    floor = measured(["true"])[1]
    print(f"{path.name}, {path.stat().st_size / 1e6:.0f} MB; floor of peaks {floor:.0f} MB")
    fastest = min(best[peer][0] for peer in peers)
    for name, (secs, peak) in best.items():
        most = "≤" if peak < floor + 1 else " "
        print(f"  {name:<18} {secs:7.3f} s, peak {most}{peak:5.0f} MB, {fastest / secs:5.1f} × the fastest peer")


def imports(peer):
    """Seconds that Python and the import take, which are not the reader's."""
    return min(measured([sys.executable, "-c", f"import {peer}"])[0] for _ in range(2))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = Path(__file__).resolve().parents[2]
    target = Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
    parser.add_argument("--program", type=Path, default=target / "release/examples/read_recording")
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--only", nargs="*", help="only these formats, as: fif set")
    parser.add_argument("--make", type=Path, help="only make this file; its ending says which")
    chosen = parser.parse_args()
    if chosen.make:
        if chosen.make.suffix == ".xdf":
            make_xdf(chosen.make, chosen.megabytes)
        else:
            (make_edf if chosen.make.suffix in (".edf", ".bdf") else make_mne)(chosen.make)
        return
    with tempfile.TemporaryDirectory() as folder:
        edf = ["edfio", "pyedflib"]
        files = {"bench.xdf": ["pyxdf"], "bench.edf": edf, "bench.bdf": edf, "bench_raw.fif": ["mne"], "beside.set": ["mne"], "packed.set": ["mne"]}
        for name, peers in files.items():
            if not chosen.only or Path(name).suffix[1:] in chosen.only:
                compare(make(Path(folder) / name, chosen.megabytes), chosen.program, peers)


main()
