"""How far probabilities can be believed, and the temperature that makes them so.

Takes   log likelihoods f64 [n, pictures] with the true column of each row; probabilities f64 [n] of what came true or not.
Gives   `Scores` of posteriors; expected calibration errors; `temperature` and `odds_temperature` of least log loss.
Keeps   the calibration error that is quoted has ten bins of equal width (Guo et al. 2017, ICML); fifteen bins of equal
        mass stand beside it, since most probabilities over thousands of pictures are small.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax

WIDTHS, MASSES = 10, 15
LOG_T = (-3.0, 3.0)


def ece(probability, true, weight=None):
    """Expected calibration error over bins of equal width; rows count by `weight` where it is given."""
    return _gaps(probability, true, weight, np.minimum((probability * WIDTHS).astype(int), WIDTHS - 1), WIDTHS)


def ece_by_mass(probability, true, weight=None):
    """The same over bins that hold equally many rows."""
    rank = np.argsort(np.argsort(probability, kind="stable"), kind="stable")
    return _gaps(probability, true, weight, rank * MASSES // len(rank), MASSES)


def temperature(log_likelihood, true):
    """T by which log likelihoods are to be divided."""
    rows = np.arange(len(true))
    return _least(lambda t: -log_softmax(log_likelihood / t, axis=1)[rows, true].mean())


def odds_temperature(log_odds, true, weight):
    """T by which log odds f64 [n] of what came true or not are to be divided."""
    sign = np.where(true, -1.0, 1.0)
    return _least(lambda t: (weight * np.logaddexp(0.0, sign * log_odds / t)).sum())


def judged(log_probability, true):
    """{hit, confidence, loss: f64 [n]} of posteriors f64 [n, pictures]: whether the most probable picture is the true
    one (ties count against us), how probable it is, and minus the log probability of the truth."""
    right = log_probability[np.arange(len(true)), true]
    hit = (log_probability >= right[:, None]).sum(axis=1) == 1
    return {"hit": hit.astype(np.float64), "confidence": np.exp(log_probability.max(axis=1)), "loss": -right}


def judged_odds(log_odds, true):
    """{true, probability, loss: f64 [n]} of log odds that something else was seen."""
    sign = np.where(true, -1.0, 1.0)
    loss = np.logaddexp(0.0, sign * log_odds)
    return {"true": true.astype(np.float64), "probability": expit(log_odds), "loss": loss}


def _gaps(probability, true, weight, which, bins):
    weight = np.ones(len(probability)) if weight is None else weight
    gap = np.bincount(which, weight * (probability - true), bins)
    return float(np.abs(gap).sum() / weight.sum())


def _least(log_loss):
    found = minimize_scalar(lambda log_t: log_loss(np.exp(log_t)), bounds=LOG_T, method="bounded")
    return float(np.exp(found.x))
