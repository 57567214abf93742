"""The population model of responses: what pictures evoke in the mean person, and how persons differ from it.

Takes   `Epochs` of labelled training subjects at several levels, each picture's embedding in `target`.
Gives   `Responses`, the pack's responses.safetensors: `basis` f32 [r, 16, 200] µV; `mean` f32 [256, r]: a picture with
        embedding g evokes (gᵀ mean) · basis beyond what every picture evokes; `covariance` f32 [r, r]: one person's
        weights are gᵀ mean + d(g), with Cov(d(g), d(h)) = (g·h) covariance. All at the default level.
Keeps   nothing but these epochs is looked at, neither the simulator's inside nor any subject of another role. What
        every picture evokes is taken off for each person and level. Noise is what embeddings do not explain; each
        person has a noise of their own, and epochs with artefacts count for less. `covariance` has no negative
        eigenvalue.

A linear encoding model (Gifford et al. 2022, NeuroImage 264:119754, fit one for each person) made hierarchical: a
person's weights are drawn from a population whose covariance is fitted by expectation and maximisation (Dempster et al.
1977): empirical Bayes (Efron & Morris 1973).
"""

from dataclasses import dataclass

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from eeg_data import DEFAULT_SNR_DB
from encoder import CHANNELS, SAMPLES

PATTERNS = 70
# Means of 20 ms, and the directions that the average reference leaves: 600 numbers for each epoch.
BIN_SAMPLES = 5
BINS = SAMPLES // BIN_SAMPLES
SPACE = CHANNELS - 1
ROUNDS, MEAN_STEPS = 6, 4
# Least eigenvalues of a noise covariance, as shares of their median: all persons', and one person's.
LEAST_POOLED, LEAST_OWN = 3e-3, 0.1
LEAST_WEIGHT, MOST_WEIGHT = 0.1, 2.0
LEAST_SIZE, LEAST_START, LEAST_ROOT = 1e-3, 3e-3, 1e-9
BATCH = 2048


@dataclass(frozen=True)
class Responses:
    """basis f32 [r, 16, 200] µV, mean f32 [dim, r], covariance f32 [r, r]; see the head of this file."""

    basis: torch.Tensor
    mean: torch.Tensor
    covariance: torch.Tensor

    def save(self, path):
        """Writes responses.safetensors."""
        save_file({name: value.float().contiguous() for name, value in vars(self).items()}, path)


@dataclass(frozen=True)
class Person:
    """What one person's epochs tell of the weights w f64 [dim, m] with which pictures evoke m patterns:
    told [k, m] = size [k, 1] · (axes [k, dim] · w · root [m, m]) + standard normal."""

    axes: torch.Tensor
    size: torch.Tensor
    told: torch.Tensor
    root: torch.Tensor


@dataclass(frozen=True)
class Told:
    """One person's epochs [n, 600], turned so that their first k rows hold what pictures evoke:
    told [k, 600] = size [k, 1] · (axes [k, dim] · weights) + noise, and left [n - k - levels, 600] is noise alone."""

    axes: torch.Tensor
    size: torch.Tensor
    told: torch.Tensor
    left: torch.Tensor


def fit(epochs, patterns=PATTERNS, rounds=ROUNDS):
    """The `Responses` of the population whose epochs these are."""
    parts = tell(epochs)
    basis = leading(parts, patterns)
    everyone = [filtered(part, basis) for part in parts]
    return tidy(basis, *population(everyone, rounds))


def tell(epochs):
    """A `Told` for each person."""
    signal, level = reduced(epochs.eeg), epochs.snr_db.round().long()
    root = torch.linalg.cholesky(safe(second_moment(signal - signal.mean(dim=0))))
    parts = []
    for number in epochs.subject.unique():
        rows = epochs.subject == number
        levels = F.one_hot(level[rows].unique(return_inverse=True)[1]).double()
        asked = amplitude(epochs.snr_db[rows])[:, None] * epochs.target[rows]
        parts.append(told_by(signal[rows].double(), asked.double(), levels, root))
    return parts


