"""The generator: from an embedding to a latent.

Takes   embedding f32 [n, 128] of length 0 to 1: the length says how sure the embedding is.
Gives   `Prior`: embedding → latent mean f32 [n, 8, 16, 16]. `Denoiser`: (x, t, embedding, latent mean) → velocity
        dx/dt, for x_t = latent + t·(start − latent), start = latent mean + SIGMA·noise, t from 1 (start) to 0 (latent).
Keeps   both are trained on embeddings that are wrong in the ways in which an EEG encoder is wrong (an average over
        the pictures it might be, towards another picture, isotropic noise, nothing known), so that a doubtful
        embedding gives a soft blend. The denoiser
        predicts the latent; the velocity follows from it, so that one step from t = 1 gives its posterior mean.
"""

import torch
from torch import nn
from torch.nn import functional as F

from autoencoder import LATENT
from embed import DIM

SIGMA = 0.4
BATCH_PRIOR, BATCH_FLOW = 128, 32
SHARES = {"clean": 0.25, "average": 0.35, "towards another": 0.10, "isotropic": 0.20, "null": 0.10}
MAX_LOGIT = 6.0
MIN_COSINE = 0.35
T_FLOOR = 0.05
WEIGHT_T_FLOOR = 0.25
SIZE = LATENT[0] * LATENT[1] * LATENT[2]


class Prior(nn.Module):
    """embedding [n, 128] → latent mean [n, 8, 16, 16]: a residual perceptron."""

    def __init__(self, width=512):
        super().__init__()
        self.lift = nn.Linear(DIM, width)
        self.norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, width)
        self.read = nn.Linear(width, SIZE)

    def forward(self, embedding):
        x = F.silu(self.lift(embedding * DIM**0.5))
        x = x + F.silu(self.hidden(self.norm(x)))
        return self.read(x).reshape(-1, *LATENT)


class Block(nn.Module):
    """A 3 × 3 residual block whose normalised input is scaled and shifted by a condition [n, width]."""

    def __init__(self, width):
        super().__init__()
        self.norm = nn.GroupNorm(8, width, affine=False)
        self.modulate = nn.Linear(width, 2 * width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.modulate.weight)

    def forward(self, x, condition):
        scale, shift = self.modulate(condition)[:, :, None, None].chunk(2, dim=1)
        h = self.norm(x) * (1.0 + scale) + shift
        return x + self.second(F.silu(self.first(F.silu(h))))


class Denoiser(nn.Module):
    """x, latent_mean [n, 8, 16, 16], t [n], embedding [n, 128] → velocity [n, 8, 16, 16].

    A small U-shaped network: 16 px, 8 px, 16 px. It predicts latent = latent_mean + correction.
    """

    def __init__(self, width=64, deep=128):
        super().__init__()
        self.condition = nn.Sequential(nn.Linear(DIM + 8, deep), nn.SiLU(), nn.Linear(deep, deep), nn.SiLU())
        self.to_width = nn.Linear(deep, width)
        self.enter = nn.Conv2d(2 * LATENT[0], width, 3, padding=1)
        self.before = Block(width)
        self.down = nn.Conv2d(width, deep, 2, stride=2)
        self.middle = nn.ModuleList([Block(deep), Block(deep)])
        self.up = nn.Conv2d(deep, width * 4, 1)
        self.after = Block(width)
        self.leave = nn.Conv2d(width, LATENT[0], 3, padding=1)
        nn.init.zeros_(self.leave.weight)

    def latent(self, x, t, embedding, latent_mean):
        """The predicted clean latent [n, 8, 16, 16]."""
        waves = t[:, None] * torch.tensor([1.0, 2.0, 4.0, 8.0])
        deep = self.condition(torch.cat([embedding * DIM**0.5, waves.sin(), waves.cos()], dim=1))
        flat = self.to_width(deep)
        h = self.before(self.enter(torch.cat([x, latent_mean], dim=1)), flat)
        low = self.down(h)
        for block in self.middle:
            low = block(low, deep)
        h = self.after(h + F.pixel_shuffle(self.up(low), 2), flat)
        return latent_mean + self.leave(F.silu(h))

    def forward(self, x, t, embedding, latent_mean):
        clean = self.latent(x, t, embedding, latent_mean)
        return (x - clean) / t.clamp_min(T_FLOOR)[:, None, None, None]


def unit(rows):
    """Rows scaled to unit length; a zero row stays zero."""
    return rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-6)


def blend(embeddings, others, cosines):
    """Unit rows at exactly `cosines` [n, 1] from the unit rows `embeddings`, in the direction of `others`."""
    across = unit(others - (others * embeddings).sum(dim=1, keepdim=True) * embeddings)
    return cosines * embeddings + (1.0 - cosines**2).clamp_min(0.0).sqrt() * across


