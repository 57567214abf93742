"""The EEG encoder: from one epoch of EEG to an embedding.

Takes   eeg f32 [n, 16, 200] µV, 0 to 0.8 s after stimulus onset at 250 Hz, causally filtered, average-referenced and
        baseline-corrected; and a safetensors file of training epochs (`eeg`, `stimulus` i32 [n] row of the gallery,
        `subject` i32 [n], `snr_db` f32 [n]).
Gives   embedding f32 [n, 128], NOT normalised: squared error makes it the mean over what the epoch may show, so that
        its length falls with doubt. Scaling by training statistics is part of the network.
Keeps   validation subjects are never trained on; the last weights are used, none is chosen by validation score.
"""

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from embed import DIM

CHANNELS, SAMPLES, RATE_HZ = 16, 200, 250.0
BATCH = 128
MAX_JITTER_SAMPLES = 2
CHANNEL_DROP = 0.1
AMPLITUDE_LOG_SD = 0.15
CLIP_SD = 6.0
CONTRAST_WEIGHT = 0.02
VALIDATION_SHARE = 0.2
BANDS_HZ = ((0.5, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 30.0), (30.0, 40.0))


class EegEncoder(nn.Module):
    """eeg [n, 16, 200] µV → embedding [n, 128]: a linear path over the whole epoch plus a small convolutional one."""

    def __init__(self, sources=32, width=64):
        super().__init__()
        self.register_buffer("mean_uv", torch.zeros(1, CHANNELS, 1))
        self.register_buffer("deviation_uv", torch.ones(1, CHANNELS, 1))
        self.spatial = nn.Conv1d(CHANNELS, sources, 1)
        self.linear = nn.Sequential(nn.AvgPool1d(4), nn.Flatten(), nn.Dropout(0.3), nn.Linear(sources * 50, DIM))
        self.temporal = nn.Sequential(
            nn.Conv1d(sources, width, 25, padding=12, groups=sources),
            nn.GroupNorm(8, width),
            nn.GELU(),
            nn.Conv1d(width, width, 1),
            nn.GELU(),
            nn.AvgPool1d(5),
            nn.Conv1d(width, width, 5, padding=2),
            nn.GELU(),
            nn.AvgPool1d(2),
            nn.Flatten(),
            nn.Dropout(0.4),
            nn.Linear(width * 20, DIM),
        )
        self.log_temperature = nn.Parameter(torch.tensor(2.0))

    def forward(self, eeg):
        scaled = ((eeg - self.mean_uv) / self.deviation_uv).clamp(-CLIP_SD, CLIP_SD)
        sources = self.spatial(scaled)
        return self.linear(sources) + self.temporal(sources)

    @torch.no_grad()
    def set_scale(self, eeg):
        """Takes mean and deviation per channel from training epochs."""
        self.mean_uv.copy_(eeg.mean(dim=(0, 2), keepdim=True))
        self.deviation_uv.copy_(eeg.std(dim=(0, 2), keepdim=True).clamp_min(1e-3))


def load_epochs(path, gallery_size):
    """The tensors of an epochs file, checked; ValueError says what is wrong."""
    epochs = load_file(path)
    missing = {"eeg", "stimulus", "subject", "snr_db"} - set(epochs)
    if missing:
        raise ValueError(f"no tensor {sorted(missing)} in {path}")
    eeg = epochs["eeg"].float()
    if eeg.shape[1:] != (CHANNELS, SAMPLES):
        raise ValueError(f"eeg is {list(eeg.shape)}, not [n, {CHANNELS}, {SAMPLES}], in {path}")
    if not torch.isfinite(eeg).all():
        raise ValueError(f"eeg holds NaN or infinity, in {path}")
    stimulus = epochs["stimulus"].long()
    if stimulus.min() < 0 or stimulus.max() >= gallery_size:
        raise ValueError(f"stimulus outside 0..{gallery_size - 1}, in {path}")
    return {"eeg": eeg, "stimulus": stimulus, "subject": epochs["subject"].long(), "snr_db": epochs["snr_db"].float()}


def split_subjects(subject, seed):
    """(training rows, validation rows): a fifth of the subjects, at least one, is for validation only."""
    subjects = subject.unique()
    if len(subjects) < 2:
        raise ValueError("a split by subject needs at least two subjects")
    order = subjects[torch.randperm(len(subjects), generator=torch.Generator().manual_seed(seed))]
    held_out = order[: max(1, round(len(subjects) * VALIDATION_SHARE))]
    is_held_out = torch.isin(subject, held_out)
    return (~is_held_out).nonzero()[:, 0], is_held_out.nonzero()[:, 0]


