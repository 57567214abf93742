"""A memory widened by mirrored, recoloured and mixed drawings: the cheap rival of a posterior sampler.

Takes   drawn pictures (`--pictures`), a pack with its answer model (`--pack`), the simulator (`--simulator`), the folder
        of networks that judge (`--scorer`); everything on the CPU.
Gives   `widened.json` in `--work` and widened.md beside this file: for remembered drawings, variants of them and pictures
        that no training saw, the exact posterior over the remembered drawings, over the memory widened by variants, and
        over that with mixtures; retrieval by cosine and the pack's own mean; all painted by the pack's generator.
Keeps   only training and development pictures are read, never test ones. Variants: the mirror image, and the channels
        rotated once and twice (hue by 120° and 240°); one that its drawing's embedding hardly differs from is left out.
        Mixtures are embeddings half-way between a drawing and one of its nearest, so that they need no picture. All rows
        of a memory have the same prior, but for HALF: there the remembered drawings have half of it. Temperatures are
        fitted to TUNED, figures are of JUDGED; the pack's own temperatures were fitted to 921 to 960, which both are of.
        The simulator is asked with embeddings: what its wearer sees of a variant is what the image encoder sees of it.

        python models/training/widened.py --pictures DIR --scorer DIR --simulator COMMAND --work DIR [--part figures]
"""

import argparse
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp

import answers_data
import calibration
import metrics
import pictures
import widened_report
from answers import AnswerModel
from answers_data import Plan
from answers_judge import Asked, asked
from scorer import Scorer
from widened_memory import ALIKE, HALF, MEMORIES, VARIANTS, Graphs, Shelf, memories

HERE = Path(__file__).resolve().parent
KS = (1, 3, 10)
TUNED = {"remembered": 131, "variants": 132}
JUDGED = {"remembered": 141, "variants": 142, "unseen drawings": 143, "unseen concepts": 144}
PAINTED_OF_EACH = 5
IMAGES = 3
BLOCK = 400
MOST_TUNED, MOST_JUDGED = 1000, 1000
WAYS = 10
PAINTED = ("remembered", "widened", "widened, mixed")
PAINTED_POOLS = ("unseen drawings", "unseen concepts", "variants", "remembered")
METHODS = ("mean", "retrieval", *(f"posterior, {name}" for name in PAINTED))


def plan(role_seed, first, pool):
    """Eight development subjects, 40 pictures each, ten looks at each."""
    return Plan("development", first, first + 7, pool, 40, 400, seed=role_seed)


def shown_as_prior(model, name, found, k):
    """[`Asked`, …] of what was shown as the prior of a memory says: remembered drawings, and as many variants or, where
    all have the same prior, three times as many. Mixtures were shown to nobody."""
    rows = found["remembered"].groups(k)[:: 1 if name in ("remembered", HALF) else 3]
    parts = [asked(model, found["remembered"], rows)]
    if name != "remembered":
        parts.append(asked(model, found["variants"], found["variants"].groups(k)))
    return parts


