"""What pre-training and alignment are worth: the ablation of DreamDiffusion's Table 2 in small.

Takes   a `Run` of train.py, epochs of training and of unlabelled subjects.
Gives   `eeg_ablation.json`: scores on development subjects without pre-training, without alignment, with both, and with
        neither; for many labelled subjects, for few and for two.
Keeps   every variant of one budget sees the same labelled epochs, is aligned for the same number of steps and starts
        from the same seed. "Without pre-training" has the same networks, but its masked model learned nothing and
        foretells nothing, so that both views are the signal. "Without alignment" has to be read out somehow: by ridge
        regression. Channels are made uncorrelated in all variants: without that, pre-training would seem to gain more.
"""

import torch
from torch.nn import functional as F

import eeg_report
import eeg_training
import encoder

STEPS = {"pretraining": 2500, "two": 300, "few": 300, "many": 1000}
FEW_SUBJECTS = {"two": 2, "few": 8}
PENALTIES = [10.0**power for power in range(7)]


def ablate(run):
    """Scores of the variants on the development subjects, for each number of labelled subjects."""
    labelled = eeg_training.epochs_of(run, ("train_forty", "train_novel"), "train")
    unlabelled = eeg_training.epochs_of(run, ("unlabelled",), "unlabelled")
    judge, steps = eeg_training.judges(run, "development"), STEPS
    eeg_training.forget_other_epochs(run, labelled)
    schedule = eeg_training.shortened(run, eeg_training.PRETRAINING, steps["pretraining"])
    masked = eeg_training.pretrain(run, (labelled, unlabelled), schedule)
    subjects = labelled.subject.unique()
    budgets = {name: labelled.at(torch.isin(labelled.subject, subjects[:count])) for name, count in FEW_SUBJECTS.items()}
    budgets["many"] = labelled
    rows = []
    for budget, part in budgets.items():
        words = f"{len(part.subject.unique())} subjects, {len(part)} trials"
        schedule = eeg_training.shortened(run, eeg_training.ALIGNMENT, steps[budget])
        for variant, embed in variants(run, masked, part, schedule, budget):
            rows.append({"budget": words, "variant": variant} | judge.score(embed))
            print(eeg_report.ablation_table(rows[-1:]), flush=True)
    eeg_training.write(run, "eeg_ablation.json", {"rows": rows, "steps": steps})


def variants(run, masked, labelled, schedule, budget):
    """(name, function from eeg to embeddings), each trained on the same labelled epochs."""
    fresh = eeg_training.new_masked(run, labelled.eeg)
    yield "neither: signal, ridge regression", ridge_readout(fresh, labelled)
    yield "without alignment: masked modelling, ridge regression", ridge_readout(masked, labelled)
    alone = eeg_training.align(run, fresh, labelled, schedule, f"ablation_{budget}_alone")
    yield "without pre-training: alignment only", lambda eeg: encoder.embed(alone, eeg)
    both = eeg_training.align(run, masked, labelled, schedule, f"ablation_{budget}_both")
    yield "both", lambda eeg: encoder.embed(both, eeg)


def ridge_readout(masked, labelled, most=20_000):
    """The two views of a masked model in steps of 16 ms → embeddings by ridge regression; a fifth of the subjects (of
    two subjects, one) chooses the penalty."""
    part = labelled.at(torch.arange(len(labelled))[:: max(1, len(labelled) // most)])

    @torch.inference_mode()
    def features(eeg):
        pieces = [F.avg_pool1d(masked.views(piece.float()), 4).flatten(1) for piece in eeg.split(512)]
        return torch.cat(pieces).clone()

    subjects = part.subject.unique()
    check = torch.isin(part.subject, subjects[:: max(2, min(5, len(subjects)))])
    weights = ridge(features(part.eeg), part.target, ~check, check).float()
    return lambda eeg: features(eeg) @ weights[:-1] + weights[-1]


def ridge(features, targets, fit, check):
    """Weights f64 [features + 1, dim] of a ridge regression; the penalty that does best on the rows `check` is taken,
    then all rows are used."""
    ones = torch.ones(len(features), 1, dtype=torch.float64)
    x, y = torch.cat([features.double(), ones], dim=1), targets.double()
    errors = [(x[check] @ _ridge_at(x[fit], y[fit], penalty) - y[check]).square().mean() for penalty in PENALTIES]
    return _ridge_at(x, y, PENALTIES[int(torch.stack(errors).argmin())])


def _ridge_at(x, y, penalty):
    penalties = torch.full((x.shape[1],), penalty, dtype=torch.float64)
    penalties[-1] = 1e-6
    return torch.linalg.solve(x.T @ x + penalties.diag(), x.T @ y)
