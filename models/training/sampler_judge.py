"""How far a sampler's draws can be believed.

Takes   draws f64 [n, draws, dim] of n questions and the true embeddings f64 [n, dim]; directions f64 [dim, m].
Gives   `coverage`: how often the truth is within a central share of the draws, and `ranks` of it; `agreement`: cosines;
        `believed`: all of these in one row; `made_up`: the same for answers that an answer model makes up.
Keeps   if draws are what the posterior is, the truth is one more draw: its rank among them along any direction is uniform,
        and it is as near to a draw as another draw is.
"""

import numpy as np

import painted
import sampler
from answers import Seen

SHARES = (0.5, 0.9)
# A number by which draws + 1 can be divided, or bins would not be alike.
BINS = 10
RANDOM_DIRECTIONS = 30


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


def believed(draws, truth, informative):
    """{covered, uneven, elsewhere, agreement} of draws, along informative and along random directions."""
    elsewhere = random_directions(truth.shape[1], RANDOM_DIRECTIONS)
    along, across = (ranks(draws, truth, directions) for directions in (informative, elsewhere))
    return {
        "covered": [float(coverage(along, share).mean()) for share in SHARES],
        "uneven": unevenness(along),
        "elsewhere": [float(coverage(across, share).mean()) for share in SHARES],
        "agreement": [float(value.mean()) for value in agreement(draws, truth)],
    }


def made_up(model, space, networks, truth, memory, k):
    """Rows for k answers that the model makes up for pictures f64 [n, dim]: of the exact posterior over the memory, and of each
    of the networks {name: flow}."""
    draw, covariance = np.random.default_rng(k), model.within / k + model.between
    noise = draw.standard_normal(truth.shape) @ np.linalg.cholesky(covariance).T
    seen = Seen(model.centres(truth) + noise, np.full(len(truth), float(k)), k)
    log_p = model.posterior(seen, memory, "remembered")
    several = {painted.DRAW: memory[painted.several(log_p, k)]}
    for name, flow in networks.items():
        several[name] = sampler.draws(space, flow, seen, painted.IMAGINED, k).double().numpy()
    return [{"k": k, "method": name, **believed(found, truth, space.informative())} for name, found in several.items()]
