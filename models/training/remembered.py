"""The drawings that the generator learned, as the pack lists them: their embeddings and names that a person can read.

Takes   a `PictureSet`, its `Split`, embeddings f32 [n, dim] of all pictures; the folder with the npm packages.
Gives   `gallery/remembered.safetensors`: `embeddings` f16 [n, dim]; metadata `labels` and `drawings`, a line for each row
        ("teapot", "fluent/teapot"; the latter is unique).
Keeps   rows are `split.train` in its order, the forty stimuli among them. A drawing of an emoji bears the name that the
        Unicode Consortium's list (CLDR) gives its code point, as two of the packages spell it; the forty bear the label
        of concepts.py; an icon bears its file's name without the number at its end.
"""

import json
import re

from safetensors.torch import load_file

import pictures
import tensors
from concepts import CONCEPTS

# Packages whose file names are CLDR's names.
NAMED_BY_CLDR = (pictures.NOTO, "twemoji")
TENSOR = "embeddings"


def write(path, found, split, embeddings, folder):
    """Writes the file; returns how many drawings it lists."""
    names = labels(found, split.train, cldr_names(folder))
    drawings = unique([f"{found.vendors[row]}/{name}" for row, name in zip(split.train, names)])
    metadata = {"labels": "\n".join(names), "drawings": "\n".join(drawings)}
    tensors.write(path, {TENSOR: embeddings[split.train].half().numpy()}, metadata)
    return len(names)


def read(path):
    """The embeddings f64 [n, dim]."""
    return load_file(path)[TENSOR].double().numpy()


def labels(found, rows, cldr):
    """A plain name for each of the rows."""
    forty = {concept.code: concept.label for concept in CONCEPTS}
    named = []
    for row in rows:
        concept = found.concepts[row]
        icon = re.sub(r"-\d+$", "", found.names[row])
        named.append(forty.get(concept) or readable(cldr.get(concept, icon)))
    return named


def readable(name):
    """A file's name as words."""
    return re.sub(r"[-_]+", " ", name).strip()


def cldr_names(folder):
    """{concept: file name} of the packages that name their files as CLDR does; the first that knows a concept."""
    known = {}
    for vendor in NAMED_BY_CLDR:
        package = next(source.package for source in pictures.SOURCES if source.vendor == vendor)
        characters = json.loads(pictures.read_member(pictures.fetch(package, folder), "package/chars.json"))
        for code, name in characters.items():
            known.setdefault(pictures.plain(code), name)
    return known


def unique(names):
    """The same names, where one comes again with a number behind it."""
    seen, result = {}, []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return result
