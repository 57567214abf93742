"""A posterior sampler for pictures that nobody trained on: a flow in the space of embeddings that begins where a Gaussian
would end.

Takes   an `AnswerModel`; embeddings f64 [n, dim] of the drawings that are learned from; `Seen` of answers.
Gives   `Space`: standard coordinates x of embeddings, and what an answer says of them; `Flow`: the network; `draws`:
        embeddings f32 [n, draws, dim].
Keeps   in x the drawings have mean 0 and covariance 1. An answer of worth w is linear in x with Gaussian noise, so all that
        it says is in the few directions that the map of the answer model lets through: with the prior N(0, 1) the
        posterior there is N(m, S_w), and m and w are all that the network is told. A path goes from noise at t = 0 to a
        drawing at t = 1, x_t = t x + (1 - t) noise. The network adds to the best guess of x that a Gaussian prior would
        give, which is in closed form: at its zero start the flow draws from the Gaussian posterior, and all that it learns
        is how drawings differ from a Gaussian. Draws are put back to where embeddings are: both halves of equal length.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from answers import Axes
from embed import HALF, WHAT

# Directions of the answer model's map that are kept: as many as its rank.
LEAST_SHARE = 1e-6
LEAST_DEVIATION = 0.05
WAVES = (1.0, 2.0, 4.0, 8.0)
WIDTH, TOLD_WIDTH, BLOCKS = 512, 64, 3
# Chosen on development subjects (README.md, "A sampler for pictures never seen").
STEPS, TEMPERATURE = 8, 1.0
CLOSEST = 1e-3
AT_ONCE = 16


class Space(nn.Module):
    """Standard coordinates, and what answers say in them. Buffers only, so that a checkpoint holds it."""

    def __init__(self, model, embeddings):
        super().__init__()
        mean, axes, size = standard(embeddings)
        turned = Axes(model.within, model.between)
        # What an answer is of x where noise is white within a trial: turnᵀ (answer - expected) = seen x + noise.
        seen = turned.turn.T @ model.map @ (axes * size)
        left, values, right = np.linalg.svd(seen, full_matrices=False)
        rank = int((values > LEAST_SHARE * values[0]).sum())
        kept = {
            "mean": mean,
            "axes": axes,
            "size": size,
            "expected": model.map @ mean + model.offset,
            "turn": turned.turn,
            "shared": turned.shared,
            "seen": left[:, :rank] * values[:rank],
            "directions": right[:rank].T,
        }
        for name, value in kept.items():
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(value)).float())

    @property
    def rank(self):
        return self.directions.shape[1]

    def informative(self):
        """Directions f64 [dim, rank] of embeddings that answers tell of: along them an embedding is x along `directions`,
        but for a constant."""
        return (self.axes / self.size @ self.directions).double().numpy()

    def coordinates(self, embeddings):
        """x f32 [n, dim] of embeddings [n, dim]."""
        return (embeddings.float() - self.mean) @ self.axes / self.size

    def embeddings(self, x):
        """Embeddings f32 [n, dim] of x, both halves of equal length."""
        plain = self.mean + x * self.size @ self.axes.T
        return HALF * torch.cat([F.normalize(part, dim=-1) for part in (plain[..., :WHAT], plain[..., WHAT:])], dim=-1)

    def told(self, seen, temperature=1.0):
        """`Told` of `Seen`; a temperature above 1 makes answers say less."""
        noise = 1.0 / torch.from_numpy(seen.worth).float()[:, None] + self.shared
        away = (torch.from_numpy(seen.mean).float() - self.expected) @ self.turn
        weighted = self.seen / (temperature * noise)[:, :, None]
        precision, turn = torch.linalg.eigh(self.seen.T @ weighted)
        precision = precision.clamp_min(0.0)
        pulled = torch.einsum("nir,ni,nrq->nq", weighted, away, turn)
        return Told(pulled / (1.0 + precision), precision, self.directions @ turn, torch.from_numpy(seen.worth).float())

    def precision(self, worth, temperature=1.0):
        """(precision f32 [rank], axes f32 [dim, rank]) of answers of one worth."""
        weighted = self.seen / (temperature * (1.0 / worth + self.shared))[:, None]
        precision, turn = torch.linalg.eigh(self.seen.T @ weighted)
        return precision.clamp_min(0.0), self.directions @ turn


@dataclass(frozen=True)
class Told:
    """What answers say beside the prior N(0, 1): along orthonormal `axes` f32 [n or 1, dim, rank] the posterior is N(`mean`
    f32 [n, rank], 1 / (1 + `precision` f32 [n or 1, rank])), elsewhere it is the prior; `worth` f32 [n]."""

    mean: torch.Tensor
    precision: torch.Tensor
    axes: torch.Tensor
    worth: torch.Tensor

    def centre(self):
        """The posterior's mean, f32 [n, dim]."""
        return self.back(self.mean)

    def along(self, x):
        """x f32 [n, dim] along the axes, f32 [n, rank]."""
        return x @ self.axes[0] if len(self.axes) == 1 else torch.einsum("nd,ndq->nq", x, self.axes)

    def back(self, along):
        """f32 [n, dim] of what is along the axes."""
        return along @ self.axes[0].T if len(self.axes) == 1 else torch.einsum("nq,ndq->nd", along, self.axes)

    def guess(self, x, t):
        """The best guess of a drawing from x f32 [n, dim] at times t f32 [n, 1], if drawings were Gaussian."""
        plain = t / (t**2 + (1.0 - t) ** 2)
        spread = 1.0 / (1.0 + self.precision)
        along = self.along(x)
        better = self.mean + t * spread / (t**2 * spread + (1.0 - t) ** 2) * (along - t * self.mean)
        return plain * x + self.back(better - plain * along)

    def repeated(self, times):
        """Each row so many times."""
        if times == 1:
            return self
        return Told(*(part.repeat_interleave(times, dim=0) for part in (self.mean, self.precision, self.axes, self.worth)))


