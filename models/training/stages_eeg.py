"""The stages of `train.py` that make the EEG encoder: `python models/training/train.py STAGE`.

Takes   a `Run` of train.py (options, folders, gallery, pictures) and a stage:
          eeg-epochs    writes all epochs with the simulator (`cargo run --release --example training_epochs`)
          encoder       masked modelling, then alignment; statistics of the training epochs
          eeg-errors    what the encoder makes of pictures that the generator may be trained on
          eeg-ablation  without pre-training, without alignment, with both; many and few labelled subjects (development)
          eeg-scores    the trained encoder on the test subjects: to be run once, at the end
Gives   below `--work`: `epochs/*.safetensors`, `pretraining.pt`, `encoder.pt`, `encoder.json`, `eeg_ablation.json`,
        `eeg_scores.json`.
Keeps   roles of subjects as in eeg_data.ROLES; pictures of unseen concepts are in no training file, and development and
        test have their own ten. A checkpoint made from other epochs is removed. `--quick` uses made-up epochs.
"""

import hashlib
import json
import shlex
import subprocess
import time
from dataclasses import dataclass

import torch
from safetensors.torch import load_file, save_file

import eeg_data
import eeg_evaluate
import eeg_pretrain
import eeg_quick
import encoder
import loop
import stimuli
from concepts import CONCEPTS
from eeg_data import NOVEL_FROM

SIMULATOR = "cargo run --release --example training_epochs --"
LEVELS = "--snr=-18,-14,-10,-5"
HEADSETS = "--montage=posterior16,easycap32,posterior16,biosemi64,posterior16,cyton_daisy16"
UNSEEN_CONCEPTS = 10
ONSET_ERRORS_MS = (0, 4, 8, 16, 32)

# File → what the simulator is asked for. NOVEL:x shows the pictures of novel_x.safetensors and no others.
RECIPES = {
    "train_forty": f"--subjects 101..400 --trials 40 {LEVELS} --seed 1",
    "train_novel": f"--subjects 101..400 --trials 60 {LEVELS} --seed 11 NOVEL:train",
    "unlabelled": f"--subjects 5001..5300 --trials 80 --snr=-14 --seed 51 {HEADSETS} --artefacts=1,0.3,1,0,0.6",
    "errors_forty": f"--subjects 401..440 --trials 60 {LEVELS} --seed 21",
    "errors_novel": f"--subjects 401..440 --trials 100 {LEVELS} --seed 22 NOVEL:train",
    "development_forty": "--subjects 901..916 --trials 400 --snr=-14 --seed 31",
    "development_unseen": "--subjects 901..916 --trials 200 --snr=-14 --seed 32 NOVEL:development",
    "test_forty": "--subjects 1001..1040 --trials 800 --snr=-14 --seed 61",
    "test_levels": f"--subjects 1001..1040 --trials 200 --snr=-40,-18,-10,-5 --seed 62",
    "test_unseen": f"--subjects 1001..1040 --trials 200 --snr=-14 --seed 71 NOVEL:test",
}
RECIPES |= {
    f"test_onset_{error_ms}": f"--subjects 1001..1040 --trials 100 --snr=-14 --seed 81 --onset-error-ms {error_ms}"
    for error_ms in ONSET_ERRORS_MS
}

PRETRAINING = loop.Schedule(2500, 1e-3, weight_decay=0.05)
ALIGNMENT = loop.Schedule(5000, 1e-3, weight_decay=0.05)
# Half-length schedules, the same for every variant of one budget.
ABLATION = {"steps": {"pretraining": 2500, "many": 1500, "few": 600}, "few_subjects": 8}
BATCH = 128
CONTRAST_WEIGHT = 0.02


@dataclass(frozen=True)
class Judges:
    """What scores are made from: the forty and unseen concepts, each with its gallery."""

    forty: eeg_data.Epochs
    gallery: torch.Tensor
    unseen: eeg_data.Epochs
    unseen_gallery: torch.Tensor

    def score(self, embed):
        """{forty: {k: row}, unseen: {k: row}} of a function from eeg to embeddings."""
        known, unknown = embed(self.forty.eeg), embed(self.unseen.eeg)
        return {
            "forty": {str(k): eeg_evaluate.score(known, self.forty, self.gallery, 0, k) for k in (1, 10)},
            "unseen": {
                str(k): eeg_evaluate.score(unknown, self.unseen, self.unseen_gallery, NOVEL_FROM, k) for k in (1, 10)
            },
        }


