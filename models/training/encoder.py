"""The EEG encoder: from one epoch of EEG to an embedding.

Takes   eeg f32 [n, 16, 200] µV, 0 to 0.8 s after stimulus onset at 250 Hz, causally filtered, average-referenced and
        baseline-corrected, channels in the order of montage.CHANNELS.
Gives   embedding f32 [n, dim], NOT normalised: squared error makes it the mean over what the epoch may show, so that
        its length falls with doubt. Scaling by training statistics is part of the network.
Keeps   `dim` is that of the targets; every epoch is treated by itself, nothing is learned from the wearer at run time.
"""

import torch
from torch import nn
from torch.nn import functional as F

from montage import CHANNELS as CHANNEL_LABELS

CHANNELS, SAMPLES, RATE_HZ = len(CHANNEL_LABELS), 200, 250.0
PATCH_SAMPLES = 10
PATCHES = SAMPLES // PATCH_SAMPLES
CLIP_SD = 6.0
LEAST_POWER = 1e-3
BANDS_HZ = ((0.5, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 30.0), (30.0, 40.0))


class Block(nn.Module):
    """One transformer block, normalised before each part; f32 [n, tokens, width] → the same."""

    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads = heads
        self.before_mixing, self.before_thinking = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixing_in, self.mixing_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.thinking = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens):
        tokens = tokens + self.dropout(self.mixing_out(self._mixed(self.before_mixing(tokens))))
        return tokens + self.dropout(self.thinking(self.before_thinking(tokens)))

    def _mixed(self, tokens):
        parts = self.mixing_in(tokens).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(parts[0], parts[1], parts[2]).transpose(1, 2).flatten(2)


