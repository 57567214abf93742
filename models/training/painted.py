"""What the program would show, painted and judged: best guess, draws, mean, retrieval, and what a sampler imagines.

Takes   an `AnswerModel`; `Answers` of simulated subjects; a `Scene` of one scope: its pictures in play and its truths.
Gives   `questions`; `answered`: which paintings each method answers a question with; `Paintings`: paints each of them once
        and judges it against every truth that it is an answer to.
Keeps   a picture of the memory is painted once, from its own embedding and with its own noise, however many questions it
        answers; a mean or a sampler's draw once for its question. A method's draws have seeds, and each seed's scores are
        kept. A distractor of the 10-way score is the truth of another question of the same scope and of another concept.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

import metrics
import sampler
from answers_judge import asked

KS = (1, 3, 10)
SEEDS = (1, 2, 3)
WAYS = 10
# Draws of the sampler for one question, of which the one that is most like the others is its best guess. With the truth they
# are 20: central shares of .5 and .9 are whole numbers of them.
IMAGINED = 19
BEST, DRAW, MEAN, RETRIEVAL = "best guess", "one draw", "mean", "retrieval"
SAMPLER, TYPICAL, GAUSSIAN = "sampler, one draw", "sampler, most typical", "Gaussian, one draw"
OWN = "true embedding"
DIGITS = 12
KEPT_EVERY = 500


@dataclass(frozen=True)
class Scene:
    """One scope, the pool that is shown, and how many pictures each subject is asked for, `blended` of them with the mean as
    well: `gallery` (answers_judge.Gallery) of the pictures in play, which are these rows of the picture set."""

    title: str
    scope: str
    shown: str
    asked: int
    blended: int
    gallery: object
    rows: list


@dataclass(frozen=True)
class Question:
    """Trials f64 [n, k, dim] of n questions, with the picture and the subject of each; `model` has `seen` them."""

    trials: np.ndarray
    seen: object
    picture: np.ndarray
    subject: np.ndarray

    @property
    def k(self):
        return self.seen.k


def questions(model, found, k, asked_of_each):
    """The `Question`s of `Answers`: the first k looks of each picture and subject that has so many. Each subject is asked for
    so many pictures, drawn anew for each subject and the same for each k."""
    groups, first = found.groups(k), {}
    for index, row in enumerate(groups[:, 0].tolist()):
        first.setdefault((int(found.subject[row]), int(found.picture[row])), index)
    chosen = []
    for subject in sorted({subject for subject, _ in first}):
        shown = found.picture[found.subject == subject].unique().numpy()
        order = np.random.default_rng([asked_of_each, subject]).permutation(shown).tolist()
        chosen += [first[subject, row] for row in order if (subject, row) in first][:asked_of_each]
    rows = groups[chosen]
    given = asked(model, found, rows)
    return Question(found.answer[rows], given.seen, given.picture, given.subject)


def answered(scene, model, given, sureness, imagined):
    """{method: [[painting of each question] of each seed]}. A painting is a tuple that names it and says how it is
    embedded: ("picture", row) or (method, title, k, question, seed, embedding). `imagined`: `imaginations`."""
    log_p = model.posterior(given.seen, scene.gallery.embeddings, scene.scope)
    mean = given.trials.double().mean(dim=1).numpy()
    found = {
        BEST: [[("picture", scene.rows[i]) for i in log_p.argmax(axis=1)]],
        DRAW: [[("picture", scene.rows[i]) for i in drawn(log_p, [seed, given.k])] for seed in SEEDS],
        RETRIEVAL: [[("picture", scene.rows[i]) for i in (mean @ scene.gallery.embeddings.T).argmax(axis=1)]],
        MEAN: [some(own(MEAN, scene, given, 0, sureness.embedding(given.trials).numpy()), given.subject, scene.blended)],
        OWN: [[("picture", row) for row in given.picture.tolist()]],
    }
    for method, draw in imagined.items():
        several = draw(given.seen, given.k)
        found[method] = [own(method, scene, given, seed, several[:, i]) for i, seed in enumerate(SEEDS)]
        if method == SAMPLER:
            found[TYPICAL] = [own(TYPICAL, scene, given, 0, typical(several))]
    return found


def own(method, scene, given, seed, embeddings):
    """Paintings of a method that paints anew for each question."""
    return [(method, scene.title, given.k, i, seed, embedding.astype(np.float32)) for i, embedding in enumerate(embeddings)]


def some(paintings, subject, of_each):
    """The first few paintings of each subject, and None for the others."""
    before = [int((subject[:i] == subject[i]).sum()) for i in range(len(subject))]
    return [painting if count < of_each else None for painting, count in zip(paintings, before)]


def drawn(log_p, seed):
    """One column of each row of log probabilities f64 [n, m], drawn by them."""
    turned = log_p + np.random.default_rng(seed).gumbel(size=log_p.shape)
    return turned.argmax(axis=1)


def several(log_p, seed):
    """IMAGINED columns of each row, drawn by log probabilities f64 [n, m]: i64 [n, IMAGINED]."""
    return np.stack([drawn(log_p, [i, seed, 5]) for i in range(IMAGINED)], axis=1)


def typical(several):
    """Of draws f32 [n, draws, dim] of each question the one that is most like the others, f32 [n, dim]."""
    alike = np.einsum("nid,nd->ni", several, several.sum(axis=1))
    return several[np.arange(len(several)), alike.argmax(axis=1)]


def imaginations(space, flow):
    """The samplers of `answered`: {method: function of `Seen` and k → draws f32 [n, IMAGINED, dim]}."""
    walkers = {SAMPLER: flow, GAUSSIAN: sampler.Gaussian()}
    return {
        method: lambda seen, k, walker=walker: sampler.draws(space, walker, seen, IMAGINED, seed=k).numpy()
        for method, walker in walkers.items()
        if walker is not None
    }


class Jury:
    """Truths of one scene, f32 [n, 3, h, w], one for each row of the picture set in `rows`; `concepts` are theirs."""

    def __init__(self, scorer, rows, truth, concepts):
        self.scorer, self.truth, self.concepts = scorer, truth, concepts
        self.place = {row: index for index, row in enumerate(rows)}
        self.features = scorer.embed(truth) if scorer else None
        self.maps = [looked(scorer, truth[i : i + 1]) for i in range(len(truth))] if scorer else None
        self.ways = min(WAYS, len(set(concepts)))

    def scores(self, image, features, maps, row):
        """{name: value} of one painting as an answer to a question whose truth is `row`."""
        at = self.place[row]
        truth = self.truth[at : at + 1]
        edges = [float(metrics.gradient_magnitude(side).mean()) for side in (image, truth)]
        found = {
            "pixcorr": float(metrics.pixcorr(image, truth)[0]),
            "ssim": float(metrics.ssim(image, truth)[0]),
            "edge_match": float(metrics.edges(image, truth)[1][0]),
            "edges": edges[0],
            "true_edges": edges[1],
            "gradient_ratio": edges[0] / max(edges[1], metrics.TINY),
        }
        if self.scorer:
            found["n_way"] = self.identified(features, at, self.features)
            found["perceptual"] = float(metrics.perceptual(maps, self.maps[at])[0])
        return found

    def identified(self, features, at, pool):
        """10-way score of one painting's features f32 [1, 1024] among a pool whose own row is `at`."""
        return float(metrics.n_way(metrics.correlations(features, pool), [at], self.ways, groups=self.concepts)[0])

    def taken_for(self, features, other, row):
        """10-way score where another painting's features stand in the place of the truth's."""
        pool, at = self.features.copy(), self.place[row]
        pool[at] = other
        return self.identified(features[None].astype(np.float32), at, pool)


