"""How an EEG encoder answers to a picture, and what its answers say of which picture it was.

Takes   answers f64 [dim] of an encoder; unit embeddings f64 [pictures, dim] of the pictures in play.
Gives   `AnswerModel`, the pack's answers.safetensors: `seen` sums trials up, `posterior` and `something_else` judge them,
        in logarithms; `Looks` adds trials one by one; `gain_bits`.
Keeps   a trial's answer to the picture with embedding e is
            map e + offset + b + noise,   noise ~ N(0, within) in each trial, b ~ N(0, between) once per person and picture.
        Noise is louder in some trials, so trials have weights (`weights`; all 1 where there is no `tail`): the weighted
        mean of trials whose weights sum to w is N(map e + offset, within/w + between). Three scopes:
          told, remembered   softmax over the pictures of log density / T: all rows have the same prior, and a picture
                             that is there twice has the same probability in both rows;
          open               "something else": e ~ N(background_mean, background_covariance) against the mean density over
                             the pictures, prior 1/2 each; the log odds are divided by T.
        T of a scope depends on the number k of trials: linear in log k between the rows of `temperature`, the nearest
        row's outside them. Windows in which nothing is to be seen have means N(noise_mean, noise_within/w +
        noise_between). Sums of weighted answers and of weights are all that is kept of trials, so their order does not
        matter. The program's twin is to give the same numbers: tests/vectors/posterior.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from safetensors import safe_open
from scipy.linalg import eigh
from scipy.special import log_softmax, logsumexp

import tensors

COLUMNS = {"told": 1, "remembered": 2, "open": 3}


@dataclass(frozen=True)
class Seen:
    """What is kept of n times k trials: weighted means f64 [n, dim], and the sum of each mean's weights f64 [n]."""

    mean: np.ndarray
    worth: np.ndarray
    k: int

    def at(self, chosen):
        """Some of the rows."""
        return Seen(self.mean[chosen], self.worth[chosen], self.k)


