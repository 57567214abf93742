"""The two ways between pictures and the latent in which the generator works.

Takes   image f32 [n, 3, 128, 128] in 0..1.
Gives   latent f32 [n, 24, 16, 16], and the image back.
Keeps   the way there is linear: principal components of the 8 × 8 patches, each divided by the root of its standard
        deviation, so that a component's variance still says how much it matters. It is fitted once, not trained, so
        the generator and the decoder can be trained side by side. The way back is the same projection plus a small
        network that repairs what patches leave: seams, ringing, lost detail.
"""

import torch
from torch import nn
from torch.nn import functional as F

LATENT = (24, 16, 16)
LATENT_NOISE = 0.05
MIXED_SHARE = 0.15
MAX_SHIFT_PX = 8
BATCH = 16
PATCH_PX = 8
WIDTH, FINE_WIDTH = 96, 48
FIT_STRIDE = 3


class Residual(nn.Module):
    """Two 3 × 3 convolutions around a skip: [n, width, h, w] → the same."""

    def __init__(self, width):
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x):
        return x + self.second(F.silu(self.first(F.silu(self.norm(x)))))


class Patches(nn.Module):
    """The linear part: image [n, 3, 128, 128] ↔ latent [n, 24, 16, 16]."""

    def __init__(self):
        super().__init__()
        shape = (LATENT[0], 3, PATCH_PX, PATCH_PX)
        self.register_buffer("analysis", torch.zeros(shape))
        self.register_buffer("synthesis", torch.zeros(shape))
        self.register_buffer("offset", torch.zeros(LATENT[0]))
        self.register_buffer("mean", torch.zeros(3))

    @torch.no_grad()
    def fit(self, images):
        """Principal components of the patches of f32 [n, 3, 128, 128]."""
        patches = F.unfold(images, PATCH_PX, stride=PATCH_PX).transpose(1, 2).reshape(-1, 3 * PATCH_PX**2)
        mean = patches.mean(dim=0)
        centred = patches - mean
        values, vectors = torch.linalg.eigh((centred.T @ centred / len(centred)).double())
        deviations = values[-LATENT[0] :].flip(0).clamp_min(1e-9).sqrt().float()
        components = vectors[:, -LATENT[0] :].flip(1).T.float()
        # The sign of an eigenvector is arbitrary: make its largest entry positive, so that a fit can be repeated.
        largest = components.gather(1, components.abs().argmax(dim=1, keepdim=True))
        components = components * largest.sign()
        # After division by √deviation a component has the variance `deviation`; one factor makes their mean 1.
        scale = (deviations * deviations.mean()).sqrt()
        shape = self.analysis.shape
        # Pixel means per colour, not per pixel of a patch: a constant picture stays constant.
        self.mean.copy_(mean.reshape(3, -1).mean(dim=1))
        self.analysis.copy_((components / scale[:, None]).reshape(shape))
        self.synthesis.copy_((components * scale[:, None]).reshape(shape))
        self.offset.zero_()
        return self

    def encode(self, image):
        return F.conv2d(image - self.mean[:, None, None], self.analysis, self.offset, stride=PATCH_PX)

    def decode(self, latent):
        return F.conv_transpose2d(latent, self.synthesis, stride=PATCH_PX) + self.mean[:, None, None]


class Decoder(nn.Module):
    """latent [n, 24, 16, 16] → image [n, 3, 128, 128], not clamped."""

    def __init__(self, patches):
        super().__init__()
        self.patches = patches
        self.correction = nn.Sequential(
            nn.Conv2d(LATENT[0], WIDTH, 3, padding=1),
            Residual(WIDTH),
            Residual(WIDTH),
            nn.Conv2d(WIDTH, FINE_WIDTH * 4, 1),
            nn.PixelShuffle(2),
            Residual(FINE_WIDTH),
            nn.SiLU(),
            nn.Conv2d(FINE_WIDTH, 48, 3, padding=1),
            nn.PixelShuffle(4),
        )
        nn.init.zeros_(self.correction[-2].weight)
        nn.init.zeros_(self.correction[-2].bias)

    def forward(self, latent):
        return self.patches.decode(latent) + self.correction(latent)


