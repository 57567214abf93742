"""Writes posterior.json: posteriors of a small answer model, straight from its definition.

Takes   nothing; numpy and scipy.
Gives   `model`: the tensors of answers.safetensors for dim 6 (every number is exact in single precision); `pictures`
        [9, 6], unit length, the last one the same as the third; `told`: which rows are told of, all nine are remembered;
        `cases`: trials [n, 6] and, for the first k of them, what the program must say (`posterior`): `expected` where
        all trials weigh the same (there is no tensor `tail`), `expected_with_tail` where `tail` is there.
Keeps   nothing is factorised, whitened or updated here: every likelihood is a density of SciPy at the weighted mean of k
        trials whose weights sum to `worth`.
          weight of a trial: 1, or with `tail` (tail + dim) / (tail + squared Mahalanobis distance from N(map m + offset,
            map S mapᵀ + within + between)), m and S the background's mean and covariance;
          told, remembered: log softmax over the pictures of (log density of N(map e + offset, within/worth + between)) / T;
            every row has the same prior, so that a picture that is there twice has the same probability in both rows;
          something else: log odds = (log density of N(map m + offset, map S mapᵀ + within/worth + between) minus the log
            of the mean density over the pictures) / T; prior 1/2 each;
          gain: log2 of the number of rows minus the entropy in bits, at that scope's T;
          T at k (the number of trials): linear in the logarithm of k between two rows of `temperature`, and the nearest
            row's outside them.
        Tolerance 1e-6, absolute, of log probabilities above -50 and of all else; relative below.
Run     python tests/vectors/posterior/make_posterior.py   (NumPy 2.4.6, SciPy 1.17.1)
"""

import json
from pathlib import Path

import numpy as np
from scipy.special import log_softmax, logsumexp
from scipy.stats import multivariate_normal

HERE = Path(__file__).resolve().parent
DIM, PICTURES, TWIN, SEED, TRIALS = 6, 9, 2, 17, 5
TAIL = 4.0
TOLD = [0, 1, 2, 5, 8]
COLUMNS = {"told": 1, "remembered": 2, "open": 3}


def single(values):
    """The nearest numbers of single precision, in double precision."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)


def covariance(draw, size, rank=DIM):
    """A symmetric, positive definite [DIM, DIM] with variances of about `size`."""
    root = draw.standard_normal((DIM, rank)) / np.sqrt(rank)
    return single(size * (root @ root.T + 0.3 * np.eye(DIM)))


def made_up():
    """(model, pictures [9, 6])."""
    draw = np.random.default_rng(SEED)
    pictures = draw.standard_normal((PICTURES, DIM))
    pictures[-1] = pictures[TWIN]
    pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
    model = {
        "map": single(0.4 * np.eye(DIM) + 0.1 * draw.standard_normal((DIM, DIM))),
        "offset": single(0.1 * draw.standard_normal(DIM)),
        "within": covariance(draw, 0.06),
        "between": covariance(draw, 0.006, rank=2),
        "background_mean": single(0.05 * draw.standard_normal(DIM)),
        "background_covariance": covariance(draw, 1.0 / DIM),
        "noise_mean": single(0.1 * draw.standard_normal(DIM)),
        "noise_within": covariance(draw, 0.05),
        "noise_between": covariance(draw, 0.002),
        "temperature": single([[1, 1.25, 1.5, 2.0], [3, 1.0, 1.25, 1.75], [4, 0.75, 1.125, 1.5]]),
    }
    return model, single(pictures)


def temperature(model, k, scope):
    """T of a scope at k."""
    rows = model["temperature"]
    return float(np.interp(np.log(k), np.log(rows[:, 0]), rows[:, COLUMNS[scope]]))


def weights(model, trials, tail):
    """[n]: how much each trial counts."""
    if tail is None:
        return np.ones(len(trials))
    centre, spread = background(model, 1.0)
    distance = np.array([(trial - centre) @ np.linalg.inv(spread) @ (trial - centre) for trial in trials])
    return (tail + DIM) / (tail + distance)


def background(model, worth):
    """(mean, covariance) of the weighted mean of trials if something else was seen."""
    matrix = model["map"]
    spread = matrix @ model["background_covariance"] @ matrix.T + model["within"] / worth + model["between"]
    return matrix @ model["background_mean"] + model["offset"], spread


def densities(model, pictures, mean, worth):
    """Log density of the weighted mean of trials for each picture."""
    spread = model["within"] / worth + model["between"]
    centres = pictures @ model["map"].T + model["offset"]
    return np.array([multivariate_normal(centre, spread).logpdf(mean) for centre in centres])


def posterior(model, pictures, trials, k, tail=None):
    """What is to be said of the first k trials."""
    weight = weights(model, trials[:k], tail)
    worth = float(weight.sum())
    mean = (weight[:, None] * trials[:k]).sum(axis=0) / worth
    likely = densities(model, pictures, mean, worth)
    something_else = float(multivariate_normal(*background(model, worth)).logpdf(mean))
    found = {"k": k, "weights": weight.tolist(), "worth": worth}
    for scope, rows in (("told", TOLD), ("remembered", list(range(len(pictures))))):
        log_probability = log_softmax(likely[rows] / temperature(model, k, scope))
        shares = np.exp(log_probability)
        entropy = -float(sum(share * log / np.log(2.0) for share, log in zip(shares, log_probability) if share > 0.0))
        evidence = something_else - (logsumexp(likely[rows]) - np.log(len(rows)))
        odds = evidence / temperature(model, k, "open")
        found[scope] = {
            "log_probability": log_probability.tolist(),
            "gain_bits": float(np.log2(len(rows)) - entropy),
            "temperature": temperature(model, k, scope),
            "log_likelihood": likely[rows].tolist(),
            "log_something_else": float(-np.logaddexp(0.0, -odds)),
            "something_else": float(np.exp(-np.logaddexp(0.0, -odds))),
        }
    found["background_log_likelihood"] = something_else
    found["open_temperature"] = temperature(model, k, "open")
    return found


def drawn(model, pictures, row, draw):
    """Trials [5, 6] of one person who looks at one picture."""
    shift = np.linalg.cholesky(model["between"]) @ draw.standard_normal(DIM)
    noise = draw.standard_normal((TRIALS, DIM)) @ np.linalg.cholesky(model["within"]).T
    return single(model["map"] @ pictures[row] + model["offset"] + shift + noise)


def main():
    model, pictures = made_up()
    draw = np.random.default_rng(SEED + 1)
    cases = {
        "a picture that is there once": drawn(model, pictures, 5, draw),
        "the picture that is there twice": drawn(model, pictures, TWIN, draw),
        "remembered, not told": drawn(model, pictures, 6, draw),
        "all answers equal": np.repeat(single(pictures[:1] * 0.4), TRIALS, axis=0),
        "far from everything": single(40.0 * drawn(model, pictures, 0, draw)),
    }
    kept = {
        "tolerance": 1e-6,
        "tail": TAIL,
        "model": {name: values.tolist() for name, values in model.items()},
        "pictures": pictures.tolist(),
        "told": TOLD,
        "cases": [
            {
                "name": name,
                "trials": trials.tolist(),
                "expected": [posterior(model, pictures, trials, k) for k in range(1, TRIALS + 1)],
                "expected_with_tail": [posterior(model, pictures, trials, k, TAIL) for k in range(1, TRIALS + 1)],
            }
            for name, trials in cases.items()
        ],
    }
    (HERE / "posterior.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
