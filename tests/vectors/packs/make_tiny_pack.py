#!/usr/bin/env python3
"""Makes the tiny model packs beside this file and their oracle, tiny_pack.json.

Graphs are written node by node with onnx.helper; expected values are computed here with NumPy in
float64 from the same weights, never with ONNX Runtime. Run: python tests/vectors/packs/make_tiny_pack.py
Needs numpy, onnx, safetensors.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

HERE = Path(__file__).resolve().parent
PACK = HERE / "tiny"
C, S, DIM, LATENT, PX, ROWS = 4, 20, 8, (2, 4, 4), 16, 5
L = int(np.prod(LATENT))
SIGMA = 0.4
rng = np.random.default_rng(20261123)


def weight(*shape):
    return (rng.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def const(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def save(path, nodes, inputs, outputs, consts):
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, consts)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


node = helper.make_node
W = {
    "enc": weight(C * S, DIM), "prior": weight(DIM, L), "hidden": weight(L + 1 + DIM + L, 24),
    "velocity": weight(24, L), "pixels": weight(L, 3 * 8 * 8), "image": weight(3 * 8 * 8, DIM),
}


def encoder(path, kind=TensorProto.FLOAT):
    np_kind = np.float32 if kind == TensorProto.FLOAT else np.float64
    save(path,
         [node("Flatten", ["eeg"], ["flat"]), node("MatMul", ["flat", "w"], ["lin"]),
          node("Mul", ["lin", "tenth"], ["small"]), node("Tanh", ["small"], ["embedding"])],
         [value("eeg", [1, C, S], kind)], [value("embedding", [1, DIM], kind)],
         [const("w", W["enc"].astype(np_kind)), const("tenth", np.array(0.1, np_kind))])


def make_graphs():
    encoder(PACK / "encoder.onnx")
    encoder(HERE / "bad" / "encoder_f64.onnx", TensorProto.DOUBLE)
    save(PACK / "prior.onnx",
         [node("MatMul", ["embedding", "w"], ["lin"]), node("Reshape", ["lin", "shape"], ["latent_mean"])],
         [value("embedding", [1, DIM])], [value("latent_mean", [1, *LATENT])],
         [const("w", W["prior"]), const("shape", np.array([1, *LATENT]))])
    save(PACK / "denoiser.onnx",
         [node("Flatten", ["x"], ["xf"]), node("Flatten", ["latent_mean"], ["mf"]),
          node("Reshape", ["t", "one"], ["tf"]),
          node("Concat", ["xf", "tf", "embedding", "mf"], ["all"], axis=1),
          node("MatMul", ["all", "wh"], ["h"]), node("Tanh", ["h"], ["ht"]),
          node("MatMul", ["ht", "wv"], ["v"]), node("Reshape", ["v", "shape"], ["velocity"])],
         [value("x", [1, *LATENT]), value("t", [1]), value("embedding", [1, DIM]),
          value("latent_mean", [1, *LATENT])], [value("velocity", [1, *LATENT])],
         [const("one", np.array([1, 1])), const("wh", W["hidden"]), const("wv", W["velocity"]),
          const("shape", np.array([1, *LATENT]))])
    save(PACK / "decoder.onnx",
         [node("Flatten", ["latent"], ["flat"]), node("MatMul", ["flat", "w"], ["lin"]),
          node("Sigmoid", ["lin"], ["s"]), node("Reshape", ["s", "shape"], ["small"]),
          node("Resize", ["small", "", "scales"], ["image"], mode="nearest",
               coordinate_transformation_mode="asymmetric", nearest_mode="floor")],
         [value("latent", [1, *LATENT])], [value("image", [1, 3, PX, PX])],
         [const("w", W["pixels"]), const("shape", np.array([1, 3, 8, 8])),
          const("scales", np.array([1, 1, 2, 2], np.float32))])
    save(PACK / "image_encoder.onnx",
         [node("AveragePool", ["image"], ["pool"], kernel_shape=[2, 2], strides=[2, 2]),
          node("Flatten", ["pool"], ["flat"]), node("MatMul", ["flat", "w"], ["lin"]),
          node("LpNormalization", ["lin"], ["embedding"], axis=1, p=2)],
         [value("image", [1, 3, PX, PX])], [value("embedding", [1, DIM])], [const("w", W["image"])])


def f64(name):
    return W[name].astype(np.float64)


def encode(eeg):
    return np.tanh(0.1 * (eeg.reshape(-1) @ f64("enc")))


def sample(embedding, noise, steps):
    mean = embedding @ f64("prior")
    x = mean + SIGMA * noise
    for i in range(steps):
        t = (steps - i) / steps
        h = np.tanh(np.concatenate([x, [t], embedding, mean]) @ f64("hidden"))
        x = x - (h @ f64("velocity")) / steps
    return x


def paint(latent):
    small = 1 / (1 + np.exp(-(latent @ f64("pixels"))))
    return small.reshape(3, 8, 8).repeat(2, axis=1).repeat(2, axis=2)


def embed_picture(rgb):
    planes = rgb.transpose(2, 0, 1) / 255.0
    pooled = planes.reshape(3, 8, 2, 8, 2).mean(axis=(2, 4)).reshape(-1)
    e = pooled @ f64("image")
    return e / np.linalg.norm(e)


def make_oracle(gallery):
    eeg = (10 * rng.standard_normal((C, S))).astype(np.float32)
    noise = rng.standard_normal(L).astype(np.float32)
    embedding = encode(eeg.astype(np.float64))
    condition = embedding / np.linalg.norm(embedding)
    rgb = rng.integers(0, 256, (PX, PX, 3))
    latents = {str(n): sample(condition, noise.astype(np.float64), n).tolist() for n in (1, 2, 4)}
    oracle = {
        "eeg": eeg.reshape(-1).tolist(), "noise": noise.tolist(), "embedding": embedding.tolist(),
        "condition": condition.tolist(), "scores": (gallery.astype(np.float64) @ embedding).tolist(),
        "latents": latents,
        "image_2": paint(np.array(latents["2"])).transpose(1, 2, 0).reshape(-1).round(7).tolist(),
        "picture": rgb.reshape(-1).tolist(), "picture_embedding": embed_picture(rgb).tolist(),
    }
    (HERE / "tiny_pack.json").write_text(json.dumps(oracle) + "\n")


MANIFEST = """\
schema = 1
name = "tiny"
version = "0.1.0"
licence = "MIT OR Apache-2.0"
description = "Random weights, for tests"
simulated_training = true

