"""Judges the generator on pictures, and writes the report of the pack.

Takes   a run (pictures, split, embeddings), the trained (autoencoder, prior, denoiser), the EEG encoder's report (Markdown).
Gives   `EVALUATION.md` and `sheet.png` in the pack.
Keeps   every table shows, side by side, what needs no network (retrieval), the prior alone and each number of steps,
        with floors and ceiling. "Pixel top-1" uses no network at all; "embedding top-1" uses the network that
        conditions the generator and is circular. No variant is left out.
"""

import numpy as np
import torch
from PIL import Image
from skimage.metrics import structural_similarity

import autoencoder
import export
import generator
from concepts import CONCEPTS

STEPS = (0, 1, 2, 4)
SOFTMAX_SHARPNESS = 40.0
SHEET_COLUMNS = 10


def ssim(image, truth):
    """Structural similarity of f32 [3, 128, 128] in RGB, 7 × 7 uniform window."""
    return structural_similarity(image.numpy(), truth.numpy(), data_range=1.0, channel_axis=0)


def flat_unit(images):
    """Each image as a vector without its mean, of unit length: products are pixel correlations."""
    flat = images.flatten(1)
    flat = flat - flat.mean(dim=1, keepdim=True)
    return flat / flat.norm(dim=1, keepdim=True).clamp_min(1e-6)


def top1(scores):
    """Share of rows of [n, n] whose best column is their own."""
    return (scores.argmax(dim=1) == torch.arange(len(scores))).float().mean().item()


@torch.inference_mode()
def score(run, images, rows):
    """{ssim, pixcorr, pixel top-1, embedding top-1} of images f32 [n, 3, 128, 128] against the pictures in `rows`."""
    truth = run.images[rows]
    pixel = flat_unit(images) @ flat_unit(truth).T
    embedding = run.image_encoder(images) @ run.embeddings[rows].T
    return {
        "ssim": float(np.mean([ssim(a, b) for a, b in zip(images, truth)])),
        "pixcorr": pixel.diagonal().mean().item(),
        "pixel": top1(pixel),
        "embedding": top1(embedding),
    }


def retrieve(embeddings, memory, latents):
    """The baseline without a generator: the mean of training latents, weighted by softmax of cosine. [n, 8, 16, 16]."""
    weights = (SOFTMAX_SHARPNESS * generator.unit(embeddings) @ memory.T).softmax(dim=1)
    return torch.einsum("nm,mchw->nchw", weights, latents)


def conditions(run):
    """[(name, embeddings given, rows of the truth)]: how the generator is asked."""
    draw = torch.Generator().manual_seed(run.seed + 1000)
    rows = run.split.stimuli
    clean = run.embeddings[rows]
    noise = torch.randn(clean.shape, generator=draw)
    others = clean[(torch.arange(len(rows)) + 1 + torch.randint(len(rows) - 1, (len(rows),), generator=draw)) % len(rows)]
    asked = [("true embedding", clean, rows)]
    for cosine in (0.7, 0.5):
        level = torch.full((len(rows), 1), cosine)
        asked.append((f"isotropic noise, cosine {cosine}, unit length", generator.blend(clean, noise, level), rows))
        asked.append((f"… same, length {cosine}", cosine * generator.blend(clean, noise, level), rows))
        asked.append((f"towards another stimulus, cosine {cosine}", generator.blend(clean, others, level), rows))
    asked.append(("half this, half another stimulus", (clean + others) / 2, rows))
    for name, held_out in (("unseen drawings", run.split.unseen_drawings), ("unseen concepts", run.split.unseen_concepts)):
        asked.append((f"{name} of the held-out set, true embedding", run.embeddings[held_out], held_out))
    return asked


def judge(run, parts):
    """Rows of the main table: (condition, n, method, scores)."""
    codec, prior, denoiser = parts
    training = run.split.train
    latents = autoencoder.encode(codec, run.images[training])
    table = []
    for name, embeddings, rows in conditions(run):
        methods = [("retrieval", retrieve(embeddings, run.embeddings[training], latents))]
        for steps in STEPS:
            label = "prior alone" if steps == 0 else f"{steps} step{'s' * (steps > 1)}"
            methods.append((label, generator.sample(prior, denoiser, embeddings, steps)))
        for method, found in methods:
            table.append((name, len(rows), method, score(run, autoencoder.decode(codec, found), rows)))
    return table


def bounds(run, parts):
    """Floors and ceiling on the stimuli: (name, scores)."""
    truth = run.images[run.split.stimuli]
    training_mean = run.images[run.split.train].mean(dim=0, keepdim=True).expand(len(truth), -1, -1, -1)
    ceiling = autoencoder.decode(parts[0], autoencoder.encode(parts[0], truth))
    unsure = generator.sample(parts[1], parts[2], torch.zeros(len(truth), generator.DIM), 2)
    named = [
        ("floor: another stimulus's own picture", truth.roll(1, dims=0)),
        ("floor: mean of the training pictures", training_mean),
        ("floor: nothing known (embedding 0), 2 steps", autoencoder.decode(parts[0], unsure)),
        ("ceiling: autoencoder", ceiling),
    ]
    return [(name, score(run, images, run.split.stimuli)) for name, images in named]


def fidelity(run, codec):
    """PSNR of the autoencoder in dB: {set: mean}."""
    sets = {
        "stimuli (trained on)": run.split.stimuli,
        "unseen drawings": run.split.unseen_drawings,
        "unseen concepts": run.split.unseen_concepts,
    }
    result = {}
    for name, rows in sets.items():
        truth = run.images[rows]
        error = (autoencoder.decode(codec, autoencoder.encode(codec, truth)) - truth).square().mean(dim=(1, 2, 3))
        result[name] = (-10.0 * error.log10()).mean().item()
    return result