def temperatures(model, tuned, memory, name):
    """{k: T} of one memory, from the subjects TUNED."""
    fitted = {}
    for k in KS:
        parts = shown_as_prior(model, name, tuned, k)
        apart = -(-sum(len(part.picture) for part in parts) // MOST_TUNED)
        likely = [model.log_likelihood(part.seen.at(slice(None, None, apart)), memory.embeddings) for part in parts]
        true = np.concatenate([memory.place[part.picture[::apart]] for part in parts])
        fitted[k] = best_temperature(np.concatenate(likely), memory.log_prior, true)
    return fitted


def best_temperature(likely, log_prior, true):
    """T of least log loss beside a prior, of which log likelihoods are divided."""
    rows = np.arange(len(true))

    def lost(log_t):
        return -log_softmax(likely / np.exp(log_t) + log_prior, axis=1)[rows, true].mean()

    return float(np.exp(minimize_scalar(lost, bounds=(-0.7, 0.7), method="bounded", options={"xatol": 3e-3}).x))


def told(model, memory, temperature, given, truth):
    """{name: f64 [n]} of what one memory says of `Asked`; `truth` f64 [n, 256] are the true embeddings."""
    kept = []
    for part in np.array_split(np.arange(len(truth)), -(-len(truth) // BLOCK)):
        seen, true = given.seen.at(part), memory.place[given.picture[part]]
        likely = model.log_likelihood(seen, memory.embeddings)
        density = logsumexp(likely + memory.log_prior, axis=1)
        log_p = memory.log_posterior(likely, temperature)
        near, p = truth[part] @ memory.embeddings.T, np.exp(log_p)
        expected = p @ memory.embeddings
        said = {
            "evidence": (density - model.log_background(seen)) / np.log(2.0),
            "best_cosine": near[np.arange(len(part)), log_p.argmax(axis=1)],
            "draw_cosine": (p * near).sum(axis=1),
            "expected_cosine": (expected * truth[part]).sum(axis=1) / np.linalg.norm(expected, axis=1),
            "nearest": near.max(axis=1),
            "gain": (p * (log_p - memory.log_prior)).sum(axis=1) / np.log(2.0),
            "confidence": p.max(axis=1),
        }
        if (true >= 0).all():
            said |= calibration.judged(log_p, true)
        kept.append(said)
    return {name: np.concatenate([said[name] for said in kept]) for name in kept[0]}


def thinned(given):
    """At most MOST_JUDGED of `Asked`, evenly spread."""
    some = slice(None, None, -(-len(given.picture) // MOST_JUDGED))
    return Asked(given.seen.at(some), given.picture[some], given.subject[some])


def chance_ece(confidence, draws=300):
    """The calibration error that so many probabilities would have in the mean if each were right."""
    draw = np.random.default_rng(3)
    return float(np.mean([calibration.ece(confidence, draw.random(len(confidence)) < confidence) for _ in range(draws)]))


def mean_cosine(graphs, found, shelf, pool, k):
    """A row for the pack's own mean."""
    groups = found.groups(k)
    asked_with, truth = graphs.sureness.embedding(found.answer[groups]), shelf.embeddings[found.picture[groups[:, 0]]]
    cosine = torch.nn.functional.cosine_similarity(asked_with, truth).mean().item()
    return {"pool": pool, "memory": "the mean", "k": k, "means": len(groups), "expected_cosine": cosine}


def figures(model, memory, fitted, name, judged, shelf):
    """Rows {pool, memory, k, …} without painting; "as the prior says" mixes remembered drawings and variants so."""
    rows = []
    for k in KS:
        given = {pool: [asked(model, found, found.groups(k))] for pool, found in judged.items()}
        if name != "remembered":
            given["as the prior says"] = shown_as_prior(model, name, judged, k)
        for pool, parts in given.items():
            said = []
            for part in map(thinned, parts):
                truth = shelf.embeddings[part.picture].double().numpy()
                said.append(told(model, memory, fitted[k], part, truth))
            said = {key: np.concatenate([one[key] for one in said]) for key in said[0]}
            row = {"pool": pool, "memory": name, "k": k, "means": len(said["gain"]), "temperature": fitted[k]}
            row |= {key: float(values.mean()) for key, values in said.items()}
            if "hit" in said:
                row["ece"] = calibration.ece(said["confidence"], said["hit"])
                row["chance_ece"] = chance_ece(said["confidence"])
            if pool in judged:
                row["each"] = {key: said[key] for key in ("best_cosine", "expected_cosine")}
                row["each"]["concepts"] = [shelf.concept(picture) for picture in thinned(parts[0]).picture.tolist()]
            rows.append(row)
    return rows


def questions(found, k):
    """Rows i64 [n, k] of trials: the first k of the first few pictures that each subject was shown k times or more."""
    groups, chosen, count = found.groups(k), [], {}
    before = set()
    for index, row in enumerate(groups[:, 0].tolist()):
        subject, picture = int(found.subject[row]), int(found.picture[row])
        if (subject, picture) not in before and count.get(subject, 0) < PAINTED_OF_EACH:
            before.add((subject, picture))
            count[subject] = count.get(subject, 0) + 1
            chosen.append(index)
    return groups[chosen]


def answers_of(method, model, held, fitted, graphs, trials, draw):
    """Embeddings f64 [n, IMAGES, 256] that one method paints: its best guess, and two draws."""
    if method == "mean":
        return np.repeat(graphs.sureness.embedding(trials).double().numpy()[:, None], IMAGES, axis=1)
    if method == "retrieval":
        memory = held["remembered"].embeddings
        nearest = (trials.double().mean(dim=1).numpy() @ memory.T).argmax(axis=1)
        return np.repeat(memory[nearest][:, None], IMAGES, axis=1)
    name = method.removeprefix("posterior, ")
    seen = model.seen(trials.double().numpy())
    log_p = held[name].log_posterior(model.log_likelihood(seen, held[name].embeddings), fitted[name][seen.k])
    rows = [[line.argmax(), *draw.choice(len(line), IMAGES - 1, p=np.exp(line) / np.exp(line).sum())] for line in log_p]
    return held[name].embeddings[np.array(rows)]


def painted(pool, found, model, held, fitted, graphs, scorer, shelf):
    """{"k method": {score: [per question], …}} of one pool, with "ceiling" and "floor"."""
    kept = {}
    for k in KS:
        groups = questions(found, k)
        rows = found.picture[groups[:, 0]].tolist()
        truth = np.stack([shelf.pixels(row).transpose(2, 0, 1) for row in rows]).astype(np.float32) / 255.0
        judge = Identified(scorer, truth, [shelf.concept(row) for row in rows])
        if k == KS[0]:
            own = np.stack([graphs.paint(shelf.embeddings[row].numpy(), [row, 0]) for row in rows])
            kept["ceiling"] = {"best": judge.scores(own), "concepts": judge.concepts}
            kept["floor"] = {"best": judge.scores(np.roll(truth, 1 + len(truth) // 3, axis=0)), "concepts": judge.concepts}
        for method in METHODS:
            draw = np.random.default_rng([k, len(method), len(pool)])
            wanted = answers_of(method, model, held, fitted, graphs, found.answer[groups], draw)
            images = [np.stack([graphs.paint(e, [row, i]) for row, e in zip(rows, wanted[:, i])]) for i in range(IMAGES)]
            scores = [judge.scores(part) for part in images]
            draws = {name: (scores[1][name] + scores[2][name]) / 2.0 for name in scores[0]}
            kept[f"{k} {method}"] = {"best": scores[0], "draw": draws, "apart": judge.apart(*images[1:])}
            kept[f"{k} {method}"]["concepts"] = judge.concepts
        print(f"painted: {pool}, k = {k}", flush=True)
    return kept


class Identified:
    """Truths f32 [n, 3, h, w] seen by the independent network, and what pictures score against them, row for row."""

    def __init__(self, scorer, truth, concepts):
        self.scorer, self.truth, self.concepts = scorer, truth, concepts
        self.features = scorer.embed(truth)

    def scores(self, images):
        """{name: f64 [n]}."""
        likeness = metrics.correlations(self.scorer.embed(images), self.features)
        return {
            "ssim": metrics.ssim(images, self.truth),
            "pixcorr": metrics.pixcorr(images, self.truth),
            "gradient_ratio": metrics.gradient_ratio(images, self.truth),
            "n_way": metrics.n_way(likeness, np.arange(len(images)), WAYS, groups=self.concepts),
        }

    def apart(self, first, second):
        """How alike two draws are: {name: f64 [n]}."""
        one, other = self.scorer.embed(first), self.scorer.embed(second)
        return {"pixcorr": metrics.pixcorr(first, second), "features": np.diag(metrics.correlations(one, other))}


def measure(options):
    """Everything, as it is kept in widened.json."""
    graphs = Graphs(options.pack, options.threads)
    found = pictures.load(options.pictures)
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    shelf = Shelf(found, graphs, options.pack, options.work / "variants.npz")
    print(f"{len(shelf.variants)} of {len(shelf.likeness)} variants kept", flush=True)
    run = SimpleNamespace(work=options.work, pack=options.pack, split=shelf.split, repository=HERE.parents[1])
    run.embeddings = shelf.embeddings
    run.options = SimpleNamespace(threads=options.threads, simulator=options.simulator, quick=False)
    tuned = {p: answers_data.answers(run, f"tuned_{p}", plan(s, 921, p), shelf.pool(p)) for p, s in TUNED.items()}
    judged = {p: answers_data.answers(run, f"judged_{p}", plan(s, 941, p), shelf.pool(p)) for p, s in JUDGED.items()}
    model, held = AnswerModel.load(options.pack / "answers.safetensors"), memories(shelf)
    fitted = {name: temperatures(model, tuned, held[name], name) for name in MEMORIES[:3]}
    # No mixture was shown to anyone: its temperature is that of the widened memory.
    fitted["widened, mixed"] = fitted["widened"]
    kept = begun(options) | {"facts": facts(shelf, held)}
    if options.part != "painted":
        kept["figures"] = [mean_cosine(graphs, found, shelf, pool, k) for pool, found in judged.items() for k in KS]
        for name in MEMORIES:
            kept["figures"] += figures(model, held[name], fitted[name], name, judged, shelf)
        write(options, kept)
    for pool in PAINTED_POOLS if options.part != "figures" else ():
        scorer = Scorer.load(options.scorer, options.threads)
        kept["painted"][pool] = painted(pool, judged[pool], model, held, fitted, graphs, scorer, shelf)
        write(options, kept)


def begun(options):
    """What an earlier run kept, of which one part may be made again."""
    path = options.work / "widened.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"figures": [], "painted": {}}


def facts(shelf, held):
    """Sizes and how many variants were left out."""
    kinds = shelf.likeness.reshape(len(VARIANTS), -1)
    return {
        "rows": {name: len(memory.embeddings) for name, memory in held.items()},
        "kept": {name: int((line <= ALIKE).sum()) for name, line in zip(VARIANTS, kinds)},
        "likeness": {name: float(np.median(line)) for name, line in zip(VARIANTS, kinds)},
        "dim": shelf.embeddings.shape[1],
    }


def write(options, kept):
    """Keeps what is known so far, and the table made of it."""
    path = options.work / "widened.json"
    path.write_text(json.dumps(kept, default=lambda values: np.asarray(values).tolist()), encoding="utf-8")
    widened_report.write(json.loads(path.read_text(encoding="utf-8")), HERE / "widened.md")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, required=True, help="folder with the drawn pictures")
    parser.add_argument("--pack", type=Path, default=HERE.parent / "demo")
    parser.add_argument("--scorer", type=Path, required=True, help="folder with the networks that judge")
    parser.add_argument("--simulator", help="command of the simulator; cargo builds it without")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is kept between runs")
    parser.add_argument("--part", choices=("all", "figures", "painted"), default="all")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    torch.set_num_threads(1)
    measure(arguments())
