"""The scores of a generated picture against the picture that was meant.

Takes   pictures f32 [n, 3, h, w] in 0..1 (arrays or CPU tensors), `images` row for row against `truth`; or features
        [n, d], class probabilities [n, c], feature maps; never a network.
Gives   one number per picture, f64 [n], so that intervals and paired differences can be taken of all of them;
        `MEASURES` and `DEFINITIONS` (measures.py) say what each is, for tables and report.
Keeps   nothing is random: n-way scores are exact expectations over the draws of distractors, not samples of them. A
        tie counts as broken by a fair coin, so that a constant answer scores chance. A flat picture has correlation 0.
"""

from math import comb

import numpy as np
from skimage.filters import gaussian
from skimage.metrics import structural_similarity

from measures import DEFINITIONS, EDGE_BLUR_PX, MEASURES  # noqa: F401 (the scores' definitions belong to them)

LUMA = np.array([0.2125, 0.7154, 0.0721])
GMS_CONSTANT = 170.0
FLATTEST = 1 / 64
TINY = 1e-9


def of_pictures(images, truth):
    """All scores that need no network: {name: f64 [n]}."""
    ratio = gradient_ratio(images, truth)
    similarity, deviation = gradient_similarity(images, truth)
    correlation, match = edges(images, truth)
    return {
        "ssim": ssim(images, truth),
        "ssim_grey": ssim_grey(images, truth),
        "pixcorr": pixcorr(images, truth),
        "gradient_ratio": ratio,
        "sharpness_error": np.abs(np.log2(np.maximum(ratio, FLATTEST))),
        "gms": similarity,
        "gmsd": deviation,
        "edge_corr": correlation,
        "edge_match": match,
    }


def ssim(images, truth):
    """Structural similarity in RGB, 7 × 7 uniform window."""
    pairs = zip(*_pictures(images, truth))
    return np.array([structural_similarity(a, b, data_range=1.0, channel_axis=0) for a, b in pairs], dtype=np.float64)


def ssim_grey(images, truth):
    """Structural similarity of the luma, Gaussian window of σ = 1.5 px."""
    how = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    pairs = zip(*(luma(side) for side in _pictures(images, truth)))
    return np.array([structural_similarity(a, b, **how) for a, b in pairs], dtype=np.float64)


def pixcorr(images, truth):
    """Pearson correlation over all values of a picture."""
    return (_standard(images) * _standard(truth)).sum(axis=1)


def luma(images):
    """[n, 3, h, w] → f64 [n, h, w], with scikit-image's weights."""
    return np.einsum("c,nchw->nhw", LUMA, np.asarray(images, dtype=np.float64))


def gradient_magnitude(images):
    """Luma's gradient magnitude by forward differences, f64 [n, h - 1, w - 1], per pixel."""
    grey = luma(images)
    down = grey[:, 1:, :-1] - grey[:, :-1, :-1]
    right = grey[:, :-1, 1:] - grey[:, :-1, :-1]
    return np.hypot(down, right)


def gradient_ratio(images, truth):
    """Mean gradient magnitude divided by the truth's."""
    images, truth = _pictures(images, truth)
    own, other = (gradient_magnitude(side).mean(axis=(1, 2)) for side in (images, truth))
    return own / np.maximum(other, TINY)


def gradient_similarity(images, truth):
    """(mean, standard deviation) per picture of Xue's gradient magnitude similarity."""
    a, b = (_prewitt(_halved(255.0 * luma(side))) for side in _pictures(images, truth))
    similarity = (2 * a * b + GMS_CONSTANT) / (a * a + b * b + GMS_CONSTANT)
    return similarity.mean(axis=(1, 2)), similarity.std(axis=(1, 2), ddof=1)


def edges(images, truth, blur_px=EDGE_BLUR_PX):
    """(Pearson correlation, Lin's concordance) per picture of the blurred gradient magnitudes."""
    a, b = (_blurred(gradient_magnitude(side), blur_px) for side in _pictures(images, truth))
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    mean_a, mean_b = a.mean(axis=1), b.mean(axis=1)
    covariance = (a * b).mean(axis=1) - mean_a * mean_b
    concordance = 2 * covariance / np.maximum(a.var(axis=1) + b.var(axis=1) + (mean_a - mean_b) ** 2, TINY)
    return (_standard(a) * _standard(b)).sum(axis=1), concordance


