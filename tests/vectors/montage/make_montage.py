"""Makes tests/vectors/montage/montage.json with MNE-Python: positions and interpolation matrices.

Run with `pip install mne==1.13.2` and `python tests/vectors/montage/make_montage.py`.

- `positions`: unit vectors of MNE's `biosemi64` montage, which is spherical, and of `standard_1005`, which is a real
  head projected on the sphere around its own centre. They differ from the ideal sphere by some degrees.
- `interpolation`: matrices of `mne.channels.interpolation._make_interpolation_matrix` for positions given here.
"""
import json
import pathlib

import mne
import numpy as np
from mne.channels.interpolation import _make_interpolation_matrix


def unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def positions(name):
    """Directions from the middle between T7 and T8, at the height of the equator Fpz-T7-Oz-T8."""
    ch_pos = mne.channels.make_standard_montage(name).get_positions()["ch_pos"]
    centre = np.mean([ch_pos[n] for n in ("Fpz", "Oz", "T7", "T8")], axis=0)
    return {n: unit(p - centre).tolist() for n, p in ch_pos.items()}


rng = np.random.default_rng(20)
cases = []
for n_from, n_to in ((1, 2), (4, 3), (19, 5), (64, 16)):
    measured = unit(rng.standard_normal((n_from, 3)))
    wanted = unit(rng.standard_normal((n_to, 3)))
    matrix = _make_interpolation_matrix(measured, wanted, alpha=1e-5)
    cases.append({"measured": measured.tolist(), "wanted": wanted.tolist(), "matrix": matrix.ravel().tolist()})

out = {
    "mne": mne.__version__,
    "positions": {name: positions(name) for name in ("biosemi64", "standard_1005")},
    "interpolation": cases,
}
path = pathlib.Path(__file__).with_name("montage.json")
path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
