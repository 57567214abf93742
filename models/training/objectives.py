"""What regression and denoiser are trained on, and what the denoiser is trained for.

Takes   training pictures, their embeddings, the frozen image encoder, at will an EEG encoder's errors; the networks.
Gives   `Material`: batches of embeddings with their pictures. `denoiser_loss`: `loss_of(step, generator)` for `loop.train`.
Keeps   half of each batch is the pictures as they are, with embeddings disturbed as in `doubt.py`; the other half is
        varied (mirrored, moved, turned, recoloured), so that the denoiser meets guesses as rough as those for pictures
        that nobody trained on.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

import generator as networks
from autoencoder import Patches
from doubt import Errors, disturb
from embed import HALF, ImageEncoder
from layout import STIMULI_SHARE, nudge, vary
from seeing import Seeing, lacking_edges

BATCH = 32
SEEN = 16
STEPS = (1, 2, 4)
SEEING_WEIGHT, EDGE_WEIGHT, LATENT_WEIGHT, PIXEL_WEIGHT = 5.0, 0.5, 0.25, 1.0


@dataclass(frozen=True)
class Material:
    """`images` u8 [n, 3, 128, 128] and `embeddings` f32 [n, 256] of the training pictures; `favoured` rows are drawn
    more often; `errors` of a real EEG encoder, or None."""

    images: torch.Tensor
    embeddings: torch.Tensor
    encoder: ImageEncoder
    favoured: torch.Tensor
    errors: Errors | None

    @property
    def patches(self) -> Patches:
        return self.encoder.patches

    @torch.no_grad()
    def draw(self, generator):
        """(embedding [32, 256], picture [32, 3, 128, 128], its latent)."""
        known, known_truth = self._as_they_are(BATCH // 2, generator)
        varied, varied_truth = self._varied(BATCH - BATCH // 2, generator)
        truth = torch.cat([known_truth, varied_truth])
        return torch.cat([known, varied]), truth, self.patches.encode(truth)

    def _as_they_are(self, count, generator):
        rows = torch.randint(len(self.images), (count,), generator=generator)
        share = round(2 * STIMULI_SHARE * count)
        rows[:share] = self.favoured[torch.randint(len(self.favoured), (share,), generator=generator)]
        narrow = torch.rand((), generator=generator) < 0.5
        pool = self.favoured if narrow else torch.arange(len(self.images))
        embedding, rows = disturb(self.embeddings, rows, pool, generator, self.errors)
        return embedding, self.images[rows].float() / 255.0

    def _varied(self, count, generator):
        rows = torch.randint(len(self.images), (count,), generator=generator)
        truth = vary(self.images[rows].float() / 255.0, generator)
        where = self.encoder.where(self.patches.encode(truth))
        return nudge(torch.cat([self.embeddings[rows][:, : -where.shape[1]], HALF * where], 1), generator), truth


def denoiser_loss(model, regression, material):
    """What the eye minds in the picture that the decoder makes of the predicted latent, and squared error, at a step of
    the denoiser's own way: the steps before it are taken as the sampler takes them. `regression` is a frozen
    `drawing.Drawing`.

    Trained on straight paths from start to truth instead (flow matching), the network learns at t < 1 to trust what the
    path tells of the truth; when it samples, the path tells only of its own first guess."""
    seeing = Seeing(material.encoder)

    def loss_of(step, generator):
        embedding, truth, latent = material.draw(generator)
        order = torch.randperm(BATCH, generator=generator)[:SEEN]
        embedding, truth, latent = embedding[order], truth[order], latent[order]
        steps = STEPS[torch.randint(len(STEPS), (), generator=generator)]
        taken = torch.randint(steps, (), generator=generator).item()
        with torch.no_grad():
            mean = regression.prior(embedding)
            begin = networks.start(mean, torch.randn(latent.shape, generator=generator))
            x, t = networks.walk(model, begin, embedding, mean, steps, taken)
        clean = model.latent(x, t.expand(len(x)), embedding, mean)
        picture = regression.decoder(clean)
        loss = SEEING_WEIGHT * seeing.distance(picture, truth) + EDGE_WEIGHT * lacking_edges(picture, truth)
        return loss + LATENT_WEIGHT * F.mse_loss(clean, latent) + PIXEL_WEIGHT * (picture - truth).abs().mean()

    return loss_of
