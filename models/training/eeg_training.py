"""How the EEG encoder is trained: what its stages and its ablation share.

Takes   a `Run` of train.py; epochs of eeg_data.
Gives   trained modules, with checkpoints in the work folder; what they are judged on.
Keeps   schedules are the same for every variant that is compared; a checkpoint made from other epochs is removed.
"""

import hashlib
import json

import torch
from safetensors.torch import load_file

import eeg_data
import eeg_evaluate
import eeg_pretrain
import eeg_quick
import encoder
import loop
from eeg_data import NOVEL_FROM

PRETRAINING = loop.Schedule(2500, 1e-3, weight_decay=0.05)
ALIGNMENT = loop.Schedule(5000, 1e-3, weight_decay=0.05)
BATCH = 128
CONTRAST_WEIGHT = 0.02


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


def judges(run, role):
    """The epochs that scores of a role are made from."""
    if run.options.quick:
        gallery, novel = eeg_quick.gallery()[:NOVEL_FROM], eeg_quick.gallery()[NOVEL_FROM:]
    else:
        gallery = run.gallery
        novel = load_file(epochs_folder(run) / f"novel_{role}.safetensors")["embeddings"]
    known, unknown = epochs_of(run, (f"{role}_forty",), role), epochs_of(run, (f"{role}_unseen",), role)
    return eeg_evaluate.Judges(known, gallery, unknown, novel)


def new_masked(run, eeg):
    """A `MaskedModel` that learned nothing but the scale of its channels, from about ten thousand of these epochs. It
    foretells nothing, so that both of its views are the signal, with channels made uncorrelated."""
    model = run.seeded(encoder.MaskedModel)
    some = eeg[:: max(1, len(eeg) // 10_000)]
    model.scale.fit(some.float())
    model.fit_whitening(some)
    return model.eval()


def pretrain(run, parts, schedule):
    """A `MaskedModel` trained on the signal of several `Epochs`; labels are not looked at."""
    eeg = torch.cat([part.eeg for part in parts])
    model = new_masked(run, eeg)
    loss_of = eeg_pretrain.loss_function(model, eeg, trouble(run))
    loop.train(model, loss_of, schedule, run.checkpoint("pretraining"), run.seed)
    model.fit_whitening(eeg[:: max(1, len(eeg) // 10_000)])
    return model


def trouble(run):
    """How epochs are disturbed in training."""
    return eeg_data.Trouble(bank_size=64) if run.options.quick else eeg_data.Trouble()


def align(run, masked, epochs, schedule, name):
    """An encoder on top of a masked model, trained on labelled epochs: with missing channels, wrong onsets and other
    amplitudes."""
    model = run.seeded(lambda: encoder.EegEncoder(epochs.target.shape[1]))
    model.masked.load_state_dict(masked.state_dict())
    disturbance = trouble(run)
    bank = disturbance.bank()

    def loss_of(_step, generator):
        rows = torch.randint(len(epochs), (BATCH,), generator=generator)
        eeg = eeg_data.disturb(epochs.eeg[rows].float(), disturbance, bank, generator)
        return encoder.alignment_loss(model, model(eeg), epochs.target[rows], epochs.stimulus[rows], CONTRAST_WEIGHT)

    return loop.train(model, loss_of, schedule, run.checkpoint(name), run.seed)


def shortened(run, schedule, steps=None):
    """The schedule, with other steps, or with very few in `--quick`."""
    steps = 4 if run.options.quick else steps or schedule.steps
    return loop.Schedule(steps, schedule.rate, schedule.weight_decay)


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


def write(run, name, facts):
    """Keeps what a stage measured as JSON in the work folder."""
    (run.work / name).write_text(json.dumps(facts, indent=1))
