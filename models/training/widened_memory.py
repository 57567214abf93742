"""A memory widened by variants of drawings: the variants, their embeddings, and memories with their priors.

Takes   a pack's graphs; a `PictureSet`; the remembered drawings' embeddings in the pack.
Gives   `Graphs`: embeds and paints a picture; `Shelf`: every picture that may be shown; `memories`: {name: `Memory`}.
Keeps   only training and development pictures are embedded, never test ones. A variant that its drawing's embedding hardly
        differs from is left out. Mixtures are made of remembered drawings' embeddings alone.
"""

import tomllib
from dataclasses import dataclass

import numpy as np
import onnxruntime
import torch
from scipy.special import log_softmax

import remembered
import split
from sureness import Sureness

VARIANTS = ("mirrored", "hue 120", "hue 240")
ALIKE = 0.98
NEIGHBOURS, MIXTURES = 8, 2
HALF = "widened, half"
MEMORIES = ("remembered", "widened", HALF, "widened, mixed")


def variant(pixels, name):
    """One variant of pictures u8 [..., 128, 128, 3]; the grey ground stays."""
    if name == "mirrored":
        return pixels[..., ::-1, :]
    return np.roll(pixels, 1 if name == "hue 120" else 2, axis=-1)


class Graphs:
    """The pack's graphs of pictures, each for one picture at a time."""

    def __init__(self, pack, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        names = ("image_encoder", "prior", "denoiser", "decoder")
        self.of = {name: onnxruntime.InferenceSession(pack / f"{name}.onnx", options) for name in names}
        manifest = tomllib.loads((pack / "pack.toml").read_text(encoding="utf-8"))
        self.sigma, self.steps = manifest["generator"]["sigma"], manifest["generator"]["steps"]
        self.sureness = Sureness(**manifest["embedding"]["sureness"])

    def embed(self, pixels):
        """Picture u8 [128, 128, 3] → f32 [256]."""
        image = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255.0)
        return self.of["image_encoder"].run(None, {"image": image})[0][0]

    def paint(self, embedding, seed):
        """Embedding [256] → f32 [3, 128, 128], in as many steps of the generator as the pack says."""
        asked_with = (embedding / max(1.0, np.linalg.norm(embedding)))[None].astype(np.float32)
        mean = self.of["prior"].run(None, {"embedding": asked_with})[0]
        noise = np.random.default_rng(seed).standard_normal(mean.shape).astype(np.float32)
        x = mean + np.float32(self.sigma) * noise
        step = np.float32(1.0 / self.steps)
        for t in np.linspace(1.0, 0.0, self.steps, endpoint=False, dtype=np.float32):
            given = {"x": x, "t": t[None], "embedding": asked_with, "latent_mean": mean}
            x = x - step * self.of["denoiser"].run(None, given)[0]
        return self.of["decoder"].run(None, {"latent": x})[0][0].clip(0.0, 1.0)


class Shelf:
    """All pictures that may be shown: rows of the picture set, and behind them the variants of its training drawings,
    kind by kind. `embeddings` f32 [rows, 256]; rows of test pictures are zero, and nothing asks for them."""

    def __init__(self, found, graphs, pack, kept):
        self.found, self.split = found, split.make(found)
        self.train = np.array(self.split.train)
        dev = [*self.split.dev_drawings, *self.split.dev_concepts]
        if not kept.exists():
            variants = [graphs.embed(variant(found.pixels[row], name)) for name in VARIANTS for row in self.train]
            unseen = [graphs.embed(found.pixels[row]) for row in dev]
            np.savez(kept, variants=np.array(variants, np.float16), unseen=np.array(unseen, np.float16))
        table = np.zeros((len(found) + len(VARIANTS) * len(self.train), 256), np.float32)
        table[self.train] = remembered.read(pack / "gallery/remembered.safetensors")
        with np.load(kept) as stored:
            # A quick run holds few pictures out, or none.
            table[dev], table[len(found) :] = stored["unseen"].reshape(len(dev), table.shape[1]), stored["variants"]
        self.embeddings = torch.from_numpy(table)
        likeness = (table[len(found) :].reshape(len(VARIANTS), -1, 256) * table[self.train]).sum(axis=2)
        self.likeness = likeness.ravel()
        self.variants = len(found) + np.flatnonzero(self.likeness <= ALIKE)

    def origin(self, row):
        """(row of the picture set, kind of variant or None)."""
        if row < len(self.found):
            return row, None
        kind, index = divmod(row - len(self.found), len(self.train))
        return int(self.train[index]), VARIANTS[kind]

    def pixels(self, row):
        """u8 [128, 128, 3]."""
        source, kind = self.origin(row)
        return self.found.pixels[source] if kind is None else variant(self.found.pixels[source], kind)

    def concept(self, row):
        return self.found.concepts[self.origin(row)[0]]

    def pool(self, name):
        """Rows that may be shown."""
        pools = {"remembered": self.train, "variants": self.variants}
        pools |= {"unseen drawings": self.split.dev_drawings, "unseen concepts": self.split.dev_concepts}
        return [int(row) for row in pools[name]]


@dataclass(frozen=True)
class Memory:
    """Pictures in play: embeddings f64 [n, 256]; `place` i64 [rows of the shelf], -1 where it is not held; `log_prior`
    f64 [n]."""

    embeddings: np.ndarray
    place: np.ndarray
    log_prior: np.ndarray

    @staticmethod
    def of(shelf, parts, more=()):
        """Of lists of rows, each of which has the same share of the prior; `more` embeddings share the last one's."""
        rows = np.concatenate(parts)
        place = np.full(len(shelf.embeddings), -1)
        place[rows] = np.arange(len(rows))
        held = np.concatenate([shelf.embeddings[rows].double().numpy(), *([more] if len(more) else [])])
        sizes = [len(part) for part in parts]
        sizes[-1] += len(more)
        return Memory(held, place, np.concatenate([np.full(size, -np.log(size * len(sizes))) for size in sizes]))

    def log_posterior(self, likely, temperature):
        """Of log likelihoods, both f64 [n, pictures]."""
        return log_softmax(likely / temperature + self.log_prior, axis=1)


def mixtures(embeddings, seed=7):
    """f64 [MIXTURES · n, 256]: half-way from each row to one of its nearest, at unit length."""
    near = embeddings @ embeddings.T
    np.fill_diagonal(near, -1.0)
    nearest = np.argpartition(-near, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    order = np.random.default_rng(seed).permuted(nearest, axis=1)[:, :MIXTURES]
    both = embeddings[:, None] + embeddings[order]
    return (both / np.linalg.norm(both, axis=2, keepdims=True)).reshape(-1, embeddings.shape[1])


def memories(shelf):
    """{name: `Memory`}."""
    wide = np.concatenate([shelf.train, shelf.variants])
    mixed = mixtures(shelf.embeddings[shelf.train].double().numpy()).astype(np.float16)
    chosen = {"remembered": ([shelf.train],), "widened": ([wide],), "widened, mixed": ([wide], mixed)}
    chosen[HALF] = ([shelf.train, shelf.variants],)
    return {name: Memory.of(shelf, *given) for name, given in chosen.items()}
