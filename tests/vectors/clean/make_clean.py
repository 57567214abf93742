"""Vectors for cleaning, from asrpy and MNE-Python.

Writes clean.json beside this file. Run with asrpy 0.0.8 (and NumPy < 2.4, which it needs), SciPy and MNE >= 1.8:
    python tests/vectors/clean/make_clean.py

The signal is made from a seed, here and in tests/clean/signal.rs, by the same arithmetic; only what asrpy makes of it is
stored. asrpy is called with filter and covariance at rest (`Zi`, `cov`), since it otherwise begins with the state that the
whole signal leaves behind, and with `mem_splits=1`, since it leaves out the last update of every split.
"""

import json
import math
from pathlib import Path

import asrpy.asr as asr
import asrpy.asr_utils as utils
import mne
import numpy as np

HERE = Path(__file__).parent
RATE = 250.0
CHANNELS = 8
FRAMES = 90 * 250
CALIBRATION = 70 * 250
CUTOFF = 20.0
STEP, WINDOW = 5, 125


class Noise:
    """Uniform in -20 to 20, from a 64-bit congruential generator."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return ((self.state >> 40) / 2**24 - 0.5) * 40.0


def signal():
    """[frames, channels], µV: eight rhythms of different colour, mixed, with blinks and bursts."""
    noise = Noise(7)
    mixing = [[noise.next() / 20.0 + (2.0 if i == j else 0.0) for j in range(CHANNELS)] for i in range(CHANNELS)]
    slow = [0.0] * CHANNELS
    out = np.zeros((FRAMES, CHANNELS))
    for t in range(FRAMES):
        for k in range(CHANNELS):
            fresh = noise.next()
            keep = 0.5 + 0.05 * k
            slow[k] = keep * slow[k] + (1.0 - keep) * fresh
        blink = math.exp(-0.5 * ((t % 1130 - 900) / 12.0) ** 2) * 300.0
        burst = 12.0 if t % 3100 > 2900 else 0.0
        jaw = burst * noise.next() / 2.0
        for c in range(CHANNELS):
            value = sum(mixing[c][k] * slow[k] for k in range(CHANNELS))
            out[t, c] = value + blink / (1.0 + c) + jaw * (c / 7.0) ** 2
    return out.astype(np.float32).astype(np.float64)


def runs(mask):
    """Where a mask changes, from True at 0."""
    return [int(i) for i in np.flatnonzero(np.diff(np.concatenate([[True], mask]).astype(int)))]


def processed(x, m, t, ab, lookahead):
    """asrpy's output [channels, frames] in the time of its input. asrpy gives nothing back for a lookahead of 0 and knows
    none below: so its lookahead is the whole signal, and its delay line holds the signal as it is to be met by the
    reconstructions, `lookahead` frames late."""
    met = np.roll(x, lookahead, axis=1)
    rest = {"Zi": np.zeros((len(x), 8)), "cov": np.zeros((len(x) ** 2, WINDOW)), "mem_splits": 1}
    secs = x.shape[1] / RATE
    out = asr.asr_process(x.copy(), RATE, m, t, WINDOW / RATE, secs, STEP, 0.66, ab, carry=met, **rest)
    return np.roll(out, -lookahead, axis=1)


def cleaning():
    x = signal().T
    b, a = utils.yulewalk(8, np.array([0, 2, 3, 13, 16, 40, 80.0, 125.0]) * 2 / RATE, np.array([3, 0.75, 0.33, 0.33, 1, 1, 3, 3]))
    learn = x[:, :CALIBRATION]
    clean, mask = asr.clean_windows(learn, RATE, max_bad_chans=0.1, win_len=0.5)
    m, t = asr.asr_calibrate(clean, RATE, cutoff=CUTOFF, win_len=0.5)
    out = {"b": b, "a": a, "kept": runs(mask[0]), "kept_frames": int(mask.sum()), "covariance": m @ m, "bound": t.T @ t}
    at = list(range(CALIBRATION + 300, FRAMES - 400, 13))
    out["at"] = at
    for name, lookahead in [("causal", 1 - STEP), ("none", 0), ("quarter", 62)]:
        y = processed(x, m, t, (a, b), lookahead)
        out[name] = np.round(y[:, at], 6).T
        out[name + "_changed"] = int((np.abs(y - x)[:, at].max(0) > 1e-6).sum())
    spreads = []
    for c in range(CHANNELS):
        amplitudes = [math.sqrt(np.mean(learn[c, o : o + 125] ** 2)) for o in range(0, CALIBRATION - 125, 42)]
        mu, sigma, _, _ = utils.fit_eeg_distribution(amplitudes)
        spreads.append([float(mu[0]), float(sigma[0])])
    out["spreads"] = spreads
    return out


def filters():
    """Coefficients at other rates."""
    out = []
    for rate in [128.0, 256.0, 300.0, 499.0]:
        f = np.array([0, 2, 3, 13, 16, 40, min(80.0, rate / 2 - 1), rate / 2]) * 2 / rate
        b, a = utils.yulewalk(8, f, np.array([3, 0.75, 0.33, 0.33, 1, 1, 3, 3]))
        out.append({"rate": rate, "b": b, "a": a})
    return out


def interpolation():
    """What bad electrodes are taken to have measured, from the good ones: rows of MNE's interpolation matrix."""
    from mne.channels.interpolation import _make_interpolation_matrix

    names = ["Fp1", "Fp2", "F3", "Fz", "F4", "T7", "C3", "Cz", "C4", "T8", "P3", "Pz", "P4", "O1", "Oz", "O2"]
    out = []
    positions = mne.channels.make_standard_montage("standard_1005").get_positions()["ch_pos"]
    unit = {n: positions[n] / np.linalg.norm(positions[n]) for n in names}
    for bad in [["O1"], ["T7", "Oz"], ["Fp1", "Fp2", "Cz", "P4"]]:
        good = [n for n in names if n not in bad]
        w = _make_interpolation_matrix(np.array([unit[n] for n in good]), np.array([unit[n] for n in bad]))
        out.append({"bad": bad, "good": good, "matrix": w})
    return {"names": names, "positions": [unit[n] for n in names], "cases": out}


def clean(x):
    if isinstance(x, np.ndarray):
        return clean(x.tolist())
    if isinstance(x, dict):
        return {k: clean(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [clean(v) for v in x]
    return float(x) if isinstance(x, np.floating) else x


if __name__ == "__main__":
    vectors = {"asr": cleaning(), "filters": filters(), "interpolation": interpolation()}
    (HERE / "clean.json").write_text(json.dumps(clean(vectors), separators=(",", ":")) + "\n")
