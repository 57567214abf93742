"""PixCorr and SSIM of pairs of pictures, by NumPy, Pillow and scikit-image: likeness.json.

Takes   pictures of assets/stimuli, and pictures made here by rules that any language can repeat to the byte.
Gives   beside this file, likeness.json: how each picture is made and the CRC-32 of its RGB bytes; for each pair PixCorr
        and SSIM; the versions. PixCorr null: NumPy has NaN for it, as one picture is flat.
Keeps   MindEye's pipeline (MedARC-AI/fMRI-reconstruction-NSD, src/Reconstruction_Metrics.py at 195a332), with its very
        call of structural_similarity: values 0..1, bilinear to 425 x 425 with antialiasing (Pillow's mode F: as
        torchvision >= 0.17 does with float tensors), np.corrcoef; rgb2gray, structural_similarity. From scikit-image
        0.20 on `multichannel` is ignored; up to 0.19 it made columns channels. Pillow resizes in float32, and the rest
        is float64.
Run     python tests/vectors/likeness/make_likeness.py   (NumPy 2.4.6, Pillow 13.0.0, scikit-image 0.26.0, SciPy 1.17.1)
"""

import json
import zlib
from pathlib import Path

import numpy as np
import PIL
import scipy
import skimage
from PIL import Image
from skimage.color import rgb2gray
from skimage.metrics import structural_similarity

HERE = Path(__file__).resolve().parent
STIMULI = HERE.parents[2] / "assets" / "stimuli"
SIDE_PX = 425

# Made in this order: a picture may be made `of` an earlier one.
PICTURES = [
    *({"name": name, "make": "stimulus"} for name in ("cat", "dog", "banana", "pizza", "car", "panda", "golf")),
    {"name": "cat_noisy", "make": "noisy", "of": "cat", "amplitude": 40, "seed": 1},
    {"name": "cat_inverted", "make": "inverted", "of": "cat"},
    {"name": "cat_dimmed", "make": "dimmed", "of": "cat"},
    {"name": "cat_shifted", "make": "shifted", "of": "cat", "px": 9},
    {"name": "cat_large", "make": "enlarged", "of": "cat", "times": 5},
    {"name": "cat_top", "make": "top", "of": "cat", "rows": 50},
    {"name": "dog_large", "make": "enlarged", "of": "dog", "times": 4},
    {"name": "noise_32", "make": "noise", "width": 32, "height": 32, "seed": 2},
    {"name": "noise_425", "make": "noise", "width": 425, "height": 425, "seed": 3},
    {"name": "noise_vga", "make": "noise", "width": 640, "height": 480, "seed": 4},
    {"name": "noise_tall", "make": "noise", "width": 3, "height": 1001, "seed": 5},
    {"name": "ramp_32", "make": "ramp", "width": 32, "height": 32},
    {"name": "ramp_vga", "make": "ramp", "width": 640, "height": 480},
    {"name": "pixel", "make": "noise", "width": 1, "height": 1, "seed": 6},
    {"name": "flat", "make": "flat", "width": 20, "height": 30, "value": 77},
]
PAIRS = """
    cat cat, cat dog, banana pizza, car panda, golf cat, panda dog, cat cat_noisy, cat cat_inverted, cat cat_dimmed,
    cat cat_shifted, cat cat_large, cat_large dog_large, cat cat_top, cat_top dog, noise_32 ramp_32, noise_425 cat,
    noise_vga ramp_vga, noise_vga noise_425, noise_tall ramp_32, noise_tall cat_large, ramp_32 ramp_vga, pixel cat,
    pixel noise_32, flat cat, flat flat
"""


def numbers(seed):
    """The LCG of Numerical Recipes, its upper 8 bits: state = (1664525 state + 1013904223) mod 2^32, then >> 24."""
    state = seed
    while True:
        state = (1664525 * state + 1013904223) % 2**32
        yield state >> 24


def drawn(seed, shape):
    return np.fromiter(numbers(seed), np.int64, count=int(np.prod(shape))).reshape(shape)


def ramp(width, height):
    y, x, c = np.indices((height, width, 3))
    return (x * (c + 2) + y * (3 - c)) % 256


def made(rule, known):
    """The picture of a rule, uint8 [height, width, 3]."""
    of = known[rule["of"]].astype(np.int64) if "of" in rule else None
    shape = (rule.get("height"), rule.get("width"), 3)
    how = {
        "stimulus": lambda: np.asarray(Image.open(STIMULI / f"{rule['name']}.png").convert("RGB")),
        "noise": lambda: drawn(rule["seed"], shape),
        "ramp": lambda: ramp(rule["width"], rule["height"]),
        "flat": lambda: np.full(shape, rule["value"]),
        "noisy": lambda: of + drawn(rule["seed"], of.shape) % (2 * rule["amplitude"] + 1) - rule["amplitude"],
        "inverted": lambda: 255 - of,
        "dimmed": lambda: of // 2 + 64,
        "shifted": lambda: np.roll(of, rule["px"], axis=1),
        "enlarged": lambda: of.repeat(rule["times"], axis=0).repeat(rule["times"], axis=1),
        "top": lambda: of[: rule["rows"]],
    }
    return np.ascontiguousarray(np.clip(how[rule["make"]](), 0, 255).astype(np.uint8))


def resized(picture):
    """Float64 [425, 425, 3], 0..1."""
    values = (picture / 255.0).astype(np.float32)
    size = (SIDE_PX, SIDE_PX)
    planes = [Image.fromarray(np.ascontiguousarray(values[..., c])) for c in range(3)]
    return np.stack([plane.resize(size, Image.Resampling.BILINEAR) for plane in planes], axis=-1).astype(np.float64)


def pixcorr(a, b):
    if min(np.ptp(a), np.ptp(b)) == 0:
        return None
    return float(np.corrcoef(resized(a).ravel(), resized(b).ravel())[0, 1])


def ssim(a, b):
    a, b = (rgb2gray(resized(each)) for each in (a, b))
    how = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    value = structural_similarity(a, b, multichannel=True, **how)
    assert value == structural_similarity(a, b, **how), "this scikit-image does not ignore `multichannel`"
    return float(value)


def main():
    known, pictures = {}, []
    for rule in PICTURES:
        known[rule["name"]] = made(rule, known)
        pictures.append(rule | {"crc32": zlib.crc32(known[rule["name"]].tobytes())})
    cases = []
    for pair in PAIRS.split(","):
        a, b = pair.split()
        cases.append({"a": a, "b": b, "pixcorr": pixcorr(known[a], known[b]), "ssim": ssim(known[a], known[b])})
    versions = {each.__name__: each.__version__ for each in (np, PIL, skimage, scipy)}
    text = json.dumps({"versions": versions, "pictures": pictures, "cases": cases}, indent=1)
    (HERE / "likeness.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
