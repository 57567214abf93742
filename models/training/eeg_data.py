"""Epochs for the EEG encoder: files, who is trained on and who is not, and what is done to epochs in training.

Takes   safetensors files of epochs (`eeg` f32 [n, 16, 200] µV, `stimulus` i32 [n], `subject` i32 [n], `snr_db` f32 [n],
        `target` f32 [n, dim]), as examples/training_epochs.rs writes them.
Gives   `Epochs`; batches with missing channels, wrong onsets and other amplitudes.
Keeps   subjects 1–99 (what users meet first) are in no role; training, unlabelled, development and test subjects never
        meet: a file that holds a subject of another role is refused. Test subjects are looked at once.
"""

from dataclasses import dataclass, fields, replace

import torch
from safetensors.torch import load_file

import montage
from encoder import CHANNELS, SAMPLES

ROLES = {
    "train": range(101, 401),
    "errors": range(401, 900),
    "development": range(901, 1000),
    "test": range(1001, 2000),
    "strength": range(2001, 2011),
    "unlabelled": range(5001, 9000),
}
DEFAULT_SNR_DB = -14.0
NOVEL_FROM = 40


@dataclass(frozen=True)
class Epochs:
    """Rows of the same length: eeg f16 [n, 16, 200] µV (half precision is finer than the noise by far), stimulus and
    subject i64 [n], snr_db f32 [n], target f32 [n, dim]."""

    eeg: torch.Tensor
    stimulus: torch.Tensor
    subject: torch.Tensor
    snr_db: torch.Tensor
    target: torch.Tensor

    def __len__(self):
        return len(self.eeg)

    def at(self, chosen):
        """Some rows, by index or by mask."""
        return Epochs(*[getattr(self, field.name)[chosen] for field in fields(self)])

    def with_eeg(self, eeg):
        """The same rows with another signal."""
        return replace(self, eeg=eeg)


def load(paths, role):
    """The epochs of several files, whose subjects must all be of `role`; ValueError says what is wrong."""
    parts = [_load_one(path, role) for path in paths]
    dims = sorted({part.target.shape[1] for part in parts})
    if len(dims) != 1:
        raise ValueError(f"epochs files with embeddings of {dims} dimensions; write all of them afresh")
    return Epochs(*[torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Epochs)])


def _load_one(path, role):
    found = load_file(path)
    missing = {field.name for field in fields(Epochs)} - set(found)
    if missing:
        raise ValueError(f"no tensor {sorted(missing)} in {path}")
    eeg, count = found["eeg"], len(found["eeg"])
    if eeg.ndim != 3 or eeg.shape[1:] != (CHANNELS, SAMPLES) or count == 0:
        raise ValueError(f"eeg is {list(eeg.shape)}, not [n, {CHANNELS}, {SAMPLES}], in {path}")
    lengths = {name: len(values) for name, values in found.items() if len(values) != count}
    if lengths:
        raise ValueError(f"{lengths} rows beside {count} of eeg, in {path}")
    eeg = eeg.half()
    if not torch.isfinite(eeg).all():
        raise ValueError(f"eeg holds NaN, infinity or more than 65 000 µV, in {path}")
    subject = found["subject"].long()
    strangers = sorted({number for number in subject.unique().tolist() if number not in ROLES[role]})
    if strangers:
        allowed = ROLES[role]
        raise ValueError(f"subjects {strangers[:5]} are not {role} subjects ({allowed[0]}–{allowed[-1]}), in {path}")
    return Epochs(eeg, found["stimulus"].long(), subject, found["snr_db"].float(), found["target"].float())


@dataclass(frozen=True)
class Trouble:
    """How epochs are disturbed in training."""

    missing_share: float = 0.35
    most_missing: int = 8
    onset_sd_samples: float = 2.0
    amplitude_log_sd: float = 0.15
    bank_size: int = 1024
    bank_seed: int = 20

    def bank(self):
        """f32 [bank_size, 16, 16]: what missing channels do to an epoch."""
        return montage.bank(self.bank_size, self.most_missing, self.bank_seed)


def disturb(eeg, trouble, bank, generator):
    """f32 [n, 16, 200] with wrong onsets, other amplitudes and, in a share of rows, interpolated channels."""
    eeg = shifted(eeg, torch.randn(len(eeg), generator=generator) * trouble.onset_sd_samples)
    gain = (trouble.amplitude_log_sd * torch.randn(len(eeg), 1, 1, generator=generator)).exp()
    chosen = bank[torch.randint(len(bank), (len(eeg),), generator=generator)]
    spared = torch.rand(len(eeg), 1, 1, generator=generator) >= trouble.missing_share
    return torch.where(spared, eeg, chosen @ eeg) * gain


def shifted(eeg, samples):
    """Each epoch [16, 200] later by its own number of samples f32 [n], rounded; ends are repeated."""
    index = torch.arange(SAMPLES) - samples.round().long()[:, None]
    return eeg.gather(2, index.clamp(0, SAMPLES - 1)[:, None, :].expand(-1, CHANNELS, -1))


def averages(embeddings, epochs, k):
    """Means of k embeddings of one picture, subject and level: (means f32 [m, dim], first row of each i64 [m])."""
    rows = repeats(epochs, k)
    return embeddings[rows].mean(dim=1), rows[:, 0]


def repeats(epochs, k):
    """Rows i64 [m, k] of k epochs each of one picture, subject and level. Epochs are taken in the order of recording;
    what does not fill a group of k is left out."""
    level = epochs.snr_db.round().long()
    keys = torch.stack([epochs.subject, level, epochs.stimulus], dim=1)
    _, group = keys.unique(dim=0, return_inverse=True)
    order = torch.sort(group, stable=True).indices
    group = group[order]
    starts = torch.cat([torch.tensor([0]), (group.diff() != 0).nonzero()[:, 0] + 1])
    ends = torch.cat([starts[1:], torch.tensor([len(group)])])
    firsts = [start + k * i for start, end in zip(starts.tolist(), ends.tolist()) for i in range((end - start) // k)]
    return order[torch.tensor(firsts, dtype=torch.long)[:, None] + torch.arange(k)]
