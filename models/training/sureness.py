"""How sure an averaged embedding is: its length, from how well its trials agree.

Takes   single-trial embeddings f32 [m, k, dim] of one picture each.
Gives   `Sureness`, fitted on them; `embedding`: the mean's direction, with the root of its reliability for its length.
        This is what the generator is asked with, here and in the program.
Keeps   a regression makes its answer short because it is unsure, and a mean over k trials shorter still, although it is
        surer. Trials that agree say more: for independent noise the mean of k rows has k-fold less noise power, and the
        spread of the rows says how much that is. `PRIOR_TRIALS` trials' worth of the fitted share stand in for a spread
        that few rows cannot give. Nothing depends on the scale of the embeddings, and trials that do not agree give a
        length of about 0. That trials agree does not make them right: what a length is worth the generator learns from
        embeddings of strangers (stages_eeg.write_errors). Ranks and p-values never see this length. The program's twin is `src/pack/sureness.rs`.
"""

from dataclasses import asdict, dataclass

import torch

PRIOR_TRIALS = 4.0
TINY = 1e-12


@dataclass(frozen=True)
class Sureness:
    """`single`: share of a single trial's power that comes back in every trial of that picture."""

    single: float

    def reliability(self, trials):
        """Share f32 [m] of the mean's power that would come back, 0 to 1, of f32 [m, k, dim]."""
        count = trials.shape[1]
        power = trials.square().sum(dim=2).mean(dim=1)
        mean_power = trials.mean(dim=1).square().sum(dim=1)
        # Noise power of one trial: from the spread, and as much as was fitted, by weight of trials.
        spread = count * (power - mean_power).clamp_min(0.0)
        noise = (spread + PRIOR_TRIALS * (1.0 - self.single) * power) / (count - 1.0 + PRIOR_TRIALS)
        return (1.0 - noise / (count * mean_power).clamp_min(TINY)).clamp(0.0, 1.0)

    def embedding(self, trials):
        """f32 [m, k, dim] → f32 [m, dim]: the mean's direction, of length √reliability."""
        mean = trials.mean(dim=1)
        length = self.reliability(trials).sqrt()
        return mean / mean.norm(dim=1, keepdim=True).clamp_min(TINY**0.5) * length[:, None]

    @staticmethod
    def fit(trials):
        """From trials f32 [m, k, dim], k at least 2: the mean product of two different trials of one picture is what
        comes back."""
        count = trials.shape[1]
        power = trials.square().sum(dim=2).sum(dim=1)
        shared = (trials.sum(dim=1).square().sum(dim=1) - power) / (count * (count - 1))
        return Sureness((shared.mean() * count / power.mean()).clamp(0.0, 1.0).item())

    def facts(self):
        return asdict(self)
