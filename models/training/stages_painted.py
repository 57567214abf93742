"""The stages of `train.py` that paint what the posterior says, and train and try a sampler for pictures never seen.

Takes   a `Run` of train.py whose pack holds answers.safetensors (after `answers`); the simulator; `--scorer`.
          sampler          trains the sampler (sampler.py) on drawings, their variants and made-up answers
          painted-scores   best guess, draws, mean, retrieval and sampler on test subjects: once, at the end
Gives   `sampler.pt`, `sampler.json`, `painted_scores.json` in the work folder; two sections of EVALUATION.md.
Keeps   the test subjects 1301 to 1340 were named here before the first of them was simulated. Steps and temperature of the
        sampler are tried on development subjects (`--part dev`, which prints only). Nothing of it is in the pack.
"""

import json
import time
from types import SimpleNamespace

import numpy as np
import torch

import answers_data
import eeg_training
import export
import loop
import painted
import painted_measure
import painted_report
import posterior_report
import sampler
import sampler_judge
import sampler_train
import stages_answers
from answers import AnswerModel
from answers_data import Plan
from answers_judge import Gallery
from painted import Scene
from painted_measure import Bench
from scorer import Scorer
from widened_memory import Graphs, Shelf

# A dozen looks at each picture: the questions are the first ten.
TEST = {
    "painted_forty": Plan("test", 1301, 1340, "forty", 40, 520, seed=131),
    "painted_remembered": Plan("test", 1301, 1340, "remembered", 4, 52, seed=132),
    "painted_unseen": Plan("test", 1301, 1340, "unseen", 4, 52, seed=133),
}
DEVELOPMENT = {
    "imagined_forty": Plan("development", 961, 980, "forty", 40, 520, seed=141),
    "imagined_remembered": Plan("development", 961, 980, "remembered", 4, 52, seed=142),
    "imagined_unseen": Plan("development", 961, 980, "unseen", 4, 52, seed=143),
}
# (title, scope, pool that is shown, how many pictures each subject is asked for, and how many of them with the mean: that is
# painted anew for each question, where forty pictures are painted but once)
SCENES = (
    ("told: the forty", "told", "forty", 40, 4),
    ("remembered, any of them shown", "remembered", "remembered", 2, 2),
    ("remembered, concepts never seen shown", "remembered", "unseen", 3, 3),
)
SCHEDULE = loop.Schedule(16000, 1e-3, weight_decay=0.0, ema=0.999)
QUICK_STEPS = 4
# Pictures for which answers are made up while the sampler is tuned.
MADE_UP = 120


def shelf(run):
    """Remembered drawings and their variants, with embeddings."""

    def made():
        return Shelf(run.pictures, Graphs(run.pack, run.options.threads), run.pack, run.work / "variants.npz")

    return run.once("shelf", made)


def learned(run):
    """Embeddings f32 [n, dim] that the sampler learns from."""
    found = shelf(run)
    return found.embeddings[np.concatenate([found.train, found.variants])]


def space_of(run):
    """The `Space` of the pack's answer model."""
    model = AnswerModel.load(run.pack / export.ANSWERS_FILE)
    return run.once("space", lambda: sampler.Space(model, learned(run).double().numpy()))


def train_sampler(run):
    """The trained `Flow`; says how well it does on development pictures beside the Gaussian that it began as."""
    space = space_of(run)
    pool = sampler_train.Pool(space, learned(run))
    flow = run.seeded(lambda: sampler.Flow(len(space.mean)))
    schedule = loop.Schedule(QUICK_STEPS, SCHEDULE.rate) if run.options.quick else SCHEDULE
    loop.train(flow, sampler_train.loss_function(flow, pool), schedule, run.checkpoint("sampler"), run.seed)
    write_development(run)
    return flow


def write_development(run):
    """How the sampler, as far as it is trained, does beside the Gaussian that it began as, on drawings that it learned from and
    on development concepts, with answers that the answer model makes up: sampler.json. No subject is simulated."""
    space, flow, found = space_of(run), flow_of(run), shelf(run)
    model = AnswerModel.load(run.pack / export.ANSWERS_FILE)
    rows = {"drawings that it learned from": found.train[::15]}
    rows["concepts never seen"] = np.array(run.split.held_out("dev")["unseen concepts"] or found.train)
    networks = {painted.GAUSSIAN: sampler.Gaussian(), painted.SAMPLER: flow}
    kept = {
        "steps": trained_steps(run),
        "pictures": {name: len(chosen) for name, chosen in rows.items()},
        "losses": {
            name: {who: sampler_train.held_out_loss(net, space, found.embeddings[chosen]) for who, net in networks.items()}
            for name, chosen in rows.items()
        },
    }
    chosen = np.random.default_rng(1).permutation(rows["concepts never seen"])[:MADE_UP]
    truth, memory = (found.embeddings[part].double().numpy() for part in (chosen, found.train))
    kept["rows"] = [row for k in painted.KS for row in sampler_judge.made_up(model, space, networks, truth, memory, k)]
    kept["asked"] = len(chosen)
    eeg_training.write(run, "sampler.json", kept)
    print(json.dumps(kept, indent=1))


def trained_steps(run):
    """How far the sampler's training has come."""
    path = run.checkpoint("sampler")
    return torch.load(path, map_location="cpu", weights_only=True)["step"] if path.exists() else 0


