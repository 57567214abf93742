"""How others than the steering embedding see what a pack can paint, and pictures that it has never seen: what
`examples/steer_figures.rs` is judged with.

    python models/training/steer_views.py --pack models/demo --scorers FOLDER --drawings FOLDER --out views.safetensors

Takes   a pack; the folder of the scoring networks (scorer.py); a folder with one 3-D rendering of each emoji, named after
        its code points (`webp/1f40e.webp`: npm `@lobehub/fluent-emoji-3d`), of which only held-out concepts are read.
Gives   one file of unit rows: `eye` [rows, 1280], what a simulated person sees (MobileNetV2, pooled), `judge` [rows, 1024],
        what scores (MobileNetV1), both f16 with their mean over the painted taken off, and `layout` [rows, 192], 8 × 8
        colours; all three for every remembered drawing as the pack paints it, and as `dev_…` and `test_…` for the real
        drawings of concepts that the pack never saw (`split.json`). Names of the latter: metadata.
Keeps   the network inside the pack's image encoder is neither of the two. One thread; painted again from the same noise.
"""

import argparse
import json
import tomllib
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import pictures
from scorer import Scorer

SPLIT = Path(__file__).with_name("split.json")
LAYOUT_SIDE = 8
SAID_EVERY = 500


class Brush:
    """A pack's generator."""

    def __init__(self, pack):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        names = ("prior", "denoiser", "decoder")
        self.graphs = {name: onnxruntime.InferenceSession(pack / f"{name}.onnx", options) for name in names}
        generator = tomllib.loads((pack / "pack.toml").read_text(encoding="utf-8"))["generator"]
        self.sigma, self.steps = np.float32(generator["sigma"]), generator["steps"]

    def paint(self, embedding, seed):
        """Unit embedding [dim] → f32 [3, h, w] in 0..1, in as many steps as the pack says."""
        asked = embedding[None].astype(np.float32)
        mean = self.graphs["prior"].run(None, {"embedding": asked})[0]
        x = mean + self.sigma * np.random.default_rng(seed).standard_normal(mean.shape).astype(np.float32)
        for t in np.linspace(1.0, 0.0, self.steps, endpoint=False, dtype=np.float32):
            given = {"x": x, "t": t[None], "embedding": asked, "latent_mean": mean}
            x = x - self.graphs["denoiser"].run(None, given)[0] / np.float32(self.steps)
        return self.graphs["decoder"].run(None, {"latent": x})[0][0].clip(0.0, 1.0)


def views(scorer, image):
    """What is seen in one picture f32 [3, h, w]: {name: f32 [values]}, not yet centred."""
    _, maps = scorer.look(image[None])
    side = image.shape[1] // LAYOUT_SIDE
    small = image.reshape(3, LAYOUT_SIDE, side, LAYOUT_SIDE, side).mean(axis=(2, 4))
    return {"eye": maps[-1][0].mean(axis=(0, 1)), "judge": scorer.embed(image[None])[0], "layout": small.ravel()}


def held_out(folder, part):
    """{code point: f32 [3, 128, 128]} of the concepts of "dev" or "test" that are drawn there."""
    listed = json.loads(SPLIT.read_text())[f"{part}_concepts"]
    found = {pictures.plain(file.stem): file for file in sorted(folder.rglob("*.webp"))}
    drawn = {code: pictures.fit_to_box(Image.open(found[code])) for code in listed if code in found}
    return {code: pixels.transpose(2, 0, 1).astype(np.float32) / 255.0 for code, pixels in drawn.items()}


def centred(rows, centre):
    """Unit rows in half precision."""
    rows = rows - centre
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)).astype(np.float16)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("pack", "scorers", "drawings", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--keep-painted", type=Path, help="also keep the painted pictures, u8 [rows, h, w, 3], for a look")
    given = parser.parse_args()
    scorer, brush = Scorer.load(given.scorers), Brush(given.pack)
    if scorer is None:
        parser.error("nothing can be judged without the scoring networks")
    file = given.pack / "gallery/remembered.safetensors"
    embeddings = load_file(file)["embeddings"].astype(np.float32)
    seen, painted = [], []
    for row, embedding in enumerate(embeddings):
        image = brush.paint(embedding / np.linalg.norm(embedding), row)
        painted.append(np.round(image * 255.0).astype(np.uint8).transpose(1, 2, 0))
        seen.append(views(scorer, image))
        if row % SAID_EVERY == SAID_EVERY - 1:
            print(f"{row + 1} of {len(embeddings)}", flush=True)
    if given.keep_painted:
        np.save(given.keep_painted, np.stack(painted))
    tables = {name: np.stack([view[name] for view in seen]) for name in seen[0]}
    centres = {name: table.mean(axis=0) for name, table in tables.items()}
    result = {name: centred(table, centres[name]) for name, table in tables.items()}
    said = {}
    for part in ("dev", "test"):
        drawn = held_out(given.drawings, part)
        said[part] = "\n".join(drawn)
        own = [views(scorer, image) for image in drawn.values()]
        for name, centre in centres.items():
            result[f"{part}_{name}"] = centred(np.stack([view[name] for view in own]), centre)
    with safe_open(file, "numpy") as opened:
        said["drawings"] = opened.metadata()["drawings"]
    save_file(result, given.out, said)


if __name__ == "__main__":
    main()
