"""Judges the generator on pictures, and writes the report of the pack.

Takes   a run (pictures, split, embeddings), the trained (decoder, prior, denoiser), the reports (Markdown) of the EEG
        encoder and of the posterior;
        `--scorer`: a folder with networks that had no part in training (scorer.py).
Gives   `EVALUATION.md`, `sheet.png` and `sheet_eeg.png` in the pack.
Keeps   every table shows, side by side, retrieval without a network, the regression alone and each number of steps,
        with floors and ceiling. `--part dev` judges pictures that may be looked at while tuning, and the report says
        so; `--part test` judges those that are to be looked at once. No variant is left out.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import autoencoder
import eeg_data
import eeg_training
import embed
import encoder
import export
import generator
import metrics
import seeds
import sheet
import stages_eeg
import table
from concepts import CONCEPTS
from embed import unit
from scorer import Judge, Scorer

STEPS = (0, 1, 2, 4)
SOFTMAX_SHARPNESS = 40.0
SHEET_COLUMNS = 10
MOST_PICTURES = 100
MOST_EEG = 120
SCORES = ("ssim", "pixcorr", "edge_match", "gradient_ratio", "two_way", "n_way", "perceptual", "cosine")
DIFFERENT = ("ssim", "edge_match", "two_way", "perceptual", "cosine")
REGRESSION, RETRIEVAL = "regression alone", "retrieval"
WAYS = 10
FIRST_ROW = {"forty": 0, "many": eeg_data.NOVEL_FROM}


@dataclass(frozen=True)
class Condition:
    """How the generator is asked: embeddings f32 [n, 256], and the rows of the pictures that would be right."""

    name: str
    embeddings: torch.Tensor
    rows: list
    bounded: bool = True


def retrieve(embeddings, memory, latents):
    """The baseline without a generator: the mean of training latents, weighted by softmax of cosine. [n, 24, 16, 16]."""
    weights = (SOFTMAX_SHARPNESS * unit(embeddings) @ memory.T).softmax(dim=1)
    return torch.einsum("nm,mchw->nchw", weights, latents)


def thinned(rows, most):
    """At most `most` of the rows, evenly spread."""
    return [rows[index * len(rows) // most] for index in range(most)] if len(rows) > most else list(rows)


def conditions(run):
    """Every way in which the generator is asked, for the part that is judged."""
    part = run.options.part
    asked = [Condition("the forty stimuli (trained on), true embedding", run.embeddings[run.split.stimuli], run.split.stimuli)]
    for name, rows in run.split.held_out(part).items():
        if not rows:  # a quick run holds few pictures out
            continue
        rows = thinned(rows, MOST_PICTURES)
        asked.append(Condition(f"{name}, true embedding", run.embeddings[rows], rows))
    return asked + eeg_conditions(run, part)


def eeg_conditions(run, part):
    """The generator fed by the EEG encoder: subjects never met, −14 dB."""
    model, sure = stages_eeg.load_encoder(run), stages_eeg.sureness(run)
    role = "development" if part == "dev" else part
    if model is None or sure is None:
        return []
    asked = []
    for name, words in (("forty", "the forty stimuli"), ("many", "unseen concepts")):
        rows = run.split.stimuli if name == "forty" else stages_eeg.novel_rows(run, f"{role}_many")
        if not rows:
            continue
        epochs = eeg_training.epochs_of(run, (f"{role}_{name}",), role)
        found = encoder.embed(model, epochs.eeg)
        for k in (1, 10):
            groups = eeg_data.repeats(epochs, k)
            # Drawn, not evenly spread: epochs are sorted by picture, and a stride may meet a few pictures only.
            groups = groups[torch.randperm(len(groups), generator=torch.Generator().manual_seed(6))[:MOST_EEG]]
            shown = [rows[row % len(rows)] for row in (epochs.stimulus[groups[:, 0]] - FIRST_ROW[name]).tolist()]
            title = f"{words}, EEG encoder at −14 dB, k = {k}"
            asked.append(Condition(title, sure.embedding(found[groups]), shown, False))
    return asked


class Gallery:
    """What all methods draw with."""

    def __init__(self, run, parts):
        self.decoder, self.prior, self.denoiser = parts
        self.memory = run.embeddings[run.split.train]
        self.latents = autoencoder.encode(run.patches, run.images[run.split.train])

    def drawn(self, embeddings, steps):
        return autoencoder.decode(self.decoder, generator.sample(self.prior, self.denoiser, embeddings, steps))

    def methods(self, embeddings):
        """[(name, images)] of every method."""
        found = [(RETRIEVAL, autoencoder.decode(self.decoder, retrieve(embeddings, self.memory, self.latents)))]
        for steps in STEPS:
            name = REGRESSION if steps == 0 else f"{steps} step{'s' * (steps > 1)}"
            found.append((name, self.drawn(embeddings, steps)))
        return found


def truth_of(run, rows):
    return run.images[rows].float() / 255.0


def bounds(run, gallery, condition, truth):
    """[(name, images, kind)]: floors and ceiling."""
    count = len(truth)
    mean = run.images[run.split.train].float().mean(dim=0, keepdim=True).expand(count, -1, -1, -1) / 255.0
    noise = unit(torch.randn(count, embed.DIM, generator=torch.Generator().manual_seed(5)))
    there_and_back = autoencoder.decode(gallery.decoder, autoencoder.encode(run.patches, run.images[condition.rows]))
    return [
        ("mean of the training pictures", mean, "floor"),
        ("another picture of this set", truth.roll(1 + count // 3, dims=0), "floor"),
        ("noise for an embedding, 1 step", gallery.drawn(noise, 1), "floor"),
        ("true latent, decoded", there_and_back, "ceiling"),
    ]


def judge(run, gallery, scorer):
    """Every `table.Record`."""
    records = []
    for condition in conditions(run):
        truth = truth_of(run, condition.rows)
        groups = [run.pictures.concepts[row] for row in condition.rows]
        seen = Judge(scorer, truth.numpy(), WAYS, groups=groups) if scorer else None
        drawn = [(name, images, "method") for name, images in gallery.methods(condition.embeddings)]
        drawn += bounds(run, gallery, condition, truth) if condition.bounded else []
        for name, images, kind in drawn:
            values = metrics.of_pictures(images.numpy(), truth.numpy())
            values |= seen.scores(images.numpy()) if seen else {}
            records.append(table.Record(condition.name, name, values, kind, groups))
        print(f"judged: {condition.name}", flush=True)
    return records


def identified(run, gallery, scorer):
    """Share of the forty stimuli, drawn from their true embeddings, that are nearest to their own picture: by the
    independent network, or by the conditioning one where there is none."""
    images = gallery.drawn(run.embeddings[run.split.stimuli], 2)
    if scorer is None:
        found = embed.retrieval_top1(run.image_encoder(images), run.embeddings[run.split.stimuli])
        return f"{found:.3f} by the conditioning network"
    own, truth = scorer.embed(images.numpy()), scorer.embed(truth_of(run, run.split.stimuli).numpy())
    found = float((metrics.correlations(own, truth).argmax(axis=1) == np.arange(len(own))).mean())
    return f"{found:.3f} by the independent network"


def sheets(run, gallery):
    """Writes `sheet.png` (true embeddings) and `sheet_eeg.png` (fed by EEG)."""
    asked = conditions(run)
    for path, chosen in (("sheet.png", asked[:3]), ("sheet_eeg.png", asked[3:])):
        rows = []
        for condition in chosen:
            columns = thinned(list(range(len(condition.rows))), SHEET_COLUMNS)
            words = condition.name.split(", ", 1)
            rows.append((f"{words[0]}: truth", truth_of(run, [condition.rows[i] for i in columns])))
            rows += [(f"{words[1]}: {name}", images) for name, images in gallery.methods(condition.embeddings[columns])]
        if rows:
            sheet.save(sheet.sheet([(label, images.numpy()) for label, images in rows]), run.pack / path, 1100)


def _latency_table(pack):
    head = "| Graph | MB | 1 thread: median / p90 ms | 2 threads: median / p90 ms |\n|---|---|---|---|\n"
    lines = []
    for name in export.GRAPHS:
        if (pack / name).exists():
            one, two = export.latency_ms(pack / name, 1), export.latency_ms(pack / name, 2)
            size = (pack / name).stat().st_size / 1e6
            lines.append(f"| `{name}` | {size:.2f} | {one[0]:.2f} / {one[1]:.2f} | {two[0]:.2f} / {two[1]:.2f} |")
    return head + "\n".join(lines)


def across_vendors(run):
    """40-way retrieval of the stimuli (Fluent) among another vendor's drawings of the same things."""
    found = []
    for vendor in ("noto", "twemoji"):
        rows = [run.pictures.row(vendor, concept.code) for concept in CONCEPTS]
        share = embed.retrieval_top1(run.embeddings[rows], run.embeddings[run.split.stimuli])
        found.append(f"{vendor} {share:.3f}")
    return ", ".join(found)


