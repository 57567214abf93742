"""Vectors for the signal path and the statistics, from SciPy and NumPy.

Writes dsp_design.json, dsp_signal.json and stats.json beside this file. Run with SciPy >= 1.11:
    python tests/vectors/signal/make_dsp.py
"""

import json
from pathlib import Path

import numpy as np
import scipy.signal as ss
import scipy.stats as st

HERE = Path(__file__).parent
RATES = [250.0, 256.0, 500.0, 1000.0, 2048.0]


def save(name, value):
    def clean(x):
        if isinstance(x, np.ndarray):
            return clean(x.tolist())
        if isinstance(x, dict):
            return {k: clean(v) for k, v in x.items()}
        if isinstance(x, (list, tuple)):
            return [clean(v) for v in x]
        return float(x) if isinstance(x, np.floating) else x

    (HERE / name).write_text(json.dumps(clean(value), separators=(",", ":")) + "\n")


def design():
    """Every coefficient as repr-exact float64; band: [low, high], one of them 0 for low- and high-pass."""
    filters = []
    for fs in RATES:
        for order in range(1, 9):
            for band in [[0.5, 40.0], [1.0, 30.0], [8.0, 13.0]]:
                sos = ss.butter(order, band, "bandpass", fs=fs, output="sos")
                filters.append({"kind": "band", "order": order, "hz": band, "fs": fs, "sos": sos})
            for hz in [0.5, 40.0, 100.0]:
                for kind in ["low", "high"]:
                    sos = ss.butter(order, hz, kind, fs=fs, output="sos")
                    filters.append({"kind": kind, "order": order, "hz": [hz, hz], "fs": fs, "sos": sos})
    notches = []
    for fs in RATES:
        for hz in [50.0, 60.0]:
            b, a = ss.iirnotch(hz, 30.0, fs=fs)
            notches.append({"hz": hz, "fs": fs, "b": b, "a": a})
    return {"filters": thin(filters), "notches": notches, "group_delay": delays()}


def thin(filters):
    """All orders and all rates for the working band, a spread of the rest: keeps the file small."""
    keep = [f for f in filters if f["hz"] == [0.5, 40.0]]
    rest = [f for f in filters if f["hz"] != [0.5, 40.0]]
    return keep + rest[::4]


def delays():
    out = []
    for fs in [250.0, 1000.0]:
        b, a = ss.butter(4, [0.5, 40.0], "bandpass", fs=fs)
        nb, na = ss.iirnotch(50.0, 30.0, fs=fs)
        hz = np.array([2.0, 10.0, 20.0, 39.0, 45.0])
        sos = ss.butter(4, [0.5, 40.0], "bandpass", fs=fs, output="sos")
        delay = sum(ss.group_delay((s[:3], s[3:]), hz, fs=fs)[1] for s in sos)
        delay = delay + ss.group_delay((nb, na), hz, fs=fs)[1]
        out.append({"fs": fs, "hz": hz, "delay_secs": delay / fs})
    return out


def signal(n, fs, seed):
    """Drift, an alpha wave, mains hum and noise, as float32 microvolts."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) / fs
    x = 40 * np.sin(2 * np.pi * 0.2 * t) + 20 * np.sin(2 * np.pi * 10 * t + 0.3)
    x += 30 * np.sin(2 * np.pi * 50 * t) + 8 * rng.standard_normal(n)
    return np.round(x, 3).astype(np.float32)


def filtered():
    out = []
    for fs, order, seed in [(250.0, 4, 1), (1000.0, 2, 2)]:
        x = signal(1000, fs, seed)
        b, a = ss.iirnotch(50.0, 30.0, fs=fs)
        sos = np.vstack([np.r_[b, a], ss.butter(order, [0.5, 40.0], "bandpass", fs=fs, output="sos")])
        wide = x.astype(np.float64)
        settled, _ = ss.sosfilt(sos, wide, zi=ss.sosfilt_zi(sos) * wide[0])
        rest = ss.sosfilt(sos, wide)
        out.append({"fs": fs, "order": order, "x": x, "from_rest": rest.round(9), "settled": settled.round(9)})
    return out


def resampled():
    """What src/dsp/resample.rs documents: Kaiser 80 dB, pass edge keep_hz, stop edge lower_rate - keep_hz."""
    out = []
    for fs_in, fs_out, up, down, keep in [
        (256.0, 250.0, 125, 128, 40.0),
        (1000.0, 250.0, 1, 4, 40.0),
        (125.0, 250.0, 2, 1, 40.0),
        (2048.0, 250.0, 125, 1024, 40.0),
    ]:
        x = signal(600, fs_in, 3)
        lower, dense = min(fs_in, fs_out), fs_in * up
        taps = (80 - 7.95) / (2.285 * 2 * np.pi * (lower - 2 * keep) / dense)
        half = int(np.ceil(taps / 2))
        h = ss.firwin(2 * half + 1, lower / 2, window=("kaiser", 0.1102 * (80 - 8.7)), fs=dense) * up
        y = ss.upfirdn(h, x.astype(np.float64), up, down)
        y = y[: (len(x) - 1) * up // down + 1]
        out.append({"from": fs_in, "to": fs_out, "keep_hz": keep, "x": x, "y": y.round(9), "delay_secs": half / dense})
    return out


def spectra():
    fs, x = 250.0, signal(1000, 250.0, 4)
    wide = x.astype(np.float64)
    _, welch = ss.welch(wide, fs, nperseg=250)
    _, odd = ss.welch(wide, fs, nperseg=201)
    f, p = ss.periodogram(wide[:200], fs, window="hann", detrend="constant")
    edges = [0.5, 4, 8, 13, 30, 40]
    bands = [
        np.log10(np.maximum(p[(f >= lo) & (f < hi)].sum() * f[1], 1e-12))
        for lo, hi in zip(edges[:-1], edges[1:])
    ]
    return {"fs": fs, "x": x, "welch_250": welch, "welch_201": odd, "log_band_power_200": bands}


def stats():
    binomial = []
    for hits, n, p in [
        (0, 10, 0.5), (1, 10, 0.5), (5, 10, 0.5), (10, 10, 0.5), (3, 58, 0.025), (24, 58, 0.025),
        (58, 58, 0.025), (100, 400, 0.25), (130, 400, 0.25), (25_500, 1_000_000, 0.025),
        (24_800, 1_000_000, 0.025), (26_000, 1_000_000, 0.025), (1_000_000, 1_000_000, 0.9999),
        (7, 20, 1e-6), (1, 1_000_000, 1e-6), (500_000, 1_000_000, 0.5), (999, 1000, 0.999),
    ]:
        binomial.append({"hits": hits, "n": n, "p": p, "tail": st.binom.sf(hits - 1, n, p)})
    wilson = []
    for hits, n in [(0, 10), (3, 10), (10, 10), (24, 58), (500, 1000), (1, 100_000)]:
        ci = st.binomtest(hits, n).proportion_ci(0.95, method="wilson")
        wilson.append({"hits": hits, "n": n, "low": ci.low, "high": ci.high})
    values = np.random.default_rng(5).normal(size=37).round(6)
    quantiles = [0, 1, 5, 25, 50, 75, 95, 99, 100]
    return {
        "binomial": binomial,
        "wilson": wilson,
        "percentiles": {"values": values, "q": quantiles, "expected": np.percentile(values, quantiles)},
    }


save("dsp_design.json", design())
save("dsp_signal.json", {"filtered": filtered(), "resampled": resampled(), "spectra": spectra()})
save("stats.json", stats())
