"""Judges the EEG encoder on subjects that it never met.

Takes   an encoder (anything that turns eeg f32 [n, 16, 200] into embeddings f32 [n, dim]), `Epochs`, and a gallery
        f32 [pictures, dim] with the number of its first row in the epochs' `stimulus`.
Gives   rows {…, k, trials, top1, top5, low, high, chance} and tables of what missing channels and wrong onsets cost.
Keeps   k is the number of repeats whose embeddings are averaged: one picture, one subject. 95 % intervals come from
        drawing whole subjects with replacement, since trials of one subject are not independent. Ties count against us.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

import montage
from eeg_data import DEFAULT_SNR_DB, NOVEL_FROM, Epochs, averages
from encoder import embed

REPEATS = (1, 3, 10)
MISSING_COUNTS = (1, 2, 4, 8)
SETS_PER_COUNT = 8
DRAWS = 1000


@dataclass(frozen=True)
class Judges:
    """What scores are made from: the forty and unseen concepts, each with its gallery."""

    forty: Epochs
    gallery: torch.Tensor
    unseen: Epochs
    unseen_gallery: torch.Tensor

    def score(self, embed):
        """{forty: {k: row}, unseen: {k: row}} of a function from eeg to embeddings."""
        known, unknown = embed(self.forty.eeg), embed(self.unseen.eeg)
        return {
            "forty": {str(k): score(known, self.forty, self.gallery, 0, k) for k in (1, 10)},
            "unseen": {
                str(k): score(unknown, self.unseen, self.unseen_gallery, NOVEL_FROM, k) for k in (1, 10)
            },
        }


def ranks(embeddings, rows, gallery):
    """Rank (1 is best) of the true gallery row of each embedding, by cosine."""
    scores = embeddings @ gallery.T
    return (scores >= scores.gather(1, rows[:, None])).sum(dim=1)


def interval(right, subject, seed=0):
    """95 % interval of the mean of bool [n]: whole subjects are drawn with replacement."""
    _, which = subject.unique(return_inverse=True)
    hits = torch.bincount(which, weights=right.double())
    trials = torch.bincount(which).double()
    drawn = torch.randint(len(hits), (DRAWS, len(hits)), generator=torch.Generator().manual_seed(seed))
    shares = hits[drawn].sum(dim=1) / trials[drawn].sum(dim=1)
    return torch.quantile(shares, torch.tensor([0.025, 0.975]).double()).tolist()


def score(embeddings, epochs, gallery, first_row=0, k=1):
    """One row: identification among the whole gallery after averaging k repeats."""
    means, firsts = averages(embeddings, epochs, k)
    if len(means) == 0:
        raise ValueError(f"no picture was shown {k} times to one subject")
    found = ranks(means, epochs.stimulus[firsts] - first_row, gallery)
    low, high = interval(found == 1, epochs.subject[firsts])
    return {
        "k": k,
        "trials": len(found),
        "subjects": len(epochs.subject.unique()),
        "top1": _share(found <= 1),
        "low": low,
        "high": high,
        "top5": _share(found <= 5),
        "chance": 1.0 / len(gallery),
    }


def scores(embeddings, epochs, gallery, first_row=0):
    """Rows for each level and each number of repeats that there are enough trials for; `snr_db` and `length` beside."""
    rows = []
    for level in sorted(epochs.snr_db.round().unique().tolist()):
        chosen = epochs.snr_db.round() == level
        part, found = epochs.at(chosen), embeddings[chosen]
        for k in REPEATS:
            if len(averages(found, part, k)[0]):
                facts = {"snr_db": level, "length": found.norm(dim=1).mean().item()}
                rows.append(facts | score(found, part, gallery, first_row, k))
    return rows


def honesty(embeddings, epochs):
    """{slope, explained}: of the regression of targets on embeddings. Slope 1 means that the length of an embedding is
    as large as it should be; `explained` is the share of the targets' power that embeddings foretell."""
    product, power = (embeddings * epochs.target).sum(), embeddings.square().sum()
    error = (embeddings - epochs.target).square().sum() / epochs.target.square().sum()
    return {"slope": (product / power).item(), "explained": 1.0 - error.item()}


def shuffled(epochs, seed=0):
    """The same epochs with the pictures of each subject and level exchanged at random: the score must be chance."""
    draw = torch.Generator().manual_seed(seed)
    stimulus = epochs.stimulus.clone()
    level = epochs.snr_db.round().long()
    for key in torch.stack([epochs.subject, level], dim=1).unique(dim=0):
        rows = ((epochs.subject == key[0]) & (level == key[1])).nonzero()[:, 0]
        stimulus[rows] = stimulus[rows[torch.randperm(len(rows), generator=draw)]]
    return type(epochs)(epochs.eeg, stimulus, epochs.subject, epochs.snr_db, epochs.target)


def missing_channels(model, epochs, gallery, k=1):
    """{per_channel, by_count}: top-1 when channels are missing, in two ways: interpolated from the others (see
    montage.py), and absent (silent, as where nothing is known of the electrodes).

    `per_channel` {way: {label: top1 when it alone is missing}}; `by_count` {way: rows [missing, mean top1 over
    SETS_PER_COUNT random sets]}; the first row is none missing.
    """

    def top1(way, missing):
        if not missing:
            damaged = epochs.eeg
        elif way == "interpolated":
            damaged = montage.without(missing) @ epochs.eeg.float()
        else:
            damaged = epochs.eeg.clone()
            damaged[:, missing] = 0.0
        return score(embed(model, damaged), epochs, gallery, k=k)["top1"]

    per_channel, by_count = {}, {}
    for way in ("absent", "interpolated"):
        per_channel[way] = {label: top1(way, [row]) for row, label in enumerate(montage.CHANNELS)}
        by_count[way] = [[0, top1(way, [])]]
        draw = torch.Generator().manual_seed(99)
        for count in MISSING_COUNTS:
            drawn = [torch.randperm(len(montage.CHANNELS), generator=draw)[:count].tolist() for _ in range(SETS_PER_COUNT)]
            by_count[way].append([count, sum(top1(way, chosen) for chosen in drawn) / len(drawn)])
    return {"per_channel": per_channel, "by_count": by_count}


def expected(tolerance, rows, trials, subjects):
    """What the pack's `[expected]` table holds: top-1 of single trials by channel, count and level."""
    by_snr = [[row["snr_db"], row["top1"], row["trials"]] for row in rows if row["k"] == 1]
    return {"snr_db": DEFAULT_SNR_DB, "k": 1, "trials": trials, "subjects": subjects} | tolerance | {"by_snr": by_snr}


def _share(right):
    return right.float().mean().item()


def cosine(embeddings, epochs):
    """Mean cosine between embedding and truth."""
    return F.cosine_similarity(embeddings, epochs.target, dim=1).mean().item()
