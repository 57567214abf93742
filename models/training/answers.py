"""How an EEG encoder answers to a picture, and what its answers say of which picture it was.

Takes   answers f64 [n, dim] of an encoder; unit embeddings f64 [pictures, dim] of the pictures in play.
Gives   `AnswerModel`, the pack's answers.safetensors, and its posteriors in logarithms; `Looks`, which adds trials one by
        one; `gain_bits`.
Keeps   a trial's answer to the picture with embedding e is
            map e + offset + b + noise,   noise ~ N(0, within) in each trial, b ~ N(0, between) once per person and picture,
        so that the mean of k trials is N(map e + offset, within/k + between). Three scopes:
          told, remembered   softmax over the pictures of log density / T: all rows have the same prior, and a picture
                             that is there twice has the same probability in both rows;
          open               "something else": e ~ N(background_mean, background_covariance) against the mean density over
                             the pictures, prior 1/2 each; the log odds are divided by T.
        T of a scope depends on k: linear in log k between the rows of `temperature`, the nearest row's outside them
        (`calibrated` says whether that is so). Windows in which nothing is to be seen answer N(noise_mean, noise_within/k
        + noise_between). The sum of the answers and their number are all that is kept of trials, so their order does not
        matter. The program's twin is to give the same numbers: tests/vectors/posterior.
"""

from dataclasses import dataclass, fields

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy.linalg import solve_triangular
from scipy.special import log_softmax, logsumexp

COLUMNS = {"told": 1, "remembered": 2, "open": 3}
BLOCK = 4096
LN_2 = float(np.log(2.0))


@dataclass(frozen=True)
class AnswerModel:
    """Vectors f64 [dim], matrices f64 [dim, dim] (row i of `map` is component i of the answer), `temperature` f64
    [rows, 4]: k, told, remembered, open, in rising k. Covariances are of single trials where k divides them."""

    map: np.ndarray
    offset: np.ndarray
    within: np.ndarray
    between: np.ndarray
    background_mean: np.ndarray
    background_covariance: np.ndarray
    noise_mean: np.ndarray
    noise_within: np.ndarray
    noise_between: np.ndarray
    temperature: np.ndarray

    def save(self, path, metadata):
        """Writes answers.safetensors in single precision; `metadata` is {name: text}."""
        save_file({name: values.astype(np.float32) for name, values in vars(self).items()}, path, metadata=metadata)

    @staticmethod
    def load(path):
        """Reads answers.safetensors."""
        with safe_open(path, "np") as kept:
            names = [field.name for field in fields(AnswerModel)]
            return AnswerModel(*[kept.get_tensor(name).astype(np.float64) for name in names])

    def centres(self, pictures):
        """Expected answers f64 [pictures, dim]."""
        return pictures @ self.map.T + self.offset

    def spread(self, k):
        """Covariance of the mean of k trials of one picture."""
        return self.within / k + self.between

    def log_likelihood(self, means, k, pictures):
        """f64 [n, pictures]: log density of means f64 [n, dim] of k trials, if each of the pictures was seen."""
        root = np.linalg.cholesky(self.spread(k))
        whitened = solve_triangular(root, (means - self.offset).T, lower=True).T
        centres = solve_triangular(root, (pictures @ self.map.T).T, lower=True).T
        distance = (whitened**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2.0 * whitened @ centres.T
        return _normalised(distance, root)

    def log_background(self, means, k):
        """f64 [n]: log density of means of k trials if something else was seen."""
        spread = self.map @ self.background_covariance @ self.map.T + self.spread(k)
        return log_density(means, self.centres(self.background_mean), spread)

    def scope_temperature(self, k, scope):
        """T of a scope for the mean of k trials."""
        return float(np.interp(np.log(k), np.log(self.temperature[:, 0]), self.temperature[:, COLUMNS[scope]]))

    def calibrated(self, k):
        """Whether k lies within the table of temperatures."""
        return self.temperature[0, 0] <= k <= self.temperature[-1, 0]

    def posterior(self, means, k, pictures, scope):
        """Log probabilities f64 [n, pictures] of "told" or "remembered"."""
        return log_softmax(self.log_likelihood(means, k, pictures) / self.scope_temperature(k, scope), axis=1)

    def log_odds_open(self, means, k, pictures):
        """f64 [n]: log odds that something else was seen, before they are divided by T."""
        mean_density = logsumexp(self.log_likelihood(means, k, pictures), axis=1) - np.log(len(pictures))
        return self.log_background(means, k) - mean_density

    def something_else(self, means, k, pictures):
        """Log probability f64 [n] of something else."""
        return -np.logaddexp(0.0, -self.log_odds_open(means, k, pictures) / self.scope_temperature(k, "open"))

    def nothing(self, count, k, draw):
        """Means f64 [count, dim] of k windows without information, drawn from `draw` (numpy Generator)."""
        root = np.linalg.cholesky(self.noise_within / k + self.noise_between)
        return self.noise_mean + draw.standard_normal((count, len(root))) @ root.T


class Looks:
    """The trials of one picture and person so far, added one by one."""

    def __init__(self, model):
        self.model, self.count = model, 0
        self.total = np.zeros(len(model.offset))

    def add(self, answer):
        """One more trial's answer f64 [dim]."""
        self.total = self.total + answer
        self.count += 1
        return self

    def posterior(self, pictures, scope):
        """Log probabilities f64 [pictures]."""
        return self.model.posterior(self.total[None] / self.count, self.count, pictures, scope)[0]

    def something_else(self, pictures):
        """Log probability of something else."""
        return float(self.model.something_else(self.total[None] / self.count, self.count, pictures)[0])


def gain_bits(log_probability):
    """Information gained, f64 [n], in bits: log2 of the number of pictures minus the entropy."""
    entropy = -(np.exp(log_probability) * log_probability).sum(axis=-1) / LN_2
    return np.log2(log_probability.shape[-1]) - entropy


def log_density(rows, mean, covariance):
    """f64 [n]: log density of a Gaussian at rows f64 [n, dim]."""
    root = np.linalg.cholesky(covariance)
    return _normalised((solve_triangular(root, (rows - mean).T, lower=True) ** 2).sum(axis=0), root)


def _normalised(distance, root):
    return -0.5 * (distance + len(root) * np.log(2.0 * np.pi)) - np.log(np.diag(root)).sum()
