"""Markdown tables of scores with their intervals.

Takes   `Record`s: one per condition and method, with one number per picture for each score of `metrics.MEASURES`.
Gives   `results`: mean and 95 % interval of everything, floors first and ceilings last in each condition;
        `differences`: method A - method B, paired by picture, and whether the interval excludes zero.
Keeps   a score that a record does not have is "–", never left out silently; no row is dropped or sorted by score.
"""

from dataclasses import dataclass, field

import numpy as np

import intervals
from metrics import MEASURES

ORDER = {"floor": 0, "method": 1, "ceiling": 2}
WAYS, TOP = 10, 1


@dataclass(frozen=True)
class Record:
    """Scores of one method under one condition: `values` {name of MEASURES: f64 [n]}; `clusters` [n] or None names
    what each picture shows, where several show the same thing; `kind` is "floor", "method" or "ceiling"."""

    condition: str
    method: str
    values: dict
    kind: str = "method"
    clusters: list = field(default=None)

    def __post_init__(self):
        lengths = {len(found) for found in self.values.values()}
        unknown = [name for name in self.values if name not in MEASURES]
        if unknown or len(lengths) != 1 or self.kind not in ORDER:
            raise ValueError(f"{self.condition}, {self.method}: unknown {unknown}, lengths {lengths}, kind {self.kind}")

    @property
    def n(self):
        """How many pictures."""
        return len(next(iter(self.values.values())))


def title(name, ways=WAYS, top=TOP):
    """A score's column title with an arrow for the better way."""
    measure = MEASURES[name]
    arrow = {1: " ↑", -1: " ↓", 0: ""}[measure.better]
    return measure.title.format(ways=ways, top=top, others=ways - 1) + arrow


def results(records, names, ways=WAYS, top=TOP, seed=1):
    """One row per record, grouped by condition in the order of first mention; cells are "mean [low, high]"."""
    conditions = list(dict.fromkeys(record.condition for record in records))
    rows = sorted(records, key=lambda record: (conditions.index(record.condition), ORDER[record.kind]))
    head = ["Condition", "n", "Method"] + [title(name, ways, top) for name in names]
    body = []
    for record in rows:
        label = record.method if record.kind == "method" else f"*{record.kind}: {record.method}*"
        body.append([record.condition, str(record.n), label] + [_mean_cell(record, name, seed) for name in names])
    return markdown(head, body)


def differences(records, pairs, names, ways=WAYS, top=TOP, seed=1):
    """One row per condition, pair (A, B) of methods and score that both have: A - B with its interval and a verdict."""
    by_key = {(record.condition, record.method): record for record in records}
    if len(by_key) != len(records):
        raise ValueError("two records have the same condition and method")
    body = []
    for condition in dict.fromkeys(record.condition for record in records):
        for first, second in pairs:
            a, b = by_key.get((condition, first)), by_key.get((condition, second))
            if a is not None and b is not None:
                shared = [name for name in names if name in a.values and name in b.values]
                body += [_difference_row(a, b, name, title(name, ways, top), seed) for name in shared]
    return markdown(["Condition", "n", "A − B", "Score", "Difference [95 % interval]", "Verdict"], body)


def verdict(difference, better):
    """What a paired difference says: `better` is +1 where higher is better, -1 where lower is, 0 where neither."""
    if not difference.excludes_zero:
        return "includes zero"
    if better == 0:
        return "excludes zero"
    return "excludes zero: A better" if difference.value * better > 0 else "excludes zero: B better"


def markdown(head, body):
    """A Markdown table of strings; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _mean_cell(record, name, seed):
    if name not in record.values:
        return "–"
    found = intervals.mean(record.values[name], record.clusters, seed)
    return f"{_signed(found.value)} [{_signed(found.low)}, {_signed(found.high)}]"


def _difference_row(a, b, name, score, seed):
    if a.clusters is not None and b.clusters is not None and list(a.clusters) != list(b.clusters):
        raise ValueError(f"{a.condition}: {a.method} and {b.method} are not about the same pictures")
    clusters = a.clusters if a.clusters is not None else b.clusters
    found = intervals.paired_difference(a.values[name], b.values[name], clusters, seed)
    value = f"{_signed(found.value, '+')} [{_signed(found.low, '+')}, {_signed(found.high, '+')}]"
    said = verdict(found, MEASURES[name].better)
    return [a.condition, str(a.n), f"{a.method} − {b.method}", score, value, said]


def _signed(value, sign=""):
    """Three decimals, with a true minus; never "-0.000"."""
    value = float(np.round(value, 3)) + 0.0
    return f"{value:{sign}.3f}".replace("-", "−")