def average(embeddings, rows, pool_rows, generator):
    """What a regression gives that hesitates between four pictures: (mean embedding [n, 128], rows [n] of the true
    pictures). The truth is drawn with the very probabilities that weigh the mean; the length falls with the doubt."""
    count = len(rows)
    others = pool_rows[torch.randint(len(pool_rows), (count, 3), generator=generator)]
    candidates = torch.cat([rows[:, None], others], dim=1)
    sharpness = MAX_LOGIT * torch.rand(count, 1, generator=generator)
    weights = (sharpness * torch.randn(count, 4, generator=generator)).softmax(dim=1)
    mean = (embeddings[candidates] * weights[:, :, None]).sum(dim=1)
    chosen = torch.multinomial(weights, 1, generator=generator)
    return mean, candidates.gather(1, chosen)[:, 0]


def disturb(embeddings, rows, pool_rows, generator):
    """(embedding f32 [n, 128] as an EEG encoder might give it, row [n] of the picture that is true): see SHARES."""
    count, clean = len(rows), embeddings[rows]
    mean, mean_rows = average(embeddings, rows, pool_rows, generator)
    cosines = MIN_COSINE + (1.0 - MIN_COSINE) * torch.rand(count, 1, generator=generator)
    others = embeddings[pool_rows[torch.randint(len(pool_rows), (count,), generator=generator)]]
    towards = blend(clean, others, cosines)
    isotropic = blend(clean, torch.randn(count, DIM, generator=generator), cosines)
    # Half of the noisy embeddings say by their length how noisy they are.
    isotropic = isotropic * torch.where(torch.rand(count, 1, generator=generator) < 0.5, cosines, 1.0)
    kind = torch.multinomial(torch.tensor(list(SHARES.values())), count, replacement=True, generator=generator)
    choices = (clean, mean, towards, isotropic, torch.zeros_like(clean))
    disturbed = sum(torch.where(kind[:, None] == index, choice, 0.0) for index, choice in enumerate(choices))
    return disturbed, torch.where(kind == 1, mean_rows, rows)


class Sampler:
    """Draws (disturbed embedding, latent) batches; half of each batch are rows of `favoured`."""

    def __init__(self, embeddings, latents, favoured):
        self.embeddings, self.latents = embeddings, latents
        self.favoured = torch.as_tensor(favoured)
        self.all_rows = torch.arange(len(embeddings))

    def draw(self, count, generator):
        rows = torch.randint(len(self.embeddings), (count,), generator=generator)
        rows[: count // 2] = self.favoured[torch.randint(len(self.favoured), (count // 2,), generator=generator)]
        narrow = torch.rand((), generator=generator) < 0.5
        pool_rows = self.favoured if narrow else self.all_rows
        embeddings, rows = disturb(self.embeddings, rows, pool_rows, generator)
        return embeddings, self.latents[rows]


def prior_loss(model, sampler):
    """`loss_of` for the prior: squared error of the latent, whose minimum is the mean over what is possible."""

    def loss_of(_step, generator):
        embeddings, latents = sampler.draw(BATCH_PRIOR, generator)
        return F.mse_loss(model(embeddings), latents)

    return loss_of


def flow_loss(model, prior, sampler):
    """`loss_of` for the denoiser: squared error of the predicted latent along the straight path."""

    def loss_of(_step, generator):
        embeddings, latents = sampler.draw(BATCH_FLOW, generator)
        with torch.no_grad():
            mean = prior(embeddings)
        # A quarter of the paths start at t = 1, which every sampler visits.
        t = torch.rand(BATCH_FLOW, generator=generator)
        t[: BATCH_FLOW // 4] = 1.0
        t = t[torch.randperm(BATCH_FLOW, generator=generator)]
        start = mean + SIGMA * torch.randn(latents.shape, generator=generator)
        wide = t[:, None, None, None]
        error = model.latent(latents + wide * (start - latents), t, embeddings, mean) - latents
        weight = t.clamp_min(WEIGHT_T_FLOOR) ** -2
        return (error.square().mean(dim=(1, 2, 3)) * weight).mean()

    return loss_of


@torch.inference_mode()
def sample(prior, denoiser, embeddings, steps, seed=0):
    """Latents f32 [n, 8, 16, 16] after `steps` Euler steps; 0 steps is the prior alone. The noise depends on `seed`
    only and is the same for every row."""
    mean = prior(embeddings)
    if steps == 0:
        return mean.clone()
    noise = torch.randn(1, *LATENT, generator=torch.Generator().manual_seed(seed))
    x = mean + SIGMA * noise
    times = torch.linspace(1.0, 0.0, steps + 1)
    for now, after in zip(times[:-1], times[1:]):
        x = x + (after - now) * denoiser(x, now.expand(len(x)), embeddings, mean)
    return x.clone()
