"""Networks that judge pictures and have nothing to do with the one that conditions the generator.

Takes   a folder with two TFLite files of github.com/google-coral/test_data (Apache-2.0; nothing of it is shipped): a
        MobileNetV1 without its classifier, and a MobileNetV2 ImageNet classifier. Pictures f32 [n, 3, h, w] in 0..1.
Gives   `Scorer`: embeddings f32 [n, 1024], probabilities f32 [n, 1000], feature maps of five depths; `Judge`: all
        scores that need them, against one set of truths.
Keeps   pictures are rounded to 8 bits and enlarged to 224 px (bicubic): the networks see what a screen shows. Without
        the folder or the package ai-edge-litert, `Scorer.load` says why and gives None. One thread unless asked.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import metrics

EMBEDDER = "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite"
CLASSIFIER = "tf2_mobilenet_v2_1.0_224_ptq.tflite"
NAMES = "MobileNetV1 (embedding) and MobileNetV2 (classes, feature maps), 8-bit TFLite of google-coral/test_data"
NETWORK_PX = 224
BACKGROUND_CLASSES = 1
LOGITS = "MobileNetV2/top/SpatialSqueeze/Reshape;"
# Feature maps of the classifier, one per size: 112, 56, 28, 14 and 7 px.
LAYERS = tuple(
    f"MobileNetV2/{name};"
    for name in (
        "Conv2d_0_0/relu6/Relu6",
        "expanded_conv_3/add/add",
        "expanded_conv_6/add/add",
        "expanded_conv_13/add/add",
        "Conv2d_18_1/relu6/Relu6",
    )
)
CHUNK = 16


class Scorer:
    """The two networks, ready to run."""

    def __init__(self, embedder, classifier):
        self._embedder, self._classifier = embedder, classifier
        self._layers = [_tensor(classifier, name) for name in LAYERS]
        self._logits = _tensor(classifier, LOGITS)

    @classmethod
    def load(cls, folder, threads=1):
        """The scorer of a folder, or None (with a word on stderr) where folder, file or package is missing."""
        if folder is None:
            return _without("no folder of scoring networks was given")
        missing = [name for name in (EMBEDDER, CLASSIFIER) if not (Path(folder) / name).is_file()]
        if missing:
            return _without(f"{folder} has no {' and no '.join(missing)}")
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError:
            return _without("the package ai-edge-litert is missing (requirements-evaluate.txt)")
        embedder = Interpreter(str(Path(folder) / EMBEDDER), num_threads=threads)
        keep = {"experimental_preserve_all_tensors": True}
        classifier = Interpreter(str(Path(folder) / CLASSIFIER), num_threads=threads, **keep)
        for network in (embedder, classifier):
            network.allocate_tensors()
        return cls(embedder, classifier)

    def embed(self, images):
        """Pooled features of MobileNetV1, f32 [n, 1024] (≥ 0)."""
        output = self._embedder.get_output_details()[0]
        return np.stack([_values(self._run(self._embedder, image), output).ravel() for image in eight_bit(images)])

    def look(self, images):
        """(probabilities f32 [n, 1000], feature maps of `LAYERS`, each f32 [n, h, w, c]) in one pass."""
        logits, maps = [], [[] for _ in self._layers]
        for image in eight_bit(images):
            network = self._run(self._classifier, image)
            logits.append(_values(network, self._logits).ravel()[BACKGROUND_CLASSES:])
            for kept, layer in zip(maps, self._layers):
                kept.append(_values(network, layer)[0])
        return _softmax(np.stack(logits)), [np.stack(kept) for kept in maps]

    def probabilities(self, images):
        """ImageNet probabilities of MobileNetV2 without its background class, f32 [n, 1000]."""
        return np.concatenate([self.look(images[start : start + CHUNK])[0] for start in range(0, len(images), CHUNK)])

    def layers(self, images):
        """Feature maps of MobileNetV2, each f32 [n, h, w, c]. 2 MB a picture: take few at a time."""
        return self.look(images)[1]

    def _run(self, network, image):
        network.set_tensor(network.get_input_details()[0]["index"], image[None])
        network.invoke()
        return network


class Judge:
    """One set of truths seen by a scorer; `scores` compares pictures with it, row for row.

    `groups` [n]: what each truth shows; another drawing of the same thing is never a distractor in n-way scores."""

    def __init__(self, scorer, truth, ways=10, top=1, groups=None):
        self._scorer, self._ways, self._top, self._groups = scorer, ways, top, groups
        self._embedding = scorer.embed(truth)
        looks = [self._look(truth, start) for start in range(0, len(truth), CHUNK)]
        self._probabilities = np.concatenate([probabilities for probabilities, _ in looks])
        self._maps = [[layer.astype(np.float16) for layer in maps] for _, maps in looks]

    def scores(self, images):
        """{name of `metrics.MEASURES`: f64 [n]}."""
        if len(images) != len(self._embedding):
            raise ValueError(f"{len(self._embedding)} truths need as many pictures: got {len(images)}")
        embedding = self._scorer.embed(images)
        likeness = metrics.correlations(embedding, self._embedding)
        looks = [self._look(images, start) for start in range(0, len(images), CHUNK)]
        apart = [metrics.perceptual(maps, truth) for (_, maps), truth in zip(looks, self._maps)]
        probabilities = np.concatenate([found for found, _ in looks])
        own = np.arange(len(images))
        return {
            "two_way": metrics.two_way(embedding, self._embedding),
            "n_way": metrics.n_way(likeness, own, self._ways, self._top, self._groups),
            "class_n_way": metrics.class_n_way(probabilities, self._probabilities, self._ways, self._top),
            "cosine": metrics.cosine(embedding, self._embedding),
            "perceptual": np.concatenate(apart),
        }

    def _look(self, images, start):
        """(probabilities, maps at unit length) of one chunk."""
        probabilities, maps = self._scorer.look(images[start : start + CHUNK])
        return probabilities, [metrics.unit_channels(layer) for layer in maps]


def eight_bit(images):
    """f32 [n, 3, h, w] in 0..1 → yields u8 [224, 224, 3]."""
    for image in np.asarray(images):
        pixels = np.round(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8).transpose(1, 2, 0)
        enlarged = Image.fromarray(pixels).resize((NETWORK_PX, NETWORK_PX), Image.Resampling.BICUBIC)
        yield np.asarray(enlarged)


def _tensor(network, prefix):
    """The details of the one tensor of pictures whose name starts with `prefix` (variables hold no such suffix)."""
    found = [details for details in network.get_tensor_details() if details["name"].startswith(prefix)]
    if not found:
        raise ValueError(f"{CLASSIFIER} has no tensor {prefix}: another version of the file?")
    return found[-1]


def _values(network, details):
    """A tensor as real numbers."""
    scale, zero = details["quantization"]
    return (network.get_tensor(details["index"]).astype(np.float32) - zero) * np.float32(scale)


def _softmax(logits):
    risen = np.exp(logits - logits.max(axis=1, keepdims=True))
    return risen / risen.sum(axis=1, keepdims=True)


def _without(reason):
    print(f"scores of independent networks are left out: {reason}", file=sys.stderr)
