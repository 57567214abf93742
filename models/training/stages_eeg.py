"""The stages of `train.py` that make the EEG encoder: `python models/training/train.py STAGE`.

Takes   a `Run` of train.py (options, folders, gallery, pictures) and a stage:
          eeg-epochs    writes all epochs with the simulator (`cargo run --release --example training_epochs`)
          encoder       masked modelling, then alignment; statistics of the training epochs
          responses     the population model of what pictures evoke, from the training epochs
          eeg-errors    what the encoder makes of pictures that the generator may be trained on
          eeg-ablation  without pre-training, without alignment, with both; many and few labelled subjects (development)
          eeg-scores    the trained encoder on the test subjects: to be run once, at the end
Gives   below `--work`: `epochs/*.safetensors`, `pretraining.pt`, `encoder.pt`, `encoder.json`, `responses.safetensors`,
        `eeg_ablation.json`, `eeg_scores.json`.
Keeps   roles of subjects as in eeg_data.ROLES; pictures of unseen concepts are in no training file, and development and
        test have their own ten. A checkpoint made from other epochs is removed. `--quick` uses made-up epochs.
"""

import json
import shlex
import subprocess
import time

import torch
from safetensors.torch import save_file

import eeg_ablation
import eeg_data
import eeg_evaluate
import eeg_report
import eeg_training
import encoder
import responses
import stimuli
from concepts import CONCEPTS
from eeg_data import DEFAULT_SNR_DB, NOVEL_FROM
from sureness import Sureness

SIMULATOR = "cargo run --release --example training_epochs --"
LEVELS = "--snr=-18,-14,-10,-5"
HEADSETS = "--montage=posterior16,easycap32,posterior16,biosemi64,posterior16,cyton_daisy16"
UNSEEN_CONCEPTS = 10
ONSET_ERRORS_MS = (0, 4, 8, 16, 32)

# File → what the simulator is asked for. NOVEL:x shows the pictures of novel_x.safetensors and no others.
RECIPES = {
    "train_forty": f"--subjects 101..400 --trials 40 {LEVELS} --seed 1",
    "train_novel": f"--subjects 101..400 --trials 60 {LEVELS} --seed 11 NOVEL:train",
    # For the population model alone: how persons differ is told best by many clear epochs of few pictures.
    "train_clear": "--subjects 101..400 --trials 160 --snr=-5 --seed 12",
    "unlabelled": f"--subjects 5001..5300 --trials 80 --snr=-14 --seed 51 {HEADSETS} --artefacts=1,0.3,1,0,0.6",
    "errors_forty": f"--subjects 401..408 --trials 400 {LEVELS} --seed 21",
    "development_forty": "--subjects 901..916 --trials 400 --snr=-14 --seed 31",
    "development_unseen": "--subjects 901..916 --trials 200 --snr=-14 --seed 32 NOVEL:development",
    "test_forty": "--subjects 1001..1040 --trials 800 --snr=-14 --seed 61",
    "test_levels": "--subjects 1001..1040 --trials 200 --snr=-40,-18,-10,-5 --seed 62",
    "development_many": "--subjects 901..906 --trials 450 --snr=-14 --seed 33 NOVEL:development_many",
    "test_many": "--subjects 1001..1006 --trials 600 --snr=-14 --seed 72 NOVEL:test_many",
    "test_unseen": f"--subjects 1001..1040 --trials 200 --snr=-14 --seed 71 NOVEL:test",
}
# Few pictures to each subject, so that each comes back ten times; other pictures to each, so that there are many.
ERROR_GROUPS, ERROR_PICTURES = 24, 40
ERROR_REPEATS = (1, 3, 10)
RECIPES |= {
    f"errors_novel_{group}": f"--subjects {411 + group}..{411 + group} --trials 400 {LEVELS} "
    f"--seed {100 + group} NOVEL:errors_{group}"
    for group in range(ERROR_GROUPS)
}
RECIPES |= {
    f"test_onset_{error_ms}": f"--subjects 1001..1040 --trials 100 --snr=-14 --seed 81 --onset-error-ms {error_ms}"
    for error_ms in ONSET_ERRORS_MS
}


def write_epochs(run):
    """Writes the novel pictures' embeddings, then every file of RECIPES that is not there yet."""
    folder = eeg_training.epochs_folder(run)
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
    many = ("development_many", "test_many", *(f"errors_{group}" for group in range(ERROR_GROUPS)))
    for role in ("train", "development", "test", *many):
        stimuli.write_embeddings(folder / f"novel_{role}.safetensors", run.embeddings[novel_rows(run, role)])