def measure(run, parts):
    """Judges everything, writes the sheets, and keeps what was found in the work folder."""
    scorer = Scorer.load(run.options.scorer) if run.options.scorer else None
    gallery = Gallery(run, parts)
    records = judge(run, gallery, scorer)
    names = [name for name in SCORES if name in records[0].values]
    pairs = [(f"{n} step{'s' * (n > 1)}", other) for n in STEPS[1:] for other in (REGRESSION, RETRIEVAL)]
    sheets(run, gallery)
    facts = {
        "part": PARTS[run.options.part],
        "ways": WAYS,
        "training": len(run.split.train),
        "errors": "with" if (run.work / "errors.safetensors").exists() else "without",
        "seed": run.seed,
        "scorer": "MobileNetV1 and V2 (see scorer.py)" if scorer else "none given: those columns are missing",
        "results": table.results(records, names, WAYS),
        "identified": identified(run, gallery, scorer),
        "differences": table.differences(records, pairs, [name for name in DIFFERENT if name in names], WAYS),
        "vendors": across_vendors(run),
        "latency": _latency_table(run.pack),
    }
    kept(run).write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")


def kept(run):
    """Where `measure` keeps what it found."""
    return run.work / f"evaluation_{run.options.part}.json"


def report(run, encoder_report, posterior_report):
    """Writes `EVALUATION.md` from what was measured; while tuning (`--part dev`) it is printed only."""
    facts = json.loads(kept(run).read_text(encoding="utf-8"))
    text = TEXT.format(
        **facts,
        definitions=metrics.DEFINITIONS,
        encoder=encoder_report,
        posterior=posterior_report,
        seeds=seeds.table_of(run),
        verdict=verdict(run),
    )
    if run.options.part == "test":
        path = run.pack / "EVALUATION.md"
        earlier = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(with_foreign(text, earlier), encoding="utf-8")
    print(text)