def flow_of(run):
    """The trained `Flow`, or None where there is none yet."""
    path = run.checkpoint("sampler")
    if not path.exists():
        return None
    space = space_of(run)
    flow = sampler.Flow(len(space.mean))
    flow.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["average"])
    return flow.eval().requires_grad_(False)


def scenes(run, table):
    """The three `Scene`s; `table` f32 [pictures, dim] are embeddings as the program has them."""
    rows = {"told": run.split.stimuli, "remembered": run.split.train}
    return [Scene(*words, Gallery(rows[words[1]], table), rows[words[1]]) for words in SCENES]


def table_of(run):
    """Embeddings f32 [pictures, dim] by the pack's own graph: remembered ones as the pack lists them, in half precision, and
    concepts never seen; other rows are zero, and nothing asks for them."""

    def made():
        found, graphs = shelf(run), Graphs(run.pack, run.options.threads)
        table = found.embeddings[: len(run.pictures)].clone()
        for row in run.split.held_out(run.options.part)["unseen concepts"]:
            table[row] = torch.from_numpy(graphs.embed(run.pictures.pixels[row]))
        return table

    return run.once(f"table of {run.options.part}", made)


def write_scores(run):
    """Paints and judges everything (`--part dev`: development subjects and pictures, printed only)."""
    plans = TEST if run.options.part == "test" else DEVELOPMENT
    kept = painted_measure.measure(bench(run), gathered(run, plans)) | {"facts": facts(run, plans)}
    if run.options.part == "test":
        eeg_training.write(run, "painted_scores.json", kept)
        place_report(run)
    print(painted_report.markdown(kept) + "\n" + painted_report.imagined_markdown(kept))


def gathered(run, plans):
    """{pool: `Answers`}: the simulated brain sees of a picture what the pack's image encoder sees."""
    shared = {name: getattr(run, name) for name in ("work", "pack", "split", "repository", "options")}
    asked = SimpleNamespace(**shared, embeddings=table_of(run))
    return {plan.pool: answers_data.answers(asked, name, plan, stages_answers.pool(run, plan)) for name, plan in plans.items()}


def bench(run):
    """The `Bench` of one run."""
    table, flow = table_of(run), flow_of(run)
    return Bench(
        model=AnswerModel.load(run.pack / export.ANSWERS_FILE),
        space=space_of(run),
        imagined=painted.imaginations(space_of(run), flow) if flow else {},
        table=table,
        scenes=scenes(run, table),
        graphs=Graphs(run.pack, run.options.threads),
        scorer=Scorer.load(run.options.scorer, run.options.threads),
        images=run.images,
        concepts=run.pictures.concepts,
        pack=run.pack,
        kept=run.work / f"painted_{run.options.part}.pt",
    )


def facts(run, plans):
    """What the report says of how it was made."""
    plan, developed = next(iter(plans.values())), next(iter(DEVELOPMENT.values()))
    flow = flow_of(run)
    return {
        "subjects": f"{plan.first} to {plan.last}",
        "developed": f"{developed.first} to {developed.last}",
        "steps": Graphs(run.pack, 1).steps,
        "seeds": len(painted.SEEDS),
        "scorer": "MobileNetV1 and V2, see scorer.py" if run.options.scorer else "none was given",
        "imagined": painted.IMAGINED,
        "trained": trained_steps(run),
        "planned": SCHEDULE.steps,
        "parameters": sum(weight.numel() for weight in flow.parameters()) if flow else 0,
        "walk": f"{sampler.STEPS} steps of Heun's method",
        "temperature": f"{sampler.TEMPERATURE:g}",
        "drawings": len(learned(run)) if flow else 0,
        "speed": f"{speed_ms(run, flow):.1f} ms for one draw, {speed_ms(run, flow, 4):.1f} ms for four together" if flow else "–",
    }


def speed_ms(run, flow, count=1):
    """Median time in ms of `count` draws of one question."""
    space, model = space_of(run), AnswerModel.load(run.pack / export.ANSWERS_FILE)
    seen, took = model.nothing(1, 3, np.random.default_rng(1)), []
    for _ in range(15):
        began = time.perf_counter()
        sampler.draws(space, flow, seen, count, 1)
        took.append(1e3 * (time.perf_counter() - began))
    return float(np.median(took))


def report(run):
    """The sections of EVALUATION.md, from what `painted-scores` measured; says what is not measured yet."""
    return "\n".join(sections(run))


def sections(run):
    scored, developed = run.work / "painted_scores.json", run.work / "sampler.json"
    kept = json.loads(scored.read_text()) if scored.exists() else {"scenes": []}
    first = painted_report.HEAD + "\n\nNot scored yet: run `train.py painted-scores`.\n"
    found = [painted_report.markdown(kept) if kept["scenes"] else first]
    if any(scene["reliability"] for scene in kept["scenes"]):
        found.append(painted_report.imagined_markdown(kept))
    elif developed.exists():
        found.append(painted_report.developed_markdown(json.loads(developed.read_text())))
    return found


def place_report(run):
    """Puts the sections into the EVALUATION.md that is there."""
    path = run.pack / "EVALUATION.md"
    if path.exists():
        text = path.read_text(encoding="utf-8")
        for section in sections(run):
            text = posterior_report.placed(text, section)
        path.write_text(text, encoding="utf-8")


STAGES = {"sampler": train_sampler, "painted-scores": write_scores}
