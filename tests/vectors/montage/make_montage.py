"""Makes tests/vectors/montage/montage.json with MNE-Python: positions and interpolation matrices.

Run with `pip install mne==1.13.2` and `python tests/vectors/montage/make_montage.py`.

- `positions`: unit vectors of MNE's `biosemi64` montage, which is spherical, and of `standard_1005`, which is a real
  head projected on the sphere around its own centre. They differ from the ideal sphere by some degrees.
- `own`: the same of MNE's `biosemi128`, whose electrodes bear names of their own.
- `interpolation`: matrices of `mne.channels.interpolation._make_interpolation_matrix` for positions given here.
- `bads`: what `Raw.interpolate_bads` itself makes of a recording in which electrodes are bad, [wanted, times], from the
  good ones, [good, times]: 4, 8 and 16 of the pack's electrodes, a cap of 32 and one of 64. Positions are those of MNE's
  `biosemi64` and `easycap-M1`, with the origin of the sphere given, so that MNE fits none.
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


def positions_of_sphere(name):
    """Directions from the centre of a montage that is a sphere around the origin."""
    ch_pos = mne.channels.make_standard_montage(name).get_positions()["ch_pos"]
    return {n: unit(p).tolist() for n, p in ch_pos.items()}


rng = np.random.default_rng(20)
cases = []
for n_from, n_to in ((1, 2), (4, 3), (19, 5), (64, 16)):
    measured = unit(rng.standard_normal((n_from, 3)))
    wanted = unit(rng.standard_normal((n_to, 3)))
    matrix = _make_interpolation_matrix(measured, wanted, alpha=1e-5)
    cases.append({"measured": measured.tolist(), "wanted": wanted.tolist(), "matrix": matrix.ravel().tolist()})

PACK = "Fz C3 Cz C4 P7 P3 Pz P4 P8 PO7 PO3 PO4 PO8 O1 Oz O2".split()


def interpolate_bads(montage_name, good, bad, times=6):
    """A recording of noise with these bad electrodes, and what MNE makes of them."""
    montage = mne.channels.make_standard_montage(montage_name)
    names = good + bad
    info = mne.create_info(names, 250.0, "eeg", verbose="error").set_montage(montage)
    data = rng.standard_normal((len(names), times)) * 1e-5
    raw = mne.io.RawArray(data.copy(), info, verbose="error")
    raw.info["bads"] = list(bad)
    raw.interpolate_bads(reset_bads=True, origin=(0.0, 0.0, 0.0), method={"eeg": "spline"}, verbose="error")
    at = {ch["ch_name"]: unit(ch["loc"][:3]).tolist() for ch in raw.info["chs"]}
    return {
        "measured": [at[n] for n in good],
        "wanted": [at[n] for n in bad],
        "good_uv": (data[: len(good)] * 1e6).ravel().tolist(),
        "wanted_uv": (raw.get_data()[len(good) :] * 1e6).ravel().tolist(),
        "times": times,
    }


biosemi = mne.channels.make_standard_montage("biosemi64").ch_names
easycap = mne.channels.make_standard_montage("easycap-M1").ch_names
without = lambda names, gone: [n for n in names if n not in gone]
bads = []
for kept in (["C3", "C4", "O1", "O2"], ["C3", "C4", "P7", "P8", "O1", "O2", "Pz", "Oz"]):
    bads.append(interpolate_bads("biosemi64", kept, without(PACK, kept)))
bads.append(interpolate_bads("biosemi64", PACK, ["POz", "CPz", "P1", "P2"]))
bads.append(interpolate_bads("easycap-M1", without(easycap, PACK)[:32], ["Cz", "Fz", "C3", "C4"]))
bads.append(interpolate_bads("biosemi64", without(biosemi, ["PO7", "Oz", "Pz"]), ["PO7", "Oz", "Pz"]))

out = {
    "mne": mne.__version__,
    "positions": {name: positions(name) for name in ("biosemi64", "standard_1005")},
    "own": {"biosemi128": positions_of_sphere("biosemi128")},
    "interpolation": cases,
    "bads": bads,
}
path = pathlib.Path(__file__).with_name("montage.json")
path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
