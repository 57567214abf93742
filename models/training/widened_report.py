"""What `widened.py` measured, as Markdown.

Takes   the dictionary of widened.json, painted or not yet.
Gives   `write`: widened.md, which begins with widened_verdict.md where that is there.
Keeps   intervals are 95 %, over concepts, of paired differences between two ways of painting the same questions.
"""

from pathlib import Path

import numpy as np

import intervals

VERDICT = Path(__file__).with_name("widened_verdict.md")

KS = (1, 3, 10)
WIDE, EXACT = "posterior, widened", "posterior, remembered"
SCORES = ("ssim", "pixcorr", "gradient_ratio", "n_way")


def write(kept, path):
    """Writes the report."""
    path.write_text(markdown(kept), encoding="utf-8")


def markdown(kept):
    """The whole report."""
    facts, rows = kept["facts"], kept["figures"]
    pools = [pool for pool in ("unseen drawings", "unseen concepts", "variants", "remembered") if pool in kept["painted"]]
    sizes = "\n".join(size_line(name, count, facts["dim"]) for name, count in facts["rows"].items())
    parts = [HEAD.format(sizes=sizes, kept=listed(facts["kept"]), likeness=listed(facts["likeness"], ".2f"))]
    if VERDICT.exists():
        parts.append("\n## Verdict\n\n" + VERDICT.read_text(encoding="utf-8").rstrip("\n"))
    parts.append(PAINTED)
    parts += [painted_table(pool, kept["painted"][pool]) for pool in pools]
    parts.append(PAIRED)
    parts += [paired_line(pool, k, kept["painted"][pool]) for pool in pools for k in KS]
    parts += [NEARER, *nearer_lines(rows)]
    parts += [TOLD, *(told_line(row) for row in rows), SURE, *(sure_line(row) for row in rows if "hit" in row)]
    return "\n".join(parts) + "\n"


def listed(values, form="d"):
    return ", ".join(f"{name} {value:{form}}" for name, value in values.items())


def size_line(name, count, dim):
    """Size in half precision, as remembered.safetensors keeps embeddings."""
    return f"| {name} | {count} | {2 * dim * count / 1e6:.2f} |"


def painted_table(pool, scored):
    """Best guess and draw of every method at each k."""
    count = len(scored["ceiling"]["concepts"])
    lines = [f"\n### {pool} ({count} pictures)\n", COLUMNS]
    for k in KS:
        for key, found in scored.items():
            if key.startswith(f"{k} "):
                cells = (key.split(" ", 1)[1], cell(found["best"]), cell(found["draw"]), alike(found))
                lines.append(f"| {k} | " + " | ".join(cells) + " |")
    lines.append(f"| – | true embedding, painted | {cell(scored['ceiling']['best'])} | – | – |")
    lines.append(f"| – | another picture of the set | {cell(scored['floor']['best'])} | – | – |")
    return "\n".join(lines)


def cell(scores):
    return " / ".join(f"{np.mean(scores[name]):.3f}" for name in SCORES)


def alike(found):
    return " / ".join(f"{np.mean(found['apart'][name]):.3f}" for name in ("pixcorr", "features"))


def paired_line(pool, k, scored):
    """Widened minus remembered, and widened minus the mean."""
    concepts, cells = scored[f"{k} {WIDE}"]["concepts"], []
    for shown, other in (("best", EXACT), ("draw", EXACT), ("best", "mean")):
        for name in ("pixcorr", "n_way"):
            first, second = scored[f"{k} {WIDE}"][shown][name], scored[f"{k} {other}"][shown][name]
            value, low, high = intervals.paired_difference(first, second, concepts)
            cells.append(f"{value:+.3f} [{low:+.3f}, {high:+.3f}]")
    return f"| {pool} | {k} | " + " | ".join(cells) + " |"


def nearer_lines(rows):
    """How much nearer to the truth the wider memories' best guess and average are than the remembered drawings'."""
    each = {(row["pool"], row["k"], row["memory"]): row["each"] for row in rows if "each" in row}
    lines = []
    for (pool, k, memory), found in each.items():
        if memory != "remembered":
            cells = []
            for name in ("best_cosine", "expected_cosine"):
                narrow = each[pool, k, "remembered"][name]
                value, low, high = intervals.paired_difference(found[name], narrow, found["concepts"], draws=2000)
                cells.append(f"{value:+.3f} [{low:+.3f}, {high:+.3f}]")
            lines.append(f"| {pool} | {memory} | {k} | " + " | ".join(cells) + " |")
    return lines


