"""Masked signal modelling: the backbone learns what EEG is like before it hears of any picture.

Takes   a `Backbone` and epochs without labels, f32 or f16 [n, 16, 200] µV.
Gives   a loss: half of the 40 ms patches are hidden in all channels and, in what remains, whole channels are set to
        zero; the network tells the hidden signal, in standard deviations of the training epochs.
Keeps   only hidden values count. Labels are never looked at. The head that writes the signal is thrown away afterwards.
"""

import torch
from torch import nn

from eeg_data import shifted
from encoder import CHANNELS, PATCH_SAMPLES, PATCHES, SAMPLES, Backbone, patches

HIDDEN_PATCHES = 0.5
HIDDEN_CHANNELS = 0.25
BATCH = 128
ONSET_SD_SAMPLES = 2.0


class MaskedModel(nn.Module):
    """A backbone with a head that writes the signal of each patch."""

    def __init__(self, backbone=None):
        super().__init__()
        self.backbone = Backbone() if backbone is None else backbone
        self.write = nn.Linear(self.backbone.width, CHANNELS * PATCH_SAMPLES)

    def forward(self, scaled, hidden_patches, hidden_channels):
        """Scaled epochs and what is hidden, bool [n, 20] and bool [n, 16] → signal f32 [n, 20, 160]."""
        seen = scaled.masked_fill(hidden_channels[:, :, None], 0.0)
        return self.write(self.backbone.tokens(seen, hidden_patches))


def masks(count, generator):
    """(hidden patches bool [n, 20], exactly half of them in every row; hidden channels bool [n, 16])."""
    ranks = torch.rand(count, PATCHES, generator=generator).argsort(dim=1).argsort(dim=1)
    return ranks < round(HIDDEN_PATCHES * PATCHES), torch.rand(count, CHANNELS, generator=generator) < HIDDEN_CHANNELS


def hidden_values(hidden_patches, hidden_channels):
    """bool [n, 20, 160]: the values that the network did not see."""
    channel = hidden_channels[:, :, None].expand(-1, -1, SAMPLES)
    return patches(channel) | hidden_patches[:, :, None]


def masked_error(model, eeg, generator):
    """Mean squared error over the hidden values of f32 [n, 16, 200]; 1 is what telling the mean would score."""
    scaled = model.backbone.scaled(eeg)
    hidden = masks(len(eeg), generator)
    counted = hidden_values(*hidden)
    error = (model(scaled, *hidden) - patches(scaled)).square()
    return (error * counted).sum() / counted.sum()


def loss_function(model, eeg):
    """`loss_of` for the training loop; epochs are shifted a little, so that no place in time is learned by heart."""

    def loss_of(_step, generator):
        rows = torch.randint(len(eeg), (BATCH,), generator=generator)
        wrong = torch.randn(BATCH, generator=generator) * ONSET_SD_SAMPLES
        return masked_error(model, shifted(eeg[rows].float(), wrong), generator)

    return loss_of
