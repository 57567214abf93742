"""The regression: prior and decoder, trained together from embedding to picture.

Takes   a `Prior` as `layout.py` left it, a `Decoder` of clean latents, a `Material` (objectives.py).
Gives   `Drawing` (embedding → latent mean, picture) and `loss_function`.
Keeps   a decoder that met clean latents only leaves a guess's ringing in the picture, and SSIM counts it all over the
        empty ground. Here it learns to draw from guesses, and keeps on decoding clean latents beside.
"""

import torch
from torch import nn
from torch.nn import functional as F

from autoencoder import LATENT_NOISE, lacking_structure, picture_loss

CLEAN_EVERY, CLEAN_WEIGHT = 4, 0.5
LATENT_WEIGHT = 0.05


class Drawing(nn.Module):
    """embedding f32 [n, 256] → (latent mean [n, 24, 16, 16], picture [n, 3, 128, 128], not clamped)."""

    def __init__(self, prior, decoder):
        super().__init__()
        self.prior, self.decoder = prior, decoder

    def forward(self, embedding):
        guess = self.prior(embedding)
        return guess, self.decoder(guess)


def loss_function(model, material):
    """`loss_of(step, generator)`: L1 and structure of the picture, squared error of the latent; and the decoder's own
    loss on a quarter of the batch's clean latents."""

    def loss_of(step, generator):
        embedding, truth, latent = material.draw(generator)
        guess, picture = model(embedding)
        loss = (picture - truth).abs().mean() + lacking_structure(picture, truth, step % 3)
        loss = loss + LATENT_WEIGHT * F.mse_loss(guess, latent)
        clean, own = latent[::CLEAN_EVERY], truth[::CLEAN_EVERY]
        clean = clean + LATENT_NOISE * torch.randn(clean.shape, generator=generator)
        return loss + CLEAN_WEIGHT * picture_loss(model.decoder(clean), own, step % 3)

    return loss_of
