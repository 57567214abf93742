"""The generator: from an embedding to a latent.

Takes   embedding f32 [n, 256] of length 0 to 1: the length says how sure the embedding is.
Gives   `Prior`: embedding → latent mean f32 [n, 24, 16, 16]. `Denoiser`: (x, t, embedding, latent mean) → velocity
        dx/dt, for x_t = latent + t·(start − latent), start = latent mean + SIGMA·noise, t from 1 (start) to 0 (latent).
Keeps   both are trained on embeddings that are wrong in the ways in which an EEG encoder is wrong (`doubt.py`), so
        that a doubtful embedding gives a soft blend. The denoiser predicts the latent; the velocity follows from it,
        so that one step from t = 1 gives its prediction.
"""

import torch
from torch import nn
from torch.nn import functional as F

from autoencoder import LATENT, Residual
from embed import DIM, HALF

SIGMA = 0.4
T_FLOOR = 0.05
SIZE = LATENT[0] * LATENT[1] * LATENT[2]


class Prior(nn.Module):
    """embedding [n, 256] → latent mean [n, 24, 16, 16]: a linear map plus a small network that grows from 4 to 16 px."""

    def __init__(self):
        super().__init__()
        self.scale = DIM**0.5
        self.linear = nn.Linear(DIM, SIZE)
        self.lift = nn.Linear(DIM, 192 * 16)
        self.at_4 = Residual(192)
        self.at_8 = nn.Sequential(nn.Conv2d(192, 128 * 4, 1), nn.PixelShuffle(2), Residual(128), Residual(128))
        self.at_16 = nn.Sequential(nn.SiLU(), nn.Conv2d(128, 64 * 4, 1), nn.PixelShuffle(2), Residual(64), nn.SiLU())
        self.leave = nn.Conv2d(64, LATENT[0], 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    @torch.no_grad()
    def follow(self, where):
        """Makes a prior that was trained on codes that were not levelled (`layout.py`) take levelled ones, as nearly as
        their lost lengths allow; no embedding at all then gives the mean code."""
        back = where.length * torch.linalg.inv(where.spread.double()).float().T
        for layer in (self.linear, self.lift):
            part = layer.weight[:, -len(back) :].clone()
            layer.bias += self.scale * HALF * (part @ where.centre)
            layer.weight[:, -len(back) :] = part @ back
        return self

    def forward(self, embedding):
        embedding = embedding * self.scale
        deep = self.at_4(self.lift(embedding).reshape(-1, 192, 4, 4))
        return self.linear(embedding).reshape(-1, *LATENT) + self.leave(self.at_16(self.at_8(deep)))


class Block(nn.Module):
    """A 3 × 3 residual block whose normalised input is scaled and shifted by a condition [n, width]."""

    def __init__(self, width, condition_width):
        super().__init__()
        self.norm = nn.GroupNorm(8, width, affine=False)
        self.modulate = nn.Linear(condition_width, 2 * width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.modulate.weight)

    def forward(self, x, condition):
        scale, shift = self.modulate(condition)[:, :, None, None].chunk(2, dim=1)
        h = self.norm(x) * (1.0 + scale) + shift
        return x + self.second(F.silu(self.first(F.silu(h))))


class Denoiser(nn.Module):
    """x, latent_mean [n, 24, 16, 16], t [n], embedding [n, 256] → velocity [n, 24, 16, 16].

    A small U-shaped network: 16 px, 8 px, 16 px. It predicts latent = latent_mean + correction.
    """

    def __init__(self, width=112, deep=192):
        super().__init__()
        self.condition = nn.Sequential(nn.Linear(DIM + 8, deep), nn.SiLU(), nn.Linear(deep, deep), nn.SiLU())
        self.enter = nn.Conv2d(2 * LATENT[0], width, 3, padding=1)
        self.before = Block(width, deep)
        self.down = nn.Conv2d(width, deep, 2, stride=2)
        self.middle = nn.ModuleList([Block(deep, deep), Block(deep, deep)])
        self.up = nn.Conv2d(deep, width * 4, 1)
        self.after = Block(width, deep)
        self.leave = nn.Conv2d(width, LATENT[0], 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def latent(self, x, t, embedding, latent_mean):
        """The predicted clean latent [n, 24, 16, 16]."""
        waves = t[:, None] * torch.tensor([1.0, 2.0, 4.0, 8.0])
        condition = self.condition(torch.cat([embedding * DIM**0.5, waves.sin(), waves.cos()], dim=1))
        h = self.before(self.enter(torch.cat([x, latent_mean], dim=1)), condition)
        low = self.down(h)
        for block in self.middle:
            low = block(low, condition)
        h = self.after(h + F.pixel_shuffle(self.up(low), 2), condition)
        return latent_mean + self.leave(F.silu(h))

    def forward(self, x, t, embedding, latent_mean):
        clean = self.latent(x, t, embedding, latent_mean)
        return (x - clean) / t.clamp_min(T_FLOOR)[:, None, None, None]


def start(mean, noise):
    """Where the path begins, at t = 1."""
    return mean + SIGMA * noise


def walk(denoiser, x, embedding, mean, steps, taken):
    """The first `taken` of `steps` Euler steps from t = 1 at `x`: (x, t, a scalar tensor)."""
    times = torch.linspace(1.0, 0.0, steps + 1)
    for now, after in zip(times[:taken], times[1 : taken + 1]):
        x = x + (after - now) * denoiser(x, now.expand(len(x)), embedding, mean)
    return x, times[taken]


@torch.inference_mode()
def sample(prior, denoiser, embeddings, steps, seed=0):
    """Latents f32 [n, 24, 16, 16] by `steps` Euler steps; 0 steps give the prior's mean."""
    mean = prior(embeddings)
    if steps == 0:
        return mean.clone()
    begin = start(mean, torch.randn(mean.shape, generator=torch.Generator().manual_seed(seed)))
    return walk(denoiser, begin, embeddings, mean, steps, steps)[0].clone()