def told_by(signal, asked, levels, root):
    """The `Told` of one person, from epochs f64 [n, 600], what was shown times its amplitude [n, dim], and which level
    it was [n, levels]. Epochs with artefacts, unlikely where `root` is that of all epochs' covariance, count for less;
    what every picture evokes at a level is taken off."""
    weight = trial_weights(signal, levels, root).sqrt()[:, None]
    common = torch.linalg.qr(weight * levels)[0]
    asked = weight * asked
    shown, size, axes = torch.linalg.svd(asked - common @ (common.T @ asked), full_matrices=False)
    kept = size > LEAST_SIZE * size[0]
    shown, size, axes = shown[:, kept], size[kept, None], axes[kept]
    used = torch.cat([common, shown], dim=1)
    if len(signal) <= used.shape[1]:
        raise ValueError(f"{len(signal)} epochs of one person are too few for {used.shape[1]} unknowns of each pattern")
    rest = torch.linalg.qr(used, mode="complete")[0][:, used.shape[1] :]
    return Told(axes, size, (shown.T @ (weight * signal)).float(), (rest.T @ (weight * signal)).float())


def trial_weights(signal, levels, root):
    """f64 [n], mean 1: less for an epoch that is unlikely beside the person's others."""
    rest = signal - levels @ (levels.T @ signal / levels.sum(dim=0)[:, None])
    distance = torch.linalg.solve_triangular(root, rest.T, upper=False).square().mean(dim=0)
    weights = (distance.median() / distance.clamp_min(1e-6)).clamp(LEAST_WEIGHT, MOST_WEIGHT)
    return weights / weights.mean()


def second_moment(rows):
    """f64 [m, m] of rows [n, m]."""
    return (rows.T @ rows).double() / len(rows)


def amplitude(snr_db):
    """How large what is evoked is, beside the default level."""
    return 10.0 ** ((snr_db - DEFAULT_SNR_DB) / 20.0)


def spatial_axes():
    """f32 [15, 16]: orthonormal axes of the channels that the average reference leaves."""
    return torch.linalg.svd(torch.eye(CHANNELS) - 1.0 / CHANNELS)[0][:, :SPACE].T


def reduced(eeg):
    """µV [n, 16, 200] → f32 [n, 15 × 40]: orthonormal axes of the channels, means of 20 ms."""
    axes = spatial_axes()
    parts = (part.float().unflatten(2, (BINS, BIN_SAMPLES)).mean(dim=3) for part in eeg.split(BATCH))
    return torch.cat([(axes @ part).flatten(1) for part in parts])


def safe(covariance, least=LEAST_POOLED):
    """The symmetric matrix without eigenvalues below a share of their median."""
    values, axes = torch.linalg.eigh((covariance + covariance.T) / 2.0)
    return (axes * values.clamp_min(least * float(values.median()))) @ axes.T


def leading(parts, patterns):
    """f64 [r, 600]: the patterns in which what pictures evoke stands out most from the noise, all persons together."""
    noise = sum(second_moment(part.left) for part in parts) / len(parts)
    # Rows count by their power: where little was evoked, hardly anything but noise is told.
    loud = [part.size.float() * part.told for part in parts]
    power = sum(float(part.size.square().sum()) for part in parts)
    evoked = sum((rows.T @ rows).double() for rows in loud) / power - noise
    root = torch.linalg.cholesky(safe(noise))
    half = torch.linalg.solve_triangular(root, evoked, upper=False)
    _, axes = torch.linalg.eigh(torch.linalg.solve_triangular(root, half.T, upper=False))
    return (root @ axes[:, -patterns:].flip(1)).T


def filtered(part, basis):
    """The `Person` of one `Told`: what it tells of the patterns of `basis` [r, 600], in that person's own noise."""
    filters = torch.linalg.solve(stationary(part.left), basis.T)
    values, axes = torch.linalg.eigh(basis @ filters)
    root = values.clamp_min(LEAST_ROOT * float(values[-1])).sqrt()
    whitened = filters @ (axes / root)
    # The model of the noise is only a model: what it says is scaled to the noise that came through.
    noise = (part.left.double() @ whitened).square().mean().sqrt()
    return Person(part.axes, part.size, part.told.double() @ whitened @ axes.T / noise, (axes * root) @ axes.T / noise)


def stationary(left):
    """f64 [600, 600]: the noise of one person, the same at all times and forwards as backwards, less sure the further
    apart two times are."""
    moment = second_moment(left).unflatten(1, (SPACE, BINS)).unflatten(0, (SPACE, BINS))
    found = torch.empty_like(moment)
    for lag in range(BINS):
        common = torch.diagonal(moment, lag, dim1=1, dim2=3).mean(dim=2)
        common = (common + common.T) / 2.0 * (1.0 - lag / BINS)
        for time in range(BINS - lag):
            found[:, time, :, time + lag] = found[:, time + lag, :, time] = common
    return safe(found.flatten(2).flatten(0, 1), LEAST_OWN)