class ClampedDecoder(nn.Module):
    """The decoder as it is shipped: output clamped to 0..1."""

    def __init__(self, decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, latent):
        return self.decoder(latent).clamp(0.0, 1.0)


def augment(images, generator):
    """Random mirror image, shift and colour change of f32 [n, 3, 128, 128], the same for the whole batch."""
    if torch.rand((), generator=generator) < 0.5:
        images = images.flip(3)
    shifts = torch.randint(-MAX_SHIFT_PX, MAX_SHIFT_PX + 1, (2,), generator=generator).tolist()
    images = images.roll(shifts, dims=(2, 3))
    order = torch.randperm(3, generator=generator) if torch.rand((), generator=generator) < 0.2 else torch.arange(3)
    gain = 0.9 + 0.2 * torch.rand(1, 3, 1, 1, generator=generator)
    return (images[:, order] * gain).clamp(0.0, 1.0)


def lacking_structure(output, target, offset):
    """1 − SSIM of [n, 3, h, w] in 0..1, over every third 7 × 7 window from `offset` (0, 1 or 2) on: over the three
    offsets about the figure that the evaluation measures, at a ninth of its cost."""
    output, target = output[:, :, offset:, offset:], target[:, :, offset:, offset:]

    def mean(values):
        return F.avg_pool2d(values, 7, 3)

    first, second = mean(output), mean(target)
    unbiased = 49.0 / 48.0
    cross = (mean(output * target) - first * second) * unbiased
    spread = (mean(output * output + target * target) - first**2 - second**2) * unbiased
    luminance = (2 * first * second + 1e-4) / (first**2 + second**2 + 1e-4)
    return 1.0 - (luminance * (2 * cross + 9e-4) / (spread + 9e-4)).mean()


def picture_loss(output, target, offset):
    """L1, plus L1 of horizontal and vertical differences at three scales, plus what SSIM lacks."""
    loss = (output - target).abs().mean() + 0.1 * lacking_structure(output, target, offset)
    for _ in range(3):
        error = output - target
        loss = loss + 0.5 * (error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean())
        output, target = F.avg_pool2d(output, 2), F.avg_pool2d(target, 2)
    return loss


def loss_function(model, images, favoured):
    """`loss_of(step, generator)` over the pictures u8 [n, 3, 128, 128]; a fifth of each batch comes from the rows
    `favoured`."""
    favoured = torch.as_tensor(favoured)

    def loss_of(step, generator):
        rows = torch.randint(len(images), (BATCH,), generator=generator)
        rows[: BATCH // 5] = favoured[torch.randint(len(favoured), (BATCH // 5,), generator=generator)]
        target = augment(images[rows[torch.randperm(BATCH, generator=generator)]].float() / 255.0, generator)
        mixed = round(MIXED_SHARE * BATCH)
        weight = torch.rand(mixed, 1, 1, 1, generator=generator)
        target = torch.cat([weight * target[:mixed] + (1 - weight) * target[-mixed:], target[mixed:]])
        latent = model.patches.encode(target)
        latent = latent + LATENT_NOISE * torch.randn(latent.shape, generator=generator)
        return picture_loss(model(latent), target, step % 3)

    return loss_of


@torch.inference_mode()
def encode(patches, images, batch=256):
    """Latents f32 [n, 24, 16, 16] of many pictures u8 [n, 3, 128, 128]."""
    return torch.cat([patches.encode(part.float() / 255.0) for part in images.split(batch)]).clone()


@torch.inference_mode()
def decode(model, latents, batch=64):
    """Images f32 [n, 3, 128, 128] in 0..1 of many latents."""
    return torch.cat([model(part).clamp(0.0, 1.0) for part in latents.split(batch)]).clone()
