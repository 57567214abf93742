"""Writes sampling.json: the bundled generator's latents for ten seeds, by the loop in Python.

Takes   models/demo (prior.onnx, denoiser.onnx, pack.toml, gallery); numpy, onnxruntime, safetensors.
Gives   per seed: gallery row, steps, and 96 evenly spaced values of the latent, from ONNX Runtime and a loop in NumPy.
Keeps   the noise of a seed is a formula that any language can repeat: no generator needs to be shared. The test in
        tests/decode/demo.rs allows 1e-4. To be run again whenever the pack changes: it names the graphs' hashes.
"""

import hashlib
import json
import tomllib
from pathlib import Path

import numpy as np
import onnxruntime
from safetensors.numpy import load_file

HERE = Path(__file__).resolve().parent
PACK = HERE.parents[2] / "models/demo"
SEEDS, SHOWN = 10, 96


def noise(seed, count):
    """√2·sin(12.9898·(i + 1)·(seed + 1)), i from 0: mean about 0, variance about 1."""
    index = np.arange(1, count + 1, dtype=np.float64)
    return (np.sqrt(2.0) * np.sin(12.9898 * index * (seed + 1))).astype(np.float32)


def sample(prior, denoiser, embedding, steps, sigma, start):
    """The Euler loop of models/training/generator.py."""
    mean = prior.run(None, {"embedding": embedding})[0]
    x = mean + np.float32(sigma) * start.reshape(mean.shape)
    times = np.linspace(1.0, 0.0, steps + 1, dtype=np.float32)
    for now, after in zip(times[:-1], times[1:]):
        feed = {"x": x, "t": np.array([now]), "embedding": embedding, "latent_mean": mean}
        x = x + (after - now) * denoiser.run(None, feed)[0]
    return x.ravel()


def main():
    manifest = tomllib.loads((PACK / "pack.toml").read_text())
    prior, denoiser = (onnxruntime.InferenceSession(str(PACK / name)) for name in ("prior.onnx", "denoiser.onnx"))
    gallery = load_file(PACK / "gallery/embeddings.safetensors")["embeddings"]
    count, cases = int(np.prod(manifest["generator"]["latent"])), []
    for seed in range(SEEDS):
        steps, row = (1, 2, 4)[seed % 3], 4 * seed
        latent = sample(prior, denoiser, gallery[row : row + 1], steps, manifest["generator"]["sigma"], noise(seed, count))
        shown = latent[:: count // SHOWN][:SHOWN]
        cases.append({"seed": seed, "row": row, "steps": steps, "values": [round(float(v), 6) for v in shown]})
    hashes = {name: hashlib.sha256((PACK / name).read_bytes()).hexdigest() for name in ("prior.onnx", "denoiser.onnx")}
    (HERE / "sampling.json").write_text(json.dumps({"stride": count // SHOWN, "sha256": hashes, "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
