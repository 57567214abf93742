"""Paints and judges all questions of all scenes, and says how far draws can be believed.

Takes   a `Bench`: answer model, sampler, graphs, scorer, pictures; {pool: `Answers`}.
Gives   `measure`: what painted_scores.json holds of each scene: rows, differences, reliability, verdict.
Keeps   what was judged is kept in a file, so that a stopped run goes on; it is judged anew with other graphs.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import painted
import painted_report
import sampler_judge
from painted import DRAW, KS, OWN, Jury, Paintings

# A sampler is for pictures never seen: of remembered ones the exact posterior holds the truth.
IMAGINED_OF = "unseen"
PAINTERS = ("prior.onnx", "denoiser.onnx", "decoder.onnx")


@dataclass(frozen=True)
class Bench:
    """What is needed: `table` f32 [pictures, dim] are the embeddings of the picture set, `images` u8 [pictures, 3, h, w],
    `concepts` a list; `imagined` the samplers (painted.imaginations) of `space`; `kept` the file of what was judged."""

    model: object
    space: object
    imagined: dict
    table: torch.Tensor
    scenes: list
    graphs: object
    scorer: object
    images: torch.Tensor
    concepts: list
    pack: Path
    kept: Path


def measure(bench, found):
    """{scenes: […]} of {pool: `Answers`}."""
    asked = {}
    for scene in bench.scenes:
        for k in KS:
            given = painted.questions(bench.model, found[scene.shown], k, scene.asked)
            imagined = bench.imagined if scene.shown == IMAGINED_OF else {}
            answers = painted.answered(scene, bench.model, given, bench.graphs.sureness, imagined)
            asked[scene.title, k] = given, answers
    paintings = Paintings(bench.graphs, bench.scorer, bench.table, juries(bench, asked))
    load(bench, paintings)
    paintings.judge(wanted(asked), keep=lambda: save(bench, paintings))
    return {"scenes": [scored(bench, paintings, scene, asked) for scene in bench.scenes]}


def wanted(asked):
    """All (painting, title, truth) of questions and their answers."""
    for (title, _), (given, answers) in asked.items():
        for lines in answers.values():
            for line in lines:
                for painting, row in zip(line, given.picture.tolist()):
                    if painting is not None:
                        yield painting, title, row


def juries(bench, asked):
    """{title: `Jury` of all truths of that scene}."""
    truths = {}
    for (title, _), (given, _) in asked.items():
        truths.setdefault(title, set()).update(given.picture.tolist())
    made = {}
    for title, rows in truths.items():
        rows = sorted(rows)
        pixels = (bench.images[rows].float() / 255.0).numpy()
        made[title] = Jury(bench.scorer, rows, pixels, [bench.concepts[row] for row in rows])
    return made


def scored(bench, paintings, scene, asked):
    """What is kept of one scene."""
    kept = {"title": scene.title, "scope": scene.scope, "rows": [], "differences": [], "reliability": []}
    for k in KS:
        given, answers = asked[scene.title, k]
        rows, apart = painted_report.rows(paintings, scene, k, given, answers)
        kept["rows"] += rows
        kept["differences"] += apart
        if bench.imagined and scene.shown == IMAGINED_OF:
            kept["reliability"] += reliability(bench, paintings, scene, given, answers)
    kept["verdict"] = painted_report.verdict(kept) if kept["reliability"] else None
    return kept


def reliability(bench, paintings, scene, given, answers):
    """Rows on how far the draws of the exact posterior and of each sampler can be believed."""
    truth = bench.table[given.picture].double().numpy()
    log_p = bench.model.posterior(given.seen, scene.gallery.embeddings, scene.scope)
    several = {DRAW: scene.gallery.embeddings[painted.several(log_p, given.k)]}
    several |= {method: draw(given.seen, given.k).astype(np.float64) for method, draw in bench.imagined.items()}
    return [
        {
            "method": method,
            "k": given.k,
            "taken": taken(paintings, scene, given, answers, method),
            **sampler_judge.believed(draws, truth, bench.space.informative()),
        }
        for method, draws in several.items()
    ]


def taken(paintings, scene, given, answers, method):
    """[10-way score of draws where the truth's own painting is right, and where another draw is]."""
    if paintings.scorer is None:
        return [None, None]
    jury, features = paintings.juries[scene.title], paintings.features
    first, second, *_ = answers[method]
    found = []
    for one, other, own, row in zip(first, second, answers[OWN][0], given.picture.tolist()):
        seen = [features[painted.name(part)] for part in (one, other, own)]
        found.append([jury.taken_for(seen[0], right, row) for right in (seen[2], seen[1])])
    return np.mean(found, axis=0).tolist()


def save(bench, paintings):
    """Keeps what was judged so far."""
    fresh = bench.kept.with_suffix(".fresh")
    torch.save({"made_with": made_with(bench), "scores": paintings.scores, "features": paintings.features}, fresh)
    fresh.replace(bench.kept)


def load(bench, paintings):
    """What an earlier run judged with the same graphs and scorer."""
    if bench.kept.exists():
        kept = torch.load(bench.kept, weights_only=False)
        if kept["made_with"] == made_with(bench):
            paintings.scores, paintings.features = kept["scores"], kept["features"]


def made_with(bench):
    """Which graphs painted, and whether there was a scorer."""
    return [hashlib.sha256((bench.pack / name).read_bytes()).hexdigest() for name in PAINTERS] + [bench.scorer is not None]
