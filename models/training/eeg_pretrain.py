"""Masked signal modelling: a network learns what EEG is like before it hears of any picture.

Takes   an `encoder.MaskedModel` and epochs without labels, f32 or f16 [n, 16, 200] µV.
Gives   a loss: half of the 40 ms patches are hidden in all channels (at random, or every second one, as in use) and, in
        some epochs, whole channels are set to zero; the network tells the hidden patches, in standard deviations.
Keeps   only hidden patches count. Labels are never looked at. Epochs have missing channels, wrong onsets and other
        amplitudes as in alignment.
"""

import torch

from eeg_data import disturb
from encoder import CHANNELS, PATCHES, patches

HIDDEN_PATCHES = 0.5
AS_IN_USE = 0.5
HIDDEN_CHANNELS = 0.1
BATCH = 128


def masks(count, generator):
    """(hidden patches bool [n, 20], half of them in every row; hidden channels bool [n, 16])."""
    ranks = torch.rand(count, PATCHES, generator=generator).argsort(dim=1).argsort(dim=1)
    parity = torch.randint(2, (count, 1), generator=generator)
    alternate = (torch.arange(PATCHES) + parity) % 2 == 0
    as_in_use = torch.rand(count, 1, generator=generator) < AS_IN_USE
    hidden = torch.where(as_in_use, alternate, ranks < round(HIDDEN_PATCHES * PATCHES))
    return hidden, torch.rand(count, CHANNELS, generator=generator) < HIDDEN_CHANNELS


def masked_error(model, eeg, generator):
    """Mean squared error over the hidden patches of f32 [n, 16, 200]; 1 is what telling the mean would score."""
    scaled = model.scale(eeg)
    hidden, silent = masks(len(eeg), generator)
    seen = scaled.masked_fill(silent[:, :, None], 0.0)
    return (model(seen, hidden) - patches(scaled)).square()[hidden].mean()


def loss_function(model, eeg, trouble):
    """`loss_of` for the training loop."""
    bank = trouble.bank()

    def loss_of(_step, generator):
        rows = torch.randint(len(eeg), (BATCH,), generator=generator)
        return masked_error(model, disturb(eeg[rows].float(), trouble, bank, generator), generator)

    return loss_of
