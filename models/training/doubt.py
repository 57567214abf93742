"""The ways in which an embedding may be wrong, for training and judging a generator.

Takes   unit embeddings f32 [n, 256] of pictures, row numbers; at will `Errors`: embeddings that a real EEG encoder gave
        for known pictures.
Gives   embeddings of length 0 to 1 and the rows of the pictures that they stand for; the length says how sure.
Keeps   where an embedding hesitates between pictures, the true one is drawn with the very probabilities that weigh
        them, so that a generator trained on it learns to show the doubt.
"""

from dataclasses import dataclass

import torch
from safetensors.torch import load_file

from embed import unit

MAX_LOGIT = 6.0
MIN_COSINE = 0.35
# Shares of a batch. Real errors, where there are any, take the place of that much of the others.
SHARES = {"clean": 0.40, "average": 0.25, "towards another": 0.05, "isotropic": 0.20, "null": 0.10}
REAL_SHARE = 0.5


@dataclass(frozen=True)
class Errors:
    """What an EEG encoder gave: `found` f32 [m, 256] for the pictures `rows` i64 [m] (rows of the training pictures)."""

    found: torch.Tensor
    rows: torch.Tensor

    @staticmethod
    def load(path, position):
        """Reads a safetensors file with `found` and `row`; `position` maps a picture's row to its row in training;
        pictures that are not in it are left out."""
        stored = load_file(path)
        kept = [(i, position[row]) for i, row in enumerate(stored["row"].tolist()) if row in position]
        if not kept:
            raise ValueError(f"{path} holds no picture of the training set")
        index, rows = (torch.tensor(column) for column in zip(*kept))
        return Errors(clip(stored["found"][index]), rows)


def clip(rows):
    """Rows of length above 1 are cut to 1, as the program does."""
    return rows / rows.norm(dim=1, keepdim=True).clamp_min(1.0)


def blend(embeddings, others, cosines):
    """Unit rows at exactly `cosines` [n, 1] from the unit rows `embeddings`, in the direction of `others`."""
    across = unit(others - (others * embeddings).sum(dim=1, keepdim=True) * embeddings)
    return cosines * embeddings + (1.0 - cosines**2).clamp_min(0.0).sqrt() * across


def average(embeddings, rows, pool, generator):
    """What a regression gives that hesitates between four pictures: (mean embedding [n, 256], rows [n] of the true
    pictures). The length falls with the doubt."""
    count = len(rows)
    others = pool[torch.randint(len(pool), (count, 3), generator=generator)]
    candidates = torch.cat([rows[:, None], others], dim=1)
    sharpness = MAX_LOGIT * torch.rand(count, 1, generator=generator)
    weights = (sharpness * torch.randn(count, 4, generator=generator)).softmax(dim=1)
    mean = (embeddings[candidates] * weights[:, :, None]).sum(dim=1)
    chosen = torch.multinomial(weights, 1, generator=generator)
    return mean, candidates.gather(1, chosen)[:, 0]


def disturb(embeddings, rows, pool, generator, errors=None):
    """(embeddings f32 [n, 256] as an EEG encoder might give them, rows [n] of the pictures that are true)."""
    count, clean = len(rows), embeddings[rows]
    mean, mean_rows = average(embeddings, rows, pool, generator)
    cosines = MIN_COSINE + (1.0 - MIN_COSINE) * torch.rand(count, 1, generator=generator)
    others = embeddings[pool[torch.randint(len(pool), (count,), generator=generator)]]
    towards = blend(clean, others, cosines)
    isotropic = blend(clean, torch.randn(clean.shape, generator=generator), cosines)
    # Half of the noisy embeddings say by their length how noisy they are.
    isotropic = isotropic * torch.where(torch.rand(count, 1, generator=generator) < 0.5, cosines, 1.0)
    kind = torch.multinomial(torch.tensor(list(SHARES.values())), count, replacement=True, generator=generator)
    choices = (clean, mean, towards, isotropic, torch.zeros_like(clean))
    found = sum(torch.where(kind[:, None] == index, choice, 0.0) for index, choice in enumerate(choices))
    rows = torch.where(kind == 1, mean_rows, rows)
    if errors is not None:
        drawn = torch.randint(len(errors.rows), (count,), generator=generator)
        # A clean embedding stays clean: real errors replace the invented ones.
        real = (torch.rand(count, generator=generator) < REAL_SHARE / (1 - SHARES["clean"])) & (kind > 0)
        found = torch.where(real[:, None], errors.found[drawn], found)
        rows = torch.where(real, errors.rows[drawn], rows)
    return found, rows