def augment(eeg, generator):
    """Onset jitter, channel dropout and amplitude change of f32 [n, 16, 200]."""
    shift = int(torch.randint(-MAX_JITTER_SAMPLES, MAX_JITTER_SAMPLES + 1, (), generator=generator))
    padded = F.pad(eeg, (MAX_JITTER_SAMPLES, MAX_JITTER_SAMPLES), mode="replicate")
    eeg = padded[:, :, MAX_JITTER_SAMPLES + shift : MAX_JITTER_SAMPLES + shift + SAMPLES]
    kept = torch.rand(len(eeg), CHANNELS, 1, generator=generator) >= CHANNEL_DROP
    gain = (AMPLITUDE_LOG_SD * torch.randn(len(eeg), 1, 1, generator=generator)).exp()
    return eeg * kept * gain


def loss_function(model, eeg, stimulus, gallery):
    """`loss_of`: squared error to the unit embedding, plus a little cross-entropy over the gallery."""

    def loss_of(_step, generator):
        rows = torch.randint(len(eeg), (BATCH,), generator=generator)
        output = model(augment(eeg[rows], generator))
        error = (output - gallery[stimulus[rows]]).square().sum(dim=1).mean()
        logits = F.normalize(output, dim=1, eps=1e-4) @ gallery.T * model.log_temperature.exp()
        return error + CONTRAST_WEIGHT * F.cross_entropy(logits, stimulus[rows])

    return loss_of


@torch.inference_mode()
def embed(model, eeg, batch=512):
    """Embeddings f32 [n, 128] of many epochs."""
    return torch.cat([model(part) for part in eeg.split(batch)]).clone()


def gallery_ranks(embeddings, stimulus, gallery):
    """Rank (1 is best) of the true gallery row for each embedding, by cosine; ties count against us."""
    scores = embeddings @ gallery.T
    true = scores.gather(1, stimulus[:, None])
    return (scores >= true).sum(dim=1)


def report(embeddings, stimulus, snr_db, gallery):
    """Rows of a table: overall and per SNR {trials, top1, top5, length, cosine}; single trials, no averaging."""
    ranks = gallery_ranks(embeddings, stimulus, gallery)
    lengths = embeddings.norm(dim=1)
    cosines = F.cosine_similarity(embeddings, gallery[stimulus], dim=1)
    groups = [("all", torch.ones_like(ranks, dtype=torch.bool))]
    groups += [(f"{level:g} dB", (snr_db.round() == level)) for level in snr_db.round().unique().tolist()]
    return [_row(name, ranks[mask], lengths[mask], cosines[mask]) for name, mask in groups]


def band_powers(eeg, batch=1024):
    """log10 power (µV²) f32 [n, 5]: mean over channels of the log of the power within each of BANDS_HZ.

    The same numbers as the program's gate (`BandStatistics` in src/dsp/gate.rs): the sum over the band's bins of
    SciPy's periodogram (periodic Hann window, mean removed, one-sided density) times the bin width, lower edge
    included, upper edge excluded.
    """
    window = torch.hann_window(SAMPLES, periodic=True)
    frequencies = torch.fft.rfftfreq(SAMPLES, 1.0 / RATE_HZ)
    one_sided = torch.full((len(frequencies),), 2.0)
    one_sided[0] = one_sided[-1] = 1.0
    parts = []
    for part in eeg.split(batch):
        centred = part - part.mean(dim=2, keepdim=True)
        power = torch.fft.rfft(centred * window).abs().square() * one_sided / (SAMPLES * window.square().sum())
        bands = [power[:, :, (frequencies >= low) & (frequencies < high)].sum(dim=2) for low, high in BANDS_HZ]
        parts.append(torch.stack(bands, dim=2).clamp_min(1e-12).log10().mean(dim=1))
    return torch.cat(parts)


def _row(name, ranks, lengths, cosines):
    return {
        "snr": name,
        "trials": len(ranks),
        "top1": (ranks <= 1).float().mean().item(),
        "top5": (ranks <= 5).float().mean().item(),
        "length": lengths.mean().item(),
        "cosine": cosines.mean().item(),
    }
