"""Which drawings may be trained on, which are looked at while tuning, and which are judged once.

Takes   a `PictureSet` and `split.json`, the committed list.
Gives   `Split`: rows for training, of the forty stimuli, and of four held-out sets: development and test, each with
        drawings never seen of known concepts and with concepts never seen.
Keeps   the list is made once by `python models/training/split.py FOLDER` and then never changed. A concept is held out
        with every drawing of it and with every concept that some vendor draws almost alike; icons named after it are
        left out of training. A drawing is held out with its vendor's whole family of designs. Test rows are read by
        the evaluation alone; no test concept was a held-out concept of an earlier split.
"""

import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from concepts import CONCEPTS
from pictures import FAMILY, FLUENT, ICON_SETS, NOTO

LIST = Path(__file__).with_name("split.json")
SEED = 20261123
DEV_CONCEPTS, TEST_CONCEPTS = 45, 60
MORE_DRAWINGS = 60
ALIKE = 0.9
ALIKE_PX = 32
# Concepts whose drawings were looked at while an earlier generator was tuned: never test material.
EARLIER = "earlier_dev_concepts"


@dataclass(frozen=True)
class Split:
    """Row numbers into a `PictureSet`, in rising order; `stimuli` follows CONCEPTS."""

    train: list
    stimuli: list
    dev_drawings: list
    dev_concepts: list
    test_drawings: list
    test_concepts: list

    def held_out(self, part):
        """{"unseen drawings": rows, "unseen concepts": rows} of "dev" or "test"."""
        names = ("drawings", "concepts")
        return {f"unseen {name}": getattr(self, f"{part}_{name}") for name in names}


def make(pictures, listed=None):
    """The split of one picture set by the committed list."""
    listed = listed or json.loads(LIST.read_text())
    role = {}
    for part in ("dev", "test"):
        role.update({("concept", concept): f"{part}_concepts" for concept in listed[f"{part}_concepts"]})
        role.update({("drawing", *pair): f"{part}_drawings" for pair in listed[f"{part}_drawings"]})
    left_out = set(listed["left_out_icons"])
    rows = {name: [] for name in ("train", "dev_drawings", "dev_concepts", "test_drawings", "test_concepts")}
    for row, (concept, vendor) in enumerate(zip(pictures.concepts, pictures.vendors)):
        if concept not in left_out:
            drawing = role.get(("drawing", concept, FAMILY[vendor]), "train")
            rows[role.get(("concept", concept), drawing)].append(row)
    return Split(stimuli=[pictures.row(FLUENT, concept.code) for concept in CONCEPTS], **rows)


def draw(pictures, earlier):
    """The list itself, from SEED; `earlier` are the concepts that may not become test concepts."""
    rng = random.Random(SEED)
    stimuli = {concept.code for concept in CONCEPTS}
    groups = [g for g in alike(pictures) if not stimuli & set(g)]
    rng.shuffle(groups)
    old = [g for g in groups if set(g) & set(earlier)]
    new = [g for g in groups if not set(g) & set(earlier)]
    dev = _first(old, DEV_CONCEPTS)
    test = _first(new, TEST_CONCEPTS)
    held_out = set(dev) | set(test)
    families = _families(pictures)
    others = sorted(c for c, found in families.items() if c not in held_out | stimuli and len(found) >= 4)
    rng.shuffle(others)
    chosen = sorted(stimuli) + others[: 2 * MORE_DRAWINGS]
    drawings = {"dev": [], "test": []}
    for position, concept in enumerate(chosen):
        # Never Fluent's family: it is what the program shows.
        kept = sorted(families[concept] - {"fluent"})
        rng.shuffle(kept)
        if concept in stimuli and kept[1:2] == [NOTO]:
            # An earlier generator was tuned on Noto's drawings of the stimuli: development only.
            kept.insert(0, kept.pop(kept.index(NOTO)))
        parts = ("dev", "test") if concept in stimuli else (("dev", "test")[position % 2],)
        for part, family in zip(parts, kept):
            drawings[part].append([concept, family])
    names = {name for concept, name in zip(pictures.concepts, pictures.names) if concept in held_out}
    return {
        "dev_concepts": sorted(dev),
        "test_concepts": sorted(test),
        "dev_drawings": sorted(drawings["dev"]),
        "test_drawings": sorted(drawings["test"]),
        "left_out_icons": _named_after(pictures, names),
        EARLIER: sorted(earlier),
    }


def alike(pictures):
    """Groups of concepts that some vendor draws almost alike: correlation above ALIKE at 32 px."""
    parent = {}

    def root(concept):
        parent.setdefault(concept, concept)
        while parent[concept] != concept:
            concept = parent[concept]
        return concept

    side = pictures.pixels.shape[1] // ALIKE_PX
    for vendor in sorted(set(pictures.vendors) - set(ICON_SETS)):
        rows = [row for row, name in enumerate(pictures.vendors) if name == vendor]
        small = pictures.pixels[rows].reshape(len(rows), ALIKE_PX, side, ALIKE_PX, side, 3).mean(axis=(2, 4))
        flat = small.reshape(len(rows), -1)
        flat = flat - flat.mean(axis=1, keepdims=True)
        flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9
        for first, second in zip(*np.nonzero(flat @ flat.T > ALIKE)):
            parent[root(pictures.concepts[rows[first]])] = root(pictures.concepts[rows[second]])
    groups = {}
    for concept in sorted(parent):
        groups.setdefault(root(concept), []).append(concept)
    return sorted(groups.values())


def _first(groups, count):
    """Whole groups until there are `count` concepts; groups of more than four are passed over."""
    chosen = []
    for group in groups:
        if len(group) <= 4 and len(chosen) + len(group) <= count:
            chosen += group
    return chosen


def _families(pictures):
    """{concept: families that draw it} of the concepts with a code point."""
    found = {}
    for concept, vendor in zip(pictures.concepts, pictures.vendors):
        if vendor not in ICON_SETS:
            found.setdefault(concept, set()).add(FAMILY[vendor])
    return found


def _named_after(pictures, names):
    """Concepts of icons one of whose words is the last word of a held-out concept's name."""
    heads = {name.replace("-", "_").split("_")[-1].rstrip("s") for name in names}
    heads = {head for head in heads if len(head) > 2}
    icons = {c for c, vendor in zip(pictures.concepts, pictures.vendors) if vendor in ICON_SETS}
    return sorted(c for c in icons if {word.rstrip("s") for word in c.split(":")[1].split("-")} & heads)


if __name__ == "__main__":
    import pictures as source

    earlier_list = json.loads(LIST.read_text())[EARLIER] if LIST.exists() else []
    LIST.write_text(json.dumps(draw(source.load(sys.argv[1]), earlier_list), indent=0) + "\n")
