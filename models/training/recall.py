"""What an EEG encoder's answer is taken for: its embedding, drawn towards remembered pictures as far as they explain it.

Takes   embeddings as the generator is asked with: unit length for a picture, shorter from EEG (sureness.py); `Errors` of
        a real EEG encoder; embeddings of the training pictures.
Gives   `Recall`: embedding f32 [n, 256] → the expected true embedding f32 [n, 256]; `loss_function`.
Keeps   an average over EEG trials points from the truth in ways that a linear map cannot mend (tried: no gain), but where
        the person looks at a picture of the training set, the nearest of them tells nearly all. How far to go there is
        learned from strangers' answers to a thousand training pictures; the embedding of a picture itself stays.
        So pictures drawn from EEG lean on what was seen in training, as with any such system, and the model card says so.
"""

import torch
from torch import nn

from embed import DIM

SLOTS = 512
SHARPNESS = 30.0
HIDDEN = 32
MOST_BLENDED = 0.5
ROOT_START = 0.01
# From this far below unit length on the gates alone decide; at unit length nothing is changed.
WHOLLY_BELOW = 0.05


class Recall(nn.Module):
    """Attention over remembered embeddings, and two gates: how much of the question stays, how much memory joins. An
    embedding of unit length, which is a picture's, stays as it is."""

    def __init__(self):
        super().__init__()
        self.keys = nn.Parameter(torch.zeros(SLOTS, DIM))
        self.values = nn.Parameter(torch.zeros(SLOTS, DIM))
        self.bias = nn.Parameter(torch.zeros(SLOTS))
        self.sharp = nn.Sequential(nn.Linear(2, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, 1))
        self.gates = nn.Sequential(nn.Linear(4, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, 2))

    @torch.no_grad()
    def remember(self, embeddings, favoured, seed):
        """Fills the slots: the rows `favoured`, then others at random; rows come back where there are too few."""
        order = torch.randperm(len(embeddings), generator=torch.Generator().manual_seed(seed))
        chosen = torch.cat([favoured, order])
        chosen = chosen[torch.arange(SLOTS) % len(chosen)]
        self.keys.copy_(embeddings[chosen])
        self.values.copy_(embeddings[chosen])
        return self

    def forward(self, embedding):
        length = embedding.norm(dim=1, keepdim=True)
        # A root without its vertical start, where the last bit of a length of 1 would show.
        short = ((1.0 - length).clamp_min(0.0) + ROOT_START**2).sqrt() - ROOT_START
        doubt = torch.cat([length, short], dim=1)
        near = embedding @ self.keys.T
        weight = (SHARPNESS * self.sharp(doubt).exp() * near + self.bias).softmax(dim=1)
        spread = -(weight * (weight + 1e-9).log()).sum(dim=1, keepdim=True)
        nearest = near.max(dim=1, keepdim=True).values / length.clamp_min(1e-3)
        gates = self.gates(torch.cat([doubt, nearest, spread / 6.0], dim=1)).sigmoid()
        short_of_one = ((1.0 - length) / WHOLLY_BELOW).clamp(0.0, 1.0)
        own, recalled = 1.0 - short_of_one * (1.0 - gates[:, :1]), short_of_one * gates[:, 1:]
        return own * embedding + recalled * (weight @ self.values)


class RecallingPrior(nn.Module):
    """embedding f32 [n, 256] → latent mean [n, 24, 16, 16]: a prior that draws what is recalled."""

    def __init__(self, recall, prior):
        super().__init__()
        self.recall, self.prior = recall, prior

    def forward(self, embedding):
        return self.prior(self.recall(embedding))


def loss_function(model, embeddings, errors):
    """`loss_of(step, generator)`: squared error to the true embedding for strangers' answers, and to itself for what is
    short because it lies between two pictures."""

    def loss_of(step, generator):
        asked = torch.randint(len(errors.rows), (384,), generator=generator)
        lost = (model(errors.found[asked]) - embeddings[errors.rows[asked]]).square().sum(dim=1).mean()
        pairs = embeddings[torch.randint(len(embeddings), (2, 128), generator=generator)]
        share = MOST_BLENDED * torch.rand(128, 1, generator=generator)
        own = (1.0 - share) * pairs[0] + share * pairs[1]
        return lost + (model(own) - own).square().sum(dim=1).mean()

    return loss_of
