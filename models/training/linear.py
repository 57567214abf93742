"""A plain linear encoder of one wearer's own, fitted to that wearer's trials and nothing else.

Takes   signals f32 [n, m] (m = channels × times, channels first), the embedding f32 [n, dim] of what each trial showed.
Gives   `Reader`: scores of a gallery's pictures for (averages of) signals; `choose`: the best of two kinds on pictures
        that the fit did not see.
Keeps   two kinds, both closed forms with a ridge. "encoding": signal = embedding · map + noise, inverted by the noise's
        covariance (likelihood of each picture; Gifford et al. 2022, NeuroImage 264:119754, with multivariate noise
        normalisation). "decoding": channels whitened, then ridge regression of the embedding on the signal, compared by
        cosine. Choices are made on folds of whole pictures; nothing else may decide.
"""

from dataclasses import dataclass
from functools import reduce

import torch
from torch.nn import functional as F

FOLDS = 4
# Ridges: what is added to a covariance's diagonal, as shares of its mean diagonal.
RIDGES = {"encoding": (0.3, 1.0, 3.0, 10.0, 30.0, 100.0), "decoding": (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)}
SETTINGS = tuple((kind, ridge) for kind, ridges in RIDGES.items() for ridge in ridges)
NEARLY_NONE = 1e-6


@dataclass(frozen=True)
class Moments:
    """Sums over trials: all that a fit needs. f64; `asked` are embeddings, `told` signals."""

    count: int
    asked: torch.Tensor
    told: torch.Tensor
    asked_asked: torch.Tensor
    asked_told: torch.Tensor
    told_told: torch.Tensor

    @classmethod
    def of(cls, signal, shown):
        """The sums over trials [n, m] that showed [n, dim]."""
        sums = shown.sum(dim=0), signal.sum(dim=0), shown.T @ shown, shown.T @ signal, signal.T @ signal
        return cls(len(signal), *(total.double() for total in sums))

    def plus(self, other):
        """The sums over both."""
        return Moments(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values())))

    def minus(self, part):
        """The sums over all but a part."""
        return Moments(*(mine - theirs for mine, theirs in zip(vars(self).values(), vars(part).values())))

    def centred(self):
        """(covariance of embeddings, of embeddings with signals, of signals), means taken off."""
        asked, told = self.asked / self.count, self.told / self.count
        return (
            self.asked_asked / self.count - torch.outer(asked, asked),
            self.asked_told / self.count - torch.outer(asked, told),
            self.told_told / self.count - torch.outer(told, told),
        )


@dataclass(frozen=True)
class Reader:
    """score = (signal − mean_signal) · filters · e − eᵀ · precision · e / 2 with e = embedding − mean_embedding; without a
    precision e is scaled to unit length and the second term is left out."""

    mean_signal: torch.Tensor
    mean_embedding: torch.Tensor
    filters: torch.Tensor
    precision: torch.Tensor | None

    def scores(self, signal, gallery):
        """f64 [n, pictures] of signals [n, m] and a gallery [pictures, dim]."""
        read = (signal.double() - self.mean_signal) @ self.filters
        pictures = gallery.double() - self.mean_embedding
        if self.precision is None:
            return read @ F.normalize(pictures, dim=1).T
        return read @ pictures.T - 0.5 * ((pictures @ self.precision) * pictures).sum(dim=1)


def fit(moments, setting, channels):
    """The `Reader` of one setting (kind, ridge)."""
    kind, ridge = setting
    if kind == "encoding":
        filters, precision = _encoding(*moments.centred(), ridge)
    else:
        filters, precision = _decoding(*moments.centred()[1:], ridge, channels), None
    return Reader(moments.told / moments.count, moments.asked / moments.count, filters, precision)


def _encoding(asked, crossed, told, ridge):
    """Filters and precision of the model signal = embedding · map + noise."""
    # What no linear map of the embedding explains.
    noise = told - crossed.T @ torch.linalg.solve(loaded(asked, NEARLY_NONE), crossed)
    turned = torch.cholesky_solve(crossed.T, torch.linalg.cholesky(loaded(noise, NEARLY_NONE)))
    back = torch.linalg.inv(loaded(asked, ridge))
    return turned @ back, back @ crossed @ turned @ back


def _decoding(crossed, told, ridge, channels):
    """Filters of the ridge regression of the embedding on the signal with whitened channels."""
    times = len(told) // channels
    blocks = told.unflatten(1, (channels, times)).unflatten(0, (channels, times))
    space = torch.diagonal(blocks, dim1=1, dim2=3).mean(dim=2)
    white = torch.linalg.inv(torch.linalg.cholesky(space)).contiguous()
    white = torch.kron(white, torch.eye(times, dtype=white.dtype))
    return white.T @ torch.linalg.solve(loaded(white @ told @ white.T, ridge), white @ crossed.T)


def loaded(covariance, share):
    """The covariance with a share of its mean diagonal added to the diagonal."""
    size = share * covariance.diagonal().mean()
    return covariance + size * torch.eye(len(covariance), dtype=covariance.dtype)


def ranks(scores, rows):
    """Rank (1 is best) of each true picture; ties count against us."""
    return (scores >= scores.gather(1, rows[:, None])).sum(dim=1)


def means(signal, picture, pictures):
    """Mean signal f32 [pictures, m] of each picture; every picture must be there."""
    count = torch.bincount(picture, minlength=pictures)
    if (count == 0).any():
        raise ValueError(f"{int((count == 0).sum())} of {pictures} pictures were not shown")
    return torch.zeros(pictures, signal.shape[1]).index_add_(0, picture, signal) / count[:, None]


def choose(signal, picture, embeddings, channels, seed=0):
    """The setting that tells pictures apart best, fitted to all trials: (Reader, setting, {setting: judged}). Each of FOLDS
    parts of the pictures is judged by fits to the others: which share of the part's other pictures the true one outranks
    when all its trials are averaged."""
    fold = torch.randperm(len(embeddings), generator=torch.Generator().manual_seed(seed)) % FOLDS
    average = means(signal, picture, len(embeddings))
    inside = [fold[picture] == number for number in range(FOLDS)]
    parts = [Moments.of(signal[rows], embeddings[picture[rows]]) for rows in inside]
    whole = reduce(Moments.plus, parts)
    judged = dict.fromkeys(SETTINGS, 0.0)
    for number, part in enumerate(parts):
        rest, held = whole.minus(part), fold == number
        for setting in SETTINGS:
            scores = fit(rest, setting, channels).scores(average[held], embeddings[held])
            judged[setting] += outranked(scores) / FOLDS
    best = max(judged, key=judged.get)
    return fit(whole, best, channels), best, judged


def outranked(scores):
    """Mean share of the other pictures that the true one, on the diagonal, outranks."""
    count = len(scores)
    return float((count - ranks(scores, torch.arange(count)).double()).mean() / (count - 1))
