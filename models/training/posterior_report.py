"""The posterior of the pack's answer model on test subjects, and what EVALUATION.md says of it.

Takes   an `AnswerModel`, `Repeats` of the test subjects, `Gallery`s, windows without information.
Gives   `measure`: rows for posterior_scores.json; `markdown`; `placed`: a report with this section in it.
Keeps   what is quoted as expected calibration error has ten bins of equal width. Intervals are 95 %, from drawing whole
        subjects with replacement. Cosine ranks the plain mean of the same trials, as the program did before.
"""

import numpy as np

import answers_judge
import calibration
import intervals
from answers_judge import asked

REPEATS = (1, 3, 10, 30)
DRAWS, FLOOR_DRAWS = 2000, 100
NOTHING_DRAWN = 4000
DECIDED = 0.95
LEVELS = (0.5, 0.95)
# (scope, pool that is shown, title): the forty are among the remembered drawings, and the encoder saw them most.
CLOSED = (
    ("told", "forty", "told: the forty"),
    ("remembered", "remembered", "remembered, any of them shown"),
    ("remembered", "forty", "remembered, the forty shown"),
)


def measure(model, repeats, scopes, nothing, ks=REPEATS):
    """{closed, open, nothing: rows}."""
    rows = [closed(model, repeats, scopes[scope], scope, shown, title, k) for scope, shown, title in CLOSED for k in ks]
    others = [open_row(model, repeats, scopes[scope], scope, k) for scope in scopes for k in ks]
    without = [nothing_row(model, repeats, scopes[scope], scope, nothing, k) for scope in scopes for k in ks]
    return {"closed": rows, "open": others, "nothing": without}


def closed(model, repeats, gallery, scope, shown, title, k):
    """One row of a scope that holds the picture shown."""
    found, groups = repeats(shown, k)
    given = asked(model, found, groups)
    true = gallery.true(given.picture)
    said = calibration.judged(model.posterior(given.seen, gallery.embeddings, scope), true)
    means = found.answer[groups].double().mean(dim=1).numpy()
    cosine = calibration.judged(means / np.linalg.norm(means, axis=1, keepdims=True) @ gallery.embeddings.T, true)["hit"]
    decided = said["confidence"] >= DECIDED
    errors = calibration_errors(said["confidence"], said["hit"], given.subject)
    return {
        "title": title,
        "scope": scope,
        "shown": shown,
        "k": k,
        "means": len(true),
        "subjects": len(np.unique(given.subject)),
        "pictures": len(gallery),
        "top1": list(intervals.mean(said["hit"], given.subject)),
        "cosine": list(intervals.mean(cosine, given.subject)),
        "difference": list(intervals.paired_difference(said["hit"], cosine, given.subject)),
        "confidence": float(said["confidence"].mean()),
        "loss": float(said["loss"].mean()),
        "temperature": model.scope_temperature(k, scope),
        "decided": float(decided.mean()),
        "decided_wrong": float(1.0 - said["hit"][decided].mean()) if decided.any() else None,
        **errors,
    }


def open_row(model, repeats, gallery, scope, k):
    """One row on "something else" beside a gallery."""
    odds, true, weight, subject = answers_judge.open_odds(model, repeats, k, scope, gallery)
    said = calibration.judged_odds(odds / model.scope_temperature(k, "open"), true)
    right = ((said["probability"] > 0.5) == true).astype(float)
    return {
        "scope": scope,
        "k": k,
        "means": len(true),
        "right": float((weight * right).sum()),
        "where_other": float(said["probability"][true].mean()),
        "where_gallery": float(said["probability"][~true].mean()) if (~true).any() else None,
        "loss": float((weight * said["loss"]).sum()),
        "temperature": model.scope_temperature(k, "open"),
        **calibration_errors(said["probability"], said["true"], subject, weight),
    }


def nothing_row(model, repeats, gallery, scope, nothing, k):
    """Bits gained with a picture and without: medians and 95 % points, and how often what is drawn from the pack's own
    distribution is passed at its 95 % point."""
    draw = np.random.default_rng([k, len(gallery)])
    drawn = answers_judge.gains(model, model.nothing(NOTHING_DRAWN, k, draw), scope, gallery)
    bar = float(np.quantile(drawn, LEVELS[1]))
    row = {"scope": scope, "k": k, "most": float(np.log2(len(gallery))), "bar": bar}
    windows = {"drawn": drawn}
    windows |= {
        kind: answers_judge.gains(model, answers_judge.whatever_was_seen(model, found, k), scope, gallery)
        for kind, found in nothing.items()
    }
    shown = asked(model, *repeats(answers_judge.SHOWN[scope], k))
    windows["picture"] = answers_judge.gains(model, shown.seen, scope, gallery)
    for kind, gain in windows.items():
        row[kind] = [float(gain.mean()), *(float(np.quantile(gain, level)) for level in LEVELS), float((gain > bar).mean())]
    return row


