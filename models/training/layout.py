"""Trains the second half of the image embedding together with the regression that draws from it.

Takes   pictures u8 [n, 3, 128, 128], the first half of their embeddings f32 [n, 96], fitted `Patches`.
Gives   `Layout`: `where` (patches → 160 numbers) and `prior` (embedding → latent), trained as one autoencoder whose
        bottleneck is the embedding.
Keeps   half of each batch is the pictures as they are; the other half is mirrored, moved, turned, scaled and
        recoloured, which this half of the embedding sees and must keep (the first half is taken to be blind to it).
        A part of the embeddings is disturbed, so that near embeddings give near pictures.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from autoencoder import lacking_structure
from embed import HALF, WHERE, Where, unit
from generator import Prior

BATCH = 32
STIMULI_SHARE = 0.12
DISTURBED_SHARE = 0.3
MAX_TURN_RAD, MAX_MOVE, SCALE = 0.25, 0.12, (0.75, 1.1)
RECOLOURED_SHARE = 0.5
GREY = 128.0 / 255.0
SSIM_WEIGHT, LATENT_WEIGHT = 0.5, 0.05


class Layout(nn.Module):
    """The two networks that are trained together, and the fixed patches between picture and latent."""

    def __init__(self, patches):
        super().__init__()
        self.patches, self.where, self.prior = patches, Where(), Prior()

    @torch.no_grad()
    def start_from_components(self, latents):
        """Sets the linear paths to the principal components of latents f32 [n, 24, 16, 16]: training starts from the
        best linear code."""
        flat = latents.flatten(1)
        mean = flat.mean(dim=0)
        _, deviations, components = torch.svd_lowrank(flat - mean, q=WHERE, niter=3)
        # `unit` takes the length away: the network has to find it again, on average it is the mean length.
        length = ((flat - mean) @ components).norm(dim=1).mean()
        self.where.linear.weight.copy_(components.T)
        self.where.linear.bias.copy_(-(components.T @ mean))
        self.prior.linear.weight.zero_()
        self.prior.linear.weight[:, -WHERE:] = components * (length / HALF / self.prior.scale)
        self.prior.linear.bias.copy_(mean)


def vary(images, generator):
    """Mirrors, turns, moves, scales and recolours each of f32 [n, 3, 128, 128] by itself."""
    count = len(images)

    def between(low, high):
        return low + (high - low) * torch.rand(count, generator=generator)

    angle, scale = between(-MAX_TURN_RAD, MAX_TURN_RAD), 1.0 / between(*SCALE)
    mirror = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = scale * mirror * angle.cos(), -scale * angle.sin()
    matrix[:, 1, 0], matrix[:, 1, 1] = scale * mirror * angle.sin(), scale * angle.cos()
    matrix[:, :, 2] = (2.0 * torch.rand(count, 2, generator=generator) - 1.0) * 2.0 * MAX_MOVE
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    moved = F.grid_sample(images - GREY, grid, align_corners=False) + GREY
    order = torch.stack([torch.randperm(3, generator=generator) for _ in range(count)])[:, :, None, None]
    swapped = moved.gather(1, order.expand_as(moved))
    gain = 1.0 + 0.25 * (2.0 * torch.rand(count, 3, 1, 1, generator=generator) - 1.0)
    swapped = GREY + (swapped - GREY) * gain
    recolour = (torch.rand(count, 1, 1, 1, generator=generator) < RECOLOURED_SHARE).float()
    return (recolour * swapped + (1.0 - recolour) * moved).clamp(0.0, 1.0)


def drawing_loss(patches, latent, truth_latent, truth, offset):
    """L1 and structure of the picture as patches give it, and squared error of the latent."""
    picture = patches.decode(latent)
    structure = lacking_structure(picture, truth, offset)
    return (picture - truth).abs().mean() + SSIM_WEIGHT * structure + LATENT_WEIGHT * F.mse_loss(latent, truth_latent)


def nudge(embedding, generator):
    """Moves a share of unit embeddings f32 [n, 256] towards another of the batch or into the blue; lengths stay 1."""
    count = len(embedding)
    others = torch.where(
        torch.rand(count, 1, generator=generator) < 0.3,
        embedding.detach().roll(1, dims=0),
        unit(torch.randn(embedding.shape, generator=generator)),
    )
    angle = 0.25 * math.pi * torch.rand(count, 1, generator=generator)
    angle = angle * (torch.rand(count, 1, generator=generator) < DISTURBED_SHARE)
    return unit(angle.cos() * embedding + angle.sin() * others)


def loss_function(model, images, what, favoured):
    """`loss_of(step, generator)`; `favoured` are the rows of the stimuli."""
    favoured = torch.as_tensor(favoured)
    share = round(STIMULI_SHARE * BATCH)

    def loss_of(step, generator):
        rows = torch.randint(len(images), (BATCH,), generator=generator)
        rows[:share] = favoured[torch.randint(len(favoured), (share,), generator=generator)]
        truth = images[rows].float() / 255.0
        truth[BATCH // 2 :] = vary(truth[BATCH // 2 :], generator)
        truth_latent = model.patches.encode(truth)
        embedding = HALF * torch.cat([what[rows], model.where.code(truth_latent)], dim=1)
        latent = model.prior(nudge(embedding, generator))
        return drawing_loss(model.patches, latent, truth_latent, truth, step % 3)

    return loss_of
