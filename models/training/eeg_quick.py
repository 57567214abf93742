"""Made-up epochs for tests and for `--quick`: no simulator and no pictures needed.

Takes   a role of eeg_data.ROLES.
Gives   a gallery of forty and ten unit embeddings, and epochs of a few subjects whose evoked pattern is
        linear in them, beside a rhythm that every picture evokes.
Keeps   the same numbers every time; roles differ in subjects and noise.
"""

import torch

import embed

from eeg_data import DEFAULT_SNR_DB, NOVEL_FROM, ROLES, Epochs
from encoder import CHANNELS, RATE_HZ, SAMPLES

DIM = embed.DIM
UNSEEN = 10
REPEATS = 10
NOISE_UV = 6.0
EVOKED_UV = 10.0
COMMON_UV, COMMON_HZ = 15.0, 5.0


def gallery():
    """f32 [50, 16]: unit embeddings, the last ten for unseen concepts."""
    draw = torch.Generator().manual_seed(4)
    return torch.nn.functional.normalize(torch.randn(NOVEL_FROM + UNSEEN, DIM, generator=draw), dim=1)


def made_up(role, unseen=False, subjects=3):
    """Ten epochs of each picture and subject: the forty, or the unseen ones."""
    pictures = torch.arange(NOVEL_FROM, NOVEL_FROM + UNSEEN) if unseen else torch.arange(NOVEL_FROM)
    everyone = torch.Generator().manual_seed(3)
    mixing = torch.randn(DIM, CHANNELS * SAMPLES, generator=everyone)
    rhythm = torch.sin(2.0 * torch.pi * COMMON_HZ * torch.arange(SAMPLES) / RATE_HZ)
    common = (COMMON_UV * torch.randn(CHANNELS, 1, generator=everyone) * rhythm).flatten()
    draw = torch.Generator().manual_seed(ROLES[role][0])
    stimulus = pictures.repeat(REPEATS * subjects)
    subject = ROLES[role][0] + torch.arange(subjects).repeat_interleave(REPEATS * len(pictures))
    target = gallery()[stimulus]
    gain = (1.0 + 0.2 * torch.randn(subjects, generator=draw)).repeat_interleave(REPEATS * len(pictures))
    evoked = common + EVOKED_UV * gain[:, None] * (target @ mixing)
    eeg = (evoked + NOISE_UV * torch.randn(evoked.shape, generator=draw)).unflatten(1, (CHANNELS, SAMPLES))
    return Epochs(eeg.half(), stimulus, subject, torch.full((len(eeg),), DEFAULT_SNR_DB), target)
