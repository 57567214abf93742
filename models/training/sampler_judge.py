"""How far a sampler's draws can be believed.

Takes   draws f64 [n, draws, dim] of n questions and the true embeddings f64 [n, dim]; directions f64 [dim, m].
Gives   `coverage`: how often the truth is within a central share of the draws, and `ranks` of it; `agreement`: cosines.
Keeps   if draws are what the posterior is, the truth is one more draw: its rank among them along any direction is uniform,
        and it is as near to a draw as another draw is.
"""

import numpy as np

SHARES = (0.5, 0.9)
# A number by which draws + 1 can be divided, or bins would not be alike.
BINS = 10


def ranks(draws, truth, directions):
    """Place f64 [n, m] of the truth among the draws along each direction, 0 to 1: the middle of one of draws + 1 places of the
    same width. Ties count half."""
    along, own = draws @ directions, (truth @ directions)[:, None]
    below = (along < own).sum(axis=1) + 0.5 * (along == own).sum(axis=1)
    return (below + 0.5) / (draws.shape[1] + 1.0)


def coverage(rank, share):
    """How often each question's truth is within the central `share`, f64 [n]: mean over directions."""
    return (np.abs(rank - 0.5) <= 0.5 * share).mean(axis=1)


def unevenness(rank):
    """How far the histogram of ranks is from even: half the sum of absolute differences, 0 to 1."""
    counts = np.histogram(rank, BINS, (0.0, 1.0))[0] / rank.size
    return float(0.5 * np.abs(counts - 1.0 / BINS).sum())


def agreement(draws, truth):
    """(cosine of a draw to the truth, cosine of two draws, of the mean of all draws to the truth), f64 [n] each."""
    count = draws.shape[1]
    total = draws.sum(axis=1)
    near = (draws @ truth[:, :, None])[:, :, 0].mean(axis=1)
    alike = ((total**2).sum(axis=1) - count) / (count * (count - 1.0))
    mean = (total * truth).sum(axis=1) / np.maximum(np.linalg.norm(total, axis=1), 1e-12)
    return near, alike, mean


def random_directions(dim, count, seed=11):
    """Orthonormal directions f64 [dim, count]."""
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((dim, count)))[0]
