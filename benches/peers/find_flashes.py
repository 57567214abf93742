#!/usr/bin/env python3
"""The detector of flashes on real recordings beside pyRiemann and scikit-learn, and what its scores select.

Both sides get the same epochs (causal filter, 0 to .8 s behind the flash, 128 Hz) and the same folds: one run left out at a
time (Muse P300), or five contiguous blocks (Brain Invaders). The peers' best pipeline is taken after the fact, which favours
them; Phosphene has one pipeline for all. Then, by `examples/find_flashes.rs`: how often one of 40 pictures is found when
scores of real flashes are drawn for a grid, how often a search stops and is right at a bound of .95, the same for scores
that mean nothing, and the AUC after few training flashes.

    pip install pyriemann==0.12 scikit-learn==1.9.1 scipy numpy
    cargo build --release --example find_flashes
    python benches/peers/find_flashes.py --data FOLDER      # the folder that holds neurotechx-eeg-notebooks and the rest
"""
import argparse
import json
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt

from class_scores import invaders, muse, peers

BLOCKS = 5
RATE_HZ = 128
LENGTH_SECS = 0.8


def epochs(signal, marks, rate_hz, band_hz, order):
    """Epochs [n, channels, samples] of a causal Butterworth band at 128 Hz, and whether each is of marker 2."""
    sections = butter(order, band_hz, "bandpass", fs=rate_hz, output="sos")
    # As the program does: filters begin as if the first sample had stood there for ever.
    filtered = sosfilt(sections, signal - signal[0], axis=0)
    length, thin = round(LENGTH_SECS * rate_hz), round(rate_hz / RATE_HZ)
    kept = [(at, mark) for at, mark in marks if at > rate_hz and at + length <= len(signal)]
    return np.stack([filtered[at : at + length : thin].T for at, _ in kept]), np.array([mark == 2 for _, mark in kept])


def recordings(data, band_hz, order):
    """(name, epochs, targets, groups) of each recording that is there."""
    signal, marks = invaders(data / "brain-invaders-2012/subject_01_session_01.npz")
    x, y = epochs(signal, marks, 128.0, band_hz, order)
    yield "Brain Invaders, 16 channels", x, y, np.arange(len(y)) * BLOCKS // len(y)
    for folder in sorted(data.glob("neurotechx-eeg-notebooks/P300/subject*")):
        parts = [epochs(*muse(path), 256.0, band_hz, order) for path in sorted(folder.glob("session*/*.csv"))]
        if len(parts) > 1:
            groups = np.concatenate([np.full(len(part[1]), i) for i, part in enumerate(parts)])
            x, y = (np.concatenate(each) for each in zip(*parts))
            yield f"Muse P300 {folder.name}, 4 channels", x, y, groups


def write(path, x, y, groups):
    """A safetensors file: `epochs` [n, channels, samples] f32, `targets` [n] u8, `groups` [n] u8."""
    arrays = {"epochs": ("F32", x.astype("<f4")), "targets": ("U8", y.astype("u1")), "groups": ("U8", groups.astype("u1"))}
    head, at = {"__metadata__": {"rate_hz": str(RATE_HZ)}}, 0
    for name, (kind, array) in arrays.items():
        head[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for _, a in arrays.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/examples/find_flashes")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--band", type=float, nargs=2, default=[0.5, 16.0], metavar="HZ")
    parser.add_argument("--order", type=int, default=2, help="of the Butterworth band, as SciPy counts")
    args = parser.parse_args()
    for name, x, y, groups in recordings(args.data, args.band, args.order):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "epochs.safetensors"
            write(path, x, y, groups)
            command = [args.program, str(path)]
            ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        report(name, ours, peers(x, y, groups, RATE_HZ, "oas"), y)


def report(name, ours, theirs, y):
    best = max(theirs, key=theirs.get)
    print(f"{name}: {len(y)} flashes, {y.sum()} targets")
    print(f"  AUC: Phosphene {ours['auc']:.3f} (labels exchanged {ours['auc_exchanged']:.3f}); peers: "
          + ", ".join(f"{k} {v:.3f}" for k, v in theirs.items()))
    print(f"  difference to the best of them ({best}): {ours['auc'] - theirs[best]:+.3f}")
    print("  AUC after few training flashes: " + ", ".join(f"{few['flashes']}: {few['auc']:.3f}" for few in ours["few"]))
    print(f"  fit {ours['fit_secs']:.2f} s, score {1e3 * ours['score_secs']:.3f} ms a flash (median)")
    for what, found in ours["selections"].items():
        right = " / ".join(f"{share:.3f}" for share in found["right"])
        stop = found["stopping"]
        print(f"  {what}: right after {found['repetitions']} repetitions {right}")
        print(f"    stopping at .95: {stop['stopped']:.3f} of searches stop; {stop['right_of_stopped']} of them right, "
              f"{stop['median_flashes']} flashes on the median", flush=True)


if __name__ == "__main__":
    main()
