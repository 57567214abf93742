"""Fits an answer model: map, offset and covariances to trials of strangers, the rest to what it is to be weighed against.

Takes   `Answers` of answers_data; unit embeddings f64 [all pictures, dim] whose rows `Answers.picture` names.
Gives   `fit`: an `AnswerModel` with all temperatures 1; `with_background`, `with_nothing`: the same with the embeddings
        that something else may have, and with the answers to windows without information.
Keeps   the covariance of single trials comes from repeats of one picture for one person, that between persons and
        pictures from what the means of repeats leave over beside it. The map has rank RANK where noise is white: a full
        map of 256 × 256 holds more noise than signal in all but the strongest directions. All covariances are positive
        definite, also after rounding to single precision.
"""

from dataclasses import replace

import numpy as np

from answers import AnswerModel

# Chosen on development subjects (README.md, "Answers and posterior").
RANK, RIDGE, ROUNDS = 30, 3.0, 3
# Between persons and pictures, beside a trial's: to start from, and the least in any direction.
BETWEEN_START, LEAST_BETWEEN = 0.2, 1e-3
# Least eigenvalue of a covariance as a share of its mean variance.
LEAST = 1e-6
# How much of a mean's noise does not fall with its trials, to weigh means by; a trial's is 1.
WEIGHT_BETWEEN = 0.5


def fit(answers, embeddings, rank=RANK):
    """The `AnswerModel` of these trials; `embeddings` are of all pictures of the set."""
    means = means_of(answers)
    within = shrunk(means.scatter / means.freedom, means.freedom)
    shown = embeddings[means.picture]
    asked = np.hstack([shown, np.ones((len(shown), 1))])
    weight = 1.0 / (1.0 / means.count + WEIGHT_BETWEEN)
    dim = shown.shape[1]
    moment = (asked * weight[:, None]).T @ asked / weight.mean()
    moment += RIDGE * np.diag(np.append(np.ones(dim), 0.0))
    full = np.linalg.solve(moment, (asked * weight[:, None]).T @ means.mean / weight.mean())[:dim].T
    between = BETWEEN_START * within
    for _ in range(ROUNDS):
        matrix = leading(full, within * np.average(1.0 / means.count, weights=weight) + between, rank)
        offset = np.average(means.mean - shown @ matrix.T, axis=0, weights=weight)
        between = left_over(means.mean - shown @ matrix.T - offset, 1.0 / means.count, within)
    return AnswerModel(
        map=matrix,
        offset=offset,
        within=within,
        between=between,
        background_mean=np.zeros(dim),
        background_covariance=np.eye(dim) / dim,
        noise_mean=offset,
        noise_within=within,
        noise_between=between,
        temperature=np.ones((1, 4)),
    )


def with_background(model, embeddings):
    """The same model, for which something else is a picture like the rows of `embeddings` f64 [n, dim], but none of
    them."""
    return replace(
        model,
        background_mean=embeddings.mean(axis=0),
        background_covariance=shrunk(np.cov(embeddings.T), len(embeddings) - 1),
    )


def with_nothing(model, answers):
    """The same model with what the encoder answers to windows without information; the pictures of `answers` are not
    looked at: a mean of k such windows of one person varies as much as the person's own offset, beside noise."""
    means = Means(answers.answer.double().numpy(), np.zeros_like(answers.subject.numpy()), answers.subject.numpy())
    within = shrunk(means.scatter / means.freedom, means.freedom)
    mean = means.mean.mean(axis=0)
    return replace(
        model,
        noise_mean=mean,
        noise_within=within,
        noise_between=left_over(means.mean - mean, 1.0 / means.count, within),
    )


class Means:
    """Means of all trials of one picture and person: mean f64 [g, dim], count [g], picture [g], subject [g]; `scatter`
    [dim, dim] of the trials around them, with `freedom` degrees of freedom."""

    def __init__(self, answer, picture, subject):
        pairs, group = np.unique(np.stack([subject, picture], axis=1), axis=0, return_inverse=True)
        group = group.ravel()
        self.subject, self.picture = pairs.T
        self.count = np.bincount(group).astype(np.float64)
        order = np.argsort(group, kind="stable")
        starts = np.concatenate([[0], np.cumsum(self.count)[:-1]]).astype(int)
        self.mean = np.add.reduceat(answer[order], starts, axis=0) / self.count[:, None]
        rest = answer - self.mean[group]
        self.scatter, self.freedom = rest.T @ rest, len(answer) - len(pairs)


def means_of(answers):
    """The `Means` of `Answers`."""
    return Means(answers.answer.double().numpy(), answers.picture.numpy(), answers.subject.numpy())


def leading(matrix, noise, rank):
    """The map without all but its `rank` strongest directions beside noise of covariance `noise`."""
    root = np.linalg.cholesky(noise)
    left, size, right = np.linalg.svd(np.linalg.solve(root, matrix), full_matrices=False)
    return root @ (left[:, :rank] * size[:rank]) @ right[:rank]


def left_over(rest, share, within):
    """What residuals f64 [g, dim] of means have beside `share` [g] of `within`."""
    root = np.linalg.cholesky(within)
    white = np.linalg.solve(root, rest.T)
    values, axes = np.linalg.eigh(white @ white.T / len(rest))
    values = np.maximum(values - share.mean(), LEAST_BETWEEN)
    return safe(root @ (axes * values) @ axes.T @ root.T)


def shrunk(covariance, freedom):
    """Towards its own mean variance, by the intensity of oracle approximating shrinkage (Chen et al. 2010, IEEE Trans.
    Signal Process. 58:5016)."""
    dim = len(covariance)
    total, square = np.trace(covariance), (covariance**2).sum()
    share = (1.0 - 2.0 / dim) * square + total**2
    share = min(1.0, share / ((freedom + 1.0 - 2.0 / dim) * max(square - total**2 / dim, 1e-300)))
    return safe((1.0 - share) * covariance + share * total / dim * np.eye(dim))


def safe(covariance):
    """The symmetric matrix with no eigenvalue below LEAST of its mean variance."""
    covariance = (covariance + covariance.T) / 2.0
    values, axes = np.linalg.eigh(covariance)
    least = LEAST * np.trace(covariance) / len(covariance)
    return covariance if values[0] >= least else (axes * np.maximum(values, least)) @ axes.T
