"""What the eye minds and squared error does not: terms for training the denoiser.

Takes   pictures f32 [n, 3, 128, 128] and the true ones.
Gives   `Seeing.distance`: in the early layers of EfficientNet-Lite0; `lacking_edges`: 1 − concordance of edge strength.
Keeps   scores must come from elsewhere: EfficientNet-Lite0 judges nothing in the reports, the independent networks
        (scorer.py) train nothing here. `lacking_edges` is the very quantity that the reports call edge match, so that
        score alone proves little; the reports say so.
"""

import torch
from torch.nn import functional as F

from measures import EDGE_BLUR_PX
from metrics import LUMA

SEEING_BLOCKS = (0, 2, 4)
SQUARED_FLOOR = 1e-6


class Seeing:
    """Distance between two pictures in early layers of EfficientNet-Lite0: per position 1 − cosine over channels,
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


def lacking_edges(picture, truth):
    """1 − Lin's concordance of the blurred gradient magnitudes (metrics.edges), averaged over the pictures."""
    own, true = edge_map(picture), edge_map(truth)
    own_mean, true_mean = own.mean(dim=1, keepdim=True), true.mean(dim=1, keepdim=True)
    shared = ((own - own_mean) * (true - true_mean)).mean(dim=1)
    apart = (own_mean - true_mean).squeeze(1).square()
    spread = own.var(dim=1, unbiased=False) + true.var(dim=1, unbiased=False) + apart
    return (1.0 - 2.0 * shared / (spread + SQUARED_FLOOR)).mean()


def edge_map(picture):
    """Gradient magnitude of the luma by forward differences, blurred: f32 [n, pixels]."""
    grey = (picture * torch.tensor(LUMA, dtype=torch.float32)[:, None, None]).sum(dim=1, keepdim=True)
    down, across = grey.diff(dim=2)[:, :, :, :-1], grey.diff(dim=3)[:, :, :-1, :]
    strength = (down.square() + across.square() + SQUARED_FLOOR).sqrt()
    reach = round(4 * EDGE_BLUR_PX)
    taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / EDGE_BLUR_PX) ** 2)
    taps = taps / taps.sum()
    padded = F.pad(strength, (reach,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(padded, taps[None, None, :, None]), taps[None, None, None]).flatten(1)
