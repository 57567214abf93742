"""The EEG encoder's section of EVALUATION.md.

Takes   what `stages_eeg.write_scores` and `eeg_ablation.ablate` measured.
Gives   Markdown.
Keeps   every score stands beside its number of trials, its number of repeats k, its interval and its chance.
"""

import eeg_evaluate


def score_table(rows):
    """Rows of `scores` as Markdown."""
    head = "| SNR | k | trials | subjects | top-1 | 95 % interval | top-5 | chance |\n"
    head += "|---|---|---|---|---|---|---|---|\n"
    return head + "\n".join(
        f"| {row['snr_db']:g} dB | {row['k']} | {row['trials']} | {row['subjects']} | {row['top1']:.3f} "
        f"| {row['low']:.3f}–{row['high']:.3f} | {row['top5']:.3f} | {row['chance']:.3f} |"
        for row in rows
    )


def ablation_table(rows):
    """Rows {budget, variant, forty: {k: row}, unseen: {k: row}} as Markdown."""
    head = (
        "| Labelled | Variant | 40-way, k = 1 | 95 % interval | 40-way, k = 10 | unseen, 10-way, k = 10 "
        "| 95 % interval |\n|---|---|---|---|---|---|---|\n"
    )
    lines = []
    for row in rows:
        one, ten, unseen = row["forty"]["1"], row["forty"]["10"], row["unseen"]["10"]
        lines.append(
            f"| {row['budget']} | {row['variant']} | {one['top1']:.3f} | {one['low']:.3f}–{one['high']:.3f} "
            f"| {ten['top1']:.3f} | {unseen['top1']:.3f} | {unseen['low']:.3f}–{unseen['high']:.3f} |"
        )
    return head + "\n".join(lines)


def markdown(kept, ablation):
    """The section of EVALUATION.md on the EEG encoder, from what stages_eeg.write_scores kept."""
    facts, table = kept["facts"], kept["expected"]
    channels = " · ".join(f"{label} {share:.3f}" for label, share in table["per_channel"]["interpolated"].items())
    return TEXT.format(
        scores=score_table(kept["rows"]),
        unseen=score_table(kept["unseen"]),
        shuffled=score_table(kept["shuffled"]),
        slope=kept["honesty"]["slope"],
        unseen_slope=kept["honesty_unseen"]["slope"],
        explained=kept["honesty"]["explained"],
        unseen_explained=kept["honesty_unseen"]["explained"],
        cosine=kept["cosine"],
        whole=table["by_count"]["interpolated"][0][1],
        channels=channels,
        counts=_line("missing", table["by_count"]["interpolated"]),
        onsets=_line("error, ms", kept["by_onset_ms"]),
        ablation=ablation,
        sets=eeg_evaluate.SETS_PER_COUNT,
        millions=facts["parameters"] / 1e6,
        **{name: facts[name] for name in NAMED},
    )


def _line(name, rows):
    """A Markdown table of one line: first numbers above, second below."""
    heads, shares = " | ".join(f"{row[0]}" for row in rows), " | ".join(f"{row[1]:.3f}" for row in rows)
    return f"| {name} | {heads} |\n{'|---' * (len(rows) + 1)}|\n| top-1 | {shares} |"


NAMED = ("training_trials", "training_subjects", "training_pictures", "unlabelled_trials")

TEXT = """\
Trained on {training_trials} labelled epochs ({training_subjects} simulated subjects, {training_pictures} pictures,
−18 to −5 dB) after masked modelling on these and {unlabelled_trials} epochs of other subjects, headsets and artefact
strengths; {millions:.2f} M parameters. Judged on simulated subjects never met, zero-shot. k is the number of repeats of
one picture whose embeddings are averaged. Intervals: whole subjects drawn with replacement. The simulator's default is
−14 dB; −40 dB is the control with hardly any response.

### The forty pictures

{scores}

At the default level a linear regression of the pictures' slope on embeddings is {slope:.2f} (1: lengths are as they
should be; above 1: too cautious), and embeddings of single trials foretell {explained:.3f} of the power of the truth
(unseen concepts: {unseen_slope:.2f} and {unseen_explained:.3f}); mean cosine {cosine:.3f}.

### Ten concepts whose pictures were never shown in training

{unseen}

### Control: pictures exchanged at random

{shuffled}

### Missing channels (interpolated from the others), single trials at the default level

All channels: {whole:.3f}. One missing: {channels}.

{counts}

Mean over {sets} random sets for each number.

### Wrong onset times (normal errors with this standard deviation), single trials at the default level

{onsets}

### What pre-training and alignment are worth (development subjects; short schedules, the same for all)

{ablation}

Where the interval of "both" overlaps that of "alignment only", masked pre-training is not shown to be worth anything.
"""
