"""Vectors for spectra, spectrograms and band powers, from SciPy and NumPy.

Writes spectrum.json beside this file. Run with SciPy >= 1.11:
    python tests/vectors/spectrum/make_spectrum.py
"""

import json
from pathlib import Path

import numpy as np
import scipy.signal as ss

HERE = Path(__file__).parent
BANDS = [0.5, 4, 8, 13, 30, 45]


def signal(n, fs, seed):
    """An offset, drift, an alpha wave that swells, mains hum and noise, as float32 microvolts."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) / fs
    x = 150 + 40 * np.sin(2 * np.pi * 0.2 * t)
    x += 20 * (1 + np.sin(2 * np.pi * 0.3 * t)) * np.sin(2 * np.pi * 10 * t + 0.3)
    x += 30 * np.sin(2 * np.pi * 50 * t) + 8 * rng.standard_normal(n)
    return np.round(x, 2).astype(np.float32)


def bands(f, density):
    return [float(density[(f >= lo) & (f < hi)].sum() * f[1]) for lo, hi in zip(BANDS[:-1], BANDS[1:])]


def case(fs, length, x, **more):
    return {"rate_hz": fs, "length": length, "x": [float(v) for v in x], **more}


def welch():
    out = []
    # Seven stretches without a rest; an odd length; 1024 Hz with a rest.
    for fs, length, n, seed in [(250.0, 500, 2000, 1), (250.0, 201, 201 + 7 * 101, 2), (1024.0, 1024, 4000, 3)]:
        x = signal(n, fs, seed)
        f, density = ss.welch(x.astype(np.float64), fs, nperseg=length)
        out.append(case(fs, length, x, density=density.tolist(), bands=bands(f, density)))
    return out


def periodogram():
    out = []
    for fs, length, seed in [(250.0, 250, 4), (256.0, 301, 5)]:
        x = signal(length, fs, seed)
        f, density = ss.periodogram(x.astype(np.float64), fs, window="hann", detrend="constant")
        out.append(case(fs, length, x, density=density.tolist(), bands=bands(f, density)))
    return out


def spectrogram():
    out = []
    for fs, length, hop, n, seed in [(250.0, 250, 25, 500, 6), (256.0, 129, 40, 600, 7)]:
        x = signal(n, fs, seed)
        _, times, density = ss.spectrogram(
            x.astype(np.float64), fs, window="hann", nperseg=length, noverlap=length - hop
        )
        columns = density.T.tolist()
        out.append(case(fs, length, x, hop=hop, times_secs=times.tolist(), columns=columns))
    return out


vectors = {"welch": welch(), "periodogram": periodogram(), "spectrogram": spectrogram()}
(HERE / "spectrum.json").write_text(json.dumps(vectors, separators=(",", ":")) + "\n")
