"""Confidence intervals of what a table says.

Takes   one number per picture, f64 [n] (or two such arrays over the same pictures); optionally the cluster of each
        picture, where several pictures are not independent (two drawings of one concept).
Gives   `Interval(value, low, high)`: 95 % percentile bootstrap of a mean and of a paired difference (Efron and
        Tibshirani 1993, chapter 13), Wilson's interval of a share.
Keeps   the same seed and number of clusters always draw the same resamples, so that all cells of a table are paired.
        The interval is over pictures; it knows nothing of the spread between training seeds, and it takes the pool of
        an identification score as given.
"""

from functools import lru_cache
from math import sqrt
from typing import NamedTuple

import numpy as np

DRAWS = 10_000
LEVEL = 0.95
Z = 1.959963984540054


class Interval(NamedTuple):
    """A value with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self):
        """Whether zero lies outside."""
        return self.low > 0 or self.high < 0


def mean(values, clusters=None, seed=1, draws=DRAWS):
    """Mean of `values` with its bootstrap interval; whole clusters are drawn where given."""
    sums, counts = _by_cluster(_checked(values), clusters)
    times = _resamples(len(sums), seed, draws)
    found = (times @ sums) / (times @ counts)
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(sums.sum() / counts.sum()), float(low), float(high))


def paired_difference(first, second, clusters=None, seed=1, draws=DRAWS):
    """Mean of `first` - `second` over the same pictures, with its bootstrap interval."""
    first, second = _checked(first), _checked(second)
    if first.shape != second.shape:
        raise ValueError(f"paired values must be of the same pictures: got {len(first)} and {len(second)}")
    return mean(first - second, clusters, seed, draws)


def wilson(successes, trials):
    """Wilson's 95 % interval of a share (J. Am. Stat. Assoc. 22, 1927)."""
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials make no share")
    share, square = successes / trials, Z * Z
    centre = (share + square / (2 * trials)) / (1 + square / trials)
    half = Z * sqrt(share * (1 - share) / trials + square / (4 * trials**2)) / (1 + square / trials)
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half))


def _checked(values):
    """A non-empty f64 vector of finite numbers."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ValueError(f"expected finite values [n], n ≥ 1: got shape {values.shape}")
    return values


def _by_cluster(values, clusters):
    """(sum, count) of the values of each cluster; each value is its own cluster where none is given."""
    if clusters is None:
        return values, np.ones(len(values))
    if len(clusters) != len(values):
        raise ValueError(f"{len(values)} values need as many clusters: got {len(clusters)}")
    _, which = np.unique(np.asarray(clusters), return_inverse=True)
    return np.bincount(which, weights=values), np.bincount(which).astype(np.float64)


@lru_cache(maxsize=4)
def _resamples(count, seed, draws):
    """How often each of `count` units is drawn in each resample: f32 [draws, count]."""
    draw = np.random.default_rng([seed, count])
    return draw.multinomial(count, np.full(count, 1 / count), size=draws).astype(np.float32)
