"""What an answer model says of trials: the pictures in play, means of repeats, and windows in which nothing is to be seen.

Takes   an `AnswerModel`, `Answers` of answers_data, embeddings of the picture set.
Gives   `Gallery`s of the scopes; `temperatures`; log odds of something else; information gained from nothing.
Keeps   a scope is judged on pictures drawn evenly from its own gallery, as its prior says. "Something else" is judged
        half on pictures of the gallery and half on others: for the told pictures remembered and unseen ones, for the
        remembered ones those that no training saw.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

import calibration
from answers import Seen, gain_bits

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

    def holds(self, picture):
        """bool [n]: which of these rows of the picture set are of this gallery."""
        return np.array([row in self.place for row in picture.tolist()])

    def true(self, picture):
        """Columns i64 [n] of these rows of the picture set, which must all be of this gallery."""
        return np.array([self.place[row] for row in picture.tolist()])


def galleries(run):
    """{scope: `Gallery`}."""
    rows = {"told": run.split.stimuli, "remembered": run.split.train}
    return {scope: Gallery(chosen, run.embeddings) for scope, chosen in rows.items()}


class Repeats:
    """Groups of k trials of one role's subjects, from {pool: [`Answers`, …]}: the first that has enough repeats."""

    def __init__(self, sources):
        self.sources = sources

    def __call__(self, shown, k, most=MOST):
        """(`Answers`, rows i64 [m, k]) of a pool, at most `most` groups, evenly spread."""
        for found in self.sources[shown]:
            rows = found.groups(k)
            if len(rows):
                return found, rows[:: -(-len(rows) // most)]
        raise ValueError(f"no picture of {shown} was shown {k} times to one subject")


@dataclass(frozen=True)
class Asked:
    """What a model has `Seen` of groups of trials, with the picture and the subject of each, i64 [m]."""

    seen: Seen
    picture: np.ndarray
    subject: np.ndarray


def asked(model, found, rows):
    """The `Asked` of groups of trials, rows i64 [m, k] of `Answers`."""
    seen, first = model.seen(found.answer[rows].double().numpy()), rows[:, 0]
    return Asked(seen, found.picture[first].numpy(), found.subject[first].numpy())


def temperatures(model, repeats, scopes, ks):
    """The model's table f64 [rows, 4] at some k, from development subjects."""
    table = []
    for k in ks:
        row = [k]
        for scope, gallery in scopes.items():
            given = asked(model, *repeats(SHOWN[scope], k))
            likely = model.log_likelihood(given.seen, gallery.embeddings)
            row.append(calibration.temperature(likely, gallery.true(given.picture)))
        both = [open_odds(model, repeats, k, scope, gallery) for scope, gallery in scopes.items()]
        table.append([*row, calibration.odds_temperature(*[np.concatenate(part) for part in zip(*both)][:3])])
    return np.array(table)


def open_odds(model, repeats, k, scope, gallery):
    """(log odds f64 [n] that something else was seen, before they are divided by T; bool [n] whether it was; weights
    f64 [n] that sum to 1, half of them where it was; subjects i64 [n])."""
    pools = (SHOWN[scope], *OTHERS[scope])
    given = [asked(model, *repeats(pool, k, MOST // len(pools))) for pool in pools]
    odds = np.concatenate([model.log_odds_open(part.seen, gallery.embeddings) for part in given])
    true = np.concatenate([~gallery.holds(part.picture) for part in given])
    weight = np.where(true, 0.5 / max(1, true.sum()), 0.5 / max(1, (~true).sum()))
    return odds, true, weight, np.concatenate([part.subject for part in given])


def gains(model, seen, scope, gallery):
    """Bits gained, f64 [n], from `Seen`."""
    parts = np.array_split(np.arange(len(seen.mean)), -(-len(seen.mean) // BLOCK))
    return np.concatenate([gain_bits(model.posterior(seen.at(part), gallery.embeddings, scope)) for part in parts])


def whatever_was_seen(model, found, k, most=MOST):
    """`Seen` of k windows of one person, whatever pictures they are of."""
    rows = replace(found, picture=torch.zeros_like(found.picture)).groups(k)
    return asked(model, found, rows[:: -(-len(rows) // most)]).seen
