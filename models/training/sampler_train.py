"""Trains the posterior sampler: pairs of a drawing's embedding and an answer that the answer model makes up for it.

Takes   the remembered drawings' embeddings and those of their variants (widened_memory.py); a `Space`.
Gives   `Pool` of drawings; `loss_function` for loop.train; `held_out_loss` of drawings that nothing was trained on.
Keeps   no EEG is needed: an answer of worth w to the drawing x is N(m, S_w)'s m, made from x and noise, as the answer model
        says. A share of drawings are mixtures: a row a part of the way to one of its nearest. Worths are drawn evenly in
        logarithms; one for each step, so that its axes are found once.
"""

import math

import torch

from sampler import Told
from widened_memory import NEIGHBOURS

WORTHS = (0.5, 40.0)
BATCH = 256
MIXED, FURTHEST = 0.35, 0.5
BLOCK = 1024


class Pool:
    """Standard coordinates of drawings, f32 [n, dim], and for each its NEIGHBOURS nearest, i64 [n, NEIGHBOURS]."""

    def __init__(self, space, embeddings):
        self.space, self.embeddings = space, embeddings.float()
        near = [self.embeddings[rows] @ self.embeddings.T for rows in torch.arange(len(embeddings)).split(BLOCK)]
        few = min(NEIGHBOURS + 1, len(embeddings))
        self.nearest = torch.cat([part.topk(few, dim=1).indices[:, 1:] for part in near])

    def drawn(self, count, generator):
        """x f32 [count, dim]."""
        rows = torch.randint(len(self.embeddings), (count,), generator=generator)
        other = self.nearest[rows, torch.randint(self.nearest.shape[1], (count,), generator=generator)]
        share = FURTHEST * torch.rand(count, 1, generator=generator)
        share = share * (torch.rand(count, 1, generator=generator) < MIXED)
        mixed = (1.0 - share) * self.embeddings[rows] + share * self.embeddings[other]
        return self.space.coordinates(torch.nn.functional.normalize(mixed, dim=1))


def made_up(space, x, worth, generator):
    """`Told` of made-up answers of one worth to drawings x f32 [n, dim]."""
    precision, axes = space.precision(worth)
    noise = torch.randn(len(x), len(precision), generator=generator)
    mean = (precision * (x @ axes) + precision.sqrt() * noise) / (1.0 + precision)
    return Told(mean, precision[None], axes[None], torch.full((len(x),), worth))


def a_worth(generator):
    low, high = (math.log(worth) for worth in WORTHS)
    return math.exp(low + (high - low) * torch.rand((), generator=generator).item())


def loss_of(flow, space, x, worth, generator):
    """Mean squared error of the best guess, in units of how far the Gaussian's may be off."""
    told = made_up(space, x, worth, generator)
    t = torch.randn(len(x), 1, generator=generator).sigmoid()
    noise = torch.randn(x.shape, generator=generator)
    scale = (1.0 - t) / (t**2 + (1.0 - t) ** 2).sqrt()
    return ((flow(t * x + (1.0 - t) * noise, t, told) - x) / scale).square().mean()


def loss_function(flow, pool):
    def loss(_step, generator):
        x = pool.drawn(BATCH, generator)
        return loss_of(flow, pool.space, x, a_worth(generator), generator)

    return loss


@torch.inference_mode()
def held_out_loss(flow, space, embeddings, worths=(1.0, 3.0, 10.0), seed=9):
    """The same loss of embeddings f32 [n, dim], at each worth."""
    x = space.coordinates(embeddings)
    draw = torch.Generator().manual_seed(seed)
    return [loss_of(flow, space, x, worth, draw).item() for worth in worths]
