"""Prints the 10-05 sites nearest to BioSemi's 128 equiradial electrodes, for assets/montages/presets.toml.

Run with `pip install mne==1.13.2 scipy` and `python tests/vectors/montage/biosemi128.py`. The electrodes are those of
MNE's `biosemi128`, a sphere; the sites are this program's own (src/signal/montage/positions.rs, whose construction is
repeated here). Every electrode gets a site of its own, so that the sum of all distances is least.
"""
import mne
import numpy as np
from scipy.optimize import linear_sum_assignment

ROWS = {"Fp": 4, "AFp": 3.5, "AF": 3, "AFF": 2.5, "F": 2, "FFC": 1.5, "FFT": 1.5, "FC": 1, "FT": 1, "FCC": 0.5, "FTT": 0.5,
        "C": 0, "T": 0, "CCP": -0.5, "TTP": -0.5, "CP": -1, "TP": -1, "CPP": -1.5, "TPP": -1.5, "P": -2, "PPO": -2.5,
        "PO": -3, "POO": -3.5, "O": -4, "OI": -4.5, "I": -5}


def on_sphere(polar, azimuth):
    polar, azimuth = np.radians(polar), np.radians(azimuth)
    return np.array([np.sin(polar) * np.sin(azimuth), np.sin(polar) * np.cos(azimuth), np.cos(polar)])


def place(front, side):
    steps = abs(side)
    if abs(front) >= 4:
        left, ahead, up = on_sphere(90 + 22.5 * (abs(front) - 4), 18 * steps)
        ahead *= np.sign(front)
    elif steps > 4:
        left, ahead, up = on_sphere(90 + 22.5 * (steps - 4), 90 - 18 * front)
    else:
        half, chord, _ = on_sphere(90, 90 - 18 * front)
        sin, cos = np.sin(np.radians(22.5 * front)), np.cos(np.radians(22.5 * front))
        height = np.hypot(sin - chord, cos)
        radius = (half**2 + height**2) / (2 * height)
        angle = np.arctan2(half, radius - height) * steps / 4
        down = radius * (1 - np.cos(angle)) / height
        left, ahead, up = radius * np.sin(angle), sin - down * (sin - chord), cos - down * cos
    return np.array([left if side > 0 else -left, ahead, up])


def sites():
    found = {}
    for row, front in ROWS.items():
        found[row + "z"] = place(front, 0)
        for half in (False, True):
            for number in range(1, 11):
                steps = (number + 1) // 2 - (0.5 if half else 0)
                if row in ("Fp", "O", "I", "OI") and steps > 1:
                    continue
                if row in ("T", "FT", "TP", "FTT", "TTP", "FFT", "TPP") and steps <= 3:
                    continue
                if row in ("C", "FC", "CP", "FCC", "CCP", "FFC", "CPP") and steps > 3:
                    continue
                side = steps if number % 2 == 0 else -steps
                found[f"{row}{number}{'h' if half else ''}"] = place(front, side)
    return {name: at for name, at in found.items() if name not in ("Tz", "FTz", "TPz", "FTTz", "TTPz", "FFTz", "TPPz")}


cap = mne.channels.make_standard_montage("biosemi128").get_positions()["ch_pos"]
at = np.stack([p / np.linalg.norm(p) for p in cap.values()])
names, places = zip(*sites().items())
off = np.degrees(np.arccos(np.clip(at @ np.stack(places).T, -1, 1)))
rows, columns = linear_sum_assignment(off**2)
far = off[rows, columns]
print(" ".join(names[c] for c in columns))
print(f"# mean {far.mean():.1f} degrees, at most {far.max():.1f} ({list(cap)[far.argmax()]})")