def across_renderings(run):
    """40-way retrieval of the stimuli across the two renderings: (Fluent finds Noto, Noto finds Fluent)."""
    fluent, noto = run.embeddings[run.split.stimuli], run.embeddings[run.split.twins]
    return top1(fluent @ noto.T), top1(noto @ fluent.T)


def sheet(run, parts):
    """u8 picture: for the first stimuli, from the top: truth, autoencoder, 2 steps from the true embedding, from
    cosine 0.7, from half another stimulus, from nothing; then unseen concepts and 2 steps from their embeddings."""
    codec, prior, denoiser = parts
    asked = {name: embeddings for name, embeddings, _ in conditions(run)}
    chosen = slice(0, SHEET_COLUMNS)
    known = run.split.stimuli[chosen]
    held_out = run.split.unseen_concepts
    strange = [held_out[column * len(held_out) // SHEET_COLUMNS] for column in range(SHEET_COLUMNS)]

    def drawn(embeddings):
        return autoencoder.decode(codec, generator.sample(prior, denoiser, embeddings, 2))

    names = ("true embedding", "isotropic noise, cosine 0.7, unit length", "half this, half another stimulus")
    rows = [run.images[known], autoencoder.decode(codec, autoencoder.encode(codec, run.images[known]))]
    rows += [drawn(asked[name][chosen]) for name in names]
    rows += [drawn(torch.zeros(SHEET_COLUMNS, generator.DIM))]
    rows += [run.images[strange], drawn(run.embeddings[strange])]
    strips = [torch.cat(list(row), dim=2) for row in rows]
    return (torch.cat(strips, dim=1) * 255.0).round().byte().permute(1, 2, 0).numpy()


def _score_cells(scores):
    keys = ("ssim", "pixcorr", "pixel", "embedding")
    return " | ".join(f"{scores[key]:.3f}" for key in keys)


def _table(rows):
    head = "| Embedding given | n | Method | SSIM | PixCorr | pixel top-1 | embedding top-1 |\n|---|---|---|---|---|---|---|\n"
    return head + "\n".join(f"| {name} | {n} | {method} | {_score_cells(s)} |" for name, n, method, s in rows)


def _bounds_table(rows):
    head = "| | SSIM | PixCorr | pixel top-1 | embedding top-1 |\n|---|---|---|---|---|\n"
    return head + "\n".join(f"| {name} | {_score_cells(scores)} |" for name, scores in rows)


def _latency_table(pack):
    head = "| Graph | MB | 1 thread: median / p90 ms | 2 threads: median / p90 ms |\n|---|---|---|---|\n"
    lines = []
    for name in export.GRAPHS:
        if (pack / name).exists():
            one, two = export.latency_ms(pack / name, 1), export.latency_ms(pack / name, 2)
            size = (pack / name).stat().st_size / 1e6
            lines.append(f"| `{name}` | {size:.2f} | {one[0]:.2f} / {one[1]:.2f} | {two[0]:.2f} / {two[1]:.2f} |")
    return head + "\n".join(lines)


def write(run, parts, encoder_report):
    """Writes `EVALUATION.md` and `sheet.png` into the pack."""
    picture = Image.fromarray(sheet(run, parts))
    width = 960
    small = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    small.quantize(256, kmeans=4, dither=Image.Dither.NONE).save(run.pack / "sheet.png", optimize=True)
    forward, backward = across_renderings(run)
    fidelities = "; ".join(f"{name} {value:.1f} dB" for name, value in fidelity(run, parts[0]).items())
    text = TEXT.format(
        forward=forward,
        backward=backward,
        chance=1 / len(CONCEPTS),
        fidelity=fidelities,
        bounds=_bounds_table(bounds(run, parts)),
        table=_table(judge(run, parts)),
        latency=_latency_table(run.pack),
        encoder=encoder_report,
        held_out=len(run.split.unseen_concepts),
        training=len(run.split.train),
    )
    (run.pack / "EVALUATION.md").write_text(text, encoding="utf-8")


TEXT = """# Evaluation of the demonstration pack

Written by `models/training/evaluate.py`; one training seed. Trained on {training} drawings. **The generator is fed
here with embeddings made from pictures, not with EEG**: these tables say what the generator can do with a given
embedding, not what EEG allows.

## Image embedding

40-way retrieval of the stimuli across renderings (no stimulus was used to fit the projection): Fluent finds Noto
{forward:.3f}, Noto finds Fluent {backward:.3f} (chance {chance:.3f}).

## Autoencoder

PSNR: {fidelity}.

## Floors and ceiling, on the forty stimuli

{bounds}

SSIM: RGB, 7 × 7 uniform window, 128 px. PixCorr: Pearson over all RGB pixels. Pixel top-1: the picture whose pixel
correlation is highest is the right one (among the n of the row). Embedding top-1: the same by the embedding network,
which also conditions the generator, so it is circular. All pictures share one grey background, so SSIM is high for
any pair: compare with the floors.

## Generator

{table}

How to read it. The stimuli were trained on: the first rows measure memory, and plain retrieval over the training
latents measures the same. Held out are the unseen drawings (of known concepts; the Fluent drawing of the concept was
trained on) and the {held_out} drawings of unseen concepts. Where the rows with steps do not score above "prior
alone", the flow improves nothing that these scores can see; what it adds is variety between seeds.

## EEG encoder (simulated subjects)

{encoder}

## Latency (ONNX Runtime, this machine's CPU while other programs ran)

{latency}

One picture is prior + steps × denoiser + decoder.

## Sheet

`sheet.png`, from the top: stimuli; autoencoder; 2 steps from the true embedding; from isotropic noise at cosine 0.7;
from half this, half another stimulus; from nothing known; unseen concepts; 2 steps from their embeddings.
"""