def looked(scorer, image):
    """Feature maps of one picture f32 [1, 3, h, w] at unit length, in half precision."""
    return [metrics.unit_channels(layer).astype(np.float16) for layer in scorer.layers(image)]


class Paintings:
    """Paints and judges what `answered` names, each painting once: `scores` {(name, scene, truth): {score: value}}, and
    what the independent network sees in each painting, `features` {name: f32 [1024]}."""

    def __init__(self, graphs, scorer, embeddings, juries):
        self.graphs, self.scorer, self.embeddings, self.juries = graphs, scorer, embeddings, juries
        self.scores, self.features = {}, {}

    def judge(self, wanted, keep=lambda: None):
        """Judges all of [(painting, title of its scene, row of the truth), …] that were not judged before; `keep` is called
        now and then, and at the end."""
        by_painting = {}
        for painting, title, row in wanted:
            if (name(painting), title, row) not in self.scores:
                by_painting.setdefault(name(painting), (painting, set()))[1].add((title, row))
        for done, (painting, uses) in enumerate(by_painting.values()):
            self.judge_one(painting, uses)
            if done % KEPT_EVERY == KEPT_EVERY - 1:
                print(f"painted: {done + 1} of {len(by_painting)}", flush=True)
                keep()
        keep()

    def judge_one(self, painting, uses):
        image = self.paint(painting)[None]
        features = self.scorer.embed(image) if self.scorer else None
        maps = looked(self.scorer, image) if self.scorer else None
        self.features[name(painting)] = features[0].astype(np.float16) if self.scorer else None
        for title, row in uses:
            self.scores[name(painting), title, row] = self.juries[title].scores(image, features, maps, row)

    def paint(self, painting):
        """f32 [3, h, w] as a screen shows it."""
        if painting[0] == "picture":
            return self.graphs.paint(self.embeddings[painting[1]].numpy(), [painting[1], 0])
        *_, k, question, seed, embedding = painting
        return self.graphs.paint(embedding, [k, question, seed])


def name(painting):
    """What a painting is known by: a picture's row, or a question and what was painted for it."""
    if painting[0] == "picture":
        return painting
    return (*painting[:-1], hashlib.sha256(painting[-1].tobytes()).hexdigest()[:DIGITS])