def with_foreign(text, earlier):
    """A report with the sections of an earlier one that other scripts measured, at its end."""
    own = {part.splitlines()[0] for part in text.split("\n## ")[1:]}
    foreign = [part for part in earlier.split("\n## ")[1:] if part.splitlines()[0] not in own]
    return "\n".join([text.rstrip("\n") + "\n", *("## " + part.rstrip("\n") + "\n" for part in foreign)])


def verdict(run):
    """What a person says of the tables: verdict.md beside this file, which has to be written anew for every pack."""
    path = Path(__file__).with_name("verdict.md")
    return path.read_text(encoding="utf-8") if path.exists() else "No verdict was written for these tables."


PARTS = {
    "dev": "**the development pictures, which were looked at while the networks were designed**: read every figure as "
    "kind. The test pictures have not been touched yet",
    "test": "the test pictures, looked at for the first time for this report",
}

TEXT = """# Evaluation of the demonstration pack

Written by `models/training/train.py evaluate`; training seed {seed}, {training} training drawings of eleven vendors, the
generator trained {errors} the EEG encoder's own errors. All EEG is simulated. Judged on {part}. The split is the
committed list `models/training/split.json`. Networks that had no part in training: {scorer}.

The first part feeds the generator with embeddings of pictures: it says what a picture's 256 numbers allow, not what EEG
allows. The rows with "EEG encoder" feed it with what the encoder makes of simulated subjects that it never met.

## Pictures

{results}

Of the forty stimuli drawn in two steps from their true embeddings, {identified} are nearest to their own picture. That
measures memory: they were trained on.

## Does the diffusion earn its place?

Paired by picture; bootstrap over concepts. "retrieval" needs no generator at all: the average of the training
pictures' latents, weighted by how near their embeddings are.

{differences}

{verdict}

## Three training seeds

{seeds}

The first row is the pack. All seeds share the image embedding, the split and the virtual subjects; scores by the same
{ways}-way rule as above, on true embeddings.

## What the scores mean

{definitions}

## Image embedding

40-way retrieval of the stimuli from another vendor's drawings of the same things (the projection never saw a stimulus;
the second half of the embedding did): {vendors}; chance 0.025.

## EEG encoder

{encoder}

{posterior}
## Latency (ONNX Runtime, this machine's CPU while other programs ran)

{latency}

One picture is prior + steps × denoiser + decoder.

## Sheets

`sheet.png`: true embeddings. `sheet_eeg.png`: embeddings from simulated EEG. Rows: truth, retrieval, regression alone, 1,
2 and 4 steps.
"""
