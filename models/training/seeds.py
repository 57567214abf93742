"""The headline with other training seeds: how much of a figure is luck.

Takes   a run; folders `seed2`, `seed3` … below its work folder, made with `train.py STAGE --seed N --work …/seedN`; the
        part of the pictures to judge; the independent networks or None.
Gives   a Markdown table; what a seed's folder does not hold is "–".
Keeps   all seeds share the image embedding, the split, the epochs of the virtual subjects and the clean decoder; each
        has its own initial weights, batches and noise. Seeds other than the pack's may have been trained for a share of
        its steps (`--share`), which is said.
"""

import json

import torch

import autoencoder
import drawing
import eeg_evaluate
import eeg_training
import encoder
import generator
import metrics
import recall
from scorer import Judge

STEPS = (0, 2)


def table_of(run):
    """The table that `write` kept, or why there is none."""
    path = run.work / f"seeds_{run.options.part}.md"
    return path.read_text(encoding="utf-8") if path.exists() else "Not measured: run `train.py seeds`."


def write(run, scorer, most, ways):
    """Keeps the table in the work folder."""
    (run.work / f"seeds_{run.options.part}.md").write_text(table(run, scorer, most, ways), encoding="utf-8")


def table(run, scorer, most, ways):
    """Rows of all seeds as Markdown."""
    head = ["Seed", "Share of the steps", "40-way top-1, k = 1 / 10", "ten unseen concepts, k = 1 / 10"]
    head += [f"{name}: SSIM / PixCorr / {ways}-way, regression → 2 steps" for name in run.split.held_out(run.options.part)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for folder in [run.work, *sorted(run.work.glob("seed*"))]:
        share = folder / "share.json"
        cells = [folder.name.removeprefix("seed") if folder != run.work else str(run.seed)]
        cells.append(f"generator {json.loads(share.read_text()):g}, encoder 1" if share.exists() else "1")
        cells += _encoder_cells(run, folder) + _generator_cells(run, folder, scorer, most, ways)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _encoder_cells(run, folder):
    facts = folder / "encoder.json"
    if not facts.exists():
        return ["–", "–"]
    model = encoder.EegEncoder(json.loads(facts.read_text())["dim"])
    model.load_state_dict(torch.load(folder / "encoder.pt", weights_only=True)["average"])
    judge = eeg_training.judges(run, "development" if run.options.part == "dev" else "test")
    found = judge.score(lambda eeg: encoder.embed(model.eval(), eeg))
    return [" / ".join(f"{found[part][k]['top1']:.3f}" for k in ("1", "10")) for part in ("forty", "unseen")]


def _generator_cells(run, folder, scorer, most, ways):
    sets = run.split.held_out(run.options.part).values()
    if not (folder / "denoiser.pt").exists():
        return ["–"] * len(sets)
    prior = recall.RecallingPrior(recall.Recall(), generator.Prior())
    regression, denoiser = drawing.Drawing(prior, autoencoder.Decoder(run.patches)), generator.Denoiser()
    for name, module in (("doubtful_drawing_again", regression), ("denoiser", denoiser)):
        module.load_state_dict(torch.load(folder / f"{name}.pt", weights_only=True)["average"])
        module.eval()
    cells = []
    for rows in sets:
        if not rows:
            cells.append("–")
            continue
        rows = [rows[index * len(rows) // most] for index in range(most)] if len(rows) > most else rows
        truth = (run.images[rows].float() / 255.0).numpy()
        groups = [run.pictures.concepts[row] for row in rows]
        seen = Judge(scorer, truth, ways, groups=groups) if scorer else None
        cell = []
        for steps in STEPS:
            latents = generator.sample(prior, denoiser, run.embeddings[rows], steps)
            images = autoencoder.decode(regression.decoder, latents).numpy()
            values = metrics.of_pictures(images, truth) | (seen.scores(images) if seen else {})
            names = [name for name in ("ssim", "pixcorr", "n_way") if name in values]
            cell.append(" / ".join(f"{values[name].mean():.3f}" for name in names))
        cells.append(" → ".join(cell))
    return cells