[provenance]
script = "tests/vectors/packs/make_tiny_pack.py"
seed = 20261123

[files]
{files}

[input]
channels = ["Fz", "Cz", "Pz", "Oz"]
sample_rate_hz = 100.0
window_secs = [0.0, 0.2]
baseline_secs = [-0.1, 0.0]
band_hz = [0.5, 40.0]
band_order = 4
notch_hz = 0.0
reference = "average"
normalisation = "none"
unit = "uV"

[encoder]
file = "encoder.onnx"
input = "eeg"
output = "embedding"

[image_encoder]
file = "image_encoder.onnx"
input = "image"
output = "embedding"
size_px = 16

[embedding]
dim = 8
normalised = false
space = "random"

[generator]
kind = "flow"
prior = "prior.onnx"
prior_input = "embedding"
prior_output = "latent_mean"
file = "denoiser.onnx"
input_x = "x"
input_t = "t"
input_embedding = "embedding"
input_mean = "latent_mean"
output = "velocity"
latent = [2, 4, 4]
sigma = 0.4
steps = 2
steps_allowed = [1, 2, 4]
embedding_norm = "unit"

[decoder]
file = "decoder.onnx"
input = "latent"
output = "image"
scale = 1.0
size_px = 16

[gallery]
embeddings = "gallery/embeddings.safetensors"
tensor = "embeddings"
ids = ["apple", "boat", "cat", "drum", "egg"]
labels = ["apple", "boat", "cat", "drum", "egg"]

[quality]
log_band_power_mean = [0.0, 0.0, 0.0, 0.0, 0.0]
log_band_power_std = [1.0, 1.0, 1.0, 1.0, 1.0]
"""


def main():
    make_graphs()
    gallery = rng.standard_normal((ROWS, DIM)).astype(np.float32)
    gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)
    (PACK / "gallery").mkdir(exist_ok=True)
    save_file({"embeddings": gallery}, PACK / "gallery" / "embeddings.safetensors")
    files = sorted(p for p in PACK.rglob("*") if p.is_file() and p.name != "pack.toml")
    lines = [f'"{p.relative_to(PACK).as_posix()}" = "{hashlib.sha256(p.read_bytes()).hexdigest()}"'
             for p in files]
    (PACK / "pack.toml").write_text(MANIFEST.format(files="\n".join(lines)))
    make_oracle(gallery)


main()
