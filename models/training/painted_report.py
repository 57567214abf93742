"""What paintings scored, in numbers and in Markdown.

Takes   `Paintings` that have judged everything; for each scene and k the `Question`s and what `painted.answered` gave.
Gives   `rows` and `differences` of a scene, `verdict`, for painted_scores.json; `markdown`: two sections of EVALUATION.md.
Keeps   intervals are 95 %, from drawing whole subjects with replacement. A method with several seeds counts with the mean of
        its seeds for each question. "Gradient energy" is the edges of all paintings over the edges of all truths: the mean
        of ratios, which stands beside it, leans upwards where wrong pictures are painted, as a busy picture counts for
        more than an empty one.
"""

from pathlib import Path

import numpy as np

import intervals
import painted
from painted import BEST, DRAW, GAUSSIAN, KS, MEAN, OWN, RETRIEVAL, SAMPLER, TYPICAL

# What a person says of how these figures came about; to be written anew for others.
WORDS = Path(__file__).with_name("painted_verdict.md")
SCORES = ("n_way", "pixcorr", "ssim", "edge_match", "perceptual", "gradient_ratio")
METHODS = (BEST, DRAW, RETRIEVAL, MEAN, SAMPLER, TYPICAL, GAUSSIAN, OWN)
PAIRS = ((BEST, MEAN), (BEST, RETRIEVAL), (DRAW, SAMPLER), (SAMPLER, GAUSSIAN), (BEST, TYPICAL))
COMPARED = ("n_way", "pixcorr", "edge_match", "perceptual")
BETTER = {"n_way": 1, "pixcorr": 1, "edge_match": 1, "perceptual": -1}
# The figures that were to be reached where the picture is one of the forty and the program was told so.
WANTED = {"n_way": (0.39, 0.75, 0.93), "pixcorr": (0.33, 0.73, 0.92)}
ENERGY = (0.9, 1.1)
# The rule by which a sampler would be shipped (`verdict`).
WINS_AT_LEAST, SHARP, HONEST = 2, (0.8, 1.25), (0.85, 0.95)


class Tally:
    """Scores of one method for those questions `at` i64 [m] of one scene and k that it was asked: {score: f64 [m]}, and by
    seed."""

    def __init__(self, paintings, scene, given, answers):
        of, truths = paintings.scores, given.picture.tolist()
        self.at = np.array([i for i, painting in enumerate(answers[0]) if painting is not None])
        each = [[of[painted.name(line[i]), scene.title, truths[i]] for i in self.at] for line in answers]
        names = each[0][0]
        self.by_seed = {name: np.array([[one[name] for one in line] for line in each]) for name in names}
        self.scores = {name: values.mean(axis=0) for name, values in self.by_seed.items()}
        self.subject = given.subject[self.at]

    def minus(self, other, name):
        """The difference to another method over the questions that both were asked, with its interval."""
        both = np.intersect1d(self.at, other.at)
        mine, its = (tally.scores[name][np.searchsorted(tally.at, both)] for tally in (self, other))
        return list(intervals.paired_difference(mine, its, self.subject[np.searchsorted(self.at, both)]))

    def row(self, method):
        """What is kept of it."""
        found = {name: list(intervals.mean(self.scores[name], self.subject)) for name in SCORES if name in self.scores}
        seeds = {name: self.by_seed[name].mean(axis=1).tolist() for name in COMPARED if name in self.scores}
        return {"method": method, "scores": found, "energy": self.energy(), "seeds": seeds}

    def energy(self):
        """All edges over all true edges, with its interval."""
        people, which = np.unique(self.subject, return_inverse=True)
        sums = [np.bincount(which, self.scores[name]) for name in ("edges", "true_edges")]
        times = np.random.default_rng([1, len(people)]).multinomial(
            len(people), np.full(len(people), 1 / len(people)), size=intervals.DRAWS
        )
        low, high = np.quantile((times @ sums[0]) / (times @ sums[1]), [0.025, 0.975])
        return [float(sums[0].sum() / sums[1].sum()), float(low), float(high)]


