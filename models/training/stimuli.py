"""Writes the forty stimuli that the application shows: pictures, list and embeddings.

Takes   a `PictureSet`, its `Split` and a fitted `ImageEncoder`.
Gives   in the given folder: `<id>.png` (128 × 128 RGB), `stimuli.toml`, `embeddings.safetensors`.
Keeps   rows of the embeddings follow `stimuli.toml`; the embedding is computed from the very pixels of the PNG.
"""

import hashlib
import json
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save_file

from concepts import CONCEPTS
from embed import SPACE

SOURCE = "Fluent Emoji 3D (Microsoft), npm @lobehub/fluent-emoji-3d 1.1.0, assets/{stem}.webp"
LICENCE = "MIT"
HEADER = """# The forty stimuli, one per ImageNet-EEG category, in the order of the categories.
# Written by models/training/stimuli.py; embeddings.safetensors has one row per entry, in this order.

"""


def write(folder, pictures, split, encoder):
    """Writes everything into `folder`; returns the embeddings f32 [40, 128]."""
    folder = Path(folder)
    entries = [_write_picture(folder, index, pictures.pixels[row]) for index, row in enumerate(split.stimuli)]
    (folder / "stimuli.toml").write_text(HEADER + "\n".join(entries), encoding="utf-8")
    embeddings = embed_rows(encoder, pictures, split.stimuli)
    write_embeddings(folder / "embeddings.safetensors", embeddings)
    return embeddings


@torch.inference_mode()
def embed_rows(encoder, pictures, rows):
    """Unit embeddings f32 [len(rows), 128] of some rows."""
    return encoder(torch.from_numpy(pictures.floats()[rows])).clone()


def write_embeddings(path, embeddings):
    """One safetensors file with tensor "embeddings" f32 [n, 128] and the name of the space."""
    save_file({"embeddings": embeddings.contiguous()}, path, metadata={"space": SPACE})


def _write_picture(folder, index, pixels):
    """Writes one PNG; returns its entry."""
    concept = CONCEPTS[index]
    path = folder / f"{concept.id}.png"
    Image.fromarray(pixels).save(path, optimize=True)
    fields = {
        "id": concept.id,
        "label": concept.label,
        "category_index": index,
        "category": concept.category,
        "substitution": concept.substitution,
        "file": path.name,
        "source": SOURCE.format(stem=concept.stem),
        "licence": LICENCE,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    # A JSON string or number of this kind is also a TOML one.
    return "[[stimulus]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items())