def cosine(features, truth):
    """Cosine of [n, d] and [n, d], row for row."""
    features, truth = np.asarray(features, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(truth, axis=1)
    return (features * truth).sum(axis=1) / np.maximum(lengths, TINY)


def correlations(features, pool):
    """Pearson correlation of every row of `features` [n, d] with every row of `pool` [m, d]: f64 [n, m]."""
    return _standard(features) @ _standard(pool).T


def two_way(features, truth):
    """Share of the other rows of `truth` that correlate less with a row of `features` than its own."""
    return n_way(correlations(features, truth), np.arange(len(truth)), ways=2)


def n_way(scores, own, ways, top=1, groups=None):
    """Probability that the own truth is among the best `top` of itself and `ways` - 1 distractors drawn from the pool.

    `scores` [n, m]: likeness of each picture to each member of the pool; `own` [n]: which member is its truth;
    `groups` [m]: members of the own truth's group (the same thing in another drawing) are never distractors."""
    scores, own = np.asarray(scores, dtype=np.float64), np.asarray(own)
    if scores.ndim != 2 or own.shape != scores.shape[:1]:
        raise ValueError(f"scores must be [n, m] and own [n]: got {scores.shape} and {own.shape}")
    groups = np.arange(scores.shape[1]) if groups is None else np.asarray(groups)
    result = np.empty(len(scores))
    for row, (line, mine) in enumerate(zip(scores, own)):
        rivals = line[groups != groups[mine]]
        better, equal = int((rivals > line[mine]).sum()), int((rivals == line[mine]).sum())
        chances = _success(len(rivals), ways, top)
        result[row] = chances[better : better + equal + 1].mean()
    return result


def class_n_way(probabilities, truth_probabilities, ways, top=1):
    """As `n_way` among classes: the own class is the likeliest of the truth picture. Both [n, classes]."""
    return n_way(probabilities, np.asarray(truth_probabilities).argmax(axis=1), ways, top)


def unit_channels(maps):
    """Feature maps [n, h, w, c] with the channel vector of each position at unit length (0 stays 0)."""
    maps = np.asarray(maps, dtype=np.float32)
    return maps / np.maximum(np.linalg.norm(maps, axis=-1, keepdims=True), 1e-6)


def perceptual(layers, truth_layers):
    """Mean over layers and positions of half the squared distance of unit channel vectors (= 1 − cosine).

    Both are lists of maps [n, h, w, c] as `unit_channels` gives them."""
    if len(layers) != len(truth_layers) or not layers:
        raise ValueError(f"the same layers are needed on both sides: got {len(layers)} and {len(truth_layers)}")
    apart = [np.square(a - b, dtype=np.float32).sum(axis=-1).mean(axis=(1, 2)) for a, b in zip(layers, truth_layers)]
    return 0.5 * np.mean(apart, axis=0).astype(np.float64)


_CHANCES = {}


def _success(rivals, ways, top):
    """[rivals + 1]: given how many rivals are better, the probability that fewer than `top` of them are drawn."""
    drawn = ways - 1
    if not 1 <= drawn <= rivals or not 1 <= top <= ways:
        raise ValueError(f"{ways}-way top-{top} needs at least {drawn} distractors, got {rivals}")
    if (rivals, ways, top) not in _CHANCES:
        every = comb(rivals, drawn)
        _CHANCES[rivals, ways, top] = np.array(
            [
                sum(comb(better, few) * comb(rivals - better, drawn - few) for few in range(min(top, ways))) / every
                for better in range(rivals + 1)
            ]
        )
    return _CHANCES[rivals, ways, top]


def _pictures(images, truth):
    """Both sides as f64 arrays, checked to be alike."""
    images, truth = np.asarray(images, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if images.shape != truth.shape or images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"expected two arrays [n, 3, h, w] alike, got {images.shape} and {truth.shape}")
    return images, truth


def _standard(rows):
    """Each row (flattened) without its mean, at unit length; a constant row becomes 0."""
    rows = np.asarray(rows, dtype=np.float64)
    rows = rows.reshape(len(rows), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(lengths > TINY, rows / np.maximum(lengths, TINY), 0.0)


def _blurred(maps, sigma_px):
    return gaussian(maps, sigma=(0, sigma_px, sigma_px), mode="nearest", preserve_range=True)


def _halved(grey):
    """Means of 2 × 2 blocks; an odd last row or column is averaged with zeros, as the published code does."""
    padded = np.pad(grey, ((0, 0), (0, grey.shape[1] % 2), (0, grey.shape[2] % 2)))
    count, height, width = padded.shape
    return padded.reshape(count, height // 2, 2, width // 2, 2).mean(axis=(2, 4))


def _prewitt(grey):
    """Gradient magnitude by Prewitt's masks divided by 3; zeros beyond the border, as the published code does."""
    p = np.pad(grey, ((0, 0), (1, 1), (1, 1)))
    columns = p[:, :-2] + p[:, 1:-1] + p[:, 2:]
    rows = p[:, :, :-2] + p[:, :, 1:-1] + p[:, :, 2:]
    across = (columns[:, :, 2:] - columns[:, :, :-2]) / 3
    down = (rows[:, 2:] - rows[:, :-2]) / 3
    return np.hypot(across, down)