class Scale(nn.Module):
    """µV → standard deviations of the training epochs, cut at CLIP_SD."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean_uv", torch.zeros(1, CHANNELS, 1))
        self.register_buffer("deviation_uv", torch.ones(1, CHANNELS, 1))

    @torch.no_grad()
    def fit(self, eeg):
        """Takes mean and deviation per channel from training epochs."""
        self.mean_uv.copy_(eeg.mean(dim=(0, 2), keepdim=True))
        self.deviation_uv.copy_(eeg.std(dim=(0, 2), keepdim=True).clamp_min(1e-3))

    def forward(self, eeg):
        return ((eeg - self.mean_uv) / self.deviation_uv).clamp(-CLIP_SD, CLIP_SD)


class Trunk(nn.Module):
    """Signal f32 [n, channels, 200] → tokens f32 [n, 20, width], one for each 40 ms."""

    def __init__(self, channels=CHANNELS, width=64, depth=2, heads=4, dropout=0.1):
        super().__init__()
        self.width = width
        self.patch_in = nn.Linear(channels * PATCH_SAMPLES, width)
        self.place = nn.Parameter(0.02 * torch.randn(1, PATCHES, width))
        self.hidden = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.blocks = nn.Sequential(*[Block(width, heads, dropout) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)

    def forward(self, signal, hidden_patches=None):
        """Where `hidden_patches` bool [n, 20] is true the signal is not looked at."""
        tokens = self.patch_in(patches(signal))
        if hidden_patches is not None:
            tokens = torch.where(hidden_patches[:, :, None], self.hidden, tokens)
        return self.norm(self.blocks(tokens + self.place))


class MaskedModel(nn.Module):
    """Tells hidden signal from what surrounds it: the part that is trained beforehand, without labels.

    Its use afterwards: the encoder reads the signal and, beside it, what was not foretold. The best linear detector of
    a weak pattern in coloured noise is that pattern's product with the signal times the inverse of the noise
    covariance, and for jointly normal values that is each value's difference from its best prediction from all others,
    scaled. So what is left of an epoch is easier to learn from few labels; the signal itself keeps what the prediction
    takes off.
    """

    def __init__(self):
        super().__init__()
        self.scale, self.trunk = Scale(), Trunk()
        self.write = nn.Linear(self.trunk.width, CHANNELS * PATCH_SAMPLES)
        nn.init.zeros_(self.write.weight)
        nn.init.zeros_(self.write.bias)
        # Parameters, not buffers, so that the export rounds them like all weights; no gradient ever changes them.
        self.whitening = nn.Parameter(torch.eye(CHANNELS).repeat(2, 1, 1), requires_grad=False)
        even = (torch.arange(PATCHES) % 2 == 0)[None]
        self.register_buffer("even", even, persistent=False)

    def forward(self, scaled, hidden_patches):
        """Scaled epochs and bool [n or 1, 20] → signal f32 [n, 20, 160]."""
        return self.write(self.trunk(scaled, hidden_patches))

    def unforetold(self, scaled):
        """f32 [n, 16, 200]: every 40 ms minus what the 40 ms before and after and the rest at that distance tell of it.
        Untrained, the prediction is zero and this is the signal itself."""
        prediction = torch.where(self.even[:, :, None], self(scaled, self.even), self(scaled, ~self.even))
        return scaled - prediction.unflatten(2, (CHANNELS, PATCH_SAMPLES)).transpose(1, 2).flatten(2)

    def views(self, eeg):
        """µV → f32 [n, 32, 200]: the signal, then what was not foretold; in both, channels are made uncorrelated and of
        unit deviation."""
        scaled = self.scale(eeg)
        both = [self.whitening[0] @ scaled, self.whitening[1] @ self.unforetold(scaled)]
        return torch.cat(both, dim=1).clamp(-CLIP_SD, CLIP_SD)

    @torch.no_grad()
    def fit_whitening(self, eeg, batch=512):
        """Takes covariances between channels from training epochs (no labels)."""
        product = torch.zeros(2, CHANNELS, CHANNELS)
        for part in eeg.split(batch):
            scaled = self.scale(part.float())
            for total, view in zip(product, (scaled, self.unforetold(scaled))):
                total += torch.einsum("nct,ndt->cd", view, view)
        power, directions = torch.linalg.eigh(product.double() / (len(eeg) * SAMPLES))
        # The average reference leaves one direction empty.
        usable = power > LEAST_POWER * power.amax(dim=1, keepdim=True)
        inverse = torch.where(usable, power.clamp_min(1e-12).rsqrt(), 0.0)
        self.whitening.copy_(directions @ inverse.diag_embed() @ directions.mT)


class EegEncoder(nn.Module):
    """eeg [n, 16, 200] µV → embedding [n, dim]: reads the two views of a masked model, which stays as it is, by a
    linear path over the whole epoch and a small transformer."""

    def __init__(self, dim, sources=32, narrow=32):
        super().__init__()
        self.dim = dim
        self.masked = MaskedModel().requires_grad_(False)
        self.trunk = Trunk(2 * CHANNELS)
        self.narrowing = nn.Sequential(nn.Linear(self.trunk.width, narrow), nn.GELU())
        self.readout = nn.Sequential(nn.Dropout(0.3), nn.Linear(PATCHES * narrow, dim))
        self.spatial = nn.Conv1d(2 * CHANNELS, sources, 1)
        self.linear = nn.Sequential(nn.AvgPool1d(4), nn.Flatten(), nn.Dropout(0.3), nn.Linear(sources * 50, dim))
        self.log_temperature = nn.Parameter(torch.tensor(2.0))

    def train(self, mode=True):
        super().train(mode)
        self.masked.eval()
        return self

    def forward(self, eeg):
        views = self.masked.views(eeg)
        thought = self.narrowing(self.trunk(views)).flatten(1)
        return self.readout(thought) + self.linear(self.spatial(views))


def patches(signal):
    """f32 [n, channels, 200] → [n, 20, channels × 10]: all channels of each 40 ms."""
    return signal.unflatten(2, (PATCHES, PATCH_SAMPLES)).transpose(1, 2).flatten(2)


def alignment_loss(model, output, target, stimulus, contrast_weight):
    """Squared error to the unit embeddings, plus contrast: which of the batch's pictures is it? (cross-entropy over
    cosines times a learned sharpness). The first sets direction and length, the second only the direction."""
    error = (output - target).square().sum(dim=1).mean()
    if contrast_weight == 0.0:
        return error
    _, which = stimulus.unique(return_inverse=True)
    candidates = torch.zeros(int(which.max()) + 1, target.shape[1]).index_copy(0, which, target)
    sharpness = model.log_temperature.clamp(max=3.5).exp()
    logits = F.normalize(output, dim=1, eps=1e-4) @ candidates.T * sharpness
    return error + contrast_weight * F.cross_entropy(logits, which)


@torch.inference_mode()
def embed(model, eeg, batch=512):
    """Embeddings f32 [n, dim] of many epochs, kept in single or half precision."""
    return torch.cat([model(part.float()) for part in eeg.split(batch)]).clone()


def band_powers(eeg, batch=1024):
    """log10 power (µV²) f32 [n, 5]: mean over channels of the log of the power within each of BANDS_HZ.

    The same numbers as the program's gate (`BandStatistics` in src/dsp/quality/gate.rs): the sum over the band's bins of
    SciPy's periodogram (periodic Hann window, mean removed, one-sided density) times the bin width, lower edge
    included, upper edge excluded.
    """
    window = torch.hann_window(SAMPLES, periodic=True)
    frequencies = torch.fft.rfftfreq(SAMPLES, 1.0 / RATE_HZ)
    one_sided = torch.full((len(frequencies),), 2.0)
    one_sided[0] = one_sided[-1] = 1.0
    parts = []
    for part in eeg.split(batch):
        part = part.float()
        centred = part - part.mean(dim=2, keepdim=True)
        power = torch.fft.rfft(centred * window).abs().square() * one_sided / (SAMPLES * window.square().sum())
        bands = [power[:, :, (frequencies >= low) & (frequencies < high)].sum(dim=2) for low, high in BANDS_HZ]
        parts.append(torch.stack(bands, dim=2).clamp_min(1e-12).log10().mean(dim=1))
    return torch.cat(parts)
