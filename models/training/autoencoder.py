"""The autoencoder between pictures and the small latent in which the generator works.

Takes   image f32 [n, 3, 128, 128] in 0..1.
Gives   latent f32 [n, 8, 16, 16] of about zero mean and unit variance per channel, and the image back.
Keeps   both are small (below half a million parameters) and work at 16 and 32 px: they had to be trained and must run
        on a few CPU cores. The decoder is trained
        on mixed latents too, with the mixed picture as target, so that a blend of latents looks like a blend of
        pictures, and on slightly noisy latents.
"""

import torch
from torch import nn
from torch.nn import functional as F

LATENT = (8, 16, 16)
LATENT_NOISE = 0.08
MIXED_SHARE = 0.25
MAX_SHIFT_PX = 6
BATCH = 16
PATCH_PX = 8
WIDTH, FINE_WIDTH = 96, 48


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


class Encoder(nn.Module):
    """image [n, 3, 128, 128] in 0..1 → latent [n, 8, 16, 16]: one projection per 8 × 8 patch, then a small correction.

    The projection starts as the principal components of the patches (`start_from_patches`).
    """

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, LATENT[0], PATCH_PX, stride=PATCH_PX)
        self.lift = nn.Conv2d(3, WIDTH, PATCH_PX, stride=PATCH_PX)
        self.correction = nn.Sequential(Residual(WIDTH), nn.SiLU(), nn.Conv2d(WIDTH, LATENT[0], 1))
        self.standardise = nn.BatchNorm2d(LATENT[0], affine=False, momentum=0.02)
        nn.init.zeros_(self.correction[-1].weight)

    def forward(self, image):
        image = image * 2.0 - 1.0
        return self.standardise(self.patches(image) + self.correction(self.lift(image)))


class Decoder(nn.Module):
    """latent [n, 8, 16, 16] → image [n, 3, 128, 128] in 0..1: one linear patch each, plus a correction made at 16 and
    32 px and unfolded by pixel shuffles."""

    def __init__(self):
        super().__init__()
        self.patches = nn.ConvTranspose2d(LATENT[0], 3, PATCH_PX, stride=PATCH_PX)
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
        return (self.patches(latent) + self.correction(latent)) * 0.5 + 0.5


class ClampedDecoder(nn.Module):
    """The decoder as it is shipped: output clamped to 0..1."""

    def __init__(self, decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, latent):
        return self.decoder(latent).clamp(0.0, 1.0)


class Autoencoder(nn.Module):
    """Encoder and decoder, trained together."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()


def augment(images, generator):
    """Random mirror image, shift and colour change of f32 [n, 3, 128, 128], the same for the whole batch."""
    if torch.rand((), generator=generator) < 0.5:
        images = images.flip(3)
    shifts = torch.randint(-MAX_SHIFT_PX, MAX_SHIFT_PX + 1, (2,), generator=generator).tolist()
    images = images.roll(shifts, dims=(2, 3))
    order = torch.randperm(3, generator=generator) if torch.rand((), generator=generator) < 0.2 else torch.arange(3)
    gain = 0.9 + 0.2 * torch.rand(1, 3, 1, 1, generator=generator)
    return (images[:, order] * gain).clamp(0.0, 1.0)


def picture_loss(output, target):
    """L1 plus L1 of horizontal and vertical differences at three scales."""
    loss = (output - target).abs().mean()
    for _ in range(3):
        error = output - target
        loss = loss + 0.5 * (error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean())
        output, target = F.avg_pool2d(output, 2), F.avg_pool2d(target, 2)
    return loss


@torch.no_grad()
def start_from_patches(model, images):
    """Sets the linear paths to the principal components of the 8 × 8 patches of f32 [n, 3, 128, 128], scaled to
    unit variance, so that training starts from the best linear autoencoder."""
    patches = F.unfold(images * 2.0 - 1.0, PATCH_PX, stride=PATCH_PX).transpose(1, 2).reshape(-1, 3 * PATCH_PX**2)
    mean = patches.mean(dim=0)
    values, vectors = torch.linalg.eigh(((patches - mean).T @ (patches - mean) / len(patches)).double())
    deviations = values[-LATENT[0] :].clamp_min(1e-9).sqrt().float()
    components = vectors[:, -LATENT[0] :].T.float()
    shape = (LATENT[0], 3, PATCH_PX, PATCH_PX)
    model.encoder.patches.weight.copy_((components / deviations[:, None]).reshape(shape))
    model.encoder.patches.bias.copy_(-(components @ mean) / deviations)
    model.decoder.patches.weight.copy_((components * deviations[:, None]).reshape(shape))
    model.decoder.patches.bias.copy_(mean.reshape(3, -1).mean(dim=1))


def loss_function(model, images, favoured):
    """`loss_of(step, generator)` over the pictures f32 [n, 3, 128, 128]; a fifth of each batch comes from the rows
    `favoured`."""
    favoured = torch.as_tensor(favoured)

    def loss_of(_step, generator):
        rows = torch.randint(len(images), (BATCH,), generator=generator)
        rows[: BATCH // 5] = favoured[torch.randint(len(favoured), (BATCH // 5,), generator=generator)]
        target = augment(images[rows[torch.randperm(BATCH, generator=generator)]], generator)
        latent = model.encoder(target)
        mixed = round(MIXED_SHARE * BATCH)
        weight = torch.rand(mixed, 1, 1, 1, generator=generator)
        latent = torch.cat([weight * latent[:mixed] + (1 - weight) * latent[-mixed:], latent[mixed:]])
        target = torch.cat([weight * target[:mixed] + (1 - weight) * target[-mixed:], target[mixed:]])
        latent = latent + LATENT_NOISE * torch.randn(latent.shape, generator=generator)
        return picture_loss(model.decoder(latent), target)

    return loss_of


@torch.inference_mode()
def encode(model, images, batch=64):
    """Latents f32 [n, 8, 16, 16] of many pictures."""
    return torch.cat([model.encoder(part) for part in images.split(batch)]).clone()


@torch.inference_mode()
def decode(model, latents, batch=64):
    """Images f32 [n, 3, 128, 128] in 0..1 of many latents."""
    return torch.cat([model.decoder(part).clamp(0.0, 1.0) for part in latents.split(batch)]).clone()