def told_line(row):
    if row["memory"] == "the mean":
        return f"| {row['pool']} | the mean | {row['k']} | {row['means']} | – | – | – | {row['expected_cosine']:.3f} | – | – |"
    return (
        f"| {row['pool']} | {row['memory']} | {row['k']} | {row['means']} | {row['nearest']:.3f} | {row['best_cosine']:.3f} "
        f"| {row['draw_cosine']:.3f} | {row['expected_cosine']:.3f} | {row['evidence']:+.2f} | {row['gain']:.2f} |"
    )


def sure_line(row):
    return (
        f"| {row['pool']} | {row['memory']} | {row['k']} | {row['means']} | {row['hit']:.3f} | {row['confidence']:.3f} "
        f"| {row['ece']:.3f} | {row['chance_ece']:.3f} | {row['loss']:.3f} | {row['temperature']:.2f} |"
    )


HEAD = """# A memory widened by variants of drawings

Written by `models/training/widened.py`. Development subjects 941 to 948 (simulated, 16 channels, −14 dB, bundled encoder without
calibration), forty pictures each and ten looks at each; temperatures from development subjects 921 to 928. The pictures in
"unseen drawings" and "unseen concepts" are development pictures: no network was trained on them, but designs were compared on
them. No test picture and no test subject was touched.

Memories, and what they cost a pack in half precision:

| memory | rows | MB |
|---|---|---|
{sizes}

Variants kept ({kept}): one whose embedding's cosine to its own
drawing's is above .98 is left out. Median cosine of a variant to its drawing: {likeness}.
Mixtures are embeddings half-way between two near drawings; a program can make them from the others when it loads, so they need not
be kept in a file."""

PAINTED = """
## Painted

Every method paints through the same prior, denoiser (one step) and decoder. "mean": the pack's own way, from the mean answer with
its sureness for its length. "retrieval": the remembered drawing nearest by cosine, painted. "posterior": best guess and draws of the
exact posterior over that memory. For mean and retrieval two draws differ by the noise of the generator alone. Cells: SSIM /
PixCorr / gradient energy relative to the true picture's / 10-way by the independent network (chance .1). Draw: mean over two.
Alike: two draws of one question against each other, PixCorr / correlation of the independent network's features; 1 is the same
picture."""

COLUMNS = (
    "| k | method | best guess: SSIM / PixCorr / gradient / 10-way | draw: SSIM / PixCorr / gradient / 10-way | draws alike |\n"
    "|---|---|---|---|---|"
)

PAIRED = """
## Differences on the same questions

The widened memory's best guess and draws minus those of the remembered drawings, and minus the mean. Asked of each subject are the
first five pictures that were shown k times or more: nearly the same pictures for each k, and the last two lines of each table above
are of those for k = 1.

| pictures | k | best − remembered's: PixCorr | 10-way | draw − remembered's: PixCorr | 10-way | best − mean: PixCorr | 10-way |
|---|---|---|---|---|---|---|---|"""

NEARER = """
## Nearer to the truth in the embedding, all trials, nothing painted

Cosine to the true embedding, memory − remembered drawings only, same answers, intervals over concepts.

| pictures | memory | k | best guess | average |
|---|---|---|---|---|"""

TOLD = """
## What the memories say, all trials, nothing painted

Nearest: cosine of the true embedding to the nearest of the memory, the best that could be hoped for. Best, draw: cosine of the true
embedding to the best guess's, and its expectation over draws. Average: cosine to the posterior's mean, or to what the pack's own
way asks its generator with. Evidence: bits by which the answer is likelier under the memory (its
prior) than under the broad background of the answer model, at T = 1; more is a better prior for these pictures. Gain: bits gained
over the prior.

| pictures | memory | k | means | nearest | best | draw | average | evidence | gain |
|---|---|---|---|---|---|---|---|---|---|"""

SURE = """
## Where the truth is in the memory

"as the prior says": variants and remembered drawings as the memory's prior mixes them, three to one or, in "widened, half", where
the remembered drawings have half of the prior, one to one; temperatures were fitted to that. By chance: the ECE that so many
means would show in the mean if every probability were right; an ECE near it is none.

| pictures | memory | k | means | top-1 | mean confidence | ECE | by chance | log loss | T |
|---|---|---|---|---|---|---|---|---|---|"""