def rows(paintings, scene, k, given, answers):
    """(rows of all methods, rows of differences) of one scene at one k."""
    tallies = {method: Tally(paintings, scene, given, answers[method]) for method in METHODS if method in answers}
    kept = [tally.row(method) | {"k": k, "questions": len(tally.at)} for method, tally in tallies.items()]
    apart = []
    for first, second in PAIRS:
        if first in tallies and second in tallies:
            one, other = tallies[first], tallies[second]
            found = {name: one.minus(other, name) for name in COMPARED if name in one.scores}
            apart.append({"k": k, "first": first, "second": second, "scores": found})
    return kept, apart


def clear(values, better):
    """+1 where a difference is better beyond doubt, -1 where it is worse beyond doubt, else 0."""
    _, low, high = values
    return better if low > 0 else -better if high < 0 else 0


def verdict(scene):
    """{ship: bool, reasons: [words]} for one scene with differences and reliability, by the rule of TEXT."""
    apart = [line for line in scene["differences"] if (line["first"], line["second"]) == (DRAW, SAMPLER)]
    if not apart or "n_way" not in apart[0]["scores"]:
        return None
    # The differences are exact minus sampler.
    ways = [-clear(line["scores"]["n_way"], 1) for line in apart]
    pixels = [-clear(line["scores"]["pixcorr"], 1) for line in apart]
    energy = {line["method"]: line["energy"][0] for line in scene["rows"] if line["k"] == KS[-1]}
    sharp = energy[SAMPLER] / energy[OWN]
    covered = [line["covered"][1] for line in scene["reliability"] if line["method"] == SAMPLER]
    checks = {
        f"10-way better beyond doubt at {ways.count(1)} of {len(ways)} k": ways.count(1) >= WINS_AT_LEAST,
        f"10-way or PixCorr worse beyond doubt at {(ways + pixels).count(-1)} places": -1 not in ways + pixels,
        f"edges {sharp:.2f} times the true embedding's painting": SHARP[0] <= sharp <= SHARP[1],
        "coverage of the 90 % interval " + " / ".join(f"{value:.3f}" for value in covered): all(
            HONEST[0] <= value <= HONEST[1] for value in covered
        ),
    }
    reasons = [f"{words}: {'yes' if right else 'no'}" for words, right in checks.items()]
    return {"ship": all(checks.values()), "reasons": reasons}


