"""What prior and denoiser are trained for.

Takes   a `Material` (training pictures, their embeddings, the frozen image encoder), the networks.
Gives   `prior_loss` and `flow_loss`: functions `loss_of(step, generator)` for `loop.train`.
Keeps   half of each batch is the pictures as they are, with embeddings disturbed as in `doubt.py`; the other half is
        varied (mirrored, moved, turned, recoloured), so that the denoiser meets guesses as rough as those for pictures
        that nobody trained on. The terms of seeing use EfficientNet-Lite0; scores must come from another network.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

import generator as networks
from autoencoder import Patches
from doubt import Errors, disturb
from embed import HALF, ImageEncoder
from layout import STIMULI_SHARE, drawing_loss, nudge, vary

BATCH = 32
SEEN_SHARE = 0.5
SEEING_WEIGHT = 1.0
SEEING_BLOCKS = (0, 2, 4)


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


class Seeing:
    """Distance between two pictures in the early layers of EfficientNet-Lite0: per position 1 − cosine over channels,
    averaged over positions and layers."""

    def __init__(self, encoder):
        self.network = encoder.what.network

    def layers(self, picture):
        x = (picture * 255.0 - 127.0) / 128.0
        x = self.network._swish(self.network._bn0(self.network._conv_stem(x)))
        found = []
        for position, block in enumerate(self.network._blocks[: SEEING_BLOCKS[-1] + 1]):
            x = block(x)
            if position in SEEING_BLOCKS:
                found.append(F.normalize(x, dim=1))
        return found

    def distance(self, picture, truth):
        with torch.no_grad():
            wanted = self.layers(truth)
        return sum((1.0 - (a * b).sum(1)).mean() for a, b in zip(self.layers(picture), wanted)) / len(SEEING_BLOCKS)


def prior_loss(model, material):
    """The picture's L1 and structure, and squared error of the latent."""

    def loss_of(step, generator):
        embedding, truth, latent = material.draw(generator)
        return drawing_loss(material.patches, model(embedding), latent, truth, step % 3)

    return loss_of


def flow_loss(model, prior, material, seeing_weight=SEEING_WEIGHT):
    """Squared error of the predicted latent along the straight path, and at its start the distance of seeing."""
    seeing = Seeing(material.encoder) if seeing_weight > 0.0 else None
    first = round(SEEN_SHARE * BATCH)

    def loss_of(step, generator):
        embedding, truth, latent = material.draw(generator)
        order = torch.randperm(BATCH, generator=generator)
        embedding, truth, latent = embedding[order], truth[order], latent[order]
        with torch.no_grad():
            mean = prior(embedding)
        # Half of the paths start at t = 1, which every sampler visits.
        t = torch.rand(BATCH, generator=generator)
        t[:first] = 1.0
        begin = networks.start(mean, torch.randn(latent.shape, generator=generator))
        wide = t[:, None, None, None]
        clean = model.latent(latent + wide * (begin - latent), t, embedding, mean)
        weight = t.clamp_min(networks.WEIGHT_T_FLOOR) ** -2
        loss = ((clean - latent).square().mean(dim=(1, 2, 3)) * weight).mean()
        if seeing is not None:
            loss = loss + seeing_weight * seeing.distance(material.patches.decode(clean[:first]), truth[:first])
        return loss

    return loss_of
