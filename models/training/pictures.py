"""Collects the drawings that everything is trained on, and brings them into one form.

Takes   npm packages (SOURCES), fetched with `npm pack` into a folder, or found there. SVG is drawn with resvg.
Gives   a `PictureSet`: pixels u8 [n, 128, 128, 3] RGB on one mid-grey, with concept, vendor and name of each row.
Keeps   every drawing is fitted to the same box; alpha is composited with premultiplied resizing (no halos); rows are
        sorted by (vendor, concept), so that a seed always means the same pictures; nothing but the named members of
        an archive is read, none is written under its own path, and none above MAX_MEMBER_BYTES.

A concept is a Unicode code point sequence (`1f40e`); the drawings of one concept by several vendors share it. Icons
that have no code point get a concept of their own (`flat_color:document`).
"""

import hashlib
import io
import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from concepts import CONCEPTS

SIZE_PX = 128
MARGIN_PX = 6
GREY = 128
ALPHA_VISIBLE = 8
DRAWN_PX = 256
MAX_MEMBER_BYTES = 128 << 20

FLUENT, NOTO = "fluent", "noto"


@dataclass(frozen=True)
class Source:
    """One vendor: an npm package, who made it, under which licence; `family` groups near-identical designs."""

    vendor: str
    package: str
    author: str
    licence: str
    family: str


SOURCES = (
    Source("emojione", "@iconify-json/emojione@1.2.3", "Emoji One", "CC-BY-4.0", "emojione"),
    Source("flat_color", "@iconify-json/flat-color-icons@1.2.3", "Icons8", "MIT", "flat_color"),
    Source(FLUENT, "@lobehub/fluent-emoji-3d@1.1.0", "Microsoft", "MIT", "fluent"),
    Source("fluent_flat", "@iconify-json/fluent-emoji-flat@1.2.6", "Microsoft", "MIT", "fluent"),
    Source("fxemoji", "@iconify-json/fxemoji@1.2.2", "Mozilla", "Apache-2.0", "fxemoji"),
    Source("kameleon", "@iconify-json/streamline-kameleon-color@1.2.2", "Streamline", "CC-BY-4.0", "kameleon"),
    Source(NOTO, "@iconify-json/noto@1.2.9", "Google", "Apache-2.0", "noto"),
    Source("noto_v1", "@iconify-json/noto-v1@1.2.5", "Google", "Apache-2.0", "noto"),
    Source("plump", "@iconify-json/streamline-plump-color@1.2.2", "Streamline", "CC-BY-4.0", "plump"),
    Source("twemoji", "@iconify-json/twemoji@1.2.5", "Twitter", "CC-BY-4.0", "twemoji"),
    Source("ultimate", "@iconify-json/streamline-ultimate-color@1.2.2", "Streamline", "CC-BY-4.0", "ultimate"),
)
FAMILY = {source.vendor: source.family for source in SOURCES}
# Vendors whose icons carry no code points: a concept each. The second drawing of a pair is left out.
ICON_SETS = {"flat_color": "", "kameleon": "-duo", "plump": "-flat", "ultimate": ""}
INDEX_PACKAGE, INDEX_MEMBER = "emoji-datasource-google@16.0.0", "package/emoji.json"

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
    concepts: list
    vendors: list
    names: list

    def __len__(self):
        return len(self.concepts)

    def row(self, vendor, concept):
        """The row of one drawing; ValueError if it is not there."""
        return list(zip(self.vendors, self.concepts)).index((vendor, concept))

    def floats(self):
        """The pixels as f32 [n, 3, 128, 128] in 0..1."""
        return np.ascontiguousarray(self.pixels.transpose(0, 3, 1, 2), dtype=np.float32) / 255.0

    def digest(self):
        """sha256 over pixels and concepts: names the training data."""
        digest = hashlib.sha256(self.pixels.tobytes())
        digest.update("\n".join(self.concepts).encode())
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
    """The `PictureSet` of the packages in `folder` (fetched into it where missing); drawn once, then read from a
    file beside them. `limit` keeps every k-th concept so that about `limit` remain, and always the forty stimuli."""
    folder = Path(folder)
    kept = folder / "drawn.npz"
    if not kept.exists():
        _write(kept, draw_all(folder))
    with np.load(kept) as stored:
        everything = PictureSet(stored["pixels"], *(stored[key].tolist() for key in ("concepts", "vendors", "names")))
    return everything if limit is None else _thinned(everything, limit)


def draw_all(folder):
    """Draws every wanted member of every package; several minutes."""
    things = _things(folder)
    rows = []
    for source in SOURCES:
        members = _webp_members if source.vendor == FLUENT else _icon_members
        rows += sorted(members(source, fetch(source.package, folder), things), key=lambda row: row[:2])
    vendors, concepts, names, pixels = zip(*rows)
    return PictureSet(np.stack(pixels), list(concepts), list(vendors), list(names))


