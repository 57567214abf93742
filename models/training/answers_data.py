"""What the pack's encoder answers to pictures: trials of simulated subjects, encoded as soon as they are written.

Takes   a `Run` of train.py whose pack holds encoder.onnx; a `Plan`: who is shown what, and how often.
Gives   `Answers`, kept in the work folder as `answers/NAME.safetensors`; the epochs themselves are not kept.
Keeps   subjects are checked against eeg_data.ROLES. Each subject sees `shown` pictures of a pool, others than the
        subjects before it as long as the pool lasts, each about `trials / shown` times. Answers of another encoder or
        another plan are made afresh.
"""

import hashlib
import json
import shlex
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from safetensors import safe_open
from safetensors.torch import save_file

import eeg_data
import eeg_quick
import stimuli
from eeg_data import DEFAULT_SNR_DB, NOVEL_FROM

BATCH = 64
END_SAMPLES = 3


@dataclass(frozen=True)
class Plan:
    """Who is shown what: subjects `first` to `last` of a role, `shown` pictures of `pool` (pools of stages_answers) each,
    `trials` trials each. `randomised` turns the phases of every window before it is encoded."""

    role: str
    first: int
    last: int
    pool: str
    shown: int
    trials: int
    seed: int
    snr_db: float = DEFAULT_SNR_DB
    randomised: bool = False

    @property
    def subjects(self):
        return range(self.first, self.last + 1)


@dataclass(frozen=True)
class Answers:
    """Trials in the order of recording: answer f32 [n, dim]; picture, subject i64 [n], `picture` being rows of the
    picture set."""

    answer: torch.Tensor
    picture: torch.Tensor
    subject: torch.Tensor

    def __len__(self):
        return len(self.answer)

    def at(self, chosen):
        """Some trials, by index or by mask."""
        return Answers(self.answer[chosen], self.picture[chosen], self.subject[chosen])

    def groups(self, k):
        """Rows i64 [m, k] of k trials each of one picture and subject, in the order of recording. What does not fill a
        group of k is left out."""
        level = torch.zeros(len(self))
        return eeg_data.repeats(eeg_data.Epochs(None, self.picture, self.subject, level, None), k)


def joined(parts):
    """Several `Answers` as one."""
    return Answers(*[torch.cat([getattr(part, name) for part in parts]) for name in ("answer", "picture", "subject")])


def answers(run, name, plan, pool):
    """The `Answers` of one plan; simulated and encoded unless they are kept already. `pool` are rows of the picture
    set."""
    path = run.work / "answers" / f"{name}.safetensors"
    made_from = json.dumps(asdict(plan) | {"encoder": encoder_sha256(run.pack), "pool": digest(run.embeddings[pool])})
    if path.exists():
        with safe_open(path, "pt") as kept:
            if kept.metadata()["made_from"] == made_from:
                return Answers(*[kept.get_tensor(field) for field in ("answer", "picture", "subject")])
    encoder = Encoder(run.pack / "encoder.onnx", run.options.threads)
    found = joined([one_subject(run, plan, pool, subject, encoder) for subject in quick_few(run, plan.subjects)])
    path.parent.mkdir(exist_ok=True)
    save_file(vars(found), path, metadata={"made_from": made_from})
    print(f"{name}: {len(found)} trials", flush=True)
    return found


def quick_few(run, subjects):
    """All subjects, or three of them in `--quick`."""
    return subjects[:3] if run.options.quick else subjects


def one_subject(run, plan, pool, subject, encoder):
    """The `Answers` of one subject."""
    if subject not in eeg_data.ROLES[plan.role]:
        raise ValueError(f"subject {subject} is no {plan.role} subject")
    rows = pictures_of(plan, pool, subject)
    eeg, shown = made_up(plan, subject, rows) if run.options.quick else simulated(run, plan, subject, rows)
    if plan.randomised:
        eeg = phases_turned(eeg, np.random.default_rng([plan.seed, subject]))
    picture = torch.tensor(rows)[shown]
    return Answers(encoder(eeg), picture, torch.full_like(picture, subject))


def pictures_of(plan, pool, subject):
    """The rows of the picture set that one subject is shown."""
    if plan.shown >= len(pool):
        return list(pool)
    order = torch.randperm(len(pool), generator=torch.Generator().manual_seed(plan.seed))
    start = (subject - plan.first) * plan.shown
    return [pool[order[(start + i) % len(pool)]] for i in range(plan.shown)]