def write_epochs(run):
    """Writes the novel pictures' embeddings, then every file of RECIPES that is not there yet."""
    folder = epochs_folder(run)
    write_novel(run, folder)
    for name, recipe in RECIPES.items():
        path = folder / f"{name}.safetensors"
        if not path.exists():
            words = shlex.split(run.options.simulator or SIMULATOR)
            for word in shlex.split(recipe):
                role = word.removeprefix("NOVEL:")
                novel = ["--novel-embeddings", str(folder / f"novel_{role}.safetensors"), "--novel-only"]
                words += novel if word.startswith("NOVEL:") else [word]
            fresh = path.with_suffix(".fresh")
            subprocess.run([*words, "--out", str(fresh)], check=True, cwd=run.repository)
            fresh.rename(path)


def write_novel(run, folder):
    """The embeddings of pictures outside the forty, one file for each role."""
    for role in ("train", "development", "test"):
        stimuli.write_embeddings(folder / f"novel_{role}.safetensors", run.embeddings[novel_rows(run, role)])


def novel_rows(run, role):
    """The pictures of one role. Unseen concepts come from those that the image side holds out for that role, one
    drawing of each: they are new to the generator too."""
    if role == "train":
        stimuli_codes = {concept.code for concept in CONCEPTS}
        return [row for row in run.split.train if run.pictures.concepts[row] not in stimuli_codes]
    part = "dev" if role == "development" else role
    first = {}
    for row in run.split.held_out(part)["unseen concepts"]:
        first.setdefault(run.pictures.concepts[row], row)
    rows = sorted(first.values())
    return rows[:: max(1, len(rows) // UNSEEN_CONCEPTS)][:UNSEEN_CONCEPTS]


def epochs_folder(run):
    """Where the epochs files are."""
    folder = run.options.epochs or run.work / "epochs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def epochs_of(run, names, role):
    """The epochs of some files; made up with `--quick`."""
    if run.options.quick:
        return eeg_quick.made_up(role, unseen=any("unseen" in name for name in names))
    return eeg_data.load([epochs_folder(run) / f"{name}.safetensors" for name in names], role)


def pretrain(run, epochs, schedule):
    """A `MaskedModel` trained on epochs without their labels."""
    model = run.seeded(eeg_pretrain.MaskedModel)
    model.backbone.set_scale(epochs.eeg[:: max(1, len(epochs) // 10_000)].float())
    path = run.checkpoint("pretraining")
    return loop.train(model, eeg_pretrain.loss_function(model, epochs.eeg), schedule, path, run.seed)


def align(run, model, epochs, schedule, name):
    """Trains an encoder on labelled epochs: with missing channels, wrong onsets and other amplitudes."""
    trouble = eeg_data.Trouble(bank_size=64) if run.options.quick else eeg_data.Trouble()
    bank = trouble.bank()

    def loss_of(_step, generator):
        rows = torch.randint(len(epochs), (BATCH,), generator=generator)
        eeg = eeg_data.disturb(epochs.eeg[rows].float(), trouble, bank, generator)
        return encoder.alignment_loss(model, model(eeg), epochs.target[rows], epochs.stimulus[rows], CONTRAST_WEIGHT)

    return loop.train(model, loss_of, schedule, run.checkpoint(name), run.seed)


def new_encoder(run, dim, masked=None):
    """An encoder with the backbone of a masked model, or with a fresh one."""
    model = run.seeded(lambda: encoder.EegEncoder(dim))
    if masked is not None:
        model.backbone.load_state_dict(masked.backbone.state_dict())
    return model


def shortened(run, schedule, steps=None):
    """The schedule, with other steps, or with very few in `--quick`."""
    steps = 4 if run.options.quick else steps or schedule.steps
    return loop.Schedule(steps, schedule.rate, schedule.weight_decay)


def train_encoder(run):
    """Pre-trains and aligns the encoder that is exported; keeps statistics for the pack's gate."""
    labelled = epochs_of(run, ("train_forty", "train_novel"), "train")
    unlabelled = epochs_of(run, ("unlabelled",), "unlabelled")
    forget_other_epochs(run, labelled)
    began = time.monotonic()
    masked = pretrain(run, joined(labelled, unlabelled), shortened(run, PRETRAINING))
    model = new_encoder(run, labelled.target.shape[1], masked)
    align(run, model, labelled, shortened(run, ALIGNMENT), "encoder")
    powers = encoder.band_powers(labelled.eeg)
    facts = {
        "dim": model.dim,
        "training_trials": len(labelled),
        "training_subjects": len(labelled.subject.unique()),
        "training_pictures": len(labelled.stimulus.unique()),
        "unlabelled_trials": len(unlabelled),
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "seconds": round(time.monotonic() - began),
        "quality": {
            "log_band_power_mean": powers.mean(dim=0).tolist(),
            "log_band_power_std": powers.std(dim=0).tolist(),
        },
    }
    _write(run, "encoder.json", facts)


def joined(labelled, unlabelled):
    """What masked modelling sees: all training signal."""
    eeg = torch.cat([labelled.eeg, unlabelled.eeg])
    return eeg_data.Epochs(eeg, *[None] * 4)


def load_encoder(run):
    """The trained encoder in eval mode, or None if its training is not finished."""
    path, facts = run.checkpoint("encoder"), run.work / "encoder.json"
    if not path.exists() or not facts.exists():
        return None
    model = encoder.EegEncoder(json.loads(facts.read_text())["dim"])
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["average"])
    return model.eval()


def write_errors(run):
    """Writes what the encoder makes of subjects that it was not trained on and of pictures that the generator may be
    trained on: `errors.safetensors` with `found` f32 [n, dim] and `row` i64 [n] of the picture set."""
    model = load_encoder(run)
    rows = torch.tensor([*run.split.stimuli, *novel_rows(run, "train")])
    parts = []
    for name in ("errors_forty", "errors_novel"):
        epochs = epochs_of(run, (name,), "errors")
        # Made-up epochs of `--quick` number their pictures without regard to the picture set.
        parts.append((encoder.embed(model, epochs.eeg), rows[epochs.stimulus.long() % len(rows)]))
    found, row = (torch.cat(column).contiguous() for column in zip(*parts))
    save_file({"found": found, "row": row}, run.work / "errors.safetensors")


def expected(run):
    """Scores to expect, for the manifest, or None while they are not measured."""
    path = run.work / "eeg_scores.json"
    return json.loads(path.read_text())["expected"] if path.exists() else None


def quality(run):
    """Statistics of the training epochs for the manifest, or None while there is no encoder."""
    path = run.work / "encoder.json"
    return json.loads(path.read_text())["quality"] if path.exists() else None


def judges(run, role):
    """The epochs that scores of a role are made from."""
    if run.options.quick:
        gallery = eeg_quick.gallery()
        return Judges(epochs_of(run, ("forty",), role), gallery[:40], epochs_of(run, ("unseen",), role), gallery[40:50])
    novel = load_file(epochs_folder(run) / f"novel_{role}.safetensors")["embeddings"]
    return Judges(epochs_of(run, (f"{role}_forty",), role), run.gallery, epochs_of(run, (f"{role}_unseen",), role), novel)


def ablate(run):
    """Scores of the three variants and two controls on the development subjects, for many and few labelled subjects."""
    labelled = epochs_of(run, ("train_forty", "train_novel"), "train")
    unlabelled = epochs_of(run, ("unlabelled",), "unlabelled")
    judge, steps = judges(run, "development"), ABLATION["steps"]
    forget_other_epochs(run, labelled)
    masked = pretrain(run, joined(labelled, unlabelled), shortened(run, PRETRAINING, steps["pretraining"]))
    first = labelled.subject.unique()[: ABLATION["few_subjects"]]
    budgets = {"many": labelled, "few": labelled.at(torch.isin(labelled.subject, first))}
    rows = []
    for budget, part in budgets.items():
        words = f"{len(part.subject.unique())} subjects, {len(part)} trials"
        schedule = shortened(run, ALIGNMENT, steps[budget])
        for variant, embed in variants(run, masked, part, schedule, budget):
            rows.append({"budget": words, "variant": variant} | judge.score(embed))
            print(eeg_evaluate.ablation_table(rows[-1:]), flush=True)
    _write(run, "eeg_ablation.json", {"rows": rows, "steps": steps})


def variants(run, masked, labelled, schedule, budget):
    """(name, function from eeg to embeddings), each trained on the same labelled epochs."""
    dim = labelled.target.shape[1]
    fresh = run.seeded(eeg_pretrain.MaskedModel)
    fresh.backbone.set_scale(labelled.eeg[:: max(1, len(labelled) // 10_000)].float())
    yield "neither (random backbone, ridge readout)", ridge_readout(fresh.eval(), labelled)
    yield "without alignment (masked modelling, ridge readout)", ridge_readout(masked, labelled)
    alone = new_encoder(run, dim)
    alone.backbone.load_state_dict(fresh.backbone.state_dict())
    align(run, alone, labelled, schedule, f"ablation_{budget}_alone")
    yield "without pre-training (alignment only)", lambda eeg: encoder.embed(alone, eeg)
    both = align(run, new_encoder(run, dim, masked), labelled, schedule, f"ablation_{budget}_both")
    yield "both", lambda eeg: encoder.embed(both, eeg)


def ridge_readout(masked, labelled, most=20_000):
    """Tokens of a frozen backbone → embeddings by ridge regression; a fifth of the subjects chooses the penalty."""
    chosen = torch.arange(len(labelled))[:: max(1, len(labelled) // most)]
    part = labelled.at(chosen)

    @torch.inference_mode()
    def tokens(eeg):
        backbone = masked.backbone
        parts = [backbone.tokens(backbone.scaled(piece.float())).flatten(1) for piece in eeg.split(512)]
        return torch.cat(parts).clone()

    subjects = part.subject.unique()
    check = torch.isin(part.subject, subjects[:: max(2, min(5, len(subjects)))])
    weights = eeg_evaluate.ridge(tokens(part.eeg), part.target, ~check, check).float()
    return lambda eeg: tokens(eeg) @ weights[:-1] + weights[-1]


def write_scores(run):
    """The trained encoder on the test subjects: everything that EVALUATION.md and the pack's `[expected]` table need."""
    model = load_encoder(run)
    if model is None:
        raise SystemExit("the encoder is not trained yet: run the encoder stage first")
    judge = judges(run, "test")
    known = encoder.embed(model, judge.forty.eeg)
    unknown = encoder.embed(model, judge.unseen.eeg)
    levels = epochs_of(run, ("test_levels",), "test")
    rows = eeg_evaluate.scores(known, judge.forty, judge.gallery)
    others = eeg_evaluate.scores(encoder.embed(model, levels.eeg), levels, judge.gallery)
    rows = sorted([*rows, *others], key=lambda row: (row["snr_db"], row["k"]))
    # Each of these costs a pass over the network for every set of channels: a quarter of the trials is enough.
    fewer = judge.forty.at(torch.arange(0, len(judge.forty), 4))
    result = {
        "rows": rows,
        "unseen": eeg_evaluate.scores(unknown, judge.unseen, judge.unseen_gallery, NOVEL_FROM),
        "shuffled": eeg_evaluate.scores(known, eeg_evaluate.shuffled(judge.forty), judge.gallery),
        "honesty": eeg_evaluate.honesty(known, judge.forty),
        "honesty_unseen": eeg_evaluate.honesty(unknown, judge.unseen),
        "cosine": eeg_evaluate.cosine(known, judge.forty),
        "by_onset_ms": onset_rows(run, model, judge),
        "expected": eeg_evaluate.expected(eeg_evaluate.missing_channels(model, fewer, judge.gallery), rows),
        "facts": json.loads((run.work / "encoder.json").read_text()),
    }
    _write(run, "eeg_scores.json", result)
    print(report(run))


def onset_rows(run, model, judge):
    """[error ms, top-1 of single trials, trials]: the onset times were told with normal errors of this size."""
    rows = []
    for error_ms in ONSET_ERRORS_MS:
        epochs = epochs_of(run, (f"test_onset_{error_ms}",), "test")
        found = eeg_evaluate.score(encoder.embed(model, epochs.eeg), epochs, judge.gallery)
        rows.append([error_ms, found["top1"], found["trials"]])
    return rows


def report(run):
    """Markdown for EVALUATION.md, from what `eeg-scores` and `eeg-ablation` measured; says what is not measured yet."""
    path, ablation = run.work / "eeg_scores.json", run.work / "eeg_ablation.json"
    if not path.exists():
        return "Not scored yet: run `train.py eeg-scores`."
    kept = json.loads(path.read_text())
    table = "Not measured yet: run `train.py eeg-ablation`."
    if ablation.exists():
        table = eeg_evaluate.ablation_table(json.loads(ablation.read_text())["rows"])
    return eeg_evaluate.markdown(kept, table)


def forget_other_epochs(run, epochs):
    """Removes encoder checkpoints that were made from other epochs."""
    digest = hashlib.sha256()
    for part in (epochs.eeg[::97], epochs.target[::97], epochs.subject):
        digest.update(part.contiguous().numpy().tobytes())
    record = run.work / "encoder.epochs"
    if not record.exists() or record.read_text() != digest.hexdigest():
        for path in (*run.work.glob("ablation_*.pt"), run.checkpoint("encoder"), run.checkpoint("pretraining")):
            path.unlink(missing_ok=True)
        record.write_text(digest.hexdigest())


def _write(run, name, facts):
    (run.work / name).write_text(json.dumps(facts, indent=1))


STAGES = {
    "eeg-epochs": write_epochs,
    "encoder": train_encoder,
    "eeg-errors": write_errors,
    "eeg-ablation": ablate,
    "eeg-scores": write_scores,
}