def population(everyone, rounds):
    """(mean f64 [dim, r], covariance f64 [r, r]) of all persons' weights, by turns: the mean by generalised least
    squares (conjugate gradients), the covariance by expectation and maximisation."""
    nothing = torch.zeros(everyone[0].axes.shape[1], len(everyone[0].root)).double()
    covariance = moment(everyone, nothing)
    mean = better_mean(everyone, nothing, covariance)
    covariance = moment(everyone, mean)
    for _ in range(rounds):
        mean = better_mean(everyone, mean, covariance)
        covariance = better_covariance(everyone, mean, covariance)
    return mean, covariance


def moment(everyone, mean):
    """A covariance to start from: the second moment of what the mean leaves over, minus that of the noise."""
    total, power = torch.zeros(mean.shape[1], mean.shape[1]).double(), 0.0
    for one in everyone:
        back = torch.linalg.inv(one.root)
        left = one.told - one.size * (one.axes @ mean @ one.root)
        total += back @ (left.T @ left - len(left) * torch.eye(len(back))) @ back
        power += float(one.size.square().sum())
    values, axes = torch.linalg.eigh((total + total.T) / (2.0 * power))
    return (axes * values.clamp_min(LEAST_START * float(values[-1]))) @ axes.T


def turned(one, covariance):
    """(variances f64 [r] of a person's deviation in units of their noise, turn [r, r], told [k, r]): axes in which the
    deviation's components have nothing to do with each other, nor has the noise's."""
    values, axes = torch.linalg.eigh(one.root @ covariance @ one.root)
    return values.clamp_min(0.0), one.root @ axes, one.told @ axes


def better_mean(everyone, mean, covariance):
    """A few steps of conjugate gradients towards the mean that fits best, each epoch weighed by its noise and by how
    persons differ. The mean itself is held to be one more person, drawn around zero."""
    parts = []
    for one in everyone:
        variance, turn, told = turned(one, covariance)
        weight = one.size / (one.size.square() * variance + 1.0)
        parts.append((one, turn, weight, told))
    held = torch.linalg.inv(safe(covariance, 1e-6))

    def back(of):
        return sum(one.axes.T @ ((weight * of(one, turn, told)) @ turn.T) for one, turn, weight, told in parts)

    def normal(weights):
        return back(lambda one, turn, _: one.size * (one.axes @ weights @ turn)) + weights @ held

    rest = back(lambda _one, _turn, told: told) - normal(mean)
    step = eased = rest @ covariance
    for _ in range(MEAN_STEPS):
        pushed, before = normal(step), (rest * eased).sum()
        length = before / (step * pushed).sum()
        mean, rest = mean + length * step, rest - length * pushed
        eased = rest @ covariance
        step = eased + (rest * eased).sum() / before * step
    return mean


def better_covariance(everyone, mean, covariance):
    """One step of expectation and maximisation: the second moment that persons' deviations are expected to have."""
    dim, total = len(mean), torch.zeros_like(covariance)
    for one in everyone:
        variance, turn, told = turned(one, covariance)
        back = torch.linalg.solve(one.root, torch.linalg.solve(one.root, turn))
        size = one.size
        shared = size * variance / (size.square() * variance + 1.0)
        found = shared * (told - size * (one.axes @ mean @ turn))
        unsure = (variance * (1.0 - size * shared)).sum(dim=0) + (dim - len(size)) * variance
        total += back @ (found.T @ found + unsure.diag()) @ back.T
    return total / (dim * len(everyone))


def tidy(basis, mean, covariance):
    """`Responses` with the whole epochs' channels and samples; patterns have a root mean square of 1 µV."""
    patterns = spatial_axes().T @ basis.float().unflatten(1, (SPACE, BINS)) @ smooth().T
    size = patterns.square().mean(dim=(1, 2)).sqrt()
    grown = size.double()
    covariance = (covariance + covariance.T) / 2.0 * grown[:, None] * grown
    return Responses(patterns / size[:, None, None], (mean * grown).float(), covariance.float())


def smooth():
    """f32 [200, 40]: the smoothest course (least squared second difference) that has given means of 20 ms."""
    bend = torch.eye(SAMPLES).double().diff(n=2, dim=0)
    means = torch.eye(BINS).double().repeat_interleave(BIN_SAMPLES, dim=1) / BIN_SAMPLES
    system = torch.cat([torch.cat([bend.T @ bend, means.T], dim=1), torch.cat([means, torch.zeros(BINS, BINS)], dim=1)])
    asked = torch.cat([torch.zeros(SAMPLES, BINS).double(), torch.eye(BINS).double()])
    return torch.linalg.solve(system, asked)[:SAMPLES].float()