class Residual(nn.Module):
    """A block that is scaled and shifted by a condition."""

    def __init__(self, width, told_width):
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulate = nn.Linear(told_width, 2 * width)
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.modulate.weight)

    def forward(self, h, condition):
        scale, shift = self.modulate(condition).chunk(2, dim=1)
        return h + self.second(F.silu(self.first(self.norm(h) * (1.0 + scale) + shift)))


class Flow(nn.Module):
    """What is to be added to the Gaussian's best guess, in units of how far that may be off."""

    def __init__(self, dim, width=WIDTH, told_width=TOLD_WIDTH, blocks=BLOCKS):
        super().__init__()
        self.condition = nn.Sequential(nn.Linear(2 * len(WAVES) + 2, told_width), nn.SiLU())
        self.enter = nn.Linear(2 * dim, width)
        self.blocks = nn.ModuleList([Residual(width, told_width) for _ in range(blocks)])
        self.leave = nn.Linear(width, dim)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x, t, told):
        """The best guess of the drawing f32 [n, dim] from x f32 [n, dim] at times t f32 [n, 1]."""
        length = (t**2 + (1.0 - t) ** 2).sqrt()
        waves = t * torch.tensor(WAVES)
        condition = self.condition(torch.cat([waves.sin(), waves.cos(), t, told.worth.log()[:, None]], dim=1))
        h = self.enter(torch.cat([x / length, told.centre()], dim=1))
        for block in self.blocks:
            h = block(h, condition)
        return told.guess(x, t) + (1.0 - t) / length * self.leave(F.silu(h))


class Gaussian(nn.Module):
    """The same without a network."""

    def forward(self, x, t, told):
        return told.guess(x, t)


def standard(embeddings):
    """(mean [dim], axes [dim, dim], deviations [dim]) of rows f64 [n, dim]. Directions in which rows hardly differ keep a
    deviation of LEAST_DEVIATION of the largest, or noise would be learned there."""
    mean = embeddings.mean(axis=0)
    values, axes = np.linalg.eigh(np.cov(embeddings.T))
    values, axes = values[::-1], axes[:, ::-1]
    size = np.sqrt(np.maximum(values, 0.0))
    return mean, axes, np.maximum(size, LEAST_DEVIATION * size[0])


@torch.inference_mode()
def walked(flow, x, told, steps=STEPS):
    """x at t = 1 from noise f32 [n, dim] at t = 0, by Heun's method; the last step is one to the best guess."""
    times = torch.linspace(0.0, 1.0, steps + 1)
    for now, after in zip(times[:-1], times[1:]):
        ahead = velocity(flow, x, now, told)
        there = x + (after - now) * ahead
        if after < 1.0 - CLOSEST:
            there = x + (after - now) * 0.5 * (ahead + velocity(flow, there, after, told))
        x = there
    return x


def velocity(flow, x, t, told):
    """dx/dt at one time for all rows."""
    return (flow(x, t.expand(len(x), 1), told) - x) / (1.0 - t)


@torch.inference_mode()
def draws(space, flow, seen, count, seed, steps=STEPS, temperature=TEMPERATURE):
    """Embeddings f32 [n, count, dim] from `Seen`."""
    noise = torch.randn(len(seen.mean), count, len(space.mean), generator=torch.Generator().manual_seed(seed))
    parts = []
    for rows in np.array_split(np.arange(len(noise)), -(-len(noise) // AT_ONCE)):
        told = space.told(seen.at(rows), temperature).repeated(count)
        x = walked(flow, noise[rows].flatten(0, 1), told, steps)
        parts.append(space.embeddings(x).reshape(len(rows), count, -1))
    return torch.cat(parts)
