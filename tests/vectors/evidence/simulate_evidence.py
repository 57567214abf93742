#!/usr/bin/env python3
"""Which statistic gives an honest p-value? The simulation behind src/decode/inference/evidence.rs.

Sixteen channels of 1/f noise with alpha bursts, 0.5-40 Hz, average reference, baseline-corrected; evoked
responses of 40 pictures on top of one response common to all; a ridge encoder (`lin`) and the same with
saturating output (`tanh`). The null is phase-randomised with the end-point line kept, as in
src/decode/control/surrogate.rs. Printed per condition: share of p < 0.05, with the null as it is, and with the larger of the p-values of the
null as it is and of the null without its mean. Needs numpy and scipy; takes some minutes.
"""

import numpy as np
from scipy.signal import butter, sosfilt

rng = np.random.default_rng(0)
C, FS, N, G, D = 16, 250, 200, 40, 64
ONSET, NULLS = 2 * FS, 400
gallery = rng.standard_normal((G, D))
gallery -= gallery.mean(0)
gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)
band = butter(4, [0.5, 40], "bandpass", fs=FS, output="sos")
mixing = rng.standard_normal((C, C)) * 0.5 + np.eye(C)
time = np.arange(N) / FS
bumps = np.stack([np.exp(-(((time - c) / w) ** 2) / 2)
                  for c, w in [(0.1, 0.02), (0.17, 0.03), (0.25, 0.05), (0.4, 0.1)]])
response = rng.standard_normal((D, C, 4))
common = np.einsum("ck,kt->ct", rng.standard_normal((C, 4)), bumps)


def noise(count):
    length = FS * 3
    slope = 1 / np.maximum(np.fft.rfftfreq(length, 1 / FS), 0.2) ** 0.75
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal((count, C, length))) * slope, length)
    phase = rng.uniform(0, 2 * np.pi, (count, 1, 1))
    size = rng.rayleigh(1, (count, 1, 1)) * rng.standard_normal((1, C, 1))
    alpha = size * np.sin(2 * np.pi * 10.3 * np.arange(length) / FS + phase)
    return np.einsum("ij,njt->nit", mixing, x / x.std() + 0.5 * alpha) * 10


def windows(rows, identity, shared):
    x = noise(len(rows))
    evoked = np.einsum("nd,dck,kt->nct", gallery[rows], response, bumps)
    x[..., ONSET:ONSET + N] += 10 * (evoked / evoked.std() * identity + common / common.std() * shared)
    y = sosfilt(band, x, axis=-1)
    y -= y.mean(1, keepdims=True)
    return y[..., ONSET:ONSET + N] - y[..., ONSET - 25:ONSET].mean(-1, keepdims=True)


def shuffle(x):
    first, last = x[..., :3].mean(-1, keepdims=True), x[..., -3:].mean(-1, keepdims=True)
    line = first + (last - first) * np.linspace(0, 1, N)
    spectrum = np.fft.rfft(x - line)
    phase = rng.uniform(0, 2 * np.pi, (len(x), 1, spectrum.shape[-1]))
    phase[..., 0] = phase[..., -1] = 0
    return np.fft.irfft(spectrum * np.exp(1j * phase), N) + line


def features(x):
    return x[..., ::4].reshape(len(x), -1)


rows = rng.integers(0, G, 4000)
X = features(windows(rows, 0.35, 0.7))
mean = X.mean(0)
gram = (X - mean).T @ (X - mean)
ridge = 0.3 * np.trace(gram) / len(gram) * np.eye(len(gram))
weights = np.linalg.solve(gram + ridge, (X - mean).T @ gallery[rows])
scale = ((X[:500] - mean) @ weights).std()
ENCODERS = {
    "lin": lambda x: (features(x) - mean) @ weights,
    "tanh": lambda x: np.tanh((features(x) - mean) @ weights / scale) * scale,
}
STATISTICS = {
    "max product": lambda e: (e @ gallery.T).max(-1),
    "max cosine": lambda e: (e @ gallery.T).max(-1) / np.linalg.norm(e, axis=-1),
    "prominence": lambda e: (lambda s: (s.max(-1) - s.mean(-1)) / s.std(-1))(e @ gallery.T),
}
CONDITIONS = {  # size of the picture's own response, of the one common to all (0.7 in training)
    "noise": (0, 0), "common only": (0, 0.7), "common, 1.7 x training": (0, 1.2),
    "picture 0.1": (0.1, 0.7), "picture 0.2": (0.2, 0.7), "picture 0.35": (0.35, 0.7),
}


def p_values(null, observed):
    return (1 + (null[None] >= observed[:, None]).sum(1)) / (len(null) + 1)


for name, encode in ENCODERS.items():
    rows = rng.integers(0, G, 500)
    hits = np.argmax(encode(windows(rows, 0.35, 0.7)) @ gallery.T, 1) == rows
    print(f"{name}: top-1 {hits.mean():.3f} at picture 0.35")
    for condition, (identity, shared) in CONDITIONS.items():
        for k in (1, 3, 10):
            # Eight streams, each with a null of its own: one null alone would decide the share by luck.
            shares = {s: [] for s in STATISTICS}
            for _ in range(8):
                rows = np.repeat(rng.integers(0, G, 100), k)
                x = windows(rows, identity, shared)
                observed = encode(x).reshape(100, k, D).mean(1)
                null = encode(shuffle(x[rng.integers(0, len(x), NULLS)]))
                draws = rng.integers(0, NULLS, (NULLS, k)) if k > 1 else np.arange(NULLS)[:, None]
                for s, f in STATISTICS.items():
                    kept = p_values(f(null[draws].mean(1)), f(observed))
                    centred = p_values(f((null - null.mean(0))[draws].mean(1)), f(observed))
                    shares[s].append([np.mean(p < 0.05) for p in (kept, np.maximum(kept, centred))])
            text = "  ".join("{}: {:.3f}, larger {:.3f}".format(s, *np.mean(v, 0)) for s, v in shares.items())
            print(f"{name}  {condition:24s} k = {k:2d}  {text}", flush=True)
