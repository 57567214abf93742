"""Collects the drawings that everything is trained on, and brings them into one form.

Takes   a folder with `fluent-emoji-3d-256/webp/<stem>.webp` (256 px), `noto-emoji-64/png/<stem>.png` (64 px) and
        `index.json`, or fetches the two npm packages and builds such a folder.
Gives   a `PictureSet`: pixels u8 [n, 128, 128, 3] RGB on one mid-grey, with stem, vendor and name of each row.
Keeps   every drawing is fitted to the same box; alpha is composited with premultiplied resizing (no halos);
        rows are sorted by (vendor, stem), so that a seed always means the same pictures; an archive member that
        would leave its folder, or that is not a picture or an index, is never written.
"""

import hashlib
import json
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SIZE_PX = 128
MARGIN_PX = 6
GREY = 128
ALPHA_VISIBLE = 8

FLUENT, NOTO = "fluent", "noto"
FOLDERS = {FLUENT: ("fluent-emoji-3d-256/webp", ".webp"), NOTO: ("noto-emoji-64/png", ".png")}
PACKAGES = {FLUENT: "@lobehub/fluent-emoji-3d@1.1.0", NOTO: "emoji-datasource-google@16.0.0"}
MEMBERS = {FLUENT: "package/assets/", NOTO: "package/img/google/64/"}
INDEX_MEMBER = "package/emoji.json"
MAX_MEMBER_BYTES = 8 << 20

# Subcategories of Unicode's emoji list that hold things (no faces, people, flags or signs).
THINGS = frozenset(
    "game|sky & weather|place-other|place-geographic|place-map|food-prepared|food-vegetable|plant-other|plant-flower|"
    "food-fruit|food-asian|food-sweet|dishware|drink|event|clothing|award-medal|music|light & video|sport|arts & crafts|"
    "musical-instrument|transport-ground|place-building|book-paper|tool|animal-mammal|animal-reptile|animal-marine|"
    "animal-bug|animal-bird|animal-amphibian|medical|money|transport-air|computer|office|writing|phone|science|sound|"
    "mail|lock|place-religious|time|other-object|transport-water|household|hotel".split("|")
)


@dataclass(frozen=True)
class PictureSet:
    """Drawings in one form: `pixels` u8 [n, 128, 128, 3]; the lists have n entries in the same order."""

    pixels: np.ndarray
    stems: list
    vendors: list
    names: list

    def __len__(self):
        return len(self.stems)

    def row(self, vendor, stem):
        """The row of one drawing; ValueError if it is not there."""
        return list(zip(self.vendors, self.stems)).index((vendor, stem))

    def floats(self):
        """The pixels as f32 [n, 3, 128, 128] in 0..1."""
        return np.ascontiguousarray(self.pixels.transpose(0, 3, 1, 2), dtype=np.float32) / 255.0

    def digest(self):
        """sha256 over pixels and stems: names the training data."""
        digest = hashlib.sha256(self.pixels.tobytes())
        digest.update("\n".join(self.stems).encode())
        return digest.hexdigest()


def fit_to_box(drawing):
    """RGBA drawing of any size → u8 [128, 128, 3]: cropped to what is visible, fitted, centred, on grey."""
    drawing = drawing.convert("RGBA")
    visible = drawing.getchannel("A").point(lambda alpha: 255 if alpha > ALPHA_VISIBLE else 0)
    drawing = drawing.crop(visible.getbbox())
    scale = (SIZE_PX - 2 * MARGIN_PX) / max(drawing.size)
    size = tuple(max(1, round(side * scale)) for side in drawing.size)
    drawing = drawing.resize(size, Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (SIZE_PX, SIZE_PX), (GREY, GREY, GREY))
    corner = tuple((SIZE_PX - side) // 2 for side in size)
    canvas.paste(drawing, corner, mask=drawing.getchannel("A"))
    return np.asarray(canvas, dtype=np.uint8)


def load(folder, limit=None):
    """Reads a folder of drawings into a `PictureSet`; `limit` keeps only every k-th stem so that about `limit` remain."""
    folder = Path(folder)
    names = {Path(entry["file"]).stem: entry["short_name"] for entry in json.loads((folder / "index.json").read_text())}
    rows = []
    for vendor, (subfolder, suffix) in sorted(FOLDERS.items()):
        stems = sorted(path.stem for path in (folder / subfolder).glob("*" + suffix) if path.stem in names)
        rows += [(vendor, stem) for stem in _thinned(stems, limit)]
    if not rows:
        raise FileNotFoundError(f"no drawings found in {folder}")
    pixels = np.stack([fit_to_box(Image.open(_path(folder, *row))) for row in rows])
    return PictureSet(pixels, [s for _, s in rows], [v for v, _ in rows], [names[s] for _, s in rows])


def fetch(folder):
    """Downloads both packages with `npm pack` into `folder` and unpacks the drawings of things; returns the folder."""
    folder = Path(folder)
    if (folder / "index.json").exists():
        return folder
    for vendor, package in PACKAGES.items():
        _unpack(_npm_pack(package, folder / "download"), vendor, folder)
    _write_index(folder)
    return folder


def _thinned(stems, limit):
    """Every k-th stem, but always all stems of the stimuli."""
    if limit is None or limit >= len(stems):
        return stems
    from concepts import CONCEPTS

    wanted = {concept.stem for concept in CONCEPTS}
    step = max(1, len(stems) // limit)
    return [stem for position, stem in enumerate(stems) if position % step == 0 or stem in wanted]


def _path(folder, vendor, stem):
    subfolder, suffix = FOLDERS[vendor]
    return folder / subfolder / (stem + suffix)


def _npm_pack(package, folder):
    """Downloads one package; returns the path of its archive."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", package, "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return folder / done.stdout.strip().splitlines()[-1]


def _unpack(archive, vendor, folder):
    """Writes the drawings of one archive into their folder under plain names, and the index beside them."""
    subfolder, suffix = FOLDERS[vendor]
    (folder / subfolder).mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as members:
        for member in members:
            target = _target(member, vendor, suffix, folder, subfolder)
            if target is not None:
                with members.extractfile(member) as source, open(target, "wb") as sink:
                    shutil.copyfileobj(source, sink)


def _target(member, vendor, suffix, folder, subfolder):
    """Where an archive member goes: None unless it is a regular file of the wanted kind, of sensible size."""
    if not member.isfile() or member.size > MAX_MEMBER_BYTES or ".." in member.name:
        return None
    if vendor == NOTO and member.name == INDEX_MEMBER:
        return folder / "emoji.json"
    name = member.name.removeprefix(MEMBERS[vendor])
    is_drawing = member.name.startswith(MEMBERS[vendor]) and name.endswith(suffix) and "/" not in name
    return folder / subfolder / name if is_drawing else None


def _write_index(folder):
    """Writes `index.json`, which lists the things among the emoji; everything else is left out by `load`."""
    entries = [
        {"file": entry["image"], "short_name": entry["short_name"], "subcategory": entry["subcategory"]}
        for entry in json.loads((folder / "emoji.json").read_text())
        if entry.get("subcategory") in THINGS
    ]
    (folder / "index.json").write_text(json.dumps(entries, indent=0))