def calibration_errors(probability, true, subject, weight=None):
    """{ece: [value, low, high], ece_by_mass, floor}: whole subjects are drawn with replacement. `floor` is the error that
    these probabilities would show if each came true as often as it says: so many rows do not show less."""
    weight = np.ones(len(true)) if weight is None else weight
    people, which = np.unique(subject, return_inverse=True)
    bins = np.minimum((probability * calibration.WIDTHS).astype(int), calibration.WIDTHS - 1)
    cell = which * calibration.WIDTHS + bins
    gaps = np.bincount(cell, weight * (probability - true), len(people) * calibration.WIDTHS)
    totals = np.bincount(which, weight)
    times = np.random.default_rng(1).multinomial(len(people), np.full(len(people), 1.0 / len(people)), size=DRAWS)
    drawn = np.abs(times @ gaps.reshape(len(people), -1)).sum(axis=1) / (times @ totals)
    low, high = np.quantile(drawn, [0.025, 0.975])
    draw = np.random.default_rng(2)
    honest = [(draw.random(len(probability)) < probability).astype(float) for _ in range(FLOOR_DRAWS)]
    return {
        "ece": [calibration.ece(probability, true, weight), float(low), float(high)],
        "floor": float(np.mean([calibration.ece(probability, came, weight) for came in honest])),
        "ece_by_mass": calibration.ece_by_mass(probability, true, weight),
    }


def markdown(kept):
    """The section of EVALUATION.md."""
    return TEXT.format(
        closed="\n".join(_closed_line(row) for row in kept["closed"]),
        open="\n".join(_open_line(row) for row in kept["open"]),
        nothing="\n".join(_nothing_line(row) for row in kept["nothing"]),
        chance=1.0 / kept["facts"]["pictures"],
        told_chance=1.0 / kept["facts"]["told"],
        **kept["facts"],
    )


def placed(report, section):
    """A report with this section in the place of an earlier one, or before "## Latency", or at the end."""
    head = section.splitlines()[0]
    parts = report.split("\n## ")
    parts = [parts[0], *("## " + part for part in parts[1:])]
    parts = [part.rstrip("\n") + "\n" for part in parts if part.splitlines()[0] != head]
    at = next((i for i, part in enumerate(parts) if part.startswith("## Latency")), len(parts))
    return "\n".join([*parts[:at], section.rstrip("\n") + "\n", *parts[at:]])


def _interval(values, digits=3):
    value, low, high = values
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _errors(row):
    return f"{_interval(row['ece'])} / {row['floor']:.3f} | {row['ece_by_mass']:.3f}"


def _closed_line(row):
    wrong = "–" if row["decided_wrong"] is None else f"{row['decided_wrong']:.3f}"
    return (
        f"| {row['title']} | {row['k']} | {row['means']} | {_interval(row['top1'])} | {_interval(row['cosine'])} "
        f"| {row['confidence']:.3f} | {_errors(row)} | {row['loss']:.3f} "
        f"| {row['decided']:.3f} / {wrong} | {row['temperature']:.2f} |"
    )


def _open_line(row):
    gallery = "–" if row["where_gallery"] is None else f"{row['where_gallery']:.3f}"
    return (
        f"| {row['scope']} | {row['k']} | {row['means']} | {row['right']:.3f} | {row['where_other']:.3f} / {gallery} "
        f"| {_errors(row)} | {row['loss']:.3f} | {row['temperature']:.2f} |"
    )


def _nothing_line(row):
    cells = []
    for kind in ("picture", "drawn", "faint", "turned"):
        mean, median, high, above = row[kind]
        cells.append(f"{mean:.2f}, {median:.2f}, {high:.2f} ({above:.3f})")
    return f"| {row['scope']} | {row['k']} | {row['most']:.2f} | " + " | ".join(cells) + " |"


HEAD = "## Posterior"

TEXT = (
    HEAD
    + """

The encoder's answer to a picture is modelled (`models/training/answers.py`), and every picture in play gets its
probability. Simulated subjects {subjects}, −14 dB, zero-shot, looked at once for this table; the model was fitted to
{fitted} and its temperatures to {tuned}. A mean is over k trials of one picture and person. ECE: expected
calibration error of the most probable picture's probability over ten bins of equal width (by mass: fifteen bins that
hold equally many); "floor": what these probabilities would show over so few means if each came true as often as it
says. Intervals are 95 %, over subjects; drawing subjects again adds noise to an ECE, so that its interval leans upwards.
"Cosine" ranks the plain mean of the same trials by its cosine to the pictures' embeddings. "Decided": share of means
whose most probable picture has at least .95, and how many of these are wrong.

| Scope | k | means | top-1 | top-1 by cosine | mean confidence | ECE / floor | by mass | log loss | decided / wrong | T |
|---|---|---|---|---|---|---|---|---|---|---|
{closed}

{pictures} drawings are remembered: chance is {chance:.5f}; of the told ones it is {told_chance:.3f}.

**Something else.** Half of the means are of pictures of the scope, half of others: beside the told pictures remembered
ones and ones that no training saw, beside the remembered ones those that no training saw. "Right": at probability one
half.

| Beside | k | means | right | probability of something else: where it was / was not | ECE / floor | by mass | log loss | T |
|---|---|---|---|---|---|---|---|---|
{open}

**Bits gained, with a picture and without.** Mean, median, 95 % point, and in brackets the share above the 95 % point of
what is drawn from the pack's own distribution of windows without information ("drawn"). "Faint": −40 dB. "Turned":
trials at −14 dB with turned phases. k windows of one person, whatever was shown.

| Scope | k | most | with a picture | drawn | faint | turned |
|---|---|---|---|---|---|---|
{nothing}
"""
)