def simulated(run, plan, subject, rows):
    """(eeg f32 [n, 16, 200] µV, which of `rows` was shown i64 [n]) of one subject, from the simulator."""
    with tempfile.TemporaryDirectory(dir=run.work) as folder:
        out, novel = Path(folder) / "epochs.safetensors", Path(folder) / "novel.safetensors"
        words = shlex.split(run.options.simulator or "cargo run --release --example training_epochs --")
        words += ["--subjects", f"{subject}..{subject}", "--trials", str(plan.trials), f"--snr={plan.snr_db:g}"]
        words += ["--seed", str(plan.seed), "--out", str(out)]
        bundled = rows == run.split.stimuli
        if not bundled:
            stimuli.write_embeddings(novel, run.embeddings[rows])
            words += ["--novel-embeddings", str(novel), "--novel-only"]
        subprocess.run(words, check=True, cwd=run.repository, capture_output=True)
        with safe_open(out, "pt") as epochs:
            return epochs.get_tensor("eeg"), epochs.get_tensor("stimulus").long() - (0 if bundled else NOVEL_FROM)


def made_up(plan, subject, rows):
    """The same without a simulator, for `--quick`: numbers of pictures without regard to the picture set."""
    epochs = eeg_quick.made_up(plan.role, unseen=plan.pool == "unseen", subjects=1)
    noise = torch.Generator().manual_seed(subject)
    eeg = epochs.eeg.float() + torch.randn(epochs.eeg.shape, generator=noise)
    return eeg, epochs.stimulus % len(rows)


def phases_turned(eeg, draw):
    """f32 [n, 16, 200]: windows with the same spectra and cross-spectra and nothing that is locked to time, as
    src/decode/control/surrogate.rs makes them: the line through both ends taken off, one random phase for each
    frequency of all channels, and the line put back."""
    windows = eeg.double().numpy()
    samples = windows.shape[2]
    first, last = (windows[:, :, part].mean(axis=2) for part in (slice(END_SAMPLES), slice(-END_SAMPLES, None)))
    slope = (last - first) / (samples - END_SAMPLES)
    start = first - slope * (END_SAMPLES - 1) / 2.0
    line = start[:, :, None] + slope[:, :, None] * np.arange(samples)
    spectrum = np.fft.rfft(windows - line, axis=2)
    turns = np.exp(2j * np.pi * draw.random((len(windows), spectrum.shape[2])))
    # The mean stays, and so does the highest frequency where there is one of half the rate.
    turns[:, 0] = 1.0
    if samples % 2 == 0:
        turns[:, -1] = 1.0
    turned = np.fft.irfft(spectrum * turns[:, None, :], samples, axis=2) + line
    return torch.from_numpy(turned).float()


class Encoder:
    """The pack's encoder.onnx for many windows at once: eeg f32 [n, 16, 200] µV → answers f32 [n, dim].

    The graph is made for one window; its shapes begin with 1. Here that 1 becomes any number.
    """

    def __init__(self, path, threads=1):
        graph = onnx.load(path)
        held = {weight.name: weight for weight in graph.graph.initializer}
        for name in {node.input[1] for node in graph.graph.node if node.op_type == "Reshape"}:
            shape = numpy_helper.to_array(held[name]).copy()
            if shape[0] == 1:
                shape[0] = -1
                held[name].CopyFrom(numpy_helper.from_array(shape, name))
        for value in (*graph.graph.input, *graph.graph.output):
            value.type.tensor_type.shape.dim[0].dim_param = "windows"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = threads, 3
        self.session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
        self.name = graph.graph.input[0].name

    def __call__(self, eeg):
        parts = [self.session.run(None, {self.name: part.float().numpy()})[0] for part in eeg.split(BATCH)]
        return torch.from_numpy(np.concatenate(parts))


def encoder_sha256(pack):
    """Which encoder answers are of."""
    return hashlib.sha256((pack / "encoder.onnx").read_bytes()).hexdigest()


def digest(values):
    """sha256 of a tensor's numbers."""
    return hashlib.sha256(values.contiguous().numpy().tobytes()).hexdigest()