def wanted(scene):
    """Lines of figures that were to be reached, for the told scene."""
    lines = []
    for at, k in enumerate(KS):
        found = {line["method"]: line for line in scene["rows"] if line["k"] == k}
        cells = []
        for name, least in WANTED.items():
            if name in found[BEST]["scores"]:
                value = found[BEST]["scores"][name][0]
                cells.append(f"{value:.3f} of {least[at]:.2f}: {'reached' if value >= least[at] else 'missed'}")
            else:
                cells.append("–")
        for method in (BEST, DRAW):
            value = found[method]["energy"][0]
            cells.append(f"{value:.3f}: {'within' if ENERGY[0] <= value <= ENERGY[1] else 'outside'}")
        lines.append(f"| {k} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def interval(values, signed=False):
    form = "+.3f" if signed else ".3f"
    value, low, high = values
    return f"{value:{form}} [{low:{form}}, {high:{form}}]"


def method_line(row):
    cells = [interval(row["scores"][name]) if name in row["scores"] else "–" for name in SCORES]
    return f"| {row['k']} | {row['method']} | {row['questions']} | " + " | ".join(cells) + f" | {interval(row['energy'])} |"


def difference_line(title, row):
    cells = [interval(row["scores"][name], True) if name in row["scores"] else "–" for name in COMPARED]
    return f"| {title} | {row['k']} | {row['first']} − {row['second']} | " + " | ".join(cells) + " |"


def seeds_line(title, row):
    cells = [" / ".join(f"{v:.3f}" for v in row["seeds"][name]) if name in row["seeds"] else "–" for name in COMPARED]
    return f"| {title} | {row['k']} | {row['method']} | " + " | ".join(cells) + " |"


def reliability_line(title, row):
    cells = [f"{value:.3f}" for value in (*row["covered"], row["uneven"], *row["elsewhere"], *row["agreement"])]
    taken = [f"{value:.3f}" if value is not None else "–" for value in row["taken"]]
    return f"| {title} | {row['k']} | {row['method']} | " + " | ".join(cells + taken) + " |"


def markdown(kept):
    """The first section: what is painted in each scope."""
    parts = [PAINTED_TEXT.format(**kept["facts"])]
    if WORDS.exists():
        parts.append(WORDS.read_text(encoding="utf-8").rstrip("\n"))
    shown = [method for method in METHODS if method not in (SAMPLER, TYPICAL, GAUSSIAN)]
    for scene in kept["scenes"]:
        parts.append(f"\n### {scene['title']}\n\n{COLUMNS}")
        parts += [method_line(row) for row in scene["rows"] if row["method"] in shown]
    told = next(scene for scene in kept["scenes"] if scene["scope"] == "told")
    parts += [WANTED_TEXT, wanted(told), DIFFERENCES]
    for scene in kept["scenes"]:
        lines = [row for row in scene["differences"] if row["second"] in (MEAN, RETRIEVAL)]
        parts += [difference_line(scene["title"], row) for row in lines]
    parts.append(SEEDS_TEXT)
    for scene in kept["scenes"]:
        parts += [seeds_line(scene["title"], row) for row in scene["rows"] if row["method"] == DRAW]
    return "\n".join(parts) + "\n"


def imagined_markdown(kept):
    """The second section: the sampler against the exact posterior."""
    scenes = [scene for scene in kept["scenes"] if scene["reliability"]]
    parts = [IMAGINED_TEXT.format(**kept["facts"]), verdict_words(scenes)]
    shown = (DRAW, SAMPLER, GAUSSIAN, BEST, TYPICAL, MEAN, RETRIEVAL, OWN)
    for scene in scenes:
        parts.append(f"\n### Imagined: {scene['title']}\n\n{COLUMNS}")
        order = [row for k in KS for method in shown for row in scene["rows"] if (row["k"], row["method"]) == (k, method)]
        parts += [method_line(row) for row in order]
    parts.append(DIFFERENCES)
    for scene in scenes:
        lines = [row for row in scene["differences"] if row["second"] not in (MEAN, RETRIEVAL)]
        parts += [difference_line(scene["title"], row) for row in lines]
    parts.append(SEEDS_TEXT)
    for scene in scenes:
        parts += [seeds_line(scene["title"], row) for row in scene["rows"] if row["method"] in (DRAW, SAMPLER, GAUSSIAN)]
    parts.append(RELIABLE)
    for scene in scenes:
        parts += [reliability_line(scene["title"], row) for row in scene["reliability"]]
    return "\n".join(parts) + "\n"


def developed_markdown(kept):
    """The second section while no subject has been asked: what is known from development concepts alone."""
    lines = [
        f"| {name} ({kept['pictures'][name]}) | {who} | " + " | ".join(f"{value:.3f}" for value in values) + " |"
        for name, of_each in kept["losses"].items()
        for who, values in of_each.items()
    ]
    rows = [reliability_line("made-up answers", row | {"taken": [None, None]}) for row in kept["rows"]]
    return "\n".join([DEVELOPED_TEXT.format(**kept, losses_table="\n".join(lines)), RELIABLE, *rows]) + "\n"


def verdict_words(scenes):
    """One line for each scene."""
    lines = []
    for scene in scenes:
        found = scene["verdict"]
        if found is None:
            lines.append(f"- **{scene['title']}: not judged** (no independent scorer).")
        else:
            words = "the sampler" if found["ship"] else "the exact posterior over the remembered drawings"
            lines.append(f"- **{scene['title']}: {words}.** " + "; ".join(found["reasons"]) + ".")
    return "\n".join(lines)


HEAD, IMAGINED_HEAD = "## Painted", "## The generator imagines: sampler against exact posterior"

PAINTED_TEXT = (
    HEAD
    + """

Written by `models/training/train.py painted-scores`. Simulated subjects {subjects}, −14 dB, zero-shot, looked at once for this
table; they were named before the first of them was simulated. Every method paints through the pack's prior, denoiser ({steps} step)
and decoder. "Best guess": the most probable picture in play. "One draw": a picture drawn from the posterior, {seeds} seeds.
"Retrieval": the picture nearest to the mean answer by cosine. "Mean": the pack's own way before the posterior, a blend. "True
embedding": what could be had if the answer were known. Questions: the first k looks of each picture and subject. 10-way: by
a network that had no part in training ({scorer}), chance .1; distractors are other truths of the table. Gradient energy: edges of
all paintings over edges of all truths; gradient ratio: the mean of each painting's. Intervals are 95 %, over subjects.
"""
)

COLUMNS = (
    "| k | method | questions | 10-way ↑ | PixCorr ↑ | SSIM ↑ | edge match ↑ | perceptual distance ↓ | gradient ratio | gradient energy |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)

WANTED_TEXT = """
**What was to be reached** (told, best guess; gradient energy within .9 to 1.1, for draws as well):

| k | 10-way | PixCorr | energy, best guess | energy, one draw |
|---|---|---|---|---|"""

DIFFERENCES = """
**Differences on the same questions** (a lower perceptual distance is better):

| shown | k | | 10-way | PixCorr | edge match | perceptual distance |
|---|---|---|---|---|---|---|"""

SEEDS_TEXT = """
**Seed by seed:**

| shown | k | method | 10-way | PixCorr | edge match | perceptual distance |
|---|---|---|---|---|---|---|"""

IMAGINED_TEXT = (
    IMAGINED_HEAD
    + """

A flow in the space of embeddings (`models/training/sampler.py`: {parameters} parameters, {walk}), trained for {trained} of
{planned} steps on {drawings} drawings
and variants with answers that the answer model made up; {speed} on one thread of a busy machine. "Gaussian": the same
posterior if embeddings were Gaussian, in closed form, with no network. "Most typical": of {imagined} draws the one that is most like
the others. Steps and temperature ({temperature}) are as they were first set; development: subjects {developed}. The questions
are those of the table above.

The rule, stated before these subjects were looked at: a sampler is shipped for what is shown if, draw for draw, its 10-way score
is above that of the exact posterior over the remembered drawings beyond doubt (95 % interval over subjects) at two of k = 1, 3, 10 at least;
no difference in 10-way or PixCorr is below it beyond doubt; the edges of its draws at k = 10 are .8 to 1.25 times those of the
true embedding's painting; and its central 90 % intervals hold the truth in .85 to .95 along the informative directions at each k.
If not, the exact posterior stays.
"""
)

DEVELOPED_TEXT = (
    IMAGINED_HEAD
    + """

**Not compared on untouched subjects yet, so nothing is shipped:** the exact posterior over the remembered drawings stays in every scope. What
follows is of development concepts with answers that the answer model made up ({asked} pictures; no subject, nothing painted), and of a
flow (`models/training/sampler.py`) after {steps} steps of its training. "Gaussian": the same posterior if embeddings were Gaussian, in closed
form, with no network; the flow begins as that. Loss: mean squared error of the best guess at k = 1, 3 and 10, in units of how far the Gaussian's may be
off.

| pictures | | k = 1 | 3 | 10 |
|---|---|---|---|---|
{losses_table}
"""
)

RELIABLE = """
**Can draws be believed?** Share of truths within the central 50 % and 90 % of {0} draws along the directions that answers tell of, and
unevenness of ranks there (0: even); the same shares along random directions; cosine of a draw to the truth, of two draws to each
other, and of the mean of draws to the truth. If draws are what the posterior is, the first two cosines are the same. Last: 10-way
score of a draw where the right answer is the truth's own painting, and where it is another draw: the same if draws are honest.

| shown | k | method | within 50 % | within 90 % | unevenness | elsewhere 50 % | 90 % | to the truth | two draws | mean | 10-way: truth | another draw |
|---|---|---|---|---|---|---|---|---|---|---|---|---|""".format(painted.IMAGINED)
