"""What an answer model says of trials: the pictures in play, means of repeats, and windows in which nothing is to be seen.

Takes   an `AnswerModel`, `Answers` of answers_data, embeddings of the picture set.
Gives   `Gallery`s of the scopes; `temperatures`; log odds of something else; information gained from nothing.
Keeps   a scope is judged on pictures drawn evenly from its own gallery, as its prior says. "Something else" is judged
        half on pictures of the gallery and half on others: for the told pictures remembered and unseen ones, for the
        remembered ones those that no training saw.
"""

import numpy as np
import torch

import calibration
from answers import gain_bits
from answers_data import Answers

# At most so many means are looked at for one figure: a posterior over thousands of pictures is large.
MOST = 8000
# The pool that is shown where a scope is judged, and the pools that are something else to it.
SHOWN = {"told": "forty", "remembered": "remembered"}
OTHERS = {"told": ("remembered", "unseen"), "remembered": ("unseen",)}
BLOCK = 2000


class Gallery:
    """The pictures in play of one scope: embeddings f64 [n, dim], and where each row of the picture set stands among
    them."""

    def __init__(self, rows, embeddings):
        self.embeddings = embeddings[list(rows)].double().numpy()
        self.place = {row: index for index, row in enumerate(rows)}

    def __len__(self):
        return len(self.place)

    def holds(self, found):
        """bool [n]: which of `Answers` are to pictures of this gallery."""
        return np.array([row in self.place for row in found.picture.tolist()])

    def true(self, found):
        """Columns i64 [n] of the pictures that `Answers` are to, which must all be of this gallery."""
        return np.array([self.place[row] for row in found.picture.tolist()])


def galleries(run):
    """{scope: `Gallery`}."""
    rows = {"told": run.split.stimuli, "remembered": run.split.train}
    return {scope: Gallery(chosen, run.embeddings) for scope, chosen in rows.items()}


class Repeats:
    """Means of k trials of one role's subjects, from {pool: [`Answers`, …]}: the first that has enough repeats."""

    def __init__(self, sources):
        self.sources = sources

    def __call__(self, shown, k, most=MOST):
        """`Answers` to pictures of a pool, each a mean of k trials; None where there are not so many repeats."""
        for source in self.sources[shown]:
            found = source.means(k)
            if len(found):
                return found.at(torch.arange(0, len(found), -(-len(found) // most)))
        return None


def rows_of(found):
    """Answers as f64 [n, dim]."""
    return found.answer.double().numpy()


def temperatures(model, repeats, scopes, ks):
    """The model's table f64 [rows, 4] at some k, from development subjects."""
    table = []
    for k in ks:
        row = [k]
        for scope, gallery in scopes.items():
            found = repeats(SHOWN[scope], k)
            likely = model.log_likelihood(rows_of(found), k, gallery.embeddings)
            row.append(calibration.temperature(likely, gallery.true(found)))
        odds, true, weight = (
            np.concatenate(parts) for parts in zip(*(open_odds(model, repeats, k, s, g) for s, g in scopes.items()))
        )
        table.append([*row, calibration.odds_temperature(odds, true, weight)])
    return np.array(table)


def open_odds(model, repeats, k, scope, gallery):
    """(log odds f64 [n] that something else was seen, before they are divided by T; bool [n] whether it was; weights
    f64 [n] that sum to 1, half of them where it was)."""
    pools = (SHOWN[scope], *OTHERS[scope])
    found = [repeats(pool, k, MOST // len(pools)) for pool in pools]
    odds = np.concatenate([model.log_odds_open(rows_of(part), k, gallery.embeddings) for part in found])
    true = np.concatenate([~gallery.holds(part) for part in found])
    weight = np.where(true, 0.5 / max(1, true.sum()), 0.5 / max(1, (~true).sum()))
    return odds, true, weight


def gains(model, means, k, scope, gallery):
    """Bits gained, f64 [n], from means f64 [n, dim] of k trials."""
    parts = np.array_split(means, -(-len(means) // BLOCK))
    return np.concatenate([gain_bits(model.posterior(part, k, gallery.embeddings, scope)) for part in parts])


def whatever_was_seen(found):
    """The same `Answers` as if each person had looked at one thing: their means are of windows of any pictures."""
    return Answers(found.answer, torch.zeros_like(found.picture), found.subject)