def novel_rows(run, role):
    """The pictures of one role. Unseen concepts come from those that the image side holds out for that role, one
    drawing of each: they are new to the generator too. `_many` takes all of them, otherwise ten."""
    stimuli_codes = {concept.code for concept in CONCEPTS}
    trained = [row for row in run.split.train if run.pictures.concepts[row] not in stimuli_codes]
    if role == "train":
        return trained
    if role.startswith("errors_"):
        apart = max(1, len(trained) // (ERROR_GROUPS * ERROR_PICTURES))
        return trained[::apart][int(role.removeprefix("errors_")) :: ERROR_GROUPS][:ERROR_PICTURES]
    name = role.removesuffix("_many")
    first = {}
    for row in run.split.held_out("dev" if name == "development" else name)["unseen concepts"]:
        first.setdefault(run.pictures.concepts[row], row)
    rows = sorted(first.values())
    return rows if role != name else rows[:: max(1, len(rows) // UNSEEN_CONCEPTS)][:UNSEEN_CONCEPTS]


def train_encoder(run):
    """Pre-trains and aligns the encoder that is exported; keeps statistics for the pack's gate."""
    labelled = eeg_training.epochs_of(run, ("train_forty", "train_novel"), "train")
    unlabelled = eeg_training.epochs_of(run, ("unlabelled",), "unlabelled")
    eeg_training.forget_other_epochs(run, labelled)
    began = time.monotonic()
    masked = eeg_training.pretrain(run, (labelled, unlabelled), eeg_training.shortened(run, eeg_training.PRETRAINING))
    schedule = eeg_training.shortened(run, eeg_training.ALIGNMENT)
    model = eeg_training.align(run, masked, labelled, schedule, "encoder")
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
    eeg_training.write(run, "encoder.json", facts)


def load_encoder(run):
    """The trained encoder in eval mode, or None if its training is not finished."""
    path, facts = run.checkpoint("encoder"), run.work / "encoder.json"
    if not path.exists() or not facts.exists():
        return None
    model = encoder.EegEncoder(json.loads(facts.read_text())["dim"])
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["average"])
    return model.eval()


def write_responses(run):
    """Fits the population model of responses to the training epochs: `responses.safetensors`."""
    epochs = eeg_training.epochs_of(run, ("train_forty", "train_novel", "train_clear"), "train")
    found = responses.fit(epochs, rounds=1) if run.options.quick else responses.fit(epochs)
    found.save(responses_path(run))


def responses_path(run):
    """Where the `responses` stage leaves what it fitted."""
    return run.work / "responses.safetensors"


def write_errors(run):
    """Writes what the encoder makes of subjects that it was not trained on and of pictures that the generator may be
    trained on: `errors.safetensors` with `found` f32 [n, dim] and `row` i64 [n] of the picture set; and how sure it is,
    `sureness.json`."""
    model = load_encoder(run)
    asked = [("errors_forty", run.split.stimuli, 0)]
    asked += [(f"errors_novel_{g}", novel_rows(run, f"errors_{g}"), NOVEL_FROM) for g in range(ERROR_GROUPS)]
    parts = []
    for name, rows, first in asked[:1] if run.options.quick else asked:
        epochs = eeg_training.epochs_of(run, (name,), "errors")
        # Made-up epochs of `--quick` number their pictures without regard to the picture set.
        rows = torch.tensor(rows)[(epochs.stimulus - first) % len(rows)]
        parts.append((encoder.embed(model, epochs.eeg), epochs, rows))
    sure = fit_sureness(parts)
    eeg_training.write(run, "sureness.json", sure.facts())
    found, row = [], []
    for embeddings, epochs, rows in parts:
        for k in ERROR_REPEATS:
            groups = eeg_data.repeats(epochs, k)
            found.append(sure.embedding(embeddings[groups]))
            row.append(rows[groups[:, 0]])
    save_file({"found": torch.cat(found).contiguous(), "row": torch.cat(row).contiguous()}, run.work / "errors.safetensors")


def fit_sureness(parts):
    """`Sureness` at the default level, all pictures together: ten trials each."""
    trials = []
    for embeddings, epochs, _ in parts:
        groups = eeg_data.repeats(epochs, max(ERROR_REPEATS))
        trials.append(embeddings[groups[epochs.snr_db[groups[:, 0]].round() == DEFAULT_SNR_DB]])
    return Sureness.fit(torch.cat(trials))


def sureness(run):
    """What the `eeg-errors` stage fitted, or None."""
    path = run.work / "sureness.json"
    return Sureness(**json.loads(path.read_text())) if path.exists() else None


def expected(run):
    """Scores to expect, for the manifest, or None while they are not measured."""
    path = run.work / "eeg_scores.json"
    return json.loads(path.read_text())["expected"] if path.exists() else None


def quality(run):
    """Statistics of the training epochs for the manifest, or None while there is no encoder."""
    path = run.work / "encoder.json"
    return json.loads(path.read_text())["quality"] if path.exists() else None


def write_scores(run):
    """The trained encoder on the test subjects: what EVALUATION.md and the pack's `[expected]` table need."""
    model = load_encoder(run)
    if model is None:
        raise SystemExit("the encoder is not trained yet: run the encoder stage first")
    judge = eeg_training.judges(run, "test")
    known = encoder.embed(model, judge.forty.eeg)
    unknown = encoder.embed(model, judge.unseen.eeg)
    levels = eeg_training.epochs_of(run, ("test_levels",), "test")
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
        "expected": eeg_evaluate.expected(
            eeg_evaluate.missing_channels(model, fewer, judge.gallery), rows, len(fewer), len(fewer.subject.unique())
        ),
        "facts": json.loads((run.work / "encoder.json").read_text()),
    }
    eeg_training.write(run, "eeg_scores.json", result)
    print(report(run))


def onset_rows(run, model, judge):
    """[error ms, top-1 of single trials, trials]: the onset times were told with normal errors of this size."""
    rows = []
    for error_ms in ONSET_ERRORS_MS:
        epochs = eeg_training.epochs_of(run, (f"test_onset_{error_ms}",), "test")
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
        table = eeg_report.ablation_table(json.loads(ablation.read_text())["rows"])
    return eeg_report.markdown(kept, table)


STAGES = {
    "eeg-epochs": write_epochs,
    "encoder": train_encoder,
    "responses": write_responses,
    "eeg-errors": write_errors,
    "eeg-ablation": eeg_ablation.ablate,
    "eeg-scores": write_scores,
}