def fetch(package, folder):
    """The archive of one npm package; downloaded once."""
    folder = Path(folder) / "packages"
    folder.mkdir(parents=True, exist_ok=True)
    name, version = package.rsplit("@", 1)
    archive = folder / f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"
    if not archive.exists():
        command = ["npm", "pack", package, "--silent", "--pack-destination", str(folder)]
        subprocess.run(command, check=True, capture_output=True, text=True)
    return archive


def read_member(archive, name):
    """The bytes of one regular file in an archive; ValueError if it is too large."""
    with tarfile.open(archive) as members:
        member = members.getmember(name)
        if not member.isfile() or member.size > MAX_MEMBER_BYTES:
            raise ValueError(f"{name} in {archive} is no regular file of at most {MAX_MEMBER_BYTES} bytes")
        return members.extractfile(member).read()


def plain(code):
    """A code point sequence without variation selectors: the concept."""
    return "-".join(part for part in code.lower().split("-") if part != "fe0f")


def _things(folder):
    """{concept: name} of the things among the emoji."""
    entries = json.loads(read_member(fetch(INDEX_PACKAGE, folder), INDEX_MEMBER))
    return {plain(e["unified"]): e["short_name"] for e in entries if e.get("subcategory") in THINGS}


def _webp_members(source, archive, things):
    """Rows (vendor, concept, name, pixels) of a package that holds one WebP file for each emoji."""
    with tarfile.open(archive) as members:
        for member in members:
            path = Path(member.name)
            concept = plain(path.stem)
            if member.isfile() and path.suffix == ".webp" and member.size < MAX_MEMBER_BYTES and concept in things:
                drawing = Image.open(io.BytesIO(members.extractfile(member).read()))
                yield source.vendor, concept, things[concept], fit_to_box(drawing)


def _icon_members(source, archive, things):
    """Rows of an Iconify package: one JSON file with the body of every SVG."""
    icons = json.loads(read_member(archive, "package/icons.json"))
    for name, concept in _icon_concepts(source, archive, icons, things).items():
        pixels = _drawn(icons, name)
        if pixels is not None:
            yield source.vendor, concept, things.get(concept, name), pixels


def _icon_concepts(source, archive, icons, things):
    """{icon name: concept} of the icons that are wanted; each concept once."""
    if source.vendor in ICON_SETS:
        twin = ICON_SETS[source.vendor]
        wanted = [name for name in icons["icons"] if not (twin and name.endswith(twin))]
        return {name: f"{source.vendor}:{name}" for name in wanted}
    characters = json.loads(read_member(archive, "package/chars.json"))
    named = {plain(code): name for code, name in characters.items()} or _by_name(icons, archive.parent, source)
    found = {}
    for concept, name in sorted(named.items()):
        name = icons.get("aliases", {}).get(name, {}).get("parent", name)
        if concept in things and name in icons["icons"] and name not in found:
            found[name] = concept
    return found


def _by_name(icons, folder, source):
    """{concept: icon name} of a package without code points: by the names that two other packages give them. Mozilla
    writes the same names without hyphens."""
    known = set(icons["icons"]) | set(icons.get("aliases", {}))
    joined = {name.replace("-", ""): name for name in known}
    result = {}
    for vendor in ("twemoji", NOTO):
        package = next(other.package for other in SOURCES if other.vendor == vendor)
        characters = json.loads(read_member(fetch(package, folder.parent), "package/chars.json"))
        for code, name in characters.items():
            match = name if name in known else joined.get(name.replace("-", "")) if source.vendor == "fxemoji" else None
            if match is not None:
                result.setdefault(plain(code), match)
    return result


def _drawn(icons, name):
    """One icon as u8 [128, 128, 3], or None where it cannot be drawn or shows nothing."""
    import resvg_py

    icon = icons["icons"][name]
    width, height = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
    left, top = icon.get("left", 0), icon.get("top", 0)
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}" width="{width}" height="{height}">{icon["body"]}</svg>'
    )
    try:
        drawing = resvg_py.svg_to_bytes(svg_string=svg, width=DRAWN_PX, height=round(DRAWN_PX * height / width))
    except ValueError:
        return None
    drawing = Image.open(io.BytesIO(bytes(drawing)))
    return fit_to_box(drawing) if drawing.convert("RGBA").getchannel("A").getbbox() else None


def _write(path, pictures):
    """Writes a `PictureSet` beside its packages."""
    fresh = path.with_suffix(".fresh.npz")
    lists = {"concepts": pictures.concepts, "vendors": pictures.vendors, "names": pictures.names}
    np.savez(fresh, pixels=pictures.pixels, **{key: np.array(value) for key, value in lists.items()})
    fresh.replace(path)


def _thinned(pictures, limit):
    """Every k-th concept, the forty stimuli and their other drawings."""
    wanted = {concept.code for concept in CONCEPTS}
    listed = sorted(set(pictures.concepts) - wanted)
    wanted.update(listed[:: max(1, len(listed) // limit)])
    rows = [row for row, concept in enumerate(pictures.concepts) if concept in wanted]
    chosen = ([column[row] for row in rows] for column in (pictures.concepts, pictures.vendors, pictures.names))
    return PictureSet(pictures.pixels[rows], *chosen)
