"""What the program adds to its graphs: encoder, prior, two denoiser steps and decoder, bare and in the program.

Takes   the pack (models/demo); threads (2, as the program's default).
Gives   medians of both sides and their ratio: the bare graphs run by ONNX Runtime from Python, one after another on
        the same tensors; the program's own encoder and painter as `cargo bench --bench decode` times them.
Needs   cargo, `pip install onnxruntime numpy` in the version of native/wheels.txt. Alternates the sides three times and
        takes the best median of each, as other programs on the computer only ever make a side slower.
"""

import argparse
import json
import os
import pathlib
import subprocess
import time

import numpy as np
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEPS, RUNS, ROUNDS = 2, 150, 3
BENCHES = {"encode": "encode", "paint": f"paint, {STEPS} steps"}


def session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # As the program: with it, the idle threads of four sessions fight for the cores of the one that works.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def bare_ms(pack, threads):
    """{encode, paint}: medians of the graphs alone."""
    graphs = {name: session(pack / f"{name}.onnx", threads) for name in ("encoder", "prior", "denoiser", "decoder")}
    draw = np.random.default_rng(1)
    eeg = 10.0 * draw.standard_normal(graphs["encoder"].get_inputs()[0].shape).astype(np.float32)
    taken = {"encode": [], "paint": []}
    for _ in range(RUNS):
        began = time.perf_counter()
        embedding = graphs["encoder"].run(None, {"eeg": eeg})[0]
        encoded = time.perf_counter()
        mean = graphs["prior"].run(None, {"embedding": embedding})[0]
        x = mean + np.float32(0.4) * draw.standard_normal(mean.shape).astype(np.float32)
        for step in range(STEPS):
            t = np.array([1.0 - step / STEPS], dtype=np.float32)
            feed = {"x": x, "t": t, "embedding": embedding, "latent_mean": mean}
            x = x - graphs["denoiser"].run(None, feed)[0] / np.float32(STEPS)
        graphs["decoder"].run(None, {"latent": x})
        taken["encode"].append(encoded - began)
        taken["paint"].append(time.perf_counter() - encoded)
    return {name: 1e3 * float(np.median(values)) for name, values in taken.items()}


def program_ms(pack):
    """{encode, paint}: criterion's medians."""
    command = ["cargo", "bench", "--quiet", "--no-default-features", "--bench", "decode", "--"]
    environment = os.environ | {"PHOSPHENE_PACK": str(pack)}
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    found = {}
    for name, bench in BENCHES.items():
        exact = f"^{bench}$"
        subprocess.run([*command, exact], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        estimates = json.loads((target / "criterion" / bench / "new/estimates.json").read_text())
        found[name] = estimates["median"]["point_estimate"] / 1e6
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=pathlib.Path, default=ROOT / "models/demo")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    pack = options.pack.resolve()
    bare, program = [], []
    for _ in range(ROUNDS):
        bare.append(bare_ms(pack, options.threads))
        program.append(program_ms(pack))
    print(f"ONNX Runtime {onnxruntime.__version__}, {options.threads} threads, {STEPS} steps, best of {ROUNDS} medians, ms")
    for name in BENCHES:
        own, other = min(run[name] for run in program), min(run[name] for run in bare)
        print(f"  {name:7} program {own:.2f}, bare graphs {other:.2f}, ratio {own / other:.3f}")
    own, other = (min(sum(run.values()) for run in side) for side in (program, bare))
    print(f"  both    program {own:.2f}, bare graphs {other:.2f}, ratio {own / other:.3f}")


if __name__ == "__main__":
    main()
