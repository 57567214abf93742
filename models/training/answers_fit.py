"""Fits an answer model: map, offset and covariances to trials of strangers, and to windows without information.

Takes   `Answers` of answers_data; unit embeddings f64 [all pictures, dim] whose rows `Answers.picture` names.
Gives   `fit`: an `AnswerModel` with all temperatures 1; `with_nothing`: the same with the answers to windows without
        information.
Keeps   the covariance of single trials comes from repeats of one picture for one person, that between persons and
        pictures from what the means of repeats leave over beside it; trials are weighted as the model weights them, by
        turns with the fit (the EM of a multivariate t). The map has rank RANK where noise is white: a full one of 256 ×
        256 holds more noise than signal in all but the strongest directions. All covariances are positive definite,
        also after rounding to single precision.
"""

from dataclasses import replace

import numpy as np

from answers import AnswerModel

# Chosen on development subjects (README.md, "Answers and posterior").
RANK, TAIL = 30, 100.0
RIDGE, ROUNDS, TURNS = 3.0, 3, 4
# Between persons and pictures, beside a trial's: to start from, and the least in any direction.
BETWEEN_START, LEAST_BETWEEN = 0.2, 1e-3
# Least eigenvalue of a covariance as a share of its mean variance.
LEAST = 1e-6
# How much of a mean's noise does not fall with its trials, to weigh means by; a trial's is 1.
WEIGHT_BETWEEN = 0.5


def fit(answers, embeddings, others, rank=RANK, tail=TAIL):
    """The `AnswerModel` of these trials. `embeddings` are of all pictures of the set; something else is taken to be like
    the rows `others` f64 [m, dim], but none of them. `tail` None: all trials weigh the same."""
    trials, weights, model = rows_of(answers), np.ones(len(answers)), None
    for _ in range(1 if tail is None else TURNS):
        means = Means(trials, weights, answers.picture.numpy(), answers.subject.numpy())
        model = of_means(means, embeddings[means.picture], others, rank, tail)
        weights = model.weights(trials)
    return model


def of_means(means, shown, others, rank, tail):
    """The `AnswerModel` of `Means` of trials, with the embeddings f64 [g, dim] of what was shown."""
    dim = shown.shape[1]
    within = shrunk(means.scatter / means.freedom, means.freedom)
    weight = 1.0 / (1.0 / means.worth + WEIGHT_BETWEEN)
    full = regression(shown, means.mean, weight / weight.mean())
    between = BETWEEN_START * within
    for _ in range(ROUNDS):
        matrix = leading(full, within * np.average(1.0 / means.worth, weights=weight) + between, rank)
        offset = np.average(means.mean - shown @ matrix.T, axis=0, weights=weight)
        between = left_over(means.mean - shown @ matrix.T - offset, 1.0 / means.worth, within)
    return AnswerModel(
        map=matrix,
        offset=offset,
        within=within,
        between=between,
        background_mean=others.mean(axis=0),
        background_covariance=shrunk(np.cov(others.T), len(others) - 1),
        noise_mean=offset,
        noise_within=within,
        noise_between=between,
        temperature=np.ones((1, 4)),
        tail=None if tail is None else np.array([tail]),
    )


def with_nothing(model, answers):
    """The same model with what the encoder answers to windows without information: a mean of such windows varies as the
    person's own offset does, beside noise; pictures are not looked at."""
    trials, subject = rows_of(answers), answers.subject.numpy()
    means = Means(trials, model.weights(trials), np.zeros_like(subject), subject)
    within = shrunk(means.scatter / means.freedom, means.freedom)
    mean = means.mean.mean(axis=0)
    between = left_over(means.mean - mean, 1.0 / means.worth, within)
    return replace(model, noise_mean=mean, noise_within=within, noise_between=between)


class Means:
    """Weighted means of all trials of one picture and person: mean f64 [g, dim], worth (sum of weights), picture,
    subject [g]; `scatter` [dim, dim] of the weighted trials around them, with `freedom` degrees of freedom."""

    def __init__(self, trials, weights, picture, subject):
        pairs, group = np.unique(np.stack([subject, picture], axis=1), axis=0, return_inverse=True)
        group = group.ravel()
        self.subject, self.picture = pairs.T
        self.worth = np.bincount(group, weights)
        order = np.argsort(group, kind="stable")
        starts = np.searchsorted(group[order], np.arange(len(pairs)))
        self.mean = np.add.reduceat((trials * weights[:, None])[order], starts, axis=0) / self.worth[:, None]
        rest = (trials - self.mean[group]) * np.sqrt(weights)[:, None]
        self.scatter, self.freedom = rest.T @ rest, len(trials) - len(pairs)


def rows_of(answers):
    """Answers as f64 [n, dim]."""
    return answers.answer.double().numpy()


def regression(shown, mean, weight):
    """The full map f64 [dim, dim] from embeddings to answers, by weighted least squares with a slight ridge."""
    shown = shown - np.average(shown, axis=0, weights=weight)
    weighted = shown * weight[:, None]
    return np.linalg.solve(weighted.T @ shown + RIDGE * np.eye(shown.shape[1]), weighted.T @ mean).T


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
    uneven = max(square - total**2 / dim, 1e-300)
    share = min(1.0, ((1.0 - 2.0 / dim) * square + total**2) / ((freedom + 1.0 - 2.0 / dim) * uneven))
    return safe((1.0 - share) * covariance + share * total / dim * np.eye(dim))


def safe(covariance):
    """The symmetric matrix with no eigenvalue below LEAST of its mean variance."""
    covariance = (covariance + covariance.T) / 2.0
    values, axes = np.linalg.eigh(covariance)
    least = LEAST * np.trace(covariance) / len(covariance)
    return covariance if values[0] >= least else (axes * np.maximum(values, least)) @ axes.T