@dataclass(frozen=True)
class AnswerModel:
    """Vectors f64 [dim], matrices f64 [dim, dim] (row i of `map` is component i of the answer), `temperature` f64
    [rows, 4]: k, told, remembered, open, in rising k; `tail` f64 [1] or None. Covariances within are of one trial."""

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
    tail: np.ndarray = None

    @staticmethod
    def load(path):
        """Reads answers.safetensors."""
        with safe_open(path, "np") as kept:
            names = [field.name for field in fields(AnswerModel) if field.name in kept.keys()]
            return AnswerModel(**{name: kept.get_tensor(name).astype(np.float64) for name in names})

    def save(self, path, metadata):
        """Writes answers.safetensors in single precision; `metadata` is {name: text}."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        tensors.write(path, {name: v.astype(np.float32) for name, v in named.items() if v is not None}, metadata)

    def centres(self, pictures):
        """Expected answers f64 [pictures, dim]."""
        return pictures @ self.map.T + self.offset

    def weights(self, trials):
        """f64 [n] of trials f64 [n, dim]: less the less likely a trial is, whatever was seen. The scale of a multivariate
        t distribution (Lange, Little & Taylor 1989, JASA 84:881) with `tail` degrees of freedom: near 1 at the usual
        distance."""
        if self.tail is None:
            return np.ones(len(trials))
        distance = self._other_axes.distance(trials, self.centres(self.background_mean)[None], np.ones(len(trials)))[:, 0]
        return (self.tail[0] + trials.shape[1]) / (self.tail[0] + distance)

    def seen(self, trials):
        """`Seen` of trials f64 [n, k, dim]: n means."""
        count, k, dim = trials.shape
        weights = self.weights(trials.reshape(-1, dim)).reshape(count, k)
        worth = weights.sum(axis=1)
        return Seen((trials * weights[:, :, None]).sum(axis=1) / worth[:, None], worth, k)

    def log_likelihood(self, seen, pictures):
        """f64 [n, pictures]: log density of `Seen`, if each of the pictures was seen."""
        return self._axes.log_density(seen, self.centres(pictures))

    def log_background(self, seen):
        """f64 [n]: log density of `Seen`, if something else was seen."""
        return self._other_axes.log_density(seen, self.centres(self.background_mean)[None])[:, 0]

    def scope_temperature(self, k, scope):
        """T of a scope for k trials."""
        return float(np.interp(np.log(k), np.log(self.temperature[:, 0]), self.temperature[:, COLUMNS[scope]]))

    def posterior(self, seen, pictures, scope):
        """Log probabilities f64 [n, pictures] of "told" or "remembered"."""
        return log_softmax(self.log_likelihood(seen, pictures) / self.scope_temperature(seen.k, scope), axis=1)

    def log_odds_open(self, seen, pictures):
        """f64 [n]: log odds that something else was seen, before they are divided by T."""
        mean_density = logsumexp(self.log_likelihood(seen, pictures), axis=1) - np.log(len(pictures))
        return self.log_background(seen) - mean_density

    def something_else(self, seen, pictures):
        """Log probability f64 [n] of something else."""
        return -np.logaddexp(0.0, -self.log_odds_open(seen, pictures) / self.scope_temperature(seen.k, "open"))

    def nothing(self, count, k, draw):
        """`Seen` of k windows without information, `count` times, drawn with a numpy Generator."""
        root = np.linalg.cholesky(self.noise_within / k + self.noise_between)
        mean = self.noise_mean + draw.standard_normal((count, len(root))) @ root.T
        return Seen(mean, np.full(count, float(k)), k)

    @cached_property
    def _axes(self):
        return Axes(self.within, self.between)

    @cached_property
    def _other_axes(self):
        return Axes(self.within, self.map @ self.background_covariance @ self.map.T + self.between)


class Axes:
    """Axes in which two covariances are diagonal, so that within/w + shared needs no factorisation for another w."""

    def __init__(self, within, shared):
        # turnᵀ within turn = 1, turnᵀ shared turn = the diagonal `shared`.
        self.shared, self.turn = eigh(shared, within)
        self.log_volume = -2.0 * np.linalg.slogdet(self.turn)[1]

    def distance(self, means, centres, worth):
        """Squared Mahalanobis distances f64 [n, m] of means [n, dim] from centres [m, dim]."""
        about = centres.mean(axis=0)
        means, centres = (means - about) @ self.turn, (centres - about) @ self.turn
        precision = 1.0 / (1.0 / worth[:, None] + self.shared)
        own = (means**2 * precision).sum(axis=1)[:, None]
        return own + precision @ (centres**2).T - 2.0 * (means * precision) @ centres.T

    def log_density(self, seen, centres):
        """f64 [n, m]: log density of N(centre, within/worth + shared)."""
        spread = np.log(1.0 / seen.worth[:, None] + self.shared).sum(axis=1) + self.log_volume
        constant = len(self.shared) * np.log(2.0 * np.pi) + spread
        return -0.5 * (self.distance(seen.mean, centres, seen.worth) + constant[:, None])


class Looks:
    """The trials of one picture and person so far, added one by one."""

    def __init__(self, model):
        self.model, self.count, self.worth = model, 0, 0.0
        self.total = np.zeros(len(model.offset))

    def add(self, answer):
        """One more trial's answer f64 [dim]."""
        weight = self.model.weights(answer[None])[0]
        self.total = self.total + weight * answer
        self.worth += weight
        self.count += 1
        return self

    def seen(self):
        """The `Seen` of all trials so far."""
        return Seen(self.total[None] / self.worth, np.array([self.worth]), self.count)


def gain_bits(log_probability):
    """Information gained, f64 [n], in bits: log2 of the number of pictures minus the entropy."""
    entropy = -(np.exp(log_probability) * log_probability).sum(axis=-1) / np.log(2.0)
    return np.log2(log_probability.shape[-1]) - entropy
